"""Recording within Lightning: which steps, which metrics, and that training does not notice."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import numpy as np
import pytest
import pytorch_lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from callbacks.documented import run_examples
from callbacks.nets import INPUTS, TARGETS, net, same_weights
from nnweightviz import History, WeightViz
from nnweightviz.callbacks import recording
from nnweightviz.callbacks.lightning import Record


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    for name in ("lightning.pytorch", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Behaviour:
    """A LightningModule but for its base class."""

    def setup_net(self) -> Any:
        self.net = net()
        return self

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        inputs, targets = batch
        loss = nn.functional.mse_loss(self.net(inputs), targets)
        self.log("loss", loss)  # type: ignore[attr-defined]
        self.log("both", loss, on_step=True, on_epoch=True)  # type: ignore[attr-defined]
        if batch_idx == 0:
            self.log("seldom", loss)  # type: ignore[attr-defined]
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        inputs, targets = batch
        self.log("val_loss", nn.functional.mse_loss(self.net(inputs), targets))  # type: ignore[attr-defined]

    def on_train_epoch_end(self) -> None:
        self.log("late", float(self.current_epoch))  # type: ignore[attr-defined]

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.parameters(), lr=0.01)  # type: ignore[attr-defined]


class Lit(Behaviour, lightning.LightningModule):
    pass


class OldLit(Behaviour, pytorch_lightning.LightningModule):
    pass


def loader() -> Any:
    return DataLoader(TensorDataset(INPUTS, TARGETS), batch_size=4)  # 8 batches


def fit(model: Any, *callbacks: Any, package: Any = lightning, **options: Any) -> Any:
    torch.manual_seed(7)  # of the dropout
    ckpt_path = options.pop("ckpt_path", None)
    settings: dict[str, Any] = {"max_epochs": 3, "log_every_n_steps": 2} | options
    trainer = package.Trainer(
        **settings, callbacks=list(callbacks), logger=False, enable_checkpointing=False, accelerator="cpu",
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(model, loader(), loader(), ckpt_path=ckpt_path)
    return trainer


@pytest.mark.parametrize(("package", "kind"), [(lightning, Lit), (pytorch_lightning, OldLit)])
def test_every_epoch_is_recorded_and_training_ends_the_same(package: Any, kind: Any) -> None:
    plain, watched, history = kind().setup_net(), kind().setup_net(), History()
    fit(plain, package=package)
    fit(watched, Record(history), package=package)
    assert same_weights(plain, watched)
    assert history.steps.tolist() == [0, 8, 16, 24]
    assert history.epochs.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(history["net.0.weight"][0], net()[0].weight.detach())
    np.testing.assert_array_equal(history["net.0.weight"][-1], watched.net[0].weight.detach())


def test_metrics_come_at_their_steps_and_once() -> None:
    history = History()
    fit(Lit().setup_net(), Record(history, every=3))
    assert history.steps.tolist() == [0, 3, 6, 9, 12, 15, 18, 21, 24]
    assert history.epochs.tolist() == [k / 8 for k in history.steps]
    curves = {name: x.tolist() for name, (x, _) in history.log_metrics.items()}
    at_steps = sorted({*range(2, 25, 2), *range(3, 25, 3)})
    assert curves["loss"] == curves["both_step"] == at_steps
    assert curves["val_loss"] == curves["both_epoch"] == curves["late"] == [8, 16, 24]
    assert curves["seldom"] == [2, 9, 18]  # at the next step that is logged or recorded
    assert history.log_metrics["late"][1].tolist() == [0, 1, 2]
    assert set(curves) == {"loss", "both_step", "both_epoch", "seldom", "val_loss", "late"}


def test_the_metrics_are_the_values_that_were_computed() -> None:
    losses: list[float] = []

    class Told(Lit):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = super().training_step(batch, batch_idx)
            losses.append(float(loss))
            return loss

    history = History()
    fit(Told().setup_net(), Record(history, every=1), max_epochs=1)
    np.testing.assert_array_equal(history.metrics["loss"][1:], losses)
    np.testing.assert_allclose(history.log_metrics["both_epoch"][1], [np.mean(losses)], rtol=1e-6)


def test_accumulated_batches_are_one_step() -> None:
    history = History()
    fit(Lit().setup_net(), Record(history, every=1), accumulate_grad_batches=4, max_epochs=2)
    assert history.steps.tolist() == [0, 1, 2, 3, 4]
    assert history.epochs.tolist() == [0, 0.5, 1, 1.5, 2]


def test_the_last_state_is_recorded_though_it_is_not_due() -> None:
    history = History()
    trained = Lit().setup_net()
    fit(trained, Record(history, every=10), max_steps=13)
    assert history.steps.tolist() == [0, 10, 13]
    np.testing.assert_array_equal(history["net.3.bias"][-1], trained.net[3].bias.detach())


def test_a_resumed_fit_goes_on_after_the_last_step(tmp_path: Path) -> None:
    history, model = History(), Lit().setup_net()
    trainer = fit(model, Record(history, every=3), max_epochs=1)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    fit(Lit().setup_net(), Record(history, every=3), max_epochs=2, ckpt_path=tmp_path / "a.ckpt")
    assert history.steps.tolist() == [0, 3, 6, 8, 9, 12, 15, 16]
    assert len(set(history.log_metrics["loss"][0])) == len(history.log_metrics["loss"][0])


def test_what_a_resumed_fit_repeats_is_not_recorded_twice(tmp_path: Path) -> None:
    history = History()
    trainer = fit(Lit().setup_net(), max_epochs=1)
    trainer.save_checkpoint(tmp_path / "early.ckpt")
    fit(Lit().setup_net(), Record(history, every=5), max_epochs=2)
    before = {name: len(x) for name, (x, _) in history.log_metrics.items()}
    fit(Lit().setup_net(), Record(history, every=5), max_epochs=3, ckpt_path=tmp_path / "early.ckpt")
    assert history.steps.tolist() == [0, 5, 10, 15, 16, 20, 24]
    assert len(history.log_metrics["val_loss"][0]) == before["val_loss"] + 1


def test_a_second_fit_from_step_zero_counts_on() -> None:
    history, model = History(), Lit().setup_net()
    fit(model, Record(history), max_epochs=1)
    fit(model, Record(history), max_epochs=1)
    assert history.steps.tolist() == [0, 8, 16]
    assert history.epochs.tolist() == [0, 1, 2]
    assert history.log_metrics["val_loss"][0].tolist() == [8, 16]


def test_an_exception_in_training_keeps_what_was_recorded_and_is_raised() -> None:
    class Failing(Lit):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            if self.global_step == 5:
                raise RuntimeError("out of luck")
            return super().training_step(batch, batch_idx)

    history = History()
    with pytest.raises(RuntimeError, match="out of luck"):
        fit(Failing().setup_net(), Record(history, every=2))
    assert history.steps.tolist() == [0, 2, 4]


def test_other_ranks_record_nothing() -> None:
    history = History()

    class SecondRank(lightning.Callback):
        def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:  # noqa: ARG002
            type(trainer).is_global_zero = property(lambda _: False)

    was = lightning.Trainer.is_global_zero
    try:
        fit(Lit().setup_net(), SecondRank(), Record(history, every=1), max_epochs=1)
    finally:
        lightning.Trainer.is_global_zero = was
    assert len(history) == 0
    assert not history.log_metrics


def test_a_submodule_is_recorded_under_its_own_names() -> None:
    history, model = History(), Lit().setup_net()
    fit(model, Record(history, module="net"), max_epochs=1)
    assert set(history.parameters) == {"0.weight", "0.bias", "3.weight", "3.bias"}
    assert "21 links, 2 checkpoints" in repr(WeightViz(model.net, history))
    whole = History()
    fit(model, Record(whole), max_epochs=1)
    assert "2 checkpoints" in repr(WeightViz(model, whole))


def test_a_path_is_opened_when_training_begins_and_closed_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    class OnDisk(History):
        def __init__(self, path: Any) -> None:
            super().__init__()
            told.append(path)

        def close(self) -> None:
            told.append(len(self))

    monkeypatch.setattr(recording, "History", OnDisk)
    record = Record("runs/a")
    assert (told, record.history) == ([], None)
    fit(Lit().setup_net(), record)
    assert told == ["runs/a", 4]
    assert record.history is not None
    assert len(record.history) == 4


def test_pytorch_lightning_alone_is_enough() -> None:
    code = (
        "import sys; sys.modules['lightning'] = None; import pytorch_lightning as pl;"
        "from nnweightviz.callbacks.lightning import Record; assert issubclass(Record, pl.Callback)"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_the_example_in_the_documentation_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # for Lightning's own logs
    (history,) = run_examples(
        "lightning", lightning=lambda: lightning, model=lambda: Lit().setup_net(), loader=loader
    )
    assert history.steps.tolist() == [0, 16]
