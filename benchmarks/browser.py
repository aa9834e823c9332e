"""Chromium as the measurements start it, the traces it writes, and a server on this machine for pages."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from playwright.sync_api import Browser, Playwright, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # where the browser is found

from chromium import FLAGS, NO_CHROMIUM, find_chromium  # noqa: E402

SOFTWARE_WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
TRACED = ["devtools.timeline", "toplevel", "disabled-by-default-devtools.timeline"]
POLICIES = {
    "no workers": "worker-src 'none'",
    "no WebAssembly": "script-src 'unsafe-inline'; worker-src blob:",
    "no workers, no WebAssembly": "script-src 'unsafe-inline'; worker-src 'none'",
}
"""Content-Security-Policies that a host may add to a page of ours, by what they forbid."""


def launch(playwright: Playwright, has_software_webgl: bool = False) -> Browser:
    """Start Chromium without a GPU, or with one in software for ways of drawing that cannot do without."""
    path = find_chromium() or sys.exit(NO_CHROMIUM)
    flags = (
        [f for f in FLAGS if f != "--disable-gpu"] + list(SOFTWARE_WEBGL)
        if has_software_webgl
        else list(FLAGS)
    )
    return playwright.chromium.launch(executable_path=path, args=flags)


def chromium_version() -> str:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        version = browser.version
        browser.close()
    return version


@dataclass(frozen=True)
class Frames:
    """Frames that were shown one after the other: main-thread work in each and time to the next, in ms."""

    work_ms: list[float]
    interval_ms: list[float]

    @property
    def per_second(self) -> float:
        return 1000 * len(self.interval_ms) / sum(self.interval_ms)


def traced_frames(trace: Path) -> Frames:
    """Read a Chromium trace: busy milliseconds of the renderer's main thread between the frames that it committed.

    Raises
    ------
    RuntimeError
        If fewer than three frames were shown.
    """
    events = json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
    main = {thread(e) for e in events if e["name"] == "FireAnimationFrame"}
    commits = (e["ts"] for e in events if e["name"] == "BeginCommitCompositorFrame" and thread(e) in main)
    edges = np.array(sorted(commits))
    if len(edges) < 3:
        raise RuntimeError(f"{len(edges)} frames were shown")
    busy = np.zeros(len(edges) + 1)
    for task in events:
        if task["name"] == "RunTask" and "dur" in task and thread(task) in main:
            busy[np.searchsorted(edges, task["ts"] + task["dur"], side="right")] += task["dur"] / 1000
    return Frames(busy[1:-1].tolist(), (np.diff(edges) / 1000).tolist())


def thread(event: dict[str, Any]) -> tuple[int, int]:
    return event["pid"], event["tid"]


class _Handler(SimpleHTTPRequestHandler):
    """Files of a folder; ``?forbid=no workers`` adds that policy."""

    def end_headers(self) -> None:
        forbidden = parse_qs(urlsplit(self.path).query).get("forbid", [])
        for name in forbidden:
            self.send_header("Content-Security-Policy", POLICIES[name])
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine alone; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
