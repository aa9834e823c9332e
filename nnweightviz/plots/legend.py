"""The legend of a printed diagram: what colour and width say, every domain, and what is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from textwrap import wrap

from nnweightviz.bundle import Bundle
from nnweightviz.plots.links import Links
from nnweightviz.plots.look import colour
from nnweightviz.plots.moments import moment
from nnweightviz.plots.stage import Stage
from nnweightviz.portraits import Exhibit
from nnweightviz.scale import N_LEVELS, NEGATIVE, POSITIVE, UNSIGNED, line_of, opacity_exponent

LEGEND, ROW = 34, 12
"""Pixels below the stage, and for each row of domains."""
MOST_ROWS = 6
"""Of domains; of more, it is said how many."""
ORDERS = {
    "sum": "by the sum of their incoming weights",
    "correlation": "by correlation of incoming weights",
    "crossings": "so that strong links cross less",
}
CHARACTER, DOMAIN, SAMPLES = 5.1, 130, 221
"""Pixels that a character of the legend takes, the words of a domain and sample lines of both kinds."""


def draw_legend(stage: Stage, told: list[str], notes: Sequence[str]) -> None:
    """Draw lines from −domain to +domain in the very styles of the picture, with every domain; what is drawn; notes."""
    drawn = [b for b in stage.network.bundles if stage.layout.is_drawable(b) or b.id in stage.layout.ticked]
    exponent = opacity_exponent(sum(b.n_links for b in drawn if b.id not in stage.layout.ticked))
    x, y = 16.0, stage.layout.height + 12
    samples = {
        True: (-1, -0.75, -0.5, -0.25, -0.05, 0.05, 0.25, 0.5, 0.75, 1),
        False: (0.05, 0.25, 0.5, 0.75, 1),
    }
    for signed, shares in samples.items():
        if not any(stage.links.is_signed(bundle) is signed for bundle in drawn):
            continue
        if signed:
            stage.text(x - 6, y, "−", size=7)
        for share in shares:
            kind = UNSIGNED if not signed else NEGATIVE if share < 0 else POSITIVE
            bucket = 4 * min(N_LEVELS - 1, int(abs(share) * N_LEVELS)) + kind
            line = line_of(bucket, stage.palette, stage.layout.max_line_width, exponent)
            ink = (*colour(line.colour), line.opacity)
            stage.ax.plot([x + 4, x + 4], [y - 7, y + 7], color=ink, linewidth=line.width * stage.point)
            x += 9
        stage.text(x + 4, y, "+" if signed else "norm", size=7, ha="left")
        x += 24 if signed else 46
    for row in legend_rows(stage.links, drawn, stage.k, stage.layout.width):
        stage.text(x, y, row, size=7, ha="left", color=stage.muted)
        y += ROW
    width = stage.layout.width
    for row in (*told_rows(stage.links, stage.k, told, width), *note_rows(notes, width)):
        stage.text(10, y + 8, row, size=7, ha="left", color=stage.muted)
        y += ROW


def legend_rows(links: Links, bundles: Sequence[Bundle], k: int, width: float) -> list[str]:
    """Return every domain in words, in rows of the room beside the sample lines."""
    kinds = {links.is_signed(bundle) for bundle in bundles}
    x = 16 + (114 if True in kinds else 0) + (91 if False in kinds else 0)
    portraits = [exhibit.bundle for exhibit in links.exhibits.values()]
    domains = {
        links.label(b) + (" portraits" if b in portraits else ""): (
            f"{'±' if links.is_signed(b) else ''}{links.domain(b, k):.3g}"
        )
        for b in (*(b for b in bundles if b not in portraits), *portraits)
    }
    scales = " · ".join(f"{label} {domain}".replace(" ", "\u00a0") for label, domain in domains.items())
    if not domains:
        return [""]
    rows = wrap(f"full width and colour at: {scales}", max(30, int((width - x) / CHARACTER))) or [""]
    if len(rows) > MOST_ROWS:
        n_more = len(domains) - " ".join(rows[:MOST_ROWS]).count(" · ")
        rows = [*rows[:MOST_ROWS], f"and {n_more} more"]
    return rows


def notes_of(links: Links, shown: Mapping[str, Exhibit]) -> list[str]:
    """Return what is portrayed or folded, in words."""
    notes = [f"{links.network.group(name).label or name}: {exhibit}" for name, exhibit in shown.items()]
    notes += ["grey: root mean square over units"] if notes else []
    by = links.shown.order
    notes += [f"units ordered {ORDERS[by]} at the last checkpoint"] if by in ORDERS else []
    return notes + links.banded.words


def likely_rows(n_domains: int, width: float) -> int:
    """Return about how many rows these take, before they are known."""
    return min(MOST_ROWS + 1, math.ceil(n_domains * DOMAIN / max(DOMAIN, width - SAMPLES)))


def told_rows(links: Links, k: int, told: Sequence[str], width: float) -> list[str]:
    """Return which checkpoint it is and what is drawn, in rows of the width."""
    checkpoints = links.parameters.checkpoints
    return note_rows([f"{moment(checkpoints, k)} ({k + 1} of {len(checkpoints)})", *told], width)


def note_rows(notes: Sequence[str], width: float) -> list[str]:
    """Return notes in rows of the width."""
    return wrap(" · ".join(notes), max(30, int((width - 20) / CHARACTER)))
