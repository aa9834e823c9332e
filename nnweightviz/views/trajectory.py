"""Weights and their sizes against steps: the numbers behind the view of that name. Not for drawing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from nnweightviz import measures
from nnweightviz.network import Network
from nnweightviz.views import sample as samples
from nnweightviz.views.parts import Parts, check_choice
from nnweightviz.views.runs import each, named_runs
from nnweightviz.views.sample import SAMPLES, Sample
from nnweightviz.views.times import Data, moments_of

KINDS = ("weights", "update_norm", "norm", "update_ratio", "sparsity")
N_SAMPLED, BELOW = 100, 0.01


def trajectory(
    history: Any,
    kind: str = "weights",
    *,
    network: Network | None = None,
    of: Sequence[str] | None = None,
    by: str = "layer",
    normalise: str | None = "none",
    sample: str = "strongest",
    n_sampled: int = N_SAMPLED,
    seed: int = 0,
    entries: Sequence[tuple[str, Any]] | None = None,
    below: float = BELOW,
) -> Any:
    """Return single weights at every checkpoint, or a size of each part.

    Parameters
    ----------
    history, network, of, by, normalise
        As for :func:`~nnweightviz.views.distribution`.
    kind
        ``"weights"``, or of each part ``"norm"``, ``"update_norm"`` ||w(t) - w(t-1)||, ``"update_ratio"``
        ||w(t) - w(t-1)|| / ||w(t-1)|| or ``"sparsity"``, the share of weights with |w| < ``below``.
    sample
        Which weights: the ``"strongest"`` (the largest finite |w|, not normalised, over all checkpoints and runs),
        ``"random"`` ones, as the browser draws them, or ``"selected"``.
    n_sampled, seed
        How many, and the seed of the random ones.
    entries
        The selected ones: ``(parameter, index)``, 0-based, flat or one number an axis. Given, they are what is shown.
    below
        Of the sparsity.

    Returns
    -------
    dict
        ``step``, ``epoch`` (n_checkpoints,), and either

        ``weights`` float64 (n, n_checkpoints), NaN where not recorded, and where each is: ``part``, ``parameter``,
        ``entry`` (flat index) (n,); ``parts`` are the names of all, ``n_all`` is how many weights they have; or

        ``part`` (n_parts,) and, under the name of the kind, float64 (n_parts, n_checkpoints); norms and updates are NaN
        where a weight is not finite, updates at the first checkpoint too.

        Of several runs: run -> such a dict, with the same weights.

    Raises
    ------
    TypeError, ValueError
        If something is not accepted; the message says what is.
    """
    check_choice("kind", kind, KINDS)
    sample = "selected" if entries is not None else sample
    check_choice("sample", sample, SAMPLES)
    runs = {
        run: Parts(one, network, of=of, by=by, normalise=normalise)
        for run, one in named_runs(history).items()
    }
    if kind != "weights":
        return each(runs, partial(_sizes, kind=kind, below=below))
    if not n_sampled >= 1:
        raise ValueError(f"n_sampled is {n_sampled}; it is at least 1")
    first = next(iter(runs.values()))
    if sample == "strongest":
        chosen = samples.strongest(list(runs.values()), n_sampled)
    elif sample == "random":
        chosen = samples.random(first, n_sampled, seed)
    else:
        chosen = samples.given(first, entries or ())
    return each(runs, partial(_weights, chosen=chosen))


def _weights(parts: Parts, chosen: Sample) -> Data:
    return {
        **moments_of(parts.history),
        "weights": chosen.values(parts),
        "parts": np.array(parts.names),
        "part": chosen.part,
        "parameter": chosen.parameter,
        "entry": chosen.entry,
        "n_all": np.array(chosen.n_all),
    }


def _sizes(parts: Parts, kind: str, below: float) -> Data:
    if kind == "sparsity":
        # the measure counts |w| <= threshold
        found = measures.sparsity(parts, float(np.nextafter(below, 0)) if below > 0 else 0.0)
        if below <= 0:
            found = {name: np.where(np.isnan(shares), shares, 0.0) for name, shares in found.items()}
    else:
        measure = {
            "norm": measures.norm,
            "update_norm": measures.update_norm,
            "update_ratio": measures.update_ratio,
        }[kind]
        found = measure(parts)
    values = np.stack([found[name] for name in parts.names])
    return {**moments_of(parts.history), "part": np.array(parts.names), kind: values}
