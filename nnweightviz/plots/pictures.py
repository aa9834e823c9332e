"""The pictures of a printed diagram: portraits of units, the image that they are of, and their frames and names.

Twin of ``js/src/views/graph/frames.ts`` and of the pictures in ``gallery.ts``. Not for where they hang (see
``nnweightviz.hanging``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from numpy.typing import NDArray

from nnweightviz.columns import MOST_NAME
from nnweightviz.hanging import Picture
from nnweightviz.layout import Place
from nnweightviz.plots.names import clipped
from nnweightviz.plots.stage import Stage
from nnweightviz.plots.tones import colours

RATIO = 4
"""Pixels of an image of pictures to a pixel of the stage."""
LEAST_NAMED, LEAST_SEAMED = 12, 30
"""The height of a picture with its unit's name beside it, and the width of one with seams between its channels."""
NAME_ROOM = 26
Mosaic = tuple[NDArray[np.uint8], tuple[float, float, float, float]]
"""An image, and where it lies: left, right, bottom, top."""
TICK_FRAME = 1.5
"""Pixels that the frames above and below a tick take of the room between them."""


def draw_pictures(stage: Stage, place: Place) -> None:
    """Draw the portraits of a layer, or the image that others are portraits of."""
    tiles = list(_portraits(stage, place) if place.exhibit else _image(stage, place))
    image, extent = mosaic(tiles)
    stage.ax.imshow(image, extent=extent, aspect="auto", interpolation="nearest", zorder=2.5)
    sheet = [picture for picture in place.pictures if np.isnan(place.unit_y[picture.unit])]
    _draw_frames(stage, place, sheet if place.exhibit else [])
    if place.exhibit:
        _draw_words(stage, place, [p for p in place.pictures if p not in sheet], sheet)


def _shares(stage: Stage, place: Place) -> NDArray[np.float64]:
    """Return the weights of portraits as shares of their domain, ``(n_units, n_inputs)``; NaN if not recorded."""
    assert place.exhibit is not None
    bundle = place.exhibit.bundle
    values, domain = stage.links.values(bundle, stage.k), stage.links.domain(bundle, stage.k)
    if values is None:
        return np.full(bundle.shape[:2], np.nan)
    return np.asarray(values, np.float64) / (domain or 1)


def _portraits(stage: Stage, place: Place) -> Iterator[tuple[Picture, NDArray[np.uint8]]]:
    assert place.exhibit is not None
    grid = place.exhibit.grid
    signed = stage.links.is_signed(place.exhibit.bundle)
    rows = colours(_shares(stage, place), stage.palette, signed=signed)
    images = rows.reshape(-1, grid.channels, grid.rows, grid.columns, 3).swapaxes(1, 2)
    images = images.reshape(-1, grid.rows, grid.channels * grid.columns, 3)
    return ((picture, images[picture.unit]) for picture in place.pictures)


def _image(stage: Stage, place: Place) -> Iterator[tuple[Picture, NDArray[np.uint8]]]:
    """Yield the channels of the image: the root mean square over the units that are portraits of it."""
    others = stage.layout.places.values()
    of = next(p for p in others if p.exhibit and p.exhibit.source == place.group.id)
    means = np.sqrt(np.square(_shares(stage, of)).mean(axis=0))
    assert place.grid is not None
    grey = colours(means, stage.palette, signed=False)
    images = grey.reshape(place.grid.channels, place.grid.rows, place.grid.columns, 3)
    return ((picture, images[picture.unit]) for picture in place.pictures)


def mosaic(tiles: list[tuple[Picture, NDArray[np.uint8]]]) -> Mosaic:
    """Return pictures, RGB or RGBA, as one image, RGBA, which is drawn faster, and where it lies."""
    left, top = (min(np.floor(getattr(picture, side)) for picture, _ in tiles) for side in "xy")
    right = max(np.ceil(picture.x + picture.width) for picture, _ in tiles)
    bottom = max(np.ceil(picture.y + picture.height) for picture, _ in tiles)
    whole = np.zeros((int((bottom - top) * RATIO), int((right - left) * RATIO), 4), np.uint8)
    for picture, image in tiles:
        down, rows = _samples(picture.y - top, picture.height, image.shape[0])
        across, columns = _samples(picture.x - left, picture.width, image.shape[1])
        whole[down, across, 3] = 255
        whole[down, across, : image.shape[2]] = image[rows][:, columns]
    return whole, (left, right, bottom, top)


def _samples(start: float, length: float, n: int) -> tuple[slice, NDArray[np.intp]]:
    """Return the pixels of the mosaic between two places, and which of n entries each shows."""
    first, stop = round(start * RATIO), max(round((start + length) * RATIO), round(start * RATIO) + 1)
    at = ((np.arange(first, stop) + 0.5) / RATIO - start) / length * n
    return slice(first, stop), np.clip(at, 0, n - 1).astype(np.intp)


def _draw_frames(stage: Stage, place: Place, sheet: list[Picture]) -> None:
    """Draw frames: thin ones on the sheet, dashed ones of units that have learned nothing."""
    idle = place.exhibit.idle if place.exhibit else {}
    kinds = {
        "solid": ([p for p in place.pictures if p.unit not in idle and p not in sheet], 1.0, stage.line),
        "thin": ([p for p in sheet if p.unit not in idle], 0.5, stage.line),
        "dashed": ([p for p in place.pictures if p.unit in idle], 1.0, stage.muted),
    }
    for kind, (pictures, width, ink) in kinds.items():
        if not pictures:
            continue
        corners = [
            [(p.x, p.y), (p.x + p.width, p.y), (p.x + p.width, p.y + p.height), (p.x, p.y + p.height)]
            for p in pictures
        ]
        dashes: Any = (0, (3, 2)) if kind == "dashed" else "solid"
        looks: dict[str, Any] = {"facecolors": "none", "edgecolors": ink, "zorder": 3}
        frames = PolyCollection(corners, linewidths=width * stage.point, linestyles=[dashes], **looks)
        stage.ax.add_collection(frames, autolim=False)


def _draw_words(stage: Stage, place: Place, column: list[Picture], sheet: list[Picture]) -> None:
    """Draw seams between channels, lines to the column's edge, and names."""
    assert place.exhibit is not None
    channels = place.exhibit.grid.channels
    seams = [
        [(p.x + p.width * c / channels, p.y), (p.x + p.width * c / channels, p.y + p.height)]
        for p in place.pictures
        if p.width > LEAST_SEAMED
        for c in range(1, channels)
    ]
    ticked, own = stage.layout.ticked, place.exhibit.bundle.id
    is_read = any(
        b.target == place.group.id and b.id != own and b.id not in ticked for b in stage.network.bundles
    )
    leaders = []
    left, right = place.x - place.half_width, place.x + place.half_width
    for p in column:
        y = float(place.unit_y[p.unit])
        leaders += [[(p.x + p.width, y), (right, y)]] if right - p.x - p.width > 1 else []
        leaders += [[(left, y), (p.x, y)]] if is_read and p.x - left > 1 else []
    for lines, ink in ((seams, stage.paper), (leaders, stage.line)):
        own_looks: dict[str, Any] = {"colors": [ink], "linewidths": stage.point, "zorder": 2.6}
        stage.ax.add_collection(LineCollection(lines, **own_looks), autolim=False)
    is_last = stage.network.columns[place.group.id] == max(stage.network.columns.values())
    for p in column:
        if p.height > LEAST_NAMED:
            is_at_right = is_last and p.x + p.width > right - 1
            x, ha = (p.x + p.width + 6, "left") if is_at_right else (p.x - 4, "right")
            name = clipped(
                stage.network.unit_name(place.group.id, p.unit), MOST_NAME if is_at_right else NAME_ROOM
            )
            stage.text(x, p.y + p.height / 2, name, size=7, ha=ha, zorder=4)
    if sheet:
        middle = (min(p.x for p in sheet) + max(p.x + p.width for p in sheet)) / 2
        stage.text(middle, min(p.y for p in sheet) - 8, f"+{len(sheet)} more", size=7, color=stage.muted)


def ticks_below(place: Place, i: int, n: int) -> Iterator[tuple[int, float, float, float, float]]:
    """Yield, of the ``i``-th of ``n`` ticks of each portrait, its unit, x, y (of its top), length at the domain and
    thickness: below each picture, as wide as it.
    """
    for picture in place.pictures:
        is_staggered = place.half_width > picture.width  # then the line of the next one runs below it
        room = place.spacing - picture.height / (2 if is_staggered else 1) - TICK_FRAME
        thickness = min(2, 0.08 * picture.height, max(0.5, room)) / n
        y = picture.y + picture.height + i * thickness + min(1, thickness) / 2
        yield picture.unit, picture.x + picture.width / 2, y, picture.width / 2, thickness
