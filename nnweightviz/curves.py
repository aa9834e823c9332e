"""The curves of metrics as the browser has them: which points are new, and all of them, as JSON.

Not for recording metrics (see ``points``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnweightviz.points import Floats

Curve = dict[str, Any]
"""Points by ``x`` and ``y``; of a curve that is told in pieces, from number ``start`` on."""


class Curves:
    """Name -> points that were told."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[Floats, Floats]] = {}

    def tell(self, curves: Mapping[str, tuple[Floats, Floats]]) -> dict[str, Curve]:
        """Take note of all points; return what is new of each curve, and from which point on."""
        new = {}
        for name, (x, y) in curves.items():
            known_x, known_y = self._told.get(name, (x[:0], y[:0]))
            n = min(len(x), len(known_x))
            is_same = (x[:n] == known_x[:n]) & (
                (y[:n] == known_y[:n]) | (np.isnan(y[:n]) & np.isnan(known_y[:n]))
            )
            start = n if is_same.all() else int(np.argmin(is_same))
            if start < max(len(x), len(known_x)):
                new[name] = {"start": start, "x": x[start:].tolist(), "y": json_numbers(y[start:])}
            self._told[name] = (x, y)
        return new

    def whole(self) -> dict[str, Curve]:
        """Return all points that were told."""
        return {name: {"x": x.tolist(), "y": json_numbers(y)} for name, (x, y) in self._told.items()}

    def ends(self) -> dict[str, Curve]:
        """Return no points, but how many there are of each curve."""
        return {name: {"start": len(x), "x": [], "y": []} for name, (x, _) in self._told.items()}


def json_numbers(values: Floats) -> list[float | str]:
    """Return numbers for JSON; NaN and infinities by name."""
    if np.isfinite(values).all():
        return list(values.tolist())
    names = {math.inf: "Infinity", -math.inf: "-Infinity"}
    return ["NaN" if math.isnan(value) else names.get(value, value) for value in values.tolist()]
