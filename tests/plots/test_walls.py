"""Pictures of outputs on paper: their colours and dots are what the probe found, at the units that put it out. What
they are held to the browser by is in ``test_layout.py``.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

import nnweightviz as nwv
from nnweightviz.layout import Layout
from nnweightviz.parameters import Parameters
from nnweightviz.plots import graph
from nnweightviz.plots.beside import beside_of
from nnweightviz.plots.boxes import folds_of
from nnweightviz.plots.graph import draw_graph
from nnweightviz.plots.links import Links, Shown
from nnweightviz.plots.outputs import PutOut
from nnweightviz.plots.printed import pixels_of
from nnweightviz.plots.walls import TEST
from nnweightviz.probe.encode import attachment
from nnweightviz.scale import PALETTES, mix, shade
from widgets import bundle

__all__ = ["bundle"]
pytestmark = pytest.mark.usefixtures("bundle")
DPI = 384
"""Four dots to a pixel of the stage, where it is as large as the page."""
LIGHT = PALETTES["light"]


LSTM = "lstm.l0"


class Recurrent(nn.Module):
    """LSTM 3, Linear 4 with ReLU, Linear 1."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 3, batch_first=True)
        self.dense, self.relu, self.out = nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.out(self.relu(self.dense(self.lstm(x)[0][:, -1])))
        return found


@pytest.fixture
def viz() -> nwv.WeightViz:
    """A net whose second dense unit dies at the third checkpoint, and what it puts out at the first four of five."""
    torch.manual_seed(4)
    model, history = Recurrent(), nwv.History()

    def train(k: int) -> None:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.3 * torch.randn_like(parameter)
            model.dense.weight[1], model.dense.bias[1] = 0, -1 if k >= 2 else 1
        history.record(model, step=k)

    for k in range(4):
        train(k)
    x = torch.randn(9, 6, 2)
    y = x.sum((1, 2))
    viz = nwv.WeightViz(model, history, probe=(x[:6], y[:6], x[6:], y[6:]))
    train(4)
    return viz


def drawn(viz: nwv.WeightViz, k: int, **shown: Any) -> tuple[Axes, Layout, PutOut]:
    assert viz.outputs is not None
    parameters = Parameters(viz.network, list(viz.history))
    links = Links(viz.network, parameters, Shown(**shown))
    beside = beside_of(links, attachment(viz.outputs, viz.network, None, {}))
    ax = Figure(figsize=(9, 6)).add_axes((0, 0, 1, 1))
    folds = folds_of(viz.network, parameters, None)
    assert beside.outputs is not None
    return ax, draw_graph(ax, links, k, folds=folds, beside=beside), beside.outputs


def picture_of(ax: Axes, layout: Layout, group: str, unit: int) -> Any:
    """Return the pixels of a unit's picture, four to one of the stage."""
    assert isinstance(ax.figure, Figure)
    place = layout.places[group]
    assert place.outputs is not None
    assert layout.width == pytest.approx(9 * 96)
    left = math.floor(place.x - place.outputs.width / 2 + 0.5)
    top = math.floor(float(place.unit_y[unit]) - place.outputs.height / 2 + 0.5)
    row, column = round(4 * (top - ax.get_ylim()[1])), 4 * left
    pixels = pixels_of(ax.figure, DPI)
    return pixels[
        row : row + 4 * int(place.outputs.height), column : column + 4 * int(place.outputs.width)
    ].astype(int)


def words(ax: Axes) -> str:
    return " ".join(text.get_text() for text in ax.texts)


@pytest.mark.parametrize("pictures", ["auto", "normalised"])
def test_a_heat_map_has_the_colour_of_each_output(viz: nwv.WeightViz, pictures: str) -> None:
    ax, layout, _ = drawn(viz, 1, pictures=pictures)
    assert viz.outputs is not None
    assert viz.outputs.targets is not None
    values = viz.outputs.groups[LSTM].values[1]  # (n_items, n_positions, n_units)
    order = np.argsort(viz.outputs.targets, kind="stable")
    every = viz.outputs.groups[LSTM].values
    for unit in range(3):
        image = picture_of(ax, layout, LSTM, unit)
        whole = every if pictures == "auto" else every[..., unit]
        domain = np.abs(whole).max()
        height, width = image.shape[:2]
        for row, item in enumerate(order.tolist()):
            for step in range(6):
                shown = image[int((row + 0.5) / 9 * height), int((step + 0.5) / 6 * width)]
                expected = shade(LIGHT, float(values[item, step, unit] / domain), signed=True)
                assert np.abs(shown - expected).max() <= 3
    assert ("each on its own range" in words(ax)) is (pictures == "normalised")


def test_a_dot_lies_at_its_target_and_output(viz: nwv.WeightViz) -> None:
    ax, layout, found = drawn(viz, 1)
    for group in ("dense", "out"):
        unit = int(np.flatnonzero(~found.is_dead(group, 1))[-1])
        dots = found.dots(group, unit, 1)
        image = picture_of(ax, layout, group, unit)
        height, width = image.shape[:2]
        centres = np.array([(4 + x * (width - 8), height - 4 - y * (height - 8)) for x, y in dots])
        alone = [i for i in range(9) if (np.abs(centres - centres[i]).max(axis=1) < 9).sum() == 1]
        assert len(alone) >= 2
        for item in alone:
            column, row = centres[item].astype(int)
            ink = TEST["light"] if item >= 6 else LIGHT.unsigned
            under = np.array([LIGHT.paper, mix(LIGHT.paper, LIGHT.zero, 0.7)])  # or the line of 0
            away = np.abs(image[row, column] - (0.25 * under + 0.75 * np.array(ink))).max(axis=1)
            assert away.min() <= 2
    outputs = viz.outputs
    assert outputs is not None
    assert outputs.prediction is not None
    assert outputs.targets is not None
    low, high = found.ranged("out", 0).y
    every = np.append(outputs.prediction, outputs.targets)
    assert (low, high) == pytest.approx((every.min(), every.max()), rel=1e-5)


def test_dead_units_are_crossed_out_and_counted(viz: nwv.WeightViz) -> None:
    assert viz.outputs is not None
    for k, is_dead in ((1, False), (2, True)):
        ax, layout, _ = drawn(viz, k)
        n = sum(int(group.is_dead[k].sum()) for group in viz.outputs.groups.values())
        assert f"{n} of 8 units dead (crossed out: 0 for every item)" in words(ax)
        image = picture_of(ax, layout, "dense", 1)
        height, width = image.shape[:2]
        middle = image[height // 2 - 2 : height // 2 + 2, width // 2 - 2 : width // 2 + 2].mean()
        assert bool(middle < 180) is is_dead


def test_the_error_of_the_prediction_stands_below_it(viz: nwv.WeightViz) -> None:
    ax, layout, _ = drawn(viz, 3)
    assert viz.outputs is not None
    for split in ("train", "test"):
        assert f"{split} {viz.outputs.loss[split][3]:.4g}" in words(ax)
    place = layout.places["out"]
    told = next(text for text in ax.texts if text.get_text() == "MSE")
    assert told.get_position()[0] == place.x
    assert place.outputs is not None
    assert told.get_position()[1] > place.unit_y[0] + place.outputs.height / 2


def test_where_the_probe_was_not_run_frames_are_empty_and_that_is_said(viz: nwv.WeightViz) -> None:
    ax, _, _ = drawn(viz, 4)
    assert not ax.images
    assert "no outputs at this checkpoint: the probe was run at 1 to 4" in " ".join(words(ax).split())


def test_links_end_at_the_pictures(viz: nwv.WeightViz) -> None:
    _, layout, _ = drawn(viz, 0)
    place = layout.places["dense"]
    assert place.outputs is not None
    assert place.source_point(0)[0] == place.x + place.outputs.width / 2 + 1
    assert place.target_point(0, None)[0] == place.x - place.outputs.width / 2 - 1


def test_without_pictures_a_diagram_is_as_without_a_probe(viz: nwv.WeightViz) -> None:
    history, network = viz.history, viz.network
    plain = graph(history, network)
    off = graph(history, network, outputs=viz.outputs, pictures="off")
    on = graph(history, network, 0, outputs=viz.outputs)
    assert isinstance(plain.figure, Figure)
    assert isinstance(off.figure, Figure)
    assert (pixels_of(plain.figure, 96) == pixels_of(off.figure, 96)).all()
    assert "pictures: outputs of 9 items" in words(on)
    with pytest.raises(TypeError, match=r"outputs is a list; it is what viz\.outputs has"):
        graph(history, network, outputs=[])  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match=r"another history: they are of checkpoint \d, too, and this one has 1,"
    ):
        graph(history[:1], network, outputs=viz.outputs)
    other = nwv.History()
    other.record({"dense.weight": np.zeros((7, 3), np.float32)})
    with pytest.raises(
        ValueError, match=r"another network: .* units there, here .*; pass the network that was"
    ):
        graph(other, outputs=viz.outputs)


def test_a_page_is_made_smaller_rather_than_that_pictures_have_no_room() -> None:
    model, history = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 2)), nwv.History()
    history.record(model)
    x = torch.randn(20, 5)
    viz = nwv.WeightViz(model, history, probe=(x, x[:, :2]))
    page, large = viz.figure(size=(7.2, 4.8)), viz.figure(size=(3, 2))
    assert len(page.axes[0].images) == 2
    assert 7.2 * 96 * 1.2 < page.axes[0].get_xlim()[1] < 7.2 * 96 * 1.7
    assert len(large.axes[0].images) <= 1  # nor smaller than can be read
    assert large.axes[0].get_xlim()[1] <= 3 * 96 * 1.7 + 1e-6


def test_a_widget_prints_the_pictures_that_it_shows(viz: nwv.WeightViz, tmp_path: Path) -> None:
    svg = viz.to_svg(tmp_path / "probe.svg", 0).read_text()
    assert svg.count("<image") == 3
    assert "pictures: outputs of 9 items" in svg
    assert viz.to_pdf(tmp_path / "probe.pdf", 0).read_bytes().startswith(b"%PDF")
    viz.options = {"pictures": "off"}
    assert "<image" not in viz.to_svg(tmp_path / "off.svg", 0).read_text()
    sheet = viz.contact_sheet(tmp_path / "sheet.png", [0, 4], pictures="auto")
    assert sheet.stat().st_size > 0
