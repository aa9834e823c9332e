"""What each demo hands over: a trained model, its history, and a paragraph on what to look for.

Not for training: see the files beside it, one for each net.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnweightviz.history import History


@dataclass(frozen=True)
class Study:
    """A trained net; ``names`` are keyword arguments for ``WeightViz``, ``text`` is true of these weights."""

    title: str
    model: Any
    history: History
    text: str
    names: Mapping[str, Any] = field(default_factory=dict)
