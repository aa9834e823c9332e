"""A history as a folder: one safetensors file a checkpoint, which holds all that is known of it.

``checkpoint-0000001200.safetensors`` holds the parameters; its metadata holds the step, epoch, metrics, time, tied
names and the version of this format. Beside them ``metrics.jsonl`` (metrics between checkpoints, append only, a torn
last line is ignored) and ``network.json`` (the structure, for drawing without the model). No index: nothing can
disagree with the files. Not for the thread that writes (see ``writer``).
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nnweightviz.checkpoint import QUANTITIES, Checkpoint, as_epoch, as_metrics, as_step
from nnweightviz.storage.stored import Stored, UnreadableError, opened
from nnweightviz.storage.tensors import TensorFile, TensorState, open_tensors
from nnweightviz.words import counted

FORMAT = "nnweightviz"
"""The metadata's key of the version of this format."""
VERSION = "1"
METRICS, NETWORK, LOCK = "metrics.jsonl", "network.json", ".lock"
NAME = re.compile(r"checkpoint-(\d{10}|[1-9]\d{10,17})\.safetensors")
MAX_TEXT_BYTES = 200_000_000
"""A longer metrics.jsonl or network.json is not read."""


def file_name(number: int) -> str:
    """Return the name of a checkpoint's file: its step's, or its own number's where there are no steps."""
    return f"checkpoint-{number:010d}.safetensors"


def is_history(path: Path) -> bool:
    """Whether a folder holds checkpoints as this module writes them, or is a history still empty."""
    if not path.is_dir():
        return False
    names = os.listdir(path)
    return METRICS in names or any(NAME.fullmatch(name) for name in names)


def numbers(path: Path) -> list[int]:
    """Return the numbers of a folder's checkpoints, in order."""
    return sorted(int(match[1]) for name in os.listdir(path) if (match := NAME.fullmatch(name)))


def read(path: Path, beyond: int = -1) -> Stored:
    """Return what a history folder holds (of checkpoints only those whose number is larger than ``beyond``);
    parameters are read when they are asked for.

    A file that is damaged or foreign is left out, and named in ``notes``.
    """
    checkpoints, notes = [], []
    for number in (number for number in numbers(path) if number > beyond):
        name = file_name(number)
        try:
            checkpoints.append(checkpoint_of(open_tensors(path / name), number))
        except UnreadableError as error:
            notes.append(f"left out {name}: {error.why}")
    checkpoints, odd = _of_one_kind(checkpoints)
    points, torn = read_metrics(path / METRICS)
    network, unread = read_network(path / NETWORK)
    return Stored(checkpoints, points, (*notes, *odd, *torn, *unread), network)


def checkpoint_of(file: TensorFile, number: int) -> Checkpoint:
    """Return the checkpoint of one file, its state lazy; UnreadableError if the metadata is not of this format."""
    about = file.metadata
    if about.get(FORMAT) != VERSION:
        raise UnreadableError(
            file.path,
            f"it is of version {about.get(FORMAT)!r} of the format; {VERSION!r} is what is read here",
        )
    try:
        step = as_step(int(about["step"])) if "step" in about else None
        epoch = as_epoch(about.get("epoch"))
        metrics = as_metrics(json.loads(about.get("metrics", "{}")))
        tied, lacks = json.loads(about.get("tied", "{}")), json.loads(about.get("left_out", "[]"))
        state, quantities = states_of(file, tied)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableError(file.path, f"its metadata is damaged: {error}") from None
    if step is not None and step != number:
        raise UnreadableError(file.path, f"its name is of step {number}, its metadata of step {step}")
    return Checkpoint(state, step, epoch, metrics, tuple(map(str, lacks)), quantities)


def states_of(
    file: TensorFile, tied: Mapping[str, str], row: int | None = None, lacks: Iterable[str] = ()
) -> tuple[TensorState, dict[str, TensorState]]:
    """Return the parameters of a file, lazy, and what was recorded beside them, by quantity."""
    names: dict[str, dict[str, str]] = {}
    for tensor in file.tensors:
        quantity, _, name = tensor.partition("/")
        if tensor not in lacks:
            is_beside = quantity in QUANTITIES
            names.setdefault(quantity if is_beside else "", {})[name if is_beside else tensor] = tensor
    weights = names.pop("", {})
    weights |= {str(name): str(kept) for name, kept in tied.items() if kept in weights}
    return TensorState(file, row, weights), {q: TensorState(file, row, of_it) for q, of_it in names.items()}


def metadata_of(checkpoint: Checkpoint, tied: Mapping[str, str]) -> dict[str, str]:
    """Return what a checkpoint's file says of it beside its tensors."""
    about = {FORMAT: VERSION, "time": datetime.now(UTC).isoformat(timespec="milliseconds")}
    if checkpoint.step is not None:
        about["step"] = str(checkpoint.step)
    if checkpoint.epoch is not None:
        about["epoch"] = repr(checkpoint.epoch)
    if checkpoint.metrics:
        about["metrics"] = dumped(checkpoint.metrics)
    if tied:
        about["tied"] = json.dumps(dict(tied))
    if checkpoint.left_out:
        about["left_out"] = json.dumps(checkpoint.left_out)
    return about


def dumped(metrics: Mapping[str, float]) -> str:
    """Return metrics as JSON; NaN and infinities are strings, which JSON has no numbers for."""
    return json.dumps({n: v if math.isfinite(v) else str(v) for n, v in metrics.items()}, ensure_ascii=False)


def metrics_line(x: float, metrics: Mapping[str, float], has_steps: bool) -> bytes:
    """Return one line of metrics.jsonl: ``x`` is a step, or the number of a checkpoint where there are no steps."""
    at = int(x) if float(x).is_integer() else x
    return f'{{"{"step" if has_steps else "checkpoint"}": {at}, "metrics": {dumped(metrics)}}}\n'.encode()


def read_metrics(path: Path) -> tuple[dict[str, list[tuple[float, float]]], list[str]]:
    """Return the points of a metrics.jsonl by name, and a sentence if lines could not be read."""
    text = _text(path)
    points: dict[str, list[tuple[float, float]]] = {}
    lines = text.split("\n") if text else [""]
    torn = 0
    for line in lines[:-1]:  # what stands after the last line's end was torn off
        try:
            entry = json.loads(line)
            x = float(entry["step"] if "step" in entry else entry["checkpoint"])
            for name, value in as_metrics(entry["metrics"]).items():
                points.setdefault(name, []).append((x, value))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            torn += 1
    return points, [f"{counted(torn, 'line')} of {path.name} could not be read"] if torn else []


def read_network(path: Path) -> tuple[Mapping[str, Any] | None, list[str]]:
    """Return the structure that was kept beside the checkpoints, and a sentence if it could not be read."""
    try:
        text = _text(path)
        network = json.loads(text) if text else None
    except (ValueError, RecursionError) as error:
        return None, [f"{path.name} could not be read: {error}"]
    return (
        (network, [])
        if network is None or isinstance(network, dict)
        else (None, [f"{path.name} is no object"])
    )


def _text(path: Path) -> str:
    if not os.path.lexists(path):
        return ""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_TEXT_BYTES:
            raise UnreadableError(path, f"it has {size} bytes; {MAX_TEXT_BYTES} are accepted")
        return (file.readall() or b"").decode(errors="replace")  # type: ignore[attr-defined]


def _of_one_kind(checkpoints: Iterable[Checkpoint]) -> tuple[list[Checkpoint], list[str]]:
    """Leave out checkpoints that do not belong together with the first: without a step, or of another shape."""
    kept: list[Checkpoint] = []
    notes = []
    shapes: dict[str, tuple[int, ...]] = {}
    for checkpoint in checkpoints:
        own = dict(checkpoint.state.shapes) if isinstance(checkpoint.state, TensorState) else {}
        if kept and (checkpoint.step is None) != (kept[0].step is None):
            notes.append("left out a checkpoint: some have a step, it does not, or the other way round")
        elif other := [name for name, shape in own.items() if shapes.get(name, shape) != shape]:
            notes.append(
                f"left out the checkpoint of step {checkpoint.step}: {other[0]!r} is of another shape"
            )
        else:
            kept.append(checkpoint)
            shapes |= own
    return kept, notes
