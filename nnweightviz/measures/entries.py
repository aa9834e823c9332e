"""How the weights are distributed: histograms, quantiles, moments, sparsity, tails; of each checkpoint.

Entries that are NaN or infinite are left out; where none is left, the result is NaN (and counts are zero).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Unpack

import numpy as np

from nnweightviz.measures.given import Given, Values, What
from nnweightviz.measures.pieces import measured

N_BINS = 41
TAIL_SHARE = 0.05
TOGETHER = 1 << 18
"""Entries of several rows that are measured at once: they stay in the processor's cache."""


def _flat(values: Values) -> Values:
    """Return one row a checkpoint."""
    return values.reshape(len(values), math.prod(values.shape[1:]))


def _rows(values: Values) -> list[Values]:
    """Return the finite entries of each checkpoint."""
    return [row[np.isfinite(row)] for row in _flat(values)]


def _each_row(values: Values, measure: Callable[[Values], Values], empty: Values) -> Values:
    """Return a measure of the finite entries of each checkpoint; ``empty`` where none is left.

    ``measure`` takes rows ``(n, n_entries)`` and returns an array of n; many short ones are measured at once.
    """
    found = []
    for rows in _some(_flat(values)):
        if rows.size and np.isfinite(rows).all():
            found.append(measure(rows))
        else:
            found += [measure(row[np.newaxis]) if row.size else empty[np.newaxis] for row in _rows(rows)]
    return np.concatenate(found) if found else np.empty((0, *empty.shape))


def _some(rows: Values) -> Iterator[Values]:
    """Yield rows, as many at a time as have :data:`TOGETHER` entries."""
    width = max(1, TOGETHER // max(1, rows.shape[1]))
    for start in range(0, len(rows), width):
        yield rows[start : start + width]


def histogram(
    weights: Given,
    bins: int | Sequence[float] | Values = N_BINS,
    limits: tuple[float, float] | None = None,
    **what: Unpack[What],
) -> Any:
    """Count weights by bins that are the same at all checkpoints.

    Parameters
    ----------
    weights
        ``(n_checkpoints, ...)``, a mapping of such arrays, or a history.
    bins
        How many equal bins, or their edges, ascending ``(n_bins + 1,)``. The last bin has its right edge in it.
    limits
        From where to where equal bins reach; by default symmetric about zero, to the largest |w| of all that is
        measured. Weights beyond are in ``below`` and ``above``.
    what
        See :class:`~nnweightviz.measures.What`.

    Returns
    -------
    dict of ``counts`` (n_checkpoints, n_bins), ``edges`` (n_checkpoints, n_bins + 1; the same in each row), ``below``
    and ``above`` (n_checkpoints,); or name -> such a dict.

    Raises
    ------
    ValueError
        If the edges do not ascend, or there are fewer than one bin.
    """
    edges = _edges(weights, bins, limits, what)

    def counted(values: Values) -> dict[str, Values]:
        found = [_counted(rows, edges) for rows in _some(_flat(values))]
        counts = np.concatenate(found) if found else np.empty((0, len(edges) + 2))
        return {
            "counts": counts[:, 1:-2],
            "edges": np.tile(edges, (len(counts), 1)),
            "below": counts[:, 0],
            "above": counts[:, -2],
        }

    return measured(weights, counted, **what)


def _counted(rows: Values, edges: Values) -> Values:
    """Count the entries of each row below the edges, in each bin, above the edges, and those that are not finite."""
    n, n_slots = len(rows), len(edges) + 2
    slots = np.searchsorted(edges, rows, side="right")
    slots[rows == edges[-1]] -= 1
    slots[~np.isfinite(rows)] = n_slots - 1
    slots += n_slots * np.arange(n)[:, np.newaxis]
    return np.bincount(slots.reshape(-1), minlength=n * n_slots).reshape(n, n_slots).astype(np.float64)


def _edges(weights: Given, bins: Any, limits: tuple[float, float] | None, what: What) -> Values:
    if not isinstance(bins, int | np.integer):
        edges = np.asarray(bins, dtype=np.float64)
        if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
            raise ValueError(f"bins are {bins!r}; edges are at least two numbers that ascend")
        return edges
    if bins < 1:
        raise ValueError(f"bins is {bins}; it is at least 1")
    if limits is None:
        found = measured(weights, _largest, **what)
        largest = max((float(np.max(v, initial=0.0)) for v in _each(found)), default=0.0)
        limits = (-largest, largest) if largest > 0 else (-1.0, 1.0)
    if not limits[0] < limits[1]:
        raise ValueError(f"limits are {limits}; the first is smaller than the second")
    return np.linspace(limits[0], limits[1], bins + 1)


def _each(found: Any) -> list[Values]:
    return list(found.values()) if isinstance(found, dict) else [found]


def _largest(values: Values) -> Values:
    return np.array([np.abs(row).max(initial=0.0) for row in _rows(values)])


def quantiles(
    weights: Given,
    q: Sequence[float] | Values = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0),
    **what: Unpack[What],
) -> Any:
    """Return quantiles of the weights, ``(n_checkpoints, len(q))``; between two weights, linearly.

    Raises
    ------
    ValueError
        If a ``q`` is not from 0 to 1.
    """
    shares = np.asarray(q, dtype=np.float64)
    if shares.ndim != 1 or not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(f"q is {q!r}; it is a list of shares from 0 to 1")

    def found(values: Values) -> Values:
        return _each_row(
            values, lambda rows: np.quantile(rows, shares, axis=1).T, np.full(len(shares), np.nan)
        )

    return measured(weights, found, **what)


def moments(weights: Given, **what: Unpack[What]) -> Any:
    """Return mean, variance, skewness and excess kurtosis of the weights, each ``(n_checkpoints,)``.

    With m_k the k-th central moment (divided by the number of weights): variance m_2, skewness m_3 / m_2^(3/2),
    excess kurtosis m_4 / m_2^2 - 3, which is 0 of a normal distribution (Fisher, 1930; as ``scipy.stats`` has them,
    biased). Of equal weights the last two are NaN.
    """

    def found(values: Values) -> dict[str, Values]:
        table = _each_row(values, _moments, np.full(4, np.nan))
        names = ("mean", "variance", "skewness", "excess_kurtosis")
        return {name: table[:, i] for i, name in enumerate(names)}

    return measured(weights, found, **what)


def _moments(rows: Values) -> Values:
    """Return mean, variance, skewness and excess kurtosis of each row, ``(n, 4)``."""
    mean = rows.mean(axis=1)
    deviations = rows - mean[:, np.newaxis]
    scale = np.abs(deviations).max(axis=1)
    are_equal = scale <= np.finfo(np.float64).eps * np.abs(mean) * rows.shape[1]
    divisor = np.where(are_equal, 1.0, scale)
    deviations /= divisor[
        :, np.newaxis
    ]  # the powers of very small or large weights would leave the range of float64
    squares = deviations * deviations
    variance = squares.mean(axis=1)
    cubes, fourth = (squares * deviations).mean(axis=1), (squares * squares).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        skewness, kurtosis = cubes / variance**1.5, fourth / variance**2 - 3
    return np.column_stack(
        [
            mean,
            np.where(are_equal, scale**2, variance * scale**2),
            np.where(are_equal, np.nan, skewness),
            np.where(are_equal, np.nan, kurtosis),
        ]
    )


def sparsity(weights: Given, threshold: float = 0.0, **what: Unpack[What]) -> Any:
    """Return the share of weights with |w| at most ``threshold``, ``(n_checkpoints,)``.

    Raises
    ------
    ValueError
        If the threshold is negative.
    """
    if not threshold >= 0:
        raise ValueError(f"threshold is {threshold}; it is zero or more")

    def found(values: Values) -> Values:
        return np.array([(np.abs(r) <= threshold).mean() if r.size else np.nan for r in _rows(values)])

    return measured(weights, found, **what)


def tail_index(weights: Given, share: float = TAIL_SHARE, **what: Unpack[What]) -> Any:
    """Return the tail index of |w|, ``(n_checkpoints,)``: the smaller, the heavier the tail.

    Hill's estimate (1975) from the k largest, ``share`` of all but at least one: k / sum(log(|w|_i / |w|_(k+1))). It is
    the exponent of a distribution whose tail is a power law, and grows with the number of weights where it is none. NaN
    where there are fewer than two weights that are not zero, or the largest are all equal.

    Raises
    ------
    ValueError
        If the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}; it is between 0 and 1")

    def hill(row: Values) -> float:
        sizes = np.abs(row[row != 0])
        k = max(1, int(share * sizes.size))
        if sizes.size < 2:
            return np.nan
        largest = np.partition(sizes, sizes.size - k - 1)[sizes.size - k - 1 :]
        logs = np.log(largest[1:] / largest[0]).sum() if largest[0] > 0 else 0.0
        return float(k / logs) if logs > 0 else np.nan

    return measured(weights, lambda values: np.array([hill(row) for row in _rows(values)]), **what)
