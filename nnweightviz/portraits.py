"""Which layers are drawn as portraits: units whose incoming weights make an image, since their source is one. Pure.

The twin of ``js/src/portraits.ts`` and of the ranking in ``js/src/views/graph/gallery.ts``. Not for where portraits
hang (see ``hanging``).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnweightviz.bundle import Bundle
from nnweightviz.network import Group, Network
from nnweightviz.words import counted

LEAST_GUESSED = 100
"""Inputs; a square of fewer is more likely to be something else."""
UNCHANGED = 1e-6
"""Of the largest weight of a unit."""
Idle = Literal["dead", "unchanged"]
Weights = Callable[[Bundle, int], NDArray[Any] | None]
"""A bundle's weights ``(n_target, n_source)`` at a checkpoint, None if they were not recorded."""


@dataclass(frozen=True)
class Grid:
    """How the units of an image lie: row by row, channel after channel."""

    channels: int
    rows: int
    columns: int
    is_guessed: bool = False

    def __str__(self) -> str:
        channels = f"{self.channels} × " if self.channels > 1 else ""
        return f"{channels}{self.rows} × {self.columns}{', guessed' if self.is_guessed else ''}"


@dataclass(frozen=True)
class Exhibit:
    """A layer of portraits: the group that is the image, the weights that make them, units with the strongest first
    ``(n_units,)``, which of them have learned nothing, and whether those that do not fit in the column are on a sheet.
    """

    source: str
    bundle: Bundle
    grid: Grid
    ranked: NDArray[np.intp]
    idle: Mapping[int, Idle]
    has_sheet: bool = True

    def __str__(self) -> str:
        whole = counted(len(self.ranked), "unit")
        if not self.has_sheet:
            return f"portraits of the strongest of {whole}"
        n = Counter(self.idle.values())
        parts = [f"{n['dead']} dead"] if n["dead"] else []
        parts += [f"{n['unchanged']} unchanged since checkpoint 1"] if n["unchanged"] else []
        return f"portraits of {whole}, strongest first" + (f", dashed: {', '.join(parts)}" if parts else "")


def grid_of(group: Group) -> Grid | None:
    """Return the stated grid of a group; of a first input that is a square of at least 100, a guessed one."""
    if group.grid:
        channels, rows, columns = (1, *group.grid)[-3:]
        return Grid(channels, rows, columns) if channels * rows * columns == group.n_units else None
    side = math.isqrt(group.n_units)
    is_input = group.role == "input" and not group.unit_names
    is_square = is_input and group.n_units >= LEAST_GUESSED and side * side == group.n_units
    return Grid(1, side, side, is_guessed=True) if is_square else None


def portrayed(network: Network) -> dict[str, tuple[Bundle, Grid]]:
    """Return, of the groups whose units have portraits, the weights that make them and the grid that they lie on."""
    found = {}
    for bundle in network.bundles:
        source, target = network.group(bundle.source), network.group(bundle.target)
        grid = grid_of(source) if source.role == "input" else None
        is_whole = bundle.shape[:2] == (target.n_units, source.n_units)
        if grid and is_whole and target.role == "units" and not target.ports:
            found[target.id] = (bundle, grid)
    return found


def exhibits(network: Network, weights: Weights, last: int) -> dict[str, Exhibit]:
    """Return the layers of portraits, ranked by |incoming| times |outgoing| weights at the last checkpoint."""
    shown = {}
    for name, (bundle, grid) in portrayed(network).items():
        incoming = weights(bundle, last)
        if incoming is None:
            shown[name] = Exhibit(bundle.source, bundle, grid, np.arange(bundle.shape[0]), {})
            continue
        outgoing = [other for other in network.bundles if other.source == name]
        norms = _norms([incoming.T])
        if outgoing:
            found = [w for other in outgoing if other.blocks == 1 and (w := weights(other, last)) is not None]
            norms = norms * (_norms(found) if found else 0)
        first = weights(bundle, 0) if last > 0 else None
        ranked = np.argsort(-norms, kind="stable")
        shown[name] = Exhibit(bundle.source, bundle, grid, ranked, _idle(incoming, first, norms))
    return shown


def _norms(matrices: list[NDArray[Any]]) -> NDArray[np.float64]:
    """Return the Euclidean norm of each column over matrices; what is not finite does not count."""
    finite = [np.where(np.isfinite(matrix), matrix, 0).astype(np.float64) for matrix in matrices]
    return np.asarray(np.sqrt(sum(np.square(matrix).sum(axis=0) for matrix in finite)))


def _idle(after: NDArray[Any], before: NDArray[Any] | None, norms: NDArray[np.float64]) -> dict[int, Idle]:
    idle: dict[int, Idle] = {}
    if before is not None:
        with np.errstate(invalid="ignore"):
            largest = np.abs(after).max(axis=1, keepdims=True, initial=0)
            is_same = (np.abs(after - before) <= UNCHANGED * largest).all(axis=1)
        idle |= dict.fromkeys(np.flatnonzero(is_same).tolist(), "unchanged")
    return idle | dict.fromkeys(np.flatnonzero(norms == 0).tolist(), "dead")
