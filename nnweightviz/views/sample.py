"""Which single weights have a line: the strongest, some drawn at random, or given ones. Not for their values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.network import Network
from nnweightviz.views.parts import Parts

SAMPLES = ("strongest", "random", "selected")
STRIDE = 0x6D2B79F5


@dataclass(frozen=True)
class Sample:
    """Weights by where they are, ``(n,)`` each: their part, their parameter and their flat index in it."""

    part: NDArray[np.str_]
    parameter: NDArray[np.str_]
    entry: NDArray[np.int64]
    n_all: int  # of so many

    def values(self, parts: Parts) -> NDArray[np.float64]:
        """Return the weights as they are normalised, ``(n, n_checkpoints)``; NaN where not recorded."""
        values = np.full((len(self.entry), len(parts)), np.nan)
        for name in dict.fromkeys(self.parameter.tolist()):
            rows, norms = np.flatnonzero(self.parameter == name), parts.norms(name)
            for k in range(len(parts)):
                if parts.source.has(name, k):
                    flat = np.asarray(parts.source.array(k, name)).reshape(-1)
                    values[rows, k] = flat[self.entry[rows]].astype(np.float64) / norms[k]
        return values


class Pool:
    """All weights of parts behind each other: parameter by parameter, of gates bundle by bundle, each row-major."""

    def __init__(self, parts: Parts) -> None:
        self._stretches = [(part.name, piece) for part in parts.parts.values() for piece in part.pieces]
        self._entries = [piece.of(parts.indices(piece.parameter)).reshape(-1) for _, piece in self._stretches]
        self._starts = np.cumsum([0, *(len(entries) for entries in self._entries)])
        self.size = int(self._starts[-1])

    def at(self, places: NDArray[np.int64]) -> Sample:
        """Return the weights at some places of the pool."""
        which = np.searchsorted(self._starts, places, side="right") - 1
        inner = places - self._starts[which]
        return Sample(
            np.array([self._stretches[s][0] for s in which], dtype=np.str_),
            np.array([self._stretches[s][1].parameter for s in which], dtype=np.str_),
            np.array([self._entries[s][i] for s, i in zip(which, inner, strict=True)], dtype=np.int64),
            self.size,
        )

    def raise_to(self, peaks: NDArray[np.float64], parts: Parts) -> None:
        """Raise the peaks, ``(size,)``, to the finite |w| of all checkpoints of a run."""
        for (_, piece), entries, start in zip(self._stretches, self._entries, self._starts, strict=False):
            here = peaks[start : start + len(entries)]
            for k in range(len(parts)):
                if parts.source.has(piece.parameter, k):
                    values = piece.of(parts.source.array(k, piece.parameter)).reshape(-1)
                    sizes = np.abs(values.astype(np.float64))
                    np.maximum(here, np.where(np.isfinite(sizes), sizes, 0.0), out=here)

    def place_of(self, parameter: str, entry: int) -> int | None:
        """Return the first place of an entry, or None."""
        for (_, piece), entries, start in zip(self._stretches, self._entries, self._starts, strict=False):
            at = np.flatnonzero(entries == entry) if piece.parameter == parameter else np.array([])
            if at.size:
                return int(start + at[0])
        return None


def strongest(runs: Sequence[Parts], n: int) -> Sample:
    """Return the n weights with the largest finite |w|, not normalised, over all checkpoints and runs; ties in order.

    Of fewer weights, all, in their order.
    """
    pool = Pool(runs[0])
    if pool.size <= n:
        return pool.at(np.arange(pool.size))
    peaks = np.zeros(pool.size)
    for parts in runs:
        pool.raise_to(peaks, parts)
    return pool.at(np.argsort(-peaks, kind="stable")[:n])


def random(parts: Parts, n: int, seed: int) -> Sample:
    """Return n weights drawn at random: the first of a permutation of the pool (Fisher and Yates).

    At step i the place i + floor(u (size - i)) is taken, u being the next number of :func:`mulberry32` over 2^32.
    """
    pool = Pool(parts)
    n = min(n, pool.size)
    moved: dict[int, int] = {}  # place -> the number that stands there, where it is another
    taken = []
    for i, number in enumerate(mulberry32(seed, n).tolist()):
        other = i + math.floor(number / 2**32 * (pool.size - i))
        taken.append(moved.get(other, other))
        moved[other] = moved.get(i, i)
    return pool.at(np.array(taken, dtype=np.int64))


def mulberry32(seed: int, n: int) -> NDArray[np.uint32]:
    """Return the first n numbers of T. Ettinger's generator mulberry32, uint32: the same as in the browser.

    Examples
    --------
    >>> mulberry32(0, 3).tolist()
    [1144304738, 1416247, 958946056]
    """
    state = (np.arange(1, n + 1, dtype=np.uint64) * STRIDE + seed % 2**32).astype(np.uint32)
    t = (state ^ (state >> 15)) * (state | np.uint32(1))
    t ^= t + (t ^ (t >> 7)) * (t | np.uint32(61))
    numbers: NDArray[np.uint32] = t ^ (t >> 14)
    return numbers


def given(parts: Parts, entries: Sequence[tuple[str, Any]]) -> Sample:
    """Return entries of parameters, ``(name, index)`` with a flat index or one number an axis; those of no part are
    left out.

    Raises
    ------
    ValueError
        If there is no such parameter, or no such entry of it.
    """
    pool = Pool(parts)
    places = [pool.place_of(name, _flat(parts, name, index)) for name, index in entries]
    return pool.at(np.array([place for place in places if place is not None], dtype=np.int64))


def _flat(parts: Parts, name: str, index: Any) -> int:
    shapes = parts.source.shapes
    if name not in shapes:
        raise ValueError(f"there is no parameter {name!r}; there are: {', '.join(shapes)}")
    shape = shapes[name]
    try:
        flat = int(index) if np.ndim(index) == 0 else int(np.ravel_multi_index(tuple(index), shape))
        if 0 <= flat < math.prod(shape):
            return flat
    except (TypeError, ValueError):
        pass
    raise ValueError(
        f"there is no entry {index!r} of {name!r}, which has the shape {shape}; indices are 0-based"
    )


def entries_of(network: Network, selection: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    """Return the entries of parameters behind a selection: of a link, or of all links of a unit."""
    selected = selection or {}
    if "parameter" in selected:
        return [(selected["parameter"], tuple(selected["index"]))]
    found: list[tuple[str, Any]] = []
    for bundle in network.bundles:
        if bundle.id == selected.get("bundle"):
            links = [(selected["target"], selected["source"])]
        elif bundle.target == selected.get("group"):
            first = bundle.first_source(selected["unit"])
            links = [(selected["unit"], first + i) for i in range(bundle.shape[1])]
        elif bundle.source == selected.get("group"):
            all_links = ((j, selected["unit"]) for j in range(bundle.shape[0]))
            links = [(j, i) for j, i in all_links if 0 <= i - bundle.first_source(j) < bundle.shape[1]]
        else:
            continue
        parameter = (network.tied or {}).get(bundle.parameter, bundle.parameter)
        found += [(parameter, int(entry)) for j, i in links for entry in bundle.entries(j, i)]
    return list(dict.fromkeys(found))
