"""Where a torch training loop can be listened to: the steps of its optimisers, the gradients they used.

Not for what is recorded (see ``recorder``).
"""

from __future__ import annotations

import weakref
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


class Rounds:
    """The steps of all optimisers of a model, taken together: those of one are counted, the others step around it.

    A round begins before the counted optimiser's step, or before that of those that stepped ahead of it when it first
    stepped. It ends when the others have stepped, too; at the latest when the next one begins, because not every
    optimiser steps every time.

    Parameters
    ----------
    model
        What they update.
    optimizers
        The first one's steps are counted; without any, those of the first that updates the model.
    begins, counted, ends
        Called before the first step of a round, after the counted step, and after the last.
    stepped
        Called with each optimiser after its step, ahead of ``counted`` and ``ends``.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizers: Sequence[Optimizer],
        *,
        begins: Callable[[], None],
        stepped: Hook,
        counted: Callable[[], None],
        ends: Callable[[], None],
    ) -> None:
        self._model = model
        self._counted = optimizers[0] if optimizers else None
        self._is_ours = weakref.WeakKeyDictionary[Optimizer, bool]((o, True) for o in optimizers)
        self._earlier = weakref.WeakSet[Optimizer]()
        self._awaited = weakref.WeakSet[Optimizer]()
        self._has_begun = self._has_counted = False
        self._begins, self._stepped, self._do_count, self._ends = begins, stepped, counted, ends
        self.is_open = False
        """Whether the counted optimiser has stepped, and others are to follow."""

    @property
    def are_several(self) -> bool:
        """Whether more than one optimiser is known to update the model."""
        return sum(self._is_ours.values()) > 1

    def before(self, optimizer: Optimizer) -> None:
        """Take note that an optimiser is about to step."""
        if not self._concerns(optimizer) or not (self._is_counted(optimizer) or optimizer in self._earlier):
            return
        self.end()
        if not self._has_begun:
            self._has_begun = True
            self._begins()

    def after(self, optimizer: Optimizer) -> None:
        """Take note that an optimiser has stepped."""
        if not self._concerns(optimizer):
            return
        self._stepped(optimizer)
        if self._is_counted(optimizer):
            self._counted = optimizer
            self._has_counted = self.is_open = True
            if len(self._is_ours) > 1:
                others = (o for o, is_ours in self._is_ours.items() if is_ours and o is not optimizer)
                self._awaited = weakref.WeakSet(o for o in others if o not in self._earlier)
            self._do_count()
        elif not self._has_counted:
            self._earlier.add(optimizer)
        self._awaited.discard(optimizer)
        if not self._awaited:
            self.end()

    def end(self) -> None:
        """End the round, if its step was counted, without those that have not stepped."""
        if self.is_open:
            self.is_open = self._has_begun = False
            self._ends()

    def _is_counted(self, optimizer: Optimizer) -> bool:
        return self._counted is None or optimizer is self._counted

    def _concerns(self, optimizer: Optimizer) -> bool:
        if optimizer not in self._is_ours:
            self._is_ours[optimizer] = updates(optimizer, self._model)
        return self._is_ours[optimizer]


def gradients_of(model: nn.Module, optimizer: Optimizer | None = None) -> dict[str, torch.Tensor]:
    """Return the gradients that the parameters (of an optimiser) have now, by name; those without one are left out."""
    named = unwrapped(model).named_parameters(remove_duplicate=False)
    held = None if optimizer is None else {id(p) for group in optimizer.param_groups for p in group["params"]}
    return {
        name: p.grad.detach() for name, p in named if p.grad is not None and (held is None or id(p) in held)
    }


def is_main_process() -> bool:
    """Whether this is the only process of a training run, or its first."""
    distributed = torch.distributed
    return not (distributed.is_available() and distributed.is_initialized()) or distributed.get_rank() == 0
