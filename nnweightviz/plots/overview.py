"""A grid of curves, one a parameter, rows by block and columns by kind, for print.

The numbers are those of ``views.overview``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure

from nnweightviz.network import Network
from nnweightviz.plots.look import INK, MUTED, sequential_map
from nnweightviz.plots.moments import Timeline, checked, moment
from nnweightviz.plots.paper import SMALL, Panel, Panels, line_style, literal, runs_key
from nnweightviz.views import overview as numbers
from nnweightviz.views.runs import by_run, named_runs

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
    of_runs = by_run(runs, found)
    first = next(iter(of_runs.values()))
    places, shape = _places(first)
    if shape[0] * shape[1] > MOST_CELLS:
        raise ValueError(
            f"there are {shape[0]} rows of {shape[1]} cells; at most {MOST_CELLS} cells are drawn: name some "
            "parameters or layers with of="
        )
    run, history = next(iter(runs.items()))
    k = checked(history, checkpoint)
    largest = max(float(np.nanmax(data[kind], initial=0.0)) for data in of_runs.values()) or 1.0
    norm, ramp = Normalize(0, largest), _light(sequential_map())
    figure = Figure(
        figsize=(max(3.4, 0.9 + 0.95 * shape[1]), max(1.9, 0.9 + 0.55 * shape[0])), layout="constrained"
    )
    grid = np.full(shape, None, dtype=object)
    for i, (row, column) in enumerate(places):
        ax = figure.add_subplot(*shape, row * shape[1] + column + 1, axes_class=Panel)
        now = first[kind][i, k]
        ax.set_facecolor("white" if np.isnan(now) else ramp(norm(now)))
        for r, (run, data) in enumerate(of_runs.items()):
            at, marker = timeline.at(run), "o" if len(history) == 1 else ""
            looks: dict[str, Any] = {"linewidth": 0.9, "linestyle": line_style(r)}
            ax.plot(at, data[kind][i], color=INK, marker=marker, markersize=2, **looks)
        ax.set(xticks=[], yticks=[], ylim=(0, largest * 1.05))
        ax.margins(x=0.02)
        for spine in ax.spines.values():
            spine.set(linewidth=0.4, color=MUTED)
        grid[row, column] = ax
        rest = str(first["rest"][i])
        if row == 0 or rest != _above(first, places, row - 1, column):
            ax.set_title(literal(rest), fontsize=SMALL, color=INK)
        if column == 0:
            ax.set_ylabel(
                literal(str(first["block"][i])),
                rotation=0,
                ha="right",
                va="center",
                fontsize=SMALL,
                color=INK,
            )
    label = f"{LABELS[kind]}: shade at {moment(history, k)}, all curves from 0 to {largest:.3g}"
    _bar(figure, grid, ScalarMappable(norm, ramp), label)
    if timeline.names:
        looks = {"frameon": False, "fontsize": SMALL, "labelcolor": INK, "handlelength": 1.8}
        figure.legend(handles=runs_key(timeline.names), loc="outside upper right", ncols=4, **looks)
    return grid.view(Panels)


def _places(data: dict[str, Any]) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """Return the row and column of each parameter, and how many there are: a row a block, and a column a kind where
    blocks have the same kinds.
    """
    blocks, kinds = (list(dict.fromkeys(data[what].tolist())) for what in ("block", "rest"))
    rows = [blocks.index(block) for block in data["block"].tolist()]
    if 2 * len(rows) > len(blocks) * len(kinds):
        columns = [kinds.index(kind) for kind in data["rest"].tolist()]
    else:
        columns = [rows[:i].count(row) for i, row in enumerate(rows)]
    return list(zip(rows, columns, strict=True)), (len(blocks), max(columns) + 1)


def _above(data: dict[str, Any], places: Sequence[tuple[int, int]], row: int, column: int) -> str | None:
    """Return the kind of the parameter in a cell, or None."""
    return str(data["rest"][places.index((row, column))]) if (row, column) in places else None


def _light(ramp: Any) -> Any:
    """Return the light part of the colours, on which curves stand out."""
    return ListedColormap(ramp(np.linspace(0, 0.55, 256)))


def _bar(figure: Any, grid: Any, shades: Any, label: str) -> None:
    axes = [ax for ax in grid.reshape(-1) if ax is not None]
    made = figure.colorbar(shades, ax=axes, location="bottom", fraction=0.03, pad=0.05, aspect=40)
    made.outline.set_visible(False)
    made.set_label(label, fontsize=SMALL, color=INK)
    made.ax.tick_params(labelsize=SMALL, width=0.6, length=2.5, color=MUTED, labelcolor=MUTED)
