"""Which blocks are open at first: as many as stay legible. Pure.

The twin of what ``js/src/opening.ts`` says of the first picture. Not for folding the others (see ``collapse``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from nnweightviz.hierarchy import Block, Hierarchy
from nnweightviz.network import Network

MOST_BOXES = 24
"""And columns."""
MOST_STACKED = 16
"""Layers above each other in a column."""
MOST_UNITS, MOST_LINKS = 400, 3000
"""Of a layer that stands among boxes, and of one of its bundles."""
WHOLE_UNITS, WHOLE_LINKS = 20_000, 2_000_000
"""Of a layer of a network that is drawn whole."""
SEQUENCE = 3
"""Alike children that make a sequence of layers."""


def is_legible(network: Network) -> bool:
    """Return whether a network is drawn whole, without boxes for blocks."""
    return (
        max(network.columns.values(), default=0) < MOST_BOXES
        and max(_stacked(network).values(), default=0) <= MOST_STACKED
        and all(group.n_units <= WHOLE_UNITS or group.role == "box" for group in network.groups)
        and all(bundle.n_links <= WHOLE_LINKS for bundle in network.bundles)
    )


def _stacked(network: Network) -> Counter[int]:
    """Return how many layers stand above each other in each column."""
    return Counter(network.columns[group.id] for group in network.groups if group.role != "bias")


def open_at_first(hierarchy: Hierarchy, most: int = MOST_BOXES) -> list[str]:
    """Return the blocks and layers that are open: all of a small network, else the finest level of ``most`` boxes."""
    if is_legible(hierarchy.network):
        return [name for name in hierarchy.blocks if name]
    opened = _open_levels(hierarchy, most)
    if len(_closed(hierarchy.root, opened)) <= most:
        small = _drawable_layers(hierarchy)
        leaves = (block for block in _closed(hierarchy.root, opened) if not block.children)
        _open_linked(hierarchy, opened, {block for block in leaves if block in small})
    return [block.name for block in opened if block.name]


def _open_levels(hierarchy: Hierarchy, most: int) -> dict[Block, None]:
    """Open level by level, as long as all of a level fits; a long sequence that is most of the network always opens."""
    root, columns = hierarchy.root, hierarchy.network.columns
    opened: dict[Block, None] = {root: None}
    while True:
        closed = _closed(root, opened)
        holders = [block for block in closed if block.children]
        added = sum(len(block.children) - 1 for block in holders)
        fits = len(closed) + added <= most
        chosen = holders if fits else [block for block in holders if _is_main(block, root, columns)]
        if not chosen:
            return opened
        for block in chosen:
            _open_through(block, opened)


def _closed(block: Block, opened: Iterable[Block]) -> list[Block]:
    """Return the blocks that would be boxes."""
    found = []
    for child in block.children:
        found += _closed(child, opened) if child in opened else [child]
    return found


def _open_through(block: Block, opened: dict[Block, None]) -> None:
    """Open a block; one with a single one in it says no more than that one."""
    opened[block] = None
    if len(block.children) == 1 and not block.groups and block.children[0].children:
        _open_through(block.children[0], opened)


def _is_main(block: Block, root: Block, columns: Mapping[str, int]) -> bool:
    """Return whether most of a network is in a block that is a sequence, or has one somewhere beneath."""
    if not block.n_parameters > 0.5 * root.n_parameters:
        return False
    return _is_sequence(block, columns) or any(_is_main(child, root, columns) for child in block.children)


def _is_sequence(block: Block, columns: Mapping[str, int]) -> bool:
    """Return whether children are numbered 0, 1, 2, … and alike, such as the layers of a transformer, and one reads the
    other: heads beside each other do not.
    """
    children = block.children
    if len(children) < SEQUENCE or _column(children[0], columns) == _column(children[1], columns):
        return False
    return all(
        re.search(r"(\.|^)[0-9]+\Z", child.name) and child.shape == children[0].shape for child in children
    )


def _column(block: Block, columns: Mapping[str, int]) -> int:
    """Return where the first group of a block stands."""
    return columns[block.groups[0].id] if block.groups else _column(block.children[0], columns)


def _drawable_layers(hierarchy: Hierarchy) -> set[Block]:
    """Return the layers whose links are few enough to draw among boxes."""
    network, of_group = hierarchy.network, hierarchy.of_group
    layers = {of_group[group.id] for group in network.groups if group.role not in ("box", "bias")}
    for group in network.groups:
        if group.n_units > MOST_UNITS or group.role == "box":
            layers.discard(of_group[group.id])
    for bundle in network.bundles:
        # Links from a layer that stays a box are not drawn, however many they are.
        if bundle.n_links > MOST_LINKS and of_group[bundle.source] in layers:
            layers.discard(of_group[bundle.target])
    return layers


def _open_linked(hierarchy: Hierarchy, opened: dict[Block, None], candidates: set[Block]) -> None:
    """Open the small layers among ``candidates`` that have links to another one that is open."""
    for bundle in hierarchy.network.bundles:
        ends = hierarchy.of_group[bundle.source], hierarchy.of_group[bundle.target]
        is_within = ends[0] is ends[1] and bundle.role != "recurrent"
        if bundle.role == "bias" or is_within:
            continue
        if all(block in candidates or block in opened for block in ends):
            opened.update(dict.fromkeys(block for block in ends if block in candidates))
