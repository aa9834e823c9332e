"""Copies of a torch model that may be run: the model, its buffers and the random states stay as they are.

Not for following the data through them (see ``torch_flow``).
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin  # type: ignore[attr-defined]

MAX_COPIED_BYTES = 2**28


@contextmanager
def untouched(model: nn.Module) -> Iterator[nn.Module]:
    """Yield a copy that may be run (the model itself where it cannot be copied), and put back all that a run
    changes. Attention runs as its Python code says, not by torch's fused kernels.
    """
    fastpath = torch.backends.mha.get_fastpath_enabled()
    python, numpy = random.getstate(), np.random.get_state()
    devices = sorted({p.device.index or 0 for p in model.parameters() if p.device.type == "cuda"})
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers() if not is_lazy(buffer)]
    training = [(module, module.training) for module in model.modules()]
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        with torch.random.fork_rng(devices=devices):
            yield _copy(model)
    finally:
        torch.backends.mha.set_fastpath_enabled(fastpath)
        random.setstate(python)
        np.random.set_state(numpy)
        for module, was_training in training:
            module.training = was_training
        with torch.no_grad():
            for buffer, before in buffers:
                if buffer.shape == before.shape and not buffer.is_meta and not torch.equal(buffer, before):
                    buffer.copy_(before)


def is_lazy(tensor: torch.Tensor) -> bool:
    return isinstance(tensor, UninitializedTensorMixin)


def _copy(model: nn.Module) -> nn.Module:
    parameters = [p for p in model.parameters() if not is_lazy(p)]
    n_bytes = sum(p.numel() * p.element_size() for p in parameters)
    memo: dict[int, Any] = {id(p): p for p in parameters} if n_bytes > MAX_COPIED_BYTES else {}
    try:
        copied = copy.deepcopy(model, memo)
    except Exception:  # models may hold anything: open files, locks, tensors with a history
        return model
    for module in list(copied.modules()):
        for hooks in (module._forward_hooks, module._backward_hooks, module._forward_pre_hooks):
            for key, hook in list(hooks.items()):
                # torch's own hooks compute weights (weight_norm); others may do anything, such as recording
                if not type(hook).__module__.startswith("torch."):
                    del hooks[key]
        _open(module)
    return copied


class Sealed(nn.Module):
    """Stands for a part that cannot be followed inside, a scripted one: it is drawn as a box."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.original_name = str(getattr(part, "original_name", type(part).__name__))
        self._call = (part,)  # in a tuple, so that it is no submodule
        self.stands_for = [name for name, _ in part.named_parameters()]

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the part."""
        return self._call[0](*args, **kwargs)


def _open(module: nn.Module) -> None:
    """Make compiled parts run their own code, and scripted ones accept hooks."""
    for name, part in module._modules.items():
        inner = getattr(part, "_orig_mod", None)
        if isinstance(part, torch.jit.ScriptModule):
            module._modules[name] = Sealed(part)
        elif isinstance(part, nn.Module) and isinstance(inner, nn.Module):
            object.__setattr__(part, "forward", inner.__call__)
