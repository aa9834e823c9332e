"""Answers what a browser asks of a history: windows of weights, exact values, what it has missed.

Not for telling it of growth (see ``live``), nor for how messages travel (see ``widget`` and ``serving``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from nnweightviz.matching import matches
from nnweightviz.parameters import Quantity
from nnweightviz.parts import joined
from nnweightviz.payload import Message, Payload
from nnweightviz.tiles import Asked, Matrix

Send = Callable[[dict[str, Any], list[bytes]], object]


class Source(Protocol):
    """Who has the payload of a run at this moment."""

    payload: Payload

    def everything(self) -> Message:
        """Return the message that begins the history anew."""
        ...


class Sources(Protocol):
    """Who has one run or several."""

    def of(self, run: str | int | None) -> Source:
        """Return who has a run, by its name or its number in the index; None stands for the first."""
        ...


class Answers:
    """The answers to one browser, sent with ``send``; whatever goes wrong goes back as a sentence."""

    def __init__(self, sources: Sources, send: Send) -> None:
        self._sources, self._send = sources, send
        self._answering: set[Any] = set()  # requests for blocks that were not cancelled

    def receive(self, content: Any) -> None:
        """Answer a message; those of others are left alone."""
        answers = {
            "fetch": self._answer_fetch,
            "exact": self._answer_exact,
            "tiles": self._answer_tiles,
            "tail": self._answer_tail,
            "events": self._answer_events,
            "spectra": self._answer_spectra,
            "cancel": self._cancel,
        }
        answer = answers.get(str(content.get("type"))) if isinstance(content, dict) else None
        if answer is None:
            return
        try:
            answer(content, self._sources.of(content.get("run")))
        except KeyError as error:
            self.send_error(content.get("id"), f"the message {content['type']!r} lacks {error}")
        except Exception as error:
            self.send_error(content.get("id"), str(error))

    def send_error(self, request: Any, message: str) -> None:
        """Tell the browser what went wrong; ``request`` is None if it asked for nothing."""
        self._send({"type": "error", "id": request, "message": message}, [])

    def _quantity(self, content: dict[str, Any], payload: Payload) -> Quantity:
        name, reference = str(content.get("quantity", "weights")), content.get("reference")
        if name != "against" or reference is None:
            return Quantity(name, reference)
        other = self._sources.of(reference).payload.parameters
        return Quantity(name, reference, other, matches(payload.parameters.checkpoints, other.checkpoints))

    def _answer_fetch(self, content: dict[str, Any], source: Source) -> None:
        payload = source.payload
        quantity = self._quantity(content, payload)
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

    def _answer_exact(self, content: dict[str, Any], source: Source) -> None:
        values = source.payload.exact(str(content["parameter"]), [int(i) for i in content["entries"]])
        self._send({"type": "exact", "id": content["id"], "dims": list(values.shape)}, [values.tobytes()])

    def _answer_tiles(self, content: dict[str, Any], source: Source) -> None:
        payload, view = source.payload, content["view"]
        rows, columns = (int(n) for n in view["shape"])
        down, across = (int(n) for n in view["strides"])
        shape, strides = (rows, columns), (down, across)
        about = (str(content["parameter"]), int(content["checkpoint"]), self._quantity(content, payload))
        shared = (max(1, int(content["shared"][0])), max(1, int(content["shared"][1])))
        tiles = [(int(row), int(column)) for row, column in content["tiles"]]
        matrix = Matrix(*about, shape, strides, int(view["offset"]))
        asked, dtype = (
            Asked(matrix, shared, tiles, bool(content["counted"])),
            payload.dtype_of(matrix.quantity),
        )
        told, coded = payload.tiles.answer(asked, payload.n_checkpoints, dtype)
        entries, part = joined([({"run": payload.run, **entry}, data) for entry, data in coded], None)
        reply = {"type": "tiles", "id": content["id"], "blocks": entries, **told}
        self._send(reply, [part] if part else [])

    def _answer_tail(self, content: dict[str, Any], source: Source) -> None:
        start, is_same = int(content["start"]), content["revision"] == source.payload.revision
        self._send(*(source.payload.tail(start) if is_same else source.everything()))

    def _answer_events(self, content: dict[str, Any], source: Source) -> None:
        """Answer from another thread: events of a long history take seconds."""
        about = (content["id"], source.payload)
        threading.Thread(target=self._find_events, args=about, name="nnweightviz-events", daemon=True).start()

    def _find_events(self, request: Any, payload: Payload) -> None:
        try:
            self._send({"type": "events", "id": request, **payload.events()}, [])
        except Exception as error:
            self.send_error(request, f"the events could not be found: {error}")

    def _answer_spectra(self, content: dict[str, Any], source: Source) -> None:
        """Answer from another thread, matrix by matrix, until all are told or the browser wants no more."""
        payload, names = source.payload, [str(name) for name in content["names"]]
        unknown = [name for name in names if name not in payload.spectra.names]
        if unknown:
            there = ", ".join(payload.spectra.names) or "none"
            raise ValueError(f"{unknown[0]!r} has no spectrum; matrices of this network are: {there}")
        about = (content["id"], payload, names, bool(content.get("correlation")))
        self._answering.add(content["id"])
        threading.Thread(
            target=self._find_spectra, args=about, name="nnweightviz-spectra", daemon=True
        ).start()

    def _find_spectra(self, request: Any, payload: Payload, names: list[str], correlation: bool) -> None:
        n = payload.n_checkpoints
        reply = {"type": "spectra", "id": request, "revision": payload.revision, "n_checkpoints": n}
        try:
            for name in names:
                if request not in self._answering:
                    return
                part, entries, data = payload.spectra.answer(name, n)
                of_run = [{"run": payload.run, **entry} for entry in entries]
                more = {"parts": [part], "blocks": of_run, "correlation": None}
                self._send({**reply, **more, "done": False}, [data])
            found = payload.spectra.correlation(n) if correlation else None
            self._send({**reply, "parts": [], "blocks": [], "correlation": found, "done": True}, [])
        except Exception as error:
            self.send_error(request, f"the spectra could not be computed: {error}")
        finally:
            self._answering.discard(request)

    def _cancel(self, content: dict[str, Any], _: Source) -> None:
        self._answering.discard(content["id"])
