"""Traits that Python sets: a browser that missed one is told again, and only what it has missed."""

from __future__ import annotations

from typing import Any

import pytest

from nnweightviz.heard import N_ALSO
from nnweightviz.widget import WeightViz
from widgets import Listener, bundle, state, states, wait_until

__all__ = ["bundle"]
pytestmark = pytest.mark.usefixtures("bundle")


class Display(Listener):
    """A browser that hears traits too, with the numbers of their messages, unless it is deaf."""

    def __init__(self, viz: WeightViz) -> None:
        super().__init__(viz)
        self.sent: dict[str, int] = dict(viz.get_state().get("_sent", {}))
        self.updates: list[dict[str, Any]] = []
        self.is_deaf = False
        self.viz = viz
        viz._send = self.update

    def update(self, message: dict[str, Any], **_: Any) -> None:
        if message["method"] == "update" and not self.is_deaf:
            traits = dict(message["state"])
            self.sent |= traits.pop("_sent", {})
            self.updates.append(traits)

    def asked(self) -> dict[str, Any]:
        """Return the answer to a question of now."""
        self.viz._heard.ask()
        question = next(message for message, _ in reversed(self.heard) if message["type"] == "heard")
        return {**question, "sent": dict(self.sent)}

    def answer(self) -> list[dict[str, Any]]:
        """Say what was heard; return what is told then."""
        before = len(self.updates)
        self.say(**self.asked())
        return self.updates[before:]


@pytest.fixture
def viz() -> WeightViz:
    return WeightViz(state(), states(5))


def test_who_has_heard_everything_is_told_nothing(viz: WeightViz) -> None:
    display = Display(viz)
    viz.checkpoint, viz.title = 3, "XOR"
    assert display.updates == [{"checkpoint": 3}, {"title": "XOR"}]
    assert display.answer() == []


def test_a_trait_that_was_missed_is_told_again_though_a_later_one_was_heard(viz: WeightViz) -> None:
    display = Display(viz)
    display.is_deaf = True
    viz.checkpoint = 3
    viz.options = {"scale": "global"}
    display.is_deaf = False
    viz.title = "XOR"
    (told,) = display.answer()
    assert told == {"checkpoint": 3, "options": viz.options}
    assert display.answer() == []


def test_what_is_told_again_is_what_holds_now(viz: WeightViz) -> None:
    display = Display(viz)
    display.is_deaf = True
    viz.checkpoint = 3
    display.is_deaf = False
    display.set(checkpoint=1)  # the reader went elsewhere meanwhile
    assert display.answer() == [{"checkpoint": 1}]


def test_a_browser_that_opens_later_has_missed_nothing(viz: WeightViz) -> None:
    viz.checkpoint = 3
    assert Display(viz).answer() == []


def test_what_the_browser_sets_is_not_told_to_it(viz: WeightViz) -> None:
    display = Display(viz)
    display.set(checkpoint=2, playing=True, view="matrix")
    assert display.updates == []
    assert display.answer() == []


def test_answers_that_waited_for_a_busy_kernel_are_of_their_time(viz: WeightViz) -> None:
    display = Display(viz)
    display.is_deaf = True
    viz.checkpoint = 3
    display.is_deaf = False
    first, second = display.asked(), display.asked()
    display.say(**first)
    display.set(checkpoint=1)
    display.say(**second)
    assert display.updates == [{"checkpoint": 3}]


@pytest.mark.parametrize("sent", [None, [], {}, {"checkpoint": "1"}, {"nothing": 3}])
def test_odd_answers_get_everything_that_was_set(viz: WeightViz, sent: Any) -> None:
    display = Display(viz)
    viz.checkpoint = 3
    display.say(type="heard", number=100, sent=sent)
    assert display.updates[1:] == [{"checkpoint": 3}]


@pytest.mark.parametrize("number", [None, "2", {}])
def test_answers_to_no_question_get_nothing(viz: WeightViz, number: Any) -> None:
    display = Display(viz)
    viz.checkpoint = 3
    display.say(type="heard", number=number, sent={})
    assert display.updates[1:] == []


def test_the_browser_is_asked_after_a_while_and_the_orders_of_units_are_told_again(
    viz: WeightViz, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viz._heard._questions, "_waits_s", (0.01,) * 10)
    display = Display(viz)
    viz.options = {"order": "correlation"}
    wait_until(lambda: len([0 for message, _ in display.heard if message["type"] == "heard"]) == 10)
    assert [message["type"] for message, _ in display.heard].count("order") == 1 + N_ALSO


def test_a_closed_widget_asks_no_more(viz: WeightViz) -> None:
    display = Display(viz)
    viz.checkpoint = 3
    viz.close()
    viz.options = {"order": "correlation"}
    assert viz._heard._questions._timer is None
    assert [message["type"] for message, _ in display.heard] == ["order"]
