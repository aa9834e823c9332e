"""Events as a browser is told of them: found when they are asked for, in another thread, once; and always in a page."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import nnweightviz as nwv
from nnweightviz import complete, serving
from nnweightviz.moments import KINDS, told
from nnweightviz.moments.links import FACTOR, FLIP
from nnweightviz.moments.rules import OF_METRICS, OF_OUTPUTS, RULES, rules_for
from nnweightviz.widget import WeightViz
from widgets import Listener, bundle

__all__ = ["bundle"]
pytestmark = pytest.mark.usefixtures("bundle")


def wait_until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def weights(k: int) -> dict[str, np.ndarray]:
    """Of a 3-2 layer: the weight from input 2 to unit 1 becomes negative at checkpoint 4."""
    fc = np.array([[1.0, 0.8 if k < 4 else -0.8, -1.0], [1.0, -1.0, 0.5]], np.float32)
    return {"fc.weight": fc}


def recorded(n: int = 8) -> nwv.History:
    history = nwv.History()
    for k in range(n):
        history.record(weights(k), step=10 * k)
    return history


def ask(browser: Listener, **about: Any) -> dict[str, Any]:
    """Ask for events and wait for the answer, or for what went wrong."""
    n = len(browser.heard)
    browser.say(type="events", id="v0", **about)
    wait_until(lambda: len(browser.heard) > n)
    return browser.heard[-1][0]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Events are found only after this is set; what was called is counted in ``gate.calls``."""
    gate, find = threading.Event(), told.events
    gate.calls = []  # type: ignore[attr-defined]

    def slowly(history: nwv.History, *about: Any) -> Any:
        gate.calls.append(len(history))  # type: ignore[attr-defined]
        assert gate.wait(10)
        return find(history, *about)

    monkeypatch.setattr(told, "events", slowly)
    return gate


def test_a_browser_that_asks_is_told_what_python_finds() -> None:
    viz = WeightViz(None, recorded())
    answer = ask(Listener(viz))
    found = nwv.events(viz.history, viz.network)
    assert [(e.checkpoint, e.kind) for e in found] == [(4, "sign flip")]
    assert [(e["kind"], e["checkpoint"], e["sentence"], e["where"]) for e in answer["events"]] == [
        (e.kind, e.checkpoint, e.sentence, dict(e.where)) for e in found
    ]
    assert (answer["type"], answer["id"], answer["n_checkpoints"], answer["revision"]) == (
        "events",
        "v0",
        8,
        0,
    )
    json.dumps(answer, allow_nan=False)


def test_nothing_is_looked_for_until_somebody_asks(gate: threading.Event) -> None:
    viz = WeightViz(None, recorded())
    assert viz.get_state()["_index"]["events"] is None
    assert gate.calls == []  # type: ignore[attr-defined]
    gate.set()
    answer = ask(Listener(viz))
    later = viz.get_state()["_index"]["events"]
    assert later == {name: answer[name] for name in later}


def test_recording_and_other_answers_do_not_wait_for_events(gate: threading.Event) -> None:
    history = recorded()
    viz = WeightViz(None, history)
    browser = Listener(viz)
    assert browser.say(type="events", id="v0") == []
    wait_until(lambda: bool(gate.calls))  # type: ignore[attr-defined]
    history.record(weights(8), step=80)
    viz._live.flush()
    ((exact, _),) = browser.say(type="exact", id="e0", run="run", parameter="fc.weight", entries=[0])
    assert [content["type"] for content, _ in browser.heard] == ["append", "exact"]
    assert exact["dims"] == [9, 1]
    gate.set()
    wait_until(lambda: len(browser.heard) == 3)
    assert browser.heard[-1][0]["n_checkpoints"] == 8


def test_events_are_found_once_for_each_number_of_checkpoints(gate: threading.Event) -> None:
    history = recorded()
    viz = WeightViz(None, history)
    browsers = [Listener(viz), Listener(viz)]
    for browser in browsers:
        browser.say(type="events", id="v0")
    gate.set()
    wait_until(lambda: len(browsers[1].heard) == 2)
    ask(browsers[1])
    assert gate.calls == [8]  # type: ignore[attr-defined]
    history.record(weights(8), step=80)
    viz._live.flush()
    assert ask(browsers[1])["n_checkpoints"] == 9
    assert gate.calls == [8, 9]  # type: ignore[attr-defined]


def test_what_was_found_is_forgotten_when_checkpoints_are_taken_out() -> None:
    history = nwv.History(keep=nwv.keep.Best("loss", 6))
    for k in range(6):
        history.record(weights(k), step=10 * k, loss=9 if k == 1 else 1 / (k + 1))
    viz = WeightViz(None, history)
    browser = Listener(viz)
    assert [e["checkpoint"] for e in ask(browser)["events"]] == [4]
    history.record(weights(6), step=60, loss=0.1)
    viz._live.flush()
    (reset,) = [content for content, _ in browser.heard if content["type"] == "reset"]
    assert reset["index"]["events"] is None
    answer = ask(browser)
    assert [e["checkpoint"] for e in answer["events"]] == [3]
    assert answer["revision"] == reset["index"]["revision"] != 0


def test_what_goes_wrong_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(told, "events", fail)
    answer = ask(Listener(WeightViz(None, recorded())))
    assert answer == {
        "type": "error",
        "id": "v0",
        "message": "the events could not be found: the disk is gone",
    }


def test_a_page_without_a_kernel_has_the_events() -> None:
    state, _ = WeightViz(None, recorded()).page_state()
    assert [e["checkpoint"] for e in state["_index"]["events"]["events"]] == [4]


def test_a_page_that_leaves_checkpoints_out_has_the_events_of_those_that_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    viz = WeightViz(None, recorded(40))
    monkeypatch.setattr(complete, "PAGE_BYTES", 10 * viz._payload.n_bytes_each)
    state, _ = viz.page_state()
    index = state["_index"]
    assert index["runs"][0]["n_checkpoints"] == index["events"]["n_checkpoints"] == 10
    (event,) = index["events"]["events"]
    step = index["runs"][0]["steps"][event["checkpoint"]]
    before = index["runs"][0]["steps"][event["checkpoint"] - 1]
    assert before < 40 <= step


def test_too_many_of_a_kind_are_counted_in_a_page() -> None:
    rng = np.random.default_rng(0)
    history = nwv.History()
    for _ in range(12):
        history.record({"fc.weight": rng.choice([-1.0, 1.0], (40, 3)).astype(np.float32)})
    index = WeightViz(None, history).page_state()[0]["_index"]["events"]
    flips = [e for e in index["events"] if e["kind"] == "sign flip"]
    assert len(flips) == told.MOST
    assert index["n_left_out"]["sign flip"] > 0


def test_one_checkpoint_has_no_events() -> None:
    assert WeightViz(None, recorded(1)).page_state()[0]["_index"]["events"]["events"] == []


def test_a_served_page_is_answered_with_its_news() -> None:
    server = serving.PageServer(recorded())
    reader = server.reader("reader")
    reader.news(0)
    reader.receive({"type": "events", "id": "v0"})
    assert b"became negative" in reader.news(10)
    server._server.server_close()
    server.live.close()


def test_every_kind_has_a_rule_in_words_with_its_threshold() -> None:
    assert tuple(RULES) == KINDS
    assert f"{FLIP:.0%}" in RULES["sign flip"]
    assert f"{FACTOR:g} times" in RULES["grows"]
    assert all(len(rule) < 140 and "\n" not in rule for rule in RULES.values())


def test_the_document_tells_the_rules_as_they_are() -> None:
    text = (Path(__file__).parent.parent / "docs" / "events.md").read_text()
    assert re.findall(r"^\| (.+?) \| (.+) \|$", text, re.MULTILINE)[1:] == list(RULES.items())


def test_what_cannot_be_found_is_not_said_to_be_looked_for() -> None:
    history = recorded()
    viz = WeightViz(None, history)
    assert set(ask(Listener(viz))["rules"]) == set(KINDS) - {*OF_METRICS, *OF_OUTPUTS}
    assert set(rules_for(has_metrics=True, has_outputs=True)) == set(KINDS)
    assert set(KINDS) - set(rules_for(has_metrics=True, has_outputs=False)) == set(OF_OUTPUTS)


def test_units_that_die_on_the_probe_are_among_the_events() -> None:
    torch.manual_seed(0)
    model, history, x = (
        torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU()),
        nwv.History(),
        torch.rand(20, 3),
    )
    with torch.no_grad():
        model[0].bias.fill_(5)
        for bias in (5.0, 5.0, -50.0, -50.0):
            model[0].bias[2] = bias
            history.record(model)
    viz = WeightViz(model, history, probe=(x, torch.rand(20, 4)))
    browser = Listener(viz)
    dead = [e for e in ask(browser)["events"] if e["kind"] == "unit dies"]
    assert [(e["checkpoint"], e["where"]) for e in dead] == [(2, {"group": "0", "unit": 2})]
    history.record(model)  # the probe was not run at this one
    viz._live.flush()
    later = ask(browser)
    assert later["n_checkpoints"] == 5
    assert [e["checkpoint"] for e in later["events"] if e["kind"].startswith("unit")] == [2]
    assert "unit dies" in later["rules"]
