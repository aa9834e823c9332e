"""Answers what a browser asks of a history: windows of weights, exact values, what it has missed.

Not for telling it of growth (see ``live``), nor for how messages travel (see ``widget`` and ``serving``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from nnweightviz.parameters import Quantity
from nnweightviz.payload import Message, Payload

Send = Callable[[dict[str, Any], list[bytes]], object]


class Source(Protocol):
    """Who has the payload of this moment."""

    payload: Payload

    def everything(self) -> Message:
        """Return the message that begins the history anew."""
        ...


class Answers:
    """The answers to one browser, sent with ``send``; whatever goes wrong goes back as a sentence."""

    def __init__(self, source: Source, send: Send) -> None:
        self._source, self._send = source, send
        self._answering: set[Any] = set()  # requests for blocks that were not cancelled

    def receive(self, content: Any) -> None:
        """Answer a message; those of others are left alone."""
        answers = {
            "fetch": self._answer_fetch,
            "exact": self._answer_exact,
            "tail": self._answer_tail,
            "events": self._answer_events,
            "cancel": self._cancel,
        }
        answer = answers.get(str(content.get("type"))) if isinstance(content, dict) else None
        if answer is None:
            return
        try:
            answer(content, self._source.payload)
        except KeyError as error:
            self.send_error(content.get("id"), f"the message {content['type']!r} lacks {error}")
        except Exception as error:
            self.send_error(content.get("id"), str(error))

    def send_error(self, request: Any, message: str) -> None:
        """Tell the browser what went wrong; ``request`` is None if it asked for nothing."""
        self._send({"type": "error", "id": request, "message": message}, [])

    def _answer_fetch(self, content: dict[str, Any], payload: Payload) -> None:
        _check_run(content, payload)
        quantity = Quantity(str(content.get("quantity", "weights")), content.get("reference"))
        start, stop, names = int(content["start"]), int(content["stop"]), content.get("names")
        self._answering.add(content["id"])
        waiting = None
        try:
            for chunk in payload.fetch(start, stop, quantity, names):
                if content["id"] not in self._answering:
                    return
                self._send_blocks(content["id"], waiting, done=False)
                waiting = chunk
        finally:
            self._answering.discard(content["id"])
        self._send_blocks(content["id"], waiting, done=True)

    def _send_blocks(self, request: Any, chunk: tuple[list[Any], bytes] | None, done: bool) -> None:
        if chunk is not None:
            buffers = [chunk[1]] if chunk[1] else []
            self._send({"type": "blocks", "id": request, "blocks": chunk[0], "done": done}, buffers)

    def _answer_exact(self, content: dict[str, Any], payload: Payload) -> None:
        _check_run(content, payload)
        values = payload.exact(str(content["parameter"]), [int(i) for i in content["entries"]])
        self._send({"type": "exact", "id": content["id"], "dims": list(values.shape)}, [values.tobytes()])

    def _answer_tail(self, content: dict[str, Any], payload: Payload) -> None:
        start, is_same = int(content["start"]), content["revision"] == payload.revision
        self._send(*(payload.tail(start) if is_same else self._source.everything()))

    def _answer_events(self, content: dict[str, Any], payload: Payload) -> None:
        """Answer from another thread: events of a long history take seconds."""
        about = (content["id"], payload)
        threading.Thread(target=self._find_events, args=about, name="nnweightviz-events", daemon=True).start()

    def _find_events(self, request: Any, payload: Payload) -> None:
        try:
            self._send({"type": "events", "id": request, **payload.events()}, [])
        except Exception as error:
            self.send_error(request, f"the events could not be found: {error}")

    def _cancel(self, content: dict[str, Any], _: Payload) -> None:
        self._answering.discard(content["id"])


def _check_run(content: dict[str, Any], payload: Payload) -> None:
    run = content.get("run", payload.run)
    if run != payload.run:
        raise ValueError(f"there is no run {run!r}; there is {payload.run!r}")
