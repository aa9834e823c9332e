"""Pictures of the entries behind a link: what they show, exactly and crisply."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram
from nnweightviz.network import Bundle, Group, Layer, Network

Show = Callable[..., Diagram]
PIXELS = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"


def kernels(*rest: int, n: int = 3) -> tuple[nwv.WeightViz, np.ndarray]:
    """A layer of 2 units that reads 2, through kernels of this shape; and its weights ``(n, 2, 2, *rest)``."""
    shape = (2, 2, *rest)
    strides = tuple(int(np.prod(shape[d + 1 :])) for d in range(len(shape)))
    network = Network(
        (Layer("input", "Input"), Layer("conv", "Conv")),
        (Group("input", "input", 2, "input"), Group("conv", "conv", 2)),
        (Bundle("conv.weight", "input", "conv", "conv.weight", shape, strides, reduce="l2"),),
        parameters={"conv.weight": shape},
    )
    weights = np.random.default_rng(0).normal(size=(n, *shape)).astype(np.float32)
    weights[-1, 1, 0].flat[-1] = np.nan
    return nwv.WeightViz(network, [{"conv.weight": w} for w in weights]), weights


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("+Inf", "inf"))


def pixels(canvas: Locator) -> np.ndarray:
    """Colours of a canvas, (height, width, 3)."""
    height, width = int(canvas.get_attribute("height") or 0), int(canvas.get_attribute("width") or 0)
    return np.array(canvas.evaluate(PIXELS)).reshape(height, width, 4)[..., :3]


def test_the_tooltip_writes_the_kernel_that_numpy_says(show: Show, errors: list[str]) -> None:
    viz, weights = kernels(3, 3)
    viz.checkpoint = 0
    diagram = show(viz)
    for k in range(3):  # it follows the playhead
        diagram.scrub_to(k)
        diagram.hover_link(("input", 0), ("conv", 1))
        cells = diagram.tooltip.locator(".nwv-kernel-values span")
        expect(cells).to_have_count(9)
        shown = [number(text) for text in cells.all_inner_texts()]
        np.testing.assert_allclose(shown, weights[k, 1, 0].ravel(), rtol=1e-3)
    expect(diagram.tooltip).to_contain_text("1 NaN or infinite")
    assert errors == []


def test_the_hovered_kernel_follows_the_playhead(show: Show, page: Page) -> None:
    viz, weights = kernels(4, 4)
    viz.checkpoint = 0
    diagram = show(viz)
    diagram.slider.focus()
    diagram.hover_link(("input", 0), ("conv", 1))
    for k in (0, 1):
        low, high = weights[k, 1, 0].min(), weights[k, 1, 0].max()
        shown = diagram.tooltip.locator(".nwv-kernel-about b").inner_text()
        assert [number(part) for part in shown.split(" … ")] == pytest.approx([low, high], rel=1e-3)
        page.keyboard.press("ArrowRight")
        diagram.wait_for("checkpoint", k + 1)


@pytest.mark.parametrize("rest", [(7, 5), (12,), (3, 4, 4)])
def test_colours_tell_signs_and_what_is_no_number(show: Show, rest: tuple[int, ...]) -> None:
    viz, weights = kernels(*rest)
    diagram = show(viz)
    diagram.hover_link(("input", 0), ("conv", 1))
    panes = diagram.tooltip.locator(".nwv-kernel-pane canvas")
    n_slices = rest[0] if len(rest) == 3 else 1
    expect(panes).to_have_count(n_slices)
    drawn = np.stack([pixels(pane) for pane in panes.all()])
    kernel = weights[-1, 1, 0].reshape(drawn.shape[:-1])
    finite = np.isfinite(kernel) & (np.abs(kernel) > 0.05)
    redder = drawn[..., 0] > drawn[..., 2]
    assert np.array_equal(redder[finite], kernel[finite] < 0)
    assert drawn[np.isnan(kernel)].tolist() == [[181, 23, 158]]


def test_the_inspector_reads_the_cell_under_the_pointer(show: Show, page: Page) -> None:
    viz, weights = kernels(6, 5)
    viz.selection = {"bundle": "conv.weight", "target": 1, "source": 1}
    diagram = show(viz)
    box = diagram.root.locator(".nwv-inspector .nwv-kernel-pane").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2.5 / 5 * box["width"], box["y"] + 4.5 / 6 * box["height"])
    said = diagram.root.locator(".nwv-kernel-spot").inner_text()
    entry, value = said.rsplit(" ", 1)
    assert entry == "conv.weight[1, 1, 4, 2]"
    assert number(value) == pytest.approx(weights[-1, 1, 1, 4, 2], rel=1e-3)


@pytest.mark.parametrize("ratio", [1, 1.5, 2, 3])
def test_cells_are_crisp_at_every_pixel_ratio(browser: Browser, tmp_path: Path, ratio: float) -> None:
    viz, _ = kernels(5, 5)
    viz.selection = {"bundle": "conv.weight", "target": 0, "source": 0}
    page = browser.new_page(device_scale_factor=ratio, color_scheme="light")
    page.goto(nwv.to_html(viz, tmp_path / "page.html").as_uri())
    pane = page.locator(".nwv-inspector .nwv-kernel-pane canvas")
    colours = {tuple(colour) for colour in pixels(pane).reshape(-1, 3).tolist()}
    shown = np.array(Image.open(BytesIO(pane.screenshot())).convert("RGB")).reshape(-1, 3)
    found = [tuple(colour) in colours for colour in shown.tolist()]
    assert len(colours) == 25
    assert np.mean(found) > 0.93  # all but the frame, which a fractional ratio lets the shot overlap
    page.close()


def test_a_link_of_one_entry_has_no_picture(show: Show) -> None:
    viz, _ = kernels(1, 1, n=1)
    diagram = show(viz)
    diagram.hover_link(("input", 1), ("conv", 1))
    expect(diagram.tooltip).to_contain_text("conv.weight[1, 1, 0, 0]")
    expect(diagram.tooltip.locator(".nwv-kernel")).to_have_count(0)


def test_a_kernel_along_time_is_no_flatten(show: Show) -> None:
    net = torch.nn.Sequential(torch.nn.Conv1d(3, 4, 5), torch.nn.ReLU(), torch.nn.Conv1d(4, 2, 3))
    diagram = show(nwv.WeightViz(net, example_input=torch.zeros(1, 3, 20)))
    expect(diagram.root.locator(".nwv-caption")).to_contain_text("all 26 links drawn")
    expect(diagram.root.locator(".nwv-caption")).not_to_contain_text("flattened")
    expect(diagram.root.get_by_label("kernels")).to_have_count(0)
