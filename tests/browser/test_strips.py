"""History strips on the page: their colours and places, what they tell, and where a press on one leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram, mlp, random_states

Show = Callable[..., Diagram]
PAPER, ZERO, TRACK = 255.0, np.array([178, 182, 188]), 0.14
POSITIVE, NEGATIVE, ODD = np.array([24, 95, 178]), np.array([208, 69, 20]), [181, 23, 158, 255]


def shown(show: Show, net: torch.nn.Module, history: Any, **options: Any) -> Diagram:
    viz = nwv.WeightViz(net, history)
    viz.checkpoint = 0
    viz.options = {"strips": True, **options}
    diagram = show(viz)
    diagram.root.locator(".nwv-strip-track").first.wait_for(state="attached")
    return diagram


def track(diagram: Diagram, group: str) -> dict[str, float]:
    box = diagram.root.locator(f".nwv-strip-track[data-group='{group}']").bounding_box()
    assert box is not None
    return dict(box)


def strip(
    diagram: Diagram, group: str, unit: int, row: int, of: int, share: float, spacing: float
) -> tuple[float, float]:
    """The middle of the height of a strip, at a share of its length, in page pixels."""
    box = track(diagram, group)
    height = min(0.86 * spacing, 10 * of)
    y = diagram.unit(group, unit)[1] - height / 2 + (row + 0.5) * height / of
    return box["x"] + share * box["width"], y


def pixel(diagram: Diagram, x: float, y: float, canvas: str = ".nwv-strips > canvas") -> list[int]:
    """What is on the canvas of strips at a place of the page, (r, g, b, alpha)."""
    colour: list[int] = diagram.root.locator(canvas).evaluate(
        """(canvas, [x, y]) => {
            const box = canvas.getBoundingClientRect();
            const ratio = canvas.width / box.width;
            const at = [(x - box.x) * ratio, (y - box.y) * ratio].map(Math.floor);
            return [...canvas.getContext("2d").getImageData(...at, 1, 1).data];
        }""",
        [x, y],
    )
    return colour


def spacing_of(diagram: Diagram, group: str) -> float:
    return diagram.unit(group, 1)[1] - diagram.unit(group, 0)[1]


def colour_of(value: float, domain: float) -> np.ndarray:
    """A weight in the colours of links, on nearly white paper."""
    track = PAPER + TRACK * (ZERO - PAPER)
    hue = POSITIVE if value >= 0 else NEGATIVE
    mixed: np.ndarray = track + min(1.0, abs(value) / domain) ** 0.8 * (hue - track)
    return mixed


def test_strips_have_the_colours_of_their_links_at_every_checkpoint(show: Show, history: nwv.History) -> None:
    diagram = shown(show, mlp(), history)
    weights, biases = history["hidden.weight"], history["hidden.bias"]
    spacing = spacing_of(diagram, "hidden")
    for unit in range(4):
        for row in range(4):
            values = weights[:, unit, row] if row < 3 else biases[:, unit]
            domain = float(np.quantile(np.abs(weights if row < 3 else biases), 0.995))
            for k in range(11):
                at = strip(diagram, "hidden", unit, row, 4, (k + 0.5) / 11, spacing)
                found = pixel(diagram, *at)
                assert found[3] == 255
                assert np.abs(found[:3] - colour_of(values[k], domain)).max() < 4, (unit, row, k)


def test_pointing_at_a_strip_tells_the_checkpoint_and_the_value(
    show: Show, history: nwv.History, page: Page
) -> None:
    diagram = shown(show, mlp(), history)
    x, y = strip(diagram, "hidden", 2, 1, 4, 7.5 / 11, spacing_of(diagram, "hidden"))
    page.mouse.move(x, y)
    expect(diagram.tooltip).to_contain_text("epoch 7 · step 700 (8/11)")
    expect(diagram.tooltip).to_contain_text("input · unit 2 → hidden · unit 3")
    value = f"{history['hidden.weight'][7, 2, 1]:.4g}".replace("-", "−")
    expect(diagram.tooltip.locator(".nwv-value")).to_have_text(value)
    diagram.scrub_to(3)
    page.mouse.move(x, y + 0.5)
    expect(diagram.tooltip).to_contain_text("epoch 7")
    expect(diagram.root.locator(".nwv-strip-mark")).to_have_count(1)


def test_pressing_a_strip_goes_to_its_checkpoint_and_selects_its_link(
    show: Show, history: nwv.History, page: Page, errors: list[str]
) -> None:
    diagram = shown(show, mlp(), history)
    spacing = spacing_of(diagram, "hidden")
    page.mouse.click(*strip(diagram, "hidden", 1, 3, 4, 4.5 / 11, spacing))
    diagram.wait_for("checkpoint", 4)
    inspector = diagram.root.locator(".nwv-inspector")
    expect(inspector).to_contain_text("“1” of hidden.bias → hidden · unit 2")
    page.mouse.click(*strip(diagram, "hidden", 1, 3, 4, 9.5 / 11, spacing))  # the selection stays
    diagram.wait_for("checkpoint", 9)
    expect(inspector).to_contain_text("“1” of hidden.bias → hidden · unit 2")
    mark = diagram.root.locator(".nwv-strip-mark").first.bounding_box()
    assert mark is not None
    _, y = strip(diagram, "hidden", 1, 3, 4, 0, spacing)
    assert mark["y"] <= y <= mark["y"] + mark["height"]
    assert errors == []


def test_one_line_a_layer_crosses_all_strips_at_the_playhead(show: Show, history: nwv.History) -> None:
    diagram = shown(show, mlp(), history)
    for k in (0, 6, 10):
        diagram.scrub_to(k)
        for group in ("hidden", "out"):
            box = track(diagram, group)
            line = diagram.root.locator(f"[data-group='{group}'] .nwv-strip-head").bounding_box()
            assert line is not None
            assert line["x"] + line["width"] / 2 == pytest.approx(
                box["x"] + (k + 0.5) / 11 * box["width"], abs=0.6
            )
            for unit in (0, 1):
                assert line["y"] < diagram.unit(group, unit)[1] < line["y"] + line["height"]


def test_the_switch_shows_strips_and_takes_them_away(show: Show, history: nwv.History) -> None:
    diagram = show(nwv.WeightViz(mlp(), history))
    button = diagram.button("strips")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(diagram.root.locator(".nwv-strips")).to_have_count(0)
    diagram.scrub_to(8)
    before = diagram.unit("out", 0)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(diagram.root.locator(".nwv-strip-track")).to_have_count(2)
    expect(diagram.root.locator(".nwv-caption")).to_contain_text(
        "history strips beside hidden, out: one a link"
    )
    assert diagram.unit("out", 0)[0] < before[0]  # it made room
    box, line = track(diagram, "out"), diagram.root.locator("[data-group='out'] .nwv-strip-head")
    head = line.bounding_box()
    assert head is not None
    assert head["x"] + 0.5 == pytest.approx(box["x"] + 8.5 / 11 * box["width"], abs=0.6)
    button.click()
    expect(diagram.root.locator(".nwv-strips")).to_have_count(0)
    assert diagram.unit("out", 0) == before


def test_links_leave_from_behind_the_strips(show: Show, history: nwv.History, page: Page) -> None:
    diagram = shown(show, mlp(), history)
    box, (x, y) = track(diagram, "hidden"), diagram.unit("out", 1)
    start = box["x"] + box["width"] + 3
    unit_y = diagram.unit("hidden", 3)[1]
    page.mouse.move(start + 0.3 * (x - start), unit_y + 0.3 * (y - unit_y))
    expect(diagram.tooltip).to_contain_text("hidden · unit 4 → out · unit 2")


def test_what_was_not_recorded_is_a_gap_that_says_so(show: Show, page: Page) -> None:
    states = random_states(mlp(), 6)
    del states[2]["hidden.weight"]
    states[4]["hidden.weight"][1, 0] = np.nan
    diagram = shown(show, mlp(), states)
    spacing = spacing_of(diagram, "hidden")
    gap = strip(diagram, "hidden", 1, 0, 4, 2.5 / 6, spacing)
    assert pixel(diagram, *gap)[3] == 0
    assert pixel(diagram, *strip(diagram, "hidden", 1, 3, 4, 2.5 / 6, spacing))[3] == 255  # the bias was
    assert pixel(diagram, *strip(diagram, "hidden", 1, 0, 4, 4.5 / 6, spacing)) == ODD
    page.mouse.move(*gap)
    expect(diagram.tooltip).to_contain_text("checkpoint 3 of 6")
    expect(diagram.tooltip).to_contain_text("not recorded here")


class Recurrent(torch.nn.Module):
    """An LSTM of 8 units that reads 4 numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(4, 8, batch_first=True)
        self.out = torch.nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.out(self.lstm(x)[0][:, -1])
        return result


def test_selecting_a_unit_of_an_lstm_enlarges_its_strips_gate_by_gate(show: Show, page: Page) -> None:
    net = Recurrent()
    states = random_states(net, 5)
    diagram = shown(show, net, states)
    page.mouse.click(*diagram.unit("lstm.l0", 6))
    panel = diagram.root.locator(".nwv-strip-panel")
    expect(panel).to_be_visible()
    names = panel.locator(":scope > div:not(.nwv-strip-track)")
    assert names.all_text_contents() == ["i", "f", "g", "o"]
    box = panel.locator(".nwv-strip-track").bounding_box()
    assert box is not None
    kernel = np.stack([state["lstm.weight_ih_l0"] for state in states])
    both = np.concatenate([kernel.ravel(), *(state["lstm.weight_hh_l0"].ravel() for state in states)])
    domain = float(np.quantile(np.abs(both), 0.995))
    step = (box["height"] - 3 * 3) / (4 * 14)  # 4 + 8 links and two biases a gate, 3 pixels between gates
    for gate in range(4):
        for source in range(4):
            y = box["y"] + gate * (14 * step + 3) + (source + 0.5) * step
            for k in range(5):
                found = pixel(
                    diagram, box["x"] + (k + 0.5) / 5 * box["width"], y, ".nwv-strip-panel > canvas"
                )
                expected = colour_of(kernel[k, 8 * gate + 6, source], domain)
                assert np.abs(found[:3] - expected).max() < 4, (gate, source, k)
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 14 * step + 3 + 1.5 * step)
    diagram.wait_for("checkpoint", 2)
    expect(diagram.root.locator(".nwv-inspector")).to_contain_text("x(t) · unit 2 → lstm · unit 7, gate f")


def test_the_keyboard_walks_the_strips_of_a_unit(show: Show, page: Page) -> None:
    diagram = shown(show, Recurrent(), random_states(Recurrent(), 5))
    page.mouse.click(*diagram.unit("lstm.l0", 3))
    inspector = diagram.root.locator(".nwv-inspector")
    expect(inspector).to_contain_text("lstm · unit 4")
    diagram.root.locator(".nwv-stage").focus()
    panel, mark = diagram.root.locator(".nwv-strip-panel"), diagram.root.locator(".nwv-strip-mark")
    seen, title = set(), ""
    for _ in range(4):
        page.keyboard.press(".")
        expect(inspector.locator(".nwv-reading-title")).not_to_have_text(title)
        title = inspector.locator(".nwv-reading-title").text_content() or ""
        expect(mark).to_have_count(1)
        box, around = mark.bounding_box(), panel.bounding_box()
        assert box is not None
        assert around is not None
        assert around["y"] <= box["y"] < around["y"] + around["height"]
        seen.add(round(box["y"]))
    assert len(seen) > 1
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(mark).to_have_count(0)


def test_the_caption_says_what_shares_a_pixel_and_what_has_no_strips(show: Show) -> None:
    net = torch.nn.Sequential()
    net.add_module("wide", torch.nn.Linear(90, 20))
    net.add_module("many", torch.nn.Linear(20, 500))
    net.add_module("out", torch.nn.Linear(500, 3))
    diagram = shown(show, net, random_states(net, 150))
    caption = diagram.root.locator(".nwv-caption")
    expect(caption).to_contain_text("history strips beside wide, out")
    expect(caption).to_contain_text("of checkpoints and links that share a pixel the strongest shows")
    expect(caption).to_contain_text("only the strongest 64 of up to 90 links (of 64 checkpoints)")
    expect(caption).to_contain_text("none beside many (bands)")


def test_the_names_of_outputs_stay_on_a_narrow_stage(show: Show, page: Page) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    diagram = shown(show, mlp(), random_states(mlp(), 4))
    stage = diagram.root.locator(".nwv-stage").bounding_box()
    strips, name = track(diagram, "out"), diagram.root.locator("[data-names='out']").first.bounding_box()
    assert stage is not None
    assert name is not None
    assert strips["x"] + strips["width"] < name["x"]
    assert name["x"] + name["width"] < stage["x"] + stage["width"]


def test_strips_beside_pictures_stay_on_the_stage(show: Show, page: Page) -> None:
    page.set_viewport_size({"width": 1000, "height": 900})
    torch.manual_seed(0)
    layers = [torch.nn.Linear(n, m) for n, m in ((7, 8), (8, 8), (8, 8), (8, 4), (4, 1))]
    net = torch.nn.Sequential(*(part for layer in layers for part in (layer, torch.nn.Tanh())))
    probe = (torch.randn(30, 7), torch.randn(30, 1))
    viz = nwv.WeightViz(net, random_states(net, 4), probe=probe, output_names=["next"])
    viz.options = {"strips": True}
    diagram = show(viz)
    diagram.root.locator(".nwv-strip-track").first.wait_for(state="attached")
    stage = diagram.root.locator(".nwv-stage").bounding_box()
    strips, name = track(diagram, "8"), diagram.root.locator("[data-names='8']").first.bounding_box()
    assert stage is not None
    assert name is not None
    assert strips["x"] + strips["width"] < name["x"]
    assert name["x"] + name["width"] < stage["x"] + stage["width"]


def test_no_strips_are_offered_where_no_layer_has_room_for_them(show: Show) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 300), torch.nn.ReLU())
    diagram = show(nwv.WeightViz(net, random_states(net, 2)))
    expect(diagram.button("strips")).to_have_count(0)
    expect(diagram.root.get_by_text("strips", exact=True)).to_be_hidden()


def test_strips_follow_the_quantity_and_the_theme(show: Show, history: nwv.History) -> None:
    diagram = shown(show, mlp(), history, quantity="update", theme="dark")
    spacing = spacing_of(diagram, "hidden")
    assert pixel(diagram, *strip(diagram, "hidden", 0, 0, 4, 0.5 / 11, spacing))[3] == 0  # of the first, none
    updates = np.diff(history["hidden.weight"], axis=0)
    domain = float(np.quantile(np.abs(updates), 0.995))
    paper = np.array([23, 25, 28])
    track_colour = paper + TRACK * (np.array([92, 97, 104]) - paper)
    for k in range(1, 11):
        value = updates[k - 1, 0, 0]
        hue = np.array([98, 176, 255] if value >= 0 else [255, 128, 66])
        expected = track_colour + min(1.0, abs(value) / domain) ** 0.8 * (hue - track_colour)
        found = pixel(diagram, *strip(diagram, "hidden", 0, 0, 4, (k + 0.5) / 11, spacing))
        assert np.abs(found[:3] - expected).max() < 4, k
