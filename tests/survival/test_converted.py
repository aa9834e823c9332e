"""A notebook that nbconvert made pages of: with no kernel, no saved widget state and no network. All other tools are
looked at by ``make matrix``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from survival.conftest import Given
from survival.looking import look, printed
from survival.notebook import ALT
from survival.tools import OFFLINE, nbconvert


def test_a_page_has_the_picture_and_a_frame_that_plays(given: Given, browser: Browser) -> None:
    seen = look(browser, nbconvert(given.path, "html", *OFFLINE).as_uri(), given.png)
    assert (seen.picture, seen.frame, seen.widget) == (True, True, False)
    assert seen.asked == []


def test_the_picture_is_described_where_the_template_has_a_place_for_it(
    given: Given, browser: Browser
) -> None:
    path = nbconvert(given.path, "html", "--template=classic", "--output=classic", *OFFLINE)
    assert look(browser, path.as_uri(), given.png, until=[]).alt == ALT


def test_slides_have_the_picture_and_a_frame_that_plays(given: Given, browser: Browser) -> None:
    seen = look(browser, nbconvert(given.path, "slides", *OFFLINE).as_uri(), given.png)
    assert (seen.picture, seen.frame, seen.widget) == (True, True, False)


def test_markdown_has_the_picture_as_a_file_and_the_frame_as_it_is(given: Given) -> None:
    path = nbconvert(given.path, "markdown")
    text = path.read_text()
    files = [path.parent / name for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)]
    assert [file.read_bytes() for file in files] == [given.png]
    assert sum("<iframe" in line and "</iframe></div>" in line for line in text.splitlines()) == 1


def test_a_pdf_of_the_page_has_the_picture_at_its_size(given: Given, browser: Browser) -> None:
    images = printed(browser, nbconvert(given.path, "html", "--output=for-pdf", *OFFLINE).as_uri())
    assert (1440, 640) in images


def test_with_saved_state_a_page_asks_the_network_for_the_widget(stateful: Path, browser: Browser) -> None:
    seen = look(browser, nbconvert(stateful, "html", *OFFLINE).as_uri(), until=["widget"], seconds=5)
    assert not seen.widget
    assert not seen.picture  # nbconvert takes the widget, which has nothing to draw with: why the docs say so
    assert seen.asked != []


@pytest.fixture(scope="module")
def stateful(given: Given, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebook with the state of its widgets, as ``nbconvert --execute`` leaves it."""
    path = tmp_path_factory.mktemp("stateful") / "weights.ipynb"
    path.write_text(given.path.read_text())
    nbconvert(path, "notebook", "--execute", "--inplace")
    assert "widgets" in path.read_text()
    return path
