"""The thread that writes: order, failures and when they are told, a bounded queue, one writer a folder."""

from __future__ import annotations

import gc
import multiprocessing
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nnweightviz.storage.directory import Directory
from nnweightviz.storage.writer import Job, RecordingError, Writer
from storage.disks import Disk, wait_until


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def writer(tmp_path: Path, disk: Disk) -> Iterator[Writer]:
    writer = Writer(tmp_path / "run", queue_bytes=1000)
    yield writer
    disk.make_room()
    writer.close()


def job(name: str, n_bytes: int = 10, **about: Any) -> Job:
    return Job(name, [b"x" * n_bytes], n_bytes, **about)


def line(text: str) -> Job:
    return Job("lines", [f"{text}\n".encode()], adds=True)


def names(writer: Writer) -> list[str]:
    return sorted(name for name in os.listdir(writer.path) if name != ".lock")


def test_jobs_are_done_in_order(writer: Writer, disk: Disk) -> None:
    with disk.halted():
        for k in range(200):
            writer.put(job(f"{k:03d}"))
        writer.put(Job("000", None))
        writer.put(line("a"))
        writer.put(line("b"))
        writer.put(Job("lines", [b"new\n"]))
        writer.put(line("c"))
    writer.flush()
    assert disk.names == [f"{k:03d}" for k in range(200)] + ["lines"] * 3  # neighbouring lines at once
    assert names(writer) == [f"{k:03d}" for k in range(1, 200)] + ["lines"]
    assert (writer.path / "lines").read_bytes() == b"new\nc\n"


def test_a_job_is_called_done_after_its_name_is_on_the_disk(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    sync = Directory.sync
    monkeypatch.setattr(Directory, "sync", lambda d: (happened.append("sync"), sync(d)))
    writer.put(job("a", done=lambda signature: happened.append(f"done {signature is not None}")))
    writer.flush()
    assert happened == ["sync", "done True"]


def test_a_failure_is_told_once_a_check_and_what_failed_is_written_once_there_is_room(
    writer: Writer, disk: Disk
) -> None:
    disk.fill()
    writer.put(job("a"))
    wait_until(lambda: writer._error is not None)
    with pytest.raises(
        RecordingError, match=r"No space left on device; 1 waiting in memory, tried again"
    ) as told:
        writer.check()
    assert told.value.errno == 28
    writer.put(job("b"))
    with pytest.raises(RecordingError, match="2 waiting"):
        writer.flush()
    assert names(writer) == []
    disk.make_room()
    writer.flush()
    writer.check()
    assert names(writer) == ["a", "b"]


def test_a_flush_does_not_take_an_attempt_that_was_under_way_for_its_own(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, may_fail, failed = writer._written, threading.Event(), []

    def fail_once(batch: Any) -> Any:
        if failed:
            return written(batch)
        failed.append(batch)
        may_fail.wait()
        return [], OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "_written", fail_once)
    writer.put(job("a"))
    wait_until(lambda: failed)
    threading.Timer(0.05, may_fail.set).start()
    writer.flush()
    assert names(writer) == ["a"]


def test_closing_tells_of_a_failure_and_still_lets_the_folder_go(writer: Writer, disk: Disk) -> None:
    disk.fill()
    writer.put(job("a"))
    with pytest.raises(RecordingError, match="No space left"):
        writer.close()
    disk.make_room()
    Writer(writer.path).close()
    with pytest.raises(RecordingError, match="is closed; open it again"):
        writer.check()


def test_nothing_is_to_be_told_by_a_flush_after_closing(writer: Writer) -> None:
    writer.put(job("a"))
    writer.close()
    writer.flush()
    writer.close()


def test_lines_are_not_added_twice_if_the_folder_could_not_be_brought_onto_the_disk(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [OSError(5, "Input/output error")]

    def sync(_: Directory) -> None:
        if failures:
            raise failures.pop()

    monkeypatch.setattr(Directory, "sync", sync)
    done: list[Any] = []
    writer.put(Job("lines", [b"a\n"], adds=True, done=done.append))
    wait_until(lambda: writer._error is not None)
    assert done == []
    writer.put(line("b"))
    writer.flush()
    assert (writer.path / "lines").read_bytes() == b"a\nb\n"
    assert done == [None]


def test_the_queue_is_bounded_but_two_of_any_size_may_wait(writer: Writer, disk: Disk) -> None:
    with disk.halted():
        for k in range(10):
            assert writer.has_room(100)
            writer.put(job(f"{k}", 100))
        assert not writer.has_room(100)
    writer.flush()
    with disk.halted():
        writer.put(job("a", 5000))
        assert writer.has_room(5000)
        writer.put(job("b", 5000))
        assert not writer.has_room(5000)


def test_waiting_for_room_ends_when_there_is_some_and_when_writing_fails(writer: Writer, disk: Disk) -> None:
    with disk.halted():
        writer.put(job("a", 1000))
        waiting = threading.Thread(target=writer.wait_for_room, args=(1000,))
        writer.put(job("b", 1000))
        waiting.start()
        waiting.join(0.05)
        assert waiting.is_alive()
    waiting.join(10)
    assert not waiting.is_alive()
    writer.flush()
    disk.fill()
    writer.put(job("c", 1000))
    writer.put(job("d", 1000))
    with pytest.raises(RecordingError, match="No space left"):
        writer.wait_for_room(1000)


def test_a_second_writer_is_refused_in_this_process_and_in_another(writer: Writer) -> None:
    refusal = "is being recorded into already, by another process or another History"
    with pytest.raises(RecordingError, match=refusal):
        Writer(writer.path)
    code = "import sys, pathlib, nnweightviz.storage.writer as w; w.Writer(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(writer.path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert refusal in ended.stderr


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match="cannot be recorded into: Not a directory"):
        Writer(tmp_path / "file" / "run")


def test_a_read_only_folder_is_refused_and_left_unlocked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr(Directory, "remove_unfinished", refused)
        with pytest.raises(RecordingError, match="cannot be recorded into: Read-only file system"):
            Writer(tmp_path)
    Writer(tmp_path).close()


def in_a_fork(action: Any) -> str:
    """What an action says in a forked child; a child that hangs fails."""
    receiver, sender = multiprocessing.get_context("fork").Pipe(duplex=False)

    def child() -> None:
        try:
            sender.send(str(action()))
        except BaseException as error:
            sender.send(f"{type(error).__name__}: {error}")

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    assert receiver.poll(20), "the child hangs"
    said = receiver.recv()
    process.join(20)
    assert process.exitcode == 0
    return said


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_neither_writes_nor_hangs_nor_lets_the_folder_go(writer: Writer, disk: Disk) -> None:
    with disk.halted():
        writer.put(job("a"))
        for action in (writer.flush, writer.check, lambda: writer.wait_for_room(10)):
            said = in_a_fork(action)
            assert re.match("RecordingError: .* by the process that this one was forked from", said)
        assert in_a_fork(writer.close) == "None"

        def forget() -> None:
            writer._lock.__del__()
            gc.collect()

        in_a_fork(forget)
    with pytest.raises(RecordingError, match="recorded into already"):
        Writer(writer.path)
    writer.put(job("b"))
    writer.flush()
    assert names(writer) == ["a", "b"]


def test_a_writer_closed_by_the_garbage_collector_in_its_own_thread_writes_all(
    tmp_path: Path, disk: Disk
) -> None:
    writer = Writer(tmp_path)
    with disk.halted():
        writer.put(job("a", done=lambda signature: writer.close()))  # noqa: ARG005
        writer.put(job("b"))
    wait_until(lambda: not writer._thread.is_alive())
    wait_until(lambda: not any(t.name == "nnweightviz-closer" for t in threading.enumerate()))
    assert names(writer) == ["a", "b"]
    Writer(tmp_path).close()
