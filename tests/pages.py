"""Reads exported pages again: what widgets on them hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from nnweightviz.written import read

STATE = re.compile(r'<script type="application/json" id="nnweightviz-state-\d+">(.*?)</script>', re.DOTALL)


def unpacked(text: str) -> dict[str, Any]:
    """The traits and parts of one widget."""
    packed = json.loads(text)
    return {
        "state": json.loads(read(packed["state"])),
        "parts": [read(part) for part in packed["parts"]],
    }


def widgets_on(path: Path) -> list[dict[str, Any]]:
    """The traits and parts of all widgets of a page."""
    return [unpacked(text) for text in STATE.findall(path.read_text(encoding="utf-8"))]
