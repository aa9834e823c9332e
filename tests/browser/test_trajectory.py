"""Trajectories in the browser: the numbers that are read, which weights have lines, zoom, selection, playhead."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram, mlp, random_states, until
from nnweightviz import measures

Show = Callable[..., Diagram]
MARGIN = {"left": 62, "right": 14}


class Plot:
    """What a person does with the plot, and what is then read."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self.page = diagram.page
        self.stage = diagram.root.locator(".nwv-plot")
        self.stage.wait_for()
        self.readout = diagram.root.locator(".nwv-read")

    def place(self, share: tuple[float, float]) -> tuple[float, float]:
        """A point on the page, from shares of the plot's box."""
        box = self.stage.bounding_box()
        assert box is not None
        width = box["width"] - MARGIN["left"] - MARGIN["right"]
        return box["x"] + MARGIN["left"] + share[0] * width, box["y"] + 12 + share[1] * (box["height"] - 54)

    def hover(self, x: float, y: float = 0.5) -> str:
        self.page.mouse.move(*self.place((x, y)))
        return self.readout.inner_text()

    def rows(self, x: float) -> dict[str, float]:
        """What is read at a share of the time axis: name -> number."""
        self.hover(x)
        cells = self.readout.locator("td").all_inner_texts()
        names = [cell.removeprefix("●").strip() for cell in cells[::2]]
        return dict(zip(names, [number(cell) for cell in cells[1::2]], strict=True))

    def walk(self) -> list[str]:
        """The names of all lines, from the lowest at the playhead to the highest."""
        self.stage.focus()
        names: list[str] = []
        while True:
            self.page.keyboard.press("ArrowUp")
            name = self.readout.locator(".nwv-reading-entry").inner_text()
            name = name or self.readout.locator(".nwv-reading-title").inner_text()
            if names and name == names[-1]:
                return names
            names.append(name)

    @property
    def caption(self) -> Locator:
        return self.diagram.root.locator(".nwv-caption")

    @property
    def keys(self) -> Locator:
        return self.diagram.root.locator(".nwv-keys")

    def choose(self, label: str, value: str) -> None:
        self.diagram.root.get_by_label(label, exact=True).select_option(value)


def number(text: str) -> float:
    plain = text.replace("−", "-").replace("≈", "").strip()
    return float("nan") if plain == "–" else float(plain)


def shown(show: Show, model: Any, history: Any, **options: Any) -> Plot:
    viz = nwv.WeightViz(model, history)
    viz.options, viz.view, viz.checkpoint = options, "trajectory", 0
    return Plot(show(viz))


def drawn_at_random(n: int, size: int, seed: int) -> list[int]:
    """The first n of a permutation of numbers below ``size``, as docs/trajectory.md says it."""
    state, left = seed, list(range(size))
    for i in range(n):
        state = (state + 0x6D2B79F5) % 2**32
        mixed = (state ^ (state >> 15)) * (state | 1) % 2**32
        mixed ^= (mixed + (mixed ^ (mixed >> 7)) * (mixed | 61)) % 2**32
        j = i + int((mixed ^ (mixed >> 14)) / 2**32 * (size - i))
        left[i], left[j] = left[j], left[i]
    return left[:n]


def entries(history: nwv.History) -> list[tuple[str, float]]:
    """All weights by name, in order, with their largest magnitude."""
    return [
        (f"{name}[{', '.join(map(str, index))}]", float(np.abs(history[name])[(slice(None), *index)].max()))
        for name, shape in history.parameters.items()
        for index in np.ndindex(*shape)
    ]


class Recurrent(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(2, 3)
        self.fc = torch.nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.fc(self.lstm(x)[0])
        return out


@pytest.fixture
def recurrent() -> nwv.History:
    history = nwv.History()
    for k, state in enumerate(random_states(Recurrent(), 6)):
        history.record(state, step=10 * k)
    return history


@pytest.mark.parametrize(
    ("measure", "by", "normalise"),
    [
        ("norm", "layer", "none"),
        ("update_norm", "parameter", "none"),
        ("update_ratio", "layer", "none"),
        ("update_norm", "gate", "none"),
        ("norm", "gate", "layer"),
        ("update_ratio", "parameter", "total"),
        ("sparsity", "gate", "none"),
        ("sparsity", "all", "total"),
    ],
)
def test_the_numbers_are_those_of_the_measures(
    show: Show, recurrent: nwv.History, measure: str, by: str, normalise: str, errors: list[str]
) -> None:
    model = Recurrent()
    plot = shown(show, model, recurrent, trajectory=measure, by=by, normalise=normalise, below=0.3)
    what = {"by": by, "normalise": None if normalise == "none" else normalise}
    if by == "gate":
        what["network"] = nwv.as_network(model)
    more = {"threshold": 0.3} if measure == "sparsity" else {}
    expected = getattr(measures, measure)(recurrent, **more, **what)
    for k in (1, 3, 5):
        told = plot.rows(k / 5)
        assert told == pytest.approx({name: values[k] for name, values in expected.items()}, rel=1e-3)
    first = plot.rows(0.0)
    assert all(np.isnan(value) == measure.startswith("update") for value in first.values())
    assert errors == []


def test_the_strongest_have_lines(show: Show, history: nwv.History) -> None:
    plot = shown(show, mlp(), history, n_sampled=5)
    ranked = sorted(entries(history), key=lambda entry: -entry[1])
    assert sorted(plot.walk()) == sorted(name for name, _ in ranked[:5])
    expect(plot.caption).to_contain_text("5 strongest of 26 weights")


@pytest.mark.parametrize("seed", [0, 7])
def test_a_random_sample_is_the_one_that_the_documents_say(
    show: Show, history: nwv.History, seed: int
) -> None:
    plot = shown(show, mlp(), history, n_sampled=6, sample="random", seed=seed)
    names = [name for name, _ in entries(history)]
    assert sorted(plot.walk()) == sorted(names[i] for i in drawn_at_random(6, 26, seed))
    expect(plot.caption).to_contain_text(f"6 of 26 weights drawn at random, seed {seed}")


def test_the_switches_choose_what_is_drawn(show: Show, history: nwv.History, page: Page) -> None:
    plot = shown(show, mlp(), history)
    plot.choose("which", "random")
    number_of, seed = (plot.diagram.root.get_by_label(name, exact=True) for name in ("at most", "seed"))
    number_of.fill("4")
    seed.fill("7")
    page.keyboard.press("Enter")
    expect(plot.caption).to_have_text("4 of 26 weights drawn at random, seed 7")
    number_of.fill("0")
    page.keyboard.press("Enter")
    expect(number_of).to_have_value("4")
    plot.choose("draw", "sparsity")
    expect(seed).to_be_hidden()
    plot.choose("by", "all")
    plot.diagram.root.get_by_label("|w| ≤", exact=True).fill("0.5")
    page.keyboard.press("Enter")
    expect(plot.caption).to_have_text("share of weights with |w| ≤ 0.5 all parameters together")
    assert plot.rows(0.5)["all"] == pytest.approx(
        measures.sparsity(history, threshold=0.5, by="all")["all"][5], rel=1e-3
    )


def test_of_a_selected_unit_all_links_have_lines(show: Show, history: nwv.History) -> None:
    viz = nwv.WeightViz(mlp(), history)
    viz.options, viz.view = {"sample": "selected"}, "trajectory"
    viz.selection = {"group": "hidden", "unit": 1}
    names = Plot(show(viz)).walk()
    own = [f"hidden.weight[1, {i}]" for i in range(3)] + ["hidden.bias[1]"]
    assert sorted(names) == sorted([*own, "out.weight[0, 1]", "out.weight[1, 1]"])


def test_with_nothing_selected_it_says_what_to_do(show: Show, history: nwv.History) -> None:
    plot = shown(show, mlp(), history, sample="selected")
    expect(plot.stage.locator(".nwv-empty")).to_contain_text("Select a link or a unit")


@pytest.mark.parametrize("normalise", [None, "layer"])
def test_a_line_that_is_pointed_at_is_named_with_its_value(
    show: Show, history: nwv.History, normalise: str | None
) -> None:
    plot = shown(show, mlp(), history, n_sampled=3, **({"normalise": normalise} if normalise else {}))
    plot.diagram.scrub_to(4)
    plot.walk()
    entry = plot.readout.locator(".nwv-reading-entry").inner_text()
    dot = plot.stage.locator("circle").bounding_box()
    assert dot is not None
    plot.stage.blur()
    expect(plot.readout).to_be_hidden()
    plot.page.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    expect(plot.readout).to_contain_text(entry)
    expect(plot.readout).to_contain_text("epoch 4")
    name, *index = re.findall(r"[\w.]+", entry)
    weight = history[4].state[name][tuple(map(int, index))]
    if normalise:
        weight = weight / measures.norm(history, by="layer")[name.split(".")[0]][4]
    assert number(plot.readout.locator(".nwv-value").inner_text()) == pytest.approx(weight, rel=1e-3)


def test_choosing_a_line_selects_its_link_for_all_views(
    show: Show, history: nwv.History, errors: list[str]
) -> None:
    plot = shown(show, mlp(), history, n_sampled=4)
    plot.walk()
    entry = plot.readout.locator(".nwv-reading-entry").inner_text()
    plot.page.keyboard.press("Enter")
    inspector = plot.diagram.root.locator(".nwv-inspector")
    expect(inspector).to_contain_text(entry)
    expect(plot.stage.locator(".nwv-marked-name")).to_have_text(entry)
    plot.diagram.root.get_by_role("tab", name="Graph", exact=True).click()
    expect(inspector).to_contain_text(entry)
    plot.diagram.root.get_by_role("tab", name="Trajectory").click()
    expect(plot.stage.locator(".nwv-marked-name")).to_have_text(entry)
    assert errors == []


def test_a_selected_weight_that_is_not_in_the_sample_has_a_line(show: Show, history: nwv.History) -> None:
    weakest = min(entries(history), key=lambda entry: entry[1])[0]
    name, *index = re.findall(r"[\w.]+", weakest)
    viz = nwv.WeightViz(mlp(), history)
    viz.options, viz.view = {"n_sampled": 2}, "trajectory"
    viz.selection = {"parameter": name, "index": [int(i) for i in index]}
    plot = Plot(show(viz))
    expect(plot.stage.locator(".nwv-marked-name")).to_have_text(weakest)
    expect(plot.caption).to_contain_text("2 strongest of 26 weights")


def test_clicking_goes_to_the_checkpoint(show: Show, history: nwv.History, page: Page) -> None:
    plot = shown(show, mlp(), history, trajectory="norm")
    page.mouse.click(*plot.place((0.7, 0.5)))
    plot.diagram.wait_for("checkpoint", 7)
    plot.stage.focus()
    page.keyboard.press("ArrowLeft")
    plot.diagram.wait_for("checkpoint", 6)
    expect(plot.readout).to_contain_text("epoch 6")
    page.keyboard.press("End")
    plot.diagram.wait_for("checkpoint", 10)


def test_the_playhead_is_at_the_checkpoint(show: Show, history: nwv.History) -> None:
    plot = shown(show, mlp(), history, trajectory="norm")
    plot.diagram.scrub_to(3)
    head = plot.stage.locator("line").evaluate_all(
        "lines => lines.map(line => line.getAttribute('transform')).filter(Boolean)"
    )
    box = plot.stage.bounding_box()
    assert box is not None
    x = plot.place((0.3, 0))[0] - box["x"]
    assert [float(re.findall(r"[\d.]+", place)[0]) for place in head] == [pytest.approx(x, abs=0.6)]


def test_a_rectangle_zooms_and_a_double_click_shows_all(show: Show, history: nwv.History, page: Page) -> None:
    plot = shown(show, mlp(), history, trajectory="norm")
    ticks = plot.stage.locator(".nwv-axes text")
    before = ticks.all_text_contents()
    page.mouse.move(*plot.place((0.21, 0.2)))
    page.mouse.down()
    page.mouse.move(*plot.place((0.3, 0.3)))
    page.mouse.move(*plot.place((0.49, 0.6)))
    page.mouse.up()
    expect(plot.caption).to_contain_text("zoomed")
    assert "3" in ticks.all_text_contents()
    assert "8" not in ticks.all_text_contents()
    assert "epoch 3" in plot.hover((0.3 - 0.21) / 0.28)
    assert plot.diagram.checkpoint == 0
    page.mouse.dblclick(*plot.place((0.5, 0.5)))
    expect(plot.caption).not_to_contain_text("zoomed")
    assert ticks.all_text_contents() == before
    plot.stage.focus()
    page.keyboard.press("+")
    expect(plot.caption).to_contain_text("zoomed")
    plot.diagram.button("show all").click()
    expect(plot.caption).not_to_contain_text("zoomed")


def test_the_key_hides_a_layer_and_shows_it_again(show: Show, history: nwv.History) -> None:
    plot = shown(show, mlp(), history, trajectory="norm")
    hidden = plot.keys.get_by_role("button", name="hidden")
    hidden.click()
    expect(hidden).to_have_attribute("aria-pressed", "false")
    assert list(plot.rows(0.5)) == ["out"]
    hidden.click()
    expect(hidden).to_have_attribute("aria-pressed", "true")
    assert set(plot.rows(0.5)) == {"hidden", "out"}
    hidden.click(modifiers=["Shift"])
    until(lambda: list(plot.rows(0.5)) == ["hidden"])


def test_the_domain_is_printed(show: Show, history: nwv.History) -> None:
    plot = shown(show, mlp(), history, trajectory="norm")
    every = np.concatenate(list(measures.norm(history, by="layer").values()))
    told = re.findall(r"from (\S+) to (\S+)", plot.keys.inner_text())
    assert [number(text) for text in told[0]] == pytest.approx([every.min(), every.max()], rel=1e-3)


def test_what_is_not_recorded_and_what_is_nan_has_no_number(show: Show, errors: list[str]) -> None:
    history = nwv.History()
    for k, state in enumerate(random_states(mlp(), 8)):
        if k == 2:
            state["hidden.weight"][0, 0] = np.nan
        if k == 5:
            del state["out.bias"]
        history.record(state, step=k)
    plot = shown(show, mlp(), history, trajectory="norm")
    expected = measures.norm(history, by="layer")
    for k in (1, 2, 5, 6):
        told = plot.rows(k / 7)
        assert told == pytest.approx({n: v[k] for n, v in expected.items()}, rel=1e-3, nan_ok=True)
    expect(plot.caption).to_contain_text("NaN or infinite weights at 1 checkpoint are left out")
    plot.choose("draw", "weights")
    expect(plot.caption).to_contain_text("all 26 weights")
    expect(plot.caption).to_contain_text("NaN or infinite weights at 1 checkpoint are left out")
    assert errors == []


def test_logarithmic_axes_say_what_they_leave_out(show: Show, history: nwv.History) -> None:
    plot = shown(show, mlp(), history, log_axes=["x", "y"])
    n = sum(int((history[name] <= 0).sum()) for name in history.parameters)
    expect(plot.caption).to_contain_text(f"{n} values of zero or less not on the logarithmic axis")
    expect(plot.caption).to_contain_text("1 checkpoint at zero not on the logarithmic axis")


def test_several_runs_are_read_at_the_same_step(show: Show, errors: list[str]) -> None:
    steps = {"adam": [0, 20, 40, 60, 80], "sgd": [0, 30, 60, 90]}
    runs = {}
    for seed, (name, at) in enumerate(steps.items()):
        runs[name] = nwv.History()
        for step, state in zip(at, random_states(mlp(), len(at), seed), strict=True):
            runs[name].record(state, step=step)
    plot = shown(show, mlp(), runs, trajectory="norm", of=["hidden"])
    expected = {name: measures.norm(run, by="layer")["hidden"] for name, run in runs.items()}
    told = plot.rows(40 / 90)
    numbers = {"hidden · adam": expected["adam"][2], "hidden · sgd": expected["sgd"][1]}
    assert told == pytest.approx(numbers, rel=1e-3)
    assert "runs adam, sgd" in plot.caption.inner_text()
    assert {"adam", "sgd"} <= set(plot.keys.inner_text().split())
    assert errors == []


def test_rounded_weights_are_told_and_norms_are_exact(show: Show, history: nwv.History) -> None:
    viz = nwv.WeightViz(mlp(), history, precision="int8")
    viz.options, viz.view = {"trajectory": "update_norm"}, "trajectory"
    plot = Plot(show(viz))
    expected = measures.update_norm(history, by="layer")
    assert plot.rows(0.5) == pytest.approx({name: values[5] for name, values in expected.items()}, rel=1e-3)
    assert "≈" not in plot.readout.inner_text() + plot.caption.inner_text()
    plot.choose("draw", "sparsity")
    expect(plot.caption).to_contain_text("≈ of rounded weights (int8)")
    assert "≈" in plot.hover(0.4)


def test_one_checkpoint_is_dots(show: Show, errors: list[str]) -> None:
    history = nwv.History()
    history.record(mlp().state_dict(), step=0)
    plot = shown(show, mlp(), history)
    assert len(plot.walk()) == 26
    n_inked = plot.stage.locator("canvas").evaluate(
        """canvas => { const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, i) => i % 4 === 3 && value > 100).length; }"""
    )
    assert n_inked > 26 * 9
    assert errors == []


def test_a_narrow_page_has_room_for_it(page: Page, show: Show, history: nwv.History) -> None:
    page.set_viewport_size({"width": 420, "height": 1200})
    plot = shown(show, mlp(), history, trajectory="update_ratio")
    box = plot.stage.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 420
    assert plot.rows(0.5).keys() == {"hidden", "out"}
    readout = plot.readout.bounding_box()
    assert readout is not None
    assert readout["x"] >= 0
    assert readout["x"] + readout["width"] <= 420


def test_playing_moves_the_playhead_alone(show: Show, history: nwv.History, page: Page) -> None:
    viz = nwv.WeightViz(mlp(), history)
    viz.view, viz.checkpoint, viz.speed = "trajectory", 0, 0.5
    plot = Plot(show(viz))
    plot.diagram.button("Play").click()
    plot.diagram.wait_for("checkpoint", 1)
    page.wait_for_timeout(300)
    changed = plot.stage.evaluate(
        """stage => new Promise((done) => {
          const seen = new Set();
          const observer = new MutationObserver((list) => {
            for (const { attributeName, target } of list) seen.add(`${attributeName} ${target.tagName}`);
          });
          observer.observe(stage, { subtree: true, childList: true, attributes: true });
          setTimeout(() => { observer.disconnect(); done([...seen]); }, 500);
        })"""
    )
    assert changed == ["transform line"]
