"""Checks what a widget is given, and options against what it shows: its gates, groups, metrics and checkpoints.

Not for their form (see ``options``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.selection import block_names
from nnweightviz.words import counted, in_a_word


def check_looks(options: Mapping[str, Any], network: Network, histories: Mapping[str, History]) -> None:
    """Refuse options that name what is not there.

    Raises
    ------
    ValueError
        If a run, a gate, a group, a block, a metric or the checkpoint of reference is unknown; the message says what
        there is.
    """
    _check_runs(options, histories)
    history = histories[options["run"] or next(iter(histories))]
    metrics = [name for other in histories.values() for name in other.log_metrics]
    ports = dict.fromkeys(b.port for b in network.bundles if b.port is not None)
    _check("gates", options["gates"] or (), "gate", ports)
    _check("metrics", options["metrics"] or (), "metric", dict.fromkeys(metrics))
    _check("of", options["of"] or (), "parameter, layer or gate", parts_of(network))
    groups = {group.id: group for group in network.groups}
    _check("unfolded", options["unfolded"], "group", groups)
    _check("open_bands", options["open_bands"], "group", groups)
    _check("expanded", options["expanded"] or (), "block", block_names(network))
    for group, port in options["unfolded"].items():
        if isinstance(port, str):
            _check("unfolded", [port], "gate", groups[group].ports, f" in group {group!r}")
    if options["reference"] >= len(history):
        raise ValueError(
            f"option 'reference' is {options['reference']}; this history has "
            f"{counted(len(history), 'checkpoint')}, 0 to {len(history) - 1}"
        )


def parts_of(network: Network) -> list[str]:
    """Return the names of all that the views beside the graph show: layers, parameters, gates such as ``lstm.i``."""
    parameters = network.parameters or {}
    layers = dict.fromkeys(name.rpartition(".")[0] for name in parameters)
    gates = dict.fromkeys(f"{network.layer_of(b.target).name}.{b.port}" for b in network.bundles if b.port)
    return list(dict.fromkeys([*filter(None, layers), *parameters, *gates]))


def _check_runs(options: Mapping[str, Any], histories: Mapping[str, History]) -> None:
    for option in ("run", "against"):
        _check(option, [options[option]] if options[option] is not None else (), "run", histories)
    if options["compare"] != "none" and len(histories) < 2:
        raise ValueError(
            f"option 'compare' is {options['compare']!r}, but there is one run: pass several, such as "
            "WeightViz(model, {'adam': history_a, 'sgd': history_b})"
        )
    if options["against"] is not None and options["against"] == (options["run"] or next(iter(histories))):
        raise ValueError(
            f"option 'against' is {options['against']!r}, the run that is shown; name another: "
            f"{', '.join(repr(name) for name in histories if name != options['against']) or 'there is none'}"
        )


def _check(option: str, given: Iterable[str], noun: str, there: Iterable[str], where: str = "") -> None:
    known = list(there)
    for name in given:
        if name not in known:
            more = ", …" if len(known) > 12 else ""
            listed = f"there are: {', '.join(map(repr, known[:12]))}{more}" if known else "there are none"
            raise ValueError(f"option {option!r} names {name!r}; there is no such {noun}{where}: {listed}")


def refuse_unknown(unknown: Mapping[str, Any]) -> None:
    """Raise TypeError if a widget was given arguments that there are not."""
    if unknown:
        accepted = (
            "model, checkpoints, metrics, view, example_input, input_grid, input_names, output_names, "
            "probe, precision, title, picture"
        )
        raise TypeError(
            f"WeightViz does not take {', '.join(map(repr, unknown))}; it takes {accepted}. "
            "Looks are set with viz.options = {...}"
        )


def check_view_and_title(view: Any, views: Sequence[str], title: Any) -> None:
    """Raise ValueError or TypeError early, so that a wrong word is told before a large history is read."""
    if view not in views:
        raise ValueError(f"there is no view {view!r}; the views are {', '.join(views)}")
    if title is not None and not isinstance(title, str):
        raise TypeError(f"title is {in_a_word(title)}; it takes a string")
