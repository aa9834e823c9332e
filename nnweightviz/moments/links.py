"""Events among the weights: fans whose signs flip, that grow or shrink, that become all positive or all negative.

A fan is the links of one bundle that arrive at one unit. What counts is measured against the bundle's scale: the 99.5 %
quantile of |w| over the history (up to 20 checkpoints, 10 000 weights of each, evenly spread), so that noise about
zero is none. Not for the norms of whole parameters (see ``norms``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


_EXTREMES = ((np.maximum, np.max), (np.minimum, np.min))


@dataclass
class _State:
    """What is remembered of a bundle from one checkpoint to the next."""

    signs: NDArray[np.int8]
    reference: Array
    sides: NDArray[np.int8]
    waiting: NDArray[np.int8]


@dataclass(frozen=True)
class _Fans:
    """A bundle at some checkpoints: weights ``(n_checkpoints, n_target, n_source)``, all finite, and what is known of
    each fan: its least and its largest weight and its norm, ``(n_checkpoints, n_target)``.
    """

    numbers: list[int]
    weights: Array
    lowest: Array
    highest: Array

    @classmethod
    def of(cls, numbers: Sequence[int], weights: Array) -> _Fans:
        """Take the checkpoints at which all weights are finite."""
        lowest, highest = weights.min(axis=2), weights.max(axis=2)  # NaN where any weight is
        is_finite = (np.isfinite(lowest) & np.isfinite(highest)).all(axis=1)
        if is_finite.all():
            return cls(list(numbers), weights, lowest, highest)
        there = [k for k, ok in zip(numbers, is_finite.tolist(), strict=True) if ok]
        return cls(there, weights[is_finite], lowest[is_finite], highest[is_finite])

    def after(self, n: int) -> _Fans:
        """Leave out the first checkpoints."""
        return _Fans(self.numbers[n:], self.weights[n:], self.lowest[n:], self.highest[n:])


class LinkEvents:
    """Finds the events of one bundle; fed with its weights, some checkpoints at a time."""

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

    def feed(self, numbers: Sequence[int], weights: Array) -> Iterator[Event]:
        """Yield what is new at the next checkpoints; ``weights`` is ``(n_checkpoints, n_target, n_source)``."""
        fans = _Fans.of(numbers, weights) if self._scale > 0 else None
        if fans is None or not fans.numbers:
            return
        norms = row_norms(fans.weights)
        if self._state is None:
            sides = self._sides(fans)[0]
            self._state = _State(self._signs(fans.weights[0]), norms[0].copy(), sides, sides.copy())
            self._largest = float(norms[0].max(initial=0.0))
            fans, norms = fans.after(1), norms[1:]
        if self._bundle.is_signed:
            yield from self._flips(fans)
            yield from self._turned(fans)
        yield from self._grown(fans.numbers, norms)

    def _signs(self, weights: Array) -> NDArray[np.int8]:
        """Return 1 or -1 where a weight is clear of zero, 0 elsewhere."""
        threshold = FLIP * self._scale
        return (weights >= threshold).view(np.int8) - (weights <= -threshold).view(np.int8)

    def _flips(self, fans: _Fans) -> Iterator[Event]:
        state, signs = self._require(), self._signs(fans.weights)
        if len(signs) > 1:  # most often no weight is seen on both sides
            most, least = (f(g(signs, axis=0), state.signs) for f, g in _EXTREMES)
            if not (most - least == 2).any():
                state.signs = np.sign(most + least)
                return
        for k, weights, now in zip(fans.numbers, fans.weights, signs, strict=True):
            against = now * state.signs
            state.signs *= (now == 0).view(np.int8)
            state.signs += now
            if against.min(initial=0) < 0:
                yield from self._flipped(k, weights, against < 0)

    def _flipped(self, k: int, weights: Array, flipped: NDArray[np.bool_]) -> Iterator[Event]:
        targets = np.flatnonzero(flipped.any(axis=1))
        for j in targets.tolist():
            sources = np.flatnonzero(flipped[j])
            share = float(np.abs(weights[j, sources]).sum() / max(np.abs(weights[j]).sum(), 1e-300))
            up = int((weights[j, sources] > 0).sum())
            direction = {len(sources): "became positive", 0: "became negative"}.get(up, "changed their signs")
            if len(sources) == 1:
                where = {"bundle": self._bundle.id, "target": j, "source": self._source(j, int(sources[0]))}
                link = f"the weight from {self._source_name(j, int(sources[0]))} to {self._unit(j)}"
                said = f"{f'the bias of {self._unit(j)}' if self._is_bias else link} {direction}"
            else:
                where = {"group": self._bundle.target, "unit": j}
                said = f"{len(sources)} of {counted(weights.shape[1], 'weight')} into {self._unit(j)} {direction}"
            yield self._event("sign flip", k, share, said, where)

    def _turned(self, fans: _Fans) -> Iterator[Event]:
        """Tell fans that have had one sign for two checkpoints, or have lost it."""
        state, n = self._require(), fans.weights.shape[2]
        if n < 2:
            return
        all_sides = self._sides(fans)
        if (all_sides == state.sides).all() and (state.waiting == state.sides).all():
            return
        for k, weights, now in zip(fans.numbers, fans.weights, all_sides, strict=True):
            settled = (now == state.waiting) & (now != state.sides)
            state.waiting = now
            for j in np.flatnonzero(settled).tolist():
                kind = {1: "all positive", -1: "all negative", 0: "mixed signs"}[int(now[j])]
                said = f"the {n} weights into {self._unit(j)} no longer have one sign"
                if now[j]:
                    said = f"all {n} weights into {self._unit(j)} are {kind.removeprefix('all ')}"
                share = float(np.abs(weights[j]).mean() / self._scale)
                yield self._event(kind, k - 1, share, said, {"group": self._bundle.target, "unit": j})
            state.sides[settled] = now[settled]

    def _sides(self, fans: _Fans) -> NDArray[np.int8]:
        """Return 1 or -1 for fans of one sign, 0 for others, ``(n_checkpoints, n_target)``."""
        limit = ONE_SIGN * self._scale
        sides = np.zeros(fans.lowest.shape, np.int8)
        for sign, extreme in ((1, fans.lowest), (-1, -fans.highest)):
            rows = np.nonzero(extreme >= -limit)  # few: only their weights are counted
            is_most = (sign * fans.weights[rows] > limit).mean(axis=1) > 0.5
            sides[rows] += is_most.astype(np.int8) * np.int8(sign)
        return sides

    def _grown(self, numbers: list[int], norms: Array) -> Iterator[Event]:
        """Tell fans that have grown or shrunk, each against its own last event."""
        reference, at = self._require().reference, 0
        largest = np.maximum.accumulate(np.maximum(norms.max(axis=1, initial=0.0), self._largest))
        self._largest = float(largest[-1]) if len(largest) else self._largest
        while at < len(numbers):
            floor = SMALL * largest[at:, np.newaxis]
            grown = (norms[at:] >= FACTOR * np.maximum(reference, floor)) & (norms[at:] > floor)
            shrunk = (np.maximum(norms[at:], floor) <= reference / FACTOR) & (reference > floor)
            changed = grown | shrunk
            first = int(changed.any(axis=1).argmax())
            if not changed[first].any():
                return
            at += first
            yield from self._changed(numbers[at], norms[at], grown[first], changed[first])
            reference[changed[first]] = norms[at][changed[first]]
            at += 1

    def _changed(
        self, k: int, norms: Array, grown: NDArray[np.bool_], changed: NDArray[np.bool_]
    ) -> Iterator[Event]:
        reference = self._require().reference
        for j in np.flatnonzero(changed).tolist():
            factor = float(norms[j] / reference[j]) if reference[j] > 0 else float("inf")
            kind = "grows" if grown[j] else "shrinks"
            what = "the bias of" if self._is_bias else "the weights into"
            said = f"{what} {self._unit(j)}: norm {reference[j]:.2g} → {norms[j]:.2g}, {factor:.2g} times as large"
            if not np.isfinite(factor):
                said = f"{what} {self._unit(j)}: norm {norms[j]:.2g}, from zero"
            size = max(factor, 1 / factor) if factor > 0 else float("inf")
            yield self._event(kind, k, size, said, {"group": self._bundle.target, "unit": j})

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
