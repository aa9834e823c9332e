"""Folders as Hugging Face's Trainer writes them: ``checkpoint-500/model.safetensors`` and ``trainer_state.json``.

Not for what else lies there: optimiser, tokenizer, generator states.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.storage.forms import INDEX, Resolve, form_of, read_sharded
from nnweightviz.storage.json_files import read_json
from nnweightviz.storage.labels import as_number, epoch_in, step_in
from nnweightviz.storage.stored import UnreadableError

WEIGHTS = (
    "model.safetensors",
    f"model.safetensors{INDEX}",
    "pytorch_model.bin",
    f"pytorch_model.bin{INDEX}",
)
"""The file that holds a model's parameters; the first that is there is taken."""
ADAPTERS = ("adapter_model.safetensors", "adapter_model.bin")
STATE = "trainer_state.json"
MAX_RECORDS = 1_000_000
Points = dict[str, list[tuple[float, float]]]


def weights_in(folder: Path, resolve: Resolve) -> Path | None:
    """Return the file with a folder's parameters, or None if the folder is none of this kind."""
    return next((folder / name for name in WEIGHTS if resolve(folder / name) is not None), None)


def has_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter to a model that is elsewhere."""
    return any((folder / name).is_file() for name in ADAPTERS)


def read(weights: Path, resolve: Resolve) -> tuple[Checkpoint, Points]:
    """Return the checkpoint that ``weights_in`` has found, and the metrics that were logged up to it, by step.

    Raises
    ------
    UnreadableError
        If the weights cannot be read. A damaged ``trainer_state.json`` tells nothing.
    """
    if weights.name.endswith(INDEX):
        checkpoint = read_sharded(weights, resolve)
    else:
        form, resolved = form_of(weights), resolve(weights)
        if form is None or resolved is None:
            raise UnreadableError(weights, "it leads out of the folder that was opened")
        checkpoint = form(resolved)
    path = resolve(weights.with_name(STATE))
    if path is None:
        return checkpoint, {}
    try:
        state = read_json(path)
    except UnreadableError:
        return checkpoint, {}
    numbers = {name: number for name, value in state.items() if (number := as_number(value)) is not None}
    points = _logged(state.get("log_history"))
    step, epoch = step_in(numbers), epoch_in(numbers)
    metrics = {name: curve[-1][1] for name, curve in points.items() if curve[-1][0] == step}
    return replace(checkpoint, step=step, epoch=epoch, metrics={**checkpoint.metrics, **metrics}), points


def _logged(history: object) -> Points:
    """Return name -> (step, value) of all numbers that a Trainer has logged, but its totals at the end."""
    points: Points = {}
    for record in history[:MAX_RECORDS] if isinstance(history, list) else ():
        if not isinstance(record, dict) or "train_runtime" in record:
            continue
        step = as_number(record.get("step"))
        if step is None or not 0 <= step < 2**53:
            continue
        for name, value in record.items():
            number = as_number(value)
            if name not in ("step", "epoch") and number is not None:
                points.setdefault(str(name)[:80], []).append((float(step), float(number)))
    return {name: sorted(curve, key=lambda point: point[0]) for name, curve in points.items()}
