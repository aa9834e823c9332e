"""A deep network as a table of its parameters, a row a block, shaded by norm. Not for norms over time (see
``overview``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnweightviz.history import History
from nnweightviz.plots.look import INK, MUTED, sequential_map
from nnweightviz.plots.moments import moment
from nnweightviz.plots.names import IN_TITLE, clipped
from nnweightviz.plots.overview import places_of
from nnweightviz.plots.paper import SMALL, TITLE, literal
from nnweightviz.plots.stage import PIXELS_PER_INCH
from nnweightviz.summaries import Summaries
from nnweightviz.views.overview import block_of

MOST_NAMES, MOST_TITLES, LONGEST = 24, 14, 22


def cells(
    history: History, summaries: Summaries, checkpoints: list[int], title: str
) -> Callable[[int, tuple[float, float]], Figure]:
    """Return what draws the norms of all parameters at one of these checkpoints, all on one scale."""
    known = summaries.values("norm")
    unknown = np.full(known.shape[1], np.nan)  # what was recorded a moment ago
    norms = np.array([known[k] if k < len(known) else unknown for k in checkpoints])
    largest = float(np.nanmax(norms, initial=0.0)) or 1.0
    named = np.array([block_of(name) for name in summaries.names])
    found = {"block": named[:, 0], "rest": named[:, 1]}
    places, shape = places_of(found)
    blocks = list(dict.fromkeys(found["block"].tolist()))
    kinds = {column: str(found["rest"][i]) for i, (_, column) in reversed([*enumerate(places)])}

    def draw(k: int, size: tuple[float, float]) -> Figure:
        figure = Figure(figsize=size, layout="constrained", facecolor="white")
        ax = figure.add_subplot()
        table = np.full(shape, np.nan)
        for (row, column), norm in zip(places, norms[checkpoints.index(k)], strict=True):
            table[row, column] = norm
        image = ax.imshow(table, cmap=sequential_map(), vmin=0, vmax=largest, aspect="auto")
        n_parameters = len(places)
        about: dict[str, Any] = {"ha": "left", "color": INK, "fontsize": TITLE, "weight": "bold"}
        figure.suptitle(literal(clipped(title, size[0] * PIXELS_PER_INCH, IN_TITLE)), x=0.02, **about)
        ax.set_title(
            f"{moment(history, k)} ({k + 1} of {len(history)})", loc="right", color=MUTED, fontsize=SMALL
        )
        _label(ax, "y", blocks, MOST_NAMES)
        is_named = len(set(found["rest"].tolist())) == len(kinds)  # each column is of one kind
        _label(ax, "x", [kinds[i] for i in range(shape[1])] if is_named else [], MOST_TITLES)
        bar = figure.colorbar(image, ax=ax, fraction=0.05, pad=0.02, aspect=30)
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=SMALL, length=2, color=MUTED, labelcolor=MUTED)
        bar.set_label(f"norm ‖w‖ of {n_parameters} parameters", fontsize=SMALL, color=INK)
        return figure

    return draw


def _label(ax: Any, side: str, names: list[str], most: int) -> None:
    every = -(-len(names) // most) or 1
    at = range(0, len(names), every)
    turn = {"rotation": 90} if side == "x" else {}
    getattr(ax, f"set_{side}ticks")(at, [_last_of(names[i]) for i in at], fontsize=6.5, color=INK, **turn)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _last_of(name: str) -> str:
    """Return the end of a name, by which it differs from its neighbours."""
    return literal(name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}")
