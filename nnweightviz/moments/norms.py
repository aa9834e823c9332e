"""Events of whole parameters: NaN or infinities, norms that explode.

Not for single links (see ``links``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nnweightviz.moments.event import Event
from nnweightviz.words import counted

EXPLODES = 10.0
"""A norm has exploded when it is this many times the largest of the history's first tenth, or of its last event."""
FIRST_SHARE = 0.1
SAFE_SQUARES = (1e-30, 1e30)
"""Sums of squares in float32 that have lost nothing to underflow, and not overflowed."""


def row_norms(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the Euclidean norms along the last axis: NaN or infinite where something is not finite."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        squares = np.einsum("...i,...i->...", rows, rows)
        is_safe = (squares > SAFE_SQUARES[0]) & (squares < SAFE_SQUARES[1])
        if not is_safe.all():
            squares = np.einsum("...i,...i->...", rows, rows, dtype=np.float64)
        return np.asarray(np.sqrt(squares, dtype=np.float64))


class NormEvents:
    """Finds the events of one parameter; fed with it, some checkpoints at a time."""

    def __init__(self, name: str, layer: str | None, n_checkpoints: int) -> None:
        self._name, self._layer = name, layer
        self._n_first = max(1, math.ceil(FIRST_SHARE * n_checkpoints))
        self._reference = 0.0
        self._is_odd = False

    def feed(self, numbers: Sequence[int], arrays: NDArray[np.floating]) -> Iterator[Event]:
        """Yield what is new at the next checkpoints; ``arrays`` is ``(n_checkpoints, *shape)``."""
        norms = row_norms(arrays.reshape(len(arrays), -1)).tolist()
        for k, values, norm in zip(numbers, arrays, norms, strict=True):
            yield from self._look(k, values, norm)

    def _look(self, k: int, values: NDArray[np.floating], norm: float) -> Iterator[Event]:
        where = {"parameter": self._name}
        if not math.isfinite(norm):
            n_odd = int((~np.isfinite(values)).sum())
            if n_odd and not self._is_odd:
                first = [int(i) for i in np.argwhere(~np.isfinite(values))[0]]
                said = f"{n_odd} of {counted(values.size, 'value')} of {self._name} are NaN or infinite"
                share = n_odd / values.size
                yield Event("NaN or Inf", k, share, said, {**where, "index": first}, self._layer)
            self._is_odd = n_odd > 0
            return
        if self._is_odd:
            self._is_odd = False
            yield Event("finite again", k, 1.0, f"{self._name} is finite again", {}, self._layer)
        if k < self._n_first or self._reference == 0:
            self._reference = max(self._reference, norm)
        elif norm >= EXPLODES * self._reference:
            said = f"{self._name} is {norm / self._reference:.2g} times as large as it was (norm {norm:.3g})"
            yield Event("norm explodes", k, norm / self._reference, said, {}, self._layer)
            self._reference = norm
