"""The folder behind a history: what is in it, and what goes into it once recording begins.

Not for the order of checkpoints nor for metrics in memory (see ``history``).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.checkpoint import QUANTITIES, Checkpoint
from nnweightviz.memory import Memory
from nnweightviz.storage import folder
from nnweightviz.storage.layout import METADATA, Layout, is_storable, little
from nnweightviz.storage.recorded import RecordedState
from nnweightviz.storage.snapshot import Snapshot
from nnweightviz.storage.stored import Signature, Stored
from nnweightviz.storage.tensors import TensorState
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
        self.n_left_out = 0
        self._memory = memory
        self._writer: Writer | None = None
        self._has_network = False
        self._seen: list[int] = []  # numbers of the files that were there, damaged ones too
        self._last: Checkpoint | None = None
        self._n_bytes = 0  # of the last checkpoint recorded

    def stored(self) -> Stored:
        """Return what the folder holds."""
        self._seen, self._last = [], None
        return self.news()

    def news(self) -> Stored:
        """Return what came into the folder since: all metrics, and the checkpoints that are new."""
        if not self.path.is_dir():
            return Stored(())
        stored = folder.read(self.path, self._seen[-1] if self._seen else -1)
        self._seen += stored.numbers
        if stored.checkpoints:
            self._last = stored.checkpoints[-1]
        return stored

    def is_as_seen(self) -> bool:
        """Whether all files that were seen are there still, and none was replaced: then new ones are all there is
        to know. Who goes back replaces or removes the last one.
        """
        numbers = folder.numbers(self.path) if self.path.is_dir() else []
        last = self._last.state if self._last is not None else None
        return numbers[: len(self._seen)] == self._seen and (
            not isinstance(last, TensorState) or last.file.is_there()
        )

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

    def is_full(self) -> bool:
        """Whether another checkpoint must be left out because the disk is slower than training; else wait for room."""
        writer, n_bytes = self.writer, self._n_bytes
        writer.check()
        if writer.has_room(n_bytes):
            return False
        if not self.thins:
            writer.wait_for_room(n_bytes)
        return self.thins

    def leave_out(self) -> None:
        """Count a checkpoint that is left out; the first is told to who called ``record``."""
        self.n_left_out += 1
        if self.n_left_out == 1:
            warnings.warn(
                f"the disk of {self.path} is slower than training: checkpoints are left out, their metrics are "
                "kept; history.n_left_out counts them",
                UserWarning,
                stacklevel=4,
            )

    def wait_for_room(self, n_bytes: int) -> None:
        """Wait until so much can be written; raises RecordingError if writing fails."""
        self.writer.wait_for_room(n_bytes)

    def add(self, checkpoint: Checkpoint) -> Checkpoint:
        """Let a checkpoint be written; return it with a state that is read from its file once it is there."""
        number = checkpoint.step
        if number is None:
            number = self._seen[-1] + 1 if self._seen else 0
        checkpoint, file = _laid_out(checkpoint, self._memory)
        name = folder.file_name(number)
        states = [checkpoint.state, *checkpoint.quantities.values()]
        self._seen.append(number)
        self._n_bytes = file.layout.n_bytes
        self.writer.put(Job(name, file, file.layout.n_bytes, partial(_written, states, self.path, name)))
        return checkpoint

    def remove(self, number: int) -> None:
        """Remove a checkpoint's file."""
        self._seen = [seen for seen in self._seen if seen != number]
        self.writer.put(Job(folder.file_name(number), None))

    def log(self, x: float, metrics: Mapping[str, float], has_steps: bool) -> None:
        """Add metrics between checkpoints."""
        line = folder.metrics_line(x, metrics, has_steps)
        self.writer.check()
        if not self.thins:
            self.writer.wait_for_room(len(line))
        self.writer.put(Job(folder.METRICS, [line], len(line), adds=True))

    def rewrite_metrics(self, curves: Mapping[str, tuple[Array, Array]], has_steps: bool) -> None:
        """Replace all metrics between checkpoints."""
        lines = [
            folder.metrics_line(float(x), {name: float(value)}, has_steps)
            for name, (xs, values) in curves.items()
            for x, value in zip(xs, values, strict=True)
        ]
        text = b"".join(lines)
        self.writer.put(Job(folder.METRICS, [text], len(text)))

    def keep_network(self, network: bytes | None) -> None:
        """Write the structure beside the checkpoints; None if it cannot be told, so that nobody tries again."""
        self._has_network = True
        if network is not None:
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


@dataclass(slots=True)
class _File:
    """What a checkpoint's file holds; its header is made as it is written, out of the way of training."""

    checkpoint: Checkpoint
    layout: Layout
    names: Mapping[str, str]
    data: Sequence[Any]
    time: float

    def __iter__(self) -> Iterator[Any]:
        tied = {name: kept for name, kept in self.names.items() if name != kept}
        yield self.layout.header(folder.metadata_of(self.checkpoint, tied, self.time))
        yield from self.data


def _laid_out(checkpoint: Checkpoint, memory: Memory) -> tuple[Checkpoint, _File]:
    """Return a checkpoint whose state is read from memory until its file is written, and that file."""
    state = checkpoint.state
    if isinstance(state, Snapshot) and not checkpoint.quantities and state.form.layout.is_storable:
        form = state.form
        release = partial(memory.give, state.piece) if form.memory is memory else None
        recorded = RecordedState(state, form.names, form.shapes, form.layout.n_bytes, release)
        checkpoint = Checkpoint(
            recorded, checkpoint.step, checkpoint.epoch, checkpoint.metrics, checkpoint.left_out
        )
        return checkpoint, _File(checkpoint, form.layout, form.names, [state.piece], time.time())
    tensors, names, lacks = _tensors(checkpoint)
    layout = Layout.of(tensors)
    quantities = {
        quantity: _recorded(tensors, of_it, layout)
        for quantity in checkpoint.quantities
        if (of_it := {n.partition("/")[2]: n for n in tensors if n.startswith(f"{quantity}/")})
    }
    checkpoint = replace(
        checkpoint,
        state=_recorded(tensors, names, layout),
        quantities=quantities,
        left_out=(*checkpoint.left_out, *lacks),
    )
    data = [_bytes(tensors[name]) for name in layout.in_order]
    return checkpoint, _File(checkpoint, layout, names, data, time.time())


def _recorded(tensors: Mapping[str, Array], names: Mapping[str, str], layout: Layout) -> RecordedState:
    places = {name: layout.tensors[kept] for name, kept in names.items()}
    n_bytes = sum(layout.tensors[kept].stop - layout.tensors[kept].start for kept in set(names.values()))
    return RecordedState(tensors, names, {name: place.shape for name, place in places.items()}, n_bytes)


def _tensors(checkpoint: Checkpoint) -> tuple[dict[str, Array], dict[str, str], list[str]]:
    """Return the arrays of a checkpoint by their names in the file, parameter -> that name, and what has no place
    there: dtypes that the format lacks. Arrays under several names are kept once.
    """
    tensors: dict[str, Array] = {}
    names: dict[str, str] = {}
    lacks = []
    firsts: dict[tuple[int, Any, Any, Any], str] = {}
    for name, given in checkpoint.state.items():
        array = np.asarray(given)
        place = (array.ctypes.data, array.dtype, array.shape, array.strides)
        if not is_storable(array.dtype) or name.partition("/")[0] in (METADATA, *QUANTITIES):
            lacks.append(name)
        elif array.size and place in firsts:
            names[name] = firsts[place]
        else:
            tensors[name], names[name] = array, name
            firsts[place] = name
    for quantity, arrays in checkpoint.quantities.items():
        given_arrays = {f"{quantity}/{name}": np.asarray(array) for name, array in arrays.items()}
        tensors |= {name: array for name, array in given_arrays.items() if is_storable(array.dtype)}
    return tensors, names, lacks


def _bytes(array: Array) -> memoryview:
    return np.ascontiguousarray(array, dtype=little(array.dtype)).reshape(-1).view(np.uint8).data


def _written(states: Sequence[Any], path: Path, name: str, signature: Signature | None) -> None:
    for state in states:
        state.written(path / name, signature)
