"""From a weight to what the eye sees: domain, level, colour, width, opacity. The twin of ``js/src/scale.ts``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Rgb = tuple[int, int, int]
Theme = Literal["light", "dark"]


@dataclass(frozen=True)
class Palette:
    """Colours, 0 to 255; ``unsigned`` is for norms, ``odd`` for NaN and infinities, ``paper`` for what is behind."""

    positive: Rgb
    negative: Rgb
    unsigned: Rgb
    zero: Rgb
    odd: Rgb
    paper: Rgb


PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        (24, 95, 178), (208, 69, 20), (72, 76, 84), (178, 182, 188), (181, 23, 158), (255, 255, 255)
    ),
    "dark": Palette(
        (98, 176, 255), (255, 128, 66), (206, 210, 216), (92, 97, 104), (247, 107, 226), (23, 25, 28)
    ),
}
N_LEVELS = 24
DOMAIN_QUANTILE = 0.995
NEGATIVE, POSITIVE, UNSIGNED, ODD = 1, 2, 3, 4
"""Kinds of links; a link's bucket is four times its level plus its kind, 0 is not drawn."""


def mix(a: Rgb, b: Rgb, t: float) -> Rgb:
    """Return the colour that is a share ``t`` of the way from one to the other."""
    red, green, blue = (math.floor(x + (y - x) * t + 0.5) for x, y in zip(a, b, strict=True))
    return red, green, blue


def width_of(share: float, max_width: float) -> float:
    """Return how wide the line of a link at a share of its domain is, in pixels."""
    return 0.5 + (max_width - 0.5) * share


def opacity_of(share: float, exponent: float) -> float:
    """Return how opaque it is, 0 to 1."""
    return 0.05 + 0.92 * math.pow(share, exponent)


def opacity_exponent(n_lines: int) -> float:
    """Return the power of |w| that opacity grows as: the more lines there are, the more the weak ones step back."""
    if n_lines <= 200:
        return 1.25
    if n_lines <= 800:
        return 2
    return 2.75 if n_lines <= 2500 else 3.25


@dataclass(frozen=True)
class Line:
    """How the links of one bucket are drawn; ``width`` in pixels."""

    colour: Rgb
    opacity: float
    width: float
    is_dashed: bool = False


def line_of(bucket: int, palette: Palette, max_width: float, exponent: float) -> Line:
    """Return how the links of a bucket are drawn; NaN and infinities are dashed and never faint."""
    level, kind = divmod(bucket - 1, 4)
    if kind + 1 == ODD:
        return Line(palette.odd, 0.9, 1.5, is_dashed=True)
    hue = {NEGATIVE: palette.negative, POSITIVE: palette.positive, UNSIGNED: palette.unsigned}[kind + 1]
    share = (level + 0.5) / N_LEVELS
    colour = mix(palette.zero, hue, min(1, share * 2.2) ** 0.6)
    return Line(colour, opacity_of(share, exponent), width_of(share, max_width))


def shade(palette: Palette, share: float, *, signed: bool) -> Rgb:
    """Return the colour of a share of the domain, -1 to 1, in matrices and ticks."""
    if math.isnan(share):
        return palette.odd
    hue = palette.unsigned if not signed else palette.negative if share < 0 else palette.positive
    return mix(palette.paper, hue, min(1, abs(share)) ** 0.8)


def buckets_of(values: NDArray[Any], domain: float, *, signed: bool) -> NDArray[np.uint8]:
    """Return the bucket of each value, of the same shape."""
    values = np.asarray(values, np.float64)
    is_finite = np.isfinite(values)
    size = np.where(is_finite, np.abs(values), 0)
    share = size / domain if domain > 0 else np.zeros_like(size)
    level = np.minimum(N_LEVELS - 1, np.floor(share * N_LEVELS))
    kind = np.where(values < 0, NEGATIVE, POSITIVE) if signed else UNSIGNED
    return np.where(is_finite, 4 * level + kind, 4 * (N_LEVELS - 1) + ODD).astype(np.uint8)


def domain_of(chunks: Iterable[NDArray[Any]]) -> float:
    """Return the 99.5 % quantile of the finite magnitudes, their maximum if that is 0, and 0 if there are none."""
    sizes = [np.abs(chunk.ravel())[np.isfinite(chunk.ravel())] for chunk in chunks]
    every = np.concatenate(sizes).astype(np.float64) if sizes else np.empty(0)
    if not every.size:
        return 0.0
    return float(np.quantile(every, DOMAIN_QUANTILE)) or float(every.max())


def amount_of(n: int) -> str:
    """Return a large count in three digits.

    Examples
    --------
    >>> [amount_of(n).replace(chr(0x2009), " ") for n in (9408, 74_000, 11_689_512)]
    ['9 408', '74.0 k', '11.7 M']
    """
    for least, unit, letter in ((999.5e6, 1e9, "G"), (999.5e3, 1e6, "M"), (1e4, 1e3, "k")):
        if n >= least:
            digits = 2 if n / unit < 9.995 else 1 if n / unit < 99.95 else 0
            return f"{n / unit:.{digits}f}\u2009{letter}"
    return count_of(n)


def count_of(n: int) -> str:
    """Return a count with thin spaces between thousands."""
    return f"{n:,}".replace(",", "\u2009")


def number_of(value: float) -> str:
    """Return a number in four digits, as the browser tells it.

    Examples
    --------
    >>> [number_of(value) for value in (12.3456, -0.5, 0.00001234, 2e6, float("inf"))]
    ['12.35', '−0.5', '1.234e−5', '2.000e6', '+Inf']
    """
    if not math.isfinite(value):
        return value_of(value)
    size = abs(value)
    if size != 0 and (size < 1e-4 or size >= 1e6):
        digits, _, power = f"{size:.3e}".partition("e")
        text = f"{digits}e{int(power)}"
    else:
        text = f"{float(f'{size:.4g}'):.7f}".rstrip("0").rstrip(".")
    return ("−" if value < 0 else "") + text.replace("-", "−")


def value_of(value: float) -> str:
    """Return a size in three digits, as it stands beside a curve.

    Examples
    --------
    >>> [value_of(value) for value in (12.345, 0.5, 0.00001234, 2e6, float("inf"))]
    ['12.3', '0.5', '1.23e−5', '2e6', '+Inf']
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "−Inf"
    size = float(f"{abs(value):.3g}")
    if size != 0 and (size < 1e-4 or size >= 1e6):
        digits, _, power = f"{size:.2e}".partition("e")
        text = f"{digits.rstrip('0').rstrip('.')}e{int(power)}"
    else:
        text = f"{size:.6f}".rstrip("0").rstrip(".")
    return ("−" if value < 0 else "") + text.replace("-", "−")
