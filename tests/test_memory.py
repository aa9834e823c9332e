"""Memory that is paged in ahead: pieces of the right size, none given twice, none kept without end."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from nnweightviz.memory import AHEAD_BYTES, SLAB_BYTES, Memory


@pytest.mark.parametrize("n_bytes", [0, 1, 4095, 4096, 100_000, AHEAD_BYTES])
def test_no_two_pieces_share_memory(n_bytes: int) -> None:
    memory = Memory()
    pieces = []
    for k in range(20 if n_bytes < SLAB_BYTES else 3):
        piece = memory.take(n_bytes)
        assert (piece.size, piece.dtype) == (n_bytes, np.uint8)
        piece[:] = k
        pieces.append(piece)
        time.sleep(0.002)  # the thread prepares more
    assert all((piece == k).all() for k, piece in enumerate(pieces))


def test_a_piece_given_back_is_taken_again_once() -> None:
    memory = Memory()
    piece = memory.take(10_000_000)
    memory.give(piece)
    assert np.shares_memory(memory.take(10_000_000), piece)
    assert not np.shares_memory(memory.take(10_000_000), piece)


def test_a_piece_of_another_size_is_not_kept() -> None:
    memory = Memory()
    small = memory.take(1000)
    memory.take(2000)
    memory.give(small)
    assert memory.take(2000).size == 2000


def test_pieces_keep_their_size_while_sizes_change_and_threads_give_back() -> None:
    memory, is_over, taken = Memory(), threading.Event(), []

    def give_back() -> None:
        while not is_over.is_set():
            if taken:
                memory.give(taken.pop())

    threads = [threading.Thread(target=give_back) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for k in range(20_000):
            n_bytes = 5000 + 1000 * (k // 3 % 2)
            piece = memory.take(n_bytes)
            assert piece.size == n_bytes
            taken.append(piece)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def test_what_is_prepared_ahead_is_bounded() -> None:
    memory = Memory()
    for _ in range(300):
        memory.take(100_000)
        time.sleep(0.0005)
    assert len(memory._stock[1]) * 100_000 <= 2 * SLAB_BYTES


def test_without_threads_pieces_are_made_as_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    memory = Memory()
    assert [memory.take(1000).size for _ in range(5)] == [1000] * 5
