"""Several runs in one widget: what crosses of each, which is shown, what is asked of which, and how they grow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets

from nnweightviz import complete, payload
from nnweightviz.blocks import decode
from nnweightviz.checkpoint import Checkpoint
from nnweightviz.history import History
from nnweightviz.matching import matches
from nnweightviz.widget import WeightViz
from test_boundary import fields
from widgets import Listener, bundle, state

__all__ = ["bundle"]
pytestmark = pytest.mark.usefixtures("bundle")


def recorded(steps: list[int], of: float = 0.0, **metrics: float) -> History:
    """A history whose weights are ``of`` and a thousandth of their step."""
    history = History()
    for step in steps:
        history.record(state(of + step / 1000), step=step, **metrics)
    return history


@pytest.fixture
def runs() -> dict[str, History]:
    """Six checkpoints every 20 steps, and five every 30."""
    return {
        "adam": recorded([0, 20, 40, 60, 80, 100], 1, loss=0.5),
        "sgd": recorded([0, 30, 60, 90, 120], 2, loss=0.7, lr=0.1),
    }


def cut(entry: dict[str, Any], parts: list[bytes]) -> bytes:
    return parts[entry["part"] or 0][entry["offset"] : entry["offset"] + entry["n_bytes"]]


def biases(run: str, index: dict[str, Any], parts: list[bytes]) -> list[float]:
    """What a run's blocks say of its first bias, checkpoint after checkpoint."""
    found: dict[int, float] = {}
    for entry in index["blocks"]:
        if (entry["run"], entry["quantity"], entry["name"]) == (run, "weights", "fc1.bias"):
            values = decode(entry, cut(entry, parts))
            found |= {k: float(values[k - entry["start"]][0]) for k in range(entry["start"], entry["stop"])}
    return [found[k] for k in range(len(found))]


def weights_of(history: History) -> Any:
    return pytest.approx(history["fc1.bias"][:, 0], rel=1e-6)


class TestWhatCrosses:
    def test_the_weights_of_every_run(self, runs: dict[str, History]) -> None:
        sent = WeightViz(state(), runs).get_state()
        for name, history in runs.items():
            assert biases(name, sent["_index"], sent["_blocks"]) == weights_of(history)

    def test_steps_metrics_and_norms_of_every_run(self, runs: dict[str, History]) -> None:
        index = WeightViz(state(), runs).get_state()["_index"]
        assert [run["name"] for run in index["runs"]] == ["adam", "sgd"]
        assert [run["steps"] for run in index["runs"]] == [h.steps.tolist() for h in runs.values()]
        assert [sorted(run["metrics"]) for run in index["runs"]] == [["loss"], ["loss", "lr"]]
        assert {e["run"]: e["stop"] for e in index["summaries"]["blocks"]} == {"adam": 6, "sgd": 5}

    def test_under_the_names_that_the_browser_has(self, runs: dict[str, History]) -> None:
        index = WeightViz(state(), runs).get_state()["_index"]
        assert set(index) == fields("Index") - {"outputs", "spectra"}
        assert all(set(run) == fields("RunOfSeveral") for run in index["runs"])

    def test_of_one_run_what_crossed_before(self) -> None:
        index = WeightViz(state(), recorded([0, 1])).get_state()["_index"]
        assert set(index["runs"][0]) == {"name", "n_checkpoints", "metrics", "steps", "epochs"}
        assert index["runs"][0]["name"] == "run"

    def test_a_page_holds_every_run(self, runs: dict[str, History]) -> None:
        viz = WeightViz(state(), runs, precision="int8")
        viz.options = {"compare": "side"}
        page, parts = viz.page_state()
        assert page["options"]["compare"] == "side"
        for name, history in runs.items():
            values = history["fc1.bias"][:, 0]
            assert biases(name, page["_index"], parts) == pytest.approx(values, abs=float(values.max()) / 200)

    def test_runs_share_the_room_of_a_page(
        self, runs: dict[str, History], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        n_bytes = 26 * 4  # of a checkpoint
        monkeypatch.setattr(complete, "PAGE_BYTES", 6 * n_bytes)
        viz = WeightViz(state(), runs)
        viz.options = {"run": "sgd"}
        page, parts = viz.page_state()
        assert [run["n_checkpoints"] for run in page["_index"]["runs"]] == [3, 3]
        assert biases("sgd", page["_index"], parts) == pytest.approx([2, 2.06, 2.12])
        assert page["checkpoint"] == 2

    def test_the_precision_is_by_the_size_of_all_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        one = recorded(list(range(10)))
        monkeypatch.setattr(payload.blocks, "choose_dtype", lambda n, _: "int8" if n > 300 else "float32")
        assert WeightViz(state(), one)._payload.dtype == "float32"
        assert WeightViz(state(), {"a": one, "b": one})._payload.dtype == "int8"


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("checkpoints", "metrics", "error"),
        [
            ({"a": [state()], "b": [state() | {"fc1.bias": np.ones(5)}]}, None, "run 'b' does not fit: .*fc1.bias.*5"),
            ({"a": [state()], "b": [{"other.bias": np.zeros(4)}]}, None, "run 'b' does not fit: .*another model"),
            ({"a": [state()], "b": []}, None, "run 'b': there are no checkpoints to show"),
            ({"a": [state()], "b": state()}, None, "run 'b': checkpoints is a single dict"),
            ({"a": [state()], 3: [state()]}, None, "the name of a run is 3; it takes a string"),
            ({"a": [state()]}, {"loss": [1]}, "metrics name 'loss'; of several runs they are given by run"),
            (state(), None, "checkpoints is a single dict; it takes a History or a list"),
        ],
    )  # fmt: skip
    def test_what_is_no_run_is_told_by_name(self, checkpoints: Any, metrics: Any, error: str) -> None:
        with pytest.raises((TypeError, ValueError), match=error):
            WeightViz(state(), checkpoints, metrics)

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"run": "rmsprop"}, "names 'rmsprop'; there is no such run: there are: 'adam', 'sgd'"),
            ({"against": "adam"}, "the run that is shown; name another: 'sgd'"),
            ({"run": "sgd", "against": "sgd"}, "the run that is shown; name another: 'adam'"),
            ({"compare": "above"}, "it takes 'none' or 'side' or 'difference'"),
            ({"run": "sgd", "reference": 5}, "this history has 5 checkpoints, 0 to 4"),
            ({"metrics": ["acc"]}, "no such metric: there are: 'loss', 'lr'"),
        ],
    )
    def test_options_name_what_there_is(
        self, runs: dict[str, History], options: dict[str, Any], error: str
    ) -> None:
        viz = WeightViz(state(), runs)
        with pytest.raises(ValueError, match=re.escape(error)):
            viz.options = options

    def test_one_run_is_not_compared(self) -> None:
        viz = WeightViz(state(), recorded([0]))
        with pytest.raises(ValueError, match="there is one run: pass several, such as"):
            viz.options = {"compare": "difference"}

    def test_a_selection_in_a_run_that_is_not_there(self, runs: dict[str, History]) -> None:
        viz = WeightViz(state(), runs)
        group = viz.network.groups[0].id
        viz.selection = {"group": group, "unit": 0, "run": "sgd"}
        with pytest.raises(ValueError, match="there is no run 'x'; there are 'adam', 'sgd'"):
            viz.selection = {"group": group, "unit": 0, "run": "x"}


def test_metrics_are_given_by_run() -> None:
    two = {"a": [state(), state(1)], "b": [state()]}
    viz = WeightViz(state(), two, {"a": {"loss": [3, 2]}})
    assert viz.histories["a"].metrics["loss"].tolist() == [3, 2]
    assert list(viz.histories["b"].metrics) == []


def test_runs_may_be_paths(tmp_path: Path) -> None:
    history = History(tmp_path / "a")
    history.record(state(4), step=7)
    history.close()
    viz = WeightViz(None, {"disk": str(tmp_path / "a"), "memory": recorded([0])})
    assert viz.histories["disk"].steps.tolist() == [7]
    assert repr(viz).endswith("runs disk (1 checkpoint) and memory (1 checkpoint), float32")


class TestTheRunThatIsShown:
    def test_is_the_first_one(self, runs: dict[str, History]) -> None:
        viz = WeightViz(state(), runs)
        assert (viz.history is runs["adam"], viz.checkpoint) == (True, 5)

    def test_is_at_the_same_step_when_another_is_chosen(self, runs: dict[str, History]) -> None:
        viz = WeightViz(state(), runs)
        viz.options = {"run": "sgd"}
        assert (viz.history is runs["sgd"], viz.checkpoint) == (True, 3)  # step 90, of step 100
        with pytest.raises(traitlets.TraitError, match="this history has 5, 0 to 4"):
            viz.checkpoint = 5

    def test_is_where_the_browser_says_that_has_chosen_it(self, runs: dict[str, History]) -> None:
        browser = Listener(viz := WeightViz(state(), runs))
        browser.set(options={**viz.options, "run": "sgd"}, checkpoint=1)
        assert viz.checkpoint == 1
        browser.set(options={**viz.options, "run": "adam"})
        assert viz.checkpoint == 1  # step 20, of step 30

    def test_stays_in_range_if_the_browser_is_late(self, runs: dict[str, History]) -> None:
        browser = Listener(viz := WeightViz(state(), runs))
        browser.set(options={**viz.options, "run": "sgd"}, checkpoint=5)
        assert viz.checkpoint == 4


@pytest.mark.parametrize("seed", range(20))
def test_the_matching_checkpoint_is_the_latest_that_is_not_later(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (np.unique(rng.integers(0, 60, size=rng.integers(1, 12))).tolist() for _ in range(2))
    found = matches([Checkpoint({}, s) for s in one], [Checkpoint({}, s) for s in other])
    for step, k in zip(one, found, strict=True):
        earlier = [j for j, s in enumerate(other) if s <= step]
        assert k == (earlier[-1] if earlier else 0)


def test_checkpoints_without_steps_match_by_number() -> None:
    three, two = ([Checkpoint({}) for _ in range(n)] for n in (3, 2))
    assert matches(three, two) == [0, 1, 1]
    assert matches(three, [Checkpoint({}, step) for step in (5, 6)]) == [0, 1, 1]


class TestWhatTheBrowserAsks:
    def test_windows_of_a_run(self, runs: dict[str, History]) -> None:
        browser = Listener(WeightViz(state(), runs))
        ((answer, buffers),) = browser.say(type="fetch", id="1/w0", run="sgd", start=1, stop=3)
        assert {entry["run"] for entry in answer["blocks"]} == {"sgd"}
        entry = next(e for e in answer["blocks"] if e["name"] == "fc1.bias")
        assert decode(entry, cut(entry, buffers))[:, 0] == pytest.approx([2.03, 2.06])

    def test_exact_values_of_a_run(self, runs: dict[str, History]) -> None:
        browser = Listener(WeightViz(state(), runs))
        about = {"parameter": "fc1.bias", "entries": [0]}
        ((answer, buffers),) = browser.say(type="exact", id="1/e0", run="sgd", **about)
        assert answer["dims"] == [5, 1]
        assert np.frombuffer(buffers[0])[-1] == np.float32(2.12)

    def test_what_a_run_lacks(self, runs: dict[str, History]) -> None:
        browser = Listener(WeightViz(state(), runs))
        ((answer, _),) = browser.say(type="tail", run="sgd", revision=0, start=3)
        assert (answer["run"], answer["start"], answer["steps"]) == ("sgd", 3, [90, 120])

    def test_a_run_that_is_not_there(self, runs: dict[str, History]) -> None:
        browser = Listener(WeightViz(state(), runs))
        ((answer, _),) = browser.say(type="fetch", id="q", run="x", start=0, stop=1)
        assert answer["message"] == "there is no run 'x'; there are 'adam', 'sgd'"

    def test_differences_from_another_run_are_finer_than_rounded_weights(self) -> None:
        rng = np.random.default_rng(0)
        base = rng.normal(size=(4, 3)).astype(np.float32)
        near = [base + rng.normal(size=base.shape).astype(np.float32) * 1e-4 for _ in range(2)]
        one, other = History(), History()
        one.record(state() | {"fc1.weight": near[0]}, step=5)
        other.record(state() | {"fc1.weight": base}, step=0)
        other.record(state() | {"fc1.weight": near[1]}, step=4)
        browser = Listener(WeightViz(state(), {"a": one, "b": other}, precision="int8"))
        about = {"quantity": "against", "reference": 1, "names": ["fc1.weight"]}
        ((answer, buffers),) = browser.say(type="fetch", id="q", run="a", start=0, stop=1, **about)
        (entry,) = answer["blocks"]
        assert (entry["quantity"], entry["reference"]) == ("against", 1)
        exact = near[0] - near[1]
        assert decode(entry, cut(entry, buffers))[0] == pytest.approx(
            exact, abs=float(np.abs(exact).max()) / 1000
        )
        assert np.abs(exact).max() < np.abs(base).max() / 250 / 2  # int8 weights would say 0


class TestGrowth:
    def test_is_told_of_its_run(self, runs: dict[str, History]) -> None:
        browser = Listener(viz := WeightViz(state(), runs))
        runs["sgd"].record(state(9), step=150)
        viz._runs.flush()
        told = [message for message, _ in browser.heard if message["n_checkpoints"] > message["start"]]
        assert [(message["run"], message["start"], message["steps"]) for message in told] == [
            ("sgd", 5, [150])
        ]

    def test_moves_only_who_looks_at_its_end(self, runs: dict[str, History]) -> None:
        viz = WeightViz(state(), runs)
        runs["sgd"].record(state(9), step=150)
        viz._runs.flush()
        assert viz.checkpoint == 5
        runs["adam"].record(state(9), step=150)
        viz._runs.flush()
        assert viz.checkpoint == 6

    def test_says_which_run_went_wrong(self, runs: dict[str, History]) -> None:
        browser = Listener(viz := WeightViz(state(), runs))
        runs["sgd"].append(Checkpoint({"other": np.zeros(2)}, step=150))
        viz._runs.flush()
        ((message, _),) = browser.heard
        assert message["message"].startswith("run 'sgd': checkpoint 5 seems to be of another model")

    def test_enters_the_state_that_a_later_display_reads(self, runs: dict[str, History]) -> None:
        viz = WeightViz(state(), runs)
        for name in ("adam", "sgd", "adam"):
            history = runs[name]
            history.record(state(5), step=int(history.steps[-1]) + 10)
            viz._runs.flush()
        sent = viz.get_state()
        for name, history in runs.items():
            assert biases(name, sent["_index"], sent["_blocks"]) == weights_of(history)


def test_orders_of_units_are_the_same_for_all_runs(runs: dict[str, History]) -> None:
    viz = WeightViz(state(), runs)
    viz.options = {"run": "sgd", "order": "crossings"}
    sent = viz.get_state()["_index"]["orders"]["crossings"]
    assert sent == viz._runs.of("adam").payload.order("crossings")
