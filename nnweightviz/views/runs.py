"""One history or several: what is asked of one run is asked of each. Not for what is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from nnweightviz.gather import as_history
from nnweightviz.history import History

Made = TypeVar("Made")
ONLY = ""
"""Stands for a run that was given without a name."""


def named_runs(given: Any) -> dict[str, History]:
    """Return run -> history of a history, a path, a list of checkpoints, or a mapping run -> such.

    Raises
    ------
    TypeError, ValueError
        If it is none of these, or empty.
    """
    if not isinstance(given, Mapping):
        return {ONLY: as_history(given)}
    if not given:
        raise ValueError("there are no runs: a mapping run -> history has at least one")
    return {str(run): as_history(history) for run, history in given.items()}


def by_run(runs: Mapping[str, History], found: Any) -> dict[str, Any]:
    """Return what :func:`each` returned as a mapping of runs, the only one under the name that it has here."""
    return {ONLY: found} if list(runs) == [ONLY] else dict(found)


def each(runs: Mapping[str, Made], one: Callable[[Made], Any]) -> Any:
    """Return what ``one`` makes of each run by name, or of the only one."""
    made = {run: one(of_it) for run, of_it in runs.items()}
    return made[ONLY] if list(made) == [ONLY] else made
