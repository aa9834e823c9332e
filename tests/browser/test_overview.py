"""The overview on the page: a cell for each parameter with the right number, and the ways from there to other views."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram

Show = Callable[..., Diagram]
N_LAYERS, WIDTH = 3, 8


def blocks(n: int = 6) -> nwv.History:
    """Random checkpoints of a small stack of blocks between two plain layers."""
    rng, history = np.random.default_rng(0), nwv.History()
    shapes: dict[str, tuple[int, ...]] = {"wte.weight": (20, WIDTH)}
    for i in range(N_LAYERS):
        shapes |= {f"h.{i}.ln.weight": (WIDTH,), f"h.{i}.mlp.fc.weight": (2 * WIDTH, WIDTH)}
    shapes["ln_f.weight"] = (WIDTH,)
    for k in range(n):
        state = {name: rng.normal(size=shape).astype(np.float32) * (k + 1) for name, shape in shapes.items()}
        history.record(state, step=100 * k)
    return history


def shown(show: Show, history: nwv.History, checkpoint: int = 3, **options: Any) -> Diagram:
    viz = nwv.WeightViz(None, history)
    viz.view, viz.checkpoint, viz.options = "overview", checkpoint, options
    diagram = show(viz)
    diagram.root.locator(".nwv-overview-cell").first.wait_for()
    return diagram


def cell(diagram: Diagram, name: str) -> Locator:
    return diagram.root.locator(f".nwv-overview-cell[data-parameter='{name}']")


def spoken(value: float) -> str:
    return f"{float(f'{value:.4g}'):g}"


def norm(history: nwv.History, name: str, k: int) -> float:
    return float(np.linalg.norm(history[name][k].astype(np.float64)))


def test_blocks_are_rows_and_kinds_are_columns(show: Show, errors: list[str]) -> None:
    diagram = shown(show, blocks())
    heads = diagram.root.locator(".nwv-overview thead th")
    assert heads.all_inner_texts() == ["block", "ln.weight", "mlp.fc.weight", "weight"]
    rows = diagram.root.locator(".nwv-overview tbody th").all_inner_texts()
    assert rows == ["wte", "h.0", "h.1", "h.2", "ln_f"]
    assert diagram.root.locator(".nwv-overview-cell").count() == 2 * N_LAYERS + 2
    assert errors == []


@pytest.mark.parametrize("measure", ["norm", "update_norm", "update_ratio", "stable_rank"])
def test_the_numbers_are_those_of_the_measures(show: Show, measure: str) -> None:
    history = blocks()
    diagram = shown(show, history, overview=measure)
    name = "h.1.mlp.fc.weight"
    for k in (3, 5):
        diagram.scrub_to(k)
        expected = getattr(nwv.measures, measure)(history, parameters=[name])[name][k]
        expect(cell(diagram, name)).to_have_attribute("aria-label", re.compile(rf"{spoken(expected)}$"))


def test_pointing_at_a_cell_tells_its_value_and_its_range(show: Show) -> None:
    history = blocks()
    diagram = shown(show, history)
    name = "wte.weight"
    cell(diagram, name).hover()
    every = [norm(history, name, k) for k in range(6)]
    expect(diagram.root.locator(".nwv-overview-told")).to_have_text(
        f"{name}: norm {spoken(every[3])} at step 300 (4/6) · over time {spoken(min(every))} to "
        f"{spoken(max(every))} · 20 × 8"
    )


def test_the_darker_a_cell_the_larger_its_value(show: Show) -> None:
    history = blocks()
    diagram = shown(show, history)

    def darkness(name: str) -> float:
        colour = cell(diagram, name).evaluate("(cell) => getComputedStyle(cell).backgroundColor")
        return -float(colour.removeprefix("rgb(").split(",")[0])

    names = sorted(history.parameters, key=lambda name: norm(history, name, 3))
    shades = [darkness(name) for name in names]
    assert shades == sorted(shades)
    assert shades[0] < shades[-1] - 20


def test_a_chosen_parameter_is_opened_as_a_matrix_by_button_or_key(show: Show, page: Page) -> None:
    diagram = shown(show, blocks())
    opener = diagram.button("open as matrix")
    expect(opener).to_be_disabled()
    chosen = cell(diagram, "h.2.mlp.fc.weight")
    chosen.click()
    expect(chosen).to_have_attribute("aria-pressed", "true")
    expect(opener).to_be_enabled()
    chosen.focus()
    page.keyboard.press("d")
    tab = diagram.root.get_by_role("tab", name="Distribution")
    expect(tab).to_have_attribute("aria-selected", "true")


def test_arrows_lead_from_cell_to_cell(show: Show, page: Page) -> None:
    diagram = shown(show, blocks())
    cell(diagram, "h.0.ln.weight").focus()
    for key, name in (
        ("ArrowRight", "h.0.mlp.fc.weight"),
        ("ArrowDown", "h.1.mlp.fc.weight"),
        ("ArrowLeft", "h.1.ln.weight"),
        ("ArrowUp", "h.0.ln.weight"),
    ):
        page.keyboard.press(key)
        expect(cell(diagram, name)).to_be_focused()
    page.keyboard.press("Enter")
    expect(cell(diagram, "h.0.ln.weight")).to_have_attribute("aria-pressed", "true")


def test_what_is_not_finite_is_marked_and_counted(show: Show, errors: list[str]) -> None:
    history = nwv.History()
    for k in range(3):
        weights = np.ones((2, 2), np.float32)
        weights[0] = np.nan if k == 1 else 1
        history.record({"fc.weight": weights, "out.weight": np.ones((1, 2), np.float32)}, step=k)
    diagram = shown(show, history, checkpoint=1)
    expect(cell(diagram, "fc.weight")).to_have_attribute("aria-label", "fc.weight: 2 NaN or infinite weights")
    assert "nwv-odd" in (cell(diagram, "fc.weight").get_attribute("class") or "")
    assert "nwv-odd" not in (cell(diagram, "out.weight").get_attribute("class") or "")
    assert errors == []
