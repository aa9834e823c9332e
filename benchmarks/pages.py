"""Exported pages: how large they are, when the first picture stands, when they answer. Not for playback."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.browser import ROOT, launch
from benchmarks.nets import trained_net
from benchmarks.picking import picking_rows
from benchmarks.results import Row, Section

N_RUNS = 7
LONGEST_OPENING_S = 30.0
TEXT = """\
Opened from a file, with an empty cache each time. *First picture*: the diagram is drawn, and all its links are on the
canvas. *Answers*: a press of the Home key on the timeline, given as soon as there is a picture, has moved the playhead
and been drawn."""

# The page's own clock, which starts with the opening. A press that comes too early is repeated.
OPENING = """(() => {
  const opening = (window.opening = {});
  const drawn = (then) => requestAnimationFrame(() => setTimeout(then));
  const press = (root, before) => {
    if (opening.answer) return;
    root.querySelector("[role=slider]")
      ?.dispatchEvent(new KeyboardEvent("keydown", { key: "Home", bubbles: true, cancelable: true }));
    if (root.dataset.checkpoint === before) setTimeout(press, 20, root, before);
    else drawn(() => (opening.answer = performance.now()));
  };
  new MutationObserver((_, observer) => {
    const root = document.querySelector("canvas[data-picture]")?.closest(".nnweightviz[data-ready]");
    if (!root) return;
    observer.disconnect();
    drawn(() => {
      opening.picture = performance.now();
      press(root, root.dataset.checkpoint);
    });
  }).observe(document, { subtree: true, childList: true, attributes: true });
})()"""
# Not wait_for_function: it evaluates a string, which the page's policy forbids.
OPENED = """(what) => new Promise((done) => {
  const look = () => (window.opening[what] ? done(window.opening) : setTimeout(look, 10));
  look();
})"""


def opening_ms(browser: Browser, path: Path, n_runs: int = N_RUNS) -> tuple[list[float], list[float]]:
    """Times from opening a page of several checkpoints to its first picture, and to its first answer."""
    pictures, answers = [], []
    for _ in range(n_runs):
        context = browser.new_context(viewport={"width": 1100, "height": 900})
        page = context.new_page()
        page.add_init_script(OPENING)
        page.goto(path.as_uri())
        opening = page.evaluate(OPENED, "answer")
        pictures.append(opening["picture"])
        answers.append(opening["answer"])
        context.close()
    return pictures, answers


def picture_ms(browser: Browser, path: Path) -> float:
    """Time from opening a page, of whatever size, to its first picture."""
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.add_init_script(OPENING)
    page.goto(path.as_uri(), wait_until="commit")
    page.locator("canvas[data-picture]").first.wait_for(timeout=1000 * LONGEST_OPENING_S)
    picture: float = page.evaluate(OPENED, "picture")["picture"]
    page.close()
    return picture


def page_rows(browser: Browser, path: Path, name: str, goal_kb: float) -> list[Row]:
    size = path.stat().st_size / 1000
    pictures, answers = opening_ms(browser, path)
    return [
        Row(f"{name}: size", "kB", [size], goal=goal_kb),
        Row(f"{name}: first picture", "ms", pictures, goal=500),
        Row(f"{name}: answers", "ms", answers, goal=1000),
    ]


def bundle_rows() -> list[Row]:
    """Sizes of what a notebook carries, minified."""
    static = ROOT / "nnweightviz" / "static"
    sizes = {path.name: path.stat().st_size / 1000 for path in static.iterdir()}
    return [
        Row("bundle: script that every display reads", "kB", [sizes["widget.js"]], goal=150),
        Row("bundle: style sheet", "kB", [sizes["nnweightviz.css"]]),
        Row("bundle: second part, loaded when it is first needed", "kB", [sizes["extras.js"]]),
    ]


def pages_section() -> Section:
    """The bundle, the demo's page and the page of the trained net, and pointing at its links."""
    from nnweightviz.demo.page import write_page

    with tempfile.TemporaryDirectory() as temp, sync_playwright() as playwright:
        demo, trained = Path(temp) / "demo.html", Path(temp) / "trained.html"
        seconds = timed(lambda: write_page(demo)) / 1000
        trained_net().widget().to_html(trained)
        browser = launch(playwright)
        rows = [
            *bundle_rows(),
            Row("the demo: training three nets and writing their page", "s", [seconds], goal=60),
            *page_rows(browser, demo, "page of the three demo nets", goal_kb=600),
            *page_rows(browser, trained, "page of 30 checkpoints of 98 456 links", goal_kb=1200),
            *picking_rows(browser, Path(temp)),
        ]
        browser.close()
    return Section("Pages", TEXT, rows)


def timed(action: Callable[[], object]) -> float:
    """Milliseconds that an action takes."""
    start = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - start)
