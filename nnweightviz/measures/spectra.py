"""Singular values of weight matrices, and what is made of them; of each checkpoint.

A parameter of more than two axes is the matrix of its first axis by all others (a convolution's kernels, say); one of a
single axis is one row. A checkpoint with an entry that is NaN or infinite has no singular values: all is NaN there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

import numpy as np

from nnweightviz.measures.given import Given, Values, What
from nnweightviz.measures.pieces import measured

LEAST_BY_SQUARES = 3e-5
"""Singular values down to this share of the largest one are found as roots of the eigenvalues of W W^T in float64, to
one part in a million; matrices that have smaller ones are decomposed themselves, which takes nine times as long."""


def _singular_values(values: Values) -> Values:
    n = len(values)
    matrices = values.reshape(n, 1, -1) if values.ndim <= 2 else values.reshape(*values.shape[:2], -1)
    out = np.full((n, min(matrices.shape[1:])), np.nan)
    finite = np.isfinite(matrices).all(axis=(1, 2))
    if finite.any() and out.size:
        out[finite] = _of_finite(matrices if finite.all() else matrices[finite])
    return out


def _of_finite(matrices: Values) -> Values:
    """Return singular values, largest first, by the smaller of W W^T and W^T W where that loses nothing."""
    wide = matrices if matrices.shape[1] <= matrices.shape[2] else np.swapaxes(matrices, 1, 2)
    largest = np.maximum(wide.max(axis=(1, 2)), -wide.min(axis=(1, 2)))
    scale = np.where(largest > 0, largest, 1.0)[:, np.newaxis]  # squares neither overflow nor vanish
    scaled = wide / scale[..., np.newaxis]
    squares = np.linalg.eigvalsh(scaled @ np.swapaxes(scaled, 1, 2))[:, ::-1]
    lost = squares[:, -1] < LEAST_BY_SQUARES**2 * squares[:, 0]
    s = np.sqrt(np.maximum(squares, 0))
    if lost.any():
        s[lost] = np.linalg.svd(scaled[lost], compute_uv=False)
    return np.asarray(s * scale)


def singular_values(weights: Given, **what: Unpack[What]) -> Any:
    """Return the singular values of the weight matrix, ``(n_checkpoints, min(n_rows, n_columns))``, largest first."""
    return _of_matrices(weights, _singular_values, what)


def spectral_norm(weights: Given, **what: Unpack[What]) -> Any:
    """Return the largest singular value, ``(n_checkpoints,)``."""
    return _of_singular_values(weights, lambda s, _: np.asarray(s[:, 0]), what)


def stable_rank(weights: Given, **what: Unpack[What]) -> Any:
    """Return ||W||_F^2 / ||W||_2^2, ``(n_checkpoints,)`` (Rudelson and Vershynin, 2007); NaN of zeros."""
    return _of_singular_values(weights, lambda s, _: _stable(s), what)


def effective_rank(weights: Given, **what: Unpack[What]) -> Any:
    """Return exp(-sum(p log p)) with p = s / sum(s), ``(n_checkpoints,)`` (Roy and Vetterli, 2007); NaN of zeros."""
    return _of_singular_values(weights, lambda s, _: _effective(s), what)


def numerical_rank(weights: Given, tolerance: float | None = None, **what: Unpack[What]) -> Any:
    """Return how many singular values are above a tolerance, ``(n_checkpoints,)``.

    ``tolerance`` is relative to the largest singular value; by default max(n_rows, n_columns) times the precision of
    float32, in which weights mostly are (the rule of ``numpy.linalg.matrix_rank``, after Press et al., 2007).
    """
    return _of_singular_values(weights, lambda s, longest: _numerical(s, longest, tolerance), what)


def ranks(singular_values: Values, longest: int) -> dict[str, Values]:
    """Return the stable, effective and numerical rank of matrices of which the singular values are known.

    Parameters
    ----------
    singular_values
        ``(n_checkpoints, n_values)``, largest first.
    longest
        max(n_rows, n_columns).

    Returns
    -------
    dict
        ``"stable"``, ``"effective"`` and ``"numerical"``, ``(n_checkpoints,)``: what the functions of these names give.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        numerical = _numerical(singular_values, longest, None)
        return {
            "stable": _stable(singular_values),
            "effective": _effective(singular_values),
            "numerical": numerical,
        }


def _stable(s: Values) -> Values:
    return np.asarray(((s / s[:, :1]) ** 2).sum(axis=1))


def _effective(s: Values) -> Values:
    p = s / s.sum(axis=1, keepdims=True)
    return np.asarray(np.exp(-np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), p * 0).sum(axis=1)))


def _numerical(s: Values, longest: int, tolerance: float | None) -> Values:
    relative = longest * float(np.finfo(np.float32).eps) if tolerance is None else tolerance
    return np.where(np.isnan(s[:, 0]), np.nan, (s > relative * s[:, :1]).sum(axis=1))


def _of_singular_values(weights: Given, function: Callable[[Values, int], Values], what: What) -> Any:
    def found(values: Values) -> Values:
        s = _singular_values(values)
        if not s.shape[1]:
            return np.full(len(s), np.nan)
        n_entries = int(np.prod(values.shape[1:]))
        with np.errstate(divide="ignore", invalid="ignore"):
            return function(s, max(s.shape[1], n_entries // s.shape[1]))

    return _of_matrices(weights, found, what)


def _of_matrices(weights: Given, measure: Callable[[Values], Values], what: What) -> Any:
    if what.get("by") in ("layer", "all"):
        raise ValueError(
            f"by is {what['by']!r}; singular values are of single matrices: 'parameter', 'bundle' or 'gate'"
        )
    return measured(weights, measure, **what)


def marchenko_pastur_edges(n_rows: int, n_columns: int, std: float = 1.0) -> tuple[float, float]:
    """Return from where to where singular values of random weights lie, as the matrix grows.

    Of an ``(n_rows, n_columns)`` matrix of independent entries of mean 0 and standard deviation ``std``:
    std |sqrt(n_rows) - sqrt(n_columns)| and std (sqrt(n_rows) + sqrt(n_columns)) (Marchenko and Pastur, 1967).

    Raises
    ------
    ValueError
        If a number is negative.
    """
    if min(n_rows, n_columns, std) < 0:
        raise ValueError(f"n_rows, n_columns and std are {n_rows}, {n_columns} and {std}; none is negative")
    a, b = np.sqrt(float(n_rows)), np.sqrt(float(n_columns))
    return float(std * abs(a - b)), float(std * (a + b))
