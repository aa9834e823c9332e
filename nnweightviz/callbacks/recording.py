"""One training recorded into a history: at which steps, from which one on, and the metrics between.

Not bound to a framework: the other modules tell it what happens in theirs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral
from os import PathLike
from typing import Any, Literal

import numpy as np

from nnweightviz.history import History
from nnweightviz.words import in_a_word

Every = int | Literal["epoch"]
NOT_METRICS = ("self", "model", "step", "epoch")
"""What frameworks log beside metrics, under names that the history has another use for."""
MOST_PENDING = 1000


class Recording:
    """One training that is recorded into a history.

    A history that has checkpoints already is continued. A training that begins at step 0 counts on from its last
    step; one that is resumed at a later step keeps its own count, and what it repeats is not recorded twice. Epochs
    count on too.

    Parameters
    ----------
    history
        A History, or a path: it is opened when the training begins, and closed when it ends.
    every
        Optimiser steps from checkpoint to checkpoint, or ``"epoch"``.

    Raises
    ------
    TypeError, ValueError
        If either is something else.
    """

    def __init__(self, history: History | str | PathLike[str], every: Every) -> None:
        if not isinstance(history, History | str | PathLike):
            raise TypeError(
                f"Record was given {in_a_word(history)} to record into; it takes a History, or the path of one"
            )
        is_count = isinstance(every, Integral) and not isinstance(every, bool) and every > 0
        if not is_count and every != "epoch":
            raise ValueError(
                f"every is {every!r}; it takes a number of optimiser steps from 1, or 'epoch' for once an epoch"
            )
        self.every = every
        self.is_begun = False
        self._path = None if isinstance(history, History) else history
        self.history: History | None = history if isinstance(history, History) else None
        self._offset = 0  # of the history's steps from those of this training
        self._epoch_offset: float = 0
        self._recorded = -1  # the last step that has a checkpoint
        self._known = -1  # what the history knew before this training
        self._seen = 0
        self._pending: list[tuple[int, dict[str, Any]]] = []

    def begin(self, model: Any, step: int = 0, epoch: float | None = None) -> None:
        """Open the history, and record the weights that the training starts from."""
        if self._path is not None:
            opened: Any = History
            self.history = opened(self._path)
        history = self._opened()
        last = int(history.steps[-1]) if len(history) and history.knows_steps else -1
        self._offset = last if step == 0 and last > 0 else 0
        known = history.epochs[-1:].tolist() if step + self._offset >= last else []
        self._epoch_offset = max([0, *(k - (epoch or 0) for k in known if math.isfinite(k))])
        self._recorded = self._known = last
        self._seen = step + self._offset
        self.is_begun = True
        self._record(model, self._seen, epoch)

    def is_due(self, step: int) -> bool:
        """Whether :meth:`step` would record."""
        at = step + self._offset
        return self.every != "epoch" and at // self.every > self._seen // self.every and at > self._recorded

    def step(self, model: Any, step: int, epoch: float | None = None) -> None:
        """Say that ``step`` optimiser steps are done; steps that are told again are no news."""
        is_due = self.is_due(step)
        self._seen = max(self._seen, step + self._offset)
        if is_due:
            self._record(model, step + self._offset, epoch)

    def end_epoch(self, model: Any, step: int, epoch: float | None = None) -> None:
        """Say that an epoch is done."""
        if self.every == "epoch":
            self.last(model, step, epoch)

    def last(self, model: Any, step: int, epoch: float | None = None) -> None:
        """Record these weights, whether or not their step is due."""
        self._record(model, step + self._offset, epoch)

    def log(self, metrics: Mapping[str, Any], step: int) -> None:
        """Add the metrics that are numbers. Those on an accelerator are read at the next checkpoint, which waits for
        it anyway. Outside of a training (in an evaluation after it, say) nothing is added.
        """
        at = step + self._offset
        metrics = {name: value for name, value in metrics.items() if name not in NOT_METRICS}
        if not self.is_begun or not metrics or at <= self._known:
            return
        self._pending.append((at, metrics))
        if len(self._pending) > MOST_PENDING or not any(map(_is_elsewhere, metrics.values())):
            self._read_pending()

    def end(self) -> None:
        """Write what is left; close a history that was opened by its path."""
        if not self.is_begun:
            return
        self._read_pending()
        self.is_begun = False
        close = getattr(self.history, "close", None)
        if self._path is not None and close is not None:
            close()

    def _opened(self) -> History:
        if self.history is None:
            raise RuntimeError("nothing can be recorded before the training has begun")
        return self.history

    def _record(self, model: Any, at: int, epoch: float | None) -> None:
        if at <= self._recorded:
            return
        epoch = None if epoch is None else epoch + self._epoch_offset
        self._opened().record(model, epoch=epoch, step=at)
        self._recorded = at
        self._read_pending()

    def _read_pending(self) -> None:
        pending, self._pending = self._pending, []
        for at, metrics in pending:
            numbers = numbers_of(metrics)
            if numbers:
                self._opened().log(step=at, **numbers)


def numbers_of(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return those metrics that are one number each, NaN and infinities too.

    Examples
    --------
    >>> import numpy as np
    >>> numbers_of({"loss": np.float32(0.5), "name": "a", "per class": np.ones(3), "n": 2, "done": True, "lr": None})
    {'loss': 0.5, 'n': 2.0}
    """
    numbers = {}
    for name, value in metrics.items():
        if isinstance(value, bool | np.bool_ | str | bytes) or name in NOT_METRICS:
            continue
        try:
            if math.prod(getattr(value, "shape", ())) == 1:
                numbers[str(name)] = float(value.item() if hasattr(value, "item") else value)
        except Exception:  # a framework's own type may raise anything, and training goes on
            continue
    return numbers


def _is_elsewhere(value: Any) -> bool:
    device = getattr(value, "device", None)
    return getattr(device, "type", "cpu") != "cpu"
