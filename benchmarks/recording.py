"""What recording costs the training loop, how soon it is on the disk, and what reading it again takes."""

from __future__ import annotations

import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.recorders import BATCH, SIZES, WAYS, Record, clones, in_own_process, net
from benchmarks.results import Row, Section, number, percentile
from nnweightviz.history import History

N_STEPS, N_PAIRS = 1000, 5
N_CHECKPOINTS = 1500
TEXT = f"""\
Records of 98 590 parameters (a 784-124-10 net) after each step of training at batch {BATCH}, with one thread of torch;
each way alone in a process of its own, all in the same run. *On the way to disk*: what the training thread waits, while
another thread writes and syncs. The others write, but do not sync; *wandb.watch* works inside of the steps, so that its
figure is what a step takes beyond a plain one."""
SLOWDOWN_TEXT = f"""\
{N_STEPS:,} steps of the same net at batch {BATCH}, each of them recorded, against the same training without: the
median of {N_PAIRS} pairs, run in turn, and the smallest and the largest of them. *Tensors*: a bare loop over tensors
in memory. *DataLoader*: `shuffle=True`, and `loss.item()` at each step. Recording to disk ends with the last step;
what then still waits to be written is not counted (see *durable within*)."""
HEADER = ("training", "threads", "a step, ms", "in memory", "from, to", "on disk", "from, to")


def blocking_rows() -> list[Row]:
    """What one record takes from the training loop, ours and those of others."""
    goals = {"nnweightviz, in memory": 0.15, "nnweightviz, on the way to disk": 0.06}
    rows = []
    for name in WAYS:
        times = in_own_process(name)
        note = "" if times is not None else "not installed: see benchmarks/peers/requirements.txt"
        rows.append(Row(f"one record: {name}", "ms", times or [], goals.get(name), note=note))
    return rows


def durable_row(folder: Path) -> Row:
    """From the end of a record to when it counts as on the disk for good."""
    times, model = [], net()
    with History(folder / "durable") as history:
        history.record(model, step=0)
        history.flush()
        for step in range(1, 100):
            history.record(model, step=step)
            begin = time.perf_counter()
            while history.n_durable <= step:
                time.sleep(0.0002)
            times.append(1000 * (time.perf_counter() - begin))
    return Row("durable within", "ms", times)


def reading_rows(folder: Path) -> list[Row]:
    """Opening a folder of many checkpoints, one parameter out of all, all parameters out of one."""
    path, model = folder / "many", net()
    with History(path) as history:
        for step in range(N_CHECKPOINTS):
            history.record(model, step=step, loss=1 / (step + 1))
    name = "0.bias"
    History(path)
    opening = [seconds(lambda: History(path)) for _ in range(5)]
    fresh = [History(path) for _ in range(5)]
    trajectory = [seconds(lambda history=history: history[name]) for history in fresh]
    opened, rng = fresh[0], np.random.default_rng(0)
    chosen = [opened[int(k)].state for k in rng.integers(0, N_CHECKPOINTS, 100)]
    whole = [1000 * seconds(lambda state=state: dict(state)) for state in chosen]
    return [
        Row(f"opening a folder of {N_CHECKPOINTS} checkpoints", "s", opening, goal=1),
        Row(f"`history[{name!r}]` of {N_CHECKPOINTS} checkpoints", "s", trajectory, goal=1),
        Row(f"all parameters of one of {N_CHECKPOINTS} checkpoints", "ms", whole, goal=10),
    ]


def seconds(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def batches(kind: str) -> Callable[[], Iterator[Any]]:
    """The data of a training loop, again and again."""
    x, y = torch.randn(60 * BATCH, SIZES[0]), torch.randint(SIZES[2], (60 * BATCH,))
    if kind == "DataLoader":
        loader = DataLoader(TensorDataset(x, y), batch_size=BATCH, shuffle=True)
        return lambda: itertools.chain.from_iterable(itertools.repeat(loader))
    pieces = list(zip(x.split(BATCH), y.split(BATCH), strict=True))
    return lambda: itertools.cycle(pieces)


def bare_copies() -> Record:
    """The least that keeping each step can cost: a copy, into memory that was written to before."""
    memory = np.ones((N_STEPS + 1, sum(p.numel() for p in net().parameters())), np.float32)

    def record(model: nn.Module, step: int, **_: float) -> None:
        np.concatenate([p.detach().view(-1).numpy() for p in model.parameters()], out=memory[step])

    return record


def training_s(kind: str, optimiser: str, data: Callable[[], Iterator[Any]], record: Record | None) -> float:
    """Seconds of a training, recorded or not."""
    model = net()
    optimizer = getattr(torch.optim, optimiser)(model.parameters(), lr=0.001)
    if record is not None:
        record(model, step=0)
    begin = time.perf_counter()
    for step, (x, y) in zip(range(1, N_STEPS + 1), data(), strict=False):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        value = {"loss": loss.item()} if kind == "DataLoader" else {}
        if record is not None:
            record(model, step=step, **value)
    return time.perf_counter() - begin


def slowdowns(kind: str, optimiser: str) -> tuple[list[float], list[float], list[float]]:
    """Seconds of plain trainings, and what recording adds to them in memory and on disk, in percent."""
    data, plain, memory, disk = batches(kind), [], [], []
    training_s(kind, optimiser, data, None)
    for _ in range(N_PAIRS):
        for where in (memory, disk):
            without = training_s(kind, optimiser, data, None)
            with tempfile.TemporaryDirectory() as temp:
                history = History(None if where is memory else Path(temp) / "run")
                recorded = training_s(kind, optimiser, data, history.record)
                history.close()
            plain.append(without)
            where.append(100 * (recorded / without - 1))
    return plain, memory, disk


def other_rows() -> list[Row]:
    """What other ways of keeping each step in memory add, in the first of the conditions."""
    data = batches("tensors")
    training_s("tensors", "SGD", data, None)
    rows = []
    for name, other in (
        ("clones kept in a list", clones),
        ("a bare copy into memory made ready before", bare_copies),
    ):
        added = []
        for _ in range(N_PAIRS):
            without = training_s("tensors", "SGD", data, None)
            added.append(100 * (training_s("tensors", "SGD", data, other()) / without - 1))
        rows.append(Row(f"slowdown by {name}, tensors, SGD, 1 thread", "%", added))
    return rows


def slowdown_section() -> Section:
    """Whole trainings with and without recording, in all conditions."""
    n_threads, rows, table = torch.get_num_threads(), [], []
    for kind, optimiser, threads in itertools.product(("tensors", "DataLoader"), ("SGD", "Adam"), (1, 2)):
        torch.set_num_threads(threads)
        plain, memory, disk = slowdowns(kind, optimiser)
        name = f"{kind}, {optimiser}"
        spread = [f"{number(statistics.median(p))} % | {min(p):.1f} to {max(p):.1f}" for p in (memory, disk)]
        step_ms = number(1000 * percentile(plain, 0.5) / N_STEPS)
        table.append([name, str(threads), step_ms, *" | ".join(spread).split(" | ")])
        if (kind, optimiser, threads) == ("tensors", "SGD", 1):
            rows = [
                Row(f"slowdown in memory, {name}, 1 thread", "%", memory, goal=5),
                Row(f"slowdown on disk, {name}, 1 thread", "%", disk),
                *other_rows(),
            ]
    torch.set_num_threads(n_threads)
    return Section("Recording every step", SLOWDOWN_TEXT, rows, HEADER, table)


def recording_sections() -> list[Section]:
    load = (
        f" Other work on the machine as it began: load {os.getloadavg()[0]:.1f}."
        if hasattr(os, "getloadavg")
        else ""
    )
    with tempfile.TemporaryDirectory() as temp:
        rows = [*blocking_rows(), durable_row(Path(temp)), *reading_rows(Path(temp))]
    return [Section("Recording", TEXT + load, rows), slowdown_section()]
