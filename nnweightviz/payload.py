"""What a widget carries to the browser: a history as blocks, encoded once, appended as it grows, fetched beyond 8 MB.

Not for the bytes of one block (see ``blocks``), nor for traits and messages (see ``widget``).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz import blocks
from nnweightviz.checkpoint import match_names
from nnweightviz.history import History
from nnweightviz.network import Network

STATE_BYTES = 8_000_000
"""Encoded bytes that ride in the widget's state; what is beyond is fetched in windows."""
CHUNK_BYTES = 1_000_000
"""Largest buffer of one reply to a fetch, unless a single block is larger."""
WINDOW_VALUES = 2_000_000
"""About how many numbers are encoded together."""

Entry = dict[str, Any]


def json_number(value: float) -> float | str:
    """Return a number for JSON; NaN and infinities by name."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(value)


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
        If the checkpoints do not belong to the network, or a shape does not fit.
    """

    def __init__(self, network: Network, history: History, precision: str = "auto", run: str = "run") -> None:
        self.lock = threading.RLock()
        self.network, self.history, self.precision, self.run = network, history, precision, run
        self.parts: list[bytes] = []
        self.entries: list[Entry] = []
        self.n_checkpoints = 0
        self._n_points: dict[str, int] = {}
        self._names: list[dict[str, str]] = []  # per checkpoint: parameter -> name in its state
        self._dtype: blocks.Dtype = "float32"
        self._unsent: list[str] = []
        self._missing: dict[str, int] = {}
        self._extra: list[str] = []
        self._read_names(len(history))
        self._shapes = self._shapes_to_send()
        self._grow_to(len(history))
        self._count_points()

    def _read_names(self, n_checkpoints: int) -> None:
        """Match the names of new checkpoints to the network's; all errors come before anything is kept."""
        parameters = self.network.parameters or {}
        for k in range(len(self._names), n_checkpoints):
            match = match_names(parameters, self.history[k].state, checkpoint=k)
            self._names.append(match.names)
            for name in match.missing:
                if name not in (self.network.tied or {}):
                    self._missing[name] = self._missing.get(name, 0) + 1
            self._extra = self._extra or list(match.extra)

    def _shapes_to_send(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the real, floating, untied parameters."""
        shapes = {}
        for name, shape in (self.network.parameters or {}).items():
            if name in (self.network.tied or {}):
                continue
            dtype = next((self._array(k, name).dtype for k, n in enumerate(self._names) if name in n), None)
            if dtype is not None and (
                dtype.kind in "biuc" or (dtype.kind not in "f" and not _is_extra_float(dtype))
            ):
                self._unsent.append(name)
            else:
                shapes[name] = tuple(shape)
        return shapes

    def _array(self, k: int, name: str) -> NDArray[Any]:
        return np.asarray(self.history[k].state[self._names[k][name]])

    @property
    def n_values(self) -> int:
        """How many numbers one checkpoint holds."""
        return sum(math.prod(shape) for shape in self._shapes.values())

    def _grow_to(self, n_checkpoints: int) -> None:
        """Encode new checkpoints, a window at a time, as long as they ride in the state."""
        total = self.n_values * n_checkpoints
        self._dtype = max(self._dtype, blocks.choose_dtype(total, self.precision), key=blocks.DTYPES.index)
        start, step = self.n_checkpoints, self._window(n_checkpoints)
        while start < n_checkpoints and self._n_bytes() <= STATE_BYTES:
            stop = min(n_checkpoints, start + step)
            self._add_part(list(self._encode(start, stop)))
            start = stop
        self.n_checkpoints = n_checkpoints

    def _window(self, n_checkpoints: int) -> int:
        if self.n_values * n_checkpoints <= 2 * WINDOW_VALUES:
            return max(1, n_checkpoints)
        return max(1, WINDOW_VALUES // max(1, self.n_values))

    def _n_bytes(self) -> int:
        return sum(map(len, self.parts))

    def _add_part(self, coded: Sequence[tuple[Entry, bytes]]) -> list[Entry]:
        entries, part = _joined(coded, len(self.parts))
        self.parts.append(part)
        self.entries += entries
        return entries

    def _encode(self, start: int, stop: int) -> Iterator[tuple[Entry, bytes]]:
        """Yield one block a parameter and unbroken range of checkpoints in which it was recorded."""
        for name in self._shapes:
            for first, last in self._ranges(name, start, stop):
                stacked = np.stack([self._array(k, name) for k in range(first, last)])
                fields, data = blocks.encode(stacked, self._dtype)
                about = {"run": self.run, "quantity": "weights", "name": name, "start": first, "stop": last}
                yield {**about, **fields}, data

    def _ranges(self, name: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
        first = None
        for k in range(start, stop + 1):
            here = k < stop and name in self._names[k]
            if here and first is None:
                first = k
            elif not here and first is not None:
                yield first, k
                first = None

    def index(self) -> dict[str, Any]:
        """Return the index of all that is in the parts, as the browser reads it when it opens a widget."""
        with self.lock:
            covered = max((entry["stop"] for entry in self.entries), default=0)
            complete = covered >= self.n_checkpoints or not self._shapes
            return {
                "format": 1,
                "precision": self._dtype,
                "window": None if complete else self._window(self.n_checkpoints),
                "notes": self.notes(),
                "runs": [self._run_index()],
                "blocks": list(self.entries),
            }

    def _run_index(self) -> dict[str, Any]:
        metrics = {name: _points(*self._log(name), 0, n) for name, n in self._n_points.items()}
        about = {"name": self.run, "n_checkpoints": self.n_checkpoints, "metrics": metrics}
        return {**about, **self._moments(0, self.n_checkpoints)}

    def _moments(self, start: int, stop: int) -> dict[str, Any]:
        history = self.history
        steps = [int(s) for s in history.steps[start:stop]] if history.knows_steps else None
        epochs = None
        if history.knows_epochs:
            epochs = [None if math.isnan(e) else float(e) for e in history.epochs[start:stop]]
        return {"steps": steps, "epochs": epochs}

    def _log(self, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
        return self.history.log_metrics[name]

    def _count_points(self) -> dict[str, tuple[int, int]]:
        """Take note of all metric points there are now; return the ranges that are new, by name."""
        new = {}
        for name in self.history.log_metrics:
            before, now = self._n_points.get(name, 0), len(self._log(name)[0])
            self._n_points[name] = now
            if now > before:
                new[name] = (before, now)
        return new

    def append(self) -> tuple[dict[str, Any], list[bytes]] | None:
        """Encode what the history has grown by; return the message and its buffer, or None if there is nothing new."""
        with self.lock:
            before, n = self.n_checkpoints, len(self.history)
            new_points = self._count_points()
            if n == before and not new_points:
                return None
            self._read_names(n)
            n_parts, n_entries = len(self.parts), len(self.entries)
            coded = list(self._encode_new(before, n))
            metrics = {name: _points(*self._log(name), *span) for name, span in new_points.items()}
            message: dict[str, Any] = {
                "type": "append",
                "run": self.run,
                "n_checkpoints": n,
                "metrics": metrics,
                "blocks": [],
                "part": None,
            }
            message |= self._moments(before, n) | {"precision": self._dtype, "notes": self.notes()}
            if not coded:
                return message, []
            if self._n_bytes() <= STATE_BYTES:
                self._add_part(coded)
                return {**message, "blocks": self.entries[n_entries:], "part": n_parts}, [self.parts[-1]]
            entries, part = _joined(coded, None)
            return {**message, "blocks": entries}, [part]

    def _encode_new(self, start: int, stop: int) -> Iterator[tuple[Entry, bytes]]:
        dtype = blocks.choose_dtype(self.n_values * stop, self.precision)
        self._dtype = max(self._dtype, dtype, key=blocks.DTYPES.index)
        self.n_checkpoints = stop
        yield from self._encode(start, stop)

    def fetch(self, start: int, stop: int) -> Iterator[tuple[list[Entry], bytes]]:
        """Yield the blocks of a range of checkpoints in chunks of at most 1 MB (or one block)."""
        with self.lock:
            if not 0 <= start < stop <= self.n_checkpoints:
                raise ValueError(
                    f"checkpoints {start} to {stop} were asked for; the history has 0 to {self.n_checkpoints}"
                )
            chunk: list[tuple[Entry, bytes]] = []
            for entry, data in self._encode(start, stop):
                if chunk and sum(len(d) for _, d in chunk) + len(data) > CHUNK_BYTES:
                    yield _joined(chunk, None)
                    chunk = []
                chunk.append((entry, data))
            yield _joined(chunk, None)

    def exact(self, parameter: str, entries: Sequence[int]) -> NDArray[np.float64]:
        """Return entries of a parameter at all checkpoints, float64 ``(n_checkpoints, n_entries)``, NaN if missing."""
        with self.lock:
            parameter = (self.network.tied or {}).get(parameter, parameter)
            if parameter not in self._shapes:
                raise ValueError(f"there is no parameter {parameter!r} to read")
            n = math.prod(self._shapes[parameter])
            if any(not 0 <= i < n for i in entries):
                raise ValueError(
                    f"parameter {parameter!r} has entries 0 to {n - 1}; asked for {list(entries)[:5]}"
                )
            values = np.full((self.n_checkpoints, len(entries)), np.nan)
            for k in range(self.n_checkpoints):
                if parameter in self._names[k]:
                    values[k] = self._array(k, parameter).reshape(-1)[list(entries)].astype(np.float64)
            return values

    def complete(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return index and parts with every checkpoint in them: what a page without a kernel needs."""
        with self.lock:
            index = self.index()
            if index["window"] is None:
                return index, list(self.parts)
            parts, entries = list(self.parts), list(self.entries)
            start = max((entry["stop"] for entry in entries), default=0)
            while start < self.n_checkpoints:
                stop = min(self.n_checkpoints, start + self._window(self.n_checkpoints))
                more, part = _joined(list(self._encode(start, stop)), len(parts))
                entries += more
                parts.append(part)
                start = stop
            return {**index, "window": None, "blocks": entries}, parts

    def notes(self) -> list[str]:
        """Return sentences about the data that the caption tells."""
        notes = list(self.network.notes)
        if self._extra:
            notes.append(f"not parameters of the model, left out: {_listed(self._extra)}")
        if self._missing:
            notes.append(f"not in all checkpoints: {_listed(list(self._missing))}")
        if self._unsent:
            notes.append(f"not real numbers, not drawn: {_listed(self._unsent)}")
        return notes


def _is_extra_float(dtype: np.dtype[Any]) -> bool:
    """bf16 and fp8, which numpy knows by ml_dtypes only."""
    return dtype.kind == "V" and "float" in dtype.name


def _joined(coded: Sequence[tuple[Entry, bytes]], part: int | None) -> tuple[list[Entry], bytes]:
    entries, offset = [], 0
    for entry, data in coded:
        entries.append({**entry, "part": part, "offset": offset})
        offset += len(data)
    return entries, b"".join(data for _, data in coded)


def _points(x: NDArray[Any], y: NDArray[Any], start: int, stop: int) -> dict[str, list[Any]]:
    return {"x": [float(v) for v in x[start:stop]], "y": [json_number(float(v)) for v in y[start:stop]]}


def _listed(names: Sequence[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
