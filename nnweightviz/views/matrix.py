"""A parameter, a layer or a gate as a matrix: the numbers behind the view of that name. Not for drawing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.history import History
from nnweightviz.network import Bundle, Network
from nnweightviz.scale import domain_of
from nnweightviz.views.parts import Parts, check_choice, layer_of
from nnweightviz.views.runs import each, named_runs
from nnweightviz.views.times import Data, moments_of

QUANTITIES = ("weights", "difference", "update")
SCALES = ("layer", "global", "checkpoint")
MOST_VALUES = 500_000
"""Weights that a domain is found from; of more, every so manieth."""


@dataclass(frozen=True)
class Block:
    """Columns of a matrix that come from one parameter: rows of it, as ``(n_rows, n_columns)``."""

    parameter: str
    role: str  # "bias", "input", "recurrent" or, where the network does not say, "values"
    rows: slice
    shape: tuple[int, int]
    columns: tuple[str, ...]

    def of(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the block of the parameter's array."""
        return array.reshape(len(array) if array.ndim else 1, -1)[self.rows]


def matrix(
    history: Any,
    name: str | None = None,
    *,
    network: Network | None = None,
    quantity: str = "weights",
    reference: int = 0,
    scale: str = "layer",
) -> Any:
    """Return a parameter, a layer or a gate as a matrix at every checkpoint.

    Parameters
    ----------
    history, network
        As for :func:`~nnweightviz.views.distribution`.
    name
        Of a parameter (of more than two axes: its first axis by all others; of one: a column), of a layer (its biases,
        then its matrices side by side) or of a gate (the same, its rows alone); by default the first parameter.
    quantity, reference
        ``"weights"``, their ``"difference"`` from the checkpoint ``reference``, or their ``"update"`` since the one
        before.
    scale
        What full colour stands for: the weights of the ``"layer"`` over all checkpoints and runs, those of all layers
        (``"global"``), or those of the layer at each ``"checkpoint"`` of the run.

    Returns
    -------
    dict
        ``step``, ``epoch`` (n_checkpoints,), ``values`` (n_checkpoints, n_rows, n_columns) in the parameter's dtype,
        NaN where not recorded, ``row`` and ``column`` the names of units, ``parameter`` and ``role`` of each column,
        and ``domain`` (n_columns,), of each column the |w| of full colour: the 99.5 % quantile over all checkpoints and
        runs, of the layer's biases or of its other weights, as in the graph; (n_checkpoints, n_columns) with a scale a
        checkpoint.

        Of several runs: run -> such a dict.

    Raises
    ------
    ValueError
        If there is no such name, quantity or checkpoint; the message says what there is.
    """
    check_choice("quantity", quantity, QUANTITIES)
    check_choice("scale", scale, SCALES)
    runs = {run: Parts(one, network) for run, one in named_runs(history).items()}
    first = next(iter(runs.values()))
    name = next(iter(first.source.shapes)) if name is None else name
    blocks, rows = _blocks(first, name)
    alike = {block.parameter: _alike(first, block, scale) for block in blocks}
    change = (quantity, reference)
    groups = set(alike.values())
    shared = {names: np.array(_domain(runs, names, change)) for names in groups if scale != "checkpoint"}

    def one(parts: Parts) -> Data:
        stacks = [_stack(parts, block, quantity, reference) for block in blocks]
        widths = [block.shape[1] for block in blocks]
        domains = shared or {
            names: np.array([_domain({"": parts}, names, change, [k]) for k in range(len(parts))])
            for names in groups
        }
        return {
            **moments_of(parts.history),
            "values": np.concatenate(stacks, axis=2),
            "row": np.array(rows),
            "column": np.array([column for block in blocks for column in block.columns]),
            "parameter": np.repeat([block.parameter for block in blocks], widths),
            "role": np.repeat([block.role for block in blocks], widths),
            "domain": np.repeat(np.transpose([domains[alike[b.parameter]] for b in blocks]), widths, axis=-1),
        }

    return each(runs, one)


def _blocks(parts: Parts, name: str) -> tuple[list[Block], list[str]]:
    """Return the blocks of a matrix, biases first, and the names of its rows."""
    shapes, network = parts.source.shapes, parts.network
    stored = (network.tied or {}).get(name, name)
    if stored in shapes:
        n_rows = shapes[stored][0] if shapes[stored] else 1
        block = _block(network, stored, shapes[stored], slice(0, n_rows))
        return [block], _row_names(network, stored, n_rows)
    gate = [b for b in network.bundles if b.port and f"{network.layer_of(b.target).name}.{b.port}" == name]
    if gate:
        found = [
            _block(network, b.parameter, shapes[b.parameter], _rows_of(b, shapes[b.parameter]))
            for b in gate
            if b.role in ("bias", "input", "recurrent") and b.parameter in shapes
        ]
        rows = [network.unit_name(gate[0].target, j) for j in range(gate[0].shape[0])]
        return _biases_first(found), rows
    of_layer = [other for other in shapes if layer_of(other) == name]
    if not of_layer:
        there = ", ".join([*shapes, *dict.fromkeys(map(layer_of, shapes))])
        raise ValueError(f"there is no parameter, layer or gate {name!r} to show; there are: {there}")
    n_rows = max((shapes[other][0] for other in of_layer if len(shapes[other]) > 1), default=0)
    n_rows = n_rows or max(shapes[other][0] for other in of_layer)
    fitting = [other for other in of_layer if shapes[other][:1] == (n_rows,)]
    rows = _row_names(network, fitting[0], n_rows)
    return _biases_first([_block(network, n, shapes[n], slice(0, n_rows)) for n in fitting]), rows


def _biases_first(blocks: Sequence[Block]) -> list[Block]:
    return sorted(blocks, key=lambda block: block.role != "bias")


def _rows_of(bundle: Bundle, shape: Sequence[int]) -> slice:
    """Return the rows of a parameter that a gate's bundle takes."""
    start = bundle.offset // max(1, math.prod(shape[1:]))
    return slice(start, start + bundle.shape[0])


def _block(network: Network, parameter: str, shape: tuple[int, ...], rows: slice) -> Block:
    n_columns = math.prod(shape[1:])
    bundles = [bundle for bundle in network.bundles if bundle.parameter == parameter]
    role = bundles[0].role if bundles else "values"
    columns = [str(i + 1) for i in range(n_columns)]
    if len(shape) == 1:
        columns = [parameter.rpartition(".")[2]]
    elif bundles and bundles[0].n_source == n_columns:
        columns = [network.unit_name(bundles[0].source, i) for i in range(n_columns)]
    return Block(parameter, role, rows, (rows.stop - rows.start, n_columns), tuple(columns))


def _row_names(network: Network, parameter: str, n_rows: int) -> list[str]:
    """Return the names of units, after that of their gate where there are several."""
    bundles = [bundle for bundle in network.bundles if bundle.parameter == parameter]
    names = [
        (f"{bundle.port} · " if bundle.port else "") + network.unit_name(bundle.target, j)
        for bundle in bundles
        for j in range(bundle.shape[0])
    ]
    return names if len(names) == n_rows else [str(j + 1) for j in range(n_rows)]


def _alike(parts: Parts, block: Block, scale: str) -> tuple[str, ...]:
    """Return the parameters of a layer, or of all layers, that share a domain: biases, or all others."""
    layer = layer_of(block.parameter)
    of_layer = [name for name in parts.source.shapes if scale == "global" or layer_of(name) == layer]
    biases = {bundle.parameter for bundle in parts.network.bundles if bundle.role == "bias"}
    return tuple(name for name in of_layer if (name in biases) == (block.parameter in biases))


def _domain(
    runs: Mapping[str, Parts],
    names: Sequence[str],
    change: tuple[str, int],
    checkpoints: Sequence[int] | None = None,
) -> float:
    """Return the domain of some parameters, over all checkpoints of all runs or some of them."""
    numbers = {run: range(len(parts)) if checkpoints is None else checkpoints for run, parts in runs.items()}
    total = sum(
        len(numbers[run]) * math.prod(parts.source.shapes[name])
        for run, parts in runs.items()
        for name in names
    )
    step = -(-total // MOST_VALUES)
    sizes = [
        np.abs(_at(parts, name, k, *change).reshape(-1)[k % step :: step])
        for run, parts in runs.items()
        for name in names
        for k in numbers[run]
    ]
    return domain_of(sizes)


def _stack(parts: Parts, block: Block, quantity: str, reference: int) -> NDArray[Any]:
    return np.stack(
        [block.of(_at(parts, block.parameter, k, quantity, reference)) for k in range(len(parts))]
    )


def _at(parts: Parts, name: str, k: int, quantity: str, reference: int) -> NDArray[Any]:
    """Return a quantity of a parameter at a checkpoint, NaN where there is none."""
    now = recorded_at(parts, name, k)
    if quantity == "weights":
        return now
    n = len(parts)
    if not -n <= reference < n:
        raise ValueError(f"reference is {reference}; there are {n} checkpoints, 0 to {n - 1}")
    before = recorded_at(parts, name, reference % n if quantity == "difference" else k - 1)
    with np.errstate(invalid="ignore"):
        changed: NDArray[Any] = now - before
    return changed


def recorded_at(parts: Parts, name: str, k: int) -> NDArray[Any]:
    """Return a parameter in floats, NaN where it was not recorded."""
    if not parts.source.has(name, k):
        return np.full(parts.source.shapes[name], np.nan, dtype=np.float32)
    array = parts.source.array(k, name)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)


def links(
    history: Any,
    *,
    network: Network | None = None,
    quantity: str = "weights",
    reference: int = 0,
) -> Any:
    """Return the weights of the graph: bundle id -> ``(n_checkpoints, n_target, n_source)``, NaN where not recorded.

    Parameters, quantities and errors as for :func:`matrix`. Where a link stands for several entries of a parameter it
    has the number that its bundle says (their norm, say), and 0 where no link is.
    """
    check_choice("quantity", quantity, QUANTITIES)

    def one(history: History) -> dict[str, NDArray[Any]]:
        parts = Parts(history, network)
        tied = parts.network.tied or {}
        found = {}
        for bundle in parts.network.bundles:
            name = tied.get(bundle.parameter, bundle.parameter)
            if name in parts.source.shapes:
                arrays = [_at(parts, name, k, quantity, reference) for k in range(len(parts))]
                found[bundle.id] = np.stack([bundle.matrix({bundle.parameter: array}) for array in arrays])
        return found

    return each(named_runs(history), one)
