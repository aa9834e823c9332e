"""What a browser is told of a history's events: plain data, found once for each number of checkpoints.

Not for finding them (see ``nnweightviz.moments``), nor for when they are asked for (see ``answers``).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.history import History
from nnweightviz.moments import MOST, Event, events
from nnweightviz.moments.rules import rules_for
from nnweightviz.network import Network

Peaks = Mapping[str, NDArray[np.floating[Any]]]
"""Group id -> the largest |output| of each unit over the items of a probe, ``(n_checkpoints, n_units)``."""


class Told:
    """The events of one history as plain data; ``known`` are those that were found last, or None.

    Finding them may take seconds: call :meth:`at` in a thread. A history of which checkpoints are taken out or replaced
    needs another.
    """

    def __init__(self, network: Network, history: History) -> None:
        self._network, self._history, self._revision = network, history, history.revision
        self._finding = threading.Lock()
        self._peaks: Peaks | None = None
        self.known: dict[str, Any] | None = None

    def hear(self, peaks: Peaks | None) -> None:
        """Take what a probe found, so that units are seen to die; what was found without it is forgotten."""
        with self._finding:
            self._peaks, self.known = peaks, None

    def at(self, n: int) -> dict[str, Any]:
        """Return the events of the first ``n`` checkpoints; whoever asks meanwhile waits for the same.

        Raises
        ------
        ValueError
            If the checkpoints are not of this network.
        """
        with self._finding:
            if self.known is None or self.known["n_checkpoints"] != n:
                self.known = {
                    "revision": self._revision,
                    **plain(self._history[:n], self._network, self._peaks),
                }
            return self.known


def plain(history: History, network: Network, peaks: Peaks | None = None, most: int = MOST) -> dict[str, Any]:
    """Return the events of a history as JSON has them, with what was looked for and what is too much to tell.

    Of checkpoints that the probe was not run at, nothing is known of the units.
    """
    n = len(history)
    outputs = {name: _to_length(of_group, n) for name, of_group in (peaks or {}).items()}
    found = events(history, network, outputs, most)
    return {
        "n_checkpoints": len(history),
        "events": [_entry(event) for event in found],
        "n_left_out": dict(found.n_left_out),
        "rules": rules_for(has_metrics=bool(history.log_metrics), has_outputs=bool(outputs)),
    }


def _to_length(peaks: NDArray[np.floating[Any]], n: int) -> NDArray[np.floating[Any]]:
    missing = np.full((max(0, n - len(peaks)), peaks.shape[1]), np.nan, peaks.dtype)
    return np.concatenate([peaks[:n], missing])


def _entry(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "checkpoint": event.checkpoint,
        "sentence": event.sentence,
        "where": dict(event.where) or None,
        "layer": event.layer,
        "metric": event.metric,
    }
