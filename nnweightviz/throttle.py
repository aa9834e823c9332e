"""Calls a function soon after it is asked for, but not too often. Not for work that must happen at every call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Throttle:
    """Calls ``function`` at most once an interval; after the last request it is always called once more.

    A request is served at once, in the same thread, if the last call is an interval ago, else by a timer. Calls
    never overlap.
    """

    def __init__(self, function: Callable[[], None], interval_s: float) -> None:
        self._function, self._interval_s = function, interval_s
        self._lock = threading.Lock()
        self._calling = threading.RLock()
        self._timer: threading.Timer | None = None
        self._last = float("-inf")
        self._is_closed = False

    def request(self) -> None:
        """Ask for a call."""
        with self._lock:
            if self._is_closed or self._timer is not None:
                return
            wait_s = self._last + self._interval_s - time.monotonic()
            if wait_s > 0 and self._start(wait_s):
                return
        self.flush()

    def _start(self, wait_s: float) -> bool:
        """Whether a timer could be started (Python in a browser has no threads)."""
        timer = threading.Timer(wait_s, self.flush)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:
            return False
        self._timer = timer
        return True

    def flush(self) -> None:
        """Call now, in this thread."""
        with self._calling:
            with self._lock:
                if self._is_closed:
                    return
                if self._timer is not None:
                    self._timer.cancel()
                self._timer, self._last = None, time.monotonic()
            self._function()

    def close(self) -> None:
        """Call no more."""
        with self._lock:
            self._is_closed = True
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
