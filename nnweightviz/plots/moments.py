"""Where checkpoints lie along an axis, and what a moment is called. Not for drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.history import History
from nnweightviz.views.parts import check_choice
from nnweightviz.views.runs import ONLY

X = ("step", "index")


class Timeline:
    """The axis of the checkpoints of some runs: by step if all know theirs and it is asked for, else by number."""

    def __init__(self, runs: Mapping[str, History], x: str) -> None:
        check_choice("x", x, X)
        self.runs = dict(runs)
        self.is_by_step = x == "step" and all(history.knows_steps for history in runs.values())
        self.label = "step" if self.is_by_step else "checkpoint"

    @property
    def names(self) -> list[str]:
        """Of the runs; of a single one without a name, none."""
        return [run for run in self.runs if run != ONLY]

    def at(self, run: str) -> NDArray[np.float64]:
        """Return where a run's checkpoints are, ``(n_checkpoints,)``; numbers begin with 1."""
        history = self.runs[run]
        if self.is_by_step:
            return history.steps.astype(np.float64)
        return np.arange(1, len(history) + 1, dtype=np.float64)

    def label_axis(self, ax: Any, *, is_named: bool = True) -> None:
        """Give an axis of time round ticks, and its name."""
        axis = ax.xaxis
        ax.set_xlabel(self.label if is_named else "")
        places = {at for run in self.runs for at in self.at(run).tolist()}
        if len(places) == 1:
            axis.set_major_locator(FixedLocator(list(places)))
        elif axis.get_scale() == "linear":
            axis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
        if axis.get_scale() == "linear":
            axis.set_major_formatter(FuncFormatter(lambda value, _: thousands(round(value))))

    def edges(self, run: str) -> NDArray[np.float64]:
        """Return where the cells of a run's checkpoints begin and end: half-way between them."""
        at = self.at(run)
        if len(at) < 2:
            return np.array([at[0] - 0.5, at[0] + 0.5])
        middle = (at[1:] + at[:-1]) / 2
        return np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])


def moment(history: Sequence[Checkpoint] | History, k: int) -> str:
    """Return what a checkpoint is called: "epoch 3 · step 1200", as much of it as is known, or its number from 1."""
    checkpoint = history[k]
    told = [] if checkpoint.epoch is None else [f"epoch {checkpoint.epoch:g}"]
    if checkpoint.step is not None:
        told.append(f"step {thousands(checkpoint.step)}")
    return " · ".join(told) or f"checkpoint {k % len(history) + 1}"


def thousands(n: int) -> str:
    """Return a whole number with thin spaces between thousands and a true minus.

    Examples
    --------
    >>> thousands(-12500).replace("\u2009", "_")
    '−12_500'
    """
    return f"{n:,}".replace(",", "\u2009").replace("-", "−")


def checked(history: History, checkpoint: Any) -> int:
    """Return the number of a checkpoint, 0-based; ValueError if there is none."""
    n = len(history)
    if not isinstance(checkpoint, int | np.integer) or not -n <= checkpoint < n:
        raise ValueError(f"checkpoint is {checkpoint!r}; there are {n}, 0 to {n - 1} (or -1 for the last)")
    return int(checkpoint) % n
