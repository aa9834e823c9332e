"""One HTML file: whole, safe whatever strings are in it, and never half-written."""

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from nnweightviz import export
from nnweightviz.blocks import decode
from nnweightviz.export import json_text, to_html
from nnweightviz.history import History
from nnweightviz.widget import WeightViz
from nnweightviz.written import read
from pages import unpacked
from widgets import bundle, state, states

__all__ = ["bundle"]
pytestmark = pytest.mark.usefixtures("bundle")
NASTY = "</script><script>alert(1)</script><!-- & \" ' \u2028 \u2029 é 🙂 $title"


class Page(HTMLParser):
    """What a browser finds: elements with their attributes and text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_data(self, data: str) -> None:
        if self.elements:
            self.elements[-1][2].append(data)

    def texts(self, tag: str) -> list[str]:
        return ["".join(text).strip() for name, _, text in self.elements if name == tag]

    def states(self) -> list[dict[str, Any]]:
        scripts = [e for e in self.elements if e[0] == "script" and e[1].get("type") == "application/json"]
        return [unpacked("".join(text)) for _, _, text in scripts]


class Plain:
    """Anything that gives its state can be on a page."""

    def page_state(self) -> tuple[dict[str, Any], list[bytes]]:
        return {"title": "plain"}, [b"\x00\x01"]


def test_a_page_holds_the_state_and_every_part(tmp_path: Path) -> None:
    viz = WeightViz(state(), states(3), {"loss": [3, float("nan"), 1]})
    viz.checkpoint, viz.options = 1, {"threshold": 0.25}
    (page,) = Page(viz.to_html(tmp_path / "page.html")).states()
    sent, parts = page["state"], page["parts"]
    assert (sent["checkpoint"], sent["options"]["threshold"]) == (1, 0.25)
    entry = next(entry for entry in sent["_index"]["blocks"] if entry["name"] == "fc1.bias")
    data = parts[entry["part"]][entry["offset"] : entry["offset"] + entry["n_bytes"]]
    assert decode(entry, data)[:, 0].tolist() == [0, 1, 2]
    assert sent["_network"]["name"] == viz.network.name


def test_a_page_never_opens_playing(tmp_path: Path) -> None:
    viz = WeightViz(state(), states(3))
    viz.playing = True
    assert Page(viz.to_html(tmp_path / "page.html")).states()[0]["state"]["playing"] is False


def test_each_widget_has_its_host_and_the_code_is_there_once(tmp_path: Path) -> None:
    page = Page(to_html([Plain(), "between", Plain()], tmp_path / "page.html"))
    hosts = [
        attrs["data-state"] for _, attrs, _ in page.elements if attrs.get("class") == "nnweightviz-embed"
    ]
    ids = [attrs["id"] for tag, attrs, _ in page.elements if tag == "script" and "id" in attrs]
    assert hosts == ["nnweightviz-state-0", "nnweightviz-state-2"]
    assert ids == [*hosts, "nnweightviz-code"]
    assert len([1 for tag, attrs, _ in page.elements if tag == "script" and not attrs]) == 1
    assert len(page.texts("style")) == 1


def test_paragraphs_are_text(tmp_path: Path) -> None:
    page = Page(to_html(["one\n\ntwo <b>bold</b> & co", Plain()], tmp_path / "page.html"))
    assert page.texts("p") == ["one", "two <b>bold</b> & co"]
    assert page.texts("b") == []


def test_no_string_can_end_the_script_that_holds_it(tmp_path: Path) -> None:
    parameters = {f"{NASTY}.weight": state()["fc1.weight"]}
    viz = WeightViz(parameters, [parameters], {NASTY: [1]}, title=NASTY)
    path = to_html([viz, NASTY], tmp_path / "page.html", title=NASTY)
    page = Page(path)
    assert page.texts("title") == page.texts("h1") == [NASTY]
    (sent,) = page.states()
    assert sent["state"]["title"] == NASTY
    assert list(sent["state"]["_index"]["runs"][0]["metrics"]) == [NASTY]
    assert len([1 for tag, _, _ in page.elements if tag == "script"]) == 3
    assert path.read_text(encoding="utf-8").count("</script>") == 3


def test_the_code_cannot_end_its_element(tmp_path: Path) -> None:
    packed = Page(to_html(Plain(), tmp_path / "page.html")).texts("script")[-2]
    code = read(packed).decode()
    assert code == 'console.log("embed </script> <!-- é");'


def test_json_in_a_script_has_no_dangerous_characters() -> None:
    text = json_text({NASTY: NASTY})
    assert not set(text) & set("<>&\u2028\u2029")
    assert json.loads(text) == {NASTY: NASTY}


def test_a_number_that_json_lacks_is_an_error_not_a_broken_page() -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_text({"loss": float("nan")})


def test_the_policy_allows_nothing_from_elsewhere(tmp_path: Path) -> None:
    page = Page(to_html(Plain(), tmp_path / "page.html"))
    (policy,) = [
        a["content"] for t, a, _ in page.elements if a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    scripts = "script-src 'unsafe-inline' 'wasm-unsafe-eval'"
    assert policy.startswith(f"default-src 'none'; {scripts}; style-src 'unsafe-inline'")
    assert "'unsafe-eval'" not in policy
    assert not re.search(r"https?:", (tmp_path / "page.html").read_text())


def test_a_page_fits_phones_and_dark_rooms(tmp_path: Path) -> None:
    page = Page(to_html(Plain(), tmp_path / "page.html"))
    metas = {attrs.get("name"): attrs.get("content") for tag, attrs, _ in page.elements if tag == "meta"}
    assert metas["viewport"] == "width=device-width, initial-scale=1"
    assert metas["color-scheme"] == "light dark"


def test_the_title_of_a_widget_is_the_title_of_its_page(tmp_path: Path) -> None:
    viz = WeightViz(state(), title="XOR & co")
    assert Page(viz.to_html(tmp_path / "a.html")).texts("title") == ["XOR & co"]
    assert Page(to_html([viz], tmp_path / "a.html")).texts("title") == ["XOR & co"]


def test_a_title_for_a_page_of_one_widget_is_the_widgets_too(tmp_path: Path) -> None:
    viz = WeightViz(state(), title="XOR & co")
    page = Page(viz.to_html(tmp_path / "a.html", title="other"))
    assert page.texts("title") == [page.states()[0]["state"]["title"]] == ["other"]
    assert viz.title == "XOR & co"


def test_a_title_is_written_once_on_a_page_of_one_widget(tmp_path: Path) -> None:
    viz = WeightViz(state(), title="XOR")
    assert Page(viz.to_html(tmp_path / "a.html")).texts("h1") == []
    assert Page(to_html([viz], tmp_path / "a.html", title="other")).texts("h1") == []
    assert Page(to_html([viz, "text"], tmp_path / "a.html", title="other")).texts("h1") == ["other"]


def test_a_page_needs_something_on_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is nothing to put on the page: give at least one"):
        to_html([], tmp_path / "page.html")
    with pytest.raises(TypeError, match="a page holds WeightViz widgets and strings; got an int"):
        to_html(5, tmp_path / "page.html")  # type: ignore[arg-type]


def test_a_folder_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(
        IsADirectoryError, match=r"it is a folder; name a file in it, such as .*weights\.html"
    ):
        to_html("text", tmp_path)


def test_a_path_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="path is an int; it takes a string or a Path"):
        to_html("text", 5)  # type: ignore[arg-type]


def test_an_error_of_the_disk_names_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: str, *_: Any) -> None:
        raise PermissionError(13, "Permission denied", source)

    monkeypatch.setattr(export.os, "replace", fail)
    with pytest.raises(PermissionError, match=r"Permission denied: '.*page\.html'$"):
        to_html("text", tmp_path / "page.html")


def test_a_page_written_right_after_training_has_the_last_checkpoint(tmp_path: Path) -> None:
    history = History()
    history.record(state())
    viz = WeightViz(state(), history)
    for k in range(1, 8):
        history.record(state(k), loss=1 / k)
    sent = Page(viz.to_html(tmp_path / "page.html")).states()[0]["state"]
    (run,) = sent["_index"]["runs"]
    assert (sent["checkpoint"], run["n_checkpoints"], len(run["metrics"]["loss"]["x"])) == (7, 8, 7)
    viz.close()


@pytest.mark.parametrize("form", [str, Path, os.fspath])
def test_the_path_can_be_a_string_or_a_path(tmp_path: Path, form: Any) -> None:
    assert to_html(Plain(), form(tmp_path / "page.html")) == tmp_path / "page.html"


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"cannot write .*the folder .*nowhere is not there; create it"
    ):
        to_html(Plain(), tmp_path / "nowhere" / "page.html")


@pytest.mark.parametrize(
    ("items", "title", "sentence"),
    [
        ([3], None, "item 0 of the page is an int; a page holds WeightViz widgets and strings"),
        ([Plain(), None], None, "item 1 of the page is None; a page holds"),
        ([WeightViz], None, "item 0 of the page is the class WeightViz, not an instance;"),
        (Plain(), 3, "title is an int; it takes a string"),
    ],
)
def test_what_cannot_be_on_a_page_is_refused(tmp_path: Path, items: Any, title: Any, sentence: str) -> None:
    with pytest.raises(TypeError, match=re.escape(sentence)):
        to_html(items, tmp_path / "page.html", title=title)
    assert list(tmp_path.glob("page*")) == []


def test_without_a_bundle_the_way_to_build_it_is_told(tmp_path: Path, bundle: Path) -> None:
    (bundle / "embed.js").unlink()
    with pytest.raises(FileNotFoundError, match=r"static/embed.js is not there.*npm --prefix js ci"):
        to_html(Plain(), tmp_path / "page.html")


def test_a_page_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = to_html("first", tmp_path / "page.html")
    before = path.read_text()

    def fail(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(export.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        to_html("second", path)
    assert path.read_text() == before
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["page.html"]


def test_a_page_is_as_readable_as_any_other_file(tmp_path: Path) -> None:
    plain = tmp_path / "plain.txt"
    plain.write_text("")
    page = to_html("text", tmp_path / "page.html")
    assert page.stat().st_mode == plain.stat().st_mode


def test_a_page_knows_nothing_of_this_machine(tmp_path: Path) -> None:
    text = WeightViz(state(), states(2)).to_html(tmp_path / "page.html").read_text()
    assert str(tmp_path) not in text
    assert str(Path.home()) not in text
