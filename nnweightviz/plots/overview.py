"""A grid of curves, one a parameter, rows by block and columns by kind, for print.

The numbers are those of ``views.overview``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from nnweightviz.network import Network
from nnweightviz.plots.look import INK, MUTED, sequential_map
from nnweightviz.plots.moments import Timeline, checked, moment
from nnweightviz.plots.paper import SMALL, Panel, Panels, line_style
from nnweightviz.views import overview as numbers
from nnweightviz.views.runs import named_runs

LABELS = {
    "norm": "norm ‖w‖",
    "update_norm": "update ‖w(t) − w(t−1)‖",
    "update_ratio": "update / norm before",
    "stable_rank": "stable rank",
}
MOST_CELLS = 600


def overview(
    history: Any,
    kind: str = "norm",
    *,
    checkpoint: int = -1,
    network: Network | None = None,
    of: Sequence[str] | None = None,
    x: str = "step",
) -> Any:
    """Draw one number of each parameter over time: a curve a cell, all on one scale, shaded by its value at one moment.

    Parameters
    ----------
    history, kind, network, of
        As for :func:`nnweightviz.views.overview`.
    checkpoint
        Whose value the shade is of, 0-based, or negative from the end.
    x
        Whether checkpoints lie by ``"step"`` or evenly (``"index"``).

    Returns
    -------
    array of matplotlib.axes.Axes, ``(n_blocks, n_kinds)``; None where a block has no such parameter

    Raises
    ------
    TypeError, ValueError
        If something is not accepted, or there are more than 600 cells; the message says what is.
    """
    runs = named_runs(history)
    timeline = Timeline(runs, x)
    found = numbers(runs, kind, network=network, of=of)
    by_run = found if timeline.names else dict.fromkeys(runs, found)
    first = next(iter(by_run.values()))
    blocks, kinds = (list(dict.fromkeys(first[what].tolist())) for what in ("block", "rest"))
    if len(blocks) * len(kinds) > MOST_CELLS:
        raise ValueError(
            f"there are {len(blocks)} blocks of {len(kinds)} kinds of parameters; at most {MOST_CELLS} cells are "
            "drawn: name some parameters or layers with of="
        )
    run, history = next(iter(runs.items()))
    k = checked(history, checkpoint)
    largest = max(float(np.nanmax(data[kind], initial=0.0)) for data in by_run.values()) or 1.0
    norm, ramp = Normalize(0, largest), sequential_map()
    figure = Figure(
        figsize=(max(3.4, 0.9 + 0.95 * len(kinds)), max(1.6, 0.9 + 0.5 * len(blocks))), layout="constrained"
    )
    grid = np.full((len(blocks), len(kinds)), None, dtype=object)
    for i, (block, rest) in enumerate(zip(first["block"].tolist(), first["rest"].tolist(), strict=True)):
        row, column = blocks.index(block), kinds.index(rest)
        ax = figure.add_subplot(len(blocks), len(kinds), row * len(kinds) + column + 1, axes_class=Panel)
        now = first[kind][i, k]
        ax.set_facecolor("white" if np.isnan(now) else ramp(norm(now) * 0.7))
        for r, (run, data) in enumerate(by_run.items()):
            ink = "white" if norm(now) > 0.55 else INK
            ax.plot(timeline.at(run), data[kind][i], color=ink, linewidth=0.9, linestyle=line_style(r))
        ax.set(xticks=[], yticks=[], ylim=(0, largest * 1.05))
        ax.margins(x=0.02)
        for spine in ax.spines.values():
            spine.set(linewidth=0.4, color=MUTED)
        grid[row, column] = ax
    _heads(grid, blocks, kinds)
    _bar(figure, grid, ScalarMappable(norm, _light(ramp)), f"{LABELS[kind]}, {moment(history, k)}")
    return grid.view(Panels)


def _light(ramp: Any) -> Any:
    """Return the part of the colours that cells have, so that curves stand out."""
    from matplotlib.colors import ListedColormap

    return ListedColormap(ramp(np.linspace(0, 0.7, 256)))


def _heads(grid: Any, blocks: Sequence[str], kinds: Sequence[str]) -> None:
    """Name the first cell of each row, and above it each kind."""
    for block, cells in zip(blocks, grid, strict=True):
        first = next(ax for ax in cells if ax is not None)
        first.set_ylabel(block, rotation=0, ha="right", va="center", fontsize=SMALL, color=INK)
    for rest, cells in zip(kinds, grid.T, strict=True):
        next(ax for ax in cells if ax is not None).set_title(rest, fontsize=SMALL, color=INK)


def _bar(figure: Any, grid: Any, shades: Any, label: str) -> None:
    axes = [ax for ax in grid.reshape(-1) if ax is not None]
    made = figure.colorbar(shades, ax=axes, location="bottom", fraction=0.03, pad=0.02, aspect=40)
    made.outline.set_visible(False)
    made.set_label(label, fontsize=SMALL, color=INK)
    made.ax.tick_params(labelsize=SMALL, width=0.6, length=2.5, color=MUTED, labelcolor=MUTED)
