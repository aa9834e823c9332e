"""The views as matplotlib figures, for print and for places without JavaScript: same numbers, colours and domains.

Each takes a history (all but the graph a mapping run -> history, too) and returns the axes;
``ax.figure.savefig("weights.pdf")`` keeps it.
"""

from __future__ import annotations

from nnweightviz.plots.distribution import distribution
from nnweightviz.plots.graph import graph
from nnweightviz.plots.matrix import matrix
from nnweightviz.plots.overview import overview
from nnweightviz.plots.spectrum import spectrum
from nnweightviz.plots.trajectory import trajectory

__all__ = ["distribution", "graph", "matrix", "overview", "spectrum", "trajectory"]
