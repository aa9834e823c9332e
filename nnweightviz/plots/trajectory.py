"""Weights, or sizes of parts, against steps, for print. The numbers are those of ``views.trajectory``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnweightviz.network import Network
from nnweightviz.plots.look import FAINT, colour, hue_of
from nnweightviz.plots.moments import Timeline, thousands
from nnweightviz.plots.paper import Sheet, key, line_style, name, parts_key, runs_key
from nnweightviz.views import trajectory as numbers
from nnweightviz.views.runs import by_run, named_runs

LABELS = {
    "weights": "weight",
    "norm": "norm ‖w(t)‖",
    "update_norm": "update ‖w(t) − w(t−1)‖",
    "update_ratio": "update ‖w(t) − w(t−1)‖ / ‖w(t−1)‖",
    "sparsity": "share of |w| < {below:g}",
}


def trajectory(
    history: Any,
    kind: str = "weights",
    *,
    network: Network | None = None,
    of: Sequence[str] | None = None,
    by: str = "layer",
    normalise: str | None = "none",
    sample: str = "strongest",
    n_sampled: int = 100,
    seed: int = 0,
    entries: Sequence[tuple[str, Any]] | None = None,
    below: float = 0.01,
    x: str = "step",
    log_axes: Sequence[str] = (),
    ax: Any = None,
) -> Any:
    """Draw single weights, or a size of each part, against steps: a colour a part, dashes a run.

    Parameters
    ----------
    history, kind, network, of, by, normalise, sample, n_sampled, seed, entries, below
        As for :func:`nnweightviz.views.trajectory`.
    x
        Whether checkpoints lie by ``"step"`` or evenly (``"index"``).
    log_axes
        Which axes are logarithmic: ``"x"``, ``"y"``; what is not above zero is left out there.
    ax
        The axes to draw into; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        If something is not accepted; the message says what is.
    """
    wrong = [axis for axis in log_axes if axis not in ("x", "y")]
    if wrong:
        raise ValueError(f"log_axes names {wrong[0]!r}; it takes a list of some of 'x', 'y'")
    runs = named_runs(history)
    timeline = Timeline(runs, x)
    found = numbers(
        runs,
        kind,
        network=network,
        of=of,
        by=by,
        normalise=normalise,
        sample=sample,
        n_sampled=n_sampled,
        seed=seed,
        entries=entries,
        below=below,
    )
    of_runs = by_run(runs, found)
    sheet = Sheet(ax, ["trajectories"], size=(4.6, 3.0))
    (axes,) = sheet.axes
    first = next(iter(of_runs.values()))
    parts = first["parts" if kind == "weights" else "part"].tolist()
    drawn = [part for part in parts if part in first["part"]]
    for r, (run, data) in enumerate(of_runs.items()):
        many = kind == "weights" and len(data["part"]) > 12
        looks: dict[str, Any] = {"linewidth": 0.6 if many else 1.1, "alpha": 0.7 if many else 1.0}
        at = timeline.at(run)
        looks |= {"linestyle": line_style(r)} | ({"marker": "o", "markersize": 2.5} if len(at) == 1 else {})
        for part, values in zip(data["part"].tolist(), data[kind], strict=True):
            shown = np.where(values > 0, values, np.nan) if "y" in log_axes else values
            axes.plot(at, shown, color=colour(hue_of(parts.index(part), len(parts))), **looks)
    for axis in log_axes:
        getattr(axes, f"set_{axis}scale")("log")
    if kind == "weights" and "y" not in log_axes:
        axes.axhline(0, color=FAINT, linewidth=0.6, zorder=0)
    timeline.label_axis(axes)
    axes.set_ylabel(LABELS[kind].format(below=below) + _divided(normalise))
    axes.margins(x=0.01)
    if kind == "weights":
        name(axes, _sampled(first, "selected" if entries is not None else sample, seed))
    key(sheet, [*parts_key(parts, drawn), *runs_key(timeline.names)])
    return sheet.finish()


def _divided(normalise: str | None) -> str:
    return {"layer": " / norm of the layer", "total": " / total norm"}.get(normalise or "", "")


def _sampled(data: dict[str, Any], sample: str, seed: int) -> str:
    n, n_all = len(data["part"]), thousands(int(data["n_all"]))
    how = {"strongest": "strongest ", "selected": "selected "}.get(sample, "")
    drawn = f", drawn at random (seed {seed})" if sample == "random" else ""
    return f"{n} {how}of {n_all} weights{drawn}"
