"""The moments that checkpoints are of, and which of many checkpoints stand for all. Not for weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.history import History

Data = dict[str, NDArray[Any]]


def moments_of(history: History) -> Data:
    """Return ``step`` int64 and ``epoch`` float64 (NaN where not known), ``(n_checkpoints,)`` each."""
    return {"step": history.steps, "epoch": history.epochs}


def evenly(n: int, most: int) -> NDArray[np.int64]:
    """Return at most so many of n checkpoints, evenly, the first and the last among them.

    Examples
    --------
    >>> evenly(31, 4).tolist(), evenly(3, 16).tolist()
    ([0, 10, 20, 30], [0, 1, 2])
    """
    return np.floor(np.linspace(0, n - 1, min(n, most)) + 0.5).astype(np.int64)


def chosen_of(n: int, chosen: Sequence[int] | None, most: int) -> NDArray[np.int64]:
    """Return the checkpoints that are asked for, ascending, or so many evenly.

    Raises
    ------
    ValueError
        If there is no such checkpoint.
    """
    if chosen is None:
        return evenly(n, most)
    wrong = [k for k in chosen if not -n <= k < n]
    if wrong or not len(chosen):
        raise ValueError(
            f"chosen is {list(chosen)}; it takes numbers of checkpoints, and there are {n}, 0 to {n - 1}"
        )
    return np.unique(np.asarray(chosen, dtype=np.int64) % n)
