"""Which history strips stand beside units, and what they show: the links into each unit over all checkpoints.

The twin of ``js/src/extras/strips`` (``rows.ts``, ``ranked.ts``, ``parts.ts`` and ``samples.ts``). Not for where strips
stand nor for drawing (see ``strips``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnweightviz.bundle import Bundle
from nnweightviz.layout import Layout, Place
from nnweightviz.plots.links import Links

MOST_ROWS = 64
"""Strips of a gate: the strongest, and biases."""
MOST_RANKED, GROWTH = 64, 1.25
"""Checkpoints that links are ranked by; and how much a history grows until others are taken."""
MISSING = np.inf
"""Not recorded. What was recorded and is no number is NaN."""

Values = NDArray[np.float32]


class Part(NamedTuple):
    """Which of many things, from the first to before the last, share a pixel."""

    first: int
    last: int


def parts_of(n: int, length: int) -> list[Part]:
    """Return ``n`` things along ``length`` pixels: one by one while they fit, several to a pixel beyond."""
    if n <= length:
        return [Part(i, i + 1) for i in range(n)]
    return [Part(math.floor(i * (n / length)), math.floor((i + 1) * (n / length))) for i in range(length)]


@dataclass(frozen=True, eq=False)
class Gate:
    """The strips of one gate of a group's units, or of units without gates, from top to bottom.

    Each is a link: the number of its bundle among ``bundles``, its source, and its entry in the bundle's values, all
    ``(n_units, n_rows)``. ``n`` is how many links that are no biases there are, of which only the strongest have one.
    """

    port: str | None
    bundles: Sequence[Bundle]
    which: NDArray[np.intp]
    sources: NDArray[np.intp]
    entries: NDArray[np.intp]
    n: int


def is_one_by_one(bundle: Bundle) -> bool:
    """Whether a bundle has one entry a unit: a bias, or what a norm scales or shifts by."""
    return bundle.role in ("bias", "norm")


def bundles_into(group: str, layout: Layout, links: Links) -> list[Bundle]:
    """Return the bundles into a group that the reader sees, with the biases that are ticks."""
    lines = [bundle for bundle in links.network.bundles if layout.is_drawable(bundle)]
    place = layout.places[group]
    ticks = [b for b in layout.ticked.values() if place.form != "bands" or b.port == place.port]
    return [bundle for bundle in (*lines, *ticks) if bundle.target == group and links.is_shown(bundle)]


def gates_of(place: Place, layout: Layout, links: Links, ranked: Sequence[int]) -> list[Gate]:
    """Return the strips of a group, as their sources stand; of very many links the strongest at some checkpoints."""
    bundles = bundles_into(place.group.id, layout, links)
    ports = list(dict.fromkeys(bundle.port for bundle in bundles))
    own = {port: i for i, port in enumerate(place.group.ports)}
    ports.sort(key=lambda port: own.get(port or "", -1))
    gates = [_gate_of(port, [b for b in bundles if b.port == port], layout, links, ranked) for port in ports]
    return [gate for gate in gates if gate.which.shape[1]]


def _gate_of(
    port: str | None, bundles: Sequence[Bundle], layout: Layout, links: Links, ranked: Sequence[int]
) -> Gate:
    n_units = bundles[0].shape[0]
    which, sources, entries, heights = [], [], [], []
    for number, bundle in enumerate(bundles):
        n_source = bundle.shape[1]
        first = np.array([bundle.first_source(unit) for unit in range(n_units)])
        source = first[:, None] + np.arange(n_source)
        which.append(np.full((n_units, n_source), number))
        sources.append(source)
        entries.append(np.arange(n_units * n_source).reshape(n_units, n_source))
        heights.append(_heights(layout, bundle, source))
    order = np.argsort(np.hstack(heights), axis=1, kind="stable")
    rows = [np.take_along_axis(np.hstack(found), order, axis=1) for found in (which, sources, entries)]
    gate = Gate(
        port, bundles, rows[0], rows[1], rows[2], sum(b.shape[1] for b in bundles if not is_one_by_one(b))
    )
    return _strongest(gate, links, ranked) if gate.n > MOST_ROWS else gate


def _heights(layout: Layout, bundle: Bundle, sources: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return where the sources of links stand; what is not on the stage comes last."""
    place = layout.places.get(bundle.source)
    if place is None:
        return np.full(sources.shape, np.inf)
    if is_one_by_one(bundle):
        return np.full(sources.shape, place.top + place.height / 2)
    return np.nan_to_num(place.unit_y[sources].astype(np.float64), nan=np.inf)


def ranked_checkpoints(n_checkpoints: int) -> list[int]:
    """Return the checkpoints that strengths are of: all of a short history, evenly spaced ones of a long one."""
    n = min(n_checkpoints, MOST_RANKED)
    while n >= MOST_RANKED and n_checkpoints >= math.ceil(n * GROWTH):
        n = math.ceil(n * GROWTH)
    count = min(n, MOST_RANKED)
    return [math.floor(i * (n - 1) / max(1, count - 1) + 0.5) for i in range(count)]


def _strongest(gate: Gate, links: Links, ranked: Sequence[int]) -> Gate:
    """Return the biases and the strongest of the other links, as they stood."""
    most = np.zeros(gate.which.shape, np.float32)
    for k in ranked:
        sizes = np.abs(values_at(gate, links, k))
        most = np.maximum(most, np.where(np.isnan(sizes), np.inf, np.where(sizes == MISSING, 0, sizes)))
    is_bias = np.array([is_one_by_one(bundle) for bundle in gate.bundles])[gate.which]
    order = np.argsort(np.where(is_bias, np.inf, -most), axis=1, kind="stable")
    chosen = is_bias.copy()
    np.put_along_axis(chosen, order[:, :MOST_ROWS], values=True, axis=1)
    rows = [column[chosen].reshape(len(column), -1) for column in (gate.which, gate.sources, gate.entries)]
    return Gate(gate.port, gate.bundles, rows[0], rows[1], rows[2], gate.n)


def values_at(gate: Gate, links: Links, k: int, *, is_share: bool = False) -> Values:
    """Return the values of a gate's links at a checkpoint, ``(n_units, n_rows)``, or their shares of its own domain."""
    found = np.full(gate.which.shape, MISSING, np.float32)
    for number, bundle in enumerate(gate.bundles):
        values = links.values(bundle, k)
        if values is None:
            continue
        own = gate.which == number
        some = np.asarray(values).reshape(-1)[gate.entries[own]]
        scale = (links.domain(bundle, k) or 1) if is_share else 1
        with np.errstate(over="ignore"):
            scaled = (some / scale).astype(np.float32)
        found[own] = np.where(np.isfinite(scaled), scaled, np.nan)
    return found


@dataclass(frozen=True, eq=False)
class Samples:
    """What a gate's strips show, ``(n_columns, n_units, n_rows)``, or some of them: shares of the domain, NaN where a
    value is none; which were not recorded; which have a sign. A column is a checkpoint, or the strongest of several.
    """

    shares: NDArray[np.float64]
    is_missing: NDArray[np.bool_]
    is_signed: NDArray[np.bool_]

    def cells(self, unit: int, rows: Sequence[Part]) -> Samples:
        """Return the same of one unit, ``(n_parts, n_columns)``: of several rows the strongest link."""
        sizes = np.where(np.isnan(self.shares[:, unit]), np.inf, np.abs(self.shares[:, unit]))
        sizes[self.is_missing[:, unit]] = -1
        chosen = np.array([first + np.argmax(sizes[:, first:last], axis=1) for first, last in rows])
        columns = np.arange(len(sizes))
        at = columns, unit, chosen
        return Samples(self.shares[at], self.is_missing[at], self.is_signed[at])


def sampled(gate: Gate, links: Links, n_checkpoints: int, n_pixels: int) -> Samples:
    """Return what strips so many pixels wide show."""
    is_share = links.scale == "checkpoint"
    parts = parts_of(n_checkpoints, n_pixels)
    values = np.full((len(parts), *gate.which.shape), MISSING, np.float32)
    for column, (first, last) in enumerate(parts):
        for k in range(first, last):
            values[column] = _stronger(values[column], values_at(gate, links, k, is_share=is_share))
    domains = np.array([1.0 if is_share else links.domain(bundle, 0) for bundle in gate.bundles])[gate.which]
    is_signed = np.array([links.is_signed(bundle) for bundle in gate.bundles])[gate.which]
    is_missing = values == MISSING
    known = np.where(is_missing, 0, values).astype(np.float64)
    shares = np.where(domains > 0, known / np.where(domains > 0, domains, 1), np.sign(known))
    return Samples(shares, is_missing, np.broadcast_to(is_signed, shares.shape))


def _stronger(a: Values, b: Values) -> Values:
    """Return what a shared pixel shows of two values: NaN, which is never hidden, else the larger magnitude."""
    is_b = (b != MISSING) & ((a == MISSING) | np.isnan(b) | (np.abs(b) > np.abs(a)))
    return np.where(is_b, b, a)
