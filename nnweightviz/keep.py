"""Which checkpoints a history keeps, so that a long recording stays small.

Metrics are kept of all of them. Not for thinning what is recorded already (see ``History.thin``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.words import in_a_word


@runtime_checkable
class Policy(Protocol):
    """Decides twice: whether a checkpoint is taken at all, before it is copied, and which ones are dropped later."""

    def takes(self, k: int, at: float, last: float | None) -> bool:
        """Whether to take the ``k``-th checkpoint that is offered (0-based), at step ``at`` (or at ``k`` where there
        are no steps), when the last one that was taken was at ``last``.
        """

    def drops(self, checkpoints: Sequence[Checkpoint]) -> list[int]:
        """Return the numbers of those that are not to be kept."""


def as_policy(given: Any) -> Policy | None:
    """Return a policy, or None; TypeError if it is neither."""
    if given is None or (isinstance(given, Policy) and not isinstance(given, type)):
        return given
    raise TypeError(
        f"keep is {in_a_word(given)}; it takes a policy, such as nnweightviz.keep.Every(10) or LogSpaced(20)"
    )


@dataclass(frozen=True)
class Every:
    """Takes the first checkpoint and each ``n``-th after it.

    Examples
    --------
    >>> [k for k in range(10) if Every(4).takes(k, k, None)]
    [0, 4, 8]
    """

    n: int

    def __post_init__(self) -> None:
        _check_count("Every", "n", self.n)

    def takes(self, k: int, at: float, last: float | None) -> bool:  # noqa: ARG002
        """Whether ``k`` is a multiple of ``n``."""
        return k % self.n == 0

    def drops(self, checkpoints: Sequence[Checkpoint]) -> list[int]:  # noqa: ARG002
        """Return none."""
        return []


@dataclass(frozen=True)
class LogSpaced:
    """Takes ``per_decade`` checkpoints from one step to its tenfold: many at first, when most changes.

    Examples
    --------
    >>> policy, last, taken = LogSpaced(3), None, []
    >>> for step in range(200):
    ...     if policy.takes(step, step, last):
    ...         last = step
    ...         taken.append(step)
    >>> taken
    [0, 1, 3, 5, 10, 22, 47, 100]
    """

    per_decade: int = 10

    def __post_init__(self) -> None:
        _check_count("LogSpaced", "per_decade", self.per_decade)

    def takes(self, k: int, at: float, last: float | None) -> bool:  # noqa: ARG002
        """Whether a mark lies between the last step that was taken and this one."""
        return last is None or last <= 0 or self._mark(at) > self._mark(last)

    def _mark(self, at: float) -> int:
        return math.floor(self.per_decade * math.log10(at) + 1e-9) if at > 0 else -1

    def drops(self, checkpoints: Sequence[Checkpoint]) -> list[int]:  # noqa: ARG002
        """Return none."""
        return []


@dataclass(frozen=True)
class Best:
    """Keeps the first, the newest and the ``n`` best by a metric: the lowest values, or the highest (``"max"``).

    A checkpoint without the metric, or with NaN, counts as the worst.
    """

    metric: str
    n: int = 5
    mode: str = "min"

    def __post_init__(self) -> None:
        _check_count("Best", "n", self.n)
        if self.mode not in ("min", "max"):
            raise ValueError(f"mode is {self.mode!r}; it takes 'min' or 'max'")

    def takes(self, k: int, at: float, last: float | None) -> bool:  # noqa: ARG002
        """Take all: which are the best is known later."""
        return True

    def drops(self, checkpoints: Sequence[Checkpoint]) -> list[int]:
        """Return those that are neither the first nor the newest nor among the best; of equals the older are kept."""
        ranked = sorted(range(len(checkpoints)), key=lambda k: (self._badness(checkpoints[k]), k))
        kept = {0, len(checkpoints) - 1, *ranked[: self.n]}
        return [k for k in range(len(checkpoints)) if k not in kept]

    def _badness(self, checkpoint: Checkpoint) -> float:
        value = checkpoint.metrics.get(self.metric, math.nan)
        if math.isnan(value):
            return math.inf
        return value if self.mode == "min" else -value


def _check_count(policy: str, name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{policy} was given {name}={value!r}; it takes a whole number from 1")
