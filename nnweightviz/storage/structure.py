"""A network's structure as plain data, and back: what ``network.json`` holds.

What is read is checked as if it came from a stranger: each bundle must lie inside its parameter. Not for parameters.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from nnweightviz.network import Bundle, Group, Layer, Network, Wire

MAX_UNITS = 50_000_000
Part = TypeVar("Part", Layer, Group, Bundle, Wire)


def network_json(network: Network) -> bytes:
    """Return a network as JSON."""
    return json.dumps(network.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()


def network_of(plain: Mapping[str, Any]) -> Network:
    """Return the network of plain data.

    Raises
    ------
    ValueError
        If something is missing, of another type, or outside its parameter.
    """
    try:
        parameters = {str(name): _shape(shape) for name, shape in plain["parameters"].items()}
        network = Network(
            tuple(_part(Layer, entry) for entry in plain["layers"]),
            tuple(_part(Group, entry) for entry in plain["groups"]),
            tuple(_part(Bundle, entry) for entry in plain["bundles"]),
            tuple(_part(Wire, entry) for entry in plain["wires"]),
            parameters,
            {str(name): str(first) for name, first in plain.get("tied", {}).items()},
            tuple(map(str, plain.get("notes", ()))),
            str(plain.get("flow", "order")),
            str(plain.get("name", "model")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is no network: {type(error).__name__}: {error}") from None
    _check_sizes(network, parameters)
    return network


def _part(kind: type[Part], entry: Mapping[str, Any]) -> Part:
    """Return one dataclass, each field of the type that it is declared with."""
    types = get_type_hints(kind)
    given = {f.name: _value(types[f.name], entry[f.name], f.name) for f in fields(kind) if f.name in entry}
    return kind(**given)


def _value(declared: Any, value: Any, name: str) -> Any:
    origin, options = get_origin(declared), get_args(declared)
    if origin in (Union, UnionType):
        if value is None:
            return None
        return _value(next(option for option in options if option is not type(None)), value, name)
    if origin is tuple and isinstance(value, list):
        return tuple(_value(options[0], item, name) for item in value)
    is_allowed = value in options if options else type(value) is declared
    if origin is tuple or not is_allowed:
        raise ValueError(f"{name} is {value!r:.60}")
    return value


def _shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, list) or any(type(n) is not int or n < 0 for n in shape):
        raise ValueError(f"a parameter's shape is {shape!r:.60}")
    return tuple(shape)


def _check_sizes(network: Network, parameters: Mapping[str, tuple[int, ...]]) -> None:
    if sum(max(group.n_units, 0) for group in network.groups) > MAX_UNITS:
        raise ValueError(f"it claims more than {MAX_UNITS} units")
    layers, known = {layer.name for layer in network.layers}, {group.id for group in network.groups}
    for group in network.groups:
        names = len(group.unit_names) if group.unit_names is not None else group.n_units
        cells = group.n_units if group.grid is None else math.prod(max(side, 0) for side in group.grid)
        if not {group.delayed_of, group.beside} <= {None, *known}:
            raise ValueError(f"group {group.id!r:.60} stands beside a group that is not there")
        if group.n_units < 0 or names != group.n_units or cells != group.n_units or group.layer not in layers:
            raise ValueError(f"group {group.id!r:.60} does not fit its layer, its names or its grid")
        if group.parts and group.n_units % len(group.parts):
            raise ValueError(f"group {group.id!r:.60} has parts that are not equally long")
    if not set((network.tied or {}).values()) <= set(parameters):
        raise ValueError("a parameter is tied to one that is not there")
    for bundle in network.bundles:
        _check_bundle(network, bundle, parameters)


def _check_bundle(network: Network, bundle: Bundle, parameters: Mapping[str, tuple[int, ...]]) -> None:
    ends = (network.group(bundle.target).n_units, network.group(bundle.source).n_units)
    size = math.prod(parameters.get(bundle.parameter, (0,)))
    steps = (*bundle.strides, bundle.block_stride, bundle.offset)
    last = bundle.offset + (bundle.blocks - 1) * (
        bundle.shape[0] // bundle.blocks * bundle.strides[0] + bundle.block_stride
    )
    shape = (bundle.shape[0] // bundle.blocks, *bundle.shape[1:])
    last += sum((n - 1) * s for n, s in zip(shape, bundle.strides, strict=True))
    index_fits = bundle.index is None or (
        len(bundle.index) == len(bundle.shape) - 2
        and all(0 <= i < n for i, n in zip(bundle.index, bundle.shape[2:], strict=True))
    )
    is_inside = (
        math.prod(bundle.shape) <= max(size, MAX_UNITS)
        and min((*steps, *bundle.shape)) >= 0
        and (0 in bundle.shape or last < size)
    )
    if not is_inside or not index_fits or ends != (bundle.shape[0], bundle.n_source):
        raise ValueError(
            f"bundle {bundle.id!r:.60} lies outside its parameter {bundle.parameter!r:.60} or its groups"
        )
