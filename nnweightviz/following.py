"""Follows a folder that another process records into: the history grows here as it grows there.

Not for recording (see ``history``), nor for telling browsers (see ``live``).
"""

from __future__ import annotations

import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nnweightviz.checkpoint import as_path
from nnweightviz.checkpoints import Listener
from nnweightviz.history import History
from nnweightviz.storage import folder

INTERVAL_S = 0.5


class Followed(History):
    """A history that is read again, in a thread, whenever its folder has changed; see :func:`follow`.

    The thread ends with :meth:`close`, with the last widget that shows the history, and with the history itself.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, interval_s: float = INTERVAL_S) -> None:
        super().__init__(path)
        self._interval_s = interval_s
        self._seen: object = None
        self._last: tuple[Path, tuple[int, ...]] | None = (
            None  # the file of the last checkpoint that was read
        )
        self._looking = threading.Lock()
        self._end: threading.Event | None = None
        if path is not None:
            self._begin()

    def look(self) -> int:
        """Read what is new, if the folder has changed; return how many checkpoints are new.

        Raises
        ------
        OSError, ValueError
            If the folder cannot be read.
        """
        if self.path is None:
            return 0
        with self._looking:
            seen = _signature(self.path)
            if seen == self._seen:
                return 0
            if self._last is not None and _about(self._last[0]) not in ((), self._last[1]):
                self._read_anew()
            n_new = self.refresh()
            self._seen = seen
            numbers = folder.numbers(self.path)[-1:] if len(self) else []
            names = [self.path / folder.file_name(number) for number in numbers]
            self._last = (names[0], _about(names[0])) if names else None
            return n_new

    def _read_anew(self) -> None:
        """The last checkpoint was replaced by another of the same step."""
        assert self._run is not None
        with self._lock:
            self.revision += 1
            self._take(self._run.stored())

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the first checkpoint; return whether there is one now."""
        until = float("inf") if timeout_s is None else time.monotonic() + timeout_s
        while len(self) == 0 and self.look() == 0:
            if time.monotonic() >= until:
                return False
            time.sleep(min(self._interval_s, max(0.0, until - time.monotonic())))
        return True

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener()`` after each growth; return a function that stops it, and the following with the last."""
        unsubscribe = super().subscribe(listener)
        self._begin()

        def stop() -> None:
            unsubscribe()
            if not self._listeners:
                self._stop()

        return stop

    def _begin(self) -> None:
        if self._end is None:
            self._end = threading.Event()
            about = (weakref.ref(self), self._end, self._interval_s)
            threading.Thread(target=_follow, args=about, name="nnweightviz-follower", daemon=True).start()

    def _stop(self) -> None:
        if self._end is not None:
            self._end.set()
            self._end = None

    def close(self) -> None:
        """Follow no more; what was read stays, and can still be read."""
        self._stop()
        super().close()


def follow(path: str | os.PathLike[str], *, interval_s: float = INTERVAL_S) -> Followed:
    """Return the history of a folder that another process records into; it grows here as it grows there.

    Show it as any other: ``WeightViz(None, nnweightviz.follow("runs/a"))``. ``with`` ends the following with the block.

    Parameters
    ----------
    path
        The folder that is given to :class:`~nnweightviz.History` there. It may be empty still, or not there yet:
        ``history.wait()`` waits for the first checkpoint.
    interval_s
        Seconds from one look into the folder to the next.

    Raises
    ------
    NotADirectoryError
        If the path is a file.
    ValueError
        If the folder holds something, but no checkpoints as a History records them; or the interval is not positive.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> with tempfile.TemporaryDirectory() as folder, History(folder) as recording, follow(folder) as history:
    ...     recording.record({"w": np.zeros((1, 2))}, step=0)
    ...     recording.flush()
    ...     history.wait(), history.steps.tolist()
    (True, [0])
    """
    if not interval_s > 0:
        raise ValueError(f"interval_s is {interval_s}; it takes a number of seconds above 0")
    path = as_path(path)
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(
            f"{path} is a file, which does not grow; follow the folder that is recorded into, or open the file"
        )
    if (
        path.is_dir()
        and not folder.is_history(path)
        and any(not name.startswith(".") for name in os.listdir(path))
    ):
        raise ValueError(
            f"{path} holds no checkpoints as nnweightviz.History records them; only such a folder can be followed: "
            "give the folder of the recording, or open this one as it is"
        )
    return Followed(path, interval_s)


def _follow(reference: Callable[[], Any], end: threading.Event, interval_s: float) -> None:
    told = ""
    while not end.wait(interval_s):
        history = reference()
        if history is None:
            return
        try:
            history.look()
            told = ""
        except (OSError, ValueError) as error:  # a folder on a network comes and goes
            if str(error) != told:
                told = str(error)
                warnings.warn(f"following goes on, but now: {told}", UserWarning, stacklevel=2)
        del history


def _signature(path: Path) -> object:
    """Return what differs whenever something was recorded, removed or replaced."""
    numbers = folder.numbers(path) if path.is_dir() else []
    last = [folder.file_name(number) for number in numbers[-1:]]
    return numbers, [_about(path / name) for name in (*last, folder.METRICS, folder.NETWORK)]


def _about(path: Path) -> tuple[int, ...]:
    try:
        about = path.stat()
    except OSError:
        return ()
    return about.st_size, about.st_mtime_ns, about.st_ino
