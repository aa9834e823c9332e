"""Ways of recording a training run to a folder, told alike so that all can be killed alike.

A further way is a class with these four methods, added to ``RECORDERS``. Not for the killing (see ``killing``).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch

from nnweightviz.history import History

State = dict[str, np.ndarray]


class Recorder(Protocol):
    """Records into a folder, which may hold an earlier recording that was killed."""

    def __init__(self, path: Path) -> None: ...

    def record(self, step: int, state: State) -> None:
        """Record one checkpoint; it may be written later."""

    def durable(self, may_wait: bool) -> int:
        """Return the last step up to which all is said to be written, -1 if none; ``may_wait`` until all is."""

    @staticmethod
    def read(path: Path) -> dict[int, State]:
        """Return all checkpoints that the folder shows, by step; an exception if one cannot be read."""


class Histories:
    """``History.record``, written by another thread."""

    def __init__(self, path: Path) -> None:
        self.history = History(path)

    def record(self, step: int, state: State) -> None:
        self.history.record(state, step=step, loss=1 / (step + 1))
        self.history.log(step=step, acc=step)

    def durable(self, may_wait: bool) -> int:
        if may_wait:
            self.history.flush()
        n = self.history.n_durable
        return int(self.history.steps[n - 1]) if n else -1

    @staticmethod
    def read(path: Path) -> dict[int, State]:
        history = History(path)
        if history.notes:
            raise ValueError("; ".join(history.notes))
        if len(history):
            np.testing.assert_array_equal(history.metrics["loss"], 1 / (history.steps + 1))
        return {int(c.step or 0): dict(c.state) for c in history}


class TorchSave:
    """``torch.save`` of each checkpoint under its own name."""

    def __init__(self, path: Path) -> None:
        self.path, self.last = path, -1
        path.mkdir(exist_ok=True)

    def record(self, step: int, state: State) -> None:
        tensors = {name: torch.from_numpy(array) for name, array in state.items()}
        torch.save(tensors, self.path / f"{step:08d}.pt")
        self.last = step

    def durable(self, may_wait: bool) -> int:  # noqa: ARG002
        return self.last

    @staticmethod
    def read(path: Path) -> dict[int, State]:
        loaded = {int(p.stem): torch.load(p, weights_only=True) for p in path.glob("*.pt")}
        return {step: {name: t.numpy() for name, t in state.items()} for step, state in loaded.items()}


class SaveFile(TorchSave):
    """``safetensors.torch.save_file`` of each checkpoint under its own name."""

    def record(self, step: int, state: State) -> None:
        tensors = {name: torch.from_numpy(array) for name, array in state.items()}
        safetensors.torch.save_file(tensors, self.path / f"{step:08d}.safetensors")
        self.last = step

    @staticmethod
    def read(path: Path) -> dict[int, State]:
        return {int(p.stem): safetensors.numpy.load_file(p) for p in path.glob("*.safetensors")}


class OneFile(TorchSave):
    """``torch.save`` of the newest checkpoint over the one before, as many training loops do."""

    def record(self, step: int, state: State) -> None:
        tensors = {name: torch.from_numpy(array) for name, array in state.items()}
        torch.save({"step": step, **tensors}, self.path / "last.pt")
        self.last = step

    @staticmethod
    def read(path: Path) -> dict[int, State]:
        if not (path / "last.pt").exists():
            return {}
        loaded = torch.load(path / "last.pt", weights_only=True)
        return {loaded.pop("step"): {name: tensor.numpy() for name, tensor in loaded.items()}}


RECORDERS: dict[str, type[Recorder]] = {
    "nnweightviz.History": Histories,
    "torch.save, a file each": TorchSave,
    "torch.save, one file": OneFile,
    "safetensors save_file, a file each": SaveFile,
}
KEEPS_ALL = {"nnweightviz.History", "torch.save, a file each", "safetensors save_file, a file each"}


def state_of(seed: int, step: int) -> State:
    """The state at a step, the same in the process that records and in the one that reads."""
    rng = np.random.default_rng((seed, step))
    return {
        "0.weight": rng.normal(size=(124, 400)).astype(np.float32),
        "0.bias": rng.normal(size=124).astype(np.float32),
        "2.weight": rng.normal(size=(10, 124)),
        "scale": np.asarray(rng.normal()),
    }


def leftovers(path: Path) -> list[str]:
    """Files of a folder that are no checkpoints, nor beside them in any whole recording."""
    beside = (".lock", "metrics.jsonl", "network.json")
    return [
        name for name in os.listdir(path) if (name not in beside and name.startswith(".")) or "tmp" in name
    ]
