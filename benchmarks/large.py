"""Large models: what it takes to open them. Each in a process of its own, so that none can take all time or memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Error, TimeoutError, sync_playwright

from benchmarks.browser import ROOT, launch
from benchmarks.large_nets import NETS
from benchmarks.pages import LONGEST_OPENING_S, picture_ms
from benchmarks.results import Row, Section

LIMIT_S = 120.0
TEXT = """\
Random weights, one checkpoint. The page carries all of them; a notebook is sent what it shows."""


def measure(name: str, path: Path) -> dict[str, float | str]:
    """Seconds to construct the widget of a net and to draw its page, and the page's size in MB."""
    import torch

    import nnweightviz as nwv

    torch.manual_seed(0)
    model, _ = NETS[name]()
    begin = time.perf_counter()
    viz = nwv.WeightViz(model)
    said: dict[str, float | str] = {"construct": time.perf_counter() - begin}
    viz.to_html(path)
    said["size"] = path.stat().st_size / 1e6
    with sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            said["picture"] = picture_ms(browser, path) / 1000
        except TimeoutError:
            said["note"] = f"no picture within {LONGEST_OPENING_S:g} s"
        except Error as error:
            said["note"] = str(error).splitlines()[0]
        finally:
            browser.close()
    return said


def large_rows(name: str) -> list[Row]:
    with tempfile.TemporaryDirectory() as temp:
        command = [sys.executable, "-m", "benchmarks.large", name, str(Path(temp) / "large.html")]
        try:
            result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            said, note = {}, f"not done within {LIMIT_S:.0f} s"
        else:
            said = json.loads(result.stdout) if result.returncode == 0 else {}
            note = said.pop("note", "") if said else (result.stderr.strip().splitlines() or ["failed"])[-1]
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
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
