"""Finds a torch model's data flow by running a copy of it once and following every tensor.

Not for choosing what to run it on (see ``torch_inputs``).
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nnweightviz.adapters import torch_parametrised  # noqa: F401  (its rule)
from nnweightviz.adapters.build import Build, Shapes
from nnweightviz.adapters.torch_calls import Call, Calls
from nnweightviz.adapters.torch_copies import untouched
from nnweightviz.adapters.torch_operations import follow
from nnweightviz.adapters.torch_signals import Signal, spread
from nnweightviz.adapters.torch_tracker import Tracker, tensors_in
from nnweightviz.network import Group


@dataclass
class Inputs:
    """What a model is called with: positional and keyword arguments, and the names of the former."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    names: tuple[str, ...]

    def tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield every tensor with the name of its argument, numbered where an argument holds several."""
        for name, value in (*zip(self.names, self.args, strict=False), *self.kwargs.items()):
            found = tensors_in(value)
            for k, tensor in enumerate(found):
                yield (name if len(found) == 1 else f"{name}.{k}"), tensor


@dataclass
class Followed:
    """A run that was followed: what was built, the signal of the (first) output, every call in its order."""

    build: Build
    output: Signal | None
    tracker: Tracker
    calls: list[Call]


def run(model: nn.Module, inputs: Inputs, shapes: Shapes) -> Followed:
    """Run a copy of the model and return what was followed.

    The model, its buffers and the random states are as before. Inputs are units along the last axis (channels
    for a convolution); where a dense layer reads more than that axis, every position is a unit.
    """
    axes: dict[str, Any] = {}
    first = _run_once(model, inputs, shapes, axes)
    if first.tracker.misread:
        axes = dict(first.tracker.misread)
        first = _run_once(model, inputs, shapes, axes)
    for mode in ("each", "all"):
        wide = {group for group in first.tracker.wide if first.build.groups[group].role == "input"}
        if not wide:
            break
        again = _run_once(model, inputs, shapes, axes | dict.fromkeys(wide, mode))
        if not wide & again.tracker.wide and not again.tracker.is_reordered:
            return again
    return first


def _run_once(model: nn.Module, inputs: Inputs, shapes: Shapes, axes: Mapping[str, Any]) -> Followed:
    build = Build(shapes)
    with untouched(model) as runnable, torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runnable.eval()
        tracker = Tracker(build, runnable)
        args, kwargs = copy.deepcopy((inputs.args, inputs.kwargs))
        _say_inputs(tracker, Inputs(args, kwargs, inputs.names), axes, {n for n, _ in model.named_modules()})
        told: list[Call] = []

        def tell(call: Call) -> None:
            told.append(call)
            before = [tracker.get(tensor) for tensor in call.inputs]
            if call.rule is None:
                follow(tracker, call.function, call.args, call.kwargs, call.outputs)
            else:
                call.rule(tracker, call.function, call.name, call.args, call.outputs)
            call.signals = before, [tracker.get(tensor) for tensor in tensors_in(call.outputs)]

        calls = Calls(runnable, tell)
        tracker.scope = calls.scope
        outputs = calls.run(lambda: runnable(*args, **kwargs))
        return Followed(build, _say_output(tracker, outputs), tracker, told)


def _say_inputs(tracker: Tracker, inputs: Inputs, axes: Mapping[str, Any], taken: set[str]) -> None:
    tensors = list(inputs.tensors())
    for name, tensor in tensors:
        group = "input" if len(tensors) == 1 else f"input.{name}"
        group = f"model {group}" if group in taken else group
        label = "input" if len(tensors) == 1 else name
        mode = axes.get(group, "channels" if tensor.ndim >= 4 else "last")
        axis = tensor.ndim - 1
        if isinstance(mode, tuple):
            axis, n_axes, n_channels = mode
            mode = "channels" if n_axes == tensor.ndim else "one" if n_channels == 1 else "last"
        elif mode == "channels":
            axis = 1
        if mode == "one" or not (tensor.is_floating_point() or tensor.is_complex()) or tensor.ndim == 0:
            n_units, codes = 1, torch.arange(tensor.numel()).reshape(tensor.shape)
        elif mode in ("each", "all"):
            sample = tensor.shape[1:] if mode == "each" else tensor.shape
            n_units = int(np.prod(sample))
            codes = spread(torch.arange(n_units), (tensor.numel() // max(1, n_units), n_units), -1).reshape(
                tensor.shape
            )
        else:
            n_units, codes = tensor.shape[axis], spread(torch.arange(tensor.shape[axis]), tensor.shape, axis)
        sides = [n for n in tensor.shape[1:] if n > 1] if mode == "each" else []
        is_image = len(sides) == 2 or (len(sides) == 3 and sides[0] == 3)
        grid = tuple(sides) if is_image and int(np.prod(sides)) == n_units else None
        tracker.build.layer(group, "Input")
        tracker.build.group(Group(group, group, n_units, role="input", label=label, grid=grid))
        if tensor.ndim >= 3 and mode == "last":
            tracker.rest_names[group] = "time step"
        first = int(tracker.units.of(group, n_units)[0]) if n_units else 0
        tracker.put(tensor, Signal((group,), codes + first * 2**32))


def _say_output(tracker: Tracker, outputs: Any) -> Signal | None:
    """Return the signal of the first output; outputs that were mixed from units get groups of their own."""
    settled = []
    for tensor in tensors_in(outputs):
        signal = tracker.get(tensor)
        if signal is not None:
            settled.append(signal if signal.is_aside else tracker.settle(tensor, signal))
    return settled[0] if settled else None
