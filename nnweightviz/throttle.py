"""Calls a function soon after it is asked for, but not too often. Not for work that must happen at every call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SHARE = 0.25
"""Of a processor's time that calls may take: long ones are further apart than the interval."""
REMINDERS_S = tuple(float(2**k) for k in range(10))
"""How long after the last call, and after each reminder, the next one comes: seventeen minutes in all."""


class Throttle:
    """Calls ``function`` in another thread, at most once an interval and for a quarter of the time at most; after the
    last request it is always called once more.

    A request costs the thread that makes it next to nothing. Calls never overlap. Where there are no threads (Python
    in a browser) a request is served at once.
    """

    def __init__(self, function: Callable[[], object], interval_s: float) -> None:
        self._function, self._interval_s = function, interval_s
        self._lock = threading.Lock()
        self._calling = threading.RLock()
        self._timer: threading.Timer | None = None
        self._next = float("-inf")
        self._is_closed = False

    def request(self) -> None:
        """Ask for a call."""
        if self._timer is not None:  # it will see what this request is about
            return
        with self._lock:
            if self._is_closed or self._timer is not None or self._start():
                return
        self.flush()

    def _start(self) -> bool:
        """Whether a thread could be started that calls as soon as it may."""
        timer = threading.Timer(max(0.0, self._next - time.monotonic()), self._call_in_time)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:
            return False
        self._timer = timer
        return True

    def _call_in_time(self) -> None:
        with self._calling:
            with self._lock:  # the call that was running when this one was asked for may have been a long one
                is_early = not self._is_closed and self._next > time.monotonic()
                if is_early and self._start():
                    return
            self.flush()

    def flush(self) -> None:
        """Call now, in this thread."""
        with self._calling:
            with self._lock:
                if self._is_closed:
                    return
                if self._timer is not None:
                    self._timer.cancel()
                self._timer, began = None, _work_s()
                self._next = time.monotonic() + self._interval_s
            try:
                self._function()
            finally:
                rest_s = (_work_s() - began) * (1 / SHARE - 1)
                self._next = max(self._next, time.monotonic() + rest_s)

    def close(self) -> None:
        """Call no more; a call that has begun ends before."""
        with self._lock:
            self._is_closed = True
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        with self._calling:
            pass


def _work_s() -> float:
    """Return how long this thread has worked: while it waits, for a disk or for another thread, nobody is kept."""
    return time.thread_time() if hasattr(time, "thread_time") else time.process_time()


class Reminder:
    """Calls ``function`` again and again after :meth:`begin`, each time after twice the wait; then no more.

    For what may have been lost on its way without anybody knowing. Without threads it never calls.
    """

    def __init__(self, function: Callable[[], object], waits_s: tuple[float, ...] = REMINDERS_S) -> None:
        self._function, self._waits_s = function, waits_s
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._k, self._due = 0, 0.0  # the number of the wait, and when it ends
        self._is_closed = False

    def begin(self) -> None:
        """Begin anew: nothing is due before the first wait."""
        with self._lock:
            self._due = time.monotonic() + self._waits_s[0]
            if self._timer is None or self._k > 0:  # else the timer that runs will see that it is early
                self._wait(0)

    def _wait(self, k: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self._is_closed:
            return
        timer = threading.Timer(self._due - time.monotonic(), self._remind)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:
            return
        self._k, self._timer = k, timer

    def _remind(self) -> None:
        with self._lock:
            if self._timer is not threading.current_thread():  # begun anew, or closed
                return
            if time.monotonic() < self._due:
                self._wait(self._k)
                return
            k, self._timer = self._k + 1, None
            if k < len(self._waits_s):
                self._due += self._waits_s[k]
                self._wait(k)
        self._function()

    def close(self) -> None:
        """Call no more."""
        with self._lock:
            self._is_closed = True
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
