"""Links as lines: which of many are drawn crisp, and the image of all of them. Pure arrays.

Twin of ``js/src/images/crisp.ts`` and ``shading.ts``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.scale import NEGATIVE, ODD, POSITIVE, Palette, opacity_of
from nnweightviz.words import counted

MOST_CRISP, MOST_IN_ALL, FEW, N_STRONG = 3000, 12_000, 600, 500
"""Links into one group that are all drawn crisp; links in all, and those of a group if there are more; what stays."""


@dataclass(frozen=True)
class Lines:
    """``segments`` ``(n, 2, 2)`` from source to target, x and y in pixels; ``buckets``, ``shares`` of their domain, and
    ``sizes`` |w|, ``(n,)`` each.
    """

    segments: NDArray[np.float64]
    buckets: NDArray[np.uint8]
    shares: NDArray[np.float64]
    sizes: NDArray[Any]

    @classmethod
    def joined(cls, parts: Sequence[Lines]) -> Lines:
        """Return all lines of several."""
        columns = zip(*((p.segments, p.buckets, p.shares, p.sizes) for p in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    def _chosen(self, chosen: NDArray[Any]) -> Lines:
        return Lines(self.segments[chosen], self.buckets[chosen], self.shares[chosen], self.sizes[chosen])

    def at_least(self, threshold: float) -> Lines:
        """Return those of at least this share of their domain."""
        return self._chosen(self.shares >= threshold)

    def top(self, n: int) -> Lines:
        """Return the ``n`` of the largest share of their domain; NaN and infinities before all."""
        order = np.argsort(-np.nan_to_num(self.shares, nan=np.inf, posinf=np.inf), kind="stable")
        return self._chosen(np.sort(order[:n]))

    def strongest(self, n: int) -> Lines:
        """Return about ``n`` of the largest |w|, and of each unit its strongest one."""
        size = np.nan_to_num(self.sizes, nan=np.inf)
        chosen = size >= np.sort(size)[-n] if len(size) > n else np.ones(len(size), bool)
        order = np.argsort(-size, kind="stable")
        for end in (0, 1):
            _, first = np.unique(self.segments[order, end], axis=0, return_index=True)
            chosen[order[first]] = True
        return self._chosen(chosen)


def shading(
    lines: Lines, palette: Palette, exponent: float, ratio: int
) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]] | None:
    """Return an image of all lines, RGBA, and where it lies: left, right, bottom, top. The strongest wins a pixel, at
    half its opacity. None if there is no room.
    """
    finite = np.flatnonzero(np.isfinite(lines.shares))
    order = finite[np.argsort(lines.shares[finite], kind="stable")]
    (x0, y0), (x1, y1) = lines.segments[order, 0].T, lines.segments[order, 1].T
    left, right = float(np.median(x0)), float(np.median(x1))
    top, bottom = min(y0.min(), y1.min()) - 1, max(y0.max(), y1.max()) + 1
    n_columns, n_rows = int((right - left) * ratio), int((bottom - top) * ratio)
    if n_columns < 1 or n_rows < 1:
        return None
    strongest = np.full((n_rows, n_columns), -1, np.int32)
    ranks = np.arange(len(order), dtype=np.int32)
    across, down, at = np.maximum(x1 - x0, 1e-9), y1 - y0, np.empty(len(order))
    for column in range(n_columns):  # in place: fresh memory for each column would take as long again
        np.subtract(left + (column + 0.5) / ratio, x0, out=at)
        at /= across
        np.clip(at, 0, 1, out=at)
        at *= down
        at += y0
        at -= top
        at *= ratio
        strongest[at.astype(np.int32), column] = ranks  # from the weakest on: the last one stays
    kinds = (lines.buckets[order] - 1) % 4 + 1
    hues = np.zeros((5, 3), np.uint8)
    hues[[NEGATIVE, POSITIVE, 3, ODD]] = palette.negative, palette.positive, palette.unsigned, palette.odd
    alpha = 127.5 * opacity_of(1.0, exponent) * np.minimum(lines.shares[order], 1) ** exponent
    colours = np.column_stack([hues[kinds], alpha.astype(np.uint8)])
    image = np.where(strongest[..., None] >= 0, colours[strongest], 0).astype(np.uint8)
    return image, (left, right, bottom, top)


def words_of(shown: Lines, every: Lines, n_all: int, n_missing: int) -> list[str]:
    """Return what is drawn and what is not."""
    n, n_there = len(shown.buckets), len(every.buckets)
    words = [counted(n, "link")]
    if n < n_there:
        sums = [np.nansum(np.where(np.isfinite(lines.sizes), lines.sizes, 0)) for lines in (shown, every)]
        share = 100 * sums[0] / max(sums[1], 1e-300)
        words = [
            f"{n} of {counted(n_there, 'link')} drawn as lines ({share:.0f} % of total |w|); all in the shading"
        ]
    words += [f"{n_all - n_there} hidden by filters"] if n_there < n_all else []
    n_odd = int((every.buckets % 4 == 0).sum())
    words += [f"{n_odd} NaN or infinite"] if n_odd else []
    return words + ([f"{n_missing} not recorded"] if n_missing else [])
