"""Records a training run from outside its loop: after each n-th step of the optimiser.

Not for keeping what is recorded (see ``history``), nor for other frameworks' loops (see ``callbacks``).
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from numpy.typing import NDArray

from nnweightviz.adapters import as_state
from nnweightviz.checkpoint import QUANTITIES, Checkpoint, as_number, as_step, changes
from nnweightviz.history import History
from nnweightviz.keep import Policy
from nnweightviz.words import in_a_word

Metrics = Callable[[], Mapping[str, Any]] | Mapping[str, Any]
NO_METRICS = ("model", "epoch", "step", "overwrite", "quantities")
"""What ``History.record`` calls its own parameters."""
RECORDED = ("weights", *QUANTITIES)


def watch(
    model: Any,
    optimizer: Any = None,
    every: int = 100,
    path: str | os.PathLike[str] | None = None,
    *,
    epoch: Callable[[], float] | int | None = None,
    metrics: Metrics | None = None,
    record: Sequence[str] = ("weights",),
    step: int | None = None,
    history: History | None = None,
    overwrite: bool = False,
    keep: Policy | None = None,
    when_full: str = "block",
) -> Watch:
    """Record a torch model while it trains, without a line in the training loop.

    The weights are recorded as they are now, after each ``every``-th step of the optimiser, and when the watching
    ends. Nothing that is computed changes by it. With several processes, the first one records.

    Parameters
    ----------
    model
        A ``torch.nn.Module``, also compiled or wrapped for several devices.
    optimizer
        The optimiser whose steps are counted; a list of them, of which the first one's steps are counted, and whose
        other steps of the same round are waited for; or None: the first one that updates a parameter of the model.
    every
        How many steps lie between two checkpoints. A step that only accumulates gradients is none.
    path
        A folder to record into; in memory without it.
    epoch
        A function that returns the epoch at the moment, or the number of steps in an epoch, such as ``len(loader)``.
    metrics
        A function that returns numbers by name, or a dict that the loop keeps up to date; read at each checkpoint.
    record
        What to record: ``"weights"``, and beside them ``"gradients"`` (as each optimiser used them) and ``"updates"``
        (by how much the step changed each weight, of several optimisers their round of steps).
    step
        How many steps were done before; by default the last one in the history, else 0.
    history
        A :class:`~nnweightviz.History` to record into, instead of a path; it is not closed then.
    overwrite, keep, when_full
        See :class:`~nnweightviz.History`.

    Returns
    -------
    Watch
        With ``history``, ``step``, ``log(**metrics)`` and ``close()``. As a context manager it gives the history.

    Raises
    ------
    TypeError, ValueError
        If something given is not accepted: the message says what was given, what is accepted and what to do.
    OSError
        If the folder cannot be recorded into.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> with watch(model, optimizer, every=5) as history:
    ...     for _ in range(12):
    ...         optimizer.zero_grad()
    ...         model(torch.ones(4, 2)).square().mean().backward()
    ...         _ = optimizer.step()
    >>> history.steps.tolist()
    [0, 5, 10, 12]
    """
    if "torch" not in sys.modules:
        raise TypeError(f"watch takes a torch model (torch.nn.Module); got {in_a_word(model)}")
    from nnweightviz.adapters import torch_steps

    model = torch_steps.checked_model(model)
    optimizers = torch_steps.checked_optimizers(optimizer, model)
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise ValueError(f"every is {every!r}; it counts optimiser steps: a whole number from 1")
    _check_sources(epoch, metrics, record)
    if history is not None and not isinstance(history, History):
        raise TypeError(
            f"history is {in_a_word(history)}; it takes a History; the path of one goes into path="
        )
    if history is not None and (path is not None or keep is not None):
        raise ValueError(
            "watch was given a history and a path or keep; the history has them: leave these out"
        )
    is_main = torch_steps.is_main_process()
    own = history is None
    if history is None:
        history = History(path if is_main else None, overwrite=overwrite, keep=keep, when_full=when_full)
    watching = Watch(model, history, every, own=own)
    watching._epoch, watching._metrics, watching._record = epoch, metrics, tuple(record)
    watching._overwrite = overwrite
    watching.step = _first_step(history, step)
    if is_main:
        watching._start(optimizers)
    return watching


class Watch:
    """A training run that is being recorded; made by :func:`watch`."""

    def __init__(self, model: Any, history: History, every: int, *, own: bool) -> None:
        self.history = history
        """What was recorded so far; it grows."""
        self.step = 0
        """How many steps the optimiser has made."""
        self._model, self._every, self._own = model, every, own
        self._epoch: Callable[[], float] | int | None = None
        self._metrics: Metrics | None = None
        self._record: tuple[str, ...] = ("weights",)
        self._overwrite = False
        self._rounds: Any = None  # when all optimisers have stepped
        self._gradients: dict[str, NDArray[Any]] = {}
        self._known: tuple[float | None, dict[str, float]] = None, {}  # epoch and metrics at the counted step
        self._before: dict[str, NDArray[Any]] | None = None
        self._failure: Exception | None = None
        self._warned: set[str] = set()
        self._stop: Callable[[], None] | None = None

    def _start(self, optimizers: Sequence[Any]) -> None:
        from nnweightviz.adapters import torch_steps

        last = int(self.history.steps[-1]) if len(self.history) else -1
        if self.step > last or self._overwrite:
            self.history.record(self._model, self._now(), self.step, overwrite=self._overwrite)
        self._rounds = torch_steps.Rounds(
            self._model,
            optimizers,
            begins=self._on_begin,
            stepped=self._on_stepped,
            counted=self._on_counted,
            ends=self._on_end,
        )
        is_simple = len(optimizers) == 1 and "updates" not in self._record
        before = None if is_simple else self._rounds.before
        self._stop = torch_steps.listen(optimizers, before, self._rounds.after)

    def _on_begin(self) -> None:
        if "updates" in self._record and (self.step + 1) % self._every == 0:
            self._before = as_state(self._model)

    def _on_stepped(self, optimizer: Any) -> None:
        step = self.step if self._rounds.is_open else self.step + 1
        if "gradients" not in self._record or step % self._every:
            return
        try:
            self._keep_gradients(optimizer if self._rounds.are_several else None)
        except Exception as error:
            self._warn(f"the gradients of step {step} were not recorded: {error}")

    def _keep_gradients(self, optimizer: Any = None) -> None:
        from nnweightviz.adapters import torch_steps

        found = torch_steps.gradients_of(self._model, optimizer)
        copied = as_state(found)  # also makes weights of what a weight norm, say, has kept: not of gradients
        self._gradients |= {name: copied[name] for name in found}

    def _on_counted(self) -> None:
        self.step += 1
        if self.step % self._every == 0:
            self._known = self._now(), self._values()

    def _on_end(self) -> None:
        if self.step % self._every == 0:
            self._take()

    def _take(self, is_last: bool = False) -> None:
        """Record now, the last state whatever the policy; what goes wrong is told, and training goes on."""
        try:
            if is_last and "gradients" in self._record:
                self._keep_gradients()
            quantities = self._quantities()
            if is_last:
                state, epoch, values = as_state(self._model), self._now(), self._values()
                self.history.append(Checkpoint(state, self.step, epoch, values, quantities=quantities))
            else:
                epoch, values = self._known
                about: dict[str, Any] = {"quantities": quantities, **values}
                self.history.record(self._model, epoch, self.step, **about)
            self._failure = None
        except Exception as error:
            self._failure = error
            self._warn(f"step {self.step} was not recorded: {error}")

    def _quantities(self) -> dict[str, Mapping[str, NDArray[Any]]]:
        gradients, self._gradients = self._gradients, {}
        quantities: dict[str, Mapping[str, NDArray[Any]]] = {"gradients": gradients}
        if self._before is not None:
            quantities["updates"] = changes(self._before, as_state(self._model))
            self._before = None
        return {name: arrays for name, arrays in quantities.items() if arrays}

    def _now(self) -> float | None:
        """Return the epoch."""
        if self._epoch is None or isinstance(self._epoch, int):
            return None if self._epoch is None else self.step / self._epoch
        try:
            return float(self._epoch())
        except Exception as error:
            if self._stop is not None:  # before the first step there may be none yet
                self._warn(f"the epoch is not known: {type(error).__name__}: {error}")
            return None

    def _values(self) -> dict[str, float]:
        """Return the metrics; what is no number is left out, and told."""
        try:
            given = self._metrics() if callable(self._metrics) else self._metrics or {}
            numbers = {}
            for name, value in given.items():
                try:
                    if name in NO_METRICS:
                        raise ValueError("the name is taken")
                    numbers[str(name)] = as_number(value)
                except (TypeError, ValueError) as error:
                    self._warn(f"metric {name!r} was left out: {error}")
            return numbers
        except Exception as error:
            self._warn(f"the metrics could not be read: {type(error).__name__}: {error}")
            return {}

    def _warn(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            warnings.warn(f"nnweightviz.watch: {message}", UserWarning, stacklevel=2)

    def log(self, **metrics: float) -> None:
        """Add metrics at the step that was made last, between checkpoints."""
        if self._stop is not None:
            self.history.log(step=self.step, epoch=self._now(), **metrics)

    def close(self) -> None:
        """Record the last state, stop listening, and write what waits.

        Raises
        ------
        OSError
            If something could not be written.
        """
        if self._stop is not None:
            self._rounds.end()
            if not len(self.history) or self.history[-1].step != self.step:
                self._take(is_last=True)
        self._end()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _end(self) -> None:
        if self._stop is not None:
            self._stop()
            self._stop = None
        if self._own:
            self.history.close()
        else:
            self.history.flush()

    def __enter__(self) -> History:
        return self.history

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        try:  # a step may have been cut off in its middle, so the state now is not recorded
            self._end()
        except OSError as unwritten:
            self._warn(str(unwritten))

    def __repr__(self) -> str:
        state = "recording" if self._stop is not None else "closed"
        return f"Watch ({state}) at step {self.step}, every {self._every}: {self.history!r}"


def _check_sources(epoch: Any, metrics: Any, record: Any) -> None:
    is_count = isinstance(epoch, int) and not isinstance(epoch, bool) and epoch > 0
    if not (epoch is None or callable(epoch) or is_count):
        raise TypeError(
            f"epoch is {epoch!r}; it takes a function that returns the epoch, or the number of steps in one, such as "
            "len(loader)"
        )
    if not (metrics is None or callable(metrics) or isinstance(metrics, Mapping)):
        raise TypeError(
            f"metrics is {in_a_word(metrics)}; it takes a function that returns a dict, or a dict"
        )
    if isinstance(record, str) or "weights" not in record or any(name not in RECORDED for name in record):
        raise ValueError(
            f"record is {record!r}; it takes ('weights',) and beside it {', '.join(map(repr, QUANTITIES))}"
        )


def _first_step(history: History, step: Any) -> int:
    if step is not None:
        return as_step(step) or 0
    if len(history) and not history.knows_steps:
        raise ValueError(
            "the checkpoints of this history have no steps, which watch counts; begin another history"
        )
    return int(history.steps[-1]) if len(history) else 0
