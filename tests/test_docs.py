"""The documentation builds without a warning, from the repository alone, and its pages ask nothing of a network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page, expect

import nnweightviz
from nnweightviz.options import OPTIONS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MADE = ("_build", "_made", "notebooks")
LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "video": "src"}
NOT_LOADED = {"canonical", "search", "index", "next", "prev", "author", "license"}
OUTSIDE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)


class Contents(HTMLParser):
    """What a page loads, where its links lead to, and what can be linked to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loaded, self.links, self.anchors = list[str](), list[str](), set[str]()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.anchors.add(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        rel = set(given.get("rel", "").split())
        if tag in LOADED and LOADED[tag] in given and not (tag == "link" and rel & NOT_LOADED):
            self.loaded.append(given[LOADED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built from a copy of what is in the repository; warnings are errors."""
    copy, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, copy / "docs", ignore=shutil.ignore_patterns(*MADE))
    shutil.copytree(ROOT / "notebooks", copy / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (copy / "nnweightviz").symlink_to(ROOT / "nnweightviz")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q"]
    done = subprocess.run([*command, copy / "docs", out], text=True, capture_output=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Contents]:
    """The pages of the site, but for those in frames."""
    return {path: Contents(path) for path in site.rglob("*.html") if "_static" not in path.parts}


def targets(page: Path, links: list[str]) -> Iterator[tuple[Path, str]]:
    """Yield the file and the anchor of each link that stays in the site."""
    for link in links:
        parts = urlsplit(link)
        if not parts.scheme and not parts.netloc:
            yield (
                (page.parent / unquote(parts.path)).resolve() if parts.path else page,
                unquote(parts.fragment),
            )


def test_nothing_is_loaded_from_outside(site: Path, pages: dict[Path, Contents]) -> None:
    for path, contents in pages.items():
        assert [address for address in contents.loaded if OUTSIDE.match(address)] == [], path
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        found = re.findall(r"""(?:url\(\s*|@import\s+)["']?([^"')\s]+)""", text)
        assert [address for address in found if OUTSIDE.match(address)] == [], sheet


def test_what_is_loaded_and_linked_to_is_there(pages: dict[Path, Contents]) -> None:
    for path, contents in pages.items():
        for target, _ in targets(path, contents.loaded):
            assert target.is_file(), f"{path.name} loads {target}"
        for target, anchor in targets(path, contents.links):
            assert target.is_file(), f"{path.name} links to {target}"
            if anchor and target in pages:
                assert anchor in pages[target].anchors, f"{path.name} links to #{anchor} of {target.name}"


def test_every_page_is_reached_from_the_first(site: Path, pages: dict[Path, Contents]) -> None:
    first = (site / "index.html").resolve()
    seen, left = {first}, [first]
    while left:
        page = left.pop()
        for target, _ in targets(page, pages[page].links):
            if target in pages and target not in seen:
                seen.add(target)
                left.append(target)
    assert {path.name for path in set(pages) - seen} == {"search.html"}  # which is a form on each
    assert {path.stem for path in DOCS.glob("*.md")} <= {path.stem for path in seen}


def test_every_public_name_is_in_the_reference(pages: dict[Path, Contents]) -> None:
    anchors = {
        anchor for path, contents in pages.items() if path.parent.name == "api" for anchor in contents.anchors
    }
    for name in nnweightviz.__all__:
        assert {f"nnweightviz.{name}", f"module-nnweightviz.{name}"} & anchors, name
    for room in ("keep", "measures", "plots", "views"):
        module = getattr(nnweightviz, room)
        for name in getattr(module, "__all__", ["Every", "LogSpaced", "Best"]):
            here = getattr(module, name)
            homes = {f"nnweightviz.{room}.{name}", f"{here.__module__}.{name}"}
            assert homes & anchors, f"{room}.{name}"


def test_every_option_is_in_its_table() -> None:
    table = re.findall(r"^\| `(\w+)` \|", (DOCS / "options.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert table == list(OPTIONS)


def test_nothing_that_is_made_is_in_the_repository() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {f"docs/{name}/" for name in MADE} <= set(ignored)


def test_the_diagrams_in_the_pages_are_alive(site: Path, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    page.goto((site / "reading.html").as_uri())
    frame = page.frame_locator("iframe[title^='An 8-3-8']")
    page.locator("iframe[title^='An 8-3-8']").scroll_into_view_if_needed()
    diagram = frame.locator(".nnweightviz")
    expect(diagram).to_have_attribute("data-links", "59", timeout=30_000)
    before = diagram.get_attribute("data-checkpoint")
    frame.get_by_role("slider", name="Checkpoint").press("Home")
    expect(diagram).to_have_attribute("data-checkpoint", "0")
    assert before != "0"
    assert [url for url in asked if url.startswith(("http:", "https:"))] == []
