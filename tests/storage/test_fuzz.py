"""Valid files of every form, mutated: whatever comes out is a checkpoint or an UnreadableError, in bounded memory.

``NNWEIGHTVIZ_FUZZ_EXAMPLES`` says how many of each form, 400 by default; see CONTRIBUTING.md.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from nnweightviz.storage import keras_files
from nnweightviz.storage.forms import form_of
from nnweightviz.storage.stored import UnreadableError
from storage import keras_layout

EXAMPLES = int(os.environ.get("NNWEIGHTVIZ_FUZZ_EXAMPLES", "400"))
EXTREMES = (
    b"\xff" * 8,
    bytes(8),
    (2**62).to_bytes(8, "little"),
    (10**6).to_bytes(8, "little"),
    b"\xff\xff\xff\x7f",
)
Mutation = tuple[str, float, int, float]


def seeds() -> dict[str, bytes]:
    """File name -> valid content, one of each form."""
    arrays = {"fc.weight": np.arange(12, dtype=np.float32).reshape(3, 4), "fc.bias": np.ones(3)}
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), momentum=0.9)
    training = {"epoch": 1, "loss": 0.5, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    found = {"a.safetensors": save(arrays, {"format": "pt"})}
    for name, write in {
        "a.npz": lambda file: np.savez(file, **arrays),
        "deflated.npz": lambda file: np.savez_compressed(file, **arrays),
        "a.npy": lambda file: np.save(file, arrays["fc.bias"]),
        "a.pt": lambda file: torch.save(training, file),
        "four.pt": lambda file: torch.save(training, file, pickle_protocol=4),
        "legacy.pt": lambda file: torch.save(training, file, _use_new_zipfile_serialization=False),
    }.items():
        data = io.BytesIO()
        write(data)
        found[name] = data.getvalue()
    return found


SEEDS = seeds()
MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "extreme", "cut", "splice", "remove", "number"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 255),
        st.floats(0, 1, exclude_max=True),
    ),
    min_size=1,
    max_size=6,
)


def mutated(data: bytes, mutations: list[Mutation]) -> bytes:
    for kind, where, value, whence in mutations:
        at, other = int(where * len(data)), int(whence * len(data))
        if kind == "flip":
            data = data[:at] + bytes([data[at] ^ (1 << value % 8)]) + data[at + 1 :] if data else data
        elif kind == "extreme":
            extreme = EXTREMES[value % len(EXTREMES)]
            data = data[:at] + extreme + data[at + len(extreme) :]
        elif kind == "cut":
            data = data[:at]
        elif kind == "splice":
            data = data[:at] + data[other : other + value % 64] + data[at:]
        elif kind == "remove":
            data = data[:at] + data[at + value % 16 :]
        else:
            data = data[:at] + bytes([value]) + data[at + 1 :]
    return data


def read_all(path: Path) -> int:
    """Return how many bytes the checkpoint in a file has, 0 if it is refused."""
    form = form_of(path)
    assert form is not None
    try:
        state = form(path).state
        return sum(state[name].nbytes for name in state)
    except UnreadableError:
        return 0


@pytest.mark.parametrize("name", SEEDS)
def test_a_mutated_file_is_read_or_refused(tmp_path: Path, name: str) -> None:
    path, data = tmp_path / name, SEEDS[name]
    path.write_bytes(data)
    assert read_all(path) > 0

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(MUTATIONS)
    def look(mutations: list[Mutation]) -> None:
        path.write_bytes(mutated(data, mutations))
        assert read_all(path) <= 100 * len(data) + 1000

    look()


@pytest.mark.parametrize("name", ["a.weights.h5", "a.keras"])
def test_mutated_keras_files_are_read_or_refused(tmp_path: Path, name: str) -> None:
    """All of a batch in one process, which may break down."""
    write: Any = keras_layout.keras_file if name.endswith(".keras") else keras_layout.weights_file
    write(tmp_path / name)
    data, random = (
        (tmp_path / name).read_bytes(),
        np.random.default_rng(EXAMPLES),
    )
    kinds = ["flip", "extreme", "cut", "splice", "remove", "number"]
    n = EXAMPLES // 10
    paths = []
    for k in range(n):
        chosen = [
            (str(random.choice(kinds)), random.random() ** 2, int(random.integers(256)), random.random())
            for _ in range(random.integers(1, 6))
        ]
        paths.append(tmp_path / f"{k}{name}")
        paths[-1].write_bytes(mutated(data, chosen))
    n_read = 0
    for path, looked in zip(paths, keras_files.look_into(paths), strict=True):
        try:
            state = keras_files.read(path, looked).state
            n_read += sum(state[variable].nbytes for variable in state) > 0
        except UnreadableError:
            continue
    assert n_read < n
