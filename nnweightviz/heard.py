"""Makes sure that the browser hears of traits that Python sets: servers drop messages where there are too many.

Not for the history, whose messages say themselves how much came before (see ``live``).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from nnweightviz.answers import Send
from nnweightviz.throttle import Reminder

TRAITS = ("checkpoint", "playing", "speed", "loop", "view", "selection", "options", "title")
"""What Python and the browser both set."""
N_ALSO = 4
"""How often what has no trait is told again, within some fifteen seconds: longer than servers drop messages."""


class Heard:
    """Asks the browser, some times after traits were sent, which of them it has heard of, and tells the others again.

    Messages have numbers, questions too. The browser keeps the last number of each trait that it has heard; an answer
    tells nothing of what was sent after its question.

    Parameters
    ----------
    send
        Called with the question and its buffers, of which there are none.
    tell
        Called with the names of traits that were missed.
    also
        Called with some of the questions: tells what has no trait.
    """

    def __init__(self, send: Send, tell: Callable[[list[str]], object], also: Callable[[], object]) -> None:
        self._send, self._tell, self._also = send, tell, also
        self._numbers = itertools.count(1)
        self._sent: dict[str, int] = {}
        self._n_also = 0
        self._questions = Reminder(self.ask)

    def number(self, key: str | Iterable[str] | None) -> None:
        """Hear that traits are about to be sent; None stands for all, to whoever has asked for them."""
        names = [] if key is None else [key] if isinstance(key, str) else key
        sent = [name for name in names if name in TRAITS]
        if sent:
            self._sent |= dict.fromkeys(sent, next(self._numbers))
            self._questions.begin()

    def beside(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return a state with the numbers of its traits, if any was ever sent."""
        sent = {name: number for name, number in self._sent.items() if name in state}
        return {**state, "_sent": sent} if sent else state

    def ask(self) -> None:
        """Ask now."""
        self._send({"type": "heard", "number": next(self._numbers)}, [])
        if self._n_also > 0:
            self._n_also -= 1
            self._also()

    def tell_also(self) -> None:
        """Tell what has no trait now, and with the next questions."""
        self._n_also = N_ALSO
        self._also()
        self._questions.begin()

    def receive(self, content: Any) -> None:
        """Tell again what the browser has not heard of, if this is its answer."""
        if not isinstance(content, dict) or content.get("type") != "heard":
            return
        sent, asked = content.get("sent"), content.get("number")
        heard, until = sent if isinstance(sent, dict) else {}, asked if isinstance(asked, int) else 0
        missed = [name for name, number in self._sent.items() if number < until and heard.get(name) != number]
        if missed:
            self._tell(missed)

    def close(self) -> None:
        """Ask no more."""
        self._questions.close()
