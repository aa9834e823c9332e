"""A grid of curves, one a parameter, rows by block and columns by kind, for print.

The numbers are those of ``views.overview``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure, FigureBase

from nnweightviz.network import Network
from nnweightviz.plots.look import INK, MUTED, sequential_map
from nnweightviz.plots.moments import Timeline, checked, moment
from nnweightviz.plots.paper import SMALL, Panel, Panels, line_style, literal, runs_key
from nnweightviz.views import overview as numbers
from nnweightviz.views.runs import by_run, named_runs
from nnweightviz.words import in_a_word

LABELS = {
    "norm": "norm ‖w‖",
    "update_norm": "update ‖w(t) − w(t−1)‖",
    "update_ratio": "update / norm before",
    "stable_rank": "stable rank",
}
MOST_CELLS = 600
TITLE, GAP, BAR = 15, 4, 26
"""Points above a row that has titles, between cells, and of the scale with the gap above it."""


def overview(
    history: Any,
    kind: str = "norm",
    *,
    checkpoint: int = -1,
    network: Network | None = None,
    of: Sequence[str] | None = None,
    x: str = "step",
    ax: Any = None,
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
    ax
        A figure or subfigure to draw into, or axes whose place the grid takes, scale and key with it; by default a new
        figure.

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
    places, shape = places_of(first)
    if shape[0] * shape[1] > MOST_CELLS:
        raise ValueError(
            f"there are {shape[0]} rows of {shape[1]} cells; at most {MOST_CELLS} cells are drawn: name some "
            "parameters or layers with of="
        )
    run, history = next(iter(runs.items()))
    k = checked(history, checkpoint)
    largest = max(float(np.nanmax(data[kind], initial=0.0)) for data in of_runs.values()) or 1.0
    norm, ramp = Normalize(0, largest), _light(sequential_map())
    is_titled = [_is_titled(first, places, row) for row in range(shape[0])]
    place = _Own(shape) if ax is None else _Given(ax, shape, is_titled)
    grid = np.full(shape, None, dtype=object)
    for i, (row, column) in enumerate(places):
        cell = place.cell(row, column)
        now = first[kind][i, k]
        cell.set_facecolor("white" if np.isnan(now) else ramp(norm(now)))
        for r, (run, data) in enumerate(of_runs.items()):
            at, marker = timeline.at(run), "o" if len(history) == 1 else ""
            looks: dict[str, Any] = {"linewidth": 0.9, "linestyle": line_style(r)}
            cell.plot(at, data[kind][i], color=INK, marker=marker, markersize=2, **looks)
        cell.set(xticks=[], yticks=[], ylim=(0, largest * 1.05))
        cell.margins(x=0.02)
        for spine in cell.spines.values():
            spine.set(linewidth=0.4, color=MUTED)
        grid[row, column] = cell
        rest = str(first["rest"][i])
        if row == 0 or rest != _above(first, places, row - 1, column):
            cell.set_title(literal(rest), fontsize=SMALL, color=INK)
        if column == 0:
            cell.set_ylabel(
                literal(str(first["block"][i])),
                rotation=0,
                ha="right",
                va="center",
                fontsize=SMALL,
                color=INK,
            )
    label = f"{LABELS[kind]}: shade at {moment(history, k)}, all curves from 0 to {largest:.3g}"
    _bar(place, grid, ScalarMappable(norm, ramp), label)
    if timeline.names:
        looks = {"frameon": False, "fontsize": SMALL, "labelcolor": INK, "handlelength": 1.8}
        place.legend(handles=runs_key(timeline.names), ncols=4, **looks)
    return grid.view(Panels) if ax is None else grid


def places_of(data: dict[str, Any]) -> tuple[list[tuple[int, int]], tuple[int, int]]:
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


class _Own:
    """A figure made here."""

    def __init__(self, shape: tuple[int, int]) -> None:
        size = (max(3.4, 0.9 + 0.95 * shape[1]), max(1.9, 0.9 + 0.55 * shape[0]))
        self.figure, self.shape = Figure(figsize=size, layout="constrained"), shape

    def cell(self, row: int, column: int) -> Any:
        return self.figure.add_subplot(*self.shape, row * self.shape[1] + column + 1, axes_class=Panel)

    def scale(self, axes: Sequence[Any]) -> dict[str, Any]:
        """Return where the scale stands, as ``colorbar`` takes it."""
        return {"ax": axes, "location": "bottom", "fraction": 0.03, "pad": 0.05, "aspect": 40}

    def legend(self, **looks: Any) -> None:
        self.figure.legend(loc="outside upper right", **looks)


class _Given:
    """The place of axes that are given, or all of a figure: cells are set into it, so that its layout is left alone."""

    def __init__(self, ax: Any, shape: tuple[int, int], is_titled: Sequence[bool]) -> None:
        if not isinstance(ax, Axes | FigureBase):
            raise TypeError(
                f"ax is {in_a_word(ax)}; it takes a figure, a subfigure or axes, whose place is divided"
            )
        self.ax = ax if isinstance(ax, Axes) else ax.add_subplot()
        self.ax.set_axis_off()
        self.figure = self.ax.figure
        box, dpi = self.ax.get_window_extent(), self.figure.dpi
        self.points = (72 * box.width / dpi, 72 * box.height / dpi)
        # The title of the first row stands above, as that of axes does.
        self.above = np.cumsum([0, *(TITLE if titled else GAP for titled in is_titled[1:])])
        width, height = self.points
        self.size = (
            max(1.0, (width - GAP * (shape[1] - 1)) / shape[1]),
            max(1.0, (height - BAR - self.above[-1]) / shape[0]),
        )

    def _inset(self, left: float, top: float, size: tuple[float, float]) -> Any:
        width, height = self.points
        return self.ax.inset_axes(
            (left / width, 1 - (top + size[1]) / height, size[0] / width, size[1] / height)
        )

    def cell(self, row: int, column: int) -> Any:
        top = self.above[row] + row * self.size[1]
        return self._inset(column * (self.size[0] + GAP), top, self.size)

    def scale(self, _: Sequence[Any]) -> dict[str, Any]:
        """Return where the scale stands, as ``colorbar`` takes it."""
        width, height = self.points
        return {"cax": self._inset(0, height - GAP, (width, GAP)), "orientation": "horizontal"}

    def legend(self, **looks: Any) -> None:
        self.ax.legend(
            loc="lower right", bbox_to_anchor=(1, 1 + TITLE / self.points[1]), borderaxespad=0, **looks
        )


def _is_titled(data: dict[str, Any], places: Sequence[tuple[int, int]], row: int) -> bool:
    """Whether some cell of a row has a title: a kind that is not that of the cell above."""
    kinds = zip(places, data["rest"].tolist(), strict=True)
    return any(rest != _above(data, places, row - 1, column) for (r, column), rest in kinds if r == row)


def _bar(place: _Own | _Given, grid: Any, shades: Any, label: str) -> None:
    axes = [ax for ax in grid.reshape(-1) if ax is not None]
    made = place.figure.colorbar(shades, **place.scale(axes))
    made.outline.set_visible(False)
    made.set_label(label, fontsize=SMALL, color=INK)
    made.ax.tick_params(labelsize=SMALL, width=0.6, length=2.5, color=MUTED, labelcolor=MUTED)
