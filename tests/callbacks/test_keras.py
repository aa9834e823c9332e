"""Recording within Keras: which steps, which metrics, and that training does not notice."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from callbacks.documented import run_examples
from nnweightviz import History, WeightViz
from nnweightviz.callbacks.keras import Record

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 3)).astype(np.float32)
Y = X.prod(axis=1, keepdims=True)


def model(**optimizer: Any) -> Any:
    keras.utils.set_random_seed(0)
    net = keras.Sequential(
        [keras.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dropout(0.1), layers.Dense(1)]
    )
    net.compile(keras.optimizers.Adam(0.01, **optimizer), loss="mse", metrics=["mae"])
    return net


def fit(net: Any, *callbacks: Any, **options: Any) -> Any:
    keras.utils.set_random_seed(1)
    settings: dict[str, Any] = {
        "epochs": 3,
        "batch_size": 4,
        "verbose": 0,
        "validation_data": (X, Y),
    } | options
    return net.fit(X, Y, callbacks=list(callbacks), **settings)


def same_weights(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


@pytest.mark.parametrize(("every", "steps"), [("epoch", [0, 8, 16, 24]), (5, [0, 5, 10, 15, 20, 24])])
def test_weights_are_recorded_when_due_and_training_ends_the_same(every: Any, steps: list[int]) -> None:
    plain, watched, history = model(), model(), History()
    fit(plain)
    fit(watched, Record(history, every=every))
    assert same_weights(plain, watched)
    assert history.steps.tolist() == steps
    assert history.epochs.tolist() == [step / 8 for step in steps]
    np.testing.assert_array_equal(history["dense.kernel"][0], model().get_weights()[0])
    np.testing.assert_array_equal(history["dense.kernel"][-1], watched.get_weights()[0])


def test_what_is_recorded_within_an_epoch_is_what_the_weights_were_then() -> None:
    seen: list[Any] = []

    class Told(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            if hasattr(self.model, "jax_state_sync"):
                self.model.jax_state_sync()
            seen.append(self.model.get_weights()[0])

    history = History()
    fit(model(), Told(), Record(history, every=3))
    for checkpoint in list(history)[1:]:
        np.testing.assert_array_equal(checkpoint.state["dense.kernel"], seen[int(checkpoint.step or 0) - 1])


def test_the_logs_of_every_epoch_come_at_its_last_step() -> None:
    history = History()
    logged = fit(model(), Record(history, every=5)).history
    curves = history.log_metrics
    assert set(curves) == {"loss", "mae", "val_loss", "val_mae"}
    for name, (x, values) in curves.items():
        assert x.tolist() == [8, 16, 24]
        np.testing.assert_allclose(values, logged[name], rtol=1e-6)


def test_accumulated_batches_are_one_step() -> None:
    history = History()
    fit(model(gradient_accumulation_steps=4), Record(history, every=1), epochs=2)
    assert history.steps.tolist() == [0, 1, 2, 3, 4]


if keras.backend.backend() != "torch":  # where Keras refuses it

    def test_several_batches_in_one_call_are_several_steps() -> None:
        net, history = model(), History()
        net.compile("sgd", loss="mse", steps_per_execution=4)
        fit(net, Record(history, every=3), epochs=2)
        assert history.steps.tolist() == [0, 4, 8, 12, 16]


def test_a_second_fit_goes_on() -> None:
    net, history = model(), History()
    fit(net, Record(history), epochs=2)
    fit(net, Record(history), epochs=1)
    fit(net, Record(history, every=3), epochs=4, initial_epoch=3)
    assert history.steps.tolist() == [0, 8, 16, 24, 27, 30, 32]
    assert history.epochs.tolist() == [step / 8 for step in history.steps]
    assert history.log_metrics["loss"][0].tolist() == [8, 16, 24, 32]


@pytest.mark.parametrize("is_first", [True, False])
def test_the_best_weights_that_are_put_back_in_the_end_are_not_taken_for_the_last(is_first: bool) -> None:
    net, history = model(), History()
    net.compile(keras.optimizers.SGD(3.0), loss="mse")
    stopping = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    record = Record(history, every=5)
    fit(net, *((record, stopping) if is_first else (stopping, record)), epochs=50)
    assert history.steps[-1] == history.log_metrics["val_loss"][0][-1]
    assert not np.array_equal(history["dense.kernel"][-1], net.get_weights()[0], equal_nan=True)


def test_a_model_that_is_built_by_its_first_batch_is_recorded_from_its_first_weights() -> None:
    keras.utils.set_random_seed(0)
    net, history = keras.Sequential([layers.Dense(2), layers.Dense(1)]), History()
    net.compile("sgd", loss="mse")
    fit(net, Record(history), epochs=1)
    assert history.steps.tolist() == [0, 8]
    assert not np.array_equal(*history["dense.kernel"])
    assert "2 checkpoints" in repr(WeightViz(net, history))


def test_the_example_in_the_documentation_runs() -> None:
    (history,) = run_examples("keras", model=model, x=lambda: X, y=lambda: Y)
    assert history.steps.tolist() == [0, 1, 2]
    assert len(history.log_metrics["val_loss"][0]) == 2
