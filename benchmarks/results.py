"""Measured quantities and the Markdown that they make. Not for measuring."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

PREFACE = """\
# Measurements

{date}, {machine}. Written by `make bench`.

Times vary from run to run: trust ratios of two and more. Where there are several runs, median and 95th percentile are
of all of them (of few runs, the worst); a goal is for the median unless it says p95. Browser measurements are
of a stage of 900 x 600 pixels at device pixel ratio 1 in Chromium without a GPU (`--disable-gpu`).
"""


@dataclass(frozen=True)
class Row:
    """One quantity: its runs (none if it was not measured), and the goal for their median or p95, or None.

    A goal is a highest accepted value, or a lowest one if ``is_at_least``; what ``has_failed`` has missed it. A
    ``note`` stands behind the verdict.
    """

    name: str
    unit: str
    runs: Sequence[float]
    goal: float | None = None
    is_at_least: bool = False
    is_for_p95: bool = False
    has_failed: bool = False
    note: str = ""

    @property
    def median(self) -> float:
        return percentile(self.runs, 0.5)

    @property
    def p95(self) -> float:
        """The 95th percentile; of few runs, the worst of them."""
        return percentile(self.runs, 0.95)

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None without one, or where nothing was measured for want of a way to."""
        if self.goal is None or not (self.runs or self.has_failed):
            return None
        if self.has_failed:
            return False
        value = self.p95 if self.is_for_p95 else self.median
        return value >= self.goal if self.is_at_least else value <= self.goal

    @property
    def cells(self) -> list[str]:
        goal = "" if self.goal is None else f"{'≥' if self.is_at_least else '≤'} {self.goal:g}"
        verdict = {None: "", True: "met", False: "**missed**"}[self.is_met]
        return [
            self.name,
            number(self.median) if self.runs else "none" if self.has_failed else "not measured",
            number(self.p95) if len(self.runs) > 1 else "",
            self.unit,
            f"p95 {goal}" if goal and self.is_for_p95 else goal,
            "; ".join(filter(None, [verdict, self.note])),
        ]


@dataclass(frozen=True)
class Section:
    """A heading, a paragraph on how it was measured, rows with goals, and a table of other columns if need be."""

    title: str
    text: str = ""
    rows: Sequence[Row] = ()
    header: Sequence[str] = ()
    table: Sequence[Sequence[str]] = field(default=())

    def to_markdown(self) -> str:
        parts = [f"## {self.title}", self.text]
        if self.rows:
            header = ["what", "median", "p95", "unit", "goal", ""]
            parts.append(markdown_table(header, [row.cells for row in self.rows]))
        if self.table:
            parts.append(markdown_table(self.header, self.table))
        return "\n\n".join(filter(None, parts))


def percentile(runs: Sequence[float], share: float) -> float:
    """The value that ``share`` of the runs do not exceed: 0.5 is the median."""
    if share == 0.5:
        return statistics.median(runs)
    return sorted(runs)[min(len(runs) - 1, int(share * len(runs)))]


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float) -> str:
    """Three digits, with thin groups and no exponent: ``0.034``, ``12.3``, ``1 180``."""
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"


def to_markdown(sections: Sequence[Section], chromium: str = "") -> str:
    """The whole text, with the machine and the date that it was measured on."""
    preface = PREFACE.format(date=datetime.date.today(), machine=machine(chromium))
    missed = [f"- {s.title}: {row.name}" for s in sections for row in s.rows if row.is_met is False]
    verdict = "\n".join(["Missed goals:", "", *missed]) if missed else "All goals that were measured are met."
    return "\n\n".join([preface.rstrip(), verdict, *(section.to_markdown() for section in sections)]) + "\n"


def machine(chromium: str = "") -> str:
    """The machine in words: processors, system, Python, and the browser if one is named."""
    system = f"{platform.system()} {platform.machine()}"
    words = [f"{os.cpu_count()} processors", system, f"Python {platform.python_version()}"]
    return ", ".join([*words, f"Chromium {chromium}"] if chromium else words)
