"""Weights that Keras 3 writes: ``.weights.h5`` and ``.keras``.

Not for the model's configuration, which is code in disguise: a ``.keras`` file's ``config.json`` is not even read. The
HDF5 library, in a process of its own (see ``hdf5_child``), tells where each variable lies; its values are read there
(see ``pieces``), so that the library's filters, links and virtual datasets never come into play.

Variables are named as ``Variable.path`` has them, ``"dense/kernel"``: the file keeps the layers' names, and what
variables a layer of a kind has stands in :data:`VARIABLES`. A layer of another kind, or with another number of
variables, has ``"my_layer/0"``, ``"my_layer/1"``, in the order in which it holds them.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.storage.pieces import Piece, PieceState
from nnweightviz.storage.stored import UnreadableError, opened, signature
from nnweightviz.storage.zips import read_directory

WEIGHTS = "model.weights.h5"
KERNEL = ("kernel", "bias")
VARIABLES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("dense", "einsum_dense", "conv", "depthwise_conv", "conv_transpose"), KERNEL),
    "cell": ("kernel", "recurrent_kernel", "bias"),
    "separable_conv": ("depthwise_kernel", "pointwise_kernel", "bias"),
    "embedding": ("embeddings",),
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "layer_normalization": ("gamma", "beta"),
    "group_normalization": ("gamma", "beta"),
    "p_re_lu": ("alpha",),
}
"""A layer's kind, as Keras writes it in the file -> its variables; a bias may be absent."""
PROJECTIONS = ("query_dense", "key_dense", "value_dense", "output_dense")
"""What attention holds its parts as, each an EinsumDense."""
SUFFIXES = (".h5", ".keras")
CHILD = Path(__file__).with_name("hdf5_child.py")
TIMEOUT_S = 60.0
Looked = Mapping[str, Any]


def read(path: Path, looked: Looked | None = None) -> Checkpoint:
    """Return the checkpoint in a ``.weights.h5`` or ``.keras`` file.

    Parameters
    ----------
    path
        The file.
    looked
        What :func:`look_into` has found in it, if it was asked for several at once.

    Raises
    ------
    UnreadableError
        If it is no such file, a damaged one, if h5py is not installed, or if variables are chunked, compressed or
        elsewhere: Keras does not write such.
    """
    found = look_into([path])[0] if looked is None else looked
    if "why" in found:
        raise UnreadableError(path, found["why"])
    with opened(path) as file:
        known = signature(file)
    start, n_bytes = found["stretch"]
    pieces: dict[str, Piece] = {}
    for _, names, key, places in found["layers"]:
        for name, place in zip(_variable_names(_kind(key), len(places)), places, strict=True):
            full = "/".join((*names, name))
            pieces[f"{full}_{len(pieces)}" if full in pieces else full] = _piece(place, start, n_bytes, path)
    if not pieces:
        raise UnreadableError(
            path, "it has no variables; save them with model.save_weights('model.weights.h5')"
        )
    return Checkpoint(PieceState(path, known, pieces))


def look_into(paths: Sequence[Path]) -> list[Looked]:
    """Return for each file where its variables lie, or ``{"why": sentence}``; one process looks at all of them."""
    found: list[Looked | None] = []
    stretches: list[tuple[int, int]] = []
    for path in paths:
        try:
            stretches.append(_stretch(path))
            found.append(None)
        except UnreadableError as error:
            stretches.append((0, 0))
            found.append({"why": error.why})
    if find_spec("h5py") is None:
        lacking = {"why": "Keras' files need h5py: pip install 'nnweightviz[keras]'"}
        return [lacking if looked is None else looked for looked in found]
    while None in found:
        waiting = [k for k, looked in enumerate(found) if looked is None]
        answers = _asked([(str(paths[k].absolute()), *stretches[k]) for k in waiting])
        for k, answer in zip(waiting, answers, strict=False):
            found[k] = {**answer, "stretch": stretches[k]}
        if len(answers) < len(waiting):
            found[waiting[len(answers)]] = {"why": "it is damaged: the HDF5 library came to no end with it"}
    return [looked for looked in found if looked is not None]


def _stretch(path: Path) -> tuple[int, int]:
    """Return where the HDF5 file begins in a file, and how many bytes it has."""
    with opened(path) as file:
        if file.read(4) != b"PK\x03\x04":
            return 0, signature(file)[0]
        entry = read_directory(file, path).get(WEIGHTS)
    if entry is None or entry.is_deflated:
        raise UnreadableError(path, f"it is a zip file without a plain {WEIGHTS}, so none of Keras'")
    return entry.start, entry.n_bytes


def _asked(stretches: Sequence[tuple[str, int, int]]) -> list[Looked]:
    """Return the child's answers; fewer than was asked for if it did not come to an end with the next."""
    answers = ""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-P", str(CHILD)]
    try:
        answers = subprocess.run(
            command,
            input=json.dumps(stretches) + "\n",
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="ascii",
            timeout=TIMEOUT_S,
        ).stdout
    except subprocess.TimeoutExpired as error:
        answers = (error.stdout or b"").decode("ascii") if isinstance(error.stdout, bytes) else ""
    return [json.loads(line) for line in answers.splitlines(keepends=True) if line.endswith("\n")]


def _piece(place: tuple[str, list[int], int, int], begin: int, size: int, path: Path) -> Piece:
    """Return where a variable lies, checked: as many bytes as its shape needs, inside the file."""
    code, shape, start, n_stored = place
    dtype = np.dtype(ml_dtypes.bfloat16 if code == "bfloat16" else code)
    n_bytes = math.prod(shape) * dtype.itemsize
    if code != "bfloat16" and dtype.kind not in "fiubc":
        raise UnreadableError(path, "it has a variable that is none of numbers")
    if n_stored != n_bytes or start + n_bytes > size:
        raise UnreadableError(
            path, f"a variable of shape {tuple(shape)} claims {n_bytes} bytes, which are not there"
        )
    return Piece(dtype, tuple(shape), begin + start)


def _kind(key: str) -> str:
    """Return a layer's kind: ``"conv2d_transpose_3"`` -> ``"conv_transpose"``, ``"lstm_cell"`` -> ``"cell"``."""
    if key in PROJECTIONS:
        return "einsum_dense"
    kind = re.sub(r"(?<=conv)[123]d", "", re.sub(r"_\d+$", "", key))
    return "cell" if kind.endswith("_cell") else kind


def _variable_names(kind: str, n: int) -> list[str]:
    names = VARIABLES.get(kind, ())
    is_whole = n == len(names) or (names[-1:] == ("bias",) and n == len(names) - 1)
    return list(names[:n]) if is_whole else [str(k) for k in range(n)]
