"""What the parts of a widget know of it. Not for what they do (see ``printing`` and ``elsewhere``)."""

from __future__ import annotations

from typing import Any

from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.parts import Attachment
from nnweightviz.summaries import Summaries


class Shown:
    """The traits and histories of a widget."""

    network: Network
    options: Any
    selection: Any
    view: Any
    checkpoint: Any
    title: Any

    @property
    def history(self) -> History:
        """The history of the run that is shown."""
        raise NotImplementedError

    @property
    def histories(self) -> dict[str, History]:
        """The histories of all runs by name."""
        raise NotImplementedError

    def _order(self, name: str) -> dict[str, list[int]]:
        """The order of units of this name by the last checkpoint, found once: unit indices by group."""
        raise NotImplementedError

    @property
    def _summaries(self) -> Summaries:
        """The norms of the run that is shown."""
        raise NotImplementedError

    @property
    def _put_out(self) -> Attachment | None:
        """What a probe found in the run that is shown, as the browser has it."""
        raise NotImplementedError
