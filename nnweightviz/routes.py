"""Where wires run and how far the frames of open blocks reach: past boxes, not through them. Pure geometry.

The twin of ``js/src/views/graph/routes.ts``. Not for drawing them (see ``plots.boxes``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nnweightviz.collapse import Frame
from nnweightviz.hierarchy import Block
from nnweightviz.layout import Layout, Place
from nnweightviz.network import Network, Wire
from nnweightviz.opened import PADDING, TITLE

CLEARANCE = 13
"""Of a wire from what it passes."""
TRACK = 9
"""Between wires that run side by side."""
CORNER, BEND, TIP = 10, 44, 5
"""The radius of a wire's corners, the length over which it changes its height, and of its arrow."""
HIGHEST, TITLED_HIGHEST = 46, 8
"""Of a wire: below the titles of a diagram without frames, above those of one with frames."""
TITLES, TITLE_REACH = 58, 40
"""Where titles begin above the groups, and how far they reach to both sides."""

Step = tuple[str, tuple[float, ...]]


class Rect(NamedTuple):
    """The sides of something."""

    left: float
    right: float
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """Its middle height."""
        return (self.top + self.bottom) / 2


class Framed(NamedTuple):
    """A frame around what is drawn of an open block."""

    block: Block
    rect: Rect


class Route(NamedTuple):
    """A wire's line, as letters of SVG paths (M, L, C, Q) with what follows them, and where and in which direction
    (degrees, 0 to the right) it arrives.
    """

    path: tuple[Step, ...]
    tip: tuple[float, float, float]


class _Run(NamedTuple):
    """A wire with the rectangles of its ends, and what stands in the columns that it passes."""

    start: Rect
    end: Rect
    between: tuple[Rect, ...]


class _Arc(NamedTuple):
    left: float
    right: float
    y: float


def routes_of(network: Network, layout: Layout, frames: Sequence[Frame]) -> tuple[list[Route], list[Framed]]:
    """Return routes of all wires and the rectangles of all frames, outer ones first."""
    router = _Router(network, layout, frames)
    at_home: dict[Frame | None, list[Wire]] = defaultdict(list)
    for wire in network.wires:
        at_home[router.home(wire)].append(wire)
    for frame in reversed(frames):
        router.settle(frame, at_home[frame], frame.groups)
    router.settle(None, at_home[None], layout.places)
    return router.routes, [Framed(frame.block, rect) for frame, rect in reversed(router.rects.items())]


class _Router:
    """Routes what is in inner frames first, then outwards."""

    def __init__(self, network: Network, layout: Layout, frames: Sequence[Frame]) -> None:
        self.routes: list[Route] = []
        self.rects: dict[Frame, Rect] = {}
        self._layout, self._columns, self._is_titled = layout, network.columns, bool(frames)
        self._chains: dict[str, list[Frame]] = defaultdict(list)
        for frame in frames:
            for group in frame.groups:
                self._chains[group].append(frame)
        self._by_column: dict[int, list[Rect]] = defaultdict(list)
        for name, place in layout.places.items():
            if place.group.role != "bias" and place.group.delayed_of is None:
                self._by_column[self._columns[name]].append(rect_of(place))

    def home(self, wire: Wire) -> Frame | None:
        """Return the innermost frame that holds both ends."""
        home = None
        for a, b in zip(self._chains[wire.source], self._chains[wire.target], strict=False):
            if a is not b:
                break
            home = a
        return home

    def settle(self, home: Frame | None, wires: Sequence[Wire], groups: Iterable[str]) -> None:
        """Route the wires that are at home in a frame, whose inner frames are known, and draw that frame round them."""
        items = {rect for group in groups if (rect := self._seen(group, home))}
        arcs: list[_Arc] = []
        for run in self._runs(wires):
            self.routes.append(_direct(run) or self._arch_over(run, items, arcs))
        if home is None or not items:
            return
        inside = _around(items)
        top = min([inside.top, *(arc.y for arc in arcs)]) - PADDING * 0.7 - TITLE
        sides = inside.left - PADDING, inside.right + PADDING
        self.rects[home] = Rect(*sides, top, inside.bottom + PADDING)

    def _seen(self, group: str, home: Frame | None) -> Rect | None:
        """Return what a wire at home in a frame sees of a group: the outermost frame in there, or its own place."""
        chain = self._chains[group]
        k = chain.index(home) + 1 if home else 0
        if k < len(chain) and chain[k] in self.rects:
            return self.rects[chain[k]]
        place = self._layout.places.get(group)
        return self._titled_rect(place) if place and place.group.role != "bias" else None

    def _titled_rect(self, place: Place) -> Rect:
        """Return a place with its title, where that stands above it: frames and arches leave it in sight."""
        rect = rect_of(place)
        if not self._is_titled or place.form == "box" or place.group.delayed_of is not None:
            return rect
        top = min(rect.top, self._layout.top - TITLES)
        return Rect(place.x - TITLE_REACH, place.x + TITLE_REACH, top, rect.bottom)

    def _arch_over(self, run: _Run, items: set[Rect], arcs: list[_Arc]) -> Route:
        over = [item for item in items if item.left < run.end.left and item.right > run.start.right]
        return _arch(run, over, arcs, TITLED_HIGHEST if self._is_titled else HIGHEST)

    def _runs(self, wires: Sequence[Wire]) -> list[_Run]:
        """Return short wires first, so that the longer ones arch over them."""
        runs, places = [], self._layout.places
        for wire in wires:
            if wire.source in places and wire.target in places:
                passed = range(self._columns[wire.source] + 1, self._columns[wire.target])
                between = tuple(rect for column in passed for rect in self._by_column[column])
                runs.append(_Run(rect_of(places[wire.source]), rect_of(places[wire.target]), between))
        return sorted(runs, key=lambda run: run.end.left - run.start.right)


def rect_of(place: Place) -> Rect:
    """Return the sides of a place."""
    reach = max(place.half_width, place.radius)
    return Rect(place.x - reach, max(place.x + reach, place.right), place.top, place.top + place.height)


def _around(rects: Iterable[Rect]) -> Rect:
    left, right, top, bottom = zip(*rects, strict=True)
    return Rect(min(left), max(right), min(top), max(bottom))


def _direct(run: _Run) -> Route | None:
    """Go straight on, with one bend where there is room for it; None if something stands in the way."""
    y0, y1 = run.start.middle, run.end.middle
    x0, x1 = run.start.right, run.end.left - TIP
    tip = run.end.left, y1, 0.0

    def bend(a: float, b: float) -> Step:
        half = (a + b) / 2
        return "C", (half, y0, half, y1, b, y1)

    if _is_clear(run.between, y0):
        begin = max([x0, x1 - BEND, *(rect.right for rect in run.between)])
        return Route((("M", (x0, y0)), ("L", (begin, y0)), bend(begin, x1)), tip)
    if _is_clear(run.between, y1):
        end = min([x1, x0 + BEND, *(rect.left for rect in run.between)])
        return Route((("M", (x0, y0)), bend(x0, end), ("L", (x1, y1))), tip)
    return None


def _is_clear(between: Sequence[Rect], y: float) -> bool:
    return all(y < rect.top - 6 or y > rect.bottom + 6 for rect in between)


def _arch(run: _Run, over: Sequence[Rect], arcs: list[_Arc], highest: float) -> Route:
    """Go over all that stands between, above the arcs that are there already."""
    start, end = run.start, run.end
    x0 = (start.left + start.right) / 2 + min(14, (start.right - start.left) / 4)
    x1 = (end.left + end.right) / 2 - min(14, (end.right - end.left) / 4)
    y = min([start.top, end.top, *(rect.top for rect in over)]) - CLEARANCE
    while y > highest and any(
        arc.left < x1 and arc.right > x0 and abs(arc.y - y) < TRACK - 1 for arc in arcs
    ):
        y -= TRACK
    y = max(highest, y)
    arcs.append(_Arc(x0, x1, y))
    r = min(CORNER, (x1 - x0) / 2, max(0, end.top - y), max(0, start.top - y))
    path: tuple[Step, ...] = (
        ("M", (x0, start.top)),
        ("L", (x0, y + r)),
        ("Q", (x0, y, x0 + r, y)),
        ("L", (x1 - r, y)),
        ("Q", (x1, y, x1, y + r)),
        ("L", (x1, end.top - TIP)),
    )
    return Route(path, (x1, end.top, 90.0))
