"""Large models: what it takes to open them. Each in a process of its own, so that none can take all time or memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, TimeoutError, sync_playwright

from benchmarks.browser import ROOT, launch
from benchmarks.pages import LONGEST_OPENING_S, picture_ms
from benchmarks.results import Row, Section

LIMIT_S = 90.0
NETS = {"ResNet-18": "ResNet18", "GPT-2 small": "GPT2"}  # their classes
TEXT = """\
Random weights, one checkpoint. The page carries all of them; a notebook is sent what it shows."""


def measure(name: str, path: Path) -> Iterator[dict[str, float | str]]:
    """Seconds to construct the widget of a net, its page's size in MB, seconds to draw that; each as soon as known."""
    import torch

    import nnweightviz as nwv
    from adapters import large_nets  # of the tests

    torch.manual_seed(0)
    model = getattr(large_nets, NETS[name])()
    begin = time.perf_counter()
    viz = nwv.WeightViz(model)
    yield {"construct": time.perf_counter() - begin}
    viz.to_html(path)
    yield {"size": path.stat().st_size / 1e6}
    with sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            yield {"picture": picture_ms(browser, path) / 1000}
        except TimeoutError:
            yield {"note": f"no picture within {LONGEST_OPENING_S:g} s"}
        except Error as error:
            yield {"note": str(error).splitlines()[0]}
        finally:
            browser.close()


def large_rows(name: str) -> list[Row]:
    said: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temp:
        command = [sys.executable, "-m", "benchmarks.large", name, str(Path(temp) / "large.html")]
        try:
            result = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=LIMIT_S)
            out, note = result.stdout, (result.stderr.decode().strip().splitlines() or ["failed"])[-1]
        except subprocess.TimeoutExpired as late:
            out, note = late.stdout or b"", f"not done within {LIMIT_S:.0f} s"
    for line in out.decode().splitlines():
        said |= json.loads(line)
    note = said.pop("note", note)
    return [
        row(f"`WeightViz({name})`", "s", said.get("construct"), note, goal=5),
        row(f"page of {name}: size", "MB", said.get("size"), note),
        row(f"page of {name}: first picture", "s", said.get("picture"), note, goal=5),
    ]


def row(name: str, unit: str, value: float | None, note: str, goal: float | None = None) -> Row:
    """One value, or none with the note why."""
    if value is None:
        return Row(name, unit, [], goal=goal, has_failed=True, note=note)
    return Row(name, unit, [value], goal=goal)


def large_section() -> Section:
    return Section("Large models", TEXT, [row for name in NETS for row in large_rows(name)])


if __name__ == "__main__":
    for known in measure(sys.argv[1], Path(sys.argv[2])):
        print(json.dumps(known), flush=True)
