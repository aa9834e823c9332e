"""Records the weights of a Keras 3 model while it is fitted: ``model.fit(..., callbacks=[Record(history)])``.

On whatever backend. Not for Keras 2, nor for training loops of one's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

import keras

from nnweightviz.callbacks.recording import Every, Recording
from nnweightviz.history import History


class Record(keras.callbacks.Callback):
    """Records a model's weights: before the first step, whenever they are due, and last.

    The logs of every epoch go into the history: ``loss``, ``val_loss`` and so on. Those of single batches do not, for
    Keras means them over the epoch so far. Steps are the optimiser's ``iterations``, however many batches one
    accumulates. Best weights that EarlyStopping puts back in the end are not taken for the last.

    Parameters
    ----------
    history
        A History, or a path.
    every
        Optimiser steps from checkpoint to checkpoint, or ``"epoch"``.
    """

    def __init__(self, history: History | str | PathLike[str], every: Every = "epoch") -> None:
        super().__init__()
        self._recording = Recording(history, every)
        self._n_batches = 0
        self._n_batches_before = 0
        self._first_batch = 0
        self._epoch: float = 0

    @property
    def history(self) -> History | None:
        """What is recorded into; None for a path until the training begins."""
        return self._recording.history

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        self._n_batches = 0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        self._n_batches_before, self._epoch = self._n_batches, epoch
        if (
            not self._recording.is_begun
        ):  # here, for other callbacks may restore weights where training begins
            optimizer = self.model.optimizer
            counter = getattr(optimizer, "_iterations", None)  # in batches, where these are accumulated
            self._first_batch = 0 if counter is None else int(counter)
            self._recording.begin(self.model, self._step(), epoch)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        self._n_batches = self._n_batches_before + batch + 1
        n_in_epoch = (self.params or {}).get("steps")
        self._epoch = int(self._epoch) + (min(1.0, (batch + 1) / n_in_epoch) if n_in_epoch else 0.0)
        if self._recording.is_due(self._expected_step()):
            if hasattr(self.model, "jax_state_sync"):
                self.model.jax_state_sync()  # JAX's weights are in the model between epochs only
            self._recording.step(self.model, self._step(), self._epoch)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        step, self._epoch = self._step(), epoch + 1
        self._recording.end_epoch(self.model, step, self._epoch)
        if self.model.stop_training or epoch + 1 >= (self.params or {}).get("epochs", 0):
            self._recording.last(self.model, step, self._epoch)
        self._recording.log(dict(logs or {}), step)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        if self._recording.is_begun:
            self._recording.last(self.model, self._step(), self._epoch)
            self._recording.end()

    def _accumulated(self) -> int:
        return int(getattr(self.model.optimizer, "gradient_accumulation_steps", None) or 1)

    def _expected_step(self) -> int:
        """Return the step by the count of batches: to read the optimiser's would wait for an accelerator."""
        return (self._first_batch + self._n_batches) // self._accumulated()

    def _step(self) -> int:
        optimizer = self.model.optimizer
        return self._expected_step() if optimizer is None else int(optimizer.iterations)
