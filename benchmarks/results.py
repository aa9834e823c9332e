"""Rows of measurements and the Markdown table that they make. Not for measuring."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One quantity: its runs, and the goal for their median (at most, or at least that much), or None."""

    name: str
    unit: str
    runs: Sequence[float]
    goal: float | None = None
    is_at_least: bool = False

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    @property
    def p95(self) -> float:
        """The 95th percentile; of few runs, the worst of them."""
        return sorted(self.runs)[min(len(self.runs) - 1, int(0.95 * len(self.runs)))]

    @property
    def is_met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.median >= self.goal if self.is_at_least else self.median <= self.goal

    def to_markdown(self) -> str:
        goal = "" if self.goal is None else f"{'≥' if self.is_at_least else '≤'} {self.goal:g}"
        verdict = {None: "", True: "met", False: "**missed**"}[self.is_met]
        spread = f"{self.p95:.4g}" if len(self.runs) > 1 else ""
        return f"| {self.name} | {self.median:.4g} | {spread} | {self.unit} | {goal} | {verdict} |"


def write_results(rows: Sequence[Row], path: Path) -> None:
    """Write the table with the machine and the date that it was measured on."""
    lines = [
        "# Measurements",
        "",
        f"{datetime.date.today():%Y-%m-%d}, {machine()}. Written by `make bench`.",
        "Times vary from run to run: trust ratios of two and more.",
        "",
        "| what | median | p95 | unit | goal | |",
        "|---|---|---|---|---|---|",
        *(row.to_markdown() for row in rows),
    ]
    path.write_text("\n".join(lines) + "\n")


def machine() -> str:
    """The machine in words: processors, system, Python."""
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} processors, {system}, Python {platform.python_version()}"
