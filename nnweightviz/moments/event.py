"""One moment at which something changed, in data and in words.

Not for finding it (see ``links``, ``curves`` and ``units``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = (
    "sign flip",
    "grows",
    "shrinks",
    "all positive",
    "all negative",
    "mixed signs",
    "plateau begins",
    "plateau ends",
    "turning point",
    "unit dies",
    "unit revives",
    "NaN or Inf",
    "finite again",
    "norm explodes",
)
"""What is looked for; the rule of each is told where it is found."""


@dataclass(frozen=True)
class Event:
    """Something that changed at a checkpoint.

    Attributes
    ----------
    kind
        One of :data:`KINDS`.
    checkpoint
        The first checkpoint at which it is so, 0-based.
    size
        How large the change is; comparable within one kind: the share of |w| that flipped, a factor, a share of the
        curve's range.
    sentence
        What happened, in words, with 1-based numbers.
    where
        A selection as :attr:`WeightViz.selection` takes it, or empty if it is about the whole run.
    layer
        The layer's name, or None.
    metric
        The metric's name, or None.
    """

    kind: str
    checkpoint: int
    size: float
    sentence: str
    where: Mapping[str, Any] = field(default_factory=dict)
    layer: str | None = None
    metric: str | None = None
