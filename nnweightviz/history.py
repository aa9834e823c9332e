"""Ordered checkpoints of one run and its metrics, in memory.

Not for drawing, nor for files (see ``storage``), nor for lists of what people have (see ``gather``).
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from nnweightviz.adapters import as_state, left_out
from nnweightviz.checkpoint import Checkpoint, as_epoch, as_metrics, as_step, shapes_of
from nnweightviz.words import counted

Floats = NDArray[np.float64]
Value = TypeVar("Value")
Listener = Callable[[], object]


class Metrics(dict[str, Value], Generic[Value]):
    """Metrics by name; a name that is not there is answered with those that are."""

    def __missing__(self, name: str) -> Value:
        raise KeyError(f"there is no metric {name!r}; there are: {', '.join(self) or 'none'}")


class History:
    """The checkpoints of one run and its metrics; metrics may be denser than the checkpoints.

    One thread may record while others read. ``history[i]`` is a :class:`Checkpoint`, ``history[a:b:k]`` a History
    of those checkpoints as they are now (nothing is copied), ``history["fc.weight"]`` the array
    ``(n_checkpoints, *shape)``, NaN where a checkpoint lacks it.

    Examples
    --------
    >>> history = History()
    >>> for epoch in range(3):
    ...     history.record({"fc.weight": np.full((1, 2), epoch)}, epoch=epoch, loss=1 / (epoch + 1))
    >>> len(history), history["fc.weight"].shape, history.metrics["loss"].round(2).tolist()
    (3, (3, 1, 2), [1.0, 0.5, 0.33])
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._checkpoints: list[Checkpoint] = []
        self._points: dict[str, list[tuple[float, float]]] = {}  # by x, in steps or checkpoints
        self._parameters: dict[str, tuple[int, ...]] = {}
        self._knows_steps: bool | None = None
        self._listeners: list[Callable[[], Listener | None]] = []

    def record(
        self, model: Any, epoch: float | None = None, step: int | None = None, **metrics: float
    ) -> None:
        """Append a copy of a model's parameters; training on does not change it.

        Parameters
        ----------
        model
            A torch model, or a state dict.
        epoch, step
            Passes over the data, optimiser steps; both optional. Steps must increase.
        metrics
            Numbers by name.

        Raises
        ------
        TypeError
            If ``model`` is neither, or a metric is no number.
        ValueError
            If the step does not increase, if steps are given for some checkpoints only, or if a parameter changes
            its shape.
        """
        state, step, epoch = as_state(model), as_step(step), as_epoch(epoch)
        self.append(Checkpoint(state, step, epoch, as_metrics(metrics), left_out(model, state)))

    def append(self, checkpoint: Checkpoint) -> None:
        """Append a checkpoint as it is, without a copy; raises what :meth:`record` raises."""
        with self._lock:
            self._check_step(checkpoint.step)
            self._parameters = self._with_shapes(checkpoint)
            self._knows_steps = checkpoint.step is not None
            x = len(self._checkpoints) if checkpoint.step is None else checkpoint.step
            self._checkpoints.append(checkpoint)
            self._add_points(float(x), checkpoint.metrics)
        self._tell()

    def _check_step(self, step: int | None) -> None:
        if self._knows_steps is not None and self._knows_steps != (step is not None):
            this, those = ("has no step", "do") if step is None else (f"has step {step}", "do not")
            raise ValueError(
                f"checkpoint {len(self)} {this}, but those before it {those}; give a step to all of them or to none"
            )
        last = self._checkpoints[-1].step if self._checkpoints else None
        if step is not None and last is not None and step <= last:
            raise ValueError(f"step {step} does not come after step {last}, the last one recorded")

    def _with_shapes(self, checkpoint: Checkpoint) -> dict[str, tuple[int, ...]]:
        shapes = shapes_of(checkpoint.state)
        for name, shape in shapes.items():
            before = self._parameters.get(name, shape)
            if before != shape:
                raise ValueError(
                    f"parameter {name!r} has shape {shape} in checkpoint {len(self)}, but {before} in those before; "
                    "a history is of one model: begin another History for another"
                )
        return self._parameters | dict(shapes)

    def log(self, *, step: int | None = None, epoch: float | None = None, **metrics: float) -> None:
        """Add metrics between checkpoints.

        Parameters
        ----------
        step
            The optimiser step that they belong to. Needed unless checkpoints are recorded without steps; then the
            metrics belong to the last one.
        epoch
            Accepted beside a step, for loops that have both at hand; metrics are kept by step.
        metrics
            Numbers by name.

        Raises
        ------
        TypeError
            If a metric is no number.
        ValueError
            If a step is given and checkpoints have none, or the other way round.
        """
        as_epoch(epoch)
        x, values = as_step(step), as_metrics(metrics)
        with self._lock:
            if self._knows_steps is None and x is None:
                raise ValueError(
                    "there is no checkpoint yet that these metrics could belong to; give their step"
                )
            if self._knows_steps is not None and self._knows_steps != (x is not None):
                have = "have steps; give" if self._knows_steps else "have no steps; leave out"
                raise ValueError(f"the checkpoints of this history {have} the step of these metrics too")
            self._knows_steps = x is not None
            self._add_points(float(len(self) - 1 if x is None else x), values)
        self._tell()

    def add_metric(self, name: str, x: Sequence[float] | Floats, values: Sequence[float] | Floats) -> None:
        """Add a whole curve: ``x`` in steps if the history knows steps, else in checkpoints (0-based)."""
        with self._lock:
            for at, value in zip(x, values, strict=True):
                self._add_points(float(at), {name: float(value)})
        self._tell()

    def _add_points(self, x: float, values: Mapping[str, float]) -> None:
        """Add points in the order of x; what is known already is not added twice."""
        for name, value in values.items():
            points = self._points.setdefault(name, [])
            if points and points[-1] == (x, value):
                continue
            points.append((x, value))
            if len(points) > 1 and points[-2][0] > x:
                points.sort(key=lambda point: point[0])

    def __len__(self) -> int:
        return len(self._checkpoints)

    @overload
    def __getitem__(self, key: int) -> Checkpoint: ...
    @overload
    def __getitem__(self, key: slice) -> History: ...
    @overload
    def __getitem__(self, key: str) -> NDArray[Any]: ...
    def __getitem__(self, key: int | slice | str) -> Checkpoint | History | NDArray[Any]:
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
        with self._lock:
            arrays = [checkpoint.state.get(name) for checkpoint in self._checkpoints]
        there = [array for array in arrays if array is not None]
        if not there:
            has = f"they have: {', '.join(self.parameters)}" if self.parameters else "there are none at all"
            raise KeyError(f"no checkpoint has a parameter {name!r}; {has}")
        dtype = np.result_type(*{array.dtype for array in there})
        if len(there) < len(arrays) and dtype.kind in "biu":
            dtype = np.dtype(np.float64)
        blank = np.full(there[0].shape, np.nan, dtype) if len(there) < len(arrays) else there[0]
        return np.stack([blank if array is None else array for array in arrays], dtype=dtype)

    def _view(self, chosen: Sequence[int]) -> History:
        view = History()
        with self._lock:
            view._checkpoints = [self._checkpoints[k] for k in chosen]
            view._parameters = {n: s for c in view._checkpoints for n, s in shapes_of(c.state).items()}
            view._knows_steps = self._knows_steps if view._checkpoints else None
            x = [float(k) for k in (self.steps[list(chosen)] if self._knows_steps else chosen)]
            new_x = x if self._knows_steps else [float(k) for k in range(len(x))]
            for name, points in self._points.items() if x else ():
                inside = [
                    (float(np.interp(at, x, new_x)), value) for at, value in points if x[0] <= at <= x[-1]
                ]
                if inside:
                    view._points[name] = inside
        return view

    def thin(self, n: int) -> History:
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
    def metrics(self) -> dict[str, Floats]:
        """Name -> one value a checkpoint, ``(n_checkpoints,)``, NaN where not recorded."""
        with self._lock:
            steps, known = self.steps.tolist(), {name: dict(p) for name, p in self._points.items()}
        return Metrics({n: np.array([at.get(x, math.nan) for x in steps]) for n, at in known.items()})

    @property
    def log_metrics(self) -> dict[str, tuple[Floats, Floats]]:
        """Name -> all points, ``(x, values)``: x in steps if they are known, else in checkpoints (0-based)."""
        with self._lock:
            points = {name: np.array(points).reshape(-1, 2) for name, points in self._points.items()}
        return Metrics({name: (both[:, 0].copy(), both[:, 1].copy()) for name, both in points.items()})

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
        with self._lock:
            living = [(reference, reference()) for reference in self._listeners]
            self._listeners = [reference for reference, listener in living if listener is not None]
        for _, listener in living:
            if listener is not None:
                listener()

    def __repr__(self) -> str:
        n_values = sum(math.prod(shape) for shape in self.parameters.values())
        metrics = f", metrics {', '.join(self._points)}" if self._points else ""
        return (
            f"History of {counted(len(self), 'checkpoint')}, {counted(len(self.parameters), 'parameter')} with "
            f"{counted(n_values, 'value')}{metrics}"
        )
