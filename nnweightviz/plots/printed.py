"""A widget's views as figures, with the options that it has, and figures as files. Not for what they are called by."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, Protocol

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnweightviz import plots
from nnweightviz.history import History
from nnweightviz.looks import check_looks
from nnweightviz.network import Network
from nnweightviz.opened import Opened
from nnweightviz.options import validated
from nnweightviz.parameters import Parameters
from nnweightviz.parts import Attachment
from nnweightviz.plots.beside import NOTHING, Beside, beside_of
from nnweightviz.plots.boxes import Folds
from nnweightviz.plots.graph import draw_graph
from nnweightviz.plots.links import Links, Shown
from nnweightviz.plots.pages import Page, opened_on_paper
from nnweightviz.plots.stage import size_of
from nnweightviz.scale import Theme
from nnweightviz.summaries import Summaries
from nnweightviz.views import VIEWS, shown_matrix

SHOWN = [field.name for field in fields(Shown)]
LOOKS = {
    "matrix": ("quantity", "reference", "scale", "thresholds", "codes"),
    "distribution": ("of", "by", "normalise", "bins", "counts", "chosen", "x", "log_axes"),
    "trajectory": ("of", "by", "normalise", "sample", "n_sampled", "seed", "below", "x", "log_axes"),
    "spectrum": ("of", "by", "x", "log_axes"),
    "overview": ("of", "x"),
}
"""The options that each view is drawn by."""


class Printable(Protocol):
    """What a widget has that its pictures need."""

    network: Network
    options: Any
    selection: Any
    view: Any
    title: Any

    def _order(self, name: str) -> Mapping[str, Sequence[int]]: ...
    @property
    def _summaries(self) -> Summaries: ...
    @property
    def _put_out(self) -> Attachment | None: ...
    @property
    def history(self) -> History: ...
    @property
    def histories(self) -> Mapping[str, History]: ...


def drawer(
    viz: Printable,
    view: str | None,
    looks: Mapping[str, Any],
    n_strongest: int | None = None,
    of: Sequence[int] | None = None,
    *,
    opened: Opened | None = None,
) -> Callable[[int, tuple[float, float]], Figure]:
    """Return what draws a view at a checkpoint; what all checkpoints share is found once for a size.

    With ``n_strongest`` a graph has about so many lines a layer, no shading, no strips and no pictures of outputs; with
    ``of``, its domains are those of these checkpoints; with ``opened``, these of its blocks are open, and not those
    that the size has room for.
    """
    name = viz.view if view is None else view
    if name not in VIEWS:
        raise ValueError(f"there is no view {name!r}; the views are {', '.join(VIEWS)}")
    options = validated({**viz.options, **looks})
    check_looks(options, viz.network, viz.histories)
    if name == "graph":
        theme: Theme = "dark" if options["theme"] == "dark" else "light"
        shown = Shown(**{option: options[option] for option in SHOWN})
        parameters = Parameters(viz.network, list(viz.history))

        @cache
        def parts(width: float, height: float) -> tuple[Folds, Links, Beside]:
            page, n = Page(width, height), len(parameters.checkpoints)
            folds = Folds(
                opened or opened_on_paper(viz.network, options["expanded"], n, page), viz._summaries
            )
            links = Links(folds.opened.network, parameters, shown, of, viz._order)
            return folds, links, NOTHING if n_strongest else beside_of(links, viz._put_out)

        def draw(k: int, size: tuple[float, float]) -> Figure:
            figure = Figure(figsize=size)
            axes = figure.add_axes((0, 0, 1, 1))
            folds, links, beside = parts(*size_of(axes))
            about = {"beside": beside, "unfolded": options["unfolded"], "theme": theme, "title": viz.title}
            draw_graph(axes, links, k, folds=folds, **about, n_strongest=n_strongest)
            return figure

        return draw
    history: Any = dict(viz.histories) if len(viz.histories) > 1 else viz.history
    about = {option: options[option] for option in LOOKS[name]} | {"network": viz.network}
    first = options[name]
    if name == "matrix":
        first = shown_matrix(options, viz.selection, viz.network)
        about["kind"] = options["matrix"]
    plot = getattr(plots, name)

    def draw_view(k: int, size: tuple[float, float]) -> Figure:
        at = {} if name == "trajectory" else {"checkpoint": k}
        return _figure_of(plot(history, first, **about, **at), size)

    return draw_view


def _figure_of(axes: Any, size: tuple[float, float]) -> Figure:
    """Return the figure of one axes or several, made as large as is asked for."""
    while not hasattr(axes, "figure"):
        many = axes.values() if hasattr(axes, "values") else axes.flat if hasattr(axes, "flat") else axes
        axes = next(iter(many))
    figure: Figure = axes.figure
    figure.set_size_inches(size)
    return figure


def bytes_of(figure: Figure, form: str, **about: Any) -> bytes:
    """Return a figure as a file: ``"png"``, ``"svg"`` with text as text, or ``"pdf"`` with its fonts in it."""
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "nnweightviz"}):
        figure.savefig(file, format=form, **about)
    return file.getvalue()


def pixels_of(figure: Figure, dpi: float) -> NDArray[np.uint8]:
    """Return a figure as ``(height, width, 3)``: red, green and blue."""
    figure.set_dpi(dpi)
    canvas: Any = FigureCanvasAgg(figure)  # its methods have no types
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]
