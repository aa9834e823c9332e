"""The rows of a printed matrix as images, each with its smallest and largest weight below.

The twin of ``js/src/extras/matrix/grids.ts``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from nnweightviz.network import Network
from nnweightviz.plots.look import FAINT, INK, MUTED, signed_map
from nnweightviz.plots.paper import literal
from nnweightviz.portraits import Grid

SIDE, WORDS, GAP = 0.74, 0.26, 0.12
"""Inches of an image, of the two lines below it, and between images."""
MOST = 200
"""Images that are drawn."""
ROW_OF = 4
"""Channels that stand in a row."""


def _beside(grid: Grid) -> int:
    """Return how many channels stand beside each other."""
    return grid.channels if grid.channels <= ROW_OF else math.ceil(math.sqrt(grid.channels))


def _inches(grid: Grid) -> tuple[float, float]:
    """Return the width and height of an image."""
    across = _beside(grid)
    sides = (across * grid.columns, math.ceil(grid.channels / across) * grid.rows)
    return SIDE * sides[0] / max(sides), SIDE * sides[1] / max(sides)


def _image(grid: Grid, row: NDArray[Any]) -> NDArray[Any]:
    """Return a row as an image, channels side by side, NaN where there is none."""
    across = _beside(grid)
    down = math.ceil(grid.channels / across)
    image = np.full((down * grid.rows, across * grid.columns), np.nan)
    for c, channel in enumerate(row.reshape(grid.channels, grid.rows, grid.columns)):
        j, i = c // across * grid.rows, c % across * grid.columns
        image[j : j + grid.rows, i : i + grid.columns] = channel
    return image


def _main(data: dict[str, Any]) -> NDArray[np.int64]:
    """Return the columns of the first matrix, or of the first parameter where all are biases."""
    kernels = np.flatnonzero(data["role"] != "bias")
    first = data["parameter"][kernels[0] if kernels.size else 0]
    return np.flatnonzero(data["parameter"] == first)


def grid_of(network: Network, data: dict[str, Any]) -> Grid:
    """Return the grid of rows: that of the source, a kernel's, else as square as can be, which is a guess."""
    columns = _main(data)
    parameter, n = str(data["parameter"][columns[0]]), columns.size
    for bundle in network.bundles:
        if bundle.parameter == parameter and bundle.n_source == n:
            grid = network.group(bundle.source).grid
            if grid and math.prod(grid) == n:
                channels, rows, width = (1, *grid)[-3:]
                return Grid(channels, rows, width)
    shape = (network.parameters or {}).get(parameter, ())
    if len(shape) > 2 and math.prod(shape[1:]) == n:
        rows = math.prod(shape[2:-1])
        return Grid(shape[1], rows, shape[-1])
    rows = max(side for side in range(1, math.isqrt(n) + 1) if n % side == 0)
    return Grid(1, rows, n // rows, is_guessed=True)


def _across(n: int, grid: Grid) -> int:
    """Return how many images stand in a row: about as many as make the sheet as wide as high."""
    tall = _inches(grid)[1] + WORDS + GAP
    return max(1, min(n, math.ceil(math.sqrt(n * tall / (SIDE + GAP)))))


def size_of(grid: Grid, n_rows: int) -> tuple[float, float]:
    """Return the inches of a sheet, its name and scale with it."""
    n = min(n_rows, MOST)
    across = _across(n, grid)
    down = math.ceil(n / across)
    return across * (SIDE + GAP) + 1.1, down * (_inches(grid)[1] + WORDS + GAP) + 0.6


def draw_portraits(axes: Any, data: dict[str, Any], grid: Grid) -> tuple[Any, str]:
    """Draw each row of the first matrix as an image with its range; return the last one, and what is shown in words.

    The axes' units are inches of a figure made for it.
    """
    columns = _main(data)
    values, domain = data["values"][:, columns], float(data["domain"][columns[0]])
    n = min(len(values), MOST)
    across, (width, height) = _across(n, grid), _inches(grid)
    pitch = (SIDE + GAP, height + WORDS + GAP)
    drawn = None
    for j, row in enumerate(values[:n]):
        left, top = j % across * pitch[0], j // across * pitch[1]
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = np.where(row == 0, 0.0, row / domain)
        shares[~np.isfinite(row)] = np.nan
        box = (left, left + width, top + height, top)
        looks: dict[str, Any] = {"cmap": signed_map(), "vmin": -1, "vmax": 1, "interpolation": "nearest"}
        drawn = axes.imshow(np.ma.masked_invalid(_image(grid, shares)), extent=box, **looks)
        axes.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=FAINT, linewidth=0.4))
        size = width / (_beside(grid) * grid.columns)
        for c in range(1, _beside(grid)):
            at = left + c * grid.columns * size
            axes.plot([at, at], [top, top + height], color="white", linewidth=1.5)
        finite = row[np.isfinite(row)]
        span = (
            f"{finite.min():.3g} … {finite.max():.3g}".replace("-", "−") if finite.size else "no finite value"
        )
        for line, (words, ink) in enumerate([(literal(str(data["row"][j])), INK), (span, MUTED)]):
            axes.text(left, top + height + 0.02 + 0.11 * line, words, va="top", fontsize=5.5, color=ink)
    axes.set(
        xlim=(-0.02, across * pitch[0] - GAP + 0.02), ylim=(-(-n // across) * pitch[1] - GAP + 0.02, -0.02)
    )
    axes.set(xticks=[], yticks=[], aspect="equal")
    shape = f"{f'{grid.channels} × ' if grid.channels > 1 else ''}{grid.rows} × {grid.columns}"
    some = f"{n} of {len(values)} rows" if n < len(values) else f"{n} rows"
    return drawn, f"{some} as {shape}{', a guess' if grid.is_guessed else ''}"
