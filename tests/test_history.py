"""Histories in memory: recording, reading, views, metrics, and threads."""

from __future__ import annotations

import gc
import re
import threading
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.history import History

torch.set_num_threads(1)


def state(value: float = 0.0) -> dict[str, Any]:
    return {"fc.weight": np.full((2, 3), value, dtype=np.float32), "fc.bias": np.full(2, value)}


def recorded(n: int = 5, **about: Any) -> History:
    history = History()
    for k in range(n):
        history.record(state(k), step=10 * k if about.get("steps") else None, loss=1 / (k + 1))
    return history


def test_training_on_does_not_change_what_was_recorded() -> None:
    model = torch.nn.Linear(3, 2)
    history = History()
    history.record(model)
    before = history[0].state["weight"].copy()
    with torch.no_grad():
        model.weight += 1
    history.record(model)
    np.testing.assert_array_equal(history[0].state["weight"], before)
    np.testing.assert_allclose(history["weight"][1], before + 1, rtol=1e-6)


def test_a_recorded_array_is_a_copy() -> None:
    arrays = state()
    history = History()
    history.record(arrays)
    arrays["fc.weight"][:] = 9
    assert (history["fc.weight"] == 0).all()


def test_checkpoints_are_read_by_number_from_both_ends() -> None:
    history = recorded(3)
    assert isinstance(history[0], Checkpoint)
    assert history[-1].metrics == {"loss": 1 / 3}
    assert [c.state["fc.bias"][0] for c in history] == [0, 1, 2]


@pytest.mark.parametrize("k", [3, -4])
def test_reading_a_missing_checkpoint_raises(k: int) -> None:
    with pytest.raises(IndexError, match=f"checkpoint {k} was asked of a history; it has 3, 0 to 2"):
        recorded(3)[k]


def test_reading_an_empty_history_raises() -> None:
    with pytest.raises(IndexError, match="checkpoint 0 was asked of a history"):
        History()[0]


def test_a_trajectory_stacks_all_checkpoints() -> None:
    trajectory = recorded(4)["fc.weight"]
    assert trajectory.shape == (4, 2, 3)
    assert trajectory.dtype == np.float32
    assert trajectory[:, 0, 0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(np.float32, np.float32), (np.int64, np.float64), (ml_dtypes.bfloat16, ml_dtypes.bfloat16)],
)
def test_a_trajectory_is_nan_where_a_parameter_is_missing(dtype: Any, expected: Any) -> None:
    history = History()
    history.record(state())
    history.record(state() | {"late": np.ones(2, dtype=dtype)})
    late = history["late"]
    assert late.dtype == expected
    assert np.isnan(late[0].astype(np.float64)).all()
    assert (late[1] == 1).all()


def test_a_trajectory_has_the_wider_of_two_types() -> None:
    history = History()
    history.record({"w": np.ones(2, dtype=np.float32)})
    history.record({"w": np.ones(2, dtype=np.float64)})
    assert history["w"].dtype == np.float64


def test_reading_a_missing_parameter_raises_with_the_names_there_are() -> None:
    with pytest.raises(KeyError, match=r"no checkpoint has a parameter 'fc2'; they have: fc.weight, fc.bias"):
        recorded(1)["fc2"]


def test_parameters_are_all_names_with_their_shapes() -> None:
    history = recorded(1)
    history.record({"late": np.zeros(())})
    assert history.parameters == {"fc.weight": (2, 3), "fc.bias": (2,), "late": ()}


def test_a_parameter_that_changes_its_shape_is_refused() -> None:
    history = recorded(2)
    sentence = "parameter 'fc.bias' has shape (4,) in checkpoint 2, but (2,) in those before"
    with pytest.raises(ValueError, match=re.escape(sentence)):
        history.record({"fc.bias": np.zeros(4)})
    assert len(history) == 2


def test_known_steps_and_epochs_are_kept() -> None:
    history = History()
    history.record(state(), epoch=0, step=5)
    history.record(state(), step=9)
    history.record(state(), epoch=1.5, step=12)
    assert history.knows_steps
    assert history.knows_epochs
    assert history.steps.tolist() == [5, 9, 12]
    assert history.steps.dtype == np.int64
    np.testing.assert_array_equal(history.epochs, [0, np.nan, 1.5])


def test_unknown_steps_count_the_checkpoints() -> None:
    history = recorded(3)
    assert not history.knows_steps
    assert not history.knows_epochs
    assert history.steps.tolist() == [0, 1, 2]
    assert np.isnan(history.epochs).all()


def test_an_empty_history_has_empty_arrays() -> None:
    history = History()
    assert len(history) == len(history.steps) == len(history.epochs) == 0
    assert history.metrics == {}
    assert not history.knows_steps


@pytest.mark.parametrize("step", [20, 30])
def test_steps_that_do_not_increase_are_refused(step: int) -> None:
    history = History()
    history.record(state(), step=30)
    with pytest.raises(ValueError, match=f"step {step} does not come after step 30, the last one recorded"):
        history.record(state(), step=step)


def test_a_step_among_checkpoints_without_is_refused() -> None:
    sentence = "checkpoint 2 has step 7, but those before it do not; give a step to all of them or to none"
    with pytest.raises(ValueError, match=sentence):
        recorded(2).record(state(), step=7)


def test_a_checkpoint_without_a_step_among_others_is_refused() -> None:
    with pytest.raises(ValueError, match="checkpoint 2 has no step, but those before it do; give a step"):
        recorded(2, steps=True).record(state())


def test_a_refused_record_leaves_the_history_as_it_was() -> None:
    history = recorded(2, steps=True)
    with pytest.raises(TypeError, match="metric 'loss' is 'low'"):
        history.record(state(), step=99, loss="low")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="nnweightviz draws"):
        history.record(3, step=20)
    assert len(history) == 2
    assert history.steps.tolist() == [0, 10]


def test_metrics_have_one_value_a_checkpoint_and_nan_where_none_was_recorded() -> None:
    history = History()
    history.record(state(), loss=0.5)
    history.record(state(), val_loss=0.7)
    np.testing.assert_array_equal(history.metrics["loss"], [0.5, np.nan])
    np.testing.assert_array_equal(history.metrics["val_loss"], [np.nan, 0.7])


def test_metrics_between_checkpoints_are_logged_by_step() -> None:
    history = recorded(2, steps=True)
    history.log(step=15, loss=0.4, lr=0.1)
    history.log(step=12, epoch=1, loss=0.45)
    x, values = history.log_metrics["loss"]
    assert x.tolist() == [0, 10, 12, 15]
    assert values.tolist() == [1.0, 0.5, 0.45, 0.4]
    assert history.metrics["loss"].tolist() == [1.0, 0.5]


def test_a_metric_that_was_logged_at_the_step_of_a_checkpoint_belongs_to_it() -> None:
    history = History()
    history.log(step=3, loss=0.25)
    history.record(state(), step=3)
    assert history.metrics["loss"].tolist() == [0.25]


def test_the_same_point_logged_twice_is_kept_once() -> None:
    history = recorded(1, steps=True)
    history.log(step=0, loss=1.0)
    assert history.log_metrics["loss"][0].tolist() == [0]


def test_logging_without_a_step_belongs_to_the_last_checkpoint_if_there_are_no_steps() -> None:
    history = recorded(2)
    history.log(accuracy=0.9)
    np.testing.assert_array_equal(history.metrics["accuracy"], [np.nan, 0.9])


@pytest.mark.parametrize(
    ("history", "step", "sentence"),
    [
        (recorded(2, steps=True), None, "the checkpoints of this history have steps; give the step of these"),
        (
            recorded(2),
            7,
            "the checkpoints of this history have no steps; leave out the step of these metrics",
        ),
        (History(), None, "there is no checkpoint yet that these metrics could belong to; give their step"),
    ],
)
def test_logging_on_another_axis_is_refused(history: History, step: int | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        history.log(step=step, loss=0.1)


def test_a_log_with_steps_wants_checkpoints_with_steps() -> None:
    history = History()
    history.log(step=3, loss=0.25)
    with pytest.raises(ValueError, match="checkpoint 0 has no step, but those before it do"):
        history.record(state())


def test_a_slice_is_a_view_without_copies() -> None:
    history = recorded(6)
    view = history[1:6:2]
    assert isinstance(view, History)
    assert [c.state["fc.bias"][0] for c in view] == [1, 3, 5]
    assert view[0] is history[1]


def test_a_slice_does_not_grow() -> None:
    history = recorded(2)
    view = history[:]
    history.record(state())
    assert (len(view), len(history)) == (2, 3)


def test_a_slice_keeps_the_metrics_of_its_span_by_step() -> None:
    history = recorded(4, steps=True)
    history.log(step=14, loss=0.4)
    history.log(step=34, loss=0.2)
    x, values = history[1:4:2].log_metrics["loss"]
    assert x.tolist() == [10, 14, 20, 30]
    assert values.tolist() == [1 / 2, 0.4, 1 / 3, 1 / 4]


def test_a_slice_counts_its_own_checkpoints_where_steps_are_unknown() -> None:
    view = recorded(5)[1:5:2]
    assert view.metrics["loss"].tolist() == [1 / 2, 1 / 4]
    assert view.log_metrics["loss"][0].tolist() == [0, 0.5, 1]
    assert view.steps.tolist() == [0, 1]


def test_an_empty_slice_is_an_empty_history() -> None:
    view = recorded(3)[2:2]
    assert len(view) == 0
    assert view.metrics == {}


def test_a_backward_slice_is_refused() -> None:
    with pytest.raises(ValueError, match=re.escape("history[None:None:-1] runs backwards; a history cannot")):
        recorded(3)[::-1]


@pytest.mark.parametrize(
    ("n", "kept"), [(2, [0, 9]), (4, [0, 3, 6, 9]), (10, list(range(10))), (99, list(range(10)))]
)
def test_thinning_keeps_the_first_and_the_last(n: int, kept: list[int]) -> None:
    thinned = recorded(10).thin(n)
    assert [c.state["fc.bias"][0] for c in thinned] == kept


@pytest.mark.parametrize("n", [-1, 0, 1])
def test_thinning_to_less_than_both_ends_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match=re.escape(f"thin({n}) would lose the first or the last checkpoint")):
        recorded(3).thin(n)


def test_subscribers_hear_of_every_record_and_log() -> None:
    history, heard = recorded(1, steps=True), []
    stop = history.subscribe(lambda: heard.append(len(history)))
    history.record(state(), step=50)
    history.log(step=55, loss=0.1)
    stop()
    history.record(state(), step=60)
    assert heard == [2, 2]


def test_a_bound_method_does_not_keep_its_object_alive() -> None:
    class Listener:
        n_heard = 0

        def hear(self) -> None:
            Listener.n_heard += 1

    history, listener = History(), Listener()
    history.subscribe(listener.hear)
    history.record(state())
    del listener
    gc.collect()
    history.record(state())
    assert Listener.n_heard == 1


def test_a_subscriber_may_read_from_another_thread() -> None:
    history, seen = History(), []

    def hear() -> None:
        reader = threading.Thread(target=lambda: seen.append(history.metrics["loss"].tolist()))
        reader.start()
        reader.join(5)

    history.subscribe(hear)
    history.record(state(), loss=0.5)
    assert seen == [[0.5]]


def test_one_thread_reads_while_another_records() -> None:
    history, problems = recorded(1), []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            n = len(history)
            try:
                assert len(history["fc.weight"]) >= n
                assert len(history.metrics["loss"]) >= n
                assert len(history.steps) >= n
                assert len(history[:]) >= n
                x, values = history.log_metrics["loss"]
                assert len(x) == len(values) >= n
            except Exception as problem:
                problems.append(problem)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for k in range(300):
        history.record(state(k), loss=k)
    done.set()
    reader.join()
    assert problems == []
    assert len(history) == 301


def test_a_history_says_what_it_holds() -> None:
    assert repr(recorded(2)) == "History of 2 checkpoints, 2 parameters with 8 values, metrics loss"


def test_one_of_each_is_not_many() -> None:
    history = History()
    history.record({"w": np.zeros(1)})
    assert repr(history) == "History of 1 checkpoint, 1 parameter with 1 value"


def test_a_metric_that_is_not_there_is_answered_with_those_that_are() -> None:
    history = recorded(2)
    for metrics in (history.metrics, history.log_metrics):
        with pytest.raises(KeyError, match="there is no metric 'zz'; there are: loss"):
            metrics["zz"]
        assert metrics.get("zz") is None
    with pytest.raises(KeyError, match="there is no metric 'zz'; there are: none"):
        History().metrics["zz"]


def test_an_empty_history_has_no_parameters_to_name() -> None:
    with pytest.raises(KeyError, match="no checkpoint has a parameter 'w'; there are none at all"):
        History()["w"]
