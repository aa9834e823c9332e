"""The widget: a model and its history in a notebook cell. Traits only.

Not for what crosses (see ``payload``), when it does (see ``live``) nor for drawing (see ``js/src``). Everything is
checked before the browser hears of the widget, so that nothing half-built is ever shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anywidget
import traitlets as t

from nnweightviz.answers import Answers
from nnweightviz.complete import page_state
from nnweightviz.drawn import network_of
from nnweightviz.elsewhere import Elsewhere
from nnweightviz.export import read_static
from nnweightviz.heard import TRAITS, Heard
from nnweightviz.history import History
from nnweightviz.live import Live
from nnweightviz.looks import check_looks, check_view_and_title, refuse_unknown
from nnweightviz.matching import matches
from nnweightviz.options import Options, validated
from nnweightviz.orders import orders_for
from nnweightviz.payload import Payload
from nnweightviz.printing import Printed
from nnweightviz.probe import Outputs, as_probe
from nnweightviz.probing import probed
from nnweightviz.runs import Runs, histories_of
from nnweightviz.selection import checked_selection
from nnweightviz.sheet import first_traits
from nnweightviz.views import VIEWS, numbers_of

PAGE_TRAITS = (*TRAITS, "_network")


class WeightViz(Elsewhere, Printed, anywidget.AnyWidget):
    """A layer-by-layer diagram of a network's weights, played back over its checkpoints.

    Parameters
    ----------
    model
        A ``torch.nn.Module``, a state dict, a :class:`~nnweightviz.Network`, or None to draw from the names and
        shapes of the checkpoints.
    checkpoints
        A list of state dicts, modules, ``(epoch, state)`` pairs or :class:`~nnweightviz.Checkpoint`, or a
        :class:`~nnweightviz.History` (the widget grows with it). Without them, the weights as they are now. Several
        runs of one architecture are a dict, name of the run -> its history, list of checkpoints or path.
    metrics
        Name -> one value a checkpoint, or name -> ``(steps, values)``; of several runs, run -> metrics.
    view
        The view to begin with.
    example_input, input_grid, input_names, output_names
        See :func:`~nnweightviz.as_network`.
    probe
        Items to run the model on at every checkpoint, to show what its units put out: ``(X, y)``,
        ``(X, y, X_test, y_test)`` or a :class:`~nnweightviz.Probe`. See ``docs/probes.md``.
    precision
        ``"auto"`` (by size: float32 up to 2 MB, float16 up to 8 MB, then int8), or one of these.
    title
        Plain text above the diagram; the model's name by default.
    picture
        Whether each display leaves a picture in the notebook file, of the first and the last checkpoint, for readers
        without JavaScript; see ``docs/elsewhere.md``.

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
    _index = t.Dict().tag(sync=True, to_json=lambda _, widget: widget._runs.state()[0])
    _blocks: t.List[bytes] = t.List().tag(sync=True, to_json=lambda _, widget: widget._runs.state()[1])

    _extras = t.Unicode().tag(sync=True)

    outputs: Outputs | None
    """What the probe found, or None."""

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
        probe: Any = None,
        precision: str = "auto",
        title: str | None = None,
        picture: bool = True,
        **unknown: Any,
    ) -> None:
        refuse_unknown(unknown)
        check_view_and_title(view, VIEWS, title)
        self.picture, self._probe = picture, None if probe is None else as_probe(probe)
        histories = histories_of(model, checkpoints, metrics)
        if self._probe is not None and len(histories) > 1:
            raise ValueError(
                f"a probe is run on the checkpoints of one run; there are {', '.join(histories)}: give one of them"
            )
        network = network_of(
            model,
            next(iter(histories.values())),
            example_input=example_input,
            input_names=input_names,
            output_names=output_names,
            input_grid=input_grid,
        )
        self.network, self._mover, self._is_placed = network, 0, False
        self._runs = Runs(network, histories, precision, send=self._tell, moved=self._move)
        self._answers = Answers(self._runs, self._tell)
        self._heard = Heard(self._tell, self.send_state, self._tell_orders)
        self._model, self.outputs = model, None
        if self._probe is not None:
            self._attach_outputs()
        self._esm, self._css = read_static("widget.js"), read_static("nnweightviz.css")
        first = first_traits(network, self._payload.n_checkpoints, title)
        super().__init__(**first | {"view": view, "_extras": read_static("extras.js")})
        self.on_msg(lambda _, content, __: self._answers.receive(content))
        self.on_msg(lambda _, content, __: self._heard.receive(content))
        self._runs.begin()  # another thread may have recorded meanwhile

    @t.validate("checkpoint")
    def _check_checkpoint(self, proposal: Any) -> int:
        n, value = len(self.history), int(proposal["value"])
        if not -n <= value < n:
            raise t.TraitError(
                f"checkpoint is {value}; this history has {n}, 0 to {n - 1} (or -1 for the last)"
            )
        if value % n >= self._payload.n_checkpoints:
            self._live.flush()
        return value % n

    @t.validate("view")
    def _check_view(self, proposal: Any) -> str:
        if proposal["value"] not in VIEWS:
            raise t.TraitError(f"there is no view {proposal['value']!r}; the views are {', '.join(VIEWS)}")
        return str(proposal["value"])

    @t.validate("options")
    def _check_options(self, proposal: Any) -> dict[str, Any]:
        options = validated(proposal["value"])
        check_looks(options, self.network, self.histories)
        return Options.of(options)

    @t.observe("options")
    def _follow_run(self, change: Any) -> None:
        """Another run is shown: go to its checkpoint of the same step, unless the browser has done so."""
        before, now = (self._runs.of((change[key] or {}).get("run")).payload for key in ("old", "new"))
        if before is not now and not self._is_placed:
            there = matches(before.parameters.checkpoints, now.parameters.checkpoints)
            self.checkpoint = there[min(self.checkpoint, before.n_checkpoints - 1)]

    @t.observe("options")
    def _send_order(self, change: Any) -> None:
        """Compute the order of units that is asked for, on either side, and tell the browser: it has no scipy."""
        before = orders_for(change["old"] or {})
        first = self._runs.of(None).payload  # of all runs the same: their units stand side by side
        if [first.order(order) for order in orders_for(change["new"]) if order not in before]:
            self._heard.tell_also()

    def _tell_orders(self) -> None:
        orders = self._runs.of(None).payload.orders
        for order in orders_for(self.options):
            if order in orders:
                self.send({"type": "order", "order": order, **orders[order]})

    @t.validate("selection")
    def _check_selection(self, proposal: Any) -> dict[str, Any] | None:
        selection = checked_selection(self.network, proposal["value"])
        if selection is not None and "run" in selection:
            self._runs.of(selection["run"])
        return selection

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> Any:
        """Return the synced traits; index and blocks are of the same moment."""
        with self._runs.locked():
            if key is None:
                self._runs.compact()
            return self._heard.beside(super().get_state(key, drop_defaults))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.with_picture(super()._repr_mimebundle_(**kwargs))

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the browser says, which may not have heard yet that the history is shorter now."""
        run = (sync_data.get("options") or self.options).get("run")
        last = len(self.histories.get(str(run), self.history)) - 1
        self._is_placed = "checkpoint" in sync_data
        if isinstance(sync_data.get("checkpoint"), int) and last >= 0:
            sync_data = {**sync_data, "checkpoint": max(0, min(sync_data["checkpoint"], last))}
        try:
            super().set_state(sync_data)
        finally:
            self._is_placed = False

    def send_state(self, key: Any = None) -> None:
        """Send traits to the browser, but not that the playhead follows the history: it does so there by itself."""
        if key != "checkpoint" or self._mover != threading.get_ident():
            self._heard.number(key)
            super().send_state(key)

    def run_probe(self, probe: Any = None) -> Outputs | None:
        """Run the probe again, or another one, at all checkpoints that there are now; return what it found.

        Outputs end at the last checkpoint there was. The model is not to be trained by another thread meanwhile.

        Raises
        ------
        TypeError, ValueError
            If there is no probe, or it does not belong to the model.
        """
        self._probe = self._probe if probe is None else as_probe(probe)
        if self._probe is None:
            raise TypeError("there is no probe yet; pass one: viz.run_probe((X, y))")
        self._live.flush()
        self._attach_outputs()
        self.send(*self._live.everything())
        return self.outputs

    def _attach_outputs(self) -> None:
        assert self._probe is not None
        self.outputs, attached = probed(self._model, self.history, self.network, self._probe)
        self._payload.attach(attached, peaks=self.outputs.peaks if self.outputs else None)

    @property
    def histories(self) -> dict[str, History]:
        """The histories of all runs by name; ``"run"`` is that of one without."""
        return self._runs.histories

    @property
    def history(self) -> History:
        """The history of the run that is shown."""
        return self._live.history

    @property
    def _live(self) -> Live:
        return self._runs.of(self.options.get("run"))

    @property
    def _payload(self) -> Payload:
        return self._live.payload

    def _tell(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self.send(content, buffers)

    def _move(self, run: str, n_before: int, number: Callable[[int], int]) -> None:
        """Follow the history as the browser does: the last checkpoint stays the last one unless it plays."""
        if self._payload.run != run:
            return
        follows = self.checkpoint >= n_before - 1 and not self.playing
        self._mover = threading.get_ident()
        try:
            self.checkpoint = self._payload.n_checkpoints - 1 if follows else number(self.checkpoint)
        finally:
            self._mover = 0

    def data(self, view: str | None = None, **looks: Any) -> dict[str, Any]:
        """Return the numbers behind a view as numpy arrays, at all checkpoints; of several runs, run -> such a dict.

        Parameters
        ----------
        view
            Its name; by default the one that is shown.
        looks
            Options that are other than the widget's own: ``viz.data("distribution", by="gate", bins=[-1, 1, 40])``.

        Raises
        ------
        ValueError
            If there is no such view or option; the message says what there is. Keys and shapes are in
            ``docs/numbers.md``.
        """
        options = validated({**self.options, **looks})
        check_looks(options, self.network, self.histories)
        shown = self.view if view is None else view
        return numbers_of(shown, self.histories, self.network, options, self.selection)

    def page_state(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return all traits as plain data, and the parts with every block: what a page without a kernel needs."""
        self._runs.flush()
        traits = {name: getattr(self, name) for name in PAGE_TRAITS}
        return page_state(traits, *self._runs.payloads)

    def close(self) -> None:
        """Stop following the history and close the widget's displays."""
        if hasattr(self, "_runs"):  # also called for what was refused while its arguments were checked
            self._runs.close()
            self._heard.close()
        super().close()
