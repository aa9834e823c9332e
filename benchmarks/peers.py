"""Other ways of drawing the same links, played in the same run as our page, and the table of both."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Error, Page, sync_playwright

from benchmarks.browser import ROOT, TRACED, Frames, launch, served, traced_frames
from benchmarks.nets import HEIGHT, N_CHECKPOINTS, NETS, SPEED, WIDTH, Net
from benchmarks.playback import play
from benchmarks.results import Section, number, percentile

FOLDER = Path(__file__).parent / "peers"
LIMIT_S = 60.0
MARGIN = 64
TEXT = f"""\
The same weights at the same places, in the same colours, widths and opacities, eased at every frame at ten checkpoints
a second, each way alone in a fresh browser. Five seconds or four frames are played, whichever takes longer (the first
frame only starts the clock), and none gets more than {LIMIT_S:.0f} s in all. *Work* keeps the main thread busy from one
shown frame to the next; *frame to frame* is what a viewer waits, with the drawing in other threads and processes
(16.7 ms is the screen's own pace). Canvas and WebGL peers read a pixel back at each frame, so that no drawing is put
off; the SVG lies wholly inside the window.

deck.gl and sigma.js need WebGL, which Chromium no longer gives to machines without a GPU: there they show nothing. For
them alone it was asked for in software by hand (`--use-angle=swiftshader --enable-unsafe-swiftshader`). deck.gl draws
without antialiasing, which is its faster way."""
HEADER = (
    "links",
    "way",
    "work a frame, ms",
    "p95",
    "frame to frame, ms",
    "frames a second",
    "frames",
    "",
)


@dataclass(frozen=True)
class Peer:
    """One way of drawing; ``file`` is its script in ``peers/``, ``beyond`` why it is not run at a million links."""

    name: str
    file: str
    needs_webgl: bool = False
    beyond: str = ""


PEERS = (
    Peer("d3, one SVG line a link", "d3", beyond="a million elements would fill the memory"),
    Peer("Canvas 2D, 32 styles", "canvas"),
    Peer(
        "deck.gl LineLayer, software WebGL",
        "deck",
        True,
        "tried by hand, it had not shown four frames in a minute",
    ),
    Peer("sigma.js, software WebGL", "sigma", True, "tried by hand, it had not shown one frame in a minute"),
)


def write_data(net: Net, name: str, folder: Path) -> None:
    """Places (n_links, 4), weights (n_checkpoints, n_links) and the domain of a net, for the pages of all peers."""
    x = np.linspace(MARGIN, WIDTH - MARGIN, len(net.sizes))
    ends = []
    for layer, (n_source, n_target) in enumerate(pairwise(net.sizes)):
        source, target = ((np.arange(n) + 0.5) * HEIGHT / n for n in (n_source, n_target))
        j, i = np.divmod(np.arange(n_source * n_target), n_source)  # row-major: by target, then source
        ends.append(
            np.stack([np.full(len(i), x[layer]), source[i], np.full(len(i), x[layer + 1]), target[j]], 1)
        )
    values = np.stack([np.concatenate([m.ravel() for m in net.matrices(k)]) for k in range(N_CHECKPOINTS)])
    np.concatenate(ends).astype("<f4").tofile(folder / f"ends-{name}.f32")
    values.astype("<f4").tofile(folder / f"values-{name}.f32")
    constants = {
        "nLinks": net.n_links,
        "domain": float(np.quantile(np.abs(values[-1]), 0.995)),
        "widest": 4 if net.n_links <= 3000 else 1,
        "width": WIDTH,
        "height": HEIGHT,
        "speed": SPEED,
    }
    (folder / f"net-{name}.json").write_text(json.dumps(constants))


def write_page(peer: Peer, folder: Path) -> None:
    """Bundle a peer's script; the page holds nothing else, and nothing of it lies outside the window."""
    esbuild = ROOT / "js" / "node_modules" / ".bin" / "esbuild"
    out = folder / f"{peer.file}.js"
    command = [
        esbuild,
        FOLDER / f"{peer.file}.js",
        "--bundle",
        "--minify",
        f"--outfile={out}",
        "--log-level=error",
    ]
    subprocess.run(command, check=True)
    page = '<!doctype html><meta charset="utf-8"><body style="margin: 0"><script src="{}.js"></script>'
    (folder / f"{peer.file}.html").write_text(page.format(peer.file))


def frames_of(browser: Browser, address: str, folder: Path) -> Frames:
    """Open a peer's page and play it.

    Raises
    ------
    RuntimeError
        If the page fails, or is not done within the time limit.
    """
    until = time.monotonic() + LIMIT_S
    errors: list[str] = []
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    trace = folder / "trace.json"
    wait(page, "!!window.play", until, errors)
    browser.start_tracing(page=page, path=trace, categories=TRACED)
    page.evaluate("play()")
    wait(page, "!!window.done", until, errors)
    browser.stop_tracing()
    return traced_frames(trace)


def wait(page: Page, what: str, until: float, errors: list[str]) -> None:
    while time.monotonic() < until and not errors:
        try:
            page.wait_for_function(what, timeout=1000, polling=100)
            return
        except Error as error:
            if "Timeout" not in str(error):
                raise RuntimeError(str(error).splitlines()[0]) from error
    if errors:
        raise RuntimeError(errors[0].splitlines()[0])
    raise RuntimeError(f"{'no first frame' if 'play' in what else 'not done'} within {LIMIT_S:.0f} s")


def peer_rows(name: str) -> Iterator[list[str]]:
    """Rows of all peers for one net, each from a fresh browser."""
    net = NETS[name]()
    with tempfile.TemporaryDirectory() as temp, served(Path(temp)) as address:
        folder = Path(temp)
        write_data(net, name, folder)
        for peer in PEERS:
            if peer.beyond and net.n_links > 100_000:
                yield row(net, peer.name, None, f"not run: {peer.beyond}")
                continue
            write_page(peer, folder)
            with sync_playwright() as playwright:
                browser = launch(playwright, peer.needs_webgl)
                try:
                    yield row(
                        net, peer.name, frames_of(browser, f"{address}/{peer.file}.html?net={name}", folder)
                    )
                except (RuntimeError, Error) as error:
                    yield row(net, peer.name, None, str(error).splitlines()[0])
                finally:
                    browser.close()


def row(net: Net, way: str, frames: Frames | None, note: str = "") -> list[str]:
    links = f"{net.n_links:,}".replace(",", " ")
    if frames is None:
        return [links, way, *[""] * 5, note or "not measured"]
    work, interval = sorted(frames.work_ms), sorted(frames.interval_ms)
    numbers = (percentile(work, 0.5), percentile(work, 0.95), percentile(interval, 0.5), frames.per_second)
    return [links, way, *map(number, numbers), str(len(interval)), note]


def peers_section(names: Iterable[str]) -> Section:
    """Our page and the peers side by side, for each net.

    Raises
    ------
    FileNotFoundError
        If the peers' packages are not installed.
    """
    if not (FOLDER / "node_modules").is_dir():
        raise FileNotFoundError(
            "the packages of the peers are not installed: run `npm --prefix benchmarks/peers ci`"
        )
    table = []
    for name in names:
        ours = play(name)
        table.append(row(NETS[name](), "**nnweightviz**, first round", ours.frames, ours.note))
        table.append(row(NETS[name](), "**nnweightviz**, later rounds", ours.later))
        table += peer_rows(name)
    return Section("Beside other ways of drawing", TEXT, header=HEADER, table=table)
