"""A history as a page shows it, without a notebook: what a widget would say of it.

Not for the page itself (see ``export``), nor for widgets (see ``widget``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnweightviz.complete import page_state
from nnweightviz.drawn import network_of
from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.options import validated
from nnweightviz.payload import Payload


def first_traits(network: Network, n_checkpoints: int, title: str | None = None) -> dict[str, Any]:
    """Return the traits that a widget begins with: at the last checkpoint, playing all in about twelve seconds."""
    return {
        "checkpoint": n_checkpoints - 1,
        "playing": False,
        "speed": float(min(60, max(2, n_checkpoints / 12))),
        "loop": False,
        "view": "graph",
        "selection": None,
        "options": validated(None),
        "title": network.name if title is None else title,
        "_network": network.to_dict(),
    }


class Sheet:
    """One history on a page, drawn as what was kept beside it says, or as its names and shapes do.

    Parameters
    ----------
    history
        With at least one checkpoint.
    title
        Plain text above the diagram.
    progress
        Called with the number of checkpoints that were read since the last call.

    Raises
    ------
    ValueError
        If the history is empty, or if there is nothing in it that can be drawn.
    """

    def __init__(
        self, history: History, title: str | None = None, progress: Callable[[int], object] | None = None
    ) -> None:
        if len(history) == 0:
            raise ValueError("there are no checkpoints to show")
        self.network = network_of(None, history)
        self.title = title
        self.payload = Payload(self.network, history, progress=progress)

    def page_state(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return the traits by name, and the parts that hold all blocks."""
        return page_state(first_traits(self.network, self.payload.n_checkpoints, self.title), self.payload)
