"""Whether the diagrams of a page can share one playhead, and by what. Not for moving it: that is the browser's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnweightviz.words import counted


def shared_by(states: Sequence[Mapping[str, Any]]) -> str:
    """Return what links the diagrams of these states: ``"step"`` if all have a step in common, else ``"number"``.

    Of several runs in one diagram, the one that is shown counts.

    Raises
    ------
    ValueError
        If there are fewer than two diagrams, or they have neither a step nor the number of checkpoints in common.
    """
    if len(states) < 2:
        raise ValueError(f"linked=True links two diagrams or more; this page has {len(states)}")
    runs = [_shown(state) for state in states]
    counts = [run["n_checkpoints"] for run in runs]
    steps = [{step for step in run["steps"] or () if step is not None} for run in runs]
    if set.intersection(*steps):
        return "step"
    if len(set(counts)) == 1:
        return "number"
    told = "; ".join(
        f"diagram {k} has {counted(n, 'checkpoint')}, {_span(known)}"
        for k, (n, known) in enumerate(zip(counts, steps, strict=True))
    )
    raise ValueError(
        f"the diagrams of this page cannot be linked: {told}. They need a step that all have, or the same number of "
        "checkpoints: record them alike, thin one with history.thin(n), or leave linked=True out"
    )


def _shown(state: Mapping[str, Any]) -> Mapping[str, Any]:
    runs: list[Mapping[str, Any]] = state["_index"]["runs"]
    return next((run for run in runs if run["name"] == state["options"].get("run")), runs[0])


def _span(steps: set[int]) -> str:
    return f"steps {min(steps)} to {max(steps)}" if steps else "no steps"
