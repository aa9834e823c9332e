"""The distribution view on the page: its counts and moments are numpy's, and it follows playhead and selection."""

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


@pytest.fixture
def opened(show: Show) -> Callable[..., Diagram]:
    def opened(net: torch.nn.Module, history: Any, checkpoint: int = 0, **options: Any) -> Diagram:
        viz = nwv.WeightViz(net, history)
        viz.view, viz.checkpoint, viz.options = "distribution", checkpoint, options
        diagram = show(viz)
        diagram.root.locator(".nwv-figure svg > g").first.wait_for(state="attached")
        return diagram

    return opened


def figure(diagram: Diagram) -> Locator:
    return diagram.root.locator(".nwv-figure")


def told(diagram: Diagram) -> list[str]:
    """What the readout says, line by line."""
    return diagram.root.locator(".nwv-bin-told > div").all_text_contents()


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("\u2009", ""))


def counts_by_keyboard(diagram: Diagram, n: int) -> list[int]:
    """The counts of all bins of the first panel, as they are read out from left to right."""
    figure(diagram).focus()
    for _ in range(n // 2 + 1):
        diagram.page.keyboard.press("ArrowLeft")
    counts = []
    for _ in range(n):
        counts.append(int(number(told(diagram)[1].split(" weight")[0])))
        diagram.page.keyboard.press("ArrowRight")
    return counts


def caption(diagram: Diagram) -> Locator:
    return diagram.root.locator(".nwv-caption")


def test_the_counts_of_a_layer_are_numpys_at_every_checkpoint(
    opened: Callable[..., Diagram], history: nwv.History, errors: list[str]
) -> None:
    diagram = opened(mlp(), history)
    found = measures.histogram(history, bins=60, by="layer")["hidden"]
    largest = max(float(np.abs(history[name]).max()) for name in history.parameters)
    assert found["edges"][0, -1] == largest
    for k in (0, 7):
        diagram.scrub_to(k)
        flat = np.hstack([history["hidden.weight"][k].ravel(), history["hidden.bias"][k]])
        expected = np.histogram(flat, np.linspace(-largest, largest, 61))[0]
        assert counts_by_keyboard(diagram, 60) == expected.tolist() == found["counts"][k].tolist()
    expect(caption(diagram)).to_contain_text(f"60 bins to ±{largest:.4g}, the largest |w|")
    assert errors == []


def test_weights_are_divided_by_the_norm_of_their_layer_before_they_are_counted(
    opened: Callable[..., Diagram], history: nwv.History
) -> None:
    diagram = opened(mlp(), history, 4, normalise="layer")
    found = measures.histogram(history, bins=60, by="layer", normalise="layer")["hidden"]
    assert counts_by_keyboard(diagram, 60) == found["counts"][4].tolist()
    expect(caption(diagram)).to_contain_text("divided by the norm of their layer at each checkpoint")


def test_weights_beyond_given_bins_are_told_and_so_is_what_is_no_number(
    opened: Callable[..., Diagram],
) -> None:
    states = random_states(mlp(), 3)
    states[1]["hidden.weight"].flat[:3] = np.nan, np.inf, -np.inf
    del states[2]["out.weight"], states[2]["out.bias"]
    diagram = opened(mlp(), states, 1, by="all", bins=[-0.5, 1, 12])
    values = np.hstack([value.ravel() for value in states[1].values()])
    finite = values[np.isfinite(values)]
    assert counts_by_keyboard(diagram, 12) == np.histogram(finite, np.linspace(-0.5, 1, 13))[0].tolist()
    below, above = (finite < -0.5).sum(), (finite > 1).sum()
    expect(caption(diagram)).to_contain_text(
        f"12 bins from −0.5 to 1 ({below} weights below and {above} above)"
    )
    expect(caption(diagram)).to_contain_text("3 NaN or infinite, not counted")
    diagram.scrub_to(2)
    expect(caption(diagram)).to_contain_text("all not recorded at this checkpoint")
    expect(figure(diagram)).to_contain_text("not recorded")


def test_a_bar_is_as_high_as_its_count(opened: Callable[..., Diagram], history: nwv.History) -> None:
    diagram = opened(mlp(), history, 0, by="all", bins=[-3, 3, 6])
    values = np.hstack([history[name][0].ravel() for name in history.parameters])
    every = [
        np.histogram(np.hstack([history[n][k].ravel() for n in history.parameters]), 6, (-3, 3))[0]
        for k in range(11)
    ]
    most = max(int(counts.max()) for counts in every)
    counts = np.histogram(values, 6, (-3, 3))[0]
    box = figure(diagram).locator(".nwv-axes rect, g > rect").first.bounding_box()
    stage = figure(diagram).bounding_box()
    assert box is not None
    assert stage is not None
    column = (
        figure(diagram)
        .locator("canvas")
        .evaluate(
            """(canvas, xs) => {
            const ratio = canvas.width / canvas.getBoundingClientRect().width;
            const brush = canvas.getContext("2d");
            return xs.map(x => {
                const data = brush.getImageData(Math.round(x * ratio), 0, 1, canvas.height).data;
                let top = canvas.height;
                for (let y = canvas.height - 1; y >= 0; y--) if (data[4 * y + 3] > 60) top = y;
                return top / ratio;
            });
        }""",
            [box["x"] - stage["x"] + (i + 0.5) / 6 * box["width"] for i in range(6)],
        )
    )
    for top, count in zip(column, counts, strict=True):
        height = box["y"] - stage["y"] + box["height"] - top
        assert height == pytest.approx(count / most * box["height"], abs=4)


def test_the_selected_weight_is_marked_and_pressing_a_bin_selects_one(
    opened: Callable[..., Diagram], history: nwv.History, page: Page
) -> None:
    diagram = opened(mlp(), history, 3)
    figure(diagram).focus()
    values = history["hidden.weight"][3].ravel()
    biases = history["hidden.bias"][3]
    largest = max(float(np.abs(history[name]).max()) for name in history.parameters)
    edges = np.linspace(-largest, largest, 61)
    bin_ = next(b for b in range(30, 60) if np.histogram(np.hstack([values, biases]), edges)[0][b])
    for _ in range(bin_ - 30 + 1):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    inside = [w for w in np.hstack([values, biases]) if edges[bin_] <= w < edges[bin_ + 1]]
    middle = (edges[bin_] + edges[bin_ + 1]) / 2
    nearest = min(inside, key=lambda w: abs(w - middle))
    name = diagram.root.locator(".nwv-picked-name")
    expect(name).to_have_text(f"selected: {nearest:.4g}".replace("-", "−"))
    expect(diagram.root.locator(".nwv-inspector")).to_contain_text("hidden")
    assert name.count() == 1  # in the panel of its layer alone
    diagram.scrub_to(5)
    expect(name).not_to_have_text(f"selected: {nearest:.4g}".replace("-", "−"))


def test_small_multiples_name_their_moments_and_lead_to_them(
    opened: Callable[..., Diagram], page: Page, errors: list[str]
) -> None:
    history = nwv.History()
    for k, state in enumerate(random_states(mlp(), 46)):
        history.record(state, epoch=k, step=10 * k)
    diagram = opened(mlp(), history, 7, distribution="multiples", by="all")
    titles = diagram.root.locator(".nwv-panel-title").all_text_contents()
    assert titles == [f"epoch {k}" for k in range(0, 46, 3)]
    framed = diagram.root.locator(".nwv-now")
    expect(framed).to_have_attribute("data-checkpoint", "6")
    box = diagram.root.locator(".nwv-panel-title", has_text="epoch 30").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 20, box["y"] + 40)
    diagram.wait_for("checkpoint", 30)
    expect(framed).to_have_attribute("data-checkpoint", "30")
    assert told(diagram)[0] == "epoch 30 · step 300 (31/46)"
    assert errors == []


def test_checkpoints_can_be_chosen(opened: Callable[..., Diagram], history: nwv.History) -> None:
    diagram = opened(mlp(), history, distribution="multiples", chosen=[2, 5, 9])
    titles = diagram.root.locator(".nwv-panel-title").all_text_contents()
    assert titles == ["epoch 2", "epoch 5", "epoch 9"]
    expect(caption(diagram)).to_contain_text("3 of 11 checkpoints")


@pytest.mark.parametrize("kind", ["ridgeline", "density"])
def test_a_bin_over_time_tells_its_count_and_leads_to_its_checkpoint(
    opened: Callable[..., Diagram], history: nwv.History, page: Page, errors: list[str], kind: str
) -> None:
    diagram = opened(mlp(), history, 2, distribution=kind, by="all", bins=[-2, 2, 8])
    figure(diagram).focus()
    keys = {"ridgeline": ("ArrowRight", "ArrowDown"), "density": ("ArrowUp", "ArrowRight")}[kind]
    for key in (keys[0], keys[0], keys[1], keys[1], keys[1]):
        page.keyboard.press(key)
    # The first key begins at the playhead, in the middle.
    values = np.hstack([history[name][5].ravel() for name in history.parameters])
    count = int(np.histogram(values, 8, (-2, 2))[0][5])
    lines = told(diagram)
    assert lines[0] == "epoch 5 · step 500 (6/11)"
    assert lines[1] == "all · 0.5 to 1"
    assert lines[2].startswith(f"{count} weight")
    page.keyboard.press("Enter")
    diagram.wait_for("checkpoint", 5)
    assert errors == []


def test_the_map_is_darkest_where_most_weights_are(
    opened: Callable[..., Diagram], history: nwv.History, page: Page
) -> None:
    diagram = opened(mlp(), history, 0, distribution="density", by="all", bins=[-2, 2, 8], x="index")
    table = np.array(
        [
            np.histogram(np.hstack([history[n][k].ravel() for n in history.parameters]), 8, (-2, 2))[0]
            for k in range(11)
        ]
    )
    box = figure(diagram).locator("g > rect").first.bounding_box()
    stage = figure(diagram).bounding_box()
    assert box is not None
    assert stage is not None
    shades = np.zeros((11, 8))
    for k in range(11):
        for b in range(8):
            x = box["x"] - stage["x"] + min(0.995, max(0.005, k / 10)) * box["width"]
            y = box["y"] - stage["y"] + (1 - (b + 0.5) / 8) * box["height"]
            shades[k, b] = (
                figure(diagram)
                .locator("canvas")
                .evaluate(
                    """(canvas, [x, y]) => canvas.getContext("2d").getImageData(x, y, 1, 1).data[0]""",
                    [round(x), round(y)],
                )
            )
    order = np.argsort(table.ravel(), kind="stable")
    assert (np.diff(shades.ravel()[order]) <= 0).all()  # the more weights, the darker
    assert shades[table == 0].min() == 255
    page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 10)
    diagram.wait_for("checkpoint", 7)
    head = diagram.root.locator(".nwv-now-line").bounding_box()
    assert head is not None
    assert head["x"] + head["width"] / 2 == pytest.approx(box["x"] + 0.7 * box["width"], abs=1.5)


def test_the_surface_turns_when_it_is_dragged_and_by_arrows(
    opened: Callable[..., Diagram], history: nwv.History, page: Page, errors: list[str]
) -> None:
    diagram = opened(mlp(), history, 4, distribution="surface", by="all")
    texts = figure(diagram).locator("svg text")
    assert {"weight", "epoch", "count"} <= set(texts.all_text_contents())

    def frame() -> str | None:
        return figure(diagram).locator("svg > g").first.inner_html()

    before = frame()
    page.mouse.move(500, 400)
    page.mouse.down()
    page.mouse.move(560, 380, steps=3)
    page.mouse.up()
    dragged = frame()
    assert dragged != before
    assert diagram.checkpoint == 4  # a drag is no press
    figure(diagram).focus()
    page.keyboard.press("ArrowLeft")
    assert frame() != dragged
    page.keyboard.press("Shift+ArrowLeft")
    assert told(diagram)[0] == "epoch 4 · step 400 (5/11)"
    page.keyboard.press("Shift+ArrowDown")
    assert told(diagram)[0] == "epoch 5 · step 500 (6/11)"
    assert errors == []


def test_a_long_history_has_some_slices_and_says_so(opened: Callable[..., Diagram]) -> None:
    diagram = opened(mlp(), random_states(mlp(), 400), distribution="surface", by="all")
    expect(caption(diagram)).to_contain_text("120 of 400 checkpoints are slices, evenly")


def test_moments_and_quantiles_are_those_of_the_measures(
    opened: Callable[..., Diagram], history: nwv.History, page: Page, errors: list[str]
) -> None:
    diagram = opened(mlp(), history, 6, distribution="moments")
    moments = measures.moments(history, by="layer")
    quantiles = measures.quantiles(history, [0.05, 0.25, 0.5, 0.75, 0.95], by="layer")
    figure(diagram).focus()
    page.keyboard.press("ArrowRight")
    for name in ("mean", "variance", "skewness", "excess_kurtosis"):
        lines = told(diagram)
        assert lines[:2] == ["epoch 6 · step 600 (7/11)", name.replace("_", " ")]
        for layer, line in zip(("hidden", "out"), lines[2:], strict=True):
            assert number(line.removeprefix(f"{layer}: ")) == pytest.approx(moments[layer][name][6], rel=1e-3)
        page.keyboard.press("ArrowDown")
    for layer, line in zip(("hidden", "out"), told(diagram)[2:], strict=True):
        found = [number(value) for value in re.findall(r"(?:%|median) ([^,]+)", line)]
        assert found == pytest.approx(quantiles[layer][6].tolist(), rel=1e-3)
    diagram.button("log variance").click()
    expect(figure(diagram)).to_contain_text("variance, logarithmic")
    assert errors == []


def test_runs_lie_over_each_other_and_each_is_counted(
    opened: Callable[..., Diagram], page: Page, errors: list[str]
) -> None:
    runs = {name: nwv.History() for name in ("adam", "sgd")}
    states = {name: random_states(mlp(), 5, seed) for seed, name in enumerate(runs)}
    for name, history in runs.items():
        for k, state in enumerate(states[name]):
            history.record(state, step=10 * k * (1 + (name == "sgd")))
    diagram = opened(mlp(), runs, 3, by="all", bins=[-2, 2, 4])
    figure(diagram).focus()
    page.keyboard.press("ArrowRight")
    lines = told(diagram)

    def count(name: str, k: int) -> int:
        values = np.hstack([value.ravel() for value in states[name][k].values()])
        return int(np.histogram(values, 4, (-2, 2))[0][2])

    assert number(lines[1].split(" weight")[0]) == count("adam", 3)
    # At step 30 the other run's latest checkpoint is that of step 20.
    assert number(lines[-1].removeprefix("sgd: ").split(" weight")[0]) == count("sgd", 1)
    expect(diagram.root.locator(".nwv-keys")).to_contain_text("run sgd: step 20 (2/5)")
    diagram.root.get_by_role("combobox", name="show").select_option("moments")
    figure(diagram).focus()
    page.keyboard.press("ArrowRight")
    assert [line.split(":")[0] for line in told(diagram)[2:]] == ["adam · all", "sgd · all"]
    assert errors == []


class Recurrent(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(4, 8, batch_first=True)
        self.out = torch.nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.out(self.lstm(x)[0][:, -1])
        return result


def test_gates_have_panels_with_the_counts_of_their_kernels(opened: Callable[..., Diagram]) -> None:
    net = Recurrent()
    states = random_states(net, 4)
    diagram = opened(net, states, 2, by="gate", bins=[-2, 2, 10])
    titles = diagram.root.locator(".nwv-panel-title").all_text_contents()
    assert [title.split(" ")[0] for title in titles] == ["lstm.i", "lstm.f", "lstm.g", "lstm.o"]
    kernel = np.hstack([states[2]["lstm.weight_ih_l0"][:8], states[2]["lstm.weight_hh_l0"][:8]])
    assert counts_by_keyboard(diagram, 10) == np.histogram(kernel, np.linspace(-2, 2, 11))[0].tolist()


def test_switches_change_what_is_shown_and_go_with_the_view(
    opened: Callable[..., Diagram], history: nwv.History, errors: list[str]
) -> None:
    diagram = opened(mlp(), history, 5)
    shown = diagram.root.get_by_role("combobox", name="show")
    for kind in ("multiples", "ridgeline", "density", "surface", "moments", "histogram"):
        shown.select_option(kind)
        until(lambda: figure(diagram).locator("svg > g").count() > 0)
    diagram.root.get_by_role("combobox", name="by", exact=True).select_option("parameter")
    until(lambda: diagram.root.locator(".nwv-panel-title").count() == 4)
    diagram.root.get_by_role("combobox", name="of", exact=True).select_option("out")
    until(lambda: diagram.root.locator(".nwv-panel-title").count() == 2)
    diagram.root.get_by_role("combobox", name="bins").select_option("inner")
    expect(caption(diagram)).to_contain_text("60 bins from −")
    diagram.root.get_by_role("tab", name="Graph").click()
    expect(figure(diagram)).to_have_count(0)
    expect(diagram.root.locator(".nwv-bin-told")).to_have_count(0)
    assert diagram.n_drawn > 0
    assert errors == []


def test_one_checkpoint_and_equal_weights_are_drawn_as_they_are(
    opened: Callable[..., Diagram], errors: list[str]
) -> None:
    state = {name: np.zeros(tuple(p.shape), np.float32) for name, p in mlp().state_dict().items()}
    diagram = opened(mlp(), [state], by="all")
    assert sum(counts_by_keyboard(diagram, 60)) == 26
    expect(caption(diagram)).to_contain_text("60 bins to ±1")
    for kind in ("multiples", "ridgeline", "density", "surface", "moments"):
        diagram.root.get_by_role("combobox", name="show").select_option(kind)
        until(lambda: figure(diagram).locator("svg > g").count() > 0)
    assert errors == []


def test_a_screen_reader_hears_the_numbers(opened: Callable[..., Diagram], history: nwv.History) -> None:
    diagram = opened(mlp(), history, 6)
    hidden = np.hstack([history["hidden.weight"][6].ravel(), history["hidden.bias"][6]])
    live = diagram.root.locator(".nwv-live")
    text = f"16 weights of hidden: mean {hidden.astype(float).mean():.4g}".replace("-", "−")
    expect(live).to_contain_text(text)
    expect(figure(diagram)).to_have_attribute("aria-label", re.compile("epoch 6"))
