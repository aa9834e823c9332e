"""Pages and places for the browser tests: nets with known weights, and where their links are on the screen."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, TimeoutError

import nnweightviz as nwv

torch.set_num_threads(1)


class Diagram:
    """What a person does with one diagram on a page, and what they then see."""

    def __init__(self, page: Page, index: int = 0) -> None:
        self.page = page
        self.root = page.locator(".nnweightviz").nth(index)
        try:
            self.root.and_(page.locator("[data-links-drawn]")).wait_for(timeout=60_000)
        except TimeoutError as late:
            said = page.locator("body").inner_text()[:2000]
            raise AssertionError(f"there is no diagram; {page.url} says:\n{said}") from late

    def data(self, name: str) -> str:
        value = self.root.get_attribute(f"data-{name}")
        assert value is not None, f"the root element has no data-{name}"
        return value

    @property
    def checkpoint(self) -> int:
        return int(self.data("checkpoint"))

    @property
    def n_drawn(self) -> int:
        return int(self.data("links-drawn"))

    def wait_for(self, name: str, value: object) -> None:
        """Wait until the root element says so, and for what the next two frames draw of it."""
        self.page.wait_for_function(
            "([root, name, value]) => root.getAttribute('data-' + name) === value",
            arg=[self.root.element_handle(), name, str(value)],
        )
        self.page.evaluate(
            """() => Promise.race([
              new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
              new Promise((hidden) => setTimeout(hidden, 200)),
            ])"""
        )

    @property
    def slider(self) -> Locator:
        return self.root.get_by_role("slider", name="Checkpoint")

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)

    def unit(self, group: str, unit: int) -> tuple[float, float]:
        """Centre of a unit, in page pixels."""
        mark = self.root.locator(f"[data-group={json.dumps(group)}][data-unit='{unit}']")
        box = mark.bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def hover_link(self, source: tuple[str, int], target: tuple[str, int], share: float = 0.12) -> None:
        """Point at the link between two units, at a share of its length from the source."""
        (x0, y0), (x1, y1) = self.unit(*source), self.unit(*target)
        self.page.mouse.move(x0 + share * (x1 - x0), y0 + share * (y1 - y0) + 1)
        self.page.mouse.move(x0 + share * (x1 - x0), y0 + share * (y1 - y0))

    @property
    def tooltip(self) -> Locator:
        return self.root.locator(".nwv-tooltip")

    def scrub_to(self, checkpoint: int) -> None:
        """Jump by keyboard, as a reader would: Home, then arrows."""
        self.slider.focus()
        self.page.keyboard.press("Home")
        for _ in range(checkpoint):
            self.page.keyboard.press("ArrowRight")
        self.wait_for("checkpoint", checkpoint)


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for what comes soon: the next frame, or what the other side of the wire has to see."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def show(page: Page, tmp_path: Path) -> Callable[..., Diagram]:
    """Write widgets to one HTML file, open it from disk with the network cut, and return the first diagram."""

    def show(*widgets: Any, **options: Any) -> Diagram:
        path = tmp_path / "page.html"
        nwv.to_html(list(widgets), path, **options)
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.context.set_offline(True)
        page.goto(path.as_uri())
        diagram = Diagram(page)
        asked = [url for url in requests if not url.startswith((path.as_uri(), "data:", "blob:"))]
        assert asked == [], f"the page asked the network for {asked}"
        return diagram

    return show


@pytest.fixture
def errors(page: Page) -> list[str]:
    """Everything the page complained about; a test asserts that it stays empty."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    return said


def mlp() -> torch.nn.Module:
    """A 3-4-2 net with names for its layers."""
    net = torch.nn.Sequential()
    net.add_module("hidden", torch.nn.Linear(3, 4))
    net.add_module("act", torch.nn.ReLU())
    net.add_module("out", torch.nn.Linear(4, 2))
    return net


def random_states(net: torch.nn.Module, n: int, seed: int = 0) -> list[dict[str, np.ndarray]]:
    """n states of a net with known random weights, (name -> float32 array)."""
    rng = np.random.default_rng(seed)
    return [
        {name: rng.normal(size=tuple(p.shape)).astype(np.float32) for name, p in net.state_dict().items()}
        for _ in range(n)
    ]


@pytest.fixture
def history() -> nwv.History:
    """Eleven checkpoints of the 3-4-2 net with losses, every 100 steps."""
    history = nwv.History()
    for k, state in enumerate(random_states(mlp(), 11)):
        history.record(state, epoch=k, step=100 * k, loss=1 / (k + 1), val_loss=1.2 / (k + 1))
    return history
