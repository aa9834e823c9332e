"""Each view by keyboard: its controls are met one by one, are seen to have the focus, and have names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from browser.conftest import Diagram
from browser.test_accessibility import CASES, opened_events, ready

Show = Callable[..., Diagram]
MOST_STOPS = 120
# What has the focus: whether it is the last of the page, its mark, and how its look differs from that without focus.
FOCUSED = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const look = () => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(at);
        return [outlineStyle === "none" ? "none" : [outlineStyle, outlineWidth, outlineColor].join(" "), boxShadow];
    };
    const [focused, seen] = [look(), at.hasAttribute("data-met")];
    at.setAttribute("data-met", "");
    at.blur();
    const plain = look();
    at.focus({ focusVisible: true, preventScroll: true });
    const isShown = focused.some((one, i) => one !== plain[i] && one !== "none");
    const { width, height } = at.getBoundingClientRect();
    return { seen, isShown, isThere: width > 0 && height > 0, html: at.outerHTML.slice(0, 160), focused };
}"""
PLACE = """() => {
    const at = document.activeElement;
    if (!at || at === document.body || at.hasAttribute("data-placed")) return null;
    at.setAttribute("data-placed", "");
    at.scrollIntoView({ block: "nearest" });
    const { x, y, width, height } = at.getBoundingClientRect();
    const [left, top] = [Math.max(0, x - 4), Math.max(0, y - 4)];
    const [right, bottom] = [Math.min(innerWidth, x + width + 4), Math.min(innerHeight, y + height + 4)];
    return { clip: { x: left, y: top, width: right - left, height: bottom - top }, html: at.outerHTML.slice(0, 160) };
}"""
TO_THE_START = """() => {
    const start = document.createElement("i");
    start.tabIndex = -1;
    document.body.prepend(start);
    start.focus();
    start.remove();
}"""
# Controls that were never met; one of a row of tabs or of a table stands for all, to which arrows lead.
MISSED = """(root) => [...root.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
    .filter((one) => !one.disabled && one.checkVisibility() && one.tabIndex >= 0 && !one.hasAttribute("data-met"))
    .map((one) => one.outerHTML.slice(0, 160))"""


def name_of_focused(session: Any) -> str:
    """What the browser tells a screen reader that the focused element is called."""
    found = session.send("Runtime.evaluate", {"expression": "document.activeElement"})["result"]["objectId"]
    tree = session.send("Accessibility.getPartialAXTree", {"objectId": found, "fetchRelatives": False})
    name: str = tree["nodes"][0].get("name", {}).get("value", "")
    return name.strip()


def walk(diagram: Diagram) -> list[dict[str, Any]]:
    """Press Tab from the first control until the focus leaves the page or comes round."""
    page = diagram.page
    session = page.context.new_cdp_session(page)
    page.evaluate(TO_THE_START)
    stops: list[dict[str, Any]] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None or stop["seen"]:
            return stops
        stops.append({**stop, "name": name_of_focused(session)})
    raise AssertionError(f"the focus had not come round after {MOST_STOPS} controls")


@pytest.mark.parametrize("case", CASES)
def test_every_control_is_met_shows_the_focus_and_has_a_name(show: Show, case: str) -> None:
    diagram = show(CASES[case]())
    ready(diagram)
    if case == "events":
        opened_events(diagram)
    stops = walk(diagram)
    assert len(stops) > 10
    assert [stop["html"] for stop in stops if not stop["isThere"]] == []
    assert [stop for stop in stops if not stop["isShown"]] == []
    assert [stop["html"] for stop in stops if stop["name"] == ""] == []
    assert diagram.root.evaluate(MISSED) == []


@pytest.mark.parametrize("case", ["one unit", "matrix", "trajectory", "overview", "events"])
def test_the_focus_is_seen_on_the_picture_of_the_page(show: Show, case: str) -> None:
    """That no part of the page hides the ring: what is around a control looks different with the focus."""
    diagram = show(CASES[case]())
    ready(diagram)
    if case == "events":
        opened_events(diagram)
    page = diagram.page
    page.evaluate(TO_THE_START)
    unseen = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        place = page.evaluate(PLACE)
        if place is None:
            break
        focused = page.screenshot(clip=place["clip"])
        page.evaluate("() => (window.met = document.activeElement).blur()")
        if page.screenshot(clip=place["clip"]) == focused:
            unseen.append(place["html"])
        page.evaluate("() => window.met.focus({ preventScroll: true })")
    assert unseen == []
