"""What each torch module kind becomes: one function per kind, registered by its class.

A new kind is one function here. Not for functional calls (see ``torch_operations``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from nnweightviz.adapters.build import Kernel
from nnweightviz.adapters.kinds import PORTS, Recurrent, add_linear, add_recurrent
from nnweightviz.adapters.torch_copies import Sealed
from nnweightviz.adapters.torch_names import kind_of, layer_name, parameter_prefix
from nnweightviz.adapters.torch_signals import Signal
from nnweightviz.adapters.torch_ticks import entries_of, norm_axis, tick
from nnweightviz.adapters.torch_tracker import Tracker, tensors_in

Rule = Callable[[Tracker, nn.Module, str, tuple[Any, ...], Any], None]
LAYERS: dict[type[nn.Module], Rule] = {}
CONTAINERS = (
    nn.Sequential,
    nn.ModuleList,
    nn.ModuleDict,
    nn.Transformer,
    nn.TransformerEncoder,
    nn.TransformerDecoder,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
)
PASSED_ON = ("activation", "dropout", "batchnorm", "normalization", "instancenorm")


def layer_rule(*kinds: type[nn.Module]) -> Callable[[Rule], Rule]:
    """Register a rule for module classes: ``rule(tracker, module, name, inputs, outputs)``."""

    def register(rule: Rule) -> Rule:
        LAYERS.update(dict.fromkeys(kinds, rule))
        return rule

    return register


def rule_for(module: nn.Module) -> Rule | None:
    """Return the rule that draws a module as a whole, or None where its inside is followed."""
    forward_module = getattr(type(module).forward, "__module__", None) or ""
    if type(module) in LAYERS:
        return LAYERS[type(module)]
    if isinstance(module, Sealed):
        return box
    is_compiled = isinstance(getattr(module, "_orig_mod", None), nn.Module)
    if not forward_module.startswith("torch.") or isinstance(module, CONTAINERS) or is_compiled:
        return None
    for kind in type(module).__mro__:
        if kind in LAYERS:
            return LAYERS[kind]
    if not hasattr(module, "embed_dim") and type(module).__module__.rpartition(".")[2] in PASSED_ON:
        return passed_on
    has_state = any(True for _ in module.parameters()) or "quantized" in type(module).__module__
    return box if has_state else None


@layer_rule(nn.Linear)
def linear(tracker: Tracker, module: nn.Module, name: str, inputs: tuple[Any, ...], outputs: Any) -> None:
    """Draw a Linear: one bundle per source group, and its bias."""
    assert isinstance(module, nn.Linear)
    n_in, n_out = module.in_features, module.out_features
    weight, bias = f"{parameter_prefix(name)}weight", f"{parameter_prefix(name)}bias"
    if not tracker.build.has(weight, n_out, n_in):
        return box(tracker, module, name, inputs, outputs)
    kernel = Kernel(weight, n_out, n_in)
    has_bias = tracker.build.has(bias, n_out)
    group = dense(tracker, layer_name(module, name), inputs[0], kernel, bias if has_bias else None)
    tracker.put_units(outputs, group)
    return None


def dense(tracker: Tracker, name: str, tensor: torch.Tensor, kernel: Kernel, bias: str | None) -> str:
    """Add a dense layer that reads a tensor."""
    columns = tracker.columns(tensor, name, tensor.shape[-1])
    group: str = drawn_once(
        tracker,
        name,
        (kernel, tuple(columns)),
        lambda: add_linear(tracker.build, name, columns, kernel, bias),
    )
    if any(c.group in tracker.rest_names and not c.rest for c in columns):
        tracker.rest_names.setdefault(group, "time step")
    return group


def drawn_once(tracker: Tracker, name: str, key: Any, add: Callable[[], Any]) -> Any:
    """Return what ``add`` adds for a layer's call; a call that reads the same units again is the same drawing, and
    so are all beyond the first few.
    """
    key = (name, key)
    if key not in tracker.calls:
        if tracker.is_exhausted(name):
            return tracker.calls[name]
        tracker.calls[key] = tracker.calls[name] = add()
    return tracker.calls[key]


@layer_rule(nn.LSTM, nn.GRU, nn.RNN, nn.LSTMCell, nn.GRUCell, nn.RNNCell)
def recurrent(tracker: Tracker, module: nn.Module, name: str, inputs: tuple[Any, ...], outputs: Any) -> None:
    """Draw a recurrent layer or cell: its gates, its h(t-1), and its memory if it is projected."""
    spec = recurrent_form(module, name)
    n_in = int(module.input_size)  # type: ignore[arg-type]
    shapes = spec.shapes(n_in)
    if any(not tracker.build.has(parameter, *shape) for parameter, shape in shapes.items()):
        return box(tracker, module, name, inputs, outputs)
    sequence = inputs[0].data if isinstance(inputs[0], PackedSequence) else inputs[0]
    columns = tracker.columns(sequence, spec.name, n_in)
    groups: list[list[str]] = drawn_once(
        tracker, spec.name, tuple(columns), lambda: add_recurrent(tracker.build, spec, columns)
    )
    tracker.rest_names.update({group: "time step" for layer in groups for group in layer})
    _initial_states(tracker, inputs[1:], groups)
    _say_outputs(tracker, spec, outputs, groups)
    return None


def recurrent_form(module: nn.Module, name: str) -> Recurrent:
    """Return the form of an ``nn.LSTM``, ``nn.GRU``, ``nn.RNN`` or a cell of these."""
    classes = {"LSTM": (nn.LSTM, nn.LSTMCell), "GRU": (nn.GRU, nn.GRUCell)}
    kind = next((kind for kind, types in classes.items() if isinstance(module, types)), "RNN")
    nonlinearity = str(getattr(module, "nonlinearity", "tanh"))
    return Recurrent(
        name=layer_name(module, name),
        kind=kind,
        prefix=parameter_prefix(name),
        hidden_size=int(module.hidden_size),  # type: ignore[arg-type]
        proj_size=int(getattr(module, "proj_size", 0)),
        num_layers=int(getattr(module, "num_layers", 1)),
        bidirectional=bool(getattr(module, "bidirectional", False)),
        bias=bool(module.bias),
        is_cell=isinstance(module, nn.RNNCellBase),
        activation=None if PORTS[kind] else {"tanh": "Tanh", "relu": "ReLU"}.get(nonlinearity, nonlinearity),
    )


def _initial_states(tracker: Tracker, states: Any, groups: Sequence[Sequence[str]]) -> None:
    own = {group for layer in groups for group in layer}
    for source in tracker.groups(tracker.signals(states)):
        if source not in own:
            for target in own:
                tracker.build.wire(source, target, "initial state")


def _say_outputs(tracker: Tracker, spec: Recurrent, outputs: Any, groups: Sequence[Sequence[str]]) -> None:
    if spec.is_cell:
        for state in tensors_in(outputs):
            tracker.put_units(state, groups[0][0])
        return
    sequence, states = outputs
    tracker.put_directions(sequence.data if isinstance(sequence, PackedSequence) else sequence, groups[-1])
    flat = [group for layer in groups for group in layer]
    hidden, *cells = states if isinstance(states, tuple) else (states,)
    for state in (hidden, *([] if spec.proj_size else cells)):
        rows = [tracker.units.signal(group, spec.n_outputs, state.shape[1:]).codes for group in flat]
        tracker.put(state, Signal(tuple(flat), torch.stack([codes for codes in rows if codes is not None])))
    for cell in cells if spec.proj_size else ():
        tracker.put(cell, Signal(tuple(flat), operations=("memory",), is_aside=True))


def passed_on(tracker: Tracker, module: nn.Module, name: str, inputs: tuple[Any, ...], outputs: Any) -> None:
    """Write an activation, dropout or norm on the layer whose outputs it changes, and draw its parameters."""
    kind = kind_of(module)
    signal = tracker.get(inputs[0])
    shapes = own_shapes(tracker, name)
    if signal is None:
        return box(tracker, module, name, inputs, outputs) if shapes else None
    if signal.codes is None and shapes:
        signal = tracker.settle(inputs[0], signal)
    is_activation = type(module).__module__.endswith("activation")
    for layer in tracker.layers(signal):
        (tracker.build.activate if is_activation else tracker.build.modify)(layer, kind)
    for parameter, shape in shapes:
        index = entries_of(shape, norm_axis(module, inputs[0].ndim), inputs[0].ndim)
        tick(tracker, signal, parameter, index, "norm")
    same = tensors_in(outputs)
    if same and same[0].shape == inputs[0].shape:
        operations = signal.operations if signal.codes is not None else (*signal.operations, kind.lower())
        tracker.put(same[0], Signal(signal.groups, signal.codes, operations, signal.group))
    elif same:
        tracker.put(same[0], Signal(signal.groups, operations=(*signal.operations, kind.lower())))
    return None


def own_shapes(tracker: Tracker, name: str) -> list[tuple[str, tuple[int, ...]]]:
    """Return the names and shapes of all parameters in a module."""
    prefix = parameter_prefix(name)
    return [(p, shape) for p, shape in tracker.build.parameters.items() if p.startswith(prefix)]


def box(tracker: Tracker, module: nn.Module, name: str, inputs: tuple[Any, ...], outputs: Any) -> None:
    """Draw a module as a box with its parameters' shapes, wired into the data flow."""
    kind, prefix = kind_of(module), parameter_prefix(name)
    out_channels = getattr(module, "out_channels", None)
    results = [t for t in tensors_in(outputs) if t.is_floating_point()] or tensors_in(outputs)
    axis = -1
    if out_channels and results:
        axis = 1 if results[0].ndim > 1 and results[0].shape[1] == out_channels else 0
    n_units = results[0].shape[axis] if results and results[0].ndim else 1
    sources = tracker.groups(tracker.signals(inputs))
    layer = layer_name(module, name)
    shapes = own_shapes(tracker, name)
    own = [(p.removeprefix(prefix), shape) for p, shape in shapes]
    group = drawn_once(tracker, layer, sources, lambda: tracker.build.box(layer, kind, own, n_units))
    tracker.build.noted.update(parameter for parameter, _ in shapes)
    if not out_channels:
        tracker.rest_names.setdefault(group, "time step")
    for source in sources:
        tracker.build.wire(source, group)
    for k, result in enumerate(results):
        if k == 0:
            tracker.put_units(result, group, axis)
        else:
            tracker.put(result, Signal((group,), operations=(kind.lower(),), is_aside=True))
