"""Functions that apply a parameter as a kernel: ``F.linear``, ``x @ w``, ``F.conv2d``, ``F.embedding``.

Not for modules (see ``torch_layers`` and its families), whose drawing these share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from nnweightviz.adapters.build import Kernel
from nnweightviz.adapters.kinds import Convolution
from nnweightviz.adapters.torch_attention import look_up
from nnweightviz.adapters.torch_convolutions import convolve
from nnweightviz.adapters.torch_layers import dense
from nnweightviz.adapters.torch_tracker import Tracker


def _linear(tracker: Tracker, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> bool:
    """Draw ``F.linear(x, w, b)`` or ``x @ w`` where w is a parameter, or a view of one, as a dense layer."""
    values = [*args, *kwargs.values()]
    tensors = [v for v in values if isinstance(v, torch.Tensor)]
    if len(tensors) < 2:
        return False
    bias = None
    if name == "addmm":
        (bias, source, weight), transposed = tensors[:3], True
    else:
        source, weight, transposed = tensors[0], tensors[1], name == "matmul"
        bias = tensors[2] if len(tensors) > 2 else None
    found = tracker.parameter(weight)
    if found is None or weight.ndim != 2 or tracker.get(weight) is not None or source.ndim < 1:
        return False
    parameter, tensor = found
    if not tensor.is_contiguous() or tracker.parameter(source) is not None:
        return False
    weight = weight.t() if transposed else weight  # (n_out, n_in)
    offset = int(weight.storage_offset() - tensor.storage_offset())
    kernel = Kernel(parameter, weight.shape[0], weight.stride(0), weight.stride(1), offset)
    bias_name = tracker.parameter(bias)
    layer = parameter.removesuffix(".weight") if parameter != "weight" else "linear"
    usable = bias_name is not None and tracker.build.has(bias_name[0], weight.shape[0])
    group = dense(tracker, layer, source, kernel, bias_name[0] if bias_name and usable else None)
    tracker.put_units(out, group)
    return True


def _convolution(
    tracker: Tracker, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any
) -> bool:
    """Draw ``F.conv2d(x, w, b)`` and its like, where w is a whole parameter, as a convolution."""
    order: tuple[str, ...] = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
    if "transpose" in name:
        order = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
    given = dict(zip(order, args, strict=False)) | kwargs
    source, weight, n_groups = given.get("input"), given.get("weight"), int(given.get("groups", 1))
    found = tracker.parameter(weight)
    if found is None or not isinstance(weight, torch.Tensor) or weight.shape != found[1].shape:
        return False
    if tracker.get(weight) is not None or not weight.is_contiguous() or not isinstance(source, torch.Tensor):
        return False
    is_transposed = "transpose" in name
    n_rows, n_columns, *kernel_size = weight.shape
    sizes = (n_rows, n_columns * n_groups) if is_transposed else (n_columns * n_groups, n_rows)
    kind = "Conv" + ("Transpose" if is_transposed else "") + f"{len(kernel_size)}d"
    spec = Convolution(kind, found[0], *sizes, tuple(kernel_size), n_groups, is_transposed)
    bias = tracker.parameter(given.get("bias"))
    bias_name = bias[0] if bias and tracker.build.has(bias[0], sizes[1]) else None
    layer = found[0].removesuffix(".weight") if found[0] != "weight" else kind.lower()
    convolve(tracker, layer, (source, out), spec, bias_name)
    return True


def _embedding(tracker: Tracker, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> bool:
    """Draw ``F.embedding(ids, w)``, or ``w[ids]``, where w is a whole parameter, as an embedding."""
    tensors = [v for v in (*args, *kwargs.values()) if isinstance(v, torch.Tensor)]
    if len(tensors) != 2:
        return False
    ids, weight = (tensors[1], tensors[0]) if name == "getitem" else tensors
    found = tracker.parameter(weight)
    if found is None or found[1].ndim != 2 or weight.shape != found[1].shape or not weight.is_contiguous():
        return False
    if ids.dtype not in (torch.int64, torch.int32) or out.shape[-1:] != weight.shape[-1:]:
        return False
    layer = found[0].removesuffix(".weight") if found[0] != "weight" else "embedding"
    look_up(tracker, layer, (ids, out), found[0])
    return True


Rule = Callable[[Tracker, str, tuple[Any, ...], dict[str, Any], Any], bool]
KERNELS: dict[str, Rule] = {
    **dict.fromkeys(("linear", "matmul", "addmm"), _linear),
    **{f"conv{n}d": _convolution for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": _convolution for n in (1, 2, 3)},
    **dict.fromkeys(("embedding", "getitem"), _embedding),
}
"""By a function's name: what draws it; False where its kernel is no parameter."""
