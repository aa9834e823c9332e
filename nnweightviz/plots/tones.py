"""Weights as colours of a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.scale import Palette, shade


def colours(
    shares: NDArray[Any], palette: Palette, *, signed: bool = True, n_shades: int = 127
) -> NDArray[np.uint8]:
    """Return the colours of shares of a domain as an image ``(*shape, 3)``; those beyond it are as at its ends.

    A sign has ``n_shades``.
    """
    levels = np.linspace(-1, 1, 2 * n_shades + 1)
    table = np.array([shade(palette, share, signed=signed) for share in levels] + [palette.odd], np.uint8)
    finite = np.where(np.isfinite(shares), np.clip(shares, -1, 1), 0)
    index = np.where(np.isfinite(shares), np.rint((finite + 1) * n_shades), len(levels)).astype(int)
    return np.asarray(table[index])
