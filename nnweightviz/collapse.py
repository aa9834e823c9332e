"""Folds blocks of a network into boxes: a smaller network that is drawn instead. Pure.

The twin of ``js/src/collapse.ts``. Not for choosing which blocks are open (see ``legible``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nnweightviz.bundle import Bundle
from nnweightviz.hierarchy import Block, Hierarchy
from nnweightviz.network import Group, Network, Standing, Wire

Edges = dict[str, dict[str, None]]


@dataclass(frozen=True)
class Box:
    """A block that is drawn as one box, or the ``part``-th of the parts where data leaves the block and comes back."""

    id: str
    block: Block
    part: int
    n_parts: int

    @property
    def is_input(self) -> bool:
        """Whether it comes from outside; an embedding's words do, too, but it has parameters to tell of."""
        return self.block.n_parameters == 0 and any(group.role == "input" for group in self.block.groups)

    @property
    def is_join(self) -> bool:
        """Whether it merely joins others, such as an addition: no parameters, nothing in it."""
        return self.block.n_parameters == 0 and not self.block.children


@dataclass(frozen=True)
class Frame:
    """A block that is open: what is drawn of it. It cannot be closed where it cannot be one box."""

    block: Block
    groups: tuple[str, ...]
    can_close: bool


@dataclass(frozen=True)
class Collapsed:
    """The smaller network; ``boxes`` by the id of their group; ``frames`` outer ones first."""

    network: Network
    boxes: Mapping[str, Box]
    frames: tuple[Frame, ...]


def collapse(hierarchy: Hierarchy, expanded: Iterable[str]) -> Collapsed:
    """Fold every block that is not in ``expanded`` (nor holds one that is). The network itself if none is folded."""
    network = hierarchy.network
    opened = open_blocks(hierarchy, expanded)
    folding = _Folding(network)
    folding.walk(hierarchy.root, lambda block: block in opened)
    boxes, node_of = folding.boxes, folding.quotient.node_of
    if not boxes:
        return Collapsed(network, boxes, _frames_of(hierarchy, network.groups, boxes, opened))
    bundles, wires = _redirected(network, node_of)
    groups = _folded_groups(network, node_of, boxes)
    hidden = {name for box in boxes.values() for name in box.block.parameters}
    tied = network.tied or {}
    parameters = {n: s for n, s in (network.parameters or {}).items() if tied.get(n, n) not in hidden}
    flat = replace(network, groups=groups, bundles=bundles, wires=wires, parameters=parameters)
    folded = Standing.of(flat, _before_their_readers(flat, boxes))
    return Collapsed(folded, boxes, _frames_of(hierarchy, groups, boxes, opened))


def open_blocks(hierarchy: Hierarchy, expanded: Iterable[str]) -> set[Block]:
    """Return the blocks of some names and all that hold them; names that there are not are left out."""
    found = (hierarchy.blocks.get(name) for name in expanded)
    return {above for block in found if block is not None for above in block.upwards()}


class _Quotient:
    """The graph of a network while its blocks are being folded; always acyclic."""

    def __init__(self, network: Network) -> None:
        self.node_of: dict[str, str] = {}  # folded group -> box
        self._after: Edges = {group.id: {} for group in network.groups}
        self._before: Edges = {group.id: {} for group in network.groups}
        for source, target in network.graph.edges:
            self._after[source][target] = None
            self._before[target][source] = None

    def parts(self, nodes: Sequence[str]) -> list[list[str]]:
        """Return nodes by how often data has left these and come back before it gets there."""
        inside = set(nodes)
        outside = [end for node in nodes for end in self._after[node] if end not in inside]
        if not self._is_reached(inside, outside):
            return [list(nodes)]
        returns = dict.fromkeys(nodes, 0)
        for node in self._ordered():
            so = returns.get(node)
            if so is None:
                continue
            for end in self._after[node]:
                back = end in inside and node not in inside
                returns[end] = max(returns.get(end, 0), so + back)
        parts: dict[int, list[str]] = defaultdict(list)
        for node in nodes:
            parts[returns[node]].append(node)
        return [parts[part] for part in sorted(parts)]

    def _is_reached(self, goals: set[str], start: Sequence[str]) -> bool:
        seen, waiting = set(start), list(start)
        while waiting:
            for end in self._after[waiting.pop()]:
                if end in goals:
                    return True
                if end not in seen:
                    seen.add(end)
                    waiting.append(end)
        return False

    def _ordered(self) -> list[str]:
        """Return all nodes, each after those that lead to it."""
        waiting = {node: len(sources) for node, sources in self._before.items()}
        order = [node for node, n in waiting.items() if n == 0]
        for node in order:  # a list is walked through what is added to it
            for end in self._after[node]:
                waiting[end] -= 1
                if waiting[end] == 0:
                    order.append(end)
        return order

    def fold(self, nodes: Sequence[str], box: str) -> None:
        """Make one node of some between which no path leads outside."""
        after = self._moved(nodes, self._after, self._before)
        before = self._moved(nodes, self._before, self._after)
        for node in nodes:
            del self._after[node], self._before[node]
            self.node_of[node] = box
        self._after[box], self._before[box] = after, before
        for end in after:
            self._before[end][box] = None
        for end in before:
            self._after[end][box] = None

    @staticmethod
    def _moved(nodes: Sequence[str], edges: Edges, back: Edges) -> dict[str, None]:
        inside = set(nodes)
        ends: dict[str, None] = {}
        for node in nodes:
            for end in edges[node]:
                back[end].pop(node, None)
                if end not in inside:
                    ends[end] = None
        return ends


class _Folding:
    """Makes boxes of the blocks that are closed."""

    def __init__(self, network: Network) -> None:
        self.boxes: dict[str, Box] = {}
        self.quotient = _Quotient(network)
        self._taken = {group.id for group in network.groups}

    def walk(self, block: Block, is_open: Callable[[Block], bool]) -> None:
        """Walk down to the blocks that are closed, and make boxes of them."""
        for child in block.children:
            if is_open(child) or not self._box(child):
                self.walk(child, is_open)

    def _box(self, block: Block) -> bool:
        """Fold a block; False if that would take as many boxes as it has parts of its own, which then say more."""
        groups = [group.id for group in _groups_in(block)]
        if not groups:
            return True
        parts = [groups] if len(groups) == 1 else self.quotient.parts(groups)
        if block.children and len(parts) > 1 and len(parts) >= len(block.children):
            return False
        for k, part in enumerate(parts):
            box = self._free_id(f"{block.name}#{k + 1}" if len(parts) > 1 else block.name, part)
            self.boxes[box] = Box(box, block, k, len(parts))
            self.quotient.fold(part, box)
        return True

    def _free_id(self, wanted: str, folded: Sequence[str]) -> str:
        while wanted in self._taken and wanted not in folded:
            wanted += "·"
        self._taken.add(wanted)
        return wanted


def _groups_in(block: Block) -> list[Group]:
    """Return all groups of a block and of those beneath."""
    return [*block.groups, *(group for child in block.children for group in _groups_in(child))]


def _redirected(network: Network, node_of: Mapping[str, str]) -> tuple[tuple[Bundle, ...], tuple[Wire, ...]]:
    """Return bundles with both ends drawn, and a wire for what touches a box; what lies inside one is gone."""
    wires: dict[tuple[str, str], Wire] = {}
    bundles: list[Bundle] = []

    def wire(source: str, target: str, kind: str) -> None:
        ends = node_of.get(source, source), node_of.get(target, target)
        if ends[0] != ends[1] and ends not in wires:
            wires[ends] = Wire(*ends, kind)

    for bundle in network.bundles:
        if bundle.source not in node_of and bundle.target not in node_of:
            bundles.append(bundle)
        elif bundle.role != "bias":
            wire(bundle.source, bundle.target, "flow")
    for old in network.wires:
        wire(old.source, old.target, old.kind)
    return tuple(bundles), tuple(wires.values())


def _folded_groups(
    network: Network, node_of: Mapping[str, str], boxes: Mapping[str, Box]
) -> tuple[Group, ...]:
    """Return the groups of the smaller network: each box stands where the first of its groups stood."""
    groups: dict[str, Group] = {}
    for group in network.groups:
        at = node_of.get(group.id)
        if at is None:
            groups[group.id] = replace(group, beside=node_of.get(group.beside or "", group.beside))
        elif at not in groups:
            groups[at] = _box_group(boxes[at])
    return tuple(groups.values())


def _box_group(box: Box) -> Group:
    name = box.block.name
    label = f"{name} · {box.part + 1} of {box.n_parts}" if box.n_parts > 1 else name
    return Group(box.id, name, 1, role="box", label=label)


def _before_their_readers(network: Network, boxes: Mapping[str, Box]) -> dict[str, int]:
    """Return columns in which what reads nothing, such as an embedding of positions, stands before what reads it, not
    beside the input.
    """
    columns = dict(network.columns)
    for wire in network.wires:
        box = boxes.get(wire.source)
        is_source = box is not None and all(group.role != "input" for group in box.block.groups)
        if is_source and columns[wire.source] == 0:
            readers = [columns[other.target] for other in network.wires if other.source == wire.source]
            columns[wire.source] = max(0, min(readers) - 1)
    return columns


def _frames_of(
    hierarchy: Hierarchy, groups: Iterable[Group], boxes: Mapping[str, Box], opened: set[Block]
) -> tuple[Frame, ...]:
    """Return the blocks that are open, outer ones first, with what is drawn of each."""
    inside: dict[Block, list[str]] = defaultdict(list)
    for group in groups:
        box = boxes.get(group.id)
        at = box.block.parent if box else hierarchy.of_group[group.id]
        for block in at.upwards() if at else ():
            if block.parent:
                inside[block].append(group.id)
    frames = [Frame(block, tuple(ids), block in opened) for block, ids in inside.items()]
    return tuple(sorted(frames, key=lambda frame: len(list(frame.block.upwards()))))
