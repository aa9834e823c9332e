"""The widget without a kernel: what is refused before anything is shown, traits, messages, growth."""

from __future__ import annotations

import copy
import gc
import json
import re
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import traitlets
from ipywidgets.widgets.widget import _instances

from nnweightviz.adapters import as_network
from nnweightviz.blocks import decode
from nnweightviz.history import History
from nnweightviz.options import validated
from nnweightviz.widget import WeightViz
from widgets import Listener, bundle, state, states, wait_until

torch.set_num_threads(1)
__all__ = ["bundle"]
pytestmark = pytest.mark.usefixtures("bundle")


def model() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))


def test_a_model_alone_shows_its_weights_as_they_are() -> None:
    viz = WeightViz(model())
    assert (viz.checkpoint, len(viz.history), viz.view, viz.playing) == (0, 1, "graph", False)


def test_a_history_opens_at_its_last_checkpoint() -> None:
    assert WeightViz(state(), states(7)).checkpoint == 6


def test_a_bare_list_of_checkpoints_is_drawn_from_names_and_shapes() -> None:
    viz = WeightViz(None, states(2))
    assert viz.network.parameters == {name: array.shape for name, array in state().items()}


def test_a_network_without_a_live_model_is_drawn() -> None:
    assert WeightViz(as_network(state()), states(2)).network.n_links == 26


def test_wrapped_checkpoints_fit_the_bare_model() -> None:
    wrapped = [{f"module._orig_mod.{name}": a for name, a in s.items()} for s in states(2)]
    viz = WeightViz(state(), wrapped)
    assert {entry["name"] for entry in viz.get_state()["_index"]["blocks"]} == set(state())


@pytest.mark.parametrize(("n", "speed"), [(1, 2), (24, 2), (120, 10), (2000, 60)])
def test_a_history_plays_in_some_twelve_seconds(n: int, speed: float) -> None:
    assert WeightViz({"w": np.zeros((1, 1))}, [{"w": np.zeros((1, 1))} for _ in range(n)]).speed == speed


@pytest.mark.parametrize(
    ("arguments", "about", "error", "sentence"),
    [
        ((), {}, TypeError, "WeightViz needs a model, or checkpoints, or both; got neither"),
        (
            (state(),),
            {"colour": 1},
            TypeError,
            "WeightViz does not take 'colour'; it takes model, checkpoints",
        ),
        ((3,), {}, TypeError, "nnweightviz draws a torch.nn.Module"),
        ((torch.nn.Linear,), {}, TypeError, "got the class Linear, not an instance"),
        ((state(), [torch.nn.Linear]), {}, TypeError, "got the class Linear, not an instance"),
        (({"model": state(), "epoch": 3},), {}, TypeError, 'pass checkpoint["model"]'),
        (
            ({"w": np.ones((2, 2), complex)},),
            {},
            ValueError,
            "there is nothing to draw: no real numbers in w;",
        ),
        ((as_network(state()),), {}, TypeError, "WeightViz was given a Network without checkpoints"),
        ((state(), []), {}, ValueError, "there are no checkpoints to show"),
        ((state(), "runs/a"), {}, FileNotFoundError, "there is no file or folder 'runs/a'"),
        ((state(), [{"x": np.ones(2)}]), {}, ValueError, "checkpoint 0 seems to be of another model"),
        (
            (state(), [*states(1), state() | {"fc2.bias": np.ones(5)}]),
            {},
            ValueError,
            "parameter 'fc2.bias' has shape (5,) in checkpoint 1, but (2,) in those before",
        ),
        (
            (state(), [state() | {"fc2.bias": np.ones(5)}]),
            {},
            ValueError,
            "checkpoint 0 has 'fc2.bias' of shape (5,), but the model's 'fc2.bias' has shape (2,)",
        ),
        (
            (state(), states(2), {"loss": [1, 2, 3]}),
            {},
            ValueError,
            "metric 'loss' has 3 values for 2 checkpoints",
        ),
        ((state(),), {"view": "cube"}, ValueError, "there is no view 'cube'; the views are graph"),
        ((state(),), {"precision": "int4"}, ValueError, "precision is 'int4'; it can be 'auto', 'float32'"),
        ((state(),), {"title": 3}, TypeError, "title is an int; it takes a string"),
        ((state(),), {"input_names": ["a"]}, ValueError, "input_names holds 1 name, but group 'input' has 3"),
        (
            (state(),),
            {"input_names": "abc"},
            TypeError,
            "input_names is 'abc'; it takes a list of names, one",
        ),
        ((state(),), {"input_names": {"a", "b", "c"}}, TypeError, "input_names is a set; it takes a list of"),
        ((state(),), {"output_names": 2}, TypeError, "output_names is an int; it takes a list of names"),
        ((state(),), {"input_grid": 3}, TypeError, "input_grid is 3; it takes rows and columns, such as"),
        ((state(),), {"input_grid": (1, 1, 1, 3)}, TypeError, "input_grid is (1, 1, 1, 3); it takes"),
        ((state(),), {"input_grid": (-1, -3)}, TypeError, "input_grid is (-1, -3); it takes rows and"),
        ((state(),), {"input_grid": (1.5, 2)}, TypeError, "input_grid is (1.5, 2); it takes rows and"),
        (
            (state(),),
            {"input_grid": (1, 4)},
            ValueError,
            "input_grid 1 x 4 has 4 places, but the input has 3",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_shown(
    arguments: tuple[Any, ...], about: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    before = set(_instances)
    with pytest.raises(error, match=re.escape(sentence)):
        WeightViz(*arguments, **about)
    assert set(_instances) <= before


@pytest.mark.filterwarnings("error")
def test_what_was_refused_leaves_quietly() -> None:
    with pytest.raises(ValueError, match="there is no view"):
        WeightViz(state(), view="cube")
    gc.collect()


def test_without_a_bundle_the_way_to_build_it_is_told(bundle: Path) -> None:
    (bundle / "widget.js").unlink()
    with pytest.raises(FileNotFoundError, match=r"npm --prefix js ci && npm --prefix js run build"):
        WeightViz(state())


def test_the_code_and_the_style_are_those_of_the_bundle(bundle: Path) -> None:
    sent = WeightViz(state()).get_state()
    assert sent["_esm"] == (bundle / "widget.js").read_text()
    assert sent["_css"] == (bundle / "nnweightviz.css").read_text()


def test_the_last_checkpoint_can_be_named_from_the_end() -> None:
    viz = WeightViz(state(), states(5))
    viz.checkpoint = -2
    assert viz.checkpoint == 3


@pytest.mark.parametrize("k", [5, -6])
def test_a_checkpoint_that_is_not_there_is_refused(k: int) -> None:
    viz = WeightViz(state(), states(5))
    with pytest.raises(traitlets.TraitError, match=f"checkpoint is {k}; this history has 5, 0 to 4"):
        viz.checkpoint = k
    assert viz.checkpoint == 4


@pytest.mark.parametrize("speed", [0.0, 1000.0])
def test_a_speed_out_of_range_is_refused(speed: float) -> None:
    with pytest.raises(traitlets.TraitError):
        WeightViz(state()).speed = speed


def test_an_unknown_view_is_refused() -> None:
    with pytest.raises(traitlets.TraitError, match="there is no view 'cube'; the views are graph"):
        WeightViz(state()).view = "cube"


def test_options_are_merged_with_the_defaults() -> None:
    viz = WeightViz(state())
    viz.options = {"threshold": 0.5}
    assert (viz.options["threshold"], viz.options["scale"]) == (0.5, "layer")


def test_an_unknown_option_is_refused_and_nothing_changes() -> None:
    viz = WeightViz(state())
    before = dict(viz.options)
    with pytest.raises(ValueError, match="there is no option 'colour'; the options are scale,"):
        viz.options = {"colour": "red"}
    assert viz.options == before


@pytest.mark.parametrize(
    "selection",
    [
        None,
        {"group": "fc1", "unit": 3},
        {"bundle": "fc2.weight", "target": 1, "source": np.int64(3)},
        {"parameter": "fc1.weight", "index": (3, 2)},
        {"parameter": "fc1.bias", "index": [0], "run": "run"},
        {"block": "fc1"},
    ],
)
def test_what_is_there_can_be_selected(selection: dict[str, Any] | None) -> None:
    viz = WeightViz(state())
    ids = {bundle.parameter: bundle.id for bundle in viz.network.bundles}
    groups = [group.id for group in viz.network.groups if group.n_units == 4]
    if selection and "bundle" in selection:
        selection = selection | {"bundle": ids[selection["bundle"]]}
    if selection and "group" in selection:
        selection = selection | {"group": groups[0]}
    viz.selection = selection
    expected = selection and {k: list(v) if k == "index" else v for k, v in selection.items()}
    assert viz.selection == expected


@pytest.mark.parametrize(
    ("selection", "sentence"),
    [
        ({"group": "fc9", "unit": 0}, "there is no group 'fc9'; groups are: "),
        ({"group": "GROUP", "unit": 4}, "unit is 4; group 'GROUP' has 4, 0 to 3"),
        ({"group": "GROUP", "unit": True}, "unit is True; group 'GROUP' has 4"),
        ({"bundle": "b", "target": 0, "source": 0}, "there is no bundle 'b'; bundles are: "),
        ({"bundle": "BUNDLE", "target": 4, "source": 0}, "target is 4; bundle 'BUNDLE' has 4, 0 to 3"),
        ({"bundle": "BUNDLE", "target": 0, "source": -1}, "source is -1; bundle 'BUNDLE' has 3, 0 to 2"),
        ({"parameter": "fc9", "index": [0]}, "there is no parameter 'fc9'; parameters are: fc1.weight, "),
        ({"parameter": "fc1.weight", "index": [0]}, "has shape (4, 3); the index [0] needs 2 numbers"),
        ({"parameter": "fc1.weight", "index": 3}, "has shape (4, 3); the index 3 needs 2 numbers"),
        (
            {"parameter": "fc1.weight", "index": [4, 0]},
            "index 0 is 4; parameter 'fc1.weight' of shape (4, 3) has 4",
        ),
        ({"block": "fc9"}, "there is no block 'fc9'; blocks are: "),
        ({"group": "GROUP"}, "selection has the keys ['group']; it takes"),
        ({"group": "GROUP", "unit": 0, "run": 3}, "run is 3; it is the name of a run"),
    ],
)
def test_what_is_not_there_cannot_be_selected(selection: dict[str, Any], sentence: str) -> None:
    viz = WeightViz(state())
    group = next(g.id for g in viz.network.groups if g.n_units == 4)
    bundle = next(b.id for b in viz.network.bundles if b.parameter == "fc1.weight")
    names = {"GROUP": group, "BUNDLE": bundle}
    selection = {k: names.get(v, v) if isinstance(v, str) else v for k, v in selection.items()}
    sentence = sentence.replace("GROUP", group).replace("BUNDLE", bundle)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        viz.selection = selection
    assert viz.selection is None


def test_the_state_holds_all_weights_once() -> None:
    sent = WeightViz(state(), states(3)).get_state()
    found = {}
    for entry in sent["_index"]["blocks"]:
        part = sent["_blocks"][entry["part"]]
        found[entry["name"]] = decode(entry, part[entry["offset"] : entry["offset"] + entry["n_bytes"]])
    assert set(found) == set(state())
    assert found["fc1.weight"][:, 0, 0].tolist() == [0, 1, 2]


def test_what_the_browser_wrote_is_not_echoed_to_it() -> None:
    traits = WeightViz(state()).traits(sync=True)
    written = ["checkpoint", "playing", "speed", "loop", "view", "selection", "options"]
    assert all(traits[name].metadata["echo_update"] is False for name in written)


def test_the_browser_can_write_what_users_observe() -> None:
    viz = WeightViz(state(), states(5))
    seen: list[Any] = []
    viz.observe(lambda change: seen.append(change["new"]), "checkpoint")
    Listener(viz).set(checkpoint=2, playing=True, options={"threshold": 0.25})
    assert (viz.checkpoint, viz.playing, viz.options["threshold"]) == (2, True, 0.25)
    assert seen == [2]


def test_a_fetch_is_answered_with_blocks() -> None:
    viz = WeightViz(state(), states(5))
    answers = Listener(viz).say(type="fetch", id="w1", run="run", start=1, stop=3)
    assert [(a["type"], a["id"], a["done"]) for a, _ in answers] == [("blocks", "w1", True)]
    (answer, (data,)) = answers[0]
    entry = next(e for e in answer["blocks"] if e["name"] == "fc2.bias")
    values = decode(entry, data[entry["offset"] : entry["offset"] + entry["n_bytes"]])
    assert (entry["start"], entry["stop"], values[:, 0].tolist()) == (1, 3, [1, 2])


def test_updates_and_differences_can_be_fetched() -> None:
    browser = Listener(WeightViz(state(), states(5), precision="int8"))
    for about in ({"quantity": "update"}, {"quantity": "difference", "reference": 1}):
        ((answer, (data,)),) = browser.say(type="fetch", id="w1", run="run", start=2, stop=5, **about)
        entry = answer["blocks"][0]
        told = decode(entry, data[entry["offset"] : entry["offset"] + entry["n_bytes"]])[:, 0, 0]
        assert {"quantity": entry["quantity"], "reference": entry.get("reference")} == {
            "reference": None,
            **about,
        }
        assert told.tolist() == ([1, 1, 1] if about["quantity"] == "update" else [1, 2, 3])


def test_what_no_checkpoint_has_is_answered_without_a_buffer() -> None:
    browser = Listener(WeightViz(state(), states(2)))
    ((answer, buffers),) = browser.say(
        type="fetch", id="w1", run="run", start=0, stop=1, quantity="update", names=["fc1.bias"]
    )
    assert (answer["blocks"], answer["done"], buffers) == ([], True, [])


def test_requests_leave_nothing_behind() -> None:
    viz = WeightViz(state(), states(2))
    Listener(viz).say(type="fetch", id="w1", run="run", start=0, stop=2)
    Listener(viz).say(type="fetch", id="w2", run="run", start=0, stop=9)
    assert viz._answers._answering == set()


def test_a_page_of_some_checkpoints_opens_at_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnweightviz.complete.PAGE_BYTES", 26 * 4 * 10)
    viz = WeightViz(state(), states(28))
    viz.checkpoint, viz.options = 13, {"quantity": "difference", "reference": 27}
    page, _ = viz.page_state()
    assert (page["checkpoint"], page["options"]["reference"]) == (4, 9)
    assert viz.options["reference"] == 27


def test_the_last_chunk_of_an_answer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnweightviz.payload.CHUNK_BYTES", 1)
    answers = Listener(WeightViz(state(), states(5))).say(type="fetch", id=1, run="run", start=0, stop=5)
    assert [answer["done"] for answer, _ in answers] == [False, False, False, True]
    assert sum(len(answer["blocks"]) for answer, _ in answers) == 4


def test_a_cancelled_fetch_sends_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnweightviz.payload.CHUNK_BYTES", 1)
    viz, heard = WeightViz(state(), states(5)), []

    def send(content: dict[str, Any], _: Any = None) -> None:
        heard.append(content)
        viz._handle_custom_msg({"type": "cancel", "id": "w1"}, [])

    viz.send = send
    viz._handle_custom_msg({"type": "fetch", "id": "w1", "run": "run", "start": 0, "stop": 5}, [])
    assert len(heard) == 1


def test_exact_values_are_answered_in_float64() -> None:
    viz = WeightViz({"w": np.full((2, 2), 1 / 3)}, [{"w": np.full((2, 2), k / 3)} for k in range(3)])
    ((answer, (data,)),) = Listener(viz).say(type="exact", id="e1", run="run", parameter="w", entries=[3, 0])
    assert answer == {"type": "exact", "id": "e1", "dims": [3, 2]}
    assert np.frombuffer(data).reshape(3, 2).tolist() == [[0, 0], [1 / 3, 1 / 3], [2 / 3, 2 / 3]]


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            {"type": "fetch", "run": "run", "start": 0, "stop": 99},
            "checkpoints 0 to 98 were asked for; there are 2",
        ),
        ({"type": "fetch", "run": "other", "start": 0, "stop": 1}, "there is no run 'other'; there is 'run'"),
        ({"type": "fetch", "run": "run"}, "the message 'fetch' lacks 'start'"),
        (
            {"type": "fetch", "run": "run", "start": 0, "stop": 1, "quantity": "outputs"},
            "there is no quantity 'outputs'; there are: weights, update, difference",
        ),
        (
            {"type": "fetch", "run": "run", "start": 0, "stop": 1, "names": ["x"]},
            "there is no parameter 'x' to fetch",
        ),
        ({"type": "fetch", "run": "run", "start": "a", "stop": 1}, "invalid literal"),
        (
            {"type": "exact", "run": "run", "parameter": "x", "entries": [0]},
            "there is no parameter 'x' to read",
        ),
    ],
)
def test_a_request_that_cannot_be_answered_gets_a_sentence(message: dict[str, Any], sentence: str) -> None:
    ((answer, buffers),) = Listener(WeightViz(state(), states(2))).say(id="q", **message)
    assert (answer["type"], answer["id"], buffers) == ("error", "q", [])
    assert sentence in answer["message"]


@pytest.mark.parametrize("message", [{"type": "dance"}, {}, {"type": ["fetch"]}])
def test_messages_of_others_are_left_alone(message: dict[str, Any]) -> None:
    assert Listener(WeightViz(state())).say(**message) == []


def test_a_widget_grows_with_its_history() -> None:
    history = History()
    history.record(state(), step=0)
    viz = WeightViz(state(), history)
    browser = Listener(viz)
    history.record(state(1), step=10, loss=0.5)
    viz._live.flush()
    ((message, (data,)),) = browser.heard
    assert (message["type"], message["n_checkpoints"], message["steps"]) == ("append", 2, [10])
    assert data == viz.get_state()["_blocks"][message["part"]]
    assert viz.checkpoint == 1


def test_fast_growth_is_told_at_most_four_times_a_second_and_to_the_end() -> None:
    history = History()
    history.record(state(), step=0)
    viz = WeightViz(state(), history)
    browser = Listener(viz)
    start = time.monotonic()
    for k in range(1, 120):
        history.record(state(k), step=k, loss=1 / k)
        time.sleep(0.005)
    wait_until(lambda: bool(browser.heard) and browser.heard[-1][0]["n_checkpoints"] == 120)
    assert browser.heard[-1][0]["n_checkpoints"] == 120
    assert len(browser.heard) <= (time.monotonic() - start) / 0.25 + 2
    assert [s for message, _ in browser.heard for s in message["steps"]] == list(range(1, 120))
    wait_until(lambda: viz.checkpoint == 119)
    assert viz.checkpoint == 119


@pytest.mark.parametrize("about", [{"checkpoint": 0}, {"playing": True}])
def test_growth_leaves_a_reader_where_they_are(about: dict[str, Any]) -> None:
    history = History()
    for k in range(2):
        history.record(state(k))
    viz = WeightViz(state(), history)
    for name, value in about.items():
        setattr(viz, name, value)
    before = viz.checkpoint
    history.record(state(2))
    viz._live.flush()
    assert viz.checkpoint == before


def test_the_newest_checkpoint_can_be_shown_at_once() -> None:
    history = History()
    history.record(state())
    viz = WeightViz(state(), history)
    browser = Listener(viz)
    for k in range(3):
        history.record(state(k))
    viz.checkpoint = 0
    viz.checkpoint = 3
    assert viz.checkpoint == 3
    assert browser.heard[-1][0]["n_checkpoints"] == 4


def test_a_foreign_checkpoint_does_not_stop_the_training_and_is_told() -> None:
    history = History()
    history.record(state())
    browser = Listener(viz := WeightViz(state(), history))
    history.record({"other": np.ones(3)})
    viz._live.flush()
    history.log(loss=1.0)
    viz._live.flush()
    ((message, _),) = browser.heard
    assert (message["type"], message["id"]) == ("error", None)
    assert "checkpoint 1 seems to be of another model" in message["message"]


def test_a_closed_widget_hears_no_more() -> None:
    history = History()
    history.record(state())
    viz = WeightViz(state(), history)
    browser = Listener(viz)
    history.record(state(1))
    history.record(state(2))
    viz.close()
    n_heard = len(browser.heard)
    history.record(state(3))
    time.sleep(0.4)
    assert len(browser.heard) == n_heard


def test_messages_are_answered_while_another_thread_records() -> None:
    history = History()
    history.record(state())
    viz = WeightViz(state(), history)
    browser = Listener(viz)
    is_enough = threading.Event()

    def train() -> None:
        while not is_enough.is_set():
            history.record(state(len(history)))
            time.sleep(0.001)

    trainer = threading.Thread(target=train)
    trainer.start()
    for _ in range(30):
        n = viz.get_state()["_index"]["runs"][0]["n_checkpoints"]
        browser.say(type="fetch", id="w", run="run", start=0, stop=n)
        browser.say(type="exact", id="e", run="run", parameter="fc1.bias", entries=[0])
    is_enough.set()
    trainer.join()
    wait_until(lambda: viz.checkpoint == len(history) - 1)
    assert {message["type"] for message, _ in browser.heard} == {"append", "blocks", "exact"}


def test_a_widget_says_what_it_shows() -> None:
    viz = WeightViz(state(), states(3), {"loss": [3, 2, 1]}, title="XOR")
    assert repr(viz) == "WeightViz of XOR: 2 layers, 26 links, 3 checkpoints, metrics loss, float32"


def test_where_there_is_no_javascript_the_sentence_is_shown() -> None:
    viz = WeightViz(state())
    bundle_ = viz._repr_mimebundle_()
    assert bundle_ is not None
    assert bundle_[0]["text/plain"] == repr(viz)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint16, bool])
def test_whole_numbers_and_truths_are_sent_as_real_numbers(dtype: type) -> None:
    weights = np.arange(6).reshape(2, 3).astype(dtype)
    sent = WeightViz({"a.weight": weights}).get_state()
    (entry,) = sent["_index"]["blocks"]
    assert (entry["name"], entry["dtype"], sent["_index"]["notes"]) == ("a.weight", "float32", [])
    np.testing.assert_array_equal(decode(entry, sent["_blocks"][0])[0], weights.astype(float))


def test_names_that_are_numbers_are_written_as_text() -> None:
    viz = WeightViz(state(), output_names=[1, 2])
    assert [group.unit_names for group in viz.network.groups if group.unit_names] == [("1", "2")]


def test_options_are_not_changed_one_by_one_where_nobody_would_see_it() -> None:
    viz = WeightViz(state())
    changes: list[Any] = [
        lambda o: o.__setitem__("threshold", 0.5),
        lambda o: o.update(threshold=0.5),
        lambda o: o.pop("threshold"),
        lambda o: o.clear(),
        lambda o: o["unfolded"].setdefault("fc1", True),
    ]
    for change in changes:
        with pytest.raises(TypeError, match=re.escape("set viz.options = {...}")):
            change(viz.options)
    assert viz.options == validated(None)


def test_options_are_plain_data_to_the_browser_and_to_copies() -> None:
    viz = WeightViz(state())
    seen: list[Any] = []
    viz.observe(lambda change: seen.append(change["new"]["threshold"]), "options")
    viz.options |= {"threshold": 0.5}
    Listener(viz).set(options={**viz.options, "threshold": 0.25})
    assert seen == [0.5, 0.25]
    assert json.loads(json.dumps(viz.get_state("options")["options"])) == dict(viz.options)
    mine = copy.deepcopy(viz.options)
    mine["unfolded"]["fc1"] = True
    assert type(mine) is dict
    assert viz.options["unfolded"] == {}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"gates": ["i", "x"]}, "'gates' names 'x'; there is no such gate: there are: 'i', 'f', 'g', 'o'"),
        ({"metrics": ["f1"]}, "'metrics' names 'f1'; there is no such metric: there are: 'loss'"),
        ({"unfolded": {"gru": True}}, "'unfolded' names 'gru'; there is no such group: there are: "),
        (
            {"unfolded": {"l.l0": "x"}},
            "'unfolded' names 'x'; there is no such gate in group 'l.l0': ",
        ),
        ({"reference": 2}, "option 'reference' is 2; this history has 2 checkpoints, 0 to 1"),
    ],
)
def test_options_that_name_what_is_not_there_are_refused(options: dict[str, Any], sentence: str) -> None:
    history = History()
    for k in range(2):
        history.record({f"l.{n}": p for n, p in torch.nn.LSTM(2, 3).state_dict().items()}, loss=k)
    viz = WeightViz(None, history)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        viz.options = options
    viz.options = {"gates": ["i"], "metrics": ["loss"], "unfolded": {"l.l0": "f"}, "reference": 1}


def test_a_reference_is_there_once_the_history_has_grown_so_far() -> None:
    history = History()
    history.record(state())
    viz = WeightViz(state(), history)
    with pytest.raises(ValueError, match="this history has 1 checkpoint, 0 to 0"):
        viz.options = {"reference": 1}
    history.record(state(1))
    viz.options = {"reference": 1}
    assert viz.options["reference"] == 1


def test_gates_of_a_network_without_any_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no such gate: there are none"):
        WeightViz(state()).options = {"gates": ["i"]}


@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_parameter_that_is_no_array_is_told_as_such(prefix: str) -> None:
    spoilt = {f"{prefix}{name}": array for name, array in state().items()} | {f"{prefix}fc1.bias": "lost"}
    for viz in (WeightViz(state(), [spoilt]), WeightViz(model=None, checkpoints=[spoilt]), WeightViz(spoilt)):
        assert viz.get_state()["_index"]["notes"] == [f"not an array, left out: {prefix}fc1.bias"]
