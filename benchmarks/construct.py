"""The Python side: what importing takes, what constructing a widget takes."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.nets import trained_net
from benchmarks.pages import timed
from benchmarks.results import Row, Section

N_RUNS = 10


def import_rows() -> list[Row]:
    """Time that ``import nnweightviz`` adds to a bare interpreter, in a fresh process each."""
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    names = ("nnweightviz", "numpy")
    runs = {name: [timed_process(code.format(name)) for _ in range(N_RUNS)] for name in names}
    return [
        Row("`import nnweightviz`", "ms", runs["nnweightviz"], goal=150),
        Row("`import numpy`, for comparison", "ms", runs["numpy"]),
    ]


def timed_process(code: str) -> float:
    """Milliseconds that ``code`` prints in seconds."""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return 1000 * float(said)


def construct_rows() -> list[Row]:
    """``WeightViz(model, checkpoints)`` for the LSTM study's net and the trained one."""
    import torch

    import nnweightviz as nwv
    from nnweightviz.demo.economy import Forecaster

    torch.set_num_threads(2)
    model, history = Forecaster(), nwv.History()
    for epoch in range(30):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.01 * torch.randn_like(parameter)
        history.record(model, epoch=epoch, loss=1 / (epoch + 1))
    net = trained_net()
    rows = []
    for name, goal, build in (
        ("LSTM study", 300, lambda: nwv.WeightViz(model, history)),
        ("98 456 links", 1000, lambda: nwv.WeightViz(net.model, net.states)),
    ):
        build()
        runs = [timed(build) for _ in range(N_RUNS)]
        rows.append(Row(f"`WeightViz(model, 30 checkpoints)`, {name}", "ms", runs, goal=goal))
    return rows


def python_section() -> Section:
    return Section("Python", rows=[*import_rows(), *construct_rows()])
