"""How weights are spread, for print: histograms, ridgelines, densities, surfaces, moments.

The numbers are those of ``views.distribution``; single kinds are drawn in ``steps`` and ``relief``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnweightviz.network import Network
from nnweightviz.plots import relief, steps
from nnweightviz.plots.moments import Timeline
from nnweightviz.views import distribution as numbers
from nnweightviz.views.parts import check_choice
from nnweightviz.views.runs import by_run, named_runs

COUNTS = ("linear", "log")
DRAWN = {
    "histogram": steps.histogram,
    "multiples": steps.multiples,
    "ridgeline": relief.ridgeline,
    "density": relief.density,
    "surface": relief.surface,
    "moments": steps.moments,
}


def distribution(
    history: Any,
    kind: str = "histogram",
    *,
    checkpoint: int = -1,
    network: Network | None = None,
    of: Sequence[str] | None = None,
    by: str = "layer",
    normalise: str | None = "none",
    bins: Sequence[float] | None = None,
    counts: str = "linear",
    chosen: Sequence[int] | None = None,
    x: str = "step",
    log_axes: Sequence[str] = (),
    ax: Any = None,
) -> Any:
    """Draw how weights are spread: a colour a part, dashes a run.

    Parameters
    ----------
    history, network, of, by, normalise, bins, chosen
        As for :func:`nnweightviz.views.distribution`.
    kind
        ``"histogram"`` of one checkpoint, the first one as an outline behind it; ``"multiples"`` of some checkpoints;
        a ``"ridgeline"``, the first checkpoint at the top; a ``"density"`` map over time; a ``"surface"`` in three
        dimensions; or ``"moments"`` and quantiles over time.
    checkpoint
        Of the histogram, 0-based, or negative from the end.
    counts
        ``"linear"`` or ``"log"``.
    x
        Whether checkpoints lie by ``"step"`` or evenly (``"index"``).
    log_axes
        Of the moments: ``["y"]`` draws the variance on a logarithmic axis.
    ax
        The axes to draw into, one a panel (a histogram puts all parts into one); by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes, or an array of them where there are several panels

    Raises
    ------
    TypeError, ValueError
        If something is not accepted; the message says what is.
    """
    check_choice("counts", counts, COUNTS)
    check_choice("kind", kind, tuple(DRAWN))
    runs = named_runs(history)
    timeline = Timeline(runs, x)
    found = numbers(
        runs,
        kind,
        network=network,
        of=of,
        by=by,
        normalise=normalise,
        bins=bins,
        chosen=chosen,
    )
    of_runs = by_run(runs, found)
    divided = {"layer": " / norm of the layer", "total": " / total norm"}.get(normalise or "", "")
    asked = steps.Asked(
        timeline, of_runs, f"weight{divided}", is_log=counts == "log", checkpoint=checkpoint, ax=ax
    )
    if kind == "moments":
        return steps.moments(asked, is_log="y" in log_axes)
    return DRAWN[kind](asked)
