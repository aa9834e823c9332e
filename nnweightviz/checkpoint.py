"""The parameters at one moment, and how their names match a network's.

Not for keeping many of them (see ``history``), nor for reading files (see ``storage``).
"""

from __future__ import annotations

import math
import os
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.words import in_a_word

WRAPPERS = ("module.", "_orig_mod.")
"""What ``DataParallel``/``DistributedDataParallel`` and ``torch.compile`` put before a parameter's name."""
MAX_STEP = 10**18


class LazyState(Mapping[str, NDArray[Any]]):
    """Parameters by name that are read when they are asked for, their shapes known before."""

    @property
    @abstractmethod
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Name -> shape, known without reading."""

    @property
    def dtypes(self) -> Mapping[str, np.dtype[Any]]:
        """Name -> dtype; here they are read, where a form of file knows them it says so."""
        return {name: array.dtype for name, array in self.items()}

    @property
    def n_bytes(self) -> int:
        """How many bytes all parameters have together, each counted once however many names it has."""
        return sum(array.nbytes for array in self.values())


def n_bytes_of(state: Mapping[str, NDArray[Any]]) -> int:
    """Return how many bytes the arrays of a state have together, read as little as there is to."""
    return state.n_bytes if isinstance(state, LazyState) else sum(array.nbytes for array in state.values())


def shapes_of(state: Mapping[str, NDArray[Any]]) -> Mapping[str, tuple[int, ...]]:
    """Return name -> shape of a state, reading nothing."""
    if isinstance(state, LazyState):
        return state.shapes
    return {name: np.shape(array) for name, array in state.items()}


QUANTITIES = ("gradients", "updates")
"""What may be recorded beside the weights; by name, ``gradients/fc.weight`` is that of parameter ``fc.weight``."""


def dtypes_of(state: Mapping[str, NDArray[Any]]) -> Mapping[str, np.dtype[Any]]:
    """Return name -> dtype of a state, read as little as there is to."""
    if isinstance(state, LazyState):
        return state.dtypes
    return {name: np.asarray(array).dtype for name, array in state.items()}


def common_dtype(dtypes: Iterable[np.dtype[Any]]) -> np.dtype[Any]:
    """Return the dtype that holds the values of all; numpy knows none of two kinds of 16 or 8 bits."""

    def common(one: np.dtype[Any], other: np.dtype[Any]) -> np.dtype[Any]:
        try:
            return one if one == other else np.result_type(one, other)
        except TypeError:
            return np.dtype(np.float32 if max(one.itemsize, other.itemsize) <= 2 else np.float64)

    return reduce(common, dtypes)


@dataclass(frozen=True)
class Checkpoint:
    """The parameters at one moment of training.

    ``state`` maps a parameter's name to its array; ``step`` counts optimiser steps, ``epoch`` passes over the data;
    ``metrics`` maps names to numbers; ``left_out`` names entries that were given with the state but are no arrays;
    ``quantities`` maps what was recorded beside the weights (``gradients``, ``updates``) to arrays by parameter.
    """

    state: Mapping[str, NDArray[Any]]
    step: int | None = None
    epoch: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    quantities: Mapping[str, Mapping[str, NDArray[Any]]] = field(default_factory=dict)

    def places(self) -> dict[str, tuple[Mapping[str, NDArray[Any]], str]]:
        """Return all names, ``gradients/fc.weight`` among them -> the mapping that has it, and its name there."""
        places = {name: (self.state, name) for name in self.state}
        for quantity, arrays in self.quantities.items():
            places |= {f"{quantity}/{name}": (arrays, name) for name in arrays}
        return places


@dataclass(frozen=True)
class Match:
    """How the names of a state fit a network: parameter -> name in the state, what is missing, what is extra."""

    names: dict[str, str]
    missing: tuple[str, ...]
    extra: tuple[str, ...]


def strip_wrappers(name: str) -> str:
    """Return a name without the wrappers' prefixes, in whatever order and at whatever depth they stand.

    Examples
    --------
    >>> strip_wrappers("_orig_mod.module.encoder._orig_mod.fc.weight")
    'encoder.fc.weight'
    """
    *modules, last = name.split(".")
    return ".".join([module for module in modules if f"{module}." not in WRAPPERS] + [last])


def match_names(
    parameters: Mapping[str, tuple[int, ...]], state: Mapping[str, NDArray[Any]], checkpoint: int = 0
) -> Match:
    """Match the entries of a state to a network's parameters, with and without wrappers' prefixes.

    Parameters
    ----------
    parameters
        Name -> shape, as the network has them.
    state
        Name -> array.
    checkpoint
        Its 0-based number, for the message.

    Raises
    ------
    ValueError
        If no name matches (checkpoints of another model), or if a shape differs.
    """
    stripped = {strip_wrappers(name): name for name in reversed(list(state))}
    names: dict[str, str] = {}
    shapes = shapes_of(state)
    for name in parameters:
        found = name if name in state else stripped.get(strip_wrappers(name))
        if found is not None and (found == name or found not in parameters):
            names[name] = found
    if parameters and not names:
        raise ValueError(
            f"checkpoint {checkpoint} seems to be of another model: none of its entries ({_examples(state)}) is a "
            f"parameter of the model ({_examples(parameters)}); pass the model that the checkpoints were taken from"
        )
    for name, found in names.items():
        given, expected = tuple(shapes[found]), tuple(parameters[name])
        if given != expected:
            raise ValueError(
                f"checkpoint {checkpoint} has {found!r} of shape {given}, but the model's {name!r} has shape "
                f"{expected}; pass the model that the checkpoints were taken from"
            )
    missing = tuple(name for name in parameters if name not in names)
    used = set(names.values())
    return Match(names, missing, tuple(name for name in state if name not in used))


def _examples(names: Iterable[str], most: int = 3) -> str:
    listed = list(names)
    return ", ".join(map(repr, listed[:most])) + (", …" if len(listed) > most else "")


def changes(before: Mapping[str, NDArray[Any]], after: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return after - before of what is in both, in float32 where the dtype is coarser: updates are small."""
    changed = {}
    for name in before.keys() & after.keys():
        dtype = before[name].dtype if before[name].dtype in (np.float32, np.float64) else np.float32
        with np.errstate(invalid="ignore", over="ignore"):
            changed[name] = np.asarray(after[name].astype(dtype) - before[name].astype(dtype))
    return {name: changed[name] for name in before if name in changed}


def as_step(step: Any) -> int | None:
    """Return an optimiser step, or None; ValueError unless it is a whole number from 0, below 10^18."""
    if step is None:
        return None
    if type(step) is int and 0 <= step < MAX_STEP:  # as almost always
        return step
    is_number = isinstance(step, Real) and not isinstance(step, bool)
    if not is_number or not 0 <= step < MAX_STEP or not float(step).is_integer():
        raise ValueError(
            f"step is {step!r:.60}; it counts optimiser steps: a whole number from 0, below 10^18"
        )
    return int(step)


def as_epoch(epoch: Any) -> float | None:
    """Return an epoch as a number (whole if it is), or None; ValueError unless it is a finite number."""
    if epoch is None:
        return None
    try:
        value = float(epoch)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"epoch is {epoch!r}; it counts passes over the data: a number")
    return int(value) if value.is_integer() else value


def as_path(path: Any) -> Path:
    """Return a path; TypeError if it is none, ValueError if it is empty."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"the path is {in_a_word(path)}; it takes that of a folder or a file, as text or a pathlib.Path"
        )
    if not os.fspath(path):
        raise ValueError("the path is empty; give that of a folder or a file, '.' for the folder you are in")
    return Path(path)


def as_number(value: Any) -> float:
    """Return one number; a tensor is read without a warning that it carries a gradient."""
    return float(value.item() if hasattr(value, "item") else value)


def as_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return metrics as numbers by name; TypeError names one that is none."""
    numbers = {}
    for name, value in metrics.items():
        try:
            numbers[str(name)] = as_number(value)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            raise TypeError(f"metric {name!r} is {value!r}; a metric is one number") from None
    return numbers
