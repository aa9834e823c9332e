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


class Snapshot(LazyState):
    """Parameters in one piece of memory, taken from ``memory``; each array is a view, made when it is asked for.

    ``names`` maps each parameter to the one that it is tied to, or to itself.
    """

    def __init__(
        self,
        piece: Piece,
        layout: Layout,
        names: Mapping[str, str],
        shapes: Mapping[str, tuple[int, ...]],
        memory: Memory,
    ) -> None:
        self.piece, self.layout, self.names, self.memory = piece, layout, names, memory
        self._shapes = shapes

    def __getitem__(self, name: str) -> Array:
        return self.layout.array(self.piece, self.names[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Name -> shape; the same object in all snapshots of one layout."""
        return self._shapes

    @property
    def dtypes(self) -> Mapping[str, np.dtype[Any]]:
        """Name -> dtype."""
        return {name: self.layout.tensors[kept].dtype for name, kept in self.names.items()}

    @property
    def n_bytes(self) -> int:
        """How many bytes the parameters have."""
        return self.layout.n_bytes
