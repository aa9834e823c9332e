"""Records the weights of a model while Hugging Face's Trainer trains it: ``Trainer(..., callbacks=[Record(history)])``.

Not for models whose parameters are sharded over processes.
"""

from __future__ import annotations

from os import PathLike
from typing import Any

from transformers import TrainerCallback

from nnweightviz.callbacks.recording import Every, Recording
from nnweightviz.history import History

ABOUT_TIME = ("_runtime", "_per_second", "total_flos", "num_input_tokens_seen")
"""How names end in the logs that tell of the machine rather than of the model."""


class Record(TrainerCallback):
    """Records a model's weights: before the first step, whenever they are due, and last; the first process alone does.

    What the Trainer logs goes into the history: ``loss``, ``learning_rate``, ``grad_norm``, ``eval_loss`` and so on,
    but for run times and the summary at the end. Steps are the Trainer's ``global_step``: optimiser steps, however many
    batches one accumulates. With ``load_best_model_at_end`` the best weights, put back in the end, are not taken for
    the last.

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
        self._recording = Recording(history, every)
        self._module = module

    @property
    def history(self) -> History | None:
        """What is recorded into; None for a path until the training begins."""
        return self._recording.history

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:  # noqa: ARG002
        if state.is_world_process_zero:
            self._recording.begin(self._recorded(others), state.global_step, state.epoch or 0)

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:  # noqa: ARG002
        if not self._recording.is_begun:
            return
        self._recording.step(self._recorded(others), state.global_step, state.epoch)
        if control.should_training_stop or state.global_step >= state.max_steps:
            self._recording.last(self._recorded(others), state.global_step, state.epoch)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:  # noqa: ARG002
        if self._recording.is_begun:
            self._recording.end_epoch(self._recorded(others), state.global_step, state.epoch)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:  # noqa: ARG002
        if not logs or "train_runtime" in logs:  # the summary: means over the whole training
            return
        metrics = {name: value for name, value in logs.items() if not name.endswith(ABOUT_TIME)}
        self._recording.log(metrics, state.global_step)

    def on_save(self, args: Any, state: Any, control: Any, **others: Any) -> None:  # noqa: ARG002
        if self._recording.is_begun and control.should_training_stop:
            self._recording.last(self._recorded(others), state.global_step, state.epoch)

    def on_train_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:  # noqa: ARG002
        if not self._recording.is_begun:
            return
        if not args.load_best_model_at_end:
            self._recording.last(self._recorded(others), state.global_step, state.epoch)
        self._recording.end()

    def _recorded(self, others: dict[str, Any]) -> Any:
        model = others["model"]
        return model if self._module is None else model.get_submodule(self._module)
