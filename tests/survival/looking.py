"""Opens what a tool made in a real Chromium with the network cut, and tells what a reader sees."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

from playwright.sync_api import Browser, Error, Frame, Page, Route

DIAGRAM = ".nnweightviz[data-links-drawn]"
LOCAL = ("127.0.0.1", "localhost")
WANTED = {
    "mathjax": "MathJax",
    "require": "require.js",
    "anywidget": "a loader of widgets",
    "html-manager": "a loader of widgets",
    "reveal": "reveal.js",
    "font": "fonts",
}


@dataclass
class Seen:
    """What was there: the widget, that of a frame (each only if playing moves it), the picture; and who was asked."""

    widget: bool = False
    frame: bool = False
    picture: bool = False
    alt: str | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def wants(self) -> list[str]:
        """What was asked from the network, all in vain."""
        return sorted({_name_of(url) for url in self.asked})


def look(
    browser: Browser,
    url: str,
    png: bytes | None = None,
    *,
    until: Iterable[str] = ("frame",),
    seconds: float = 15,
    at_hand: tuple[str, Path] | None = None,
) -> Seen:
    """Open a page, wait for what is to come into sight, and tell what is there.

    With ``at_hand``, what is asked from the network below this piece of an address is taken from a folder instead.
    """
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    seen, page = Seen(), context.new_page()

    def gate(route: Route) -> None:
        parts = urlsplit(route.request.url)
        below = route.request.url.partition(at_hand[0])[2].partition("?")[0] if at_hand else ""
        if at_hand and below and (at_hand[1] / below).is_file():
            route.fulfill(path=at_hand[1] / below, headers={"access-control-allow-origin": "*"})
        elif parts.scheme in ("file", "data", "blob") or parts.hostname in LOCAL:
            route.continue_()
        else:
            seen.asked.append(route.request.url)
            route.abort()

    context.route("**/*", gate)
    try:
        page.goto(url, wait_until="commit")
        end = time.monotonic() + seconds
        while time.monotonic() < end and not all(getattr(seen, name) for name in until):
            page.wait_for_timeout(500)
            _scroll(page)
            seen.widget = seen.widget or _plays(page.main_frame)
            seen.frame = seen.frame or any(_plays(frame) for frame in page.frames[1:])
        _find_picture(page, seen, png)
    finally:
        context.close()
    return seen


def _name_of(url: str) -> str:
    for word, name in WANTED.items():
        if word in url.lower():
            return name
    return "its own files"


def printed(browser: Browser, url: str) -> list[tuple[int, int]]:
    """Print a page to PDF, as nbconvert's ``webpdf`` does; return the width and height of every picture in the file."""
    page = browser.new_page()
    page.goto(url)
    page.wait_for_timeout(1000)
    pdf = page.pdf()
    page.close()
    found = re.findall(rb"/Subtype /Image(.*?)>>", pdf, re.DOTALL)
    sizes = [(re.search(rb"/Width (\d+)", one), re.search(rb"/Height (\d+)", one)) for one in found]
    return [(int(width[1]), int(height[1])) for width, height in sizes if width and height]


def _scroll(page: Page) -> None:
    """Bring into sight what is loaded only then."""
    for frame in page.locator("iframe").all():
        with suppress(Error):  # it may be gone, or hidden
            frame.scroll_into_view_if_needed(timeout=500)


def _plays(frame: Frame) -> bool:
    """Whether a diagram is drawn, and its playhead moves when its reader asks for it; not if the frame goes away."""
    with suppress(Error):
        return _follows(frame)
    return False


def _follows(frame: Frame) -> bool:
    diagram = frame.locator(DIAGRAM).first
    if frame.locator(DIAGRAM).count() == 0:
        return False
    slider = diagram.get_by_role("slider", name="Checkpoint")
    slider.focus()
    slider.press("Home")
    slider.press("ArrowRight")
    frame.page.wait_for_timeout(300)
    return diagram.get_attribute("data-checkpoint") == "1"


def _find_picture(page: Page, seen: Seen, png: bytes | None) -> None:
    """Find the picture among all images that are in sight: the very file, at its size."""
    for image in page.locator("img").all():
        size = image.evaluate("(img) => [img.naturalWidth, img.naturalHeight]")
        if not image.is_visible() or size != [1440, 640]:
            continue
        if png is None or _bytes_of(image.evaluate("(img) => img.src")) == png:
            seen.picture, seen.alt = True, image.get_attribute("alt")


def _bytes_of(source: str) -> bytes:
    if source.startswith("data:"):
        return base64.b64decode(unquote(source.partition(",")[2]))
    with urlopen(source) as response:
        return bytes(response.read())
