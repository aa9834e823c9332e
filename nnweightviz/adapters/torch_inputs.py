"""What to run a torch model on: the example that was given, or guesses from its first layers.

Not for running it (see ``torch_flow``).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin  # type: ignore[attr-defined]
from torch.nn.utils.rnn import PackedSequence

from nnweightviz.adapters.torch_flow import Inputs

BATCH, STEPS = 2, 5
SIDES = (28, 32, 64, 16, 8, 224)
MAX_GUESSES = 40
MANY_VALUES = 2**18
MAX_PLACES = 2**16  # of an image or volume that is guessed


def given_inputs(model: nn.Module, example: Any) -> Iterator[Inputs]:
    """Yield an example (a tensor or array, a tuple of arguments, a mapping of named ones) as inputs for a model: of
    many images the first two, and then as it is.
    """
    names = _argument_names(model)
    if isinstance(example, Mapping):
        inputs = Inputs((), {str(k): _fit(model, v) for k, v in example.items()}, ())
    else:
        is_several = isinstance(example, tuple | list) and not isinstance(example, PackedSequence)
        args = tuple(_fit(model, value) for value in (example if is_several else (example,)))
        more = (f"x{k + 1}" for k in range(len(names), len(args)))
        inputs = Inputs(args, {}, (*names, *more)[: len(args)])
    tensors = [tensor for _, tensor in inputs.tensors()]
    n_values = sum(tensor.numel() for tensor in tensors)
    if n_values > MANY_VALUES and all(t.ndim >= 4 and len(t) == len(tensors[0]) for t in tensors):
        first = {k: v[:BATCH] for k, v in inputs.kwargs.items()}
        yield Inputs(tuple(arg[:BATCH] for arg in inputs.args), first, inputs.names)
    yield inputs


def guessed_inputs(model: nn.Module) -> Iterator[Inputs]:
    """Yield inputs that the model may accept, the likeliest first, at most ``MAX_GUESSES``."""
    parameters = _required(model)
    names = tuple(p.name for p in parameters)
    shapes = list(dict.fromkeys(_shapes(model)))
    if len(names) == 1:
        choices: Iterator[tuple[Any, ...]] = ((shape,) for shape in shapes)
    else:
        same = [(shape,) * len(names) for shape in shapes]
        choices = iter(dict.fromkeys([*same, *islice(product(shapes[:6], repeat=len(names)), 200)]))
    for choice in islice(choices, MAX_GUESSES):
        values = [_example(model, kind, shape) for kind, shape in choice]
        named = {p.name: v for p, v in zip(parameters, values, strict=True) if p.kind is p.KEYWORD_ONLY}
        yield Inputs(tuple(values[: len(values) - len(named)]), named, names[: len(values) - len(named)])


def has_lazy_parameters(module: nn.Module) -> bool:
    """Whether a module has parameters whose shapes are not known yet."""
    return any(isinstance(p, UninitializedTensorMixin) for p in module.parameters())


def _required(model: nn.Module) -> list[inspect.Parameter]:
    try:
        parameters = list(inspect.signature(model.forward).parameters.values())
    except (TypeError, ValueError):
        return [inspect.Parameter("x", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    required += [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if not required and any(p.kind == p.VAR_POSITIONAL for p in parameters):
        return [inspect.Parameter("x", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    return required or positional[:1]


def _argument_names(model: nn.Module) -> tuple[str, ...]:
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))


def _steps(model: nn.Module) -> list[int]:
    """Return sequence lengths that a Flatten before a dense layer may ask for."""
    recurrent = [m for m in model.modules() if isinstance(m, nn.RNNBase)]
    widths = {(m.proj_size or m.hidden_size) * (1 + m.bidirectional) for m in recurrent}
    wanted = [m.in_features for m in model.modules() if isinstance(m, nn.Linear)]
    fits = [n // w for n in wanted for w in widths if n % w == 0 and n > w]
    return list(dict.fromkeys([*fits, STEPS]))


def _shapes(model: nn.Module) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield ``("float" | "int", shape)`` for the first modules with parameters, the likeliest first."""
    childless = [m for m in model.modules() if next(m.children(), None) is None]
    leaves = [m for m in childless if any(True for _ in m.parameters()) and not has_lazy_parameters(m)]
    for module in [*([model] if not leaves else []), *leaves[:6]]:
        yield from _shapes_of(module, _steps(model))
    known = [p for p in model.parameters() if not isinstance(p, UninitializedTensorMixin)]
    own = [p.shape for p in known if p.ndim == 2]
    for shape in own[:3]:
        yield from (("float", (BATCH, shape[1])), ("float", (BATCH, shape[0])))


def _shapes_of(module: nn.Module, steps: list[int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    def size(name: str) -> int:
        return int(getattr(module, name))

    if isinstance(module, nn.RNNBase):
        for n in steps:
            lead = (BATCH, n) if module.batch_first else (n, BATCH)
            yield "float", (*lead, module.input_size)
            yield "float", (*reversed(lead), module.input_size)
    elif isinstance(module, nn.RNNCellBase):
        yield from (("float", (BATCH, module.input_size)), ("float", (BATCH, STEPS, module.input_size)))
    elif isinstance(module, nn.Embedding | nn.EmbeddingBag):
        yield from (("int", (BATCH, n)) for n in steps)
        yield "int", (BATCH,)
    elif isinstance(module, nn.Linear):
        yield from (("float", (BATCH, module.in_features)), ("float", (BATCH, STEPS, module.in_features)))
    elif isinstance(module, nn.LayerNorm):
        yield "float", (BATCH, *module.normalized_shape)
        yield "float", (BATCH, STEPS, *module.normalized_shape)
    elif hasattr(module, "in_channels") and hasattr(module, "kernel_size"):
        n_dims = len(module.kernel_size) if isinstance(module.kernel_size, tuple) else 2
        for side in [side for side in SIDES if side**n_dims <= MAX_PLACES]:
            yield "float", (BATCH, size("in_channels"), *[side] * n_dims)
        yield "float", (BATCH, *[SIDES[0]] * n_dims)
    elif hasattr(module, "num_features"):
        yield from (("float", (BATCH, size("num_features"))), ("float", (BATCH, size("num_features"), STEPS)))
        yield "float", (BATCH, size("num_features"), SIDES[0], SIDES[0])
    elif hasattr(module, "embed_dim"):
        yield "float", (STEPS, BATCH, size("embed_dim"))
    elif hasattr(module, "in1_features"):
        yield from (("float", (BATCH, size("in1_features"))), ("float", (BATCH, size("in2_features"))))
    elif hasattr(module, "d_model"):
        yield "float", (STEPS, BATCH, size("d_model"))


def _example(model: nn.Module, kind: str, shape: tuple[int, ...]) -> torch.Tensor:
    like = next((p for p in model.parameters() if p.is_floating_point()), torch.empty(0))
    if kind == "int":
        return torch.zeros(shape, dtype=torch.int64, device=like.device)
    values = torch.linspace(-1.0, 1.0, int(np.prod(shape))).reshape(shape)
    return values.to(device=like.device, dtype=like.dtype)


def _fit(model: nn.Module, value: Any) -> Any:
    """Return an array as a tensor; floating-point ones in the model's dtype and on its device."""
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(np.ascontiguousarray(value))
    if isinstance(value, tuple | list) and not isinstance(value, PackedSequence):
        return type(value)(_fit(model, v) for v in value)
    if not isinstance(value, torch.Tensor):
        return value
    like = next((p for p in model.parameters() if p.is_floating_point()), torch.empty(0))
    return value.detach().to(like.device, like.dtype if value.is_floating_point() else value.dtype)
