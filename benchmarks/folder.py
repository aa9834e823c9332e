"""A large history on disk: 12 transformer layers of 768, 10 checkpoints. Opened in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.browser import ROOT
from benchmarks.results import Row, Section

N_LAYERS, WIDTH, N_CHECKPOINTS = 12, 768, 10
MATRIX = "h.5.mlp.fc1.weight"
LIMIT_S = 300.0
MOST_GB = 1.5
TEXT = f"""\
Random weights of {N_LAYERS} transformer layers of {WIDTH} (85 M weights), {N_CHECKPOINTS} checkpoints in a folder. What
a reader does first: open it, look at the overview (which needs no weights), then at one matrix (`{MATRIX}`) at all
checkpoints, then at its singular values. Memory is the peak of the whole process."""


def shapes() -> dict[str, tuple[int, ...]]:
    """Name -> shape of all parameters."""
    kinds: dict[str, tuple[int, ...]] = {
        "ln_1.weight": (WIDTH,),
        "ln_1.bias": (WIDTH,),
        "attn.qkv.weight": (3 * WIDTH, WIDTH),
        "attn.qkv.bias": (3 * WIDTH,),
        "attn.proj.weight": (WIDTH, WIDTH),
        "attn.proj.bias": (WIDTH,),
        "ln_2.weight": (WIDTH,),
        "ln_2.bias": (WIDTH,),
        "mlp.fc1.weight": (4 * WIDTH, WIDTH),
        "mlp.fc1.bias": (4 * WIDTH,),
        "mlp.fc2.weight": (WIDTH, 4 * WIDTH),
        "mlp.fc2.bias": (WIDTH,),
    }
    return {f"h.{i}.{name}": shape for i in range(N_LAYERS) for name, shape in kinds.items()}


def write(folder: Path) -> None:
    """Record the history."""
    import nnweightviz as nwv

    rng = np.random.default_rng(0)
    with nwv.History(folder) as history:
        for k in range(N_CHECKPOINTS):
            state = {
                name: rng.standard_normal(shape, dtype=np.float32) * np.float32(0.02)
                for name, shape in shapes().items()
            }
            history.record(state, step=1000 * k)


def measure(folder: Path) -> Iterator[dict[str, float]]:
    """Seconds of each thing that a reader does, then the peak of memory in GB; each as soon as known."""
    import nnweightviz as nwv

    begin = time.perf_counter()
    viz = nwv.WeightViz(None, nwv.open(folder), view="overview")
    index = viz.get_state()["_index"]
    assert index["blocks"] == []
    assert len(index["summaries"]["parameters"]) == len(shapes())
    yield {"open": time.perf_counter() - begin}
    begin = time.perf_counter()
    n_bytes = sum(
        len(data) for _, data in viz._payload.fetch(0, N_CHECKPOINTS, names=[MATRIX])
    )  # as a browser asks for it
    yield {"matrix": time.perf_counter() - begin, "sent": n_bytes / 1e6}
    begin = time.perf_counter()
    viz._payload.spectra.answer(MATRIX, N_CHECKPOINTS)
    yield {"rank": time.perf_counter() - begin}
    yield {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}


def folder_section() -> Section:
    said: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temp:
        for step in ("write", "measure"):
            command = [sys.executable, "-m", "benchmarks.folder", step, temp]
            result = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=LIMIT_S, check=True)
            for line in result.stdout.decode().splitlines():
                said |= json.loads(line)
    return Section(
        "A large history on disk",
        TEXT,
        [
            Row("`WeightViz(None, nwv.open(folder))`: norms of all checkpoints", "s", [said["open"]]),
            Row("one matrix at all checkpoints", "s", [said["matrix"]]),
            Row("one matrix at all checkpoints: sent", "MB", [said["sent"]]),
            Row("its singular values at all checkpoints", "s", [said["rank"]]),
            Row("peak memory", "GB", [said["memory"]], goal=MOST_GB),
        ],
    )


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    else:
        for known in measure(Path(sys.argv[2])):
            print(json.dumps(known), flush=True)
