"""The views of the widget as matplotlib figures, for print and for places without JavaScript."""

from __future__ import annotations

from nnweightviz.plots.graph import graph

__all__ = ["graph"]
