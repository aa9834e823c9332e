"""Reads a network's parameters out of a history's checkpoints: names matched, tied ones once, blocks on demand.

Not for keeping or sending blocks (see ``payload``).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz import blocks
from nnweightviz.checkpoint import Checkpoint, LazyState, match_names, strip_wrappers
from nnweightviz.network import Network

Entry = dict[str, Any]
"""What ``_index`` says of a block."""

QUANTITIES = ("weights", "update", "difference", "against")

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
"""What a norm measures of its inputs, which stands in state dicts beside its parameters."""


@dataclass(frozen=True)
class Quantity:
    """What a block is of: w, its update w(k) - w(k - 1), its difference w(k) - w(reference), or from another run.

    ``against`` is the difference from another run's parameters, ``other``: its ``reference`` is the number of that run,
    and ``matches`` has the checkpoint of it that is subtracted from each.

    Raises
    ------
    ValueError
        If there is no such quantity, or if a difference has no reference, or another has one.
    """

    name: str = "weights"
    reference: int | None = None
    other: Parameters | None = field(default=None, compare=False, repr=False)
    matches: Sequence[int] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.name not in QUANTITIES:
            raise ValueError(f"there is no quantity {self.name!r}; there are: {', '.join(QUANTITIES)}")
        if (self.name in ("difference", "against")) != (self.reference is not None):
            raise ValueError(
                f"quantity {self.name!r} was asked for with reference {self.reference}; a difference needs the "
                "number of a checkpoint, or of a run that it is against, nothing else has one"
            )
        if (self.name == "against") != (self.other is not None):
            raise ValueError("a difference against another run needs the parameters of that run")

    def before(self, k: int) -> int | None:
        """Return the checkpoint that is subtracted at checkpoint ``k``; None where none is."""
        if self.name == "update":
            return k - 1
        return self.reference if self.other is None else self.matches[k]

    def about(self) -> Entry:
        """Return what a block's entry says of its quantity."""
        more = {} if self.reference is None else {"reference": self.reference}
        return {"quantity": self.name, **more}


WEIGHTS = Quantity()


class Parameters:
    """The real parameters of a network at every checkpoint of a history.

    ``shapes`` maps the name of each parameter that can be sent to its shape. The checkpoints are those that were
    given, whatever becomes of the history.

    Raises
    ------
    ValueError
        If the checkpoints do not belong to the network, a shape does not fit, or no parameter is real.
    """

    def __init__(self, network: Network, checkpoints: Iterable[Checkpoint]) -> None:
        self.network = network
        self.checkpoints: list[Checkpoint] = []
        self._held: Mapping[int, Mapping[str, NDArray[Any]]] = {}
        self._tied = dict(network.tied or {})
        self._names: list[dict[str, str]] = []  # per checkpoint: parameter -> name in its state
        self._missing: dict[str, None] = {}
        self._extra: dict[str, None] = {}
        self._no_arrays: dict[str, None] = {}
        self.add(checkpoints)
        self.hold(range(min(1, len(self.checkpoints))))
        names = [name for name in network.parameters or {} if name not in self._tied]
        self._unsent = [name for name in names if not self._is_real(name)]
        self.shapes = {
            name: tuple((network.parameters or {})[name]) for name in names if name not in self._unsent
        }
        if self._unsent and not self.shapes:
            raise ValueError(
                f"there is nothing to draw: no real numbers in {_listed(self._unsent)}; pass real parameters, "
                "such as the real and the imaginary part of each under a name of its own"
            )

    def add(self, checkpoints: Iterable[Checkpoint]) -> None:
        """Match the names of further checkpoints to the network's."""
        for k, checkpoint in enumerate(checkpoints, len(self.checkpoints)):
            match = match_names(self.network.parameters or {}, checkpoint.state, checkpoint=k)
            aliases = {first: match.names[name] for name, first in self._tied.items() if name in match.names}
            names = aliases | match.names
            self._names.append(names)
            self.checkpoints.append(checkpoint)
            no_arrays = checkpoint.left_out
            self._no_arrays |= dict.fromkeys(no_arrays)
            told = {*names, *self._tied, *no_arrays, *map(strip_wrappers, no_arrays)}
            self._missing |= dict.fromkeys(name for name in match.missing if name not in told)
            self._extra |= dict.fromkeys(match.extra)

    def _is_real(self, name: str) -> bool:
        there: Iterable[int] = (k for k, names in enumerate(self._names) if name in names)
        if isinstance(self.checkpoints[0].state if self.checkpoints else None, LazyState):
            there = itertools.islice(there, 1)  # files are not read for a dtype, which is the same in all
        dtypes = (self.array(k, name).dtype for k in there)
        # bf16, fp8 and int4, which numpy knows by ml_dtypes only, are of the kind of raw bytes to it.
        return all(
            d.kind in "fiub" or (d.kind == "V" and ("float" in d.name or "int" in d.name)) for d in dtypes
        )

    def array(self, k: int, name: str) -> NDArray[Any]:
        """Return a parameter at one checkpoint; KeyError if it is missing there."""
        kept = self._names[k][name]
        held = self._held.get(k, {})
        return np.asarray(held[kept] if kept in held else self.checkpoints[k].state[kept])

    def hold(self, numbers: Iterable[int]) -> None:
        """Read some checkpoints and keep them at hand, instead of those that were; what is in memory stays there."""
        held = {}
        for k in numbers:
            state = self.checkpoints[k].state
            if isinstance(state, LazyState):
                names = [kept for name, kept in self._names[k].items() if name not in self._tied]
                held[k] = self._held.get(k) or {kept: state[kept] for kept in names}
        self._held = held

    def state(self, k: int) -> dict[str, NDArray[Any]]:
        """Return the real parameters of one checkpoint by the network's names, tied ones under each of theirs."""
        there = [name for name in self.shapes if name in self._names[k]]
        state = {name: self.array(k, name) for name in there}
        return state | {name: state[first] for name, first in self._tied.items() if first in state}

    @property
    def n_values(self) -> int:
        """How many numbers one checkpoint holds."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def check_asked(
        self, start: int, stop: int, quantity: Quantity, names: Sequence[str] | None, n: int
    ) -> None:
        """Raise ValueError if there are no such checkpoints among the first ``n``, or no such parameters."""
        reference = None if quantity.other else quantity.reference
        is_there = 0 <= start < stop <= n and (reference is None or 0 <= reference < n)
        if not is_there:
            beside = "" if reference is None else f", and {reference} as their reference,"
            raise ValueError(
                f"checkpoints {start} to {stop - 1}{beside} were asked for; there are {n}, 0 to {n - 1}"
            )
        unknown = [name for name in names or () if name not in self.shapes]
        if unknown:
            there = ", ".join(self.shapes)
            raise ValueError(f"there is no parameter {unknown[0]!r} to fetch; there are: {there}")

    def encode(
        self,
        start: int,
        stop: int,
        dtype: blocks.Dtype,
        quantity: Quantity = WEIGHTS,
        names: Sequence[str] | None = None,
    ) -> Iterator[tuple[Entry, bytes]]:
        """Yield one block a parameter (or those named) and unbroken range of checkpoints in which it was recorded.

        Changes are taken from the states themselves, so they keep their precision however coarse ``dtype`` is.
        """
        for name in self.shapes if names is None else names:
            for first, last in self._ranges(name, start, stop, quantity):
                fields, data = blocks.encode(self.values(name, range(first, last), quantity), dtype)
                yield {**quantity.about(), "name": name, "start": first, "stop": last, **fields}, data

    def values(self, name: str, checkpoints: Sequence[int], quantity: Quantity) -> NDArray[Any]:
        """Return a quantity of a parameter at some checkpoints that have it, ``(n_checkpoints, *shape)``."""
        values = self._stack(name, checkpoints)
        if quantity.name == "weights":
            return values
        before = [quantity.before(k) or 0 for k in checkpoints]
        subtracted = (quantity.other or self)._stack(name, before[:1] if len(set(before)) == 1 else before)
        with np.errstate(invalid="ignore", over="ignore"):  # Inf - Inf is NaN, as it should be
            difference: NDArray[Any] = _as_floats(values) - _as_floats(subtracted)
        return difference

    def _stack(self, name: str, checkpoints: Sequence[int]) -> NDArray[Any]:
        if len(checkpoints) == 1:
            return self.array(checkpoints[0], name)[np.newaxis]  # a view: nothing is copied
        return np.stack([self.array(k, name) for k in checkpoints])

    def _ranges(self, name: str, start: int, stop: int, quantity: Quantity) -> Iterator[tuple[int, int]]:
        first = None
        for k in range(start, stop + 1):
            here = k < stop and self.has_quantity(name, k, quantity)
            if here and first is None:
                first = k
            elif not here and first is not None:
                yield first, k
                first = None

    def has_quantity(self, name: str, k: int, quantity: Quantity) -> bool:
        """Whether a checkpoint holds a parameter, and its change has something to be from."""
        before = quantity.before(k)
        return self.has(name, k) and (before is None or (quantity.other or self).has(name, before))

    def has(self, name: str, k: int) -> bool:
        """Whether a checkpoint holds a parameter."""
        return k >= 0 and name in self._names[k]

    def exact(self, parameter: str, entries: Sequence[int], n_checkpoints: int) -> NDArray[np.float64]:
        """Return entries (flat indices) of a parameter, float64 ``(n_checkpoints, n_entries)``, NaN if missing.

        Raises
        ------
        ValueError
            If there is no such parameter or entry.
        """
        name = self._tied.get(parameter, parameter)
        if name not in self.shapes:
            raise ValueError(
                f"there is no parameter {parameter!r} to read; there are: {', '.join(self.shapes)}"
            )
        n = math.prod(self.shapes[name])
        wrong = [i for i in entries if not 0 <= i < n]
        if wrong:
            raise ValueError(
                f"parameter {parameter!r} has the entries 0 to {n - 1}; {wrong[0]} was asked for"
            )
        values = np.full((n_checkpoints, len(entries)), np.nan)
        for k, names in enumerate(self._names[:n_checkpoints]):
            if name in names:
                values[k] = self.array(k, name).reshape(-1)[list(entries)].astype(np.float64)
        return values

    def notes(self) -> list[str]:
        """Return sentences about the data that the caption tells."""
        notes = list(self.network.notes)
        extra = [name for name in self._extra if name.rpartition(".")[2] not in STATISTICS]
        if extra:
            notes.append(f"not parameters of the model, left out: {_listed(extra)}")
        if len(extra) < len(self._extra):
            notes.append(f"{len(self._extra) - len(extra)} running statistics of norms left out")
        if self._missing:
            notes.append(f"not in all checkpoints: {_listed(list(self._missing))}")
        if self._no_arrays:
            notes.append(f"not an array, left out: {_listed(list(self._no_arrays))}")
        if self._unsent:
            notes.append(f"not real numbers, not drawn: {_listed(self._unsent)}")
        return notes


def _as_floats(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers that can be subtracted without wrapping around or losing more digits than they have."""
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)


def _listed(names: Sequence[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
