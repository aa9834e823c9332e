"""What a training run calls its steps, epochs and metrics, in what it saves beside the parameters.

Not for what file names tell (see ``order``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

STEPS = ("global_step", "step", "steps", "iteration", "iterations", "iter", "iters", "n_iter", "current_step",
         "train_step", "num_steps", "num_updates")  # fmt: skip
"""Names of the optimiser step, the surest first."""
EPOCHS = ("epoch", "epochs", "current_epoch", "n_epoch", "num_epoch", "last_epoch")
"""Names of the epoch, the surest first."""
NESTED = (
    "metrics",
    "meta",
    "scores",
    "results",
    "callback_metrics",
    "stats",
    "logs",
    "losses",
    "extra",
    "info",
)
"""Under what they may stand together."""
METRIC_WORDS = (
    "loss",
    "acc",
    "error",
    "score",
    "auc",
    "f1",
    "mse",
    "mae",
    "ppl",
    "perplexity",
    "reward",
    "lr",
)
MAX_METRICS = 200


def step_in(found: Mapping[str, float]) -> int | None:
    """Return the step among the numbers of a checkpoint, or None."""
    for name in STEPS:
        value = found.get(name)
        if value is not None and 0 <= value < 2**63 and float(value).is_integer():
            return int(value)
    return None


def epoch_in(found: Mapping[str, float]) -> float | None:
    """Return the epoch among the numbers of a checkpoint, or None."""
    for name in EPOCHS:
        value = found.get(name)
        if value is not None and 0 <= value < 2**63:
            return int(value) if float(value).is_integer() else float(value)
    return None


def metrics_in(found: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics among the numbers of a checkpoint: fractions, and whole numbers whose name says so."""
    numbers = {
        name: float(value)
        for name, value in found.items()
        if name.lower() not in (*STEPS, *EPOCHS)
        and (isinstance(value, float) or any(word in name.lower() for word in METRIC_WORDS))
    }
    return dict(list(numbers.items())[:MAX_METRICS])


def as_number(value: Any) -> float | None:
    """Return a number as it is, a float's NaN too; None for anything else, and for whole numbers beyond 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, float) or abs(value) < 2**63 else None


def number_in_text(text: str) -> float | None:
    """Return the number that a short text is, whole if it is written so, or None."""
    if len(text) > 40:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
