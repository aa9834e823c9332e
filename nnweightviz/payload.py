"""What a widget carries to the browser: a history as blocks, encoded once, appended as it grows, fetched beyond 8 MB.

Not for the bytes of one block (see ``blocks``), nor for when they are sent (see ``live``), nor for a page that holds
everything (see ``complete``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz import blocks
from nnweightviz.curves import Curves
from nnweightviz.history import History
from nnweightviz.moments.told import Peaks, Told
from nnweightviz.network import Network
from nnweightviz.orders import unit_orders
from nnweightviz.parameters import WEIGHTS, Entry, Parameters, Quantity
from nnweightviz.parts import Attachment, add, attached, in_chunks, joined, onto_last
from nnweightviz.spectrum.told import Told as ToldSpectra
from nnweightviz.summaries import Summaries
from nnweightviz.tiles import Tiles

STATE_BYTES = 8_000_000
"""Encoded bytes that ride in the widget's state; what is beyond is fetched in windows."""
CHUNK_BYTES = 1_000_000
"""Largest buffer of one reply to a fetch, unless a single block is larger."""
WINDOW_VALUES = 2_000_000
"""How many numbers are encoded together, unless a single checkpoint has more."""
GROWTH_BYTES = 2_000_000
"""Codes of new checkpoints that are sent together, before deflating; of more, only those of the last one."""
CHANGE_DTYPE: blocks.Dtype = "float16"
"""Changes beside rounded weights: most are far smaller than the largest, where int8 would read 0 for many."""
MANY_PARTS = 32
"""Parts that a growing history may leave in the state before they are joined."""

Message = tuple[dict[str, Any], list[bytes]]


class RevisedError(Exception):
    """Checkpoints were taken out of the history or replaced: their numbers are of others now."""


class Payload:
    """The encoded history of one widget.

    Parameters
    ----------
    network
        Names and shapes of the parameters to send (tied ones once).
    history
        The checkpoints; may grow. If some are taken out or replaced, another payload is needed.
    precision
        ``"auto"`` or a type of :mod:`nnweightviz.blocks`.
    run
        The name of the run.
    n_runs
        How many runs share the room in the widget's state.

    Raises
    ------
    ValueError
        If the checkpoints do not belong to the network, a shape does not fit, or there is no such precision.
    """

    def __init__(
        self,
        network: Network,
        history: History,
        precision: str = "auto",
        run: str = "run",
        *,
        n_runs: int = 1,
        progress: Callable[[int], object] | None = None,
    ) -> None:
        self.n_runs, self._state_bytes = n_runs, STATE_BYTES // n_runs
        self.lock = threading.RLock()
        self.history, self.run, self.revision = history, run, history.revision
        self.parts: list[bytes] = []
        self.entries: list[Entry] = []
        self.orders: dict[str, dict[str, Any]] = {}
        self.sizes: list[Entry] = []
        self.attached: dict[str, Attachment] = {}  # by name
        self.is_whole = True
        self._precision, self._progress = precision, progress
        self.parameters = Parameters(network, list(history))
        self.told = Told(network, history)
        self.spectra = ToldSpectra(self.parameters)
        self.tiles = Tiles(self.parameters)
        self.n_checkpoints = len(self.parameters.checkpoints)
        self.recorded = Summaries(list(self.parameters.shapes))
        self.is_by_name = False
        self.window = max(1, WINDOW_VALUES // max(1, self.parameters.n_values))
        self.dtype = self._choose_dtype(self.n_checkpoints)
        self._curves = Curves()
        self._curves.tell(history.log_metrics)
        self._fill()

    def _choose_dtype(self, n_checkpoints: int) -> blocks.Dtype:
        return blocks.choose_dtype(self.parameters.n_values * n_checkpoints * self.n_runs, self._precision)

    def _fill(self) -> None:
        """Encode the history from its beginning as far as it rides in the state, and its last checkpoint.

        Nothing is encoded if a single checkpoint is larger than the state may be: it is fetched by parameter.
        """
        self.parts, self.entries = [], []
        n, stored = self.n_checkpoints, 0
        self.is_by_name = self.n_bytes_each > self._state_bytes
        for start in range(0, n, self.window):
            stop = min(n, start + self.window)
            rides = not self.is_by_name and stored == start and self._n_bytes() <= self._state_bytes
            if not rides and len(self.recorded) >= n:
                break
            self.parameters.hold(range(start, stop))  # read once for norms and codes
            self._summarise(stop)
            if rides:
                add(self.entries, self.parts, self.encode(start, stop))
                stored = stop
            if self._progress is not None:
                self._progress(stop - start)
        self.is_whole = stored == n
        if not self.is_whole and not self.is_by_name:
            add(self.entries, self.parts, self.encode(n - 1, n))
        self.parameters.hold(())
        self.sizes = []
        self._keep_sizes(0)

    def _summarise(self, stop: int) -> None:
        """Take in the norms of checkpoints that are new."""
        for k in range(len(self.recorded), stop):
            self.recorded.record(self.parameters.state(k))

    def summaries(self, start: int) -> list[tuple[Entry, bytes]]:
        """Return the blocks of norms from a checkpoint on."""
        return [({"run": self.run, **e}, data) for e, data in self.recorded.encode(start, self.n_checkpoints)]

    def _keep_sizes(self, start: int) -> None:
        self.sizes += onto_last(self.parts, self.summaries(start))

    @property
    def n_bytes_each(self) -> int:
        """The bytes of a checkpoint's codes, before deflating."""
        return self.parameters.n_values * np.dtype(self.dtype).itemsize

    def _n_bytes(self) -> int:
        return sum(map(len, self.parts))

    def encode(self, start: int, stop: int) -> Iterator[tuple[Entry, bytes]]:
        """Yield the blocks of weights of a range of checkpoints."""
        for entry, data in self.parameters.encode(start, stop, self.dtype):
            yield {"run": self.run, **entry}, data

    def index(self) -> dict[str, Any]:
        """Return the index of all that is in the parts, as the browser reads it when it opens a widget."""
        with self.lock:
            curves = {name: curve for more in self.attached.values() for name, curve in more.curves.items()}
            metrics = {**self._curves.whole(), **curves}
            about = {"name": self.run, "n_checkpoints": self.n_checkpoints, "metrics": metrics}
            return {
                "format": 1,
                "revision": self.revision,
                "precision": self.dtype,
                "window": None if self.is_whole else self.window,
                "notes": self._notes(),
                "runs": [about | self._moments(0, self.n_checkpoints)],
                "blocks": list(self.entries),
                "orders": dict(self.orders),
                "events": self.told.known,
                "summaries": {"parameters": list(self.recorded.names), "blocks": list(self.sizes)},
                **attached(self.parts, self.attached.values(), self.run)[0],
            }

    def sent_parts(self) -> list[bytes]:
        """Return the parts that the index tells of: of weights, then of what is attached."""
        with self.lock:
            return attached(self.parts, self.attached.values(), self.run)[1]

    def _notes(self) -> list[str]:
        return [*self.parameters.notes(), *(note for more in self.attached.values() for note in more.notes)]

    def _moments(self, start: int, stop: int) -> dict[str, Any]:
        there = self.parameters.checkpoints[start:stop]
        return {
            "steps": [c.step for c in there] if self.history.knows_steps else None,
            "epochs": [c.epoch for c in there] if self.history.knows_epochs else None,
        }

    def append(self) -> Message | None:
        """Encode what the history has grown by; return the message and its buffer, or None if there is nothing new.

        Raises
        ------
        RevisedError
            If checkpoints were taken out or replaced.
        ValueError
            If a new checkpoint does not belong to the network, or cannot be read; nothing is taken in then.
        """
        with self.lock:
            before, n = self.n_checkpoints, self._take_in()
            self.dtype = max(self.dtype, self._choose_dtype(n), key=blocks.DTYPES.index)
            first = self._first_sent(before, n)
            weights = self._encode_new(before, n, first)
            self.n_checkpoints = n
            metrics = self._curves.tell(self.history.log_metrics)
            if n == before and not metrics:
                return None
            self.is_whole = self.is_whole and first == before
            entries, part = joined([*weights, *self.summaries(before)], None)
            message = self._message(before, metrics)
            if self.is_whole and part and self._n_bytes() + len(part) <= self._state_bytes:
                entries = [{**entry, "part": len(self.parts)} for entry in entries]
                message["part"] = len(self.parts)
                self.parts.append(part)
                self.entries += entries[: len(weights)]
                self.sizes += entries[len(weights) :]
            elif part:
                self.is_whole = False
                self._keep_sizes(before)
            message |= {"first": first, "blocks": entries[: len(weights)]}
            return message | {"summaries": entries[len(weights) :]}, [part] if part else []

    def _take_in(self) -> int:
        """Take note of new checkpoints; return how many there are."""
        there, known = list(self.history), self.parameters.checkpoints
        n = len(known)
        is_same = len(there) >= n and (n == 0 or there[n - 1] is known[-1])
        if self.history.revision != self.revision or not is_same:
            raise RevisedError
        self.parameters.add(there[n:])
        return len(known)

    def _first_sent(self, before: int, n: int) -> int:
        """Return from which new checkpoint on the weights are sent: all, the last one, or none."""
        if self.is_by_name:
            return n
        is_little = (n - before) * self.n_bytes_each <= GROWTH_BYTES
        return before if n == before or (self.is_whole and is_little) else n - 1

    def _encode_new(self, before: int, n: int, first: int) -> list[tuple[Entry, bytes]]:
        """Take in the norms of new checkpoints and return the weights from ``first`` on; each is read once."""
        weights: list[tuple[Entry, bytes]] = []
        for start in range(before, n, self.window):
            stop = min(n, start + self.window)
            self.parameters.hold(range(start, stop))
            self._summarise(stop)
            if first < stop:
                weights += self.encode(max(first, start), stop)
        self.parameters.hold(())
        return weights

    def _message(self, start: int, metrics: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Return what a message tells of the checkpoints from ``start`` on, without weights."""
        n = self.n_checkpoints
        message: dict[str, Any] = {"type": "append", "run": self.run, "revision": self.revision}
        message |= {"start": start, "n_checkpoints": n}
        message |= {"metrics": metrics, "part": None, "first": n, "blocks": [], "summaries": []}
        return message | self._moments(start, n) | {"precision": self.dtype, "notes": self._notes()}

    def reminder(self) -> Message:
        """Return the message that adds nothing: whoever has not heard all of what came before notices it."""
        with self.lock:
            return self._message(self.n_checkpoints, self._curves.ends()), []

    def tail(self, start: int) -> Message:
        """Return all that is known from a checkpoint on, but for weights, for whom a message was lost."""
        with self.lock:
            start = max(0, min(start, self.n_checkpoints))
            curves = {name: {"start": 0, **curve} for name, curve in self._curves.whole().items()}
            entries, part = joined(self.summaries(start), None)
            return self._message(start, curves) | {"summaries": entries}, [part] if part else []

    def compact(self) -> None:
        """Join the many small parts that growth leaves; for a display that reads everything anew."""
        with self.lock:
            if len(self.parts) > MANY_PARTS:
                self._fill()

    def fetch(
        self, start: int, stop: int, quantity: Quantity = WEIGHTS, names: Sequence[str] | None = None
    ) -> Iterator[tuple[list[Entry], bytes]]:
        """Yield the blocks of a range of checkpoints in chunks of at most 1 MB (or one block).

        Each chunk is encoded when it is asked for. Changes (updates, differences) have codes finer than rounded
        weights'.

        Raises
        ------
        ValueError
            If there are no such checkpoints or parameters.
        """
        self.parameters.check_asked(start, stop, quantity, names, self.n_checkpoints)
        coded = self.parameters.encode(start, stop, self.dtype_of(quantity), quantity, names)
        yield from in_chunks((({"run": self.run, **entry}, data) for entry, data in coded), CHUNK_BYTES)

    def dtype_of(self, quantity: Quantity) -> blocks.Dtype:
        """Return the type of the codes of a quantity."""
        return self.dtype if quantity == WEIGHTS or self.dtype == "float32" else CHANGE_DTYPE

    def exact(self, parameter: str, entries: Sequence[int]) -> NDArray[np.float64]:
        """Return some entries of a parameter at all checkpoints, float64 ``(n_checkpoints, n_entries)``."""
        return self.parameters.exact(parameter, entries, self.n_checkpoints)

    def attach(self, attachment: Attachment, peaks: Peaks | None) -> None:
        """Let what a probe found ride in the state; by ``peaks`` units are seen to die."""
        with self.lock:
            self.attached[attachment.name] = attachment
        self.told.hear(peaks)

    def events(self) -> dict[str, Any]:
        """Return what happened, as :class:`~nnweightviz.moments.told.Told` says it. Kept in the index."""
        return self.told.at(self.n_checkpoints)  # without the lock, as orders are

    def order(self, name: str) -> dict[str, Any]:
        """Return an order of units by the last checkpoint: its number and unit indices by group. Kept in the index."""
        k = self.n_checkpoints - 1
        if self.orders.get(name, {}).get("checkpoint") != k:
            # Without the lock: this takes seconds for large layers, and training may record meanwhile.
            groups = unit_orders(self.parameters.network, self.parameters.state(k), name)
            with self.lock:
                self.orders[name] = {"checkpoint": k, "groups": groups}
        return self.orders[name]
