"""Says what a history holds: checkpoints, parameters, metrics, size, and what is odd about them. As data and as text.

Not for drawing it (see ``widget``).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.checkpoint import shapes_of
from nnweightviz.curves import json_numbers
from nnweightviz.history import History
from nnweightviz.points import Floats
from nnweightviz.words import counted, printable

REGULAR = 0.8
"""Share of equal distances between steps from which on a longer one is a gap."""
UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))

Inventory = dict[str, Any]


def inventory(
    history: History, path: str | os.PathLike[str], progress: Callable[[int], object] | None = None
) -> Inventory:
    """Return what a history holds as plain, JSON-ready data. All parameters are read once, one at a time.

    Parameters
    ----------
    history
        The history.
    path
        Where it lies, for its size on the disk.
    progress
        Called with 1 after each checkpoint.
    """
    parameters: dict[str, dict[str, Any]] = {}
    for checkpoint in history:
        for name, shape in shapes_of(checkpoint.state).items():
            array = checkpoint.state[name]
            about = {
                "name": name,
                "shape": list(shape),
                "dtype": array.dtype.name,
                "n_checkpoints": 0,
                "n_odd": 0,
            }
            known = parameters.setdefault(name, about)
            known["n_checkpoints"] += 1
            known["n_odd"] += _n_odd(array)
        if progress is not None:
            progress(1)
    found = {
        "path": os.fspath(path),
        "n_checkpoints": len(history),
        "steps": history.steps[[0, -1]].tolist() if history.knows_steps and len(history) else None,
        "epochs": _ends([c.epoch for c in history if c.epoch is not None]),
        "parameters": list(parameters.values()),
        "n_values": sum(math.prod(about["shape"]) for about in parameters.values()),
        "metrics": [_metric(name, x, y) for name, (x, y) in history.log_metrics.items()],
        "n_bytes": _n_bytes(Path(path)),
    }
    return found | {"odd": [*history.notes, *_gaps(history), *_odd(found)]}


def _n_odd(array: NDArray[Any]) -> int:
    """Return how many entries are NaN or infinite."""
    if array.dtype.kind in "iub" or array.dtype.name.startswith(("int", "uint")):
        return 0
    floats = array if array.dtype.kind in "fc" else array.astype(np.float32)
    return int(array.size - np.isfinite(floats).sum())


def _ends(values: Sequence[float]) -> list[float] | None:
    return [values[0], values[-1]] if values else None


def _metric(name: str, x: Floats, y: Floats) -> dict[str, Any]:
    about: dict[str, Any] = {"name": name, "n_points": len(x), "n_odd": int((~np.isfinite(y)).sum())}
    about |= {"first": json_numbers(y[:1])[0], "last": json_numbers(y[-1:])[0]}
    finite = np.isfinite(y)
    for word, choose in (("lowest", np.argmin), ("highest", np.argmax)):
        k = int(np.flatnonzero(finite)[choose(y[finite])]) if finite.any() else None
        about[word] = None if k is None else float(y[k])
        about[f"{word}_at"] = None if k is None else float(x[k])
    return about


def _n_bytes(path: Path) -> int | None:
    """Return the size on the disk, or None if the path is a pattern."""
    try:
        files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
        return sum(file.stat().st_size for file in files)
    except OSError:
        return None


def _gaps(history: History) -> list[str]:
    """Say where steps are further apart than most of them are."""
    if not history.knows_steps or len(history) < 4:
        return []
    steps = history.steps
    distances = np.diff(steps)
    usual = np.median(distances)
    if (distances == usual).mean() < REGULAR:
        return []
    gaps = np.flatnonzero(distances > 1.5 * usual)
    named = [f"{steps[k]} to {steps[k + 1]}" for k in gaps[:3]]
    more = f" and {counted(len(gaps) - 3, 'more place')}" if len(gaps) > 3 else ""
    return [f"no checkpoints from step {', '.join(named)}{more}; most are {usual:.0f} apart"] if named else []


def _odd(found: Inventory) -> list[str]:
    sentences = []
    n = found["n_checkpoints"]
    for about in found["parameters"]:
        if about["n_checkpoints"] < n:
            sentences.append(
                f"{about['name']} is in {about['n_checkpoints']} of {counted(n, 'checkpoint')} only"
            )
        if about["n_odd"]:
            sentences.append(f"{about['name']} holds NaN or infinite values: {about['n_odd']} in all")
    for about in found["metrics"]:
        if about["n_odd"]:
            sentences.append(
                f"metric {about['name']} is NaN or infinite at {counted(about['n_odd'], 'point')}"
            )
    return sentences


def as_text(found: Inventory) -> str:
    """Return an inventory as lines for people: nothing in names is an order to the terminal."""
    about = [("checkpoints", str(found["n_checkpoints"]))]
    for word in ("steps", "epochs"):
        if found[word]:
            about.append(
                (word, " to ".join(f"{value:g}" if word == "epochs" else str(value) for value in found[word]))
            )
    about.append(("parameters", f"{len(found['parameters'])}, with {counted(found['n_values'], 'value')}"))
    if found["n_bytes"] is not None:
        about.append(("on the disk", _size(found["n_bytes"])))
    blocks = [_table([(f"{word}:", text) for word, text in about])]
    rows = [
        (p["name"], "x".join(map(str, p["shape"])) or "one number", p["dtype"]) for p in found["parameters"]
    ]
    if rows:
        blocks.append(_table([("parameter", "shape", "dtype"), *rows]))
    if found["metrics"]:
        header = ("metric", "points", "first", "last", "lowest", "at", "highest", "at")
        blocks.append(_table([header, *map(_metric_row, found["metrics"])]))
    if found["odd"]:
        blocks.append("\n".join(["odd:", *(f"- {printable(sentence)}" for sentence in found["odd"])]))
    return "\n\n".join([printable(str(found["path"])), *blocks])


def _metric_row(about: Mapping[str, Any]) -> tuple[str, ...]:
    words = ("first", "last", "lowest", "lowest_at", "highest", "highest_at")
    return (about["name"], str(about["n_points"]), *(_number(about[word]) for word in words))


def _number(value: float | str | None) -> str:
    return "-" if value is None else value if isinstance(value, str) else f"{value:.6g}"


def _size(n_bytes: int) -> str:
    for size, unit in UNITS:
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes} bytes"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as lines, in columns."""
    clean = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in clean]
    return "\n".join(line.rstrip() for line in lines)
