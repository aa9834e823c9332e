"""Events among the weights: fans whose signs flip, that grow or shrink, that become all positive or all negative.

A fan is the links of one bundle that arrive at one unit. What counts is measured against the bundle's scale: the 99.5 %
quantile of |w| over the history (up to 20 checkpoints, 10 000 weights of each, evenly spread), so that noise about
zero is none. Not for the norms of whole parameters (see ``norms``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nnweightviz.moments.event import Event
from nnweightviz.moments.norms import row_norms
from nnweightviz.network import Bundle, Network
from nnweightviz.words import counted

Array = NDArray[np.floating]

FLIP = 0.1
"""A link has a sign while |w| is at least this share of the scale; between, it keeps the sign it had."""
FACTOR = 2.0
"""A fan has grown, or shrunk, when its norm is this many times, or this part of, that of its last such event."""
SMALL = 0.05
"""Fans below this share of the bundle's largest fan are too small to grow or shrink."""
ONE_SIGN = 0.02
"""A fan is all positive when no link is below minus this share of the scale and most of them are above it."""
N_SCALE_CHECKPOINTS = 20
N_SAMPLED_WEIGHTS = 10_000
QUANTILE = 0.995


@dataclass
class _State:
    """What is remembered of a bundle from one checkpoint to the next."""

    signs: NDArray[np.int8]
    reference: Array
    sides: NDArray[np.int8]
    waiting: NDArray[np.int8]


@dataclass(frozen=True)
class _Fans:
    """A bundle's weights, ``(n_target, n_source)``, with the least and the largest of each fan."""

    weights: Array
    lowest: Array
    highest: Array


class LinkEvents:
    """Finds the events of one bundle; fed with its weights, checkpoint by checkpoint."""

    def __init__(self, network: Network, bundle: Bundle) -> None:
        self._network, self._bundle = network, bundle
        self._samples: list[Array] = []
        self._largest = 0.0
        self._state: _State | None = None

    def sample(self, weights: Array) -> None:
        """Learn the scale from some checkpoints, before the first is fed."""
        flat = weights.reshape(-1)
        sampled = flat[:: -(-flat.size // N_SAMPLED_WEIGHTS) or 1]
        self._samples.append(np.abs(sampled[np.isfinite(sampled)]))

    @cached_property
    def _scale(self) -> float:
        together = np.concatenate(self._samples) if self._samples else np.zeros(0)
        return float(np.quantile(together, QUANTILE)) if together.size else 0.0

    def feed(self, k: int, weights: Array) -> Iterator[Event]:
        """Yield what is new at checkpoint ``k``; ``weights`` is ``(n_target, n_source)``."""
        if self._scale == 0:
            return
        fans = _Fans(weights, weights.min(axis=1), weights.max(axis=1))
        if not (np.isfinite(fans.lowest).all() and np.isfinite(fans.highest).all()):
            return
        norms = row_norms(weights)
        self._largest = max(self._largest, float(norms.max(initial=0.0)))
        if self._state is None:
            sides = self._sides(fans)
            self._state = _State(self._signs(weights), norms.copy(), sides, sides.copy())
            return
        if self._bundle.is_signed:
            yield from self._flips(k, weights)
            yield from self._turned(k, fans)
        yield from self._grown(k, norms)

    def _signs(self, weights: Array) -> NDArray[np.int8]:
        """Return 1 or -1 where a weight is clear of zero, 0 elsewhere."""
        threshold = FLIP * self._scale
        return (weights >= threshold).view(np.int8) - (weights <= -threshold).view(np.int8)

    def _flips(self, k: int, weights: Array) -> Iterator[Event]:
        state, now = self._require(), self._signs(weights)
        against = now * state.signs
        state.signs *= (now == 0).view(np.int8)
        state.signs += now
        if against.min(initial=0) == 0:
            return
        flipped = against < 0
        targets = np.flatnonzero(flipped.any(axis=1))
        for j in targets.tolist():
            sources = np.flatnonzero(flipped[j])
            share = float(np.abs(weights[j, sources]).sum() / max(np.abs(weights[j]).sum(), 1e-300))
            up = int((weights[j, sources] > 0).sum())
            direction = {len(sources): "became positive", 0: "became negative"}.get(up, "changed their signs")
            if len(sources) == 1:
                where = {"bundle": self._bundle.id, "target": j, "source": self._source(j, int(sources[0]))}
                said = (
                    f"the weight from {self._source_name(j, int(sources[0]))} to {self._unit(j)} {direction}"
                )
            else:
                where = {"group": self._bundle.target, "unit": j}
                said = f"{len(sources)} of {counted(weights.shape[1], 'weight')} into {self._unit(j)} {direction}"
            yield self._event("sign flip", k, share, said, where)

    def _turned(self, k: int, fans: _Fans) -> Iterator[Event]:
        """Tell fans that have had one sign for two checkpoints, or have lost it."""
        weights = fans.weights
        if weights.shape[1] < 2:
            return
        state, now = self._require(), self._sides(fans)
        settled = (now == state.waiting) & (now != state.sides)
        state.waiting = now
        for j in np.flatnonzero(settled).tolist():
            kind = {1: "all positive", -1: "all negative", 0: "mixed signs"}[int(now[j])]
            words = {0: "no longer have one sign"}.get(int(now[j]), f"are {kind}")
            said = f"all {weights.shape[1]} weights into {self._unit(j)} {words}"
            said = said if now[j] else f"the {weights.shape[1]} weights into {self._unit(j)} {words}"
            share = float(np.abs(weights[j]).mean() / self._scale)
            yield self._event(kind, k - 1, share, said, {"group": self._bundle.target, "unit": j})
        state.sides[settled] = now[settled]

    def _sides(self, fans: _Fans) -> NDArray[np.int8]:
        limit = ONE_SIGN * self._scale
        sides = np.zeros(len(fans.weights), np.int8)
        for sign, extreme in ((1, fans.lowest), (-1, -fans.highest)):
            rows = np.flatnonzero(extreme >= -limit)  # few: only their weights are counted
            is_most = (sign * fans.weights[rows] > limit).mean(axis=1) > 0.5
            sides[rows[is_most]] += np.int8(sign)
        return sides

    def _grown(self, k: int, norms: Array) -> Iterator[Event]:
        reference = self._require().reference
        floor = SMALL * self._largest
        base = np.maximum(reference, floor)
        grown = (norms >= FACTOR * base) & (norms > floor)
        shrunk = (np.maximum(norms, floor) <= reference / FACTOR) & (reference > floor)
        for j in np.flatnonzero(grown | shrunk).tolist():
            factor = float(norms[j] / reference[j]) if reference[j] > 0 else float("inf")
            kind = "grows" if grown[j] else "shrinks"
            what = "the bias of" if self._is_bias else "the weights into"
            said = f"{what} {self._unit(j)}: norm {reference[j]:.2g} → {norms[j]:.2g}, {factor:.2g} times as large"
            if not np.isfinite(factor):
                said = f"{what} {self._unit(j)}: norm {norms[j]:.2g}, from zero"
            size = max(factor, 1 / factor) if factor > 0 else float("inf")
            yield self._event(kind, k, size, said, {"group": self._bundle.target, "unit": j})
        reference[grown | shrunk] = norms[grown | shrunk]

    @property
    def _is_bias(self) -> bool:
        return self._network.group(self._bundle.source).role == "bias"

    def _require(self) -> _State:
        assert self._state is not None
        return self._state

    def _source(self, target: int, i: int) -> int:
        return self._bundle.first_source(target) + i

    def _source_name(self, target: int, i: int) -> str:
        name = self._network.unit_name(self._bundle.source, self._source(target, i))
        group = self._network.group(self._bundle.source)
        return f"{name} of {group.label or group.layer}"

    def _unit(self, target: int) -> str:
        group = self._network.group(self._bundle.target)
        gate = f" (gate {self._bundle.port})" if self._bundle.port else ""
        return f"unit {self._network.unit_name(group.id, target)} of {group.layer}{gate}"

    def _event(self, kind: str, k: int, size: float, said: str, where: dict[str, object]) -> Event:
        return Event(kind, k, size, said, where, self._network.group(self._bundle.target).layer)
