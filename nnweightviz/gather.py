"""Makes a History of the lists that people have: state dicts, models, pairs, checkpoints.

Paths among them are opened (see ``opening``); not for how files are read (see ``storage``).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np

from nnweightviz.adapters import as_state, left_out
from nnweightviz.checkpoint import Checkpoint, LazyState, as_epoch, as_metrics, as_step
from nnweightviz.history import History
from nnweightviz.opening import open_history
from nnweightviz.points import Floats
from nnweightviz.words import counted, in_a_word

ACCEPTED = "state dicts, models, paths, (epoch, state) pairs or Checkpoints"


def as_history(checkpoints: Any, metrics: Mapping[str, Any] | None = None, model: Any = None) -> History:
    """Return a History of what is given.

    Parameters
    ----------
    checkpoints
        A list of state dicts, models, paths, ``(epoch, state)`` or Checkpoints, a History, or the path of a file, a
        folder or a pattern.
    metrics
        Name -> one value a checkpoint, or name -> ``(steps, values)``. A History given with metrics is taken as it
        is now: the result does not grow with it.
    model
        Whose names the parameters in files are to have; see :func:`nnweightviz.open`.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If it is empty, if the metrics do not fit, or if a file cannot be read.

    Warns
    -----
    UserWarning
        If several checkpoints share their memory, so that all show the weights of the last.
    """
    history = checkpoints if isinstance(checkpoints, History) else _opened(checkpoints, model)
    if len(history) == 0:
        raise ValueError("there are no checkpoints to show: record at least one, or pass the model alone")
    if not metrics:
        return history
    if not isinstance(metrics, Mapping):
        raise TypeError(f"metrics is {in_a_word(metrics)}; it takes a dict such as {{'loss': [0.7, 0.5]}}")
    if history is checkpoints:
        history = history[:]
    for name, values in metrics.items():
        history.add_metric(str(name), *_curve(history, str(name), values))
    return history


def _opened(checkpoints: Any, model: Any) -> History:
    if isinstance(checkpoints, str | os.PathLike):
        return open_history(checkpoints, model)
    return _from_list(checkpoints, model)


def _from_list(checkpoints: Any, model: Any) -> History:
    is_class = isinstance(checkpoints, type)
    if isinstance(checkpoints, Mapping) or (hasattr(checkpoints, "state_dict") and not is_class):
        raise TypeError(
            f"checkpoints is a single {type(checkpoints).__name__}; it takes a History or a list of {ACCEPTED}: "
            "put it in a list"
        )
    if not isinstance(checkpoints, Sequence | Iterator):
        raise TypeError(
            f"checkpoints is {in_a_word(checkpoints)}; it takes a History or a list of {ACCEPTED}"
        )
    items = list(checkpoints)
    _warn_if_shared(items)
    gathered = [_as_checkpoint(item, k, model) for k, item in enumerate(items)]
    if not _increase(
        [checkpoint.step for checkpoint in gathered]
    ):  # in files they are a hint, the list is the order
        gathered = [
            replace(checkpoint, step=None) if isinstance(checkpoint.state, LazyState) else checkpoint
            for checkpoint in gathered
        ]
    history = History()
    for checkpoint in gathered:
        history.append(checkpoint)
    return history


def _increase(steps: Sequence[int | None]) -> bool:
    known = [step for step in steps if step is not None]
    return len(known) == len(steps) and all(a < b for a, b in pairwise(known))


def _as_checkpoint(item: Any, k: int, model: Any) -> Checkpoint:
    """Return a Checkpoint with copies of the arrays; those in a file are read when they are asked for."""
    try:
        if isinstance(item, Checkpoint):
            step, epoch, metrics = as_step(item.step), as_epoch(item.epoch), as_metrics(item.metrics)
            copied = as_state(item.state)
            lacks = (*item.left_out, *left_out(item.state, copied))
            return Checkpoint(copied, step, epoch, metrics, lacks)
        epoch, state = _pair(item) if isinstance(item, tuple) else (None, item)
        if isinstance(state, str | os.PathLike):
            checkpoint = _only_checkpoint(state, model)
            return checkpoint if epoch is None else replace(checkpoint, epoch=epoch)
        copied = as_state(state)
        return Checkpoint(copied, None, epoch, left_out=left_out(state, copied))
    except TypeError as error:
        raise TypeError(f"checkpoint {k} cannot be read: {error}") from None


def _only_checkpoint(path: str | os.PathLike[str], model: Any) -> Checkpoint:
    history = open_history(path, model)
    if len(history) != 1:
        raise TypeError(
            f"{os.fspath(path)!r} holds {counted(len(history), 'checkpoint')}; in a list, a path is of one: pass this "
            "path alone, not in a list"
        )
    return history[0]


def _pair(item: tuple[Any, ...]) -> tuple[float | None, Any]:
    if len(item) != 2 or isinstance(item[0], bool) or not isinstance(item[0], Real):
        raise TypeError(
            f"a tuple must be (epoch, state); this one holds {', '.join(type(i).__name__ for i in item)}"
        )
    return as_epoch(item[0]), item[1]


def _warn_if_shared(items: Sequence[Any]) -> None:
    """People forget to copy: a state dict holds references, so all checkpoints become the last."""
    known: dict[frozenset[int], int] = {}
    for k, item in enumerate(items):
        state = item[1] if isinstance(item, tuple) and len(item) == 2 else item
        addresses = _addresses(state.state if isinstance(state, Checkpoint) else state)
        if addresses and addresses in known:
            warnings.warn(
                f"checkpoints {known[addresses]} and {k} share their memory, so they show the same weights: copy "
                "each when you take it, with copy.deepcopy(model.state_dict()), or use history.record(model)",
                UserWarning,
                stacklevel=5,
            )
            return
        known[addresses] = k


def _addresses(state: Any) -> frozenset[int]:
    """Where the arrays of a state lie in memory."""
    if hasattr(state, "state_dict") and not isinstance(state, type):
        state = state.state_dict()
    arrays = list(state.values()) if isinstance(state, Mapping) else []
    tensors = {int(a.data_ptr()) for a in arrays if hasattr(a, "data_ptr")}
    return frozenset(tensors | {a.ctypes.data for a in arrays if isinstance(a, np.ndarray) and a.size}) - {0}


def _curve(history: History, name: str, values: Any) -> tuple[Floats, Floats]:
    """Return x and y of a metric as it was given."""
    if isinstance(values, tuple) and len(values) == 2 and np.ndim(values[0]) == 1:
        x, y = _numbers(name, values[0]), _numbers(name, values[1])
        if x.shape != y.shape:
            raise ValueError(
                f"metric {name!r} has {counted(x.size, 'step')} but {counted(y.size, 'value')}; give as many of both"
            )
        order = np.argsort(x, kind="stable")
        return x[order], y[order]
    y = _numbers(name, values)
    if y.shape != (len(history),):
        raise ValueError(
            f"metric {name!r} has {counted(y.size, 'value')} for {counted(len(history), 'checkpoint')}; give one a "
            "checkpoint (NaN where there is none), or a pair (steps, values)"
        )
    there = ~np.isnan(y)
    return history.steps.astype(np.float64)[there], y[there]


def _numbers(name: str, values: Any) -> Floats:
    try:
        return np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError):
        raise TypeError(f"metric {name!r} is {values!r}; it takes a list of numbers") from None
