"""Closed blocks as boxes with their norms over time, the frames of open blocks, and wires, in a printed diagram.

The twin of what ``js/src/views/graph/boxes.ts`` draws. Not for where they stand (see ``pages``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection, PatchCollection, PathCollection
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyBboxPatch, Polygon
from matplotlib.path import Path
from numpy.typing import NDArray

from nnweightviz.collapse import Box
from nnweightviz.hierarchy import Block
from nnweightviz.layout import Place
from nnweightviz.network import Network
from nnweightviz.opened import HEAD, ROW, Opened
from nnweightviz.parameters import Parameters
from nnweightviz.plots.look import colour
from nnweightviz.plots.names import clipped
from nnweightviz.plots.pages import USUAL, Page, Sheet, opened_on_paper
from nnweightviz.plots.stage import INK, Stage
from nnweightviz.routes import Framed, Route
from nnweightviz.scale import amount_of, value_of
from nnweightviz.summaries import Summaries
from nnweightviz.words import counted

BOLD, SMALL = 7.2, 5.3
"""Pixels that a character of a block's name takes, and of the words below it."""
PAD = 9
LEAST_SPAN = 0.2
"""Of the largest value: a change of a thousandth must not look like one of everything."""
WIRE = {"light": "#8d949c", "dark": "#7c848d"}
CODES = {"M": [Path.MOVETO], "L": [Path.LINETO], "Q": [Path.CURVE3] * 2, "C": [Path.CURVE4] * 3}


@dataclass(frozen=True)
class Folds:
    """A network with closed blocks, and the norms of what they hold."""

    opened: Opened
    summaries: Summaries

    def words(self) -> list[str]:
        """Return how much is not drawn by link because it is in boxes."""
        n_blocks, n_parameters = self.opened.folded()
        if n_blocks == 0:
            return []
        return [f"{amount_of(n_parameters)} parameters in {counted(n_blocks, 'closed block')}"]


def folds_of(
    network: Network,
    parameters: Parameters,
    expanded: Sequence[str] | None,
    page: Page = USUAL,
) -> Folds:
    """Return a network with these blocks open, or as many as stay legible on a page, and find the norms."""
    opened = opened_on_paper(network, expanded, len(parameters.checkpoints), page)
    return Folds(opened, _summaries_of(opened, parameters))


def _summaries_of(opened: Opened, parameters: Parameters) -> Summaries:
    """Return the norms of all parameters in boxes, which are read for that."""
    names = dict.fromkeys(n for box in opened.collapsed.boxes.values() for n in box.block.parameters)
    summaries = Summaries([name for name in names if name in parameters.shapes])
    for k in range(len(parameters.checkpoints) if summaries.names else 0):
        there = (name for name in summaries.names if parameters.has(name, k))
        summaries.record({name: parameters.array(k, name) for name in there})
    return summaries


def draw_under(stage: Stage, sheet: Sheet) -> None:
    """Draw the frames of open blocks, and wires."""
    for frame in (frame for row in sheet.rows for frame in row.frames):
        _draw_frame(stage, frame)
    _draw_wires(stage, [*(route for row in sheet.rows for route in row.routes), *sheet.across])


def draw_boxes(stage: Stage, folds: Folds) -> None:
    """Draw closed blocks."""
    for name, box in folds.opened.collapsed.boxes.items():
        if name in stage.layout.places:
            _draw_box(stage, box, stage.layout.places[name], folds)


def _draw_frame(stage: Stage, frame: Framed) -> None:
    left, right, top, bottom = frame.rect
    shape = _rounded((left, top, right - left, bottom - top), 8)
    fill = to_rgba(INK[stage.theme][0], 0.025)
    shape.set(facecolor=fill, edgecolor=stage.line, linewidth=stage.point, zorder=0.5)
    stage.ax.add_patch(shape)
    name = clipped(frame.block.name, right - left - 16, SMALL)
    stage.text(left + 8, top + 12, name, size=7.5, ha="left", color=stage.muted, zorder=4)


def _draw_wires(stage: Stage, routes: Sequence[Route]) -> None:
    ink, width = WIRE[stage.theme], 1.3 * stage.point
    paths = []
    for route in routes:
        points = [numbers[i : i + 2] for _, numbers in route.path for i in range(0, len(numbers), 2)]
        paths.append(Path(points, [code for letter, _ in route.path for code in CODES[letter]]))
    wires = PathCollection(paths, facecolors="none", edgecolors=ink, linewidths=width, zorder=0.8)
    stage.ax.add_collection(wires, autolim=False)
    tips = PatchCollection([_tip(route) for route in routes], color=ink, linewidth=0, zorder=0.9)
    stage.ax.add_collection(tips, autolim=False)


def _tip(route: Route) -> Polygon:
    x, y, degrees = route.tip
    along = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = ((0, 0), (-7, -3.5), (-7, 3.5))
    return Polygon([(x + a * along[0] - b * along[1], y + a * along[1] + b * along[0]) for a, b in corners])


def _rounded(box: tuple[float, float, float, float], radius: float) -> FancyBboxPatch:
    x, y, width, height = box
    radius = min(radius, width / 2, height / 2)
    return FancyBboxPatch((x, y), width, height, f"round,pad=0,rounding_size={radius}")


def _draw_box(stage: Stage, box: Box, place: Place, folds: Folds) -> None:
    left, width = place.x - place.half_width, 2 * place.half_width
    is_pill = box.is_join and not box.is_input
    shape = _rounded((left, place.top, width, place.height), place.height / 2 if is_pill else 6)
    line = to_rgba(stage.outline, 0.55)
    shape.set(facecolor=stage.paper, edgecolor=line, linewidth=stage.point, zorder=3)
    stage.ax.add_patch(shape)
    if box.is_join:
        _write_join(stage, box, place)
        return
    _write_box(stage, box, place, folds.opened.hierarchy.network)
    if place.half_width >= 60:
        _draw_norms(stage, box.block, place, folds.summaries)


def _write_join(stage: Stage, box: Box, place: Place) -> None:
    """Write the word of what joins others, or of the input, in a pill."""
    block, room = box.block, 2 * place.half_width - 6
    middle = place.top + place.height / 2
    if not box.is_input:
        kind = block.layer.kind if block.layer else block.short_name
        stage.text(place.x, middle, clipped(kind, room, 6), size=7.5, zorder=4)
        return
    n = sum(group.n_units for group in block.groups)
    units = f"{amount_of(n)} unit{'' if n == 1 else 's'}"
    name = clipped(block.short_name, room, 6)
    if place.height < 30:
        stage.text(place.x, middle, name, size=7.5, zorder=4)
        return
    stage.text(place.x, middle - 6, name, size=7.5, zorder=4)
    stage.text(place.x, middle + 8, clipped(units, room, SMALL), size=6.5, color=stage.muted, zorder=4)


def _write_box(stage: Stage, box: Box, place: Place, network: Network) -> None:
    """Write a block's name, its number of parameters and what it is, as far as there is room."""
    block, half = box.block, place.half_width
    x = place.x - half + min(PAD, half / 5)
    room = 2 * (place.x - x)
    part = f" {box.part + 1}/{box.n_parts}" if box.n_parts > 1 else ""
    full = block.short_name + part
    name = full if len(full) * BOLD <= room else block.last_name + part
    y = place.top + min(15, place.height / 2)
    if place.height >= 12:
        stage.text(x, y, clipped(name, room, BOLD), size=8, weight="bold", ha="left", zorder=4)
    amount = amount_of(block.n_parameters) + (" parameters" if half > 50 else "")
    lines = [amount] * (place.height >= 38) + [_kind_words(network, block)] * (
        place.height >= 54 and half > 50
    )
    for i, line in enumerate(lines):
        about: dict[str, Any] = {"size": 6.5, "ha": "left", "color": stage.muted, "zorder": 4}
        stage.text(x, place.top + 31 + 14 * i, clipped(line, room + 4, SMALL), **about)


def _kind_words(network: Network, block: Block) -> str:
    """Return what a block is: a layer's kind and first shape, or how many layers it holds."""
    if block.children:
        return counted(block.n_layers, "layer")
    shapes = network.parameters or {}
    kind = block.layer.kind if block.layer else ""
    shape = shapes.get(block.parameters[0]) if block.parameters else None
    return f"{kind} {'×'.join(map(str, shape))}" if shape else kind


def _draw_norms(stage: Stage, block: Block, place: Place, summaries: Summaries) -> None:
    """Draw the norm, and the size of updates, of all that a block holds: a name, a curve and the value now, each."""
    if len(summaries) == 0 or not block.parameters:
        return
    odd = summaries.over("n_odd", block.parameters)
    quantities = {"norm": "norm", "update": "update_norm"} if len(summaries) > 1 else {"norm": "norm"}
    left, right = place.x - place.half_width + PAD, place.x + place.half_width - PAD
    for i, (name, quantity) in enumerate(quantities.items()):
        if place.height < HEAD + ROW * (i + 1):
            break
        values, y = summaries.over(quantity, block.parameters), place.top + 56 + ROW / 2 + ROW * i
        now = float(values[stage.k]) if stage.k < len(values) else math.nan
        n_odd = odd[stage.k] if name == "norm" and stage.k < len(odd) else 0
        is_odd = bool(n_odd > 0)
        words = f"{amount_of(int(n_odd))} NaN" if is_odd else value_of(now) if math.isfinite(now) else "–"
        about: dict[str, Any] = {"size": 6.5, "zorder": 4}
        stage.text(left, y, name, ha="left", color=stage.muted, **about)
        ink: dict[str, Any] = {"color": colour(stage.palette.odd), "weight": "bold"} if is_odd else {}
        stage.text(right, y, words, ha="right", **ink, **about)
        if len(values) > 1:
            _draw_curve(stage, values, odd, (left + 40, right - 46, y - 6.5, y + 6.5))


def _draw_curve(
    stage: Stage,
    values: NDArray[Any],
    odd: NDArray[Any],
    span: tuple[float, float, float, float],
) -> None:
    """Draw a number over the checkpoints with a point at the one that is shown, and marks where there are NaN."""
    left, right, top, bottom = span
    low, high = _domain(values)
    x = np.linspace(left, right, len(values))
    y = bottom - (values - low) / (high - low) * (bottom - top)
    y[~np.isfinite(y)] = np.nan
    ink = INK[stage.theme][0]
    head = slice(stage.k, stage.k + 1)  # empty where norms are not known yet
    stage.ax.vlines(x[head], top - 2, bottom + 2, color=stage.line, linewidth=stage.point, zorder=3.5)
    stage.ax.plot(x, y, color=ink, linewidth=1.3 * stage.point, zorder=4)
    stage.ax.plot(x[head], y[head], "o", color=ink, markersize=4.4 * stage.point, mew=0, zorder=4)
    marks = [[(at, bottom - 3), (at, bottom + 1)] for at in x[odd > 0]]
    colours = [colour(stage.palette.odd)]
    stage.ax.add_collection(
        LineCollection(marks, colors=colours, linewidths=1.2 * stage.point, zorder=4), autolim=False
    )


def _domain(values: Iterable[float]) -> tuple[float, float]:
    """Return the range that is drawn: what there is, and never less than a fifth of the largest."""
    known = [value for value in values if math.isfinite(value)]
    high = max(known, default=0.0)
    if high == 0:
        return 0.0, 1.0
    return max(0.0, min(*known, high * (1 - LEAST_SPAN))), high
