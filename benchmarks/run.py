"""Measures what the project promises and writes ``benchmarks/RESULTS.md``; what ``make bench`` runs.

Not for comparing machines: every number is of the one it ran on.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from results import Row, write_results

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # where the browser is found

N_RUNS = 10


def import_rows() -> list[Row]:
    """Time that ``import nnweightviz`` adds to a bare interpreter, in a fresh process each."""
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    runs = {
        name: [timed_process(code.format(name)) for _ in range(N_RUNS)] for name in ("nnweightviz", "numpy")
    }
    return [
        Row("`import nnweightviz`", "ms", runs["nnweightviz"], goal=150),
        Row("`import numpy`, for comparison", "ms", runs["numpy"]),
    ]


def timed_process(code: str) -> float:
    """Milliseconds that ``code`` prints in seconds."""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return 1000 * float(said)


def construct_row() -> Row:
    """``WeightViz(model, checkpoints)`` for the LSTM study's net and 30 checkpoints of it."""
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
    nwv.WeightViz(model, history)
    runs = [timed(lambda: nwv.WeightViz(model, history)) for _ in range(N_RUNS)]
    return Row("`WeightViz(model, 30 checkpoints)`, LSTM study", "ms", runs, goal=300)


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - start)


def bundle_rows() -> list[Row]:
    """Sizes of what a notebook and a page carry, minified."""
    sizes = {path.name: path.stat().st_size / 1000 for path in (ROOT / "nnweightviz" / "static").iterdir()}
    entries = (("notebook", "widget.js"), ("page", "embed.js"))
    return [
        Row(
            f"bundle for a {name}, with its styles", "kB", [sizes[entry] + sizes["nnweightviz.css"]], goal=120
        )
        for name, entry in entries
    ]


def demo_rows(chromium: str) -> list[Row]:
    """Training time and size of the demo's page, and when its first picture stands."""
    from playback import first_picture_ms
    from playwright.sync_api import sync_playwright

    from chromium import FLAGS
    from nnweightviz.demo.page import write_page

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "demo.html"
        seconds = timed(lambda: write_page(path)) / 1000
        size = path.stat().st_size / 1000
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        first = first_picture_ms(browser, path)
        browser.close()
    return [
        Row("the demo: training three nets and writing their page", "s", [seconds], goal=60),
        Row("page of the three demo nets", "kB", [size], goal=600),
        Row("first picture after opening that page", "ms", [first], goal=500),
    ]


def playback_rows(chromium: str) -> list[Row]:
    """Playback of 3 000 links, beside d3, in one browser."""
    from playback import measure

    from chromium import FLAGS

    rows = []
    for played in measure(chromium, list(FLAGS)):
        is_ours = played.name.startswith("nnweightviz")
        work = f"{played.name}: main-thread work a frame, 3 000 links"
        rows += [
            Row(f"{work}, median", "ms", [played.median_ms]),
            Row(f"{work}, p95", "ms", [played.p95_ms], goal=12 if is_ours else None),
            Row(
                f"{played.name}: frames a second, 3 000 links",
                "1/s",
                [played.frames_per_second],
                goal=50 if is_ours else None,
                is_at_least=True,
            ),
        ]
    return rows


def main() -> None:
    from chromium import NO_CHROMIUM, find_chromium

    chromium = find_chromium() or sys.exit(NO_CHROMIUM)
    rows = [*import_rows(), construct_row(), *bundle_rows(), *demo_rows(chromium), *playback_rows(chromium)]
    path = ROOT / "benchmarks" / "RESULTS.md"
    write_results(rows, path)
    print(path.read_text())
    missed = [row.name for row in rows if row.is_met is False]
    print(f"missed: {'; '.join(missed)}" if missed else "all goals met")


if __name__ == "__main__":
    main()
