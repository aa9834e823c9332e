"""Runs a torch model on the items of a probe, with the parameters of one checkpoint after the other.

The model, its buffers, its training flags and the random states stay as they are. Not for finding out which tensors
hold which units (see ``torch_readings``), nor for choosing items (see ``probe``).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nnweightviz.adapters.runs import Array, Batch, Form, GroupBatch, ProbeError, saturated
from nnweightviz.adapters.torch import parameters_of, unwrapped
from nnweightviz.adapters.torch_calls import Call, Calls, Key
from nnweightviz.adapters.torch_copies import is_lazy, untouched
from nnweightviz.adapters.torch_flow import Followed, Inputs, run
from nnweightviz.adapters.torch_inner import inner_sequences
from nnweightviz.adapters.torch_inputs import given_inputs
from nnweightviz.adapters.torch_layouts import N_FEW, N_MORE, ItemAxis, item_axis, taken
from nnweightviz.adapters.torch_readings import Reading, Readings, ToRead, by_call, readings
from nnweightviz.adapters.torch_tracker import tensors_in
from nnweightviz.network import Network

FEW_VALUES, FEW_BYTES_PER_ITEM = 2**17, 2**18
"""A model of so few parameters, and what it computes of an item, is run by one thread."""


@contextmanager
def opened(model: nn.Module, network: Network, some: Callable[[int], Any]) -> Iterator[TorchRunner]:
    """Yield what runs a copy of a model; ``some(n)`` gives the inputs of the first ``n`` items.

    Raises
    ------
    ProbeError
        If the model fails on these, or is scripted.
    """
    model = unwrapped(model)
    if isinstance(model, torch.jit.ScriptModule):
        raise ProbeError(
            "a scripted model cannot be run with the parameters of its checkpoints; give the module that was scripted"
        )
    with untouched(model) as runnable, torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runnable.eval()
        n_threads = torch.get_num_threads()
        n_values = sum(p.numel() for p in runnable.parameters() if not is_lazy(p))
        try:
            # threads that wait for each other cost a small model ten times its work where others use the machine
            if n_values <= FEW_VALUES:
                torch.set_num_threads(1)
            runner = TorchRunner(model, runnable, network, some)
            if runner.n_bytes_per_item > FEW_BYTES_PER_ITEM:
                torch.set_num_threads(n_threads)
            yield runner
        finally:
            torch.set_num_threads(n_threads)


class TorchRunner:
    """A copy of a torch model in eval mode, and what to read in its runs: see :class:`~.runs.Runner`."""

    def __init__(
        self, model: nn.Module, runnable: nn.Module, network: Network, some: Callable[[int], Any]
    ) -> None:
        self._model, self._runnable, self._network = model, runnable, network
        self._state: dict[str, torch.Tensor] = {}
        self._missing: dict[str, None] = {}
        self._unread: dict[str, None] = {}
        more: dict[Any, Call] = {}
        prediction = self._run(_inputs(self._model, some(N_MORE)), lambda call: more.update({call.key: call}))
        few = self._run(_inputs(self._model, some(N_FEW)), lambda _call: None)
        # after a run, for it may make parameters that were not initialised
        named = (*runnable.named_parameters(remove_duplicate=False), *runnable.named_buffers())
        self._own = {name: t for name, t in named if not is_lazy(t)}
        self.shapes: Mapping[str, tuple[int, ...]] = {name: tuple(t.shape) for name, t in self._own.items()}
        tensors = [t for call in more.values() for t in tensors_in(call.outputs)]
        self.n_bytes_per_item = sum(t.numel() * t.element_size() for t in tensors) // N_MORE
        self._items = _prediction_items(few, prediction)
        self.output_activation: str | None = None
        self._readings = self._found(some(N_FEW), more)
        self._by_call = by_call(self._readings.groups)
        self.forms: Mapping[str, Form] = {g: r.form for g, r in self._readings.groups.items()}

    def _found(self, few: Any, more: Mapping[Any, Call]) -> Readings:
        shapes = {name: tuple(tensor.shape) for name, tensor in parameters_of(self._model).items()}
        try:
            followed = run(self._model, _inputs(self._model, few), shapes)
            self.output_activation = _output_activation(followed, self._network)
            return readings(followed, more, self._network)
        except Exception as error:  # the model runs, so it is the following of its data that failed
            groups = [g.id for g in self._network.groups if g.role == "units" and g.delayed_of is None]
            why = f"its data could not be followed: {type(error).__name__}: {error}"
            return Readings(without=dict.fromkeys(groups, why))

    def notes(self) -> list[str]:
        """Return sentences on what could not be read, and why."""
        notes = list(self._readings.notes)
        reasons: dict[str, list[str]] = {}
        for group, why in self._readings.without.items():
            reasons.setdefault(why, []).append(group)
        for why, groups in reasons.items():
            notes.append(f"no outputs are kept of {_listed(groups)}: {why}")
        if self._unread:
            notes.append(f"not read in every run, NaN there: outputs of {_listed(list(self._unread))}")
        missing = [name for name in self._missing if name not in self._buffers()]
        if missing:
            notes.append(f"not in all checkpoints, taken from the model as it is now: {_listed(missing)}")
        if any(name in self._missing for name in self._norm_buffers()):
            notes.append(
                "the running statistics of norms are those the model has now: checkpoints do not hold them; record "
                "model.state_dict() to keep them"
            )
        return notes

    def _buffers(self) -> set[str]:
        return {name for name, _ in self._runnable.named_buffers()}

    def _norm_buffers(self) -> list[str]:
        return [
            name for name in self._buffers() if name.rpartition(".")[2] in ("running_mean", "running_var")
        ]

    def load(self, state: Mapping[str, Array]) -> None:
        """Take parameters, and buffers, by the names in ``shapes``; the others are as in the model.

        What the model draws by chance, if it does even in eval mode, is the same at every checkpoint.
        """
        torch.manual_seed(0)  # put back by ``untouched``
        firsts = {id(self._own[name]): name for name in reversed(list(state))}  # tied ones under one name
        self._state = {name: _like(state[name], self._own[name]) for name in firsts.values()}
        loaded = set(firsts)
        self._missing |= dict.fromkeys(name for name, t in self._own.items() if id(t) not in loaded)

    def run(self, inputs: Any, items: Array, positions: Mapping[str, Array]) -> Batch:
        """Run on a batch; keep some of its items and, by group, some positions. Raises ProbeError."""
        given = _inputs(self._model, inputs)
        reader = _Reader(self._by_call, items)
        prediction = self._run(given, reader.read)
        groups = {}
        for name, reading in self._readings.groups.items():
            batch = reader.batch(name, len(reading.parts), positions[name])
            if batch is None:
                self._unread[name] = None
            else:
                groups[name] = batch
        first = next((t for t in tensors_in(prediction) if t.is_floating_point()), None)
        if first is None or self._items is None:
            return Batch(groups, None)
        n_items = first.shape[self._items.axis] // self._items.n_each
        by_item = self._items.items_first(first, n_items)
        return Batch(groups, None if by_item is None else _as_array(by_item))

    def _run(self, inputs: Inputs, told: Callable[[Call], None]) -> Any:
        calls = Calls(self._runnable, told)
        try:
            return calls.run(
                lambda: torch.func.functional_call(
                    self._runnable, self._state, inputs.args, inputs.kwargs, strict=False
                )
            )
        except Exception as error:  # the user's own code may raise anything
            gave = " and ".join(f"{name} {_described(t)}" for name, t in inputs.tensors()) or "no tensor"
            raise ProbeError(
                f"the model failed on the probe in {calls.where_it_failed()}: {type(error).__name__}: {error}. The "
                f"probe gave {gave}; give X as the model takes it, items along its first axis (or item_axis=)"
            ) from error

    def loss(self, loss: Callable[[Any, Any], Any], prediction: Array, targets: Any) -> float:
        """Return ``loss(prediction, targets)`` of tensors; integer targets are int64. Raises ProbeError."""
        like = next(iter(self._own.values()), torch.empty(0))
        predicted = torch.from_numpy(np.ascontiguousarray(prediction)).to(like.device)
        wanted = torch.as_tensor(targets).detach().to(like.device)
        if wanted.is_floating_point():
            wanted = wanted.to(predicted.dtype)
        elif wanted.dtype != torch.bool:
            wanted = wanted.to(torch.int64)
        try:
            return float(loss(predicted, wanted))
        except Exception as error:
            raise ProbeError(
                f"the loss that was given failed: {type(error).__name__}: {error}; it got the prediction "
                f"{_described(predicted)} and y {_described(wanted)}, and takes loss(prediction, y) -> one number"
            ) from error


@dataclass(frozen=True)
class _Part:
    """What was read at one call: kept items ``(n_kept, n_positions, n_units)``, and of all items what is counted."""

    kept: torch.Tensor
    peaks: torch.Tensor
    n_saturated: torch.Tensor | None
    n_values: int


class _Reader:
    """Picks in one run what is to be read, at once: a later call may write over it."""

    def __init__(self, by_key: Mapping[Key, list[ToRead]], items: Array) -> None:
        self._by_key = by_key
        self._items = torch.from_numpy(np.asarray(items, dtype=np.int64))
        self._parts: dict[tuple[str, int], _Part] = {}

    def read(self, call: Call) -> None:
        """Pick from a call whatever is read there."""
        wanted = self._by_key.get(call.key, ())
        tensors = tensors_in(call.outputs) if wanted else []
        inner: list[torch.Tensor] | None = None
        for group, k, reading in wanted:
            if reading.inner is not None:
                inner = inner if inner is not None else inner_sequences(call.function, call.args)
                found = _units(inner[reading.inner], reading)
            else:
                found = _units(tensors[reading.index], reading) if reading.index < len(tensors) else None
            if found is not None:
                self._parts[group, k] = self._part(found, reading)

    def _part(self, found: torch.Tensor, reading: Reading) -> _Part:
        some = found[self._items.to(found.device)].float()  # a copy
        kept = some.mean(1, keepdim=True) if reading.is_spatial else some
        count = None
        if reading.saturates is not None:
            count = saturated(found, reading.saturates).sum((0, 1))
        n_values = found.shape[0] * found.shape[1]
        return _Part(kept, found.abs().amax((0, 1)), count, n_values)

    def batch(self, group: str, n_parts: int, positions: Array) -> GroupBatch | None:
        """Return what was read of a group; None where that is not all of its parts."""
        parts = [self._parts[group, k] for k in range(n_parts) if (group, k) in self._parts]
        if len(parts) < n_parts:
            return None
        kept = torch.cat([part.kept for part in parts], 1)
        kept = kept[:, torch.from_numpy(np.asarray(positions, dtype=np.int64)).to(kept.device)]
        counts = [part.n_saturated for part in parts if part.n_saturated is not None]
        return GroupBatch(
            _as_array(kept),
            _as_array(torch.stack([part.peaks for part in parts]).amax(0)),
            _as_array(torch.stack(counts).sum(0)) if len(counts) == n_parts else None,
            sum(part.n_values for part in parts),
        )


def _units(tensor: torch.Tensor, reading: Reading) -> torch.Tensor | None:
    """Return ``(n_items, n_positions, n_units)`` of a tensor; None if it is laid out otherwise than when found."""
    axis = reading.items
    if axis.axis >= tensor.ndim or tensor.shape[axis.axis] % axis.n_each:
        return None
    items = axis.items_first(tensor, tensor.shape[axis.axis] // axis.n_each)
    return None if items is None or items[0].numel() != reading.n_entries else taken(items, reading.table)


def _inputs(model: nn.Module, given: Any) -> Inputs:
    return list(given_inputs(model, given))[-1]


def _prediction_items(few: Any, more: Any) -> ItemAxis | None:
    """Return where the items lie in the first output."""
    first, other = (
        next((t for t in tensors_in(outputs) if t.is_floating_point()), None) for outputs in (few, more)
    )
    return None if first is None or other is None else item_axis(first, other)


def _output_activation(followed: Followed, network: Network) -> str | None:
    signal = followed.output
    if signal is None or len(signal.groups) != 1:
        return None
    layer = followed.build.groups[signal.groups[0]].layer
    return next((found.activation for found in network.layers if found.name == layer), None)


def _like(array: Array, tensor: torch.Tensor) -> torch.Tensor:
    """Return an array of a checkpoint in the dtype and on the device of what it stands for."""
    values = np.asarray(array)
    if values.dtype.isbuiltin != 1:  # bf16 and fp8, which torch takes no array of
        values = values.astype(np.float32)
    copied = torch.from_numpy(np.array(values, copy=True)).reshape(tensor.shape)
    return copied.to(tensor.device, tensor.dtype)


def _as_array(tensor: torch.Tensor) -> Array:
    tensor = tensor.detach()
    if tensor.dtype in (torch.bfloat16, torch.float16):
        tensor = tensor.float()
    return np.asarray(tensor.cpu().numpy())


def _described(tensor: torch.Tensor) -> str:
    return f"of shape {tuple(tensor.shape)} ({str(tensor.dtype).removeprefix('torch.')})"


def _listed(names: list[str], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more
