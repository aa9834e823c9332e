"""Layers that read an image, as a reader sees them: colours against numpy, focus, pixels, keys, the switch."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib import image as png
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram

Show = Callable[..., Diagram]
Weights = NDArray[np.float32]

POSITIVE, NEGATIVE, PAPER = (24, 95, 178), (208, 69, 20), (255, 255, 255)
DARK = {"positive": (98, 176, 255), "negative": (255, 128, 66), "paper": (23, 25, 28)}


def portraits(
    n_units: int = 30, grid: tuple[int, ...] = (8, 8), n_out: int = 3, n: int = 3, **given: Any
) -> tuple[nwv.WeightViz, list[dict[str, Weights]]]:
    """Return a net that reads an image, and its states; later units are stronger."""
    rng = np.random.default_rng(0)
    strengths = np.linspace(0.2, 1, n_units)[:, None]
    states = []
    for _ in range(n):
        hidden = rng.normal(size=(n_units, int(np.prod(grid)))) * strengths
        out = rng.uniform(0.9, 1.1, size=(n_out, n_units)) * rng.choice([-1, 1], size=(n_out, n_units))
        states.append({"hidden.weight": np.float32(hidden), "out.weight": np.float32(out)})
    options = given.pop("options", {})
    viz = nwv.WeightViz(None, states, input_grid=grid, **given)
    viz.options = options
    return viz, states


def ready(diagram: Diagram, checkpoint: int) -> None:
    expect(diagram.root.locator(f"canvas[data-picture='{checkpoint}']")).to_be_attached(timeout=15_000)


def canvas(diagram: Diagram) -> NDArray[np.float64]:
    """Colours of the stage on its paper, (height, width, 4), 0 to 255."""
    url = diagram.root.locator("canvas.nwv-canvas").evaluate("canvas => canvas.toDataURL()")
    return 255.0 * np.asarray(png.imread(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def frame(diagram: Diagram, selector: str) -> tuple[float, ...]:
    """x, y, width and height of a picture, in pixels of the stage."""
    rect = diagram.root.locator(f"rect.nwv-picture{selector}")
    return tuple(float(rect.get_attribute(name) or "nan") for name in ("x", "y", "width", "height"))


def cells(image: NDArray[np.float64], box: tuple[float, ...], rows: int, columns: int) -> NDArray[np.float64]:
    """Colours in the middle of each cell of a picture, (rows, columns, 3)."""
    x, y, width, height = box
    at_x = (x + (np.arange(columns) + 0.5) * width / columns).astype(int)
    at_y = (y + (np.arange(rows) + 0.5) * height / rows).astype(int)
    return image[np.ix_(at_y, at_x)][..., :3]


def shades(
    values: Weights,
    domain: float,
    positive: tuple[int, ...] = POSITIVE,
    negative: tuple[int, ...] = NEGATIVE,
    paper: tuple[int, ...] = PAPER,
) -> NDArray[np.float64]:
    """The colours that weights ought to have, (*shape, 3)."""
    strength = (np.minimum(1, np.abs(values) / domain) ** 0.8)[..., None]
    hue = np.where(values[..., None] < 0, negative, positive)
    return paper + strength * (np.asarray(hue) - paper)


def domain_of(states: list[dict[str, Weights]]) -> float:
    return float(np.quantile(np.abs([state["hidden.weight"] for state in states]), 0.995))


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def point_at(diagram: Diagram, box: tuple[float, ...], row: float, column: float, n: tuple[int, int]) -> None:
    stage = diagram.root.locator(".nwv-stage").bounding_box()
    assert stage is not None
    x = stage["x"] + box[0] + (column + 0.5) * box[2] / n[1]
    diagram.page.mouse.move(x, stage["y"] + box[1] + (row + 0.5) * box[3] / n[0])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_of_portraits_are_the_weights_that_numpy_has(
    show: Show, errors: list[str], theme: str
) -> None:
    viz, states = portraits(options={"theme": theme})
    viz.checkpoint = 0
    diagram = show(viz)
    looks = DARK if theme == "dark" else {}
    for k in (0, 2):  # they move with the playhead
        diagram.scrub_to(k)
        ready(diagram, k)
        image = canvas(diagram)
        for unit in (29, 28, 15, 3):  # in the column, and on the sheet
            weights = states[k]["hidden.weight"][unit].reshape(8, 8)
            seen = cells(image, frame(diagram, f"[data-unit='{unit}']"), 8, 8)
            expected = shades(weights, domain_of(states), **looks)
            assert np.abs(seen - expected).max() <= 4
    assert errors == []


def test_channels_stand_side_by_side(show: Show) -> None:
    viz, states = portraits(6, (3, 4, 4))
    diagram = show(viz)
    ready(diagram, 2)
    weights = states[-1]["hidden.weight"][2].reshape(3, 4, 4)
    seen = cells(canvas(diagram), frame(diagram, "[data-unit='2']"), 4, 12)
    expected = shades(np.concatenate(list(weights), axis=1), domain_of(states))
    assert np.abs(seen - expected).max() <= 4


def test_a_unit_in_focus_colours_the_image_with_its_weights(show: Show, page: Page) -> None:
    viz, states = portraits()
    diagram = show(viz)
    ready(diagram, 2)
    box = frame(diagram, "[data-channel='0']")
    all_units = cells(canvas(diagram), box, 8, 8)
    assert np.ptp(all_units, axis=-1).max() < 14  # grey
    page.mouse.move(*diagram.unit("hidden", 27))
    page.wait_for_timeout(700)
    weights = states[-1]["hidden.weight"][27].reshape(8, 8)
    seen = cells(canvas(diagram), box, 8, 8)
    assert np.abs(seen - shades(weights, domain_of(states))).max() <= 4


def test_the_grey_image_is_the_root_mean_square_of_all_units(show: Show) -> None:
    viz, states = portraits()
    diagram = show(viz)
    ready(diagram, 2)
    rms = np.sqrt((states[-1]["hidden.weight"] ** 2).mean(axis=0)).reshape(8, 8)
    seen = cells(canvas(diagram), frame(diagram, "[data-channel='0']"), 8, 8)
    grey = (72, 76, 84)
    assert np.abs(seen - shades(rms, domain_of(states), grey, grey)).max() <= 4
    expect(diagram.root.locator(".nwv-legend")).to_contain_text("root mean square")


def test_a_pixel_reads_the_weight_of_the_selected_unit(show: Show) -> None:
    viz, states = portraits()
    viz.selection = {"group": "hidden", "unit": 29}
    diagram = show(viz)
    ready(diagram, 2)
    box = frame(diagram, "[data-channel='0']")
    for row, column in ((0, 0), (2, 5), (7, 7)):
        point_at(diagram, box, row, column, (8, 8))
        expect(diagram.tooltip).to_contain_text(f"hidden.weight[29, {8 * row + column}]")
        shown = number(diagram.tooltip.locator(".nwv-value").inner_text())
        assert shown == pytest.approx(states[-1]["hidden.weight"][29, 8 * row + column], rel=1e-3)


def test_pointing_at_a_portrait_enlarges_it_with_its_range_and_rank(show: Show, page: Page) -> None:
    viz, states = portraits()
    diagram = show(viz)
    ready(diagram, 2)
    page.mouse.move(*diagram.unit("hidden", 12))
    weights = states[-1]["hidden.weight"][12]
    low, high = diagram.tooltip.locator(".nwv-kernel-about b").inner_text().split(" … ")
    assert [number(low), number(high)] == pytest.approx([weights.min(), weights.max()], rel=1e-3)
    norm = [
        np.linalg.norm(states[-1]["hidden.weight"], axis=1),
        np.linalg.norm(states[-1]["out.weight"], axis=0),
    ]
    rank = 1 + int((norm[0] * norm[1] > (norm[0] * norm[1])[12]).sum())
    expect(diagram.tooltip).to_contain_text(f"{rank} of 30 by strength")
    expect(diagram.tooltip).to_contain_text(f"±{domain_of(states):.3f}")


def test_the_panel_reads_every_cell_of_a_selected_portrait(show: Show, page: Page) -> None:
    viz, states = portraits()
    viz.selection = {"group": "hidden", "unit": 12}
    diagram = show(viz)
    box = diagram.root.locator(".nwv-inspector .nwv-kernel-pane").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2.5 / 8 * box["width"], box["y"] + 6.5 / 8 * box["height"])
    spot = diagram.root.locator(".nwv-inspector .nwv-kernel-spot")
    expect(spot).to_contain_text("hidden.weight[12, 50]")
    value = number(spot.inner_text().split()[-1])
    assert value == pytest.approx(states[-1]["hidden.weight"][12, 50], rel=1e-3)


def test_dead_and_unchanged_units_are_dashed_and_counted_apart(show: Show, page: Page) -> None:
    _, states = portraits()
    states[-1]["hidden.weight"][4] = 0
    states[-1]["hidden.weight"][[7, 29]] = states[0]["hidden.weight"][[7, 29]]
    diagram = show(nwv.WeightViz(None, states, input_grid=(8, 8)))
    expect(diagram.root.locator(".nwv-caption")).to_contain_text(
        "dashed: 1 dead, 2 unchanged since checkpoint 1"
    )
    expect(diagram.root.locator("rect.nwv-idle")).to_have_count(3)
    page.mouse.move(*diagram.unit("hidden", 4))
    expect(diagram.tooltip).to_contain_text("dead: all weights into or out of it are 0")


def test_the_switch_brings_lines_and_back(show: Show) -> None:
    viz, _ = portraits()
    diagram = show(viz)
    ready(diagram, 2)
    assert diagram.n_drawn == 20 * 3
    expect(diagram.root.locator(".nwv-caption")).to_contain_text("30 links of units on the sheet not drawn")
    diagram.button("portraits").click()
    diagram.wait_for("links-drawn", 30 * 64 + 30 * 3)
    expect(diagram.root.locator("rect.nwv-picture")).to_have_count(0)
    diagram.button("portraits").click()
    diagram.wait_for("links-drawn", 20 * 3)


def test_biases_of_a_small_layer_are_read_below_its_portraits(show: Show, errors: list[str]) -> None:
    _, states = portraits(16)
    rng = np.random.default_rng(1)
    for state in states:
        state["hidden.bias"] = np.float32(rng.uniform(0.2, 1, 16) * rng.choice([-1, 1], 16))
    diagram = show(nwv.WeightViz(None, states, input_grid=(8, 8)))
    ready(diagram, 2)
    assert diagram.n_drawn == 16 * 3
    expect(diagram.root.locator(".nwv-bias")).to_have_count(0)
    expect(diagram.root.locator(".nwv-caption")).to_contain_text("1 040 in portraits and ticks")
    expect(diagram.root.locator(".nwv-legend")).to_contain_text("hidden biases (ticks)")
    for unit in (0, 7, 15):
        x, y, width, height = frame(diagram, f"[data-unit='{unit}']")
        bias = float(states[-1]["hidden.bias"][unit])
        tick = (x + width / 2 + (2 if bias > 0 else -4), y + height + 1, 2, 1)
        blue, red = np.argmax(POSITIVE), np.argmax(NEGATIVE)
        colour = canvas(diagram)[int(tick[1]), int(tick[0]), :3]
        assert np.argmax(colour) == (blue if bias > 0 else red)
        point_at(diagram, tick, 0, 0, (1, 1))
        expect(diagram.tooltip).to_contain_text(f"hidden.bias[{unit}]")
        shown = number(diagram.tooltip.locator(".nwv-value").inner_text())
        assert shown == pytest.approx(bias, rel=1e-3)
        expect(diagram.root.locator(".nwv-overlay rect")).to_have_count(1)
    diagram.button("portraits").click()
    diagram.wait_for("links-drawn", 16 * 64 + 16 * 3 + 16)
    expect(diagram.root.locator(".nwv-bias")).to_have_count(1)
    expect(diagram.root.locator(".nwv-legend")).not_to_contain_text("(ticks)")
    assert errors == []


def test_keys_step_to_a_bias_below_a_portrait(show: Show, page: Page) -> None:
    _, states = portraits(16)
    for state in states:
        state["hidden.bias"] = np.full(16, -9, dtype=np.float32)
    viz = nwv.WeightViz(None, states, input_grid=(8, 8))
    viz.selection = {"group": "hidden", "unit": 5}
    diagram = show(viz)
    diagram.root.locator(".nwv-stage").focus()
    page.keyboard.press(".")
    entry = diagram.root.locator(".nwv-inspector .nwv-reading-entry").last
    expect(entry).to_contain_text("hidden.bias[5]")


def test_a_unit_on_the_sheet_shows_its_lines_while_it_is_selected(show: Show) -> None:
    viz, _ = portraits()
    viz.selection = {"group": "hidden", "unit": 0}
    diagram = show(viz)
    diagram.wait_for("links-drawn", 21 * 3)


def test_arrow_keys_go_from_the_portraits_to_the_sheet_the_image_and_the_next_layer(
    show: Show, page: Page, errors: list[str]
) -> None:
    viz, _ = portraits()
    viz.selection = {"group": "hidden", "unit": 29}
    diagram = show(viz)
    title = diagram.root.locator(".nwv-inspector .nwv-reading-title")
    diagram.root.locator(".nwv-stage").focus()

    def walk(key: str, until: str) -> list[str]:
        seen = []
        for _ in range(12):
            page.keyboard.press(key)
            seen.append(title.inner_text())
            if re.match(until, seen[-1]):
                return seen
        raise AssertionError(f"{key} leads through {seen}, not to {until}")

    assert walk("ArrowDown", "hidden")[0] != "hidden · unit 30"
    path = walk("ArrowLeft", "input")
    on_sheet = [int(name.split()[-1]) for name in path[:-1]]
    assert any(unit <= 10 for unit in on_sheet)  # the ten weakest
    expect(diagram.root.locator("rect.nwv-pixel")).to_be_visible()
    walk("ArrowRight", "hidden")
    walk("ArrowRight", "out")
    walk("ArrowLeft", "hidden")
    assert errors == []


def test_keys_step_through_the_weights_of_a_portrait_strongest_first(show: Show, page: Page) -> None:
    viz, states = portraits()
    viz.selection = {"group": "hidden", "unit": 29}
    diagram = show(viz)
    weights = np.abs(states[-1]["hidden.weight"][29])
    diagram.root.locator(".nwv-stage").focus()
    page.keyboard.press(".")
    entry = diagram.root.locator(".nwv-inspector .nwv-reading-entry").last
    expect(entry).to_contain_text(f"hidden.weight[29, {weights.argmax()}]")


def test_finding_a_unit_on_the_sheet_brings_it_into_sight(show: Show, errors: list[str]) -> None:
    viz, _ = portraits()
    diagram = show(viz)
    diagram.button("Zoom in").click()
    diagram.root.get_by_label("Find a layer or a unit").fill("hidden · unit 1")
    diagram.root.get_by_label("Find a layer or a unit").press("Enter")
    expect(diagram.root.locator(".nwv-inspector .nwv-reading-title")).to_contain_text("hidden · unit 1")
    expect(diagram.root.locator("rect.nwv-picture[data-unit='0']")).to_be_in_viewport()
    assert errors == []


def test_zooming_in_makes_portraits_larger_and_sharper(show: Show) -> None:
    viz, states = portraits(124, (28, 28))
    diagram = show(viz)
    ready(diagram, 2)
    before = frame(diagram, "[data-unit='123']")[2]
    for _ in range(3):
        diagram.button("Zoom in").click()
    diagram.page.wait_for_timeout(800)
    assert frame(diagram, "[data-unit='123']")[2] == pytest.approx(before * 1.25**3, rel=1e-3)
    image = canvas(diagram)
    boxes = {unit: frame(diagram, f"[data-unit='{unit}']") for unit in range(104)}
    seen = [u for u, (x, y, w, h) in boxes.items() if 0 < x < 600 and 0 < y < image.shape[0] - h and w >= 28]
    assert len(seen) > 10  # a pixel or more for each weight, also on the sheet
    for unit in seen[:5]:
        weights = states[-1]["hidden.weight"][unit].reshape(28, 28)
        expected = shades(weights, domain_of(states))
        drawn = cells(image, boxes[unit], 28, 28)
        assert np.median(np.abs(drawn - expected)) <= 4


def test_a_guessed_grid_says_so_and_how_to_state_it(show: Show) -> None:
    rng = np.random.default_rng(0)
    state = {"hidden.weight": np.float32(rng.normal(size=(5, 100)))}
    diagram = show(nwv.WeightViz(None, [state]))
    words = diagram.root.locator(".nwv-told")
    expect(words).to_have_text(re.compile("10 × 10, guessed"))
    title = words.locator("title").text_content() or ""
    assert "100 inputs make a square" in title
    assert "input_grid=(rows, columns)" in title


def test_portraits_bear_the_names_of_their_units(show: Show) -> None:
    rng = np.random.default_rng(0)
    state = {"out.weight": np.float32(rng.normal(size=(3, 64)) * [[3], [2], [1]])}
    diagram = show(nwv.WeightViz(None, [state], input_grid=(8, 8), output_names=["cat", "dog", "pig"]))
    expect(diagram.root.locator(".nwv-portrait-name")).to_have_text(["cat", "dog", "pig"])


def test_a_reader_who_does_not_see_them_hears_of_portraits(show: Show) -> None:
    viz, _ = portraits()
    diagram = show(viz)
    ready(diagram, 2)
    said = re.compile(r"hidden is shown as portraits, images \(8 × 8\) of the weights into its units")
    expect(diagram.root.locator(".nwv-stage")).to_have_attribute("aria-label", said)
    title = diagram.root.locator("rect.nwv-picture[data-unit='3'] title").text_content() or ""
    assert "weights into hidden · unit 4" in title


def test_the_shading_is_chosen_where_there_is_one(show: Show) -> None:
    viz, _ = portraits(60, (8, 8))
    diagram = show(viz)
    ready(diagram, 2)
    shading = diagram.root.get_by_label("shading")
    expect(shading).to_be_hidden()  # portraits leave 60 lines
    diagram.button("portraits").click()
    expect(shading).to_be_visible()
    legend = diagram.root.locator(".nwv-legend")
    expect(legend).to_contain_text("the strongest link wins the pixel")
    expect(legend).to_contain_text("at half strength")
    diagram.wait_for("links-drawn", 60 * 64 + 60 * 3)
    diagram.page.wait_for_timeout(800)
    before = canvas(diagram)
    shading.select_option("sum")
    expect(legend).to_contain_text(re.compile(r"signed sum .* \|s\| / \(\|s\| \+ [\d.]+\)"))
    diagram.page.wait_for_timeout(1500)
    assert np.abs(canvas(diagram) - before).mean() > 1
