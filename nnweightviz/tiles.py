"""Pieces of a matrix that is too large to send whole: entries, or the strongest of some that share one, and counts.

The twin of ``js/src/extras/matrix/tiles.ts``. Not for parameters that are sent whole (see ``parameters``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz import blocks
from nnweightviz.parameters import Entry, Parameters, Quantity
from nnweightviz.scale import domain_of

SIDE = 256
"""Rows and columns of a tile; those at the far edges have fewer."""
MOST_SAMPLED = 1 << 20
"""Entries that a domain is of, at most, over all checkpoints that it is of."""
MOST_CHECKPOINTS = 8
"""Checkpoints that the domain of a history is of, the first and the last among them; reading more takes too long."""
MOST_KEPT = 64_000_000
"""Bytes of aggregated matrices that are kept for the next tiles."""
FEW = 1 << 16
"""Entries that are compared at once: more do not stay in the cache."""
_SIGN = np.uint32(0x8000_0000)


@dataclass(frozen=True)
class Matrix:
    """A quantity of a parameter at a checkpoint, read as rows and columns.

    ``offset`` and ``strides`` count entries of the flat parameter, ``shape`` is (rows, columns).
    """

    parameter: str
    checkpoint: int
    quantity: Quantity
    shape: tuple[int, int]
    strides: tuple[int, int]
    offset: int

    def of(self, flat: NDArray[Any]) -> NDArray[Any]:
        """Return the rows and columns of the flat parameter; nothing is copied.

        Raises
        ------
        ValueError
            If they reach beyond it.
        """
        ends = [(n - 1) * step for n, step in zip(self.shape, self.strides, strict=True)]
        if min(self.shape) < 1 or min(*ends, self.offset) < 0 or self.offset + sum(ends) >= flat.size:
            raise ValueError(
                f"{self.shape[0]} rows and {self.shape[1]} columns from entry {self.offset} on, {self.strides} apart, "
                f"were asked for; {self.parameter!r} has the entries 0 to {flat.size - 1}"
            )
        strides = tuple(step * flat.itemsize for step in self.strides)
        return np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, strides, writeable=False)


@dataclass(frozen=True)
class Asked:
    """What a browser asks of a matrix: tiles by row and column, and whether to count its entries.

    So many rows and columns have one entry of a tile as ``shared`` says.
    """

    matrix: Matrix
    shared: tuple[int, int]
    tiles: Sequence[tuple[int, int]]
    is_counted: bool


def strongest(values: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """Return the value farthest from zero of each ``rows`` by ``columns`` entries, with its sign.

    NaN is farther than an infinity, an infinity than any number; of a number and its negative, the positive one is
    taken.

    Parameters
    ----------
    values
        Real numbers ``(n_rows, n_columns)``.
    rows, columns
        How many entries share one; at the far edges fewer do.

    Returns
    -------
    NDArray
        ``(ceil(n_rows / rows), ceil(n_columns / columns))``, float32 unless ``rows`` and ``columns`` are 1.
    """
    if rows == columns == 1:
        return values
    at_once = rows * max(1, FEW // (rows * values.shape[1]))
    starts = range(0, values.shape[0], at_once)
    return np.concatenate([_strongest(values[row : row + at_once], rows, columns) for row in starts])


def _strongest(values: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    # The bits of a float grow with its magnitude: with the sign as the last one, the largest number is the strongest.
    order = (bits << 1) | ((bits & _SIGN) == 0)
    starts = [np.arange(0, n, step) for n, step in zip(order.shape, (rows, columns), strict=True)]
    order = np.maximum.reduceat(order, starts[0], axis=0) if rows > 1 else order
    order = np.maximum.reduceat(order, starts[1], axis=1) if columns > 1 else order
    sign = np.where(order & 1, np.uint32(0), _SIGN)
    found: NDArray[Any] = ((order >> 1) | sign).view(np.float32)
    return found


def counts(values: NDArray[Any], domain: float) -> dict[str, Any]:
    """Return how many entries are beyond a domain or no numbers, how far they reach, and which is the strongest.

    ``low`` and ``high`` are of the finite ones, None where there are none; ``strongest`` is (row, column).
    """
    is_finite = np.isfinite(values)
    n_odd = int(values.size - np.count_nonzero(is_finite))
    finite = values if n_odd == 0 else np.where(is_finite, values, 0)
    ends: dict[str, Any] = {"low": None, "high": None, "strongest": [-1, -1]}
    if n_odd < values.size:
        low = finite.min(where=is_finite, initial=math.inf) if n_odd else finite.min()
        high = finite.max(where=is_finite, initial=-math.inf) if n_odd else finite.max()
        at = np.argmax(finite) if high >= -low else np.argmin(finite)
        where = [int(i) for i in np.unravel_index(at, values.shape)]
        ends = {"low": float(low), "high": float(high), "strongest": where}
    n_beyond = int(np.count_nonzero(finite > domain) + np.count_nonzero(finite < -domain))
    return {"n_odd": n_odd, "n_beyond": n_beyond, **ends}


class Tiles:
    """Tiles of one history's parameters; what was read or aggregated last is at hand for the next ones."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._read: tuple[Matrix, NDArray[Any]] | None = None
        self._aggregated: dict[tuple[Matrix, int, int], NDArray[Any]] = {}
        self._domains: dict[tuple[Any, ...], tuple[int, float]] = {}

    def _values(self, matrix: Matrix) -> NDArray[Any]:
        if self._read is None or self._read[0] != matrix:
            self._read = (matrix, self._fresh(matrix))
        return self._read[1]

    def _fresh(self, matrix: Matrix) -> NDArray[Any]:
        values = self._parameters.values(matrix.parameter, [matrix.checkpoint], matrix.quantity)
        return matrix.of(values.reshape(-1))

    def is_recorded(self, matrix: Matrix) -> bool:
        """Whether the checkpoint has the parameter, and what its change is from."""
        return self._parameters.has_quantity(matrix.parameter, matrix.checkpoint, matrix.quantity)

    def _at(self, matrix: Matrix, rows: int, columns: int) -> NDArray[Any]:
        key = (matrix, rows, columns)
        if rows == columns == 1:
            return self._values(matrix)
        if key not in self._aggregated:
            room = MOST_KEPT - math.prod(matrix.shape) * 4 // (rows * columns)
            while self._aggregated and sum(a.nbytes for a in self._aggregated.values()) > room:
                del self._aggregated[next(iter(self._aggregated))]
            self._aggregated[key] = strongest(self._values(matrix), rows, columns)
        return self._aggregated[key]

    def answer(
        self, asked: Asked, n_checkpoints: int, dtype: blocks.Dtype
    ) -> tuple[dict[str, Any], list[tuple[Entry, bytes]]]:
        """Return what is told of a matrix, and its tiles as blocks.

        Told are ``domain`` over the first ``n_checkpoints``, ``domain_here`` at the checkpoint, null where that lacks
        the parameter, and ``counts`` with either, if asked for.

        Raises
        ------
        ValueError
            If there is no such checkpoint, parameter, entry or tile.
        """
        matrix, k = asked.matrix, asked.matrix.checkpoint
        self._parameters.check_asked(k, k + 1, matrix.quantity, [matrix.parameter], n_checkpoints)
        if not self.is_recorded(matrix):
            return {"domain": None, "domain_here": None, "counts": None}, []
        coded = list(self.encode(matrix, asked.shared, asked.tiles, dtype))
        domains = [self.domain(matrix, n_checkpoints), self.domain(matrix, None)]
        found = [counts(self._values(matrix), domain) for domain in domains] if asked.is_counted else None
        return {"domain": domains[0], "domain_here": domains[1], "counts": found}, coded

    def encode(
        self, matrix: Matrix, shared: tuple[int, int], tiles: Sequence[tuple[int, int]], dtype: blocks.Dtype
    ) -> Iterator[tuple[Entry, bytes]]:
        """Yield one block for each tile of a recorded matrix, by its row and column among tiles.

        Raises
        ------
        ValueError
            If there is no such tile, or the matrix reaches beyond its parameter.
        """
        values = self._at(matrix, *shared)
        n = [math.ceil(size / SIDE) for size in values.shape]
        k = matrix.checkpoint
        for row, column in tiles:
            if not (0 <= row < n[0] and 0 <= column < n[1]):
                raise ValueError(
                    f"tile {row}, {column} was asked for; there are {n[0]} by {n[1]}, from 0, 0 on"
                )
            part = values[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
            fields, data = blocks.encode(part[np.newaxis], dtype)
            about = {**matrix.quantity.about(), "name": matrix.parameter, "start": k, "stop": k + 1}
            yield {**about, "tile": [row, column], **fields}, data

    def domain(self, matrix: Matrix, n_checkpoints: int | None) -> float:
        """Return the domain of a matrix over the first ``n_checkpoints``, or at its own checkpoint (None).

        It is :func:`~nnweightviz.scale.domain_of` a sample of at most a million entries, of at most 8 checkpoints; of a
        history that grows it only grows.
        """
        name, quantity = matrix.parameter, matrix.quantity
        numbers = [matrix.checkpoint]
        if n_checkpoints is not None:
            evenly = np.linspace(0, n_checkpoints - 1, min(n_checkpoints, MOST_CHECKPOINTS))
            numbers = [round(k) for k in evenly]
        there = [k for k in numbers if self._parameters.has_quantity(name, k, quantity)]
        whole = (name, quantity, matrix.shape, matrix.strides, matrix.offset)
        key = (*whole, None if n_checkpoints else matrix.checkpoint)
        known = self._domains.get(key)
        if known is None or known[0] != (n_checkpoints or 0):
            chunks = (self._sample(matrix, k, len(there)) for k in there)
            self._domains[key] = (n_checkpoints or 0, max(domain_of(chunks), known[1] if known else 0.0))
        return self._domains[key][1]

    def _sample(self, matrix: Matrix, k: int, n_checkpoints: int) -> NDArray[Any]:
        at = replace(matrix, checkpoint=k)
        values = self._values(matrix) if at == matrix else self._fresh(at)
        step = max(1, math.ceil(values.size * n_checkpoints / MOST_SAMPLED))
        while step > 1 and math.gcd(step, values.shape[1]) > 1:
            step += 1  # else it would meet the same columns of all rows
        flat = np.arange(0, values.size, step)
        sample: NDArray[Any] = values[flat // values.shape[1], flat % values.shape[1]]
        return np.asarray(sample, np.float64)
