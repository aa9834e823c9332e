"""Many diagrams on one page: when all of them have their first picture. Not for one diagram (see ``pages``)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from benchmarks.browser import launch
from benchmarks.results import Row, Section

N_DIAGRAMS = 20
N_CHECKPOINTS = 30
N_RUNS = 7
LONGEST_S = 60.0
TEXT = f"""\
A page of {N_DIAGRAMS} diagrams, each of a 16-24-8 net (576 links) with {N_CHECKPOINTS} checkpoints, opened from a file
with an empty cache each time. *Pictures of all*: every diagram has drawn its links, those out of sight, too."""

# The page's own clock, which starts with the opening.
LOADING = f"""(() => {{
  const drawn = (then) => requestAnimationFrame(() => setTimeout(then));
  new MutationObserver((_, observer) => {{
    const pictures = document.querySelectorAll("canvas[data-picture]");
    if (!window.first && pictures.length > 0) drawn(() => (window.first ??= performance.now()));
    if (pictures.length < {N_DIAGRAMS}) return;
    observer.disconnect();
    drawn(() => (window.all = performance.now()));
  }}).observe(document, {{ subtree: true, childList: true, attributes: true }});
}})()"""
# Not wait_for_function: it evaluates a string, which the page's policy forbids.
LOADED = """() => new Promise((done) => {
  const look = () => (window.all ? done([window.first, window.all]) : setTimeout(look, 10));
  look();
})"""


def write_page(path: Path) -> None:
    """Write the page of diagrams, each of weights of its own."""
    import nnweightviz as nwv

    rng = np.random.default_rng(0)
    shapes = {"hidden.weight": (24, 16), "out.weight": (8, 24)}
    diagrams = []
    for _ in range(N_DIAGRAMS):
        first = {name: rng.normal(0, 0.3, shape) for name, shape in shapes.items()}
        steps = [
            {name: rng.normal(0, 0.1, shape) for name, shape in shapes.items()} for _ in range(N_CHECKPOINTS)
        ]
        states = [
            {name: np.float32(first[name] + sum(step[name] for step in steps[:k])) for name in shapes}
            for k in range(N_CHECKPOINTS)
        ]
        diagrams.append(nwv.WeightViz(None, states))
    nwv.to_html(diagrams, path, title="many")


def loading_s(browser: Browser, path: Path) -> tuple[list[float], list[float]]:
    """Seconds from opening the page to its first picture, and until all diagrams have theirs."""
    firsts, alls = [], []
    for _ in range(N_RUNS):
        context = browser.new_context(viewport={"width": 1100, "height": 900})
        page = context.new_page()
        page.set_default_timeout(1000 * LONGEST_S)
        page.add_init_script(LOADING)
        page.goto(path.as_uri())
        first, every = page.evaluate(LOADED)
        firsts.append(first / 1000)
        alls.append(every / 1000)
        context.close()
    return firsts, alls


def many_section() -> Section:
    """Twenty diagrams on a page."""
    with tempfile.TemporaryDirectory() as temp, sync_playwright() as playwright:
        path = Path(temp) / "many.html"
        write_page(path)
        browser = launch(playwright)
        firsts, alls = loading_s(browser, path)
        browser.close()
        size = path.stat().st_size / 1000
    rows = [
        Row(f"page of {N_DIAGRAMS} diagrams: size", "kB", [size]),
        Row(f"page of {N_DIAGRAMS} diagrams: first picture", "s", firsts),
        Row(f"page of {N_DIAGRAMS} diagrams: pictures of all", "s", alls, goal=2),
    ]
    return Section("Many diagrams on a page", TEXT, rows)
