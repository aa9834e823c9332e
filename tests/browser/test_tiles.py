"""A matrix too large to be sent whole: what is in sight comes from Python, and says what each place holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram, until
from nnweightviz.serving import PageServer
from served import serving

SIDE = 3000  # 9 MB of codes: more than rides in the state
PLANTED = {(17, 40): 1.0, (800, 2950): -1.0, (1501, 1499): 1.0, (2999, 2999): -1.0, (2600, 300): 1.0}


@pytest.fixture
def server() -> Iterator[PageServer]:
    history = nwv.History()
    for k in range(3):
        weight = np.zeros((SIDE, SIDE), np.float32)
        for (row, column), value in PLANTED.items():
            weight[row, column] = value / (k + 1)
        if k == 1:
            weight[100, 100] = np.nan
        history.record({"fc.weight": weight}, step=10 * k, loss=1 / (k + 1))
    with serving(history) as server:
        yield server


@pytest.fixture
def diagram(server: PageServer, page: Page) -> Diagram:
    page.goto(server.url)
    diagram = Diagram(page)
    diagram.root.get_by_role("tab", name="Matrix").click()
    wait_for_picture(diagram, 2)
    return diagram


def stage(diagram: Diagram) -> Any:
    return diagram.root.locator("[aria-roledescription='matrix']")


def wait_for_picture(diagram: Diagram, k: int) -> None:
    expect(stage(diagram)).to_have_attribute("data-picture", str(k), timeout=20_000)
    expect(caption(diagram)).not_to_contain_text("on their way", timeout=20_000)


def caption(diagram: Diagram) -> Any:
    return diagram.root.locator(".nwv-caption")


def painted(diagram: Diagram) -> dict[tuple[int, int], str]:
    """Which pixels of the picture have a colour, and which."""
    found = stage(diagram).evaluate(
        """(stage) => {
          const canvas = stage.querySelector("canvas");
          const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const found = [];
          for (let i = 0; i < data.length; i += 4) {
            const [red, green, blue, alpha] = data.slice(i, i + 4);
            if (alpha > 0 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40)
              found.push([(i / 4) % width, Math.floor(i / 4 / width), red, blue]);
          }
          return found;
        }"""
    )
    return {(x, y): "blue" if blue > red else "red" for x, y, red, blue in found}


def frame(diagram: Diagram) -> dict[str, float]:
    """Where the cells are, in pixels of the stage."""
    box = diagram.root.locator(".nwv-matrix-frame")
    return {name: float(box.get_attribute(name) or 0) for name in ("x", "y", "width", "height")}


def test_each_pixel_shows_the_strongest_of_the_weights_that_share_it(diagram: Diagram) -> None:
    box = frame(diagram)
    expected = {}
    for (row, column), value in PLANTED.items():
        x = round(box["x"]) + int(column / SIDE * box["width"])
        y = round(box["y"]) + int(row / SIDE * box["height"])
        expected[x, y] = "blue" if value > 0 else "red"
    found = painted(diagram)
    near = {at: [x for x in expected if abs(x[0] - at[0]) < 2 and abs(x[1] - at[1]) < 2] for at in found}
    assert all([expected[x] for x in near[at]] == [colour] for at, colour in found.items())
    assert {x for there in near.values() for x in there} == set(expected)
    expect(caption(diagram)).to_contain_text("each pixel shows the strongest of up to")
    expect(caption(diagram)).to_contain_text("the kernel sends those in sight")


def test_what_is_pointed_at_is_the_strongest_there_by_name(diagram: Diagram) -> None:
    origin = stage(diagram).bounding_box()
    assert origin is not None
    named = set()
    for x, y in painted(diagram):
        diagram.page.mouse.move(origin["x"] + x + 0.5, origin["y"] + y + 0.5)
        tooltip = diagram.root.locator(".nwv-tooltip:visible")
        entry = tooltip.locator(".nwv-reading-entry", has_text="fc.weight[")
        entry.wait_for(timeout=20_000)
        row, column = (int(i) for i in re.findall(r"\d+", entry.inner_text()))
        sign = "−" if PLANTED[row, column] < 0 else ""
        expect(tooltip.locator(".nwv-value")).to_have_text(f"{sign}0.3333", timeout=20_000)
        named.add((row, column))
    assert named == set(PLANTED)


def test_closer_up_finer_tiles_come_and_the_counts_are_exact(diagram: Diagram) -> None:
    expect(caption(diagram)).to_contain_text("0 beyond the domain", timeout=20_000)
    for _ in range(10):
        diagram.button("Zoom in").click()
    wait_for_picture(diagram, 2)
    expect(caption(diagram)).not_to_contain_text("each pixel shows the strongest")
    assert len(painted(diagram)) > 1  # one weight, (1501, 1499)


def test_the_picture_follows_the_playhead_and_what_is_no_number_is_told(diagram: Diagram) -> None:
    diagram.scrub_to(1)
    wait_for_picture(diagram, 1)
    expect(caption(diagram)).to_contain_text("1 NaN or infinite", timeout=20_000)
    diagram.scrub_to(0)
    wait_for_picture(diagram, 0)
    diagram.button("Play").click()
    wait_for_picture(diagram, 2)


def test_the_rows_come_as_images_of_those_in_sight(diagram: Diagram) -> None:
    diagram.root.get_by_label("as", exact=True).select_option("portraits")
    wait_for_picture(diagram, 2)
    expect(caption(diagram)).to_contain_text(re.compile(r"of 3.000 in sight"))


def test_the_whole_is_never_sent(server: PageServer, diagram: Diagram) -> None:
    sent = []
    diagram.page.on("response", lambda response: sent.append(response))
    diagram.scrub_to(0)
    wait_for_picture(diagram, 0)
    until(lambda: len(sent) > 0)
    n_bytes = sum(len(response.body()) for response in sent if response.request.method == "GET")
    assert n_bytes < SIDE * SIDE / 2, f"{n_bytes} bytes for a checkpoint"
    assert server.live.payload.is_by_name
