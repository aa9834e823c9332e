"""How weights are spread: the numbers behind the view of that name, of one run or several. Not for drawing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from nnweightviz import measures
from nnweightviz.network import Network
from nnweightviz.views.parts import Parts, Values, check_choice
from nnweightviz.views.runs import each, named_runs
from nnweightviz.views.times import Data, chosen_of, moments_of

KINDS = ("histogram", "multiples", "ridgeline", "density", "surface", "moments")
N_BINS = 60
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST_CHOSEN = {"multiples": 16, "ridgeline": 24, "surface": 120}
"""So many checkpoints are shown unless others are chosen."""


def distribution(
    history: Any,
    kind: str = "histogram",
    *,
    network: Network | None = None,
    of: Sequence[str] | None = None,
    by: str = "layer",
    normalise: str | None = "none",
    bins: Sequence[float] | None = None,
    chosen: Sequence[int] | None = None,
) -> Any:
    """Return how many weights are in each bin at every checkpoint, or their moments.

    Parameters
    ----------
    history
        A history (or what :class:`~nnweightviz.WeightViz` takes for one), or a mapping run -> history.
    kind
        ``"moments"``, or any other kind of the view: then counts, and which checkpoints it shows.
    network, of, by, normalise
        See :class:`~nnweightviz.views.parts.Parts`.
    bins
        First edge, last edge and number of bins; by default 60 from -D to D with D the largest finite |w| of what is
        looked at, over all checkpoints and runs. A weight on an inner edge is in the bin above it, one on the last
        edge in the last bin.
    chosen
        The checkpoints of small multiples, a ridgeline or a surface, 0-based; by default 16, 24 or 120, evenly.

    Returns
    -------
    dict
        ``part`` (n_parts,) the names, ``step`` and ``epoch`` (n_checkpoints,), ``size`` (n_parts,) how many weights,
        ``recorded`` bool (n_parts, n_checkpoints), and either

        ``edges`` (n_bins + 1,), ``counts`` int64 (n_parts, n_checkpoints, n_bins), ``below``, ``above`` (beyond the
        edges) and ``n_odd`` (NaN or infinite) int64 (n_parts, n_checkpoints), ``chosen`` where the kind shows some
        checkpoints only; or

        ``mean``, ``variance``, ``skewness``, ``excess_kurtosis`` float64 (n_parts, n_checkpoints), ``q`` (5,) and
        ``quantiles`` (n_parts, n_checkpoints, 5).

        Of several runs: run -> such a dict, with the same edges.

    Raises
    ------
    TypeError, ValueError
        If something is not accepted; the message says what is.
    """
    check_choice("kind", kind, KINDS)
    runs = {
        run: Parts(one, network, of=of, by=by, normalise=normalise)
        for run, one in named_runs(history).items()
    }
    if kind == "moments":
        return each(runs, _moments)
    edges = edges_of(runs.values(), bins)

    def counted(parts: Parts) -> Data:
        some = {"chosen": chosen_of(len(parts), chosen, MOST_CHOSEN[kind])} if kind in MOST_CHOSEN else {}
        return _counts(parts, edges) | some

    return each(runs, counted)


def _about(parts: Parts) -> Data:
    sizes = np.array([part.size for part in parts.parts.values()])
    return {
        "part": np.array(parts.names),
        **moments_of(parts.history),
        "size": sizes,
        "recorded": parts.recorded(),
    }


def _counts(parts: Parts, edges: Values) -> Data:
    found = measures.histogram(parts, edges)
    about = _about(parts)
    counts, below, above = (
        np.stack([found[name][key] for name in parts.names]).astype(np.int64)
        for key in ("counts", "below", "above")
    )
    n_odd = about["size"][:, None] - counts.sum(axis=2) - below - above
    n_odd = np.where(about["recorded"], n_odd, 0)
    return {**about, "edges": edges, "counts": counts, "below": below, "above": above, "n_odd": n_odd}


def _moments(parts: Parts) -> Data:
    found = measures.moments(parts)
    names = ("mean", "variance", "skewness", "excess_kurtosis")
    stacked = {key: np.stack([found[name][key] for name in parts.names]) for key in names}
    quantiles = measures.quantiles(parts, QUANTILES)
    return {
        **_about(parts),
        **stacked,
        "q": np.array(QUANTILES),
        "quantiles": np.stack([quantiles[name] for name in parts.names]),
    }


def edges_of(runs: Iterable[Parts], bins: Sequence[float] | None) -> Values:
    """Return the edges of the bins, the same for all runs and parts.

    Raises
    ------
    ValueError
        If ``bins`` is not three numbers that make bins.
    """
    if bins is None:
        largest = max((largest_of(parts) for parts in runs), default=0.0)
        bins = [-largest, largest, N_BINS] if largest > 0 else [-1.0, 1.0, N_BINS]
    if len(bins) != 3 or not bins[0] < bins[1] or int(bins[2]) != bins[2] or bins[2] < 1:
        raise ValueError(
            f"bins is {bins!r}; it takes the first edge, the last edge and the number of bins, such as [-5, 5, 40]"
        )
    return np.linspace(bins[0], bins[1], int(bins[2]) + 1)


def largest_of(parts: Parts) -> float:
    """Return the largest finite |w| of all parts over all checkpoints, 0 if there is none."""
    largest = 0.0
    for name in parts.names:
        for k in range(len(parts)):
            if parts.has(name, k):
                sizes = np.abs(parts.at(name, k))
                top = float(sizes.max(initial=0.0))
                if not np.isfinite(top):
                    top = float(sizes[np.isfinite(sizes)].max(initial=0.0))
                largest = max(largest, top)
    return largest
