"""What readers hear who do not see the picture: what it shows, what changed and what is selected, at rest only."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram, mlp

Show = Callable[..., Diagram]
VIEWS = ("graph", "matrix", "distribution", "trajectory", "spectrum", "overview")
# How often the text for screen readers is another one, from now on.
COUNT = """(root) => {
    window.said = [];
    const live = root.querySelector("[role=status][aria-live=polite]");
    new MutationObserver(() => window.said.push(live.textContent)).observe(live, { childList: true });
}"""
# Where the playhead is drawn, frame by frame, for some time.
PLAYHEADS = """(root) => new Promise((done) => {
    const [head, seen, end] = [root.querySelector("[class*=playhead]"), new Set(), performance.now() + 1500];
    const look = () => {
        seen.add(head.getBoundingClientRect().x.toFixed(1));
        if (performance.now() < end) requestAnimationFrame(look);
        else done([...seen]);
    };
    look();
})"""


def shown(show: Show, history: nwv.History, view: str = "graph", checkpoint: int = 4) -> Diagram:
    viz = nwv.WeightViz(mlp(), history)
    viz.view, viz.checkpoint = view, checkpoint
    return show(viz)


def spoken(diagram: Diagram) -> Locator:
    return diagram.root.locator("[role=status][aria-live=polite]").first


def text_of(value: float) -> str:
    """A weight as the page writes it."""
    return f"{float(f'{value:.4g}'):g}".replace("-", "−")


def changes(history: nwv.History, k: int) -> tuple[str, str, int]:
    """The link that grew most before checkpoint k, the one of the largest change of sign, and how many changed sign."""
    found = []
    for name, (source, target) in {"hidden": ("input", "hidden"), "out": ("hidden", "out")}.items():
        for kind in ("weight", "bias"):
            before, now = (np.asarray(history[f"{name}.{kind}"][at], np.float64) for at in (k - 1, k))
            for at in np.ndindex(now.shape):
                begin = f"{source} · unit {at[1] + 1}" if kind == "weight" else f"“1” of {name}.bias"
                ends = f"from {text_of(before[at])} to {text_of(now[at])}"
                found.append((before[at], now[at], f"{begin} → {target} · unit {at[0] + 1} {ends}"))
    flips = [one for one in found if one[0] * one[1] < 0]
    grown = max(found, key=lambda one: abs(one[1]) - abs(one[0]))
    return grown[2], max(flips, key=lambda one: abs(one[1] - one[0]))[2], len(flips)


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_tells_which_links_grew_and_changed_sign_most(
    show: Show, history: nwv.History, view: str
) -> None:
    diagram = shown(show, history, view)
    for k in (4, 7):
        diagram.scrub_to(k)
        grown, flipped, n_flipped = changes(history, k)
        expect(spoken(diagram)).to_contain_text(f"Grown most: {grown}")
        expect(spoken(diagram)).to_contain_text(
            f"{n_flipped} of 26 links changed sign, most of all {flipped}"
        )


def test_the_first_checkpoint_is_compared_with_none(show: Show, history: nwv.History) -> None:
    diagram = shown(show, history, checkpoint=0)
    expect(spoken(diagram)).to_contain_text("Checkpoint 1 of 11")
    diagram.page.wait_for_timeout(400)
    assert "before" not in spoken(diagram).inner_text()


@pytest.mark.parametrize("view", ["graph", "trajectory"])
def test_nothing_is_said_while_it_plays_and_all_is_said_at_the_pause(
    show: Show, history: nwv.History, view: str
) -> None:
    diagram = shown(show, history, view, checkpoint=0)
    expect(spoken(diagram)).not_to_be_empty()
    diagram.page.wait_for_timeout(400)
    diagram.button("Play").click()
    diagram.root.evaluate(COUNT)
    diagram.wait_for("checkpoint", 5)
    assert diagram.page.evaluate("() => window.said") == []
    diagram.button("Pause").click()
    grown, _, _ = changes(history, diagram.checkpoint)
    expect(spoken(diagram)).to_contain_text(f"Grown most: {grown}")


def test_whoever_holds_a_key_down_hears_the_last_moment_alone(show: Show, history: nwv.History) -> None:
    diagram = shown(show, history, checkpoint=0)
    expect(spoken(diagram)).not_to_be_empty()
    diagram.page.wait_for_timeout(400)
    diagram.root.evaluate(COUNT)
    diagram.scrub_to(6)
    expect(spoken(diagram)).to_contain_text("Checkpoint 7 of 11")
    assert all("Checkpoint 7 of 11" in text for text in diagram.page.evaluate("() => window.said"))


def test_a_unit_that_is_walked_to_is_told_with_its_strongest_links(show: Show, history: nwv.History) -> None:
    diagram = shown(show, history)
    expect(spoken(diagram)).to_contain_text("Since the checkpoint before")
    diagram.root.get_by_role("application").first.focus()
    diagram.page.keyboard.press("ArrowDown")
    expect(spoken(diagram)).to_contain_text(
        "Selected: input · unit 1, 4 links; strongest input · unit 1 → hidden"
    )
    assert "Sequential" not in spoken(diagram).inner_text()
    diagram.page.keyboard.press(".")
    strongest = max(history["hidden.weight"][4][:, 0], key=abs)
    unit = list(history["hidden.weight"][4][:, 0]).index(strongest) + 1
    expect(spoken(diagram)).to_have_text(
        re.compile(rf"^Selected: input · unit 1 → hidden · unit {unit}: {text_of(strongest)}\.$")
    )


def test_the_slider_says_the_moment_and_the_metrics(show: Show, history: nwv.History) -> None:
    diagram = shown(show, history)
    diagram.scrub_to(4)
    expect(diagram.slider).to_have_attribute("aria-valuenow", "5")
    text = diagram.slider.get_attribute("aria-valuetext") or ""
    for part in ("epoch 4", "step 400", f"loss {1 / 5:.4g}", f"val_loss {1.2 / 5:.4g}"):
        assert part in text


@pytest.mark.parametrize("width", [420, 1280])
def test_while_it_plays_there_is_a_button_that_pauses(
    show: Show, history: nwv.History, page: Page, width: int
) -> None:
    diagram = shown(show, history, checkpoint=0)
    page.set_viewport_size({"width": width, "height": 900})
    diagram.button("Play").click()
    for k in (2, 5):
        diagram.wait_for("checkpoint", k)
        expect(diagram.button("Pause")).to_be_in_viewport(ratio=1)
    diagram.button("Pause").click()
    diagram.wait_for("playing", "false")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_who_wants_no_motion_is_shown_checkpoints_and_nothing_between(
    show: Show, history: nwv.History, page: Page, motion: str
) -> None:
    page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
    diagram = shown(show, history, checkpoint=0)
    diagram.button("Play").click()
    places = diagram.root.evaluate(PLAYHEADS)
    assert page.evaluate("() => document.getAnimations().length") == 0
    if motion == "reduce":
        assert 2 <= len(places) <= len(history)
    else:
        assert len(places) > len(history)
