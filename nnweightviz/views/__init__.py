"""The numbers behind each view, as arrays: what the browser shows, computed here. Not for drawing (see ``plots``).

Each function takes a history, or a mapping run -> history and then returns a mapping run -> result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.views.distribution import distribution
from nnweightviz.views.matrix import links, matrix
from nnweightviz.views.overview import overview
from nnweightviz.views.sample import entries_of
from nnweightviz.views.spectrum import spectrum
from nnweightviz.views.trajectory import trajectory

__all__ = ["distribution", "links", "matrix", "numbers_of", "overview", "spectrum", "trajectory"]

VIEWS = ("graph", "matrix", "distribution", "trajectory", "spectrum", "overview")
_LOOKS = {
    "distribution": ("of", "by", "normalise", "bins", "chosen"),
    "trajectory": ("of", "by", "normalise", "sample", "n_sampled", "seed", "below"),
    "spectrum": ("of", "by"),
    "overview": ("of",),
}


def numbers_of(
    view: str,
    histories: Mapping[str, History],
    network: Network,
    options: Mapping[str, Any],
    selection: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the numbers behind a view of a widget; of several runs, run -> numbers.

    Parameters
    ----------
    view
        ``"graph"`` or the name of another view.
    histories
        Run -> history; of one, the result is its own.
    network
        As :func:`~nnweightviz.as_network` gives it.
    options
        All of them, as :func:`~nnweightviz.options.validated` returns them.
    selection
        What is selected.

    Raises
    ------
    ValueError
        If there is no such view, or the options do not fit; the message says what is accepted.
    """
    if view not in VIEWS:
        raise ValueError(f"there is no view {view!r}; the views are {', '.join(VIEWS)}")
    history: Any = dict(histories) if len(histories) > 1 else next(iter(histories.values()))
    looks = {name: options[name] for name in _LOOKS.get(view, ())}
    if view in ("graph", "matrix"):
        changed = {name: options[name] for name in ("quantity", "reference")}
        if view == "graph":
            return dict(links(history, network=network, **changed))
        name = shown_matrix(options, selection, network)
        return dict(matrix(history, name, network=network, scale=options["scale"], **changed))
    if view == "trajectory" and options["sample"] == "selected":
        looks["entries"] = entries_of(network, selection)
    functions: dict[str, Callable[..., Any]] = {
        "distribution": distribution,
        "trajectory": trajectory,
        "spectrum": spectrum,
        "overview": overview,
    }
    return dict(functions[view](history, options[view], network=network, **looks))


def shown_matrix(
    options: Mapping[str, Any], selection: Mapping[str, Any] | None, network: Network
) -> str | None:
    """Return the name of the matrix that is shown: the first of those asked for, or what is selected."""
    if options["of"]:
        return str(options["of"][0])
    entries = entries_of(network, selection)
    return entries[0][0] if entries else None
