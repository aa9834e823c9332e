"""Events of a metric's curve: plateaus that begin and end, turning points.

The curve is smoothed by a running median first, so that noise makes none. Not for weights (see ``links``).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nnweightviz.moments.event import Event

Floats = NDArray[np.float64]

WINDOW = 0.02
"""The running median's window, as a share of the curve's points; at least 3 of them, or none on short curves."""
FLAT = 0.1
"""A plateau: over the window below the curve falls (or rises) less than this share of what it does on average."""
SPAN = 0.08
"""The window over which a plateau is judged, as a share of the curve's points; at least 4."""
PROMINENCE = 0.1
"""A turning point stands out of the curve by at least this share of its range (scipy's prominence)."""
MIN_POINTS = 8
NOISE_OF_RESIDUAL = 1.4826 / 0.85
"""Standard deviation of normal noise, from the median |distance| to its running median (of five points)."""


def curve_events(metric: str, values: Floats) -> Iterator[Event]:
    """Yield the plateaus and turning points of one curve; ``checkpoint`` counts its points.

    ``values`` are finite, in the order of time. Plateaus at the end of a run are its end, and no event.
    """
    if len(values) < MIN_POINTS or float(np.ptp(values)) == 0:
        return
    smooth = _smoothed(values)
    noise = NOISE_OF_RESIDUAL * float(np.median(np.abs(values - smooth)))
    extent = float(np.ptp(smooth))
    if extent <= 4 * noise:
        return
    yield from _plateaus(metric, smooth, extent, noise)
    yield from _turns(metric, smooth, extent, noise)


def _smoothed(values: Floats) -> Floats:
    from scipy.ndimage import median_filter  # late: it takes longer to load than most curves to read

    window = max(3, round(WINDOW * len(values)) | 1)
    return np.asarray(median_filter(values, size=window, mode="nearest"), dtype=np.float64)


def _plateaus(metric: str, smooth: Floats, extent: float, noise: float) -> Iterator[Event]:
    """A plateau is at least two windows long, and the curve has moved before it or moves after it."""
    n = len(smooth)
    span = max(4, round(SPAN * n))
    if n < 3 * span:
        return
    change = np.abs(smooth[span:] - smooth[:-span])
    flat = change <= max(FLAT * extent * span / n, 2 * noise)
    inside = np.zeros(n, dtype=bool)
    for start in np.flatnonzero(flat):
        inside[start : start + span + 1] = True
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(np.int8), [0]])))
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - begin < 2 * span:
            continue
        length, height = (end - begin) / n, float(np.median(smooth[begin:end]))
        if begin > 0:
            said = f"{metric} stops moving, at about {height:.3g}"
            yield Event("plateau begins", begin, length, said, metric=metric)
        if end < n:
            said = f"{metric} leaves its plateau of about {height:.3g}"
            yield Event("plateau ends", end - 1, length, said, metric=metric)


def _turns(metric: str, smooth: Floats, extent: float, noise: float) -> Iterator[Event]:
    from scipy.signal import find_peaks

    for sign, what, then in ((1, "highest", "falls"), (-1, "lowest", "rises")):
        peaks, about = find_peaks(sign * smooth, prominence=max(PROMINENCE * extent, 3 * noise))
        for peak, prominence in zip(peaks.tolist(), about["prominences"].tolist(), strict=True):
            said = f"{metric} is at its {what} here ({smooth[peak]:.3g}), and {then} from here on"
            yield Event("turning point", peak, prominence / extent, said, metric=metric)
