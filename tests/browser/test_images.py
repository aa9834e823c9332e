"""Large layers in a real Chromium: images from workers, from the page where that is forbidden, always the same."""

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
WITH_CORES = "Object.defineProperty(navigator, 'hardwareConcurrency', {{ value: {}, configurable: true }});"
KEEP_WORKERS = (
    "window.workers = []; window.Worker = class extends Worker { constructor(url) { super(url); workers.push(this);"
    " this.nMade = 0; this.addEventListener('message', () => this.nMade++); } };"
)
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


def played(page: Page, path: Path, n_cores: int) -> list[NDArray[np.float32]]:
    """Every picture of a page that was played as fast as images are made, where it is told of so many cores."""
    page.add_init_script(WITH_CORES.format(n_cores))
    viz = large(8)
    viz.checkpoint, viz.speed, viz.loop = 0, 240.0, False
    diagram = open_page(page, viz, path)
    wait_for_picture(diagram, 0)
    diagram.button("Play").click()
    diagram.wait_for("playing", "false")
    pictures = []
    for k in range(8):
        diagram.scrub_to(k)
        wait_for_picture(diagram, k)
        pictures.append(pixels(diagram))
    return pictures


def test_two_workers_make_the_pictures_that_one_makes(page: Page, tmp_path: Path) -> None:
    page.add_init_script(KEEP_WORKERS)
    with_one = played(page, tmp_path / "page.html", 2)
    assert page.evaluate("workers.length") == 1
    with_two = played(page, tmp_path / "page.html", 4)
    assert page.evaluate("workers.length") == 2
    assert page.evaluate("workers.every(({ nMade }) => nMade > 0)")
    assert len({picture.tobytes() for picture in with_one}) == 8
    assert all(np.array_equal(one, two) for one, two in zip(with_one, with_two, strict=True))


@pytest.mark.parametrize("n_cores", [2, 4])
def test_workers_that_die_are_replaced_by_the_page(page: Page, tmp_path: Path, n_cores: int) -> None:
    page.add_init_script(WITH_CORES.format(n_cores) + KEEP_WORKERS)
    diagram = open_page(page, large(), tmp_path / "page.html")
    wait_for_picture(diagram, 3)
    page.evaluate("for (const w of workers) { w.terminate(); w.onerror(new Event('error')); }")
    for k in (1, 2):
        diagram.scrub_to(k)
        wait_for_picture(diagram, k)
        page.evaluate("for (const w of workers) { w.terminate(); w.onerror(new Event('error')); }")
    diagram.scrub_to(0)
    wait_for_picture(diagram, 0)
    assert "thread, wasm" in makers(page)


@pytest.mark.parametrize(("n_cores", "most"), [(2, 1), (4, 2)])
def test_twenty_widgets_on_a_page_share_their_workers(
    page: Page, tmp_path: Path, errors: list[str], n_cores: int, most: int
) -> None:
    page.add_init_script(WITH_CORES.format(n_cores) + KEEP_WORKERS)
    path = tmp_path / "twenty.html"
    nwv.to_html([large(2, seed) for seed in range(20)], path)
    page.goto(path.as_uri())
    for index in range(20):
        diagram = Diagram(page, index)
        diagram.root.scroll_into_view_if_needed()
        wait_for_picture(diagram, 1)
    assert 1 <= page.evaluate("workers.length") <= most
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
