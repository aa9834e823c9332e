"""Whether weights move together: correlation over checkpoints, or over runs, by how far their layers are apart.

Not for correlations of single units (see ``orders``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating[Any]]
MOST_WEIGHTS = 1000


@dataclass(frozen=True, eq=False)
class LayerCorrelation:
    """Correlation of weights by layer distance.

    ``distance`` is 0, 1, ... ``(n_layers,)``; ``mean`` and ``mean_absolute`` are Pearson's r, and its absolute value,
    averaged over all pairs of weights whose layers are so far apart, ``(n_layers,)``; ``n_pairs`` counts them.
    ``between`` has the mean absolute r of each two layers ``(n_layers, n_layers)``. ``chance`` is the mean absolute r
    of independent samples of a normal distribution: sqrt(2 / (pi n)) for n samples.
    """

    distance: NDArray[np.int64]
    mean: Values
    mean_absolute: Values
    n_pairs: NDArray[np.int64]
    between: Values
    chance: float


def layer_correlation(
    layers: Mapping[str, Any] | Sequence[Any], *, n_weights: int = MOST_WEIGHTS, seed: int = 0
) -> LayerCorrelation:
    """Correlate all weights of all layers with each other over samples: checkpoints of a run, or runs at one moment.

    Parameters
    ----------
    layers
        In their order in the network, arrays ``(n_samples, ...)``: trajectories of their weights (then ``n_samples`` is
        checkpoints), or the same weights of several runs.
    n_weights
        Of larger layers so many weights are taken, chosen by ``seed``.
    seed
        Of the choice.

    A weight that never changes, or is not finite somewhere, has no correlation and is left out. A weight is not paired
    with itself.

    Raises
    ------
    ValueError
        If the numbers of samples differ, there are fewer than three, or there are no layers.
    """
    arrays = list(layers.values()) if isinstance(layers, Mapping) else list(layers)
    rows = [np.asarray(array, dtype=np.float64).reshape(len(array), -1) for array in arrays]
    lengths = sorted({len(array) for array in rows})
    if len(lengths) != 1 or lengths[0] < 3:
        told = " and ".join(map(str, lengths)) or "no"
        raise ValueError(f"the layers have {told} samples; each has the same number, at least three")
    chosen = chosen_weights([array.shape[1] for array in rows], n_weights, seed)
    standard = [_standardised(array[:, some]) for array, some in zip(rows, chosen, strict=True)]
    n = len(standard)
    signed, absolute = np.zeros((n, n)), np.zeros((n, n))
    pairs = np.zeros((n, n), dtype=np.int64)
    for a in range(n):
        for b in range(a, n):
            r = standard[a].T @ standard[b] / lengths[0]
            r = r[np.triu_indices(len(r), 1)] if a == b else r.ravel()
            signed[a, b], absolute[a, b], pairs[a, b] = r.sum(), np.abs(r).sum(), r.size
    by_distance = [np.diagonal(table, d).sum() for d in range(n) for table in (signed, absolute, pairs)]
    sums = np.array(by_distance).reshape(n, 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.where(pairs > 0, absolute / pairs, np.nan)
        mean, mean_absolute = sums[:, 0] / sums[:, 2], sums[:, 1] / sums[:, 2]
    between = np.where(np.tri(n, k=-1, dtype=bool), between.T, between)
    chance = float(np.sqrt(2 / (np.pi * lengths[0])))
    counts = sums[:, 2].astype(np.int64)
    return LayerCorrelation(np.arange(n), mean, mean_absolute, counts, between, chance)


def chosen_weights(sizes: Sequence[int], n_weights: int = MOST_WEIGHTS, seed: int = 0) -> list[Any]:
    """Return which weights :func:`layer_correlation` takes of layers of these sizes: indices, or ``slice(None)``.

    Whoever cannot hold whole layers reads these alone, and finds the same correlations.
    """
    rng = np.random.default_rng(seed)
    return [
        slice(None) if n <= n_weights else np.sort(rng.choice(n, n_weights, replace=False)) for n in sizes
    ]


def _standardised(array: Values) -> Values:
    """Return columns of mean 0 and mean square 1, without those that are constant or not finite."""
    array = array[:, np.isfinite(array).all(axis=0)]
    centred = array - array.mean(axis=0)
    scale = np.sqrt((centred**2).mean(axis=0))
    varies = scale > np.finfo(np.float64).eps * np.abs(array).max(axis=0, initial=0.0)
    return np.asarray(centred[:, varies] / scale[varies])


@dataclass(frozen=True)
class Decay:
    """value = ``at_zero`` exp(-distance / ``length``); ``r_squared`` says how well the logarithms fit a line."""

    at_zero: float
    length: float
    r_squared: float


def exponential_decay(distance: Any, value: Any) -> Decay:
    """Fit an exponential decay by least squares on the logarithm of the values.

    ``length`` is infinite where the values do not decay, and negative where they grow. Values that are not positive
    are left out.

    Raises
    ------
    ValueError
        If fewer than two positive values are left.
    """
    x, y = np.asarray(distance, dtype=np.float64), np.asarray(value, dtype=np.float64)
    kept = np.isfinite(x) & np.isfinite(y) & (y > 0)
    x, logs = x[kept], np.log(y[kept])
    if len(np.unique(x)) < 2:
        raise ValueError(
            f"a decay needs positive values at two distances or more; {len(x)} are left of {len(y)}"
        )
    slope, intercept = np.polyfit(x, logs, 1)
    left = logs - (slope * x + intercept)
    spread = ((logs - logs.mean()) ** 2).sum()
    r_squared = 1 - (left**2).sum() / spread if spread > 0 else 1.0
    length = -1 / slope if slope != 0 else np.inf
    return Decay(float(np.exp(intercept)), float(length), float(r_squared))
