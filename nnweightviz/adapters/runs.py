"""What an adapter hands out when it runs a model on the items of a probe: outputs by group, and the prediction.

Not for choosing items or keeping what was found (see ``probe``). An adapter that can run its models has a context
manager that yields a :class:`Runner`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

Array = NDArray[Any]
SATURATED = {"Tanh": "|output| > 0.99", "Sigmoid": "output < 0.01 or > 0.99"}
"""Activations that saturate, and from where on they are counted as saturated."""
EDGE = 0.01


class ProbeError(ValueError):
    """A model that cannot be run on a probe, with where it failed and on what; its weights can still be drawn."""


@dataclass(frozen=True)
class Form:
    """What is read of a group in a run: its positions, what they are, and the activation that it can saturate at.

    ``how`` is ``"units"`` (one position), ``"time steps"``, ``"calls"`` (of a layer that is called again and again) or
    ``"mean over space"`` (of a convolutional channel: one position, made of ``n_places``).
    """

    group: str
    n_units: int
    n_positions: int
    how: str = "units"
    saturates: str | None = None
    n_places: int = 1


@dataclass(frozen=True)
class GroupBatch:
    """A group's outputs for one batch.

    ``kept`` is float ``(n_kept_items, n_kept_positions, n_units)``; of all items and positions, places in space too,
    ``peaks`` is the largest |output| of each unit, ``(n_units,)``, and ``n_saturated`` how many of the ``n_values``
    outputs of each unit are saturated, or None where nothing saturates.
    """

    kept: Array
    peaks: Array
    n_saturated: Array | None
    n_values: int


@dataclass(frozen=True)
class Batch:
    """What a model gave for one batch: by group id, and its prediction ``(n_items, ...)`` if it has items."""

    groups: Mapping[str, GroupBatch]
    prediction: Array | None


class Runner(Protocol):
    """A model ready to be run with the parameters of one checkpoint after the other."""

    forms: Mapping[str, Form]
    """By group id, in the order of the network."""
    n_bytes_per_item: int
    """About how much memory a run takes for each item."""
    shapes: Mapping[str, tuple[int, ...]]
    """Of whatever a checkpoint may hold for the model, by name."""
    output_activation: str | None
    """The activation that made the prediction, where that is known."""

    def notes(self) -> list[str]:
        """Return sentences on what could not be read, and why."""

    def load(self, state: Mapping[str, Array]) -> None:
        """Take parameters by the names in ``shapes``; the others stay as in the model."""

    def run(self, inputs: Any, items: Array, positions: Mapping[str, Array]) -> Batch:
        """Run on a batch; keep the ``items`` (numbers in the batch) and, by group, the ``positions``.

        Raises
        ------
        ProbeError
            If the model fails; it names the layer and what it was given.
        """

    def loss(self, loss: Callable[[Any, Any], Any], prediction: Array, targets: Any) -> float:
        """Return a given loss of predictions, in the tensors of the framework."""


def saturated(outputs: Any, activation: str) -> Any:
    """Return which outputs are saturated, boolean, of an array or tensor."""
    high = outputs > 1 - EDGE
    return high | (outputs < (EDGE if activation == "Sigmoid" else EDGE - 1))
