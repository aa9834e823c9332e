"""Probes: a batch of items is pushed through a model at every checkpoint, and what its units put out is kept.

Not for drawing outputs (see ``js/src``), nor for what runs a model (see ``adapters``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnweightviz.adapters.runs import Batch, ProbeError, Runner
from nnweightviz.checkpoint import match_names
from nnweightviz.checkpoints import Checkpoints
from nnweightviz.network import Network
from nnweightviz.probe.collect import Collected
from nnweightviz.probe.items import Probe, as_probe
from nnweightviz.probe.outputs import GroupOutputs, Outputs
from nnweightviz.probe.sample import batches, sampled
from nnweightviz.words import in_a_word

__all__ = [
    "GroupOutputs",
    "Outputs",
    "Probe",
    "ProbeCancelledError",
    "ProbeError",
    "as_probe",
    "outputs_of",
]


class ProbeCancelledError(ProbeError):
    """A probe that was cancelled before it was through."""


class Cancel(Protocol):
    """A ``threading.Event``, or what is like one."""

    def is_set(self) -> bool:
        """Whether to stop."""


def outputs_of(
    model: Any,
    history: Checkpoints,
    network: Network,
    probe: Any,
    *,
    checkpoints: Sequence[int] | None = None,
    progress: Callable[[int, int], object] | None = None,
    cancel: Cancel | None = None,
) -> Outputs:
    """Run a model on a probe at every checkpoint and return what its units put out.

    It is a copy that is run, in eval mode and without gradients, batch by batch: the model, its buffers, its training
    flags and the random states stay as they are. The same probe and number of checkpoints keep the same items.

    Parameters
    ----------
    model
        A torch model; a Network or a state dict has nothing to run.
    history
        Its checkpoints. What they lack (buffers, mostly) is as it is in the model now, and said.
    network
        As :func:`~nnweightviz.as_network` gives it: groups are told by its ids.
    probe
        A :class:`Probe`, ``(X, y)``, ``(X, y, X_test, y_test)`` or the inputs alone.
    checkpoints
        At which checkpoints (0-based numbers); at all by default.
    progress
        ``progress(done, total)`` is called before the first and after every batch.
    cancel
        A ``threading.Event``: once it is set, no further batch is run.

    Raises
    ------
    TypeError
        If the model is none that can be run, or the probe is none.
    ValueError
        If a checkpoint is of another model, or the probe does not fit together.
    ProbeError
        If the model, or a given loss, fails on the probe: names the layer and what it was given.
    ProbeCancelledError
        If ``cancel`` was set.
    """
    probe = as_probe(probe)
    numbers = list(range(len(history)) if checkpoints is None else checkpoints)
    with _opened(model, network, probe) as runner:
        sample = sampled(probe, runner.forms, len(numbers))
        runs = batches(probe, runner.n_bytes_per_item)
        collected = Collected(probe, runner, sample, len(numbers))
        done, total = 0, len(numbers) * len(runs)
        if progress is not None:
            progress(0, total)
        for row, k in enumerate(numbers):
            runner.load(_state(history, k, runner.shapes))
            for split, start, stop in runs:
                if cancel is not None and cancel.is_set():
                    raise ProbeCancelledError(
                        f"the probe was cancelled after {row} of {len(numbers)} checkpoints; run it again for outputs"
                    )
                items = collected.items_in(split, start, stop)
                batch: Batch = runner.run(probe.some(split, start, stop), items - start, sample.positions)
                collected.add(row, (split, start, stop), batch)
                done += 1
                if progress is not None:
                    progress(done, total)
            collected.end(row)
        return collected.outputs(np.asarray(numbers, dtype=np.int64))


def _opened(model: Any, network: Network, probe: Probe) -> AbstractContextManager[Runner]:
    """Return what runs a model, by its framework: a module here that can do it is one more branch."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        from nnweightviz.adapters.torch_probe import opened

        return opened(model, network, probe.first)
    raise TypeError(
        f"a probe runs the model itself, a torch.nn.Module; got {in_a_word(model)}; pass the model beside its "
        "checkpoints"
    )


def _state(history: Checkpoints, k: int, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[Any]]:
    """Return what a checkpoint holds for the model, by the model's names."""
    state = history[k].state
    match = match_names(shapes, state, checkpoint=k)
    return {name: np.asarray(state[found]) for name, found in match.names.items()}
