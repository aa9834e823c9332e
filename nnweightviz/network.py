"""The drawable structure of a model: layers, groups of units, bundles of links, wires.

Not for reading models (see ``adapters``) and not for placing anything on a screen (see ``js/src/layout.ts``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any, Literal

import networkx as nx
import numpy as np

from nnweightviz.bundle import Bundle, BundleRole, Reduce, State

__all__ = [
    "Bundle",
    "BundleRole",
    "Group",
    "GroupRole",
    "Layer",
    "Network",
    "Reduce",
    "Standing",
    "State",
    "Wire",
]

GroupRole = Literal["input", "units", "memory", "bias", "box"]


@dataclass(frozen=True)
class Layer:
    """A module, or a bare set of parameters, that owns one or more groups.

    ``name`` is dotted as in ``named_modules``; ``kind`` is the module's class name (``Linear``, ``LSTM``,
    ``Add``); ``modifiers`` name the dropout and norm modules applied to its output; ``note`` says in words
    what is not drawn.
    """

    name: str
    kind: str
    activation: str | None = None
    modifiers: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class Group:
    """An ordered set of units drawn together.

    ``delayed_of`` names the group whose previous time step this one is: h(t-1) of h(t). ``ports`` are the
    gates at which links arrive, in the order of the parameter's rows (``("i", "f", "g", "o")``), or empty.
    ``grid`` lays the units of an image out, row-major: ``(rows, columns)`` or ``(channels, rows, columns)``.
    ``label`` is what a reader sees above the group. ``beside`` names the group that a bias stands beside: the
    source of the kernel that it is added to (h(t-1) for ``bias_hh``). ``parts`` name equally long runs of
    neighbouring units, such as the heads of attention; a unit's name begins with its part's.
    """

    id: str
    layer: str
    n_units: int
    role: GroupRole = "units"
    label: str = ""
    grid: tuple[int, ...] | None = None
    unit_names: tuple[str, ...] | None = None
    delayed_of: str | None = None
    beside: str | None = None
    ports: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wire:
    """A connection without weights, such as a residual addition; ``kind`` names it for the reader."""

    source: str
    target: str
    kind: str = "flow"


@dataclass(frozen=True)
class Network:
    """The structure of a model: what there is to draw, without any weights.

    ``parameters`` maps torch's own parameter name to its shape; ``tied`` maps a second name of a parameter to
    its first. ``notes`` say in words what could not be understood. ``flow`` tells how the data flow was found
    (``"fx"``, ``"export"``, ``"run"``, ``"order"``).
    """

    layers: tuple[Layer, ...] = ()
    groups: tuple[Group, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    wires: tuple[Wire, ...] = ()
    parameters: Mapping[str, tuple[int, ...]] | None = None
    tied: Mapping[str, str] | None = None
    notes: tuple[str, ...] = ()
    flow: str = "order"
    name: str = "model"

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", dict(self.parameters or {}))
        object.__setattr__(self, "tied", dict(self.tied or {}))
        self._check_names()
        if not nx.is_directed_acyclic_graph(self.graph):
            raise ValueError(
                "the network has a cycle; a recurrent layer must read from a delayed group h(t-1)"
            )

    def _check_names(self) -> None:
        for what, ids in (("group", [g.id for g in self.groups]), ("bundle", [b.id for b in self.bundles])):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise ValueError(f"{what} ids must be unique; given twice: {', '.join(map(repr, twice))}")
        known = {g.id for g in self.groups}
        links: tuple[Bundle | Wire, ...] = (*self.bundles, *self.wires)
        for link in links:
            for end in (link.source, link.target):
                if end not in known:
                    raise ValueError(
                        f"{type(link).__name__.lower()} {link} names group {end!r}, which is not there"
                    )

    @cached_property
    def graph(self) -> nx.DiGraph:
        """The groups as nodes, the bundles and wires as edges: always acyclic."""
        graph = nx.DiGraph()
        graph.add_nodes_from(group.id for group in self.groups)
        graph.add_edges_from((bundle.source, bundle.target) for bundle in self.bundles)
        graph.add_edges_from((wire.source, wire.target) for wire in self.wires)
        return graph

    @cached_property
    def columns(self) -> Mapping[str, int]:
        """The column of each group: its topological generation among the groups that carry the data flow.

        Delayed groups and bias nodes stand beside what they belong to, so they take no column of their own: a
        delayed group has the column of the layer that it feeds (it is drawn in a lane on the source side), a
        bias that of the group it is ``beside``.
        """
        aside = {g.id for g in self.groups if g.role == "bias" or g.delayed_of is not None}
        main = self.graph.subgraph(g.id for g in self.groups if g.id not in aside)
        columns = {i: k for k, ids in enumerate(nx.topological_generations(main)) for i in ids}
        for group in self.groups:
            if group.delayed_of is not None:
                fed = [columns[t] for t in self.graph.successors(group.id) if t in columns]
                columns[group.id] = min(fed, default=columns.get(group.delayed_of, 0))
        for group in self.groups:
            if group.id not in columns:
                fed = [columns[t] for t in self.graph.successors(group.id) if t in columns]
                beside = columns.get(group.beside or "", min(fed, default=1) - 1)
                columns[group.id] = max(0, beside)
        return columns

    @cached_property
    def _groups_by_id(self) -> dict[str, Group]:
        return {group.id: group for group in self.groups}

    def group(self, group_id: str) -> Group:
        """Return the group with this id; KeyError names the ids there are."""
        try:
            return self._groups_by_id[group_id]
        except KeyError:
            raise KeyError(f"no group {group_id!r}; groups are: {', '.join(self._groups_by_id)}") from None

    def layer_of(self, group_id: str) -> Layer:
        """Return the layer that owns a group."""
        owner = self.group(group_id).layer
        return next(layer for layer in self.layers if layer.name == owner)

    @property
    def n_links(self) -> int:
        """How many links all bundles have together."""
        return sum(bundle.n_links for bundle in self.bundles)

    def unit_name(self, group_id: str, unit: int) -> str:
        """Return what a reader calls a unit: its given name, or its 1-based number (in its part)."""
        group = self.group(group_id)
        if group.role == "bias":
            return "×" if group.label == "×" else "1"
        if group.unit_names:
            return group.unit_names[unit]
        if group.parts:
            part, within = divmod(unit, group.n_units // len(group.parts))
            return f"{group.parts[part]} · {within + 1}"
        return str(unit + 1)

    def links(
        self, state: State | None = None
    ) -> Iterator[tuple[tuple[str, int], tuple[str, int], dict[str, Any]]]:
        """Yield ``((source group, i), (target group, j), attributes)``; with a state also ``weight``."""
        for bundle in self.bundles:
            weights = None if state is None else bundle.weights(state)
            for j, i in np.ndindex(*bundle.shape[:2]):
                attributes: dict[str, Any] = {
                    "bundle": bundle.id,
                    "parameter": bundle.parameter,
                    "role": bundle.role,
                    "port": bundle.port,
                }
                if weights is not None:
                    attributes["weight"] = float(weights[j, i])
                yield (bundle.source, bundle.first_source(j) + i), (bundle.target, j), attributes

    def to_networkx(self, state: State | None = None) -> nx.MultiDiGraph:
        """Return units as nodes and links as edges of a ``MultiDiGraph`` (gates make parallel edges).

        Nodes are ``(group id, unit)``, 0-based, with ``layer``, ``name``, ``role`` and ``column``; edges
        carry ``bundle`` (also their key), ``parameter``, ``role``, ``port`` and, with a state, ``weight``
        (float).

        Raises
        ------
        KeyError, ValueError
            If the state lacks a parameter or its shape does not fit.
        """
        graph = nx.MultiDiGraph(name=self.name)
        for group in self.groups:
            about = {"layer": group.layer, "role": group.role, "column": self.columns[group.id]}
            for unit in range(group.n_units):
                graph.add_node((group.id, unit), name=self.unit_name(group.id, unit), **about)
        graph.add_edges_from((s, t, a["bundle"], a) for s, t, a in self.links(state))
        for wire in self.wires:
            graph.graph.setdefault("wires", []).append((wire.source, wire.target, wire.kind))
        return graph

    def to_dict(self) -> dict[str, Any]:
        """Return plain, JSON-ready data, with each group's column: what the browser draws from."""
        plain = asdict(self)
        for group in plain["groups"]:
            group["column"] = self.columns[group["id"]]
        return plain

    def __repr__(self) -> str:
        units = sum(g.n_units for g in self.groups if g.role in ("units", "memory"))
        return (
            f"Network {self.name!r}: {len(self.layers)} layers, {units} units, {len(self.bundles)} bundles "
            f"with {self.n_links} links, {len(self.parameters or {})} parameters"
        )


@dataclass(frozen=True)
class Standing(Network):
    """A network whose groups stand in stated columns, some further to the right than their data flow has them."""

    stands: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, network: Network, stands: Mapping[str, int]) -> Standing:
        """Return a network with its groups in these columns."""
        about = {one.name: getattr(network, one.name) for one in fields(Network)}
        return cls(**about, stands=stands)

    @property
    def columns(self) -> Mapping[str, int]:
        """The column of each group."""
        return self.stands
