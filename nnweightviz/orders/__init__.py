"""In which order the units of each group stand, where it takes more than a sum: computed once, from one checkpoint.

Not for the orders that the browser makes itself (as in the model, by sum), nor for placing units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.network import Network, State
from nnweightviz.orders.correlation import correlation_orders
from nnweightviz.orders.crossings import crossing_orders, weighted_crossings

__all__ = [
    "COMPUTED",
    "correlation_orders",
    "crossing_orders",
    "orders_for",
    "unit_orders",
    "weighted_crossings",
]

_ORDERS = {"correlation": correlation_orders, "crossings": crossing_orders}
COMPUTED = tuple(_ORDERS)
"""The values of the option ``order`` that are computed here."""


def orders_for(options: Mapping[str, Any]) -> list[str]:
    """Return which orders a reader's options need: that of the units, and the one that bands of alike units are of."""
    order, by = options.get("order"), options.get("fold_by")
    return [name for name in COMPUTED if name == order or (name == "correlation" and by == "clustering")]


def unit_orders(network: Network, state: State, order: str) -> dict[str, list[int]]:
    """Return unit indices from top to bottom, by group; groups that stay in the model's order are left out.

    A delayed group h(t-1) stands in the order of its group.

    Raises
    ------
    ValueError
        If there is no such order.
    """
    if order not in _ORDERS:
        raise ValueError(f"there is no order {order!r} to compute; there are: {', '.join(COMPUTED)}")
    orders: dict[str, NDArray[np.int64]] = _ORDERS[order](network, state)
    for group in network.groups:
        if group.delayed_of in orders:
            orders[group.id] = orders[group.delayed_of]
    return {group: units.tolist() for group, units in orders.items() if not _is_sorted(units)}


def _is_sorted(units: NDArray[np.int64]) -> bool:
    return bool((units == np.arange(len(units))).all())
