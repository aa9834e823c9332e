"""What axe-core, the usual checker of pages, finds in every view: nothing, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from playwright.sync_api import Page

import nnweightviz as nwv
from browser.conftest import Diagram, mlp, random_states

Show = Callable[..., Diagram]
AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
FOUND = """async () => {
    const { violations, passes } = await axe.run();
    const nodes = violations.flatMap(({ id, help, nodes }) =>
        nodes.map((node) => `${id} (${help}) at ${node.html.slice(0, 160)}: ${node.failureSummary}`));
    return { found: nodes, passed: passes.map(({ id }) => id) };
}"""
# The checker leaves out text in drawings: how many there are, and those whose contrast to paper and box is less than
# it asks of all others.
FAINT = """(root) => {
    const parsed = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const mixed = (below, [r, g, b, alpha = 1], opacity = 1) =>
        [r, g, b].map((c, i) => below[i] + (c - below[i]) * alpha * opacity);
    const paper = parsed(getComputedStyle(root).backgroundColor).slice(0, 3);
    const luminance = (rgb) => rgb.map((c) => c / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const texts = [...root.querySelectorAll("svg text")].filter((text) => text.textContent.trim() !== "");
    return [texts.length, texts.flatMap((text) => {
        let opacity = 1;
        for (let at = text; at !== root; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
        const ink = parsed(getComputedStyle(text).fill);
        const box = text.parentElement.querySelector(":scope > rect");
        const { fill, fillOpacity } = box ? getComputedStyle(box) : { fill: "none" };
        const filled = parsed(fill);
        const papers = filled.length > 2 ? [paper, mixed(paper, filled, Number(fillOpacity))] : [paper];
        const ratios = papers.map((paper) => {
            const [low, high] = [paper, mixed(paper, ink, opacity)].map(luminance).sort((a, b) => a - b);
            return (high + 0.05) / (low + 0.05);
        });
        return Math.min(...ratios) < 4.5 ? [`${text.textContent} (${text.getAttribute("class")}): ${ratios}`] : [];
    })];
}"""
KINDS = ("histogram", "multiples", "ridgeline", "density", "surface", "moments")
SPECTRA = ("singular_values", "ranks", "correlation")
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 420)


def trained(n: int = 5) -> nwv.History:
    """Checkpoints of the 3-4-2 net that flip signs, so that there are events, too."""
    history = nwv.History()
    for k, state in enumerate(random_states(mlp(), n)):
        history.record(state, epoch=k, step=100 * k, loss=1 / (k + 1), val_loss=1.2 / (k + 1))
    return history


def small(view: str = "graph", **options: Any) -> nwv.WeightViz:
    viz = nwv.WeightViz(mlp(), trained())
    viz.view, viz.checkpoint, viz.options = view, 2, options
    return viz


def selected(selection: dict[str, Any], view: str = "graph") -> nwv.WeightViz:
    viz = small(view)
    viz.selection = selection
    return viz


def runs() -> nwv.WeightViz:
    viz = nwv.WeightViz(mlp(), {"adam": trained(), "sgd": trained(4)})
    viz.options = {"compare": "side"}
    return viz


def boxes() -> nwv.WeightViz:
    """Twelve blocks of two layers each, too many columns to be drawn whole."""
    net = torch.nn.Sequential()
    net.add_module("embed", torch.nn.Linear(4, 6))
    blocks = (torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Linear(8, 6)) for _ in range(12))
    net.add_module("h", torch.nn.Sequential(*blocks))
    net.add_module("head", torch.nn.Linear(6, 3))
    return nwv.WeightViz(net, random_states(net, 3))


def portraits() -> nwv.WeightViz:
    rng = np.random.default_rng(0)
    shapes = {"hidden.weight": (30, 64), "out.weight": (3, 30)}
    states = [{name: np.float32(rng.normal(size=shape)) for name, shape in shapes.items()} for _ in range(3)]
    return nwv.WeightViz(None, states, input_grid=(8, 8))


def lstm() -> nwv.WeightViz:
    net = torch.nn.LSTM(3, 5)
    return nwv.WeightViz(net, random_states(net, 3))


def opened_events(diagram: Diagram) -> None:
    diagram.root.get_by_role("button", name="event").click()
    diagram.root.get_by_role("region", name="Events").wait_for()


def ready(diagram: Diagram) -> None:
    """The view has drawn and told what it shows."""
    diagram.root.locator("[role=status][aria-live]:not(:empty)").wait_for(state="attached")
    diagram.page.wait_for_timeout(150)


CASES: dict[str, Callable[[], nwv.WeightViz]] = {
    "graph": small,
    "one link": lambda: selected({"bundle": "hidden.weight", "target": 0, "source": 1}),
    "one unit": lambda: selected({"group": "hidden", "unit": 1}),
    "strips": lambda: small(strips=True),
    "gates": lstm,
    "matrix": lambda: small("matrix"),
    **{f"distribution {kind}": lambda kind=kind: small("distribution", distribution=kind) for kind in KINDS},
    "trajectory": lambda: small("trajectory"),
    **{f"spectrum {kind}": lambda kind=kind: small("spectrum", spectrum=kind) for kind in SPECTRA},
    "overview": lambda: small("overview"),
    "events": small,
    "runs": runs,
    "boxes": boxes,
    "portraits": portraits,
}


@pytest.mark.parametrize("case", CASES)
def test_the_checker_finds_nothing(show: Show, page: Page, case: str) -> None:
    viz = CASES[case]()
    diagram = show(viz)
    ready(diagram)
    if case == "events":
        opened_events(diagram)
    page.evaluate(AXE.read_text())
    found = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        diagram.root.and_(page.locator(f"[data-theme={theme}]")).wait_for()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            ready(diagram)
            told = page.evaluate(FOUND)
            assert {"color-contrast", "aria-allowed-attr"} <= set(told["passed"])
            n_texts, faint = diagram.root.evaluate(FAINT)
            assert n_texts > 0
            found += [f"{theme}, {width} px: {one}" for one in [*told["found"], *faint]]
    assert found == []
