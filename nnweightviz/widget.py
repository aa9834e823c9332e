"""The widget: a model and its history in a notebook cell. Traits and messages only.

Not for what crosses (see ``payload``) nor for drawing (see ``js/src``). Everything is checked before the browser hears
of the widget, so that nothing half-built is ever shown.
"""

from __future__ import annotations

import os
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
from nnweightviz.looks import check_looks
from nnweightviz.network import Network
from nnweightviz.options import Options, validated
from nnweightviz.orders import COMPUTED
from nnweightviz.parameters import Quantity
from nnweightviz.payload import Payload
from nnweightviz.selection import checked_selection
from nnweightviz.throttle import Throttle
from nnweightviz.words import in_a_word

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
    WeightViz of model: one layer, 8 links, one checkpoint, float32
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
    """How it looks, by name; see ``docs/options.md``."""

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
        input_grid: tuple[int, ...] | None = None,
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        precision: str = "auto",
        title: str | None = None,
        **unknown: Any,
    ) -> None:
        _refuse_unknown(unknown)
        _check_looks(view, title)
        history = _history_of(model, checkpoints, metrics)
        source = history[0].state if model is None else model
        network = as_network(source, example_input, input_names, output_names, input_grid)
        payload = Payload(network, history, precision)
        self.network, self.history, self._payload = network, history, payload
        self._esm, self._css = read_static("widget.js"), read_static("nnweightviz.css")
        self._growth = Throttle(self._send_growth, SEND_INTERVAL_S)
        self._answering: set[Any] = set()  # requests for blocks that were not cancelled
        super().__init__(
            checkpoint=payload.n_checkpoints - 1,
            speed=float(np.clip(payload.n_checkpoints / 12, 2, 60)),
            view=view,
            options=validated(None),
            title=network.name if title is None else title,
            _network=network.to_dict(),
        )
        self.on_msg(self._on_message)
        self._unsubscribe = history.subscribe(self._on_growth)
        if len(history) > payload.n_checkpoints:  # another thread has recorded meanwhile
            self._on_growth()

    @t.validate("checkpoint")
    def _check_checkpoint(self, proposal: Any) -> int:
        n, value = len(self.history), int(proposal["value"])
        if not -n <= value < n:
            raise t.TraitError(
                f"checkpoint is {value}; this history has {n}, 0 to {n - 1} (or -1 for the last)"
            )
        if value % n >= self._payload.n_checkpoints:
            self._growth.flush()
        return value % n

    @t.validate("view")
    def _check_view(self, proposal: Any) -> str:
        if proposal["value"] not in VIEWS:
            raise t.TraitError(f"there is no view {proposal['value']!r}; the views are {', '.join(VIEWS)}")
        return str(proposal["value"])

    @t.validate("options")
    def _check_options(self, proposal: Any) -> dict[str, Any]:
        options = validated(proposal["value"])
        check_looks(options, self.network, self.history)
        return Options.of(options)

    @t.observe("options")
    def _send_order(self, change: Any) -> None:
        """Compute the order of units that is asked for, on either side, and tell the browser: it has no scipy."""
        order = change["new"]["order"]
        if order in COMPUTED and order != (change["old"] or {}).get("order"):
            self.send({"type": "order", "order": order, **self._payload.order(order)})

    @t.validate("selection")
    def _check_selection(self, proposal: Any) -> dict[str, Any] | None:
        return checked_selection(self.network, proposal["value"])

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> Any:
        """Return the synced traits; index and blocks are of the same moment."""
        with self._payload.lock:
            if key is None:
                self._payload.compact()
            return super().get_state(key, drop_defaults)

    def _on_message(self, _: Any, content: Any, _buffers: Any) -> None:
        """Answer the browser; whatever goes wrong goes back as a sentence, never as a traceback in a log."""
        answers = {"fetch": self._answer_fetch, "exact": self._answer_exact, "cancel": self._cancel}
        answer = answers.get(str(content.get("type"))) if isinstance(content, dict) else None
        if answer is None:
            return
        try:
            answer(content)
        except KeyError as error:
            self._send_error(content.get("id"), f"the message {content['type']!r} lacks {error}")
        except Exception as error:
            self._send_error(content.get("id"), str(error))

    def _answer_fetch(self, content: dict[str, Any]) -> None:
        self._check_run(content)
        quantity = Quantity(str(content.get("quantity", "weights")), content.get("reference"))
        start, stop, names = int(content["start"]), int(content["stop"]), content.get("names")
        self._answering.add(content["id"])
        waiting = None
        try:
            for chunk in self._payload.fetch(start, stop, quantity, names):
                if content["id"] not in self._answering:
                    return
                self._send_blocks(content["id"], waiting, done=False)
                waiting = chunk
        finally:
            self._answering.discard(content["id"])
        self._send_blocks(content["id"], waiting, done=True)

    def _send_blocks(self, request: Any, chunk: tuple[list[Any], bytes] | None, done: bool) -> None:
        if chunk is not None:
            buffers = [chunk[1]] if chunk[1] else []
            self.send({"type": "blocks", "id": request, "blocks": chunk[0], "done": done}, buffers)

    def _answer_exact(self, content: dict[str, Any]) -> None:
        self._check_run(content)
        values = self._payload.exact(str(content["parameter"]), [int(i) for i in content["entries"]])
        self.send({"type": "exact", "id": content["id"], "dims": list(values.shape)}, [values.tobytes()])

    def _cancel(self, content: dict[str, Any]) -> None:
        self._answering.discard(content["id"])

    def _check_run(self, content: dict[str, Any]) -> None:
        run = content.get("run", self._payload.run)
        if run != self._payload.run:
            raise ValueError(f"there is no run {run!r}; there is {self._payload.run!r}")

    def _send_error(self, request: Any, message: str) -> None:
        self.send({"type": "error", "id": request, "message": message})

    def _on_growth(self) -> None:
        """Tell the browser soon, at most four times a second; the last state always arrives."""
        self._growth.request()

    def _send_growth(self) -> None:
        follows = self.checkpoint == self._payload.n_checkpoints - 1 and not self.playing
        try:
            grown = self._payload.append()
        except ValueError as error:
            self._send_error(None, str(error))
            return
        if grown is not None:
            self.send(*grown)
            if follows:
                self.checkpoint = self._payload.n_checkpoints - 1

    def page_state(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return all traits as plain data, and the parts with every block: what a page without a kernel needs."""
        self._growth.flush()
        traits = {name: getattr(self, name) for name in PAGE_TRAITS}
        index, parts = self._payload.complete()
        share = (index["runs"][0]["n_checkpoints"] - 1) / max(1, self._payload.n_checkpoints - 1)
        if share < 1:  # checkpoints were left out evenly: the nearest one stands for each
            traits["checkpoint"] = round(self.checkpoint * share)
            traits["options"] = {**self.options, "reference": round(self.options["reference"] * share)}
        return {**traits, "playing": False, "_index": index}, parts

    def to_html(self, path: str | os.PathLike[str], title: str | None = None) -> Path:
        """Write this widget to one self-contained HTML file; see :func:`nnweightviz.to_html`."""
        return to_html(self, path, title=title)

    def close(self) -> None:
        """Stop following the history and close the widget's displays."""
        if hasattr(self, "_unsubscribe"):  # also called for what was refused while its arguments were checked
            self._growth.close()
            self._unsubscribe()
        super().close()

    def __repr__(self) -> str:
        if not hasattr(self, "_payload"):  # nothing is there yet while the arguments are checked
            return "WeightViz"
        n, n_layers = self._payload.n_checkpoints, len([a for a in self.network.layers if a.kind != "Input"])
        layers = "one layer" if n_layers == 1 else f"{n_layers} layers"
        checkpoints = "one checkpoint" if n == 1 else f"{n} checkpoints"
        metrics = f", metrics {', '.join(self.history.log_metrics)}" if self.history.log_metrics else ""
        links = f"{self.network.n_links} link{'s' if self.network.n_links != 1 else ''}"
        return f"WeightViz of {self.title}: {layers}, {links}, {checkpoints}{metrics}, {self._payload.dtype}"


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


def _check_looks(view: Any, title: Any) -> None:
    """Early, so that a wrong word is told before a large history is read."""
    if view not in VIEWS:
        raise ValueError(f"there is no view {view!r}; the views are {', '.join(VIEWS)}")
    if title is not None and not isinstance(title, str):
        raise TypeError(f"title is {in_a_word(title)}; it takes a string")


def _history_of(model: Any, checkpoints: Any, metrics: Mapping[str, Any] | None) -> History:
    if checkpoints is not None:
        return as_history(checkpoints, metrics, model)
    if model is None:
        raise TypeError("WeightViz needs a model, or checkpoints, or both; got neither")
    if isinstance(model, Network):
        raise TypeError(
            "WeightViz was given a Network without checkpoints: pass WeightViz(network, checkpoints)"
        )
    history = History()
    history.record(model)
    return as_history(history, metrics)
