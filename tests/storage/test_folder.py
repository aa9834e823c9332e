"""A history folder as files: names, metadata, damaged and foreign files, metrics with gaps and torn lines."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from nnweightviz.adapters import as_network
from nnweightviz.checkpoint import Checkpoint
from nnweightviz.history import History
from nnweightviz.storage import folder


def state(value: float = 0.0) -> dict[str, np.ndarray]:
    return {"fc.weight": np.full((2, 3), value, np.float32), "fc.bias": np.full(2, value, np.float32)}


def recorded(path: Path, n: int = 4, has_steps: bool = True) -> Path:
    with History(path) as history:
        for k in range(n):
            history.record(state(k), step=10 * k if has_steps else None, epoch=k / 2, loss=1 / (k + 1))
    return path


def files(path: Path) -> list[str]:
    return sorted(name for name in os.listdir(path) if name.startswith("checkpoint-"))


def test_a_checkpoint_is_one_safetensors_file_that_says_all_of_itself(tmp_path: Path) -> None:
    path = recorded(tmp_path / "run")
    assert files(path) == [f"checkpoint-{10 * k:010d}.safetensors" for k in range(4)]
    with safetensors.safe_open(path / files(path)[3], "numpy") as file:
        about = file.metadata()
        np.testing.assert_array_equal(file.get_tensor("fc.weight"), state(3)["fc.weight"])
    assert about.pop("time").startswith("20")
    assert about == {"nnweightviz": "1", "step": "30", "epoch": "1.5", "metrics": '{"loss": 0.25}'}


def test_what_was_recorded_is_read_again(tmp_path: Path) -> None:
    read = History(recorded(tmp_path / "run"))
    assert read.steps.tolist() == [0, 10, 20, 30]
    assert read.epochs.tolist() == [0, 0.5, 1, 1.5]
    assert read.metrics["loss"].tolist() == [1, 1 / 2, 1 / 3, 1 / 4]
    assert read["fc.weight"][:, 0, 0].tolist() == [0, 1, 2, 3]
    assert read.network == as_network(state())
    assert read.notes == ()


def test_steps_beyond_ten_digits_keep_their_order(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        for step in (5, 9_999_999_999, 10_000_000_000, 123_456_789_012):
            history.record(state(), step=step)
    assert History(tmp_path).steps.tolist() == [5, 9_999_999_999, 10_000_000_000, 123_456_789_012]


def test_a_step_that_has_no_file_name_is_refused(tmp_path: Path) -> None:
    with History(tmp_path) as history, pytest.raises(ValueError, match="a whole number from 0"):
        history.record(state(), step=10**18)


@pytest.mark.parametrize("has_steps", [True, False])
def test_a_damaged_file_is_left_out_and_named_and_recording_goes_on_beside_it(
    tmp_path: Path, has_steps: bool
) -> None:
    path = recorded(tmp_path / "run", 5, has_steps)
    damaged = files(path)[2]
    (path / damaged).write_bytes((path / damaged).read_bytes()[:-5])
    before = {name: (path / name).read_bytes() for name in files(path)}
    with History(path) as history:
        assert len(history) == 4
        assert history.notes[0].startswith(f"left out {damaged}: ")
        history.record(state(9), step=100 if has_steps else None)
    assert {name: (path / name).read_bytes() for name in before} == before
    assert History(path)["fc.weight"][:, 0, 0].tolist() == [0, 1, 3, 4, 9]


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({}, "it is of version None"),
        ({"nnweightviz": "7"}, "it is of version '7'"),
        ({"nnweightviz": "1", "step": "11"}, "its name is of step 10, its metadata of step 11"),
        ({"nnweightviz": "1", "step": "x"}, "its metadata is damaged"),
        ({"nnweightviz": "1", "step": "9" * 400}, "its metadata is damaged"),
        ({"nnweightviz": "1", "step": "10", "epoch": "nan"}, "its metadata is damaged"),
        (
            {"nnweightviz": "1", "step": "10", "metrics": '{"loss": 1' + "0" * 400 + "}"},
            "its metadata is damaged",
        ),
        ({"nnweightviz": "1", "step": "10", "metrics": "[" * 100_000}, "its metadata is damaged"),
        ({"nnweightviz": "1", "step": "10", "tied": "[1]"}, "its metadata is damaged"),
        ({"nnweightviz": "1"}, "some have a step"),
    ],
)
def test_a_foreign_file_is_left_out(tmp_path: Path, metadata: dict[str, str], why: str) -> None:
    path = recorded(tmp_path / "run", 1)
    safetensors.numpy.save_file(state(), path / folder.file_name(10), metadata)
    read = History(path)
    assert len(read) == 1
    assert why in read.notes[0]


def test_a_file_of_another_model_is_left_out(tmp_path: Path) -> None:
    path = recorded(tmp_path / "run", 1)
    about = {"nnweightviz": "1", "step": "10"}
    safetensors.numpy.save_file({"fc.weight": np.ones((5, 5))}, path / folder.file_name(10), about)
    assert "'fc.weight' is of another shape" in History(path).notes[0]


def test_pipes_links_and_folders_of_the_right_name_do_no_harm(tmp_path: Path) -> None:
    path = recorded(tmp_path / "run", 1)
    os.mkfifo(path / folder.file_name(10))
    (path / folder.file_name(20)).mkdir()
    (path / folder.file_name(30)).symlink_to("/dev/zero")
    (path / folder.file_name(40)).symlink_to(path / "nowhere")
    read = History(path)
    assert len(read) == 1
    assert len(read.notes) == 4


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308, -0.0, 5e-324])
def test_metrics_come_back_as_they_were(tmp_path: Path, value: float) -> None:
    with History(tmp_path) as history:
        history.record(state(), step=0, loss=value)
        history.log(step=5, loss=value, other=1.0)
        history.record(state(), step=10)
    read = History(tmp_path)
    np.testing.assert_array_equal(read.metrics["loss"], [value, math.nan])
    np.testing.assert_array_equal(read.log_metrics["loss"], ([0, 5], [value, value]))
    np.testing.assert_array_equal(read.log_metrics["other"], ([5], [1]))
    for line in (tmp_path / folder.METRICS).read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)  # strict JSON has no NaN


def test_a_torn_last_line_is_ignored_and_recording_goes_on_after_it(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.record(state(), step=0)
        for step in range(1, 4):
            history.log(step=step, loss=step)
    metrics = tmp_path / folder.METRICS
    metrics.write_bytes(metrics.read_bytes()[:-9])
    with History(tmp_path) as history:
        assert history.notes == ()
        assert history.log_metrics["loss"][0].tolist() == [1, 2]
        history.log(step=4, loss=4)
    assert History(tmp_path).log_metrics["loss"][0].tolist() == [1, 2, 4]


def test_lines_that_say_nothing_are_counted(tmp_path: Path) -> None:
    recorded(tmp_path, 1)
    lines = ['{"step": 1, "metrics": {"loss": 1}}', "{", "[]", '{"step": 1' + "0" * 400 + ', "metrics": {}}']
    lines += ['{"step": "nan", "metrics": {}}', '{"step": 2, "metrics": {"loss": {}}}', "[" * 100_000, "\0"]
    (tmp_path / folder.METRICS).write_text("".join(f"{line}\n" for line in lines))
    read = History(tmp_path)
    assert read.notes == ("7 lines of metrics.jsonl could not be read",)
    assert read.log_metrics["loss"][0].tolist() == [0, 1]


def test_metrics_that_cannot_be_read_do_not_hide_the_checkpoints(tmp_path: Path) -> None:
    recorded(tmp_path, 2)
    (tmp_path / folder.METRICS).unlink(missing_ok=True)
    (tmp_path / folder.METRICS).mkdir()
    read = History(tmp_path)
    assert len(read) == 2
    assert "metrics.jsonl could not be read" in read.notes[0]


@pytest.mark.parametrize("text", ["{", "[]", "1", '"' + "x" * 9, "[" * 100_000, '{"layers": 1}', "{}"])
def test_a_damaged_structure_is_told_of(tmp_path: Path, text: str) -> None:
    recorded(tmp_path, 1)
    (tmp_path / folder.NETWORK).write_text(text)
    read = History(tmp_path)
    assert len(read) == 1
    if read.notes:
        assert read.network is None
    else:
        with pytest.raises(ValueError, match="it is no network"):
            _ = read.network


def test_arrays_that_the_format_cannot_hold_are_left_out_and_named(tmp_path: Path) -> None:
    odd: dict[str, Any] = {
        "wide": np.ones(2, np.complex128),
        "__metadata__": np.ones(2),
        "gradients/w": np.ones(2),
    }
    with History(tmp_path) as history:
        history.append(Checkpoint({**state(), **odd}, step=0))
        history.flush()
    assert set(History(tmp_path)[0].state) == set(state())
    assert History(tmp_path)[0].left_out == tuple(odd)


def test_quantities_lie_beside_the_weights(tmp_path: Path) -> None:
    gradients = {"gradients": {"fc.weight": np.full((2, 3), 7.0)}, "updates": {"fc.bias": np.full(2, 8.0)}}
    with History(tmp_path) as history:
        history.append(Checkpoint(state(1), step=0, quantities=gradients))
        for read in (history[0], (history.flush(), history[0])[1], History(tmp_path)[0]):
            assert set(read.state) == set(state())
            np.testing.assert_array_equal(read.quantities["gradients"]["fc.weight"], np.full((2, 3), 7))
            np.testing.assert_array_equal(read.quantities["updates"]["fc.bias"], np.full(2, 8))


def test_an_array_under_two_names_is_written_once(tmp_path: Path) -> None:
    shared = np.arange(1000.0)
    with History(tmp_path) as history:
        history.append(Checkpoint({"a": shared, "b": shared, "bits": shared.view(np.int64)}, step=0))
    read = History(tmp_path)[0].state
    np.testing.assert_array_equal(read["a"], shared)
    np.testing.assert_array_equal(read["b"], shared)
    np.testing.assert_array_equal(read["bits"], shared.view(np.int64))
    assert (tmp_path / folder.file_name(0)).stat().st_size < 2 * shared.nbytes + 1000
