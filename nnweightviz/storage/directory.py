"""One folder that files are written to: whole or not at all, and never to another folder of the same name.

Not for what the files hold (see ``folder``).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nnweightviz.storage.stored import Signature, signature_of

HAS_DIR_FD = os.open in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")
TEMPORARY = ".writing"
"""Ends the name of a file that is not whole yet."""


class Directory:
    """A folder held open, so that what is written to it goes there even if it is moved, and nowhere if it is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) if HAS_DIR_FD else None

    def write(self, name: str, parts: Iterable[Any]) -> Signature:
        """Write a file whole or not at all, replacing one of that name; its data are on the disk, its name after
        :meth:`sync`. Return its signature.

        Raises
        ------
        OSError
            If the disk is full, the folder gone or read-only; nothing is left behind then.
        """
        temporary = f".{name}{TEMPORARY}"
        try:
            with self.opened(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as file:
                for part in parts:
                    _write_all(file, part)
                os.fsync(file.fileno())
                signature = signature_of(file)
            os.replace(self._of(temporary), self._of(name), src_dir_fd=self._fd, dst_dir_fd=self._fd)
        except BaseException:
            with contextlib.suppress(OSError):
                self.remove(temporary)
            raise
        return signature

    def add(self, name: str, lines: Iterable[bytes]) -> None:
        """Add lines to a file, all or none; a line that was torn by a crash is ended first. Raises what
        :meth:`write` raises.
        """
        with self.opened(name, os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
            descriptor = file.fileno()
            size = os.fstat(descriptor).st_size
            os.lseek(descriptor, max(size - 1, 0), os.SEEK_SET)
            ends = not size or os.read(descriptor, 1) == b"\n"
            added = b"".join(lines)
            try:
                _write_all(file, added if ends or not added else b"\n" + added)
                os.fsync(descriptor)
            except BaseException:
                os.ftruncate(descriptor, size)
                raise

    def opened(self, name: str, flags: int) -> Any:
        """Return a file for writing, unbuffered; a link of that name is not followed."""
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self._of(name), flags, 0o666, dir_fd=self._fd)
        return os.fdopen(descriptor, "wb" if not flags & os.O_APPEND else "ab", buffering=0)

    def remove(self, name: str) -> None:
        """Remove a file if it is there; OSError if it is and cannot be removed."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._of(name), dir_fd=self._fd)

    def remove_unfinished(self) -> None:
        """Remove what a process that was killed left half written."""
        for name in os.listdir(self.path if self._fd is None else self._fd):
            if name.startswith(".") and name.endswith(TEMPORARY):
                self.remove(name)

    def sync(self) -> None:
        """Bring the names of what was written onto the disk."""
        if self._fd is not None:
            os.fsync(self._fd)

    def close(self) -> None:
        """Let go of the folder."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _of(self, name: str) -> str:
        return name if self._fd is not None else str(self.path / name)


def _write_all(file: Any, part: Any) -> None:
    """Write bytes to an unbuffered file, which takes only some of them where the disk is full, or beyond 2 GB."""
    rest = memoryview(part)
    while rest:
        rest = rest[file.write(rest) :]
