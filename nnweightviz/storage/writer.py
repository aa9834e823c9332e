"""The thread that writes a history to its folder, and the lock that keeps other processes out of it.

The queue is bounded: at most ``queue_bytes`` (or two checkpoints, if those are more) wait to be written. What is
written is on the disk, name and all, before it counts as durable. A failure is kept and raised in the thread that
records, at its next record, flush or close; what could not be written stays in memory and is tried again then. Not
for the form of the files (see ``folder``).
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from nnweightviz.storage.directory import Directory
from nnweightviz.storage.folder import LOCK
from nnweightviz.storage.stored import Signature

QUEUE_BYTES = 64_000_000
BATCH = 64
"""Files written before the folder itself is brought onto the disk."""
LOOK_S, LOOKS = 0.005, 100
"""How long the thread that writes waits between two looks, and how many looks without success it takes."""


class RecordingError(OSError):
    """Something could not be written; the message says what, why, and what is kept."""


@dataclass(slots=True, eq=False)
class Job:
    """One thing to do: write a file, remove it (no parts), or add lines to it."""

    name: str
    parts: Iterable[Any] | None
    n_bytes: int = 0
    done: Callable[[Signature | None], object] = lambda signature: None  # noqa: ARG005
    adds: bool = False


class Writer:
    """Writes files of one folder in a thread of its own, in order."""

    def __init__(self, path: Path, queue_bytes: int = QUEUE_BYTES) -> None:
        self.path, self._queue_bytes = path, queue_bytes
        self._lock = _locked(path)
        try:
            self._directory = Directory(path)
            self._directory.remove_unfinished()
        except OSError as error:
            self._lock.release()
            raise RecordingError(f"{path} cannot be recorded into: {error.strerror or error}") from error
        self._changed = threading.Condition()
        self._queue: deque[Job] = deque()
        self._n_put = self._n_done = 0  # bytes; each is counted by one thread
        self._added: set[Job] = set()  # lines written already, though their folder is not on the disk yet
        self._is_asleep = False
        self._n_attempts = 0
        self._error: Exception | None = None
        self._is_closing = False
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name="nnweightviz-writer", daemon=True)
        self._thread.start()

    @property
    def n_bytes(self) -> int:
        """How many bytes wait to be written."""
        return self._n_put - self._n_done

    def has_room(self, n_bytes: int) -> bool:
        """Whether that many bytes can be taken at once. One checkpoint may always wait while another is written."""
        return not self._queue or self.n_bytes + n_bytes <= max(self._queue_bytes, 2 * n_bytes)

    def wait_for_room(self, n_bytes: int) -> None:
        """Wait until the queue has room for that many bytes; raises RecordingError if writing fails."""
        self.check()
        if not self.has_room(n_bytes):
            with self._changed:
                self._changed.wait_for(lambda: self._error is not None or self.has_room(n_bytes))
            self.check()

    def put(self, job: Job) -> None:
        """Add something to be done; from one thread. The thread that writes looks for itself while there is much to
        do: to wake it up takes longer than the rest of a record.
        """
        self._n_put += job.n_bytes
        self._queue.append(job)
        if self._is_asleep:
            with self._changed:
                self._changed.notify_all()

    def check(self) -> None:
        """Raise what went wrong since the last time, once; and try again to write what could not be written."""
        self._check_process()
        if self._is_closing:
            raise RecordingError(f"the history of {self.path} is closed; open it again with History(path)")
        if self._error is not None:
            with self._changed:
                error, self._error = self._error, None
                self._changed.notify_all()
            raise _surfaced(self.path, error, len(self._queue)) from error

    def _check_process(self) -> None:
        """Raise in a forked process: it has a copy of the queue, but neither the thread nor the lock."""
        if self._process != os.getpid():
            raise RecordingError(f"{self.path} is recorded into by the process that this one was forked from")

    def flush(self) -> None:
        """Wait until all is on the disk; raises RecordingError if it cannot be brought there."""
        self._check_process()
        if self._is_closing and not self._queue:
            return
        with self._changed:
            before = self._n_attempts
            self._try_again()
            while (
                self._queue and not self._is_closing and (self._error is None or self._n_attempts == before)
            ):
                if self._error is not None:  # of an attempt that was under way
                    self._try_again()
                self._changed.wait()
        self.check()

    def _try_again(self) -> None:
        self._error = None
        self._changed.notify_all()

    def close(self) -> None:
        """Write what waits, and let the folder go; raises RecordingError if something could not be written."""
        if self._is_closing or self._process != os.getpid():
            return
        if threading.current_thread() is self._thread:  # the garbage collector may run there, and cannot wait
            threading.Thread(target=self.close, name="nnweightviz-closer").start()
            return
        try:
            self.flush()
        finally:
            with self._changed:
                self._is_closing = True
                self._changed.notify_all()
            self._thread.join()
            self._directory.close()
            self._lock.release()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._wait_for_jobs()
                if self._is_closing:
                    return
                self._n_attempts += 1
                batch = [self._queue[k] for k in range(min(len(self._queue), BATCH))]
            done, error = self._written(batch)
            for job, signature in done:
                job.done(signature)
            with self._changed:
                for job, _ in done:
                    self._queue.popleft()
                    self._n_done += job.n_bytes
                self._error = error
                self._changed.notify_all()

    def _wait_for_jobs(self) -> None:
        """Wait until there is something to do, looking often after something was done, and then asleep."""

        def is_wanted() -> bool:
            return self._is_closing or (bool(self._queue) and self._error is None)

        for _ in range(LOOKS):
            if is_wanted() or self._error is not None:
                break
            self._changed.wait(LOOK_S)
        self._is_asleep = True  # before the queue is looked at, so that either side sees what the other does
        self._changed.wait_for(is_wanted)
        self._is_asleep = False

    def _written(self, batch: Sequence[Job]) -> tuple[list[tuple[Job, Signature | None]], Exception | None]:
        """Do what can be done of a batch; return that, with the files' signatures, and what stopped it."""
        done: list[tuple[Job, Signature | None]] = []
        stopped = None
        try:
            for _, neighbours in groupby(enumerate(batch), lambda pair: -1 if pair[1].adds else pair[0]):
                jobs = [job for _, job in neighbours]
                signature = self._do(jobs)
                done += [(job, signature) for job in jobs]
        except Exception as error:
            stopped = error
        try:
            self._directory.sync()
        except Exception as error:
            return [], error
        self._added.clear()
        return done, stopped

    def _do(self, jobs: Sequence[Job]) -> Signature | None:
        """Do one job, or several at once that add lines to the same file."""
        job = jobs[0]
        if job.parts is None:
            self._directory.remove(job.name)
        elif job.adds:
            new = [job for job in jobs if job not in self._added]
            self._directory.add(job.name, [line for job in new for line in job.parts or ()])
            self._added.update(new)
        else:
            return self._directory.write(job.name, job.parts)
        return None


def _locked(path: Path) -> FileLock:
    """Return the lock of a folder, taken; the system lets it go when the process ends, however it ends."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path / LOCK, timeout=0, thread_local=False)
        lock.acquire()
    except Timeout:
        raise RecordingError(
            f"{path} is being recorded into already, by another process or another History: close that one, or "
            f"record into another folder; to read along, nnweightviz.open({str(path)!r})"
        ) from None
    except (OSError, NotImplementedError) as error:
        why = getattr(error, "strerror", None) or error
        raise RecordingError(f"{path} cannot be recorded into: {why}") from error
    return lock


def _surfaced(path: Path, error: Exception, n_waiting: int) -> RecordingError:
    is_gone = isinstance(error, FileNotFoundError)
    why = "the folder is gone" if is_gone else getattr(error, "strerror", None) or str(error)
    surfaced = RecordingError(
        f"{path} could not be written: {why}; {n_waiting} waiting in memory, tried again at the next record, flush "
        "or close: make room, or record into another folder"
    )
    surfaced.errno = getattr(error, "errno", None)
    return surfaced
