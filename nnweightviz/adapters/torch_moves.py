"""Functions that move, join or reduce entries: they are applied to the codes themselves, so no layout is assumed.

Not for functions that compute (see ``torch_operations``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from nnweightviz.adapters.torch_signals import Signal, coded, feature_axis, spread, units_of
from nnweightviz.adapters.torch_ticks import tick_view
from nnweightviz.adapters.torch_tracker import Tracker, tensors_in

MOVES_ONE = {
    "reshape", "view", "view_as", "reshape_as", "flatten", "ravel", "permute", "transpose", "t", "T",
    "mT", "swapaxes", "swapdims", "movedim", "moveaxis", "squeeze", "unsqueeze", "expand", "expand_as",
    "repeat", "repeat_interleave", "tile", "broadcast_to", "split", "chunk", "tensor_split", "unbind",
    "select", "narrow", "index_select", "getitem", "take_along_dim", "gather", "contiguous", "clone",
    "detach", "flip", "roll", "unflatten", "unfold", "data", "alias", "diagonal",
}  # fmt: skip
MOVES_SEVERAL = {
    "cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack", "column_stack",
}  # fmt: skip
REDUCTIONS = {
    "mean", "sum", "max", "min", "amax", "amin", "median", "nanmean", "nansum", "logsumexp", "norm",
    "prod", "std", "var", "mode", "quantile",
}  # fmt: skip
OTHER_NAMES = {
    "radd": "add", "iadd": "add", "isub": "sub", "subtract": "sub", "rmul": "mul", "imul": "mul",
    "multiply": "mul", "truediv": "div", "rtruediv": "div", "itruediv": "div", "divide": "div",
    "true_divide": "div",
    "rmatmul": "matmul", "rpow": "pow", "mm": "matmul", "mv": "matmul",
}  # fmt: skip


def function_name(function: Any) -> str:
    """Return a function's plain name: ``add`` for ``torch.add``, ``Tensor.__radd__``, ``Tensor.add_``."""
    name = str(getattr(function, "__name__", type(function).__name__))
    if name == "__get__":
        name = str(getattr(function.__self__, "__name__", name))
    name = name.strip("_") or name
    return OTHER_NAMES.get(name, name)


def move(
    tracker: Tracker,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    results: Any,
) -> bool:
    """Apply an operation that moves entries to the codes; False where that does not work out."""
    if not args:
        return False
    name = function_name(function)
    several = name in MOVES_SEVERAL
    if several:
        signals = [(t, tracker.get(t)) for t in args[0]]
        settled = [(t, s and tracker.settle(t, s)) for t, s in signals]
        if any(s is not None and s.codes is None for _, s in settled):
            return False
        axis = kwargs.get("dim", args[1] if len(args) > 1 else 0)
        first: Any = [(_beside(tracker, t, settled, axis) if s is None else s.codes) for t, s in settled]
    else:
        signal = tracker.get(args[0])
        if signal is None or signal.codes is None:
            return False
        first = signal.codes
    function = torch.Tensor.reshape if name == "view" else function
    if name in ("contiguous", "clone", "detach", "alias", "data"):
        moved: list[torch.Tensor] = [first]
    else:
        try:
            moved = tensors_in(function(first, *args[1:], **kwargs))
        except (RuntimeError, TypeError, ValueError, IndexError, AttributeError):
            return False
    if [m.shape for m in moved] != [r.shape for r in results]:
        return False
    source = None if several else tracker.get(args[0])
    for codes, result in zip(moved, results, strict=True):
        is_one = source is not None and len(source.groups) == 1
        groups = source.groups if source is not None and is_one else tracker.units.groups(codes)
        tracker.put(result, Signal(groups, codes))
    return True


def _beside(
    tracker: Tracker,
    tensor: torch.Tensor,
    others: list[tuple[torch.Tensor, Signal | None]],
    axis: Any,
) -> torch.Tensor:
    """Return the codes of a tensor that is joined to others: a parameter along another axis than their units' (a class
    token before a sequence) is more positions of the same units; anything else comes from no unit.
    """
    found, none = tracker.parameter(tensor), torch.full(tensor.shape, -1)
    signal = next((s for _, s in others if s is not None and s.codes is not None), None)
    if found is None or signal is None or signal.codes is None or signal.codes.ndim != tensor.ndim:
        return none
    features = feature_axis(signal.codes)
    if features is None or not isinstance(axis, int) or features == axis % tensor.ndim:
        return none
    if signal.codes.shape[features] != tensor.shape[features] or not tensor.numel():
        return none
    units = units_of(signal.codes).movedim(features, 0).flatten(1)[:, 0]
    codes = spread(units, tensor.shape, features)
    tick_view(tracker, Signal(signal.groups, codes), tensor, "bias")
    return codes


def pack(tracker: Tracker, args: tuple[Any, ...], result: torch.Tensor) -> bool:
    """Follow packing and unpacking of sequences, which keep the last axis; False if units vary over time."""
    signal = tracker.get(args[0])
    if signal is None or signal.codes is None or signal.codes.shape[-1] != result.shape[-1]:
        return False
    units = units_of(signal.codes.reshape(-1, result.shape[-1]))
    if bool((units != units[:1]).any()):
        return False
    tracker.put(result, Signal(signal.groups, spread(units[0], result.shape, -1)))
    return True


def write(tracker: Tracker, args: tuple[Any, ...]) -> None:
    """Follow ``x[index] = value``."""
    target, index, value = args[0], args[1], args[2]
    signal = tracker.get(value)
    if signal is None:
        return
    signal = tracker.settle(value, signal)
    old = tracker.get(target)
    codes = torch.full(target.shape, -1) if old is None or old.codes is None else old.codes.clone()
    if signal.codes is not None:
        codes[index] = signal.codes
        tracker.put(target, Signal(tracker.units.groups(codes), codes))


def reduce(
    tracker: Tracker, args: tuple[Any, ...], kwargs: dict[str, Any], results: list[torch.Tensor]
) -> bool:
    """Follow a mean, sum or maximum over axes along which the units stay the same; False if they do not."""
    signal = tracker.get(args[0]) if args else None
    if signal is None or signal.codes is None:
        return False
    dims = kwargs.get("dim", kwargs.get("axis", args[1] if len(args) > 1 else None))
    if not isinstance(dims, int | tuple | list) or isinstance(dims, bool):
        return False
    axes = [dims] if isinstance(dims, int) else list(dims)
    units = units_of(signal.codes)
    low, high = units.amin(axes, keepdim=True), units.amax(axes, keepdim=True)
    if low.numel() != results[0].numel() or bool((low != high).any()):
        return False
    positions = torch.arange(low.numel()).reshape(results[0].shape)
    codes = torch.where(low.reshape(positions.shape) < 0, -1, coded(low.reshape(positions.shape), positions))
    for result in results:
        tracker.put(result, Signal(signal.groups, codes))
    return True
