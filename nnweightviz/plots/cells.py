"""A deep network as a table of its parameters, a row a block, shaded by norm. Not for norms over time (see
``overview``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.plots.look import INK, MUTED, sequential_map
from nnweightviz.plots.moments import moment
from nnweightviz.plots.overview import places_of
from nnweightviz.plots.paper import SMALL, TITLE
from nnweightviz.views import overview as numbers

MOST_NAMES, MOST_TITLES, LONGEST = 24, 14, 22


def cells(
    history: History, network: Network, checkpoints: list[int], title: str
) -> Callable[[int, tuple[float, float]], Figure]:
    """Return what draws the norms of all parameters at one of these checkpoints, all on one scale."""
    several = len(checkpoints) > 1
    read = history[checkpoints[0] : checkpoints[-1] + 1 : checkpoints[-1] - checkpoints[0] if several else 1]
    found = numbers(read, "norm", network=network)
    places, shape = places_of(found)
    largest = float(np.nanmax(found["norm"], initial=0.0)) or 1.0
    blocks = list(dict.fromkeys(found["block"].tolist()))
    kinds = {column: str(found["rest"][i]) for i, (_, column) in reversed([*enumerate(places)])}

    def draw(k: int, size: tuple[float, float]) -> Figure:
        figure = Figure(figsize=size, layout="constrained", facecolor="white")
        ax = figure.add_subplot()
        table = np.full(shape, np.nan)
        for (row, column), values in zip(places, found["norm"], strict=True):
            table[row, column] = values[checkpoints.index(k)]
        image = ax.imshow(table, cmap=sequential_map(), vmin=0, vmax=largest, aspect="auto")
        n_parameters = len(places)
        ax.set_title(_clipped(title), loc="left", color=INK, fontsize=TITLE, weight="bold")
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
    getattr(ax, f"set_{side}ticks")(at, [_clipped(names[i]) for i in at], fontsize=6.5, color=INK, **turn)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _clipped(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
