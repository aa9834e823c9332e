"""The parameters of a checkpoint while it is being written: in memory at first, then in its file.

Not for the writing (see ``writer``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.checkpoint import LazyState, dtypes_of
from nnweightviz.storage.stored import Signature, UnreadableError
from nnweightviz.storage.tensors import TensorState, open_tensors

Array = NDArray[Any]


class RecordedState(LazyState):
    """Parameters that are read from memory until they are written, and from then on from their file.

    ``tensors`` maps the names of the file's tensors to arrays in memory; ``names`` the parameters to those names;
    ``n_bytes`` counts the bytes of the parameters; ``release`` is called once the memory is not needed any more.
    """

    def __init__(
        self,
        tensors: Mapping[str, Array],
        names: Mapping[str, str],
        shapes: Mapping[str, tuple[int, ...]],
        n_bytes: int,
        release: Callable[[], object] | None = None,
    ) -> None:
        self._tensors: Mapping[str, Array] | None = tensors
        self._names, self._shapes, self._release = names, shapes, release
        self._path: Path | None = None
        self._signature: Signature | None = None
        self._file: TensorState | None = None
        self._n_bytes = n_bytes
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> Array:
        kept = self._names[name]
        with self._lock:
            if self._tensors is not None:
                return np.array(self._tensors[kept], copy=True)  # the memory is for the next checkpoint soon
            if self._file is None and self._path is not None:
                self._file = self._opened(self._path)
            state = self._file
        if state is None:
            raise KeyError(name)
        return state[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Name -> shape."""
        return self._shapes

    @property
    def dtypes(self) -> Mapping[str, np.dtype[Any]]:
        """Name -> dtype, known without reading as long as it is in memory."""
        with self._lock:
            tensors, file = self._tensors, self._file
        if tensors is not None:
            of_tensors = dtypes_of(tensors)
            return {name: of_tensors[kept] for name, kept in self._names.items()}
        return file.dtypes if file is not None else super().dtypes

    @property
    def n_bytes(self) -> int:
        """How many bytes the parameters have."""
        return self._n_bytes

    @property
    def is_durable(self) -> bool:
        """Whether it is on the disk, name and all."""
        return self._path is not None

    def _opened(self, path: Path) -> TensorState:
        file = open_tensors(path)
        if file.signature != self._signature:
            raise UnreadableError(path, "it was replaced since it was recorded; open the history again")
        return TensorState(file, names=self._names)

    def written(self, path: Path, signature: Signature | None) -> None:
        """Read from the file from now on."""
        with self._lock:
            self._path, self._signature, self._tensors = path, signature, None
        if self._release is not None:
            self._release()
            self._release = None


def is_durable(state: Mapping[str, Array]) -> bool:
    """Whether a state read from, or written to, a folder is on the disk for good."""
    return not isinstance(state, RecordedState) or state.is_durable
