"""Records the weights of skorch's net while it is fitted: ``NeuralNetClassifier(..., callbacks=[Record(history)])``.

Not for scikit-learn's own estimators (see ``sklearn``).
"""

from __future__ import annotations

from os import PathLike
from typing import Any

from skorch.callbacks import Callback

from nnweightviz.callbacks.recording import Every, Recording
from nnweightviz.history import History

NOT_METRICS = ("dur", "train_batch_count", "valid_batch_count")


class Record(Callback):
    """Records the weights of a net's module: before the first step, whenever they are due, and last.

    What skorch notes of every epoch goes into the history (``train_loss``, ``valid_loss``, ``valid_acc``, scores), and
    the loss of every step as ``batch_loss``. Steps are those of the net's optimiser. Best weights that a callback
    with ``load_best`` puts back in the end are not taken for the last.

    Parameters
    ----------
    history
        A History, or a path.
    every
        Optimiser steps from checkpoint to checkpoint, or ``"epoch"``.
    """

    # skorch takes attributes for parameters, unless their names end in an underscore
    def __init__(self, history: History | str | PathLike[str], every: Every = "epoch") -> None:
        self.history = history
        self.every = every
        self.recording_ = Recording(history, every)
        self.step_ = self.told_ = 0
        self.n_epochs_ = self.n_batches_ = self.n_rows_ = 0
        self.n_in_epoch_: int | None = None
        self.hook_: Any = None

    @property
    def history_(self) -> History | None:
        """What is recorded into; None for a path until the training begins."""
        return self.recording_.history

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **others: Any) -> None:  # noqa: ARG002, N803
        self.step_ = self.told_ = self.n_epochs_ = 0
        self.n_rows_ = len(net.history)
        optimizer: Any = getattr(net, "optimizer_", None)
        if hasattr(optimizer, "register_step_post_hook"):
            self.hook_ = optimizer.register_step_post_hook(self._count)
        self.recording_.begin(net.module_, 0, 0)

    def on_epoch_begin(self, net: Any, dataset_train: Any = None, **others: Any) -> None:  # noqa: ARG002
        self.n_batches_ = 0
        try:
            self.n_in_epoch_ = len(net.get_iterator(dataset_train, training=True))
        except TypeError:  # a stream of data
            self.n_in_epoch_ = None
        self._log_epochs(net.history[:-1])

    def on_batch_end(self, net: Any, batch: Any = None, training: Any = None, **others: Any) -> None:  # noqa: ARG002
        if not training:
            return
        self.n_batches_ += 1
        self.step_ += self.hook_ is None
        if self.step_ == self.told_:  # batches are accumulated
            return
        self.told_ = self.step_
        share = min(1.0, self.n_batches_ / self.n_in_epoch_) if self.n_in_epoch_ else 0.0
        self.recording_.step(net.module_, self.step_, self.n_epochs_ + share)
        self.recording_.log({"batch_loss": net.history[-1]["batches"][-1].get("train_loss")}, self.step_)

    def on_epoch_end(self, net: Any, **others: Any) -> None:  # noqa: ARG002
        self.n_epochs_ += 1
        self.recording_.end_epoch(net.module_, self.step_, self.n_epochs_)

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **others: Any) -> None:  # noqa: ARG002, N803
        if self.hook_ is not None:
            self.hook_.remove()
            self.hook_ = None
        self._log_epochs(net.history)
        if not any(getattr(callback, "load_best", False) for _, callback in net.callbacks_):
            self.recording_.last(net.module_, self.step_, self.n_epochs_)
        self.recording_.end()

    def _count(self, *_: Any) -> None:
        self.step_ += 1

    def _log_epochs(self, rows: Any) -> None:
        """Log the epochs that are over, once the callbacks after this one have noted their scores, too."""
        for row in rows[self.n_rows_ :]:
            self.recording_.log({n: v for n, v in row.items() if n not in NOT_METRICS}, self.step_)
        self.n_rows_ = max(self.n_rows_, len(rows))
