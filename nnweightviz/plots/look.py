"""The colours of parts and runs on white paper, as in the browser (``js/src/extras/hues.ts``), and maps of colours.

Not for the palette of signs (see ``nnweightviz.scale``) nor for figures (see ``paper``).
"""

from __future__ import annotations

import math

import numpy as np
from matplotlib.colors import Colormap, ListedColormap

from nnweightviz.scale import PALETTES, Rgb, mix, shade

Colour = tuple[float, float, float]

PALETTE = PALETTES["light"]
STOPS: tuple[Rgb, ...] = (
    (52, 22, 94),
    (94, 44, 140),
    (30, 110, 120),
    (46, 150, 92),
    (150, 150, 30),
)
"""Of layers, parameters and gates, from the first to the last."""
DASHES: tuple[tuple[int, ...], ...] = ((), (6, 3), (2, 2), (8, 3, 2, 3), (14, 4), (8, 2, 2, 2, 2, 2))
"""Of runs; the seventh begins again."""
INK, MUTED, FAINT = "#24272c", "#5d626a", "#b2b6bc"


def hue_of(i: int, n: int) -> Rgb:
    """Return the colour of the i-th of n parts."""
    at = 1.0 if n < 2 else i / (n - 1) * (len(STOPS) - 1)
    first = min(len(STOPS) - 2, math.floor(at))
    return mix(STOPS[first], STOPS[first + 1], at - first)


def dashes_of(run: int) -> tuple[int, ...]:
    """Return the lengths of dashes and gaps of the lines of a run, empty for a whole line."""
    return DASHES[run % len(DASHES)]


def colour(rgb: Rgb) -> Colour:
    """Return a colour as matplotlib takes it, 0 to 1."""
    red, green, blue = (channel / 255 for channel in rgb)
    return red, green, blue


def signed_map(n: int = 511) -> Colormap:
    """Return the colours of signed weights, from minus to plus the domain; what is odd stands out."""
    shades = [colour(shade(PALETTE, share, signed=True)) for share in np.linspace(-1, 1, n)]
    return _map(shades)


def sequential_map(n: int = 256, *, hue: Rgb = PALETTE.unsigned) -> Colormap:
    """Return colours from paper to a hue, by default that of unsigned values: of counts and sizes."""
    return _map([colour(mix(PALETTE.paper, hue, t**0.8)) for t in np.linspace(0, 1, n)])


def _map(shades: list[Colour]) -> Colormap:
    return ListedColormap(np.array(shades)).with_extremes(bad=colour(PALETTE.odd))
