"""Arrays that lie somewhere in a file: where, how they are laid out, and how one of them is read.

Not for finding out where they lie (see ``torch_files``, ``array_files``, ``keras_files``).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.checkpoint import LazyState
from nnweightviz.storage.stored import UnreadableError, open_again, read_bytes


@dataclass(frozen=True)
class Deflated:
    """How an array lies in a deflated stretch: the stretch's bytes in the file, and those before the array."""

    n_bytes: int
    skipped: int


@dataclass(frozen=True)
class Piece:
    """One array in a file: ``start`` in bytes from the file's beginning (of the stretch, if that is deflated).

    ``strides`` are in entries; None says row by row, without gaps.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    strides: tuple[int, ...] | None = None
    deflated: Deflated | None = None

    @property
    def n_bytes(self) -> int:
        """Bytes from the array's first entry to its last; 0 if it has none."""
        if self.strides is None or 0 in self.shape:
            return math.prod(self.shape) * self.dtype.itemsize
        steps = zip(self.shape, self.strides, strict=True)
        return (1 + sum((n - 1) * stride for n, stride in steps)) * self.dtype.itemsize


class PieceState(LazyState):
    """Parameters by name that are read from one file, each when it is asked for."""

    def __init__(self, path: Path, signature: tuple[int, ...], pieces: Mapping[str, Piece]) -> None:
        self._path, self._signature, self._pieces = path, signature, dict(pieces)

    def __getitem__(self, name: str) -> NDArray[Any]:
        piece = self._pieces[name]
        if 0 in piece.shape:
            return np.empty(piece.shape, piece.dtype)
        with open_again(self._path, self._signature) as file:
            if piece.deflated is None:
                data = read_bytes(file, piece.start, piece.n_bytes, self._path)
            else:
                data = read_bytes(file, piece.start, piece.deflated.n_bytes, self._path)
        if piece.deflated is not None:
            data = inflated(data, piece.deflated.skipped + piece.n_bytes, self._path)
            data = data[piece.deflated.skipped :]
        return _laid_out(data, piece)

    def __iter__(self) -> Iterator[str]:
        return iter(self._pieces)

    def __len__(self) -> int:
        return len(self._pieces)

    def __contains__(self, name: object) -> bool:
        return name in self._pieces

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape, known without reading."""
        return {name: piece.shape for name, piece in self._pieces.items()}


def _laid_out(data: bytearray, piece: Piece) -> NDArray[Any]:
    entries = np.frombuffer(data, piece.dtype)
    if piece.strides is None:
        array = entries.reshape(piece.shape)
    else:
        strides = tuple(stride * piece.dtype.itemsize for stride in piece.strides)
        array = np.lib.stride_tricks.as_strided(entries, piece.shape, strides).copy("C")
    return array if piece.dtype.isnative else array.astype(piece.dtype.newbyteorder("="))


def inflated(data: bytes | bytearray, n_bytes: int, path: Path) -> bytearray:
    """Return the first ``n_bytes`` of what was deflated, taking memory for no more; UnreadableError if there are
    fewer.
    """
    try:
        given = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, n_bytes)
    except zlib.error as error:
        raise UnreadableError(path, f"it is damaged: {error}") from None
    if len(given) != n_bytes:
        raise UnreadableError(path, f"it is damaged: {len(given)} bytes where it claims {n_bytes}")
    return bytearray(given)
