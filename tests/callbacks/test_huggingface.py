"""Recording within Hugging Face's Trainer: which steps, which metrics, and that training does not notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch import nn
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback, TrainingArguments

from callbacks.documented import run_examples
from callbacks.nets import INPUTS, TARGETS, net, same_weights
from nnweightviz import History, WeightViz
from nnweightviz.callbacks.huggingface import Record


class Model(nn.Module):
    """What the Trainer wants of a model: it returns its loss."""

    def __init__(self) -> None:
        super().__init__()
        self.net = net()

    def forward(self, inputs: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        outputs = self.net(inputs)
        return {"loss": nn.functional.mse_loss(outputs, labels), "logits": outputs}


DATA = [{"inputs": x, "labels": y} for x, y in zip(INPUTS, TARGETS, strict=True)]


def train(folder: Path, model: nn.Module, *callbacks: Any, resume: Any = None, **options: Any) -> Any:
    settings: dict[str, Any] = {
        "per_device_train_batch_size": 4, "num_train_epochs": 3, "logging_steps": 2, "learning_rate": 0.01,
        "report_to": "none", "disable_tqdm": True, "use_cpu": True, "save_strategy": "no", "seed": 3,
    }  # fmt: skip
    arguments = TrainingArguments(output_dir=str(folder), **(settings | options))
    trainer = Trainer(model, arguments, train_dataset=DATA, eval_dataset=DATA, callbacks=list(callbacks))
    trainer.train(resume_from_checkpoint=resume)
    return trainer


def test_every_epoch_is_recorded_and_training_ends_the_same(tmp_path: Path) -> None:
    plain, watched, history = Model(), Model(), History()
    train(tmp_path, plain)
    train(tmp_path, watched, Record(history))
    assert same_weights(plain, watched)
    assert history.steps.tolist() == [0, 8, 16, 24]
    assert history.epochs.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(history["net.0.weight"][0], net()[0].weight.detach())
    np.testing.assert_array_equal(history["net.0.weight"][-1], watched.net[0].weight.detach())


def test_what_the_trainer_logs_comes_at_its_steps(tmp_path: Path) -> None:
    history = History()
    trainer = train(tmp_path, Model(), Record(history, every=10), eval_strategy="epoch")
    assert history.steps.tolist() == [0, 10, 20, 24]
    assert history.epochs.tolist() == [0, 1.25, 2.5, 3]
    curves = history.log_metrics
    assert set(curves) == {"loss", "grad_norm", "learning_rate", "eval_loss"}
    logged = {row["step"]: row["loss"] for row in trainer.state.log_history if "loss" in row}
    assert dict(zip(*curves["loss"], strict=True)) == logged
    assert list(logged) == list(range(2, 25, 2))
    assert curves["eval_loss"][0].tolist() == [8, 16, 24]
    trainer.evaluate()
    assert curves["eval_loss"][0].tolist() == history.log_metrics["eval_loss"][0].tolist()


def test_accumulated_batches_are_one_step(tmp_path: Path) -> None:
    history = History()
    train(tmp_path, Model(), Record(history, every=1), gradient_accumulation_steps=4, num_train_epochs=2)
    assert history.steps.tolist() == [0, 1, 2, 3, 4]


def test_a_resumed_training_goes_on_and_repeats_nothing(tmp_path: Path) -> None:
    history = History()
    options = {"save_strategy": "steps", "save_steps": 8, "save_total_limit": 5}
    train(tmp_path, Model(), Record(history, every=5), num_train_epochs=2, **options)
    assert history.steps.tolist() == [0, 5, 10, 15, 16]
    n_losses = len(history.log_metrics["loss"][0])
    resume = str(tmp_path / "checkpoint-8")
    train(tmp_path, Model(), Record(history, every=5), num_train_epochs=3, resume=resume, **options)
    assert history.steps.tolist() == [0, 5, 10, 15, 16, 20, 24]
    assert len(history.log_metrics["loss"][0]) == n_losses + 4


class _Odd(TrainerCallback):  # type: ignore[misc]
    """Logs what is no metric."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:  # noqa: ARG002
        logs.update(
            {"text": "a", "vector": np.ones(3), "step": 3, "model": 1, "none": None, "nan": float("nan")}
        )


def test_odd_metrics_are_left_out(tmp_path: Path) -> None:
    history = History()
    train(tmp_path, Model(), _Odd(), Record(history), num_train_epochs=1)
    assert set(history.log_metrics) == {"loss", "grad_norm", "learning_rate", "nan"}


def test_the_best_weights_that_are_loaded_in_the_end_are_not_taken_for_the_last(tmp_path: Path) -> None:
    history, model = History(), Model()
    stopping = EarlyStoppingCallback(early_stopping_patience=1)
    train(
        tmp_path, model, stopping, Record(history, every=5), num_train_epochs=20, learning_rate=3.0,
        eval_strategy="steps", eval_steps=4, save_strategy="steps", save_steps=4, load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
    )  # fmt: skip
    last = int(history.steps[-1])
    assert last % 4 == 0
    assert last == history.log_metrics["eval_loss"][0][-1]  # it stopped there
    assert not np.array_equal(history["net.0.weight"][-1], model.net[0].weight.detach())


def test_other_processes_record_nothing(tmp_path: Path) -> None:
    class SecondProcess(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:  # noqa: ARG002
            state.is_world_process_zero = False

    history = History()
    train(tmp_path, Model(), SecondProcess(), Record(history, every=1), num_train_epochs=1)
    assert len(history) == 0
    assert not history.log_metrics


@pytest.mark.parametrize("module", [None, "net"])
def test_what_was_recorded_is_shown(tmp_path: Path, module: str | None) -> None:
    history, model = History(), Model()
    train(tmp_path, model, Record(history, module=module), num_train_epochs=1)
    shown = model.get_submodule(module) if module else model
    assert "2 checkpoints" in repr(WeightViz(shown, history))


def test_the_example_in_the_documentation_runs(tmp_path: Path) -> None:
    arguments = TrainingArguments(
        output_dir=str(tmp_path), use_cpu=True, report_to="none", save_strategy="no"
    )
    (history,) = run_examples(
        "huggingface",
        transformers=lambda: transformers,
        model=Model,
        arguments=lambda: arguments,
        dataset=lambda: DATA,
    )
    assert history.steps.tolist() == [0, 12]
