"""Signals: which unit of which group every entry of a tensor comes from.

A signal holds integer codes in the shape of its tensor. Reshaping the codes with the operation that reshaped
the tensor tells the layout, whatever it is. Not for finding out what happened to a tensor (see
``torch_operations``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nnweightviz.adapters.build import Columns

POSITIONS = 2**32  # a code is unit * POSITIONS + position; a negative code is no unit at all


@dataclass(eq=False)
class Signal:
    """What is known of a tensor: the units it carries, or only the groups that it was mixed from.

    ``codes`` is int64 in the tensor's shape, or None where units were mixed; ``operations`` name what mixed
    them. ``is_aside`` marks a module's second result (memory, attention weights): no group unless read.
    """

    groups: tuple[str, ...]
    codes: torch.Tensor | None = None
    operations: tuple[str, ...] = ()
    group: str | None = None
    is_aside: bool = False


def units_of(codes: torch.Tensor) -> torch.Tensor:
    """Return the unit number of each code, negative where there is none."""
    return torch.div(codes, POSITIONS, rounding_mode="floor")


def coded(units: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Return the codes of unit numbers at positions."""
    return units * POSITIONS + positions


def spread(units: torch.Tensor, shape: Sequence[int], axis: int) -> torch.Tensor:
    """Return codes of ``shape`` whose units lie along ``axis`` and whose positions number everything else."""
    n_positions = int(np.prod([n for k, n in enumerate(shape) if k != axis % len(shape)]))
    rest = [n for k, n in enumerate(shape) if k != axis % len(shape)]
    positions = torch.arange(n_positions).reshape(rest).unsqueeze(axis % len(shape))
    along = [1] * len(shape)
    along[axis] = -1
    return units.reshape(along) * POSITIONS + positions


class Units:
    """Numbers the units of all groups, so that a code can name one."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._groups: list[str] = []
        self._ranges: dict[str, tuple[int, int]] = {}
        self._n = 0

    def of(self, group: str, n_units: int) -> torch.Tensor:
        """Return the numbers of a group's units, int64 ``(n_units,)``; the same ones at every call."""
        if group not in self._ranges:
            self._starts.append(self._n)
            self._groups.append(group)
            self._ranges[group] = (self._n, n_units)
            self._n += n_units
        start, n = self._ranges[group]
        return torch.arange(start, start + n)

    def signal(self, group: str, n_units: int, shape: Sequence[int], axis: int = -1) -> Signal:
        """Return the signal of a tensor of ``shape`` that carries a group's units along ``axis``."""
        units = self.of(group, n_units)
        if not shape or shape[axis] != n_units:
            return Signal((group,), operations=("reshape",))
        return Signal((group,), spread(units, shape, axis))

    def groups(self, codes: torch.Tensor) -> tuple[str, ...]:
        """Return the groups that codes name, in the order in which they first appear."""
        units = units_of(codes).reshape(-1).numpy()
        known, first = np.unique(units, return_index=True)
        ordered = known[np.argsort(first)]
        owners = np.searchsorted(self._starts, ordered[ordered >= 0], side="right") - 1
        return tuple(dict.fromkeys(self._groups[k] for k in owners.tolist()))


def feature_axis(codes: torch.Tensor) -> int | None:
    """Return the one axis along which the units differ, or None."""
    units = units_of(codes)
    axes = (
        [k for k in range(units.ndim) if bool((units != units.narrow(k, 0, 1)).any())]
        if units.numel()
        else []
    )
    if not axes and units.numel():
        return next((k for k in range(units.ndim - 1, 0, -1) if units.shape[k] == 1), None)
    return axes[0] if len(axes) == 1 else None


def read_columns(units: Units, codes: torch.Tensor, rest_names: dict[str, str]) -> list[Columns] | None:
    """Return which columns of a kernel read which groups, or None where no strided view says so.

    ``codes`` are those of the kernel's input, ``(*rows, n_columns)``; columns without a unit are left out.
    """
    rows = codes.flatten(0, -2) if codes.ndim > 1 else codes[None]
    if rows.shape[0] == 0 or bool((units_of(rows) != units_of(rows[:1])).any()):
        return None
    numbers = units_of(rows[0]).numpy()
    positions = (rows[0] % POSITIONS).numpy()
    columns: list[Columns] = []
    for group in units.groups(rows[0]):
        start, n = int(units.of(group, 0)[0]), len(units.of(group, 0))
        where = np.flatnonzero((numbers >= start) & (numbers < start + n))
        part = as_columns(group, n, numbers[where] - start, positions[where], where)
        if part is None:
            return None
        repeated = bool(part.rest) and len(np.unique(positions[where])) == 1
        name = "copy" if repeated else rest_names.get(group, "position")
        columns.append(part if not part.rest else Columns(**{**part.__dict__, "rest_name": name}))
    return columns


def as_columns(
    group: str, n: int, units: NDArray[Any], positions: NDArray[Any], where: NDArray[Any]
) -> Columns | None:
    """Return where a group's units are read, from the unit, the position and the column of each reading, or None."""
    n_rest, left_over = divmod(len(where), max(1, n))
    if left_over or not n_rest or (np.bincount(units, minlength=n) != n_rest).any():
        return None
    table = where[np.lexsort((where, positions, units))].reshape(n, n_rest)  # (unit, rest) -> column
    stride = int(table[1, 0] - table[0, 0]) if n > 1 else 1
    rest = _strides(table[0])
    if rest is None or stride < 1:
        return None
    expected = table[0, 0] + stride * np.arange(n)[:, None] + (table[0] - table[0, 0])
    if (table != expected).any():
        return None
    return Columns(group, n, int(table[0, 0]), stride, rest)


def _strides(columns: NDArray[Any]) -> tuple[tuple[int, int], ...] | None:
    """Return ``(size, stride)`` pairs, slowest first, that enumerate ascending columns; None if there are
    none.
    """
    if len(columns) == 1:
        return ()
    steps = np.diff(columns)
    if steps[0] < 1:
        return None
    breaks = np.flatnonzero(steps != steps[0])
    run = int(breaks[0]) + 1 if len(breaks) else len(columns)
    if len(columns) % run:
        return None
    blocks = columns.reshape(-1, run)
    if (blocks - blocks[:, :1] != blocks[0] - blocks[0, 0]).any():
        return None
    outer = _strides(blocks[:, 0])
    return None if outer is None else (*outer, (run, int(steps[0])))
