"""The links of a printed diagram as strokes: all of them, or the strongest above an image of all.

Not for which of many are chosen (see ``lines``) nor for their values (see ``links``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from nnweightviz.bundle import Bundle
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
from nnweightviz.plots.links import Links
from nnweightviz.plots.look import colour
from nnweightviz.plots.stage import Stage
from nnweightviz.scale import buckets_of, line_of, opacity_exponent
from nnweightviz.words import counted

SHADING_RATIO = 2
"""Pixels of the image of a crowd to a pixel of the stage."""


def draw_links(stage: Stage) -> list[str]:
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


def draw_strongest(stage: Stage, n: int) -> list[str]:
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


def _strongest_of(n: int, n_all: int) -> str:
    return f"the strongest {n} of {counted(n_all, 'link')}" if n < n_all else counted(n_all, "link")


def likely_words(links: Links, n_strongest: int | None) -> list[str]:
    """Return about what there will be to say of links, before it is known where they are."""
    n = sum(bundle.n_links for bundle in links.network.bundles)
    if n == 0:
        return []
    if n_strongest is not None:
        return [_strongest_of(min(n, n_strongest), n)]
    return [crowd_of(N_STRONG, n, 50) if n > MOST_CRISP else counted(n, "link")]


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
