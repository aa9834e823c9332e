"""Finds a torch model's data flow by running a copy of it once and following every tensor.

Not for choosing what to run it on (see ``torch_inputs``).
"""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from nnweightviz.adapters import torch_parametrised  # noqa: F401  (its rule)
from nnweightviz.adapters.build import Build, Shapes
from nnweightviz.adapters.torch_copies import is_lazy, untouched
from nnweightviz.adapters.torch_layers import box, rule_for
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


class _Follow(TorchFunctionMode):
    """Hands every torch call outside the modules that are drawn as a whole to the rules."""

    def __init__(self, tracker: Tracker) -> None:
        super().__init__()
        self.tracker = tracker
        self.depth = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if self.depth == 0:
            follow(self.tracker, func, args, kwargs or {}, out)
        return out


def run(model: nn.Module, inputs: Inputs, shapes: Shapes) -> tuple[Build, Any]:
    """Run a copy of the model and return what was built, with the signal of its (first) output.

    The model, its buffers and the random states are as before. Inputs are units along the last axis (channels
    for a convolution); where a dense layer reads more than that axis, every position is a unit.
    """
    axes: dict[str, Any] = {}
    first = _run_once(model, inputs, shapes, axes)
    if first[2].misread:
        axes = dict(first[2].misread)
        first = _run_once(model, inputs, shapes, axes)
    for mode in ("each", "all"):
        wide = {group for group in first[2].wide if first[0].groups[group].role == "input"}
        if not wide:
            break
        again = _run_once(model, inputs, shapes, axes | dict.fromkeys(wide, mode))
        if not wide & again[2].wide and not again[2].is_reordered:
            return again[:2]
    return first[:2]


def _run_once(
    model: nn.Module, inputs: Inputs, shapes: Shapes, axes: Mapping[str, Any]
) -> tuple[Build, Any, Tracker]:
    build = Build(shapes)
    with untouched(model) as runnable, torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runnable.eval()
        tracker = Tracker(build, runnable)
        args, kwargs = copy.deepcopy((inputs.args, inputs.kwargs))
        _say_inputs(tracker, Inputs(args, kwargs, inputs.names), axes, {n for n, _ in model.named_modules()})
        mode = _Follow(tracker)
        handles = [
            h for name, module in runnable.named_modules() for h in _hooks(tracker, mode, name, module)
        ]
        try:
            with mode:
                outputs = runnable(*args, **kwargs)
        finally:
            for handle in handles:
                handle.remove()
        return build, _say_output(tracker, outputs), tracker


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


def _hooks(tracker: Tracker, mode: _Follow, name: str, module: nn.Module) -> list[Any]:
    rule = rule_for(module)
    if rule is not None and any(
        p.numel() == 0 for p in module._parameters.values() if p is not None and not is_lazy(p)
    ):
        rule = box

    def enter(_module: nn.Module, _args: Any, _kwargs: Any) -> None:
        if rule is None:
            tracker.scope.append(name)
        else:
            mode.depth += 1

    def leave(_module: nn.Module, args: Any, kwargs: Any, outputs: Any) -> None:
        if rule is None:
            tracker.scope.pop()
            return
        mode.depth -= 1
        if mode.depth == 0:
            with torch._C.DisableTorchFunction():
                rule(tracker, module, name, _in_order(module, args, kwargs), outputs)

    return [
        module.register_forward_pre_hook(enter, with_kwargs=True),
        module.register_forward_hook(leave, with_kwargs=True),
    ]


def _in_order(module: nn.Module, args: Any, kwargs: Any) -> tuple[Any, ...]:
    """Return all arguments in the order of the module's signature."""
    if not kwargs:
        return tuple(args)
    try:
        bound = inspect.signature(module.forward).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return (*args, *kwargs.values())
    bound.apply_defaults()
    return tuple(bound.arguments.values())
