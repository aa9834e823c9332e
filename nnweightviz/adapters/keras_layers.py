"""What each kind of Keras layer becomes: one function per kind, registered by its class's name.

A new kind is one function here. Not for the data flow between layers (see ``keras``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnweightviz.adapters.build import Build, Kernel
from nnweightviz.adapters.keras_signals import Shape, Signal, flattened, joined, of_group
from nnweightviz.adapters.kinds import add_kernel, add_lookup
from nnweightviz.network import Group

ACTIVATIONS = {
    "relu": "ReLU", "relu6": "ReLU6", "leaky_relu": "LeakyReLU", "elu": "ELU", "selu": "SELU", "celu": "CELU",
    "gelu": "GELU", "silu": "SiLU", "swish": "SiLU", "mish": "Mish", "tanh": "Tanh", "sigmoid": "Sigmoid",
    "hard_sigmoid": "Hardsigmoid", "softmax": "Softmax", "log_softmax": "LogSoftmax", "softplus": "Softplus",
    "softsign": "Softsign", "glu": "GLU", "linear": "",
}  # fmt: skip
ACTIVATION_LAYERS = {
    "ReLU": "ReLU", "LeakyReLU": "LeakyReLU", "ELU": "ELU", "Softmax": "Softmax", "PReLU": "PReLU",
    "Relu": "ReLU", "Sigmoid": "Sigmoid", "Tanh": "Tanh", "Gelu": "GELU", "Silu": "SiLU", "Softplus": "Softplus",
}  # fmt: skip
KEPT = re.compile(
    r".*Dropout.*|GaussianNoise|ActivityRegularization|.*Pooling[123]D|ZeroPadding.*|Cropping.*|UpSampling.*|"
    r"Rescaling|Normalization|UnitNormalization|Random\w+"
)
"""Layers without weights of their own that keep the units: they are listed on the layer before."""
SILENT = {"Masking", "Identity", "RepeatVector", "StopGradient", "Cast"}
MERGES = {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"}


@dataclass(frozen=True)
class Call:
    """One call of a layer: its name, its weights (Keras's name -> parameter), what it reads, what shapes it gives."""

    layer: Any
    name: str
    own: Mapping[str, str]
    inputs: tuple[Signal, ...]
    outputs: tuple[Shape, ...] = ((None,),)


Rule = Callable[[Build, Call], list[Signal]]
RULES: dict[str, Rule] = {}


def layer_rule(*kinds: str) -> Callable[[Rule], Rule]:
    """Register a rule for classes by their names."""

    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(kinds, rule))
        return rule

    return register


def kind_of(layer: Any) -> str:
    """Return the name of the Keras class that a layer is; its own class's name where its ``call`` is its own."""
    if not _module(getattr(type(layer), "call", None)).startswith("keras."):
        return type(layer).__name__
    return next(
        (kind.__name__ for kind in type(layer).__mro__ if kind.__name__ in RULES), type(layer).__name__
    )


def _module(thing: Any) -> str:
    return str(getattr(thing, "__module__", ""))


def draw(build: Build, call: Call) -> list[Signal]:
    """Draw one call of a layer, and return what its outputs carry: one signal for each, as far as they differ."""
    kind, is_kerass = (
        kind_of(call.layer),
        _module(getattr(type(call.layer), "call", None)).startswith("keras."),
    )
    if is_kerass and kind in RULES:
        return RULES[kind](build, call)
    first = call.inputs[0] if call.inputs else None
    keeps_units = first is not None and len(call.inputs) == 1 and _features(call) in (first.width, None)
    if is_kerass and not call.own and first is not None and keeps_units:
        if kind in ACTIVATION_LAYERS:
            return _activated(build, call, ACTIVATION_LAYERS[kind])
        if kind not in SILENT:
            _on_each(build, first, build.modify, kind)
        if KEPT.fullmatch(kind) or kind in SILENT or first.shape == call.outputs[0]:
            return [first.shaped(call.outputs[0])]
    return box(build, call)


def _features(call: Call) -> int | None:
    """Return how many features the output has, along the axis that those of the input have."""
    shape = call.outputs[0]
    is_first = call.inputs[0].is_channels_first and len(shape) > 1
    return (shape[0] if is_first else shape[-1]) if shape else 1


def _on_each(build: Build, signal: Signal, say: Callable[[str, str], None], word: str) -> None:
    for group in signal.groups:
        say(build.groups[group].layer, word)


def _activated(build: Build, call: Call, activation: str) -> list[Signal]:
    if activation:
        _on_each(build, call.inputs[0], build.activate, activation)
    return [call.inputs[0].shaped(call.outputs[0])]


def activation_of(layer: Any) -> str:
    """Return what a layer's activation is called here; nothing for a linear one."""
    function = getattr(layer, "activation", None)
    name = str(getattr(function, "__name__", "linear" if function is None else type(function).__name__))
    return ACTIVATIONS.get(name, name)


def box(build: Build, call: Call) -> list[Signal]:
    """Draw a layer as a box with its parameters' shapes, wired into the data flow."""
    kind, n_units = type(call.layer).__name__, _last(call.outputs[0])
    shapes = [(short, build.parameters[name]) for short, name in call.own.items()]
    group = build.box(call.name, kind, shapes, n_units)
    build.noted.update(call.own.values())
    for signal in call.inputs:
        for source in signal.groups:
            build.wire(source, group)
    return [of_group(group, _last(shape), shape) for shape in call.outputs]


def _last(shape: Shape) -> int:
    return (shape[-1] if shape else None) or 1


def _weighted(build: Build, call: Call, kernel: Kernel) -> str:
    name = call.name
    kind = kind_of(call.layer)
    bias = call.own.get("bias")
    group = add_kernel(build, name, kind, call.inputs[0].parts, kernel, bias=bias)
    if activation := activation_of(call.layer):
        build.activate(name, activation)
    return group


@layer_rule("Dense")
def dense(build: Build, call: Call) -> list[Signal]:
    """Draw a Dense: its kernel is (n_in, n_out)."""
    kernel = call.own.get("kernel", "")
    n_out = int(call.layer.units)
    if not build.has(kernel, call.inputs[0].width, n_out):
        return box(build, call)
    group = _weighted(build, call, Kernel(kernel, n_out, 1, n_out))
    return [of_group(group, n_out, call.outputs[0])]


CONVOLUTIONS = [
    f"{what}{n}D{more}" for what in ("Conv", "DepthwiseConv") for n in (1, 2, 3) for more in ("", "Transpose")
]


@layer_rule(*CONVOLUTIONS)
def convolution(build: Build, call: Call) -> list[Signal]:
    """Draw a convolution: its kernel is (*size, n_in / groups, n_out), transposed (*size, n_out, n_in), depthwise
    (*size, n_in, n_out / n_in).
    """
    parameter, kind = call.own.get("kernel", ""), kind_of(call.layer)
    shape, n_in = build.parameters.get(parameter, (0, 0)), call.inputs[0].width
    *size, second, last = shape
    n_groups = int(getattr(call.layer, "groups", 1))
    if "Transpose" in kind:
        reads, n_out, row, column = last, second, last, 1
    elif "Depthwise" in kind:
        reads, n_out, row, column, n_groups = second, second * last, 1, 1, second
    else:
        reads, n_out, row, column = second * n_groups, last, 1, last
    if reads != n_in or (n_groups > 1 and len(call.inputs[0].parts) > 1):
        return box(build, call)
    steps = [math.prod(shape[k + 1 :]) for k in range(len(size))]
    rest = tuple(zip(size, steps, strict=True)) if math.prod(size) > 1 else ()
    kernel = Kernel(
        parameter, n_out, row, column, rest=rest, rest_name="kernel" if rest else None, blocks=n_groups
    )
    group = _weighted(build, call, kernel)
    is_first = getattr(call.layer, "data_format", "") == "channels_first"
    return [of_group(group, n_out, call.outputs[0], is_first)]


@layer_rule("Embedding")
def embedding(build: Build, call: Call) -> list[Signal]:
    """Draw an Embedding: every token is a source unit."""
    parameter = call.own.get("embeddings", "")
    size = (int(call.layer.input_dim), int(call.layer.output_dim))
    if not build.has(parameter, *size):
        return box(build, call)
    fed_by = call.inputs[0].groups if call.inputs else ()
    group = add_lookup(build, call.name, "Embedding", parameter, size, fed_by=fed_by)
    return [of_group(group, size[1], call.outputs[0])]


@layer_rule("TimeDistributed")
def time_distributed(build: Build, call: Call) -> list[Signal]:
    """Draw the layer that is applied to every time step."""
    inner = call.layer.layer
    own = {short.partition(".")[2] or short: name for short, name in call.own.items()}
    inputs = tuple(s.shaped(s.shape[1:]) for s in call.inputs)
    results = draw(build, Call(inner, call.name, own, inputs, tuple(shape[1:] for shape in call.outputs)))
    return [s.shaped(shape) for s, shape in zip(results, call.outputs, strict=False)]


@layer_rule("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization")
def norm(build: Build, call: Call) -> list[Signal]:
    """List a norm on the layer before, and draw its scale and shift on the units."""
    signal = call.inputs[0]
    _on_each(build, signal, build.modify, kind_of(call.layer))
    for short, parameter in call.own.items():
        if short not in ("gamma", "beta", "scale") or build.parameters[parameter] != (signal.width,):
            layer = build.groups[signal.parts[0].group].layer
            build.note(layer, f"not drawn by link yet: {parameter} {build.parameters[parameter]}")
            build.noted.add(parameter)
            continue
        for part in signal.parts:
            kernel = Kernel(
                parameter, part.n_units, part.stride, offset=part.offset, role="norm", rest=part.rest,
                rest_name=part.rest_name,
            )  # fmt: skip
            build.from_one([kernel], part.group, "1" if short == "beta" else "×", None)
    return [signal.shaped(call.outputs[0])]


@layer_rule("Activation")
def activation(build: Build, call: Call) -> list[Signal]:
    """Write an activation on the layer before."""
    return _activated(build, call, activation_of(call.layer))


@layer_rule("Flatten", "Reshape")
def reshape(build: Build, call: Call) -> list[Signal]:
    """Follow the units into a row; a Reshape may keep them along the last axis."""
    signal, shape = call.inputs[0], call.outputs[0]
    is_flat = len(shape) == 1 and shape[0] is not None
    moves_channels = kind_of(call.layer) == "Flatten" and call.layer.data_format == "channels_first"
    if moves_channels and len(signal.shape) > 1:
        if not signal.is_channels_first:
            return box(build, call)
        signal = Signal(signal.parts, (*signal.shape[1:], signal.width))
    if is_flat and signal.width and shape[0] is not None and shape[0] % signal.width == 0:
        return [flattened(signal, shape[0] // signal.width)]
    if not signal.is_channels_first and shape and shape[-1] == signal.width:
        return [signal.shaped(shape)]
    return box(build, call)


@layer_rule("Concatenate")
def concatenate(build: Build, call: Call) -> list[Signal]:
    """Put features side by side; along another axis, join them by wires."""
    shape = call.outputs[0]
    is_first = call.inputs[0].is_channels_first
    features = _features(call)
    if features is not None and features == sum(s.width for s in call.inputs):
        return [joined(call.inputs, shape)]
    return (
        [merged(build, call.name, "Concatenate", call.inputs).shaped(shape)]
        if not is_first
        else box(build, call)
    )


@layer_rule(*MERGES)
def merge(build: Build, call: Call) -> list[Signal]:
    """Draw a sum, a product and the like of tensors as a group of its own, fed by wires; of one tensor and a number,
    the units stay.
    """
    if len(call.inputs) == 1:
        return [call.inputs[0].shaped(call.outputs[0])]
    return [merged(build, call.name, kind_of(call.layer), call.inputs).shaped(call.outputs[0])]


def merged(build: Build, name: str, kind: str, signals: Sequence[Signal]) -> Signal:
    n_units = max(signal.width for signal in signals)
    build.layer(name, kind)
    group = build.group(Group(build.free_id(name), name, n_units, label=kind.lower()))
    for signal in signals:
        for source in signal.groups:
            build.wire(source, group)
    return of_group(group, n_units, signals[0].shape, any(s.is_channels_first for s in signals))
