"""Twenty diagrams on one page: each has its picture, and keeps it, whatever the reader does with the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

import nnweightviz as nwv
from browser.conftest import random_states

N = 20
N_SCROLLS = 200
SEED = 0
# How many pixels of each diagram's links are not bare, and the checkpoint that is drawn.
PIXELS = """() => [...document.querySelectorAll("canvas.nwv-canvas")].map((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let n = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) n++;
    return n;
})"""
# Looks at a few columns of pixels of what is in sight, after each frame.
WATCH = """() => {
    const watch = (window.watch = { n: 0, blank: [] });
    const canvases = [...document.querySelectorAll("canvas.nwv-canvas")];
    const isBare = (canvas) => [0.2, 0.4, 0.6, 0.8].every((share) => {
        const column = canvas.getContext("2d").getImageData(Math.floor(share * canvas.width), 0, 1, canvas.height);
        return !column.data.some((value, i) => i % 4 === 3 && value > 0);
    });
    const look = () => {
        watch.n++;
        canvases.forEach((canvas, i) => {
            const { top, bottom } = canvas.getBoundingClientRect();
            if (bottom > 0 && top < innerHeight && !watch.blank.includes(i) && isBare(canvas)) watch.blank.push(i);
        });
    };
    const { port1, port2 } = new MessageChannel(); // heard after the frame is painted
    port1.onmessage = look;
    const frame = () => {
        port2.postMessage(null);
        requestAnimationFrame(frame);
    };
    frame();
}"""
# What a page hears when its tab goes behind another one, and comes back: there are no frames in between.
HIDE = """() => {
    const frame = window.requestAnimationFrame;
    const waiting = [];
    const tell = (state) => {
        Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
        Object.defineProperty(document, "hidden", { value: state === "hidden", configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    };
    window.requestAnimationFrame = (callback) => waiting.push(callback);
    window.show = () => {
        window.requestAnimationFrame = frame;
        tell("visible");
        for (const callback of waiting) frame(callback);
    };
    tell("hidden");
}"""


def net(seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(4 + seed % 3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of twenty nets of some eighty links, six checkpoints each."""
    nets = [net(seed) for seed in range(N)]
    diagrams = [nwv.WeightViz(one, random_states(one, 6, seed)) for seed, one in enumerate(nets)]
    return nwv.to_html(diagrams, tmp_path_factory.mktemp("many") / "many.html", title="twenty nets")


@pytest.fixture
def many(page: Page, path: Path, errors: list[str]) -> Iterator[Page]:
    page.goto(path.as_uri())
    expect(page.locator(".nnweightviz[data-links-drawn]")).to_have_count(N, timeout=20_000)
    expect(page.locator("canvas[data-picture]")).to_have_count(N)
    yield page
    assert errors == []


def blank(page: Page) -> list[int]:
    """Which diagrams have less of their picture than a few lines."""
    return [i for i, n in enumerate(page.evaluate(PIXELS)) if n < 1000]


@pytest.fixture
def watched(many: Page) -> Page:
    """The page, with a watch on what a reader sees: after each frame, which diagrams in sight are without lines."""
    many.evaluate(WATCH)
    return many


def never_blank(page: Page) -> None:
    """Nothing in sight was without lines after any frame, and no diagram is now, in sight or not."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    seen = page.evaluate("() => window.watch")
    assert seen["n"] > 0
    assert seen["blank"] == []
    assert blank(page) == []


def test_each_has_its_picture(many: Page) -> None:
    assert blank(many) == []


def test_scrolled_away_and_back_200_times_none_is_blank(watched: Page) -> None:
    rng = np.random.default_rng(SEED)
    height = watched.evaluate("document.documentElement.scrollHeight")
    for _ in range(N_SCROLLS):
        watched.evaluate(
            "(top) => new Promise((done) => { scrollTo(0, top); requestAnimationFrame(() => setTimeout(done)); })",
            float(rng.uniform(0, height)),
        )
    never_blank(watched)


def test_the_window_resized_and_the_theme_switched_none_is_blank(watched: Page) -> None:
    for width, theme in [(900, "dark"), (600, "light"), (1200, "dark"), (420, "dark"), (1280, "light")]:
        watched.set_viewport_size({"width": width, "height": 700})
        watched.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        expect(watched.locator(f".nnweightviz[data-theme={theme}]")).to_have_count(N)
        watched.evaluate("scrollBy(0, 900)")
        watched.wait_for_timeout(200)
    never_blank(watched)


def test_the_tab_hidden_and_shown_none_is_blank(watched: Page) -> None:
    watched.get_by_role("button", name="Play").first.click()
    for theme in ("dark", "light", "dark"):
        watched.evaluate(HIDE)
        watched.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        watched.wait_for_timeout(300)
        watched.evaluate("() => window.show()")
        expect(watched.locator(f".nnweightviz[data-theme={theme}]")).to_have_count(N)
        watched.wait_for_timeout(200)
    never_blank(watched)


def test_the_watch_finds_a_canvas_that_was_wiped(watched: Page) -> None:
    watched.evaluate(
        """() => {
            const canvas = document.querySelector("canvas.nwv-canvas");
            canvas.getContext("2d").clearRect(0, 0, 1e4, 1e4);
        }"""
    )
    watched.wait_for_timeout(100)
    assert watched.evaluate("() => window.watch")["blank"] == [0]
    assert 0 in blank(watched)
