"""The server of a page that grows: who is let in, what is told, and how messages are framed."""

from __future__ import annotations

import json
import struct
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnweightviz.history import History
from nnweightviz.serving import PageServer
from served import serving


def state(k: float) -> dict[str, Any]:
    return {"fc.weight": np.full((4, 3), k / 10, np.float32), "fc.bias": np.zeros(4, np.float32)}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A recorded run of twelve checkpoints."""
    with History(tmp_path / "run") as history:
        for k in range(12):
            history.record(state(k), step=10 * k)
    return tmp_path / "run"


def messages(news: bytes) -> list[tuple[Any, list[bytes]]]:
    found = []
    while news:
        length = struct.unpack("<I", news[:4])[0]
        content, sizes = json.loads(news[4 : 4 + length])
        news = news[4 + length :]
        buffers = []
        for size in sizes:
            buffers.append(news[:size])
            news = news[size:]
        found.append((content, buffers))
    return found


@pytest.fixture
def server(run: Path) -> Iterator[PageServer]:
    with serving(History(run)) as server:
        yield server


def status(url: str, data: bytes | None = None, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=5) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_only_who_knows_the_address_is_let_in(server: PageServer) -> None:
    root = server.url.removesuffix(f"{server.secret}/")
    assert root.startswith("http://127.0.0.1:")
    assert status(server.url) == 200
    for url in (
        root,
        f"{root}{server.secret[:-1]}/",
        f"{root}x/reader",
        f"{server.url}a/b",
        f"{server.url}{'a' * 40}",
    ):
        assert status(url) == 404, url
    assert status(server.url, Host="evil.example") == 404
    assert status(f"{server.url}a", b"{}", Origin="http://evil.example") == 404
    assert status(f"{server.url}a", b"{}", Origin=root.removesuffix("/")) == 200
    assert status(f"{server.url}a", b"{") == 400
    assert status(f"{server.url}a", b"[" * 100_000) == 400


def test_the_page_may_ask_its_own_server_only(server: PageServer) -> None:
    with urllib.request.urlopen(server.url) as reply:
        page, headers = reply.read().decode(), reply.headers
    assert "default-src 'none'" in page
    assert "connect-src 'self'" in page
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_growth_is_told_and_questions_are_answered(server: PageServer, run: Path) -> None:
    reader = server.reader("reader")
    reader.news(0)
    with History(run) as history:
        for k in range(12, 60):
            history.record(state(k), step=10 * k)
    server.live.history.refresh()
    server.live.flush()
    ((content, buffers),) = messages(reader.news(5))
    assert (content["type"], content["start"], content["n_checkpoints"]) == ("append", 12, 60)
    assert len(buffers) == 1
    question = {"type": "exact", "id": "e0", "run": "run", "parameter": "fc.weight", "entries": [0]}
    assert status(f"{server.url}reader", json.dumps(question).encode()) == 200
    ((answer, (data,)),) = messages(reader.news(5))
    assert answer["dims"] == [60, 1]
    np.testing.assert_allclose(np.frombuffer(data), np.arange(60) / 10, rtol=1e-6)


def test_a_page_gets_the_orders_that_its_options_need_once(server: PageServer) -> None:
    reader = server.reader("reader")
    reader.news(0)
    for options in ({"fold_by": "clustering"}, {"fold_by": "clustering", "order": "correlation"}, {}):
        reader.receive({"type": "traits", "options": options})
    ((content, _),) = messages(reader.news(5))
    assert (content["type"], content["order"], content["checkpoint"]) == ("order", "correlation", 11)


def test_who_comes_back_after_a_long_time_is_told_how_far_it_is(server: PageServer) -> None:
    server.reader("sleeper").heard_at -= 100
    server._tell({"type": "x"}, [])
    ((content, _),) = messages(server.reader("sleeper").news(0))
    assert (content["start"], content["n_checkpoints"]) == (12, 12)
