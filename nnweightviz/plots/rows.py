"""A deep diagram on paper: a stage wider than the page is broken into rows, as text is into lines. Pure geometry.

In the browser such a stage is panned. Not for what stands in a row (see ``nnweightviz.layout`` and ``routes``).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from nnweightviz.collapse import collapse
from nnweightviz.layout import BOTTOM, TOP, Layout, Looks, Place, layout_network
from nnweightviz.legible import MOST_BOXES, open_at_first
from nnweightviz.network import Network
from nnweightviz.opened import Opened, opened
from nnweightviz.routes import CORNER, TIP, TITLES, TRACK, Framed, Rect, Route, Step, rect_of, routes_of

GAP = 30
"""Between rows: a wire runs there from the end of one to the begin of the next."""
UNITS = 190
"""The height of a row in which there are units and links."""
ASIDE = 12
"""Beside a row: where that wire turns."""
MOST_STRETCH = 1.3
"""How much wider than they need rows are at most."""
MOST_ACROSS = 3
"""Wires that run from one row to the next."""


NARROWED = 1.25
"""Pixels of the stage to one of the page that are better than a second row."""
MOST_SCALE = 1.7
"""Pixels of the stage to one of the page: with more, the words in boxes are smaller than five points."""
FEWER_BOXES = (16, 12, 8)


class Row(NamedTuple):
    """Some columns of a diagram with their wires and frames."""

    layout: Layout
    routes: list[Route]
    frames: list[Framed]

    @property
    def is_titled(self) -> bool:
        """Whether there are units in it, with titles above them."""
        return any(place.form != "box" for place in self.layout.places.values())

    def extent(self) -> Rect:
        """Return how far it reaches, with the titles above its layers."""
        rects = [*map(rect_of, self.layout.places.values()), *(frame.rect for frame in self.frames)]
        points = [step[1][-2:] for route in self.routes for step in route.path]
        titles = [self.layout.top - TITLES] if self.is_titled else []
        return Rect(
            min(rect.left for rect in rects),
            max(rect.right for rect in rects),
            min([*(rect.top for rect in rects), *(y for _, y in points), *titles]),
            max([*(rect.bottom for rect in rects), *(y for _, y in points)]),
        )

    def moved(self, dx: float, dy: float) -> Row:
        """Return it as much further to the right and down."""
        old = self.layout
        places = {name: _moved_place(place, dx, dy) for name, place in old.places.items()}
        layout = replace(old, places=places, height=old.height + dy, top=old.top + dy)
        routes = [
            Route(tuple((letter, _moved(at, dx, dy)) for letter, at in path), (x + dx, y + dy, degrees))
            for path, (x, y, degrees) in self.routes
        ]
        frames = [
            Framed(block, Rect(left + dx, right + dx, top + dy, bottom + dy))
            for block, (left, right, top, bottom) in self.frames
        ]
        return Row(layout, routes, frames)


@dataclass(frozen=True)
class Sheet:
    """All rows, one layout of all, and the wires between rows; ``scale`` pixels of the stage are one of the page."""

    rows: tuple[Row, ...]
    layout: Layout
    across: tuple[Route, ...]
    scale: float


@dataclass(frozen=True)
class Page:
    """How large the page is in pixels, and how much of its height is for words, whatever the scale."""

    width: float
    height: float
    words: float

    def stage(self, scale: float) -> tuple[float, float]:
        """Return how large the stage is if so many of its pixels are one of the page."""
        return self.width * scale, max(160.0, self.height * scale - self.words)


USUAL = Page(7.2 * 96, 4.8 * 96, 66)
"""The page that blocks are opened for."""


def opened_on_paper(network: Network, expanded: Sequence[str] | None, n_checkpoints: int) -> Opened:
    """Return a network with these blocks open; with None, those that the browser opens at first, or fewer of them if
    boxes would be too small on a page of 7.2 by 4.8 inches.
    """
    folded = opened(network, expanded)
    if expanded is not None or not folded.collapsed.boxes:
        return folded
    hierarchy, found = folded.hierarchy, folded
    for most in (MOST_BOXES, *FEWER_BOXES, 0):
        names = open_at_first(hierarchy, most) if most else []
        found = Opened(hierarchy, collapse(hierarchy, names), False)
        looks = Looks(USUAL.width, USUAL.height - USUAL.words, **found.looks(n_checkpoints))
        if arranged(found, looks, USUAL).scale <= MOST_SCALE:
            break
    return found


def arranged(folded: Opened, looks: Looks, page: Page) -> Sheet:
    """Return a diagram in as many rows as leave it largest: one, unless it has boxes and is much wider than the page."""
    whole = layout_network(folded.network, looks)
    best = _in_one_row(folded, looks, page, whole.width / page.width)
    breaks = folded.collapsed.boxes and best.scale > NARROWED
    for columns in _breaks(folded.network, whole) if breaks else ():
        sheet = _in_rows(folded, looks, page, columns)
        if sheet.scale >= best.scale:
            break
        best = sheet
    return best


def _in_one_row(folded: Opened, looks: Looks, page: Page, scale: float) -> Sheet:
    width, height = page.stage(scale)
    layout = layout_network(folded.network, replace(looks, width=width, height=height))
    row = Row(layout, *routes_of(folded.network, layout, folded.frames))
    return Sheet((row,), layout, (), scale)


def _breaks(network: Network, layout: Layout) -> list[list[range]]:
    """Return the columns of two rows, of three and so on, each time as even as can be."""
    x = [0.0] * (1 + max(network.columns.values()))
    for name, place in layout.places.items():
        if place.group.delayed_of is None and place.group.role != "bias":
            x[network.columns[name]] = place.x
    cuts = [column for column in range(1, len(x)) if _can_break(network, column)]
    found: dict[int, list[range]] = {}
    for span in sorted({b - a for a in x for b in x if a <= b}, reverse=True):
        rows = _filled(x, cuts, span)
        if rows is not None:
            found[len(rows)] = rows  # the narrowest comes last
    return [rows for n, rows in found.items() if n > 1]


def _filled(x: Sequence[float], cuts: Sequence[int], span: float) -> list[range] | None:
    """Return rows, each as full as its span allows; None if a piece without a cut is wider."""
    rows, first = [], 0
    while True:
        reach = [cut for cut in [*cuts, len(x)] if cut > first and x[cut - 1] - x[first] <= span]
        if not reach:
            return None
        rows.append(range(first, reach[-1]))
        first = reach[-1]
        if first == len(x):
            return rows


def _can_break(network: Network, column: int) -> bool:
    """Return whether only a few short wires lead over the begin of a column."""
    columns = network.columns
    if any(columns[b.source] < column <= columns[b.target] for b in network.bundles):
        return False
    over = [w for w in network.wires if columns[w.source] < column <= columns[w.target]]
    is_short = all(columns[w.target] == column == columns[w.source] + 1 for w in over)
    return 0 < len(over) <= MOST_ACROSS and is_short


def _in_rows(folded: Opened, looks: Looks, page: Page, columns: Sequence[range]) -> Sheet:
    """Return rows of these columns, at the scale that lets all of them fit."""
    least = [_row(folded, replace(looks, width=1), some) for some in columns]
    wide = max(row.layout.width for row in least)
    tall = _height_of(least)
    scale = max(1.0, wide / page.width, (tall + page.words) / page.height)
    width, height = page.stage(scale)
    stretch = min(MOST_STRETCH, width / wide)
    own = [replace(looks, width=row.layout.width * stretch) for row in least]
    n_titled = sum(row.is_titled for row in least)
    extra = max(0.0, height - tall) / max(1, n_titled)
    rows = [_row(folded, of_row, some, extra) for of_row, some in zip(own, columns, strict=True)]
    dx, y = (width - wide * stretch) / 2, GAP + (height - _height_of(rows)) / 2
    placed = []
    for row in rows:
        extent = row.extent()
        placed.append(row.moved(dx, y - extent.top))
        y += extent.bottom - extent.top + GAP
    return Sheet(tuple(placed), _joined(placed, width, height), _across(folded.network, placed), scale)


def _height_of(rows: Sequence[Row]) -> float:
    """Return the height of rows with the gaps between and around them."""
    return sum(bottom - top for _, _, top, bottom in (row.extent() for row in rows)) + GAP * (len(rows) + 1)


def _row(folded: Opened, looks: Looks, columns: range, extra: float = 0) -> Row:
    """Return some columns, as high as they need; with units, by so much ``extra`` height."""
    network = _part(folded.network, columns)
    edges = {column - columns.start: px for column, px in looks.edges.items()}
    extra = extra if any(group.id not in looks.boxes for group in network.groups) else 0
    height = TOP + looks.headroom + _fullest(network, looks) + extra + looks.footroom + BOTTOM
    layout = layout_network(network, replace(looks, height=height, edges=edges))
    frames = [
        replace(frame, groups=tuple(group for group in frame.groups if group in layout.places))
        for frame in folded.frames
    ]
    return Row(layout, *routes_of(network, layout, [frame for frame in frames if frame.groups]))


def _part(network: Network, columns: range) -> Network:
    """Return what stands in some columns, and what leads from there to there."""
    stands = {name: at - columns.start for name, at in network.columns.items() if at in columns}
    groups = tuple(group for group in network.groups if group.id in stands)
    bundles = tuple(b for b in network.bundles if b.source in stands and b.target in stands)
    wires = tuple(w for w in network.wires if w.source in stands and w.target in stands)
    return replace(network, groups=groups, bundles=bundles, wires=wires, stands=stands)  # type: ignore[call-arg]


def _fullest(network: Network, looks: Looks) -> float:
    """Return the height of the fullest column: that of its boxes, or what units need."""
    stacks: dict[int, list[float]] = defaultdict(list)
    for group in network.groups:
        if group.id in looks.boxes:
            stacks[network.columns[group.id]].append(looks.boxes[group.id].height)
        elif group.role != "bias":
            stacks[network.columns[group.id]].append(UNITS)
    return max(sum(stack) + 24 * (len(stack) - 1) for stack in stacks.values())


def _joined(rows: Sequence[Row], width: float, height: float) -> Layout:
    """Return all places of all rows as one layout."""
    layouts = [row.layout for row in rows]
    return Layout(
        places={name: place for layout in layouts for name, place in layout.places.items()},
        width=width,
        height=height,
        lane_top=None,
        max_line_width=min(layout.max_line_width for layout in layouts),
        ticked={name: bundle for layout in layouts for name, bundle in layout.ticked.items()},
    )


def _across(network: Network, rows: Sequence[Row]) -> tuple[Route, ...]:
    """Return the wires from the end of each row to the begin of the next, through the gap between them."""
    routes = []
    for one, other in pairwise(rows):
        first, second = one.extent(), other.extent()
        wires = [
            w for w in network.wires if w.source in one.layout.places and w.target in other.layout.places
        ]
        for i, wire in enumerate(wires):
            start = rect_of(one.layout.places[wire.source])
            end = rect_of(other.layout.places[wire.target])
            right, left = first.right + ASIDE + i * TRACK, second.left - ASIDE - i * TRACK
            y = (first.bottom + second.top) / 2 + (i - (len(wires) - 1) / 2) * TRACK
            corners = [(right, start.middle), (right, y), (left, y), (left, end.middle)]
            path = _rounded((start.right, start.middle), corners, (end.left - TIP, end.middle))
            routes.append(Route(path, (end.left, end.middle, 0.0)))
    return tuple(routes)


def _rounded(
    start: tuple[float, float], corners: Sequence[tuple[float, float]], end: tuple[float, float]
) -> tuple[Step, ...]:
    """Return a line with rounded corners."""
    steps: list[Step] = [("M", start)]
    for before, (x, y), after in zip([start, *corners], corners, [*corners[1:], end], strict=False):
        near = [_towards((x, y), other) for other in (before, after)]
        steps += [("L", near[0]), ("Q", (x, y, *near[1]))]
    return (*steps, ("L", end))


def _towards(corner: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Return the point at which a corner begins, at most half of the way to the next."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    share = min(CORNER, math.hypot(dx, dy) / 2) / (math.hypot(dx, dy) or 1)
    return corner[0] + share * dx, corner[1] + share * dy


def _moved_place(place: Place, dx: float, dy: float) -> Place:
    tiles = tuple(replace(tile, x=tile.x + dx, y=tile.y + dy) for tile in place.tiles)
    unit_y = place.unit_y + np.float32(dy)
    return replace(place, x=place.x + dx, top=place.top + dy, unit_y=unit_y, tiles=tiles)


def _moved(numbers: Sequence[float], dx: float, dy: float) -> tuple[float, ...]:
    """Return x, y, x, y and so on as much further."""
    return tuple(number + (dy if i % 2 else dx) for i, number in enumerate(numbers))
