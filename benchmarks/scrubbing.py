"""Scrubbing a history that is too large to ride in a page: fetched in windows, then dragged through by the curve."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

import nnweightviz as nwv
from benchmarks.browser import TRACED, launch, traced_frames
from benchmarks.nets import HEIGHT, WIDTH
from benchmarks.playback import SURROUND
from benchmarks.results import Row, Section
from nnweightviz.serving import PageServer

N_CHECKPOINTS, N_UNITS = 100, 1000
LONGEST_FETCH_S = 240.0
N_MOVES, SECONDS_BETWEEN = 300, 1 / 60
STALL_MS = 100
TEXT = f"""\
{N_CHECKPOINTS} checkpoints of a {N_UNITS}-{N_UNITS} net that walks at random: 1 000 000 weights each, 400 MB in all.
A page asks the process that has them for windows of them while it plays. When all have come, the curve is dragged
{N_MOVES} times to another place, sixty times a second; a stall is a frame of more than {STALL_MS} ms."""


def long_run() -> nwv.History:
    """The history, in memory."""
    rng = np.random.default_rng(0)
    weights = rng.normal(0, 0.03, (N_UNITS, N_UNITS)).astype(np.float32)
    history = nwv.History()
    for k in range(N_CHECKPOINTS):
        history.record({"wide.weight": weights}, step=k, loss=1 / (k + 1))
        weights += rng.normal(0, 0.01, weights.shape).astype(np.float32)
    return history


def fetched_s(page: Page) -> float | None:
    """Play through; return after how many seconds all has been shown, or None if it takes too long."""
    root, begin = page.locator(".nnweightviz"), time.perf_counter()
    page.get_by_role("button", name="Play", exact=True).click()
    while time.perf_counter() - begin < LONGEST_FETCH_S:
        if root.get_attribute("data-checkpoint") == str(N_CHECKPOINTS - 1):
            return time.perf_counter() - begin
        page.wait_for_timeout(200)
    return None


def drag(page: Page) -> int:
    """Drag through the curve; return how many checkpoints were gone through."""
    slider = page.get_by_role("slider", name="Checkpoint").bounding_box()
    assert slider is not None
    y = slider["y"] + slider["height"] / 2
    rng = np.random.default_rng(1)
    seen = set()
    page.mouse.move(slider["x"] + 60, y)
    page.mouse.down()
    for share in 0.5 + 0.45 * np.sin(np.linspace(0, 6 * np.pi, N_MOVES)) * rng.uniform(0.9, 1, N_MOVES):
        page.mouse.move(slider["x"] + share * slider["width"], y)
        seen.add(page.locator(".nnweightviz").get_attribute("data-checkpoint"))
        page.wait_for_timeout(1000 * SECONDS_BETWEEN)
    page.mouse.up()
    return len(seen)


def scrubbing_section() -> Section:
    """Fetching, then scrubbing."""
    server = PageServer(long_run())
    threading.Thread(target=server.serve, daemon=True).start()
    with tempfile.TemporaryDirectory() as temp, sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": WIDTH + SURROUND, "height": HEIGHT + 300})
        page.goto(server.url)
        page.locator(".nnweightviz[data-ready][data-links-drawn]").wait_for()
        page.get_by_role("slider", name="Checkpoint").press("Home")
        fetched = fetched_s(page)
        trace = Path(temp) / "trace.json"
        browser.start_tracing(page=page, path=trace, categories=TRACED)
        n_seen = drag(page)
        browser.stop_tracing()
        frames = traced_frames(trace)
        heap = page.evaluate("() => performance.memory.usedJSHeapSize / 1e6")
        browser.close()
    server.close()
    note = "" if fetched else f"not all was fetched within {LONGEST_FETCH_S:g} s"
    rows = [
        Row("playing through, fetching all", "s", [fetched] if fetched else [], note=note),
        Row("scrubbing: main-thread work a frame", "ms", frames.work_ms, note=f"{n_seen} checkpoints seen"),
        Row("scrubbing: frame to frame", "ms", frames.interval_ms),
        Row("scrubbing: longest frame", "ms", [max(frames.interval_ms)], goal=STALL_MS),
        Row("browser's heap", "MB", [heap], goal=400),
    ]
    return Section("Scrubbing 100 checkpoints of 1 000 000 weights", TEXT, rows)
