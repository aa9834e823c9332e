"""A model's parameters at one moment, in one piece of memory that lies as in a file.

Not for taking them (see ``snapshots``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.checkpoint import LazyState
from nnweightviz.memory import Memory, Piece
from nnweightviz.storage.layout import Layout

Array = NDArray[Any]


class Form:
    """What all snapshots of a model have in common.

    ``layout`` says where each parameter lies, ``memory`` where the pieces come from; ``names`` maps each parameter to
    the one that it is tied to, or to itself.
    """

    def __init__(self, layout: Layout, names: Mapping[str, str], memory: Memory) -> None:
        self.layout, self.names, self.memory = layout, names, memory
        self.shapes = {name: layout.tensors[kept].shape for name, kept in names.items()}


class Snapshot(LazyState):
    """Parameters in one piece of memory; each array is a view, made when it is asked for."""

    def __init__(self, piece: Piece, form: Form) -> None:
        self.piece, self.form = piece, form

    def __getitem__(self, name: str) -> Array:
        return self.form.layout.array(self.piece, self.form.names[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.form.names)

    def __len__(self) -> int:
        return len(self.form.names)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Name -> shape; the same object in all snapshots of one form."""
        return self.form.shapes

    @property
    def dtypes(self) -> Mapping[str, np.dtype[Any]]:
        """Name -> dtype."""
        return {name: self.form.layout.tensors[kept].dtype for name, kept in self.form.names.items()}

    @property
    def n_bytes(self) -> int:
        """How many bytes the parameters have."""
        return self.form.layout.n_bytes
