"""Calls that are asked for often: not too many, never two at once, and always a last one."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

import pytest

from nnweightviz.throttle import Reminder, Throttle

INTERVAL_S = 0.05


def wait_until(condition: object, timeout_s: float = 5) -> None:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.005)


def test_the_first_request_is_served_at_once_by_another_thread() -> None:
    calls: list[int] = []
    Throttle(lambda: calls.append(threading.get_ident()), 60).request()
    wait_until(lambda: calls)
    assert len(calls) == 1
    assert calls != [threading.get_ident()]


def test_long_calls_take_a_quarter_of_the_time() -> None:
    spans: list[tuple[float, float]] = []

    def call() -> None:
        began, worked = time.monotonic(), time.thread_time()
        while time.thread_time() < worked + 0.04:
            pass
        spans.append((began, time.monotonic()))

    throttle = Throttle(call, 0.001)
    end = time.monotonic() + 1
    while time.monotonic() < end:
        throttle.request()
        time.sleep(0.002)
    throttle.close()
    assert len(spans) > 2
    assert all(after[0] - before[1] >= 0.99 * 3 * 0.04 for before, after in pairwise(spans))


def test_calls_that_wait_are_not_put_off() -> None:
    calls: list[float] = []
    throttle = Throttle(lambda: calls.append(time.sleep(0.1) or time.monotonic()), INTERVAL_S)
    start = time.monotonic()
    while len(calls) < 4:
        throttle.request()
        time.sleep(0.005)
    assert time.monotonic() - start < 4 * 0.1 + 1


def test_reminders_come_after_twice_the_wait_until_there_are_no_more() -> None:
    calls: list[float] = []
    start = time.monotonic()
    reminder = Reminder(lambda: calls.append(time.monotonic() - start), (0.05, 0.1, 0.2))
    reminder.begin()
    wait_until(lambda: len(calls) == 3)
    time.sleep(0.3)
    assert len(calls) == 3
    assert all(at >= due for at, due in zip(calls, (0.05, 0.15, 0.35), strict=True))


def test_a_reminder_that_is_begun_anew_is_put_off() -> None:
    calls: list[int] = []
    reminder = Reminder(lambda: calls.append(0), (0.3,))
    for _ in range(4):
        reminder.begin()
        time.sleep(0.1)
    assert calls == []
    reminder.close()
    time.sleep(0.4)
    assert calls == []


def test_reminders_that_are_begun_again_and_again_take_one_thread() -> None:
    before = set(threading.enumerate())
    reminder = Reminder(lambda: None, (0.2,))
    for _ in range(50):
        reminder.begin()
    assert len(set(threading.enumerate()) - before) == 1
    reminder.close()


def test_reminders_that_are_begun_anew_after_some_start_from_the_first_wait() -> None:
    calls: list[float] = []
    reminder = Reminder(lambda: calls.append(time.monotonic()), (0.05, 0.4))
    reminder.begin()
    wait_until(lambda: len(calls) == 1)
    reminder.begin()
    wait_until(lambda: len(calls) == 3)
    assert calls[1] - calls[0] < 0.3
    assert calls[2] - calls[1] > 0.35


def test_a_closed_reminder_is_not_begun_again() -> None:
    calls: list[int] = []
    reminder = Reminder(lambda: calls.append(0), (0.01,))
    reminder.close()
    reminder.begin()
    time.sleep(0.1)
    assert calls == []


def test_many_requests_are_few_calls_and_the_last_state_arrives() -> None:
    seen: list[int] = []
    count = 0
    throttle = Throttle(lambda: seen.append(count), INTERVAL_S)
    start = time.monotonic()
    while time.monotonic() - start < 4 * INTERVAL_S:
        count += 1
        throttle.request()
    wait_until(lambda: seen[-1] == count)
    assert seen[-1] == count
    assert len(seen) <= (time.monotonic() - start) / INTERVAL_S + 2


def test_a_request_during_a_call_is_served_after_it() -> None:
    calls: list[int] = []

    def call() -> None:
        calls.append(len(calls))
        if len(calls) == 1:
            throttle.request()

    throttle = Throttle(call, INTERVAL_S)
    throttle.request()
    wait_until(lambda: len(calls) == 2)
    assert len(calls) == 2


def test_calls_never_overlap() -> None:
    running, most = 0, 0

    def call() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.01)
        running -= 1

    throttle = Throttle(call, 0.001)
    threads = [threading.Thread(target=lambda: [throttle.flush() for _ in range(5)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_flush_makes_the_waiting_call_now() -> None:
    calls: list[int] = []
    throttle = Throttle(lambda: calls.append(0), INTERVAL_S)
    throttle.flush()
    throttle.request()
    throttle.flush()
    assert len(calls) == 2
    time.sleep(3 * INTERVAL_S)
    assert len(calls) == 2


def test_closing_cancels_what_waits() -> None:
    calls: list[int] = []
    throttle = Throttle(lambda: calls.append(0), INTERVAL_S)
    throttle.flush()
    throttle.request()
    throttle.close()
    throttle.request()
    throttle.flush()
    time.sleep(3 * INTERVAL_S)
    assert len(calls) == 1


def test_without_threads_every_request_is_served_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Timer) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Timer, "start", start)
    calls: list[int] = []
    throttle = Throttle(lambda: calls.append(0), 60)
    throttle.request()
    throttle.request()
    assert len(calls) == 2
