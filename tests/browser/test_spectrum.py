"""Spectra on the page: what is drawn and told is what numpy finds, on exported pages and where Python is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram, mlp, random_states, until
from nnweightviz.serving import PageServer
from served import serving

Show = Callable[..., Diagram]


def svd(history: nwv.History, name: str, k: int) -> Any:
    return np.linalg.svd(history[name][k].astype(np.float64), compute_uv=False)


def shown(show: Show, history: Any, checkpoint: int = 0, **options: Any) -> Diagram:
    viz = nwv.WeightViz(mlp(), history)
    viz.view, viz.checkpoint, viz.options = "spectrum", checkpoint, options
    diagram = show(viz)
    stage(diagram).wait_for()
    return diagram


def says(diagram: Diagram, words: str) -> None:
    """What a screen reader hears becomes this."""
    expect(diagram.root.locator("[role=status][aria-live]")).to_contain_text(words, timeout=10_000)


def spoken(value: float) -> str:
    """A number as the page tells it: four digits."""
    return f"{float(f'{value:.4g}'):g}"


def stage(diagram: Diagram) -> Any:
    return diagram.root.locator("[aria-roledescription='spectra of weights']")


def test_singular_values_are_numpys_and_follow_the_playhead(
    show: Show, history: nwv.History, errors: list[str]
) -> None:
    diagram = shown(show, history)
    for k in (0, 7):
        diagram.scrub_to(k)
        values = svd(history, "hidden.weight", k)
        weights = history["hidden.weight"][k].astype(np.float64)
        edge = weights.std() * (3**0.5 + 4**0.5)
        says(diagram, f"the largest {spoken(values[0])}, the smallest {spoken(values[-1])}")
        n_above = int((values > edge).sum())
        says(diagram, f"{n_above} of 3 are above {spoken(edge)}, the edge of random weights")
    assert errors == []


def test_pointing_reads_a_value_and_a_click_goes_there(show: Show, history: nwv.History, page: Page) -> None:
    diagram = shown(show, history)
    says(diagram, "the largest")
    box = stage(diagram).bounding_box()
    assert box is not None
    readout = diagram.root.locator(".nwv-spectrum-readout")
    x, y = box["x"] + 300, box["y"] + 20  # near the largest one
    page.mouse.move(x, y)
    found = re.fullmatch(r"epoch (\d+) · .* · σ₁ = ([\d.]+)", readout.inner_text())
    assert found is not None, readout.inner_text()
    k = int(found[1])
    assert found[2] == spoken(svd(history, "hidden.weight", k)[0])
    page.mouse.click(x, y)
    diagram.wait_for("checkpoint", k)


def test_the_ranks_beside_tell_each_value_and_keys_lead_through_them(
    show: Show, history: nwv.History, page: Page
) -> None:
    diagram = shown(show, history, checkpoint=4)
    values, first = svd(history, "hidden.weight", 4), svd(history, "hidden.weight", 0)
    says(diagram, "the largest")
    stage(diagram).focus()
    readout = diagram.root.locator(".nwv-spectrum-readout")
    for rank, name in enumerate(("σ₁", "σ₂", "σ₃")):
        page.keyboard.press("ArrowUp" if rank == 0 else "ArrowDown")
        expect(readout).to_have_text(f"{name} = {spoken(values[rank])}, at first {spoken(first[rank])}")
    page.keyboard.press("ArrowRight")
    diagram.wait_for("checkpoint", 5)


def test_a_matrix_is_chosen_from_the_list_or_by_what_is_selected(show: Show, history: nwv.History) -> None:
    viz = nwv.WeightViz(mlp(), history)
    viz.view, viz.checkpoint = "spectrum", 3
    viz.selection = {"parameter": "out.weight", "index": [0, 1]}
    diagram = show(viz)
    says(diagram, "Singular values of out.weight")
    says(diagram, f"the largest {spoken(svd(history, 'out.weight', 3)[0])}")
    chooser = diagram.root.get_by_label("matrix")
    expect(chooser.locator("option").first).to_have_text("as selected: out.weight")
    chooser.select_option("hidden.weight")
    says(diagram, "Singular values of hidden.weight")


def test_gates_have_spectra_of_their_kernels_side_by_side(show: Show) -> None:
    torch.manual_seed(0)
    net, history = torch.nn.LSTM(3, 5, batch_first=True), nwv.History()
    for k in range(3):
        history.record({name: v.detach() * (k + 1) for name, v in net.named_parameters()}, step=k)
    viz = nwv.WeightViz(net, history, example_input=torch.zeros(1, 2, 3))
    viz.view, viz.checkpoint = "spectrum", 2
    gates = [n for n in viz._payload.spectra.names if n.endswith(".f") or n == "f"]
    viz.options = {"of": gates}
    both = np.hstack([history[f"weight_{w}_l0"][2][5:10] for w in ("ih", "hh")]).astype(np.float64)
    says(show(viz), f"the largest {spoken(np.linalg.svd(both, compute_uv=False)[0])}")


def test_ranks_are_those_of_the_measures(show: Show, history: nwv.History) -> None:
    diagram = shown(show, history, checkpoint=6, spectrum="ranks")
    weights = history["hidden.weight"][6:7].astype(np.float64)
    stable, effective = (
        spoken(measure(weights)[0]) for measure in (nwv.measures.stable_rank, nwv.measures.effective_rank)
    )
    says(diagram, f"hidden.weight: stable {stable}, effective {effective}, numerical 3 of 3")


def test_correlations_tell_their_fit_and_what_it_is_worth(show: Show, history: nwv.History) -> None:
    diagram = shown(show, history, spectrum="correlation")
    layers = {name: history[f"{name}.weight"] for name in ("hidden", "out")}
    found = nwv.measures.layer_correlation(layers)
    says(diagram, f"0: {spoken(found.mean_absolute[0])}, 1: {spoken(found.mean_absolute[1])}")
    says(diagram, "a line through two points always fits, so R² says nothing")


@pytest.mark.parametrize("kind", ["singular_values", "ranks", "correlation"])
def test_one_checkpoint_is_enough_to_show_or_to_say_why_not(show: Show, errors: list[str], kind: str) -> None:
    diagram = shown(show, random_states(mlp(), 1), spectrum=kind)
    words = "there is one" if kind == "correlation" else "hidden.weight"
    says(diagram, words)
    assert errors == []


def test_a_checkpoint_with_nan_is_a_gap_that_says_why(show: Show, errors: list[str]) -> None:
    states = random_states(mlp(), 5)
    states[2]["hidden.weight"][0, 0] = np.nan
    diagram = shown(show, states, checkpoint=2)
    expect(stage(diagram)).to_contain_text("none: 1 NaN or infinite weights")
    diagram.scrub_to(3)
    says(diagram, "the largest")
    assert errors == []


def test_what_a_page_leaves_out_is_said(
    show: Show, history: nwv.History, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nnweightviz.spectrum import told

    monkeypatch.setattr(told, "PAGE_SECONDS", -1.0)
    diagram = shown(show, history)
    expect(stage(diagram)).to_contain_text("left out of this page: it would have taken too long")


@pytest.fixture
def server(history: nwv.History) -> Iterator[PageServer]:
    with serving(history) as server:
        yield server


def test_python_is_asked_when_the_view_is_opened_and_again_when_the_history_grows(
    server: PageServer, history: nwv.History, page: Page
) -> None:
    page.goto(server.url)
    diagram = Diagram(page)
    told = server.live.payload.spectra
    assert told._known == {}
    diagram.root.get_by_role("tab", name="Spectrum").click()
    says(diagram, f"the largest {spoken(svd(history, 'hidden.weight', 10)[0])}")
    assert list(told._known) == ["hidden.weight"]
    history.record(random_states(mlp(), 1, seed=9)[0], epoch=11, step=1100, loss=0.1, val_loss=0.1)
    diagram.wait_for("n-checkpoints", 12)
    until(lambda: len(told._known["hidden.weight"]) == 12, 20)
    says(diagram, f"the largest {spoken(svd(history, 'hidden.weight', 11)[0])}")
