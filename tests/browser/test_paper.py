"""Paper beside the page: history strips and pictures of outputs stand, look and are told as a browser has them.

From the same bytes: ``js/test/unit/strips.print.test.ts`` and ``outputs.test.ts``.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

import nnweightviz as nwv
from browser.conftest import Diagram
from nnweightviz.layout import Layout, Looks
from nnweightviz.parameters import Parameters
from nnweightviz.plots.beside import Beside, beside_of
from nnweightviz.plots.links import Links, Shown
from nnweightviz.plots.walls import painted
from nnweightviz.scale import PALETTES
from nnweightviz.striped import striped


class Recurrent(nn.Module):
    """LSTM 3, Linear 8 with Tanh, Linear 2."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 3, batch_first=True)
        self.dense, self.out = nn.Linear(3, 8), nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.out(torch.tanh(self.dense(self.lstm(x)[0][:, -1])))
        return found


@pytest.fixture
def viz() -> nwv.WeightViz:
    torch.manual_seed(0)
    model, history = Recurrent(), nwv.History()
    with torch.no_grad():
        for k in range(7):
            history.record(model, step=k)
            for parameter in model.parameters():
                parameter += 0.4 * torch.randn_like(parameter)
    x = torch.randn(30, 5, 2)
    y = x[:, -1]
    viz = nwv.WeightViz(model, history, probe=(x[:20], y[:20], x[20:], y[20:]))
    viz.checkpoint, viz.options = 3, {"strips": True}
    return viz


def on_paper(viz: nwv.WeightViz, diagram: Diagram) -> tuple[Layout, Beside, Links]:
    """Return where paper has everything on a stage as large as the browser's."""
    stage = diagram.root.locator(".nwv-stage")
    width, height = stage.evaluate("(stage) => [stage.clientWidth, stage.clientHeight]")
    links = Links(viz.network, Parameters(viz.network, list(viz.history)), Shown(strips=True))
    beside = beside_of(links, viz._put_out)
    looks = Looks(width, height, is_striped=True, pictured=beside.pictured)
    return striped(viz.network, looks), beside, links


def canvas(diagram: Diagram, name: str) -> NDArray[np.uint8]:
    """Return what is on a canvas, ``(height, width, 4)``."""
    url = diagram.root.locator(name).evaluate("(canvas) => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA"))


def box(diagram: Diagram, name: str) -> list[float]:
    """Return x, y, width and height of an element on the stage."""
    found, stage = (diagram.root.locator(one).first.bounding_box() for one in (name, ".nwv-stage"))
    assert found is not None
    assert stage is not None
    return [found["x"] - stage["x"], found["y"] - stage["y"], found["width"], found["height"]]


def test_strips_and_pictures_are_those_of_the_browser(
    viz: nwv.WeightViz, show: Callable[..., Diagram]
) -> None:
    diagram = show(viz)
    for name in (".nwv-strip-track", ".nwv-pictures"):
        diagram.root.locator(name).first.wait_for(state="attached")
    layout, beside, links = on_paper(viz, diagram)
    for place in (place for place in layout.places.values() if place.strips):
        assert place.strips is not None
        x, width = place.strips
        track = box(diagram, f".nwv-strip-track[data-group='{place.group.id}']")
        assert track == pytest.approx([x, place.top, width, place.height], abs=0.1)
        head = box(diagram, f".nwv-strip-track[data-group='{place.group.id}'] .nwv-strip-head")
        assert head[0] + 0.5 == pytest.approx(x + 3.5 / 7 * width, abs=0.1)
    caption = diagram.root.locator(".nwv-caption").inner_text()
    said = beside.words(links, layout, 3)
    assert len(said) == 2
    for part in " · ".join(said).replace("; ", " · ").split(" · "):
        assert part in caption

    assert beside.strips is not None
    strips, ratio = canvas(diagram, ".nwv-strips > canvas"), diagram.page.evaluate("devicePixelRatio")
    assert ratio == 1
    for group in beside.strips.of(layout):
        for picture, image in group.tiles(PALETTES["light"]):
            row = int(picture.y + picture.height / 2)
            for k in range(7):
                column = int(picture.x + (k + 0.5) / 7 * picture.width)
                if picture.height >= 2:  # lower ones may be rounded to the next pixel
                    assert strips[row, column].tolist() == image[0, k].tolist()

    assert beside.outputs is not None
    pictures, n_seen = canvas(diagram, ".nwv-pictures"), 0
    for place in (place for place in layout.places.values() if place.outputs):
        assert place.outputs is not None
        width, height = map(int, place.outputs)
        images: Any = painted(beside.outputs, place.group.id, 3, place.outputs, "light", ratio=1)
        is_dead = beside.outputs.is_dead(place.group.id, 3)
        for unit, image in enumerate(images):
            left = math.floor(place.x - width / 2 + 0.5)
            top = math.floor(float(place.unit_y[unit]) - height / 2 + 0.5)
            found = pictures[top : top + height, left : left + width, :3]
            if beside.outputs.kind_of(place.group.id) != "heat" and not is_dead[unit]:
                side = math.ceil(0.3 * height)  # a corner may be marked
                assert (found[side:] == image[side:]).all()
                n_seen += 1
    assert n_seen == 10
