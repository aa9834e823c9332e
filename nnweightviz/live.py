"""Tells browsers how a history grows: soon, rarely enough, and so that whoever missed something notices it.

Not for what is in the messages (see ``payload``), nor for how they travel (see ``widget`` and ``serving``).
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Any

from nnweightviz.answers import Send
from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.payload import Message, Payload, RevisedError
from nnweightviz.throttle import Reminder, Throttle

Moved = Callable[[int, Callable[[int], int]], object]
SEND_INTERVAL_S = 0.25
"""A growing history is told at most four times a second."""


class Live:
    """The payload of a history that may grow, and be revised, while browsers show it.

    Growth is encoded and sent in a thread of its own, so that recording does not wait for it. Messages may be lost on
    their way (servers drop them where there are too many), so after the last one a reminder follows, and some more.

    Parameters
    ----------
    network, history, precision, run, n_runs
        As for :class:`~nnweightviz.payload.Payload`.
    send
        Called with each message and its buffers.
    moved
        Called after each growth with ``(n_before, number)``: how many checkpoints there were, and a function that says
        which number a checkpoint of then has now. Numbers change when checkpoints are taken out or replaced.
    """

    def __init__(
        self,
        network: Network,
        history: History,
        precision: str = "auto",
        *,
        send: Send,
        moved: Moved | None = None,
        run: str = "run",
        n_runs: int = 1,
    ) -> None:
        self.network, self.history, self._precision = network, history, precision
        self._send, self._moved = send, moved
        self.payload = Payload(network, history, precision, run, n_runs=n_runs)
        self._growth = Throttle(self._tell_growth, SEND_INTERVAL_S)
        self._reminder = Reminder(self._remind)
        self._error: str | None = None
        self._unsubscribe: Callable[[], object] = lambda: None

    def begin(self) -> None:
        """Tell of growth from now on, and of what was recorded meanwhile."""
        self._unsubscribe = self.history.subscribe(self._on_growth)
        if len(self.history) != self.payload.n_checkpoints or self.history.revision != self.payload.revision:
            self._on_growth()

    def _on_growth(self) -> None:
        self._growth.request()

    def flush(self) -> None:
        """Tell what is new now, in this thread."""
        self._growth.flush()

    def _tell_growth(self) -> None:
        before = self.payload
        n_before = before.n_checkpoints
        try:
            grown = before.append()
        except RevisedError:
            grown = self._begin_anew()
        except ValueError as error:
            self._tell_error(str(error))
            return
        if grown is None:
            return
        self._error = None
        self._send(*grown)
        if self._moved is not None:
            number = _renumbered(before, self.payload) if self.payload is not before else lambda k: k
            self._moved(n_before, number)
        self._reminder.begin()

    def _begin_anew(self) -> Message | None:
        """Encode a history of which checkpoints were taken out or replaced; nothing is shown of an empty one."""
        if len(self.history) == 0:
            self._tell_error("the history has no checkpoints any more; what is shown is what it had")
            return None
        try:
            before = self.payload
            payload = Payload(self.network, self.history, self._precision, before.run, n_runs=before.n_runs)
        except ValueError as error:
            self._tell_error(str(error))
            return None
        _keep_orders(self.payload, payload)
        payload.spectra.keep(before.spectra)
        self.payload = payload
        return self.everything()

    def of(self, run: str | int | None) -> Live:
        """Return who has a run, by its name or its number in the index; None stands for the first."""
        if run not in (None, 0, self.payload.run):
            raise ValueError(f"there is no run {run!r}; there is {self.payload.run!r}")
        return self

    def everything(self) -> Message:
        """Return the message that begins the history anew in a browser."""
        payload = self.payload
        with payload.lock:
            payload.compact()
            return {"type": "reset", "index": payload.index()}, payload.sent_parts()

    def _tell_error(self, message: str) -> None:
        """Tell what is wrong, once as long as it stays so."""
        if message != self._error:
            self._error = message
            self._send({"type": "error", "id": None, "message": message}, [])

    def _remind(self) -> None:
        self._send(*self.payload.reminder())

    def close(self) -> None:
        """Tell no more."""
        self._unsubscribe()
        self._growth.close()
        self._reminder.close()


def _renumbered(before: Payload, now: Payload) -> Callable[[int], int]:
    """Return the number that a checkpoint has now: of the last one the last, else of the latest that is not later."""
    steps = [checkpoint.step for checkpoint in now.parameters.checkpoints]
    known = [step for step in steps if step is not None]

    def number(k: int) -> int:
        last = now.n_checkpoints - 1
        if k >= before.n_checkpoints - 1:
            return last
        step = before.parameters.checkpoints[k].step
        if step is None or len(known) < len(steps):
            return min(k, last)
        return max(0, bisect.bisect_right(known, step) - 1)

    return number


def _keep_orders(before: Payload, now: Payload) -> None:
    """Orders of units stay if the checkpoint they were computed from is still there; else they are computed anew."""
    for name, order in dict[str, dict[str, Any]](before.orders).items():
        source = before.parameters.checkpoints[order["checkpoint"]]
        there = [k for k, checkpoint in enumerate(now.parameters.checkpoints) if checkpoint is source]
        if there:
            now.orders[name] = {**order, "checkpoint": there[0]}
        else:
            now.order(name)
