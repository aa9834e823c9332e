"""Turns what a user has (a model, a bare state dict) into a Network and into arrays.

Not for reading files (see ``storage``). No framework is imported here: an adapter is chosen when its
framework is loaded already, as it must be if the user holds one of its models.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.adapters import arrays
from nnweightviz.adapters.effective import with_effective
from nnweightviz.network import Group, Network
from nnweightviz.words import counted, in_a_word

ENTRIES = ("model", "state_dict", "model_state_dict", "net")
"""Under what the parameters usually are in what a training run saves beside its optimiser."""
ACCEPTED = (
    "a torch.nn.Module, a Keras model, a fitted MLP of scikit-learn, a Network, or a state dict (a mapping parameter "
    "name -> array or tensor)"
)


def as_network(
    model: Any,
    example_input: Any = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    input_grid: tuple[int, ...] | None = None,
) -> Network:
    """Return the drawable structure of a model.

    Parameters
    ----------
    model
        A ``torch.nn.Module``, a Keras model, scikit-learn's fitted ``MLPClassifier`` or ``MLPRegressor`` (also in a
        pipeline), a state dict (then names, order and shapes tell the structure), or a Network.
    example_input
        What to run a copy of a torch model on to follow its data: a tensor or array, a tuple of arguments or a
        mapping of named ones. Without it, inputs are guessed from the first layers. The model stays as it is.
    input_names, output_names
        What to call the units of the input and of the last layer, one name a unit; numbers are written as text.
    input_grid
        Rows and columns of an image input, such as ``(28, 28)``, or channels, rows and columns, such as
        ``(3, 32, 32)``.

    Raises
    ------
    TypeError
        If ``model`` is none of these, names are no list, or the grid is no pair.
    ValueError
        If it has no parameters, or if names or grid do not fit the number of units.
    """
    output: str | None = None
    model = _inside(model)
    if isinstance(model, Network):
        network = model
    elif (adapter := _framework(model)) is not None:
        network, output = adapter.as_network(model)
    elif _is_module(model):
        from nnweightviz.adapters import torch as torch_adapter

        network, output = torch_adapter.as_network(model, example_input)
    elif _is_state(model):
        network = arrays.as_network(as_state(model) if model else model)
    else:
        raise TypeError(_refusal(model))
    if input_names is not None:
        network = _named(network, _only_input(network), input_names, "input_names")
    if output_names is not None:
        network = _named(network, _output(network, output), output_names, "output_names")
    return network if input_grid is None else _gridded(network, input_grid)


def as_state(source: Any) -> dict[str, NDArray[Any]]:
    """Return copies of all parameters by name: of a model (its framework's own names) or of a mapping.

    Weights that are computed from others, by a weight norm or a pruning mask say, are there beside these originals.
    Entries of a mapping that are no arrays are left out. bf16 and fp8 keep their dtype by ``ml_dtypes``.

    Raises
    ------
    TypeError
        If ``source`` is neither.
    ValueError
        If a tensor has no values (meta device), or a model of scikit-learn is not fitted, of Keras not built.
    """
    source = _inside(source)
    if (adapter := _framework(source)) is not None:
        return dict(adapter.as_state(source))
    if not (_is_module(source) or _is_state(source)):
        raise TypeError(_refusal(source))
    if _is_module(source) or _has_tensors(source):
        from nnweightviz.adapters import torch as torch_adapter

        return torch_adapter.as_state(source)
    return with_effective({str(k): np.array(v, copy=True) for k, v in source.items() if _is_array(v)})


def source_of(model: Any) -> Any:
    """Return what the parameters of a torch model can be copied from again and again, byte by byte.

    None if they must be computed or converted, or if it is no torch model: then there is :func:`as_state`.
    """
    if not _is_module(model) or _framework(model) is not None:
        return None
    from nnweightviz.adapters.torch_snapshots import TorchSource

    return TorchSource.of(model)


def left_out(source: Any, state: Mapping[str, NDArray[Any]]) -> tuple[str, ...]:
    """Return the names of a mapping's entries that are not in what :func:`as_state` made of it: no arrays."""
    return tuple(str(k) for k in source if str(k) not in state) if isinstance(source, Mapping) else ()


def _inside(thing: Any) -> Any:
    """Return the torch module of skorch's net; all else as it is."""
    if not _is_of("skorch", "NeuralNet", thing):
        return thing
    if not hasattr(thing, "module_"):
        raise ValueError(f"this {type(thing).__name__} has no module yet: call its initialize or fit first")
    return thing.module_


def _framework(thing: Any) -> Any:
    """Return the adapter of a model that is not torch's own, or None. Keras on torch makes modules of torch's too."""
    if _is_of("keras", "Layer", thing):
        from nnweightviz.adapters import keras as keras_adapter

        return keras_adapter
    if _is_of("sklearn.base", "BaseEstimator", thing):
        from nnweightviz.adapters import sklearn as sklearn_adapter

        return sklearn_adapter
    return None


def _is_of(module: str, name: str, thing: Any) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(thing, kind)


def _is_module(thing: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(thing, torch.nn.Module)


def _is_tensor(thing: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(thing, torch.Tensor)


def _has_tensors(mapping: Mapping[Any, Any]) -> bool:
    return any(_is_tensor(value) for value in mapping.values())


def _is_array(thing: Any) -> bool:
    return isinstance(thing, np.ndarray | np.generic) or (
        isinstance(thing, list | tuple | float | int) and np.asarray(thing).dtype.kind in "fiub"
    )


def _is_state(thing: Any) -> bool:
    if not isinstance(thing, Mapping) or _parameters_entry(thing) in ENTRIES:
        return False
    return not thing or any(_is_tensor(value) or _is_array(value) for value in thing.values())


def _parameters_entry(thing: Mapping[Any, Any]) -> Any:
    """Return the name of the entry that holds a whole model's parameters, or None."""
    names = [n for n in ENTRIES if n in thing] + [n for n in thing if n not in ENTRIES]
    return next((n for n in names if _is_module(thing[n]) or _has_arrays(thing[n])), None)


def _has_arrays(thing: Any) -> bool:
    return isinstance(thing, Mapping) and any(
        _is_tensor(v) or isinstance(v, np.ndarray) for v in thing.values()
    )


def _refusal(given: Any) -> str:
    what = in_a_word(given)
    if isinstance(given, Mapping):
        keys = f"with the keys {', '.join(map(repr, list(given)[:5]))}"
        entry = _parameters_entry(given)
        if entry is not None:
            quoted = f'"{entry}"' if isinstance(entry, str) else repr(entry)
            return f"got a mapping {keys}; the parameters are in one of them: pass checkpoint[{quoted}]"
        what = f"a mapping without arrays, {keys}"
    return f"nnweightviz draws {ACCEPTED}; got {what}. Pass the model itself or its state_dict()."


def _only_input(network: Network) -> Group:
    inputs = [group for group in network.groups if group.role == "input"]
    if len(inputs) != 1:
        raise ValueError(
            f"input_names and input_grid are for a network with one input group; this one has {len(inputs)}: "
            f"{', '.join(repr(group.id) for group in inputs) or 'none'}"
        )
    return inputs[0]


def _output(network: Network, output: str | None) -> Group:
    if output is not None:
        return network.group(output)
    last = [group for group in network.groups if group.role == "units" and group.delayed_of is None]
    if not last:
        raise ValueError("output_names are for a network with drawn units; this one has none")
    return last[-1]


def _named(network: Network, group: Group, names: Any, what: str) -> Network:
    if isinstance(names, str | bytes | Mapping | Set) or not isinstance(names, Iterable):
        given = repr(names) if isinstance(names, str) else in_a_word(names)
        raise TypeError(f"{what} is {given}; it takes a list of names, one a unit, such as ['a', 'b']")
    names = tuple(map(str, names))
    if len(names) != group.n_units:
        raise ValueError(
            f"{what} holds {counted(len(names), 'name')}, but group {group.id!r} has "
            f"{counted(group.n_units, 'unit')}; give one name a unit"
        )
    return _with_group(network, replace(group, unit_names=names))


def _gridded(network: Network, grid: Any) -> Network:
    group = _only_input(network)
    sides = list(grid) if isinstance(grid, Iterable) and not isinstance(grid, str) else []
    if len(sides) not in (2, 3) or not all(
        isinstance(n, Integral) and not isinstance(n, bool) and int(n) > 0 for n in sides
    ):
        raise TypeError(
            f"input_grid is {grid!r}; it takes rows and columns, such as (28, 28), or channels, rows and columns"
        )
    if math.prod(sides) != group.n_units:
        raise ValueError(
            f"input_grid {' x '.join(map(str, sides))} has {counted(math.prod(sides), 'place')}, but the input has "
            f"{counted(group.n_units, 'unit')}; give sides whose product is the number of units"
        )
    return _with_group(network, replace(group, grid=tuple(map(int, sides))))


def _with_group(network: Network, group: Group) -> Network:
    return replace(network, groups=tuple(group if g.id == group.id else g for g in network.groups))
