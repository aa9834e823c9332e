"""Orders the units of all groups so that strong links cross less. Not for the weights themselves (see ``network``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnweightviz.network import Group, Network, State

MOST_SWEEPS = 12
MOST_SIFTED = 2000
"""Units of one group that are tried one by one at every place; larger groups are ordered by barycentres alone."""
MOST_STARTS = 32
LINKS_TRIED = 100_000
"""The search begins from up to 32 random orders too, as long as all together have no more links than this."""

Floats = NDArray[np.float64]
Order = NDArray[np.int64]
Orders = dict[str, Order]
Stage = tuple[int, bool]  # column, and whether it is the lane of delayed groups beside it


@dataclass
class Gap:
    """All links between two stages; ``weights`` float64 ``(n_target, n_source)``, groups one below the other."""

    sources: list[Group]
    targets: list[Group]
    weights: Floats


def crossing_orders(network: Network, state: State) -> Orders:
    """Return an order of the units of each group that may be reordered, by group id: int64 ``(n_units,)``.

    Barycentre sweeps forward and backward, weighted by \\|w\\|, then units are moved one by one to where the fewest
    links cross (sifting), until no move helps; see :func:`weighted_crossings` for what is counted. Groups with a stated
    grid stay as they are, and a delayed group h(t-1) stands in the order of its group. The number never rises.

    References
    ----------
    K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system structures",
    IEEE Trans. SMC 11, 1981. C. Matuszewski, R. Schönfeld and P. Molitor, "Using sifting for k-layer straightline
    crossing minimization", Graph Drawing 1999.
    """
    gaps = _gaps(network, state)
    linked = {group.id for gap in gaps for group in (*gap.sources, *gap.targets)}
    # A delayed group follows its group, and what leads to either moves both.
    movable = [
        g for g in network.groups if _may_move(g) and (g.id in linked or _delayed(network, g) & linked)
    ]
    movable.sort(key=lambda group: network.columns[group.id])
    search = _Search(network, gaps, movable)
    best = search.improved(search.model)
    n_links = sum(gap.weights.size for gap in gaps)
    rng = np.random.default_rng(0)
    for _ in range(min(MOST_STARTS, LINKS_TRIED // max(1, n_links))):
        start = search.model | {group.id: rng.permutation(group.n_units) for group in movable}
        best = min(best, search.improved(start), key=search.crossings)
    return {group.id: best[group.id] for group in search.upright(best)}


def weighted_crossings(
    network: Network, state: State, orders: Mapping[str, Iterable[int]] | None = None
) -> float:
    """Return how much links cross: the sum of |w1| |w2| over all pairs of links that do.

    Counted are the links between the same two columns (h(t-1) has a column of its own), as straight lines between
    units, all gates at one point; \\|w\\| is a share of the largest there, since every layer is drawn on a scale of its
    own. Biases, and weights that are NaN or infinite, are not counted.

    Parameters
    ----------
    orders
        Unit indices from top to bottom, by group; groups without are in the model's order.
    """
    search = _Search(network, _gaps(network, state), [])
    return search.crossings(search.model | {k: np.asarray(list(v)) for k, v in (orders or {}).items()})


def _may_move(group: Group) -> bool:
    is_fixed = group.grid is not None or group.role in ("bias", "box") or group.delayed_of is not None
    return not is_fixed and group.n_units > 1


def _delayed(network: Network, group: Group) -> set[str]:
    return {other.id for other in network.groups if other.delayed_of == group.id}


def _gaps(network: Network, state: State) -> list[Gap]:
    """All pairs of stages with links between them, and the links' weights in shares of the largest."""
    stages = {g.id: (network.columns[g.id], g.delayed_of is not None) for g in network.groups}
    bundles = [b for b in network.bundles if b.role not in ("bias", "norm") and b.parameter in state]
    gaps = []
    for ends in sorted({(stages[b.source], stages[b.target]) for b in bundles}):
        here = [b for b in bundles if (stages[b.source], stages[b.target]) == ends]
        sources, targets = (
            _on(network, stages, stage, used)
            for stage, used in zip(ends, ({b.source for b in here}, {b.target for b in here}), strict=True)
        )
        first_source, first_target = _starts(sources), _starts(targets)
        weights = np.zeros((sum(g.n_units for g in targets), sum(g.n_units for g in sources)))
        for bundle in here:
            w = np.abs(bundle.matrix(state).astype(np.float64))
            j, i = first_target[bundle.target], first_source[bundle.source]
            weights[j : j + w.shape[0], i : i + w.shape[1]] += np.where(np.isfinite(w), w, 0.0)
        largest = weights.max(initial=0.0)
        gaps.append(Gap(sources, targets, weights / largest if largest > 0 else weights))
    return gaps


def _on(network: Network, stages: Mapping[str, Stage], stage: Stage, used: set[str]) -> list[Group]:
    return [g for g in network.groups if stages[g.id] == stage and g.id in used]


def _starts(groups: list[Group]) -> dict[str, int]:
    counts = np.cumsum([0, *(g.n_units for g in groups)])
    return {group.id: int(n) for group, n in zip(groups, counts, strict=False)}


def crossings_between(weights: Floats) -> float:
    """Return the sum of w1 w2 over all crossing pairs of links of ``weights`` ``(n_target, n_source)``, as ordered."""
    above = np.cumsum(weights, axis=0)[:-1]  # links into all targets above, (n_target - 1, n_source)
    below = np.cumsum(above[:, ::-1], axis=1)[:, ::-1]  # of them, those from this source or below
    return float((weights[1:, :-1] * below[:, 1:]).sum())


class _Search:
    """The search for orders of one network; ``model`` is the order to begin with."""

    def __init__(self, network: Network, gaps: list[Gap], movable: list[Group]) -> None:
        self.gaps, self.movable = gaps, movable
        self.model: Orders = {g.id: np.arange(g.n_units) for g in network.groups}
        self._leader = {g.id: g.delayed_of or g.id for g in network.groups}

    def _rows(self, groups: list[Group], orders: Orders) -> Order:
        """Indices into a gap's weights, in the order of units from top to bottom."""
        starts = _starts(groups)
        return np.concatenate([starts[g.id] + orders[self._leader[g.id]] for g in groups])

    def crossings(self, orders: Orders) -> float:
        """Return the weighted number of crossings of all gaps."""
        return sum(
            crossings_between(
                gap.weights[np.ix_(self._rows(gap.targets, orders), self._rows(gap.sources, orders))]
            )
            for gap in self.gaps
        )

    def improved(self, orders: Orders) -> Orders:
        """Sweep, then sift, as long as links cross less."""
        best, least = orders, self.crossings(orders)
        swept = orders
        for k in range(MOST_SWEEPS):
            swept = self._swept(swept, forward=k % 2 == 0)
            crossings = self.crossings(swept)
            if crossings < least:
                best, least = swept, crossings
            elif k % 2:
                break
        for _ in range(MOST_SWEEPS):
            before = least
            for group in self.movable:
                if group.n_units <= MOST_SIFTED:
                    sifted = best | {group.id: _sifted(self._pairs(group, best), best[group.id])}
                    crossings = self.crossings(sifted)
                    if crossings < least * (
                        1 - 1e-12
                    ):  # what a group and its h(t-1) gain apart they may lose together
                        best, least = sifted, crossings
            if least >= before:
                break
        return best

    def _swept(self, orders: Orders, forward: bool) -> Orders:
        """Order each group by the barycentres of its units over the links from the side that was ordered before."""
        swept = dict(orders)
        for group in self.movable if forward else self.movable[::-1]:
            sums = np.zeros((2, group.n_units))
            for weights in self._beside(group, swept, into=forward):  # (n_units, n_others)
                places = (np.arange(weights.shape[1]) + 0.5) / weights.shape[1]
                sums += weights @ places, weights.sum(axis=1)
            here = np.empty(group.n_units)
            here[swept[group.id]] = (np.arange(group.n_units) + 0.5) / group.n_units
            barycentres = np.divide(sums[0], sums[1], out=here, where=sums[1] > 0)
            swept[group.id] = swept[group.id][np.argsort(barycentres[swept[group.id]], kind="stable")]
        return swept

    def _beside(self, group: Group, orders: Orders, into: bool) -> Iterable[Floats]:
        """The weights of the group's own units, in the model's order, by the ordered units at the other ends."""
        for gap in self.gaps:
            mine, others = (gap.targets, gap.sources) if into else (gap.sources, gap.targets)
            weights = gap.weights if into else gap.weights.T
            for own in mine:
                if self._leader[own.id] == group.id:
                    first = _starts(mine)[own.id]
                    yield weights[first : first + own.n_units, self._rows(others, orders)]

    def _pairs(self, group: Group, orders: Orders) -> Floats:
        """How much the links of unit a cross those of unit b if a stands above b, ``(n_units, n_units)``."""
        pairs = np.zeros((group.n_units, group.n_units))
        for into in (True, False):
            for weights in self._beside(group, orders, into):
                above = np.cumsum(weights, axis=1) - weights  # b's links that end above each of a's
                pairs += weights @ above.T
        return pairs

    def upright(self, orders: Orders) -> list[Group]:
        """Turn everything upside down if that crosses as little and is nearer to the model; return what may move."""
        turned = orders | {g.id: orders[g.id][::-1] for g in self.movable}
        closeness = [
            sum(o[g.id] @ np.arange(g.n_units) / g.n_units**3 for g in self.movable) for o in (orders, turned)
        ]
        if closeness[1] > closeness[0] and self.crossings(turned) <= self.crossings(orders) * (1 + 1e-9):
            orders.update(turned)
        return self.movable


def _sifted(pairs: Floats, order: Order) -> Order:
    """Move each unit once to its best place among the others; ``pairs[a, b]`` is the cost of a above b."""
    gains = pairs - pairs.T
    for unit in np.argsort(-np.abs(gains).sum(axis=1)):
        others = order[order != unit]
        at = int(np.flatnonzero(order == unit)[0])
        costs = np.concatenate(
            [[0.0], np.cumsum(gains[others, unit])]
        )  # of standing below the first k others
        best = int(np.argmin(costs))
        if costs[best] < costs[at]:
            order = np.insert(others, best, unit)
    return order
