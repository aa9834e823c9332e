"""A whole run in one safetensors file: each parameter stacked over the checkpoints, ``(n_checkpoints, *shape)``.

Steps, epochs, metrics and the network's structure ride in the metadata. Not for runs that still grow (see ``folder``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.checkpoint import Checkpoint, as_epoch, as_metrics, as_step, shapes_of
from nnweightviz.storage.directory import Directory
from nnweightviz.storage.folder import FORMAT, VERSION, dumped, states_of
from nnweightviz.storage.layout import Layout, little
from nnweightviz.storage.stored import Stored, UnreadableError
from nnweightviz.storage.tensors import TensorFile

FORM = "run"
MAX_METADATA_BYTES = 20_000_000
"""Beyond it the metrics between checkpoints would make the header longer than readers of the format accept."""


def is_run(file: TensorFile) -> bool:
    """Whether a safetensors file is a stacked run."""
    return FORMAT in file.metadata and file.metadata.get("form") == FORM


def read(file: TensorFile) -> Stored:
    """Return the checkpoints of a stacked run, their states lazy.

    Raises
    ------
    UnreadableError
        If the metadata does not fit the tensors.
    """
    about = file.metadata
    if about.get(FORMAT) != VERSION:
        raise UnreadableError(
            file.path,
            f"it is of version {about.get(FORMAT)!r} of the format; {VERSION!r} is what is read here",
        )
    try:
        entries = json.loads(about["checkpoints"])
        points = {
            str(n): [(float(x), float(v)) for x, v in p] for n, p in json.loads(about["metrics"]).items()
        }
        network = json.loads(about["network"]) if "network" in about else None
        tied = {str(name): str(kept) for name, kept in json.loads(about.get("tied", "{}")).items()}
        checkpoints = [_checkpoint(file, k, entry, tied) for k, entry in enumerate(entries)]
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableError(
            file.path, f"its metadata is damaged: {type(error).__name__}: {error}"
        ) from None
    odd = [name for name, tensor in file.tensors.items() if tensor.shape[:1] != (len(checkpoints),)]
    if odd:
        raise UnreadableError(file.path, f"tensor {odd[0]!r} does not hold {len(checkpoints)} checkpoints")
    return Stored(checkpoints, points, (), network)


def _checkpoint(file: TensorFile, k: int, entry: Mapping[str, Any], tied: Mapping[str, str]) -> Checkpoint:
    lacks = set(map(str, entry.get("lacks", ())))
    state, quantities = states_of(file, tied, k, lacks)
    return Checkpoint(
        state,
        as_step(entry.get("step")),
        as_epoch(entry.get("epoch")),
        as_metrics(entry.get("metrics", {})),
        tuple(map(str, entry.get("left_out", ()))),
        quantities,
    )


def write(
    path: Path,
    checkpoints: Sequence[Checkpoint],
    curves: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    network: bytes | None,
) -> None:
    """Write checkpoints as one file, whole or not at all; one array at a time is in memory.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    dtypes: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {}
    there = [checkpoint.places() for checkpoint in checkpoints]
    for places in there:
        for name, (arrays, own) in places.items():
            if name not in dtypes:
                dtypes[name] = (little(arrays[own].dtype), (len(checkpoints), *shapes_of(arrays)[own]))
    layout = Layout(dtypes)
    entries = [
        _entry(c, [n for n in dtypes if n not in names]) for c, names in zip(checkpoints, there, strict=True)
    ]
    points = {
        n: [[_number(float(x)), _number(float(v))] for x, v in zip(*c, strict=True)]
        for n, c in curves.items()
    }
    about = {FORMAT: VERSION, "form": FORM, "checkpoints": json.dumps(entries), "metrics": json.dumps(points)}
    if network is not None:
        about["network"] = network.decode()
    if sum(map(len, about.values())) > MAX_METADATA_BYTES:
        raise ValueError(
            f"the metrics of this history take more than {MAX_METADATA_BYTES // 1_000_000} MB; keep it as a folder"
        )

    def parts() -> Iterator[memoryview | bytes]:
        yield layout.header(about)
        for name in layout.in_order:
            tensor = layout.tensors[name]
            for places in there:
                arrays, own = places.get(name, ({}, name))
                array = arrays[own] if own in arrays else np.zeros(tensor.shape[1:], tensor.dtype)
                yield np.ascontiguousarray(array, dtype=tensor.dtype).reshape(-1).view(np.uint8).data

    directory = Directory(path.parent)
    try:
        directory.write(path.name, parts())
        directory.sync()
    finally:
        directory.close()


def _entry(checkpoint: Checkpoint, lacks: Sequence[str]) -> dict[str, Any]:
    entry: dict[str, Any] = {"metrics": json.loads(dumped(checkpoint.metrics))}
    if checkpoint.step is not None:
        entry["step"] = checkpoint.step
    if checkpoint.epoch is not None:
        entry["epoch"] = checkpoint.epoch
    if lacks:
        entry["lacks"] = list(lacks)
    if checkpoint.left_out:
        entry["left_out"] = list(checkpoint.left_out)
    return entry


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
