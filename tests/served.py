"""Serves a history to a page, as `nnweightviz open --follow` does, in a thread of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import nnweightviz as nwv
from nnweightviz.serving import PageServer


@contextmanager
def serving(history: nwv.History) -> Iterator[PageServer]:
    """The server of a history's page, until the end of the block."""
    server = PageServer(history)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()
