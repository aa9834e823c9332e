"""What is copied of a model is what it held at that moment, whatever becomes of it, in memory and on disk."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from nnweightviz.adapters import as_state
from nnweightviz.checkpoint import Checkpoint
from nnweightviz.history import History
from nnweightviz.snapshots import Copier
from nnweightviz.storage.folder import file_name
from nnweightviz.storage.snapshot import Snapshot

torch.set_num_threads(1)
FP8 = ("float8_e4m3fn", "float8_e5m2")


class Mixed(nn.Module):
    """Parameters of all kinds that a state dict may hold."""

    def __init__(self) -> None:
        super().__init__()
        dtypes = ["float64", "float32", "float16", "bfloat16", "int64", "uint8", "bool", "complex64", *FP8]
        for name in dtypes:
            values = (torch.arange(6).reshape(2, 3) % 2).to(getattr(torch, name))
            self.register_parameter(f"of_{name}", nn.Parameter(values, requires_grad=False))
        self.scalar = nn.Parameter(torch.tensor(0.25))
        self.empty = nn.Parameter(torch.empty(0, 3))
        self.transposed = nn.Parameter(torch.arange(12.0).reshape(3, 4).t())
        self.spread = nn.Parameter(torch.arange(40.0).reshape(4, 10)[:, ::3])
        self.expanded = nn.Parameter(torch.tensor([[2.0]]).expand(3, 2), requires_grad=False)
        self.conjugate = nn.Parameter(torch.tensor([1 + 2j, 3 - 4j]).conj(), requires_grad=False)

    def stir(self) -> None:
        with torch.no_grad():
            for name, p in self.named_parameters():
                if p.dtype.is_floating_point and not name.startswith("of_float8") and name != "expanded":
                    p.mul_(-2).add_(1)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(4, 6)
        self.decoder = nn.Linear(4, 6)
        self.decoder.weight = self.encoder.weight

    def stir(self) -> None:
        with torch.no_grad():
            self.encoder.weight += 1


class Plain(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Linear(5, 5), nn.ReLU(), nn.Linear(5, 2))

    def stir(self) -> None:
        with torch.no_grad():
            for p in self.parameters():
                p += torch.rand_like(p, dtype=torch.float32).to(p.dtype)


def stir(model: Any) -> None:
    getattr(model, "module", getattr(model, "_orig_mod", model)).stir()


def moved_data(model: Plain) -> None:
    model[0].weight.data = torch.rand(5, 5)


def transposed_in_place(model: Plain) -> None:
    model[0].weight.data = model[0].weight.data.t()  # same memory, same shape


def new_parameter(model: Plain) -> None:
    model[0].bias = nn.Parameter(torch.rand(5))


def new_module(model: Plain) -> None:
    model.append(nn.Linear(2, 3))


def replaced_module(model: Plain) -> None:
    model[2] = nn.Linear(5, 2)


def no_bias(model: Plain) -> None:
    model[0].bias = None


def pruned(model: Plain) -> None:
    prune.l1_unstructured(model[0], "weight", 0.5)


def parametrised(model: Plain) -> None:
    parametrizations.weight_norm(model[0])


def parametrised_and_back(model: Plain) -> None:
    parametrize.register_parametrization(model[0], "weight", nn.Softplus())
    parametrize.remove_parametrizations(model[0], "weight")


def set_data(model: Plain) -> None:
    model.load_state_dict({k: torch.rand_like(v) for k, v in model.state_dict().items()}, assign=True)


def shared_memory(model: Plain) -> None:
    """As for training by several processes: the values move, the storage object stays."""
    model.share_memory()
    model.stir()


CHANGES: list[Callable[[Plain], Any]] = [
    moved_data,
    transposed_in_place,
    new_parameter,
    new_module,
    replaced_module,
    no_bias,
    pruned,
    parametrised,
    parametrised_and_back,
    set_data,
    shared_memory,
    nn.Module.half,
    nn.Module.double,
    nn.Module.bfloat16,
    Plain.stir,
]


def assert_equal(state: Any, expected: dict[str, Any]) -> None:
    assert set(state) == set(expected)
    for name, array in expected.items():
        assert (state[name].dtype, state[name].shape) == (array.dtype, array.shape), name
        assert state[name].tobytes() == array.tobytes(), name


@pytest.fixture(params=["memory", "disk"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> History:
    return History(tmp_path if request.param == "disk" else None)


@pytest.mark.parametrize("kind", [Mixed, Tied, Plain])
def test_what_is_recorded_is_of_the_moment_of_the_record(history: History, kind: Any) -> None:
    model, expected = kind(), []
    for k in range(60):
        expected.append(as_state(model))
        history.record(model, step=k)
        model.stir()  # at once, while the checkpoint is being written
    for checkpoint, state in zip(history, expected, strict=True):
        assert_equal(checkpoint.state, state)
    history.flush()
    for checkpoint, state in zip(history, expected, strict=True):
        assert_equal(checkpoint.state, state)
    if history.path is not None:
        history.close()
        for checkpoint, state in zip(History(history.path), expected, strict=True):
            assert_equal(checkpoint.state, state)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_of_the_model_between_records_is_seen(
    history: History, change: Callable[[Plain], Any]
) -> None:
    model, expected = Plain(), []
    for k in range(4):
        if k == 2:
            change(model)
        expected.append(as_state(model))
        history.record(model, step=k)
        if k < 1:
            model.stir()
    history.flush()
    for checkpoint, state in zip(history, expected, strict=True):
        assert_equal(checkpoint.state, state)


@pytest.mark.parametrize("wrapped", [nn.DataParallel, lambda m: torch.compile(m, backend="eager")])
def test_a_wrapped_model_is_copied_under_its_own_names(history: History, wrapped: Any) -> None:
    model = Plain()
    wrapper = wrapped(model)
    history.record(wrapper, step=0)
    wrapper(torch.rand(3, 5)).sum().backward()
    stir(wrapper)
    history.record(wrapper, step=1)
    history.record(model, step=2)
    history.flush()
    assert set(history[0].state) == {name for name, _ in model.named_parameters()}
    assert_equal(history[1].state, as_state(model))
    assert_equal(history[2].state, as_state(model))


def test_the_files_are_read_by_the_formats_own_library(tmp_path: Path) -> None:
    model = Mixed()
    with History(tmp_path) as history:
        for k in range(3):
            history.record(model, step=k)
            model.stir()
    loaded = safetensors.torch.load_file(tmp_path / file_name(0))
    for name, parameter in Mixed().named_parameters():
        assert loaded[name].dtype == parameter.dtype
        assert loaded[name].shape == parameter.shape
        assert loaded[name].tolist() == parameter.tolist()


def test_tied_parameters_are_copied_and_written_once(tmp_path: Path) -> None:
    model = Tied()
    with History(tmp_path) as history:
        history.record(model, step=0)
    assert set(safetensors.torch.load_file(tmp_path / file_name(0))) == {
        "encoder.weight",
        "encoder.bias",
        "decoder.bias",
    }
    assert_equal(History(tmp_path)[0].state, as_state(model))


def test_a_dtype_that_the_format_lacks_is_left_out_on_disk_and_kept_in_memory(history: History) -> None:
    model = nn.Linear(2, 2)
    model.wide = nn.Parameter(torch.ones(2, dtype=torch.complex128))
    history.record(model, step=0)
    history.flush()
    assert ("wide" in history[0].state) == (history.path is None)
    assert history[0].left_out == (() if history.path is None else ("wide",))


def test_the_memory_of_another_history_is_never_written_to(tmp_path: Path) -> None:
    model = nn.Linear(3, 2)
    kept, disk = History(), History(tmp_path)
    disk.record(model, step=0)
    kept.record(model, step=0)
    before = as_state(model)
    disk.append(Checkpoint(kept[0].state, step=1))
    disk.flush()
    for step in range(2, 30):
        with torch.no_grad():
            model.weight += 1
        disk.record(model, step=step)
    disk.close()
    assert_equal(kept[0].state, before)


def test_what_was_read_stays_as_it_is_when_its_memory_is_used_again(tmp_path: Path) -> None:
    model = nn.Linear(3, 2)
    with History(tmp_path) as history:
        history.record(model, step=0)
        read = history[0].state["weight"]
        before = read.copy()
        history.flush()
        for step in range(1, 30):
            with torch.no_grad():
                model.weight += 1
            history.record(model, step=step)
    np.testing.assert_array_equal(read, before)


def test_several_models_in_turn_are_each_their_own(history: History) -> None:
    one, other = Plain(), Plain()
    for step in range(6):
        model = one if step % 2 else other
        history.record(model, step=step)
        assert_equal(history[step].state, as_state(model))
        model.stir()


def test_a_model_that_is_gone_is_let_go() -> None:
    copier, model = Copier(), nn.Linear(3, 2)
    assert isinstance(copier.copy(model), Snapshot)
    gone = [weakref.ref(model), weakref.ref(model.weight)]
    del model
    gc.collect()
    assert [reference() for reference in gone] == [None, None]
    assert copier._source is None
    copier.copy(nn.Linear(3, 2))


def test_a_snapshot_tells_its_shapes_dtypes_and_size() -> None:
    snapshot = Copier().copy(Mixed())
    arrays = as_state(Mixed())
    assert isinstance(snapshot, Snapshot)
    assert snapshot.shapes == {name: array.shape for name, array in arrays.items()}
    assert snapshot.dtypes == {name: array.dtype for name, array in arrays.items()}
    assert snapshot.n_bytes == sum(array.nbytes for array in arrays.values())
    assert snapshot.dtypes["of_bfloat16"] == ml_dtypes.bfloat16
