"""The matrix on the page: its colours, what it tells, where a press leads, codes, images of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram, mlp, random_states, until

Show = Callable[..., Diagram]
PAPER, ZERO, TRACK = 255.0, np.array([178, 182, 188]), 0.14
POSITIVE, NEGATIVE, ODD = np.array([24, 95, 178]), np.array([208, 69, 20]), [181, 23, 158, 255]
GAP = 10.0  # pixels between the matrices of a layer


def shown(show: Show, net: Any, history: Any, selection: Any = None, **options: Any) -> Diagram:
    viz = nwv.WeightViz(net, history, precision="float32")
    viz.view, viz.checkpoint, viz.selection = "matrix", 0, selection
    viz.options = options
    diagram = show(viz)
    diagram.root.locator(".nwv-figure[data-picture]").wait_for()
    return diagram


def frame(diagram: Diagram) -> dict[str, float]:
    """Where the cells are; a frame's box has half a pixel more on each side, its line."""
    box = diagram.root.locator(".nwv-matrix-frame").first.bounding_box()
    assert box is not None
    x, y, width, height = (box[name] for name in ("x", "y", "width", "height"))  # type: ignore[literal-required]
    return {"x": x + 0.5, "y": y + 0.5, "width": width - 1, "height": height - 1}


def cell(
    diagram: Diagram, row: int, column: int, of: tuple[int, int], pieces: tuple[int, ...] = ()
) -> tuple[float, float]:
    """Centre of a cell of a matrix of ``of`` rows and columns; after the columns of ``pieces`` there are gaps."""
    box = frame(diagram)
    height = box["height"] / of[0]
    width = (box["width"] - GAP * len(pieces)) / of[1]
    gaps = GAP * sum(column >= first for first in pieces)
    return box["x"] + (column + 0.5) * width + gaps, box["y"] + (row + 0.5) * height


def pixel(diagram: Diagram, x: float, y: float) -> list[int]:
    """What is on the canvas at a place of the page, (r, g, b, alpha)."""
    colour: list[int] = diagram.root.locator(".nwv-figure > canvas").evaluate(
        """(canvas, [x, y]) => {
            const box = canvas.getBoundingClientRect();
            const ratio = canvas.width / box.width;
            const at = [(x - box.x) * ratio, (y - box.y) * ratio].map(Math.floor);
            return [...canvas.getContext("2d").getImageData(...at, 1, 1).data];
        }""",
        [x, y],
    )
    return colour


def corner(
    diagram: Diagram, row: int, column: int, of: tuple[int, int], pieces: tuple[int, ...] = ()
) -> tuple[float, float]:
    """A place of a cell that its number does not cover."""
    x, y = cell(diagram, row, column, of, pieces)
    return x, y - 0.35 * frame(diagram)["height"] / of[0]


def colour_of(value: float, domain: float) -> np.ndarray:
    track = PAPER + TRACK * (ZERO - PAPER)
    hue = POSITIVE if value >= 0 else NEGATIVE
    mixed: np.ndarray = track + min(1.0, abs(value) / domain) ** 0.8 * (hue - track)
    return mixed


def domain_of(values: np.ndarray) -> float:
    return float(np.quantile(np.abs(values), 0.995))


def caption(diagram: Diagram) -> Locator:
    return diagram.root.locator(".nwv-caption")


def text_of(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def choose(diagram: Diagram, label: str, value: str) -> None:
    diagram.root.get_by_label(label, exact=True).filter(visible=True).select_option(value)


def test_cells_have_the_colours_of_their_weights_with_the_bias_first(
    show: Show, history: nwv.History, errors: list[str]
) -> None:
    diagram = shown(show, mlp(), history)
    for k in (0, 7):
        diagram.scrub_to(k)
        for row in range(4):
            for column in range(4):
                name, at = ("hidden.weight", (row, column - 1)) if column else ("hidden.bias", (row,))
                value = history[name][(k, *at)]
                found = pixel(diagram, *corner(diagram, row, column, (4, 4), (1,)))
                expected = colour_of(value, domain_of(history[name]))
                assert np.abs(found[:3] - expected).max() < 4, (k, row, column)
    expect(caption(diagram)).to_contain_text("hidden: 4 × 4 (bias | weight) · weights")
    for name in ("hidden.weight", "hidden.bias"):
        expect(diagram.root.locator(".nwv-figure + div")).to_contain_text(text_of(domain_of(history[name])))
    assert errors == []


@pytest.mark.parametrize("scale", ["global", "checkpoint"])
def test_the_legend_tells_the_domains_that_cells_are_drawn_on(
    show: Show, history: nwv.History, scale: str
) -> None:
    diagram = shown(show, mlp(), history, scale=scale)
    for k in (0, 7):
        diagram.scrub_to(k)
        layers = ("hidden", "out") if scale == "global" else ("hidden",)
        domains = {}
        for kind in ("bias", "weight"):
            stacks = [history[f"{layer}.{kind}"] for layer in layers]
            domains[kind] = domain_of(
                np.concatenate([s.ravel() if scale == "global" else s[k].ravel() for s in stacks])
            )
        told = diagram.root.locator(".nwv-figure + div b").all_text_contents()
        assert told == [text_of(sign * domains[kind]) for kind in ("bias", "weight") for sign in (-1, 1)]
        for column in range(4):
            name, at = ("weight", (1, column - 1)) if column else ("bias", (1,))
            found = pixel(diagram, *corner(diagram, 1, column, (4, 4), (1,)))
            expected = colour_of(history[f"hidden.{name}"][(k, *at)], domains[name])
            assert np.abs(found[:3] - expected).max() < 4, (k, column)


def test_pointing_at_a_cell_tells_its_entry_and_its_value_live(
    show: Show, history: nwv.History, page: Page
) -> None:
    diagram = shown(show, mlp(), history)
    page.mouse.move(*cell(diagram, 2, 2, (4, 4), (1,)))
    tooltip = diagram.tooltip.filter(visible=True)
    expect(tooltip).to_contain_text("input · unit 2 → hidden · unit 3")
    expect(tooltip).to_contain_text("hidden.weight[2, 1]")
    expect(tooltip.locator(".nwv-value")).to_have_text(text_of(history["hidden.weight"][0, 2, 1]))
    page.keyboard.press("Space")
    diagram.button("Play").focus()
    diagram.scrub_to(6)
    expect(tooltip.locator(".nwv-value")).to_have_text(text_of(history["hidden.weight"][6, 2, 1]))


def test_a_press_selects_the_link_and_the_graph_shows_it(
    show: Show, history: nwv.History, page: Page, errors: list[str]
) -> None:
    diagram = shown(show, mlp(), history)
    page.mouse.click(*cell(diagram, 1, 3, (4, 4), (1,)))
    inspector = diagram.root.locator(".nwv-inspector")
    expect(inspector).to_contain_text("input · unit 3 → hidden · unit 2")
    value = text_of(history["hidden.weight"][0, 1, 2])
    expect(diagram.root.locator(".nwv-matrix-cell")).to_have_text(f"hidden.weight[1, 2] = {value}")

    def is_marked() -> bool:
        """Around the cell, which is elsewhere now that what is selected stands beside it."""
        mark = diagram.root.locator(".nwv-matrix-mark").bounding_box()
        x, y = cell(diagram, 1, 3, (4, 4), (1,))
        return (
            mark is not None
            and mark["x"] < x < mark["x"] + mark["width"] < x + 80
            and mark["y"] < y < mark["y"] + mark["height"]
        )

    until(is_marked)
    diagram.root.get_by_role("tab", name="Graph").click()
    expect(inspector).to_contain_text("input · unit 3 → hidden · unit 2")
    diagram.root.get_by_role("tab", name="Matrix").click()
    expect(diagram.root.locator(".nwv-matrix-mark")).to_have_count(1)
    page.mouse.click(*cell(diagram, 1, 3, (4, 4), (1,)))  # once more lets it go
    expect(diagram.root.locator(".nwv-matrix-mark")).to_have_count(0)
    assert errors == []


def test_arrow_keys_walk_the_cells(show: Show, history: nwv.History, page: Page) -> None:
    diagram = shown(show, mlp(), history)
    line = diagram.root.locator(".nwv-matrix-cell")
    diagram.root.locator(".nwv-figure").focus()
    page.keyboard.press("ArrowRight")
    expect(line).to_contain_text("hidden.bias[0] =")
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(line).to_contain_text(f"hidden.weight[2, 1] = {text_of(history['hidden.weight'][0, 2, 1])}")
    for key in ["ArrowDown"] * 9 + ["ArrowRight"] * 9:
        page.keyboard.press(key)
    expect(line).to_contain_text("hidden.weight[3, 2] =")
    page.keyboard.press("Escape")
    expect(line).to_be_empty()


def test_what_is_selected_elsewhere_is_shown(show: Show, history: nwv.History) -> None:
    link = {"bundle": "out.weight", "target": 1, "source": 3}
    diagram = shown(show, mlp(), history, link)
    expect(caption(diagram)).to_contain_text("out: 2 × 5 (bias | weight)")
    value = text_of(history["out.weight"][0, 1, 3])
    expect(diagram.root.locator(".nwv-matrix-cell")).to_have_text(f"out.weight[1, 3] = {value}")
    expect(diagram.root.locator(".nwv-matrix-mark")).to_have_count(1)


def test_a_selected_unit_has_its_row_and_its_column_marked(show: Show, history: nwv.History) -> None:
    unit = {"group": "hidden", "unit": 2}
    diagram = shown(show, mlp(), history, unit, of=["out.weight"])
    mark = diagram.root.locator(".nwv-matrix-mark").bounding_box()
    x, _ = cell(diagram, 0, 2, (2, 4))
    box = frame(diagram)
    assert mark is not None
    assert mark["x"] < x < mark["x"] + mark["width"]
    assert mark["height"] == pytest.approx(box["height"], abs=4)


def test_the_chooser_shows_every_parameter(show: Show, history: nwv.History) -> None:
    diagram = shown(show, mlp(), history)
    select = diagram.root.get_by_label("matrix", exact=True)
    expect(select).to_have_value("")
    options = select.locator("option").all_inner_texts()
    assert options[0] == "as selected: hidden"
    assert options[1:] == ["hidden", "hidden.weight", "hidden.bias", "out", "out.weight", "out.bias"]
    choose(diagram, "matrix", "out.weight")
    expect(caption(diagram)).to_contain_text("out.weight: 2 × 4 ·")
    found = pixel(diagram, *corner(diagram, 1, 2, (2, 4)))
    values = history["out.weight"]
    assert np.abs(found[:3] - colour_of(values[0, 1, 2], domain_of(values))).max() < 4


def test_the_difference_and_the_update_are_drawn(show: Show, history: nwv.History) -> None:
    diagram = shown(show, mlp(), history, of=["out.weight"], quantity="update")
    diagram.scrub_to(4)
    values = np.diff(history["out.weight"], axis=0)
    found = pixel(diagram, *corner(diagram, 0, 3, (2, 4)))
    assert np.abs(found[:3] - colour_of(values[3, 0, 3], domain_of(values))).max() < 4
    choose(diagram, "show", "difference")
    changes = history["out.weight"] - history["out.weight"][0]
    expect(caption(diagram)).to_contain_text("w − w(checkpoint 1)")
    found = pixel(diagram, *corner(diagram, 0, 3, (2, 4)))
    assert np.abs(found[:3] - colour_of(changes[4, 0, 3], domain_of(changes))).max() < 4


def test_odd_values_are_marked_and_counted_and_missing_ones_said(show: Show) -> None:
    states = random_states(mlp(), 3)
    states[1]["hidden.weight"][2, 1] = np.nan
    states[1]["hidden.weight"][0, 0] = -np.inf
    del states[2]["hidden.bias"]
    diagram = shown(show, mlp(), states)
    expect(caption(diagram)).not_to_contain_text("NaN")
    diagram.scrub_to(1)
    expect(caption(diagram)).to_contain_text("2 NaN or infinite")
    assert pixel(diagram, *corner(diagram, 2, 2, (4, 4), (1,))) == ODD
    assert pixel(diagram, *corner(diagram, 0, 1, (4, 4), (1,))) == ODD
    diagram.scrub_to(2)
    expect(caption(diagram)).to_contain_text("4 not recorded here")
    assert pixel(diagram, *corner(diagram, 0, 0, (4, 4), (1,)))[3] == 0
    expect(diagram.root.locator(".nwv-figure")).to_contain_text("not recorded here")


def autoencoder() -> tuple[torch.nn.Module, list[dict[str, np.ndarray]]]:
    """An 8-3-8 net whose weights into and out of the hidden units are the eight codes, at last."""
    net = torch.nn.Sequential()
    net.add_module("encoder", torch.nn.Linear(8, 3))
    net.add_module("act", torch.nn.Sigmoid())
    net.add_module("decoder", torch.nn.Linear(3, 8))
    first, last = random_states(net, 2)
    codes = np.array([[p >> bit & 1 for bit in range(3)] for p in range(8)])
    last["decoder.weight"] = np.where(codes == 0, 1.5, -2.5).astype(np.float32)
    last["encoder.weight"] = last["decoder.weight"].T.copy()
    return net, [first, last]


def codes_of(weights: np.ndarray, low: float, high: float) -> list[str]:
    digits = np.where(weights >= high, "0", np.where(weights < low, "1", "·"))
    return ["".join(row) for row in digits]


def written(diagram: Diagram) -> list[str]:
    return diagram.root.locator(".nwv-matrix-code").all_text_contents()


def test_two_thresholds_read_the_codes_of_an_8_3_8_autoencoder(show: Show, errors: list[str]) -> None:
    net, states = autoencoder()
    diagram = shown(show, net, states, of=["decoder"], matrix="thresholds", thresholds=[-1, 1])
    assert written(diagram) == codes_of(states[0]["decoder.weight"], -1, 1)
    n_read = sum("·" not in code for code in written(diagram))
    expect(caption(diagram)).to_contain_text(f"of 8 codes of rows are different, {8 - n_read} not fully read")
    diagram.scrub_to(1)
    expect(caption(diagram)).to_contain_text("8 of 8 codes of rows are different ·")
    expect(caption(diagram)).to_contain_text("w ≥ 1 reads 0, w < −1 reads 1, between reads ·")
    assert written(diagram) == codes_of(states[1]["decoder.weight"], -1, 1)
    choose(diagram, "matrix", "encoder")
    choose(diagram, "codes of", "columns")
    expect(caption(diagram)).to_contain_text("8 of 8 codes of columns are different ·")
    assert written(diagram) == codes_of(states[1]["encoder.weight"].T, -1, 1)
    tones = {tuple(pixel(diagram, *corner(diagram, 0, c + 1, (3, 9), (1,)))) for c in range(8)}
    assert len(tones) == 2
    assert errors == []


def test_thresholds_are_half_the_domain_until_they_are_typed(show: Show) -> None:
    net, states = autoencoder()
    diagram = shown(show, net, states, of=["decoder.weight"])
    choose(diagram, "as", "thresholds")
    half = domain_of(np.stack([state["decoder.weight"] for state in states])) / 2
    lower, upper = diagram.root.get_by_role("spinbutton").filter(visible=True).all()[:2]
    assert [float(field.input_value()) for field in (lower, upper)] == pytest.approx([-half, half], rel=5e-3)
    upper.fill("0.5")
    upper.press("Enter")
    expect(caption(diagram)).to_contain_text("w ≥ 0.5 reads 0")
    lower.fill("2")  # beyond the upper one, which goes along
    lower.press("Enter")
    expect(caption(diagram)).to_contain_text("w ≥ 2 reads 0, w < 2 reads 1")
    assert written(diagram) == codes_of(states[0]["decoder.weight"], 2, 2)
    diagram.button("half the domain").click()
    assert float(upper.input_value()) == pytest.approx(half, rel=5e-3)


def test_gates_label_the_rows_of_a_recurrent_layer(show: Show) -> None:
    net = torch.nn.Sequential()
    net.add_module("lstm", torch.nn.LSTM(3, 2))
    states = random_states(net, 2)
    diagram = shown(show, net, states, of=["lstm"])
    names = diagram.root.locator(".nwv-matrix-names")
    for title in ("weight_ih_l0 ← x(t)", "weight_hh_l0 ← h(t−1)"):
        expect(names).to_contain_text(title)
    texts = names.locator("text").all_text_contents()
    assert [text for text in texts if text in "ifgo"] == ["i", "f", "g", "o"]
    expect(caption(diagram)).to_contain_text(
        "lstm: 8 × 7 (bias_ih_l0 | bias_hh_l0 | weight_ih_l0 | weight_hh_l0)"
    )
    choose(diagram, "matrix", "lstm.g")
    values = np.stack([state["lstm.weight_hh_l0"] for state in states])
    kernels = np.stack(
        [np.concatenate([state[f"lstm.weight_{n}h_l0"] for n in "ih"], axis=1) for state in states]
    )
    found = pixel(diagram, *corner(diagram, 1, 5, (2, 7), (1, 2, 5)))
    assert np.abs(found[:3] - colour_of(values[0, 2 * 2 + 1, 0], domain_of(kernels))).max() < 4


def test_an_entry_of_a_kernel_is_told_and_selected_by_itself(
    show: Show, page: Page, errors: list[str]
) -> None:
    net = torch.nn.Sequential()
    net.add_module("conv", torch.nn.Conv2d(2, 3, 2))
    states = random_states(net, 4)
    diagram = shown(show, net, states, of=["conv.weight"])
    page.mouse.move(*cell(diagram, 1, 6, (3, 8)))
    tooltip = diagram.tooltip.filter(visible=True)
    expect(tooltip).to_contain_text("conv.weight[1, 1, 1, 0]")
    expect(tooltip.locator(".nwv-value")).to_have_text(text_of(states[0]["conv.weight"][1, 1, 1, 0]))
    diagram.scrub_to(2)
    expect(tooltip.locator(".nwv-value")).to_have_text(text_of(states[2]["conv.weight"][1, 1, 1, 0]))
    page.mouse.click(*cell(diagram, 1, 6, (3, 8)))
    expect(diagram.root.locator(".nwv-matrix-cell")).to_contain_text("conv.weight[1, 1, 1, 0] =")
    expect(diagram.root.locator(".nwv-inspector")).to_contain_text("input · unit 2 → conv · unit 2")
    assert errors == []


def test_rows_are_images_with_their_ranges(show: Show, page: Page, errors: list[str]) -> None:
    net = torch.nn.Sequential()
    net.add_module("fc", torch.nn.Linear(16, 3))
    states = random_states(net, 2)
    diagram = shown(show, net, states, of=["fc"], matrix="portraits")
    expect(caption(diagram)).to_contain_text("rows of weight as images of 4 × 4, a guess")
    expect(caption(diagram)).to_contain_text("biases are not in the images")
    diagram.scrub_to(1)
    weights = states[1]["fc.weight"]
    ranges = [f"{text_of(row.min())} … {text_of(row.max())}" for row in weights]
    assert diagram.root.locator(".nwv-matrix-range").all_text_contents() == ranges
    domain = domain_of(np.stack([state["fc.weight"] for state in states]))
    for unit, image in enumerate(diagram.root.locator(".nwv-matrix-frame").all()):
        box = image.bounding_box()
        assert box is not None
        for r, c in ((0, 0), (1, 2), (3, 3)):
            x, y = (box["x"] + (c + 0.5) * box["width"] / 4, box["y"] + (r + 0.5) * box["height"] / 4)
            expected = colour_of(weights[unit, 4 * r + c], domain)
            assert np.abs(pixel(diagram, x, y)[:3] - expected).max() < 4
    page.mouse.click(box["x"] + 10, box["y"] + 10)
    expect(diagram.root.locator(".nwv-inspector")).to_contain_text("fc · unit 3")
    expect(diagram.root.locator(".nwv-matrix-mark")).to_have_count(1)
    assert errors == []


def test_many_images_are_scrolled(show: Show, page: Page) -> None:
    net = torch.nn.Sequential()
    net.add_module("fc", torch.nn.Linear(16, 200))
    states = random_states(net, 1)
    diagram = shown(show, net, states, of=["fc.weight"], matrix="portraits")
    expect(caption(diagram)).to_contain_text("of 200 in sight")
    x, y = frame(diagram)["x"], frame(diagram)["y"]
    page.mouse.move(x + 20, y + 60)
    page.mouse.wheel(0, 100_000)
    row = states[0]["fc.weight"][-1]
    last = diagram.root.locator(".nwv-matrix-range").last
    expect(last).to_have_text(f"{text_of(row.min())} … {text_of(row.max())}")


def large() -> tuple[torch.nn.Module, list[dict[str, np.ndarray]]]:
    net = torch.nn.Sequential()
    net.add_module("fc", torch.nn.Linear(3000, 900, bias=False))
    rng = np.random.default_rng(3)
    return net, [{"fc.weight": rng.normal(size=(900, 3000)).astype(np.float32) ** 3} for _ in range(2)]


def test_pixels_of_a_large_matrix_show_the_strongest_weight(show: Show, errors: list[str]) -> None:
    net, states = large()
    diagram = shown(show, net, states, of=["fc.weight"])
    box = frame(diagram)
    width, height = round(box["width"]), round(box["height"])
    down, across = np.ceil(900 / box["height"]), np.ceil(3000 / box["width"])
    expect(caption(diagram)).to_contain_text(
        f"each pixel shows the strongest of up to {down:.0f} × {across:.0f} weights"
    )
    weights = states[0]["fc.weight"]
    domain = domain_of(np.stack([state["fc.weight"] for state in states]))
    edges = [
        np.ceil(np.arange(n + 1) * total / length - 1e-9).astype(int).clip(0, total)
        for n, total, length in ((height, 900, box["height"]), (width, 3000, box["width"]))
    ]
    data = diagram.root.locator(".nwv-figure > canvas").evaluate(
        """(canvas, [x, y, width, height]) => {
            const box = canvas.getBoundingClientRect();
            const brush = canvas.getContext("2d");
            return [...brush.getImageData(Math.round(x - box.x), Math.round(y - box.y), width, height).data];
        }""",
        [box["x"], box["y"], width, height],
    )
    found = np.array(data, dtype=float).reshape(height, width, 4)
    rng = np.random.default_rng(0)
    for _ in range(300):
        r, c = int(rng.integers(1, height - 1)), int(rng.integers(1, width - 1))
        block = weights[edges[0][r] : edges[0][r + 1], edges[1][c] : edges[1][c + 1]]
        strongest = block.flat[np.abs(block).argmax()]
        assert np.abs(found[r, c, :3] - colour_of(strongest, domain)).max() < 5, (r, c)
    assert errors == []


def test_a_large_matrix_is_zoomed_and_panned(show: Show, page: Page) -> None:
    net, states = large()
    diagram = shown(show, net, states, of=["fc.weight"])
    stage = diagram.root.locator(".nwv-figure")
    stage.focus()
    expect(caption(diagram)).to_contain_text("each pixel shows")
    for _ in range(12):
        page.keyboard.press("+")
    expect(caption(diagram)).not_to_contain_text("each pixel shows")
    names = diagram.root.locator(".nwv-matrix-names").first
    before = names.text_content()
    box = frame(diagram)
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 120, steps=4)
    page.mouse.up()
    assert names.text_content() != before
    expect(diagram.root.locator(".nwv-matrix-mark")).to_have_count(0)  # a drag is no press
    page.keyboard.press("0")
    expect(caption(diagram)).to_contain_text("each pixel shows")
    diagram.button("Zoom in").click()
    diagram.button("Fit").click()
    expect(caption(diagram)).to_contain_text("each pixel shows")


def test_a_reader_who_does_not_see_hears_what_is_shown(show: Show, history: nwv.History) -> None:
    diagram = shown(show, mlp(), history, of=["hidden.weight"])
    weights = history["hidden.weight"][0]
    row, column = np.unravel_index(np.abs(weights).argmax(), weights.shape)
    stage = diagram.root.locator(".nwv-figure")
    expect(stage).to_have_attribute(
        "aria-label",
        f"Matrix hidden.weight of 4 rows and 3 columns, checkpoint 1 of 11. "
        f"Values from {text_of(weights.min())} to {text_of(weights.max())}. "
        f"Strongest: hidden.weight[{row}, {column}] = {text_of(weights[row, column])}.",
    )


def test_of_several_runs_the_one_that_is_shown_is_named(show: Show) -> None:
    runs = {}
    for seed, name in enumerate(("adam", "sgd")):
        runs[name] = nwv.History()
        for k, state in enumerate(random_states(mlp(), 3, seed)):
            runs[name].record(state, step=k)
    diagram = shown(show, mlp(), runs, of=["out.weight"])
    expect(caption(diagram)).to_contain_text("run adam · out.weight: 2 × 4")
    choose(diagram, "run", "sgd")
    expect(caption(diagram)).to_contain_text("run sgd")
    both = np.concatenate([run["out.weight"] for run in runs.values()])
    found = pixel(diagram, *corner(diagram, 1, 1, (2, 4)))
    k = diagram.checkpoint
    assert np.abs(found[:3] - colour_of(runs["sgd"]["out.weight"][k, 1, 1], domain_of(both))).max() < 4
    choose(diagram, "compare", "difference")
    expect(caption(diagram)).to_contain_text("w(sgd, step")
    changes = runs["sgd"]["out.weight"] - runs["adam"]["out.weight"]
    found = pixel(diagram, *corner(diagram, 1, 1, (2, 4)))
    assert np.abs(found[:3] - colour_of(changes[k, 1, 1], domain_of(changes))).max() < 4
