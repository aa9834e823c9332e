"""A displayed history that grows, loses messages on the way, or is revised: what is sent, and what it costs to read."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnweightviz import live, payload
from nnweightviz.blocks import decode
from nnweightviz.history import History
from nnweightviz.keep import Best
from nnweightviz.storage.stored import UnreadableError
from nnweightviz.storage.tensors import TensorFile
from nnweightviz.throttle import Reminder
from nnweightviz.widget import WeightViz
from widgets import Listener, bundle, state, wait_until

__all__ = ["bundle"]
pytestmark = pytest.mark.usefixtures("bundle")


def recorded(n: int, path: Path | None = None, **about: Any) -> History:
    """A history of n checkpoints, every 10 steps, whose weights are their numbers."""
    history = History(path, **about)
    for k in range(n):
        history.record(state(k), step=10 * k, loss=1 / (k + 1))
    history.flush()
    return history


def cut(entry: dict[str, Any], parts: list[bytes]) -> bytes:
    return parts[entry["part"] or 0][entry["offset"] : entry["offset"] + entry["n_bytes"]]


def biases(index: dict[str, Any], parts: list[bytes]) -> dict[int, float]:
    """Checkpoint -> its weights' number, of what is in the parts."""
    found = {}
    for entry in index["blocks"]:
        if entry["name"] == "fc1.bias":
            values = decode(entry, cut(entry, parts))
            found |= {k: float(values[k - entry["start"]][0]) for k in range(entry["start"], entry["stop"])}
    return found


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """How often each parameter of each file is read from the disk."""
    counted: Counter[tuple[str, str]] = Counter()
    read = TensorFile.read

    def counting(self: TensorFile, name: str, row: int | None = None) -> Any:
        counted[self.path.name, name] += 1
        return read(self, name, row)

    monkeypatch.setattr(TensorFile, "read", counting)
    return counted


class TestReading:
    def test_a_history_on_disk_is_read_once(self, tmp_path: Path, reads: Counter[Any]) -> None:
        recorded(7, tmp_path / "run").close()
        viz = WeightViz(None, History(tmp_path / "run"))
        assert biases(viz._payload.index(), viz._payload.parts) == dict(enumerate(range(7)))
        assert len(reads) == 7 * 4
        assert set(reads.values()) == {1}

    @pytest.mark.parametrize("n_bytes", [0, 110])
    def test_so_is_one_that_is_larger_than_the_state(
        self, tmp_path: Path, reads: Counter[Any], monkeypatch: pytest.MonkeyPatch, n_bytes: int
    ) -> None:
        monkeypatch.setattr(payload, "STATE_BYTES", n_bytes)
        monkeypatch.setattr(payload, "WINDOW_VALUES", 2 * 26)
        recorded(7, tmp_path / "run").close()
        viz = WeightViz(None, History(tmp_path / "run"))
        assert viz._payload.index()["window"] == 2
        assert len(reads) == 7 * 4
        assert set(reads.values()) == {1}

    def test_what_it_grows_by_is_read_once_too(self, tmp_path: Path, reads: Counter[Any]) -> None:
        writing = recorded(3, tmp_path / "run")
        reading = History(tmp_path / "run")
        viz = WeightViz(None, reading)
        for k in range(3, 8):
            writing.record(state(k), step=10 * k)
        writing.close()
        assert reading.refresh() == 5
        viz._live.flush()
        assert viz._payload.n_checkpoints == 8
        assert len(reads) == 8 * 4
        assert set(reads.values()) == {1}

    def test_the_network_that_was_kept_is_drawn_and_no_parameter_read_for_it(
        self, tmp_path: Path, reads: Counter[Any]
    ) -> None:
        from nnweightviz.drawn import network_of

        recorded(2, tmp_path / "run").close()
        history = History(tmp_path / "run")
        assert network_of(None, history) == history.network
        (tmp_path / "run" / "network.json").write_text("{}")
        network = network_of(None, History(tmp_path / "run"))
        assert set(network.parameters or {}) == set(state())
        assert "the structure kept with the checkpoints was not used" in network.notes[-1]
        (tmp_path / "run" / "network.json").unlink()
        assert network_of(None, History(tmp_path / "run")).notes == ()
        assert not reads

    def test_a_file_that_cannot_be_read_is_tried_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writing = recorded(2, tmp_path / "run")
        reading = History(tmp_path / "run")
        viz = WeightViz(None, reading)
        browser = Listener(viz)
        writing.record(state(2), step=20, loss=0.2)
        writing.close()

        read = TensorFile.read

        def away(self: TensorFile, *_: Any) -> Any:
            raise UnreadableError(self.path, "it is away")

        monkeypatch.setattr(TensorFile, "read", away)
        reading.refresh()
        viz._live.flush()
        with monkeypatch.context() as again:
            again.setattr(TensorFile, "read", read)
            viz._live.flush()
        (refused, _), (message, parts) = browser.heard
        assert refused["type"] == "error"
        blocks = [{**entry, "part": None} for entry in message["blocks"]]
        assert (message["start"], biases({"blocks": blocks}, parts)) == (2, {2: 2})
        assert message["metrics"]["loss"]["x"] == [20]


class TestGrowth:
    def test_recording_does_not_wait_for_what_is_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        history = recorded(2)
        viz = WeightViz(None, history)
        threads = set()
        append = payload.Payload.append

        def slow(self: payload.Payload) -> Any:
            threads.add(threading.get_ident())
            time.sleep(0.3)
            return append(self)

        monkeypatch.setattr(payload.Payload, "append", slow)
        start = time.monotonic()
        for k in range(2, 20):
            history.record(state(k), step=10 * k)
        assert time.monotonic() - start < 0.25
        wait_until(lambda: viz.checkpoint == 19)
        assert threading.get_ident() not in threads

    def test_of_much_growth_only_the_last_checkpoint_is_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(payload, "GROWTH_BYTES", 3 * 26 * 4)
        history = recorded(2)
        viz = WeightViz(None, history, precision="float32")
        viz._live.close()
        for k in range(2, 9):
            history.record(state(k), step=10 * k)
        grown = viz._payload.append()
        assert grown is not None
        message, parts = grown
        assert (message["start"], message["first"], message["n_checkpoints"]) == (2, 8, 9)
        assert message["steps"] == [10 * k for k in range(2, 9)]
        assert biases(message, parts) == {8: 8}
        assert {(e["start"], e["stop"]) for e in message["summaries"]} == {(2, 9)}
        assert viz._payload.index()["window"] is not None

    def test_the_playhead_follows_in_the_browser_without_a_message_of_its_own(self) -> None:
        history = recorded(2)
        viz = WeightViz(None, history)
        sent: list[Any] = []
        viz._send = lambda message, **_: sent.append(message)
        history.record(state(2), step=20)
        viz._live.flush()
        assert viz.checkpoint == 2
        assert [message["method"] for message in sent] == ["custom"]
        viz.checkpoint = 0
        assert [message["method"] for message in sent] == ["custom", "update"]

    def test_reminders_follow_and_add_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(live, "Reminder", lambda function: Reminder(function, (0.05, 0.05)))
        history = recorded(2)
        browser = Listener(WeightViz(None, history))
        history.record(state(2), step=20, loss=0.1)
        wait_until(lambda: len(browser.heard) == 3)
        (grown, _), (reminder, buffers), (again, _) = browser.heard
        assert (grown["start"], grown["n_checkpoints"]) == (2, 3)
        assert (reminder["start"], reminder["first"], reminder["n_checkpoints"]) == (3, 3, 3)
        assert reminder["metrics"] == {"loss": {"start": 3, "x": [], "y": []}}
        assert (reminder["blocks"], reminder["summaries"], reminder["steps"], buffers) == ([], [], [], [])
        assert again == reminder

    def test_what_was_missed_is_told_but_for_weights(self) -> None:
        viz = WeightViz(None, recorded(6))
        ((message, buffers),) = Listener(viz).say(type="tail", revision=0, start=4)
        assert (message["start"], message["first"], message["n_checkpoints"]) == (4, 6, 6)
        assert message["steps"] == [40, 50]
        assert message["metrics"]["loss"]["start"] == 0
        assert len(message["metrics"]["loss"]["x"]) == 6
        sizes = next(entry for entry in message["summaries"] if entry["quantity"] == "norm")
        expected = [[np.sqrt(a.size) * k for a in state().values()] for k in (4, 5)]
        np.testing.assert_allclose(decode(sizes, cut(sizes, buffers)), expected, rtol=1e-6)


class TestRevision:
    def test_going_back_begins_anew(self) -> None:
        history = recorded(6)
        viz = WeightViz(None, history)
        browser = Listener(viz)
        history.record(state(99), step=30, overwrite=True)
        viz._live.flush()
        ((message, parts),) = browser.heard
        assert message["type"] == "reset"
        assert biases(message["index"], parts) == {0: 0, 1: 1, 2: 2, 3: 99}
        assert message["index"]["revision"] == history.revision == viz._payload.revision
        assert message["index"]["runs"][0]["steps"] == [0, 10, 20, 30]
        assert viz.checkpoint == 3

    @pytest.mark.parametrize(("before", "after"), [(5, 3), (4, 3), (3, 3), (2, 2), (0, 0)])
    def test_the_playhead_stays_at_its_step(self, before: int, after: int) -> None:
        history = recorded(6)
        viz = WeightViz(None, history)
        viz.checkpoint = before
        history.record(state(99), step=35, overwrite=True)
        history.record(state(99), step=25, overwrite=True)
        viz._live.flush()
        assert len(history) == 4
        assert viz.checkpoint == after

    def test_a_policy_that_drops_checkpoints_shows_those_that_are_kept(self) -> None:
        history = History(keep=Best("loss", 2))
        history.record(state(0), step=0, loss=5)
        viz = WeightViz(None, history)
        browser = Listener(viz)
        for k, loss in enumerate([4, 9, 3, 8, 7], 1):
            history.record(state(k), step=k, loss=loss)
            viz._live.flush()
        last, parts = browser.heard[-1]
        assert last["type"] == "reset"
        assert biases(last["index"], parts) == {0: 0, 1: 1, 2: 3, 3: 5}
        assert viz.checkpoint == 3

    def test_what_the_browser_asks_by_old_numbers_is_answered_as_it_was_asked(self) -> None:
        history = recorded(4)
        viz = WeightViz(None, history)
        old = viz._payload
        history.record(state(99), step=10, overwrite=True)
        (entries, data), *_ = old.fetch(1, 2)
        assert biases({"blocks": entries}, [data]) == {1: 1}

    def test_a_browser_that_missed_it_is_told_everything(self) -> None:
        history = recorded(4)
        viz = WeightViz(None, history)
        history.record(state(99), step=10, overwrite=True)
        viz._live.flush()
        ((message, parts),) = Listener(viz).say(type="tail", revision=0, start=0)
        assert message["type"] == "reset"
        assert biases(message["index"], parts) == {0: 0, 1: 99}

    def test_a_browser_that_has_not_heard_of_it_may_be_beyond_its_end(self) -> None:
        history = recorded(6)
        viz = WeightViz(None, history)
        browser = Listener(viz)
        history.record(state(99), step=10, overwrite=True)
        viz._live.flush()
        browser.set(checkpoint=5)
        assert viz.checkpoint == 1

    def test_an_emptied_history_stays_as_it_was_shown(self, tmp_path: Path) -> None:
        recorded(3, tmp_path / "run").close()
        history = History(tmp_path / "run")
        viz = WeightViz(None, history)
        browser = Listener(viz)
        for file in (tmp_path / "run").glob("*.safetensors"):
            file.unlink()
        history.refresh()
        history.refresh()
        viz._live.flush()
        assert [message["type"] for message, _ in browser.heard] == ["error"]
        assert "has no checkpoints any more" in browser.heard[0][0]["message"]
        assert viz._payload.n_checkpoints == 3
        recorded(2, tmp_path / "run").close()
        history.refresh()
        viz._live.flush()
        assert browser.heard[-1][0]["type"] == "reset"
        assert viz._payload.n_checkpoints == 2

    def test_orders_of_units_stay_true(self) -> None:
        history = recorded(4)
        viz = WeightViz(None, history)
        viz.checkpoint = 1
        kept = viz._payload.order("correlation")
        history.record(state(5), step=40)
        viz._live.flush()
        history.record(state(6), step=40, overwrite=True)
        viz._live.flush()
        assert viz._payload.orders["correlation"] == kept
        history.record(state(7), step=10, overwrite=True)
        viz._live.flush()
        assert viz._payload.orders["correlation"]["checkpoint"] == 1


def test_a_thousand_checkpoints_in_one_go_arrive_in_few_messages() -> None:
    history = recorded(1)
    viz = WeightViz(None, history)
    browser = Listener(viz)
    start = time.monotonic()
    for k in range(1, 1001):
        history.record(state(k), step=10 * k, loss=1 / (k + 1))
    wait_until(lambda: viz._payload.n_checkpoints == 1001)
    wait_until(lambda: viz.checkpoint == 1000)
    grown = [message for message, _ in browser.heard if message["start"] < message["n_checkpoints"]]
    assert len(grown) <= (time.monotonic() - start) / 0.25 + 2
    assert [step for message in grown for step in message["steps"]] == [10 * k for k in range(1, 1001)]
    curves = [message["metrics"].get("loss", {"x": []}) for message, _ in browser.heard]
    assert [x for curve in curves for x in curve["x"]] == [10 * k for k in range(1, 1001)]
    index, parts = viz.page_state()
    assert biases(index["_index"], parts) == {k: k for k in range(1001)}
