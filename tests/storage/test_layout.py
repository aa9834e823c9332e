"""The header that we write: read by the format's own library, whatever dtypes, shapes and names there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnweightviz.storage.layout import Layout, is_storable, little
from nnweightviz.storage.tensors import DTYPES, open_tensors

NUMPY_ITSELF = [d for d in DTYPES.values() if hasattr(np, d.name)]


def arrays_of(dtype: np.dtype[Any]) -> dict[str, np.ndarray]:
    values = np.arange(12) % 2 if dtype.kind == "b" else np.arange(12)
    return {
        "matrix": values.reshape(3, 4).astype(dtype),
        "scalar": np.asarray(values[5].astype(dtype)),
        "empty": np.empty((0, 3), dtype),
        "one": values[:1].astype(dtype),
    }


def write(path: Path, arrays: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> Path:
    layout = Layout.of(arrays)
    parts = [np.ascontiguousarray(arrays[name], little(arrays[name].dtype)) for name in layout.in_order]
    path.write_bytes(layout.header(metadata or {}) + b"".join(part.tobytes() for part in parts))
    return path


@pytest.mark.parametrize("dtype", NUMPY_ITSELF, ids=str)
def test_the_library_reads_what_we_write(dtype: np.dtype[Any], tmp_path: Path) -> None:
    arrays = arrays_of(dtype)
    loaded = safetensors.numpy.load_file(write(tmp_path / "a.safetensors", arrays))
    assert set(loaded) == set(arrays)
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_torch_reads_the_dtypes_that_numpy_lacks(name: str, tmp_path: Path) -> None:
    arrays = arrays_of(np.dtype(getattr(ml_dtypes, name)))
    loaded = safetensors.torch.load_file(write(tmp_path / "a.safetensors", arrays))
    for key, array in arrays.items():
        assert loaded[key].dtype == getattr(torch, name)
        assert tuple(loaded[key].shape) == array.shape
        np.testing.assert_array_equal(loaded[key].float().numpy(), array.astype(np.float32))


def test_we_read_what_we_write_and_what_the_library_writes(tmp_path: Path) -> None:
    arrays = {f"{dtype}.{name}": a for dtype in NUMPY_ITSELF for name, a in arrays_of(dtype).items()}
    theirs = tmp_path / "theirs.safetensors"
    safetensors.numpy.save_file(arrays, theirs)
    for path in (write(tmp_path / "ours.safetensors", arrays), theirs):
        file = open_tensors(path)
        assert set(file.tensors) == set(arrays)
        for name, array in arrays.items():
            read = file.read(name)
            assert (read.dtype, read.shape) == (array.dtype, array.shape)
            np.testing.assert_array_equal(read, array)


def test_big_endian_arrays_are_written_as_the_format_has_them(tmp_path: Path) -> None:
    array = np.arange(6, dtype=">f4").reshape(2, 3)
    loaded = safetensors.numpy.load_file(write(tmp_path / "a.safetensors", {"w": array}))
    np.testing.assert_array_equal(loaded["w"], array)


@given(st.lists(st.text(max_size=20), unique=True, max_size=8), st.dictionaries(st.text(), st.text()))
def test_any_name_and_any_metadata_come_back(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], metadata: dict[str, str]
) -> None:
    arrays = {name: np.full(3, k, np.float32) for k, name in enumerate(names) if name != "__metadata__"}
    file = open_tensors(write(tmp_path_factory.mktemp("any") / "a.safetensors", arrays, metadata))
    assert file.metadata == metadata
    assert {name: file.read(name)[0] for name in file.tensors} == {name: a[0] for name, a in arrays.items()}


def test_half_a_surrogate_pair_does_not_stop_a_recording(tmp_path: Path) -> None:
    file = open_tensors(write(tmp_path / "a.safetensors", {"w\udc80": np.ones(2)}, {"a": "\ud800"}))
    assert list(file.tensors) == ["w\udc80"]
    assert file.metadata == {"a": "\ud800"}


def test_each_tensor_begins_at_a_multiple_of_its_items_size() -> None:
    mixed = {f"{k}": np.zeros(k + 1, dtype) for k, dtype in enumerate(NUMPY_ITSELF)}
    layout = Layout.of(mixed)
    assert list(layout.tensors) == list(mixed)
    assert all(tensor.start % tensor.dtype.itemsize == 0 for tensor in layout.tensors.values())
    assert len(layout.header({"a": "b"})) % 8 == 0


def test_the_format_has_no_complex128() -> None:
    assert not is_storable(np.dtype(complex))
    assert is_storable(np.dtype(">f8"))
