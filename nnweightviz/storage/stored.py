"""What a folder or a file was found to hold, and how a file that cannot be read is refused.

Not for any one form.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from nnweightviz.checkpoint import Checkpoint


class UnreadableError(ValueError):
    """A file that is damaged, hostile or of no known form; the message names the file and says why."""

    def __init__(self, path: str | os.PathLike[str], why: str) -> None:
        super().__init__(f"{os.fspath(path)} cannot be read: {why}")
        self.path, self.why = Path(path), why


@dataclass(frozen=True)
class Stored:
    """The checkpoints that were found, in order, their states lazy; metrics beside them; what is odd about it all.

    ``points`` holds metrics between checkpoints, name -> ``(x, value)`` with x in steps, or in checkpoints where no
    checkpoint has a step. ``notes`` are sentences: which order was taken, what was skipped and why.
    """

    checkpoints: Sequence[Checkpoint]
    points: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    network: Mapping[str, Any] | None = None


def opened(path: Path) -> BinaryIO:
    """Return an ordinary file, opened; never waits for a pipe, nor reads a device.

    Raises
    ------
    UnreadableError
        If there is no such file, it may not be read, or it is no ordinary file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise UnreadableError(path, error.strerror or str(error)) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnreadableError(path, "it is no ordinary file")
    return os.fdopen(descriptor, "rb", buffering=0)


def signature(file: BinaryIO) -> tuple[int, ...]:
    """Return what tells whether a file is still the one that was opened before: size, time, number. Size first."""
    about = os.fstat(file.fileno())
    return about.st_size, about.st_mtime_ns, about.st_ino


def read_into(file: BinaryIO, buffer: memoryview, start: int, path: Path) -> None:
    """Fill a buffer with a file's bytes from ``start`` on; UnreadableError if it ends before."""
    file.seek(start)
    done = 0
    while done < len(buffer):
        n = file.readinto(buffer[done:])  # type: ignore[attr-defined]
        if not n:
            raise UnreadableError(
                path, f"it ends at byte {start + done}, {len(buffer) - done} bytes too early"
            )
        done += n


def read_bytes(file: BinaryIO, start: int, n_bytes: int, path: Path) -> bytearray:
    """Return ``n_bytes`` of a file from ``start`` on, none of them taken before the file is known to have them."""
    if start < 0 or n_bytes < 0 or start + n_bytes > os.fstat(file.fileno()).st_size:
        raise UnreadableError(path, f"it claims {n_bytes} bytes at {start}, beyond its end")
    data = bytearray(n_bytes)
    read_into(file, memoryview(data), start, path)
    return data


def open_again(path: Path, known: tuple[int, ...]) -> BinaryIO:
    """Return a file that was opened before; UnreadableError if it is gone, or another one now."""
    file = opened(path)
    if signature(file) != known:
        file.close()
        raise UnreadableError(path, "it was replaced since the history was opened; open it again")
    return file
