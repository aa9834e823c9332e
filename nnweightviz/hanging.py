"""Where pictures hang: the portraits of a layer's strongest units in its column, those of the others on a sheet beside
it, and the image that they are portraits of; how large pictures of outputs are. Pure geometry.

The twin of ``js/src/hanging.ts``, and of ``outputsBox`` in ``layout.ts``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnweightviz.portraits import Exhibit, Grid

MOST_PORTRAITS = 20
MOST_SIDE, MOST_WIDTH = 54, 72
"""Pixels of a portrait, and of the width of one with channels side by side."""
LEAST_STEP = 16
"""Pixels from one portrait's line to the next."""
FILL_ONE, FILL_TWO = 0.88, 0.85
"""Of the height that portraits share, in one column and in two."""
GUTTER = 30
"""Between two columns, and to the left of the first: for the units' numbers."""
SHEET_GAP, SHEET_MOST, SHEET_LEAST = 34, 30, 2
"""Between the sheet and the column, and the sides of its pictures."""
APART = 3
NEAR_SHEET, NEAR_PORTRAITS = 24, 70
"""From the image."""


LEAST_PICTURED, MOST_OUTPUTS, MOST_PORTED = 24, 52, 66
"""Of pictures of outputs: the spacing of units that they take, and their height, of units with gates as well."""
ASPECT = 1.25


class Size(NamedTuple):
    """What a box or a picture takes, in pixels of the stage."""

    width: float
    height: float


@dataclass(frozen=True)
class Picture:
    """The place of a unit's portrait, or of one channel of an image."""

    unit: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Hung:
    """Where a layer of portraits hangs: ``unit_y`` is of the units whose portraits lines leave from, others NaN."""

    pictures: tuple[Picture, ...]
    unit_y: NDArray[np.float32]
    half_width: float
    spacing: float


def n_shown(n: int) -> int:
    """Return how many portraits stand in a column."""
    return min(MOST_PORTRAITS, n)


def _clamped(low: float, value: float, high: float) -> float:
    return max(low, min(high, value))


def _aspect(grid: Grid) -> float:
    return grid.channels * grid.columns / grid.rows


def image_reach(stage_width: float) -> float:
    """Return half the width of an image on a stage of this width."""
    return _clamped(140, 0.19 * stage_width, 250) / 2


def _sheet_width(exhibit: Exhibit, stage_width: float) -> float:
    n, aspect = len(exhibit.ranked), _aspect(exhibit.grid)
    rest = n - n_shown(n) if exhibit.has_sheet else 0
    return min(_clamped(150, 0.2 * stage_width, 300), math.ceil(rest / 12) * SHEET_MOST * max(1, aspect))


def picture_gap(exhibit: Exhibit, stage_width: float) -> float:
    """Return the room from an image's column to its portraits': half a column of these, the sheet, half the image."""
    aspect = _aspect(exhibit.grid)
    half = min(MOST_WIDTH, MOST_SIDE * aspect) + GUTTER / 2
    sheet = _sheet_width(exhibit, stage_width)
    return half + SHEET_GAP + (sheet + NEAR_SHEET if sheet > 0 else NEAR_PORTRAITS) + image_reach(stage_width)


def _crisp(height: float, rows: int) -> float:
    """Return a height that is whole pixels a row, if that costs little."""
    whole = rows * math.floor(height / rows)
    return whole if whole > 0.85 * height else height


def hang_portraits(exhibit: Exhibit, x: float, top: float, height: float, stage_width: float) -> Hung:
    """Hang portraits from top to bottom; where they would be small, left and right by turns, twice as large."""
    ranked, aspect = exhibit.ranked, _aspect(exhibit.grid)
    n = n_shown(min(len(ranked), max(1, math.floor(height / LEAST_STEP))))
    most = min(MOST_SIDE, MOST_WIDTH / aspect)
    alone = min(most, FILL_ONE * (height / n))
    staggered = min(most, 2 * FILL_TWO * height / (n - 1 + 2 * FILL_TWO))
    is_staggered = n > 2 and staggered > 1.2 * alone
    tall = _crisp(staggered if is_staggered else alone, exhibit.grid.rows)
    wide = tall * aspect
    spacing = (height - tall) / (n - 1) if is_staggered else height / n
    half_width = wide + GUTTER / 2 if is_staggered else wide / 2
    unit_y = np.full(len(ranked), np.nan, np.float32)
    first = top + (tall if is_staggered else spacing) / 2
    pictures = []
    for rank, unit in enumerate(ranked[:n].tolist()):
        y = first + rank * spacing
        is_right = rank % 2 == 1 or not is_staggered
        left = x + half_width - wide if is_right else x - half_width
        unit_y[unit] = y
        corner = math.floor(left + 0.5), math.floor(y - tall / 2 + 0.5)
        pictures.append(Picture(unit, *corner, wide, tall))
    if exhibit.has_sheet:
        across = x - half_width - SHEET_GAP, _sheet_width(exhibit, stage_width)
        pictures += _hang_rest(ranked[n:], aspect, 0.8 * tall + APART, across, (top, height))
    return Hung(tuple(pictures), unit_y, half_width, spacing)


def _hang_rest(
    rest: NDArray[np.intp],
    aspect: float,
    wanted: float,
    across: tuple[float, float],
    down: tuple[float, float],
) -> list[Picture]:
    """Hang the weaker units, smaller, row by row on a sheet that ends at an edge; thousands become dots."""
    if rest.size == 0:
        return []
    (edge, width), (top, height) = across, down
    room = max(40.0, height - 16)

    def n_rows_of(cell: float) -> int:
        return max(1, math.floor(room / cell))

    def n_columns_of(cell: float) -> int:
        return max(1, math.floor(width / (cell * aspect)))

    cell = _clamped(SHEET_LEAST, wanted, SHEET_MOST)  # a picture and the room about it
    while cell > SHEET_LEAST and n_columns_of(cell) * n_rows_of(cell) < rest.size:
        cell -= 0.25
    n_columns = math.ceil(rest.size / n_rows_of(cell))
    n_rows = math.ceil(rest.size / n_columns)
    apart = min(APART, 0.15 * cell)
    left, highest = edge - n_columns * cell * aspect, top + (height - n_rows * cell) / 2
    size = cell * aspect - apart, cell - apart
    return [
        Picture(unit, left + i % n_columns * cell * aspect, highest + i // n_columns * cell, *size)
        for i, unit in enumerate(rest.tolist())
    ]


def hang_image(grid: Grid, x: float, top: float, height: float, stage_width: float) -> tuple[Picture, ...]:
    """Hang the image itself: its channels one below the other."""
    room = (height - APART * (grid.channels - 1)) / grid.channels
    scale = min(2 * image_reach(stage_width) / grid.columns, max(20, room) / grid.rows)
    wide, tall = grid.columns * scale, grid.rows * scale
    first = top + (height - grid.channels * tall - APART * (grid.channels - 1)) / 2
    return tuple(
        Picture(c, x - wide / 2, first + c * (tall + APART), wide, tall) for c in range(grid.channels)
    )


def outputs_box(spacing: float, *, is_ported: bool) -> Size | None:
    """Return the size of the picture of a unit's outputs where units are so far apart; None where that is too close."""
    if spacing < LEAST_PICTURED:
        return None
    height = math.floor(min(MOST_PORTED if is_ported else MOST_OUTPUTS, spacing * 0.84 - 3) + 0.5)
    return Size(math.floor(height * ASPECT + 0.5), height)
