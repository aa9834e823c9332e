"""Files that ``numpy.save``, ``numpy.savez`` and ``numpy.savez_compressed`` write.

Not for object arrays: they are pickles. An array in an ``.npz`` is read at its place in the zip; a deflated one is
inflated alone, when it is asked for.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.storage.labels import as_number, epoch_in, metrics_in, step_in
from nnweightviz.storage.pieces import Deflated, Piece, PieceState
from nnweightviz.storage.stored import UnreadableError, opened, read_bytes, signature
from nnweightviz.storage.zips import Entry, read_directory, read_entry

MAX_HEADER_BYTES = 10_000 + 12
READERS: dict[tuple[int, int], Callable[..., Any]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
MAX_ENTRIES = 2**47


def read(path: Path) -> Checkpoint:
    """Return the checkpoint in an ``.npz`` (array names are parameter names) or ``.npy`` (``"array"``).

    Numbers, that is arrays without dimensions, are steps, epochs and metrics by their names.

    Raises
    ------
    UnreadableError
        If it is no such file, a damaged one, or has no arrays of numbers.
    """
    with opened(path) as file:
        known = signature(file)
        if file.read(6) == b"\x93NUMPY":
            head = read_bytes(file, 0, min(known[0], MAX_HEADER_BYTES), path)
            pieces = {"array": _piece(head, 0, known[0], path)}
        else:
            entries = read_directory(file, path)
            pieces = {
                name.removesuffix(".npy"): _entry_piece(file, entry, path) for name, entry in entries.items()
            }
    readable = {name: piece for name, piece in pieces.items() if piece is not None}
    left_out = tuple(name for name in pieces if name not in readable)
    arrays = {name: piece for name, piece in readable.items() if piece.shape}
    if not arrays:
        raise UnreadableError(path, "it has no arrays of numbers; save them with numpy.savez(path, **state)")
    single = {
        name: piece for name, piece in readable.items() if not piece.shape and piece.dtype.kind in "iuf"
    }
    values = {name: as_number(value.item()) for name, value in PieceState(path, known, single).items()}
    numbers = {name: value for name, value in values.items() if value is not None}
    return Checkpoint(
        PieceState(path, known, arrays), step_in(numbers), epoch_in(numbers), metrics_in(numbers), left_out
    )


def _entry_piece(file: BinaryIO, entry: Entry, path: Path) -> Piece | None:
    head = read_entry(file, entry, path, MAX_HEADER_BYTES)
    if not entry.is_deflated:
        return _piece(head, entry.start, entry.n_bytes, path)
    piece = _piece(head, 0, entry.n_bytes, path)
    if piece is None:
        return None
    return Piece(piece.dtype, piece.shape, entry.start, piece.strides, Deflated(entry.n_stored, piece.start))


def _piece(head: bytearray, start: int, n_bytes: int, path: Path) -> Piece | None:
    """Return where an array lies whose file begins with ``head`` at ``start``; None if it is none of numbers."""
    source = io.BytesIO(head)
    try:
        shape, is_fortran, dtype = READERS[np.lib.format.read_magic(source)](source)
    except Exception:  # the library evaluates the header as a literal, which damaged ends in many ways
        return None
    if dtype.kind not in "fiubc" or any(type(n) is not int or not 0 <= n < MAX_ENTRIES for n in shape):
        return None
    if source.tell() + math.prod(shape) * dtype.itemsize != n_bytes:
        raise UnreadableError(
            path,
            f"an array claims the shape {shape} of {dtype}, but {n_bytes - source.tell()} bytes are there",
        )
    strides = tuple(math.prod(shape[:k]) for k in range(len(shape))) if is_fortran else None
    return Piece(dtype, tuple(shape), start + source.tell(), strides)
