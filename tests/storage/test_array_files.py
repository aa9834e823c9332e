"""NumPy's files, compared with what numpy reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from nnweightviz.storage.array_files import read
from nnweightviz.storage.stored import UnreadableError

RANDOM = np.random.default_rng(0)
ARRAYS: dict[str, Any] = {
    "fc.weight": RANDOM.normal(size=(5, 3)).astype(np.float32),
    "fortran": np.asfortranarray(RANDOM.normal(size=(4, 3, 2))),
    "big.endian": np.arange(6.0).astype(">f8"),
    "zeros": np.zeros((300, 300)),
    "empty": np.zeros((0, 3)),
    "params/dense": np.arange(3),
    "mask": np.array([True, False]),
    "complex": np.array([1j]),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_are_read_as_numpy_reads_them(tmp_path: Path, save: Any) -> None:
    save(tmp_path / "a.npz", **ARRAYS)
    state = read(tmp_path / "a.npz").state
    assert list(state) == list(ARRAYS)
    with np.load(tmp_path / "a.npz") as loaded:
        for name in ARRAYS:
            np.testing.assert_array_equal(state[name], loaded[name])
            assert state[name].dtype.isnative
            assert state.shapes[name] == loaded[name].shape  # type: ignore[attr-defined]


def test_numbers_are_steps_epochs_and_metrics(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", w=np.ones(2), epoch=4, global_step=np.int64(12), loss=0.25)
    checkpoint = read(tmp_path / "a.npz")
    assert (checkpoint.step, checkpoint.epoch, checkpoint.metrics) == (12, 4, {"loss": 0.25})
    assert list(checkpoint.state) == ["w"]


def test_a_single_array_is_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ARRAYS["fortran"])
    np.testing.assert_array_equal(read(tmp_path / "a.npy").state["array"], ARRAYS["fortran"])


def test_arrays_that_are_none_of_numbers_are_left_out(tmp_path: Path) -> None:
    odd = {"bf16": np.ones(3, ml_dtypes.bfloat16), "text": np.array(["a"])}
    np.savez(tmp_path / "a.npz", w=np.ones(2), **odd)
    assert read(tmp_path / "a.npz").left_out == ("bf16", "text")


def test_object_arrays_are_refused_and_not_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.array([{}, 1], dtype=object), allow_pickle=True)
    with pytest.raises(UnreadableError, match=r"it has no arrays of numbers; save them with numpy\.savez"):
        read(tmp_path / "a.npz")
