"""Ways of recording the same training, each alone in a process: what a record takes from the training loop.

``python -m benchmarks.recorders NAME`` prints milliseconds as JSON. Not for the tables (see ``recording``).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

SITE = Path(__file__).parent / "peers" / "site"
N_WARM, N_RECORDS, N_SLOW = 30, 300, 40
BATCH = 128
SIZES = (784, 124, 10)

Record = Callable[..., object]
"""``record(model, step)``"""


@dataclass(frozen=True)
class Way:
    """How to begin recording a model into a folder; ``n`` records are measured.

    If it ``hooks`` into the training steps, what these take beyond plain ones is measured.
    """

    begin: Callable[[Path, nn.Module], Record]
    n: int = N_RECORDS
    hooks: bool = False


def in_memory(_: Path, __: nn.Module) -> Record:
    from nnweightviz.history import History

    history = History()
    return lambda model, step: history.record(model, step=step)


def on_disk(folder: Path, _: nn.Module) -> Record:
    from nnweightviz.history import History

    history = History(folder / "run")
    return lambda model, step: history.record(model, step=step)


def torch_save(folder: Path, _: nn.Module) -> Record:
    return lambda model, step: torch.save(model.state_dict(), folder / f"{step}.pt")


def clones(*_: object) -> Record:
    """What people write by hand."""
    kept: list[dict[str, torch.Tensor]] = []
    return lambda model, *_, **__: kept.append({n: p.detach().clone() for n, p in model.named_parameters()})


def save_file(folder: Path, _: nn.Module) -> Record:
    from safetensors.torch import save_file

    return lambda model, step: save_file(model.state_dict(), folder / f"{step}.safetensors")


def zarr(folder: Path, _: nn.Module) -> Record:
    import zarr

    group = zarr.open_group(folder / "run.zarr", mode="w")

    def record(model: nn.Module, step: int) -> None:
        for name, p in model.named_parameters():
            group.create_array(f"{step}/{name}", data=p.detach().numpy())

    return record


def tensorboard(folder: Path, _: nn.Module) -> Record:
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(folder)

    def record(model: nn.Module, step: int) -> None:
        for name, p in model.named_parameters():
            writer.add_histogram(name, p.detach(), step)

    return record


def wandb(folder: Path, model: nn.Module) -> Record:
    import wandb

    run = wandb.init(mode="offline", dir=folder, project="bench", settings=wandb.Settings(silent=True))
    run.watch(model, log="parameters", log_freq=1)
    return lambda _, step: run.log({"step": step})


WAYS: dict[str, Way] = {
    "nnweightviz, in memory": Way(in_memory),
    "nnweightviz, on the way to disk": Way(on_disk),
    "clones kept in a list": Way(clones),
    "torch.save": Way(torch_save),
    "safetensors save_file": Way(save_file),
    "zarr, an array a parameter": Way(zarr, N_SLOW),
    "TensorBoard histograms": Way(tensorboard, N_SLOW),
    "wandb.watch, offline": Way(wandb, N_SLOW, hooks=True),
}


def net() -> nn.Sequential:
    """The net whose 98 590 parameters are recorded."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(SIZES[0], SIZES[1]), nn.ReLU(), nn.Linear(SIZES[1], SIZES[2]))


def measured(name: str, folder: Path) -> list[float]:
    """Milliseconds that each record takes from a training loop at batch 128, after some to warm up."""
    torch.set_num_threads(1)
    model, way = net(), WAYS[name]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, y = torch.randn(BATCH, SIZES[0]), torch.randint(SIZES[2], (BATCH,))

    def step() -> float:
        begin = time.perf_counter()
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        return time.perf_counter() - begin

    plain = statistics.median([step() for _ in range(100)])
    record, times = way.begin(folder, model), []
    for k in range(N_WARM + way.n):
        begin = time.perf_counter()
        of_step = step()
        record(model, k)
        times.append(time.perf_counter() - begin - (plain if way.hooks else of_step))
    return [1000 * t for t in times[N_WARM:]]


def in_own_process(name: str) -> list[float] | None:
    """Measure one way in a fresh process; None if its packages are not installed."""
    folder = str(Path(__file__).parent.parent)
    command = [sys.executable, "-m", "benchmarks.recorders", name]
    quiet = {**os.environ, "WANDB_SILENT": "true", "WANDB_CONSOLE": "off", "WANDB_ERROR_REPORTING": "false"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=quiet)
    if "ModuleNotFoundError" in ended.stderr:
        return None
    if ended.returncode:
        raise RuntimeError(f"{name} could not be measured: {ended.stderr[-2000:]}")
    times: list[float] = json.loads(ended.stdout.splitlines()[-1])
    return times


if __name__ == "__main__":
    sys.path.append(str(SITE))  # behind all else: only what is not installed is taken from there
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temp:
        print(json.dumps(np.round(measured(sys.argv[1], Path(temp)), 5).tolist()), flush=True)
