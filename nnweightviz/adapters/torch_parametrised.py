"""Weights that a live torch model computes from other parameters, as it computes them itself.

Not for bare state dicts (see ``effective``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrize import ParametrizationList, is_parametrized
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from nnweightviz.adapters.torch_layers import layer_rule
from nnweightviz.adapters.torch_tracker import Tracker, tensors_in


def effective_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return each weight that a module computes by a parametrisation, a norm or a mask, by the name it has there.

    Neither the model nor any random state is changed. What cannot be computed is left out.
    """
    owners = [(name, module) for name, module in model.named_modules() if _computes(module)]
    if not owners:
        return {}
    devices = sorted({p.device.index or 0 for p in model.parameters() if p.device.type == "cuda"})
    found = {}
    with torch.no_grad(), torch.random.fork_rng(devices=devices):
        for name, module in owners:
            with _as_in_eval(module):
                for weight, value in _computed(module):
                    found[f"{name}.{weight}" if name else weight] = value.detach()
    return found


def _computes(module: nn.Module) -> bool:
    hooks = (WeightNorm, SpectralNorm, BasePruningMethod)
    return is_parametrized(module) or any(isinstance(h, hooks) for h in module._forward_pre_hooks.values())


def _computed(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    thing: Any = module
    for weight in thing.parametrizations if is_parametrized(module) else ():
        try:
            yield weight, getattr(module, weight)
        except Exception:  # a user's parametrisation may raise anything
            continue
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, WeightNorm):
            yield hook.name, hook.compute_weight(module)
        elif isinstance(hook, SpectralNorm):
            yield hook.name, hook.compute_weight(module, do_power_iteration=False)
        elif isinstance(hook, BasePruningMethod):
            yield hook._tensor_name, hook.apply_mask(module)  # type: ignore[no-untyped-call]


@contextmanager
def _as_in_eval(module: nn.Module) -> Iterator[None]:
    """Keep a spectral norm from iterating, and any buffer as it is."""
    inside = list(module.parametrizations.modules()) if is_parametrized(module) else []  # type: ignore[union-attr]
    training = [(part, part.training) for part in inside]
    buffers = [
        (buffer, buffer.detach().clone())
        for part in inside
        for buffer in part._buffers.values()
        if buffer is not None
    ]
    try:
        for part in inside:
            part.training = False
        yield
    finally:
        for part, was_training in training:
            part.training = was_training
        for buffer, before in buffers:
            if not buffer.is_meta and not torch.equal(buffer, before):
                buffer.copy_(before)


@layer_rule(ParametrizationList)
def parametrisation(
    tracker: Tracker, _module: nn.Module, name: str, _inputs: tuple[Any, ...], outputs: Any
) -> None:
    """Say that what a parametrisation gives is the weight that it computes."""
    owner, _, weight = name.partition("parametrizations.")
    for tensor in tensors_in(outputs):
        tracker.say_parameter(owner + weight, tensor)
