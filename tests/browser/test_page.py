"""The exported page in a real Chromium: what a person does, then what they see."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram, mlp, random_states, until

Show = Callable[..., Diagram]


def test_pressing_play_advances_the_checkpoint_and_stops_at_the_end(show: Show, history: nwv.History) -> None:
    viz = nwv.WeightViz(mlp(), history)
    viz.checkpoint, viz.speed, viz.loop = 0, 20.0, False
    diagram = show(viz)
    assert diagram.data("n-checkpoints") == "11"
    diagram.button("Play").click()
    diagram.wait_for("playing", "true")
    diagram.wait_for("checkpoint", 10)
    diagram.wait_for("playing", "false")


def test_between_two_checkpoints_nothing_but_the_playhead_is_set(
    show: Show, history: nwv.History, page: Page
) -> None:
    viz = nwv.WeightViz(mlp(), history)
    viz.checkpoint, viz.speed = 0, 0.5
    diagram = show(viz)
    diagram.button("Play").click()
    diagram.wait_for("checkpoint", 1)
    page.wait_for_timeout(300)
    changed = page.evaluate(
        """() => new Promise((done) => {
          const seen = new Set();
          const observer = new MutationObserver((list) => {
            for (const { attributeName, target } of list) seen.add(`${attributeName} ${target.tagName}`);
          });
          observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
          setTimeout(() => { observer.disconnect(); done([...seen]); }, 500);
        })"""
    )
    assert changed == ["style DIV"]  # its transform: nothing is laid out anew


def test_dragging_on_the_curve_scrubs_to_the_checkpoint_under_the_pointer(
    show: Show, history: nwv.History, page: Page
) -> None:
    diagram = show(nwv.WeightViz(mlp(), history))
    box = diagram.slider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + 20)
    page.mouse.down()
    seen = set()
    for share in (0.9, 0.7, 0.5, 0.3, 0.1, 0.0):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 20)
        page.wait_for_timeout(60)
        seen.add(diagram.checkpoint)
    page.mouse.up()
    assert len(seen) >= 4
    diagram.wait_for("checkpoint", 0)


@pytest.mark.parametrize("checkpoint", [0, 3, 10])
def test_hovering_a_link_reads_the_value_that_numpy_says(
    show: Show, history: nwv.History, checkpoint: int
) -> None:
    diagram = show(nwv.WeightViz(mlp(), history))
    diagram.scrub_to(checkpoint)
    diagram.hover_link(("input", 1), ("hidden", 3))
    weight = float(history[checkpoint].state["hidden.weight"][3, 1])
    expect(diagram.tooltip).to_contain_text("hidden.weight[3, 1]")
    shown = diagram.tooltip.locator(".nwv-value").inner_text().replace("−", "-")
    assert float(shown) == pytest.approx(weight, rel=1e-3)
    path = diagram.tooltip.locator("svg path").get_attribute("d") or ""
    heights = -np.array([float(point.split(",")[1]) for point in re.split("[ML]", path)[1:]])
    assert np.corrcoef(heights, history["hidden.weight"][:, 3, 1])[0, 1] > 0.999


def test_the_hovered_value_follows_the_playhead(show: Show, history: nwv.History, page: Page) -> None:
    viz = nwv.WeightViz(mlp(), history)
    viz.checkpoint = 0
    diagram = show(viz)
    diagram.slider.focus()
    diagram.hover_link(("input", 1), ("hidden", 3))
    before = diagram.tooltip.locator(".nwv-value").inner_text()
    page.keyboard.press("ArrowRight")
    diagram.wait_for("checkpoint", 1)
    after = diagram.tooltip.locator(".nwv-value").inner_text()
    assert before != after
    assert float(after.replace("−", "-")) == pytest.approx(history[1].state["hidden.weight"][3, 1], rel=1e-3)


class LSTMNet(torch.nn.Module):
    def __init__(self, n_units: int = 4) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(3, n_units, batch_first=True)
        self.out = torch.nn.Linear(n_units, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.lstm(x)[0][:, -1])


def test_switching_off_a_gate_takes_away_exactly_its_links(show: Show) -> None:
    net = LSTMNet()
    diagram = show(nwv.WeightViz(net, random_states(net, 3)))
    per_gate = 4 * 3 + 4 * 4 + 4 + 4  # input, recurrent, and the two biases of 4 units
    everything = 4 * per_gate + 4 + 1
    assert diagram.data("links") == str(everything)
    assert diagram.n_drawn == everything
    diagram.button("f").click()
    diagram.wait_for("links-drawn", everything - per_gate)
    diagram.button("recurrent").click()
    diagram.wait_for("links-drawn", everything - per_gate - 3 * 16)
    diagram.button("f").click()
    diagram.wait_for("links-drawn", everything - 4 * 16)


def test_a_narrow_diagram_names_all_gates_in_the_room_that_there_is(show: Show, page: Page) -> None:
    page.set_viewport_size({"width": 340, "height": 800})
    net = LSTMNet()
    show(nwv.WeightViz(net, random_states(net, 2)))
    expect(page.locator("svg text", has_text="f g o")).to_have_text("i f g o")


def test_gates_of_large_layers_unfold_one_at_a_time(show: Show, page: Page) -> None:
    net = LSTMNet(32)
    diagram = show(nwv.WeightViz(net, random_states(net, 2)))
    drawn = diagram.n_drawn
    assert drawn == 32 * 3 + 32 + 1  # gate i from the input; the dense layer and its bias
    page.locator(".nwv-tile").nth(2).hover(force=True)
    box = page.locator(".nwv-tile").nth(2).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 20, box["y"] + 8)
    expect(page.locator(".nwv-tile.nwv-open .nwv-tile-name")).to_have_text("g")
    box = page.locator(".nwv-fold").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 20, box["y"] + 8)
    diagram.wait_for("links-drawn", drawn + 32 * 32)


def test_signs_and_magnitude_filter_count_what_numpy_counts(
    show: Show, history: nwv.History, page: Page
) -> None:
    diagram = show(nwv.WeightViz(mlp(), history))
    state = history[-1].state
    values = np.concatenate([value.ravel() for value in state.values()])
    assert diagram.n_drawn == values.size
    diagram.button("−").click()
    diagram.wait_for("links-drawn", int((values > 0).sum()))
    diagram.button("−").click()
    page.get_by_label("Hide links weaker").fill("0.5")

    def domain(name: str) -> float:
        return float(np.quantile(np.abs(history[name]), 0.995))

    strong = sum(int((np.abs(v) >= np.float32(0.5 * domain(n))).sum()) for n, v in state.items())
    diagram.wait_for("links-drawn", strong)


def test_the_legend_prints_the_domain_of_each_layer_and_its_biases(show: Show, history: nwv.History) -> None:
    diagram = show(nwv.WeightViz(mlp(), history))
    legend = diagram.root.locator(".nwv-legend").inner_text()
    for name, label in [
        ("hidden.weight", "hidden "),
        ("hidden.bias", "hidden biases"),
        ("out.weight", "out "),
    ]:
        domain = np.quantile(np.abs(history[name]), 0.995)
        assert label in legend
        assert f"±{domain:.4g}" in legend


def test_the_difference_from_a_reference_checkpoint_is_what_numpy_says(
    show: Show, history: nwv.History, page: Page
) -> None:
    diagram = show(nwv.WeightViz(mlp(), history))
    page.get_by_label("show").select_option("difference")
    expect(diagram.root.locator(".nwv-caption")).to_contain_text("w − w(checkpoint 1)")
    diagram.scrub_to(0)
    expect(diagram.root.locator(".nwv-legend")).to_be_visible()
    diagram.scrub_to(5)
    differences = history["hidden.weight"] - history["hidden.weight"][0]
    domain = np.quantile(np.abs(differences), 0.995)
    expect(diagram.root.locator(".nwv-legend")).to_contain_text(f"±{domain:.4g}")


def test_everything_works_by_keyboard(show: Show, history: nwv.History, page: Page) -> None:
    viz = nwv.WeightViz(mlp(), history)
    viz.checkpoint = 0
    diagram = show(viz)
    stage = diagram.root.get_by_role("application")
    stage.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(diagram.root.locator(".nwv-inspector")).to_contain_text("unit 2")
    page.keyboard.press("ArrowRight")
    expect(diagram.root.locator(".nwv-inspector")).to_contain_text("hidden")
    page.keyboard.press(".")
    expect(diagram.root.locator(".nwv-inspector .nwv-value")).to_be_visible()
    page.keyboard.press("Escape")
    expect(diagram.root.locator(".nwv-inspector")).to_be_hidden()
    page.keyboard.press("Space")
    diagram.wait_for("playing", "true")
    page.keyboard.press("Space")
    diagram.wait_for("playing", "false")
    diagram.slider.focus()
    page.keyboard.press("End")
    diagram.wait_for("checkpoint", 10)
    page.keyboard.press("Home")
    diagram.wait_for("checkpoint", 0)


def test_a_drag_moves_the_picture_and_fit_brings_it_back(show: Show, history: nwv.History) -> None:
    diagram = show(nwv.WeightViz(mlp(), history))
    home = diagram.unit("hidden", 0)
    for _ in range(3):
        diagram.button("Zoom in").click()
    x, y = diagram.unit("hidden", 0)
    diagram.page.mouse.move(x + 60, y + 25)
    diagram.page.mouse.down()
    diagram.page.mouse.move(x + 100, y + 55, steps=4)
    diagram.page.mouse.move(x + 130, y + 65, steps=4)
    diagram.page.mouse.up()
    until(lambda: diagram.unit("hidden", 0) == pytest.approx((x + 70, y + 40), abs=1.5))
    diagram.button("Fit").click()
    until(lambda: diagram.unit("hidden", 0) == pytest.approx(home, abs=1.5))


def test_finding_a_unit_by_name_selects_it(show: Show, history: nwv.History, page: Page) -> None:
    diagram = show(nwv.WeightViz(mlp(), history, input_names=["petal", "sepal", "stem"]))
    page.get_by_label("Find a layer or a unit").fill("sepal")
    page.keyboard.press("Enter")
    expect(diagram.root.locator(".nwv-inspector")).to_contain_text("sepal")
    expect(diagram.root.locator(".nwv-is-focus")).to_have_count(1)


def test_what_the_panel_tells_is_not_told_beside_the_pointer(show: Show, history: nwv.History) -> None:
    diagram = show(nwv.WeightViz(mlp(), history))
    at = diagram.unit("hidden", 1)
    diagram.page.mouse.move(*at)
    expect(diagram.tooltip).to_be_visible()
    diagram.page.mouse.click(*at)
    expect(diagram.root.locator(".nwv-inspector")).to_be_visible()
    expect(diagram.tooltip).to_be_hidden()
    diagram.page.mouse.move(at[0] + 1, at[1])
    expect(diagram.tooltip).to_be_hidden()
    diagram.page.mouse.move(*diagram.unit("hidden", 2))
    expect(diagram.tooltip).to_contain_text("unit 3")


def test_nan_infinite_and_missing_weights_are_marked_and_counted(show: Show, errors: list[str]) -> None:
    states = random_states(mlp(), 3)
    states[1]["hidden.weight"][0, 0] = np.nan
    states[1]["hidden.weight"][0, 1] = np.inf
    states[1]["hidden.weight"][0, 2] = -np.inf
    history = nwv.History()
    for state in states:
        history.record(state)
    diagram = show(nwv.WeightViz(mlp(), history))
    diagram.scrub_to(1)
    expect(diagram.root.locator(".nwv-legend")).to_contain_text("3 NaN or infinite")
    for source, text in enumerate(["NaN", "+Inf", "−Inf"]):
        diagram.hover_link(("input", source), ("hidden", 0))
        expect(diagram.tooltip.locator(".nwv-value")).to_have_text(text)
    diagram.scrub_to(2)
    expect(diagram.root.locator(".nwv-legend")).not_to_contain_text("NaN")
    assert errors == []


NASTY = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>&amp;\u2028"


def test_names_with_markup_are_shown_as_text_everywhere(show: Show, page: Page, errors: list[str]) -> None:
    history = nwv.History()
    for state in random_states(mlp(), 3):
        history.record(state, **{NASTY: 0.5})
    names = [NASTY, "b", "c"]
    viz = nwv.WeightViz(mlp(), history, input_names=names, output_names=[NASTY, "z"], title=NASTY)
    diagram = show(viz, title=NASTY)
    diagram.hover_link(("input", 0), ("hidden", 1))
    expect(diagram.tooltip).to_contain_text("<img src=x")
    page.mouse.click(*diagram.unit("input", 0))
    expect(diagram.root.locator(".nwv-inspector")).to_contain_text("<script>")
    expect(diagram.root.locator(".nwv-head-title")).to_contain_text("<img src=x")
    assert "<img" in diagram.root.locator(".nwv-timeline-host").inner_text()
    assert page.locator("img").count() == 0
    assert page.title() != "pwned"
    assert errors == []


def test_two_widgets_on_a_page_share_one_copy_of_the_code(
    show: Show, history: nwv.History, page: Page
) -> None:
    first, second = nwv.WeightViz(mlp(), history), nwv.WeightViz(mlp(), history)
    show(first, second, title="Two")
    expect(page.locator(".nnweightviz[data-links-drawn]")).to_have_count(2)
    assert page.locator("#nnweightviz-code").count() == 1
    assert page.locator("script:not([type])").count() == 2  # what unpacks it, and what it unpacks to
    Diagram(page, 1).scrub_to(2)
    assert Diagram(page, 0).checkpoint == 10


def test_the_stage_shows_pixels_in_both_sign_colours(show: Show, history: nwv.History, page: Page) -> None:
    diagram = show(nwv.WeightViz(mlp(), history))
    diagram.root.locator("canvas[data-picture]").wait_for()
    blue, red = page.evaluate(
        """() => {
          const canvas = document.querySelector('.nwv-canvas');
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          let blue = 0, red = 0;
          for (let p = 0; p < data.length; p += 4) {
            if (data[p + 3] < 60) continue;
            if (data[p + 2] > data[p] + 40) blue++;
            if (data[p] > data[p + 2] + 40) red++;
          }
          return [blue, red];
        }"""
    )
    assert blue > 500
    assert red > 500


def test_one_checkpoint_shows_a_diagram_without_a_player(show: Show, errors: list[str]) -> None:
    diagram = show(nwv.WeightViz(mlp()))
    assert diagram.n_drawn == 3 * 4 + 4 + 4 * 2 + 2
    expect(diagram.root.locator(".nwv-timeline-host")).to_contain_text("one checkpoint")
    assert errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_page(show: Show, history: nwv.History, page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    diagram = show(nwv.WeightViz(mlp(), history))
    assert diagram.data("theme") == scheme
