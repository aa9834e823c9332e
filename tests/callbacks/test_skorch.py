"""Recording within skorch: which steps, which metrics, and that training does not notice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import skorch
import torch
from sklearn.base import clone
from skorch import NeuralNetRegressor
from skorch.callbacks import EarlyStopping, EpochScoring

from callbacks.documented import run_examples
from callbacks.nets import INPUTS, TARGETS, net, same_weights
from nnweightviz import History, WeightViz
from nnweightviz.callbacks.skorch import Record

X, Y = INPUTS.numpy(), TARGETS.numpy()  # 25 or 26 of the 32 are trained on


def regressor(*callbacks: Any, kind: Any = NeuralNetRegressor, **options: Any) -> Any:
    settings: dict[str, Any] = {"max_epochs": 3, "batch_size": 4, "lr": 0.05, "verbose": 0} | options
    return kind(net(), callbacks=list(callbacks), **settings)


def fit(model: Any, how: str = "fit") -> Any:
    torch.manual_seed(7)
    getattr(model, how)(X, Y)
    return model


def n_steps(model: Any) -> int:
    return int(model.history[0]["train_batch_count"])


def test_every_epoch_is_recorded_and_training_ends_the_same() -> None:
    history = History()
    plain, watched = fit(regressor()), fit(regressor(Record(history)))
    assert same_weights(plain.module_, watched.module_)
    n = n_steps(watched)
    assert history.steps.tolist() == [0, n, 2 * n, 3 * n]
    assert history.epochs.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(history["0.weight"][0], net()[0].weight.detach())
    np.testing.assert_array_equal(history["0.weight"][-1], watched.module_[0].weight.detach())
    assert "4 checkpoints" in repr(WeightViz(watched, history))


def test_epochs_and_steps_bring_their_metrics() -> None:
    history = History()
    scoring = EpochScoring("r2", name="r2", lower_is_better=False)
    model = fit(regressor(Record(history, every=5), scoring))
    n, curves = n_steps(model), history.log_metrics
    assert history.steps.tolist() == sorted({*range(0, 3 * n, 5), 3 * n})
    np.testing.assert_allclose(history.epochs, history.steps / n)
    assert set(curves) == {"batch_loss", "train_loss", "valid_loss", "r2"}
    assert curves["batch_loss"][0].tolist() == list(range(1, 3 * n + 1))
    for name in ("train_loss", "valid_loss", "r2"):
        assert curves[name][0].tolist() == [n, 2 * n, 3 * n]
        np.testing.assert_array_equal(curves[name][1], model.history[:, name])


def test_accumulated_batches_are_one_step() -> None:
    class Accumulating(NeuralNetRegressor):  # type: ignore[misc]
        n_batches = 0

        def train_step(self, batch: Any, **parameters: Any) -> Any:
            step = self.train_step_single(batch, **parameters)
            type(self).n_batches += 1
            if self.n_batches % 3 == 0:
                self.optimizer_.step()
                self.optimizer_.zero_grad()
            return step

    history = History()
    model = fit(regressor(Record(history, every=1), kind=Accumulating, max_epochs=3))
    n_batches = 3 * n_steps(model)
    assert history.steps.tolist() == list(range(n_batches // 3 + 1))


def test_partial_fit_goes_on() -> None:
    history = History()
    model = fit(fit(regressor(Record(history), max_epochs=2)), "partial_fit")
    n = n_steps(model)
    assert history.steps.tolist() == [0, n, 2 * n, 3 * n, 4 * n]
    assert history.epochs.tolist() == [0, 1, 2, 3, 4]
    assert history.log_metrics["train_loss"][0].tolist() == [n, 2 * n, 3 * n, 4 * n]
    assert not model.optimizer_._optimizer_step_post_hooks


def test_the_best_weights_that_are_put_back_in_the_end_are_not_taken_for_the_last() -> None:
    history = History()
    model = fit(
        regressor(
            EarlyStopping(patience=2, load_best=True), Record(history, every=10_000), lr=1.5, max_epochs=30
        )
    )
    assert len(model.history) < 30
    assert history.steps.tolist() == [0]
    assert len(history.log_metrics["valid_loss"][0]) == len(model.history)


def test_a_net_with_a_path_can_be_cloned() -> None:
    copied = clone(regressor(Record("runs/a", every=7)))
    (record,) = copied.callbacks
    assert (record.history, record.every, record.history_) == ("runs/a", 7, None)


def test_a_net_that_is_not_initialised_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match="has no module yet: call its initialize or fit first"):
        WeightViz(regressor())


def test_the_example_in_the_documentation_runs() -> None:
    (history,) = run_examples("skorch", skorch=lambda: skorch, module=net, x=lambda: X, y=lambda: Y)
    assert history.steps.tolist() == [0, 1, 2]
