"""Where a torch training loop can be listened to: the steps of its optimisers, the gradients they used.

Not for what is recorded (see ``recorder``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from nnweightviz.adapters.torch import unwrapped
from nnweightviz.words import in_a_word

Hook = Callable[[Any], None]


def checked_model(model: Any) -> nn.Module:
    """Return the model; TypeError unless it is a module whose parameters are all in this process."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"watch takes a torch model (torch.nn.Module); got {in_a_word(model)}")
    sharded = [name for name, p in model.named_parameters() if type(p.data).__name__ == "DTensor"]
    if sharded:
        raise TypeError(
            f"parameter {sharded[0]!r} is sharded over several processes, which no one of them can record; record a "
            "gathered state dict with history.record(state, step=...)"
        )
    return model


def checked_optimizers(given: Any, model: nn.Module) -> tuple[Optimizer, ...]:
    """Return the optimisers that were given, one or several.

    Raises
    ------
    TypeError
        If one of them is no torch optimiser.
    ValueError
        If one of them updates no parameter of the model.
    """
    several = given if isinstance(given, Iterable) and not isinstance(given, Optimizer) else [given]
    optimizers: list[Optimizer] = []
    for optimizer in several if given is not None else ():
        inner = getattr(optimizer, "optimizer", None)  # wrapped, as accelerate does
        found = inner if isinstance(inner, Optimizer) else optimizer
        if not isinstance(found, Optimizer):
            raise TypeError(
                f"optimizer is {in_a_word(optimizer)}; it takes a torch optimiser, a list of them, or None"
            )
        if not updates(found, model):
            raise ValueError(
                f"the {type(found).__name__} optimiser updates none of the model's parameters; make it after the "
                "model, from model.parameters()"
            )
        optimizers.append(found)
    return tuple(optimizers)


def updates(optimizer: Optimizer, model: nn.Module) -> bool:
    """Whether an optimiser holds any of a model's parameters."""
    own = {id(p) for p in unwrapped(model).parameters()}
    return any(id(p) in own for group in optimizer.param_groups for p in group["params"])


def listen(optimizers: Sequence[Optimizer], before: Hook | None, after: Hook) -> Callable[[], None]:
    """Call ``before(optimizer)`` and ``after(optimizer)`` around each step; return a function that stops it.

    Without optimisers, of all that there are. What is called is left out of compiled graphs.
    """
    handles = []
    for hook, is_post in ((before, False), (after, True)):
        if hook is None:
            continue
        call = _as_hook(hook)
        if not optimizers:
            register = register_optimizer_step_post_hook if is_post else register_optimizer_step_pre_hook
            handles.append(register(call))
        for optimizer in optimizers:
            own = optimizer.register_step_post_hook if is_post else optimizer.register_step_pre_hook
            handles.append(own(call))

    def stop() -> None:
        for handle in handles:
            handle.remove()

    return stop


def _as_hook(hook: Hook) -> Callable[[Optimizer, Any, Any], None]:
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def call(optimizer: Optimizer, _args: Any, _kwargs: Any) -> None:
        hook(optimizer)

    return call  # type: ignore[no-any-return]


def gradients_of(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return the gradients that the parameters have now, by name; those without one are left out."""
    named = unwrapped(model).named_parameters(remove_duplicate=False)
    return {name: p.grad.detach() for name, p in named if p.grad is not None}


def is_main_process() -> bool:
    """Whether this is the only process of a training run, or its first."""
    distributed = torch.distributed
    return not (distributed.is_available() and distributed.is_initialized()) or distributed.get_rank() == 0
