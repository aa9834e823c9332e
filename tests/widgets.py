"""Widgets for tests: a stand-in for the browser bundle, and a browser that only listens."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnweightviz import export
from nnweightviz.widget import WeightViz


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bundle that was "built", in place of the real one."""
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "widget.js").write_text("export default {};")
    (folder / "extras.js").write_text("export default () => ({});")
    (folder / "embed.js").write_text('console.log("embed </script> <!-- é");')
    (folder / "nnweightviz.css").write_text(".nnweightviz { color: CanvasText; }")
    (folder / "page.css").write_text("[data-chrome] { padding: 0; }")
    monkeypatch.setattr(export, "STATIC", folder)
    return folder


def state(k: float = 0.0) -> dict[str, Any]:
    """Parameters of a 3-4-2 network, all of them ``k``."""
    shapes = {"fc1.weight": (4, 3), "fc1.bias": (4,), "fc2.weight": (2, 4), "fc2.bias": (2,)}
    return {name: np.full(shape, k, dtype=np.float32) for name, shape in shapes.items()}


def states(n: int) -> list[dict[str, Any]]:
    """Return ``n`` checkpoints, of 0, 1, 2, ..."""
    return [state(k) for k in range(n)]


def wait_until(condition: Callable[[], object], timeout_s: float = 5) -> None:
    """Wait for what happens in another thread."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


class Listener:
    """A browser that hears what a widget sends, and may speak to it."""

    def __init__(self, viz: WeightViz) -> None:
        self.viz, self.heard = viz, list[tuple[dict[str, Any], list[bytes]]]()
        viz.send = lambda content, buffers=None: self.heard.append((content, list(buffers or [])))

    def say(self, **content: Any) -> list[tuple[dict[str, Any], list[bytes]]]:
        """Send a custom message to Python; return what came back."""
        before = len(self.heard)
        self.viz._handle_custom_msg(content, [])
        return self.heard[before:]

    def set(self, **traits: Any) -> None:
        """Write traits, as the browser does."""
        self.viz.set_state(traits)
