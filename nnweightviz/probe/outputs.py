"""What a probe found: outputs of units, predictions, losses at every checkpoint.

Not for finding them (see ``outputs_of``) nor for showing them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.adapters.runs import SATURATED
from nnweightviz.probe.scores import Task, as_probabilities
from nnweightviz.words import counted

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class GroupOutputs:
    """Outputs of a group's units, after the activation.

    ``values`` is float16 or float32 ``(n_checkpoints, n_items, n_positions, n_units)``, NaN where nothing was read;
    ``positions`` are the 0-based numbers of those kept of ``n_positions``. ``how`` says what positions are: ``"units"``
    (one), ``"time steps"``, ``"calls"`` of a layer, or ``"mean over space"`` (one). Over *all* items, positions and
    places, ``peaks`` is the largest |output| and ``saturated`` the share of outputs that are saturated (None where the
    activation does not saturate), both ``(n_checkpoints, n_units)``.
    """

    values: Array
    positions: NDArray[np.int64]
    n_positions: int
    how: str
    peaks: Array
    saturated: Array | None = None
    saturates: str | None = None

    @property
    def saturation(self) -> str | None:
        """From where on an output counts as saturated, in words; None where nothing saturates."""
        return SATURATED.get(self.saturates or "")

    @property
    def is_dead(self) -> NDArray[np.bool_]:
        """Which units put out zero for every item, ``(n_checkpoints, n_units)``."""
        return np.asarray(self.peaks == 0)


@dataclass(frozen=True, eq=False)
class Outputs:
    """What a probe found at ``checkpoints`` (0-based numbers), by group, and by split (``"train"``, ``"test"``).

    ``items`` are the kept items: by split, their 0-based numbers; everywhere else they follow each other, training
    before test. ``prediction`` is ``(n_checkpoints, n_items, ...)`` of the kept items, ``targets`` ``(n_items, ...)``
    theirs. ``loss`` and ``accuracy`` are ``(n_checkpoints,)`` over all items of a split, ``confusion``
    ``(n_checkpoints, n_classes, n_classes)`` counts them, rows being true classes. ``notes`` say all that was chosen,
    guessed or left out.
    """

    checkpoints: NDArray[np.int64]
    items: Mapping[str, NDArray[np.int64]]
    groups: Mapping[str, GroupOutputs]
    prediction: Array | None = None
    targets: Array | None = None
    task: Task | None = None
    loss_name: str | None = None
    loss: Mapping[str, Array] = field(default_factory=dict)
    accuracy: Mapping[str, Array] = field(default_factory=dict)
    confusion: Mapping[str, Array] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        split = " and ".join(f"{len(numbers)} {split}" for split, numbers in self.items.items())
        last = [
            f"{what} ({split}) {values[-1]:.4g}"
            for what, curves in ((self.loss_name, self.loss), ("accuracy", self.accuracy))
            for split, values in curves.items()
            if len(values)
        ]
        return (
            f"Outputs of {', '.join(self.groups) or 'no group'}: {counted(self.n_checkpoints, 'checkpoint')}, {split} "
            f"items kept{'; at the last ' if last else ''}{', '.join(last)}"
        )

    @property
    def n_checkpoints(self) -> int:
        """At how many checkpoints the model was run."""
        return len(self.checkpoints)

    @property
    def n_items(self) -> int:
        """How many items are kept."""
        return sum(map(len, self.items.values()))

    @property
    def is_test(self) -> NDArray[np.bool_]:
        """Which of the kept items are test items, ``(n_items,)``."""
        return np.repeat(
            np.array([split == "test" for split in self.items], bool), list(map(len, self.items.values()))
        )

    @property
    def peaks(self) -> dict[str, Array]:
        """Group id -> the largest |output| of each unit over all items: what :func:`nnweightviz.events` takes."""
        return {name: group.peaks for name, group in self.groups.items()}

    @property
    def residuals(self) -> Array | None:
        """Target minus prediction of the kept items, ``(n_checkpoints, n_items, ...)``; None but for regression."""
        if self.task is None or self.task.kind != "regression" or self.prediction is None:
            return None
        wanted = np.asarray(self.targets, dtype=np.float64).reshape(self.prediction.shape[1:])
        return np.asarray(wanted - self.prediction)

    @property
    def probabilities(self) -> Array | None:
        """Predicted probabilities of the kept items, classes along axis 2; None but for classification."""
        if self.task is None or self.task.kind == "regression" or self.prediction is None:
            return None
        return as_probabilities(self.prediction, self.task.form, self.task.kind)
