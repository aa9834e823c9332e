"""Reads exported pages again: what widgets on them hold."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

STATE = re.compile(r'<script type="application/json" id="nnweightviz-state-\d+">(.*?)</script>', re.DOTALL)


def bytes_of(written: str) -> bytes:
    """What a text on a page stands for: base64, behind a tilde where it is deflated."""
    data = base64.b64decode(written.removeprefix("~"), validate=True)
    return zlib.decompress(data) if written.startswith("~") else data


def unpacked(text: str) -> dict[str, Any]:
    """The traits and parts of one widget."""
    packed = json.loads(text)
    return {
        "state": json.loads(bytes_of(packed["state"])),
        "parts": [bytes_of(part) for part in packed["parts"]],
    }


def widgets_on(path: Path) -> list[dict[str, Any]]:
    """The traits and parts of all widgets of a page."""
    return [unpacked(text) for text in STATE.findall(path.read_text(encoding="utf-8"))]
