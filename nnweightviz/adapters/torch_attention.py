"""Attention and layers of two or of discrete inputs: MultiheadAttention, Bilinear, Embedding.

Not for attention written by hand from Linear layers, which is followed by its functions (see ``torch_operations``).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from nnweightviz.adapters.build import Kernel, not_drawn
from nnweightviz.adapters.kinds import Attention, add_attention, add_bilinear, add_lookup
from nnweightviz.adapters.torch_layers import box, drawn_once, layer_rule
from nnweightviz.adapters.torch_names import kind_of, layer_name, parameter_prefix
from nnweightviz.adapters.torch_signals import Signal
from nnweightviz.adapters.torch_tracker import Tracker


@layer_rule(nn.MultiheadAttention)
def attention(tracker: Tracker, module: nn.Module, name: str, inputs: tuple[Any, ...], outputs: Any) -> None:
    """Draw q, k and v as dense bundles, the heads between wires, and the projection of the heads."""
    assert isinstance(module, nn.MultiheadAttention)
    spec = attention_form(tracker, module, name)
    if spec is None or len(inputs) < 3:
        return box(tracker, module, name, inputs, outputs)
    read = dict(zip("qkv", inputs[:3], strict=True))
    columns = {part: tracker.columns(t, spec.name, t.shape[-1]) for part, t in read.items()}
    key = tuple(tuple(columns[part]) for part in "qkv")
    group, heads = drawn_once(tracker, spec.name, key, lambda: add_attention(tracker.build, spec, columns))
    for what in ("bias_k", "bias_v"):
        parameter = f"{parameter_prefix(name)}{what}"
        if parameter in tracker.build.parameters:
            tracker.build.note(spec.name, not_drawn([(parameter, tracker.build.parameters[parameter])]))
            tracker.build.noted.add(parameter)
    result, weights = outputs if isinstance(outputs, tuple) else (outputs, None)
    tracker.put_units(result, group)
    if any(any(c.group in tracker.rest_names for c in part) for part in columns.values()):
        tracker.rest_names.setdefault(group, "time step")
    if weights is not None:
        tracker.put(weights, Signal((heads,), operations=("attention",), is_aside=True))
    return None


def attention_form(tracker: Tracker, module: nn.MultiheadAttention, name: str) -> Attention | None:
    """Return the form of an ``nn.MultiheadAttention``; None where its parameters are not torch's own."""
    prefix, n = parameter_prefix(name), module.embed_dim
    has = tracker.build.has
    sizes = {"q": n, "k": module.kdim, "v": module.vdim}
    joint, bias = f"{prefix}in_proj_weight", f"{prefix}in_proj_bias"
    kernels = {
        part: Kernel(joint, n, n, offset=k * n * n, part=part)
        if has(joint, 3 * n, n)
        else Kernel(f"{prefix}{part}_proj_weight", n, sizes[part])
        for k, part in enumerate("qkv")
    }
    out, out_bias = f"{prefix}out_proj.weight", f"{prefix}out_proj.bias"
    is_whole = has(joint, 3 * n, n) or all(has(kernels[part].parameter, n, sizes[part]) for part in "qkv")
    if not is_whole or not has(out, n, n):
        return None
    biases = {part: Kernel(bias, n, 1, offset=k * n, role="bias", part=part) for k, part in enumerate("qkv")}
    return Attention(
        layer_name(module, name),
        n,
        module.num_heads,
        kernels,
        biases if has(bias, 3 * n) else {},
        out,
        out_bias if has(out_bias, n) else None,
    )


@layer_rule(nn.Bilinear)
def bilinear(tracker: Tracker, module: nn.Module, name: str, inputs: tuple[Any, ...], outputs: Any) -> None:
    """Draw a Bilinear: links from both inputs, each joining the entries of all units of the other."""
    assert isinstance(module, nn.Bilinear)
    shape = (module.out_features, module.in1_features, module.in2_features)
    prefix, layer = parameter_prefix(name), layer_name(module, name)
    weight, bias = f"{prefix}weight", f"{prefix}bias"
    if not tracker.build.has(weight, *shape):
        return box(tracker, module, name, inputs, outputs)
    sources = (tracker.columns(inputs[0], layer, shape[1]), tracker.columns(inputs[1], layer, shape[2]))
    has_bias = tracker.build.has(bias, shape[0])
    group = drawn_once(
        tracker,
        layer,
        tuple(map(tuple, sources)),
        lambda: add_bilinear(tracker.build, layer, sources, weight, shape, bias=bias if has_bias else None),
    )
    tracker.put_units(outputs, group)
    return None


@layer_rule(nn.Embedding, nn.EmbeddingBag)
def embedding(tracker: Tracker, module: nn.Module, name: str, inputs: tuple[Any, ...], outputs: Any) -> None:
    """Draw an embedding: every token is a source unit, its vector the links from it."""
    weight = f"{parameter_prefix(name)}weight"
    size = (int(module.num_embeddings), int(module.embedding_dim))  # type: ignore[arg-type]
    if not tracker.build.has(weight, *size):
        return box(tracker, module, name, inputs, outputs)
    look_up(tracker, layer_name(module, name), (inputs[0], outputs), weight, kind_of(module))
    if isinstance(module, nn.EmbeddingBag):
        tracker.build.modify(layer_name(module, name), module.mode)
    return None


def look_up(
    tracker: Tracker, layer: str, tensors: tuple[Any, torch.Tensor], parameter: str, kind: str = "Embedding"
) -> None:
    """Draw the choice of rows of a parameter by the first tensor, which gives the second."""
    ids, result = tensors
    size = tracker.build.parameters[parameter]
    fed_by = tracker.groups(tracker.signals([ids]))
    group = drawn_once(
        tracker,
        layer,
        ("lookup", parameter, fed_by),
        lambda: add_lookup(tracker.build, layer, kind, parameter, (size[0], size[1]), fed_by=fed_by),
    )
    if kind != "EmbeddingBag":
        tracker.rest_names.setdefault(group, "time step")
    tracker.put_units(result, group)
