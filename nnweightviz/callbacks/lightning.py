"""Records the weights of a LightningModule while a Trainer fits it: ``Trainer(callbacks=[Record(history)])``.

For ``lightning`` and for ``pytorch_lightning``. Not for models whose parameters are sharded over processes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from nnweightviz.callbacks.recording import Every, Recording
from nnweightviz.history import History

if TYPE_CHECKING or "lightning" in sys.modules or "pytorch_lightning" not in sys.modules:
    try:
        from lightning.pytorch import Callback
    except ImportError:
        from pytorch_lightning import Callback
else:
    from pytorch_lightning import Callback


class Record(Callback):
    """Records a model's weights: before the first step, whenever they are due, and last; rank 0 alone does.

    What is logged with ``self.log`` goes into the history under the names that a logger sees, every
    ``log_every_n_steps`` of the Trainer, at every checkpoint, and where epochs and validations end. Steps are the
    Trainer's ``global_step``: optimiser steps, however many batches one accumulates.

    Parameters
    ----------
    history
        A History, or a path; training in several processes needs a path.
    every
        Optimiser steps from checkpoint to checkpoint, or ``"epoch"``.
    module
        The dotted name of the submodule to record, as in ``named_modules``; all of the model by default. Give
        :class:`~nnweightviz.WeightViz` the same submodule.
    """

    def __init__(
        self, history: History | str | PathLike[str], every: Every = "epoch", module: str | None = None
    ) -> None:
        super().__init__()
        self._recording = Recording(history, every)
        self._module = module
        self._epoch: float = 0
        self._taken: dict[str, Any] = {}

    @property
    def history(self) -> History | None:
        """What is recorded into; None for a path until the training begins."""
        return self._recording.history

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self._epoch = trainer.current_epoch
        self._taken = dict(trainer.logged_metrics)
        if trainer.is_global_zero:
            self._recording.begin(self._recorded(pl_module), trainer.global_step, self._epoch)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
        self._log(trainer)  # what the model logged after this callback's end of the epoch

    def on_train_batch_end(
        self,
        trainer: Any,
        pl_module: Any,
        outputs: Any,  # noqa: ARG002
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        step, n_batches = trainer.global_step, trainer.num_training_batches
        share = (batch_idx + 1) / n_batches if math.isfinite(n_batches) else 0.0
        self._epoch = trainer.current_epoch + min(1.0, share)
        if not trainer.is_global_zero:
            return
        is_due = self._recording.is_due(step)
        self._recording.step(self._recorded(pl_module), step, self._epoch)
        if is_due or step % max(1, trainer.log_every_n_steps) == 0:
            self._log(trainer)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
        if not trainer.sanity_checking and trainer.state.fn == "fit":
            self._log(trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._epoch = trainer.current_epoch + 1
        if trainer.is_global_zero:
            self._recording.end_epoch(self._recorded(pl_module), trainer.global_step, self._epoch)
        self._log(trainer)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        if trainer.is_global_zero:
            self._log(trainer)
            self._recording.last(self._recorded(pl_module), trainer.global_step, self._epoch)
            self._recording.end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:  # noqa: ARG002
        if trainer.is_global_zero:
            self._recording.end()  # the weights may be in the midst of a step

    def _recorded(self, pl_module: Any) -> Any:
        return pl_module if self._module is None else pl_module.get_submodule(self._module)

    def _log(self, trainer: Any) -> None:
        """Take what was logged since the last time: Lightning keeps old values beside the new ones."""
        if not trainer.is_global_zero:
            return
        metrics: Mapping[str, Any] = dict(trainer.logged_metrics)
        news = {n: value for n, value in metrics.items() if _is_new(value, self._taken.get(n))}
        self._taken.update(news)
        self._recording.log(news, trainer.global_step)


def _is_new(value: Any, before: Any) -> bool:
    return before is None or value.data_ptr() != before.data_ptr()
