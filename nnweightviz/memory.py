"""Memory that is paged in before it is needed, so that a copy into it costs no more than the copy.

The first write to a fresh page takes several times as long as the copy of its content. Not for what is copied (see
``snapshots``).
"""

from __future__ import annotations

import ctypes
import mmap
import sys
import threading
import time
from collections import deque

import numpy as np
from numpy.typing import NDArray

Piece = NDArray[np.uint8]

POPULATE_WRITE = 23
"""Linux 5.14 and newer know this advice; older ones refuse it."""
_MADVISE = ctypes.CDLL(None).madvise if sys.platform == "linux" else None

PAGE = 4096
AHEAD_BYTES = 32_000_000
"""Memory that may be prepared ahead; for larger pieces none is, and a copy pages it in itself."""
SLAB_BYTES = 8_000_000
"""How much is prepared at a time: one request of the preparing thread for several pieces."""
AT_ONCE_BYTES = 2_000_000
"""How much of it is paged in at a time: meanwhile nobody else in the process gets memory from the system."""
LOOK_S, LOOKS = 0.008, 125
"""How long the preparing thread waits between two looks, and how many looks in vain are its end."""
QUICK_S = 0.1
"""Pieces asked for within this time of each other are prepared ahead."""

_PRIVATE = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}


class Memory:
    """Pieces of one size at a time; some are ready, prepared by a thread while pieces are taken quickly."""

    def __init__(self) -> None:
        self._stock: tuple[int, deque[Piece]] = (
            -1,
            deque(),
        )  # one attribute: threads see both or neither change
        self._last = -1e9
        self._is_wanted = False
        self._thread: threading.Thread | None = None

    def take(self, n_bytes: int) -> Piece:
        """Return a piece of memory with whatever it holds."""
        if n_bytes != self._stock[0]:
            self._stock = n_bytes, deque()
        ready = self._stock[1]
        try:
            piece = ready.popleft()
        except IndexError:
            piece = _slab(n_bytes)
        if not self._is_wanted and 0 < n_bytes <= AHEAD_BYTES // 4 and len(ready) < self._n_ahead(n_bytes):
            now = time.monotonic()
            if now - self._last < QUICK_S:
                self._prepare()
            self._last = now
        return piece

    def give(self, piece: Piece) -> None:
        """Take back a piece that nobody reads any more."""
        n_bytes, ready = self._stock
        if piece.size == n_bytes:
            ready.append(piece)

    @staticmethod
    def _n_ahead(n_bytes: int) -> int:
        return min(max(2, SLAB_BYTES // n_bytes), 64)

    def _prepare(self) -> None:
        """Let the thread prepare a slab; without threads (Python in a browser) pieces are taken as they come. The
        thread looks by itself whether it is wanted: to wake it up may take longer than a whole record.
        """
        self._is_wanted = True
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="nnweightviz-memory", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:
                self._thread = None

    def _run(self) -> None:
        n_looks = 0
        try:
            while n_looks < LOOKS:
                n_looks += 1
                if self._is_wanted:
                    n_looks, self._is_wanted = 0, False
                    self._add_slab()
                else:
                    time.sleep(LOOK_S)
        finally:
            self._thread, self._is_wanted = None, False  # in this order: who wants more now finds no thread

    def _add_slab(self) -> None:
        n_bytes, ready = self._stock
        stride = -(-n_bytes // PAGE) * PAGE
        n = self._n_ahead(n_bytes)
        slab = _slab(stride * n)
        at_once = max(1, AT_ONCE_BYTES // stride)
        for first in range(0, n, at_once):
            some = range(first, min(first + at_once, n))
            _page_in(slab[first * stride : (some[-1] + 1) * stride])
            ready.extend(slab[k * stride : k * stride + n_bytes] for k in some)


def _page_in(piece: Piece) -> None:
    """Make the pages of fresh memory there: at once where Linux can, which takes a third of the time, and without
    Python's lock, which numpy would keep while it writes to one page after another.
    """
    if _MADVISE is None or _MADVISE(
        ctypes.c_void_p(piece.ctypes.data), ctypes.c_size_t(piece.size), POPULATE_WRITE
    ):
        piece[::PAGE] = 0


def _slab(n_bytes: int) -> Piece:
    """Return fresh memory, of small pages: huge ones are not always there, and then take milliseconds to come. It is
    of this process alone: what processes may share takes twice as long to page in.
    """
    return np.frombuffer(mmap.mmap(-1, max(n_bytes, 1), **_PRIVATE), np.uint8, n_bytes)
