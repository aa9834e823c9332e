"""Ordered checkpoints and their metrics, as they are read.

Not for recording (see ``history``) nor for the form of files (see ``storage``).
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from nnweightviz.checkpoint import QUANTITIES, Checkpoint, common_dtype, n_bytes_of, shapes_of
from nnweightviz.network import Network
from nnweightviz.points import Floats, Metrics, Points
from nnweightviz.storage import single
from nnweightviz.storage.stored import Stored
from nnweightviz.storage.structure import network_json, network_of
from nnweightviz.words import counted, printable

Listener = Callable[[], object]


class Checkpoints:
    """Ordered checkpoints of one run and its metrics; one thread may add to them while others read."""

    def __init__(self) -> None:
        self.notes: tuple[str, ...] = ()
        """Sentences on what was opened: how it was ordered, what was left out and why."""
        self.revision = 0
        """Counts how often checkpoints were taken out or replaced: their numbers are of others since then."""
        self._lock = threading.RLock()
        self._checkpoints: list[Checkpoint] = []
        self._points = Points()
        self._parameters: dict[str, tuple[int, ...]] = {}
        self._last_shapes: object = None  # of the last checkpoint; most histories have the same object in all
        self._knows_steps: bool | None = None
        self._plain_network: Any = None
        self._listeners: list[Callable[[], Listener | None]] = []

    @classmethod
    def of(cls, stored: Stored) -> Self:
        """Return what was found in files; it is read, not recorded into."""
        checkpoints = cls()
        checkpoints._take(stored)
        return checkpoints

    def _take(self, stored: Stored) -> None:
        """Hold what was found in files, instead of what was held before."""
        with self._lock:
            self._checkpoints, self._parameters, self._last_shapes = [], {}, None
            self._knows_steps, self.notes = None, ()
            self._grow(stored)

    def _grow(self, stored: Stored) -> None:
        """Hold what was found in files beside what is held; metrics between checkpoints are all in ``stored``."""
        self._points = Points()
        for name, points in stored.points.items():
            for x, value in points:
                self._points.add(x, {name: value})
        for k, checkpoint in enumerate(self._checkpoints):
            self._points.add(self._x(k), checkpoint.metrics)
        for checkpoint in stored.checkpoints:
            self._check_shapes(checkpoint)
            self._hold(checkpoint)
        self._plain_network = stored.network
        self.notes = tuple(dict.fromkeys((*self.notes, *stored.notes)))
        if self._points and self._knows_steps is None:
            self._knows_steps = True

    def _hold(self, checkpoint: Checkpoint) -> None:
        """Add a checkpoint, whose shapes were checked, to what is held."""
        shapes = shapes_of(checkpoint.state)
        if shapes is not self._last_shapes:
            self._parameters, self._last_shapes = self._parameters | dict(shapes), shapes
        self._knows_steps = checkpoint.step is not None
        at = len(self) if checkpoint.step is None else checkpoint.step
        self._points.add(float(at), checkpoint.metrics)  # first: who sees a checkpoint sees its metrics
        self._checkpoints.append(checkpoint)

    def _x(self, k: int) -> float:
        """Where a checkpoint stands among the metrics: at its step, or at its number."""
        step = self._checkpoints[k].step
        return float(k if step is None else step)

    def _last_before(self, x: float) -> float | None:
        """Where the last checkpoint before x stands, or None."""
        return next((before for before in map(self._x, reversed(range(len(self)))) if before < x), None)

    def _check_kind(self, step: int | None) -> None:
        if self._knows_steps is not None and self._knows_steps != (step is not None):
            this, those = ("has no step", "do") if step is None else (f"has step {step}", "do not")
            raise ValueError(
                f"checkpoint {len(self)} {this}, but those before it {those}; give a step to all of them or to none"
            )

    def _check_shapes(self, checkpoint: Checkpoint) -> None:
        shapes = shapes_of(checkpoint.state)
        for name, shape in shapes.items() if shapes is not self._last_shapes else ():
            before = self._parameters.get(name, shape)
            if before != shape:
                raise ValueError(
                    f"parameter {name!r} has shape {shape} in checkpoint {len(self)}, but {before} in those before; "
                    "a history is of one model: begin another History for another"
                )

    def add_metric(self, name: str, x: Sequence[float] | Floats, values: Sequence[float] | Floats) -> None:
        """Add a whole curve, in memory: ``x`` in steps if they are known, else in checkpoints (0-based)."""
        with self._lock:
            for at, value in zip(x, values, strict=True):
                self._points.add(float(at), {name: float(value)})
        self._tell()

    def __len__(self) -> int:
        return len(self._checkpoints)

    @overload
    def __getitem__(self, key: int) -> Checkpoint: ...
    @overload
    def __getitem__(self, key: slice) -> Self: ...
    @overload
    def __getitem__(self, key: str) -> NDArray[Any]: ...
    def __getitem__(self, key: int | slice | str) -> Checkpoint | Self | NDArray[Any]:
        if isinstance(key, str):
            return self._trajectory(key)
        if isinstance(key, slice):
            if key.step is not None and key.step < 0:
                raise ValueError(
                    f"history[{key.start}:{key.stop}:{key.step}] runs backwards; a history cannot"
                )
            return self._view(range(len(self))[key])
        n = len(self)
        if not -n <= key < n:
            there = f"it has {n}, 0 to {n - 1}" if n else "it has none"
            raise IndexError(f"checkpoint {key} was asked of a history; {there}")
        return self._checkpoints[key]

    def __iter__(self) -> Iterator[Checkpoint]:
        return iter(list(self._checkpoints))

    def _trajectory(self, name: str) -> NDArray[Any]:
        quantity, _, own = name.partition("/")
        with self._lock:
            if quantity in QUANTITIES:
                states = [checkpoint.quantities.get(quantity, {}) for checkpoint in self._checkpoints]
            else:
                states, own = [checkpoint.state for checkpoint in self._checkpoints], name
        there = [own in state for state in states]
        if not any(there):
            has = f"they have: {', '.join(self.parameters)}" if self.parameters else "there are none at all"
            raise KeyError(f"no checkpoint has a parameter {name!r}; {has}")
        arrays = [state[own] for state, has in zip(states, there, strict=True) if has]
        dtype = common_dtype(array.dtype for array in arrays)
        if all(there):
            return np.stack(arrays, dtype=dtype)
        dtype = np.dtype(np.float64) if dtype.kind in "biu" else dtype
        stacked = np.full((len(states), *arrays[0].shape), np.nan, dtype)
        stacked[there] = arrays
        return stacked

    def _view(self, chosen: Sequence[int]) -> Self:
        view = type(self)()
        with self._lock:
            x = [self._x(k) for k in chosen]
            for k in chosen:
                view._checkpoints.append(self._checkpoints[k])
                view._parameters |= shapes_of(self._checkpoints[k].state)
            view._knows_steps = self._knows_steps if view._checkpoints else None
            view._points = self._points.within(
                x, x if self._knows_steps else [float(k) for k in range(len(x))]
            )
            view._plain_network, view.notes = self._plain_network, self.notes
        return view

    def thin(self, n: int) -> Self:
        """Return ``n`` checkpoints evenly spread over the history, the first and the last among them.

        Raises
        ------
        ValueError
            If ``n`` is less than 2 (and there are more checkpoints than that).
        """
        if n >= len(self):
            return self._view(range(len(self)))
        if n < 2:
            raise ValueError(f"thin({n}) would lose the first or the last checkpoint; keep at least 2")
        return self._view([round(k * (len(self) - 1) / (n - 1)) for k in range(n)])

    @property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of all that any checkpoint has."""
        return dict(self._parameters)

    @property
    def knows_steps(self) -> bool:
        """Whether the checkpoints know their optimiser steps."""
        return bool(self._knows_steps)

    @property
    def knows_epochs(self) -> bool:
        """Whether any checkpoint knows its epoch."""
        return any(checkpoint.epoch is not None for checkpoint in self)

    @property
    def steps(self) -> NDArray[np.int64]:
        """Optimiser steps, ``(n_checkpoints,)``; 0, 1, 2, … if they are not known."""
        return np.array([k if c.step is None else c.step for k, c in enumerate(self)], dtype=np.int64)

    @property
    def epochs(self) -> Floats:
        """Epochs, ``(n_checkpoints,)``, NaN where not known."""
        return np.array([math.nan if c.epoch is None else c.epoch for c in self], dtype=np.float64)

    @property
    def metrics(self) -> Metrics[Floats]:
        """Name -> one value a checkpoint, ``(n_checkpoints,)``, NaN where not recorded."""
        with self._lock:
            return self._points.at([self._x(k) for k in range(len(self))])

    @property
    def log_metrics(self) -> Metrics[tuple[Floats, Floats]]:
        """Name -> all points, ``(x, values)``: x in steps if they are known, else in checkpoints (0-based)."""
        with self._lock:
            return self._points.curves()

    @property
    def network(self) -> Network | None:
        """The structure that was kept with the checkpoints, or None; ValueError if it is damaged."""
        return None if self._plain_network is None else network_of(self._plain_network)

    @property
    def n_bytes_per_checkpoint(self) -> int:
        """How much memory, or disk, one checkpoint takes: that of the last one.

        Raises
        ------
        ValueError
            If there is none yet.
        """
        if not self._checkpoints:
            raise ValueError("there is no checkpoint yet to tell the size from: record one first")
        last = self._checkpoints[-1]
        states = (last.state, *last.quantities.values())
        return sum(n_bytes_of(state) for state in states)

    def save(self, path: str | Path) -> Path:
        """Write all checkpoints to one safetensors file, whole or not at all, each parameter stacked.

        Parameters
        ----------
        path
            Ends in ``.safetensors``; a file of that name is replaced.

        Raises
        ------
        ValueError
            If the history is empty, or the path ends otherwise.
        OSError
            If the file cannot be written.
        """
        path = Path(path)
        if path.suffix != ".safetensors" or not len(self):
            what = f"{path} does not end in .safetensors" if len(self) else "the history has no checkpoints"
            raise ValueError(f"nothing was saved: {what}")
        with self._lock:
            checkpoints, network = list(self._checkpoints), self.network
        plain = None if network is None else network_json(network)
        single.write(path, checkpoints, self.log_metrics, plain)
        return path

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener()`` after each record and log; return a function that stops it.

        A bound method is held weakly: it is called as long as its object lives.
        """
        is_bound = hasattr(listener, "__self__")
        reference: Callable[[], Listener | None] = (
            weakref.WeakMethod(listener) if is_bound else lambda: listener
        )
        with self._lock:
            self._listeners.append(reference)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = [known for known in self._listeners if known is not reference]

        return unsubscribe

    def _tell(self) -> None:
        """Call the listeners, outside the lock: they read the history, perhaps on threads of their own."""
        if not self._listeners:
            return
        with self._lock:
            living = [(reference, reference()) for reference in self._listeners]
            self._listeners = [reference for reference, listener in living if listener is not None]
        for _, listener in living:
            if listener is not None:
                listener()

    def __repr__(self) -> str:
        n_values = sum(math.prod(shape) for shape in self.parameters.values())
        metrics = f", metrics {', '.join(self._points)}" if self._points else ""
        return printable(
            f"{type(self).__name__} of {counted(len(self), 'checkpoint')}, "
            f"{counted(len(self.parameters), 'parameter')} with {counted(n_values, 'value')}{metrics}"
        )
