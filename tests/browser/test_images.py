"""Large layers in a real Chromium: images from one worker, from the page where that is forbidden, always the same."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import image as png
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

import nnweightviz as nwv
from browser.conftest import Diagram

Show = Callable[..., Diagram]
SIZES = (90, 60, 5)  # 5 400 links into the hidden layer
POLICY_FOR_WORKERS = "worker-src blob:"
POLICY_FOR_WASM = " 'wasm-unsafe-eval'"


def large(n: int = 4, seed: int = 0, **options: Any) -> nwv.WeightViz:
    """A net with a crowded layer, n checkpoints of random weights."""
    rng = np.random.default_rng(seed)
    history = nwv.History()
    for k in range(n):
        weights = {"hidden.weight": (SIZES[1], SIZES[0]), "out.weight": (SIZES[2], SIZES[1])}
        history.record({p: rng.normal(size=s).astype(np.float32) for p, s in weights.items()}, epoch=k)
    viz = nwv.WeightViz(None, history)
    viz.options = options
    return viz


def wait_for_picture(diagram: Diagram, checkpoint: int) -> None:
    expect(diagram.root.locator(f"canvas[data-picture='{checkpoint}']")).to_be_attached(timeout=15_000)


def pixels(diagram: Diagram) -> NDArray[np.float32]:
    """What is on the canvas, (height, width, 4), 0 to 1."""
    url = diagram.root.locator("canvas.nwv-canvas").evaluate("canvas => canvas.toDataURL()")
    return np.asarray(png.imread(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def makers(page: Page) -> set[str]:
    """Who made the images so far."""
    return set(
        page.evaluate("performance.getEntriesByName('nnweightviz:image').map((entry) => entry.detail)")
    )


def open_page(page: Page, viz: nwv.WeightViz, path: Path, without: tuple[str, ...] = ()) -> Diagram:
    """Open an exported page whose policy was made stricter."""
    viz.to_html(path)
    text = path.read_text()
    for words in without:
        assert words in text
        text = text.replace(words, "worker-src 'none'" if words == POLICY_FOR_WORKERS else "")
    path.write_text(text)
    page.goto(path.as_uri())
    return Diagram(page)


@pytest.mark.parametrize(
    ("without", "maker"),
    [
        ((), "worker, wasm"),
        ((POLICY_FOR_WASM,), "worker, ts"),
        ((POLICY_FOR_WORKERS, POLICY_FOR_WASM), "thread, ts"),
    ],
)
@pytest.mark.parametrize("composite", ["strongest", "sum"])
def test_the_picture_is_the_same_whoever_makes_it(
    page: Page, tmp_path: Path, without: tuple[str, ...], maker: str, composite: str
) -> None:
    free = open_page(page, large(composite=composite), tmp_path / "free.html")
    wait_for_picture(free, 3)
    expected = pixels(free)
    assert (expected[..., 3] > 0).mean() > 0.2
    bound = open_page(page, large(composite=composite), tmp_path / "bound.html", without)
    wait_for_picture(bound, 3)
    assert makers(page) == {maker}
    difference = np.abs(pixels(bound) - expected)
    assert difference.max() <= 3 / 255


def test_a_worker_that_dies_is_replaced_by_the_page(page: Page, tmp_path: Path) -> None:
    page.add_init_script(
        "window.Worker = class extends Worker { constructor(url) { super(url); window.theWorker = this; } };"
    )
    diagram = open_page(page, large(), tmp_path / "page.html")
    wait_for_picture(diagram, 3)
    page.evaluate("theWorker.terminate(); theWorker.onerror(new Event('error'))")
    diagram.scrub_to(1)
    wait_for_picture(diagram, 1)
    assert "thread, wasm" in makers(page)


def test_twenty_widgets_on_a_page_share_one_worker(page: Page, tmp_path: Path, errors: list[str]) -> None:
    page.add_init_script(
        "window.nWorkers = 0;"
        "window.Worker = class extends Worker { constructor(url) { super(url); window.nWorkers++; } };"
    )
    path = tmp_path / "twenty.html"
    nwv.to_html([large(2, seed) for seed in range(20)], path)
    page.goto(path.as_uri())
    for index in range(20):
        diagram = Diagram(page, index)
        diagram.root.scroll_into_view_if_needed()
        wait_for_picture(diagram, 1)
    assert page.evaluate("nWorkers") == 1
    assert errors == []


def test_playing_waits_for_pictures_and_shows_every_checkpoint(page: Page, tmp_path: Path) -> None:
    viz = large(12)
    viz.checkpoint, viz.speed, viz.loop = 0, 6.0, False
    diagram = open_page(page, viz, tmp_path / "page.html")
    wait_for_picture(diagram, 0)
    diagram.root.locator("canvas.nwv-canvas").evaluate(
        "canvas => { window.shown = new Set(); new MutationObserver(() => shown.add(canvas.dataset.picture))"
        ".observe(canvas, { attributes: true }); }"
    )
    diagram.button("Play").click()
    diagram.wait_for("playing", "false")
    wait_for_picture(diagram, 11)
    assert page.evaluate("[...shown].length") == 11


def test_the_caption_says_what_is_drawn_as_lines_and_that_all_is_in_the_shading(
    page: Page, tmp_path: Path
) -> None:
    diagram = open_page(page, large(), tmp_path / "page.html")
    wait_for_picture(diagram, 3)
    caption = diagram.root.locator(".nwv-caption")
    expect(caption).to_contain_text("of the total |w| drawn")
    expect(caption).to_contain_text("all in the shading")
    assert diagram.n_drawn == 90 * 60 + 60 * 5
    diagram.root.get_by_label("shading").select_option(label="signed sum")
    expect(diagram.root.locator(".nwv-legend")).to_contain_text("signed sum")
    expect(caption).to_contain_text("of the total |w| drawn")


def test_one_unit_in_focus_leaves_the_other_links_faint(page: Page, tmp_path: Path) -> None:
    diagram = open_page(page, large(), tmp_path / "page.html")
    wait_for_picture(diagram, 3)
    before = pixels(diagram)[..., 3].mean()
    page.mouse.move(*diagram.unit("hidden", 30))
    page.wait_for_timeout(800)
    assert pixels(diagram)[..., 3].mean() < 0.6 * before


def test_a_link_among_thousands_is_found_and_read(page: Page, tmp_path: Path) -> None:
    viz = large()
    diagram = open_page(page, viz, tmp_path / "page.html")
    wait_for_picture(diagram, 3)
    diagram.hover_link(("input", 40), ("hidden", 20), share=0.5)
    expect(diagram.tooltip).to_contain_text("hidden.weight[")
