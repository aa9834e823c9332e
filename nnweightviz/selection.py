"""Checks what is selected: a unit, a link, a parameter entry or a block of a network. Not for showing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

from nnweightviz.network import Network
from nnweightviz.words import counted, in_a_word

FORMS = (
    '{"group": id, "unit": i}, {"bundle": id, "target": j, "source": i}, {"parameter": name, "index": [..]}, '
    '0-based, or {"block": name}, or None'
)


def block_names(network: Network) -> tuple[str, ...]:
    """Return the names of all layers and of the blocks that hold them: every dotted beginning of a layer's name."""
    parts = (layer.name.split(".") for layer in network.layers)
    return tuple(dict.fromkeys(".".join(p[: n + 1]) for p in parts for n in range(len(p))))


def checked_selection(network: Network, selection: Any) -> dict[str, Any] | None:
    """Return a selection as plain data, or None.

    Raises
    ------
    ValueError
        If it has none of the four forms, or names something that the network does not have.
    """
    if selection is None:
        return None
    if not isinstance(selection, Mapping):
        raise ValueError(f"selection is {in_a_word(selection)}; it takes {FORMS}")
    checked: dict[str, Any]
    keys = set(selection) - {"run"}
    if keys == {"group", "unit"}:
        group = _named("group", network.groups, selection["group"])
        checked = {"unit": _in_range("unit", selection["unit"], group.n_units, f"group {group.id!r}")}
    elif keys == {"bundle", "target", "source"}:
        bundle = _named("bundle", network.bundles, selection["bundle"])
        ends = zip(("target", "source"), bundle.shape, strict=False)
        checked = {end: _in_range(end, selection[end], n, f"bundle {bundle.id!r}") for end, n in ends}
    elif keys == {"parameter", "index"}:
        checked = {"index": _entry(network, selection["parameter"], selection["index"])}
    elif keys == {"block"}:
        names = block_names(network)
        if selection["block"] not in names:
            some = ", ".join(map(repr, names[:12]))
            raise ValueError(f"there is no block {selection['block']!r}; blocks are: {some}")
        checked = {}
    else:
        raise ValueError(f"selection has the keys {sorted(map(str, selection))}; it takes {FORMS}")
    if not isinstance(selection.get("run", ""), str):
        raise ValueError(f"run is {selection['run']!r}; it is the name of a run")
    return {**selection, **checked}


def _named(what: str, things: Sequence[Any], name: Any) -> Any:
    found = next((thing for thing in things if thing.id == name), None)
    if found is None:
        some = ", ".join(repr(thing.id) for thing in things[:12])
        raise ValueError(
            f"there is no {what} {name!r}; {what}s are: {some}{', …' if len(things) > 12 else ''}"
        )
    return found


def _in_range(what: str, value: Any, n: int, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or not 0 <= int(value) < n:
        raise ValueError(f"{what} is {value!r}; {where} has {n}, 0 to {n - 1}")
    return int(value)


def _entry(network: Network, name: Any, index: Any) -> list[int]:
    parameters = network.parameters or {}
    if name not in parameters:
        raise ValueError(
            f"there is no parameter {name!r}; parameters are: {', '.join(list(parameters)[:12])}"
        )
    shape = tuple(parameters[name])
    if not isinstance(index, Sequence) or isinstance(index, str) or len(index) != len(shape):
        raise ValueError(
            f"parameter {name!r} has shape {shape}; the index {index!r} needs {counted(len(shape), 'number')}"
        )
    where = f"parameter {name!r} of shape {shape}"
    return [_in_range(f"index {k}", i, n, where) for k, (i, n) in enumerate(zip(index, shape, strict=True))]
