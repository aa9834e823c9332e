"""A page in an author's own HTML: places are filled, all else stays, and what lacks a place is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnweightviz.export import PAGE, POLICY, to_html
from nnweightviz.widget import WeightViz
from pages import widgets_on
from widgets import bundle, state, states

__all__ = ["bundle"]
pytestmark = pytest.mark.usefixtures("bundle")

LESSON = "<title>$title</title><style>$style</style><h1>Lesson 4</h1>$body\n$code"


def test_every_place_of_a_template_is_filled(tmp_path: Path) -> None:
    template = tmp_path / "lesson.html"
    template.write_text(f'<meta content="$policy">{LESSON}<p>Grüße</p>', encoding="utf-8")
    path = to_html(
        ["a < b", WeightViz(state(), states(2))], tmp_path / "page.html", "T & t", template=template
    )
    page = path.read_text(encoding="utf-8")
    assert page.startswith(f'<meta content="{POLICY}"><title>T &amp; t</title><style>.nnweightviz')
    assert "<h1>Lesson 4</h1><h1>T &amp; t</h1>\n<p>a &lt; b</p>\n<div class=" in page
    assert page.endswith("</script><p>Grüße</p>")
    assert len(widgets_on(path)) == 1


def test_other_dollars_stay_as_they_are(tmp_path: Path) -> None:
    others = r"$$E = mc^2$$ $x$ costs $5 $bodyguard ${other} $('#id') $"
    path = to_html("text", tmp_path / "page.html", template=f"{LESSON}{others}")
    assert path.read_text(encoding="utf-8").endswith(others)


def test_a_place_may_stand_in_braces_and_prose_is_never_a_place(tmp_path: Path) -> None:
    path = to_html("pay $code", tmp_path / "page.html", template="<style>${style}</style>${body}x$code")
    page = path.read_text(encoding="utf-8")
    assert "<p>pay $code</p>x<script" in page
    assert page.count("nnweightviz-code") == 2  # the element, and who reads it


def test_without_a_template_the_page_is_ours(tmp_path: Path) -> None:
    page = to_html("text", tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith(PAGE[: PAGE.index("$policy")])


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("<p>$style $code</p>", r"the template has no \$body: put"),
        ("<p>hello</p>", r"no \$style and no \$body and no \$code"),
        ("<p>$style $code $body $body</p>", r"has \$body more than once"),
    ],
)
def test_a_template_without_a_place_is_refused_by_the_name_of_the_place(
    tmp_path: Path, template: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        to_html("text", tmp_path / "page.html", template=template)
    file = tmp_path / "own.html"
    file.write_text(template)
    with pytest.raises(ValueError, match=r"the template .*own\.html has"):
        to_html("text", tmp_path / "page.html", template=file)
    assert not (tmp_path / "page.html").exists()


def test_a_template_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no template .*lesson\.html; it takes"):
        to_html("text", tmp_path / "page.html", template=str(tmp_path / "lesson.html"))
    (tmp_path / "latin.html").write_bytes(b"<p>Gr\xfc\xdfe</p>")
    with pytest.raises(ValueError, match="is not UTF-8"):
        to_html("text", tmp_path / "page.html", template=tmp_path / "latin.html")
    with pytest.raises(TypeError, match="template is an int; it takes HTML as a string, or the path"):
        to_html("text", tmp_path / "page.html", template=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chrome", "attribute"), [(True, ""), (False, ' data-chrome="timeline"'), ("none", ' data-chrome="none"')]
)
def test_each_diagram_says_how_much_of_it_is_shown(tmp_path: Path, chrome: bool, attribute: str) -> None:
    path = WeightViz(state(), states(2)).to_html(tmp_path / "page.html", chrome=chrome)
    assert f'data-state="nnweightviz-state-0"{attribute}></div>' in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("chrome", ["some", None, 0, 1, "timeline"])
def test_a_chrome_that_there_is_not_is_refused(tmp_path: Path, chrome: object) -> None:
    with pytest.raises(ValueError, match=r'it takes True .* False .* or "none"'):
        to_html("text", tmp_path / "page.html", chrome=chrome)  # type: ignore[arg-type]
