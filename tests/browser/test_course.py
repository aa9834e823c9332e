"""A page of a course in a real Chromium: links to a moment, one playhead, inside another page, on paper, by finger."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram, mlp, random_states, until


def widget(n: int = 11, every: int = 100, title: str | None = None) -> nwv.WeightViz:
    """A widget of the 3-4-2 net at its first checkpoint."""
    history = nwv.History()
    for k, state in enumerate(random_states(mlp(), n)):
        history.record(state, step=every * k, loss=1 / (k + 1))
    viz = nwv.WeightViz(mlp(), history, title=title)
    viz.checkpoint = 0
    return viz


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Write a page and return its address."""

    def write(*items: Any, **how: Any) -> str:
        return nwv.to_html(list(items), tmp_path / "course.html", **how).as_uri()

    return write


Write = Callable[..., str]


def opened(page: Page, address: str, n: int = 1) -> list[Diagram]:
    page.goto(address)
    return [Diagram(page, k) for k in range(n)]


# links to a moment


def test_a_link_opens_at_its_checkpoint_view_and_selection(
    write: Write, page: Page, errors: list[str]
) -> None:
    (diagram,) = opened(page, write(widget()) + "#checkpoint=7&view=matrix&group=hidden&unit=2")
    diagram.wait_for("checkpoint", 7)
    diagram.wait_for("view", "matrix")
    expect(diagram.root.locator(".nwv-inspector .nwv-reading-title")).to_have_text("hidden · unit 3")
    expect(page.locator("p[role=status]:visible")).to_have_count(0)
    assert errors == []


def test_a_link_to_a_step_opens_at_the_latest_checkpoint_that_is_not_later(write: Write, page: Page) -> None:
    (diagram,) = opened(page, write(widget()) + "#step=470")
    diagram.wait_for("checkpoint", 4)


def test_a_changed_address_is_obeyed_and_pauses(write: Write, page: Page) -> None:
    (diagram,) = opened(page, write(widget(100)))
    diagram.button("Play").click()
    diagram.wait_for("playing", "true")
    page.evaluate("location.hash = 'checkpoint=50&view=trajectory'")
    diagram.wait_for("checkpoint", 50)
    diagram.wait_for("view", "trajectory")
    assert diagram.data("playing") == "false"


@pytest.mark.parametrize("named", ["widget=1", "widget=the%20second"])
def test_a_link_means_a_diagram_by_number_or_title_and_brings_it_into_sight(
    write: Write, page: Page, named: str
) -> None:
    address = write(widget(title="first"), "text", widget(title="the second"))
    first, second = opened(page, f"{address}#{named}&checkpoint=3", 2)
    second.wait_for("checkpoint", 3)
    assert first.checkpoint == 0
    expect(second.root).to_be_in_viewport(ratio=0.9)


@pytest.mark.parametrize(
    ("hash_", "said"),
    [
        ("checkpoint=99", "checkpoint “99”; there is 0 to 10"),
        ("view=<img src=x onerror=alert(1)>", "view “<img src=x onerror=alert(1)>”; there is graph, matrix"),
        ("group=nowhere&unit=1", "group “nowhere”; there is input, hidden"),
        ("widget=7", "widget “7”; there is 0 (Sequential)"),
        ("chapter", "something called “chapter”"),
        ("%E0%A4%A", "something called"),
    ],
)
def test_an_address_that_makes_no_sense_is_ignored_with_a_line_of_text(
    write: Write, page: Page, errors: list[str], hash_: str, said: str
) -> None:
    (diagram,) = opened(page, f"{write(widget())}#{hash_}")
    note = page.locator("p[role=status]")
    expect(note).to_contain_text(said)
    expect(note).to_contain_text("It is ignored.")
    assert (diagram.checkpoint, diagram.data("view")) == (0, "graph")
    assert page.locator("img").count() == 0
    page.evaluate("location.hash = 'checkpoint=2'")
    diagram.wait_for("checkpoint", 2)
    expect(note).to_be_hidden()
    assert errors == []


def test_an_address_of_a_heading_is_no_link_to_a_moment(write: Write, page: Page) -> None:
    template = "<style>$style</style><h2 id='lesson'>Lesson</h2>$body $code"
    opened(page, write(widget(), template=template) + "#lesson")
    expect(page.locator("p[role=status]:visible")).to_have_count(0)


def test_the_copied_link_opens_what_was_shown(write: Write, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    address = write(widget(), widget())
    _, second = opened(page, address, 2)
    second.scrub_to(6)
    page.mouse.click(*second.unit("hidden", 1))
    second.root.get_by_role("tab", name="Trajectory").click()
    assert page.evaluate("location.hash") == ""  # the address does not follow the reader
    second.button("Copy link to this moment").click()
    expect(second.root.get_by_text("Link copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{address}#widget=1&checkpoint=6&view=trajectory&group=hidden&unit=1"
    assert page.url == link
    other = page.context.new_page()
    _, again = opened(other, link, 2)
    again.wait_for("checkpoint", 6)
    again.wait_for("view", "trajectory")


def test_a_link_without_the_selection_that_the_page_has_opens_without_it(write: Write, page: Page) -> None:
    viz = widget()
    viz.selection = {"group": "hidden", "unit": 0}
    (diagram,) = opened(page, write(viz))
    diagram.root.locator(".nwv-inspector").get_by_role("button").first.click()
    diagram.button("Copy link to this moment").click()
    page.wait_for_function("location.hash !== ''")
    page.reload()
    expect(Diagram(page).root.locator(".nwv-inspector")).to_be_hidden()


def test_a_frame_without_an_address_has_no_link_to_copy(write: Write, page: Page, tmp_path: Path) -> None:
    write(widget())
    text = html.escape((tmp_path / "course.html").read_text(encoding="utf-8"))
    (tmp_path / "host.html").write_text(f'<iframe sandbox="allow-scripts" srcdoc="{text}"></iframe>', "utf-8")
    page.goto((tmp_path / "host.html").as_uri())
    frame = page.frame_locator("iframe")
    expect(frame.locator(".nnweightviz[data-links-drawn]")).to_be_attached(timeout=15_000)
    expect(frame.get_by_role("button", name="Full screen")).to_have_count(1)
    expect(frame.get_by_role("button", name="Copy link to this moment")).to_have_count(0)


# one playhead


def test_linked_diagrams_scrub_play_and_pause_together(write: Write, page: Page, errors: list[str]) -> None:
    first, second = opened(page, write(widget(40), widget(40), linked=True), 2)
    second.scrub_to(3)
    first.wait_for("checkpoint", 3)
    first.root.get_by_label("Speed, checkpoints per second").select_option("15")
    expect(second.root.get_by_label("Speed, checkpoints per second")).to_have_value("15")
    first.button("Play").click()
    second.wait_for("playing", "true")
    seen = set()
    for _ in range(12):
        ks = page.evaluate(
            "() => [...document.querySelectorAll('.nnweightviz')].map((r) => Number(r.dataset.checkpoint))"
        )
        seen.add(ks[0] - ks[1])
        page.wait_for_timeout(50)
    assert seen <= {-1, 0, 1}  # displays draw one after the other
    second.button("Pause").click()
    first.wait_for("playing", "false")
    until(lambda: first.checkpoint == second.checkpoint)
    assert first.checkpoint > 3
    assert errors == []


def test_linked_diagrams_play_to_the_end_and_again(write: Write, page: Page) -> None:
    a, b = widget(6), widget(6)
    for viz in (a, b):
        viz.speed, viz.loop = 6.0, False
    first, second = opened(page, write(a, b, linked=True), 2)
    for _ in range(2):
        second.button("Play").click()
        first.wait_for("playing", "true")
        for diagram in (first, second):
            diagram.wait_for("playing", "false")
            diagram.wait_for("checkpoint", 5)


def test_a_sparser_history_is_taken_along_by_its_steps(write: Write, page: Page) -> None:
    sparse, dense = opened(page, write(widget(3, every=500), widget(11), linked=True), 2)
    dense.scrub_to(7)
    sparse.wait_for("checkpoint", 1)
    sparse.scrub_to(2)
    dense.wait_for("checkpoint", 10)
    expect(sparse.root.get_by_role("group", name="Playback")).to_be_hidden()
    dense.scrub_to(1)
    sparse.slider.focus()
    page.keyboard.press(" ")  # the playhead is one: this plays both
    dense.wait_for("playing", "true")
    sparse.wait_for("checkpoint", 1)
    dense.wait_for("checkpoint", 10)
    dense.wait_for("playing", "false")
    sparse.wait_for("checkpoint", 2)


def test_a_link_into_a_linked_page_moves_all(write: Write, page: Page) -> None:
    first, second = opened(page, write(widget(), widget(), linked=True) + "#widget=1&checkpoint=4", 2)
    second.wait_for("checkpoint", 4)
    first.wait_for("checkpoint", 4)


# inside another page


def test_without_chrome_there_are_the_picture_and_the_timeline(write: Write, page: Page) -> None:
    (diagram,) = opened(page, write(widget(), chrome=False))
    assert diagram.button("Play").is_visible()
    for hidden in (
        diagram.root.get_by_role("tab"),
        diagram.root.get_by_role("toolbar"),
        diagram.root.locator(".nwv-legend"),
    ):
        expect(hidden.first).to_be_hidden()
    diagram.scrub_to(3)


def test_chrome_none_leaves_the_picture(write: Write, page: Page) -> None:
    (diagram,) = opened(page, write(widget(), chrome="none"))
    expect(diagram.slider).to_be_hidden()
    expect(diagram.root.locator(".nwv-stage")).to_be_visible()


@pytest.mark.parametrize("address", ["?embed", "#embed"])
def test_any_page_can_be_embedded_by_its_address(write: Write, page: Page, address: str) -> None:
    uri = write("prose", widget(), "more", widget(), title="Course")
    first, _second = opened(page, uri + address, 2)
    expect(page.get_by_text("prose")).to_be_hidden()
    expect(page.get_by_role("heading")).to_be_hidden()
    expect(first.root.get_by_role("tab").first).to_be_hidden()
    assert first.button("Play").is_visible()


def test_an_address_embeds_one_diagram_of_several(write: Write, page: Page) -> None:
    page.goto(write("prose", widget(title="a"), widget(title="b")) + "?embed#widget=b&step=300")
    until(lambda: page.locator(".nnweightviz").count() == 2)
    expect(page.locator(".nnweightviz").nth(0)).to_be_hidden()
    Diagram(page, 1).wait_for("checkpoint", 3)


def test_an_embedded_picture_lies_on_the_paper_of_the_page_around_it(
    write: Write, page: Page, tmp_path: Path
) -> None:
    write(widget(), chrome=False)
    host = tmp_path / "host.html"
    host.write_text(
        "<body style='background: rgb(200, 255, 200)'><iframe src='course.html?theme=light' "
        "style='border: 0; width: 700px; height: 640px'></iframe>"
    )
    page.goto(host.as_uri())
    frame = page.frame_locator("iframe")
    expect(frame.locator(".nnweightviz[data-links-drawn]")).to_be_visible(timeout=15_000)
    page.wait_for_timeout(200)
    shot = page.screenshot(clip={"x": 300, "y": 460, "width": 4, "height": 4})
    pixels = page.evaluate(
        """async (bytes) => {
          const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
          const canvas = new OffscreenCanvas(4, 4).getContext("2d");
          canvas.drawImage(image, 0, 0);
          return [...canvas.getImageData(0, 0, 1, 1).data];
        }""",
        list(shot),
    )
    assert pixels == [200, 255, 200, 255]


@pytest.mark.parametrize(("paper", "theme"), [("#fff", "light"), ("#111", "dark")])
def test_in_a_template_type_and_theme_are_those_around_it(
    write: Write, page: Page, paper: str, theme: str
) -> None:
    template = f"<style>$style</style><body style='background: {paper}; font-family: serif'>$body $code"
    (diagram,) = opened(page, write(widget(), template=template, chrome=False))
    assert diagram.data("theme") == theme
    look = diagram.root.evaluate(
        "(root) => [getComputedStyle(root).fontFamily, getComputedStyle(root).backgroundColor]"
    )
    assert look == ["serif", "rgba(0, 0, 0, 0)"]


def test_the_address_may_ask_for_a_theme(write: Write, page: Page) -> None:
    (diagram,) = opened(page, write(widget()) + "?embed&theme=dark")
    assert diagram.data("theme") == "dark"


# on paper


def test_print_is_light_whole_and_without_buttons(write: Write, page: Page) -> None:
    viz = widget()
    viz.options = {"theme": "dark"}
    (diagram,) = opened(page, write("text", viz))
    diagram.scrub_to(4)
    width = diagram.root.evaluate("(root) => root.offsetWidth")
    page.emulate_media(media="print")
    diagram.wait_for("theme", "light")
    assert diagram.root.evaluate("(root) => getComputedStyle(root).breakInside") == "avoid"
    assert page.locator("button:visible:not([aria-pressed])").count() == 0
    expect(diagram.root.get_by_text("step 400")).to_be_visible()
    assert diagram.root.evaluate("(root) => root.offsetWidth") == width  # as it was laid out
    filters = diagram.root.locator(".nwv-canvas").evaluate("(canvas) => getComputedStyle(canvas).filter")
    assert filters.startswith("invert(1)")
    page.emulate_media(media="screen")
    diagram.wait_for("theme", "dark")
    assert diagram.button("Play").is_visible()


def test_a_printed_page_shows_all_columns(write: Write, page: Page) -> None:
    opened(page, write(widget()))
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 957, "height": 1200})  # A4, as Chromium scales it
    root = page.locator(".nnweightviz")
    assert root.evaluate("(root) => root.getBoundingClientRect().right") <= 957
    page.emulate_media(media="screen")
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_print_shows_all_that_is_said_of_a_selection(write: Write, page: Page) -> None:
    (diagram,) = opened(page, write(widget()) + "#view=matrix&group=hidden&unit=1")
    diagram.wait_for("view", "matrix")
    page.emulate_media(media="print")
    inspector = diagram.root.locator(".nwv-inspector")
    heights = inspector.evaluate("(panel) => [panel.scrollHeight, panel.clientHeight]")
    assert heights[0] <= heights[1]
    assert heights[0] > 100


def test_print_names_the_checkpoint_even_of_the_picture_alone(write: Write, page: Page) -> None:
    (diagram,) = opened(page, write(widget(), chrome="none"))
    page.emulate_media(media="print")
    expect(diagram.root.get_by_text("step 0")).to_be_visible()


# by finger


class Hand:
    """Fingers on a telephone's screen, as the browser hears them from the system."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.cdp: CDPSession = page.context.new_cdp_session(page)

    def say(self, kind: str, *points: tuple[float, float]) -> None:
        touched = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(points)]
        self.cdp.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": touched})

    def tap(self, x: float, y: float) -> None:
        self.page.touchscreen.tap(x, y)
        self.page.wait_for_timeout(350)  # not a double tap

    def drag(self, start: tuple[float, float], by: tuple[float, float], n: int = 8) -> None:
        self.say("Start", start)
        for k in range(1, n + 1):
            self.say("Move", (start[0] + by[0] * k / n, start[1] + by[1] * k / n))
            self.page.wait_for_timeout(20)
        self.say("End")
        self.page.wait_for_timeout(200)

    def pinch(self, x: float, y: float, start: float, end: float, n: int = 8) -> None:
        """Part two fingers about (x, y) from ``start`` to ``end`` pixels."""
        for k in range(n + 1):
            half = (start + (end - start) * k / n) / 2
            self.say("Move" if k else "Start", (x - half, y), (x + half, y))
            self.page.wait_for_timeout(30)
        self.say("End")
        self.page.wait_for_timeout(200)


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    yield context.new_page()
    context.close()


def distance(diagram: Diagram) -> float:
    """Between two neighbours in the middle column, in page pixels."""
    (x0, y0), (x1, y1) = diagram.unit("hidden", 1), diagram.unit("hidden", 2)
    return float(np.hypot(x1 - x0, y1 - y0))


def test_a_pinch_zooms_the_picture_about_the_fingers(write: Write, phone: Page) -> None:
    (diagram,) = opened(phone, write(widget()))
    hand, before, (x, y) = Hand(phone), distance(diagram), diagram.unit("hidden", 2)
    hand.pinch(x, y, 60, 120)
    assert distance(diagram) == pytest.approx(2 * before, rel=0.05)
    assert diagram.unit("hidden", 2) == pytest.approx((x, y), abs=6)
    assert phone.evaluate("visualViewport.scale") == 1  # the page did not zoom
    hand.pinch(x, y, 160, 20)
    assert distance(diagram) == pytest.approx(before, rel=0.05)


def test_a_finger_scrolls_the_page_until_the_picture_is_zoomed_then_moves_it(
    write: Write, phone: Page
) -> None:
    (diagram,) = opened(phone, write(*["text"] * 3, widget(), *["text"] * 12))
    hand, (x, y) = Hand(phone), diagram.unit("hidden", 2)
    hand.drag((x, y), (0, -150))
    assert phone.evaluate("scrollY") > 100
    phone.wait_for_timeout(600)  # it rolls on for a while
    x, y = diagram.unit("hidden", 2)
    hand.pinch(x, y, 60, 150)
    scrolled = phone.evaluate("scrollY")
    x, y = diagram.unit("hidden", 2)
    hand.drag((x + 30, y + 10), (-40, -50))
    assert diagram.unit("hidden", 2) == pytest.approx((x - 40, y - 50), abs=6)
    assert phone.evaluate("scrollY") == scrolled


def test_a_tap_reads_a_second_one_selects_and_one_elsewhere_hides(write: Write, phone: Page) -> None:
    (diagram,) = opened(phone, write("text", widget(), "text"))
    hand, inspector = Hand(phone), diagram.root.locator(".nwv-inspector")
    x, y = diagram.unit("hidden", 1)
    hand.tap(x, y)
    expect(diagram.tooltip).to_contain_text("hidden · unit 2")
    expect(inspector).to_be_hidden()
    hand.tap(x, y)
    expect(inspector).to_contain_text("hidden · unit 2")
    other = diagram.unit("hidden", 3)
    hand.tap(*other)
    expect(diagram.tooltip).to_contain_text("hidden · unit 4")
    hand.tap(20, diagram.root.bounding_box()["y"] - 20)  # type: ignore[index]
    expect(diagram.tooltip).to_be_hidden()


def test_a_tap_on_nothing_hides_and_deselects(write: Write, phone: Page) -> None:
    (diagram,) = opened(phone, write(widget()))
    hand, (x, y) = Hand(phone), diagram.unit("hidden", 1)
    hand.tap(x, y)
    hand.tap(x, y)
    expect(diagram.root.locator(".nwv-inspector")).to_be_visible()
    box = diagram.root.locator(".nwv-stage").bounding_box()
    assert box is not None
    hand.tap(box["x"] + 15, box["y"] + box["height"] - 15)
    expect(diagram.root.locator(".nwv-inspector")).to_be_hidden()
    expect(diagram.tooltip).to_be_hidden()


def test_a_tap_reads_in_other_views_too(write: Write, phone: Page) -> None:
    viz = widget()
    viz.view = "distribution"
    phone.goto(write(viz))
    Diagram(phone)
    plot = phone.get_by_role("application").locator("canvas").first
    expect(plot).to_be_visible()
    box = plot.bounding_box()
    assert box is not None
    Hand(phone).tap(box["x"] + box["width"] / 2, box["y"] + 0.3 * box["height"])
    expect(phone.locator(".nwv-bin-told")).to_be_visible()


def test_what_one_presses_is_large_enough_for_a_finger(write: Write, phone: Page) -> None:
    (diagram,) = opened(phone, write(widget()))
    small = diagram.root.locator("button:visible, select:visible").evaluate_all(
        """(all) => all.map((one) => [one.getBoundingClientRect(), one.ariaLabel ?? one.textContent])
          .filter(([box]) => box.width < 24 || box.height < 24).map(([, name]) => name)"""
    )
    assert small == []
    play = diagram.button("Play").bounding_box()
    assert play is not None
    assert min(play["width"], play["height"]) >= 44
    assert phone.evaluate("document.documentElement.scrollWidth") == 390  # nothing sticks out


def test_a_mouse_reads_and_selects_as_before(write: Write, page: Page) -> None:
    (diagram,) = opened(page, write(widget()))
    x, y = diagram.unit("hidden", 1)
    page.mouse.move(x, y)
    expect(diagram.tooltip).to_contain_text("hidden · unit 2")
    page.mouse.click(x, y)
    expect(diagram.root.locator(".nwv-inspector")).to_contain_text(re.compile("hidden · unit 2"))
