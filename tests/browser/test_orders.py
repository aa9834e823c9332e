"""Orders of units on the page: where units go, how they move there, and what the caption says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram, mlp, random_states
from nnweightviz.orders import unit_orders

Show = Callable[..., Diagram]
MOVING = "() => document.getAnimations().filter(a => a.effect.target.dataset.unit !== undefined).length"


def column(diagram: Diagram, group: str, n_units: int) -> list[int]:
    """The units of a group from top to bottom, as they stand on the screen."""
    return sorted(range(n_units), key=lambda unit: diagram.unit(group, unit)[1])


def settle(page: Page) -> None:
    page.wait_for_function(f"() => ({MOVING})() === 0")


def choose(diagram: Diagram, order: str) -> None:
    diagram.root.get_by_label("order", exact=True).select_option(order)


@pytest.mark.parametrize("order", ["correlation", "crossings"])
def test_units_stand_in_the_order_that_python_computed(
    show: Show, history: nwv.History, page: Page, order: str
) -> None:
    viz = nwv.WeightViz(mlp(), history)
    diagram = show(viz)
    expected = unit_orders(viz.network, history[-1].state, order)
    assert expected
    choose(diagram, order)
    settle(page)
    for group, units in expected.items():
        assert column(diagram, group, len(units)) == units
    words = {
        "correlation": "by correlation of incoming weights",
        "crossings": "so that strong links cross less,",
    }
    expect(diagram.root.locator(".nwv-caption")).to_contain_text(
        f"units ordered {words[order]} at checkpoint 11"
    )
    choose(diagram, "model")
    settle(page)
    assert column(diagram, "hidden", 4) == [0, 1, 2, 3]


def test_an_order_is_kept_while_the_playhead_moves(show: Show, history: nwv.History, page: Page) -> None:
    viz = nwv.WeightViz(mlp(), history)
    viz.options = {"order": "crossings"}
    diagram = show(viz)
    before = column(diagram, "hidden", 4)
    assert before == unit_orders(viz.network, history[-1].state, "crossings").get("hidden", [0, 1, 2, 3])
    diagram.scrub_to(2)
    assert page.evaluate(MOVING) == 0
    assert column(diagram, "hidden", 4) == before


def test_units_and_their_names_move_once_to_their_places(
    show: Show, history: nwv.History, page: Page, errors: list[str]
) -> None:
    viz = nwv.WeightViz(mlp(), history, input_names=["red", "green", "blue"])
    diagram = show(viz)
    n_moved = sum(
        sum(k != unit for k, unit in enumerate(units))
        for units in unit_orders(viz.network, history[-1].state, "crossings").values()
    )
    choose(diagram, "crossings")
    assert page.evaluate(MOVING) >= n_moved > 0
    settle(page)
    expect(diagram.root.locator("canvas.nwv-canvas")).to_have_count(1)
    diagram.slider.focus()
    page.keyboard.press("Home")
    diagram.wait_for("checkpoint", 0)
    assert page.evaluate(MOVING) == 0
    names = {unit: diagram.root.locator(f"[data-names=input][data-unit='{unit}']") for unit in range(3)}
    for unit, name in names.items():
        box = name.bounding_box()
        assert box is not None
        assert abs(box["y"] + box["height"] / 2 - diagram.unit("input", unit)[1]) < 3
    assert errors == []


def test_nothing_moves_for_readers_who_prefer_that(show: Show, history: nwv.History, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    viz = nwv.WeightViz(mlp(), history)
    diagram = show(viz)
    choose(diagram, "crossings")
    assert page.evaluate(MOVING) == 0
    units = unit_orders(viz.network, history[-1].state, "crossings")["hidden"]
    assert column(diagram, "hidden", 4) == units


def test_links_are_picked_where_they_went(show: Show, history: nwv.History, page: Page) -> None:
    diagram = show(nwv.WeightViz(mlp(), history))
    choose(diagram, "crossings")
    settle(page)
    diagram.hover_link(("input", 1), ("hidden", 3))
    expect(diagram.tooltip).to_contain_text("hidden.weight[3, 1]")


def test_a_lane_follows_its_layer(show: Show, page: Page) -> None:
    net = torch.nn.LSTM(3, 5)
    viz = nwv.WeightViz(net, random_states(net, 3))
    layer = next(group for group in viz.network.groups if group.ports)
    lane = next(group for group in viz.network.groups if group.delayed_of == layer.id)
    diagram = show(viz)
    choose(diagram, "correlation")
    settle(page)
    order = column(diagram, layer.id, 5)
    assert order == viz._payload.order("correlation")["groups"][layer.id] != list(range(5))
    assert column(diagram, lane.id, 5) == order


def test_thinned_names_do_not_overlap_in_any_order(show: Show, page: Page) -> None:
    net = torch.nn.Linear(90, 4)
    viz = nwv.WeightViz(net, random_states(net, 2))
    diagram = show(viz)
    choose(diagram, "crossings")
    settle(page)
    boxes: list[Any] = [name.bounding_box() for name in page.locator("[data-names=input]").all()]
    tops = np.sort([box["y"] for box in boxes])
    assert len(tops) > 20
    assert np.diff(tops).min() > 8
