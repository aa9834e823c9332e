"""A network as it is drawn while blocks of it are closed: which are boxes, and the room that these and frames ask for.

The twin of ``js/src/views/graph/opened.ts``. Not for folding (see ``collapse``) nor for drawing (see ``plots.boxes``).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from nnweightviz.bands import Banded
from nnweightviz.collapse import Box, Collapsed, Frame, collapse
from nnweightviz.hanging import Size
from nnweightviz.hierarchy import Hierarchy, hierarchy_of
from nnweightviz.legible import open_at_first
from nnweightviz.network import Network

WIDTH, HEAD, ROW, FOOT = 140, 54, 21, 6
"""Of a box, its words, a curve in it, and what is below."""
JOIN, INPUT = Size(44, 26), Size(92, 40)
SMALL = Size(112, HEAD + FOOT)
"""Of a box without curves, which only paper has."""
PADDING, TITLE = 12, 18
"""Of a frame."""
ARCHES = 28
"""Room for wires that pass over the titles."""


class Opened(NamedTuple):
    """What is drawn of a network; ``is_plain`` if nothing is folded, nor was, ``is_small`` if boxes have no curves."""

    hierarchy: Hierarchy
    collapsed: Collapsed
    is_plain: bool
    is_small: bool = False

    @property
    def network(self) -> Network:
        """The network with boxes."""
        return self.collapsed.network

    @property
    def frames(self) -> tuple[Frame, ...]:
        """Frames are drawn once anything is folded, or was; outer ones first."""
        return () if self.is_plain else tuple(f for f in self.collapsed.frames if f.block.children)

    def looks(self, n_checkpoints: int) -> dict[str, Any]:
        """Return what boxes, with curves over so many checkpoints, and frames ask of a layout."""
        size = SMALL if self.is_small else Size(WIDTH, HEAD + ROW * (2 if n_checkpoints > 1 else 1) + FOOT)
        deepest = max((frame.block.name.count(".") + 1 for frame in self.frames), default=0)
        return {
            "boxes": {name: _size(box, size) for name, box in self.collapsed.boxes.items()},
            "headroom": deepest * (TITLE + 9) + ARCHES if deepest else 0,
            "footroom": deepest * PADDING,
            "edges": edges_of(self.network, self.frames),
        }

    def with_bands(self, banded: Banded) -> Opened:
        """Return it with groups of very many units as bands."""
        frames = tuple(
            replace(frame, groups=tuple(name for group in frame.groups for name in banded.ids(group)))
            for frame in self.collapsed.frames
        )
        return self._replace(collapsed=replace(self.collapsed, network=banded.network, frames=frames))

    def folded(self) -> tuple[int, int]:
        """Return how many blocks are closed, and how many parameters these hold."""
        blocks = {box.block for box in self.collapsed.boxes.values() if not box.is_join}
        names = {name for block in blocks for name in block.parameters}
        shapes = self.hierarchy.network.parameters or {}
        return len(blocks), sum(math.prod(shapes[name]) for name in names)


def edges_of(network: Network, frames: Iterable[Frame]) -> dict[int, float]:
    """Return the room that the sides of frames need before each column."""
    edges: dict[int, float] = defaultdict(float)
    for frame in frames:
        at = [network.columns[group] for group in frame.groups]
        for column in (min(at), max(at) + 1):
            edges[column] += PADDING
    return dict(edges)


def _size(box: Box, size: Size) -> Size:
    return INPUT if box.is_input else JOIN if box.is_join else size


def opened(network: Network, expanded: Sequence[str] | None = None) -> Opened:
    """Return a network with the blocks of these names open; with None, as many as stay legible."""
    hierarchy = hierarchy_of(network)
    collapsed = collapse(hierarchy, open_at_first(hierarchy) if expanded is None else expanded)
    return Opened(hierarchy, collapsed, not collapsed.boxes and expanded is None)
