"""Finds the network that a history is drawn with: of the model, of what was kept beside it, or of names and shapes.

Not for following a model's data (see ``adapters``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nnweightviz.adapters import arrays, as_network
from nnweightviz.checkpoint import LazyState
from nnweightviz.history import History
from nnweightviz.network import Network


def network_of(
    model: Any,
    history: History,
    *,
    example_input: Any = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    input_grid: tuple[int, ...] | None = None,
) -> Network:
    """Return the network to draw. Without a model no parameter is read, and nothing is run.

    Raises
    ------
    TypeError, ValueError
        As :func:`~nnweightviz.as_network`.
    """
    source = _kept(history) if model is None else model
    return as_network(source, example_input, input_names, output_names, input_grid)


def _kept(history: History) -> Any:
    state = history[0].state
    try:
        network, note = history.network, ""
    except ValueError as error:
        network, note = None, f"the structure kept with the checkpoints was not used: {error}"
    if network is not None:
        return network
    if not isinstance(state, LazyState):
        return state
    drawn = arrays.network_of_shapes({name: tuple(shape) for name, shape in state.shapes.items()})
    return replace(drawn, notes=(*drawn.notes, note)) if note else drawn
