"""Playback of 3 000 links in Chromium without a GPU, beside one SVG line a link moved by d3."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

import nnweightviz as nwv

ROOT = Path(__file__).parents[1]
SIZES = (50, 30, 50)  # 3 000 links
N_CHECKPOINTS = 30
WIDTH, HEIGHT = 900, 600
SPEED = 10.0  # checkpoints a second
SECONDS = 5.0


@dataclass(frozen=True)
class Playback:
    """Main-thread work between two frames, in ms, and frames a second."""

    name: str
    median_ms: float
    p95_ms: float
    frames_per_second: float


def states() -> list[dict[str, np.ndarray]]:
    """Thirty checkpoints of a 50-30-50 net that drifts from small to heavy-tailed weights."""
    rng = np.random.default_rng(0)
    shapes = {"hidden.weight": (SIZES[1], SIZES[0]), "out.weight": (SIZES[2], SIZES[1])}
    first = {name: rng.normal(0, 0.1, shape) for name, shape in shapes.items()}
    last = {name: rng.standard_t(4, shape) * 0.3 for name, shape in shapes.items()}
    share = np.linspace(0, 1, N_CHECKPOINTS)
    return [
        {name: ((1 - s) * first[name] + s * last[name]).astype(np.float32) for name in shapes} for s in share
    ]


def our_page(path: Path) -> None:
    history = nwv.History()
    for k, state in enumerate(states()):
        history.record(state, epoch=k, loss=1 / (k + 1))
    viz = nwv.WeightViz(None, history)
    viz.options = {"height": HEIGHT}
    viz.loop, viz.speed = True, SPEED
    viz.to_html(path)


D3_PAGE = """
import { select } from "d3-selection";
const { ends, values, domain } = DATA;
const [width, height] = [WIDTH, HEIGHT];
const svg = select("body").append("svg").attr("width", width).attr("height", height);
const lines = svg.selectAll("line").data(ends).join("line")
  .attr("x1", (d) => d[0]).attr("y1", (d) => d[1]).attr("x2", (d) => d[2]).attr("y2", (d) => d[3]);
const begin = performance.now();
function frame(now) {
  const position = ((Math.max(0, now - begin) / 1000) * SPEED) % (values.length - 1);
  const k = Math.floor(position), t = position - k;
  const [a, b] = [values[k], values[k + 1]];
  lines.each(function (d, i) {
    const w = a[i] + (b[i] - a[i]) * t, share = Math.min(1, Math.abs(w) / domain);
    select(this).attr("stroke", w < 0 ? "rgb(208,69,20)" : "rgb(24,95,178)")
      .attr("stroke-width", 0.5 + 4 * share).attr("stroke-opacity", 0.05 + 0.9 * share * share);
  });
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);
"""


def d3_page(path: Path, folder: Path) -> None:
    """The same weights and places, one SVG line a link, eased at every frame."""
    ends, values = [], [[] for _ in range(N_CHECKPOINTS)]
    for layer, name in enumerate(("hidden.weight", "out.weight")):
        n_source, n_target = SIZES[layer], SIZES[layer + 1]
        x0, x1 = 64 + layer * 386, 64 + (layer + 1) * 386
        for j in range(n_target):
            for i in range(n_source):
                ends.append([x0, (i + 0.5) * HEIGHT / n_source, x1, (j + 0.5) * HEIGHT / n_target])
        for k, state in enumerate(states()):
            values[k] += [round(float(w), 5) for w in state[name].ravel()]
    domain = float(np.quantile(np.abs(values), 0.995))
    entry = folder / "d3-page.js"
    data = json.dumps({"ends": ends, "values": values, "domain": domain})
    constants = f"const DATA = {data}, WIDTH = {WIDTH}, HEIGHT = {HEIGHT}, SPEED = {SPEED};\n"
    entry.write_text(constants + D3_PAGE)
    esbuild = ROOT / "js" / "node_modules" / ".bin" / "esbuild"
    command = [
        esbuild,
        entry,
        "--bundle",
        "--minify",
        f"--outfile={folder / 'd3-out.js'}",
        "--log-level=error",
    ]
    subprocess.run(
        command, check=True, env={"NODE_PATH": str(ROOT / "js" / "node_modules"), "PATH": "/usr/bin:/bin"}
    )
    path.write_text(
        f"<!doctype html><meta charset=utf-8><body><script>{(folder / 'd3-out.js').read_text()}</script>"
    )


def frame_work(trace: Path) -> tuple[list[float], float]:
    """Busy milliseconds of the renderer's main thread between animation frames, and frames a second."""
    events = json.loads(trace.read_text())["traceEvents"]
    frames = [e for e in events if e["name"] == "BeginCommitCompositorFrame"]  # one a frame that is shown
    main = {(e["pid"], e["tid"]) for e in events if e["name"] == "FireAnimationFrame"}
    starts = sorted(e["ts"] for e in frames if (e["pid"], e["tid"]) in main)
    tasks = [e for e in events if (e["pid"], e["tid"]) in main and e["name"] == "RunTask" and "dur" in e]
    edges = np.array(starts)
    busy = np.zeros(len(starts) + 1)
    for task in tasks:
        busy[np.searchsorted(edges, task["ts"] + task["dur"], side="right")] += task["dur"] / 1000
    seconds = (starts[-1] - starts[0]) / 1e6
    return list(busy[1:-1]), (len(starts) - 1) / seconds


def play(browser: Browser, page_path: Path, name: str, folder: Path, first_round: bool = False) -> Playback:
    page: Page = browser.new_page(viewport={"width": WIDTH + 28, "height": HEIGHT + 300})
    page.goto(page_path.as_uri())
    if name.startswith("nnweightviz"):
        page.locator(".nnweightviz[data-links-drawn]").wait_for()
        page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(50 if first_round else 4000)
    trace = folder / f"{name.split()[0]}.json"
    categories = ["devtools.timeline", "toplevel", "disabled-by-default-devtools.timeline"]
    browser.start_tracing(page=page, path=trace, categories=categories)
    seconds = (N_CHECKPOINTS - 1) / SPEED if first_round else SECONDS
    page.wait_for_timeout(seconds * 1000)
    browser.stop_tracing()
    page.close()
    work, rate = frame_work(trace)
    p95 = float(np.quantile(work, 0.95))
    return Playback(name, statistics.median(work), p95, rate)


def first_picture_ms(browser: Browser, page_path: Path, n_runs: int = 7) -> float:
    """Median time from opening a page to its first drawn diagram, from the page's own clock."""
    times = []
    for _ in range(n_runs):
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.add_init_script(
            """new MutationObserver((_, observer) => {
              if (!document.querySelector('.nnweightviz[data-ready]')) return;
              observer.disconnect();
              requestAnimationFrame(() => setTimeout(() => (window.firstPicture = performance.now())));
            }).observe(document, { subtree: true, childList: true, attributes: true });"""
        )
        page.goto(page_path.as_uri())
        # Not wait_for_function: it evaluates a string, which the page's policy forbids.
        look = "() => window.firstPicture ? done(window.firstPicture) : setTimeout(look, 10)"
        times.append(page.evaluate(f"() => new Promise((done) => {{ const look = {look}; look(); }})"))
        page.close()
    return statistics.median(times)


def measure(chromium: str, flags: list[str]) -> list[Playback]:
    """Play our page and the d3 page, one after the other, in one browser."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as temp:
        folder = Path(temp)
        our_page(folder / "ours.html")
        d3_page(folder / "d3.html", folder)
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        results = [
            play(browser, folder / "ours.html", "nnweightviz, first round", folder, first_round=True),
            play(browser, folder / "ours.html", "nnweightviz, later rounds", folder),
            play(browser, folder / "d3.html", "d3 (one SVG line a link)", folder),
        ]
        browser.close()
    return results
