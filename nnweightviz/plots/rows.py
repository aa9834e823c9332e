"""Some columns of a deep diagram as a row, and the wires from one row to the next. Pure geometry.

Not for which columns make a row (see ``pages``).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from nnweightviz.layout import BOTTOM, TOP, Layout, Looks, Place
from nnweightviz.network import Network, Standing
from nnweightviz.opened import Opened, edges_of
from nnweightviz.routes import (
    CORNER,
    TIP,
    TITLE_REACH,
    TITLES,
    Framed,
    Rect,
    Route,
    Step,
    rect_of,
    routes_of,
)
from nnweightviz.striped import striped

GAP = 30
"""Between rows: a wire runs there from the end of one to the begin of the next."""
UNITS = 190
"""The height of a row in which there are units and links."""
TILE_NAME = 16
"""The room for the name of a gate beside its matrix."""
ASIDE = 12
"""Beside a row: where that wire turns."""


class Row(NamedTuple):
    """Some columns of a diagram with their wires and frames."""

    layout: Layout
    routes: list[Route]
    frames: list[Framed]

    @property
    def is_titled(self) -> bool:
        """Whether there are units in it, with titles above them."""
        return any(place.form != "box" for place in self.layout.places.values())

    def crossed(self) -> set[str]:
        """Return the groups whose titles wires may run through: those that have one above them."""
        points = [at[-2:] for route in self.routes for _, at in route.path]
        return {
            name
            for name, place in self.layout.places.items()
            if any(abs(x - place.x) < TITLE_REACH and y < self.layout.top - BOTTOM for x, y in points)
        }

    def extent(self) -> Rect:
        """Return how far it reaches, with the titles above its layers."""
        rects = [*map(_whole_of, self.layout.places.values()), *(frame.rect for frame in self.frames)]
        points = [step[1][-2:] for route in self.routes for step in route.path]
        titles = [self.layout.top - TITLES] if self.is_titled else []
        lanes = [] if self.layout.lane_top is None else [self.layout.height]
        return Rect(
            min(rect.left for rect in rects),
            max(rect.right for rect in rects),
            min([*(rect.top for rect in rects), *(y for _, y in points), *titles]),
            max([*(rect.bottom for rect in rects), *(y for _, y in points), *lanes]),
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


def row_of(folded: Opened, looks: Looks, columns: range, extra: float = 0) -> Row:
    """Return some columns, as high as they need; with units, by so much ``extra`` height."""
    network = _part(folded.network, columns)
    stands = network.columns
    pieces = [replace(f, groups=tuple(group for group in f.groups if group in stands)) for f in folded.frames]
    frames = [piece for piece in pieces if piece.groups]
    extra = extra if any(group.id not in looks.boxes for group in network.groups) else 0
    height = height_of(network, looks) + extra
    layout = striped(network, replace(looks, height=height, edges=edges_of(network, frames)))
    return Row(layout, *routes_of(network, layout, frames))


def _part(network: Network, columns: range) -> Network:
    """Return what stands in some columns, and what leads from there to there."""
    stands = {name: at - columns.start for name, at in network.columns.items() if at in columns}
    groups = tuple(group for group in network.groups if group.id in stands)
    bundles = tuple(b for b in network.bundles if b.source in stands and b.target in stands)
    wires = tuple(w for w in network.wires if w.source in stands and w.target in stands)
    plain = Network(network.layers, groups, bundles, wires, network.parameters, network.tied)
    return Standing.of(plain, stands)


def height_of(network: Network, looks: Looks) -> float:
    """Return how high a stage is in which the fullest column has room for its boxes, or for what units need."""
    stacks: dict[int, list[float]] = defaultdict(list)
    for group in network.groups:
        if group.id in looks.boxes:
            stacks[network.columns[group.id]].append(looks.boxes[group.id].height)
        elif group.role != "bias":
            stacks[network.columns[group.id]].append(UNITS)
    fullest = max(sum(stack) + 24 * (len(stack) - 1) for stack in stacks.values())
    return TOP + looks.headroom + fullest + looks.footroom + BOTTOM


def across(network: Network, rows: Sequence[Row]) -> tuple[Route, ...]:
    """Return the wires from the end of each row to the begin of the next, through the gap between them."""
    routes = []
    for one, other in pairwise(rows):
        first, second = one.extent(), other.extent()
        starts, ends = one.layout.places, other.layout.places
        for wire in network.wires:
            if wire.source not in starts or wire.target not in ends:
                continue
            start, end = rect_of(starts[wire.source]), rect_of(ends[wire.target])
            right, left, y = first.right + ASIDE, second.left - ASIDE, (first.bottom + second.top) / 2
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


def _whole_of(place: Place) -> Rect:
    """Return the sides of a place with its title and the matrices of its gates."""
    rect = rect_of(place)
    if place.form == "box" or place.group.role == "bias":
        return rect
    left = min([place.x - TITLE_REACH, *(picture.x for picture in place.pictures)])
    sides = [place.x + TITLE_REACH, rect.right, *(tile.x + tile.width + TILE_NAME for tile in place.tiles)]
    return Rect(left, max(sides), rect.top, rect.bottom)


def _moved_place(place: Place, dx: float, dy: float) -> Place:
    tiles = tuple(replace(tile, x=tile.x + dx, y=tile.y + dy) for tile in place.tiles)
    unit_y = place.unit_y + np.float32(dy)
    pictures = tuple(replace(picture, x=picture.x + dx, y=picture.y + dy) for picture in place.pictures)
    strips = place.strips and place.strips._replace(x=place.strips.x + dx)
    about: dict[str, Any] = {"unit_y": unit_y, "tiles": tiles, "pictures": pictures, "strips": strips}
    return replace(place, x=place.x + dx, top=place.top + dy, **about)


def _moved(numbers: Sequence[float], dx: float, dy: float) -> tuple[float, ...]:
    """Return x, y, x, y and so on as much further."""
    return tuple(number + (dy if i % 2 else dx) for i, number in enumerate(numbers))
