"""Measures of weights over training: pure functions of arrays, each with its formula and source.

Each takes an array ``(n_checkpoints, ...)``, a mapping of such arrays, or a history, which is read some checkpoints
at a time; of a history, it is taken of each parameter, layer, bundle or gate (see :class:`What`). Not for drawing.
"""

from __future__ import annotations

from nnweightviz.measures.correlation import Decay, LayerCorrelation, exponential_decay, layer_correlation
from nnweightviz.measures.entries import histogram, moments, quantiles, sparsity, tail_index
from nnweightviz.measures.given import What
from nnweightviz.measures.sizes import cosine_similarity, distance, norm, update_norm, update_ratio
from nnweightviz.measures.spectra import (
    effective_rank,
    marchenko_pastur_edges,
    numerical_rank,
    ranks,
    singular_values,
    spectral_norm,
    stable_rank,
)

__all__ = [
    "Decay",
    "LayerCorrelation",
    "What",
    "cosine_similarity",
    "distance",
    "effective_rank",
    "exponential_decay",
    "histogram",
    "layer_correlation",
    "marchenko_pastur_edges",
    "moments",
    "norm",
    "numerical_rank",
    "quantiles",
    "ranks",
    "singular_values",
    "sparsity",
    "spectral_norm",
    "stable_rank",
    "tail_index",
    "update_norm",
    "update_ratio",
]
