"""Convolutions, plain and transposed, as modules or functions: channels are units, the kernel is the rest of a link.

Not for pooling, which has no parameters and keeps the units (see ``torch_operations``).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from nnweightviz.adapters.build import Columns
from nnweightviz.adapters.kinds import Convolution, add_kernel
from nnweightviz.adapters.torch_layers import box, drawn_once, layer_rule
from nnweightviz.adapters.torch_names import kind_of, layer_name, parameter_prefix
from nnweightviz.adapters.torch_tracker import Tracker


@layer_rule(nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
def convolution(
    tracker: Tracker, module: nn.Module, name: str, inputs: tuple[Any, ...], outputs: Any
) -> None:
    """Draw a convolution: a link joins an input channel to an output channel, by the norm of its kernel."""
    assert isinstance(module, _ConvNd)
    prefix = parameter_prefix(name)
    spec = Convolution(
        kind_of(module),
        f"{prefix}weight",
        module.in_channels,
        module.out_channels,
        tuple(module.kernel_size),
        module.groups,
        module.transposed,
    )
    if not tracker.build.has(spec.weight, *spec.shape) or isinstance(outputs, tuple):
        return box(tracker, module, name, inputs, outputs)
    has_bias = tracker.build.has(f"{prefix}bias", module.out_channels)
    layer = layer_name(module, name)
    convolve(tracker, layer, (inputs[0], outputs), spec, f"{prefix}bias" if has_bias else None)
    if note := _unusual(module):
        tracker.build.note(layer, note)
    return None


def convolve(
    tracker: Tracker,
    layer: str,
    tensors: tuple[torch.Tensor, torch.Tensor],
    spec: Convolution,
    bias: str | None,
) -> None:
    """Draw a convolution of the first tensor that gives the second."""
    source, result = tensors
    axis = -len(spec.kernel_size) - 1
    columns = tracker.columns(source, layer, spec.n_inputs, axis)
    if spec.n_groups > 1 and columns != [Columns(columns[0].group, spec.n_inputs)]:
        groups = tuple(dict.fromkeys(c.group for c in columns))
        columns = tracker.one_group("concat", tuple(columns), groups, spec.n_inputs)
    kernel = spec.kernel()
    group = drawn_once(
        tracker,
        layer,
        (spec, tuple(columns)),
        lambda: add_kernel(tracker.build, layer, spec.kind, columns, kernel, bias=bias),
    )
    tracker.put_units(result, group, axis)


def _unusual(module: _ConvNd) -> str:
    """Say what is not as usual: stride, padding, dilation and groups, which no link shows."""
    settings = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1}
    said = [
        f"{name} {_short(getattr(module, name))}"
        for name, usual in settings.items()
        if any(n != usual for n in _values(getattr(module, name)))
    ]
    if module.padding_mode != "zeros":
        said.append(f"padding mode {module.padding_mode}")
    return ", ".join([*said, f"{module.groups} groups"] if module.groups > 1 else said)


def _values(setting: Any) -> tuple[Any, ...]:
    return setting if isinstance(setting, tuple) else (setting,)


def _short(setting: Any) -> str:
    values = _values(setting)
    return str(values[0]) if len(set(values)) == 1 else " x ".join(map(str, values))
