"""Weights of a printed matrix read as binary digits, and codes of its rows or columns.

The twin of ``js/src/extras/matrix/codes.ts``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.patches import Patch
from numpy.typing import NDArray

from nnweightviz.plots.look import INK, PALETTE, Colour, colour
from nnweightviz.plots.paper import SMALL
from nnweightviz.scale import Rgb, mix

HIGH, LOW, BETWEEN, NO_NUMBER = "0", "1", "·", "?"
TONE, TRACK = 0.72, 0.14
"""Of the palette's colour in the paper, for a digit and between."""
MOST = 24
"""Digits of a row that are written, and twice those of a column."""
MOST_CODES = 64
MOST_READ = 1_000_000
"""Weights of which codes are made."""


def thresholds_of(data: dict[str, Any], given: Sequence[float] | None) -> tuple[float, float]:
    """Return the thresholds: those that are given, or half the domain of what is no bias.

    Raises
    ------
    ValueError
        If they are not two numbers, the lower one first.
    """
    if given is None:
        half = float(f"{_domain(data) / 2:.3g}")
        return -half, half
    pair = tuple(map(float, given))
    if len(pair) != 2 or not pair[0] <= pair[1]:
        raise ValueError(f"thresholds is {list(given)!r}; it takes two numbers, [low, high], low first")
    return pair[0], pair[1]


def _domain(data: dict[str, Any]) -> float:
    kernels = data["domain"][data["role"] != "bias"]
    return float(kernels[0] if kernels.size else data["domain"][0])


def digits_of(values: NDArray[Any], thresholds: tuple[float, float]) -> NDArray[Any]:
    """Return the digit of each value, of the same shape: 0 from the upper threshold up, 1 below the lower one."""
    low, high = thresholds
    with np.errstate(invalid="ignore"):
        read = np.where(values >= high, HIGH, np.where(values < low, LOW, BETWEEN))
    found: NDArray[Any] = np.where(np.isfinite(values), read, NO_NUMBER)
    return found


def tones_of(values: NDArray[Any], thresholds: tuple[float, float]) -> NDArray[Any]:
    """Return the colours of digits, ``(n_rows, n_columns, 3)``."""
    digits = digits_of(values, thresholds)
    tones = np.empty((*digits.shape, 3))
    for digit, tone in _tones().items():
        tones[digits == digit] = tone
    return tones


def _tones() -> dict[str, Colour]:
    def on_paper(hue: Rgb, share: float) -> Colour:
        return colour(mix(PALETTE.paper, hue, share))

    signs = {HIGH: on_paper(PALETTE.positive, TONE), LOW: on_paper(PALETTE.negative, TONE)}
    return {**signs, BETWEEN: on_paper(PALETTE.zero, TRACK), NO_NUMBER: colour(PALETTE.odd)}


def codes_of(data: dict[str, Any], thresholds: tuple[float, float], along: str) -> list[str]:
    """Return the code of every row, or column, of what is no bias."""
    kernels = data["values"][:, _kernels(data)]
    if kernels.size > MOST_READ:
        return []
    digits = digits_of(kernels, thresholds)
    return ["".join(code) for code in (digits if along == "rows" else digits.T)]


def _kernels(data: dict[str, Any]) -> NDArray[np.int64]:
    """Return the columns that are no biases, or all where there are no others."""
    columns = np.flatnonzero(data["role"] != "bias")
    return columns if columns.size else np.arange(len(data["role"]))


def draw_codes(axes: Any, data: dict[str, Any], thresholds: tuple[float, float], along: str) -> str:
    """Write codes beside the rows, or below the columns, where there is room; return how many are different."""
    codes = codes_of(data, thresholds, along)
    if not codes:
        return "no codes of so many weights"
    length = len(codes[0])
    looks: dict[str, Any] = {
        "fontsize": SMALL - 1,
        "color": INK,
        "family": "monospace",
        "annotation_clip": False,
    }
    is_written = len(codes) <= MOST_CODES and length <= (MOST if along == "rows" else MOST // 2)
    if is_written and along == "rows":
        for j, code in enumerate(codes):
            at = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
            axes.annotate(code, (1, j), xytext=(14, 0), va="center", **at, **looks)
    elif is_written:
        for i, code in zip(_kernels(data), codes, strict=True):
            at = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
            axes.annotate("\n".join(code), (i, 0), xytext=(0, -30), ha="center", va="top", **at, **looks)
        axes.xaxis.labelpad = 12 + 9 * length
    read = [code for code in codes if set(code) <= {HIGH, LOW}]
    if not read:
        return f"none of {len(codes)} codes is fully read"
    told = f"{len(set(read))} of {len(read)} codes are different"
    return told if len(read) == len(codes) else f"{told}, {len(codes) - len(read)} not fully read"


def legend_of(thresholds: tuple[float, float]) -> list[Patch]:
    """Return the entries of a key: what each tone reads."""
    low, high = (f"{value:.3g}".replace("-", "−") for value in thresholds)
    words = {HIGH: f"w ≥ {high}", BETWEEN: f"{low} to {high}", LOW: f"w < {low}"}
    return [Patch(facecolor=_tones()[digit], label=f"{digit}: {text}") for digit, text in words.items()]
