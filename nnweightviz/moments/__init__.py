"""The moments of a training run at which something changed, found in its weights, metrics and outputs.

Not for measuring (see ``measures``) nor for showing them (see ``js/src``).
"""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.history import History
from nnweightviz.moments.curves import curve_events
from nnweightviz.moments.event import KINDS, Event
from nnweightviz.moments.links import N_SCALE_CHECKPOINTS, LinkEvents
from nnweightviz.moments.norms import NormEvents
from nnweightviz.moments.units import unit_events
from nnweightviz.network import Bundle, Network
from nnweightviz.parameters import Parameters
from nnweightviz.words import in_a_word

__all__ = ["KINDS", "Event", "Events", "events"]

STACK_VALUES = 1 << 16
"""Values of a small parameter that are looked at together, over several checkpoints."""
MOST = 100
"""So many of one kind are told, the largest; the others are counted."""


class Events(list[Event]):
    """Events in the order of their checkpoints; ``n_left_out`` counts by kind those that were too many to tell."""

    def __init__(self, found: list[Event], most: int) -> None:
        by_kind: dict[str, list[Event]] = defaultdict(list)
        for event in found:
            by_kind[event.kind].append(event)
        self.n_left_out = {kind: len(of_it) - most for kind, of_it in by_kind.items() if len(of_it) > most}
        told = [e for of_it in by_kind.values() for e in sorted(of_it, key=lambda e: -e.size)[:most]]
        super().__init__(sorted(told, key=lambda e: (e.checkpoint, KINDS.index(e.kind), -e.size)))


def events(
    history: History,
    network: Network,
    outputs: Mapping[str, NDArray[np.floating[Any]]] | None = None,
    most: int = MOST,
) -> Events:
    """Return what happened in a training run, and when.

    The history is read once, one parameter of one checkpoint at a time. The rules and their thresholds are in
    :mod:`nnweightviz.moments.links`, ``norms``, ``curves`` and ``units``.

    Parameters
    ----------
    history
        The checkpoints, at least two.
    network
        As :func:`~nnweightviz.as_network` gives it.
    outputs
        Group id -> the largest |output| of each unit over the items of a probe, ``(n_checkpoints, n_units)``; without
        it, units are not seen to die.
    most
        How many of one kind are told at most, the largest ones.

    Raises
    ------
    TypeError
        If ``history`` is no History, or ``network`` no Network.
    ValueError
        If the checkpoints are not of this network.

    Examples
    --------
    >>> from nnweightviz.adapters import as_network
    >>> history = History()
    >>> for w in (1.0, 0.6, -0.2, -0.8, -1.0):
    ...     history.record({"fc.weight": np.array([[1.0, w, -1.0]])})
    >>> [(e.checkpoint, e.sentence) for e in events(history, as_network(history[0].state))]
    [(2, 'the weight from 2 of input to unit 1 of fc became negative')]
    """
    if not isinstance(history, History):
        raise TypeError(
            f"history is {in_a_word(history)}; events takes a History: nnweightviz.open(path) gives one of files, "
            "viz.history that of a widget"
        )
    if not isinstance(network, Network):
        raise TypeError(
            f"network is {in_a_word(network)}; events takes a Network: nnweightviz.as_network(model) gives one"
        )
    found = list(_of_weights(history, network))
    found += _of_metrics(history)
    found += unit_events(network, outputs or {})
    return Events(found, most)


def _of_weights(history: History, network: Network) -> Iterator[Event]:
    n = len(history)
    parameters = Parameters(network, history)
    bundles: dict[str, list[Bundle]] = defaultdict(list)
    for bundle in network.bundles:
        bundles[(network.tied or {}).get(bundle.parameter, bundle.parameter)].append(bundle)
    samples = {round(k) for k in np.linspace(0, n - 1, min(n, N_SCALE_CHECKPOINTS))}
    for name in parameters.shapes:
        there = [k for k in range(n) if parameters.has(name, k)]
        layer = network.layer_of(bundles[name][0].target).name if bundles[name] else None
        of_norm = NormEvents(name, layer, n)
        finders = [(LinkEvents(network, bundle), bundle) for bundle in bundles[name]]
        for k in samples.intersection(there) if finders else ():
            array = _floats(parameters.array(k, name))
            for finder, bundle in finders:
                finder.sample(bundle.weights({bundle.parameter: array}))
        width = max(1, STACK_VALUES // max(1, math.prod(parameters.shapes[name])))
        for numbers in _batched(there, width):
            arrays = _floats(_stack([parameters.array(k, name) for k in numbers]))
            yield from of_norm.feed(numbers, arrays)
            for finder, bundle in finders:
                yield from finder.feed(numbers, _stacked_weights(bundle, arrays))


def _stack(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    return np.stack(arrays) if len(arrays) > 1 else arrays[0][np.newaxis]  # one is not copied


def _batched(numbers: list[int], width: int) -> Iterator[list[int]]:
    """Yield a list in pieces of at most ``width``."""
    for start in range(0, len(numbers), width):
        yield numbers[start : start + width]


def _stacked_weights(bundle: Bundle, arrays: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return a bundle's weights at some checkpoints, ``(n_checkpoints, n_target, n_source)``."""
    n, (n_target, *_) = len(arrays), bundle.shape
    if bundle.blocks > 1 or n == 1:
        return _stack([bundle.weights({bundle.parameter: array}) for array in arrays])
    apart = arrays[0].size - n_target * bundle.strides[0]  # the checkpoints are blocks of one parameter
    shape = (n * n_target, *bundle.shape[1:])
    wide = dataclasses.replace(bundle, shape=shape, blocks=n, block_stride=apart)
    return wide.weights({bundle.parameter: arrays}).reshape(n, n_target, -1)


def _floats(array: NDArray[Any]) -> NDArray[np.floating]:
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)


def _of_metrics(history: History) -> Iterator[Event]:
    """Events of each curve, at the nearest checkpoint that is not later."""
    steps = history.steps.astype(np.float64)
    for name, (x, values) in history.log_metrics.items():
        finite = np.isfinite(values)
        for event in curve_events(name, values[finite]):
            at = float(x[finite][event.checkpoint])
            k = int(np.clip(np.searchsorted(steps, at, side="right") - 1, 0, max(0, len(history) - 1)))
            yield Event(event.kind, k, event.size, event.sentence, event.where, None, name)
