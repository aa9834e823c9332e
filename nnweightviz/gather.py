"""What people have in their hands (state dicts, models, pairs) as a History. Not for files (see ``storage``)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnweightviz.adapters import as_state
from nnweightviz.checkpoint import Checkpoint, address_of, as_epoch, as_metrics, as_step
from nnweightviz.history import History

ACCEPTED = "state dicts, models, (epoch, state) pairs or Checkpoints"


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
    history = checkpoints if isinstance(checkpoints, History) else _from_list(checkpoints)
    if len(history) == 0:
        raise ValueError("there are no checkpoints to show: record at least one, or pass the model alone")
    for name, values in (metrics or {}).items():
        _add_metric(history, str(name), values)
    return history


def _from_list(checkpoints: Any) -> History:
    if isinstance(checkpoints, (str, Path)):
        raise TypeError(
            f"checkpoints is a path ({checkpoints!r}); load the file first and pass a list of {ACCEPTED}"
        )
    if isinstance(checkpoints, Mapping) or not isinstance(checkpoints, Sequence | Iterator):
        raise TypeError(
            f"checkpoints is a {type(checkpoints).__name__}; it takes a History or a list of {ACCEPTED}"
        )
    items = list(checkpoints)
    _warn_if_shared(items)
    history = History()
    for k, item in enumerate(items):
        history.append(_as_checkpoint(item, k))
    return history


def _as_checkpoint(item: Any, k: int) -> Checkpoint:
    if isinstance(item, Checkpoint):
        return Checkpoint(
            as_state(item.state), as_step(item.step), as_epoch(item.epoch), as_metrics(item.metrics)
        )
    epoch = None
    if isinstance(item, tuple):
        if len(item) != 2 or isinstance(item[0], bool) or not isinstance(item[0], int | float | np.number):
            raise TypeError(f"checkpoint {k} is a tuple of {len(item)}; a tuple must be (epoch, state)")
        epoch, item = as_epoch(item[0]), item[1]
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
    addresses = [address_of(state) for state in states]
    known = [address for address in addresses if address is not None]
    if len(known) > 1 and len(set(known)) < len(known):
        warnings.warn(
            "several checkpoints share the same memory, so they all show the same weights: copy them when you take "
            "them (copy.deepcopy(model.state_dict())), or use history.record(model)",
            stacklevel=4,
        )


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
        history.add_point(name, float(at), float(value))
