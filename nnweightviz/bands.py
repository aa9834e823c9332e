"""Folds groups of very many units into bands, of neighbours or of alike units: a smaller network that is drawn. Pure.

A link between bands is the root mean square of the weights between their units. The twin of ``js/src/bands.ts``.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.bundle import Bundle
from nnweightviz.network import Group, Network, Standing, Wire

LEAST_ROWS, ROWS, MOST_ROWS = 12, 25, 40
"""Bands of a group: at least, wanted, at most."""


@dataclass(frozen=True)
class Run:
    """A part of a group, drawn as a group of its own: ``n_rows`` rows of ``size`` units, from the ``first`` on in the
    order in which they are folded: the model's, or, ``(n_units,)``, that of clusters.
    """

    group: Group
    first: int
    size: int
    n_rows: int
    clusters: NDArray[np.intp] | None = None

    @property
    def range(self) -> str:
        """Which units, or which bands of alike ones, it holds, for its title."""
        if self.clusters is None:
            return f"{self.first + 1}–{self.stop}"
        first, last = self.band(0), self.band(self.n_rows - 1)
        return f"bands {first}–{last}" if first < last else f"band {first}"

    def band(self, row: int) -> int:
        """Return the number of the band that a row is, or is in, from 1."""
        return (self.first + row * self.size) // band_size(self.group.n_units) + 1

    @property
    def stop(self) -> int:
        """The unit behind the last one."""
        return self.first + self.size * self.n_rows

    @property
    def id(self) -> str:
        """The id of its group."""
        return f"{self.group.id}[{self.first}:{self.stop}]"


@dataclass(frozen=True)
class Banded:
    """A network with bands, and its runs by the ids of their groups.

    Bundles of alike units are views of matrices in the order of clusters: ``reordered`` has, by their ids, the bundle
    that makes such a matrix, and the order of its targets and sources.
    """

    network: Network
    runs: Mapping[str, Run]
    reordered: Mapping[str, tuple[Bundle, NDArray[np.intp], NDArray[np.intp]]] = field(default_factory=dict)

    def weights(self, bundle: Bundle, parameter: NDArray[Any]) -> NDArray[Any]:
        """Return one number a link of a bundle of the network, from the parameter that it is of."""
        if bundle.id in self.reordered:
            whole, targets, sources = self.reordered[bundle.id]
            parameter = whole.view(parameter)[np.ix_(targets, sources)]
        return bundle.weights({bundle.parameter: parameter})

    def ids(self, group: str) -> list[str]:
        """Return the ids of what is drawn of a group: its runs, or itself."""
        return [name for name, run in self.runs.items() if run.group.id == group] or [group]

    @property
    def words(self) -> list[str]:
        """What is folded, for the caption."""
        sizes: dict[str, tuple[Run, int, int]] = {}
        for run in self.runs.values():
            if run.group.delayed_of is None:
                _, n, size = sizes.get(run.group.id, (run, 0, 1))
                inside = run.size * run.n_rows if run.size > 1 else 0
                sizes[run.group.id] = (run, n + inside, max(size, run.size))
        parts = [
            f"{n} units of {run.group.label or run.group.id} in bands of {size}{' alike' if by else ''}"
            for run, n, size in sizes.values()
            for by in (run.clusters is not None,)
        ]
        how = "links of a band are the root mean square of its weights"
        if any(run.clusters is not None for run in self.runs.values()):
            how += "; bands of alike units are equal parts of the order by correlation of incoming weights"
        return [f"{', '.join(parts)}: {how}"] if parts else []


def band_size(n: int) -> int:
    """Return how many units a band holds: such that the bands are alike, if a size near the wanted one does it."""
    sizes = [n // rows for rows in range(LEAST_ROWS, MOST_ROWS + 1) if n % rows == 0]
    return min(sizes, key=lambda size: abs(n // size - ROWS), default=math.ceil(n / ROWS))


def fold(
    network: Network,
    most: int,
    opened: Mapping[str, int],
    kept: Collection[str],
    clusters: Mapping[str, Sequence[int]] | None = None,
) -> Banded:
    """Fold the groups of more than ``most`` units, but for those ``kept``; bands that are ``opened`` show units.

    With ``clusters``, an order of the units of some groups, their bands are equal parts of that order.
    """
    in_blocks = {end for b in network.bundles if b.blocks > 1 for end in (b.source, b.target)}
    runs = {
        group.id: _runs_of(group, opened.get(group.delayed_of or group.id), (clusters or {}).get(group.id))
        for group in network.groups
        if group.n_units > most and group.role != "box" and group.id not in kept and group.id not in in_blocks
    }
    if not runs:
        return Banded(network, {})

    def first(name: str) -> str:
        return runs[name][0].id if name in runs else name

    groups: list[Group] = []
    for group in network.groups:
        beside = group.beside and first(group.beside)
        delayed = runs.get(group.delayed_of or "")
        if group.id not in runs:
            of = group.delayed_of and first(group.delayed_of)
            groups.append(replace(group, beside=beside, delayed_of=of))
        for i, run in enumerate(runs.get(group.id, ())):
            groups.append(_group_of(run, delayed[i].id if delayed else group.delayed_of, beside))
    bundles: list[Bundle] = []
    reordered: dict[str, tuple[Bundle, NDArray[np.intp], NDArray[np.intp]]] = {}
    for whole in network.bundles:
        ends = runs.get(whole.target), runs.get(whole.source)
        if ends == (None, None):
            bundles.append(whole)
            continue
        targets, sources = (end or (None,) for end in ends)
        orders = [end[0].clusters if end else None for end in ends]
        is_reordered = any(order is not None for order in orders)
        bundle = replace(whole, offset=0, strides=_contiguous(whole.shape)) if is_reordered else whole
        pieces = [_bundle_of(bundle, target, source) for target in targets for source in sources]
        bundles += pieces
        if is_reordered:
            rows, columns = (
                np.arange(n) if order is None else order
                for n, order in zip(whole.shape, orders, strict=False)
            )
            reordered |= {piece.id: (whole, rows, columns) for piece in pieces}
    wires = tuple(Wire(first(wire.source), first(wire.target), wire.kind) for wire in network.wires)
    plain = Network(network.layers, tuple(groups), tuple(bundles), wires, network.parameters, network.tied)
    stands = {run.id: network.columns[name] for name, several in runs.items() for run in several}
    folded = Standing.of(replace(plain, name=network.name), {**network.columns, **stands})
    return Banded(folded, {run.id: run for several in runs.values() for run in several}, reordered)


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of an array whose entries follow each other."""
    return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))


def _runs_of(group: Group, opened: int | None, order: Sequence[int] | None) -> list[Run]:
    n, size = group.n_units, band_size(group.n_units)
    clusters = None if order is None or len(order) != n else np.asarray(order, np.intp)
    runs: list[Run] = []

    def add(first: int, stop: int, of: int) -> None:
        n_rows, rest = divmod(stop - first, of)
        if n_rows:
            runs.append(Run(group, first, of, n_rows, clusters))
        if rest:
            runs.append(Run(group, stop - rest, rest, 1, clusters))

    if opened is None or not 0 <= opened < math.ceil(n / size):
        add(0, n, size)
    else:
        first, stop = opened * size, min(n, (opened + 1) * size)
        add(0, first, size)
        add(first, stop, 1)
        add(stop, n, size)
    return runs


def _group_of(run: Run, delayed_of: str | None, beside: str | None) -> Group:
    """Return a run as a group, whose rows are named by their first and last unit, or by the number of their band."""
    whole = Network((), (replace(run.group, delayed_of=None, beside=None),))

    def unit(at: int) -> str:
        return whole.unit_name(run.group.id, at if run.clusters is None else int(run.clusters[at]))

    def name(row: int) -> str:
        first = run.first + row * run.size
        if run.size == 1:
            return unit(first)
        if run.clusters is not None:
            return f"band {run.band(row)}, {run.size} alike units"
        return f"{unit(first)}–{unit(first + run.size - 1)}"

    names = tuple(name(row) for row in range(run.n_rows))
    group = replace(run.group, id=run.id, n_units=run.n_rows, unit_names=names, parts=(), grid=None)
    return replace(group, delayed_of=delayed_of, beside=beside)


def _bundle_of(bundle: Bundle, target: Run | None, source: Run | None) -> Bundle:
    """Return the bundle between two runs: the units of a row are rest dimensions, over which the mean is taken."""
    (n_target, n_source, *rest), (to_target, to_source, *over_rest) = bundle.shape, bundle.strides
    t = (target.first, target.size, target.n_rows) if target else (0, 1, n_target)
    s = (source.first, source.size, source.n_rows) if source else (0, 1, n_source)
    offset = bundle.offset + t[0] * to_target + s[0] * to_source
    ends: dict[str, Any] = {
        "id": f"{bundle.id}[{t[0]}, {s[0]}]",
        "target": target.id if target else bundle.target,
        "source": source.id if source else bundle.source,
    }
    if t[1] == s[1] == 1:
        return replace(bundle, **ends, offset=offset, shape=(t[2], s[2], *rest))
    if bundle.index is not None:  # one entry of a rest that is not summed over
        offset += sum(i * stride for i, stride in zip(bundle.index, over_rest, strict=True))
        rest, over_rest = [], []
    return replace(
        bundle,
        **ends,
        offset=offset,
        shape=(t[2], s[2], t[1], s[1], *rest),
        strides=(to_target * t[1], to_source * s[1], to_target, to_source, *over_rest),
        reduce="rms",
        index=None,
        rest_name="weight",
    )
