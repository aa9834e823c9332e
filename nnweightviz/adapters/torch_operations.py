"""What each function on tensors does to signals: rules by the function's name.

Not for functions that only move entries (see ``torch_moves``), nor for modules (see ``torch_layers``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from nnweightviz.adapters.build import not_drawn
from nnweightviz.adapters.torch_kernels import KERNELS
from nnweightviz.adapters.torch_moves import (
    MOVES_ONE,
    MOVES_SEVERAL,
    REDUCTIONS,
    function_name,
    move,
    pack,
    reduce,
    write,
)
from nnweightviz.adapters.torch_signals import Signal, coded, feature_axis, spread, units_of
from nnweightviz.adapters.torch_ticks import tick_view
from nnweightviz.adapters.torch_tracker import MAX_CALLS, Tracker, tensors_in

JOINS = {
    "add": "Add", "sub": "Sub", "rsub": "Sub", "mul": "Mul", "div": "Div", "where": "Where",
    "maximum": "Maximum", "minimum": "Minimum", "lerp": "Lerp", "addcmul": "Add", "pow": "Power",
}  # fmt: skip
ACTIVATIONS = {
    "relu": "ReLU", "relu6": "ReLU6", "tanh": "Tanh", "sigmoid": "Sigmoid", "gelu": "GELU", "silu": "SiLU",
    "softmax": "Softmax", "log_softmax": "LogSoftmax", "elu": "ELU", "selu": "SELU", "celu": "CELU",
    "leaky_relu": "LeakyReLU", "softplus": "Softplus", "softsign": "Softsign", "hardtanh": "Hardtanh",
    "hardsigmoid": "Hardsigmoid", "hardswish": "Hardswish", "mish": "Mish", "logsigmoid": "LogSigmoid",
    "rrelu": "RReLU", "prelu": "PReLU", "tanhshrink": "Tanhshrink", "threshold": "Threshold",
    "expit": "Sigmoid", "sin": "Sin", "cos": "Cos", "exp": "Exp",
}  # fmt: skip
CASTS = {"to", "type", "type_as", "float", "half", "double", "bfloat16", "cfloat", "contiguous", "clone"}
MODIFIERS = {
    "dropout": "Dropout", "dropout1d": "Dropout1d", "dropout2d": "Dropout2d", "alpha_dropout": "AlphaDropout",
    "feature_dropout": "Dropout", "layer_norm": "LayerNorm", "batch_norm": "BatchNorm",
    "group_norm": "GroupNorm",
    "interpolate": "Upsample", "instance_norm": "InstanceNorm", "rms_norm": "RMSNorm", "normalize": "Normalize",
}  # fmt: skip


def in_capitals(name: str) -> str:
    """Return a function's name as its module's: ``MaxPool2d`` for ``max_pool2d_with_indices``."""
    words = name.removesuffix("_with_indices").split("_")
    return "".join(word[:1].upper() + word[1:] for word in words)


def follow(
    tracker: Tracker, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> None:
    """Say what the results of a call carry, from what its arguments carry."""
    name = function_name(function)
    if name == "setitem":
        return write(tracker, args)
    if name in KERNELS and KERNELS[name](tracker, name, args, kwargs, out):
        return None
    arguments = tensors_in((args, kwargs))
    signals = tracker.signals(arguments)
    results = tensors_in(out)
    if name in CASTS and len(arguments) == 1 and not signals:
        return _cast(tracker, arguments[0], results)
    if not signals or not results:
        return None
    if name in ("pack_padded_sequence", "pad_packed_sequence") and pack(tracker, args, results[0]):
        return None
    if name in MOVES_ONE | MOVES_SEVERAL and move(tracker, function, args, kwargs, results):
        return None
    if name in REDUCTIONS and reduce(tracker, args, kwargs, results):
        return None
    if len(results) == 1 and (name in JOINS or len(signals) == 1):
        tracker.put(results[0], _elementwise(tracker, name, signals, arguments, results[0]))
        if name not in JOINS and name not in MODIFIERS:
            _name_parameters(tracker, arguments, results[0])
        return None
    for result in results:
        tracker.put(result, _mixed(name, signals))
    _name_parameters(tracker, arguments, results[0])
    return None


def _cast(tracker: Tracker, tensor: torch.Tensor, results: list[torch.Tensor]) -> None:
    """Follow a parameter into another dtype or memory."""
    found = tracker.parameter(tensor)
    if found and results and results[0].shape == found[1].shape == tensor.shape:
        tracker.say_parameter(found[0], results[0])


def _name_parameters(tracker: Tracker, arguments: list[torch.Tensor], result: torch.Tensor) -> None:
    """Give the result of a function that mixed units with parameters a group, whose note names them."""
    signal = tracker.get(result)
    found = [tracker.parameter(t) for t in arguments if tracker.get(t) is None]
    names = [f[0] for f in found if f]
    if signal is None or signal.codes is not None or not names or not result.is_floating_point():
        return
    for layer in tracker.layers(tracker.settle(result, signal)):
        for name in names:
            tracker.build.note(layer, not_drawn([(name, tracker.build.parameters[name])]))
            tracker.build.noted.add(name)


def _mixed(name: str, signals: Sequence[Signal]) -> Signal:
    if len(signals) == 1 and signals[0].codes is None and signals[0].group is None:
        return Signal(signals[0].groups, operations=(*signals[0].operations, name))
    operations = tuple(operation for signal in signals for operation in signal.operations)
    groups = dict.fromkeys(g for s in signals for g in ((s.group,) if s.group else s.groups))
    return Signal(tuple(groups), operations=(*operations, name))


def _elementwise(
    tracker: Tracker,
    name: str,
    signals: list[Signal],
    arguments: list[torch.Tensor],
    result: torch.Tensor,
) -> Signal:
    """Follow a function that keeps the units of one argument, or joins those of several."""
    if len(signals) > 1:
        return _join(tracker, name, signals, result)
    signal = signals[0]
    for tensor in arguments:
        parameter = tracker.parameter(tensor)
        if (
            parameter
            and tracker.get(tensor) is None
            and (name in JOINS or name in MODIFIERS or name == "prelu")
        ):
            if signal.codes is None and signal.group is None:
                signal = tracker.settle(result, signal)
            if not (name == "add" and _late_bias(tracker, signal, parameter[0])):
                axis = None if name in JOINS or name in ("layer_norm", "rms_norm") else 1
                tick_view(tracker, signal, tensor, "bias" if name in ("add", "sub") else "norm", axis)
    for layer in tracker.layers(signal):
        if name in ACTIVATIONS:
            tracker.build.activate(layer, ACTIVATIONS[name])
        elif name in MODIFIERS or "_pool" in name:
            tracker.build.modify(layer, MODIFIERS.get(name) or in_capitals(name))
    if signal.codes is None:
        return _mixed(name, [signal])
    if signal.codes.shape == result.shape:
        return signal
    axis = feature_axis(signal.codes)
    if axis is None or signal.codes.ndim != result.ndim or signal.codes.shape[axis] != result.shape[axis]:
        return _mixed(name, [signal])
    first = units_of(signal.codes).select(0, 0) if axis else units_of(signal.codes)
    numbers = first.movedim(axis - 1 if axis else 0, 0).reshape(result.shape[axis], -1)[:, 0]
    return Signal(signal.groups, spread(numbers, result.shape, axis))


def _join(tracker: Tracker, name: str, signals: list[Signal], result: torch.Tensor) -> Signal:
    """Follow ``a + b`` and the like: a group of its own, unless both are the same units or one scales the
    other.
    """
    known = [s for s in signals if s.codes is not None]
    sources = tracker.groups(signals)
    try:
        units = [units_of(torch.broadcast_to(s.codes, result.shape)) for s in known if s.codes is not None]
    except RuntimeError:
        return _mixed(name, signals)
    if not known or not result.numel():
        return _mixed(name, signals)
    full = next((s for s in known if s.codes is not None and s.codes.shape == result.shape), None)
    if full and all(bool((u == units[0]).all()) for u in units) and set(sources) <= set(full.groups):
        return full
    joined = np.zeros(result.numel(), dtype=np.int64)
    for numbers in units:
        values, inverse = np.unique(numbers.reshape(-1).numpy(), return_inverse=True)
        joined = joined * len(values) + inverse
    _, first, inverse = np.unique(joined, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    kind = JOINS.get(name, name.capitalize())
    key = (kind, tracker.scoped(""), sources, rank[inverse[np.sort(first)]].tobytes(), tuple(
        u.reshape(-1)[torch.from_numpy(np.sort(first))].numpy().tobytes() for u in units
    ))  # fmt: skip
    place = (kind, tracker.scoped(""), len(first))
    if key not in tracker.calls and len(tracker.calls.get(place, [])) >= MAX_CALLS:
        tracker.calls[key] = tracker.calls[place][
            -1
        ]  # a long loop: the layers in it are drawn no further either
    if key not in tracker.calls:
        tracker.calls[key] = tracker.gather(kind.lower(), kind, sources, len(first), kind.lower())
        tracker.calls.setdefault(place, []).append(tracker.calls[key])
    numbers = tracker.units.of(tracker.calls[key], len(first))[torch.from_numpy(rank[inverse])]
    positions = torch.arange(result.numel())
    return Signal((tracker.calls[key],), coded(numbers, positions).reshape(result.shape))


def _late_bias(tracker: Tracker, signal: Signal, parameter: str) -> bool:
    """Draw the b of ``x @ w + b``; False if what it is added to is not such a product, or has its bias."""
    if signal.codes is None or len(signal.groups) != 1:
        return False
    build, group = tracker.build, signal.groups[0]
    incoming = [b for b in build.bundles.values() if b.target == group]
    if any(b.parameter == parameter for b in incoming):
        return True
    n = build.groups[group].n_units
    if not incoming or any(b.role != "input" for b in incoming) or not build.has(parameter, n):
        return False
    if build.layers[build.groups[group].layer].activation is not None:
        return False
    build.bias(parameter, n, group, incoming[0].source)
    return True
