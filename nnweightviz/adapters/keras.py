"""Reads Keras 3 models, on whatever backend: their structure as a Network, their weights as arrays.

Not for what each layer becomes (see ``keras_layers``), nor for files (see ``storage``), and not imported unless Keras
is there already.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from nnweightviz.adapters import keras_recurrent  # noqa: F401 registers its rules
from nnweightviz.adapters.build import Build, not_drawn
from nnweightviz.adapters.keras_layers import KEPT, Call, box, draw, kind_of
from nnweightviz.adapters.keras_names import named_layers, weights_of
from nnweightviz.adapters.keras_signals import Signal, flattened, of_group
from nnweightviz.network import Group, Network


def as_state(model: Any) -> dict[str, NDArray[Any]]:
    """Return copies of a model's weights by name, kernels as Keras has them: (n_in, n_out).

    Raises
    ------
    ValueError
        If the model is not built yet.
    """
    named = weights_of(model)
    return {
        name: np.array(keras.ops.convert_to_numpy(variable), copy=True) for name, variable in named.items()
    }


def as_network(model: Any) -> tuple[Network, str | None]:
    """Return a model's Network, and the id of the group that is its output where there is one.

    Raises
    ------
    ValueError
        If the model is not built yet.
    """
    walk = Walk(model)
    is_graph = isinstance(model, keras.Model) and _graph(model) is not None
    outputs = walk.along(model) if is_graph else walk.in_order(model)
    walk.add_undrawn()
    groups = outputs[0].groups if len(outputs) == 1 else ()
    build, flow = walk.build, "run" if is_graph else "order"
    return build.network({}, flow, str(model.name)), groups[0] if len(groups) == 1 else None


def _graph(model: Any) -> Any:
    """Return the functional model that a model is or has inside, or None: one that is a class of the user's own."""
    model = getattr(model, "_functional", None) or model
    return model if getattr(model, "_nodes_by_depth", None) else None


class Walk:
    """One model read, layer by layer, into a network in the making."""

    def __init__(self, model: Any) -> None:
        self.variables = weights_of(model)
        self.build = Build({name: tuple(map(int, v.shape)) for name, v in self.variables.items()})
        self.names = {id(layer): name for layer, name in named_layers(model)}
        self.parameters = {id(variable): name for name, variable in self.variables.items()}
        self.model = model

    def along(self, model: Any, inputs: Sequence[Signal] = (), prefix: str = "") -> list[Signal]:
        """Follow the graph of a functional model, and return what its outputs carry."""
        graph = _graph(model)
        signals: dict[int, Signal] = {}
        for k, tensor in enumerate(graph.inputs):
            signals[id(tensor)] = inputs[k] if k < len(inputs) else self._input(graph, tensor)
        for depth in sorted(graph._nodes_by_depth, reverse=True):
            for node in graph._nodes_by_depth[depth]:
                if type(node.operation).__name__ == "InputLayer":
                    continue
                read = tuple(signals[id(t)] for t in node.input_tensors if id(t) in signals)
                given = self._called(node.operation, read, node.output_tensors, prefix)
                for k, tensor in enumerate(node.output_tensors):
                    signals[id(tensor)] = given[min(k, len(given) - 1)]
        return [signals[id(tensor)] for tensor in graph.outputs]

    def _called(self, operation: Any, read: tuple[Signal, ...], tensors: Any, prefix: str) -> list[Signal]:
        shapes = tuple(tuple(t.shape[1:]) for t in tensors)
        if isinstance(operation, keras.Model) and _graph(operation) is not None:
            inside = f"{prefix}{operation.name}."
            return [
                s.shaped(shape) for s, shape in zip(self.along(operation, read, inside), shapes, strict=False)
            ]
        name = self.names.get(id(operation)) or prefix + str(operation.name)
        return self._drawn(Call(operation, name, self._own(operation), read, shapes))

    def _drawn(self, call: Call) -> list[Signal]:
        return draw(self.build, call) if call.inputs else box(self.build, call)

    def _own(self, layer: Any) -> dict[str, str]:
        """Return Keras's name of each of a layer's weights -> the parameter's name."""
        prefix = self.names.get(id(layer), "")
        named = [self.parameters.get(id(v)) for v in getattr(layer, "weights", ())]
        return {n.removeprefix(f"{prefix}."): n for n in named if n is not None}

    def _input(self, graph: Any, tensor: Any) -> Signal:
        """Add an input; one that is only flattened has a unit for every place, laid out as its image."""
        shape = tuple(tensor.shape[1:])
        name = "input" if len(graph.inputs) == 1 else str(tensor._keras_history.operation.name)
        readers = [node.operation for node in _consumers(graph, tensor)]
        is_flat = len(shape) > 1 and None not in shape and _is_only_flattened(graph, tensor)
        is_first = len(shape) > 1 and not is_flat and any(map(_reads_channels_first, readers))
        n_units = math.prod(shape) if is_flat else (shape[0 if is_first else -1] if shape else None) or 1
        if readers and all(kind_of(reader) == "Embedding" for reader in readers):
            n_units = 1  # it chooses tokens, which are the input then
        squeezed = shape[:2] if len(shape) == 3 and shape[2] == 1 else shape
        grid = tuple(map(int, squeezed)) if is_flat and len(squeezed) == 2 else None
        self.build.layer(name, "Input")
        self.build.group(Group(name, name, n_units, "input", name, grid=grid))
        return of_group(name, n_units, (n_units,) if is_flat else shape, is_first)

    def in_order(self, model: Any) -> list[Signal]:
        """Chain the layers of a model whose data flow Keras does not know, where their sizes fit."""
        self.build.notes.append(
            "Keras does not know the data flow of a model with a call of its own: layers are chained in their order"
        )
        last: list[Signal] = []
        earlier: list[Signal] = []
        for layer, name in named_layers(model):
            own = self._own(layer)
            inputs = self._fed(layer, name, own, last, earlier)
            if inputs is None:
                continue
            last = self._drawn(Call(layer, name, own, inputs, _shapes_in_order(layer, inputs)))[:1]
            earlier += last
        return last

    def _fed(
        self, layer: Any, name: str, own: dict[str, str], last: list[Signal], earlier: list[Signal]
    ) -> tuple[Signal, ...] | None:
        """Return what a layer seems to read, an input of its own where nothing fits; None for one that is passed by."""
        kernel = next((self.build.parameters[own[k]] for k in ("kernel", "forward.kernel") if k in own), None)
        if kernel is None or len(kernel) < 2:
            return tuple(last) if last and (own or not hasattr(layer, "layers")) else None
        n_in = kernel[-2] * int(getattr(layer, "groups", 1)) if len(kernel) > 2 else kernel[0]
        n_in = kernel[-1] if "Transpose" in kind_of(layer) else n_in
        for signal in (*last, *reversed(earlier)):
            if signal.width == n_in:
                return (signal,)
        for signal in last:
            n_places, left_over = divmod(n_in, max(1, signal.width))
            if len(signal.shape) > 1 and not left_over:
                return (flattened(signal, n_places),)
        group = self.build.free_id("input" if not earlier else f"input.{name}")
        self.build.layer(group, "Input")
        self.build.group(Group(group, group, n_in, "input", "input"))
        if earlier:
            self.build.notes.append(f"what feeds {name!r} is not known from the order of the layers")
        return (of_group(group, n_in),)

    def add_undrawn(self) -> None:
        """Name the weights that nothing drew, in a note."""
        undrawn = self.build.undrawn()
        if undrawn:
            self.build.notes.append(not_drawn((name, self.build.parameters[name]) for name in undrawn))


def _shapes_in_order(layer: Any, inputs: tuple[Signal, ...]) -> tuple[tuple[int | None, ...], ...]:
    """Return a likely output shape of a layer whose input is not known but for its units."""
    kind = kind_of(layer)
    places = inputs[0].shape[:-1] if inputs else ()
    if kind.startswith(("Conv", "DepthwiseConv")):
        places = (None,) * (len(layer.kernel_size))
    elif kind == "Embedding" or getattr(layer, "return_sequences", False):
        places = (None,)
    elif kind in ("LSTM", "GRU", "SimpleRNN", "Bidirectional"):
        places = ()
    units = getattr(layer, "units", getattr(layer, "filters", getattr(layer, "output_dim", None)))
    return ((*places, units if units is not None else (inputs[0].width if inputs else None)),)


def _consumers(graph: Any, tensor: Any) -> list[Any]:
    nodes = [node for nodes in graph._nodes_by_depth.values() for node in nodes]
    return [node for node in nodes if any(t is tensor for t in node.input_tensors)]


def _is_only_flattened(graph: Any, tensor: Any) -> bool:
    consumers = _consumers(graph, tensor)
    return bool(consumers) and all(
        _makes_flat(node)
        or (KEPT.fullmatch(kind_of(node.operation)) and _is_only_flattened(graph, node.output_tensors[0]))
        for node in consumers
    )


def _makes_flat(node: Any) -> bool:
    return kind_of(node.operation) in ("Flatten", "Reshape") and len(node.output_tensors[0].shape) == 2


def _reads_channels_first(operation: Any) -> bool:
    return kind_of(operation).startswith(("Conv", "Depthwise")) and operation.data_format == "channels_first"
