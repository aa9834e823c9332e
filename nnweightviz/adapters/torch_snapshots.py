"""Copies of a torch model's parameters, as fast as memory goes: what to copy is found once, then only checked.

Not for parameters that must be computed or converted first (see ``torch``).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from operator import methodcaller
from typing import Any

import ml_dtypes
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nnweightviz.adapters.torch import FOREIGN_DTYPES, unwrapped
from nnweightviz.adapters.torch_copies import is_lazy
from nnweightviz.adapters.torch_parametrised import effective_weights

Piece = NDArray[np.uint8]

AT_ONCE_BYTES = 4_000_000
"""So many are copied without letting other threads run, who would keep the one that records waiting for longer."""


class TorchSource:
    """The parameters of a model that lie ready in memory: name -> dtype and shape, and how to copy each."""

    def __init__(self, model: nn.Module) -> None:
        inner = unwrapped(model)
        self._given, self._model = weakref.ref(model), weakref.ref(inner)
        named = list(inner.named_parameters(remove_duplicate=False))
        firsts: dict[int, str] = {}
        self.tied = {name: firsts[id(p)] for name, p in named if firsts.setdefault(id(p), name) != name}
        owned = {name: p for name, p in named if name not in self.tied}
        self.layout = {name: (_dtype(p), tuple(p.shape)) for name, p in owned.items()}
        self._parameters = list(owned.values())
        self._tensors = [p.detach() for p in self._parameters]
        self._places = [_place(p) for p in self._parameters]
        self._owners = [d for module in inner.modules() for d in (module._parameters, module._modules)]
        self._members = list(_members(self._owners))  # held, so that nothing else gets their ids
        self._ids = list(map(id, self._members))

    @classmethod
    def of(cls, model: nn.Module) -> TorchSource | None:
        """Return the source, or None if some parameters are computed, quantised, sparse, or not there yet."""
        parameters = [p for _, p in unwrapped(model).named_parameters()]
        plain = all(
            not is_lazy(p)
            and not p.is_meta
            and not p.is_quantized
            and p.layout == torch.strided
            and not p.is_neg()
            for p in parameters
        )
        return cls(model) if parameters and plain and not effective_weights(unwrapped(model)) else None

    def is_of(self, model: nn.Module) -> bool:
        """Whether it is still true of a model: the same parameters, in the same places."""
        if model is not self._given() and unwrapped(model) is not self._model():
            return False
        is_whole = list(map(id, _members(self._owners))) == self._ids
        return is_whole and list(map(_place, self._parameters)) == self._places

    def copier(self, places: Sequence[slice]) -> Callable[[Piece], object]:
        """Return what copies each parameter's bytes to its place in a piece of memory; ``places`` are in the order of
        ``layout``.
        """
        tensors = self._tensors
        arrays = [_flat_bytes(p) for p in tensors]
        views = [(at, array.data) for at, array in zip(places, arrays, strict=True) if array is not None]
        if len(views) == len(places) and sum(view.nbytes for _, view in views) <= AT_ONCE_BYTES:

            def copy_at_once(piece: Piece) -> None:
                target = piece.data
                for at, view in views:
                    target[at] = view

            return copy_at_once

        def copy(piece: Piece) -> None:
            for place, array, tensor in zip(places, arrays, tensors, strict=True):
                if array is not None:
                    np.copyto(piece[place], array)
                elif tensor.numel():
                    as_tensor = torch.from_numpy(piece[place]).view(tensor.dtype).view(tensor.shape)
                    as_tensor.copy_(tensor)

        return copy


_VALUES_OF = methodcaller("values")


def _place(p: torch.Tensor) -> tuple[int, torch.dtype, torch.Size, tuple[int, ...]]:
    return p.data_ptr(), p.dtype, p.shape, p.stride()


def _members(owners: Sequence[Mapping[str, Any]]) -> Iterable[Any]:
    return chain.from_iterable(map(_VALUES_OF, owners))


def _dtype(p: torch.Tensor) -> np.dtype[Any]:
    name = str(p.dtype).removeprefix("torch.")
    return np.dtype(getattr(ml_dtypes, FOREIGN_DTYPES[name][1]) if name in FOREIGN_DTYPES else name)


def _flat_bytes(tensor: torch.Tensor) -> Piece | None:
    """Return a view of a tensor's bytes, or None if it is on another device or not in one piece."""
    if tensor.device.type != "cpu" or not tensor.is_contiguous() or tensor.is_conj():
        return None
    return tensor.view(-1).view(torch.uint8).numpy() if tensor.numel() else np.empty(0, np.uint8)
