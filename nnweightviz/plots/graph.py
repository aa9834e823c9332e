"""The diagram for print: every link a line, at the places, in the colours and widths of the widget, blocks as boxes.

A stage wider than the page is broken into rows (see ``pages``), or else made smaller, words and all. Not for where
things stand (see ``nnweightviz.layout``) nor for strokes (see ``strokes``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnweightviz.drawn import network_of
from nnweightviz.history import History
from nnweightviz.layout import Layout, Looks
from nnweightviz.network import Network
from nnweightviz.options import validated
from nnweightviz.parameters import Parameters
from nnweightviz.plots.beside import NOTHING, Beside, beside_of
from nnweightviz.plots.boxes import Folds, draw_boxes, draw_under, folds_of
from nnweightviz.plots.legend import LEGEND, ROW, draw_legend, legend_rows, note_rows, notes_of, told_rows
from nnweightviz.plots.links import Links, Shown
from nnweightviz.plots.names import IN_TITLE, clipped
from nnweightviz.plots.pages import MOST_SCALE, Page, arranged
from nnweightviz.plots.stage import HEAD, Stage, size_of
from nnweightviz.plots.strokes import draw_links, draw_strongest, likely_words
from nnweightviz.plots.units import draw_units
from nnweightviz.plots.walls import wanted_height
from nnweightviz.probe import Outputs
from nnweightviz.probe.encode import attachment
from nnweightviz.scale import PALETTES, Theme
from nnweightviz.selection import block_names
from nnweightviz.words import in_a_word, printable

MOST_TRIED = 3
"""Arrangements, until there is room for the words below."""
LEAST_PICTURED, LEAST_WITH_SHEET = 480, 600
"""Pixels of the width of a stage with portraits, which is shrunk to a narrower page; of a page with a sheet of those
that are not in the column.
"""


def graph(
    history: History,
    network: Network | None = None,
    checkpoint: int = -1,
    *,
    ax: Axes | None = None,
    unfolded: Mapping[str, str | bool] | None = None,
    expanded: Sequence[str] | None = None,
    outputs: Outputs | None = None,
    size: tuple[float, float] = (7.2, 4.8),
    theme: Theme = "light",
    title: str | None = None,
    **shown: Any,
) -> Axes:
    """Draw a network with the weights of a checkpoint.

    Parameters
    ----------
    history
        The checkpoints; domains are of all of them, as in the widget.
    network
        As ``nnweightviz.as_network(model)`` gives it; by default the one kept with the history, or names and shapes.
    checkpoint
        0-based, or from the end if negative.
    ax
        Where to draw; by default in a new figure of ``size`` inches.
    unfolded
        Which gate of a banded layer has its links drawn (group id -> gate), and which h(t-1) is unfolded.
    expanded
        Which blocks of a deep network are open (names of blocks and layers); the others are boxes, with their norms
        over all checkpoints. By default all of a small network, else as many as stay legible at this size.
    outputs
        What a probe found at the checkpoints of this history, as ``viz.outputs`` has it: units that have room are
        pictures of what they put out.
    size, theme, title
        Of a new figure in inches; ``"light"`` or ``"dark"``; above the diagram, the network's name by default.
    shown
        Options of the widget: ``scale``, ``quantity``, ``reference``, ``threshold``, ``signs``, ``gates``, ``roles``,
        ``reduce``, ``rest_index``, ``portraits``, ``strips``, ``pictures``, ``order``, ``fold_above``, ``fold_by``,
        ``open_bands``; see ``docs/options.md``.

    Raises
    ------
    TypeError, ValueError, IndexError
        If something given is not accepted; the message says what is.
    """
    links_shown = _checked(history, shown, theme)
    network = network_of(None, history) if network is None else network
    parameters = Parameters(network, list(history))
    n = len(parameters.checkpoints)
    _check_outputs(outputs, network, n)
    if not -n <= checkpoint < n:
        raise IndexError(
            f"checkpoint is {checkpoint}; this history has {n}, 0 to {n - 1}, or -1 for the last"
        )
    if ax is None:
        ax = Figure(figsize=size).add_axes((0, 0, 1, 1))
    folds = folds_of(network, parameters, _checked_blocks(network, expanded), Page(*size_of(ax)))
    links = Links(folds.opened.network, parameters, links_shown)
    attached = None if outputs is None else attachment(outputs, network, None, {})
    beside = beside_of(links, attached)
    draw_graph(
        ax, links, checkpoint % n, folds=folds, beside=beside, unfolded=unfolded, theme=theme, title=title
    )
    return ax


def draw_graph(
    ax: Axes,
    links: Links,
    k: int,
    *,
    folds: Folds,
    beside: Beside = NOTHING,
    unfolded: Mapping[str, str | bool] | None = None,
    theme: Theme = "light",
    title: str | None = None,
    n_strongest: int | None = None,
) -> Layout:
    """Draw links at checkpoint ``k``, for those who draw several checkpoints, and return where everything stands.

    With ``n_strongest``, there are at most as many lines, and no image of all links behind them.
    """
    shown, is_narrow = links.exhibits, size_of(ax)[0] < LEAST_WITH_SHEET
    if is_narrow:
        shown = {name: replace(exhibit, has_sheet=False) for name, exhibit in shown.items()}
    opened = folds.opened.with_bands(links.banded)
    about: dict[str, Any] = {"unfolded": unfolded or {}, "exhibits": shown, "bands": links.banded.runs}
    about |= {"order": links.order, "is_striped": beside.strips is not None, "pictured": beside.pictured}
    about |= opened.looks(len(links.parameters.checkpoints))
    likely = folds.words() + likely_words(links, n_strongest)
    notes = before = notes_of(links, shown)
    for _ in range(MOST_TRIED):
        page = _page_for(size_of(ax), links, k, (likely, notes), about)
        sheet = arranged(opened, Looks(*page.stage(1), **about), page)
        told = before + beside.words(links, sheet.layout, k)
        if told == notes:
            break
        notes = told
    stage = Stage(ax, links.network, sheet.layout, links, k, theme)
    stage.prepare()
    draw_under(stage, sheet)
    told = draw_links(stage) if n_strongest is None else draw_strongest(stage, n_strongest)
    told = folds.words() + (told if links.network.bundles else [])
    for row in sheet.rows:
        draw_units(replace(stage, layout=row.layout), folds.opened.collapsed.boxes, row.crossed())
    beside.draw(stage)
    draw_boxes(stage, folds)
    name = printable(links.network.name if title is None else title)
    stage.text(10, -8, clipped(name, sheet.layout.width - 20, IN_TITLE), size=9, weight="bold", ha="left")
    draw_legend(stage, told, notes)
    return sheet.layout


def _page_for(
    size: tuple[float, float],
    links: Links,
    k: int,
    said: tuple[Sequence[str], Sequence[str]],
    about: Mapping[str, Any],
) -> Page:
    """Return the page of a diagram: smaller than it is, words and all, where pictures need more room.

    ``said`` is what is likely to be told of links, and notes.
    """
    (width, height), (likely, notes) = size, said

    def words(wide: float) -> float:
        n_rows = len(legend_rows(links, links.network.bundles, k, wide)) + len(note_rows(notes, wide))
        return HEAD + LEGEND + ROW * (n_rows + len(told_rows(links, k, likely, wide)) - 1)

    least = max(width, LEAST_PICTURED if about["exhibits"] else 0)
    page = Page(least, height * least / width, words)
    pictured = about["pictured"] - about["exhibits"].keys()
    if about["boxes"] or not pictured:
        return page
    wanted = wanted_height(links.network, pictured, page.stage(MOST_SCALE)[1])
    scale = max(1.0, (wanted + words(page.width)) / page.height)
    return Page(page.width * scale, page.height * scale, words)


def _check_outputs(outputs: Any, network: Network, n: int) -> None:
    """Raise TypeError or ValueError unless a probe found this in a network at some of ``n`` checkpoints."""
    if outputs is None:
        return
    if not isinstance(outputs, Outputs):
        raise TypeError(f"outputs is {in_a_word(outputs)}; it is what viz.outputs has, or None")
    n_units = {group.id: group.n_units for group in network.groups}
    for name, found in outputs.groups.items():
        if found.values.shape[-1] != n_units.get(name):
            raise ValueError(
                f"outputs are of another network: {name!r} has {found.values.shape[-1]} units there, here "
                f"{n_units.get(name, 'none')}; pass the network that was probed"
            )
    if np.any(outputs.checkpoints >= n):
        raise ValueError(
            f"outputs are of another history: they are of checkpoint {outputs.checkpoints.max()}, too, and this one "
            f"has {n}, 0 to {n - 1}; pass the history that was probed"
        )


def _checked_blocks(network: Network, expanded: Sequence[str] | None) -> Sequence[str] | None:
    names = block_names(network)
    for name in validated({"expanded": expanded})["expanded"] or ():
        if name not in names:
            some = ", ".join(map(repr, names[:12]))
            raise ValueError(f"there is no block {name!r} to expand; blocks are: {some}")
    return expanded


def _checked(history: Any, shown: Mapping[str, Any], theme: str) -> Shown:
    if not isinstance(history, History):
        raise TypeError(
            f"history is {in_a_word(history)}; it is a History, as nnweightviz.open(path) gives it"
        )
    if len(history) == 0:
        raise ValueError("the history has no checkpoints: record one first")
    if theme not in PALETTES:
        raise ValueError(f"theme is {theme!r}; it is {' or '.join(map(repr, PALETTES))}")
    names = [field.name for field in fields(Shown)]
    for name in shown:
        if name not in names:
            raise TypeError(f"graph() does not take {name!r}; of the options it takes {', '.join(names)}")
    options = validated(shown)
    return Shown(**{name: options[name] for name in names})
