"""``nwv.open``: what is on disk as a History, lazily, under a model's names."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import nnweightviz as nwv
from nnweightviz.opening import matched_names
from nnweightviz.storage.stored import UnreadableError

SHAPES = {"encoder.fc.weight": (2, 3), "encoder.fc.bias": (2,)}


def net() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))


def lightning(path: Path, epoch: int) -> torch.nn.Module:
    model = net()
    parameters = {f"model._orig_mod.{name}": tensor for name, tensor in model.state_dict().items()}
    torch.save(
        {"state_dict": parameters, "epoch": epoch, "global_step": 100 * epoch, "loss": 1 / epoch}, path
    )
    return model


def test_a_folder_becomes_a_history(tmp_path: Path) -> None:
    models = {epoch: lightning(tmp_path / f"epoch={epoch}.ckpt", epoch) for epoch in (10, 9, 1)}
    history = nwv.open(tmp_path)
    assert history.steps.tolist() == [100, 900, 1000]
    assert history.metrics["loss"].tolist() == [1, 1 / 9, 0.1]
    assert history.notes == ("3 checkpoints, ordered by their steps",)
    np.testing.assert_array_equal(
        history["model._orig_mod.0.weight"],
        [models[epoch].state_dict()["0.weight"].numpy() for epoch in (1, 9, 10)],
    )


@pytest.mark.parametrize("kind", ["module", "network", "state dict", "compiled"])
def test_names_become_the_model_s(tmp_path: Path, kind: str) -> None:
    model = lightning(tmp_path / "a.ckpt", 1)
    given: Any = {
        "module": model,
        "network": nwv.as_network(model),
        "state dict": model.state_dict(),
        "compiled": torch.nn.DataParallel(model),
    }[kind]
    history = nwv.open(tmp_path / "a.ckpt", model=given)
    assert list(history.parameters) == list(model.state_dict())
    np.testing.assert_array_equal(history["1.bias"][0], model.state_dict()["1.bias"].numpy())
    assert nwv.WeightViz(model, history).network.n_links == 26


@pytest.mark.parametrize(
    "given",
    [
        "encoder.fc.",
        "module.encoder.fc.",
        "_orig_mod.module.encoder._orig_mod.fc.",
        "model.encoder.fc.",  # Lightning's
        "net.module.encoder.fc.",
        "fc.",  # the file has only a part of the model
        "model/encoder.fc.",  # Keras' way
    ],
)
def test_prefixes_are_taken_off_or_put_before(given: str) -> None:
    theirs = {name.replace("encoder.fc.", given): shape for name, shape in SHAPES.items()}
    found = matched_names(SHAPES, theirs)
    assert found == dict(zip(SHAPES, theirs, strict=True))


def test_shapes_decide_between_prefixes() -> None:
    theirs = {"a.fc.weight": (5, 3), "b.fc.weight": (2, 3)}
    assert matched_names({"fc.weight": (2, 3)}, theirs)["fc.weight"] == "b.fc.weight"


def test_what_the_prefix_does_not_concern_keeps_its_name() -> None:
    found = matched_names({"w": (2,), "b": (1,)}, {"model.w": (2,), "model.b": (1,), "loss.scale": (1,)})
    assert found == {"w": "model.w", "b": "model.b", "loss.scale": "loss.scale"}


@pytest.mark.parametrize(
    ("theirs", "sentence"),
    [
        (
            {"x.weight": (2, 3)},
            "the checkpoints seem to be of another model: none of their parameters ('x.weight')",
        ),
        (
            {"fc.weight": (3, 3)},
            "and the shape of one of the model's ('encoder.fc.weight', 'encoder.fc.bias')",
        ),
        (
            {f"{m}.{name}": shape for m in ("query", "key") for name, shape in SHAPES.items()},
            "fit the model's in several ways, with the prefixes 'query.', 'key.'; open them without model",
        ),
    ],
)
def test_names_that_do_not_fit_are_refused_with_examples(theirs: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        matched_names(SHAPES, theirs)


def test_a_trajectory_reads_one_parameter_alone(tmp_path: Path) -> None:
    for k in range(3):
        np.savez(tmp_path / f"{k}.npz", small=np.full(2, k), large=np.zeros(1_000_000))
    history = nwv.open(tmp_path)
    for k in range(3):  # the large array's place is damaged, unnoticed
        path = tmp_path / f"{k}.npz"
        data, times = bytearray(path.read_bytes()), path.stat()
        data[1_000_000:1_000_100] = b"\xff" * 100
        with path.open("r+b") as file:
            file.write(data)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert history["small"].tolist() == [[0, 0], [1, 1], [2, 2]]


def test_what_cannot_be_read_is_a_value_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"junk")
    with pytest.raises(UnreadableError, match=r"a\.pt cannot be read: it does not begin as a file"):
        nwv.open(tmp_path / "a.pt")
    assert issubclass(UnreadableError, ValueError)


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        (3, TypeError, "the path is an int; it takes that of a folder or a file"),
        (["a.pt"], TypeError, "the path is a list"),
        ("", ValueError, "the path is empty"),
    ],
)
def test_what_is_no_path_is_refused_in_a_sentence(path: Any, error: type[Exception], said: str) -> None:
    for read in (nwv.open, nwv.History, nwv.follow):
        with pytest.raises(error, match=said):
            read(path)
