"""A whole run in one file: read by the format's own library, equal to the history, whatever is missing in it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.checkpoints import Checkpoints
from nnweightviz.history import History
from nnweightviz.storage import single
from nnweightviz.storage.stored import UnreadableError
from nnweightviz.storage.tensors import TensorFile, open_tensors


def read(path: Path) -> Checkpoints:
    return Checkpoints.of(single.read(open_tensors(path)))


def history_of(path: Path | None = None) -> History:
    """Three checkpoints; the second lacks ``late``, the last lacks ``counts``."""
    rng = np.random.default_rng(0)
    history = History(path)
    for k in range(3):
        state: dict[str, Any] = {
            "w": rng.normal(size=(4, 5)).astype(np.float32),
            "empty": np.empty((0, 2), np.float32),
        }
        state |= {"late": np.float64(k) * np.ones(3)} if k != 1 else {}
        state |= {"counts": np.arange(4) + k} if k != 2 else {}
        history.record(state, step=10 * k, epoch=k, loss=[1.0, math.nan, math.inf][k])
        history.log(step=10 * k + 5, acc=k / 2)
    return history


@pytest.mark.parametrize("on_disk", [False, True])
def test_what_was_saved_is_what_was_recorded(tmp_path: Path, on_disk: bool) -> None:
    history = history_of(tmp_path / "run" if on_disk else None)
    saved = read(history.save(tmp_path / "run.safetensors"))
    assert [set(c.state) for c in saved] == [set(c.state) for c in history]
    for ours, theirs in zip(saved, history, strict=True):
        for name, array in theirs.state.items():
            assert ours.state[name].dtype == array.dtype
            np.testing.assert_array_equal(ours.state[name], array)
        assert (ours.step, ours.epoch) == (theirs.step, theirs.epoch)
    for name, curve in history.log_metrics.items():
        np.testing.assert_array_equal(saved.log_metrics[name], curve)
    assert saved.network == history.network
    for name in ("w", "late", "counts"):
        np.testing.assert_array_equal(saved[name], history[name])
    assert saved.n_bytes_per_checkpoint == history.n_bytes_per_checkpoint


def test_the_library_reads_the_stacked_parameters(tmp_path: Path) -> None:
    history = history_of()
    loaded = safetensors.numpy.load_file(history.save(tmp_path / "run.safetensors"))
    np.testing.assert_array_equal(loaded["w"], history["w"])
    assert loaded["empty"].shape == (3, 0, 2)
    np.testing.assert_array_equal(loaded["counts"][:2], history["counts"][:2])


def test_a_parameter_that_changed_its_dtype_loses_nothing(tmp_path: Path) -> None:
    small, large = np.float16(1 / 3) * np.ones(2, np.float16), np.full(2, 1 / 3, np.float32)
    history = History()
    for k, array in enumerate((small, large, small.astype(ml_dtypes.bfloat16))):
        history.record({"w": array}, step=k)
    saved = read(history.save(tmp_path / "run.safetensors"))
    assert saved["w"].dtype == np.float32
    np.testing.assert_array_equal(saved["w"], history["w"])
    eight = History()
    for dtype in (ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2):
        eight.record({"w": np.array([0.5, 1.75], dtype)})
    np.testing.assert_array_equal(
        read(eight.save(tmp_path / "8.safetensors"))["w"].astype(float), [[0.5, 1.75]] * 2
    )


def test_what_the_format_cannot_hold_is_named(tmp_path: Path) -> None:
    history = History()
    history.record({"w": np.ones(2), "wide": np.ones(2, np.complex128)})
    saved = read(history.save(tmp_path / "run.safetensors"))
    assert (set(saved[0].state), saved[0].left_out) == ({"w"}, ("wide",))


def test_one_array_at_a_time_is_read_of_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = read(history_of().save(tmp_path / "run.safetensors"))
    rows: list[tuple[str, int | None]] = []
    row_of = TensorFile.read
    monkeypatch.setattr(
        TensorFile, "read", lambda f, n, row=None: (rows.append((n, row)), row_of(f, n, row))[1]
    )
    _ = saved[1].state["w"]
    assert rows == [("w", 1)]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = history_of().save(tmp_path / "run.safetensors")
    before = path.read_bytes()
    broken = History()
    broken.append(Checkpoint({"w": np.ones(3), "x": np.ones(3)}))
    monkeypatch.setattr(np, "ascontiguousarray", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        broken.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.safetensors"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"nnweightviz": "2"}, "version '2'"),
        ({"checkpoints": "[]"}, "does not hold 0 checkpoints"),
        ({"checkpoints": "[{}, {}]"}, "does not hold 2 checkpoints"),
        ({"checkpoints": "{"}, "its metadata is damaged"),
        ({"checkpoints": '[1, 2, {"step": -1}]'}, "its metadata is damaged"),
        ({"metrics": '{"loss": [1]}'}, "its metadata is damaged"),
        ({"metrics": '{"loss": [[1' + "0" * 400 + ", 1]]}"}, "its metadata is damaged"),
        ({"metrics": "[" * 100_000}, "its metadata is damaged"),
        ({"network": "{"}, "its metadata is damaged"),
        ({"tied": '{"w": ["x"]}', "checkpoints": "null"}, "its metadata is damaged"),
    ],
)
def test_metadata_that_do_not_fit_are_refused(tmp_path: Path, change: dict[str, str], why: str) -> None:
    path = history_of().save(tmp_path / "run.safetensors")
    about = dict(open_tensors(path).metadata) | change
    safetensors.numpy.save_file(safetensors.numpy.load_file(path), path, about)
    with pytest.raises(UnreadableError, match=why):
        read(path)


def test_metrics_too_long_for_a_header_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single, "MAX_METADATA_BYTES", 100)
    with pytest.raises(ValueError, match="keep it as a folder"):
        history_of().save(tmp_path / "run.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_the_metadata_are_json_that_others_read(tmp_path: Path) -> None:
    about = open_tensors(history_of().save(tmp_path / "run.safetensors")).metadata
    entries = json.loads(about["checkpoints"], parse_constant=pytest.fail)
    assert [entry["step"] for entry in entries] == [0, 10, 20]
    json.loads(about["metrics"], parse_constant=pytest.fail)
