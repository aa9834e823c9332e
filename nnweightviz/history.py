"""Ordered checkpoints of one run and its metrics, in memory. Not for drawing, and not for files (see ``storage``)."""

from __future__ import annotations

import math
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from nnweightviz.adapters import as_state
from nnweightviz.checkpoint import Checkpoint

ACCEPTED = "state dicts, models, (epoch, state) pairs or Checkpoints"


class History:
    """The checkpoints of one run and its metrics; metrics may be denser than the checkpoints.

    Appendable from one thread while others read. ``history[i]`` is a :class:`Checkpoint`, ``history[a:b:k]`` a
    History of those checkpoints without copying, ``history["fc.weight"]`` the array ``(n_checkpoints, *shape)``.

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
        self._points: dict[str, list[tuple[float, float]]] = {}
        self._listeners: list[weakref.WeakMethod[Callable[[], None]]] = []
        self.parameters: dict[str, tuple[int, ...]] = {}

    def record(self, model: Any, epoch: float | None = None, step: int | None = None, **metrics: float) -> None:
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
        self._append(Checkpoint(as_state(model), _step(step), _epoch(epoch), _numbers(metrics)))

    def _append(self, checkpoint: Checkpoint) -> None:
        with self._lock:
            self._check_step(checkpoint.step)
            shapes = {name: np.shape(array) for name, array in checkpoint.state.items()}
            for name, shape in shapes.items():
                if self.parameters.get(name, shape) != shape:
                    raise ValueError(
                        f"parameter {name!r} has shape {shape}, but {self.parameters[name]} in the checkpoints before; "
                        "a history is of one model: begin another for another"
                    )
            self.parameters |= shapes
            self._checkpoints.append(checkpoint)
            x = float(len(self._checkpoints) - 1) if checkpoint.step is None else float(checkpoint.step)
            for name, value in checkpoint.metrics.items():
                self._add_point(name, x, value)
        self._tell()

    def _check_step(self, step: int | None) -> None:
        if not self._checkpoints:
            return
        last = self._checkpoints[-1].step
        if (step is None) != (last is None):
            raise ValueError(
                "give every checkpoint a step, or none: "
                + (f"this one has none, the one before has step {last}" if step is None else f"this one has step {step}, the one before has none")
            )
        if step is not None and last is not None and step <= last:
            raise ValueError(f"step {step} does not come after step {last}, the last one recorded")

    def _add_point(self, name: str, x: float, value: float) -> None:
        points = self._points.setdefault(name, [])
        points.append((x, value))
        if len(points) > 1 and points[-2][0] > x:
            points.sort(key=lambda point: point[0])

    def log(self, step: int | None = None, epoch: float | None = None, **metrics: float) -> None:
        """Add metrics between checkpoints.

        Raises
        ------
        ValueError
            If the checkpoints know steps and none is given.
        """
        with self._lock:
            if step is None and self.knows_steps:
                raise ValueError("the checkpoints of this history have steps; give the step of these metrics too")
            x = float(max(0, len(self._checkpoints) - 1)) if step is None else float(step)
            for name, value in _numbers(metrics).items():
                self._add_point(name, x, value)
        self._tell()

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
            return self._view(range(len(self))[key])
        if not -len(self) <= key < len(self):
            raise IndexError(f"checkpoint {key} was asked for; this history has {len(self)}, 0 to {len(self) - 1}")
        return self._checkpoints[key]

    def __iter__(self) -> Iterator[Checkpoint]:
        return iter(list(self._checkpoints))

    def _trajectory(self, name: str) -> NDArray[Any]:
        if name not in self.parameters:
            raise KeyError(f"no checkpoint has a parameter {name!r}; there are: {', '.join(self.parameters)}")
        with self._lock:
            arrays = [checkpoint.state.get(name) for checkpoint in self._checkpoints]
        there = [array for array in arrays if array is not None]
        if len(there) == len(arrays):
            return np.stack(there)
        dtype = np.result_type(there[0].dtype, np.float32) if there[0].dtype.kind in "biu" else there[0].dtype
        stacked = np.full((len(arrays), *self.parameters[name]), np.nan, dtype=dtype)
        for k, array in enumerate(arrays):
            if array is not None:
                stacked[k] = array
        return stacked

    def _view(self, chosen: Sequence[int]) -> History:
        view = History()
        with self._lock:
            view._checkpoints = [self._checkpoints[k] for k in chosen]
            view.parameters = dict(self.parameters)
            if self.knows_steps:
                view._points = {name: list(points) for name, points in self._points.items()}
            else:
                where = {float(k): float(i) for i, k in enumerate(chosen)}
                kept = {n: [(where[x], v) for x, v in points if x in where] for n, points in self._points.items()}
                view._points = {name: points for name, points in kept.items() if points}
        return view

    def thin(self, n: int) -> History:
        """Return ``n`` checkpoints evenly spread over the history, the first and the last among them.

        Raises
        ------
        ValueError
            If ``n`` is less than 1.
        """
        if n < 1:
            raise ValueError(f"thin({n}) would leave nothing; give how many checkpoints to keep, at least 1")
        if n >= len(self):
            return self._view(range(len(self)))
        chosen = np.unique(np.linspace(0, len(self) - 1, n).round().astype(int)) if n > 1 else [len(self) - 1]
        return self._view([int(k) for k in chosen])

    @property
    def knows_steps(self) -> bool:
        """Whether the checkpoints know their optimiser steps."""
        return bool(self._checkpoints) and self._checkpoints[0].step is not None

    @property
    def knows_epochs(self) -> bool:
        """Whether any checkpoint knows its epoch."""
        return any(checkpoint.epoch is not None for checkpoint in self._checkpoints)

    @property
    def steps(self) -> NDArray[np.int64]:
        """Optimiser steps, ``(n_checkpoints,)``; 0, 1, 2, … if they are not known."""
        if not self.knows_steps:
            return np.arange(len(self), dtype=np.int64)
        return np.array([checkpoint.step for checkpoint in self._checkpoints], dtype=np.int64)

    @property
    def epochs(self) -> NDArray[np.float64]:
        """Epochs, ``(n_checkpoints,)``, NaN where not known."""
        return np.array([math.nan if c.epoch is None else c.epoch for c in self._checkpoints], dtype=np.float64)

    @property
    def metrics(self) -> dict[str, NDArray[np.float64]]:
        """Name -> one value a checkpoint, ``(n_checkpoints,)``, NaN where not recorded."""
        with self._lock:
            x = self.steps.astype(np.float64)
            return {name: _at(x, points) for name, points in self._points.items()}

    @property
    def log_metrics(self) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Name -> all points, ``(x, values)``: x in steps if they are known, else in checkpoints."""
        with self._lock:
            return {name: (np.array([p[0] for p in points]), np.array([p[1] for p in points])) for name, points in self._points.items()}

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a bound method after each record and log, as long as its object lives; returns how to stop."""
        reference: weakref.WeakMethod[Callable[[], None]] = weakref.WeakMethod(listener)  # type: ignore[type-var]
        with self._lock:
            self._listeners.append(reference)

        def unsubscribe() -> None:
            with self._lock:
                if reference in self._listeners:
                    self._listeners.remove(reference)

        return unsubscribe

    def _tell(self) -> None:
        with self._lock:
            listeners = [reference() for reference in self._listeners]
            self._listeners = [r for r, listener in zip(self._listeners, listeners, strict=True) if listener]
        for listener in listeners:
            if listener is not None:
                listener()

    def __repr__(self) -> str:
        n_values = sum(math.prod(shape) for shape in self.parameters.values())
        metrics = f", metrics {', '.join(self._points)}" if self._points else ""
        return f"History of {len(self)} checkpoints, {len(self.parameters)} parameters with {n_values} values{metrics}"


def as_history(checkpoints: Any, metrics: Mapping[str, Any] | None = None) -> History:
    """Return a History from what people have: a list of state dicts, models, ``(epoch, state)`` or Checkpoints.

    Parameters
    ----------
    checkpoints
        The list, or a History.
    metrics
        Name -> one value a checkpoint, or name -> ``(steps, values)``.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If it is empty, or if the metrics do not fit.
    """
    if isinstance(checkpoints, History):
        history = checkpoints
    else:
        history = _from_list(checkpoints)
    if len(history) == 0:
        raise ValueError("there are no checkpoints to show: record at least one, or pass the model alone")
    for name, values in (metrics or {}).items():
        _add_metric(history, str(name), values)
    return history


def _from_list(checkpoints: Any) -> History:
    if isinstance(checkpoints, (str, Path)):
        raise TypeError(f"checkpoints is a path ({checkpoints!r}); load the file first and pass a list of {ACCEPTED}")
    if isinstance(checkpoints, Mapping) or not isinstance(checkpoints, Sequence | Iterator):
        raise TypeError(f"checkpoints is a {type(checkpoints).__name__}; it takes a History or a list of {ACCEPTED}")
    items = list(checkpoints)
    _warn_if_shared(items)
    history = History()
    for k, item in enumerate(items):
        history._append(_as_checkpoint(item, k))
    return history


def _as_checkpoint(item: Any, k: int) -> Checkpoint:
    if isinstance(item, Checkpoint):
        return Checkpoint(as_state(item.state), _step(item.step), _epoch(item.epoch), _numbers(item.metrics))
    epoch = None
    if isinstance(item, tuple):
        if len(item) != 2 or isinstance(item[0], bool) or not isinstance(item[0], int | float | np.number):
            raise TypeError(f"checkpoint {k} is a tuple of {len(item)}; a tuple must be (epoch, state)")
        epoch, item = _epoch(item[0]), item[1]
    if isinstance(item, (str, Path)):
        raise TypeError(f"checkpoint {k} is a path ({item!r}); load the file first and pass {ACCEPTED}")
    try:
        return Checkpoint(as_state(item), None, epoch)
    except TypeError as error:
        raise TypeError(f"checkpoint {k} cannot be read: {error}") from None


def _warn_if_shared(items: Sequence[Any]) -> None:
    """People forget to copy: a state dict holds references, and all checkpoints become the last."""
    states = [item[1] if isinstance(item, tuple) and len(item) == 2 else item for item in items]
    states = [state.state if isinstance(state, Checkpoint) else state for state in states]
    addresses = [_address(state) for state in states]
    known = [address for address in addresses if address is not None]
    if len(known) > 1 and len(set(known)) < len(known):
        warnings.warn(
            "several checkpoints share the same memory, so they all show the same weights: copy them when you take "
            "them (copy.deepcopy(model.state_dict())), or use history.record(model)",
            stacklevel=4,
        )


def _address(state: Any) -> int | None:
    """Where the first array of a state lies in memory."""
    if hasattr(state, "state_dict"):
        state = state.state_dict()
    first = next((v for v in state.values() if getattr(v, "shape", ())), None) if isinstance(state, Mapping) else None
    if first is None:
        return None
    if hasattr(first, "data_ptr"):
        return int(first.data_ptr()) or None
    return int(first.__array_interface__["data"][0]) if isinstance(first, np.ndarray) else None


def _add_metric(history: History, name: str, values: Any) -> None:
    if isinstance(values, tuple) and len(values) == 2 and np.ndim(values[0]) == 1:
        x, y = np.asarray(values[0], dtype=np.float64), np.asarray(values[1], dtype=np.float64)
        if x.shape != y.shape:
            raise ValueError(f"metric {name!r} has {len(x)} steps but {len(y)} values")
    else:
        x, y = history.steps.astype(np.float64), np.asarray(values, dtype=np.float64)
        if y.shape != x.shape:
            raise ValueError(
                f"metric {name!r} has {y.size} values for {len(history)} checkpoints; give one a checkpoint "
                "(NaN where there is none), or a pair (steps, values)"
            )
    for at, value in zip(x, y, strict=True):
        history._add_point(name, float(at), float(value))


def _at(x: NDArray[np.float64], points: list[tuple[float, float]]) -> NDArray[np.float64]:
    values = dict(points)
    return np.array([values.get(float(at), math.nan) for at in x])


def _step(step: Any) -> int | None:
    if step is None:
        return None
    if isinstance(step, bool) or int(step) != step or step < 0:
        raise ValueError(f"step is {step!r}; it counts optimiser steps: a whole number from 0")
    return int(step)


def _epoch(epoch: Any) -> float | None:
    if epoch is None:
        return None
    value = float(epoch)
    return int(value) if value.is_integer() else value


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    numbers = {}
    for name, value in metrics.items():
        try:
            numbers[str(name)] = float(value)
        except (TypeError, ValueError):
            raise TypeError(f"metric {name!r} is {value!r}; a metric is one number") from None
    return numbers
