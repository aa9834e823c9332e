"""A deep diagram on a page: as many blocks open as stay legible, in rows where the stage is wider than the page.

In the browser such a stage is panned. Pure geometry; not for what stands in a row (see ``rows``).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from nnweightviz.collapse import collapse
from nnweightviz.layout import Layout, Looks
from nnweightviz.legible import open_at_first
from nnweightviz.network import Network
from nnweightviz.opened import Opened, opened
from nnweightviz.plots.legend import LEGEND, ROW, likely_rows
from nnweightviz.plots.links import APART
from nnweightviz.plots.rows import GAP, Row, across, height_of, row_of
from nnweightviz.plots.stage import HEAD, PIXELS_PER_INCH
from nnweightviz.routes import Route, routes_of
from nnweightviz.striped import striped

MOST_STRETCH = 1.3
"""How much wider than they need rows are at most."""
NARROWED = 1.25
"""Pixels of the stage to one of the page that are better than a second row."""
WORTH_A_CUT = 0.85
"""A frame is cut only if everything is so much larger for it."""
MOST_SCALE, MOST_WHOLE, MOST_ON_SCREEN = 1.7, 2.13, 1.238
"""Pixels of the stage to one of the page: with more, names in boxes are smaller than five points, titles where nothing
is folded than five pixels, and on a screen the least words in boxes than seven pixels.
"""
MOST_ON_PAGE = 60
"""Boxes of which there may be a legible arrangement at all."""
FEWER_BOXES, FEWEST = (16, 12, 8), 3
"""What is tried where more are too small; a picture of less tells nothing."""


@dataclass(frozen=True)
class Sheet:
    """All rows, one layout of all, and the wires between rows; ``scale`` pixels of the stage are one of the page."""

    rows: tuple[Row, ...]
    layout: Layout
    across: tuple[Route, ...]
    scale: float


@dataclass(frozen=True)
class Page:
    """How large the page is in pixels, and how much height words beside a stage take, by its width.

    On a screen, unlike paper, all boxes have curves.
    """

    width: float
    height: float
    words: Callable[[float], float] = lambda _: HEAD + LEGEND + ROW
    is_screen: bool = False

    def stage(self, scale: float) -> tuple[float, float]:
        """Return how large the stage is if so many of its pixels are one of the page."""
        width = self.width * scale
        return width, max(160.0, self.height * scale - self.words(width))


USUAL = Page(7.2 * PIXELS_PER_INCH, 4.8 * PIXELS_PER_INCH)
"""Of a figure whose size is not asked for."""


def opened_on_paper(
    network: Network, expanded: Sequence[str] | None, n_checkpoints: int, page: Page = USUAL
) -> Opened:
    """Return a network with these blocks open, or those that the browser opens at first.

    What would be too small on paper has boxes without curves. If that is not enough, fewer blocks are open; of those
    that were ``expanded`` by name, only on a screen. A network without boxes gets some, with curves, if need be.
    """
    folded = opened(network, expanded)
    has_small = bool(folded.collapsed.boxes) and not page.is_screen
    closes = expanded is None or page.is_screen
    for found in _tried(folded, has_small, closes):
        if is_readable(found, n_checkpoints, page):
            return found
    return folded._replace(is_small=has_small)


def _tried(folded: Opened, has_small: bool, closes: bool) -> Iterator[Opened]:
    """Yield what may be legible, best first."""
    yield folded
    if has_small:
        yield folded._replace(is_small=True)
    fewer = []
    for one in _coarser(folded) if closes else ():
        fewer.append(one)
        yield one
    yield from (one._replace(is_small=True) for one in fewer if has_small)


def _coarser(folded: Opened) -> Iterator[Opened]:
    """Yield a network with fewer and fewer blocks open, as long as there is something to tell."""
    hierarchy, fewest = folded.hierarchy, len(folded.network.groups)
    depths = {name: name.count(".") for name, block in hierarchy.blocks.items() if name and block.children}
    idle = {name for name in depths if hierarchy.blocks[name].n_parameters == 0}  # such as several inputs
    fewer = [open_at_first(hierarchy, most) for most in FEWER_BOXES]
    for level in range(1 + max(depths.values(), default=-1), -1, -1):
        fewer.append([name for name, depth in depths.items() if depth < level or name in idle])
    for names in fewer:
        collapsed = collapse(hierarchy, names)
        if FEWEST <= len(collapsed.network.groups) < fewest:
            fewest = len(collapsed.network.groups)
            yield Opened(hierarchy, collapsed, False)


def is_readable(folded: Opened, n_checkpoints: int, page: Page = USUAL) -> bool:
    """Return whether the words in boxes, or of a diagram without, are large enough on a page."""
    n_boxes = len(folded.collapsed.boxes)
    most = MOST_ON_SCREEN if page.is_screen else MOST_SCALE if n_boxes else MOST_WHOLE
    return n_boxes <= MOST_ON_PAGE and scale_of(folded, n_checkpoints, page) <= most


def scale_of(folded: Opened, n_checkpoints: int, page: Page = USUAL) -> float:
    """Return how many pixels of the stage are one of a page."""
    n_domains = len({(bundle.target, bundle.role in APART) for bundle in folded.network.bundles})
    if folded.collapsed.boxes and n_domains:
        page = replace(page, words=lambda width: HEAD + LEGEND + ROW * (1 + likely_rows(n_domains, width)))
    return arranged(folded, Looks(*page.stage(1), **folded.looks(n_checkpoints)), page).scale


def arranged(folded: Opened, looks: Looks, page: Page) -> Sheet:
    """Return a diagram in as many rows as leave it largest: one, unless it has boxes and is far wider than the page."""
    whole = striped(folded.network, looks)
    scale = whole.width / page.width
    if folded.collapsed.boxes:
        tall = height_of(folded.network, looks) + page.words(whole.width)
        scale = max(scale, tall / page.height)
    best = _in_one_row(folded, looks, page, scale)
    if not folded.collapsed.boxes or best.scale <= NARROWED:
        return best
    anywhere = [
        column for column in range(1, 1 + max(folded.network.columns.values())) if _can_break(folded, column)
    ]
    between_frames = [column for column in anywhere if not _is_in_frame(folded, column)]
    for cuts, gain in ((between_frames, 1.0), (anywhere, WORTH_A_CUT)):
        limit, before = best.scale * gain, math.inf
        for columns in _breaks(folded.network, whole, cuts):
            sheet = _in_rows(folded, looks, page, columns)
            if sheet.scale >= before:
                break
            before = sheet.scale
            best = sheet if sheet.scale < limit else best
    return best


def _in_one_row(folded: Opened, looks: Looks, page: Page, scale: float) -> Sheet:
    width, height = page.stage(scale)
    layout = striped(folded.network, replace(looks, width=width, height=height))
    row = Row(layout, *routes_of(folded.network, layout, folded.frames))
    return Sheet((row,), layout, (), scale)


def _breaks(network: Network, layout: Layout, cuts: Sequence[int]) -> Iterator[list[range]]:
    """Yield the columns of two rows, of three and so on, each time as even as can be."""
    x = [0.0] * (1 + max(network.columns.values()))
    for name, place in layout.places.items():
        if place.group.delayed_of is None and place.group.role != "bias":
            x[network.columns[name]] = place.x
    spans = sorted({math.ceil(b - a) for a in x for b in x if a <= b})
    for n in range(2, len(cuts) + 2):
        rows = _most_even(x, cuts, spans, n)
        if len(rows) == n:
            yield rows


def _most_even(x: Sequence[float], cuts: Sequence[int], spans: Sequence[int], n: int) -> list[range]:
    """Return at most ``n`` rows of the least span."""
    least = bisect_left(spans, True, key=lambda span: 0 < len(_filled(x, cuts, span)) <= n)
    return _filled(x, cuts, spans[least]) if least < len(spans) else []


def _filled(x: Sequence[float], cuts: Sequence[int], span: float) -> list[range]:
    """Return rows, each as full as its span allows; none if a piece without a cut is wider."""
    rows, first = [], 0
    while True:
        reach = [cut for cut in [*cuts, len(x)] if cut > first and x[cut - 1] - x[first] <= span]
        if not reach:
            return []
        rows.append(range(first, reach[-1]))
        first = reach[-1]
        if first == len(x):
            return rows


def _is_in_frame(folded: Opened, column: int) -> bool:
    """Return whether a frame reaches over the begin of a column."""
    spans = ([folded.network.columns[group] for group in frame.groups] for frame in folded.frames)
    return any(min(span) < column <= max(span) for span in spans)


def _can_break(folded: Opened, column: int) -> bool:
    """Return whether only one wire leads over the begin of a column, from the one before."""
    network, columns = folded.network, folded.network.columns
    if any(columns[b.source] < column <= columns[b.target] for b in network.bundles):
        return False
    over = [w for w in network.wires if columns[w.source] < column <= columns[w.target]]
    return len(over) == 1 and columns[over[0].target] == column == columns[over[0].source] + 1


def _in_rows(folded: Opened, looks: Looks, page: Page, columns: Sequence[range]) -> Sheet:
    """Return rows of these columns, at the scale that lets all of them fit."""
    least = [row_of(folded, replace(looks, width=1), some) for some in columns]
    wide = max(row.layout.width for row in least)
    tall = _height_of(least)
    scale = max(1.0, wide / page.width, (tall + page.words(wide)) / page.height)
    width, height = page.stage(scale)
    stretch = min(MOST_STRETCH, width / wide)
    own = [replace(looks, width=row.layout.width * stretch) for row in least]
    n_titled = sum(row.is_titled for row in least)
    extra = max(0.0, height - tall) / max(1, n_titled)
    rows = [row_of(folded, of_row, some, extra) for of_row, some in zip(own, columns, strict=True)]
    dx, y = (width - wide * stretch) / 2, GAP + (height - _height_of(rows)) / 2
    placed = []
    for row in rows:
        extent = row.extent()
        moved = row.moved(dx, y - extent.top)
        placed.append(moved._replace(layout=replace(moved.layout, width=width)))
        y += extent.bottom - extent.top + GAP
    return Sheet(tuple(placed), _joined(placed, width, height), across(folded.network, placed), scale)


def _height_of(rows: Sequence[Row]) -> float:
    """Return the height of rows with the gaps between and around them."""
    return sum(bottom - top for _, _, top, bottom in (row.extent() for row in rows)) + GAP * (len(rows) + 1)


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
