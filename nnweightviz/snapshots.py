"""Copies of a model's parameters at one moment, in one piece of memory.

Not for keeping them in order (see ``history``) nor for writing them (see ``storage``).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnweightviz.adapters import as_state, source_of
from nnweightviz.memory import Memory, Piece
from nnweightviz.storage.layout import Layout
from nnweightviz.storage.snapshot import Form, Snapshot

Array = NDArray[Any]


class Source(Protocol):
    """What a model's parameters are copied from, as long as they stay where they are."""

    layout: Mapping[str, tuple[np.dtype[Any], tuple[int, ...]]]
    tied: Mapping[str, str]

    def is_of(self, model: Any) -> bool:
        """Whether it is still true of the model."""

    def copier(self, places: Sequence[slice]) -> Callable[[Piece], object]:
        """Return what copies each parameter's bytes to its place in a piece of memory."""


class Copier:
    """Copies the parameters of one model again and again; what to copy is found once."""

    def __init__(self) -> None:
        self.memory = Memory()
        self._source: Source | None = None
        self._fill: Callable[[Piece], object] | None = None
        self._model: weakref.ref[Any] | None = None
        self._form = Form(Layout({}), {}, self.memory)

    def copy(self, model: Any) -> Mapping[str, Array]:
        """Return a copy of the parameters; raises what ``as_state`` raises."""
        if self._source is None or not self._source.is_of(model):
            self._hold(model)
        if self._fill is None:
            return as_state(model)
        piece = self.memory.take(self._form.layout.n_bytes)
        self._fill(piece)
        return Snapshot(piece, self._form)

    def _hold(self, model: Any) -> None:
        """Find what to copy, and let go of it when the model is gone."""
        self._source, self._fill = source_of(model), None
        if self._source is not None:
            layout, tied = Layout(self._source.layout), self._source.tied
            self._fill = self._source.copier([slice(t.start, t.stop) for t in layout.tensors.values()])
            names = {name: tied.get(name, name) for name in [*self._source.layout, *tied]}
            self._form = Form(layout, names, self.memory)
        own = weakref.ref(self)

        def forget(reference: object) -> None:
            copier = own()
            if copier is not None and copier._model is reference:
                copier._source = copier._fill = copier._model = None

        self._model = None if self._source is None else weakref.ref(model, forget)
