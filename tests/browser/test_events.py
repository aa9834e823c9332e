"""Events in a real Chromium: ticks on the curve, the list in words, and where both lead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram
from browser.jupyter import Jupyter, execute
from nnweightviz.serving import PageServer
from served import serving

Show = Callable[..., Diagram]
N = 30


def weights(k: int) -> dict[str, np.ndarray]:
    """A 4-3-2 net: a flip at 6 and two at 20, and a fan that grows at 12."""
    rng = np.random.default_rng(0)
    hidden = rng.uniform(0.5, 1, (3, 4)) * rng.choice([-1, 1], (3, 4))
    hidden[:, 0], hidden[:, 1] = -0.8, 0.8
    out = rng.uniform(0.5, 1, (2, 3)) * [1, -1, 1]
    if k >= 6:
        hidden[1, 2] *= -1
    if k >= 20:
        hidden[2, 3] *= -1
        hidden[0, 3] *= -1
    if k >= 12:
        out[1] *= 2.5
    return {"hidden.weight": hidden.astype(np.float32), "out.weight": out.astype(np.float32)}


def recorded(n: int = N) -> nwv.History:
    history = nwv.History()
    for k in range(n):
        history.record(weights(k), step=10 * k, loss=1 - k / 40)
    return history


@pytest.fixture
def diagram(show: Show) -> Diagram:
    viz = nwv.WeightViz(None, recorded())
    viz.checkpoint = 0
    return show(viz)


def panel(diagram: Diagram) -> Locator:
    return diagram.root.get_by_role("region", name="Events")


def opened(diagram: Diagram, label: str | re.Pattern[str] = "4 events") -> Locator:
    diagram.root.get_by_role("button", name=label).click()
    expect(panel(diagram)).to_be_visible()
    return panel(diagram)


def rows(diagram: Diagram) -> Locator:
    return panel(diagram).locator("ol button")


def test_ticks_stand_above_the_curve_with_the_number_of_what_happened(diagram: Diagram) -> None:
    ticks = diagram.slider.locator(".nwv-event")
    expect(ticks).to_have_count(3)
    expect(ticks.locator("text")).to_have_text(["2"])
    boxes = [ticks.nth(i).locator("path").bounding_box() for i in range(3)]
    curve = diagram.slider.locator("svg svg path").first.bounding_box()
    assert curve is not None
    places = [(box["x"] + box["width"] / 2 - curve["x"]) / curve["width"] for box in boxes if box]
    assert places == pytest.approx([6 / 29, 12 / 29, 20 / 29], abs=0.01)


def test_hovering_a_tick_tells_what_happened_and_a_click_goes_there_and_selects(
    diagram: Diagram, errors: list[str]
) -> None:
    tick = diagram.slider.locator(".nwv-event").first
    tick.hover()
    said = diagram.root.get_by_text("the weight from 3 of input to unit 2 of hidden became")
    expect(said).to_be_visible()
    expect(said).to_contain_text("step 60 (7/30)")
    tick.click()
    diagram.wait_for("checkpoint", 6)
    expect(diagram.root.get_by_label("Selection")).to_contain_text("hidden.weight[1, 2]")
    assert errors == []


def test_the_list_is_closed_until_asked_for_and_tells_all_in_words(diagram: Diagram) -> None:
    expect(panel(diagram)).to_be_hidden()
    opened(diagram)
    expect(rows(diagram)).to_have_count(4)
    expect(rows(diagram).first).to_contain_text("the weight from 3 of input to unit 2 of hidden")
    expect(panel(diagram).locator("ol > li > span")).to_have_text(["step 60", "step 120", "step 200"])
    expect(panel(diagram).get_by_role("status")).to_have_text("4 of 4 shown")


def test_the_list_is_narrowed_by_kind_and_by_layer(diagram: Diagram) -> None:
    opened(diagram)
    kinds, layers = (panel(diagram).get_by_label(name) for name in ("Kind of event", "Layer or metric"))
    kinds.select_option(label="grows (1)")
    expect(rows(diagram)).to_have_count(1)
    expect(panel(diagram).get_by_role("status")).to_have_text("1 of 4 shown")
    kinds.select_option(label="all kinds")
    layers.select_option(label="hidden (3)")
    expect(rows(diagram)).to_have_count(3)


def test_a_click_in_the_list_goes_there_and_selects_the_link_or_the_unit(diagram: Diagram) -> None:
    opened(diagram)
    rows(diagram).nth(1).click()
    diagram.wait_for("checkpoint", 12)
    expect(diagram.root.get_by_label("Selection")).to_contain_text("out · unit 2")
    expect(panel(diagram).locator("[aria-current]")).to_contain_text("step 120")
    rows(diagram).nth(2).click()
    diagram.wait_for("checkpoint", 20)
    expect(diagram.root.get_by_label("Selection")).to_contain_text(re.compile(r"hidden\.weight\[[02], 3\]"))


def test_the_list_is_used_by_keyboard_alone(diagram: Diagram, page: Page) -> None:
    button = diagram.root.get_by_role("button", name="4 events")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    for _ in range(4):  # two filters, the cross, and the list
        page.keyboard.press("Tab")
    expect(rows(diagram).first).to_be_focused()
    outline = rows(diagram).first.evaluate("row => getComputedStyle(row).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    diagram.wait_for("checkpoint", 12)
    expect(rows(diagram).nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel(diagram)).to_be_hidden()
    expect(button).to_be_focused()
    expect(diagram.root.get_by_label("Selection")).to_be_visible()


def test_what_happened_last_is_marked_while_it_plays(diagram: Diagram) -> None:
    opened(diagram)
    expect(panel(diagram).locator("[aria-current]")).to_have_count(0)
    diagram.scrub_to(7)
    expect(panel(diagram).locator("[aria-current]")).to_contain_text("step 60")
    diagram.root.get_by_role("combobox", name="Speed").select_option("30")
    diagram.button("Play").click()
    diagram.wait_for("checkpoint", N - 1)
    expect(panel(diagram).locator("[aria-current]")).to_contain_text("step 200")


def test_the_curve_says_what_happened_to_those_who_do_not_see_it(diagram: Diagram) -> None:
    diagram.scrub_to(6)
    expect(diagram.slider).to_have_attribute("aria-valuetext", re.compile("unit 2 of hidden became"))


def test_a_narrow_page_holds_the_list(show: Show, page: Page) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    opened(diagram := show(nwv.WeightViz(None, recorded())))
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    box = rows(diagram).first.bounding_box()
    assert box is not None
    assert box["width"] > 300


def test_a_run_in_which_nothing_happened_says_what_was_looked_for(show: Show) -> None:
    diagram = show(nwv.WeightViz(None, [(k, weights(0)) for k in range(9)]))
    opened(diagram, "no events")
    expect(panel(diagram).get_by_role("status")).to_have_text("no events found")
    expect(panel(diagram).locator("dt", has_text="sign flip")).to_be_visible()
    expect(diagram.slider.locator(".nwv-event")).to_have_count(0)


@pytest.fixture
def server() -> Iterator[PageServer]:
    with serving(recorded(10)) as server:
        yield server


def test_a_page_that_is_served_asks_for_events_and_again_as_the_run_goes_on(
    server: PageServer, page: Page
) -> None:
    page.goto(server.url)
    diagram = Diagram(page)
    opened(diagram, "1 event")
    for k in range(10, N):
        server.live.history.record(weights(k), step=10 * k, loss=1 - k / 40)
    expect(diagram.root.get_by_role("button", name="4 events")).to_be_visible(timeout=15_000)
    expect(rows(diagram)).to_have_count(4)


SETUP = """
import numpy as np
import nnweightviz as nwv
history = nwv.History()
for k in range(12):
    history.record({"fc.weight": np.array([[1, 0.8 if k < 5 else -0.8, -1]], "float32")}, step=10 * k)
viz = nwv.WeightViz(None, history)
viz.checkpoint = 0
"""


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    server = Jupyter("lab", tmp_path_factory.mktemp("events"))
    yield server
    server.close()


def test_events_are_found_by_the_kernel_behind_a_notebook(jupyter: Jupyter, page: Page) -> None:
    page.set_viewport_size({"width": 1200, "height": 1000})
    jupyter.write("events.ipynb", SETUP, "viz")
    jupyter.open(page, "events.ipynb")
    jupyter.run_all(page)
    page.locator(".nnweightviz[data-links-drawn]").wait_for(timeout=60_000)
    diagram = Diagram(page)
    opened(diagram, "1 event")
    rows(diagram).first.click()
    diagram.wait_for("checkpoint", 5)
    expect(diagram.root.get_by_label("Selection")).to_contain_text("fc.weight[0, 1]")
    execute(jupyter.kernel("events.ipynb"), "assert viz.checkpoint == 5 and viz.selection['source'] == 1")
