"""Which tensors of a run hold the outputs of which group's units, after the activation.

Found from one run that was followed. A layer's outputs are what its first activation makes of them; without one, the
layer's own. A recurrent layer's are h of all time steps. Not for reading them (see ``torch_probe``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import nn

from nnweightviz.adapters.runs import SATURATED, Form
from nnweightviz.adapters.torch_calls import Call, Key
from nnweightviz.adapters.torch_flow import Followed
from nnweightviz.adapters.torch_kernels import KERNELS
from nnweightviz.adapters.torch_layers import passed_on, recurrent
from nnweightviz.adapters.torch_layouts import N_FEW, ItemAxis, item_axis, unit_table
from nnweightviz.adapters.torch_names import kind_of
from nnweightviz.adapters.torch_operations import ACTIVATIONS, JOINS
from nnweightviz.adapters.torch_signals import Signal, feature_axis
from nnweightviz.adapters.torch_tracker import tensors_in
from nnweightviz.network import Group, Network

CLAMPS = {"clamp": "Clamp", "clip": "Clamp", "clamp_min": "Clamp", "clamp_max": "Clamp"}
SEQUENCES = ("LSTM", "GRU", "RNN")


@dataclass(frozen=True)
class Reading:
    """A tensor to read: the ``index``-th that a call gives, or an inner layer's, and where units are in it."""

    key: Key
    index: int
    items: ItemAxis
    table: torch.Tensor  # (n_positions, n_units) flat entries of an item
    is_spatial: bool
    n_entries: int
    activation: str | None = None
    inner: int | None = None
    saturates: str | None = None

    @property
    def n_positions(self) -> int:
        """How many positions are kept of what is read: one where they are places."""
        return 1 if self.is_spatial else len(self.table)


@dataclass(frozen=True)
class GroupReading:
    """All that is read of a group: one tensor, or one of every call of its layer, one after the other."""

    form: Form
    parts: tuple[Reading, ...]


@dataclass(eq=False)
class _Step:
    """A call that gave a tensor with a group's units."""

    call: Call
    index: int
    tensor: torch.Tensor
    signal: Signal

    def n_read(self, group: str) -> int:
        """How many of what the call read held the group's units already."""
        return sum(_holds(signal, group) for signal in self.call.signals[0])

    @property
    def is_layer(self) -> bool:
        """Whether a layer gave it, as a module or as a function."""
        if self.call.rule is not None:
            return self.call.rule is not passed_on
        return self.call.name in KERNELS and self.call.name != "getitem"

    @property
    def activation(self) -> str | None:
        """The activation that gave it, if one did."""
        if self.call.rule is None:
            return ACTIVATIONS.get(self.call.name) or CLAMPS.get(self.call.name)
        module = self.call.function
        is_one = self.call.rule is passed_on and type(module).__module__.endswith("activation")
        return kind_of(module) if is_one else None


@dataclass
class Readings:
    """What can be read of a network's groups, and of which groups nothing can, with why."""

    groups: dict[str, GroupReading] = field(default_factory=dict)
    without: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def readings(followed: Followed, more: Mapping[Key, Call], network: Network) -> Readings:
    """Return what to read in every run: ``followed`` had ``N_FEW`` items, ``more`` are the calls with one more."""
    found = Readings(notes=list(dict.fromkeys(_odd_axes(followed, more))))
    layers = {layer.name: layer for layer in network.layers}
    steps = _steps(followed)
    for group in network.groups:
        if group.role not in ("units", "box") or group.delayed_of is not None:
            continue
        there = followed.build.groups.get(group.id)
        if there is None or there.n_units != group.n_units:
            if group.role == "units":
                found.without[group.id] = "the run of the model does not have them"
            continue
        layer = layers[group.layer]
        is_recurrent = layer.kind.removesuffix("Cell") in SEQUENCES
        parts = list(_inner(followed, more, group)) if is_recurrent else []
        chains = [] if parts else list(_chains(steps.get(group.id, []), group))
        for chain in chains:
            reading = _read(followed, more, group, _ends(chain, group.id, is_recurrent))
            parts += [reading] if reading is not None else []
        if parts:
            made_by = parts[0].activation or (layer.activation if is_recurrent else None)
            saturates = made_by if made_by in SATURATED else None
            parts = [replace(part, saturates=saturates) for part in parts]
            found.groups[group.id] = GroupReading(_form(group, parts, is_recurrent), tuple(parts))
        else:
            why = "their items cannot be told apart" if chains else "no tensor of the run holds them"
            found.without[group.id] = why
    return found


def _steps(followed: Followed) -> dict[str, list[_Step]]:
    """Return, by group, the calls that gave tensors with its units, in their order."""
    found: dict[str, list[_Step]] = {}
    for call in followed.calls:
        for index, (tensor, signal) in enumerate(zip(tensors_in(call.outputs), call.signals[1], strict=True)):
            if signal is None or signal.is_aside or not tensor.ndim or not tensor.is_floating_point():
                continue
            is_coded = signal.codes is not None
            if is_coded and signal.codes.shape != tensor.shape:  # type: ignore[union-attr]
                continue
            for group in signal.groups if is_coded else (signal.group,) if signal.group else ():
                found.setdefault(group, []).append(_Step(call, index, tensor, signal))
    return found


def _chains(steps: Sequence[_Step], group: Group) -> Iterator[list[_Step]]:
    """Yield, for every call of a group's layer, the steps from what the layer gives to whatever follows from it."""
    chain: list[_Step] = []
    for step in steps:
        is_root = step.is_layer or not step.n_read(group.id)
        if chain and is_root and chain[-1].call is not step.call:
            yield chain
            chain = []
        chain.append(step)
    if chain:
        yield chain


def _holds(signal: Signal | None, group: str) -> bool:
    return signal is not None and (signal.group == group or group in signal.groups)


def _ends(chain: Sequence[_Step], group: str, is_recurrent: bool) -> Iterator[_Step]:
    """Yield the steps of a chain that hold a layer's outputs, the best first."""
    root, later = chain[0], list(chain[1:])
    if is_recurrent:
        n_entries = root.tensor.numel()
        later = [
            step
            for step in later
            if step.tensor.numel() == n_entries or step.call.name == "pad_packed_sequence"
        ]
    active = next((k for k, step in enumerate(later) if step.activation), None)
    if active is not None:
        yield _finished(later[active], later[active + 1 :], group)
    yield _finished(root, later, group)
    yield from later


def _finished(step: _Step, later: Sequence[_Step], group: str) -> _Step:
    """Return the step after which a unit's output is ready: its late bias is added, ``x * sigmoid(x)`` is made."""
    is_active = step.activation is not None
    for after in later:
        reads_it = any(tensor is step.tensor for tensor in after.call.inputs)
        if after.call.rule is not None or not reads_it or after.tensor.shape != step.tensor.shape:
            continue
        has_parameter = any(isinstance(tensor, nn.Parameter) for tensor in after.call.inputs)
        is_late_bias = after.call.name == "add" and has_parameter and not is_active
        is_by_hand = after.call.name in JOINS and after.n_read(group) > 1
        if is_late_bias or is_by_hand:
            step = after
    return step


def _read(
    followed: Followed, more: Mapping[Key, Call], group: Group, steps: Iterator[_Step]
) -> Reading | None:
    """Return how to read the first of some steps that can be read."""
    first = int(followed.tracker.units.of(group.id, group.n_units)[0])
    for step in steps:
        other = more.get(step.call.key)
        tensors = tensors_in(other.outputs) if other is not None else []
        items = item_axis(step.tensor, tensors[step.index]) if step.index < len(tensors) else None
        codes = step.signal.codes
        if codes is None and step.tensor.shape[-1] == group.n_units:  # mixed units, along the last axis
            codes = followed.tracker.units.signal(group.id, group.n_units, step.tensor.shape).codes
        found = _found(items, codes, first, group.n_units)
        if items is not None and found is not None:
            return Reading(step.call.key, step.index, items, *found, activation=step.activation)
    return None


def _found(
    items: ItemAxis | None, codes: torch.Tensor | None, first: int, n_units: int
) -> tuple[torch.Tensor, bool, int] | None:
    """Return the table of a group's units in an item, whether its positions are places in space, and how many entries
    an item has.
    """
    own = items.items_first(codes, N_FEW) if items is not None and codes is not None else None
    table = unit_table(own[0], first, n_units) if own is not None else None
    if own is None or table is None:
        return None
    axis = feature_axis(own)
    n_axes = own.ndim - 2  # besides the items and the units
    is_spatial = n_axes >= 2 or (n_axes == 1 and axis == 1)
    return table, is_spatial, own[0].numel()


def _inner(followed: Followed, more: Mapping[Key, Call], group: Group) -> Iterator[Reading]:
    """Yield how to read a group that is an inner layer of a stacked recurrent one."""
    for call in followed.calls:
        module = call.function
        if call.rule is not recurrent or not isinstance(module, nn.RNNBase) or call.key not in more:
            continue
        tensors = tensors_in(call.outputs)
        hidden = next(iter(call.signals[1][-1 if module.mode != "LSTM" else -2 :]), None)
        if hidden is None or group.id not in hidden.groups or hidden.codes is None:
            continue
        items = item_axis(tensors[0], tensors_in(more[call.key].outputs)[0])
        layer, direction = divmod(hidden.groups.index(group.id), 1 + module.bidirectional)
        if items is None or layer == module.num_layers - 1:
            continue
        n, width = group.n_units, tensors[0].shape[-1]
        n_steps = tensors[0].numel() // (N_FEW * width)
        table = torch.arange(n_steps)[:, None] * width + direction * n + torch.arange(n)
        yield Reading(call.key, 0, items, table, False, n_steps * width, inner=layer)


def _odd_axes(followed: Followed, more: Mapping[Key, Call]) -> Iterator[str]:
    """Yield a sentence for every recurrent layer, and attention, that takes items for time steps."""
    for call in followed.calls:
        module = call.function
        is_one = isinstance(module, nn.RNNBase | nn.MultiheadAttention)
        if not is_one or call.key not in more or call.inputs[0].ndim != 3:
            continue
        items = item_axis(call.inputs[0], more[call.key].inputs[0])
        if items is not None and items.axis != (0 if module.batch_first else 1):
            yield (
                f"{call.name!r} reads the items as time steps (batch_first={module.batch_first}): if they lie along "
                f"axis {1 - items.axis} of X, say item_axis={1 - items.axis}"
            )


def _form(group: Group, parts: Sequence[Reading], is_recurrent: bool) -> Form:
    n_positions = sum(part.n_positions for part in parts)
    n_places = len(parts[0].table) if parts[0].is_spatial else 1
    if n_positions == 1:
        how = "mean over space" if n_places > 1 else "units"
    else:
        how = "time steps" if is_recurrent or len(parts) == 1 else "calls"
    return Form(group.id, group.n_units, n_positions, how, parts[0].saturates, n_places)


ToRead = tuple[str, int, Reading]
"""A group, which of its parts, and how to read it."""


def by_call(groups: Mapping[str, GroupReading]) -> dict[Key, list[ToRead]]:
    """Return what is to be read at each call."""
    found: dict[Key, list[ToRead]] = {}
    for name, group in groups.items():
        for k, part in enumerate(group.parts):
            found.setdefault(part.key, []).append((name, k, part))
    return found
