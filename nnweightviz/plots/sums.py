"""The order of units by the sum of their weights. Twin of ``orderBySum`` in ``js/src/views/graph/order.ts``.

Not for the orders that the browser does not make itself (see ``nnweightviz.orders``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnweightviz.network import Network
from nnweightviz.portraits import Weights


def sum_orders(network: Network, weights: Weights, k: int) -> dict[str, NDArray[np.intp]]:
    """Return units with the largest sum of incoming weights (of inputs outgoing ones) first, ``(n_units,)``, by group.

    A grid stays as it is; h(t-1) follows the group that it delays.
    """
    orders = {}
    for group in network.groups:
        if group.role in ("bias", "box") or group.delayed_of or group.grid:
            continue
        sums = _sums(network, weights, group.id, k)
        if sums is not None:
            orders[group.id] = np.argsort(-sums, kind="stable")
    delayed = {group.id: orders[group.delayed_of] for group in network.groups if group.delayed_of in orders}
    return orders | delayed


def _sums(network: Network, weights: Weights, group: str, k: int) -> NDArray[np.float64] | None:
    kernels = [bundle for bundle in network.bundles if bundle.role not in ("bias", "norm")]
    into = [bundle for bundle in kernels if bundle.target == group]
    sums = None
    for bundle in into or [bundle for bundle in kernels if bundle.source == group]:
        values = weights(bundle, k)
        if values is None:
            continue
        finite = np.where(np.isfinite(values), values, 0).astype(np.float64)
        if sums is None:
            sums = np.zeros(network.group(group).n_units)
        if into:
            sums += finite.sum(axis=1)
        else:
            blocks = finite.reshape(bundle.blocks, -1, bundle.shape[1])
            sums += blocks.sum(axis=1).ravel()
    return sums
