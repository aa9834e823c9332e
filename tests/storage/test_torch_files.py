"""Files of torch.save, compared with what torch.load reads; nothing in them is executed."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nnweightviz.storage.stored import UnreadableError
from nnweightviz.storage.torch_files import read

FORMS = [(True, 2), (True, 4), (True, 5), (False, 2), (False, 4)]


def net() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.LSTM(3, 4),
        torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last),
        torch.nn.BatchNorm1d(4),
        torch.nn.Linear(4, 2).to(torch.bfloat16),
    )


def trained() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    model = net()
    optimizer = torch.optim.Adam(model.parameters())
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    return model, optimizer


def saved(path: Path, thing: Any, form: tuple[bool, int] = FORMS[0]) -> Path:
    torch.save(thing, path, _use_new_zipfile_serialization=form[0], pickle_protocol=form[1])
    return path


def same(state: Any, expected: Any) -> None:
    assert list(state) == list(expected)
    for name, tensor in expected.items():
        array = state[name]
        assert array.shape == tuple(tensor.shape) == state.shapes[name]
        assert array.dtype.name == str(tensor.dtype).removeprefix("torch.")
        np.testing.assert_array_equal(array.astype(np.float64), tensor.detach().double().numpy())


@pytest.mark.parametrize("form", FORMS)
def test_a_state_dict_is_read_as_torch_reads_it(tmp_path: Path, form: tuple[bool, int]) -> None:
    path = saved(tmp_path / "a.pt", net().state_dict(), form)
    state = read(path).state
    same(state, net().state_dict())
    if form == FORMS[0]:
        same(state, torch.load(path, weights_only=True))


@pytest.mark.parametrize("form", FORMS)
def test_what_a_training_run_saves_is_understood(tmp_path: Path, form: tuple[bool, int]) -> None:
    model, optimizer = trained()
    contents = {
        "epoch": 3,
        "step": torch.tensor(1200),
        "model_state_dict": model.state_dict(),
        "ema_state_dict": net().state_dict(),
        "optimizer": optimizer.state_dict(),
        "loss": np.float64(0.25),
        "metrics": {"val_loss": 0.5},
        "best_acc": torch.tensor(0.75),
        "seed": 42,
        "args": argparse.Namespace(lr=0.1),
    }
    checkpoint = read(saved(tmp_path / "a.pt", contents, form))
    same(checkpoint.state, model.state_dict())
    assert (checkpoint.step, checkpoint.epoch) == (1200, 3)
    assert checkpoint.metrics == {"loss": 0.25, "val_loss": 0.5, "best_acc": 0.75}


def test_lightning_s_checkpoints_are_understood(tmp_path: Path) -> None:
    model, optimizer = trained()
    contents = {
        "epoch": 1,
        "global_step": 50,
        "pytorch-lightning_version": "2.5",
        "state_dict": OrderedDict((f"model.{n}", t) for n, t in model.state_dict().items()),
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(1.0)}},
        "optimizer_states": [optimizer.state_dict()],
        "lr_schedulers": [],
        "hyper_parameters": {"path": Path("data"), "layers": [1, 2]},
    }
    checkpoint = read(saved(tmp_path / "a.ckpt", contents))
    assert (checkpoint.step, checkpoint.epoch, checkpoint.metrics) == (50, 1, {})
    assert set(checkpoint.state) == {f"model.{n}" for n, t in model.state_dict().items()}


@pytest.mark.parametrize("form", FORMS)
def test_views_ties_and_rare_dtypes_are_read_at_their_place(tmp_path: Path, form: tuple[bool, int]) -> None:
    base = torch.arange(20.0).reshape(4, 5)
    contents = {
        "whole": base,
        "part": base.t()[1:3, ::2],
        "tied": base,
        "fp8": torch.linspace(-2, 2, 6).to(torch.float8_e4m3fn),
        "u16": torch.arange(3).to(torch.uint16),
        "empty": torch.zeros(0, 3),
        "bool": torch.tensor([True, False]),
    }
    same(read(saved(tmp_path / "a.pt", contents, form)).state, contents)


def test_parameters_themselves_and_tensors_with_attributes_are_read(tmp_path: Path) -> None:
    marked = torch.nn.Parameter(torch.ones(2, 3))
    marked.tag = "mine"  # type: ignore[attr-defined]
    contents = {"w": torch.nn.Parameter(torch.ones(3)), "marked": marked}
    same(read(saved(tmp_path / "a.pt", contents)).state, contents)


def test_any_nesting_with_one_mapping_of_tensors_is_understood(tmp_path: Path) -> None:
    contents = {"a": {"b": {"c": {"w": torch.ones(2, 3)}}}, "n": 1}
    assert list(read(saved(tmp_path / "a.pt", contents)).state) == ["w"]


def test_a_sparse_tensor_is_left_out_by_name(tmp_path: Path) -> None:
    checkpoint = read(saved(tmp_path / "a.pt", {"s": torch.eye(3).to_sparse(), "w": torch.eye(2)}))
    assert (list(checkpoint.state), checkpoint.left_out) == (["w"], ("s",))


def refused() -> dict[str, tuple[Any, str]]:
    _, optimizer = trained()
    return {
        "a whole module": (
            net(),
            "it holds a whole pickled object (torch.nn.modules.container.Sequential), and",
        ),
        "a module inside": (
            {"model": net(), "epoch": 1},
            "to read it is to execute it; load it and save the par",
        ),
        "an optimiser": (optimizer.state_dict(), "it holds the state of an optimiser, no parameters"),
        "two models": (
            {"gen": net().state_dict(), "dis": net().state_dict()},
            "it holds the parameters of several models ('gen', 'dis'); load it with torch and pass",
        ),
        "no tensors": ({"epoch": 3}, "it holds no parameters, that is no dict of tensors"),
        "a single tensor": (torch.ones(3), "it holds no parameters"),
        "a tensor expanded from one value": (
            {"w": torch.zeros(1).expand(10**9)},
            "claims more than its storage",
        ),
    }


@pytest.mark.parametrize("form", FORMS[:1] + FORMS[3:4])
@pytest.mark.parametrize("case", refused())
def test_what_holds_no_one_model_s_parameters_is_refused(
    tmp_path: Path, case: str, form: tuple[bool, int]
) -> None:
    contents, sentence = refused()[case]
    with pytest.raises(UnreadableError, match=re.escape(sentence)):
        read(saved(tmp_path / "a.pt", contents, form))


def test_a_scripted_module_is_refused(tmp_path: Path) -> None:
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "a.pt"))  # type: ignore[no-untyped-call]
    with pytest.raises(UnreadableError, match="it is a TorchScript module, which is code"):
        read(tmp_path / "a.pt")


def test_one_parameter_is_read_without_the_others(tmp_path: Path) -> None:
    """What is damaged in the file elsewhere is not noticed."""
    path = saved(tmp_path / "a.pt", {"a": torch.ones(1000), "b": torch.full((1000,), 2.0)})
    data = path.read_bytes()
    begin = data.index(np.full(1000, 2, np.float32).tobytes())
    path.write_bytes(data[:begin] + bytes(4000) + data[begin + 4000 :])
    state = read(path).state
    assert (state["a"] == 1).all()
    assert (state["b"] == 0).all()


def test_a_file_that_was_replaced_since_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pt", {"a": torch.ones(10)})
    state = read(path).state
    saved(path, {"a": torch.ones(10), "b": torch.ones(3)})
    with pytest.raises(UnreadableError, match="it was replaced since the history was opened; open it again"):
        state["a"]


def test_opening_needs_no_torch(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pt", {"w": torch.ones(2, 3)})
    code = (
        "import sys, pathlib; from nnweightviz.storage.torch_files import read; "
        f"print(read(pathlib.Path({str(path)!r})).state['w'].sum(), 'torch' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["6.0", "False"]
