"""How good predictions are: what they are predictions of, their loss, accuracy and confusion.

Not for predicting anything (see ``outputs_of``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Kind = Literal["regression", "classes", "binary"]
MOST_CLASSES = 128
"""Of more classes, no confusion is counted."""
SUM_TOLERANCE = 1e-3
DISTANCE = re.compile(r"mse|l1|huber|squared|absolute", re.IGNORECASE)
"""In the name of a loss that compares numbers."""


@dataclass(frozen=True)
class Task:
    """What predictions are of, and in what form they come.

    ``kind`` is ``"regression"``, ``"classes"`` (one of several, along axis 1 of a prediction) or ``"binary"`` (one
    number for yes or no). ``form`` is ``"values"``, ``"logits"``, ``"probabilities"`` or ``"log-probabilities"``.
    """

    kind: Kind
    form: str = "values"
    n_classes: int = 0

    @property
    def loss_name(self) -> str:
        """The loss that is usual for it."""
        names = {
            "regression": "mean squared error",
            "classes": "cross-entropy",
            "binary": "binary cross-entropy",
        }
        return names[self.kind]


def guess_task(
    prediction: Array, targets: Array, activation: str | None, loss_name: str | None = None
) -> tuple[Task | None, str]:
    """Return what predictions ``(n, ...)`` of targets ``(n, ...)`` seem to be, and the sentence that says why.

    ``activation`` is the one that made the prediction, where it is known; targets are all there are. ``loss_name`` is
    that of a loss that was given: distances are of numbers, not of logits.
    """
    by_class = classes_first(prediction, targets)
    n_each, n_wanted = prediction[0].size, targets[0].size
    is_whole = targets.dtype.kind in "iub"
    values = np.unique(targets)
    is_yes_or_no = set(values.tolist()) <= {0, 1}
    if is_whole and by_class is not None:
        n_classes = by_class.shape[1]
        if values[0] >= 0 and values[-1] < n_classes:
            form = _form_of_classes(by_class)
            why = f"targets are integers, one of {n_classes} classes, and predictions are {form}"
            return Task("classes", form, n_classes), why
    if n_each != n_wanted:
        return None, (
            f"predictions of shape {prediction.shape[1:]} an item cannot be compared with targets of shape "
            f"{targets.shape[1:]} an item"
        )
    is_one_hot = (
        targets.ndim == 2 and targets.shape[1] > 1 and is_yes_or_no and bool((targets.sum(1) == 1).all())
    )
    form = _form_of_classes(prediction) if targets.ndim == 2 else "logits"
    if is_one_hot and form != "logits":
        why = f"targets are one-hot, one of {targets.shape[1]} classes, and predictions are {form}"
        return Task("classes", form, targets.shape[1]), why
    is_distance = loss_name is not None and DISTANCE.search(loss_name) is not None
    if is_distance and activation != "Sigmoid":
        return Task("regression"), "the loss is one of numbers"
    if is_yes_or_no and len(values) == 2 and (n_wanted == 1 or is_whole):
        form = "probabilities" if activation == "Sigmoid" else "logits"
        return Task("binary", form, 2), f"targets are 0 or 1, and predictions are {form}"
    what = "integers that are no classes of the prediction" if is_whole else "real numbers"
    return Task("regression"), f"targets are {what}"


def classes_first(prediction: Array, targets: Array) -> Array | None:
    """Return predictions with classes along axis 1, for targets that are numbers of classes; None if none fit."""
    if targets.ndim > 1 and targets.shape[-1] == 1 and prediction.ndim == targets.ndim:
        targets = targets[..., 0]
    if prediction.ndim != targets.ndim + 1 or prediction.ndim < 2:
        return None
    rest = targets.shape[1:]
    if prediction.shape[2:] == rest and prediction.shape[1] > 1:
        return prediction
    if prediction.shape[1:-1] == rest and prediction.shape[-1] > 1:
        return np.moveaxis(prediction, -1, 1)
    return None


def _form_of_classes(prediction: Array) -> str:
    """Return in what form classes are predicted: probabilities sum to 1."""
    if prediction.ndim < 2 or not np.isfinite(prediction).any():
        return "logits"
    values = prediction.astype(np.float64)
    finite = np.isfinite(values.sum(1))
    if (values >= 0).all() and np.abs(values.sum(1) - 1).max() < SUM_TOLERANCE:
        return "probabilities"
    with np.errstate(over="ignore"):
        sums = np.exp(values).sum(1)
    is_log = bool((values <= 0).all()) and np.abs(sums[finite] - 1).max(initial=0) < SUM_TOLERANCE
    return "log-probabilities" if is_log else "logits"


def as_probabilities(prediction: Array, form: str, kind: str) -> Array:
    """Return probabilities for predictions in some form, classes along axis 2 (of checkpoints, items, classes)."""
    values = prediction.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        if form == "log-probabilities":
            return np.asarray(np.exp(values))
        if form == "probabilities":
            return values
        if kind == "binary":
            return np.asarray(1 / (1 + np.exp(-values)))
        powers = np.exp(values - values.max(axis=2, keepdims=True))
        return np.asarray(powers / powers.sum(axis=2, keepdims=True))


class Scores:
    """Adds up over batches what a split scores at one checkpoint; in float64, non-finite predictions are wrong."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._loss, self._n = 0.0, 0
        self._n_right, self._n_told = 0, 0
        n = task.n_classes
        has_confusion = task.kind != "regression" and 0 < n <= MOST_CLASSES
        self.confusion = np.zeros((n, n), dtype=np.int64) if has_confusion else None

    def add(self, prediction: Array, targets: Array) -> None:
        """Add a batch: predictions ``(n, ...)`` and their targets ``(n, ...)``."""
        with np.errstate(all="ignore"):
            if self.task.kind == "classes":
                self._add_classes(prediction, targets)
            elif self.task.kind == "binary":
                self._add_binary(prediction.astype(np.float64).ravel(), targets.ravel().astype(np.int64))
            else:
                errors = prediction.astype(np.float64).ravel() - targets.astype(np.float64).ravel()
                self._loss += float((errors**2).sum())
                self._n += errors.size

    def _add_classes(self, prediction: Array, targets: Array) -> None:
        if prediction.shape == targets.shape:
            by_class, wanted = prediction, targets.argmax(1)
        else:
            first = classes_first(prediction, targets)
            by_class = prediction if first is None else first
            wanted = targets.reshape(by_class.shape[:1] + by_class.shape[2:])
        values = np.moveaxis(by_class.astype(np.float64), 1, -1).reshape(-1, self.task.n_classes)
        wanted = wanted.reshape(-1).astype(np.int64)
        if self.task.form == "logits":
            top = values.max(axis=1, keepdims=True)
            logs = values - top - np.log(np.exp(values - top).sum(axis=1, keepdims=True))
        else:
            logs = values if self.task.form == "log-probabilities" else np.log(values)
        self._loss -= float(logs[np.arange(len(wanted)), wanted].sum())
        self._n += len(wanted)
        self._count(values.argmax(1), wanted, np.asarray(~np.isnan(values).any(axis=1)))

    def _add_binary(self, values: Array, wanted: Array) -> None:
        if self.task.form == "logits":
            losses = np.maximum(values, 0) - values * wanted + np.log1p(np.exp(-np.abs(values)))
        else:  # torch cuts log(p) off at -100
            losses = -np.maximum(np.log(np.where(wanted == 1, values, 1 - values)), -100)
        self._loss += float(losses.sum())
        self._n += len(wanted)
        told = values > (0 if self.task.form == "logits" else 0.5)
        self._count(told.astype(np.int64), wanted, ~np.isnan(values))

    def _count(self, told: Array, wanted: Array, is_known: Array) -> None:
        self._n_right += int(((told == wanted) & is_known).sum())
        self._n_told += len(wanted)
        if self.confusion is not None:
            np.add.at(self.confusion, (wanted[is_known], told[is_known]), 1)

    @property
    def loss(self) -> float:
        """The mean loss."""
        return self._loss / self._n if self._n else float("nan")

    @property
    def accuracy(self) -> float:
        """The share that is right; NaN for regression."""
        return self._n_right / self._n_told if self._n_told else float("nan")


MAX_HELD_BYTES = 2**28


class GivenLoss:
    """A loss that was given: of all predictions of a split at once, or batch by batch where they are too large."""

    def __init__(self, loss: Callable[[Array, Any], float]) -> None:
        self._loss = loss
        self._held: list[tuple[Array, Any]] = []
        self._sum, self._n = 0.0, 0
        self.is_in_parts = False

    def add(self, prediction: Array, targets: Any) -> None:
        """Add a batch."""
        self._held.append((prediction, targets))
        if sum(held.nbytes for held, _ in self._held) > MAX_HELD_BYTES:
            self.is_in_parts = True
            self._flush()

    def _flush(self) -> None:
        if not self._held:
            return
        prediction = np.concatenate([held for held, _ in self._held])
        targets = np.concatenate([np.asarray(wanted) for _, wanted in self._held])
        self._sum += self._loss(prediction, targets) * len(prediction)
        self._n += len(prediction)
        self._held = []

    @property
    def loss(self) -> float:
        """The loss; of several parts, their mean by the number of items."""
        self._flush()
        return self._sum / self._n if self._n else float("nan")
