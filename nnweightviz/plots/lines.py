"""Links as lines: which of many are drawn crisp, and the image of all of them. Pure arrays.

Twin of ``js/src/images/crisp.ts`` and ``shading.ts``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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
    """``segments`` ``(n, 2, 2)`` from source to target, x and y in pixels, and ``ends`` ``(n, 2)``, a number for each
    of these points; ``buckets``, ``shares`` of their domain, and ``sizes`` |w|, ``(n,)`` each.
    """

    segments: NDArray[np.float64]
    ends: NDArray[np.intp]
    buckets: NDArray[np.uint8]
    shares: NDArray[np.float64]
    sizes: NDArray[Any]

    @classmethod
    def joined(cls, parts: Sequence[Lines]) -> Lines:
        """Return all lines of several."""
        if len(parts) == 1:
            return parts[0]
        columns = zip(*(p._columns for p in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    @property
    def _columns(self) -> tuple[NDArray[Any], ...]:
        return self.segments, self.ends, self.buckets, self.shares, self.sizes

    def _chosen(self, chosen: NDArray[Any]) -> Lines:
        return Lines(*(column[chosen] for column in self._columns))

    def at_least(self, threshold: float) -> Lines:
        """Return those of at least this share of their domain."""
        chosen = self.shares >= threshold
        return self if chosen.all() else self._chosen(chosen)

    def top(self, n: int) -> Lines:
        """Return the ``n`` of the largest share of their domain; NaN and infinities before all."""
        order = np.argsort(-np.nan_to_num(self.shares, nan=np.inf, posinf=np.inf), kind="stable")
        return self._chosen(np.sort(order[:n]))

    def strongest(self, n: int) -> Lines:
        """Return about ``n`` of the largest |w|, and of each unit its strongest one."""
        size = np.nan_to_num(self.sizes, nan=np.inf)
        chosen = size >= np.partition(size, -n)[-n] if len(size) > n else np.ones(len(size), bool)
        for end in self.ends.T:
            most = np.full(end.max() + 1, -1.0)
            np.maximum.at(most, end, size)
            strongest = np.flatnonzero(size == most[end])
            _, first = np.unique(end[strongest], return_index=True)  # of equal ones, one
            chosen[strongest[first]] = True
        return self._chosen(chosen)


def shading(
    lines: Lines, palette: Palette, exponent: float, ratio: int
) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]] | None:
    """Return an image of all lines, RGBA, and where it lies: left, right, bottom, top. The strongest wins a pixel, at
    half its opacity. None if there is no room.
    """
    finite = np.flatnonzero(np.isfinite(lines.shares))
    if finite.size == 0:
        return None
    order = finite[np.argsort(lines.shares[finite], kind="stable")]
    (x0, y0), (x1, y1) = lines.segments[order, 0].T, lines.segments[order, 1].T
    left, right = float(np.median(x0)), float(np.median(x1))
    top, bottom = min(y0.min(), y1.min()) - 1, max(y0.max(), y1.max()) + 1
    n_columns, n_rows = int((right - left) * ratio), int((bottom - top) * ratio)
    if n_columns < 1 or n_rows < 1:
        return None
    strongest = np.full((n_columns, n_rows), -1, np.int32)  # a column's pixels lie together
    ranks = np.arange(len(order), dtype=np.int32)
    across, down = np.maximum(x1 - x0, 1e-9), (y1 - y0).astype(np.float32)
    above = (y0 - top).astype(np.float32)
    is_straight = np.ptp(x0) == np.ptp(x1) == 0  # all run through the same columns

    def shade(columns: NDArray[np.intp]) -> None:
        ends = slice(1) if is_straight else slice(None)
        for column in columns:
            share = np.clip((left + (column + 0.5) / ratio - x0[ends]) / across[ends], 0, 1)
            at = down * share.astype(np.float32)
            at += above
            at *= np.float32(ratio)
            strongest[column][at.astype(np.intp)] = ranks  # from the weakest on: the last one stays

    n_threads, every = min(4, os.cpu_count() or 1), np.arange(n_columns)
    if n_threads == 1:  # as of Python in a browser, which has no others
        shade(every)
    else:
        with ThreadPoolExecutor(n_threads) as threads:
            list(threads.map(shade, np.array_split(every, 16)))
    kinds = (lines.buckets[order] - 1) % 4 + 1
    hues = np.zeros((5, 3), np.uint8)
    hues[[NEGATIVE, POSITIVE, 3, ODD]] = palette.negative, palette.positive, palette.unsigned, palette.odd
    alpha = 127.5 * opacity_of(1.0, exponent) * np.minimum(lines.shares[order], 1) ** exponent
    colours = np.column_stack([hues[kinds], alpha.astype(np.uint8)])
    colours = np.vstack([colours, np.zeros((1, 4), np.uint8)])  # the last one is of pixels without a line
    image = colours[strongest.T]
    return image, (left, right, bottom, top)


def words_of(shown: Lines, every: Lines, n_all: int, n_missing: int) -> list[str]:
    """Return what is drawn and what is not."""
    n, n_there = len(shown.buckets), len(every.buckets)
    words = [counted(n, "link")]
    if n < n_there:
        sums = [np.nansum(np.where(np.isfinite(lines.sizes), lines.sizes, 0)) for lines in (shown, every)]
        share = 100 * sums[0] / max(sums[1], 1e-300)
        words = [crowd_of(n, n_there, share)]
    words += [f"{n_all - n_there} hidden by filters"] if n_there < n_all else []
    n_odd = int((every.buckets % 4 == 0).sum())
    words += [f"{n_odd} NaN or infinite"] if n_odd else []
    return words + ([f"{n_missing} not recorded"] if n_missing else [])


def crowd_of(n: int, n_all: int, share: float) -> str:
    """Return how many links are lines, and how many percent of the sum of all |w| these have."""
    return f"{n} of {counted(n_all, 'link')} drawn as lines ({share:.0f} % of total |w|); all in the shading"
