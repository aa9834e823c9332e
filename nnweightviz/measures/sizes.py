"""How large weights are, how far they move, and how far checkpoints are from each other.

A checkpoint with an entry that is NaN or infinite has no size: the result is NaN there.
"""

from __future__ import annotations

from typing import Any, Literal, Unpack

import numpy as np

from nnweightviz.measures.given import Given, Values, What
from nnweightviz.measures.pieces import measured

Reference = int | Literal["previous"]


def _flat(values: Values) -> Values:
    return np.where(np.isfinite(values), values, np.nan).reshape(len(values), -1)


def _norms(rows: Values) -> Values:
    return np.asarray(np.sqrt(np.einsum("ki,ki->k", rows, rows)))


def norm(weights: Given, **what: Unpack[What]) -> Any:
    """Return the Frobenius norm, sqrt(sum(w^2)), ``(n_checkpoints,)``; of a total, use ``by="all"``."""
    return measured(weights, lambda values: _norms(_flat(values)), **what)


def update_norm(weights: Given, **what: Unpack[What]) -> Any:
    """Return the norm of the update, ||w(t) - w(t-1)||, ``(n_checkpoints,)``; NaN at the first checkpoint."""
    return measured(weights, lambda values: _updates(_flat(values))[0], n_before=1, **what)


def update_ratio(weights: Given, **what: Unpack[What]) -> Any:
    """Return ||w(t) - w(t-1)|| / ||w(t-1)||, ``(n_checkpoints,)``; NaN at the first checkpoint, and after zeros."""

    def found(values: Values) -> Values:
        updates, before = _updates(_flat(values))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(before > 0, updates / before, np.nan)

    return measured(weights, found, n_before=1, **what)


def _updates(rows: Values) -> tuple[Values, Values]:
    """Return the norms of updates, and of what was there before."""
    updates, before = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    if len(rows) > 1:
        updates[1:], before[1:] = _norms(np.diff(rows, axis=0)), _norms(rows[:-1])
    return updates, before


def distance(weights: Given, reference: Reference = 0, **what: Unpack[What]) -> Any:
    """Return the Euclidean distance of each checkpoint from another, ``(n_checkpoints,)``.

    Parameters
    ----------
    weights
        ``(n_checkpoints, ...)``, a mapping of such arrays, or a history.
    reference
        The number of the other checkpoint (negative from the end), or ``"previous"``.
    what
        See :class:`~nnweightviz.measures.What`.

    Raises
    ------
    IndexError
        If there is no such checkpoint.
    """
    if reference == "previous":
        return update_norm(weights, **what)

    def from_other(values: Values, other: Values) -> Values:
        return _norms(_flat(values) - _flat(other))

    return measured(weights, from_other, reference=reference, **what)


def cosine_similarity(weights: Given, reference: Reference = 0, **what: Unpack[What]) -> Any:
    """Return the cosine of the angle between each checkpoint and another, ``(n_checkpoints,)``.

    <w(t), w(r)> / (||w(t)|| ||w(r)||); NaN where either is zero, and at the first checkpoint with
    ``reference="previous"``. Parameters and errors as for :func:`distance`.
    """
    if reference == "previous":

        def adjacent(values: Values) -> Values:
            rows, out = _flat(values), np.full(len(values), np.nan)
            if len(rows) > 1:
                out[1:] = _cosine(rows[1:], rows[:-1])
            return out

        return measured(weights, adjacent, n_before=1, **what)
    return measured(
        weights, lambda values, other: _cosine(_flat(values), _flat(other)), reference=reference, **what
    )


def _cosine(rows: Values, others: Values) -> Values:
    others = np.broadcast_to(others, rows.shape)
    products = np.einsum("ki,ki->k", rows, others)
    lengths = _norms(rows) * _norms(others)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.clip(np.where(lengths > 0, products / lengths, np.nan), -1, 1))
