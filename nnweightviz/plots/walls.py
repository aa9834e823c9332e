"""Pictures of what units put out in a printed diagram, their marks, and the error of the prediction below them.

The twin of ``js/src/extras/pictures.ts``, and of what ``plot.ts`` paints. Not for what was put out (see ``outputs``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from numpy.typing import NDArray

from nnweightviz.hanging import Picture, Size
from nnweightviz.layout import BOTTOM, PICTURED_LANE_SHARE, TOP, Layout, Place
from nnweightviz.network import Network
from nnweightviz.plots.look import colour
from nnweightviz.plots.names import clipped
from nnweightviz.plots.outputs import MOST_SATURATED, Line, PutOut
from nnweightviz.plots.pictures import RATIO, mosaic
from nnweightviz.plots.stage import Stage
from nnweightviz.plots.tones import colours
from nnweightviz.scale import PALETTES, Palette, Rgb, Theme, mix

Image = NDArray[np.uint8]

TEST: dict[Theme, Rgb] = {"light": (0, 128, 116), "dark": (64, 211, 190)}
"""Of test items, a hue which no sign has."""
TEST_INK = {"light": "#00746a", "dark": "#40d3be"}
DOT, OPACITY = 2, 0.75
"""The side of a dot in pixels of the stage."""
AXIS = 0.7
"""Of the palette's zero in the paper, for the line where an output is 0, or a prediction right."""
MARK, CORNER = 0.85, 0.3
"""How opaque marks are, and the side of a corner, of the picture's shorter one."""
SCORE_GAP, SCORE_ROOM, SCORE_LINE, MOST_SCORE = 6, 44, 13.75, 150
"""Pixels between a picture and the words below it; the height of these, and of a line, and its width."""
WANTED, MOST_HEIGHT, BELOW = 28, 720, 50
"""The spacing of units that pictures want, how high a stage grows for it, and what stands below a column."""


def wanted_height(network: Network, pictured: Set[str], most: float) -> float:
    """Return how high a stage, of at most so much, grows for pictures of the units of one column; 0 if for none."""
    has_lanes = any(group.delayed_of is not None for group in network.groups)
    share = 1 - PICTURED_LANE_SHARE if has_lanes else 1
    n_units = [group.n_units for group in network.groups if group.id in pictured]
    heights = [TOP + BOTTOM + (n * WANTED + BELOW) / share for n in n_units]
    return max((height for height in heights if height <= min(most, MOST_HEIGHT)), default=0)


def pictured_in(layout: Layout) -> list[Place]:
    """Return the groups whose units are pictures of their outputs."""
    return [place for place in layout.places.values() if place.outputs]


def draw_outputs(stage: Stage, outputs: PutOut) -> None:
    """Draw what units put out at a checkpoint; nothing where the probe was not run."""
    row = outputs.row_of(stage.k)
    if row is None:
        return
    for place in pictured_in(stage.layout):
        hung = _hung(place)
        images = painted(outputs, place.group.id, row, (hung[0].width, hung[0].height), stage.theme)
        image, extent = mosaic(list(zip(hung, images, strict=True)))
        stage.ax.imshow(image, extent=extent, aspect="auto", interpolation="none", zorder=3.2)
        _draw_marks(stage, hung, outputs.is_dead(place.group.id, row), outputs.saturated(place.group.id, row))
        if place.group.id == outputs.about["prediction"]:
            _tell_score(stage, place, hung, outputs.score(row))


def _hung(place: Place) -> list[Picture]:
    """Return where the picture of each unit is."""
    assert place.outputs is not None
    width, height = place.outputs
    left = math.floor(place.x - width / 2 + 0.5)
    tops = np.floor(place.unit_y.astype(np.float64) - height / 2 + 0.5)
    return [Picture(unit, left, top, width, height) for unit, top in enumerate(tops.tolist())]


def painted(
    outputs: PutOut,
    group: str,
    row: int,
    size: tuple[float, float],
    theme: Theme,
    *,
    ratio: int = RATIO,
) -> list[Image]:
    """Return the pictures of a group's units; of dots ``ratio`` pixels to one of the stage, as a canvas has them."""
    palette, units = PALETTES[theme], range(outputs.n_units(group))
    width, height = (math.floor(length * ratio + 0.5) for length in size)
    if outputs.kind_of(group) == "heat":
        return [colours(outputs.means(group, unit, row, int(size[1])), palette) for unit in units]
    images = []
    is_test = np.arange(outputs.n_items) >= outputs.n_train
    for unit in units:
        image = _paper(Size(width, height), palette, outputs.lines(group, unit), ratio)
        inks = np.where(is_test[:, None], TEST[theme], palette.unsigned)
        dots = outputs.dots(group, unit, row)
        inks[~np.isfinite(dots[:, 1])] = palette.odd
        _draw_dots(image, dots.astype(np.float64), inks, max(2, DOT * ratio))
        images.append(image)
    return images


def _paper(size: Size, palette: Palette, lines: Sequence[Line], thickness: int) -> Image:
    """Return an empty picture with lines, from left to right."""
    width, height = int(size.width), int(size.height)
    image = np.full((height, width, 3), palette.paper, np.uint8)
    for x0, y0, x1, y1 in lines:
        share = np.arange(2 * max(width, height) + 1) / (2 * max(width, height))
        x = np.floor((x0 + (x1 - x0) * share) * (width - 1) + 0.5).astype(int)
        y = np.floor((1 - y0 - (y1 - y0) * share) * (height - 1) + 0.5).astype(int)
        for dy in range(thickness):
            at = y + dy - thickness // 2
            here = (at >= 0) & (at < height)
            image[at[here], x[here]] = mix(palette.paper, palette.zero, AXIS)
    return image


def _draw_dots(image: Image, dots: NDArray[np.float64], inks: NDArray[Any], size: int) -> None:
    """Draw dots, items of ``(n_items, 2)`` one above the other; what is NaN or infinite lies at the lower edge."""
    height, width = image.shape[:2]
    x, y = dots[:, 0], np.where(np.isfinite(dots[:, 1]), dots[:, 1], 0)
    radius = size / 2
    left = np.floor(radius + x * (width - size) - radius + 0.5)
    top = np.floor(height - radius - y * (height - size) - radius + 0.5)
    for item in np.flatnonzero(np.isfinite(left)).tolist():
        at = int(left[item]), int(top[item])
        across, down = (slice(max(0, edge), max(0, edge + size)) for edge in at)
        under = image[down, across]
        image[down, across] = np.floor(under * (1 - OPACITY) + inks[item] * OPACITY + 0.5)


def _draw_marks(
    stage: Stage, hung: Sequence[Picture], is_dead: NDArray[np.bool_], saturated: NDArray[Any] | None
) -> None:
    """Cross out units that are dead, and mark a corner of those that are saturated."""
    ink = (*colour(stage.palette.unsigned), MARK)
    crosses, corners = [], []
    for picture in hung:
        left, top, right, bottom = picture.x, picture.y, picture.x + picture.width, picture.y + picture.height
        if is_dead[picture.unit]:
            crosses += [[(left, top), (right, bottom)], [(right, top), (left, bottom)]]
        elif saturated is not None and saturated[picture.unit] > MOST_SATURATED:
            side = min(picture.width, picture.height) * CORNER
            corners.append([(right - side, top), (right, top), (right, top + side)])
    looks: dict[str, Any] = {"linewidths": stage.point, "zorder": 3.3}
    stage.ax.add_collection(LineCollection(crosses, colors=[ink], **looks), autolim=False)
    looks = {"facecolors": [ink], "linewidths": 0, "zorder": 3.3}
    stage.ax.add_collection(PolyCollection(corners, **looks), autolim=False)


def _tell_score(
    stage: Stage, place: Place, hung: Sequence[Picture], score: tuple[str, list[tuple[str, str]]] | None
) -> None:
    """Write the error of the prediction below its column."""
    if score is None:
        return
    what, told = score
    lowest = max(picture.y + picture.height for picture in hung)
    top = min(lowest + SCORE_GAP, stage.layout.height - SCORE_ROOM)
    lines = [(clipped(what, MOST_SCORE), stage.muted)]
    lines += [
        (f"{split} {value}", TEST_INK[stage.theme] if split == "test" else stage.muted)
        for split, value in told
    ]
    for i, (line, ink) in enumerate(lines):
        stage.text(place.x, top + SCORE_LINE * (i + 0.5), line, size=7.5, color=ink, zorder=4)
