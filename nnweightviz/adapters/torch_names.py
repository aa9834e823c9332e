"""What a torch module is called: its kind, its layer, and what the names of its parameters begin with.

Not for the ids of groups and bundles (see ``build``).
"""

from __future__ import annotations

from torch import nn
from torch.nn.utils.parametrize import is_parametrized


def kind_of(module: nn.Module) -> str:
    """Return a module's class name: the original one where torch made a class for its parametrisation."""
    name = str(getattr(module, "original_name", type(module).__name__))
    return name.removeprefix("Parametrized") if is_parametrized(module) else name


def layer_name(module: nn.Module, name: str) -> str:
    """Return the layer's name: the module's, or its class in small letters if it is the whole model."""
    return name or kind_of(module).lower()


def parameter_prefix(name: str) -> str:
    """Return what the names of a module's parameters begin with."""
    return f"{name}." if name else ""
