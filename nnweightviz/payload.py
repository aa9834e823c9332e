"""What a widget carries to the browser: a history as blocks, encoded once, appended as it grows, fetched beyond 8 MB.

Not for the bytes of one block (see ``blocks``), nor for traits and messages (see ``widget``).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz import blocks
from nnweightviz.history import Floats, History
from nnweightviz.network import Network
from nnweightviz.orders import COMPUTED, unit_orders
from nnweightviz.parameters import Entry, Parameters
from nnweightviz.summaries import Summaries

STATE_BYTES = 8_000_000
"""Encoded bytes that ride in the widget's state; what is beyond is fetched in windows."""
CHUNK_BYTES = 1_000_000
"""Largest buffer of one reply to a fetch, unless a single block is larger."""
WINDOW_VALUES = 2_000_000
"""How many numbers are encoded together, unless a single checkpoint has more."""
MANY_PARTS = 32
"""Parts that a growing history may leave in the state before they are joined."""


class Payload:
    """The encoded history of one widget.

    Parameters
    ----------
    network
        Names and shapes of the parameters to send (tied ones once).
    history
        The checkpoints; may grow.
    precision
        ``"auto"`` or a type of :mod:`nnweightviz.blocks`.
    run
        The name of the run.

    Raises
    ------
    ValueError
        If the checkpoints do not belong to the network, a shape does not fit, or there is no such precision.
    """

    def __init__(self, network: Network, history: History, precision: str = "auto", run: str = "run") -> None:
        self.lock = threading.RLock()
        self.history, self.run = history, run
        self.n_checkpoints = len(history)
        self.parts: list[bytes] = []
        self.entries: list[Entry] = []
        self.orders: dict[str, dict[str, Any]] = {}
        self.sizes: list[Entry] = []
        self.is_whole = True
        self._precision = precision
        self._parameters = Parameters(network, history)
        self._summaries = Summaries(list(self._parameters.shapes))
        self._summarise()
        self._window = max(1, WINDOW_VALUES // max(1, self._parameters.n_values))
        self.dtype = blocks.choose_dtype(self._parameters.n_values * self.n_checkpoints, precision)
        self._curves: dict[str, tuple[Floats, Floats]] = {}
        self._new_points()
        self._fill()

    def _fill(self) -> None:
        """Encode the history from its beginning as far as it rides in the state, and its last checkpoint."""
        self.parts, self.entries, self.is_whole = [], [], True
        n, stored = self.n_checkpoints, 0
        n_bytes_each = self._parameters.n_values * np.dtype(self.dtype).itemsize
        while stored < n and self._n_bytes() <= STATE_BYTES and (n == 1 or n_bytes_each <= STATE_BYTES):
            stop = min(n, stored + self._window)
            self._keep(self._encode(stored, stop))
            stored = stop
        if stored < n:
            self.is_whole = False
            self._keep(self._encode(n - 1, n))
        self.sizes = []
        self._keep_sizes(0)

    def _summarise(self) -> None:
        """Take in the norms of checkpoints that are new."""
        for k in range(len(self._summaries), self.n_checkpoints):
            self._summaries.record(self._parameters.state(k))

    def _sizes(self, start: int) -> list[tuple[Entry, bytes]]:
        return [
            ({"run": self.run, **e}, data) for e, data in self._summaries.encode(start, self.n_checkpoints)
        ]

    def _keep_sizes(self, start: int) -> None:
        self.sizes += _onto_last(self.parts, self._sizes(start))

    def _n_bytes(self) -> int:
        return sum(map(len, self.parts))

    def _encode(self, start: int, stop: int) -> Iterator[tuple[Entry, bytes]]:
        for entry, data in self._parameters.encode(start, stop, self.dtype):
            yield {"run": self.run, **entry}, data

    def _keep(self, coded: Iterable[tuple[Entry, bytes]]) -> None:
        entries, part = _joined(list(coded), len(self.parts))
        if part:
            self.parts.append(part)
        self.entries += entries

    def index(self) -> dict[str, Any]:
        """Return the index of all that is in the parts, as the browser reads it when it opens a widget."""
        with self.lock:
            metrics = {
                name: {"x": x.tolist(), "y": _json_numbers(y)} for name, (x, y) in self._curves.items()
            }
            about = {"name": self.run, "n_checkpoints": self.n_checkpoints, "metrics": metrics}
            return {
                "format": 1,
                "precision": self.dtype,
                "window": None if self.is_whole else self._window,
                "notes": self._parameters.notes(),
                "runs": [about | self._moments(0, self.n_checkpoints)],
                "blocks": list(self.entries),
                "orders": dict(self.orders),
                "summaries": {"parameters": list(self._summaries.names), "blocks": list(self.sizes)},
            }

    def _moments(self, start: int, stop: int) -> dict[str, Any]:
        history = self.history[start:stop]
        epochs = [None if math.isnan(epoch) else epoch for epoch in history.epochs.tolist()]
        return {
            "steps": history.steps.tolist() if self.history.knows_steps else None,
            "epochs": epochs if self.history.knows_epochs else None,
        }

    def _new_points(self) -> dict[str, dict[str, Any]]:
        """Take note of all metric points; return what is new of each curve, and from which point on."""
        new = {}
        for name, (x, y) in self.history.log_metrics.items():
            known_x, known_y = self._curves.get(name, (x[:0], y[:0]))
            n = min(len(x), len(known_x))
            is_same = (x[:n] == known_x[:n]) & (
                (y[:n] == known_y[:n]) | (np.isnan(y[:n]) & np.isnan(known_y[:n]))
            )
            start = n if is_same.all() else int(np.argmin(is_same))
            if start < max(len(x), len(known_x)):
                new[name] = {"start": start, "x": x[start:].tolist(), "y": _json_numbers(y[start:])}
            self._curves[name] = (x, y)
        return new

    def append(self) -> tuple[dict[str, Any], list[bytes]] | None:
        """Encode what the history has grown by; return the message and its buffer, or None if there is nothing new.

        Raises
        ------
        ValueError
            If a new checkpoint does not belong to the network.
        """
        with self.lock:
            before, n = self.n_checkpoints, len(self.history)
            self._parameters.read(n)
            metrics = self._new_points()
            if n == before and not metrics:
                return None
            wider = blocks.choose_dtype(self._parameters.n_values * n, self._precision)
            self.dtype = max(self.dtype, wider, key=blocks.DTYPES.index)
            self.n_checkpoints = n
            self._summarise()
            weights, sizes = list(self._encode(before, n)), self._sizes(before)
            entries, part = _joined([*weights, *sizes], None)
            message = {
                "type": "append",
                "run": self.run,
                "n_checkpoints": n,
                "metrics": metrics,
                "part": None,
            }
            message |= self._moments(before, n)
            message |= {"precision": self.dtype, "notes": self._parameters.notes()}
            if not part:
                return {**message, "blocks": entries, "summaries": []}, []
            if self.is_whole and self._n_bytes() + len(part) <= STATE_BYTES:
                entries = [{**entry, "part": len(self.parts)} for entry in entries]
                message["part"] = len(self.parts)
                self.parts.append(part)
                self.entries += entries[: len(weights)]
                self.sizes += entries[len(weights) :]
            else:
                self.is_whole = False
                self._keep_sizes(before)
            message |= {"blocks": entries[: len(weights)], "summaries": entries[len(weights) :]}
            return message, [part]

    def compact(self) -> None:
        """Join the many small parts that growth leaves; for a display that reads everything anew."""
        with self.lock:
            if len(self.parts) > MANY_PARTS:
                self._fill()

    def fetch(self, start: int, stop: int) -> Iterator[tuple[list[Entry], bytes]]:
        """Yield the blocks of a range of checkpoints in chunks of at most 1 MB (or one block).

        Raises
        ------
        ValueError
            If there are no such checkpoints.
        """
        if not 0 <= start < stop <= self.n_checkpoints:
            raise ValueError(
                f"checkpoints {start} to {stop - 1} were asked for; there are {self.n_checkpoints}, "
                f"0 to {self.n_checkpoints - 1}"
            )
        chunk: list[tuple[Entry, bytes]] = []
        for entry, data in self._encode(start, stop):
            if chunk and sum(len(coded) for _, coded in chunk) + len(data) > CHUNK_BYTES:
                yield _joined(chunk, None)
                chunk = []
            chunk.append((entry, data))
        yield _joined(chunk, None)

    def exact(self, parameter: str, entries: Sequence[int]) -> NDArray[np.float64]:
        """Return some entries of a parameter at all checkpoints, float64 ``(n_checkpoints, n_entries)``."""
        return self._parameters.exact(parameter, entries, self.n_checkpoints)

    def order(self, name: str) -> dict[str, Any]:
        """Return an order of units by the last checkpoint: its number and unit indices by group. Kept in the index."""
        k = self.n_checkpoints - 1
        if self.orders.get(name, {}).get("checkpoint") != k:
            # Without the lock: this takes seconds for large layers, and training may record meanwhile.
            groups = unit_orders(self._parameters.network, self._parameters.state(k), name)
            with self.lock:
                self.orders[name] = {"checkpoint": k, "groups": groups}
        return self.orders[name]

    def complete(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return index and parts with every checkpoint and order in them: what a page without a kernel needs."""
        for name in COMPUTED:
            if name not in self.orders:
                self.order(name)
        with self.lock:
            index = self.index()
            if self.is_whole:
                return index, list(self.parts)
            entries: list[Entry] = []
            parts: list[bytes] = []
            for start in range(0, self.n_checkpoints, self._window):
                stop = min(self.n_checkpoints, start + self._window)
                more, part = _joined(list(self._encode(start, stop)), len(parts))
                entries += more
                parts.append(part)
            summaries = {**index["summaries"], "blocks": _onto_last(parts, self._sizes(0))}
            return {**index, "window": None, "blocks": entries, "summaries": summaries}, parts


def _json_numbers(values: Floats) -> list[float | str]:
    """Return numbers for JSON; NaN and infinities by name."""
    if np.isfinite(values).all():
        return list(values.tolist())
    names = {math.inf: "Infinity", -math.inf: "-Infinity"}
    return ["NaN" if math.isnan(value) else names.get(value, value) for value in values.tolist()]


def _joined(coded: Sequence[tuple[Entry, bytes]], part: int | None) -> tuple[list[Entry], bytes]:
    entries, offset = [], 0
    for entry, data in coded:
        entries.append({**entry, "part": part, "offset": offset})
        offset += len(data)
    return entries, b"".join(data for _, data in coded)


def _onto_last(parts: list[bytes], coded: Sequence[tuple[Entry, bytes]]) -> list[Entry]:
    """Put a few bytes behind those of the last part; return their entries."""
    if not coded or not parts:  # parameters without entries leave nothing to send
        return []
    entries, more = _joined(coded, len(parts) - 1)
    start = len(parts[-1])
    parts[-1] += more
    return [{**entry, "offset": start + entry["offset"]} for entry in entries]
