"""Several runs in the browser: which one is shown, two side by side, and their difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page

import nnweightviz as nwv
from browser.conftest import Diagram, mlp, random_states

Show = Callable[..., Diagram]
STEPS = {"adam": [0, 20, 40, 60, 80], "sgd": [0, 30, 60, 90]}


@pytest.fixture
def runs() -> dict[str, nwv.History]:
    """Two runs of the 3-4-2 net that were recorded at different steps."""
    histories = {}
    for seed, (name, steps) in enumerate(STEPS.items()):
        histories[name] = history = nwv.History()
        for step, state in zip(steps, random_states(mlp(), len(steps), seed), strict=True):
            history.record(state, step=step, loss=1 / (step + seed + 1))
    return histories


def shown(runs: dict[str, nwv.History], **options: Any) -> nwv.WeightViz:
    viz = nwv.WeightViz(mlp(), runs)
    viz.options = options
    return viz


def choose(diagram: Diagram, label: str, value: str) -> None:
    diagram.root.get_by_label(label, exact=True).select_option(value)


def caption(diagram: Diagram) -> Locator:
    return diagram.root.locator(".nwv-caption")


def second(diagram: Diagram) -> Locator:
    """The diagram of the other run."""
    return diagram.root.locator(".nwv-stage").nth(1)


def weight(history: nwv.History, k: int) -> float:
    """Of the first input into the first hidden unit."""
    return float(history["hidden.weight"][k, 0, 0])


def hover_first_link(diagram: Diagram, stage: Locator) -> Locator:
    """Point at the link from the first input to the first hidden unit; return its tooltip."""
    boxes = [stage.locator(f"[data-group='{g}'][data-unit='0']").bounding_box() for g in ("input", "hidden")]
    (x0, y0), (x1, y1) = [(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2) for b in boxes if b]
    for off in (1, 0):
        diagram.page.mouse.move(x0 + 0.12 * (x1 - x0), y0 + 0.12 * (y1 - y0) + off)
    return diagram.root.locator(".nwv-tooltip:visible")


def told(value: float) -> str:
    """A number as the diagram writes it."""
    return f"{value:.4g}".replace("-", "−")


def test_choosing_another_run_shows_its_checkpoint_of_the_same_step(
    show: Show, runs: dict[str, nwv.History], errors: list[str]
) -> None:
    diagram = show(shown(runs))
    diagram.wait_for("run", "adam")
    diagram.scrub_to(2)  # step 40
    choose(diagram, "run", "sgd")
    diagram.wait_for("run", "sgd")
    assert (diagram.checkpoint, diagram.data("n-checkpoints")) == (1, "4")  # step 30
    caption(diagram).get_by_text("run sgd").wait_for()
    tooltip = hover_first_link(diagram, diagram.root.locator(".nwv-stage"))
    assert f"sgd: {told(weight(runs['sgd'], 1))}" in tooltip.inner_text()
    assert errors == []


def test_the_curves_are_of_all_runs_by_name(show: Show, runs: dict[str, nwv.History]) -> None:
    diagram = show(shown(runs))
    diagram.root.get_by_role("button", name="loss · sgd").wait_for()
    assert diagram.root.get_by_role("button", name="loss · adam").count() == 1
    diagram.root.get_by_role("button", name="loss · sgd").click()  # of both
    pressed = diagram.root.get_by_role("button", name="loss ·").evaluate_all(
        "chips => chips.map(chip => chip.getAttribute('aria-pressed'))"
    )
    assert pressed == ["false", "false"]


def test_the_difference_says_what_is_subtracted(
    show: Show, runs: dict[str, nwv.History], errors: list[str]
) -> None:
    diagram = show(shown(runs, compare="difference"))
    diagram.wait_for("compare", "difference")
    diagram.scrub_to(3)
    caption(diagram).get_by_text("w(adam, step 60) − w(sgd, step 60)").wait_for()
    diagram.scrub_to(2)
    caption(diagram).get_by_text("w(adam, step 40) − w(sgd, step 30)").wait_for()
    exact = weight(runs["adam"], 2) - weight(runs["sgd"], 1)
    text = hover_first_link(diagram, diagram.root.locator(".nwv-stage")).inner_text()
    assert f"difference {told(exact)}" in text
    assert told(weight(runs["adam"], 2)) in text
    assert told(weight(runs["sgd"], 1)) in text
    assert errors == []


def test_the_difference_has_its_own_domain(show: Show, runs: dict[str, nwv.History]) -> None:
    diagram = show(shown(runs, compare="difference"))
    diagram.wait_for("compare", "difference")
    adam, sgd = (history["hidden.weight"] for history in runs.values())
    differences = np.abs(adam - sgd[[0, 0, 1, 2, 2]])
    domain = told(float(np.quantile(differences, 0.995)))
    assert f"±{domain}" in diagram.root.locator(".nwv-legend").inner_text()


def test_rounded_differences_say_so(show: Show, runs: dict[str, nwv.History]) -> None:
    viz = nwv.WeightViz(mlp(), runs, precision="int8")
    viz.options = {"compare": "difference"}
    diagram = show(viz)
    caption(diagram).get_by_text("of rounded weights, small changes are lost").wait_for()


class TestSideBySide:
    def test_both_runs_are_at_one_step(
        self, show: Show, runs: dict[str, nwv.History], errors: list[str]
    ) -> None:
        diagram = show(shown(runs))
        diagram.wait_for("compare", "none")
        choose(diagram, "compare", "side")
        second(diagram).wait_for()
        for k, step in ((2, 30), (3, 60), (0, 0)):
            diagram.scrub_to(k)
            diagram.root.get_by_text(f"step {step} (", exact=False).last.wait_for()
            text = hover_first_link(diagram, second(diagram)).inner_text()
            assert f"sgd: {told(weight(runs['sgd'], STEPS['sgd'].index(step)))}" in text
            assert told(weight(runs["adam"], k)) in text
        assert errors == []

    def test_a_unit_that_is_selected_in_one_is_selected_in_both(
        self, show: Show, runs: dict[str, nwv.History]
    ) -> None:
        diagram = show(shown(runs, compare="side"))
        box = second(diagram).locator("[data-group='hidden'][data-unit='1']").bounding_box()
        assert box is not None
        diagram.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        focused = diagram.root.locator("[data-group='hidden'][data-unit='1'].nwv-is-focus")
        diagram.page.wait_for_function(
            "root => root.querySelectorAll('[data-group=hidden][data-unit=\"1\"].nwv-is-focus').length === 2",
            arg=diagram.root.element_handle(),
        )
        assert focused.count() == 2

    def test_both_zoom_together(self, show: Show, runs: dict[str, nwv.History]) -> None:
        diagram = show(shown(runs, compare="side"))
        second(diagram).wait_for()
        diagram.button("Zoom in").click()
        places = [
            [
                (box["x"] - frame["x"], box["y"] - frame["y"])
                for box, frame in [
                    (
                        stage.locator("[data-group='hidden'][data-unit='3']").bounding_box(),
                        stage.bounding_box(),
                    )
                ]
                if box and frame
            ]
            for stage in diagram.root.locator(".nwv-stage").all()
        ]
        assert places[0] == [pytest.approx(place, abs=1) for place in places[1]]

    def test_a_narrow_page_stacks_them(self, page: Page, show: Show, runs: dict[str, nwv.History]) -> None:
        page.set_viewport_size({"width": 420, "height": 1500})
        diagram = show(shown(runs, compare="side"))
        second(diagram).wait_for()
        first, other = (stage.bounding_box() for stage in diagram.root.locator(".nwv-stage").all())
        assert first is not None
        assert other is not None
        assert other["y"] >= first["y"] + first["height"]
        assert abs(other["width"] - first["width"]) <= 1

    def test_it_plays_to_the_end_and_goes_away_again(
        self, show: Show, runs: dict[str, nwv.History], errors: list[str]
    ) -> None:
        viz = shown(runs, compare="side")
        viz.checkpoint, viz.speed = 0, 30.0
        diagram = show(viz)
        second(diagram).wait_for()
        diagram.button("Play").click()
        diagram.wait_for("checkpoint", 4)
        choose(diagram, "compare", "none")
        diagram.wait_for("compare", "none")
        assert diagram.root.locator(".nwv-stage").count() == 1
        assert errors == []


def test_one_run_has_no_chooser(show: Show, history: nwv.History) -> None:
    diagram = show(nwv.WeightViz(mlp(), history))
    assert diagram.root.get_by_label("run", exact=True).count() == 0
    assert "run" not in caption(diagram).inner_text()
