"""Reads torch models: their structure as a Network, their parameters as arrays.

Not for files (see ``storage``) and not imported unless torch is there already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin  # type: ignore[attr-defined]

from nnweightviz.adapters.arrays import network_of_shapes
from nnweightviz.adapters.build import Build, Shapes, in_words
from nnweightviz.adapters.effective import placed, with_effective
from nnweightviz.adapters.torch_flow import Inputs, run
from nnweightviz.adapters.torch_inputs import given_inputs, guessed_inputs
from nnweightviz.adapters.torch_names import kind_of
from nnweightviz.adapters.torch_parametrised import effective_weights
from nnweightviz.network import Group, Layer, Network

# torch's name of a dtype that numpy lacks: the integer dtype of its size, and ml_dtypes' name
FOREIGN_DTYPES = {
    "bfloat16": (torch.int16, "bfloat16"),
    "float8_e4m3fn": (torch.uint8, "float8_e4m3fn"),
    "float8_e5m2": (torch.uint8, "float8_e5m2"),
    "float8_e4m3fnuz": (torch.uint8, "float8_e4m3fnuz"),
    "float8_e5m2fnuz": (torch.uint8, "float8_e5m2fnuz"),
}
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the module inside ``torch.compile``, DataParallel or DistributedDataParallel, in any nesting."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if isinstance(model, WRAPPERS):
            inner = model.module
        if not isinstance(inner, nn.Module):
            return model
        model = inner


def parameters_of(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return all initialised parameters under all their names, tied ones under each, and the weights that the model
    computes from others (by a parametrisation, a norm, a mask).
    """
    named = unwrapped(model).named_parameters(remove_duplicate=False)
    parameters = {name: p for name, p in named if not isinstance(p, UninitializedTensorMixin)}
    return placed(parameters, effective_weights(unwrapped(model)))


def as_array(tensor: torch.Tensor) -> NDArray[Any]:
    """Return a copy of a tensor as an array: bf16 and fp8 by ``ml_dtypes``, quantised ones as float32.

    Raises
    ------
    ValueError
        If the tensor is on the meta device, and so has no values.
    """
    if tensor.is_meta:
        raise ValueError("a parameter on the meta device has a shape but no values; load the weights first")
    tensor = tensor.detach()
    tensor = tensor.dequantize() if tensor.is_quantized else tensor
    tensor = tensor.to_dense() if tensor.layout != torch.strided else tensor
    tensor = tensor.cpu().resolve_conj().resolve_neg().contiguous()
    foreign = FOREIGN_DTYPES.get(str(tensor.dtype).removeprefix("torch."))
    if foreign is None:
        return np.array(tensor.numpy(), copy=True)
    integers, name = foreign
    return np.array(tensor.view(integers).numpy().view(getattr(ml_dtypes, name)), copy=True)


def as_state(source: nn.Module | Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Return copies of a model's parameters, or of the tensors and arrays in a mapping, by name."""
    if isinstance(source, nn.Module):
        return {name: as_array(tensor) for name, tensor in parameters_of(source).items()}
    arrays = {}
    for name, value in source.items():
        array = as_array(value) if isinstance(value, torch.Tensor) else value
        if isinstance(array, np.ndarray | np.generic):
            arrays[str(name)] = np.array(array, copy=True)
    return with_effective(arrays)


def as_network(model: nn.Module, example_input: Any = None) -> tuple[Network, str | None]:
    """Return a model's Network, and the id of the group that is its output where that is known.

    Raises
    ------
    ValueError
        If the model has no parameters.
    """
    model = unwrapped(model)
    if next(model.parameters(), None) is None and not _is_quantised(model):
        raise ValueError(
            f"{type(model).__name__} has no parameters, so there are no weights to draw; give a model with "
            "at least one layer that has weights"
        )
    tensors = parameters_of(model)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    firsts: dict[int, str] = {}
    tied = {name: firsts[id(t)] for name, t in tensors.items() if firsts.setdefault(id(t), name) != name}
    build, output, notes = _find_flow(model, example_input, shapes)
    if build is None:
        network = network_of_shapes(shapes, _kinds(model), type(model).__name__, tied)
        return _with_boxes(replace(network, notes=(*notes, *network.notes)), model), None
    build.notes = [*notes, *build.notes]
    build.say_originals()
    _add_undrawn(build, model, tied)
    return _with_boxes(build.network(tied, "run", type(model).__name__), model), output


def _find_flow(model: nn.Module, example: Any, shapes: Shapes) -> tuple[Build | None, str | None, list[str]]:
    notes: list[str] = []
    if isinstance(model, torch.jit.ScriptModule):
        return None, None, ["a scripted model is drawn from its parameters' names and shapes"]
    for inputs in () if example is None else given_inputs(model, example):
        try:
            build, output = _followed(model, inputs, shapes)
            return build, output, []
        except Exception as error:  # the user's own code may raise anything
            notes = [f"the model did not run on the example input: {type(error).__name__}: {error}"]
    for inputs in guessed_inputs(model):
        try:
            build, output = _followed(model, inputs, shapes)
        except Exception:
            continue
        if build.bundles or build.wires:
            return build, output, notes
    notes.append(
        "the data flow could not be followed, so layers are chained in their order; an example_input may help"
    )
    return None, None, notes


def _followed(model: nn.Module, inputs: Inputs, shapes: Shapes) -> tuple[Build, str | None]:
    followed = run(model, inputs, shapes)
    signal = followed.output
    return followed.build, signal.groups[0] if signal is not None and len(signal.groups) == 1 else None


def _is_quantised(model: nn.Module) -> bool:
    return any("quantized" in type(module).__module__ for module in model.modules())


def _kinds(model: nn.Module) -> list[tuple[str, str]]:
    """Return the name and class name of every module, in order; for a scripted module the original class."""
    return [(name, kind_of(module)) for name, module in model.named_modules()]


def _add_undrawn(build: Build, model: nn.Module, tied: Mapping[str, str]) -> None:
    """Add a box for every module whose parameters the data flow never met."""
    drawn = {tied.get(b.parameter, b.parameter) for b in build.bundles.values()}
    drawn |= {tied.get(name, name) for name in build.noted}
    kinds = dict(_kinds(model))
    undrawn: dict[str, list[tuple[str, tuple[int, ...]]]] = {}
    for name in build.undrawn():
        if tied.get(name, name) not in drawn:
            owner, _, short = name.rpartition(".")
            undrawn.setdefault(owner, []).append((short, build.parameters[name]))
    for owner, shapes in undrawn.items():
        name = owner or "parameters"
        name = name if name not in build.layers else f"{name}.parameters"
        build.box(name, kinds.get(owner, "Parameters") if owner else "Parameters", [])
        build.note(name, f"no data flow through it was found: {in_words(shapes)}")


def _with_boxes(network: Network, model: nn.Module) -> Network:
    """Add a box for every module that the network lacks because it has no parameters yet, or none any more."""
    layers = [
        Layer(name or type(module).__name__.lower(), type(module).__name__, note=note)
        for name, module in model.named_modules()
        if (note := _why_without_parameters(module))
    ]
    known = {layer.name for layer in network.layers}
    layers = [layer for layer in layers if layer.name not in known]
    boxes = [Group(layer.name, layer.name, 1, "box", f"{layer.name} · {layer.kind}") for layer in layers]
    return replace(network, layers=(*network.layers, *layers), groups=(*network.groups, *boxes))


def _why_without_parameters(module: nn.Module) -> str | None:
    if any(isinstance(p, UninitializedTensorMixin) for p in module._parameters.values()):
        return "not initialised until the first call: its shapes are not known yet"
    is_quantised = "quantized" in type(module).__module__ and "packed" not in type(module).__name__.lower()
    has_weights = is_quantised and any(True for _ in module.state_dict())
    return "quantised: its weights are no parameters, and are not drawn" if has_weights else None
