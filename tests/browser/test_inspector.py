"""Where what is selected is told at length: over the graph, beside any other view, below it on a narrow page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram, mlp, until

BESIDE = ("matrix", "distribution", "trajectory", "spectrum", "overview")
LINK = {"bundle": "out.weight", "target": 1, "source": 2}
UNIT = {"group": "hidden", "unit": 1}


def box_of(element: Locator) -> FloatRect:
    box = element.bounding_box()
    assert box is not None
    return box


def overlap(a: FloatRect, b: FloatRect) -> bool:
    return (
        a["x"] < b["x"] + b["width"]
        and b["x"] < a["x"] + a["width"]
        and a["y"] < b["y"] + b["height"]
        and b["y"] < a["y"] + a["height"]
    )


@pytest.fixture
def opened(show: Callable[..., Diagram], page: Page, history: nwv.History) -> Callable[..., Diagram]:
    def opened(view: str, selection: object) -> Diagram:
        page.set_viewport_size({"width": 1280, "height": 900})
        viz = nwv.WeightViz(mlp(), history, view=view)
        viz.selection = selection
        diagram = show(viz)
        diagram.wait_for("view", view)
        diagram.root.locator(".nwv-inspector:not([hidden])").wait_for()
        return diagram

    return opened


@pytest.mark.parametrize(
    ("view", "selection"), [("matrix", UNIT), *((view, LINK) for view in BESIDE)], ids=lambda x: str(x)[:12]
)
def test_what_is_selected_covers_nothing_of_a_view_beside_the_graph(
    opened: Callable[..., Diagram], page: Page, view: str, selection: object, errors: list[str]
) -> None:
    diagram = opened(view, selection)
    inspector, shown = diagram.root.locator(".nwv-inspector"), diagram.root.get_by_role("tabpanel")
    drawn = shown.locator("canvas:visible, svg:visible").first
    for width, is_beside in ((1280, True), (700, False), (420, False)):
        page.set_viewport_size({"width": width, "height": 900})
        drawn.wait_for()
        until(
            lambda: not overlap(box_of(inspector), box_of(drawn))
        )  # it is drawn anew in the room that is left
        told, stage = box_of(inspector), box_of(shown)
        assert not overlap(told, stage)
        assert (told["x"] >= stage["x"] + stage["width"]) is is_beside
        assert (told["y"] >= stage["y"] + stage["height"]) is not is_beside
        assert told["x"] + told["width"] <= width
        assert told["height"] == pytest.approx(stage["height"], abs=1) or not is_beside
    inspector.get_by_role("button", name="Close").click()
    expect(inspector).to_be_hidden()
    assert errors == []


def test_over_the_graph_it_lies_on_the_half_that_the_selection_is_not_in(
    opened: Callable[..., Diagram],
) -> None:
    diagram = opened("graph", LINK)
    told = box_of(diagram.root.locator(".nwv-inspector"))
    stage = box_of(diagram.root.get_by_role("tabpanel"))
    assert overlap(told, stage)
    assert told["x"] < stage["x"] + stage["width"] / 2
