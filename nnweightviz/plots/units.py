"""Units, gates, boxes and ticks of a printed diagram."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

import numpy as np
from matplotlib.collections import EllipseCollection, PolyCollection
from matplotlib.patches import Circle, FancyBboxPatch

from nnweightviz.layout import Place
from nnweightviz.plots.look import colour
from nnweightviz.plots.names import clipped, draw_names, titles_of
from nnweightviz.plots.pictures import draw_pictures, ticks_below
from nnweightviz.plots.stage import Stage
from nnweightviz.plots.tones import colours
from nnweightviz.scale import shade

TICK = 13
"""How long a tick at its full domain is, in pixels."""


def draw_units(stage: Stage, boxed: Container[str] = (), crossed: Container[str] = ()) -> None:
    """Draw all groups but those that are boxes of blocks, and the ticks of biases and norms.

    Titles of groups that are ``crossed`` by wires have paper behind them.
    """
    for name, place in stage.layout.places.items():
        if name not in boxed:
            _draw_place(stage, place, is_crossed=name in crossed)
    _draw_ticks(stage)


def _draw_place(stage: Stage, place: Place, *, is_crossed: bool) -> None:
    group = place.group
    outline: dict[str, Any] = {"facecolor": stage.paper, "edgecolor": stage.outline, "zorder": 3}
    width = 1.0 * stage.point
    middle = place.top + place.height / 2
    behind: dict[str, Any] = {"facecolor": stage.paper, "linewidth": 0, "pad": 0.2}
    for y, words, looks in titles_of(stage.network, stage.layout, place):
        ink: dict[str, Any] = {"color": stage.muted} if looks["size"] == 7 else {}
        stage.text(place.x, y, words, bbox=behind if is_crossed else None, **ink, **looks)
    if place.form == "bias":
        stage.ax.add_patch(Circle((place.x, middle), 7, linewidth=width, **outline))
        stage.text(place.x, middle, stage.network.unit_name(group.id, 0), size=7, zorder=4)
    elif place.form in ("box", "folded"):
        half, height = (40.0, max(38, place.height * 0.8)) if place.form == "box" else (32.0, 34.0)
        corner = (place.x - half, middle - height / 2)
        style = f"round,pad=0,rounding_size={5}"
        stage.ax.add_patch(FancyBboxPatch(corner, 2 * half, height, style, linewidth=width, **outline))
        kind = stage.network.layer_of(group.id).kind if place.form == "box" else group.label
        about = str(group.n_units) if place.form == "folded" else _shape_words(stage, group.layer)
        stage.text(place.x, middle - 6, clipped(kind, 2 * half - 8), size=7.5, zorder=4)
        stage.text(place.x, middle + 7, clipped(about, 2 * half - 4), size=6.5, color=stage.muted, zorder=4)
    elif place.form == "ports" or place.outputs:
        _draw_boxed(stage, place, outline)
    elif place.pictures:
        draw_pictures(stage, place)
    elif place.band and place.band.size > 1:
        _draw_bands(stage, place, outline)
    else:
        dashes = {"linestyle": (0, (2.5, 2))} if group.delayed_of is not None else {}
        offsets = np.column_stack([np.full(len(place.unit_y), place.x), place.unit_y])
        marks = EllipseCollection(  # in one go: a thousand patches take seconds
            [2 * place.radius],
            [2 * place.radius],
            [0.0],
            units="x",
            offsets=offsets,
            offset_transform=stage.ax.transData,
            linewidth=width,
            **outline,
            **dashes,
        )
        stage.ax.add_collection(marks, autolim=False)
    for tile in place.tiles:
        _draw_tile(stage, place, tile.port, (tile.x, tile.y, tile.width, tile.height))
    draw_names(stage.network, stage.layout, place, stage.text)


def _draw_boxed(stage: Stage, place: Place, outline: dict[str, Any]) -> None:
    """Draw units with gates, or the frames round pictures of outputs."""
    height, half = place.spacing * 0.84, place.half_width
    radius = min(4, height / 4)
    if place.outputs and place.form != "ports":
        height, radius = place.outputs.height + 2, 2
    for y in map(float, place.unit_y):
        style = f"round,pad=0,rounding_size={radius}"
        corner = (place.x - half, y - height / 2)
        stage.ax.add_patch(FancyBboxPatch(corner, 2 * half, height, style, linewidth=stage.point, **outline))
        is_named = not place.outputs and height / len(place.group.ports) >= 8.5
        for port in place.group.ports if is_named else ():
            stage.text(place.x, y + place.port_offset(port), port, size=6.5, color=stage.muted, zorder=4)


def _draw_bands(stage: Stage, place: Place, outline: dict[str, Any]) -> None:
    x, half, height = place.x, place.half_width, max(2, min(20, place.spacing * 0.8))
    corners = [
        [(x - half, y), (x + half, y), (x + half, y + height), (x - half, y + height)]
        for y in (place.unit_y - height / 2).tolist()
    ]
    marks = PolyCollection(corners, linewidths=stage.point, **outline)
    stage.ax.add_collection(marks, autolim=False)


def _draw_ticks(stage: Stage) -> None:
    """Draw biases and norms of many units as ticks, those of one unit below each other."""
    bundles = [
        bundle
        for bundle in stage.layout.ticked.values()
        if (place := stage.layout.places.get(bundle.target))
        and place.port in (None, bundle.port)
        and stage.links.is_shown(bundle)
    ]
    for bundle in bundles:
        place, values = stage.layout.places[bundle.target], stage.links.values(bundle, stage.k)
        if values is None or place.outputs:  # whose frame is above them
            continue
        row = [other for other in bundles if other.target == bundle.target]
        ticks = (ticks_below if place.pictures else _ticks_beside)(place, row.index(bundle), len(row))
        domain = stage.links.domain(bundle, stage.k)
        bars, inks = [], []
        for unit, x, y, most, thickness in ticks:
            value = float(values[unit, 0])
            share = value / domain if domain > 0 else 0.0
            inks.append(colour(shade(stage.palette, share, signed=stage.links.is_signed(bundle))))
            length = most * (min(1, abs(share)) if np.isfinite(value) else 1)
            left = x if not share < 0 else x - length
            bars.append(
                [(left, y), (left + length, y), (left + length, y + thickness), (left, y + thickness)]
            )
        if bars:
            marks = PolyCollection(bars, facecolors=inks, linewidths=0, zorder=4)
            stage.ax.add_collection(marks, autolim=False)


def _ticks_beside(place: Place, i: int, n: int) -> Iterator[tuple[int, float, float, float, float]]:
    """Yield, of the ``i``-th of ``n`` ticks of each unit, it, x, y (of the top), length at the domain, thickness."""
    thickness = max(1 / n, min(3, place.spacing * (0.8 if n > 1 else 0.4) / n))
    for unit, y in enumerate(place.unit_y.tolist()):
        yield unit, place.x, y + (i - (n - 1) / 2) * thickness - thickness / 2, TICK, thickness


def _draw_tile(stage: Stage, place: Place, port: str, box: tuple[float, float, float, float]) -> None:
    """Draw a gate's kernels as a small matrix beside each other."""
    kernels = [
        (values, stage.links.domain(bundle, stage.k))
        for bundle in stage.network.bundles
        if bundle.target == place.group.id and bundle.port == port and bundle.role != "bias"
        if (values := stage.links.values(bundle, stage.k)) is not None
    ]
    x, y, width, height = box
    if kernels:
        shares = np.hstack([values / domain if domain > 0 else values for values, domain in kernels])
        stage.ax.imshow(
            colours(shares, stage.palette),
            extent=(x, x + width, y + height, y),
            aspect="auto",
            interpolation="nearest",
            zorder=3,
        )
    weight = "bold" if port == place.port else "normal"
    stage.text(x + width + 9, y + height / 2, port, size=7, weight=weight)


def _shape_words(stage: Stage, layer: str) -> str:
    shapes = [
        s
        for name, s in (stage.network.parameters or {}).items()
        if name.startswith(f"{layer}.") or name == layer
    ]
    return " × ".join(map(str, shapes[0])) if shapes else ""
