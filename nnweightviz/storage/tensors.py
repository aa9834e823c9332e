"""One safetensors file: its header, checked against the file's true size, and its tensors, read one at a time.

Not for what the names mean (see ``folder`` and ``single``). The library's own reader knows neither bf16 nor fp8 as
arrays, and reads no metadata without opening all; the format is at https://github.com/huggingface/safetensors.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from nnweightviz.checkpoint import LazyState
from nnweightviz.storage.stored import UnreadableError, open_again, opened, read_into, signature

DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "F8_E4M3": np.dtype(ml_dtypes.float8_e4m3fn),
    "F8_E5M2": np.dtype(ml_dtypes.float8_e5m2),
    "F8_E8M0": np.dtype(ml_dtypes.float8_e8m0fnu),
    "C64": np.dtype("<c8"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
"""The format's name of a dtype -> the dtype of the array."""
UNKNOWN = np.dtype("V0")
"""Of tensors whose dtype arrays cannot have; how many bytes they take is what their offsets say."""
NAMES = {dtype: name for name, dtype in DTYPES.items()}
MAX_HEADER_BYTES = 25_000_000
"""Some hundred thousand tensors; a longer header is refused before it is read."""
MAX_DIMENSIONS = 64
MAX_BYTES = 2**47


@dataclass(frozen=True)
class Tensor:
    """Where one tensor lies in a file: ``start`` and ``stop`` in bytes from the file's beginning."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class TensorFile:
    """A safetensors file whose header was read and checked; its tensors are read when they are asked for.

    ``left_out`` names the tensors of dtypes that arrays cannot have, such as F4.
    """

    path: Path
    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    signature: tuple[int, ...]
    left_out: tuple[str, ...] = ()

    def read(self, name: str, row: int | None = None) -> NDArray[Any]:
        """Return a tensor, or one row of it (along its first dimension), reading nothing else.

        Raises
        ------
        KeyError
            If there is no such tensor.
        UnreadableError
            If the file is gone, or another one now.
        """
        tensor = self.tensors[name]
        start, shape = tensor.start, tensor.shape
        if row is not None:
            shape = shape[1:]
            start += row * math.prod(shape) * tensor.dtype.itemsize
        data = np.empty(math.prod(shape) * tensor.dtype.itemsize, np.uint8)
        with open_again(self.path, self.signature) as file:
            read_into(file, data.data, start, self.path)
        return data.view(tensor.dtype).reshape(shape)


class TensorState(LazyState):
    """The parameters of one checkpoint in a safetensors file, each read when it is asked for.

    ``row`` chooses one checkpoint of a stacked file; ``names`` maps the parameters that this checkpoint has to the
    tensors that hold them.
    """

    def __init__(
        self, file: TensorFile, row: int | None = None, names: Mapping[str, str] | None = None
    ) -> None:
        self.file, self._row = file, row
        self._names = {name: name for name in file.tensors} if names is None else names

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.file.read(self._names[name], self._row)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape, known without reading."""
        skipped = 0 if self._row is None else 1
        return {name: self.file.tensors[kept].shape[skipped:] for name, kept in self._names.items()}

    @property
    def n_bytes(self) -> int:
        """How many bytes the tensors have."""
        tensors = [self.file.tensors[name] for name in set(self._names.values())]
        whole = [tensor.stop - tensor.start for tensor in tensors]
        if self._row is None:
            return sum(whole)
        return sum(n // max(1, tensor.shape[0]) for n, tensor in zip(whole, tensors, strict=True))


def open_tensors(path: Path) -> TensorFile:
    """Return a safetensors file with its header read and checked.

    Raises
    ------
    UnreadableError
        If it is no safetensors file, or a damaged one. Memory taken is bounded by the file's size.
    """
    with opened(path) as file:
        known = signature(file)
        size = known[0]
        if size < 8:
            raise UnreadableError(path, f"it is no safetensors file: of {size} bytes only")
        beginning = os.read(file.fileno(), min(size, 4096))
        (length,) = struct.unpack("<Q", beginning[:8])
        if length > min(size - 8, MAX_HEADER_BYTES):
            raise UnreadableError(
                path,
                f"its header claims {length} bytes, but the file has {size} and {MAX_HEADER_BYTES} are accepted; "
                "it is truncated, or no safetensors file",
            )
        header = bytearray(length)
        there = beginning[8 : 8 + length]
        header[: len(there)] = there
        read_into(file, memoryview(header)[len(there) :], 8 + len(there), path)
    entries = _parsed(header, path)
    metadata = _metadata(entries.pop("__metadata__", {}), path)
    tensors = {name: _tensor(name, entry, 8 + length, size, path) for name, entry in entries.items()}
    _check_cover(tensors, 8 + length, size, path)
    readable = {name: tensor for name, tensor in tensors.items() if tensor.dtype.itemsize}
    return TensorFile(path, readable, metadata, known, tuple(n for n in tensors if n not in readable))


def _parsed(header: bytearray, path: Path) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        entries = dict(pairs)
        if len(entries) < len(pairs):
            raise ValueError("a name stands there twice")
        return entries

    try:
        entries = json.loads(header, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(path, f"its header is no JSON that the format allows: {error}") from None
    if not isinstance(entries, dict):
        raise UnreadableError(path, "its header is no JSON object")
    return entries


def _metadata(metadata: Any, path: Path) -> dict[str, str]:
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise UnreadableError(path, "its metadata is no mapping of strings")
    return metadata


def _tensor(name: str, entry: Any, begin: int, size: int, path: Path) -> Tensor:
    """Return one entry of a header, checked: the shape is of as many bytes as the offsets say, inside the file."""
    try:
        dtype, shape, (first, last) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise UnreadableError(path, f"tensor {name[:80]!r} lacks a dtype, a shape or two offsets") from None
    if not isinstance(dtype, str):
        raise UnreadableError(
            path, f"tensor {name[:80]!r} is of the dtype {str(dtype)[:40]!r}, which is no name"
        )
    known = DTYPES.get(dtype, UNKNOWN)
    numbers = (*shape, first, last)
    if len(shape) > MAX_DIMENSIONS or any(type(n) is not int or not 0 <= n < MAX_BYTES for n in numbers):
        raise UnreadableError(
            path, f"tensor {name[:80]!r} has a shape or offsets that are no whole numbers from 0"
        )
    n_bytes = math.prod(shape) * known.itemsize
    if (known is not UNKNOWN and last - first != n_bytes) or first > last or begin + last > size:
        raise UnreadableError(
            path,
            f"tensor {name[:80]!r} claims {n_bytes} bytes at {begin + first} to {begin + last}, in a file of {size}",
        )
    return Tensor(known, shape, begin + first, begin + last)


def _check_cover(tensors: Mapping[str, Tensor], begin: int, size: int, path: Path) -> None:
    """The tensors lie side by side: none overlaps another, nothing is between or after them."""
    at = begin
    for tensor in sorted(tensors.values(), key=lambda tensor: (tensor.start, tensor.stop)):
        if tensor.start != at:
            what = "overlap" if tensor.start < at else "leave a gap"
            raise UnreadableError(path, f"its tensors {what} at byte {min(tensor.start, at)}")
        at = tensor.stop
    if at != size:
        raise UnreadableError(path, f"it has {size - at} bytes after its last tensor")
