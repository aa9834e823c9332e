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
from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.orders import COMPUTED, unit_orders
from nnweightviz.parameters import WEIGHTS, Entry, Parameters, Quantity
from nnweightviz.parts import add, joined, onto_last, pressed
from nnweightviz.points import Floats
from nnweightviz.summaries import Summaries

STATE_BYTES = 8_000_000
"""Encoded bytes that ride in the widget's state; what is beyond is fetched in windows."""
CHUNK_BYTES = 1_000_000
"""Largest buffer of one reply to a fetch, unless a single block is larger."""
WINDOW_VALUES = 2_000_000
"""How many numbers are encoded together, unless a single checkpoint has more."""
PAGE_ORDER_LINKS = 200_000
"""Links up to which a page has the orders of units that take Python to compute; for more it would take too long."""
PAGE_BYTES = 100_000_000
"""Weights of a page without a kernel, before deflating: checkpoints beyond it are left out, evenly."""
PAGE_UPDATE_BYTES = 150_000
"""Encoded bytes that a page may spend on updates beside rounded weights."""
CHANGE_DTYPE: blocks.Dtype = "float16"
"""Changes beside rounded weights: most are far smaller than the largest, where int8 would read 0 for many."""
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
        self.is_by_name = False
        self._window = max(1, WINDOW_VALUES // max(1, self._parameters.n_values))
        self.dtype = blocks.choose_dtype(self._parameters.n_values * self.n_checkpoints, precision)
        self._curves: dict[str, tuple[Floats, Floats]] = {}
        self._new_points()
        self._fill()

    def _fill(self) -> None:
        """Encode the history from its beginning as far as it rides in the state, and its last checkpoint.

        Nothing is encoded if a single checkpoint is larger than the state may be: it is fetched by parameter.
        """
        self.parts, self.entries, self.is_whole = [], [], True
        n, stored = self.n_checkpoints, 0
        self.is_by_name = self._n_bytes_each() > STATE_BYTES
        while stored < n and self._n_bytes() <= STATE_BYTES and not self.is_by_name:
            stop = min(n, stored + self._window)
            self._keep(self._encode(stored, stop))
            stored = stop
        if stored < n:
            self.is_whole = False
        if stored < n and not self.is_by_name:
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
        self.sizes += onto_last(self.parts, self._sizes(start))

    def _n_bytes_each(self) -> int:
        """Return the bytes of a checkpoint's codes, before deflating."""
        return self._parameters.n_values * np.dtype(self.dtype).itemsize

    def _n_bytes(self) -> int:
        return sum(map(len, self.parts))

    def _encode(self, start: int, stop: int) -> Iterator[tuple[Entry, bytes]]:
        for entry, data in self._parameters.encode(start, stop, self.dtype):
            yield {"run": self.run, **entry}, data

    def _keep(self, coded: Iterable[tuple[Entry, bytes]]) -> None:
        add(self.entries, self.parts, coded)

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
            weights = [] if self.is_by_name else list(self._encode(before, n))
            entries, part = joined([*weights, *self._sizes(before)], None)
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
        n = self.n_checkpoints
        is_there = 0 <= start < stop <= n and (quantity.reference is None or 0 <= quantity.reference < n)
        if not is_there:
            beside = "" if quantity.reference is None else f", and {quantity.reference} as their reference,"
            raise ValueError(
                f"checkpoints {start} to {stop - 1}{beside} were asked for; there are {n}, 0 to {n - 1}"
            )
        unknown = [name for name in names or () if name not in self._parameters.shapes]
        if unknown:
            there = ", ".join(self._parameters.shapes)
            raise ValueError(f"there is no parameter {unknown[0]!r} to fetch; there are: {there}")
        dtype = self.dtype if quantity == WEIGHTS or self.dtype == "float32" else CHANGE_DTYPE
        chunk: list[tuple[Entry, bytes]] = []
        for entry, data in self._parameters.encode(start, stop, dtype, quantity, names):
            if chunk and sum(len(coded) for _, coded in chunk) + len(data) > CHUNK_BYTES:
                yield joined(chunk, None)
                chunk = []
            chunk.append(({"run": self.run, **entry}, data))
        yield joined(chunk, None)

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
        """Return index and parts with every checkpoint and order in them: what a page without a kernel needs.

        Beyond 100 MB (before deflating) checkpoints are left out evenly, which the notes say. Beside weights in int8,
        updates have blocks of their own if those stay below 2 MB.
        """
        most = max(2, PAGE_BYTES // max(1, self._n_bytes_each()))
        if self.n_checkpoints <= most:
            if self._parameters.network.n_links <= PAGE_ORDER_LINKS:
                for name in COMPUTED:
                    if name not in self.orders:
                        self.order(name)
            return self._everything()
        chosen = self.history[: self.n_checkpoints].thin(most)
        index, parts = Payload(self._parameters.network, chosen, self.dtype, self.run).complete()
        left_out = f"{most} of {self.n_checkpoints} checkpoints are in this page, evenly spread"
        return {**index, "notes": [*index["notes"], left_out]}, parts

    def _everything(self) -> tuple[dict[str, Any], list[bytes]]:
        with self.lock:
            index, parts, entries, sizes = (
                self.index(),
                list(self.parts),
                list(self.entries),
                list(self.sizes),
            )
            if not self.is_whole:
                parts, entries = [], []
                for start in range(0, self.n_checkpoints, self._window):
                    stop = min(self.n_checkpoints, start + self._window)
                    add(entries, parts, self._encode(start, stop))
                sizes = onto_last(parts, self._sizes(0))
            if self.dtype == "int8":
                add(entries, parts, self._updates())
            both, parts = pressed([*entries, *sizes], parts)
            entries, sizes = both[: len(entries)], both[len(entries) :]
            summaries = {**index["summaries"], "blocks": sizes}
            return {**index, "window": None, "blocks": entries, "summaries": summaries}, parts

    def _updates(self) -> list[tuple[Entry, bytes]]:
        """Return the updates of all checkpoints, each with a scale of its own; nothing if they take too much room."""
        coded: list[tuple[Entry, bytes]] = []
        n_bytes = 0
        for k in range(1, self.n_checkpoints):
            for entry, data in self._parameters.encode(k, k + 1, "int8", Quantity("update")):
                coded.append(({"run": self.run, **entry}, data))
                n_bytes += len(data)
            if n_bytes > PAGE_UPDATE_BYTES:
                return []
        return coded


def _json_numbers(values: Floats) -> list[float | str]:
    """Return numbers for JSON; NaN and infinities by name."""
    if np.isfinite(values).all():
        return list(values.tolist())
    names = {math.inf: "Infinity", -math.inf: "-Infinity"}
    return ["NaN" if math.isnan(value) else names.get(value, value) for value in values.tolist()]
