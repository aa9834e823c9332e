"""Recording scikit-learn's perceptrons while they are fitted: at the right steps, and without a trace in the result."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from callbacks.documented import run_examples
from nnweightviz import History, WeightViz
from nnweightviz.callbacks.sklearn import Record

X = np.random.default_rng(0).normal(size=(50, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
FORM: dict[str, Any] = {"hidden_layer_sizes": (4,), "batch_size": 16, "random_state": 0}  # 4 steps an epoch


@pytest.fixture(autouse=True)
def _unfinished_is_fine() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def same_weights(one: Any, other: Any) -> bool:
    pairs = zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("parameters", [{}, {"solver": "sgd"}, {"early_stopping": True}], ids=str)
def test_a_fit_is_recorded_from_its_first_weights_on_and_ends_the_same(parameters: dict[str, Any]) -> None:
    plain = MLPClassifier(**FORM, max_iter=6, **parameters).fit(X, Y)
    history, watched = History(), MLPClassifier(**FORM, max_iter=6, **parameters)
    assert Record(history).fit(watched, X, Y) is watched
    assert same_weights(plain, watched)
    per_epoch = 3 if parameters.get("early_stopping") else 4  # of 45 or 50 samples
    assert history.steps.tolist() == [k * per_epoch for k in range(7)]
    assert history.epochs.tolist() == list(range(7))
    np.testing.assert_array_equal(history.metrics["loss"][1:], watched.loss_curve_)
    best = int(np.argmax(watched.validation_scores_)) + 1 if parameters.get("early_stopping") else -1
    np.testing.assert_array_equal(history["coefs_[1]"][best], watched.coefs_[1])
    assert not np.array_equal(history["coefs_[0]"][0], history["coefs_[0]"][1])
    if parameters.get("early_stopping"):
        np.testing.assert_array_equal(history.metrics["validation_score"][1:], watched.validation_scores_)
    assert "_initialize" not in vars(watched)


def test_the_first_checkpoint_is_what_the_first_step_starts_from() -> None:
    history = History()
    frozen = MLPRegressor(**FORM, max_iter=1, solver="sgd", learning_rate_init=1e-300)
    Record(history).fit(frozen, X, X[:, 0])
    np.testing.assert_array_equal(history["coefs_[0]"][0], frozen.coefs_[0])


def test_the_best_weights_that_early_stopping_puts_back_are_not_taken_for_the_last() -> None:
    history, mlp = History(), MLPClassifier(**FORM, max_iter=6, early_stopping=True)
    Record(history, every=5).fit(mlp, X, Y)
    assert history.steps.tolist() == [0, 6, 12, 15]


def test_partial_fit_goes_on_in_one_history_and_ends_the_same() -> None:
    plain, watched, history = MLPClassifier(**FORM), MLPClassifier(**FORM), History()
    with Record(history, every=10) as record:
        for epoch in range(6):
            plain.partial_fit(X, Y, classes=[0, 1])
            record.partial_fit(watched, X, Y, classes=[0, 1])
            record.log(accuracy=watched.score(X, Y), note="text", epoch=epoch)
    assert same_weights(plain, watched)
    assert history.steps.tolist() == [0, 12, 20, 24]  # at the ends of epochs; the last though it is not due
    steps, losses = history.log_metrics["loss"]
    assert steps.tolist() == [4, 8, 12, 16, 20, 24]
    np.testing.assert_array_equal(losses, watched.loss_curve_)
    assert set(history.metrics) == {"loss", "accuracy"}


def test_a_second_recording_continues_the_first() -> None:
    history, mlp = History(), MLPClassifier(**FORM, max_iter=2, warm_start=True)
    Record(history).fit(mlp, X, Y)
    Record(history).fit(mlp, X, Y)
    with Record(history) as record:
        record.partial_fit(mlp, X, Y)
    assert history.steps.tolist() == [0, 4, 8, 12, 16, 20]
    assert history.epochs.tolist() == [0, 1, 2, 3, 4, 5]
    assert history.log_metrics["loss"][0].tolist() == [4, 8, 12, 16, 20]
    np.testing.assert_array_equal(history["coefs_[0]"][-1], mlp.coefs_[0])


def test_the_perceptron_at_the_end_of_a_pipeline_is_recorded() -> None:
    history = History()
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**FORM, max_iter=3))
    Record(history).fit(pipeline, X, Y)
    assert len(history) == 4
    assert "MLPClassifier" in repr(WeightViz(pipeline, history))


def test_what_cannot_be_recorded_is_refused_with_what_can() -> None:
    mlp = MLPClassifier(**FORM)
    with pytest.raises(ValueError, match=r"lbfgs.*use 'adam' or 'sgd'"):
        Record(History()).fit(MLPClassifier(solver="lbfgs"), X, Y)
    with pytest.raises(TypeError, match=r"MLPClassifier and MLPRegressor.*got a SGDClassifier"):
        Record(History()).fit(SGDClassifier(), X, Y)
    with pytest.raises(TypeError, match=r"got a GridSearchCV|fits a copy"):
        Record(History()).fit(GridSearchCV(mlp, {"alpha": [1.0]}), X, Y)
    with pytest.raises(
        ValueError, match=r"every is 0; it takes a number of optimiser steps from 1, or 'epoch'"
    ):
        Record(History(), every=0)
    with pytest.raises(TypeError, match=r"a dict to record into; it takes a History, or the path of one"):
        Record({})  # type: ignore[arg-type]


def test_an_error_in_a_fit_leaves_the_estimator_as_it_was() -> None:
    mlp = MLPClassifier(**FORM)
    with pytest.raises(ValueError, match=r"NaN"):
        Record(History()).fit(mlp, X * np.nan, Y)
    assert not {"_initialize", "_update_no_improvement_count"} & set(vars(mlp))


def test_the_examples_in_the_documentation_run() -> None:
    fitted, looped = run_examples("sklearn", mlp=lambda: MLPRegressor(**FORM), x=lambda: X, y=lambda: X[:, 0])
    assert len(fitted) > 2
    assert looped.steps.tolist() == [0, 12, 20]
    assert len(looped.log_metrics["score"][0]) == 5
