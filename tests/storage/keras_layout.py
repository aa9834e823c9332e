"""Files as Keras 3 lays them out, written by h5py: groups, names, variables by number, optimiser beside."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

RANDOM = np.random.default_rng(0)
# group in the file, the layer's name, shapes of its variables, and how Keras calls them
LAYERS: list[tuple[str, str, list[tuple[int, ...]], list[str]]] = [
    ("layers/lstm/cell", "lstm/lstm_cell", [(3, 16), (4, 16), (16,)], ["kernel", "recurrent_kernel", "bias"]),
    ("layers/dense", "hidden", [(4, 8), (8,)], ["kernel", "bias"]),
    ("layers/conv2d_1", "conv2d", [(3, 3, 3, 4)], ["kernel"]),
    ("layers/batch_normalization", "bn", [(8,)] * 4, ["gamma", "beta", "moving_mean", "moving_variance"]),
    ("layers/sequential/layers/dense", "inner_dense", [(8, 2), (2,)], ["kernel", "bias"]),
    ("layers/multi_head_attention/query_dense", "mha/query", [(8, 2, 4), (2, 4)], ["kernel", "bias"]),
    ("layers/my_layer", "mine", [(2, 2), (3,), (4,)], ["0", "1", "2"]),
]
HOLDERS = {
    "layers/lstm": "lstm",
    "layers/multi_head_attention": "mha",
    "layers/sequential": "inner",
    "": "model",
}


def write(file: Any) -> dict[str, Any]:
    """Write into an open h5py file; return name -> array as they should be read."""
    expected = {}
    for holder, name in HOLDERS.items():
        file.create_group(f"{holder}/vars").attrs["name"] = name
    for group, path, shapes, names in LAYERS:
        variables = file.create_group(f"{group}/vars")
        variables.attrs["name"] = path.rpartition("/")[2]
        for k, (shape, name) in enumerate(zip(shapes, names, strict=True)):
            array = RANDOM.normal(size=shape).astype(np.float32)
            variables[str(k)] = array
            expected[f"{path}/{name}"] = array
    file.create_group("optimizer/vars")["0"] = np.ones(3)
    return expected


def weights_file(path: Path) -> dict[str, Any]:
    """Write a ``.weights.h5``."""
    with h5py.File(path, "w") as file:
        return write(file)


def keras_file(path: Path, config: str = "{}") -> dict[str, Any]:
    """Write a ``.keras``."""
    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        expected = write(file)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", data.getvalue())
    return expected
