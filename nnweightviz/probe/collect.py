"""Gathers what the runs of a probe give, batch by batch, into arrays over checkpoints.

Not for running (see ``outputs_of``) nor for choosing what is kept (see ``sample``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.adapters.runs import Batch, GroupBatch, Runner
from nnweightviz.probe.items import Probe
from nnweightviz.probe.outputs import GroupOutputs, Outputs
from nnweightviz.probe.sample import Indices, Sample
from nnweightviz.probe.scores import GivenLoss, Scores, Task, guess_task

Array = NDArray[Any]
MOST_PREDICTED = 4096
"""A prediction of more numbers an item is not kept."""


class Collected:
    """What was found so far; arrays hold NaN where nothing was."""

    def __init__(self, probe: Probe, runner: Runner, sample: Sample, n_checkpoints: int) -> None:
        self._probe, self._runner, self._sample, self._n = probe, runner, sample, n_checkpoints
        self._targets = {split: probe.target_values(split) for split in probe.splits}
        self._starts = dict(
            zip(sample.items, np.cumsum([0, *map(len, sample.items.values())]).tolist(), strict=False)
        )
        self._values, self._peaks, self._saturated, self._n_values = {}, {}, {}, {}
        for name, form in runner.forms.items():
            shape = (n_checkpoints, sample.n_items, len(sample.positions[name]), form.n_units)
            self._values[name] = np.full(shape, np.nan, dtype=sample.dtype)
            self._peaks[name] = np.full((n_checkpoints, form.n_units), np.nan, dtype=np.float32)
            self._n_values[name] = np.zeros(n_checkpoints)
            if form.saturates is not None:
                self._saturated[name] = np.zeros((n_checkpoints, form.n_units))
        self._prediction: Array | None = None
        self._task: Task | None = None
        self._has_task = False
        self._loss_name: str | None = None
        self._notes: list[str] = []
        self._scores: dict[str, Scores] = {}
        self._given: dict[str, GivenLoss] = {}
        self._curves: dict[str, dict[str, Array]] = {"loss": {}, "accuracy": {}, "confusion": {}}

    def items_in(self, split: str, start: int, stop: int) -> Indices:
        """Return which of a run of items are kept: their numbers in the split."""
        items = self._sample.items[split]
        return items[(items >= start) & (items < stop)]

    def add(self, row: int, which: tuple[str, int, int], batch: Batch) -> None:
        """Take what a batch gave at the ``row``-th checkpoint: ``which`` are split, start and stop."""
        split, start, stop = which
        kept = self.items_in(split, start, stop)
        first = self._starts[split] + int(np.searchsorted(self._sample.items[split], start))
        for name, found in batch.groups.items():
            self._add_group(row, name, slice(first, first + len(kept)), found)
        if batch.prediction is not None:
            self._add_prediction(row, slice(first, first + len(kept)), batch.prediction, kept - start)
            self._score(split, start, batch.prediction)

    def _add_group(self, row: int, name: str, rows: slice, found: GroupBatch) -> None:
        kept = found.kept
        if self._values[name].dtype == np.float16:
            kept = np.where(np.isfinite(kept), np.clip(kept, -65504, 65504), kept)
        self._values[name][row, rows] = kept
        self._peaks[name][row] = _largest(self._peaks[name][row], found.peaks, self._n_values[name][row] > 0)
        self._n_values[name][row] += found.n_values
        if found.n_saturated is not None:
            self._saturated[name][row] += found.n_saturated

    def _add_prediction(self, row: int, rows: slice, prediction: Array, kept: Indices) -> None:
        shape = prediction.shape[1:]
        if self._prediction is None:
            if np.prod(shape, dtype=int) > MOST_PREDICTED:
                note = f"predictions of {' x '.join(map(str, shape))} numbers an item are too large to keep"
                self._notes += [] if note in self._notes else [note]
                return
            dtype = np.float64 if prediction.dtype == np.float64 else np.float32
            self._prediction = np.full((self._n, self._sample.n_items, *shape), np.nan, dtype=dtype)
        if shape == self._prediction.shape[2:]:
            self._prediction[row, rows] = prediction[kept]

    def _score(self, split: str, start: int, prediction: Array) -> None:
        every = self._targets[split]
        if every is None:
            return
        if not self._has_task:
            self._guess(prediction)
        targets = every[start : start + len(prediction)]
        if self._probe.loss is not None:
            if targets.dtype.kind == "f" and targets.size == prediction.size:
                targets = targets.reshape(prediction.shape)
            loss = self._probe.loss
            given = self._given.setdefault(split, GivenLoss(lambda p, y: self._runner.loss(loss, p, y)))
            given.add(prediction, targets)
        if self._task is not None:
            self._scores.setdefault(split, Scores(self._task)).add(prediction, targets)

    def _guess(self, prediction: Array) -> None:
        """Find out what is predicted, from the first predictions and all targets."""
        self._has_task = True
        targets = np.concatenate(list(self._targets.values()))
        loss = self._probe.loss
        if loss is not None:
            self._loss_name = str(getattr(loss, "__name__", type(loss).__name__))
        self._task, why = guess_task(prediction, targets, self._runner.output_activation, self._loss_name)
        if loss is None and self._task is None:
            self._notes.append(f"no loss: {why}; give loss=")
        elif loss is None and self._task is not None:
            self._loss_name = self._task.loss_name
            self._notes.append(
                f"the loss is guessed: {self._loss_name}, as {why}; give loss= if the model was trained on another"
            )

    def end(self, row: int) -> None:
        """Say that all batches of a checkpoint were added."""
        for split, scores in self._scores.items():
            if self._probe.loss is None:
                self._put("loss", split, row, scores.loss)
            if scores.task.kind != "regression":
                self._put("accuracy", split, row, scores.accuracy)
            if scores.confusion is not None:
                shape = (self._n, *scores.confusion.shape)
                self._curves["confusion"].setdefault(split, np.zeros(shape, np.int64))[row] = scores.confusion
        for split, given in self._given.items():
            self._put("loss", split, row, given.loss)
            if given.is_in_parts:
                note = "predictions are many: the given loss is the mean of its values for parts of the items"
                self._notes += [] if note in self._notes else [note]
        self._scores, self._given = {}, {}

    def _put(self, curve: str, split: str, row: int, value: float) -> None:
        self._curves[curve].setdefault(split, np.full(self._n, np.nan))[row] = value

    def outputs(self, checkpoints: NDArray[np.int64]) -> Outputs:
        """Return all that was found."""
        groups = {}
        for name, form in self._runner.forms.items():
            share = None
            if name in self._saturated:
                counted = self._n_values[name][:, None]
                with np.errstate(invalid="ignore"):
                    share = (self._saturated[name] / counted).astype(np.float32)
            groups[name] = GroupOutputs(
                self._values[name],
                self._sample.positions[name],
                form.n_positions,
                form.how,
                self._peaks[name],
                share,
                form.saturates,
            )
        if self._prediction is None and not any("predictions of" in note for note in self._notes):
            self._notes.append("what the model returns has no axis of items: no predictions are kept")
        return Outputs(
            checkpoints,
            dict(self._sample.items),
            groups,
            self._prediction,
            self._kept_targets(),
            self._task,
            self._loss_name,
            **self._curves,
            notes=(*self._sample.notes, *self._notes, *self._runner.notes()),
        )

    def _kept_targets(self) -> Array | None:
        kept = [self._targets[split] for split in self._sample.items]
        if any(targets is None for targets in kept):
            return None
        chosen = zip(kept, self._sample.items.values(), strict=True)
        return np.concatenate([targets[items] for targets, items in chosen])


def _largest(before: Array, found: Array, has_before: bool) -> Array:
    return np.maximum(before, found) if has_before else found
