"""Playback of our exported page: frames of the first round, of later ones, and under stricter policies of a host."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Error, Page, TimeoutError, sync_playwright

from benchmarks.browser import POLICIES, TRACED, Frames, launch, served, traced_frames
from benchmarks.nets import HEIGHT, N_CHECKPOINTS, NETS, WIDTH, Net
from benchmarks.results import Row, Section, percentile

LATER_SECONDS = 5.0
LONGEST_ROUND_S = 20.0
LONGEST_OPENING_S = 30.0
SURROUND = 60  # pixels beside the stage
TEXT = f"""\
Our exported page, played in a loop at ten checkpoints a second. The first round begins with pressing play and ends when
the playhead is back at the first checkpoint (or after {LONGEST_ROUND_S:g} s): the images of the checkpoints are made in
it, and the playhead may wait for them: without waiting, a round takes 3 s. Later rounds are the {LATER_SECONDS:g} s
that follow. Work is what keeps the main thread busy from one shown frame to the next."""
POLICY_TEXT = """\
*No workers*, *no WebAssembly*: the first round where a host forbids them by a Content-Security-Policy of its own.
*One worker*, *two workers*: playback at the highest speed, which waits for every image, where the browser tells the
page of two or four cores, in turn: *time an image* is the time until all are there by their number, with all that
playing does beside. The machine has the cores that it has: of two, two workers, page and compositor share them."""

# A round is over when the checkpoint falls. Not wait_for_function: it evaluates a string, which our pages forbid.
ROUND = """(limit) => new Promise((done) => {
  const root = document.querySelector(".nnweightviz");
  const begin = performance.now();
  let before = Number(root.dataset.checkpoint);
  const observer = new MutationObserver(() => {
    const now = Number(root.dataset.checkpoint);
    if (now < before) { observer.disconnect(); done((performance.now() - begin) / 1000); }
    before = now;
  });
  observer.observe(root, { attributes: true, attributeFilter: ["data-checkpoint"] });
  setTimeout(() => done(null), limit);
})"""
# Who made an image: "worker, wasm" or {where, kernel}.
IMAGES = """() => performance.getEntriesByName("nnweightviz:image").map(({ duration, detail }) =>
  ({ ms: duration, by: typeof detail === "string" ? detail : `${detail?.where}, ${detail?.kernel}` }))"""

CORES = {"one worker": 2, "two workers": 4}
"""What a page is told of the machine's cores, by the workers that it starts then."""
HIGHEST_SPEED = 240.0  # checkpoints a second
# The time (ms) from pressing play until this many images are made, by their number.
IMAGE_INTERVAL = """(n) => new Promise((done) => {
  const begin = performance.now();
  let left = n;
  new PerformanceObserver((list, observer) => {
    left -= list.getEntriesByName("nnweightviz:image").length;
    if (left > 0) return;
    observer.disconnect();
    done((performance.now() - begin) / (n - left));
  }).observe({ type: "measure" });
  document.querySelector(".nnweightviz button[aria-label=Play]").click();
})"""
N_INTERVALS = 3


@dataclass(frozen=True)
class Played:
    """What a page did: frames of the first round and of later ones, the images it has made since it was opened.

    ``frames`` is None where nothing could be measured, ``round_s`` (the length of the first round) where it was not
    finished; ``note`` says why.
    """

    frames: Frames | None = None
    later: Frames | None = None
    images: Sequence[dict[str, Any]] = ()
    round_s: float | None = None
    note: str = ""


def open_page(browser: Browser, address: str, n_links: int, script: str = "") -> Page:
    """Open a page of ours, after a script if one is given, and wait until its diagram stands.

    Raises
    ------
    RuntimeError
        If it draws fewer links than the net has: such a page must not look fast.
    """
    page = browser.new_page(viewport={"width": WIDTH + SURROUND, "height": HEIGHT + 300})
    page.add_init_script(script)
    page.goto(address)
    page.locator(".nnweightviz[data-ready][data-links-drawn]").wait_for(timeout=1000 * LONGEST_OPENING_S)
    n_drawn = int(page.locator(".nnweightviz").get_attribute("data-links-drawn") or 0)
    if n_drawn < n_links:
        raise RuntimeError(f"only {n_drawn} of {n_links} links are drawn: see as_lines in benchmarks/nets.py")
    return page


def played(browser: Browser, page: Page, folder: Path, has_later: bool) -> Played:
    """Press play, follow the playhead until it begins again, and if wanted for some seconds more."""
    trace = folder / "trace.json"
    browser.start_tracing(page=page, path=trace, categories=TRACED)
    page.get_by_role("button", name="Play", exact=True).click()
    round_s = page.evaluate(ROUND, 1000 * LONGEST_ROUND_S)
    browser.stop_tracing()
    first, images, later = traced_frames(trace), page.evaluate(IMAGES), None
    if has_later:
        browser.start_tracing(page=page, path=trace, categories=TRACED)
        page.wait_for_timeout(1000 * LATER_SECONDS)
        browser.stop_tracing()
        later = traced_frames(trace)
    note = "" if round_s else f"not round within {LONGEST_ROUND_S:g} s"
    return Played(first, later, images, round_s, note)


@cache
def play(name: str, policy: str = "") -> Played:
    """Play a net's page in a fresh browser; under a policy, which also forbids things, the first round alone."""
    net = NETS[name]()
    with (
        tempfile.TemporaryDirectory() as temp,
        served(Path(temp)) as address,
        sync_playwright() as playwright,
    ):
        folder = Path(temp)
        path = our_page(net, folder)
        query = f"?forbid={quote(policy)}" if policy else ""
        browser = launch(playwright)
        try:
            page = open_page(browser, f"{address}/{path.name}{query}", net.n_links)
            return played(browser, page, folder, not policy)
        except TimeoutError:
            return Played(note=f"the page had not opened within {LONGEST_OPENING_S:g} s")
        except (RuntimeError, Error) as error:
            return Played(note=str(error).splitlines()[0])
        finally:
            browser.close()


@cache
def paced_by_images(name: str) -> dict[str, tuple[list[float], list[float]]]:
    """What playing that only images hold up takes with one worker and with two, in turn, in ms.

    Of each run the time from one image to the next, and how long each image was worked on, by number of workers.
    """
    net = NETS[name]()
    viz = net.player()
    viz.speed = HIGHEST_SPEED
    found: dict[str, tuple[list[float], list[float]]] = {workers: ([], []) for workers in CORES}
    with (
        tempfile.TemporaryDirectory() as temp,
        served(Path(temp)) as address,
        sync_playwright() as playwright,
    ):
        path = viz.to_html(Path(temp) / "ours.html")
        for workers in list(CORES) * N_INTERVALS:
            browser = launch(playwright)
            told = f"Object.defineProperty(navigator, 'hardwareConcurrency', {{ value: {CORES[workers]} }})"
            page = open_page(browser, f"{address}/{path.name}", net.n_links, told)
            page.wait_for_timeout(1000)  # the images of the neighbours are made
            n_made = len(page.evaluate(IMAGES))
            intervals, worked = found[workers]
            intervals.append(page.evaluate(IMAGE_INTERVAL, N_CHECKPOINTS - n_made))
            worked += [image["ms"] for image in page.evaluate(IMAGES)[n_made:]]
            browser.close()
    return found


def paced_rows(name: str) -> list[Row]:
    """Time an image with one worker and with two, and what each image took its worker."""
    rows = []
    for workers, (intervals, worked) in paced_by_images(name).items():
        rows.append(Row(f"{workers}: time an image", "ms", intervals))
        rows.append(Row(f"{workers}: image of one checkpoint", "ms", worked))
    return rows


def our_page(net: Net, folder: Path) -> Path:
    return net.player().to_html(folder / "ours.html")


@dataclass(frozen=True)
class Goals:
    """Highest accepted main-thread work a frame (ms; median and p95), and of making an image (ms); None without."""

    median: float | None = None
    p95: float | None = None
    image: float | None = None


NO_GOALS = Goals()
GOALS = {
    "3000": Goals(p95=12),
    "98456": Goals(median=5, p95=10, image=100),
    "1000000": Goals(median=5, p95=10, image=700),
}
TWIN_IMAGE = {"98456": Goals(image=150)}  # of the TypeScript twin


def frame_rows(name: str, frames: Frames | None, note: str = "", goals: Goals = NO_GOALS) -> list[Row]:
    """Main-thread work in each frame, and frames a second; with goals for the work, one for the frames, too."""
    rate = 50 if goals.p95 else None
    work, speed = (frames.work_ms, [frames.per_second]) if frames else ([], [])
    failed = frames is None
    title = f"{name}: main-thread work a frame"
    rows = [Row(title, "ms", work, goal=goals.p95, is_for_p95=True, has_failed=failed, note=note)]
    if goals.median:
        median = [percentile(work, 0.5)] if work else []
        rows.append(Row(f"{title}, median", "ms", median, goal=goals.median, has_failed=failed))
    title = f"{name}: frames a second"
    return [*rows, Row(title, "1/s", speed, goal=rate, is_at_least=True, has_failed=failed)]


def first_rows(name: str, played: Played, goals: Goals = NO_GOALS) -> list[Row]:
    """The first round: its frames, how long it took, and what an image of one checkpoint took whom."""
    makers = sorted({f"in a {image['by']}" for image in played.images})
    note = f"{len(played.images)} images, {' and '.join(makers)}" if played.images else ""
    rounds = [played.round_s] if played.round_s else []
    images = [image["ms"] for image in played.images]
    return [
        *frame_rows(name, played.frames, played.note, goals),
        Row(f"{name}: length of the round", "s", rounds, note=played.note),
        Row(f"{name}: image of one checkpoint", "ms", images, goal=goals.image, note=note),
    ]


def playback_section(name: str) -> Section:
    """Our page for one of the nets, under all conditions."""
    usual = play(name)
    has_policies = name != "3000"
    rows = [*first_rows("first round", usual, GOALS[name])]
    rows += frame_rows("later rounds", usual.later, goals=GOALS[name])
    for policy in POLICIES if has_policies and usual.frames else ():
        is_twin = policy == "no WebAssembly"
        rows += first_rows(
            policy, play(name, policy), TWIN_IMAGE.get(name, NO_GOALS) if is_twin else NO_GOALS
        )
    if has_policies:
        rows += paced_rows(name)
    title = f"Playback of {NETS[name]().title}"
    return Section(title, POLICY_TEXT if has_policies else TEXT, rows)
