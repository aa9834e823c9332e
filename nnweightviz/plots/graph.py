"""The diagram for print: every link a line, at the places, in the colours and widths of the widget, blocks as boxes.

A stage wider than the page is broken into rows (see ``pages``), or else made smaller, words and all. Not for where
things stand (see ``nnweightviz.layout``) nor for what is pointed at: paper shows no pictures of outputs and no
histories of links.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nnweightviz.bundle import Bundle
from nnweightviz.drawn import network_of
from nnweightviz.history import History
from nnweightviz.layout import Layout, Looks
from nnweightviz.network import Network
from nnweightviz.options import validated
from nnweightviz.parameters import Parameters
from nnweightviz.plots.boxes import Folds, draw_boxes, draw_under, folds_of
from nnweightviz.plots.legend import LEGEND, ROW, draw_legend, legend_rows, note_rows, notes_of, told_rows
from nnweightviz.plots.lines import (
    FEW,
    MOST_CRISP,
    MOST_IN_ALL,
    N_STRONG,
    Lines,
    crowd_of,
    shading,
    words_of,
)
from nnweightviz.plots.links import Links, Shown
from nnweightviz.plots.look import colour
from nnweightviz.plots.names import IN_TITLE, clipped
from nnweightviz.plots.pages import Page, arranged
from nnweightviz.plots.stage import HEAD, Stage, size_of
from nnweightviz.plots.units import draw_units
from nnweightviz.scale import PALETTES, Theme, buckets_of, line_of, opacity_exponent
from nnweightviz.selection import block_names
from nnweightviz.words import counted, in_a_word, printable

SHADING_RATIO = 2
"""Pixels of the image of a crowd to a pixel of the stage."""
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
    size, theme, title
        Of a new figure in inches; ``"light"`` or ``"dark"``; above the diagram, the network's name by default.
    shown
        Options of the widget: ``scale``, ``quantity``, ``reference``, ``threshold``, ``signs``, ``gates``, ``roles``,
        ``reduce``, ``rest_index``, ``portraits``, ``order``, ``fold_above``, ``fold_by``, ``open_bands``; see
        ``docs/options.md``.

    Raises
    ------
    TypeError, ValueError, IndexError
        If something given is not accepted; the message says what is.
    """
    links_shown = _checked(history, shown, theme)
    network = network_of(None, history) if network is None else network
    parameters = Parameters(network, list(history))
    n = len(parameters.checkpoints)
    if not -n <= checkpoint < n:
        raise IndexError(
            f"checkpoint is {checkpoint}; this history has {n}, 0 to {n - 1}, or -1 for the last"
        )
    if ax is None:
        ax = Figure(figsize=size).add_axes((0, 0, 1, 1))
    folds = folds_of(network, parameters, _checked_blocks(network, expanded), Page(*size_of(ax)))
    links = Links(folds.opened.network, parameters, links_shown)
    draw_graph(ax, links, checkpoint % n, folds=folds, unfolded=unfolded, theme=theme, title=title)
    return ax


def draw_graph(
    ax: Axes,
    links: Links,
    k: int,
    *,
    folds: Folds,
    unfolded: Mapping[str, str | bool] | None = None,
    theme: Theme = "light",
    title: str | None = None,
    n_strongest: int | None = None,
) -> Layout:
    """Draw links at checkpoint ``k``, for those who draw several checkpoints, and return where everything stands.

    With ``n_strongest``, there are at most as many lines, and no image of all links behind them.
    """
    (width, height), shown = size_of(ax), links.exhibits
    if width < LEAST_WITH_SHEET:
        shown = {name: replace(exhibit, has_sheet=False) for name, exhibit in shown.items()}
    bundles, notes = links.network.bundles, notes_of(links, shown)
    least = max(width, LEAST_PICTURED if shown else 0)

    likely = folds.words() + _likely_words(links, n_strongest)

    def words(wide: float) -> float:
        n_rows = len(legend_rows(links, bundles, k, wide)) + len(note_rows(notes, wide))
        return HEAD + LEGEND + ROW * (n_rows + len(told_rows(links, k, likely, wide)) - 1)

    page = Page(least, height * least / width, words)
    opened = folds.opened.with_bands(links.banded)
    about = opened.looks(len(links.parameters.checkpoints))
    looks = Looks(*page.stage(1), unfolded or {}, shown, links.banded.runs, links.order, **about)
    sheet = arranged(opened, looks, page)
    stage = Stage(ax, links.network, sheet.layout, links, k, theme)
    stage.prepare()
    draw_under(stage, sheet)
    told = _draw_links(stage) if n_strongest is None else _draw_strongest(stage, n_strongest)
    told = folds.words() + (told if bundles else [])
    for row in sheet.rows:
        draw_units(replace(stage, layout=row.layout), folds.opened.collapsed.boxes, row.crossed())
    draw_boxes(stage, folds)
    name = printable(links.network.name if title is None else title)
    stage.text(10, -8, clipped(name, sheet.layout.width - 20, IN_TITLE), size=9, weight="bold", ha="left")
    draw_legend(stage, told, notes)
    return sheet.layout


def _likely_words(links: Links, n_strongest: int | None) -> list[str]:
    """Return about what there will be to say of links, before it is known where they are."""
    n = sum(bundle.n_links for bundle in links.network.bundles)
    if n == 0:
        return []
    if n_strongest is not None:
        return [_strongest_of(min(n, n_strongest), n)]
    return [crowd_of(N_STRONG, n, 50) if n > MOST_CRISP else counted(n, "link")]


def _strongest_of(n: int, n_all: int) -> str:
    return f"the strongest {n} of {counted(n_all, 'link')}" if n < n_all else counted(n_all, "link")


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


def _lines_of(stage: Stage, bundle: Bundle, most: int | None = None) -> Lines | None:
    """Return a bundle's links as lines, or only its strongest; None if they were not recorded."""
    values = stage.links.values(bundle, stage.k)
    if values is None:
        return None
    source, target = (stage.layout.places[end] for end in (bundle.source, bundle.target))
    n_target, n_source = values.shape
    ends = np.array([target.target_point(j, bundle.port) for j in range(n_target)])
    starts = np.array([source.source_point(i) for i in range(bundle.n_source)])
    first = (np.arange(n_target) * bundle.blocks // max(1, n_target)) * n_source
    is_signed, signs = stage.links.is_signed(bundle), stage.links.shown.signs
    seen = np.where(_is_off(values, signs), 0, values) if is_signed else values
    is_hung = np.isnan(starts[:, 1]).any() or np.isnan(ends[:, 1]).any()  # on a sheet, where no lines begin
    if is_hung:
        here = ~np.isnan(starts[first[:, None] + np.arange(n_source), 1]) & ~np.isnan(ends[:, 1:])
        seen = np.where(here, seen, 0)
    rows, columns = _chosen(seen, most)
    if is_hung:
        rows, columns = rows[here[rows, columns]], columns[here[rows, columns]]
    sources = first[rows] + columns
    segments = np.stack([starts[sources], ends[rows]], axis=1)  # (n, 2, 2)
    numbers = (
        stage.first_number(bundle.source) + sources,
        stage.first_number(bundle.target, bundle.port) + rows,
    )
    domain = stage.links.domain(bundle, stage.k)
    values = values[rows, columns]
    buckets = buckets_of(values, domain, signed=is_signed)
    sizes = np.where(np.isfinite(values), np.abs(values) / domain if domain > 0 else 0, np.inf)
    if is_signed:
        sizes[_is_off(values, signs)] = -1  # below every threshold
    return Lines(segments, np.stack(numbers, axis=1), buckets, sizes, np.abs(values))


def _chosen(values: NDArray[Any], most: int | None) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of all links, or of as many of the strongest."""
    if most is None or values.size <= most:
        rows, columns = np.indices(values.shape)
        return rows.ravel(), columns.ravel()
    sizes = np.nan_to_num(np.abs(values), nan=np.inf, posinf=np.inf)
    strongest = np.argpartition(sizes, values.size - most, axis=None)[-most:]
    return strongest // values.shape[1], strongest % values.shape[1]


def _is_off(values: NDArray[Any], signs: Sequence[str]) -> NDArray[np.bool_]:
    """Return which weights have a sign that is switched off."""
    return (values > 0) & ("+" not in signs) | (values < 0) & ("-" not in signs)


def _draw_links(stage: Stage) -> list[str]:
    """Draw the links, strongest last, those of crowds as an image; return what there is to say of them."""
    layout, links = stage.layout, stage.links
    drawable = [b for b in stage.network.bundles if layout.is_drawable(b) and links.is_shown(b)]
    threshold = links.shown.threshold
    found = [(bundle, lines) for bundle in drawable if (lines := _lines_of(stage, bundle)) is not None]
    if not found:
        return ["no links"]
    n_all, n_here = sum(bundle.n_links for bundle, _ in found), sum(len(lines.buckets) for _, lines in found)
    n_missing = sum(b.n_links for b in drawable) - n_all
    groups = [bundle.target for bundle, _ in found]
    every = Lines.joined([lines for _, lines in found]).at_least(threshold)
    exponent = opacity_exponent(n_all)
    crowds: dict[str, list[Lines]] = defaultdict(list)
    for group, (_, lines) in zip(groups, found, strict=True):
        crowds[group].append(lines.at_least(threshold))
    most = FEW if len(every.buckets) > MOST_IN_ALL else MOST_CRISP
    crisp = []
    for parts in crowds.values():
        lines = Lines.joined(parts)
        if len(lines.buckets) > most:
            _shade(stage, lines, exponent)
            lines = lines.strongest(N_STRONG)
        crisp.append(lines)
    shown = Lines.joined(crisp)
    _draw_crisp(stage, shown, exponent)
    told = words_of(shown, every, n_here, n_missing)
    return told + ([f"{n_all - n_here} of weaker units not drawn"] if n_all > n_here else [])


def _draw_strongest(stage: Stage, n: int) -> list[str]:
    """Draw the strongest links as lines, so many in all, as many of each group; return what there is to say."""
    links = stage.links
    drawable = [b for b in stage.network.bundles if stage.layout.is_drawable(b) and links.is_shown(b)]
    groups: dict[str, list[Lines]] = defaultdict(list)
    n_all = 0
    for bundle in drawable:
        lines = _lines_of(stage, bundle, n)
        if lines is not None:
            groups[bundle.target].append(lines.at_least(links.shown.threshold))
            n_all += bundle.n_links
    if not groups:
        return ["no links"]
    most = n if n_all <= n else n // len(groups)
    shown = Lines.joined([Lines.joined(parts).top(most) for parts in groups.values()])
    _draw_crisp(stage, shown, opacity_exponent(n_all))
    return [_strongest_of(len(shown.buckets), n_all)]


def _draw_crisp(stage: Stage, lines: Lines, exponent: float) -> None:
    """Draw lines, the strongest last; NaN and infinities dashed above them."""
    buckets, which = np.unique(lines.buckets, return_inverse=True)
    styles = [
        line_of(int(bucket), stage.palette, stage.layout.max_line_width, exponent) for bucket in buckets
    ]
    colours = np.array([(*colour(style.colour), style.opacity) for style in styles]).reshape(-1, 4)
    widths = np.array([style.width * stage.point for style in styles])
    is_odd = np.array([style.is_dashed for style in styles], bool)[which]
    order = np.argsort(lines.shares, kind="stable")
    for odd, dashes in ((False, "solid"), (True, (0, (4, 3)))):
        own = order[is_odd[order] == odd]
        collection = LineCollection(
            lines.segments[own],
            colors=colours[which[own]],
            linewidths=widths[which[own]],
            linestyles=[dashes],
            capstyle="butt",
            zorder=2,
        )
        stage.ax.add_collection(collection, autolim=False)


def _shade(stage: Stage, lines: Lines, exponent: float) -> None:
    image = shading(lines, stage.palette, exponent, ratio=SHADING_RATIO)
    if image is not None:
        pixels, extent = image
        stage.ax.imshow(pixels, extent=extent, aspect="auto", interpolation="nearest", zorder=1)
