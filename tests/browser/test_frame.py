"""A widget as a frame in somebody else's page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

import nnweightviz as nwv
from browser.conftest import mlp, random_states


def test_a_frame_in_any_page_plays_without_a_network_and_shows_all_of_it(page: Page, tmp_path: Path) -> None:
    net = mlp()
    viz = nwv.WeightViz(net, random_states(net, 5))
    (tmp_path / "site.html").write_text(f"<!doctype html><p>before</p>{viz.embed()}<p>after</p>", "utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    page.set_viewport_size({"width": 720, "height": 900})
    page.goto((tmp_path / "site.html").as_uri())
    inside = page.frame_locator("iframe")
    inside.locator(".nnweightviz[data-links-drawn='26']").wait_for()
    inside.get_by_role("slider", name="Checkpoint").press("Home")
    inside.locator(".nnweightviz[data-checkpoint='0']").wait_for()
    inside.get_by_role("button", name="Play", exact=True).click()
    inside.locator(".nnweightviz[data-checkpoint='4'][data-playing='false']").wait_for()
    assert inside.locator("html").evaluate("(html) => html.scrollHeight - html.clientHeight") <= 0
    assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))]


def test_a_frame_sees_nothing_of_the_page_around_it(page: Page, tmp_path: Path) -> None:
    fragment = nwv.WeightViz(mlp()).embed()
    (tmp_path / "site.html").write_text(f"<!doctype html>{fragment}", "utf-8")
    page.goto((tmp_path / "site.html").as_uri())
    page.frame_locator("iframe").locator(".nnweightviz[data-links-drawn]").wait_for()
    code = "() => { try { return window.parent.document.title } catch (error) { return error.name } }"
    assert page.frames[1].evaluate(code) == "SecurityError"
