"""Playback of our exported page: frames of the first round, of later ones, and under stricter policies of a host."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.browser import POLICIES, TRACED, Frames, launch, served, traced_frames
from benchmarks.nets import HEIGHT, NETS, OPTIONS, WIDTH, Net
from benchmarks.results import Row, Section

LATER_SECONDS = 5.0
LONGEST_ROUND_S = 30.0
TEXT = """\
Our exported page, played in a loop at ten checkpoints a second. The first round begins with pressing play and ends when
the playhead is back at the first checkpoint (or after 30 s): the images of the checkpoints are made in it. Work is
what keeps the main thread busy from one shown frame to the next."""
FORBIDDEN = """\
Where a host forbids workers or WebAssembly by a Content-Security-Policy of its own, the first round again:"""

# A round is over when the checkpoint falls. Not wait_for_function: it evaluates a string, which our pages forbid.
ROUND = """(limit) => new Promise((done) => {
  const root = document.querySelector(".nnweightviz");
  let before = Number(root.dataset.checkpoint);
  const observer = new MutationObserver(() => {
    const now = Number(root.dataset.checkpoint);
    if (now < before) { observer.disconnect(); done(true); }
    before = now;
  });
  observer.observe(root, { attributes: true, attributeFilter: ["data-checkpoint"] });
  setTimeout(() => done(false), limit);
})"""
IMAGES = """() => performance.getEntriesByName("nnweightviz:image").map(({ duration, detail }) =>
  ({ ms: duration, where: detail?.where ?? "", kernel: detail?.kernel ?? "" }))"""


@dataclass(frozen=True)
class Played:
    """What a page did: its frames, whether it came round in time, and the images it has made since it was opened."""

    frames: Frames
    is_round: bool
    images: list[dict[str, Any]]


def open_page(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport={"width": WIDTH + 34, "height": HEIGHT + 300})
    page.goto(address)
    page.locator(".nnweightviz[data-ready][data-links-drawn]").wait_for(timeout=60_000)
    return page


def first_round(browser: Browser, page: Page, folder: Path) -> Played:
    """Press play and follow the playhead until it begins again."""
    trace = folder / "trace.json"
    browser.start_tracing(page=page, path=trace, categories=TRACED)
    page.get_by_role("button", name="Play", exact=True).click()
    is_round = page.evaluate(ROUND, 1000 * LONGEST_ROUND_S)
    browser.stop_tracing()
    return Played(traced_frames(trace), is_round, page.evaluate(IMAGES))


def later_rounds(browser: Browser, page: Page, folder: Path) -> Frames:
    """Some seconds of a page that is already playing."""
    trace = folder / "trace.json"
    browser.start_tracing(page=page, path=trace, categories=TRACED)
    page.wait_for_timeout(1000 * LATER_SECONDS)
    browser.stop_tracing()
    return traced_frames(trace)


@cache
def play(name: str) -> tuple[Played, Frames]:
    """The first round of a net, and later ones."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as temp:
        folder = Path(temp)
        browser = launch(playwright)
        page = open_page(browser, our_page(NETS[name](), folder).as_uri())
        results = first_round(browser, page, folder), later_rounds(browser, page, folder)
        browser.close()
    return results


def play_forbidden(name: str, policy: str) -> Played:
    """The first round of a net from a host that forbids something."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as temp:
        folder = Path(temp)
        browser = launch(playwright)
        path = our_page(NETS[name](), folder)
        with served(folder) as address:
            page = open_page(browser, f"{address}/{path.name}?forbid={quote(policy)}")
            played = first_round(browser, page, folder)
        browser.close()
    return played


def our_page(net: Net, folder: Path) -> Path:
    return net.diagram(**OPTIONS).to_html(folder / "ours.html")


def frame_rows(name: str, frames: Frames, note: str = "", has_goals: bool = True) -> list[Row]:
    work = Row(
        f"{name}: main-thread work a frame",
        "ms",
        frames.work_ms,
        goal=12 if has_goals else None,
        is_for_p95=True,
        note=note,
    )
    goal = 50 if has_goals else None
    return [work, Row(f"{name}: frames a second", "1/s", [frames.per_second], goal=goal, is_at_least=True)]


def image_row(name: str, images: Sequence[dict[str, Any]]) -> Row:
    """Time to make the image of one checkpoint, and who made it."""
    makers = sorted({f"in a {image['where']}, {image['kernel']}" for image in images})
    note = f"{len(images)} images, {' and '.join(makers)}" if images else "the page tells no such time"
    return Row(f"{name}: image of one checkpoint", "ms", [image["ms"] for image in images], note=note)


def playback_section(name: str) -> Section:
    """Our page for one of the nets, under all conditions."""
    first, later = play(name)
    rows = [
        *frame_rows("first round", first.frames, note=shortfall(first)),
        image_row("first round", first.images),
        *frame_rows("later rounds", later),
    ]
    for policy in POLICIES if name != "3000" else ():
        played = play_forbidden(name, policy)
        rows += frame_rows(policy, played.frames, note=shortfall(played), has_goals=False)
        rows.append(image_row(policy, played.images))
    forbidden = f"\n{FORBIDDEN}" if name != "3000" else ""
    return Section(f"Playback of {NETS[name]().title}", TEXT + forbidden, rows)


def shortfall(played: Played) -> str:
    return "" if played.is_round else f"not round within {LONGEST_ROUND_S:g} s"
