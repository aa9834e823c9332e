"""A large history on disk: 12 transformer layers of 768, 10 checkpoints. Opened in a process of its own."""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.browser import ROOT
from benchmarks.results import Row, Section
from nnweightviz.answers import Answers
from nnweightviz.tiles import SIDE

N_LAYERS, WIDTH, N_CHECKPOINTS = 12, 768, 10
MATRIX = "h.5.mlp.fc1.weight"
SQUARE = 4096
STAGE = (1130, 440)
LIMIT_S = 300.0
MOST_GB = 1.5
TEXT = f"""\
Random weights of {N_LAYERS} transformer layers of {WIDTH} (85 M weights), {N_CHECKPOINTS} checkpoints in a folder. What
a reader does first: open it, look at the overview (which needs no weights), then at one matrix (`{MATRIX}`) at all
checkpoints, then at its singular values. Memory is the peak of the whole process. Of a matrix of more than a million
weights tiles are sent of what is in sight: here of all of it, on {STAGE[0]} × {STAGE[1]} pixels; the square one is in
memory."""


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


def tiles(viz: Any, name: str, shape: tuple[int, int]) -> dict[str, list[float]]:
    """Milliseconds and kilobytes of all of a matrix in tiles, at one checkpoint after the other."""
    shared = [2 ** max(0, math.floor(math.log2(n / px))) for n, px in zip(shape, STAGE[::-1], strict=True)]
    n_tiles = [math.ceil(n / by / SIDE) for n, by in zip(shape, shared, strict=True)]
    asked = {
        "type": "tiles", "id": "t0", "parameter": name, "shared": shared, "counted": False,
        "view": {"shape": shape, "strides": [shape[1], 1], "offset": 0},
        "tiles": [[row, column] for row in range(n_tiles[0]) for column in range(n_tiles[1])],
    }  # fmt: skip
    sent: list[int] = []
    answers = Answers(viz._runs, lambda _message, buffers: sent.append(sum(map(len, buffers))))
    times = []
    for k in range(len(viz.history)):
        begin = time.perf_counter()
        answers.receive(asked | {"checkpoint": k})
        times.append(1000 * (time.perf_counter() - begin))
    assert min(sent) > 0
    return {"ms": times, "kB": [n_bytes / 1000 for n_bytes in sent]}


def square() -> dict[str, list[float]]:
    """The same of a large square matrix in memory."""
    import nnweightviz as nwv

    rng = np.random.default_rng(0)
    history = nwv.History()
    for k in range(5):
        history.record({"weight": rng.standard_normal((SQUARE, SQUARE), dtype=np.float32)}, step=k)
    return tiles(nwv.WeightViz(None, history), "weight", (SQUARE, SQUARE))


def measure(folder: Path) -> Iterator[dict[str, Any]]:
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
    found = tiles(viz, MATRIX, shapes()[MATRIX])
    yield {"tiles": found["ms"], "tiles sent": found["kB"]}
    yield {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}


def folder_section() -> Section:
    said: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temp:
        for step in ("write", "measure", "square"):
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
            Row("one matrix in tiles, a checkpoint", "ms", said["tiles"]),
            Row("one matrix in tiles, a checkpoint: sent", "kB", said["tiles sent"]),
            Row(f"{SQUARE} × {SQUARE} weights in tiles, a checkpoint", "ms", said["square"]),
            Row(f"{SQUARE} × {SQUARE} weights in tiles, a checkpoint: sent", "kB", said["square sent"]),
            Row("its singular values at all checkpoints", "s", [said["rank"]]),
            Row("peak memory", "GB", [said["memory"]], goal=MOST_GB),
        ],
    )


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    elif sys.argv[1] == "square":
        found = square()
        print(json.dumps({"square": found["ms"], "square sent": found["kB"]}))
    else:
        for known in measure(Path(sys.argv[2])):
            print(json.dumps(known), flush=True)
