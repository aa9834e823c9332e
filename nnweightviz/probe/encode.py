"""What the browser gets of a probe's outputs: fewer items and coarser numbers where there are many, as blocks.

Not for finding outputs (see ``outputs_of``), nor for when they cross (see ``payload``). The entry of the index and its
blocks are described in ``docs/boundary.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz import blocks
from nnweightviz.curves import json_numbers
from nnweightviz.network import Network
from nnweightviz.parameters import Entry
from nnweightviz.parts import Attachment, joined
from nnweightviz.probe.outputs import GroupOutputs, Outputs
from nnweightviz.words import counted

Array = NDArray[Any]
Indices = NDArray[np.int64]

MOST_ROWS = 64
"""Items that a sequence's outputs are sent of: a heat map of more has rows that nobody tells apart."""
FEWEST_ROWS, FEWEST_POSITIONS = 24, 8
MOST_CODES = 2_000_000
"""Outputs that are sent in all, one byte each before deflating; of more, fewer items, then fewer positions."""
FLOAT16_UP_TO = 100_000
"""Outputs of a group up to which each is sent as float16, in two bytes; of more, as int8."""
SAME = 1e-3
"""Relative difference up to which a metric of the history and a score of the probe are one curve."""
MOST_PREDICTED = 64
"""Predictions of more numbers an item are not drawn."""


def attachment(
    outputs: Outputs,
    network: Network,
    steps: Sequence[int | None] | None,
    metrics: Mapping[str, Array],
) -> Attachment:
    """Return what rides behind the weights: the index's entry ``outputs``, its blocks and its curves.

    ``steps`` are those of all checkpoints, or None where the history knows none; ``metrics`` are the history's, one
    value a checkpoint: a curve that says the same as one of them is not shown again.
    """
    chosen = _Chosen(outputs, _reading(outputs))
    coded = [*chosen.coded(), *_of_units(chosen.groups)]
    predicted = _predicting_group(outputs, network)
    if outputs.targets is not None:
        targets = _flat_targets(outputs.targets)
        coded.append(_block("targets", "*", targets[None], "float32"))
    if predicted is not None:
        values = _predicted(outputs)
        dtype: blocks.Dtype = "float16" if values.size > FLOAT16_UP_TO else "float32"
        coded.append(_block("prediction", predicted, values, dtype))
    entries, data = joined(coded, None)
    about = {
        "checkpoints": outputs.checkpoints.tolist(),
        "items": {split: items.tolist() for split, items in outputs.items.items()},
        "task": None if outputs.task is None else outputs.task.kind,
        "loss_name": outputs.loss_name,
        "scores": _scores(outputs),
        "groups": chosen.about(),
        "prediction": predicted,
        "notes": [*outputs.notes, *chosen.notes],
    }
    return Attachment("outputs", about, tuple(entries), data, _curves(outputs, steps, metrics))


class _Chosen:
    """Which items, positions and groups are sent, and in what precision."""

    def __init__(self, outputs: Outputs, order: Indices) -> None:
        self._outputs, self._order = outputs, order
        self._n_rows, self._n_positions = MOST_ROWS, _most_positions(outputs)
        self.notes: list[str] = []
        every = {name: group for name, group in outputs.groups.items() if len(group.positions)}
        while self._n_codes(every) > MOST_CODES and self._n_rows > FEWEST_ROWS:
            self._n_rows = max(FEWEST_ROWS, self._n_rows // 2)
        while self._n_codes(every) > MOST_CODES and self._n_positions > FEWEST_POSITIONS:
            self._n_positions = max(FEWEST_POSITIONS, self._n_positions // 2)
        self.groups: dict[str, GroupOutputs] = {}
        for name in sorted(every, key=lambda name: every[name].values.shape[-1]):
            if self._n_codes({**self.groups, name: every[name]}) <= MOST_CODES:
                self.groups[name] = every[name]
        left_out = [name for name in every if name not in self.groups]
        if left_out:
            self.notes.append(f"too large to draw outputs of: {', '.join(map(repr, left_out))}")

    def _n_codes(self, groups: Mapping[str, GroupOutputs]) -> int:
        return sum(
            self._outputs.n_checkpoints
            * len(self._rows(group))
            * len(self._positions(group))
            * group.values.shape[-1]
            for group in groups.values()
        )

    def _rows(self, group: GroupOutputs) -> Indices:
        """Return which items: of a sequence some, in the order of their targets, evenly spread in it."""
        n = len(self._order)
        if len(group.positions) == 1:
            return np.arange(n)
        return self._order[_spread(n, min(n, self._n_rows))]

    def _positions(self, group: GroupOutputs) -> Indices:
        n = len(group.positions)
        return _spread(n, min(n, self._n_positions))

    def about(self) -> dict[str, Any]:
        """Return what the index says of each group."""
        told = {}
        for name, group in self.groups.items():
            rows = self._rows(group)
            told[name] = {
                "how": group.how,
                "n_positions": group.n_positions,
                "positions": group.positions[self._positions(group)].tolist(),
                "rows": None if len(group.positions) == 1 else rows.tolist(),
                "saturation": group.saturation,
            }
        return told

    def coded(self) -> list[tuple[Entry, bytes]]:
        """Return a block of each group, dims ``(n_rows, n_positions, n_units)``."""
        coded = []
        for name, group in self.groups.items():
            values = group.values[:, self._rows(group)][:, :, self._positions(group)]
            dtype: blocks.Dtype = "float16" if values.size <= FLOAT16_UP_TO else "int8"
            coded.append(_block("outputs", name, values, dtype))
        return coded


def _most_positions(outputs: Outputs) -> int:
    """Return of how many positions outputs are kept at most in any group."""
    return max((len(group.positions) for group in outputs.groups.values()), default=1)


def _spread(n: int, n_kept: int) -> Indices:
    """Return ``n_kept`` numbers below ``n`` at equal distances, the first and the last among them."""
    return np.round(np.linspace(0, n - 1, n_kept)).astype(np.int64)


def _block(quantity: str, name: str, values: Array, dtype: blocks.Dtype) -> tuple[Entry, bytes]:
    fields, data = blocks.encode(values, dtype)
    return {"quantity": quantity, "name": name, "start": 0, "stop": len(values), **fields}, data


def _of_units(groups: Mapping[str, GroupOutputs]) -> list[tuple[Entry, bytes]]:
    """Return the blocks of what is known of each unit over all items: largest |output|, share that is saturated."""
    coded = []
    for name, group in groups.items():
        coded.append(_block("peaks", name, group.peaks, "float32"))
        if group.saturated is not None:
            coded.append(_block("saturated", name, group.saturated, "float16"))
    return coded


def _flat_targets(targets: Array) -> NDArray[np.float64]:
    """Return targets ``(n_items, n)``; of many numbers an item, their mean alone."""
    values = np.asarray(targets, dtype=np.float64).reshape(len(targets), -1)
    return values if values.shape[1] <= MOST_PREDICTED else values.mean(1, keepdims=True)


def _reading(outputs: Outputs) -> Indices:
    """Return the items in the order of their targets (of several numbers, of their mean); as they come without."""
    if outputs.targets is None:
        return np.arange(outputs.n_items)
    return np.argsort(_flat_targets(outputs.targets).mean(1), kind="stable").astype(np.int64)


def _predicted(outputs: Outputs) -> Array:
    """Return predictions ``(n_checkpoints, n_items, n)``: values, or probabilities of classes."""
    probabilities = outputs.probabilities
    values = outputs.prediction if probabilities is None else probabilities
    assert values is not None
    return values.reshape(*values.shape[:2], -1)


def _predicting_group(outputs: Outputs, network: Network) -> str | None:
    """Return the group whose units make the prediction: the last one, with as many units as it has numbers."""
    if outputs.prediction is None or outputs.task is None or outputs.targets is None:
        return None
    n = int(np.prod(outputs.prediction.shape[2:], dtype=int))
    n_wanted = int(np.prod(outputs.targets.shape[1:], dtype=int))
    if n > MOST_PREDICTED or (outputs.task.kind == "regression" and n != n_wanted):
        return None
    found = [group for group in network.groups if group.role == "units" and group.id in outputs.groups]
    last = max(found, key=lambda group: network.columns[group.id], default=None)
    is_whole = last is not None and last.n_units == n and len(outputs.groups[last.id].positions) == 1
    return last.id if last is not None and is_whole else None


def _scores(outputs: Outputs) -> dict[str, dict[str, list[float | str]]]:
    """Return loss and accuracy by split, one number a checkpoint."""
    curves = {"loss": outputs.loss, "accuracy": outputs.accuracy}
    return {
        name: {split: json_numbers(values) for split, values in by_split.items()}
        for name, by_split in curves.items()
        if by_split
    }


def _curves(
    outputs: Outputs, steps: Sequence[int | None] | None, metrics: Mapping[str, Array]
) -> dict[str, dict[str, Any]]:
    """Return loss and accuracy as metrics: ``x`` in steps, or in checkpoints where the history knows no steps."""
    found = {}
    for what, by_split in (("loss", outputs.loss), ("accuracy", outputs.accuracy)):
        for split, values in by_split.items():
            known = [np.asarray(metric)[outputs.checkpoints] for metric in metrics.values()]
            if any(np.allclose(metric, values, rtol=SAME, equal_nan=True) for metric in known):
                continue
            at = [(k if steps is None else steps[k]) for k in outputs.checkpoints.tolist()]
            points = [(x, y) for x, y in zip(at, json_numbers(values), strict=True) if x is not None]
            found[f"probe {what} ({split})"] = {"x": [x for x, _ in points], "y": [y for _, y in points]}
    return found


def words(outputs: Outputs) -> str:
    """Return in a few words what is known of a probe, for a ``repr``."""
    return f"outputs of {counted(outputs.n_items, 'item')} at {counted(outputs.n_checkpoints, 'checkpoint')}"
