"""The history strips of a printed diagram: one for each link beside the unit that it leads to, a segment a checkpoint.

The twin of ``js/src/extras/strips`` (``geometry.ts``, ``paint.ts`` and ``words.ts``), on a screen with a pixel to each
of the stage. Not for what strips show (see ``histories``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from numpy.typing import NDArray

from nnweightviz.hanging import Picture
from nnweightviz.layout import Layout, Place
from nnweightviz.network import Network
from nnweightviz.plots.histories import (
    MOST_ROWS,
    Gate,
    Part,
    Samples,
    bundles_into,
    gates_of,
    is_one_by_one,
    parts_of,
    ranked_checkpoints,
    sampled,
)
from nnweightviz.plots.links import Links
from nnweightviz.plots.names import clipped
from nnweightviz.plots.pictures import Mosaic, mosaic
from nnweightviz.plots.stage import INK, Stage
from nnweightviz.plots.tones import colours
from nnweightviz.scale import PALETTES, Palette, Theme, count_of, mix

SHARE, MOST = 0.86, 10
"""Of the room from unit to unit; the height of a strip."""
GAP_SHARE, MOST_GAP = 0.12, 3
"""Between gates."""
N_SHADES = 128
TRACK = 0.14
"""Of the palette's zero in the paper: what a weight of zero shows, so that a gap can be told from it."""
LEAST_SEAMED, SEAM = 4, 1
"""The height of a strip that has some pixels left free below it, and how many."""
BEYOND = 2
"""How far the playhead reaches above and below the strips."""
NAME_ROOM, MOST_NAMES, MOST_KEPT = 150, 4, 2
"""Pixels for the name of a layer; layers that are named; layouts whose strips are kept: before and after there is room
for the words below.
"""


@dataclass(frozen=True)
class Block:
    """Where the strips of one gate of a unit stand."""

    gate: int
    top: float
    height: float

    @property
    def n_pixels(self) -> int:
        """How many rows of pixels it has."""
        return max(1, _rounded(self.top + self.height) - _rounded(self.top))


def _rounded(at: float) -> int:
    return math.floor(at + 0.5)


def blocks_of(place: Place, unit: int, n_rows: Sequence[int]) -> list[Block]:
    """Return where the gates of a unit stand, with so many strips each, in the height that the unit has."""
    n_gaps, total = max(0, len(n_rows) - 1), sum(n_rows)
    height = min(SHARE * place.spacing, MOST * total + MOST_GAP * n_gaps)
    gap = min(MOST_GAP, GAP_SHARE * height / n_gaps) if n_gaps else 0
    step = (height - gap * n_gaps) / max(1, total)
    top, blocks = float(place.unit_y[unit]) - height / 2, []
    for number, n in enumerate(n_rows):
        blocks.append(Block(number, top, step * n))
        top += step * n + gap
    return blocks


@dataclass(frozen=True, eq=False)
class GroupStrips:
    """The strips beside a group's units, of so many checkpoints; their colours are found when they are drawn."""

    place: Place
    gates: Sequence[Gate]
    links: Links
    n_checkpoints: int
    _images: dict[Theme, Mosaic | None] = field(default_factory=dict)

    @property
    def n_columns(self) -> int:
        """How many pixels wide they are."""
        assert self.place.strips is not None
        x, width = self.place.strips
        return max(1, _rounded(x + width) - _rounded(x))

    @cached_property
    def samples(self) -> list[Samples]:
        """What those of each gate show."""
        return [sampled(gate, self.links, self.n_checkpoints, self.n_columns) for gate in self.gates]

    def image(self, theme: Theme) -> Mosaic | None:
        """Return all of them as one image, and where it lies; None where all links are switched off."""
        if theme not in self._images:
            tiles = list(self.tiles(PALETTES[theme]))
            self._images[theme] = mosaic(tiles) if tiles else None
        return self._images[theme]

    def blocks(self, unit: int) -> list[Block]:
        """Return where the strips of a unit stand."""
        return blocks_of(self.place, unit, [gate.which.shape[1] for gate in self.gates])

    def parts(self, block: Block) -> list[Part]:
        """Return which strips share a row of pixels."""
        return parts_of(self.gates[block.gate].which.shape[1], block.n_pixels)

    def tiles(self, palette: Palette) -> Iterator[tuple[Picture, NDArray[np.uint8]]]:
        """Yield each strip, or those that share pixels, as a picture of one row of colours."""
        assert self.place.strips is not None
        x, width = self.place.strips
        for unit in range(self.place.group.n_units):
            for block in self.blocks(unit):
                parts = self.parts(block)
                image = strip_colours(self.samples[block.gate].cells(unit, parts), palette)
                step = block.height / len(parts)
                tall = step - SEAM if step >= LEAST_SEAMED else step
                for row in range(len(parts)):
                    yield Picture(unit, x, block.top + row * step, width, tall), image[row : row + 1]

    def sharing(self) -> tuple[bool, bool]:
        """Return whether several links, or several checkpoints, share a pixel."""
        blocks = [block for unit in range(self.place.group.n_units) for block in self.blocks(unit)]
        rows = any(self.gates[block.gate].which.shape[1] > block.n_pixels for block in blocks)
        return rows, self.n_checkpoints > self.n_columns


def track_of(palette: Palette) -> Palette:
    """Return the colours of strips: those of links on nearly white, or black, paper."""
    return replace(palette, paper=mix(palette.paper, palette.zero, TRACK))


def strip_colours(cells: Samples, palette: Palette) -> NDArray[np.uint8]:
    """Return colours, RGBA; what was not recorded is left out."""
    own = track_of(palette)
    signed, unsigned = (
        colours(cells.shares, own, signed=is_signed, n_shades=N_SHADES) for is_signed in (True, False)
    )
    alpha = np.where(cells.is_missing, 0, 255).astype(np.uint8)
    return np.dstack([np.where(cells.is_signed[..., None], signed, unsigned), alpha])


class Strips:
    """The strips of some links, kept while nothing stands elsewhere: they are the same at every checkpoint."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._n = len(links.parameters.checkpoints)
        self._kept: dict[Any, list[GroupStrips]] = {}
        self._n_ranked = self._n

    def of(self, layout: Layout) -> list[GroupStrips]:
        """Return the strips of a layout."""
        key = tuple(
            (name, p.form, p.port, p.x, p.top, p.height, p.strips, p.unit_y.tobytes())
            for name, p in layout.places.items()
        )
        if key not in self._kept:
            for oldest in list(self._kept)[: 1 - MOST_KEPT]:
                del self._kept[oldest]
            self._kept[key] = list(self._found(layout))
        return self._kept[key]

    def _found(self, layout: Layout) -> Iterator[GroupStrips]:
        places = [place for place in layout.places.values() if place.strips]
        is_crowded = any(self._is_crowded(place, layout) for place in places)
        ranked = ranked_checkpoints(self._n) if is_crowded else []
        self._n_ranked = len(ranked) if is_crowded else self._n
        for place in places:
            yield GroupStrips(place, gates_of(place, layout, self._links, ranked), self._links, self._n)

    def _is_crowded(self, place: Place, layout: Layout) -> bool:
        """Whether a gate of a group has more links than strips."""
        n: dict[str | None, int] = {}
        for bundle in bundles_into(place.group.id, layout, self._links):
            if not is_one_by_one(bundle):
                n[bundle.port] = n.get(bundle.port, 0) + bundle.shape[1]
        return max(n.values(), default=0) > MOST_ROWS

    def draw(self, stage: Stage) -> None:
        """Draw the strips, and the playhead across those of each group."""
        found = self.of(stage.layout)
        for image, extent in filter(None, (strips.image(stage.theme) for strips in found)):
            stage.ax.imshow(image, extent=extent, aspect="auto", interpolation="none", zorder=2.5)
        heads = []
        for place in (strips.place for strips in found):
            assert place.strips is not None
            x = place.strips.x + (stage.k + 0.5) / self._n * place.strips.width
            heads.append([(x, place.top - BEYOND), (x, place.top + place.height + BEYOND)])
        for ink, width in ((to_rgba(stage.paper, 0.6), 3), (INK[stage.theme][0], 1)):
            looks: dict[str, Any] = {"colors": [ink], "linewidths": width * stage.point, "zorder": 2.6}
            stage.ax.add_collection(LineCollection(heads, **looks), autolim=False)

    def words(self, network: Network, layout: Layout) -> str:
        """Return what strips show and what they do not."""
        targets = {bundle.target for bundle in network.bundles}
        every = [place for name, place in layout.places.items() if name in targets]
        reasons: dict[str, list[str]] = {}
        for place in every:
            if why := _why_not(place):
                reasons.setdefault(why, []).append(_name_of(place))
        none = ", ".join(f"{_listed(names)} ({why})" for why, names in reasons.items())
        names = [_name_of(place) for place in every if place.strips]
        if not names:
            return f"no history strips: {none}" if none else "no history strips"
        found = self.of(layout)
        rows, columns = map(any, zip(*(strips.sharing() for strips in found), strict=True))
        shared = [word for word, is_so in (("checkpoints", columns), ("links", rows)) if is_so]
        most = max((gate.n for strips in found for gate in strips.gates), default=0)
        ranked = f" (of {self._n_ranked} checkpoints)" if self._n_ranked < self._n else ""
        parts = [f"history strips beside {_listed(names)}: one a link, a gap where nothing was recorded"]
        parts += [f"of {' and '.join(shared)} that share a pixel the strongest shows"] if shared else []
        if most > MOST_ROWS:
            parts.append(f"only the strongest {MOST_ROWS} of up to {count_of(most)} links{ranked}")
        return "; ".join([*parts, *([f"none beside {none}"] if none else [])])


def _why_not(place: Place) -> str | None:
    """Return why the units of a group have none; None of groups that nobody would look for them beside."""
    group = place.group
    if place.strips or group.role == "input" or group.delayed_of is not None:
        return None
    if place.form in ("portraits", "bands"):
        return "portraits" if place.form == "portraits" else "gate bands"
    if place.band and place.band.size > 1:
        return "bands"
    return "too close" if place.form in ("nodes", "ports") else None


def _name_of(place: Place) -> str:
    return clipped(place.group.label or place.group.id, NAME_ROOM)


def _listed(names: Sequence[str]) -> str:
    return (
        f"{', '.join(names[:3])} and {len(names) - 3} more" if len(names) > MOST_NAMES else ", ".join(names)
    )
