"""The contract with the browser: few traits, the same names on both sides, and the views that are registered."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any, get_args

import anywidget
import pytest
import torch

from nnweightviz.blocks import DTYPES, Coding, Dtype
from nnweightviz.history import History
from nnweightviz.widget import PAGE_TRAITS, VIEWS, WeightViz
from widgets import Listener, bundle, state, states

__all__ = ["bundle"]
ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "js" / "src"
BOUNDARY = (ROOT / "docs" / "boundary.md").read_text()
TYPES = "".join(
    (SOURCE / name).read_text() for name in ("blocks.ts", "events.ts", "outputs.ts", "spectra.ts")
)


def own_traits() -> set[str]:
    synced = set(WeightViz.class_traits(sync=True))
    return synced - set(anywidget.AnyWidget.class_traits(sync=True))


def fields(name: str) -> set[str]:
    """Names of the fields of an interface or object type in blocks.ts."""
    pattern = rf"export (?:interface {name}(?: extends (\w+))?|type {name} =) \{{(.*?)\}};?\n"
    found = re.search(pattern, TYPES, re.DOTALL)
    assert found is not None, f"blocks.ts has no type {name}"
    own = set(re.findall(r"(?:^|;|\n|\{)\s*(\w+)\??: ", "\n" + found[2]))
    return own | (fields(found[1]) if found[1] else set())


def test_at_most_twelve_traits_are_synced() -> None:
    assert len(own_traits()) <= 12


def test_every_trait_is_described_in_the_contract() -> None:
    described = set(re.findall(r"^\| `(\w+)` \|", BOUNDARY, re.MULTILINE))
    assert described == own_traits()


def test_every_trait_that_users_see_says_what_it_is() -> None:
    source = (ROOT / "nnweightviz" / "widget.py").read_text()
    public = {name for name in own_traits() if not name.startswith("_")}
    documented = set(re.findall(r'^    (\w+) = t\.\w+\(.*\)\n    """', source, re.MULTILINE))
    assert public <= documented


def test_the_browser_reads_no_trait_that_is_not_there() -> None:
    text = "".join(path.read_text() for path in SOURCE.rglob("*.ts"))
    read = set(re.findall(r'\.(?:get|set)\(\s*"(\w+)"', text)) & (own_traits() | {"_blocks"})
    assert {"_network", "_index", "_blocks", "checkpoint", "playing", "options"} <= read
    asked = set(re.findall(r'model\.(?:get|set)\(\s*"(\w+)"', text))
    assert asked <= own_traits() | {"_sent"}  # which rides beside the traits


def test_a_page_carries_every_trait() -> None:
    assert {*PAGE_TRAITS, "_index", "_blocks", "_extras"} == own_traits()


def test_the_views_are_those_that_are_registered() -> None:
    registry = (SOURCE / "views" / "index.ts").read_text()
    assert tuple(re.findall(r"^  (\w+): \{ title", registry, re.MULTILINE)) == VIEWS


def test_the_types_of_codes_are_the_same() -> None:
    found = re.search(r"export type Dtype = (.*);", TYPES)
    assert found is not None
    assert tuple(re.findall(r'"(\w+)"', found[1])) == DTYPES == get_args(Dtype)
    assert '"raw" | "deflate"' in TYPES
    assert get_args(Coding) == ("raw", "deflate")


@pytest.mark.usefixtures("bundle")
class TestWhatIsSent:
    """Names in what Python sends are those that the browser's types have, no more and no fewer."""

    def test_the_index(self) -> None:
        index = WeightViz(state(), states(2), {"loss": [1, 2]}).get_state()["_index"]
        assert {*index, "outputs", "spectra"} == fields("Index")
        assert set(index["runs"][0]) == fields("RunIndex")
        assert set(index["runs"][0]["metrics"]["loss"]) == fields("Metric")
        assert all(set(entry) == fields("BlockEntry") for entry in index["blocks"])

    def test_the_outputs_of_a_probe(self) -> None:
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(3, 2))
        viz = WeightViz(model, [model.state_dict()], probe=(torch.randn(9, 3), torch.randn(9, 2)))
        sent = viz.get_state()
        index = sent["_index"]["outputs"]
        assert set(index) == fields("OutputsIndex")
        assert set(index["groups"]["0"]) == fields("GroupIndex")
        assert all(set(entry) == fields("BlockEntry") for entry in index["blocks"])
        assert all(sent["_blocks"])
        json.dumps(index, allow_nan=False)

    def test_a_difference(self) -> None:
        about = {"quantity": "difference", "reference": 0, "names": None}
        browser = Listener(WeightViz(state(), states(2)))
        ((answer, _),) = browser.say(type="fetch", id="q", run="run", start=0, stop=2, **about)
        assert all(set(entry) == fields("DifferenceEntry") for entry in answer["blocks"])
        assert {"type", "id", "run", "start", "stop", *about} == fields("FetchMessage")

    def test_growth(self) -> None:
        history = History()
        history.record(state())
        browser = Listener(viz := WeightViz(state(), history))
        history.record(state(1), loss=0.5)
        viz._live.flush()
        message, _ = browser.heard[0]
        assert set(message) == fields("AppendMessage")
        assert set(message["metrics"]["loss"]) == fields("MetricTail")
        assert all(set(entry) == fields("BlockEntry") for entry in message["blocks"])

    @pytest.mark.parametrize(
        ("request_", "reply"),
        [
            ({"type": "fetch", "start": 0, "stop": 1}, "BlocksMessage"),
            ({"type": "exact", "parameter": "fc1.bias", "entries": [0]}, "ExactReply"),
            ({"type": "fetch"}, "ErrorMessage"),
            ({"type": "tail", "revision": 0, "start": 0}, "AppendMessage"),
            ({"type": "tail", "revision": 1, "start": 0}, "ResetMessage"),
        ],
    )
    def test_replies(self, request_: dict[str, Any], reply: str) -> None:
        answers = Listener(WeightViz(state())).say(id="q", run="run", **request_)
        assert set(answers[-1][0]) == fields(reply)

    def test_orders(self) -> None:
        browser = Listener(viz := WeightViz(state()))
        viz.options = {"order": "crossings"}
        assert set(browser.heard[-1][0]) == fields("OrderMessage")
        assert set(viz.get_state()["_index"]["orders"]["crossings"]) == fields("ComputedOrder")

    def test_events(self) -> None:
        flipped = {**state(1), "fc1.weight": -state(1)["fc1.weight"]}
        browser = Listener(viz := WeightViz(state(), [state(1), flipped]))
        browser.say(type="events", id="v0")
        while not browser.heard:
            time.sleep(0.01)
        assert set(browser.heard[-1][0]) == fields("EventsReply")
        found = viz.get_state()["_index"]["events"]
        assert set(found) == fields("EventIndex")
        assert found["events"]
        assert all(set(entry) == fields("EventEntry") for entry in found["events"])

    def test_spectra(self) -> None:
        browser = Listener(viz := WeightViz(state(), [state(k) for k in range(1, 4)]))
        about = {"run": "run", "names": ["fc1.weight"], "correlation": True}
        browser.say(type="spectra", id="s0", **about)
        while not (browser.heard and browser.heard[-1][0]["done"]):
            time.sleep(0.01)
        assert {"type", "id", *about} == fields("SpectraMessage")
        (first, _), (last, _) = browser.heard
        for reply in (first, last):
            assert set(reply) == fields("SpectraReply")
        assert set(first["parts"][0]) == fields("SpectrumPart")
        assert all(set(entry) == fields("BlockEntry") for entry in first["blocks"])
        assert set(last["correlation"]) == fields("CorrelationIndex")
        index = viz.page_state()[0]["_index"]["spectra"]
        assert set(index) == fields("SpectraIndex")
        assert set(index["about"][0]) == fields("SpectraAbout")
        assert all(set(entry) == fields("BlockEntry") for entry in index["blocks"])

    def test_everything_but_the_parts_is_json(self) -> None:
        sent = WeightViz(state(), states(2), {"loss": [1, float("nan")]}).get_state()
        assert all(isinstance(part, bytes) and part for part in sent.pop("_blocks"))
        json.dumps(sent, allow_nan=False)


def test_the_fields_of_a_type_are_found() -> None:
    assert fields("CancelMessage") == {"type", "id"}
    assert fields("MetricTail") == {"start", "x", "y"}
    with pytest.raises(AssertionError):
        fields("Nothing")
