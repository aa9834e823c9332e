"""A widget as one small picture, for places where its code does not run. Not for print (see ``printed``)."""

from __future__ import annotations

import gc
import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from nnweightviz.legible import is_legible
from nnweightviz.network import Network
from nnweightviz.opened import Opened, opened
from nnweightviz.plots.cells import cells
from nnweightviz.plots.pages import Page, is_readable, opened_on_paper
from nnweightviz.plots.printed import Printable, drawer, pixels_of
from nnweightviz.plots.stage import PIXELS_PER_INCH
from nnweightviz.portraits import portrayed
from nnweightviz.scale import PALETTES, Rgb, shade

SIZES = [(width, height) for width in (720, 960) for height in (320, 400, 480, 560)]
"""Pixels of pages, of which the picture has twice as many: boxes take the first that has room for them, others the
first.
"""
WIDE = (960, 400)
"""Of a graph whose words would be small on the first."""
DENSITY = 2
DPI = DENSITY * PIXELS_PER_INCH
LIGHT = PALETTES["light"]
NORMS = [shade(LIGHT, (k + 1) / 24, signed=False) for k in range(24)]
"""Colours of norms, red, green and blue, which must not look as if they had a sign."""
KEPT = [(29, 33, 37), (93, 100, 108), LIGHT.negative, LIGHT.positive]
"""Colours that every picture has: of text, which stays legible, and of both signs."""
MOST_BYTES = 100_000
ALL_LINES, MANY_LINES = 1500, (1500, 180, 90)
"""Links that are all drawn as lines; how many lines are tried until the picture is small enough."""
FEW_COLOURS, MANY_COLOURS = (22, 12), (62, 30)
"""Of a picture, of a graph without portraits and of another: how many are tried before there are fewer lines."""
MOST_VALUES = 20_000_000
"""Weights that are read: of more, domains are those of some checkpoints; of a larger net, the norms are shown."""
OVER_TIME = ("distribution", "trajectory", "spectrum", "overview")
"""Views that show all checkpoints by themselves."""


class Preview(NamedTuple):
    """A PNG, its size on a page in pixels, the view and the checkpoints that it shows."""

    png: bytes
    width: int
    height: int
    view: str
    checkpoints: list[int]


@contextmanager
def _unswept() -> Iterator[None]:
    """Let no collection of garbage fall into this: a picture makes thousands of objects, and with a framework loaded
    each sweep takes as long as the picture.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_unswept()
def preview(viz: Printable) -> Preview:
    """Return the first and the last checkpoint beside each other as a PNG of at most 100 KB; of views that show all
    checkpoints at once, the last one. Too many boxes, or weights, are a table of norms (``"cells"``).
    """
    n, (view, size, n_values, blocks) = len(viz.history), _drawn(viz)
    n_read = min(n, MOST_VALUES // max(1, n_values))
    if n_read < (n if view in OVER_TIME else min(2, n)):
        (view, size, n_values, blocks), n_read = _Drawn("cells"), n
    shown = sorted({n - 1} if view in OVER_TIME else {0, n - 1})
    read = sorted({*shown, *np.linspace(0, n - 1, n_read).round().astype(int).tolist()})
    inches = size[0] / len(shown) / PIXELS_PER_INCH, size[1] / PIXELS_PER_INCH
    is_small, is_plain_page = viz.network.n_links <= ALL_LINES, size == SIZES[0]
    first = 0 if is_small and (is_plain_page or view == "graph") else 1 if is_plain_page else 2
    is_plain = blocks is not None and not (viz.options["portraits"] and portrayed(viz.network))
    colours, kept = (FEW_COLOURS, KEPT) if is_plain else (MANY_COLOURS, [*KEPT, *NORMS])
    for n_strongest in MANY_LINES[first:] if blocks else (None,):
        if view == "cells":
            draw = cells(viz.history, viz._summaries, shown, viz.title)
        else:
            draw = drawer(viz, viz.view, {}, n_strongest, read, opened=blocks)
        pixels = _beside([draw(k, inches) for k in shown])
        pngs = (small_png(pixels, n_colours, kept) for n_colours in colours)
        png = next((png for png in pngs if len(png) <= MOST_BYTES), b"")
        if png:
            break
    else:
        png = small_png(pixels[::2, ::2], colours[0], kept)
    if len(png) > MOST_BYTES:
        raise ValueError(f"the picture has {len(png)} bytes, more than {MOST_BYTES}")
    return Preview(png, *size, view, shown)


class _Drawn(NamedTuple):
    """What is drawn instead of a view of a deep net, on how large a page, how many values of each checkpoint are read
    for it, and of a graph which blocks are open.
    """

    view: str
    size: tuple[int, int] = SIZES[0]
    n_values: int = 0
    opened: Opened | None = None


def _drawn(viz: Printable) -> _Drawn:
    """Return what is drawn instead of a view of a deep net: of a graph as many blocks as a page has room for."""
    if viz.view != "graph":
        is_table = viz.view == "overview" and not is_legible(viz.network)
        return _Drawn("cells") if is_table else _Drawn(viz.view, n_values=_n_values(viz.network))
    n, expanded = len(viz.history), viz.options["expanded"]
    pages = [Page(width / min(2, n), height, is_screen=True) for width, height in SIZES]
    whole = opened(viz.network, expanded)
    if whole.collapsed.boxes or not is_readable(whole, n, replace(pages[0], is_screen=False)):
        found = opened_on_paper(viz.network, expanded, n, pages[-1])
        if is_readable(found, n, pages[-1]):
            fits = (size for size, page in zip(SIZES, pages, strict=True) if is_readable(found, n, page))
            return _Drawn("boxes", next(fits), _n_values(found.network), found)
    if whole.collapsed.boxes:
        return _Drawn("cells")
    size = SIZES[0] if is_readable(whole, n, replace(pages[0], is_screen=False)) else WIDE
    return _Drawn("graph", size, _n_values(viz.network), whole)


def _n_values(network: Network) -> int:
    """Return how many parameters are drawn themselves."""
    return sum(math.prod(shape) for shape in (network.parameters or {}).values())


def _beside(figures: list[Figure]) -> NDArray[np.uint8]:
    """Return figures as one picture, ``(height, width, 3)``: the axes of all are where those of the first are."""
    first, *others = figures
    pixels = [pixels_of(first, DPI)]
    for figure in others:
        if figure.get_layout_engine():  # which takes as long as the drawing
            figure.set_layout_engine("none")
            for ax, beside in zip(figure.axes, first.axes, strict=True):
                ax.set_position(beside.get_position(original=True))
        pixels.append(pixels_of(figure, DPI))
    return np.hstack(pixels)


def small_png(pixels: NDArray[np.uint8], n_colours: int, kept: Sequence[Rgb] = KEPT) -> bytes:
    """Return ``(height, width, 3)`` pixels as a PNG of so many colours: of a ninth of the pixels, and those kept."""
    sample = Image.fromarray(np.ascontiguousarray(pixels[1::3, 1::3]))
    flat = sample.quantize(n_colours, dither=Image.Dither.NONE).getpalette() or []
    palette = np.array([*np.reshape(flat[: 3 * n_colours], (-1, 3)), *kept])
    five_bits = (pixels >> 3).astype(np.uint16)
    codes = five_bits[..., 0] << 10 | five_bits[..., 1] << 5 | five_bits[..., 2]
    middles = np.arange(32) * 8 + 4
    middles[-1] = 255  # white stays white
    distances = (middles[:, None] - palette.T[:, None]) ** 2  # (3, 32, n_colours)
    red, green, blue = distances
    nearest = (red[:, None, None] + green[:, None] + blue).argmin(-1).astype(np.uint8).ravel()
    image = Image.fromarray(nearest[codes])
    image.putpalette(palette.astype(np.uint8).ravel().tolist())
    file = io.BytesIO()
    image.save(file, "PNG", bits=8)  # which packs better than 4
    return file.getvalue()
