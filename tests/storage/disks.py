"""Disks that misbehave: full, slow, gone. Not for the tests of what is written to them."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from nnweightviz.storage.directory import Directory


class Disk:
    """Stands between what records and the true disk; ``error`` is raised instead of writing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.error: OSError | None = None
        self.pause_s = 0.0
        self.may_write = threading.Event()
        self.may_write.set()
        self.names: list[str] = []
        for method in ("write", "add"):
            monkeypatch.setattr(Directory, method, self._guarded(getattr(Directory, method)))

    def _guarded(self, method: Any) -> Any:
        def guarded(directory: Directory, name: str, parts: Any) -> Any:
            self.may_write.wait()
            time.sleep(self.pause_s)
            if self.error is not None:
                raise self.error
            self.names.append(name)
            return method(directory, name, parts)

        return guarded

    def fill(self) -> None:
        self.error = OSError(errno.ENOSPC, "No space left on device")

    def make_room(self) -> None:
        self.error = None

    @contextmanager
    def halted(self) -> Iterator[None]:
        self.may_write.clear()
        try:
            yield
        finally:
            self.may_write.set()


def wait_until(condition: Any, limit_s: float = 10.0) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.001)
