"""Runs a torch model and tells of every call in it: of functions, and of modules that are drawn as a whole.

A call has the same key in every run of a model that computes the same things in the same order. Not for what the
calls mean (see ``torch_flow``, ``torch_readings``).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from nnweightviz.adapters.torch_copies import is_lazy
from nnweightviz.adapters.torch_layers import Rule, box, rule_for
from nnweightviz.adapters.torch_moves import function_name
from nnweightviz.adapters.torch_names import kind_of
from nnweightviz.adapters.torch_signals import Signal
from nnweightviz.adapters.torch_tracker import tensors_in

Key = tuple[str | None, str, int]
"""Module in which it happens, name of the function or module, how many of these came before in this run."""


@dataclass(eq=False)
class Call:
    """A call and what it gave; ``function`` is a function, or a module, whose rule and ordered arguments are there."""

    key: Key
    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: Any
    rule: Rule | None = None
    signals: tuple[list[Signal | None], list[Signal | None]] = field(default=([], []))
    """What was known of its inputs before and of its outputs after it, where the run is followed."""

    @property
    def name(self) -> str:
        """The plain name of the function (``add`` for ``Tensor.__radd__``), or that of the module."""
        return self.key[1]

    @property
    def inputs(self) -> list[torch.Tensor]:
        """The tensors among its arguments."""
        return tensors_in((self.args, self.kwargs))


class Calls(TorchFunctionMode):
    """One run of a model, in which ``told`` hears of each call once it has been made."""

    def __init__(self, model: nn.Module, told: Callable[[Call], None]) -> None:
        super().__init__()
        self.model, self.told = model, told
        self.scope: list[str] = []
        self._entered: list[tuple[str, nn.Module, list[torch.Tensor]]] = []
        self._failed: tuple[str, list[torch.Tensor]] | None = None
        self._depth = 0
        self._n_calls: dict[tuple[str | None, str], int] = {}

    def run(self, run: Callable[[], Any]) -> Any:
        """Return what ``run`` returns; it calls the model once."""
        handles = [h for name, module in self.model.named_modules() for h in self._hooks(name, module)]
        try:
            with self:
                return run()
        finally:
            for handle in handles:
                handle.remove()

    def where_it_failed(self) -> str:
        """Return in words which layer, or function outside of layers, was running when an error was raised."""
        name, module, tensors = self._entered[-1] if self._entered else ("", self.model, [])
        given = _shapes(tensors)
        if self._failed is not None and (not name or next(module.children(), None) is not None):
            function, tensors = self._failed
            given = f"{_shapes(tensors)} to {function!r}"
        layer = f"layer {name!r} ({kind_of(module)})" if name else f"{kind_of(module)} itself"
        return f"{layer}, given {given}"

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        try:
            out = func(*args, **(kwargs or {}))
        except Exception:
            self._failed = self._failed or (function_name(func), tensors_in((args, kwargs)))
            raise
        if self._depth == 0:
            key = self._key(self.scope[-1] if self.scope else None, function_name(func))
            self.told(Call(key, func, args, kwargs or {}, out))
        return out

    def _key(self, scope: str | None, name: str) -> Key:
        n = self._n_calls.get((scope, name), 0)
        self._n_calls[scope, name] = n + 1
        return scope, name, n

    def _hooks(self, name: str, module: nn.Module) -> list[Any]:
        rule = rule_for(module)
        if rule is not None and any(
            p.numel() == 0 for p in module._parameters.values() if p is not None and not is_lazy(p)
        ):
            rule = box

        def enter(_module: nn.Module, args: Any, kwargs: Any) -> None:
            self._entered.append((name, module, tensors_in((args, kwargs))))
            self._failed = None
            if rule is None:
                self.scope.append(name)
            else:
                self._depth += 1

        def leave(_module: nn.Module, args: Any, kwargs: Any, outputs: Any) -> None:
            self._entered.pop()
            if rule is None:
                self.scope.pop()
                return
            self._depth -= 1
            if self._depth == 0:
                with torch._C.DisableTorchFunction():
                    key = self._key(self.scope[-1] if self.scope else None, name)
                    self.told(Call(key, module, _in_order(module, args, kwargs), {}, outputs, rule))

        return [
            module.register_forward_pre_hook(enter, with_kwargs=True),
            module.register_forward_hook(leave, with_kwargs=True),
        ]


def _shapes(tensors: list[torch.Tensor]) -> str:
    told = [str(tuple(t.shape)) for t in tensors if not isinstance(t, nn.Parameter)]
    return " and ".join(told) or "no tensor"


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
