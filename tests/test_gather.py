"""Lists that people have, as a history: what is taken, what is refused with which words, what is warned of."""

from __future__ import annotations

import copy
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.gather import as_history
from nnweightviz.history import History

torch.set_num_threads(1)


def state(value: float = 0.0) -> dict[str, Any]:
    return {"w": np.full((2, 3), value, dtype=np.float32)}


def states(n: int) -> list[dict[str, Any]]:
    return [state(k) for k in range(n)]


def test_state_dicts_become_checkpoints_without_steps() -> None:
    history = as_history(states(3))
    assert history["w"][:, 0, 0].tolist() == [0, 1, 2]
    assert not history.knows_steps


def test_models_become_checkpoints() -> None:
    models = [torch.nn.Linear(3, 2) for _ in range(2)]
    history = as_history(models)
    np.testing.assert_array_equal(history["bias"][1], models[1].bias.detach().numpy())


def test_torch_state_dicts_become_checkpoints() -> None:
    model = torch.nn.Linear(3, 2)
    assert as_history([copy.deepcopy(model.state_dict())])["weight"].shape == (1, 2, 3)


def test_pairs_carry_their_epoch() -> None:
    assert as_history([(0, state()), (2.5, state(1))]).epochs.tolist() == [0, 2.5]


def test_checkpoints_keep_all_they_know_and_are_copied() -> None:
    mine = Checkpoint(state(), step=4, epoch=1, metrics={"loss": 0.5})
    history = as_history([mine])
    mine.state["w"][:] = 9
    assert (history[0].step, history[0].epoch, history.metrics["loss"].tolist()) == (4, 1, [0.5])
    assert (history["w"] == 0).all()


def test_a_generator_is_taken_too() -> None:
    assert len(as_history(state(k) for k in range(3))) == 3


def test_a_history_is_taken_as_it_is() -> None:
    history = as_history(states(2))
    assert as_history(history) is history


def test_one_value_a_checkpoint_is_a_metric() -> None:
    history = as_history(states(3), {"loss": [3, float("nan"), 1]})
    np.testing.assert_array_equal(history.metrics["loss"], [3, np.nan, 1])
    assert history.log_metrics["loss"][0].tolist() == [0, 2]


def test_a_pair_of_steps_and_values_is_a_denser_metric() -> None:
    checkpoints = [Checkpoint(state(), step=10 * k) for k in range(3)]
    history = as_history(checkpoints, {"loss": ([20, 0, 5], [0.2, 0.9, 0.5])})
    assert history.log_metrics["loss"][0].tolist() == [0, 5, 20]
    np.testing.assert_array_equal(history.metrics["loss"], [0.9, np.nan, 0.2])


def test_two_values_of_two_checkpoints_are_no_pair() -> None:
    assert as_history(states(2), {"loss": (0.5, 0.25)}).metrics["loss"].tolist() == [0.5, 0.25]


def test_metrics_of_a_history_go_to_a_view_of_it() -> None:
    mine = as_history(states(2))
    for _ in range(2):
        shown = as_history(mine, {"loss": [2, 1]})
        assert shown.log_metrics["loss"][1].tolist() == [2, 1]
    assert mine.metrics == {}


@pytest.mark.parametrize(
    ("metrics", "error", "sentence"),
    [
        ({"loss": [1, 2]}, ValueError, "metric 'loss' has 2 values for 3 checkpoints; give one a checkpoint"),
        ({"loss": 0.5}, ValueError, "metric 'loss' has 1 value for 3 checkpoints"),
        ({"loss": ([0, 1, 2], [1, 2])}, ValueError, "metric 'loss' has 3 steps but 2 values; give as many"),
        (
            {"loss": ["a", "b", "c"]},
            TypeError,
            "metric 'loss' is ['a', 'b', 'c']; it takes a list of numbers",
        ),
        ([1, 2, 3], TypeError, "metrics is a list; it takes a dict such as"),
    ],
)
def test_metrics_that_do_not_fit_are_refused(metrics: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=re.escape(sentence)):
        as_history(states(3), metrics)


@pytest.mark.parametrize(
    ("checkpoints", "error", "sentence"),
    [
        ([], ValueError, "there are no checkpoints to show: record at least one, or pass the model alone"),
        (History(), ValueError, "there are no checkpoints to show"),
        (
            "runs/a",
            FileNotFoundError,
            "there is no file or folder 'runs/a'; give a folder, a pattern, or a file",
        ),
        (Path("a.pt"), FileNotFoundError, "there is no file or folder 'a.pt'"),
        ([state(), Path("a.pt")], FileNotFoundError, "there is no file or folder 'a.pt'"),
        (state(), TypeError, "checkpoints is a single dict; it takes a History or a list of state dicts"),
        (torch.nn.Linear(1, 1), TypeError, "checkpoints is a single Linear; it takes a History or a list"),
        (torch.nn.Sequential(torch.nn.Linear(1, 1)), TypeError, "checkpoints is a single Sequential"),
        (3, TypeError, "checkpoints is an int; it takes a History or a list of state dicts, models"),
        ([3], TypeError, "checkpoint 0 cannot be read: nnweightviz draws"),
        (None, TypeError, "checkpoints is None; it takes a History or a list of state dicts, models"),
        (torch.nn.Linear, TypeError, "checkpoints is the class Linear, not an instance; it takes"),
        ([torch.nn.Linear], TypeError, "got the class Linear, not an instance"),
        (
            [("one", state())],
            TypeError,
            "checkpoint 0 cannot be read: a tuple must be (epoch, state); this one holds str",
        ),
        ([(1, state(), 2)], TypeError, "a tuple must be (epoch, state); this one holds int, dict, int"),
    ],
)
def test_what_is_no_list_of_checkpoints_is_refused(
    checkpoints: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=re.escape(sentence)):
        as_history(checkpoints)


def forgotten_copies() -> dict[str, list[Any]]:
    model, arrays = torch.nn.Linear(2, 2), state()
    return {
        "the same model": [model, model],
        "pairs of the same model": [(0, model), (1, model)],
        "state dicts of one model": [model.state_dict(), model.state_dict()],
        "a model and its state dict": [model, torch.nn.Linear(2, 2), model.state_dict()],
        "the same dict": [arrays, arrays],
        "shallow copies": [arrays, dict(arrays)],
        "checkpoints of the same dict": [Checkpoint(arrays), Checkpoint(arrays)],
    }


@pytest.mark.parametrize("case", forgotten_copies())
def test_checkpoints_that_share_memory_are_warned_of(case: str) -> None:
    with pytest.warns(
        UserWarning, match=r"share their memory, so they show the same weights: copy each .*deepcopy"
    ):
        as_history(forgotten_copies()[case])


def test_copies_that_share_a_frozen_part_are_not_warned_of() -> None:
    frozen = np.ones(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        as_history([state(k) | {"frozen": frozen} for k in range(3)])
        as_history([{"w": np.zeros((0, 2))}, {"w": np.zeros((0, 2))}])


@pytest.mark.parametrize("key", ["model", "state_dict", "model_state_dict", "net", "weights"])
def test_what_a_training_run_saves_is_refused_with_the_entry_to_pass(key: str) -> None:
    model = torch.nn.Linear(2, 2)
    saved: dict[str, Any] = {"optimizer": torch.optim.Adam(model.parameters()).state_dict()}
    saved |= {key: model.state_dict()} if key == "weights" else {"epoch": 3, key: model.state_dict()}
    with pytest.raises(TypeError, match=re.escape(f'pass checkpoint["{key}"]')):
        as_history([saved])
    assert len(as_history([saved[key]])) == 1


def saved(folder: Path, *epochs: int) -> list[Path]:
    for epoch in epochs:
        np.savez(folder / f"epoch_{epoch}.npz", **state(epoch))
    return [folder / f"epoch_{epoch}.npz" for epoch in epochs]


def test_paths_are_opened_in_the_order_of_the_list(tmp_path: Path) -> None:
    first, second = saved(tmp_path, 7, 3)
    history = as_history([first, str(second), (9, first)])
    assert history["w"][:, 0, 0].tolist() == [7, 3, 7]
    assert history.epochs.tolist() == [7, 3, 9]


def test_steps_in_files_of_a_list_that_do_not_increase_are_dropped(tmp_path: Path) -> None:
    for k, step in enumerate((20, 10)):
        np.savez(tmp_path / f"{k}.npz", step=step, **state(k))
    history = as_history([tmp_path / "0.npz", tmp_path / "1.npz"])
    assert not history.knows_steps
    assert as_history([tmp_path / "1.npz", tmp_path / "0.npz"]).steps.tolist() == [10, 20]


def test_a_path_alone_is_opened_as_a_whole(tmp_path: Path) -> None:
    saved(tmp_path, 10, 9)
    assert as_history(str(tmp_path)).epochs.tolist() == [9, 10]
    assert as_history(tmp_path, {"loss": [2, 1]}).metrics["loss"].tolist() == [2, 1]


def test_a_path_of_several_checkpoints_in_a_list_is_refused(tmp_path: Path) -> None:
    saved(tmp_path, 1, 2)
    with pytest.raises(
        TypeError, match=r"checkpoint 0 cannot be read: .* holds 2 checkpoints; in a list, a path is"
    ):
        as_history([tmp_path])


def test_names_in_files_are_matched_to_a_model(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **{"model.w": state(1)["w"]})
    assert as_history([tmp_path / "a.npz"], model=state())["w"].tolist() == [[[1] * 3] * 2]
