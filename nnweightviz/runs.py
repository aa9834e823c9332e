"""The runs that one widget shows, one or several: each with its history, its payload and its growth.

Not for what is sent of one run (see ``payload``), nor for when (see ``live``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from nnweightviz.answers import Send
from nnweightviz.gather import as_history
from nnweightviz.history import History
from nnweightviz.live import Live
from nnweightviz.network import Network
from nnweightviz.parts import merged
from nnweightviz.payload import Message, Payload
from nnweightviz.words import counted, in_a_word

Moved = Callable[[str, int, Callable[[int], int]], object]
ONLY = "run"
"""The name of a run that was given without one."""


class Runs:
    """The payloads of some runs, by name, in the order in which they were given.

    Parameters
    ----------
    network, precision
        As for :class:`~nnweightviz.payload.Payload`.
    histories
        Name -> history.
    send
        Called with each message and its buffers.
    moved
        Called after each growth with the run's name and what :class:`~nnweightviz.live.Live` says of it.

    Raises
    ------
    ValueError
        If a run does not fit the network; the message says which one, which parameter, and both shapes.
    """

    def __init__(
        self, network: Network, histories: Mapping[str, History], precision: str, *, send: Send, moved: Moved
    ) -> None:
        self.histories, self._send = dict(histories), send
        self._lives: dict[str, Live] = {}
        for name, history in histories.items():
            told = send if len(histories) == 1 else partial(self._tell, name)
            try:
                self._lives[name] = Live(
                    network,
                    history,
                    precision,
                    send=told,
                    moved=partial(moved, name),
                    run=name,
                    n_runs=len(histories),
                )
            except ValueError as error:
                if len(histories) == 1:
                    raise
                raise ValueError(f"run {name!r} does not fit: {error}") from None

    def of(self, run: str | int | None) -> Live:
        """Return who has a run, by its name or its number in the index; None stands for the first."""
        for number, (name, live) in enumerate(self._lives.items()):
            if run in (name, number) or run is None:
                return live
        there = "there is" if len(self._lives) == 1 else "there are"
        raise ValueError(f"there is no run {run!r}; {there} {', '.join(map(repr, self._lives))}")

    def _tell(self, name: str, content: dict[str, Any], buffers: list[bytes]) -> None:
        """Send a message of one of several runs; an error says of which."""
        if content["type"] == "error":
            content = {**content, "message": f"run {name!r}: {content['message']}"}
        self._send(content, buffers)

    @property
    def payloads(self) -> list[Payload]:
        """The payload of each run."""
        return [live.payload for live in self._lives.values()]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all payloads as they are."""
        with ExitStack() as locks:
            for payload in self.payloads:
                locks.enter_context(payload.lock)
            yield

    def state(self) -> Message:
        """Return the index of all runs and their parts."""
        with self.locked():
            return merged([(payload.index(), payload.sent_parts()) for payload in self.payloads])

    def compact(self) -> None:
        """Join small parts; see :meth:`~nnweightviz.payload.Payload.compact`."""
        for payload in self.payloads:
            payload.compact()

    def begin(self) -> None:
        """Tell of growth from now on."""
        for live in self._lives.values():
            live.begin()

    def flush(self) -> None:
        """Tell what is new now, in this thread."""
        for live in self._lives.values():
            live.flush()

    def close(self) -> None:
        """Tell no more."""
        for live in self._lives.values():
            live.close()


def are_runs(checkpoints: Any) -> bool:
    """Whether something is a mapping run -> history, and not a state dict that was to be in a list."""
    is_history = (History, str, os.PathLike, list, tuple)
    return isinstance(checkpoints, Mapping) and any(isinstance(v, is_history) for v in checkpoints.values())


def as_histories(
    runs: Mapping[Any, Any], metrics: Mapping[str, Any] | None = None, model: Any = None
) -> dict[str, History]:
    """Return name -> History of a mapping run -> whatever :func:`~nnweightviz.gather.as_history` takes.

    Parameters
    ----------
    runs
        Name -> History, list of checkpoints, or path.
    metrics
        Name of the run -> its metrics.
    model
        Whose names the parameters in files are to have.

    Raises
    ------
    TypeError, ValueError
        If a name is no string, or as ``as_history`` does; the message says of which run.
    """
    wrong = [name for name in runs if not isinstance(name, str) or not name]
    if wrong:
        raise TypeError(f"the name of a run is {wrong[0]!r}; it takes a string, such as 'adam'")
    if metrics is not None and not isinstance(metrics, Mapping):
        raise TypeError(f"metrics is {in_a_word(metrics)}; of several runs it takes a dict run -> metrics")
    unknown = [name for name in metrics or {} if name not in runs]
    if unknown:
        raise ValueError(
            f"metrics name {unknown[0]!r}; of several runs they are given by run, {{{next(iter(runs))!r}: "
            f"{{'loss': [...]}}}}, and the runs are {', '.join(runs)}"
        )
    return {name: _as_history(name, given, (metrics or {}).get(name), model) for name, given in runs.items()}


def _as_history(name: str, given: Any, metrics: Any, model: Any) -> History:
    try:
        return as_history(given, metrics, model)
    except (TypeError, ValueError) as error:
        raise type(error)(f"run {name!r}: {error}") from None


def histories_of(model: Any, checkpoints: Any, metrics: Mapping[str, Any] | None) -> dict[str, History]:
    """Return the history of each run, by name, of what a widget is given; of one run, its name is ``"run"``.

    Raises
    ------
    TypeError, ValueError
        If it is not accepted.
    """
    if are_runs(checkpoints):
        return as_histories(checkpoints, metrics, model)
    return {ONLY: _history_of(model, checkpoints, metrics)}


def _history_of(model: Any, checkpoints: Any, metrics: Mapping[str, Any] | None) -> History:
    if checkpoints is not None:
        return as_history(checkpoints, metrics, model)
    if model is None:
        raise TypeError("WeightViz needs a model, or checkpoints, or both; got neither")
    if isinstance(model, Network):
        raise TypeError(
            "WeightViz was given a Network without checkpoints: pass WeightViz(network, checkpoints)"
        )
    history = History()
    history.record(model)
    return as_history(history, metrics)


def listed(lengths: Mapping[str, int]) -> str:
    """Return "adam (11 checkpoints) and sgd (7 checkpoints)"."""
    counts = [f"{name} ({counted(n, 'checkpoint')})" for name, n in lengths.items()]
    return f"{', '.join(counts[:-1])} and {counts[-1]}"
