"""The views beside the graph: how soon one is there, what it takes to play, and the numbers behind them."""

from __future__ import annotations

import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import scipy.linalg
from playwright.sync_api import Browser, Page, sync_playwright

import nnweightviz as nwv
from benchmarks.browser import TRACED, launch, traced_frames
from benchmarks.nets import HEIGHT, WIDTH, trained_net
from benchmarks.pages import timed
from benchmarks.playback import SURROUND
from benchmarks.results import Row, Section
from nnweightviz import measures, views

LOOKS = {
    "matrix": [{}],
    "distribution": [{"distribution": kind} for kind in ("histogram", "density", "surface", "moments")],
    "trajectory": [{"trajectory": kind} for kind in ("weights", "update_norm")],
    "spectrum": [{}],
    "overview": [{}],
}
PLAYED_S = 3.0
SIZES = (784, 100, 100, 10)
N_LONG, N_RUNS = 1501, 5
TEXT = f"""\
Views of 30 checkpoints of the trained 784-124-10 net on an exported page. *There*: from the press of its tab until the
frame after it. *Playing*: {PLAYED_S:g} s at ten checkpoints a second. *Spectra*: 30 checkpoints of
{"-".join(map(str, SIZES))}, beside scipy's `svdvals` for each matrix and checkpoint. *Counts*: of {N_RUNS} runs of
{N_LONG:,} checkpoints of 169 weights."""

# A press of the tab, and the second frame from then on: in the first the view is made, by the second it was shown.
PRESS = """(name) => new Promise((done) => {
  const tab = document.querySelector(`[role="tab"][data-name="${name}"]`);
  const begin = performance.now();
  tab.click();
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begin)));
})"""


def there_ms(page: Page, name: str) -> float:
    page.evaluate(PRESS, "graph")
    page.wait_for_timeout(600)
    return float(page.evaluate(PRESS, name))


def played_ms(browser: Browser, page: Page, folder: Path) -> list[float]:
    trace = folder / "trace.json"
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(500)
    browser.start_tracing(page=page, path=trace, categories=TRACED)
    page.wait_for_timeout(1000 * PLAYED_S)
    browser.stop_tracing()
    page.get_by_role("button", name="Pause", exact=True).click()
    return traced_frames(trace).work_ms


def browser_rows(folder: Path) -> list[Row]:
    rows = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for name, kinds in LOOKS.items():
            for looks in kinds:
                viz = trained_net().player()
                viz.options = {**viz.options, **looks}
                page = browser.new_page(viewport={"width": WIDTH + SURROUND, "height": HEIGHT + 300})
                page.goto(viz.to_html(folder / "view.html").as_uri())
                page.locator(".nnweightviz[data-ready][data-links-drawn]").wait_for()
                page.wait_for_timeout(1500)
                called = f"{name}, {kind}" if (kind := "".join(looks.values())) else name
                rows.append(Row(f"{called}: there", "ms", [there_ms(page, name) for _ in range(3)], goal=300))
                work = played_ms(browser, page, folder)
                rows.append(Row(f"{called}: playing, work a frame", "ms", work, goal=16, is_for_p95=True))
                page.close()
        browser.close()
    return rows


def spectra_rows() -> list[Row]:
    rng, history = np.random.default_rng(0), nwv.History()
    for _ in range(30):
        pairs = enumerate(pairwise(SIZES))
        history.record({f"fc{k}.weight": rng.normal(size=(b, a)).astype(np.float32) for k, (a, b) in pairs})
    matrices = [array for c in history for array in c.state.values()]

    def with_scipy() -> list[np.ndarray]:
        return [scipy.linalg.svdvals(np.asarray(matrix, np.float64)) for matrix in matrices]

    # One after the other: threads of the other's linear algebra wait for a while, and disturb.
    ours = [timed(lambda: measures.singular_values(history)) / 1000 for _ in range(20)]
    theirs = [timed(with_scipy) / 1000 for _ in range(20)]
    found, expected = measures.singular_values(history), iter(with_scipy())
    errors = [
        float(np.abs(found[name][k] - one).max() / one.max())
        for k in range(len(history))
        for name in found
        if (one := next(expected)) is not None
    ]
    faster = [float(np.median(theirs) / np.median(ours))]
    return [
        Row("spectra: ours", "s", ours, goal=2),
        Row("spectra: a loop over scipy's svdvals", "s", theirs),
        Row("spectra: so many times faster", "", faster, goal=3, is_at_least=True),
        Row("spectra: largest error, of the largest singular value", "", [max(errors)], goal=1e-5),
    ]


def counts_row() -> Row:
    rng, runs = np.random.default_rng(0), {}
    sides = {"fc0": (8, 1), "fc1": (8, 8), "fc2": (8, 8), "out": (1, 8)}
    shapes = {f"{name}.weight": shape for name, shape in sides.items()}
    shapes |= {f"{name}.bias": shape[:1] for name, shape in sides.items()}  # type: ignore[misc]
    for run in range(N_RUNS):
        history = nwv.History()
        state = {
            f"{n}.{p}": rng.normal(size=s if p == "weight" else s[:1])
            for n, s in shapes.items()
            for p in ("weight", "bias")
        }
        for k in range(N_LONG):
            state = {name: array + rng.normal(0, 0.01, array.shape) for name, array in state.items()}
            history.record(state, step=10 * k)
        runs[f"net {run}"] = history
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        views.distribution(runs, "density", by="all", bins=[-5, 5, 40])
        seconds.append(time.perf_counter() - begin)
    return Row("counts of five long runs", "s", seconds, goal=1)


def views_section() -> Section:
    """All views, spectra, counts."""
    with tempfile.TemporaryDirectory() as temp:
        rows = browser_rows(Path(temp))
    return Section("Views", TEXT, [*rows, *spectra_rows(), counts_row()])
