"""Policies: which checkpoints stay, in memory and on disk, and that metrics stay of all."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.history import History
from nnweightviz.keep import Best, Every, LogSpaced, Policy


def state(value: float) -> dict[str, Any]:
    return {"w": np.full((1, 2), value, np.float32)}


@pytest.fixture(params=["memory", "disk"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path if request.param == "disk" else None


def recorded(path: Path | None, keep: Policy, losses: Any) -> History:
    """Record with a policy; check that memory, disk and a fresh reading of it agree, and that no metric is lost."""
    with History(path, keep=keep) as history:
        for step, loss in enumerate(losses):
            history.record(state(step), step=step, loss=loss)
    for read in (history, history if path is None else History(path)):
        assert read["w"][:, 0, 0].tolist() == history.steps.tolist() == read.steps.tolist()
        x, values = read.log_metrics["loss"]
        np.testing.assert_array_equal(values, losses)
        assert x.tolist() == list(range(len(losses)))
    if path is not None:
        kept = sorted(int(name[11:21]) for name in os.listdir(path) if name.startswith("checkpoint-"))
        assert kept == history.steps.tolist()
    return history


def test_every_nth_is_taken(path: Path | None) -> None:
    assert recorded(path, Every(4), range(10)).steps.tolist() == [0, 4, 8]


def test_log_spaced_ones_are_taken(path: Path | None) -> None:
    assert recorded(path, LogSpaced(3), range(200)).steps.tolist() == [0, 1, 3, 5, 10, 22, 47, 100]


@pytest.mark.parametrize(
    ("mode", "losses", "kept"),
    [
        ("min", [9, 5, 3, 4, 1, 6, 2, 8], [0, 4, 6, 7]),
        ("max", [1, 5, 3, 9, 4, 6, 2, 1], [0, 3, 5, 7]),
        ("min", [9, math.nan, 3, math.inf, 3, 3, 8], [0, 2, 4, 6]),  # of equals the older ones
        ("max", [1, math.nan, -math.inf, math.nan, 2], [0, 4]),
    ],
)
def test_the_best_the_first_and_the_newest_stay(
    path: Path | None, mode: str, losses: list[float], kept: list[int]
) -> None:
    history = recorded(path, Best("loss", 2, mode), losses)
    assert set(kept) <= set(history.steps.tolist())
    assert len(history) <= 4


def test_a_dropped_checkpoint_changes_the_numbers_and_says_so() -> None:
    history = recorded(None, Best("loss", 1), [5, 4, 3, 2])
    assert (history.steps.tolist(), history.revision) == ([0, 3], 2)


def test_records_without_steps_are_counted_by_a_policy(path: Path | None) -> None:
    with History(path, keep=Every(3)) as history:
        for k in range(8):
            history.record(state(k), loss=k)
        history.append(Checkpoint(state(8)))
    assert history.steps.tolist() == [0, 3, 6, 8]
    np.testing.assert_array_equal(history.log_metrics["loss"], (range(8), range(8)))


def test_a_policy_goes_on_where_an_earlier_recording_ended(tmp_path: Path) -> None:
    for begin in (0, 50):
        with History(tmp_path, keep=LogSpaced(1)) as history:
            for step in range(begin, begin + 60):
                if step > (history.steps[-1] if len(history) else -1):
                    history.record(state(step), step=step)
    assert history.steps.tolist() == [0, 1, 10, 100]


def test_going_back_with_a_policy_takes_again_what_it_took_before(path: Path | None) -> None:
    with History(path, keep=LogSpaced(1), overwrite=True) as history:
        for step in (0, 1, 5, 10, 50, 100):
            history.record(state(step), step=step, loss=step)
        for step in (4, 10, 11):
            history.record(state(-step), step=step, loss=-step)
    assert history.steps.tolist() == [0, 1, 10]
    assert history["w"][:, 0, 0].tolist() == [0, 1, -10]
    np.testing.assert_array_equal(history.log_metrics["loss"], ([0, 1, 4, 10, 11], [0, 1, -4, -10, -11]))


@pytest.mark.parametrize("n", [0, -1, 2.5, True, "3"])
def test_a_count_must_be_one(n: Any) -> None:
    for make in (Every, LogSpaced, lambda count: Best("loss", count)):
        with pytest.raises(ValueError, match=r"takes a whole number from 1"):
            make(n)


def test_a_mode_must_be_known() -> None:
    with pytest.raises(ValueError, match="mode is 'least'; it takes 'min' or 'max'"):
        Best("loss", mode="least")


@pytest.mark.parametrize(("wrong", "said"), [(10, "an int"), ("best", "a str"), (Every, "the class Every")])
def test_what_is_no_policy_is_refused(wrong: Any, said: str) -> None:
    with pytest.raises(TypeError, match=rf"keep is {said}.*; it takes a policy"):
        History(keep=wrong)
