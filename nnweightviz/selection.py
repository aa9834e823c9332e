"""Checks what is selected: a unit, a link or a parameter entry of a network. Not for showing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnweightviz.network import Network

FORMS = (
    '{"group": id, "unit": i}, {"bundle": id, "target": j, "source": i} or {"parameter": name, "index": [..]}, '
    "0-based, or None"
)


def checked_selection(network: Network, selection: Any) -> dict[str, Any] | None:
    """Return a selection as plain data, or None.

    Raises
    ------
    ValueError
        If it has none of the three forms, or names something that the network does not have.
    """
    if selection is None:
        return None
    if not isinstance(selection, Mapping):
        raise ValueError(f"selection is a {type(selection).__name__}; it takes {FORMS}")
    keys = set(selection) - {"run"}
    if keys == {"group", "unit"}:
        group = network.group(selection["group"])
        _check_range("unit", selection["unit"], group.n_units, f"group {group.id!r}")
    elif keys == {"bundle", "target", "source"}:
        bundle = next((b for b in network.bundles if b.id == selection["bundle"]), None)
        if bundle is None:
            raise ValueError(
                f"there is no bundle {selection['bundle']!r}; bundles are: "
                + ", ".join(b.id for b in network.bundles[:12])
            )
        _check_range("target", selection["target"], bundle.shape[0], f"bundle {bundle.id!r}")
        _check_range("source", selection["source"], bundle.shape[1], f"bundle {bundle.id!r}")
    elif keys == {"parameter", "index"}:
        _check_entry(network, selection["parameter"], list(selection["index"]))
    else:
        raise ValueError(f"selection has the keys {sorted(map(str, selection))}; it takes {FORMS}")
    return {key: list(value) if key == "index" else value for key, value in selection.items()}


def _check_range(what: str, value: Any, n: int, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < n:
        raise ValueError(f"{what} is {value!r}; {where} has {n}, 0 to {n - 1}")


def _check_entry(network: Network, name: Any, index: list[Any]) -> None:
    shape = (network.parameters or {}).get(name)
    if shape is None:
        raise ValueError(
            f"there is no parameter {name!r}; parameters are: {', '.join(list(network.parameters or {})[:12])}"
        )
    if len(index) != len(shape):
        raise ValueError(
            f"parameter {name!r} has shape {tuple(shape)}; the index {index} has {len(index)} numbers"
        )
    for i, n in zip(index, shape, strict=True):
        _check_range("an index", i, n, f"parameter {name!r} of shape {tuple(shape)}")
