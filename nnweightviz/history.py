"""Ordered checkpoints of one run and its metrics, in memory or in a folder.

Not for drawing, nor for the form of files (see ``storage``), nor for lists of what people have (see ``gather``).
"""

from __future__ import annotations

import json
import os
import weakref
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any, Self

from numpy.typing import NDArray

from nnweightviz.adapters import as_network, left_out
from nnweightviz.checkpoint import Checkpoint, as_epoch, as_metrics, as_path, as_step, n_bytes_of
from nnweightviz.checkpoints import Checkpoints
from nnweightviz.keep import Policy, as_policy
from nnweightviz.snapshots import Copier
from nnweightviz.storage.recorded import is_durable
from nnweightviz.storage.run import Run
from nnweightviz.storage.structure import network_json


class History(Checkpoints):
    """The checkpoints of one run and its metrics; metrics may be denser than the checkpoints.

    One thread may record while others read. ``history[i]`` is a :class:`Checkpoint`, ``history[a:b:k]`` a History
    of those checkpoints as they are now (nothing is copied), ``history["fc.weight"]`` the array
    ``(n_checkpoints, *shape)``, NaN where a checkpoint lacks it.

    Parameters
    ----------
    path
        A folder to record into, made when it is not there; what it holds already is read, and continued. Without
        it, checkpoints are kept in memory.
    overwrite
        Whether recording at a step that is there already goes back to it: that checkpoint and all later ones are
        replaced. Else it is an error.
    keep
        Which checkpoints to keep, see :mod:`nnweightviz.keep`; all by default.
    when_full
        What to do if the disk is slower than training, so that 64 MB (or two checkpoints, if those are more) wait
        to be written: ``"block"`` waits, ``"thin"`` leaves checkpoints out, keeps their metrics, and says so.

    Raises
    ------
    TypeError, ValueError
        If something given is not accepted.
    OSError
        If the path is a file, or cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> history = History()
    >>> for epoch in range(3):
    ...     history.record({"fc.weight": np.full((1, 2), epoch)}, epoch=epoch, loss=1 / (epoch + 1))
    >>> len(history), history["fc.weight"].shape, history.metrics["loss"].round(2).tolist()
    (3, (3, 1, 2), [1.0, 0.5, 0.33])
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        overwrite: bool = False,
        keep: Policy | None = None,
        when_full: str = "block",
    ) -> None:
        if when_full not in ("block", "thin"):
            raise ValueError(f"when_full is {when_full!r}; it takes 'block' or 'thin'")
        super().__init__()
        self._overwrite, self._keep = overwrite, as_policy(keep)
        self._n_offered = 0
        self._copier = Copier()
        self._run: Run | None = None
        if path is not None:
            self._run = Run(as_path(path), self._copier.memory, when_full == "thin")
            self._take(self._run.stored())
            weakref.finalize(self, self._run.close)  # also at the end of the process

    def record(
        self,
        model: Any,
        epoch: float | None = None,
        step: int | None = None,
        *,
        overwrite: bool | None = None,
        quantities: Mapping[str, Mapping[str, NDArray[Any]]] | None = None,
        **metrics: float,
    ) -> None:
        """Append a copy of a model's parameters; training on does not change it.

        On disk, the copy is taken here and written by another thread: :meth:`flush` waits for it.

        Parameters
        ----------
        model
            A torch model, or a state dict.
        epoch, step
            Passes over the data, optimiser steps; both optional. Steps must increase. A history with a ``keep``
            policy counts its records where no steps are given.
        overwrite
            Whether a step that is there already is gone back to; by default as the history was made.
        quantities
            What else to keep of this moment: ``{"gradients": {"fc.weight": array}}``, or ``"updates"``.
        metrics
            Numbers by name.

        Raises
        ------
        TypeError, ValueError
            If ``model`` is neither, a metric no number, the step does not increase or is given for some checkpoints
            only, or a parameter changes its shape.
        OSError
            If the folder cannot be written to, or an earlier checkpoint could not be written.
        """
        step, epoch, values = as_step(step), as_epoch(epoch), as_metrics(metrics)
        self._begin()
        with self._lock:
            if step is None and (self._keep is not None or (self._run is not None and self._run.thins)):
                step = self._next_step()
            back_to = step if (self._overwrite if overwrite is None else overwrite) else None
            self._check_place(step, goes_back=back_to is not None)
        if self._is_left_out(step):
            if back_to is not None:
                self._go_back_to(back_to)
            if values:
                self.log(step=step, **values)
            return
        state = self._copier.copy(model)
        if self._run is not None and self._run.lacks_network:
            self._keep_network(model)
        checkpoint = Checkpoint(state, step, epoch, values, left_out(model, state), quantities or {})
        if back_to is not None:
            self._check_shapes(checkpoint)
            self._go_back_to(back_to)
        self._add(checkpoint)

    def append(self, checkpoint: Checkpoint) -> None:
        """Append a checkpoint as it is, without a copy; raises what :meth:`record` raises."""
        self._begin()
        if self._run is not None:
            self._run.wait_for_room(n_bytes_of(checkpoint.state))
        if self._keep is not None and checkpoint.step is None:
            checkpoint = replace(checkpoint, step=self._next_step())
        self._check_place(checkpoint.step)
        self._n_offered += 1
        self._add(checkpoint)

    def _add(self, checkpoint: Checkpoint) -> None:
        with self._lock:
            self._check_shapes(checkpoint)
            if self._run is not None:
                checkpoint = self._run.add(checkpoint)
            self._hold(checkpoint)
            if self._keep is not None:
                self._drop(self._keep)
        self._tell()

    def _begin(self) -> None:
        """Make sure of the folder at the first record; what another process recorded meanwhile is read."""
        if self._run is None or self._run.is_recording:
            return
        self._run.begin()
        self._catch_up(self._run)

    def _catch_up(self, run: Run) -> None:
        """Hold what the folder holds by now."""
        if run.is_as_seen():
            self._grow(run.news())
        else:
            self.revision += 1
            self._take(run.stored())

    def _go_back_to(self, step: int) -> None:
        """Forget the checkpoint of a step, all later ones, and metrics from there on (after it, if it has none)."""
        with self._lock:
            there = self._checkpoints if self._knows_steps else []
            n_later = len(there) - bisect_left(there, step, key=attrgetter("step"))
            if not n_later and self._points.last_x <= step:
                return
            for _ in range(n_later):
                checkpoint = self._checkpoints.pop()
                if self._run is not None and checkpoint.step is not None:
                    self._run.remove(checkpoint.step)
            self._points.forget_from(step if n_later else step + 1)
            if self._run is not None:
                self._run.rewrite_metrics(self._points.curves(), has_steps=True)
            self.revision += n_later > 0

    def _is_left_out(self, step: int | None) -> bool:
        """Whether the policy, or a disk that is slower than training, leaves this record out."""
        at = float(len(self) if step is None else step)
        is_taken = self._keep is None or self._keep.takes(self._n_offered, at, self._last_before(at))
        is_full = self._run is not None and self._run.is_full() and is_taken
        self._n_offered += 1
        if self._run is not None and is_full:
            self._run.leave_out()
        return is_full or not is_taken

    def _drop(self, keep: Policy) -> None:
        """Forget what the policy does not keep."""
        for k in reversed(keep.drops(self._checkpoints)):
            dropped = self._checkpoints.pop(k)
            if self._run is not None and dropped.step is not None:
                if dropped.metrics:
                    self._run.log(dropped.step, dropped.metrics, has_steps=True)
                self._run.remove(dropped.step)
            self.revision += 1

    def _keep_network(self, model: Any) -> None:
        """Write the structure of the model beside the first checkpoint, so that it is drawn without the model."""
        try:
            network: bytes | None = network_json(as_network(model))
        except Exception as error:  # a model may do anything when it is run; recording goes on
            self.notes += (f"the structure of the model was not kept: {error}",)
            network = None
        self._plain_network = None if network is None else json.loads(network)
        if self._run is not None:
            self._run.keep_network(network)

    def _next_step(self) -> int:
        last = self._checkpoints[-1].step if self._checkpoints else None
        return max(self._n_offered, 0 if last is None else last + 1)

    def _check_place(self, step: int | None, goes_back: bool = False) -> None:
        """Raise ValueError unless a checkpoint of this step can be the next one."""
        self._check_kind(step)
        last = self._checkpoints[-1].step if self._checkpoints and not goes_back else None
        if step is not None and last is not None and step <= last:
            where = "" if self._run is None else f" in {self._run.path}"
            is_there = any(checkpoint.step == step for checkpoint in self._checkpoints)
            there = f"step {step} is there already{where}: " if is_there else ""
            raise ValueError(
                f"{there}step {step} does not come after step {last}, the last one recorded; go on after it, or "
                "pass overwrite=True to go back and replace what comes from there on"
            )

    def log(self, *, step: int | None = None, epoch: float | None = None, **metrics: float) -> None:
        """Add metrics between checkpoints.

        Parameters
        ----------
        step
            The optimiser step that they belong to. Needed unless checkpoints are recorded without steps; then the
            metrics belong to the last one.
        epoch
            Accepted beside a step, for loops that have both at hand; metrics are kept by step.
        metrics
            Numbers by name.

        Raises
        ------
        TypeError, ValueError
            If a metric is no number; if a step is given and checkpoints have none, or the other way round.
        """
        as_epoch(epoch)
        x, values = as_step(step), as_metrics(metrics)
        self._begin()
        with self._lock:
            if self._knows_steps is None and x is None:
                raise ValueError(
                    "there is no checkpoint yet that these metrics could belong to; give their step"
                )
            if self._knows_steps is not None and self._knows_steps != (x is not None):
                have = "have steps; give" if self._knows_steps else "have no steps; leave out"
                raise ValueError(f"the checkpoints of this history {have} the step of these metrics too")
            self._knows_steps = x is not None
            at = float(len(self) - 1 if x is None else x)
            if self._run is not None:
                self._run.log(at, values, self._knows_steps)
            self._points.add(at, values)
        self._tell()

    @property
    def path(self) -> Path | None:
        """The folder that it is recorded into, or None."""
        return None if self._run is None else self._run.path

    @property
    def n_left_out(self) -> int:
        """How many checkpoints were left out because the disk was slower than training (``when_full="thin"``)."""
        return 0 if self._run is None else self._run.n_left_out

    @property
    def n_durable(self) -> int:
        """How many checkpoints, from the first on, are on the disk for good; 0 in memory."""
        with self._lock:
            states = [checkpoint.state for checkpoint in self._checkpoints] if self._run is not None else []
        return next((k for k, state in enumerate(states) if not is_durable(state)), len(states))

    def flush(self) -> None:
        """Wait until all that was recorded is on the disk for good.

        Raises
        ------
        OSError
            If something could not be written; it stays in memory, and is tried again at the next flush.
        """
        if self._run is not None:
            self._run.flush()

    def close(self) -> None:
        """Write what waits, and let the folder go; the history can still be read. Raises what :meth:`flush` raises."""
        if self._run is not None:
            self._run.close()

    def refresh(self) -> int:
        """Read what another process has recorded into the folder since; return how many checkpoints are new."""
        if self._run is None or self._run.is_recording:
            return 0
        with self._lock:
            n_before, revision = len(self), self.revision
            self._catch_up(self._run)
            n_new = len(self) - (n_before if self.revision == revision else 0)
        self._tell()
        return n_new

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
