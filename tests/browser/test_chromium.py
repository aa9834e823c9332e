"""The browser that all other browser tests rely on starts, draws, and is the system's own."""

from __future__ import annotations

from playwright.sync_api import Page


def test_chromium_runs_a_page_without_a_network(page: Page) -> None:
    page.set_content("<title>here</title><canvas></canvas>")
    assert page.title() == "here"
    assert page.evaluate("typeof DecompressionStream") == "function"
