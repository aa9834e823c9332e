"""The examples of the documentation, by the framework that they are for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nnweightviz

PAGE = Path(__file__).parent.parent.parent / "docs" / "recording.md"


def run_examples(framework: str, **given: Any) -> list[nnweightviz.History]:
    """Run each example for a framework with a history of its own, and return the histories."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)
    own = [block for block in blocks if f"callbacks.{framework} import Record" in block]
    assert own, f"no example for {framework}"
    histories = [nnweightviz.History() for _ in own]
    for code, history in zip(own, histories, strict=True):
        made = {name: make() for name, make in given.items()}
        exec(code, {"nnweightviz": nnweightviz, "history": history, **made})
    return histories
