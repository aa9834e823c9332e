"""What a browser is told of a history's events: plain data, found once for each number of checkpoints.

Not for finding them (see ``nnweightviz.moments``), nor for when they are asked for (see ``answers``).
"""

from __future__ import annotations

import threading
from typing import Any

from nnweightviz.history import History
from nnweightviz.moments import MOST, Event, events
from nnweightviz.moments.rules import rules_for
from nnweightviz.network import Network


class Told:
    """The events of one history as plain data; ``known`` are those that were found last, or None.

    Finding them may take seconds: call :meth:`at` in a thread. A history of which checkpoints are taken out or replaced
    needs another.
    """

    def __init__(self, network: Network, history: History) -> None:
        self._network, self._history, self._revision = network, history, history.revision
        self._finding = threading.Lock()
        self.known: dict[str, Any] | None = None

    def at(self, n: int) -> dict[str, Any]:
        """Return the events of the first ``n`` checkpoints; whoever asks meanwhile waits for the same.

        Raises
        ------
        ValueError
            If the checkpoints are not of this network.
        """
        with self._finding:
            if self.known is None or self.known["n_checkpoints"] != n:
                self.known = {"revision": self._revision, **plain(self._history[:n], self._network)}
            return self.known


def plain(history: History, network: Network, most: int = MOST) -> dict[str, Any]:
    """Return the events of a history as JSON has them, with what was looked for and what is too much to tell."""
    outputs = None  # with the outputs of a probe: group id -> largest |output|, and units are seen to die
    found = events(history, network, outputs, most)
    return {
        "n_checkpoints": len(history),
        "events": [_entry(event) for event in found],
        "n_left_out": dict(found.n_left_out),
        "rules": rules_for(has_metrics=bool(history.log_metrics), has_outputs=outputs is not None),
    }


def _entry(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "checkpoint": event.checkpoint,
        "sentence": event.sentence,
        "where": dict(event.where) or None,
        "layer": event.layer,
        "metric": event.metric,
    }
