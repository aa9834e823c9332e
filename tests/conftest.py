"""What all tests share: the browser that they drive."""

from __future__ import annotations

from typing import Any

import pytest

from chromium import FLAGS, NO_CHROMIUM, find_chromium


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the Chromium executable; a test that asks for it fails, never skips, where there is none."""
    path = find_chromium()
    if path is None:
        pytest.fail(NO_CHROMIUM)
    return path


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], chromium: str) -> dict[str, Any]:
    """Playwright starts the system's Chromium: it needs no download of its own."""
    return {**browser_type_launch_args, "executable_path": chromium, "args": list(FLAGS)}
