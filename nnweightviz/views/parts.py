"""What the views beside the graph look at: weights put together by layer, parameter or gate, or all of them.

The twin of ``js/src/extras/parts.ts``. A history's parts are read as measures read a history. Not for measuring.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.drawn import network_of
from nnweightviz.history import History
from nnweightviz.looks import parts_of
from nnweightviz.network import Bundle, Network
from nnweightviz.parameters import Parameters

Values = NDArray[np.float64]
BY = ("all", "layer", "parameter", "gate")
NORMALISE = ("none", "layer", "total")


@dataclass(frozen=True)
class Piece:
    """A parameter, or the bundle of it that belongs to a gate."""

    parameter: str
    shape: tuple[int, ...]
    bundle: Bundle | None = None

    def of(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the piece of the parameter's array, in its shape."""
        return array if self.bundle is None else self.bundle.view(array).reshape(self.shape)


@dataclass(frozen=True)
class Part:
    """Weights that are looked at together, under the name that measures give them: ``fc1``, ``lstm.i``, ``all``."""

    name: str
    pieces: tuple[Piece, ...]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """That of a single parameter, ``(n_target, n_source)`` of a gate, else ``(size,)``."""
        if len(self.pieces) == 1:
            return self.pieces[0].shape
        sides = {piece.shape[0] for piece in self.pieces if piece.bundle is not None}
        return (sides.pop(), self.size // self.pieces[0].shape[0]) if len(sides) == 1 else (self.size,)

    @cached_property
    def size(self) -> int:
        """How many weights there are."""
        return sum(math.prod(piece.shape) for piece in self.pieces)

    def join(self, arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return one array of those of the pieces: matrices side by side, otherwise in a row."""
        if len(arrays) == 1:
            return arrays[0]
        return np.hstack(arrays if len(self.shape) == 2 else [array.reshape(-1) for array in arrays])


class _State(Mapping[str, Values]):
    """The parts at one checkpoint, in float64; those of which something was not recorded are not in it."""

    def __init__(self, parts: Parts, k: int) -> None:
        self._parts, self._k = parts, k

    def __getitem__(self, name: str) -> Values:
        return self._parts.at(name, self._k)

    def __contains__(self, name: object) -> bool:
        return self._parts.has(str(name), self._k)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._parts.parts if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Parts:
    """A history whose parameters are parts: what :mod:`nnweightviz.measures` take, with ``by="parameter"``.

    Parameters
    ----------
    history
        The checkpoints of one run.
    network
        As :func:`~nnweightviz.as_network` gives it; by default what was kept with the history, or what its names and
        shapes tell.
    of
        Names of layers, parameters or gates (``"lstm.i"``) to look at; all by default.
    by
        What is put together: ``"all"``, each ``"layer"``, ``"parameter"`` or ``"gate"`` (its kernels, without biases;
        each layer in a network without gates).
    normalise
        ``"layer"`` or ``"total"`` divides the weights of a checkpoint by the Frobenius norm of their layer, or of all
        parameters, at that checkpoint: of all that were recorded, whatever ``of`` names.

    Raises
    ------
    ValueError
        If something is not accepted, a name is unknown, the history is empty or not of this network.
    """

    def __init__(
        self,
        history: History,
        network: Network | None = None,
        *,
        of: Sequence[str] | None = None,
        by: str = "layer",
        normalise: str | None = "none",
    ) -> None:
        if not len(history):
            raise ValueError("there are no checkpoints to look at: record at least one")
        check_choice("by", by, BY)
        check_choice("normalise", normalise or "none", NORMALISE)
        self.history = history[:]  # as it is now
        self.network = network_of(None, history) if network is None else network
        self.source = Parameters(self.network, self.history)
        self._normalise = normalise or "none"
        self._norms: dict[str, Values] = {}
        _check_names(of, self.network)
        self.parts = {part.name: part for part in self._chosen(of, by)}
        if not self.parts:
            raise ValueError(f"there is nothing to look at: no {by} of {of!r} has weights")

    @property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of each part."""
        return {name: part.shape for name, part in self.parts.items()}

    def keep(self, is_kept: Callable[[Part], bool], what: str) -> None:
        """Look at some parts only; ValueError, which says what they are to be, if there are none."""
        kept = {name: part for name, part in self.parts.items() if is_kept(part)}
        if not kept:
            raise ValueError(f"none of {', '.join(self.parts)} is {what}")
        self.parts = kept

    def __len__(self) -> int:
        return len(self.source.checkpoints)

    def __getitem__(self, k: int) -> Checkpoint:
        return Checkpoint(_State(self, k % len(self)))

    def __iter__(self) -> Iterator[Checkpoint]:
        return map(self.__getitem__, range(len(self)))

    @property
    def names(self) -> list[str]:
        """Of the parts, in the order of the network."""
        return list(self.parts)

    def has(self, name: str, k: int) -> bool:
        """Whether all of a part was recorded at a checkpoint."""
        return all(self.source.has(piece.parameter, k) for piece in self.parts[name].pieces)

    def recorded(self) -> NDArray[np.bool_]:
        """Return where parts were recorded, ``(n_parts, n_checkpoints)``."""
        return np.array([[self.has(name, k) for k in range(len(self))] for name in self.parts])

    def at(self, name: str, k: int) -> Values:
        """Return a part at a checkpoint, as it is normalised; KeyError if it was not recorded."""
        part = self.parts[name]
        arrays = [self._normalised(piece, k) for piece in part.pieces]
        return part.join(arrays)

    def _normalised(self, piece: Piece, k: int) -> Values:
        values = np.asarray(piece.of(self.source.array(k, piece.parameter)), dtype=np.float64)
        if self._normalise == "none":
            return values
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled: Values = values / self.norms(piece.parameter)[k]
        return scaled

    def norms(self, parameter: str) -> Values:
        """Return what a parameter is divided by at each checkpoint, ``(n_checkpoints,)``."""
        if self._normalise == "none":
            return np.ones(len(self))
        key = "" if self._normalise == "total" else layer_of(parameter)
        if key not in self._norms:
            of_it = [name for name in self.source.shapes if not key or layer_of(name) == key]
            squares = [[self._square(name, k) for k in range(len(self))] for name in of_it]
            self._norms[key] = np.sqrt(np.sum(squares, axis=0))
        return self._norms[key]

    def _square(self, name: str, k: int) -> float:
        if not self.source.has(name, k):
            return 0.0
        flat = np.asarray(self.source.array(k, name), dtype=np.float64).reshape(-1)
        return float(flat @ flat)

    def indices(self, parameter: str) -> NDArray[np.int64]:
        """Return the flat index of each entry of a parameter, in its shape."""
        shape = self.source.shapes[parameter]
        return np.arange(math.prod(shape)).reshape(shape)

    def _chosen(self, of: Sequence[str] | None, by: str) -> list[Part]:
        gates = self._gates()
        named = [part for part in gates if of is not None and part.name in of]
        if by == "gate" and gates:
            return named or [part for part in gates if of is None or layer_of(part.name) in of]
        grouped: dict[str, list[Piece]] = {}
        for name, shape in self.source.shapes.items():
            if of is None or name in of or layer_of(name) in of:
                key = {"parameter": name, "all": "all"}.get(by, layer_of(name))
                grouped.setdefault(key, []).append(Piece(name, shape))
        return [*(Part(name, tuple(pieces)) for name, pieces in grouped.items()), *named]

    def _gates(self) -> list[Part]:
        grouped: dict[str, list[Piece]] = {}
        for bundle in self.network.bundles:
            parameter = (self.network.tied or {}).get(bundle.parameter, bundle.parameter)
            if bundle.port and bundle.role in ("input", "recurrent") and parameter in self.source.shapes:
                layer = self.network.layer_of(bundle.target).name
                pieces = grouped.setdefault(f"{layer}.{bundle.port}", [])
                pieces.append(Piece(parameter, tuple(bundle.shape), bundle))
        return [Part(name, tuple(pieces)) for name, pieces in grouped.items()]


def layer_of(parameter: str) -> str:
    """Return the layer that a parameter or a gate belongs to by its name."""
    return parameter.rpartition(".")[0]


def check_choice(option: str, given: Any, accepted: Sequence[str]) -> None:
    """Raise ValueError if something is not one of what is accepted."""
    if not isinstance(given, str) or given not in accepted:
        raise ValueError(f"{option} is {given!r}; it takes {' or '.join(map(repr, accepted))}")


def _check_names(of: Sequence[str] | None, network: Network) -> None:
    if isinstance(of, str):
        raise TypeError(f"of is {of!r}; it takes a list of names, such as [{of!r}]")
    known = parts_of(network)
    unknown = [name for name in of or () if name not in known]
    if unknown:
        some = ", ".join(map(repr, known[:12])) + (", …" if len(known) > 12 else "")
        raise ValueError(
            f"of names {unknown[0]!r}; there is no such parameter, layer or gate: there are {some}"
        )
