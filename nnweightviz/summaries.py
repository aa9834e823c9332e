"""How large each parameter is at every checkpoint and how far it has moved: norms, update sizes, NaN and infinities.

Not for keeping weights (see ``history``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz import blocks

Entry = dict[str, Any]
QUANTITIES = ("norm", "update_norm", "n_odd")
"""Names of what is summarised: ‖w(t)‖, ‖w(t) − w(t−1)‖, and how many entries of w(t) are NaN or infinite."""
CHUNK = 1 << 18
"""Entries that are squared together: they stay in the processor's cache, and nothing is copied as a whole."""
SAFE_SQUARES = (1e-30, 1e30)
"""Sums of squares of float32 numbers that have lost nothing to underflow, and not overflowed."""


class Summaries:
    """Three numbers a parameter and checkpoint, float64 ``(n_checkpoints, n_parameters)`` each.

    ``names`` gives the order of the parameters. What a checkpoint lacks is NaN in all three; the update size is NaN
    at the first checkpoint too, and the norm of a parameter that holds a NaN is NaN (of infinite ones, infinite).

    Examples
    --------
    >>> summaries = Summaries(["w"])
    >>> summaries.record({"w": np.array([3.0, 4.0])})
    >>> summaries.record({"w": np.array([3.0, 5.0])})
    >>> summaries.values("norm").round(3).tolist(), summaries.values("update_norm").tolist()
    ([[5.0], [5.831]], [[nan], [1.0]])
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._rows: dict[str, list[list[float]]] = {quantity: [] for quantity in QUANTITIES}
        self._before: Mapping[str, NDArray[Any]] = {}

    def __len__(self) -> int:
        return len(self._rows["norm"])

    def record(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take in the next checkpoint, name -> array; it is referred to until the one after it has come."""
        norms, updates, odd = [], [], []
        for name in self.names:
            now, before = arrays.get(name), self._before.get(name)
            size, n_odd = (math.nan, math.nan) if now is None else _norm(now)
            norms.append(size)
            odd.append(n_odd)
            updates.append(math.nan if now is None or before is None else _norm(now, before)[0])
        for quantity, row in zip(QUANTITIES, (norms, updates, odd), strict=True):
            self._rows[quantity].append(row)
        self._before = arrays

    def values(self, quantity: str) -> NDArray[np.float64]:
        """Return one of :data:`QUANTITIES`, float64 ``(n_checkpoints, n_parameters)``."""
        return np.array(self._rows[quantity], dtype=np.float64).reshape(len(self), len(self.names))

    def over(self, quantity: str, names: Iterable[str]) -> NDArray[np.float64]:
        """Return one number a checkpoint for some parameters together, float64 ``(n_checkpoints,)``.

        The root of the sum of the squares of norms, or the sum of ``"n_odd"``; parameters that a checkpoint lacks are
        left out, NaN where it lacks all. The twin of ``over`` in ``js/src/summaries.ts``.
        """
        places = {name: i for i, name in enumerate(self.names)}
        columns = [places[name] for name in names if name in places]
        is_there = ~np.isnan(self.values("n_odd")[:, columns])
        if quantity == "update_norm" and len(is_there):
            is_there[1:] &= is_there[:-1].copy()
            is_there[0] = False
        values = np.where(is_there, self.values(quantity)[:, columns], 0.0)
        sums = values.sum(axis=1) if quantity == "n_odd" else np.sqrt(np.square(values).sum(axis=1))
        return np.where(is_there.any(axis=1), sums, np.nan)

    def encode(self, start: int, stop: int) -> Iterator[tuple[Entry, bytes]]:
        """Yield a block of each quantity over a range of checkpoints, ``dims`` ``(n_parameters,)``."""
        for quantity in QUANTITIES if start < stop else ():
            fields, data = blocks.encode(self.values(quantity)[start:stop], "float32")
            yield {"quantity": quantity, "name": "*", "start": start, "stop": stop, **fields}, data


def _norm(now: NDArray[Any], before: NDArray[Any] | None = None) -> tuple[float, float]:
    """Return the Euclidean norm of an array, or of its difference from one before, and how many of it are odd."""
    flat = np.asarray(now).reshape(-1)
    earlier = None if before is None else np.asarray(before).reshape(-1)
    squares, n_odd = 0.0, 0
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for start in range(0, flat.size, CHUNK):
            chunk = slice(start, start + CHUNK)
            values = _floats(flat[chunk])
            if earlier is not None:
                values = values - _floats(earlier[chunk])
            square = float(np.dot(values, values))
            if not SAFE_SQUARES[0] < square < SAFE_SQUARES[1]:
                n_odd += values.size - int(np.isfinite(values).sum())
                wide = values.astype(np.float64)
                square = float(np.dot(wide, wide))
            squares += square
        return math.sqrt(squares), n_odd


def _floats(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers as float32 or float64, as they are if they are one of these."""
    if values.dtype in (np.float32, np.float64):
        return values
    return values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
