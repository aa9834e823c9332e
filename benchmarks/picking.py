"""What a mouse move over the trained net's links costs. Not for what is shown then."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser

from benchmarks.browser import TRACED, thread
from benchmarks.nets import trained_net
from benchmarks.playback import open_page
from benchmarks.results import Row

N_MOVES = 100
PAUSE_MS = 30


def picking_rows(browser: Browser, folder: Path) -> list[Row]:
    """Move the mouse over links, and read from the trace what each move cost the main thread."""
    path = trained_net().player().to_html(folder / "picking.html")
    page = open_page(browser, path.as_uri(), trained_net().n_links)
    box = page.locator(".nwv-stage").bounding_box()
    assert box is not None
    rng = np.random.default_rng(0)
    shares = np.stack([rng.uniform(0.2, 0.4, N_MOVES), rng.uniform(0.1, 0.9, N_MOVES)], 1)
    trace, n_hits = folder / "picking.json", 0
    browser.start_tracing(page=page, path=trace, categories=TRACED)
    for x, y in shares:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.wait_for_timeout(PAUSE_MS)
        n_hits += page.locator(".nwv-tooltip").is_visible()
    browser.stop_tracing()
    page.close()
    handlers, work = move_costs(trace)
    name = "a mouse move over 98 456 links"
    note, title = f"{n_hits} of {N_MOVES} moves met a link", f"{name}: finding the link and telling it"
    few = n_hits < N_MOVES / 2  # mostly empty paper: no measure of picking
    return [
        Row(title, "ms", [] if few else handlers, goal=5, is_for_p95=True, has_failed=few, note=note),
        Row(f"{name}: all main-thread work up to the next", "ms", work),
    ]


def move_costs(trace: Path) -> tuple[list[float], list[float]]:
    """Milliseconds in the handlers of each pointer move, and busy milliseconds up to the next move."""
    events = json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
    moves = [e for e in events if e["name"] == "EventDispatch" and e["args"]["data"]["type"] == "pointermove"]
    moves.sort(key=lambda e: e["ts"])
    main = thread(moves[0])
    tasks = [e for e in events if e["name"] == "RunTask" and "dur" in e and thread(e) == main]
    edges = np.array([e["ts"] for e in moves])
    busy = np.zeros(len(moves) + 1)
    for task in tasks:
        busy[np.searchsorted(edges, task["ts"] + task["dur"], side="right")] += task["dur"] / 1000
    return [e["dur"] / 1000 for e in moves], busy[1:-1].tolist()
