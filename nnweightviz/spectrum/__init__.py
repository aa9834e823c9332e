"""Spectra of weights over training: singular values, ranks, the edge of random weights; correlation by layer distance.

Of a history and its network, with :mod:`nnweightviz.measures`. Not for telling a browser (see ``told``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.history import History
from nnweightviz.measures.correlation import (
    MOST_WEIGHTS,
    Decay,
    LayerCorrelation,
    chosen_weights,
    exponential_decay,
    layer_correlation,
)
from nnweightviz.measures.pieces import WINDOW_VALUES, Piece, layer_of, pieces_of
from nnweightviz.measures.spectra import marchenko_pastur_edges, ranks, singular_values
from nnweightviz.network import Network
from nnweightviz.parameters import Parameters

Floats = NDArray[np.float64]
NUMBERS = ("stable", "effective", "numerical", "std")
"""What is known of a matrix at a checkpoint beside its singular values, in this order."""
MOST_PRODUCTS = 200_000_000
"""Pairs of weights that are correlated at most: of many layers, fewer weights are taken of each."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The spectrum of one weight matrix ``shape`` at each checkpoint; NaN where it has none.

    ``singular_values`` are ``(n_checkpoints, n_values)``, largest first; ``stable_rank``, ``effective_rank``,
    ``numerical_rank``, ``std`` (the standard deviation of the entries) and ``edge`` are ``(n_checkpoints,)``. ``edge``
    is the largest singular value that is to be expected of independent entries of that standard deviation (Marchenko
    and Pastur, 1967).
    """

    name: str
    shape: tuple[int, int]
    singular_values: Floats
    stable_rank: Floats
    effective_rank: Floats
    numerical_rank: Floats
    std: Floats
    edge: Floats


@dataclass(frozen=True, eq=False)
class Correlation:
    """How weights of ``layers`` (in their order) move together over checkpoints, and how that decays with distance.

    ``decay`` is fitted to the mean absolute r; None where it has no two distances with values. At most ``n_weights`` of
    each layer were taken.
    """

    layers: tuple[str, ...]
    found: LayerCorrelation
    decay: Decay | None
    n_weights: int


class Spectra:
    """What has a spectrum in a network: parameters of two axes or more, and gates of recurrent layers, by ``names``.

    A gate, ``"lstm.i"``, is its kernels side by side, without biases. Nothing is read before it is asked for.
    """

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.network = parameters.network
        every = _Recorded(parameters)
        kernels = [name for name, shape in parameters.shapes.items() if len(shape) >= 2 and 0 not in shape]
        found = pieces_of(every, {"parameters": kernels})
        found += pieces_of(every, {"by": "gate", "network": self.network})
        self.kernels = kernels
        self._pieces = {piece.name: piece for piece in found}
        self._shapes: dict[str, tuple[int, int]] = {}

    @property
    def names(self) -> list[str]:
        """Parameters first, then gates."""
        return list(self._pieces)

    def size(self, name: str) -> int:
        """Return how many numbers are read for one checkpoint."""
        return self._piece(name).size

    def shape(self, name: str) -> tuple[int, int]:
        """Return the rows and columns of a matrix; of a gate it is read once for that."""
        if name not in self._shapes:
            shape: tuple[int, ...] | None = self.parameters.shapes.get(name)
            shape = shape or self._piece(name).at(self._state(0), None, 0).shape[1:]
            self._shapes[name] = (shape[0], math.prod(shape[1:])) if len(shape) > 1 else (1, shape[0])
        return self._shapes[name]

    def rows(self, name: str, checkpoints: Sequence[int]) -> Iterator[tuple[int, Floats]]:
        """Yield checkpoints with :data:`NUMBERS` and the singular values of a matrix, ``(4 + n_values,)``.

        Raises
        ------
        ValueError
            If there is no such matrix.
        """
        piece = self._piece(name)
        most = max(1, WINDOW_VALUES // max(1, piece.size))
        for start in range(0, len(checkpoints), most):
            some = checkpoints[start : start + most]
            matrices = np.concatenate([piece.at(self._state(k), None, k) for k in some])
            yield from zip(some, _measured(matrices.reshape(*matrices.shape[:2], -1)), strict=True)

    def correlation(self, n: int) -> Correlation:
        """Correlate the weights of layers over the first ``n`` checkpoints; see :func:`correlation`."""
        layers: dict[str, list[str]] = {}
        for name in self.kernels:
            layers.setdefault(layer_of(name) or name, []).append(name)
        shapes = self.parameters.shapes
        sizes = [sum(math.prod(shapes[name]) for name in names) for names in layers.values()]
        n_weights = most_weights(len(layers))
        chosen = chosen_weights(sizes, n_weights)
        taken: list[list[Floats]] = [[] for _ in sizes]
        for k in range(n):
            state = self._state(k)
            for found, names, some in zip(taken, layers.values(), chosen, strict=True):
                found.append(_entries(state, [(name, math.prod(shapes[name])) for name in names], some))
        stacked = {name: np.stack(found) for name, found in zip(layers, taken, strict=True)}
        correlated = layer_correlation(stacked, n_weights=n_weights)
        try:
            decay: Decay | None = exponential_decay(correlated.distance, correlated.mean_absolute)
        except ValueError:  # one layer, or nothing that moves
            decay = None
        return Correlation(tuple(layers), correlated, decay, n_weights)

    def _piece(self, name: str) -> Piece:
        if name not in self._pieces:
            there = ", ".join(self._pieces) or "none"
            raise ValueError(f"{name!r} has no spectrum; matrices of this network are: {there}")
        return self._pieces[name]

    def _state(self, k: int) -> _State:
        return _State(self.parameters, k)


def most_weights(n_layers: int) -> int:
    """Return of how many weights of each layer correlations are taken."""
    n_pairs = max(1, n_layers * (n_layers + 1) // 2)
    return max(100, min(MOST_WEIGHTS, math.isqrt(MOST_PRODUCTS // n_pairs)))


def _entries(state: _State, names: Sequence[tuple[str, int]], some: Any) -> Floats:
    """Return some entries of parameters laid behind each other, NaN of those that are not there."""
    pieces = [state[name].reshape(-1) if name in state else np.full(size, np.nan) for name, size in names]
    values = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    return np.asarray(values[some], dtype=np.float64)


def _measured(matrices: Floats) -> Floats:
    """Return :data:`NUMBERS` and singular values of matrices ``(n, n_rows, n_columns)``, one row each."""
    s = singular_values(matrices)
    found = ranks(s, max(matrices.shape[1:]))
    with np.errstate(invalid="ignore", over="ignore"):
        std = np.where(np.isnan(s[:, 0]), np.nan, matrices.std(axis=(1, 2)))
    return np.column_stack([found["stable"], found["effective"], found["numerical"], std, s])


def as_spectrum(name: str, shape: tuple[int, int], rows: Floats) -> Spectrum:
    """Return the spectrum that rows of :meth:`Spectra.rows` make."""
    stable, effective, numerical, std = rows[:, : len(NUMBERS)].T
    edge = std * marchenko_pastur_edges(*shape)[1]
    return Spectrum(name, shape, rows[:, len(NUMBERS) :], stable, effective, numerical, std, edge)


def spectra(history: History, network: Network, names: Sequence[str] | None = None) -> dict[str, Spectrum]:
    """Return the spectra of weight matrices at all checkpoints, by name; of a history on disk, one is read at a time.

    Parameters
    ----------
    history, network
        As the widget has them: ``viz.history`` and ``viz.network``.
    names
        Parameters of two axes or more (the first by all others), or gates, ``"lstm.i"``; all by default.

    Raises
    ------
    ValueError
        If there is no such matrix, or the history does not belong to the network.
    """
    found = Spectra(Parameters(network, history))
    checkpoints = range(len(history))
    return {
        name: as_spectrum(
            name, found.shape(name), np.stack([row for _, row in found.rows(name, checkpoints)])
        )
        for name in (found.names if names is None else names)
    }


def correlation(history: History, network: Network) -> Correlation:
    """Return how the kernels of layers move together over the checkpoints, by how far the layers are apart.

    Of large layers, and of many, some weights are taken; see :func:`~nnweightviz.measures.layer_correlation`.

    Raises
    ------
    ValueError
        If there are fewer than three checkpoints, or no layers.
    """
    return Spectra(Parameters(network, history)).correlation(len(history))


class _State(Mapping[str, NDArray[Any]]):
    """The parameters of a checkpoint under the network's names, read when they are asked for."""

    def __init__(self, parameters: Parameters, k: int) -> None:
        self._parameters, self._k = parameters, k
        self._tied = parameters.network.tied or {}

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._parameters.array(self._k, self._tied.get(name, name))

    def __contains__(self, name: object) -> bool:
        return self._parameters.has(self._tied.get(str(name), str(name)), self._k)

    def __iter__(self) -> Iterator[str]:
        return iter(name for name in self._parameters.shapes if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True)
class _Snapshot:
    state: _State


class _Recorded:
    """All checkpoints that there are of some parameters, as measures take them."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        tied = parameters.network.tied or {}
        shapes = parameters.shapes
        self.parameters = shapes | {name: shapes[first] for name, first in tied.items() if first in shapes}

    def __len__(self) -> int:
        return len(self._parameters.checkpoints)

    def __getitem__(self, k: int) -> _Snapshot:
        return _Snapshot(_State(self._parameters, k))

    def __iter__(self) -> Iterator[_Snapshot]:
        return map(self.__getitem__, range(len(self)))
