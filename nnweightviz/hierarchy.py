"""The blocks of a network: the tree of its layers' dotted names, and how much each block holds.

The twin of ``js/src/hierarchy.ts``. Not for deciding which blocks are open (see ``legible``), nor for folding them (see
``collapse``).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnweightviz.network import Group, Layer, Network


@dataclass(eq=False)
class Block:
    """A layer, or what holds layers; ``parameters`` are all beneath, tied ones once; alike blocks have one shape."""

    name: str
    parent: Block | None = None
    children: list[Block] = field(default_factory=list)
    layer: Layer | None = None
    groups: list[Group] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    n_parameters: int = 0
    n_layers: int = 0
    shape: tuple[Any, ...] = ()

    def upwards(self) -> Iterator[Block]:
        """Yield the block and all that it lies in, inner ones first."""
        at: Block | None = self
        while at is not None:
            yield at
            at = at.parent

    @property
    def last_name(self) -> str:
        """The part of the name behind its last dot."""
        return self.name.rpartition(".")[2]

    @property
    def short_name(self) -> str:
        """What a reader calls it where there is little room: its last name, with the one before a number."""
        parts = self.name.split(".")
        return ".".join(parts[-2:]) if parts[-1].isascii() and parts[-1].isdigit() else parts[-1]


@dataclass(frozen=True)
class Hierarchy:
    """All blocks by name, the whole network's named ``""``, and the block of each group's own layer."""

    network: Network
    root: Block
    blocks: dict[str, Block]
    of_group: dict[str, Block]


def hierarchy_of(network: Network) -> Hierarchy:
    """Return the blocks of a network."""
    root = Block("")
    hierarchy = Hierarchy(network, root, {"": root}, {})
    for layer in network.layers:
        _ensured(hierarchy.blocks, layer.name).layer = layer
    for group in network.groups:
        block = hierarchy.of_group[group.id] = _ensured(hierarchy.blocks, group.layer)
        block.groups.append(group)
    _give_parameters(hierarchy)
    _adopt_joins(hierarchy)
    _describe(root, network)
    return hierarchy


def _ensured(blocks: dict[str, Block], name: str) -> Block:
    """Return the block of a dotted name, made with all above it where they are not there."""
    if name not in blocks:
        above = name.rpartition(".")[0] if "." in name else ""
        parent = blocks[""] if "." not in name else _ensured(blocks, above)
        blocks[name] = Block(name, parent)
        parent.children.append(blocks[name])
    return blocks[name]


def _give_parameters(hierarchy: Hierarchy) -> None:
    """Give each parameter to the innermost block whose name it begins with, and to all above."""
    shapes, tied = hierarchy.network.parameters or {}, hierarchy.network.tied or {}
    held: dict[Block, dict[str, None]] = defaultdict(dict)
    for name in shapes:
        parts = name.split(".")
        while parts and ".".join(parts) not in hierarchy.blocks:
            parts.pop()
        for block in hierarchy.blocks[".".join(parts)].upwards():
            held[block][tied.get(name, name)] = None
    for block, names in held.items():
        block.parameters = list(names)
        block.n_parameters = sum(math.prod(shapes.get(name, ())) for name in names)


def _adopt_joins(hierarchy: Hierarchy) -> None:
    """Give a layer without parameters that only joins layers of one block to that block, whatever its name."""
    root, of_group = hierarchy.root, hierarchy.of_group
    around: dict[Block, dict[Block, None]] = defaultdict(dict)
    for source, target in hierarchy.network.graph.edges:
        a, b = of_group[source], of_group[target]
        if a is not b:
            around[a][b] = around[b][a] = None
    for block in list(root.children):
        is_join = not block.children and all(group.role != "input" for group in block.groups)
        others = list(around[block])
        if not is_join or block.parameters or len(others) < 2:
            continue
        home = _meeting([other if other.children else other.parent or root for other in others])
        if home is not root:
            root.children.remove(block)
            home.children.append(block)
            block.parent = home


def _meeting(blocks: Sequence[Block]) -> Block:
    """Return the innermost block that holds all of some."""
    first, *others = [list(block.upwards()) for block in blocks]
    return next(block for block in first if all(block in above for above in others))


def _describe(block: Block, network: Network) -> None:
    """Count layers and describe the shape of a block, from the innermost up."""
    for child in block.children:
        _describe(child, network)
    is_layer = block.layer is not None and bool(block.parameters)
    block.n_layers = is_layer + sum(child.n_layers for child in block.children)
    inside = tuple((child.last_name, child.shape) for child in block.children)
    shapes = network.parameters or {}
    own = () if block.children else tuple(tuple(shapes.get(name, ())) for name in block.parameters)
    block.shape = (block.layer.kind if block.layer else "", own, inside)
