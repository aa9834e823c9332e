"""The folder behind a history: what is in it, and what goes into it once recording begins.

Not for the order of checkpoints nor for metrics in memory (see ``history``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.checkpoint import Checkpoint, shapes_of
from nnweightviz.memory import Memory
from nnweightviz.storage import folder
from nnweightviz.storage.layout import Layout, is_storable, little
from nnweightviz.storage.recorded import RecordedState
from nnweightviz.storage.snapshot import Snapshot
from nnweightviz.storage.stored import Stored
from nnweightviz.storage.writer import Job, RecordingError, Writer

Array = NDArray[Any]


class Run:
    """One history folder; locked and written to from the first record on."""

    def __init__(self, path: Path, memory: Memory, thins: bool) -> None:
        if path.exists() and not path.is_dir():
            raise RecordingError(
                f"{path} is a file; a history is recorded into a folder: give the path of one, or read the file "
                f"with nnweightviz.open({str(path)!r})"
            )
        self.path, self.thins = path, thins
        self._memory = memory
        self._writer: Writer | None = None
        self._has_network = False

    def stored(self, beyond: int = -1) -> Stored:
        """Return what the folder holds: all metrics, and the checkpoints whose number is larger than ``beyond``."""
        return folder.read(self.path, beyond) if self.path.is_dir() else Stored(())

    def numbers(self) -> list[int]:
        """Return the numbers of the checkpoints in the folder, in order."""
        return folder.numbers(self.path) if self.path.is_dir() else []

    @property
    def is_recording(self) -> bool:
        """Whether the folder is locked by this history."""
        return self._writer is not None

    def begin(self) -> None:
        """Lock the folder; raises RecordingError if it cannot be recorded into."""
        if self._writer is None:
            self._writer = Writer(self.path)
            self._has_network = (self.path / folder.NETWORK).exists()

    @property
    def writer(self) -> Writer:
        """What writes; recording must have begun."""
        assert self._writer is not None
        return self._writer

    def is_full(self, n_bytes: int) -> bool:
        """Whether a checkpoint must be left out because the disk is slower than training; else wait for room."""
        self.writer.check()
        if self.thins and not self.writer.has_room(n_bytes):
            return True
        self.writer.wait_for_room(n_bytes)
        return False

    def add(self, checkpoint: Checkpoint, number: int) -> Checkpoint:
        """Let a checkpoint be written; return it with a state that is read from its file once it is there."""
        state, release = checkpoint.state, None
        data: list[Any]
        if isinstance(state, Snapshot) and not checkpoint.quantities:
            layout, names, data = state.layout, state.names, [state.piece]
            tensors: Mapping[str, Array] = {name: layout.array(state.piece, name) for name in layout.tensors}
            release = partial(self._memory.give, state.piece)
        else:
            tensors, names, lacks = _tensors(checkpoint)
            checkpoint = replace(checkpoint, left_out=(*checkpoint.left_out, *lacks))
            layout = Layout.of(tensors)
            data = [_bytes(tensors[name]) for name in layout.in_order]
        of_weights = {
            name: kept for name, kept in names.items() if kept.partition("/")[0] not in checkpoint.quantities
        }
        shapes = shapes_of(state) if len(of_weights) == len(state) else _shapes(layout, of_weights)
        recorded = RecordedState(tensors, of_weights, shapes, release)
        quantities = {
            quantity: RecordedState(tensors, of_it, _shapes(layout, of_it))
            for quantity in checkpoint.quantities
            if (of_it := {n.partition("/")[2]: n for n in tensors if n.startswith(f"{quantity}/")})
        }
        checkpoint = replace(checkpoint, state=recorded, quantities=quantities)
        name = folder.file_name(number)
        tied = {n: kept for n, kept in of_weights.items() if n != kept}
        header = layout.header(folder.metadata_of(checkpoint, tied))
        states = [recorded, *quantities.values()]
        written = partial(_written, states, self.path / name)
        self.writer.put(Job(name, [header, *data], len(header) + layout.n_bytes, written))
        return checkpoint

    def remove(self, number: int) -> None:
        """Remove a checkpoint's file."""
        self.writer.put(Job(folder.file_name(number), None))

    def log(self, x: float, metrics: Mapping[str, float], has_steps: bool) -> None:
        """Add metrics between checkpoints."""
        self.writer.check()
        self.writer.put(Job(folder.METRICS, [folder.metrics_line(x, metrics, has_steps)], adds=True))

    def rewrite_metrics(self, curves: Mapping[str, tuple[Array, Array]], has_steps: bool) -> None:
        """Replace all metrics between checkpoints."""
        lines = [
            folder.metrics_line(float(x), {name: float(value)}, has_steps)
            for name, (xs, values) in curves.items()
            for x, value in zip(xs, values, strict=True)
        ]
        self.writer.put(Job(folder.METRICS, lines))

    def keep_network(self, network: bytes) -> None:
        """Write the structure beside the checkpoints."""
        self._has_network = True
        self.writer.put(Job(folder.NETWORK, [network], len(network)))

    @property
    def lacks_network(self) -> bool:
        """Whether the folder has no structure yet."""
        return not self._has_network

    def flush(self) -> None:
        """Wait until all is on the disk; raises RecordingError."""
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Write what waits and let the folder go; raises RecordingError."""
        if self._writer is not None:
            self._writer.close()


def _tensors(checkpoint: Checkpoint) -> tuple[dict[str, Array], dict[str, str], list[str]]:
    """Return the arrays of a checkpoint by their names in the file, parameter -> that name, and what has no place
    there: dtypes that the format lacks. Arrays under several names are kept once.
    """
    tensors: dict[str, Array] = {}
    names: dict[str, str] = {}
    lacks = []
    firsts: dict[tuple[int, Any, Any], str] = {}
    for name, array in checkpoint.state.items():
        array = np.asarray(array)
        place = (array.ctypes.data, array.shape, array.strides)
        if not is_storable(array):
            lacks.append(name)
        elif array.size and place in firsts:
            names[name] = firsts[place]
        else:
            tensors[name], names[name] = array, name
            firsts[place] = name
    for quantity, arrays in checkpoint.quantities.items():
        tensors |= {
            f"{quantity}/{name}": np.asarray(a) for name, a in arrays.items() if is_storable(np.asarray(a))
        }
    return tensors, names, lacks


def _shapes(layout: Layout, names: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    return {name: layout.tensors[kept].shape for name, kept in names.items()}


def _bytes(array: Array) -> memoryview:
    return np.ascontiguousarray(array, dtype=little(array.dtype)).reshape(-1).view(np.uint8).data


def _written(states: Sequence[RecordedState], path: Path) -> None:
    for state in states:
        state.written(path)
