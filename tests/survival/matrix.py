"""Looks at a notebook in all tools and writes ``docs/where-it-works.md``: ``make matrix``.

Only what was seen is written, with the day. What a tool no longer shows ends it with an error. Words after the command
choose tools, whose rows alone are written anew.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from datetime import date
from importlib.metadata import version
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from chromium import FLAGS, find_chromium
from survival.looking import Seen, look, printed
from survival.notebook import DISPLAY, FRAME, SETUP, picture_of, written
from survival.targets import TARGETS, Target, marimo_files

DOCS = Path(__file__).parents[2] / "docs" / "where-it-works.md"
PROTOCOL = Path(__file__).with_name("by-hand.md")
HEAD = """# Where it works

Written by `make matrix` with Python {python} and Chromium {browser}: what a reader saw of one notebook with two cells,
`viz` and `HTML(viz.embed())`, in each tool, **without a network**. But where it says otherwise there was no kernel and
no saved widget state. *Plays* means that the diagram was drawn and the playhead followed the keyboard; *picture* that
the very file of the notebook was in sight at its size. How each comes about, and the lines that help, are in
[Where no kernel runs](elsewhere.md).

| tool | how | version | day | `viz` | `HTML(viz.embed())` | asked the network for, in vain | what helps |
|---|---|---|---|---|---|---|---|
"""


def seen_in(target: Target, browser: Browser, notebook: Path, png: bytes) -> Seen:
    """Make the page in a folder of its own and look at it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with target.made(folder, notebook) as address:
            if target.form == "pdf":
                return Seen(picture=(1440, 640) in printed(browser, address))
            at_hand = (target.at_hand, marimo_files()) if target.at_hand else None
            until = [name for name in target.expects if name != "picture"] or ["widget"]
            is_served = address.startswith("http")
            return look(
                browser,
                address,
                None if target.is_drawn_anew else png,
                until=until,
                seconds=90 if is_served and target.expects else 20,
                at_hand=at_hand,
            )


def row(target: Target, seen: Seen) -> str:
    """One line of the table."""
    shown = "plays" if seen.widget else "picture" if seen.picture else "nothing"
    frame = "plays" if seen.frame else "nothing"
    columns = [
        target.tool,
        target.how,
        version(target.package),
        date.today().isoformat(),
        shown if "viz" in target.tries else "not tried",
        frame if "frame" in target.tries else "not tried",
        ", ".join(seen.wants) or "nothing",
        target.helps,
    ]
    return f"| {' | '.join(columns)} |"


def known_rows() -> dict[tuple[str, str], str]:
    """The rows that there are, by tool and way."""
    lines = [line for line in DOCS.read_text().splitlines() if line.startswith("| ")] if DOCS.exists() else []
    return {(cells[1].strip(), cells[2].strip()): line for line in lines if (cells := line.split("|"))}


def main() -> int:
    """Look at all, or at those whose tool or way has one of the words given; return how many disappointed."""
    words = sys.argv[1:]
    chosen = [t for t in TARGETS if not words or any(word in f"{t.tool} {t.how}" for word in words)]
    rows, failures = known_rows(), 0
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as name:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        notebook = Path(name) / "weights.ipynb"
        png = picture_of(written(notebook, SETUP, DISPLAY, FRAME))
        for target in chosen:
            try:
                seen = seen_in(target, browser, notebook, png)
            except Exception:
                traceback.print_exc()
                failures += 1
                rows.pop((target.tool, target.how), None)
                continue
            missing = [what for what in target.expects if not getattr(seen, what)]
            failures += bool(missing)
            rows[target.tool, target.how] = line = row(target, seen)
            print(line, f"MISSING: {', '.join(missing)}" if missing else "", flush=True)
        python = ".".join(map(str, sys.version_info[:2]))
        head = HEAD.format(browser=browser.version, python=python)
    table = [rows[key] for target in TARGETS if (key := (target.tool, target.how)) in rows]
    DOCS.write_text(head + "\n".join(table) + "\n\n" + PROTOCOL.read_text())
    return failures


if __name__ == "__main__":
    sys.exit(main())
