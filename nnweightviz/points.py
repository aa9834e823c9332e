"""Curves of metrics: points in the order of x, which counts steps, or checkpoints where there are no steps.

Not for metrics of one moment, which a checkpoint carries itself.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Value = TypeVar("Value")


class Metrics(dict[str, Value], Generic[Value]):
    """Metrics by name; a name that is not there is answered with those that are."""

    def __missing__(self, name: str) -> Value:
        raise KeyError(f"there is no metric {name!r}; there are: {', '.join(self) or 'none'}")


class Points:
    """Name -> points ``(x, value)``, in the order of x. One thread at a time."""

    def __init__(self) -> None:
        self._points: dict[str, list[tuple[float, float]]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def add(self, x: float, values: Mapping[str, float]) -> None:
        """Add one point a metric; what is known already is not added twice."""
        for name, value in values.items():
            points = self._points.setdefault(name, [])
            at = len(points)
            if points and x < points[-1][0]:
                at = bisect_right(points, x, key=itemgetter(0))
            if not at or not _are_same(points[at - 1], (x, value)):
                points.insert(at, (x, value))

    @property
    def last_x(self) -> float:
        """The largest x of all points; minus infinity if there is none."""
        return max((points[-1][0] for points in self._points.values()), default=-math.inf)

    def forget_from(self, x: float) -> None:
        """Forget all points from ``x`` on."""
        kept = {name: [p for p in points if p[0] < x] for name, points in self._points.items()}
        self._points = {name: points for name, points in kept.items() if points}

    def within(self, x: Sequence[float], new_x: Sequence[float]) -> Points:
        """Return the points between the first and the last of ``x``, moved to where ``new_x`` has them."""
        inside = Points()
        for name, points in self._points.items() if len(x) else ():
            moved = [(float(np.interp(at, x, new_x)), value) for at, value in points if x[0] <= at <= x[-1]]
            if moved:
                inside._points[name] = moved
        return inside

    def at(self, x: Sequence[float]) -> Metrics[Floats]:
        """Return one value a checkpoint, ``(n_checkpoints,)``, NaN where there is no point."""
        known = {name: dict(points) for name, points in self._points.items()}
        return Metrics({n: np.array([values.get(k, math.nan) for k in x]) for n, values in known.items()})

    def curves(self) -> Metrics[tuple[Floats, Floats]]:
        """Return all points, name -> ``(x, values)``."""
        points = {name: np.array(points).reshape(-1, 2) for name, points in self._points.items()}
        return Metrics({name: (both[:, 0].copy(), both[:, 1].copy()) for name, both in points.items()})


def _are_same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two points are the same; NaN is the same as NaN."""
    return one == other or (one[0] == other[0] and math.isnan(one[1]) and math.isnan(other[1]))
