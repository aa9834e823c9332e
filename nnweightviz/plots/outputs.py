"""What a probe found, as the browser has it: outputs of units, and what pictures of them show. Pure arrays.

The twin of ``js/src/extras/outputs.ts``, and of where dots lie in ``plot.ts`` and ``unit.ts``. Not for drawing (see
``walls``).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnweightviz.blocks import decode
from nnweightviz.parts import Attachment
from nnweightviz.scale import number_of

Range = tuple[float, float]
Kind = Literal["heat", "scatter", "prediction"]
Line = tuple[float, float, float, float]
"""From x and y to x and y, as shares of a picture from its lower left."""
MOST_SATURATED = 0.5
"""Of the outputs of a unit; with more it counts as saturated."""
SPREAD, GOLDEN = 0.7, 0.618034
"""How far items of a class lie beside each other, and what parts them."""


def _opened(low: float, high: float) -> Range:
    """Return a range that can be drawn: not empty, and not a single number."""
    if not high >= low:
        return 0.0, 1.0
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ends(values: NDArray[Any], *more: float) -> Range:
    """Return the smallest and the largest of finite values and further ones; infinities of none."""
    finite = np.append(values[np.isfinite(values)], more)
    return float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf))


@dataclass(frozen=True, eq=False)
class Ranged:
    """What the picture of a unit is drawn over: targets, and outputs."""

    kind: Kind
    x: Range
    y: Range

    @property
    def domain(self) -> float:
        """What the full colours of a heat map stand for."""
        return max(abs(self.y[0]), abs(self.y[1]))


class PutOut:
    """What a probe found, decoded; all units of a layer are on one range, unless each is ``is_normalised``."""

    def __init__(self, attached: Attachment, *, is_normalised: bool = False) -> None:
        self.about, self.is_normalised = attached.about, is_normalised
        self._blocks = {(str(e["quantity"]), str(e["name"])): e for e in attached.entries}
        self._data = attached.data
        self._decoded: dict[tuple[str, str], NDArray[np.float32]] = {}
        self._ranges: dict[tuple[str, int], Ranged] = {}
        items = self.about.get("items", {})
        self.n_train = len(items.get("train", ()))
        self.n_items = sum(map(len, items.values()))
        self.is_of_classes = self.about.get("task") not in (None, "regression")
        targets = self._block("targets", "*")
        self.targets = None if targets is None else targets[0].reshape(self.n_items, -1).astype(np.float64)

    def _block(self, quantity: str, name: str) -> NDArray[np.float32] | None:
        key = quantity, name
        if key not in self._decoded and key in self._blocks:
            entry = self._blocks[key]
            data = self._data[entry["offset"] : entry["offset"] + entry["n_bytes"]]
            self._decoded[key] = decode(entry, data).astype(np.float32)
        return self._decoded.get(key)

    @property
    def groups(self) -> frozenset[str]:
        """The groups that outputs are known of; none if the probe was run at no checkpoint."""
        return frozenset(self.about["groups"]) if self.about["checkpoints"] else frozenset()

    def row_of(self, checkpoint: int) -> int | None:
        """Return the row of blocks that belongs to a checkpoint; None where the probe was not run."""
        known = self.about["checkpoints"]
        return known.index(checkpoint) if checkpoint in known else None

    def kind_of(self, group: str) -> Kind:
        """Return how units are drawn: as heat maps, as dots over targets, or as predictions over targets."""
        if group == self.about["prediction"]:
            return "prediction"
        return "heat" if len(self.about["groups"][group]["positions"]) > 1 else "scatter"

    def values(self, group: str) -> NDArray[np.float32]:
        """Return outputs ``(n_checkpoints, n_rows, n_positions, n_units)``; predictions have one position."""
        is_prediction = group == self.about["prediction"]
        values = self._block("prediction" if is_prediction else "outputs", group)
        assert values is not None
        return values[:, :, None] if is_prediction else values

    def n_units(self, group: str) -> int:
        """Return how many units of a group there are outputs of."""
        return int(self._blocks["outputs", group]["dims"][2])

    def is_dead(self, group: str, row: int) -> NDArray[np.bool_]:
        """Return which units put out 0 for every item, ``(n_units,)``."""
        peaks = self._block("peaks", group)
        assert peaks is not None
        return np.asarray(peaks[row] == 0)

    def saturated(self, group: str, row: int) -> NDArray[np.float32] | None:
        """Return the share of each unit's outputs that are saturated ``(n_units,)``; None where nothing saturates."""
        shares = self._block("saturated", group)
        return None if shares is None else shares[row]

    def _targets_of(self, unit: int | None) -> NDArray[np.float64]:
        """Return what outputs are drawn over: targets (one of several for a prediction, else their mean) or numbers."""
        if self.targets is None:
            return np.arange(1.0, self.n_items + 1)
        is_own = unit is not None and unit < self.targets.shape[1]
        return np.asarray(self.targets[:, unit] if is_own else self.targets.mean(axis=1))

    def _target_range(self, unit: int | None) -> Range:
        low, high = _opened(*_ends(self._targets_of(unit)))
        return (low - 0.5, high + 0.5) if self.is_of_classes and self.targets is not None else (low, high)

    def _range(self, group: str, unit: int | None) -> Range:
        """Return the outputs of a unit, or of all, over all checkpoints, and 0; probabilities have 0 to 1."""
        is_prediction = self.kind_of(group) == "prediction"
        if is_prediction and self.is_of_classes:
            return 0.0, 1.0
        values = self.values(group)
        if is_prediction:
            return _opened(*_ends(values[..., unit], *self._target_range(unit)))
        return _opened(*(_ends(values, 0.0) if unit is None else _ends(values[..., unit])))

    def ranged(self, group: str, unit: int) -> Ranged:
        """Return what the picture of a unit is drawn over, the same at all checkpoints."""
        kind = self.kind_of(group)
        own = unit if kind == "prediction" else None
        key = group, unit if self.is_normalised or own is not None else -1
        if key not in self._ranges:
            y = self._range(group, unit if self.is_normalised else own)
            self._ranges[key] = Ranged(kind, self._target_range(own), y)
        return self._ranges[key]

    def dots(self, group: str, unit: int, row: int) -> NDArray[np.float32]:
        """Return where the dot of each item lies, ``(n_items, 2)``: shares of the picture from its lower left.

        Items of a class lie beside each other, each always at one place.
        """
        ranged = self.ranged(group, unit)
        is_own = ranged.kind == "prediction" and not self.is_of_classes
        target = self._targets_of(unit if is_own else None)
        if self.is_of_classes and self.targets is not None:
            target = target + ((np.arange(self.n_items) * GOLDEN) % 1 - 0.5) * SPREAD
        values = self.values(group)[row, :, 0, unit].astype(np.float64)
        pairs = ((target, ranged.x), (values, ranged.y))
        shares = [(found - low) / (high - low) for found, (low, high) in pairs]
        return np.stack(shares, axis=1).astype(np.float32)

    def lines(self, group: str, unit: int) -> list[Line]:
        """Return where a prediction is right, or where an output is 0."""
        ranged = self.ranged(group, unit)
        (low, high), x = ranged.y, ranged.x
        if ranged.kind == "prediction" and not self.is_of_classes:
            return [(0.0, (x[0] - low) / (high - low), 1.0, (x[1] - low) / (high - low))]
        return [(0.0, -low / (high - low), 1.0, -low / (high - low))] if low < 0 < high else []

    def means(self, group: str, unit: int, row: int, n_pixels: int) -> NDArray[np.float64]:
        """Return a heat map as shares of its domain, ``(n_rows, n_positions)``: items from top to bottom, in the order
        of their targets; where items are more than pixels, a row is the mean of some.
        """
        values = self.values(group)[row, :, :, unit].astype(np.float64)
        n = len(values)
        if n > n_pixels:
            edges = [y * n // n_pixels for y in range(n_pixels + 1)]
            with np.errstate(invalid="ignore"):
                values = np.array([values[a:b].mean(axis=0) for a, b in pairwise(edges)])
        return np.clip(values / (self.ranged(group, unit).domain or 1), -1, 1)

    def score(self, row: int) -> tuple[str, list[tuple[str, str]]] | None:
        """Return the error of the prediction, or its accuracy, and what it is of each split, in words."""
        scores, loss = self.about["scores"], self.about["loss_name"]
        is_loss = self.about["task"] == "regression" or "accuracy" not in scores
        found = scores.get("loss" if is_loss else "accuracy", {})
        if self.about["prediction"] is None or not found:
            return None
        short = "MSE" if loss == "mean squared error" else loss or "loss"
        told = [(split, number_of(float(values[row]))) for split, values in found.items()]
        return short if is_loss else "accuracy", told

    def words(self, checkpoint: int) -> str:
        """Return what pictures show, and how many units are dead or saturated, also 0."""
        row = self.row_of(checkpoint)
        if row is None:
            known = [k + 1 for k in self.about["checkpoints"] if k is not None]
            return f"no outputs at this checkpoint: the probe was run at {known[0]} to {known[-1]}"
        n = sum(map(self.n_units, self.about["groups"]))
        n_dead = sum(int(self.is_dead(group, row).sum()) for group in self.about["groups"])
        shares = [s for group in self.about["groups"] if (s := self.saturated(group, row)) is not None]
        every = np.concatenate(shares) if shares else np.empty(0)
        every = every[~np.isnan(every)]
        parts = [f"pictures: outputs of {self.n_items} items{', each on its own range' * self.is_normalised}"]
        parts.append(f"{n_dead} of {n} units dead (crossed out: 0 for every item)")
        if every.size:
            n_saturated = int((every > MOST_SATURATED).sum())
            parts.append(f"{n_saturated} of {every.size} saturated (corner marked: most outputs)")
        return " · ".join(parts)
