"""Weights that Keras 3 writes: ``.weights.h5`` and ``.keras``.

Not for the model's configuration, which is code in disguise: a ``.keras`` file's ``config.json`` is not even read. The
HDF5 library tells where each variable lies; its values are read there (see ``pieces``), so that the library's filters,
links and virtual datasets never come into play.

Variables are named as ``Variable.path`` has them, ``"dense/kernel"``: the file keeps the layers' names, and what
variables a layer of a kind has stands in :data:`VARIABLES`. A layer of another kind, or with another number of
variables, has ``"my_layer/0"``, ``"my_layer/1"``, in the order in which it holds them.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.storage.pieces import Piece, PieceState
from nnweightviz.storage.stored import UnreadableError, opened, signature
from nnweightviz.storage.zips import read_directory

WEIGHTS = "model.weights.h5"
KERNEL = ("kernel", "bias")
RECURRENT = ("kernel", "recurrent_kernel", "bias")
VARIABLES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("dense", "einsum_dense", "conv", "depthwise_conv", "conv_transpose"), KERNEL),
    "cell": RECURRENT,
    "separable_conv": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "embedding": ("embeddings",),
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "layer_normalization": ("gamma", "beta"),
    "group_normalization": ("gamma", "beta"),
    "p_re_lu": ("alpha",),
}
"""A layer's kind, as Keras writes it in the file -> its variables; a last one may be absent (a bias)."""
PROJECTIONS = ("query_dense", "key_dense", "value_dense", "output_dense")
"""What attention holds its parts as, each an EinsumDense."""
MAX_OBJECTS = 100_000
MAX_DEPTH = 40


def read(path: Path) -> Checkpoint:
    """Return the checkpoint in a ``.weights.h5`` or ``.keras`` file.

    Raises
    ------
    UnreadableError
        If it is no such file, a damaged one, if h5py is not installed, or if variables are chunked, compressed or
        elsewhere: Keras does not write such.
    """
    with opened(path) as file:
        known = signature(file)
        start, n_bytes = 0, known[0]
        if file.read(4) == b"PK\x03\x04":
            entry = read_directory(file, path).get(WEIGHTS)
            if entry is None or entry.is_deflated:
                raise UnreadableError(path, f"it is a zip file without a plain {WEIGHTS}, so none of Keras'")
            start, n_bytes = entry.start, entry.n_bytes
        pieces = _read_hdf5(_Window(file, start, n_bytes), path)
    if not pieces:
        raise UnreadableError(path, "it has no variables; save them with model.save_weights('….weights.h5')")
    moved = {name: Piece(piece.dtype, piece.shape, start + piece.start) for name, piece in pieces.items()}
    return Checkpoint(PieceState(path, known, moved))


class _Window(io.RawIOBase):
    """A stretch of a file, as a file of its own."""

    def __init__(self, file: BinaryIO, start: int, n_bytes: int) -> None:
        self._file, self._start, self.n_bytes, self._at = file, start, n_bytes, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self.n_bytes)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")[: max(0, self.n_bytes - self._at)]
        self._file.seek(self._start + self._at)
        n: int = self._file.readinto(view)  # type: ignore[attr-defined]
        self._at += n
        return n


def _read_hdf5(window: _Window, path: Path) -> dict[str, Piece]:
    try:
        import h5py
    except ImportError:
        raise UnreadableError(path, "Keras' files need h5py: pip install 'nnweightviz[keras]'") from None
    try:
        with h5py.File(window, "r") as opened_file:
            return _Reader(h5py, window.n_bytes, path).variables(opened_file)
    except UnreadableError:
        raise
    except Exception as error:  # the library raises whatever its parsing of damaged bytes ends in
        raise UnreadableError(path, f"it is no HDF5 file, or a damaged one: {str(error)[:200]}") from None


class _Reader:
    """Walks the groups of an HDF5 file, of hard links alone."""

    def __init__(self, h5py: Any, size: int, path: Path) -> None:
        self.h5py, self.size, self.path = h5py, size, path
        self.seen: set[int] = set()

    def variables(self, root: Any) -> dict[str, Piece]:
        if "model_weights" in root or "layer_names" in root.attrs:
            raise UnreadableError(
                self.path, "it is of Keras 2's HDF5 form; load it and save it with model.save('….keras')"
            )
        pieces: dict[str, Piece] = {}
        layers = sorted(self._layers(root, (), "", 0), key=lambda layer: layer[0])
        for _, names, kind, variables in layers:
            short = _variable_names(kind, [variable.shape for variable in variables])
            for name, variable in zip(short, variables, strict=True):
                full = "/".join((*names, name))
                if full in pieces:
                    full = f"{full}_{len(pieces)}"
                pieces[full] = self._piece(variable, full)
        return pieces

    def _layers(
        self, group: Any, names: tuple[str, ...], kind: str, depth: int
    ) -> Iterator[tuple[int, tuple[str, ...], str, list[Any]]]:
        """Where each group with variables lies, the names on the way to it, its kind, the variables in order.

        Groups are listed by name; where they lie tells the order in which Keras wrote the layers.
        """
        address = self.h5py.h5o.get_info(group.id).addr
        if address in self.seen or depth > MAX_DEPTH or len(self.seen) > MAX_OBJECTS:
            raise UnreadableError(
                self.path, "its groups lead back to each other, or are too deep or too many"
            )
        self.seen.add(address)
        groups, _ = self._members(group)
        own = groups.pop("vars", None)
        is_model = "layers" in groups
        if own is not None:
            given = own.attrs.get("name")
            if not is_model and depth:
                names = (*names, str(given)[:200] if isinstance(given, str | bytes) else kind)
            variables = self._members(own)[1]
            if variables:
                yield address, names, kind, [variables[key] for key in sorted(variables, key=_natural)]
        for key in sorted(groups, key=_natural):
            if depth or key != "optimizer":
                yield from self._layers(groups[key], names, _kind(key), depth + 1)

    def _members(self, group: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Groups and datasets in a group, by name; UnreadableError if it has links of any other kind."""
        groups, datasets = {}, {}
        if len(group) > MAX_OBJECTS:
            raise UnreadableError(self.path, f"a group has {len(group)} members")
        for key in group:
            if group.get(key, getlink=True, getclass=True) is not self.h5py.HardLink:
                raise UnreadableError(
                    self.path, f"{key[:80]!r} is a link to elsewhere, which Keras never writes"
                )
            thing = group[key]
            if isinstance(thing, self.h5py.Group):
                groups[key] = thing
            elif isinstance(thing, self.h5py.Dataset):
                datasets[key] = thing
        return groups, datasets

    def _piece(self, dataset: Any, name: str) -> Piece:
        dtype, shape = dataset.dtype, dataset.shape
        if dataset.attrs.get("dtype") == "bfloat16" and dtype.itemsize == 2:
            dtype = np.dtype(ml_dtypes.bfloat16)
        if shape is None or (dtype.kind not in "fiubc" and dtype != ml_dtypes.bfloat16):
            raise UnreadableError(self.path, f"variable {name[:80]!r} is none of numbers")
        n_bytes = math.prod(shape) * dtype.itemsize
        layout = dataset.id.get_create_plist().get_layout()
        start = dataset.id.get_offset() if n_bytes else 0
        if layout != self.h5py.h5d.CONTIGUOUS or dataset.external or start is None:
            raise UnreadableError(
                self.path,
                f"variable {name[:80]!r} is chunked, compressed or elsewhere, which Keras never writes",
            )
        if dataset.id.get_storage_size() != n_bytes or start + n_bytes > self.size:
            raise UnreadableError(
                self.path, f"variable {name[:80]!r} claims {n_bytes} bytes, which are not there"
            )
        return Piece(dtype, shape, start)


def _kind(key: str) -> str:
    """Return a layer's kind: ``"conv2d_transpose_3"`` -> ``"conv_transpose"``, ``"lstm_cell"`` -> ``"cell"``."""
    if key in PROJECTIONS:
        return "einsum_dense"
    kind = re.sub(r"(?<=conv)[123]d", "", re.sub(r"_\d+$", "", key))
    return "cell" if kind.endswith("_cell") else kind


def _variable_names(kind: str, shapes: list[tuple[int, ...]]) -> list[str]:
    names = VARIABLES.get(kind, ())
    n = len(shapes)
    is_whole = n == len(names) or (names[-1:] == ("bias",) and n == len(names) - 1)
    return list(names[:n]) if is_whole else [str(k) for k in range(n)]


def _natural(key: str) -> list[tuple[int, str]]:
    return [
        (int(part) if part.isdecimal() and len(part) < 19 else -1, part) for part in re.split(r"(\d+)", key)
    ]
