"""Closed blocks in the browser: what a person sees of a deep net, opens, closes and reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page

import nnweightviz as nwv
from browser.conftest import Diagram, random_states

Show = Callable[..., Diagram]


class Block(torch.nn.Module):
    """A residual block of two small dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.act, self.down = torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.down(self.act(self.up(x)))


def deep_net(n_blocks: int = 12) -> torch.nn.Module:
    """Dense in, residual blocks ``h.0``, ``h.1``, …, dense out: too many columns to be drawn whole."""
    net = torch.nn.Sequential()
    net.add_module("embed", torch.nn.Linear(4, 6))
    net.add_module("h", torch.nn.Sequential(*(Block() for _ in range(n_blocks))))
    net.add_module("head", torch.nn.Linear(6, 3))
    return net


@pytest.fixture
def deep() -> nwv.WeightViz:
    """A deep net with five checkpoints."""
    net = deep_net()
    return nwv.WeightViz(net, random_states(net, 5), example_input=torch.zeros(2, 4))


def block(diagram: Diagram, name: str) -> Locator:
    return diagram.root.locator(f"[data-block={json.dumps(name)}]")


def names(diagram: Diagram) -> list[str]:
    boxes: list[str] = diagram.root.locator("[data-block]").evaluate_all(
        "boxes => boxes.map(box => box.dataset.block)"
    )
    return boxes


def press(page: Page, at: Locator) -> None:
    box = at.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_a_deep_net_opens_as_a_row_of_blocks_that_are_counted(
    show: Show, deep: nwv.WeightViz, errors: list[str]
) -> None:
    diagram = show(deep)
    assert [name for name in names(diagram) if name.startswith("h.")] == [f"h.{k}" for k in range(12)]
    assert "parameters in 13 closed blocks" in diagram.root.locator(".nwv-caption").inner_text()
    assert errors == []


def test_a_press_opens_a_block_with_its_links_and_its_minus_closes_it_again(
    show: Show, deep: nwv.WeightViz, page: Page
) -> None:
    diagram = show(deep)
    before, drawn = names(diagram), diagram.n_drawn
    press(page, block(diagram, "h.1"))
    diagram.root.locator('[data-frame="h.1"]').wait_for(state="attached")
    assert "h.1" not in names(diagram)
    page.wait_for_function(
        "([root, n]) => +root.dataset.linksDrawn > n", arg=[diagram.root.element_handle(), drawn]
    )
    assert diagram.n_drawn - drawn >= 8 * 6
    press(page, diagram.root.locator('[data-frame="h.1"] .nwv-sign'))
    diagram.wait_for("links-drawn", drawn)
    assert names(diagram) == before


def test_a_block_stays_near_where_it_was_when_it_is_opened(
    show: Show, deep: nwv.WeightViz, page: Page
) -> None:
    diagram = show(deep)
    stood = block(diagram, "h.2").bounding_box()
    press(page, block(diagram, "h.2"))
    frame = diagram.root.locator('[data-frame="h.2"] > rect')
    frame.wait_for(state="attached")
    now = frame.bounding_box()
    stage = diagram.root.locator(".nwv-stage").bounding_box()
    assert stood is not None
    assert now is not None
    assert stage is not None
    assert stage["x"] <= now["x"] <= stood["x"] + 20


def test_blocks_are_walked_opened_and_closed_by_keyboard(show: Show, deep: nwv.WeightViz, page: Page) -> None:
    diagram = show(deep)
    diagram.root.locator(".nwv-stage").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    focused = diagram.root.locator(".nwv-block.nwv-is-focus")
    name = focused.get_attribute("data-block")
    assert name is not None
    assert name.startswith("h.")
    page.keyboard.press("Enter")
    frame = diagram.root.locator(f'[data-frame="{name}"]')
    frame.wait_for(state="attached")
    page.keyboard.press("Backspace")
    frame.wait_for(state="detached")
    assert focused.get_attribute("data-block") == name


def test_a_box_prints_norm_and_update_of_the_playhead(show: Show) -> None:
    net = deep_net()
    states = random_states(net, 4)
    diagram = show(nwv.WeightViz(net, states, example_input=torch.zeros(2, 4)))
    for k in (0, 3):
        diagram.scrub_to(k)
        own = [name for name in states[k] if name.startswith("h.1.")]
        norm = np.sqrt(sum(float(np.square(states[k][name]).sum()) for name in own))
        moved = np.sqrt(sum(float(np.square(states[k][n] - states[k - 1][n]).sum()) for n in own))
        shown = block(diagram, "h.1").locator(".nwv-box-value").all_text_contents()
        assert shown[0] == f"{norm:.3g}"
        assert shown[1] == (f"{moved:.3g}" if k else "–")


def test_a_nan_is_said_in_the_box_that_holds_it(show: Show) -> None:
    net = deep_net()
    states = random_states(net, 3)
    states[2]["h.2.up.weight"][0, 0] = np.nan
    diagram = show(nwv.WeightViz(net, states, example_input=torch.zeros(2, 4)))
    assert block(diagram, "h.2").locator(".nwv-odd").text_content() == "1 NaN"
    assert block(diagram, "h.1").locator(".nwv-odd").count() == 0


def test_pointing_at_a_box_tells_the_parameters_in_it(show: Show, deep: nwv.WeightViz) -> None:
    diagram = show(deep)
    block(diagram, "h.0").hover(force=True)
    text = diagram.tooltip.inner_text()
    assert "up.weight" in text
    assert "8 × 6" in text


def test_python_says_what_is_open_and_all_can_be_closed(show: Show, deep: nwv.WeightViz) -> None:
    deep.options |= {"expanded": ["h.3"]}
    diagram = show(deep)
    assert diagram.root.locator('[data-frame="h.3"]').count() == 1
    diagram.button("close all").click()
    block(diagram, "h.11").wait_for(state="detached")
    assert sorted(names(diagram)) == ["embed", "h", "head", "input"]
    diagram.button("as at first").click()
    block(diagram, "h.11").wait_for(state="attached")


def test_a_small_net_has_no_boxes(show: Show, history: Any) -> None:
    diagram = show(nwv.WeightViz(None, history))
    assert names(diagram) == []
    assert diagram.root.locator("[data-frame]").count() == 0
    assert not diagram.button("close all").is_visible()


def test_a_frame_holds_a_layer_whose_units_are_bands(show: Show) -> None:
    block = torch.nn.Sequential(torch.nn.Linear(6, 500), torch.nn.ReLU(), torch.nn.Linear(500, 6))
    net = torch.nn.Sequential(*[torch.nn.Linear(6, 6) for _ in range(24)], block)
    viz = nwv.WeightViz(net, random_states(net, 2), example_input=torch.zeros(2, 6))
    viz.options = {"expanded": ["24", "24.0", "24.2"]}
    diagram = show(viz)
    diagram.root.get_by_role("button", name="more layers ›").click()
    frame = diagram.root.locator("[data-frame='24'] rect").first.bounding_box()
    band = diagram.root.locator('[data-group^="24.0["]').first.bounding_box()
    assert frame is not None
    assert band is not None
    assert frame["x"] < band["x"] < frame["x"] + frame["width"]
    assert frame["y"] < band["y"] < frame["y"] + frame["height"]


def test_a_legend_of_very_many_layers_says_how_many_it_leaves_out(show: Show) -> None:
    net = torch.nn.Sequential(*[torch.nn.Linear(3, 3) for _ in range(22)])
    viz = nwv.WeightViz(net, random_states(net, 2), example_input=torch.zeros(2, 3))
    diagram = show(viz)
    assert diagram.root.get_by_text("and 4 more").count() == 1
