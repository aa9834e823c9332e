"""The widget: a model and its history in a notebook cell. Traits and messages only.

Not for what crosses (see ``payload``) nor for drawing (see ``js/src``). Everything is checked before the browser hears
of the widget, so that nothing half-built is ever shown.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets as t

from nnweightviz.adapters import as_network
from nnweightviz.export import read_static, to_html
from nnweightviz.gather import as_history
from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.options import validated
from nnweightviz.payload import Payload
from nnweightviz.selection import checked_selection

VIEWS = ("graph",)
SEND_INTERVAL_S = 0.25
"""A growing history is told to the browser at most four times a second."""

PAGE_TRAITS = ("checkpoint", "playing", "speed", "loop", "view", "selection", "options", "title", "_network")


class WeightViz(anywidget.AnyWidget):
    """A layer-by-layer diagram of a network's weights, played back over its checkpoints.

    Parameters
    ----------
    model
        A ``torch.nn.Module``, a state dict, a :class:`~nnweightviz.Network`, or None to draw from the names and
        shapes of the checkpoints.
    checkpoints
        A list of state dicts, modules, ``(epoch, state)`` pairs or :class:`~nnweightviz.Checkpoint`, or a
        :class:`~nnweightviz.History` (the widget grows with it). Without them, the weights as they are now.
    metrics
        Name -> one value a checkpoint, or name -> ``(steps, values)``.
    view
        The view to begin with.
    example_input, input_grid, input_names, output_names
        See :func:`~nnweightviz.as_network`.
    precision
        ``"auto"`` (by size: float32 up to 2 MB, float16 up to 8 MB, then int8), or one of these.
    title
        Plain text above the diagram; the model's name by default.

    Raises
    ------
    TypeError, ValueError
        If something given is not accepted: the message says what was given, what is accepted and what to do.

    Examples
    --------
    >>> import numpy as np
    >>> viz = WeightViz({"fc.weight": np.zeros((2, 3)), "fc.bias": np.ones(2)})
    >>> viz
    WeightViz of model: 1 layer, 8 links, one checkpoint, float32
    """

    checkpoint = t.Int(0).tag(sync=True, echo_update=False)
    """The checkpoint that is shown, 0-based."""

    playing = t.Bool(False).tag(sync=True, echo_update=False)
    """Whether the history is being played back."""

    speed = t.Float(4.0, min=0.1, max=240.0).tag(sync=True, echo_update=False)
    """Checkpoints a second while playing."""

    loop = t.Bool(False).tag(sync=True, echo_update=False)
    """Whether playing starts over at the end."""

    view = t.Unicode("graph").tag(sync=True, echo_update=False)
    """The view that is shown."""

    selection = t.Dict(default_value=None, allow_none=True).tag(sync=True, echo_update=False)
    """What is selected: a unit, a link or a parameter entry, or None."""

    options = t.Dict().tag(sync=True, echo_update=False)
    """How it looks, by name; see :mod:`nnweightviz.options`."""

    title = t.Unicode("").tag(sync=True)
    """Plain text above the diagram."""

    _network = t.Dict().tag(sync=True)
    _index = t.Dict().tag(sync=True, to_json=lambda _, widget: widget._payload.index())
    _blocks: t.List[bytes] = t.List().tag(sync=True, to_json=lambda _, widget: list(widget._payload.parts))

    def __init__(
        self,
        model: Any = None,
        checkpoints: Any = None,
        metrics: Mapping[str, Any] | None = None,
        *,
        view: str = "graph",
        example_input: Any = None,
        input_grid: tuple[int, int] | None = None,
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        precision: str = "auto",
        title: str | None = None,
        **unknown: Any,
    ) -> None:
        _refuse_unknown(unknown)
        history = _history_of(model, checkpoints, metrics)
        source = history[0].state if model is None else model
        network = as_network(source, example_input, input_names, output_names, input_grid)
        payload = Payload(network, history, precision)
        self.network, self.history, self._payload = network, history, payload
        self._esm, self._css = read_static("widget.js"), read_static("nnweightviz.css")
        self._send_lock = threading.RLock()
        self._last_sent = 0.0
        self._timer: threading.Timer | None = None
        super().__init__(
            checkpoint=len(history) - 1,
            speed=float(np.clip(len(history) / 12, 2, 60)),
            view=view,
            options=validated(None),
            title=_text(title) if title is not None else network.name,
            _network=network.to_dict(),
        )
        self.on_msg(self._on_message)
        self._unsubscribe = history.subscribe(self._on_growth)

    @t.validate("checkpoint")
    def _check_checkpoint(self, proposal: Any) -> int:
        n, value = len(self.history), int(proposal["value"])
        if not -n <= value < n:
            raise t.TraitError(f"checkpoint is {value}; this history has {n} checkpoints, 0 to {n - 1}")
        return value % n

    @t.validate("view")
    def _check_view(self, proposal: Any) -> str:
        if proposal["value"] not in VIEWS:
            raise t.TraitError(f"there is no view {proposal['value']!r}; the views are {', '.join(VIEWS)}")
        return str(proposal["value"])

    @t.validate("options")
    def _check_options(self, proposal: Any) -> dict[str, Any]:
        return validated(proposal["value"])

    @t.validate("selection")
    def _check_selection(self, proposal: Any) -> dict[str, Any] | None:
        return checked_selection(self.network, proposal["value"])

    def _on_message(self, _: Any, content: Any, _buffers: Any) -> None:
        """Answer the browser; whatever goes wrong goes back as a sentence, never as a traceback in a log."""
        if not isinstance(content, dict) or content.get("type") not in ("fetch", "exact"):
            return
        try:
            if content["type"] == "exact":
                values = self._payload.exact(str(content["parameter"]), [int(i) for i in content["entries"]])
                self.send(
                    {"type": "exact", "id": content["id"], "dims": list(values.shape)}, [values.tobytes()]
                )
            else:
                self._answer_fetch(content)
        except Exception as error:
            self.send({"type": "error", "id": content.get("id"), "message": str(error)})

    def _answer_fetch(self, content: dict[str, Any]) -> None:
        chunks = list(self._payload.fetch(int(content["start"]), int(content["stop"])))
        for k, (entries, data) in enumerate(chunks):
            done = k == len(chunks) - 1
            self.send({"type": "blocks", "id": content["id"], "blocks": entries, "done": done}, [data])

    def _on_growth(self) -> None:
        """Tell the browser soon, at most four times a second; the last state always arrives."""
        with self._send_lock:
            wait = self._last_sent + SEND_INTERVAL_S - time.monotonic()
            if self._timer is not None:
                return
            if wait <= 0:
                self._send_growth()
                return
            self._timer = threading.Timer(wait, self._send_growth)
            self._timer.daemon = True
            self._timer.start()

    def _send_growth(self) -> None:
        with self._send_lock:
            self._timer = None
            self._last_sent = time.monotonic()
            follows = self.checkpoint == self._payload.n_checkpoints - 1 and not self.playing
            try:
                grown = self._payload.append()
            except ValueError as error:
                self.send({"type": "error", "id": None, "message": str(error)})
                return
            if grown is None:
                return
            self.send(*grown)
            if follows:
                self.checkpoint = self._payload.n_checkpoints - 1

    def page_state(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return all traits as plain data, and the parts with every block: what a page without a kernel needs."""
        index, parts = self._payload.complete()
        return {
            **{name: getattr(self, name) for name in PAGE_TRAITS},
            "playing": False,
            "_index": index,
        }, parts

    def to_html(self, path: str | os.PathLike[str], title: str | None = None) -> Path:
        """Write this widget to one self-contained HTML file; see :func:`nnweightviz.to_html`."""
        return to_html(self, path, title=title if title is not None else self.title)

    def close(self) -> None:
        """Stop following the history and close the widget's displays."""
        with self._send_lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        self._unsubscribe()
        super().close()

    def __repr__(self) -> str:
        if not hasattr(self, "_payload"):
            return "WeightViz"
        n, n_layers = (
            len(self.history),
            len([layer for layer in self.network.layers if layer.kind != "Input"]),
        )
        layers = f"{n_layers} layer{'s' if n_layers != 1 else ''}"
        checkpoints = "one checkpoint" if n == 1 else f"{n} checkpoints"
        metrics = f", metrics {', '.join(self.history.metrics)}" if self.history.metrics else ""
        precision = self._payload.index()["precision"]
        return f"WeightViz of {self.title}: {layers}, {self.network.n_links} links, {checkpoints}{metrics}, {precision}"


def _refuse_unknown(unknown: Mapping[str, Any]) -> None:
    if unknown:
        accepted = (
            "model, checkpoints, metrics, view, example_input, input_grid, input_names, output_names, "
            "precision, title"
        )
        raise TypeError(
            f"WeightViz does not take {', '.join(map(repr, unknown))}; it takes {accepted}. "
            "Looks are set with viz.options = {...}"
        )


def _text(title: Any) -> str:
    if not isinstance(title, str):
        raise TypeError(f"title is a {type(title).__name__}; it takes a string")
    return title


def _history_of(model: Any, checkpoints: Any, metrics: Mapping[str, Any] | None) -> History:
    if checkpoints is not None:
        return as_history(checkpoints, metrics)
    if model is None:
        raise TypeError("WeightViz needs a model, or checkpoints, or both; got neither")
    if isinstance(model, Network):
        raise TypeError(
            "WeightViz was given a Network without checkpoints: pass WeightViz(network, checkpoints)"
        )
    return as_history([model], metrics)
