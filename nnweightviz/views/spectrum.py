"""Singular values of weight matrices, their ranks, and correlation by layer: the numbers behind the view of spectra.

As arrays, of one run or several. Not for finding them (see ``nnweightviz.spectrum``) nor for drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.spectrum import Spectra, as_spectrum, correlation
from nnweightviz.views.parts import Parts, check_choice
from nnweightviz.views.runs import each, named_runs
from nnweightviz.views.times import Data, moments_of

KINDS = ("singular_values", "ranks", "correlation")
RANKS = ("stable_rank", "effective_rank", "numerical_rank")


def spectrum(
    history: Any,
    kind: str = "singular_values",
    *,
    network: Network | None = None,
    of: Sequence[str] | None = None,
    by: str = "parameter",
) -> Any:
    """Return the spectrum of each weight matrix at every checkpoint, or how weights of layers correlate.

    Parameters
    ----------
    history, network, of
        As for :func:`~nnweightviz.views.distribution`.
    kind
        ``"singular_values"`` and ``"ranks"`` are of matrices; ``"correlation"`` is of the kernels of all layers over
        the checkpoints.
    by
        ``"gate"`` for the gates of recurrent layers, their kernels side by side; otherwise each parameter of two axes
        or more, as the matrix of its first axis by all others, and the gates that ``of`` names.

    Returns
    -------
    dict
        ``step``, ``epoch`` (n_checkpoints,), and either

        ``part`` (n_parts,), ``shape`` (n_parts, 2), ``singular_values`` float64 (n_parts, n_checkpoints, n_values),
        largest first, NaN behind the last one; ``edge`` (n_parts, n_checkpoints), the largest singular value of random
        entries of the standard deviation at that checkpoint (Marchenko and Pastur);

        ``part``, ``shape``, and ``stable_rank``, ``effective_rank``, ``numerical_rank`` (n_parts, n_checkpoints); or

        ``layer`` (n_layers,), ``distance``, ``mean``, ``mean_absolute``, ``n_pairs`` (n_layers,), ``between``
        (n_layers, n_layers), ``chance``, as :class:`~nnweightviz.measures.LayerCorrelation` has them, and of the
        exponential fitted to ``mean_absolute`` ``at_zero``, ``length`` and ``r_squared``, NaN where there is none.

        Of several runs: run -> such a dict.

    Raises
    ------
    TypeError, ValueError
        If something is not accepted, or there is no matrix; the message says what is.
    """
    check_choice("kind", kind, KINDS)
    one = _correlation if kind == "correlation" else partial(_of_matrices, kind=kind, of=of, by=by)
    return each(named_runs(history), partial(one, network=network))


def _of_matrices(
    history: History, *, network: Network | None, kind: str, of: Sequence[str] | None, by: str
) -> Data:
    parts = Parts(history, network, of=of, by="gate" if by == "gate" else "parameter")
    found = Spectra(parts.source)
    parts.keep(
        lambda part: part.name in found.names, "a weight matrix: a parameter of two axes or more, or a gate"
    )
    checkpoints = range(len(parts))
    spectra = [
        as_spectrum(name, found.shape(name), np.stack([row for _, row in found.rows(name, checkpoints)]))
        for name in parts.names
    ]
    about = {
        **moments_of(parts.history),
        "part": np.array(parts.names),
        "shape": np.array([one.shape for one in spectra]),
    }
    if kind == "ranks":
        return about | {rank: np.stack([getattr(one, rank) for one in spectra]) for rank in RANKS}
    most = max(one.singular_values.shape[1] for one in spectra)
    values = np.full((len(spectra), len(parts), most), np.nan)
    for one, padded in zip(spectra, values, strict=True):
        padded[:, : one.singular_values.shape[1]] = one.singular_values
    return {**about, "singular_values": values, "edge": np.stack([one.edge for one in spectra])}


def _correlation(history: History, *, network: Network | None) -> Data:
    parts = Parts(history, network)
    told = correlation(parts.history, parts.network)
    fit = {key: np.array(getattr(told.decay, key, np.nan)) for key in ("at_zero", "length", "r_squared")}
    names = ("distance", "mean", "mean_absolute", "n_pairs", "between")
    return {
        **moments_of(parts.history),
        "layer": np.array(told.layers),
        **{key: getattr(told.found, key) for key in names},
        "chance": np.array(told.found.chance),
        **fit,
    }
