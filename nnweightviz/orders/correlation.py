"""Orders units so that neighbours have correlated incoming weights. Not for links that cross (see ``crossings``)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnweightviz.network import Network, State

MOST_OPTIMAL = 1000
"""Units of one group whose clusters are turned so that neighbours fit best: 1 second; for 2000 it would be 10."""
MOST_CLUSTERED = 4000
"""Units of one group that are clustered, another second; beyond, they are ordered by eigenvectors."""

Floats = NDArray[np.float64]
Order = NDArray[np.int64]


def correlation_orders(network: Network, state: State) -> dict[str, Order]:
    """Return an order of units for each group with incoming weights, by group id: int64 ``(n_units,)``.

    The row of a unit holds all weights that arrive at it, biases left out: of all gates, from all sources, and of a
    link with several entries (a kernel, the time steps of a Flatten) every one of them. Rows that are constant, NaN or
    infinite have no correlation: their units stand at the end, in the model's order. Groups with a stated grid stay
    as they are.
    """
    orders = {}
    for group in network.groups:
        if group.delayed_of is None and group.grid is None and group.role in ("units", "memory"):
            rows = incoming_rows(network, state, group.id)
            if rows.size:
                orders[group.id] = correlation_order(rows)
    return orders


def incoming_rows(network: Network, state: State, group: str) -> Floats:
    """Return the weights that arrive at each unit, float64 ``(n_units, n_weights)``; n_weights is 0 if none do."""
    rows = [np.empty((network.group(group).n_units, 0))]
    for bundle in network.bundles:
        if bundle.target == group and bundle.role not in ("bias", "norm") and bundle.parameter in state:
            view = bundle.view(np.asarray(state[bundle.parameter]))
            rows.append(view.astype(np.float64).reshape(bundle.shape[0], -1))
    return np.concatenate(rows, axis=1)


def correlation_order(rows: Floats) -> Order:
    """Return an order of rows, int64 ``(n,)``, in which neighbours are as correlated as can be.

    Up to :data:`MOST_CLUSTERED` rows: the leaves of average linkage on the distance 1 - r, up to
    :data:`MOST_OPTIMAL` in the order that minimises the sum of distances between neighbours. Beyond: by the angle in
    the plane of the two leading eigenvectors of the matrix of correlations, opened at the widest gap. Of the two
    directions, the one nearer to the order given.

    Parameters
    ----------
    rows
        float64 ``(n, n_weights)``.

    References
    ----------
    Z. Bar-Joseph, D. Gifford and T. Jaakkola, "Fast optimal leaf ordering for hierarchical clustering",
    Bioinformatics 17, 2001. M. Friendly, "Corrgrams", The American Statistician 56, 2002.
    """
    if rows.shape[1] < 2:
        return np.arange(len(rows))
    units, has_correlation = standardised(rows)
    there, rest = np.flatnonzero(has_correlation), np.flatnonzero(~has_correlation)
    order = _by_clusters(units) if len(there) <= MOST_CLUSTERED else _by_eigenvectors(units)
    if order @ np.arange(len(order)) < order[::-1] @ np.arange(len(order)):
        order = order[::-1]
    return np.concatenate([there[order], rest])


def standardised(rows: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return rows of mean 0 and length 1, whose dot products are correlations, and which rows have them."""
    largest = np.max(np.abs(rows), axis=1, initial=0.0, keepdims=True)
    is_finite = np.isfinite(rows).all(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = rows / largest  # neither overflows nor vanishes when it is squared
        centred = shares - shares.mean(axis=1, keepdims=True)
        lengths = np.linalg.norm(centred, axis=1)
    has_correlation = is_finite & (lengths > 1e-9)
    return centred[has_correlation] / lengths[has_correlation, None], has_correlation


def _by_clusters(units: Floats) -> Order:
    if len(units) < 3:
        return np.arange(len(units))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distances = np.clip(1.0 - units @ units.T, 0.0, 2.0)
    np.fill_diagonal(distances, 0.0)
    is_optimal = len(units) <= MOST_OPTIMAL
    tree = linkage(squareform(distances, checks=False), method="average", optimal_ordering=is_optimal)
    return np.asarray(leaves_list(tree), dtype=np.int64)


def _by_eigenvectors(units: Floats) -> Order:
    """Eigenvectors of the correlations are left singular vectors of the rows: no matrix of all pairs is needed."""
    from scipy.sparse.linalg import svds

    n_weights = units.shape[1]
    if n_weights < 3:
        planes = np.pad(units, ((0, 0), (0, 3 - n_weights)))[:, :2]
    else:
        vectors, lengths, _ = svds(units, k=2, rng=np.random.default_rng(0))
        planes = vectors * lengths
    angles = np.arctan2(planes[:, 0], planes[:, 1])
    order = np.argsort(angles, kind="stable")
    gaps = np.diff(angles[order], append=angles[order[0]] + 2 * np.pi)
    return np.roll(order, -(int(np.argmax(gaps)) + 1))
