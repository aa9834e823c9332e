"""What measures are given: arrays, mappings of arrays, histories; and what of them is to be measured.

Not for reading histories piece by piece (see ``pieces``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, TypedDict, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating[Any]]
"""Weights, the first axis being checkpoints."""
State = Mapping[str, Any]
By = Literal["parameter", "layer", "bundle", "gate", "all"]
Normalise = Literal["total", "layer"]
Result = Values | dict[str, Values]
"""One array a measure, or several by name, the first axis of each being checkpoints."""


class Snapshot(Protocol):
    @property
    def state(self) -> State: ...


@runtime_checkable
class Recorded(Protocol):
    """Checkpoints as a history has them."""

    @property
    def parameters(self) -> dict[str, tuple[int, ...]]: ...
    def __len__(self) -> int: ...
    def __getitem__(self, key: Any) -> Any: ...
    def __iter__(self) -> Iterator[Snapshot]: ...


class Matrices(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def parameter(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def n_source(self) -> int: ...
    @property
    def port(self) -> str | None: ...
    def matrix(self, state: State) -> Any: ...


class Structure(Protocol):
    """A network as ``as_network`` gives it."""

    @property
    def bundles(self) -> Sequence[Matrices]: ...
    def layer_of(self, group_id: str) -> Any: ...


Given = Values | Mapping[str, Values] | Recorded


class What(TypedDict, total=False):
    """What of a history is measured, and how it is normalised; the keyword arguments of every measure.

    ``parameters`` names the parameters to take (all by default). ``by`` says what is measured as one: each
    ``"parameter"`` (the default), each ``"layer"`` (all its parameters in one row), each ``"bundle"`` (as its matrix
    ``(n_target, n_source)``), each ``"gate"`` of a recurrent layer (its kernels side by side, without biases), or
    ``"all"`` together; bundles and gates need ``network``. ``normalise`` divides the weights of a checkpoint by the
    Frobenius norm of all that are taken (``"total"``) or of those of the same layer (``"layer"``).
    """

    parameters: Sequence[str] | None
    by: By
    network: Structure | None
    normalise: Normalise | None


def as_values(given: Any) -> Values:
    """Return an array ``(n_checkpoints, ...)`` in float64; tensors are accepted."""
    values = np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)
    if values.dtype.kind not in "fiub" or values.ndim < 1:
        raise TypeError(
            f"the weights are an array of {values.dtype} of shape {values.shape}; they are numbers, the first axis "
            "being checkpoints, a mapping of such arrays, or a history"
        )
    return values.astype(np.float64)


class Stacked:
    """Arrays by name, as a history has them."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self._arrays = {name: as_values(array) for name, array in arrays.items()}
        lengths = {name: len(array) for name, array in self._arrays.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name!r} has {n}" for name, n in lengths.items())
            raise ValueError(f"the arrays are of different numbers of checkpoints: {told}")
        self._n = next(iter(lengths.values()), 0)

    @property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        return {name: array.shape[1:] for name, array in self._arrays.items()}

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, k: int) -> Snapshot:
        return _State({name: array[k] for name, array in self._arrays.items()})

    def __iter__(self) -> Iterator[Snapshot]:
        return map(self.__getitem__, range(self._n))


class _State:
    def __init__(self, state: State) -> None:
        self.state = state
