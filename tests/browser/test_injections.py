"""Names, titles and messages that try to be more than text, on exported pages in a real Chromium: they stay text.

Every page is compared with a harmless twin: the same widgets with names of the same lengths made of letters. Not for
pictures for print nor for terminals: that is in ``tests/test_injections.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Request

import nnweightviz as nwv
from corpus.injections import INJECTIONS, TWINS
from nnweightviz.views import VIEWS

N_LAYERS, N_METRICS, N_RUNS, SIZE = 8, 12, 4, 112
SPY = """
window.__ran = [];
for (const name of ["ran", "alert", "confirm", "prompt", "print", "open"])
  window[name] = () => { window.__ran.push(name); };
"""
TAGS = "() => [...document.querySelectorAll('*')].map(e => e.tagName.toLowerCase())"
ATTRIBUTES = """() => [...document.querySelectorAll('*')].flatMap(e => [...e.attributes])
  .filter(a => /^on|^srcdoc$|^formaction$/i.test(a.name) || /^\\s*(javascript|vbscript):/i.test(a.value))
  .map(a => `${a.name}=${a.value}`)"""


EVENTS = """() => [...document.querySelectorAll("button")].filter(b => /[0-9] events?$/.test(b.textContent))
  .map(b => b.click()).length"""
Found = dict[str, Any]


@pytest.fixture
def spied(page: Page) -> Page:
    """A page that hears of every script that runs; calls of dialogs and windows count as such."""
    page.add_init_script(SPY)
    page.set_default_timeout(60_000)
    return page


def opened(page: Page, path: Path, n: int = 0, *, lists_events: bool = False) -> Found:
    """Open a page of ``n`` widgets; return what is on it, what ran, and what it asked for."""
    asked: list[str] = []

    def hear(request: Request) -> None:
        if not request.url.startswith((path.as_uri(), "blob:", "data:image/")):
            asked.append(request.url)

    page.on("request", hear)
    page.goto(path.as_uri())
    page.wait_for_function("n => document.querySelectorAll('.nnweightviz[data-view]').length === n", arg=n)
    page.wait_for_timeout(500)
    if lists_events:
        assert page.evaluate(EVENTS) == n
        page.wait_for_timeout(500)
    page.remove_listener("request", hear)
    return {
        "tags": Counter(page.evaluate(TAGS)),
        "text": page.evaluate("document.body.textContent"),
        "harm": [*page.evaluate("window.__ran"), *page.evaluate(ATTRIBUTES), *asked],
    }


def history(names: Sequence[str], metrics: Sequence[str], n_inputs: int, seed: int = 0) -> nwv.History:
    """Three checkpoints of a chain of layers of 2 units with these names; all signs flip at the last."""
    rng = np.random.default_rng(seed)
    states: dict[str, Any] = {}
    for i, name in enumerate(names):
        states[f"{name}.weight"] = rng.normal(size=(2, 2 if i else n_inputs))
        states[f"{name}.bias"] = rng.normal(size=2)
    made = nwv.History()
    for k, factor in enumerate((1.0, 1.2, -1.0)):
        metric = {name: 1 / (k + 1 + i) for i, name in enumerate(metrics)}
        made.record({name: factor * array for name, array in states.items()}, step=k, **metric)
    return made


def widget(texts: Sequence[str], view: str) -> nwv.WeightViz:
    """A widget in which some strings are names: of units, layers, metrics and runs, and its title.

    Pages of one run tell of events: the graph is such a page.
    """
    layers, metrics, runs = texts[:N_LAYERS], texts[-N_METRICS:], texts[N_LAYERS : N_LAYERS + N_RUNS]
    names = [text.replace(".", ",") for text in layers]
    histories = {run: history(names, metrics, len(texts), seed) for seed, run in enumerate(runs)}
    ends = {"input_names": list(texts), "output_names": list(texts[-2:])}
    shown: Any = histories[runs[0]] if view == "graph" else histories
    viz = nwv.WeightViz(None, shown, title=texts[-1], view=view, **ends)
    viz.selection = {"group": viz.network.groups[0].id, "unit": 3}
    viz.options = {"height": 2000}
    return viz


def page_of(texts: Sequence[str], view: str, path: Path) -> int:
    """Write a page with a widget and a paragraph for every ``SIZE`` strings; return how many widgets."""
    chunks = [texts[at : at + SIZE] for at in range(0, len(texts) - SIZE + 1, SIZE)]
    items: list[Any] = []
    for chunk in chunks:
        items += [widget(chunk, view), "a ".join(chunk).replace("\n\n", "\n")]
    nwv.to_html(items, path, title=texts[0])
    return len(chunks)


@pytest.mark.parametrize("view", VIEWS)
def test_strings_in_every_slot_stay_text(view: str, spied: Page, tmp_path: Path) -> None:
    listed = [text or "none" for text in INJECTIONS]
    found = {}
    for name, texts in (("harmless", list(TWINS)), ("evil", listed)):
        texts = [*texts, *texts[: -len(texts) % SIZE]]
        path = tmp_path / f"{name}.html"
        n = page_of(texts, view, path)
        found[name] = opened(spied, path, n, lists_events=view == "graph")
    harmless, evil = found["harmless"], found["evil"]
    assert harmless["harm"] == []
    assert evil["harm"] == []
    assert evil["tags"] - harmless["tags"] == Counter()
    assert harmless["tags"] - evil["tags"] == Counter()
    if view == "graph":
        shown = [k for k, text in enumerate(TWINS) if text in harmless["text"]]
        missing = [listed[k] for k in shown if listed[k] not in evil["text"] and listed[k].isprintable()]
        assert len(shown) > len(INJECTIONS) / 2
        assert missing == []


def test_what_becomes_markup_is_heard_of(spied: Page, tmp_path: Path) -> None:
    """The spy can fail: strings that are written as markup do run, ask for things, and add elements."""
    path = tmp_path / "raw.html"
    markup = [
        text
        for text in INJECTIONS
        if text.startswith(("<img", "<svg onload", "<link", "<script>ran()</script>"))
    ]
    path.write_text("<!doctype html><body>" + "".join(markup), encoding="utf-8", errors="replace")
    raw = opened(spied, path)
    assert raw["harm"].count("ran") > 3
    assert any(name.startswith("onerror=") for name in raw["harm"])
    assert any("example.invalid" in name for name in raw["harm"])
    assert raw["tags"]["script"] == 1
