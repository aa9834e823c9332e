"""Which checkpoint of one run stands beside which of another.

Not for runs of one model that trained on (see ``live``).
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from nnweightviz.checkpoint import Checkpoint


def matches(checkpoints: Sequence[Checkpoint], others: Sequence[Checkpoint]) -> list[int]:
    """Return for each checkpoint the number of the other run's latest one whose step is not later.

    Where there is none, it is the first; where steps are not known in both runs, they go by number.

    Examples
    --------
    >>> one = [Checkpoint({}, step) for step in (0, 50, 100)]
    >>> matches(one, [Checkpoint({}, step) for step in (0, 40, 60, 90)])
    [0, 1, 3]
    """
    last = len(others) - 1
    steps = [other.step for other in others if other.step is not None]
    if len(steps) <= last or any(checkpoint.step is None for checkpoint in checkpoints):
        return [min(k, last) for k in range(len(checkpoints))]
    wanted = [checkpoint.step for checkpoint in checkpoints if checkpoint.step is not None]
    return [max(0, bisect.bisect_right(steps, step) - 1) for step in wanted]
