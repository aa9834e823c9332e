"""The axes of a printed diagram, whose units are pixels of the widget's stage, and what is drawn on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from nnweightviz.layout import Layout
from nnweightviz.network import Network
from nnweightviz.plots.links import Links
from nnweightviz.plots.look import Colour, colour
from nnweightviz.scale import PALETTES, Palette, Theme
from nnweightviz.words import printable

PIXELS_PER_INCH = 96
HEAD = 20
"""Pixels above the stage, for the title."""
INK = {
    "light": ("#1d2125", "#5d646c", "#59616a", "#d9dde2"),
    "dark": ("#e7eaee", "#a2a9b2", "#a9b0b9", "#363b42"),
}
"""Of text, of less important text, of the outlines of units, and of frames."""


def size_of(ax: Axes) -> tuple[float, float]:
    """Return how large an axes is, in pixels of the widget's stage."""
    figure, box = ax.get_figure(root=True), ax.get_position()
    assert figure is not None
    wide, high = figure.get_size_inches()
    return float(box.width * wide * PIXELS_PER_INCH), float(box.height * high * PIXELS_PER_INCH)


@dataclass(frozen=True)
class Stage:
    """A network's checkpoint k on axes."""

    ax: Axes
    network: Network
    layout: Layout
    links: Links
    k: int
    theme: Theme

    def prepare(self) -> None:
        """Let the axes count in pixels of the stage, y downwards."""
        figure = self.ax.get_figure(root=True)
        assert figure is not None
        height = self.ax.get_position().height * figure.get_size_inches()[1] * 72 / self.point
        self.ax.set(xlim=(0, self.layout.width), ylim=(height - HEAD, -HEAD), facecolor=self.paper)
        self.ax.set_axis_off()
        if len(figure.axes) == 1:
            figure.set_facecolor(self.paper)

    @cached_property
    def _first_numbers(self) -> dict[str, int]:
        n_ends = [
            place.group.n_units * max(1, len(place.group.ports)) for place in self.layout.places.values()
        ]
        return dict(zip(self.layout.places, np.cumsum([0, *n_ends]).tolist(), strict=False))

    def first_number(self, group: str, port: str | None = None) -> int:
        """Return the number of the first of a group's units, or of its ports of a gate, among all of the diagram."""
        ports = self.network.group(group).ports
        at = ports.index(port) if port is not None and self.layout.places[group].form == "ports" else 0
        return self._first_numbers[group] + at * self.network.group(group).n_units

    @property
    def palette(self) -> Palette:
        """The colours of links."""
        return PALETTES[self.theme]

    @property
    def paper(self) -> Colour:
        """The colour of what is behind."""
        return colour(self.palette.paper)

    @property
    def muted(self) -> str:
        """The colour of less important text."""
        return INK[self.theme][1]

    @property
    def outline(self) -> str:
        """The colour of the outlines of units."""
        return INK[self.theme][2]

    @property
    def line(self) -> str:
        """The colour of frames."""
        return INK[self.theme][3]

    @property
    def point(self) -> float:
        """Points to a pixel of the stage."""
        return size_of(self.ax)[0] / PIXELS_PER_INCH * 72 / self.layout.width

    def text(self, x: float, y: float, text: str, *, size: float = 8, **about: Any) -> None:
        """Write plain text; ``size`` in points where a pixel of the stage is one of the screen."""
        about = {"ha": "center", "va": "center", "color": INK[self.theme][0]} | about
        self.ax.text(x, y, printable(text), fontsize=size * self.point / 0.75, parse_math=False, **about)
