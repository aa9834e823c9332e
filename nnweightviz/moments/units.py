"""Events of single units, seen from what they put out: they die, they revive.

A unit is dead while its outputs are zero on every item of the probe, as those of a ReLU can be. Not for weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from nnweightviz.moments.event import Event
from nnweightviz.network import Network

DEAD = 0.0
"""Outputs of at most this absolute value, on every item, are those of a dead unit."""


def unit_events(network: Network, peaks: Mapping[str, NDArray[np.floating]]) -> Iterator[Event]:
    """Yield deaths and revivals; ``peaks`` maps a group's id to the largest |output| of each of its units over all
    items, ``(n_checkpoints, n_units)``. A unit that is dead from the beginning dies at checkpoint 0; where its output
    is NaN nothing is known, and it stays as it was.
    """
    for group_id, largest in peaks.items():
        group = network.group(group_id)
        dead = _carried(largest <= DEAD, np.isnan(largest))
        before = np.concatenate([np.zeros((1, dead.shape[1]), bool), dead[:-1]])
        for kind, changed, words in (
            ("unit dies", dead & ~before, "puts out zero for every item"),
            ("unit revives", ~dead & before, "puts out more than zero again"),
        ):
            for k, unit in np.argwhere(changed).tolist():
                said = f"unit {network.unit_name(group_id, unit)} of {group.layer} {words}"
                where = {"group": group_id, "unit": unit}
                yield Event(kind, k, 1.0, said, where, group.layer)


def _carried(dead: NDArray[np.bool_], is_unknown: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Let each checkpoint of which nothing is known be as the one before; the first one is alive."""
    for k in np.flatnonzero(is_unknown.any(axis=1)).tolist():
        dead[k] = np.where(is_unknown[k], dead[k - 1] if k > 0 else False, dead[k])
    return dead
