"""What all callbacks share: which steps are due, which history is continued, which metrics are numbers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nnweightviz import History
from nnweightviz.callbacks.recording import Recording, numbers_of

STATE = {"w": np.zeros((1, 2))}


class OnAccelerator:
    """A number whose reading would wait for the device."""

    device = SimpleNamespace(type="cuda")

    def __init__(self) -> None:
        self.n_reads = 0

    def item(self) -> float:
        self.n_reads += 1
        return 0.25


def recorded(every: Any, steps: list[int], history: History | None = None, first: int = 0) -> list[int]:
    history = History() if history is None else history
    recording = Recording(history, every)
    recording.begin(STATE, first)
    for step in steps:
        recording.step(STATE, step)
    recording.last(STATE, steps[-1])
    recording.end()
    return [int(step) for step in history.steps]


def test_steps_are_recorded_at_multiples_and_where_they_jump_over_one() -> None:
    assert recorded(3, [1, 2, 3, 4, 5, 6, 7]) == [0, 3, 6, 7]
    assert recorded(3, [2, 4, 6, 8]) == [0, 4, 6, 8]
    assert recorded(3, [1, 1, 2, 3, 3, 3, 4]) == [0, 3, 4]
    assert recorded(1, [1, 2]) == [0, 1, 2]
    assert recorded("epoch", [1, 2, 3]) == [0, 3]


def test_a_history_is_continued() -> None:
    history = History()
    recorded(2, [1, 2, 3], history)
    assert recorded(2, [4, 5], history, first=3) == [0, 2, 3, 4, 5]
    assert recorded(2, [3, 4, 5, 6, 7], history, first=2) == [0, 2, 3, 4, 5, 6, 7]
    assert recorded(2, [1, 2], history) == [0, 2, 3, 4, 5, 6, 7, 8, 9]


def test_epochs_count_on_with_the_steps() -> None:
    history = History()
    for first, epochs in ((0, [0, 1, 2]), (0, [0, 1]), (12, [0, 1]), (8, [2, 4]), (16, [4, 5])):
        recording = Recording(history, "epoch")
        recording.begin(STATE, first, epochs[0])
        for k, epoch in enumerate(epochs[1:]):
            recording.end_epoch(STATE, first + 4 * (k + 1), epoch)
        recording.end()
    assert history.steps.tolist() == [0, 4, 8, 12, 16, 20]
    assert history.epochs.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_metric_on_an_accelerator_is_read_at_the_next_checkpoint_only() -> None:
    history, value = History(), OnAccelerator()
    recording = Recording(history, 2)
    recording.begin(STATE)
    recording.log({"loss": value}, 1)
    assert value.n_reads == 0
    recording.step(STATE, 2)
    assert value.n_reads == 1
    assert history.log_metrics["loss"][1].tolist() == [0.25]
    recording.log({"loss": value}, 3)
    recording.end()
    assert history.log_metrics["loss"][0].tolist() == [1, 3]


def test_metrics_that_wait_do_not_wait_forever() -> None:
    history = History()
    recording = Recording(history, 10_000)
    recording.begin(STATE)
    for step in range(1, 1100):
        recording.log({"loss": OnAccelerator()}, step)
    assert len(history.log_metrics["loss"][0]) > 1000


def test_metrics_outside_of_a_training_are_left_out() -> None:
    history = History()
    recording = Recording(history, 1)
    recording.log({"loss": 1.0}, 1)
    recording.begin(STATE)
    recording.end()
    recording.log({"loss": 1.0}, 2)
    assert not history.log_metrics


def test_what_is_no_number_is_left_out_and_raises_nothing() -> None:
    class Hostile:
        def __float__(self) -> float:
            raise OSError("no")

    odd = {
        "a": Hostile(),
        "b": "1",
        "c": True,
        "h": np.True_,
        "d": None,
        "e": [1.0],
        "f": np.ones(2),
        "g": 1j,
        "step": 3,
    }
    assert numbers_of(odd) == {}
    good = {"i": 1, "x": np.float32(2), "one": np.ones((1, 1)), "nan": float("nan"), "inf": -np.inf}
    assert list(numbers_of(good)) == list(good)


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "epochs", None])
def test_an_every_that_is_none_is_refused(every: Any) -> None:
    with pytest.raises(ValueError, match="it takes a number of optimiser steps from 1, or 'epoch'"):
        Recording(History(), every)
