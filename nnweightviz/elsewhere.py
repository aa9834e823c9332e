"""A widget where it cannot run: in words, as a picture beside it in the notebook file, as a page, as a frame of one.

Not for pictures for print (see ``printing``) nor for how they are drawn (see ``plots.preview``).
"""

from __future__ import annotations

import math
import os
import warnings
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnweightviz.export import frame_of, to_html
from nnweightviz.parts import Attachment
from nnweightviz.runs import Runs, listed
from nnweightviz.shown import Shown
from nnweightviz.summaries import Summaries
from nnweightviz.words import counted, in_a_word, printable

Bundle = tuple[dict[str, Any], dict[str, Any]]


class Elsewhere(Shown):
    """What a widget leaves where no kernel or no JavaScript is."""

    _runs: Runs
    _has_picture = True
    _was_told = False

    def _order(self, name: str) -> dict[str, list[int]]:
        found: dict[str, list[int]] = self._runs.of(None).payload.order(name)["groups"]
        return found

    @property
    def _summaries(self) -> Summaries:
        return self._runs.of(self.options.get("run")).payload.recorded

    @property
    def _put_out(self) -> Attachment | None:
        return self._runs.of(self.options.get("run")).payload.attached.get("outputs")

    @property
    def picture(self) -> bool:
        """Whether a picture goes into the notebook file with each display, for readers without JavaScript."""
        return self._has_picture

    @picture.setter
    def picture(self, value: Any) -> None:
        if not isinstance(value, bool):
            raise TypeError(
                f"picture is {in_a_word(value)}; it is True, to keep a picture in the notebook, or False"
            )
        self._has_picture = value

    def with_picture(self, found: Bundle | None) -> Bundle | None:
        """Return what a notebook keeps of a display, with words and a picture; without one where drawing fails."""
        if found is None:
            return None
        data, about = dict(found[0]) | {"text/plain": repr(self)}, dict(found[1])
        if not self._has_picture:
            return data, about
        try:
            from nnweightviz.plots.preview import preview

            made = preview(self)
        except Exception as error:  # whatever goes wrong: the widget itself is shown
            if not self._was_told:
                self._was_told = True
                warnings.warn(
                    f"no picture goes into the notebook file: {error}. picture=False leaves it out without a word",
                    stacklevel=2,
                )
            return data, about
        data["image/png"] = b64encode(made.png).decode()
        alt = self._alt(made.view, made.checkpoints)
        about["image/png"] = {"width": made.width, "height": made.height, "alt": alt}
        return data, about

    def _alt(self, view: str, checkpoints: list[int]) -> str:
        what = {"graph": "weights", "boxes": "blocks", "cells": "norms of the weights"}.get(
            view, f"{view} of the weights"
        )
        n = len(self.history)
        when = "" if n == 1 or len(checkpoints) == 1 else "at the first and the last "
        of = f"{when}of {counted(n, 'checkpoint')}"
        return (
            f"{what[0].upper()}{what[1:]} of {self.title}, {counted(self._n_parameters, 'parameter')}, {of}"
        )

    @property
    def _n_parameters(self) -> int:
        return sum(math.prod(shape) for shape in (self.network.parameters or {}).values())

    def page_state(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return all traits as plain data, and the parts with every block."""
        raise NotImplementedError

    def to_html(self, path: str | os.PathLike[str], title: str | None = None, **page: Any) -> Path:
        """Write this widget to one self-contained HTML file; see :func:`nnweightviz.to_html`."""
        return to_html(self, path, title=title, **page)

    def embed(self, *, width: int | str = "100%", height: int | str = 860, title: str | None = None) -> str:
        """Return the widget as a piece of HTML for any page: a frame with all of it inside, which asks no network.

        It is one line, and holds no braces that a site generator would fill in.

        Parameters
        ----------
        width, height
            Pixels, or CSS lengths such as ``"100%"`` or ``"40em"``. 860 pixels show all of a diagram 700 wide without
            scrolling, 790 of one 1100 wide.
        title
            Plain text above the diagram, and the frame's name for those who hear the page; by default the widget's.

        Raises
        ------
        TypeError, ValueError
            If something given is not accepted; the message says what is.

        Examples
        --------
        >>> import numpy as np
        >>> from nnweightviz import WeightViz
        >>> WeightViz({"fc.weight": np.zeros((2, 3))}).embed(height=500)[:47]
        '<div class="nnweightviz-frame"><iframe title="m'
        """
        return frame_of(self, width, height, title)

    def __repr__(self) -> str:
        if not hasattr(self, "_runs"):  # nothing is there yet while the arguments are checked
            return "WeightViz"
        payloads: Mapping[str, Any] = {payload.run: payload for payload in self._runs.payloads}
        shown = self._runs.of(self.options.get("run")).payload
        n, n_layers = shown.n_checkpoints, len([a for a in self.network.layers if a.kind != "Input"])
        layers = "one layer" if n_layers == 1 else f"{n_layers} layers"
        checkpoints = "one checkpoint" if n == 1 else f"{n} checkpoints"
        if len(self.histories) > 1:
            checkpoints = f"runs {listed({run: p.n_checkpoints for run, p in payloads.items()})}"
        metrics = f", metrics {', '.join(self.history.log_metrics)}" if self.history.log_metrics else ""
        n_links, n_parameters = self.network.n_links, self._n_parameters
        links = counted(n_links, "link")
        if n_parameters != n_links:
            links += f" of {counted(n_parameters, 'parameter')}"
        return printable(
            f"WeightViz of {self.title}: {layers}, {links}, {checkpoints}{metrics}, {shown.dtype}"
        )
