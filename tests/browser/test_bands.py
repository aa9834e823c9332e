"""Layers of very many units in a real Chromium: folded into bands, opened by a press, read by pointing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram

Show = Callable[..., Diagram]
SIZES = (500, 600, 4)


@pytest.fixture
def wide() -> nwv.WeightViz:
    """A 500-600-4 net of two checkpoints."""
    rng = np.random.default_rng(0)
    history = nwv.History()
    for k in range(2):
        shapes = {"fc1.weight": (SIZES[1], SIZES[0]), "fc2.weight": (SIZES[2], SIZES[1])}
        history.record({p: rng.normal(size=s).astype(np.float32) for p, s in shapes.items()}, epoch=k)
    return nwv.WeightViz(None, history, precision="float32")


def test_many_units_are_drawn_as_bands_and_the_caption_says_so(show: Show, wide: nwv.WeightViz) -> None:
    diagram = show(wide)
    caption = diagram.root.locator(".nwv-caption")
    expect(caption).to_contain_text("500 units of input in bands of 20")
    expect(caption).to_contain_text("600 units of fc1 in bands of 24")
    assert diagram.data("links") == str(500 * 600 + 600 * 4)
    assert diagram.n_drawn == 25 * 25 + 25 * 4


def test_a_press_on_a_band_shows_its_units_and_one_on_their_title_folds_them(
    show: Show, wide: nwv.WeightViz, page: Page
) -> None:
    diagram = show(wide)
    page.mouse.click(*diagram.unit("fc1[0:600]", 2))
    units = diagram.root.locator("[data-group='fc1[48:72]']")
    expect(units).to_have_count(24)
    expect(diagram.tooltip).to_be_hidden()  # the band that it was of is gone
    diagram.wait_for("links-drawn", 25 * (24 + 24) + 4 * (24 + 24))
    diagram.root.get_by_text("fc1 49–72 · fold").click(force=True)
    expect(units).to_have_count(0)


def test_a_link_between_bands_reads_as_the_root_mean_square_of_its_weights(
    show: Show, wide: nwv.WeightViz
) -> None:
    diagram = show(wide)
    diagram.hover_link(("input[0:500]", 0), ("fc1[0:600]", 0), share=0.05)
    weights = wide.history[-1].state["fc1.weight"][:24, :20]
    expect(diagram.tooltip).to_contain_text("root mean square of 480 entries of fc1.weight")
    shown = float(diagram.tooltip.locator(".nwv-value").inner_text())
    assert shown == pytest.approx(float(np.sqrt((weights**2).mean())), rel=1e-3)


def test_a_selected_unit_stands_in_its_band(show: Show, wide: nwv.WeightViz) -> None:
    wide.selection = {"group": "fc1", "unit": 100}
    diagram = show(wide)
    expect(diagram.root.locator("[data-group='fc1[0:600]'][data-unit='4']")).to_have_class(
        "nwv-unit nwv-band nwv-is-focus"
    )


def test_more_units_are_drawn_one_by_one_if_the_reader_wants(show: Show, wide: nwv.WeightViz) -> None:
    wide.options = {"fold_above": 1000}
    diagram = show(wide)
    assert diagram.n_drawn == 500 * 600 + 600 * 4


def clustered(wide: nwv.WeightViz) -> list[int]:
    """Fold by clustering; returns the order of the units of fc1, in bands of 24."""
    wide.options = {"fold_by": "clustering"}
    return wide._payload.orders["correlation"]["groups"]["fc1"]


def test_bands_of_alike_units_show_their_own_units_and_weights(
    show: Show, wide: nwv.WeightViz, page: Page
) -> None:
    order = clustered(wide)
    assert order != sorted(order)
    diagram = show(wide)
    caption = diagram.root.locator(".nwv-caption")
    expect(caption).to_contain_text(
        "500 units of input in bands of 20 neighbours, 600 units of fc1 in bands of 24 alike"
    )
    expect(caption).to_contain_text("order by correlation of incoming weights at checkpoint 2")
    diagram.hover_link(("input[0:500]", 0), ("fc1[0:600]", 0), share=0.05)
    expect(diagram.tooltip).to_contain_text("band 1, 24 alike units")
    weights = wide.history[-1].state["fc1.weight"]
    shown = float(diagram.tooltip.locator(".nwv-value").inner_text())
    assert shown == pytest.approx(float(np.sqrt((weights[order[:24], :20] ** 2).mean())), rel=1e-3)

    page.mouse.click(*diagram.unit("fc1[0:600]", 2))
    expect(diagram.root.locator("[data-group='fc1[48:72]']")).to_have_count(24)
    expect(diagram.root.get_by_text("fc1 band 3 · fold")).to_be_visible()
    for row in (0, 23):
        page.mouse.move(*diagram.unit("fc1[48:72]", row))
        expect(diagram.tooltip).to_contain_text(f"fc1 · {order[48 + row] + 1}")
    page.mouse.click(*diagram.unit("fc1[48:72]", 5))
    expect(diagram.root.locator(".nwv-inspector")).to_contain_text(f"fc1 · unit {order[53] + 1}")


def test_a_page_of_alike_units_needs_no_kernel(wide: nwv.WeightViz, page: Page, tmp_path: Path) -> None:
    clustered(wide)
    page.goto(wide.to_html(tmp_path / "page.html").as_uri())
    expect(page.locator(".nwv-caption")).to_contain_text("600 units of fc1 in bands of 24 alike")


def test_a_page_without_that_order_folds_neighbours_and_says_so(
    wide: nwv.WeightViz, page: Page, tmp_path: Path
) -> None:
    page.goto(wide.to_html(tmp_path / "page.html").as_uri())
    caption = page.locator(".nwv-caption")
    expect(caption).to_contain_text("600 units of fc1 in bands of 24: ")
    page.get_by_label("bands", exact=True).select_option("clustering")
    expect(caption).to_contain_text("in bands of 24 neighbours (this page lacks that order)")
    page.get_by_label("bands", exact=True).select_option("index")
    expect(caption).to_contain_text("600 units of fc1 in bands of 24: ")
