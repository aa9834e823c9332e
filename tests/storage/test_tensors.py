"""Reading safetensors files, those of others and those made to harm."""

from __future__ import annotations

import json
import os
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from nnweightviz.storage.stored import UnreadableError
from nnweightviz.storage.tensors import TensorState, open_tensors

ONE = {"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}


def write(path: Path, header: Any, data: bytes = bytes(16)) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def entry(**changed: Any) -> dict[str, Any]:
    return {"w": ONE["w"] | changed}


HOSTILE = [
    (b"{", "no JSON"),
    (b"[]", "no JSON object"),
    (b"1", "no JSON object"),
    (b"[" * 200_000, "no JSON"),
    (b'{"w": 1, "w": 2}', "a name stands there twice"),
    (b"\xff" * 8, "no JSON"),
    ({"w": 1}, "lacks a dtype"),
    ({"w": {}}, "lacks a dtype"),
    (entry(dtype=["F32"]), "which is no name"),
    (entry(shape=[-2, -2]), "no whole numbers from 0"),
    (entry(shape=[2.0, 2]), "no whole numbers from 0"),
    (entry(shape=[True, 4]), "no whole numbers from 0"),
    (entry(shape=[2**60, 2**60]), "no whole numbers from 0"),
    (entry(shape=[1] * 65), "no whole numbers from 0"),
    (entry(shape=[2, 3]), "claims 24 bytes"),
    (entry(shape=[2**40], data_offsets=[0, 2**42]), "in a file of"),
    (entry(data_offsets=[8, 24]), "in a file of"),
    (entry(data_offsets=[16, 0]), "claims 16 bytes"),
    (entry(data_offsets=[0, 16, 32]), "lacks a dtype"),
    ({"a": entry()["w"], "b": entry()["w"]}, "overlap"),
    ({}, "16 bytes after its last tensor"),
    ({"w": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}, "leave a gap"),
    (ONE | {"__metadata__": {"a": 1}}, "no mapping of strings"),
    (ONE | {"__metadata__": []}, "no mapping of strings"),
]


@pytest.mark.parametrize(("header", "why"), HOSTILE)
def test_a_damaged_header_is_refused(tmp_path: Path, header: Any, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        open_tensors(write(tmp_path / "a.safetensors", header))


def test_a_tensor_of_an_unknown_dtype_is_left_out_and_named(tmp_path: Path) -> None:
    file = open_tensors(write(tmp_path / "a.safetensors", entry(dtype="F31")))
    assert (list(file.tensors), file.left_out) == ([], ("w",))


@pytest.mark.parametrize("n", range(0, 90, 3))
def test_a_file_cut_short_is_refused(tmp_path: Path, n: int) -> None:
    path = write(tmp_path / "a.safetensors", ONE)
    whole = path.read_bytes()
    assert open_tensors(path).read("w").shape == (2, 2)
    path.write_bytes(whole[: min(n, len(whole) - 1)])
    with pytest.raises(UnreadableError):
        open_tensors(path)


def test_a_claimed_length_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", 2**62) + b"{}")
    tracemalloc.start()
    with pytest.raises(UnreadableError, match="its header claims 4611686018427387904 bytes"):
        open_tensors(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@settings(max_examples=200)
@given(data=st.data())
def test_no_change_of_bytes_does_worse_than_a_refusal(tmp_path_factory: Any, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.safetensors"
    safetensors.numpy.save_file({"a": np.ones(3), "b": np.ones((2, 2), np.int8)}, path, {"x": "y"})
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        file = open_tensors(path)
    except UnreadableError:
        return
    assert sum(file.read(name).nbytes for name in file.tensors) <= len(content)


def test_a_file_that_was_replaced_cut_or_removed_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.safetensors", ONE)
    file = open_tensors(path)
    os.replace(write(tmp_path / "b.safetensors", ONE), path)
    with pytest.raises(UnreadableError, match="it was replaced since"):
        file.read("w")
    assert not file.is_there()
    path.unlink()
    with pytest.raises(UnreadableError, match="No such file"):
        file.read("w")
    assert not file.is_there()


def test_a_state_tells_its_shapes_dtypes_and_size_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    safetensors.numpy.save_file({"w": np.ones((2, 3), np.float16), "e": np.empty((0, 4), bool)}, path)
    state = TensorState(open_tensors(path), names={"w": "w", "tied": "w", "e": "e"})
    path.unlink()
    assert state.shapes == {"w": (2, 3), "tied": (2, 3), "e": (0, 4)}
    assert state.dtypes == {"w": np.float16, "tied": np.float16, "e": np.bool_}
    assert state.n_bytes == 12
    assert "x" not in state
    with pytest.raises(KeyError):
        state["x"]
