"""The tracker: what is known of every tensor while a model runs, and where it is written down.

Not for the rules themselves: ``torch_layers`` has one per layer kind, ``torch_operations`` one per kind of
function.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.utils._pytree import tree_flatten

from nnweightviz.adapters.build import Build, Columns, Kernel, not_drawn
from nnweightviz.adapters.torch_signals import Signal, Units, read_columns, spread, units_of
from nnweightviz.network import Group

MAX_CALLS = 8


def tensors_in(values: Any) -> list[torch.Tensor]:
    """Return the tensors in nested tuples, lists and dicts."""
    return [leaf for leaf in tree_flatten(values)[0] if isinstance(leaf, torch.Tensor)]


class Tracker:
    """Follows signals through a run; keeps every tensor alive, so that its identity stays its own."""

    def __init__(self, build: Build, model: torch.nn.Module) -> None:
        self.build = build
        self.units = Units()
        self.rest_names: dict[str, str] = {}
        self.wide: set[str] = set()  # groups with several columns a unit
        # inputs whose units were sought along another axis: group -> axis, number of axes, channels read
        self.misread: dict[str, tuple[int, int, int]] = {}
        self.is_reordered = False
        self.scope: list[str] = []
        self.calls: dict[Any, Any] = {}
        self.n_calls: dict[str, int] = {}
        self._known: dict[int, tuple[torch.Tensor, Signal]] = {}
        named = dict(model.named_parameters(remove_duplicate=False))
        self._parameters: dict[int, tuple[str, torch.Tensor]] = {}
        for name, tensor in named.items():
            if name in build.parameters and tensor.device.type != "meta":
                self._parameters.setdefault(tensor.untyped_storage().data_ptr(), (name, tensor))

    def get(self, tensor: Any) -> Signal | None:
        """Return what is known of a tensor."""
        entry = self._known.get(id(tensor))
        return entry[1] if entry else None

    def put(self, tensor: torch.Tensor, signal: Signal) -> None:
        """Say what a tensor carries."""
        self._known[id(tensor)] = (tensor, signal)

    def put_units(self, tensor: torch.Tensor, group: str, axis: int = -1) -> None:
        """Say that a tensor carries a group's units along an axis."""
        self.put(tensor, self.units.signal(group, self.build.groups[group].n_units, tensor.shape, axis))

    def put_directions(self, tensor: torch.Tensor, groups: Sequence[str]) -> None:
        """Say that a tensor carries several groups' units, one after the other, along its last axis."""
        units = torch.cat([self.units.of(group, self.build.groups[group].n_units) for group in groups])
        self.put(tensor, Signal(tuple(groups), spread(units, tensor.shape, -1)))

    def signals(self, values: Any) -> list[Signal]:
        """Return the distinct signals of the tensors in a structure; masks and counts only where nothing else
        is.
        """
        found = [(t, self.get(t)) for t in tensors_in(values)]
        known = [(t, s) for t, s in found if s is not None]
        floats = [s for t, s in known if t.is_floating_point() or t.is_complex()]
        return list(dict.fromkeys(floats or [s for _, s in known]))

    def groups(self, signals: Iterable[Signal]) -> tuple[str, ...]:
        """Return the groups that signals come from, each once."""
        return tuple(dict.fromkeys(group for signal in signals for group in signal.groups))

    def parameter(self, tensor: Any) -> tuple[str, torch.Tensor] | None:
        """Return name and tensor of the parameter that a tensor is, or is a view of."""
        if (
            not isinstance(tensor, torch.Tensor)
            or tensor.device.type == "meta"
            or tensor.layout != torch.strided
        ):
            return None
        return self._parameters.get(tensor.untyped_storage().data_ptr()) if tensor.numel() else None

    def say_parameter(self, name: str, tensor: torch.Tensor) -> None:
        """Say that a tensor is a parameter, or what the model computes in its place."""
        if name in self.build.parameters and tensor.device.type != "meta" and tensor.numel():
            self._parameters[tensor.untyped_storage().data_ptr()] = (name, tensor)

    def constant(self, tensor: torch.Tensor) -> Signal | None:
        """Return a group of units that a parameter feeds, where one, or a view of one, is used as data."""
        found = self.parameter(tensor)
        if found is None or not tensor.ndim or not found[1].is_contiguous():
            return None
        name, whole = found
        key = ("constant", name, tuple(tensor.shape))
        if key not in self.calls:
            group = self.build.free_id(f"{name} as data")
            self.build.layer(group, "Parameter")
            self.calls[key] = self.build.group(Group(group, group, tensor.shape[-1], label=name))
            steps = zip(tensor.shape[:-1], tensor.stride()[:-1], strict=True)
            rest = tuple((size, stride) for size, stride in steps if size > 1 and stride > 0)
            offset = int(tensor.storage_offset() - whole.storage_offset())
            kernel = Kernel(name, tensor.shape[-1], tensor.stride(-1), offset=offset, role="bias", rest=rest)
            kernel = replace(kernel, rest_name="position" if rest else None)
            self.build.from_one([kernel], group, "1", None)
        signal = self.units.signal(self.calls[key], tensor.shape[-1], tensor.shape)
        self.put(tensor, signal)
        return signal

    def scoped(self, name: str) -> str:
        """Return a name within the module that is running."""
        prefix = self.scope[-1] if self.scope else ""
        return f"{prefix}.{name}" if prefix else name

    def is_exhausted(self, layer: str) -> bool:
        """Count a call of a layer; whether it has been drawn often enough (then a note says so)."""
        self.n_calls[layer] = self.n_calls.get(layer, 0) + 1
        if self.n_calls[layer] <= MAX_CALLS:
            return False
        self.build.note(layer, f"called more than {MAX_CALLS} times; the first {MAX_CALLS} calls are drawn")
        return True

    def gather(self, name: str, kind: str, groups: Sequence[str], n_units: int, wire: str = "flow") -> str:
        """Add a group without weights of its own that gathers others, joined by wires; return its id."""
        name = self.scoped(name)
        group = self.build.free_id(name)
        layer = self.build.layer(group, kind)
        self.build.group(Group(group, layer, n_units, label=kind))
        for source in groups:
            self.build.wire(source, group, wire)
        for source in groups:
            if source in self.rest_names:
                self.rest_names.setdefault(group, self.rest_names[source])
        return group

    def settle(self, tensor: torch.Tensor, signal: Signal, axis: int = -1) -> Signal:
        """Give a signal whose units were mixed a group of its own, as wide as an axis of the tensor."""
        if signal.codes is not None:
            return signal
        if signal.group is None:
            n = tensor.shape[axis] if tensor.ndim > 1 else 1
            name = mixing_name(signal.operations)
            signal.group = self.gather(name, name.capitalize(), signal.groups, n)
        n_units = self.build.groups[signal.group].n_units
        settled = self.units.signal(
            signal.group, n_units, tensor.shape or (1,), axis if tensor.ndim > 1 else -1
        )
        settled.group = signal.group
        return settled

    def columns(self, tensor: torch.Tensor, layer: str, n_columns: int, axis: int = -1) -> list[Columns]:
        """Return which columns of a layer's kernel, which reads an axis, read which groups, adding a group if no view
        says so.
        """
        signal = self.get(tensor) or self.constant(tensor)
        if signal is None:
            self.build.notes.append(f"where the inputs of {layer!r} come from could not be followed")
            return [self._unknown(layer, Columns("", n_columns))]
        signal = self.settle(tensor, signal, axis)
        columns = None
        if signal.codes is not None and tensor.shape[axis] == n_columns:
            codes = signal.codes.movedim(axis, -1)
            columns = read_columns(self.units, codes, self.rest_names)
            if columns is not None:
                self.wide.update(c.group for c in columns if c.rest)
                numbers = units_of(codes[(0,) * (codes.ndim - 1)])
                return [*columns, *self._constants(layer, (numbers < 0).numpy().nonzero()[0].tolist())]
        self.is_reordered = True
        if axis != -1:
            inputs = [group for group in signal.groups if self.build.groups[group].role == "input"]
            self.misread.update(dict.fromkeys(inputs, (axis, tensor.ndim, n_columns)))
        return self.one_group("reorder", (signal,), signal.groups, n_columns)

    def one_group(self, name: str, key: Any, groups: Sequence[str], n_columns: int) -> list[Columns]:
        """Return columns that read one group, which gathers others by wires; the same one for the same key."""
        key = (name, n_columns, key)
        if key not in self.calls:
            self.calls[key] = self.gather(name, name.capitalize(), groups, n_columns)
        return [Columns(self.calls[key], n_columns)]

    def _constants(self, layer: str, where: Sequence[int]) -> list[Columns]:
        """Return columns fed with values that come from no unit, as runs of neighbours."""
        runs: list[list[int]] = []
        for column in where:
            if runs and column == runs[-1][-1] + 1:
                runs[-1].append(column)
            else:
                runs.append([column])
        return [self._unknown(layer, Columns("", len(run), run[0])) for run in runs]

    def _unknown(self, layer: str, columns: Columns) -> Columns:
        group = self.build.free_id(f"{layer}.other")
        self.build.layer(group, "Input")
        self.build.group(Group(group, group, columns.n_units, role="input", label="other values"))
        return Columns(group, columns.n_units, columns.offset, columns.stride)

    def layers(self, signal: Signal) -> tuple[str, ...]:
        """Return the layers whose units a signal carries."""
        if signal.codes is None:
            groups: tuple[str, ...] = (signal.group,) if signal.group else ()
        else:
            groups = signal.groups
        return tuple(dict.fromkeys(self.build.groups[group].layer for group in groups))

    def scale(self, signal: Signal, parameter: str) -> bool:
        """Note a parameter that acts on a layer's outputs one by one; False if there is no such layer."""
        layers = self.layers(signal)
        for layer in layers:
            self.build.note(layer, not_drawn([(parameter, self.build.parameters[parameter])]))
            self.build.noted.add(parameter)
        return bool(layers)


def mixing_name(operations: Sequence[str]) -> str:
    """Return what a reader calls a sequence of operations that mixed units."""
    products = {"matmul", "bmm", "einsum", "baddbmm"}
    if "scaled_dot_product_attention" in operations or (
        "softmax" in operations and products & set(operations)
    ):
        return "attention"
    return operations[-1] if operations else "mix"
