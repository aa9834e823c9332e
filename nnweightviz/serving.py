"""Serves a page that grows with a history, to this machine only: what a kernel is to a notebook.

Not for what is told (see ``live`` and ``answers``), nor for the page's parts (see ``export``).
"""

from __future__ import annotations

import json
import secrets
import struct
import threading
import time
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from nnweightviz.answers import Answers
from nnweightviz.drawn import network_of
from nnweightviz.export import followed_page
from nnweightviz.history import History
from nnweightviz.live import Live
from nnweightviz.orders import orders_for
from nnweightviz.sheet import first_traits

HOST = "127.0.0.1"
WAIT_S = 10.0
"""How long a browser's question for news is kept open."""
FORGET_S = 60.0
"""A browser that has not asked for so long gets nothing kept for it; when it asks again, it catches up."""
MAX_QUESTION_BYTES = 10_000_000
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Reader:
    """One page in a browser: what is to be sent to it, and what it asks."""

    def __init__(self, live: Live) -> None:
        self._news: list[bytes] = []
        self._orders: list[str] = []
        self._changed = threading.Condition()
        self.heard_at = time.monotonic()
        self._live, self._answers = live, Answers(live, self.send)

    def receive(self, content: Any) -> None:
        """Answer a message; of the traits that a page has changed, only orders that it cannot compute matter."""
        options = content.get("options") if isinstance(content, dict) else None
        if not isinstance(options, dict):
            self._answers.receive(content)
            return
        before, self._orders = self._orders, orders_for(options)
        for order in set(self._orders).difference(before):
            self.send({"type": "order", "order": order, **self._live.payload.order(order)}, [])

    def send(self, content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        """Keep a message until the page asks for news."""
        with self._changed:
            self._news.append(framed(content, buffers))
            self._changed.notify_all()

    def news(self, wait_s: float) -> bytes:
        """Return all messages since the last time, after waiting for one."""
        with self._changed:
            self.heard_at = time.monotonic()
            self._changed.wait_for(lambda: self._news, wait_s)
            news, self._news = self._news, []
            self.heard_at = time.monotonic()
        return b"".join(news)


class PageServer:
    """Serves the page of a history at ``url``, on this machine only; a secret in the address keeps other pages out.

    Parameters
    ----------
    history
        With at least one checkpoint.
    title
        Plain text above the diagram.
    port
        0 takes a free one.

    Raises
    ------
    OSError
        If the port is taken.
    ValueError
        If the history has nothing that can be drawn.
    """

    def __init__(self, history: History, title: str | None = None, port: int = 0) -> None:
        self._title = title
        self._readers: dict[str, Reader] = {}
        self._lock = threading.Lock()
        self._is_serving = False
        network = network_of(None, history)
        self.live = Live(network, history, send=self._tell)
        self.secret = secrets.token_urlsafe(24)
        self._server = ThreadingHTTPServer((HOST, port), type("Handler", (_Handler,), {"pages": self}))
        self._server.daemon_threads = True
        self.hosts = {f"{name}:{self._server.server_port}" for name in (HOST, "localhost")}
        self.live.begin()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self._server.server_port}/{self.secret}/"

    def serve(self) -> None:
        """Serve until :meth:`close` is called by another thread, or Ctrl-C is pressed."""
        self._is_serving = True
        self._server.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        """End serving, and let the port go."""
        self.live.close()
        if self._is_serving:
            self._server.shutdown()
        self._server.server_close()

    def page(self) -> str:
        """Return the page for a new reader: what is there now, and the address that what is new comes from."""
        name = secrets.token_urlsafe(8)
        self.reader(name)  # before the state is read: what comes meanwhile is heard twice, not missed
        payload = self.live.payload
        with payload.lock:
            payload.compact()
            index, parts = payload.index(), payload.sent_parts()
        traits = first_traits(self.live.network, payload.n_checkpoints, self._title)
        return followed_page({**traits, "_index": index}, parts, f"/{self.secret}/{name}")

    def reader(self, name: str) -> Reader:
        """Return who asks under a name; a new one hears how far the history has come."""
        with self._lock:
            if name not in self._readers:
                self._readers[name] = reader = Reader(self.live)
                reader.send(*self.live.payload.reminder())
            return self._readers[name]

    def _tell(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        now = time.monotonic()
        with self._lock:
            self._readers = {n: r for n, r in self._readers.items() if now - r.heard_at < FORGET_S}
            readers = list(self._readers.values())
        for reader in readers:
            reader.send(content, buffers)


def framed(content: dict[str, Any], buffers: Sequence[bytes]) -> bytes:
    """Return a message and its buffers as bytes: the length of the JSON, the JSON, and the buffers as it says."""
    text = json.dumps([content, [len(buffer) for buffer in buffers]], separators=(",", ":"), allow_nan=False)
    plain = text.encode()
    return struct.pack("<I", len(plain)) + plain + b"".join(buffers)


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests to one server."""

    pages: PageServer
    protocol_version = "HTTP/1.1"
    timeout = 2 * FORGET_S

    def do_GET(self) -> None:
        name = self._name()
        if name == "":
            self._reply(
                HTTPStatus.OK, self.pages.page().encode(errors="backslashreplace"), "text/html; charset=utf-8"
            )
        elif name is not None:
            self._reply(HTTPStatus.OK, self.pages.reader(name).news(WAIT_S), "application/octet-stream")

    def do_POST(self) -> None:
        name = self._name()
        if not name:
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_QUESTION_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        try:
            content = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        self.pages.reader(name).receive(content)
        self._reply(HTTPStatus.OK, b"", "text/plain")

    def _name(self) -> str | None:
        """Return what follows the secret, or None if the request is not of our page; then it is refused."""
        _, secret, *rest = [*self.path.split("/"), ""]
        origin = self.headers.get("Origin")
        is_ours = (
            secrets.compare_digest(secret.encode(), self.pages.secret.encode())
            and self.headers.get("Host") in self.pages.hosts
            and (origin is None or origin.removeprefix("http://") in self.pages.hosts)
            and len(rest) == 2
            and len(rest[0]) <= 32
        )
        if is_ours:
            return rest[0]
        self._refuse(HTTPStatus.NOT_FOUND)
        return None

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self._reply(status, status.phrase.encode(), "text/plain")

    def _reply(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        for header, value in (HEADERS | {"Content-Type": kind, "Content-Length": str(len(body))}).items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        return "nnweightviz"

    def log_message(self, *_: object) -> None:
        pass
