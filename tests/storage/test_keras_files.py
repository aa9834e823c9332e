"""Keras 3's files, in the layout that Keras writes: names, order, what is refused."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np
import pytest

from nnweightviz.storage import keras_files
from nnweightviz.storage.find import find
from nnweightviz.storage.keras_files import look_into, read
from nnweightviz.storage.stored import UnreadableError
from storage import keras_layout


@pytest.mark.parametrize("form", ["weights_file", "keras_file"])
def test_variables_are_read_under_keras_own_names_in_the_order_of_the_layers(
    tmp_path: Path, form: str
) -> None:
    path = tmp_path / ("a.keras" if form == "keras_file" else "a.weights.h5")
    expected = getattr(keras_layout, form)(path)
    state = read(path).state
    assert list(state) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(state[name], array)


def test_the_configuration_is_not_read(tmp_path: Path) -> None:
    keras_layout.keras_file(tmp_path / "a.keras", config="[" * 1_000_000)
    assert read(tmp_path / "a.keras").state


def test_bf16_is_read_as_such(tmp_path: Path) -> None:
    values = np.arange(4).astype(ml_dtypes.bfloat16)
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        variables = file.create_group("layers/dense/vars")
        variables["0"] = values.view("V2")
        variables["0"].attrs["dtype"] = "bfloat16"
    np.testing.assert_array_equal(read(tmp_path / "a.weights.h5").state["dense/kernel"], values)


def test_a_folder_of_keras_files_is_looked_into_by_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for epoch in (9, 10):
        keras_layout.weights_file(tmp_path / f"epoch_{epoch}.weights.h5")
    runs: list[Any] = []
    run = keras_files.subprocess.run
    monkeypatch.setattr(keras_files.subprocess, "run", lambda *a, **k: (runs.append(a), run(*a, **k))[1])
    assert [checkpoint.epoch for checkpoint in find(tmp_path).checkpoints] == [9, 10]
    assert len(runs) == 1


def test_without_h5py_it_is_said_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keras_layout.weights_file(tmp_path / "a.weights.h5")
    monkeypatch.setattr(keras_files, "find_spec", lambda _: None)
    with pytest.raises(UnreadableError, match=r"Keras' files need h5py: pip install 'nnweightviz\[keras\]'"):
        read(tmp_path / "a.weights.h5")


def chunked(group: Any, _: Path) -> None:
    group.create_dataset("0", (10**6, 10**6), np.float32, chunks=(1000, 1000), compression="gzip")


def external(group: Any, folder: Path) -> None:
    group.create_dataset("0", (10,), np.float32, external=[(str(folder / "other"), 0, 40)])


def virtual(group: Any, folder: Path) -> None:
    layout = h5py.VirtualLayout((10,), np.float32)
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "x", (10,))
    group.create_virtual_dataset("0", layout)


def never_written(group: Any, _: Path) -> None:
    group.create_dataset("0", (10**6, 10**6), np.float32)


def cycle(group: Any, _: Path) -> None:
    group.parent["again"] = group.file["layers"]


def soft(group: Any, _: Path) -> None:
    group["0"] = h5py.SoftLink("/layers")


def elsewhere(group: Any, folder: Path) -> None:
    group["0"] = h5py.ExternalLink(str(folder / "other.h5"), "/x")


def text(group: Any, _: Path) -> None:
    group["0"] = "words"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (chunked, "'0' is chunked, compressed or elsewhere, which Keras never writes"),
        (external, "'0' is chunked, compressed or elsewhere"),
        (virtual, "'0' is chunked, compressed or elsewhere"),
        (never_written, "chunked, compressed or elsewhere|which are not there"),
        (cycle, "its groups lead back to each other"),
        (soft, "'0' is a link to elsewhere, which Keras never writes"),
        (elsewhere, "'0' is a link to elsewhere"),
        (text, "it has a variable that is none of numbers|which are not there"),
    ],
)
def test_what_keras_never_writes_is_refused(
    tmp_path: Path, make: Callable[[Any, Path], None], sentence: str
) -> None:
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        make(file.create_group("layers/dense/vars"), tmp_path)
    with pytest.raises(UnreadableError, match=sentence):
        read(tmp_path / "a.weights.h5")


def test_keras_2_s_form_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("model_weights")
    with pytest.raises(
        UnreadableError, match=r"it is of Keras 2's HDF5 form; load it and save it with model\.save"
    ):
        read(tmp_path / "a.h5")


def test_a_zip_file_without_weights_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(UnreadableError, match=r"it is a zip file without a plain model\.weights\.h5"):
        read(tmp_path / "a.keras")


def test_a_file_that_the_library_comes_to_no_end_with_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child process ends itself; the files behind are looked into by another."""
    child = tmp_path / "child.py"
    ends = 'if path.endswith("1.weights.h5"):\n        signal.raise_signal(signal.SIGTERM)\n    '
    code = keras_files.CHILD.read_text().replace("if hasattr(signal", ends + "if hasattr(signal")
    child.write_text(code)
    monkeypatch.setattr(keras_files, "CHILD", child)
    paths = [tmp_path / f"{k}.weights.h5" for k in range(3)]
    for path in paths:
        keras_layout.weights_file(path)
    looked = look_into(paths)
    assert ["layers" in found for found in looked] == [True, False, True]
    assert looked[1]["why"] == "it is damaged: the HDF5 library came to no end with it"
