"""Singular values of weight matrices, their ranks, and correlation by layer: the numbers behind the view of spectra.

Not for drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from nnweightviz import measures
from nnweightviz.network import Network
from nnweightviz.views.parts import Parts, Values, check_choice
from nnweightviz.views.runs import each, named_runs
from nnweightviz.views.times import Data, moments_of

KINDS = ("singular_values", "ranks", "correlation")


def spectrum(
    history: Any,
    kind: str = "singular_values",
    *,
    network: Network | None = None,
    of: Sequence[str] | None = None,
    by: str = "parameter",
    normalise: str | None = "none",
    seed: int = 0,
) -> Any:
    """Return the spectrum of each weight matrix at every checkpoint, or how weights of layers correlate.

    Parameters
    ----------
    history, network, of, normalise
        As for :func:`~nnweightviz.views.distribution`.
    kind
        ``"singular_values"`` and ``"ranks"`` are of matrices, ``"correlation"`` is of the weights of layers over the
        checkpoints.
    by
        ``"gate"`` for the gates of recurrent layers, their kernels side by side; otherwise each parameter of two axes
        or more, as the matrix of its first axis by all others.
    seed
        Of the choice of 1 000 weights of larger layers, for correlations.

    Returns
    -------
    dict
        ``step``, ``epoch`` (n_checkpoints,), and either

        ``part`` (n_parts,), ``shape`` (n_parts, 2), ``singular_values`` float64 (n_parts, n_checkpoints, n_values),
        largest first, NaN behind the last one; ``edge`` (n_parts, n_checkpoints), the largest singular value of a
        random matrix of this shape and variance (Marchenko-Pastur);

        ``part``, ``shape``, and ``stable_rank``, ``effective_rank``, ``numerical_rank`` (n_parts, n_checkpoints); or

        ``layer`` (n_layers,), ``distance``, ``mean``, ``mean_absolute``, ``n_pairs`` (n_layers,), ``between``
        (n_layers, n_layers), ``chance``, and of the fit of an exponential to ``mean_absolute`` from distance 1 on
        ``at_zero``, ``length`` and ``r_squared``, NaN where there is none.

        Of several runs: run -> such a dict.

    Raises
    ------
    TypeError, ValueError
        If something is not accepted, or there is no matrix; the message says what is.
    """
    check_choice("kind", kind, KINDS)
    runs = named_runs(history)
    if kind == "correlation":
        return each(runs, lambda one: _correlation(Parts(one, network, of=of, normalise=normalise), seed))
    make = partial(_matrices, network=network, of=of, by=by, normalise=normalise)
    return each({run: make(one) for run, one in runs.items()}, _spectra if kind == KINDS[0] else _ranks)


def _matrices(
    history: Any, network: Network | None, of: Sequence[str] | None, by: str, normalise: str | None
) -> Parts:
    parts = Parts(history, network, of=of, by="gate" if by == "gate" else "parameter", normalise=normalise)
    parts.keep(lambda part: len(part.shape) >= 2, "a matrix, a parameter of two axes or more")
    return parts


def _about(parts: Parts) -> Data:
    shapes = [part.shape for part in parts.parts.values()]
    return {
        **moments_of(parts.history),
        "part": np.array(parts.names),
        "shape": np.array([(shape[0], int(np.prod(shape[1:]))) for shape in shapes]),
    }


def _spectra(parts: Parts) -> Data:
    about = _about(parts)
    found = measures.singular_values(parts)
    most = max(values.shape[1] for values in found.values())
    variances = measures.moments(parts)
    padded = [
        np.pad(found[name], ((0, 0), (0, most - found[name].shape[1])), constant_values=np.nan)
        for name in parts.names
    ]
    edges = [
        [measures.marchenko_pastur_edges(n, m, std)[1] for std in np.sqrt(variances[name]["variance"])]
        for name, (n, m) in zip(parts.names, about["shape"].tolist(), strict=True)
    ]
    return {**about, "singular_values": np.stack(padded), "edge": np.array(edges)}


def _ranks(parts: Parts) -> Data:
    of_matrices: dict[str, Callable[..., Any]] = {
        "stable_rank": measures.stable_rank,
        "effective_rank": measures.effective_rank,
        "numerical_rank": measures.numerical_rank,
    }
    found = {key: measure(parts) for key, measure in of_matrices.items()}
    return _about(parts) | {
        key: np.stack([ranks[name] for name in parts.names]) for key, ranks in found.items()
    }


def _correlation(parts: Parts, seed: int) -> Data:
    layers = {name: _stacked(parts, name) for name in parts.names}
    found = measures.layer_correlation(layers, seed=seed)
    try:
        fit = measures.exponential_decay(found.distance[1:], found.mean_absolute[1:])
        of_fit = {"at_zero": fit.at_zero, "length": fit.length, "r_squared": fit.r_squared}
    except ValueError:  # fewer than two distances
        of_fit = dict.fromkeys(("at_zero", "length", "r_squared"), np.nan)
    return {
        **moments_of(parts.history),
        "layer": np.array(list(layers)),
        "distance": found.distance,
        "mean": found.mean,
        "mean_absolute": found.mean_absolute,
        "n_pairs": found.n_pairs,
        "between": found.between,
        "chance": np.array(found.chance),
        **{key: np.array(value) for key, value in of_fit.items()},
    }


def _stacked(parts: Parts, name: str) -> Values:
    """Return a part at all checkpoints, ``(n_checkpoints, size)``, NaN where not recorded."""
    values = np.full((len(parts), parts.parts[name].size), np.nan)
    for k in range(len(parts)):
        if parts.has(name, k):
            values[k] = parts.at(name, k).reshape(-1)
    return values
