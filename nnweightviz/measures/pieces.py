"""What a measure is taken of: arrays, or the parameters, layers, bundles or gates of a history, read piece by piece.

Not for measuring (see the other modules here).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from nnweightviz.measures.given import (
    Given,
    Matrices,
    Recorded,
    Result,
    Stacked,
    State,
    Structure,
    Values,
    What,
    as_values,
)

WINDOW_VALUES = 4_000_000
"""Weights that are held and converted to float64 at a time, unless a single checkpoint of a piece has more."""


class Piece:
    """One thing that is measured: its name, and its values in a state."""

    def __init__(
        self,
        name: str,
        layer: str,
        parts: Sequence[Callable[[State], Any]],
        size: int,
        *,
        is_matrix: bool = False,
    ) -> None:
        self.name, self.layer, self.size = name, layer, size
        self._parts, self._is_matrix = parts, is_matrix

    def at(self, state: State, norms: Values | None, k: int) -> Values:
        """Return its values at checkpoint k in float64, ``(1, ...)``: as they are, matrices side by side, or in one row
        if it has other parts; divided by the checkpoint's norm if there are norms.
        """
        values = self.recorded(state).astype(np.float64, copy=False)
        return values if norms is None else _divided(values, norms[k : k + 1])

    def recorded(self, state: State) -> NDArray[Any]:
        """Return its values as they were recorded, in the shape of :meth:`at`."""
        parts = [np.asarray(part(state)) for part in self._parts]
        are_matrices = self._is_matrix and len({len(part) for part in parts}) == 1
        values = (
            parts[0] if len(parts) == 1 else np.hstack(parts if are_matrices else [p.ravel() for p in parts])
        )
        return values[np.newaxis]


def measured(
    given: Given,
    measure: Callable[..., Result],
    *,
    n_before: int = 0,
    reference: int | None = None,
    **what: Unpack[What],
) -> Any:
    """Take a measure of an array, or of each piece of a mapping of arrays or of a history.

    Parameters
    ----------
    given
        An array ``(n_checkpoints, ...)``, a mapping name -> such arrays, or a history, which is read some checkpoints
        at a time.
    measure
        Takes float64 ``(n, ...)`` and returns arrays of which the first axis is as long.
    n_before
        How many checkpoints before one the measure looks at.
    reference
        The number of a checkpoint whose values ``(1, ...)`` the measure takes as well.
    what
        See :class:`What`.

    Returns
    -------
    What the measure returns for an array, or a dict of it by the names of the pieces.

    Raises
    ------
    TypeError, ValueError, KeyError
        If something given is not accepted; the message says what is.
    """
    normalise = what.get("normalise")
    if normalise not in (None, "total", "layer"):
        raise ValueError(f"normalise is {normalise!r}; it is None, 'total' or 'layer'")
    if isinstance(given, Recorded) and not isinstance(given, Mapping):
        return _of_history(given, measure, n_before, reference, what)
    if isinstance(given, Mapping):
        return _of_history(Stacked(given), measure, n_before, reference, what)
    values = as_values(given)
    if normalise:
        values = _divided(values, np.sqrt((values.reshape(len(values), -1) ** 2).sum(axis=1)))
    if reference is None:
        return measure(values)
    k = _number(reference, len(values))
    return measure(values, values[k : k + 1])


def _number(reference: int, n: int) -> int:
    if not -n <= reference < n:
        raise IndexError(f"reference is {reference}; there are {n} checkpoints, 0 to {n - 1}")
    return reference % n


def _of_history(
    history: Recorded, measure: Callable[..., Result], n_before: int, reference: int | None, what: What
) -> dict[str, Any]:
    norms = _norms(history, what)
    out = {}
    for piece in pieces_of(history, what):
        of_piece, others = norms.get(piece.layer), []
        if reference is not None:
            k = _number(reference, len(history))
            others = [piece.at(history[k].state, of_piece, k)]
        windows = _windows(history, piece, n_before, of_piece)
        out[piece.name] = _joined(_later(measure(window, *others), skip) for window, skip in windows)
    return out


def pieces_of(history: Recorded, what: What) -> list[Piece]:
    """Return what is measured of a history, by name; see :class:`What`."""
    by, network = what.get("by", "parameter"), what.get("network")
    if by not in ("parameter", "layer", "bundle", "gate", "all"):
        raise ValueError(f"by is {by!r}; it is 'parameter', 'layer', 'bundle', 'gate' or 'all'")
    shapes = _taken(history, what.get("parameters"))
    total = what.get("normalise") == "total"
    if by in ("bundle", "gate"):
        if network is None:
            raise ValueError(f"by={by!r} needs network=, as nnweightviz.as_network(model) gives it")
        return _of_network(network, shapes, by, total)
    grouped: dict[str, list[str]] = {}
    for name in shapes:
        key = name if by == "parameter" else layer_of(name) if by == "layer" else "all"
        grouped.setdefault(key, []).append(name)
    if by == "all" and what.get("normalise") == "layer":
        raise ValueError("normalise='layer' is of single layers; with by='all' it is 'total' or None")
    return [
        Piece(
            key,
            "" if total else layer_of(names[0]),
            [_entry(name, shapes[name]) for name in names],
            sum(math.prod(shapes[name]) for name in names),
        )
        for key, names in grouped.items()
    ]


def layer_of(parameter: str) -> str:
    """Return the layer that a parameter belongs to by its name."""
    return parameter.rpartition(".")[0]


def _taken(history: Recorded, names: Sequence[str] | None) -> dict[str, tuple[int, ...]]:
    shapes = history.parameters
    unknown = [name for name in names or () if name not in shapes]
    if unknown:
        raise KeyError(f"there is no parameter {unknown[0]!r}; there are: {', '.join(shapes)}")
    return {name: shape for name, shape in shapes.items() if names is None or name in names}


def _of_network(
    network: Structure, shapes: Mapping[str, tuple[int, ...]], by: str, total: bool
) -> list[Piece]:
    grouped: dict[str, list[Matrices]] = {}
    for bundle in network.bundles:
        is_kernel = bundle.port and bundle.role in ("input", "recurrent")
        if bundle.parameter not in shapes or (by == "gate" and not is_kernel):
            continue
        layer = network.layer_of(bundle.target).name
        grouped.setdefault(bundle.id if by == "bundle" else f"{layer}.{bundle.port}", []).append(bundle)
    return [
        Piece(
            key,
            "" if total else layer_of(bundles[0].parameter),
            [_matrix(bundle) for bundle in bundles],
            sum(math.prod(shapes[bundle.parameter]) for bundle in bundles),
            is_matrix=True,
        )
        for key, bundles in grouped.items()
    ]


def _entry(name: str, shape: tuple[int, ...]) -> Callable[[State], Any]:
    return lambda state: state[name] if name in state else np.full(shape, np.nan)


def _matrix(bundle: Matrices) -> Callable[[State], Any]:
    shape = bundle.shape[0], bundle.n_source
    return lambda state: bundle.matrix(state) if bundle.parameter in state else np.full(shape, np.nan)


def _norms(history: Recorded, what: What) -> dict[str, Values]:
    """Return what weights are divided by, ``(n_checkpoints,)`` by layer (or "" for all); empty if by nothing."""
    if not what.get("normalise"):
        return {}
    shapes = _taken(history, what.get("parameters"))
    squares: dict[str, Values] = {}
    for k, checkpoint in enumerate(history):
        for name in shapes:
            layer = "" if what["normalise"] == "total" else layer_of(name)
            values = np.asarray(_entry(name, shapes[name])(checkpoint.state), dtype=np.float64)
            square = np.square(values).sum()
            squares.setdefault(layer, np.zeros(len(history)))[k] += square
    return {layer: np.sqrt(of_layer) for layer, of_layer in squares.items()}


def _divided(values: Values, norms: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(values / norms.reshape(-1, *[1] * (values.ndim - 1)))


def _windows(
    history: Recorded, piece: Piece, n_before: int, norms: Values | None
) -> Iterator[tuple[Values, int]]:
    """Yield runs of checkpoints, and how many at the beginning of each were in the one before."""
    most = max(1 + n_before, WINDOW_VALUES // max(1, piece.size))
    held: list[NDArray[Any]] = []
    skip = 0
    for k, checkpoint in enumerate(history):
        state = checkpoint.state
        held.append(piece.recorded(state) if norms is None else piece.at(state, norms, k))
        if len(held) >= most + skip:
            yield _in_float64(held), skip
            held = held[len(held) - n_before :]
            skip = len(held)
    if len(held) > skip or not len(history):
        yield (_in_float64(held) if held else np.empty((0, 0))), skip


def _in_float64(held: list[NDArray[Any]]) -> Values:
    return np.concatenate(held, dtype=np.float64, casting="unsafe")


def _later(result: Result, skip: int) -> Result:
    if isinstance(result, dict):
        return {name: values[skip:] for name, values in result.items()}
    return result[skip:]


def _joined(found: Iterable[Result]) -> Any:
    results: list[Any] = list(found)
    if isinstance(results[0], dict):
        return {name: np.concatenate([result[name] for result in results]) for name in results[0]}
    return np.concatenate(results)
