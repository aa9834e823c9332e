"""Singular values, ranks, and correlation by layer, for print. The numbers are those of ``views.spectrum``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nnweightviz.network import Network
from nnweightviz.plots.look import INK, MUTED, STOPS, colour, hue_of, sequential_map
from nnweightviz.plots.moments import Timeline, checked, moment
from nnweightviz.plots.paper import Sheet, key, line_style, literal, name, parts_key, runs_key
from nnweightviz.views import spectrum as numbers
from nnweightviz.views.runs import named_runs
from nnweightviz.views.spectrum import RANKS

MOST_LINES = 64
"""Singular values that have a line over time: the largest, then some evenly by rank."""
Data = dict[str, Any]


def spectrum(
    history: Any,
    kind: str = "singular_values",
    *,
    checkpoint: int = -1,
    network: Network | None = None,
    of: Sequence[str] | None = None,
    by: str = "parameter",
    x: str = "step",
    log_axes: Sequence[str] = (),
    ax: Any = None,
) -> Any:
    """Draw singular values, ranks, or the correlation of weights by the distance of their layers.

    Parameters
    ----------
    history, network, of, by
        As for :func:`nnweightviz.views.spectrum`.
    kind
        ``"singular_values"`` of the first matrix of those, in two panels: over time, and by rank at one checkpoint, the
        first one beside it; the ``"ranks"`` of all, in three panels; or the ``"correlation"``.
    checkpoint
        Of the singular values by rank, 0-based, or negative from the end.
    x
        Whether checkpoints lie by ``"step"`` or evenly (``"index"``).
    log_axes
        ``["y"]`` draws singular values on a logarithmic axis.
    ax
        The axes to draw into, one a panel; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes, or an array of them where there are several panels

    Raises
    ------
    TypeError, ValueError
        If something is not accepted; the message says what is.
    """
    runs = named_runs(history)
    timeline = Timeline(runs, x)
    found = numbers(runs, kind, network=network, of=of, by=by)
    by_run = found if timeline.names else dict.fromkeys(runs, found)
    if kind == "ranks":
        return _ranks(by_run, timeline, ax)
    if kind == "correlation":
        return _correlation(by_run, ax)
    return _singular_values(by_run, timeline, checkpoint, "y" in log_axes, ax)


def _singular_values(
    by_run: Mapping[str, Data], timeline: Timeline, checkpoint: int, is_log: bool, ax: Any
) -> Any:
    sheet = Sheet(ax, ["over time", "by rank"], size=(3.3, 2.7))
    over_time, by_rank = sheet.axes
    first = next(iter(by_run.values()))
    n_values = int(min(first["shape"][0]))
    lines = _lines(n_values)
    ramp = sequential_map(hue=STOPS[0])
    for r, (run, data) in enumerate(by_run.items()):
        values, history = data["singular_values"][0, :, :n_values], timeline.runs[run]
        k, at = checked(history, checkpoint), timeline.at(run)
        looks: dict[str, Any] = {"linewidth": 0.8, "linestyle": line_style(r)}
        looks |= {"marker": "o", "markersize": 2} if len(at) == 1 else {}
        for i in lines:
            shade = ramp(1 - 0.75 * i / max(1, n_values - 1))
            over_time.plot(at, values[:, i], color=shade, **looks)
        rank = np.arange(1, n_values + 1)
        by_rank.plot(rank, values[0], color=MUTED, linewidth=0.8, linestyle=line_style(r))
        dots = {"marker": "o", "markersize": 2.2} if n_values <= 40 else {}
        by_rank.plot(rank, values[k], color=colour(STOPS[0]), linewidth=1.1, linestyle=line_style(r), **dots)
        if r == 0:
            by_rank.axhline(data["edge"][0, k], color=INK, linewidth=0.9, linestyle=":")
            told = moment(history, k)
            name(by_rank, "by rank", told)
    for axes in sheet.axes:
        axes.margins(x=0.02)
        if is_log:
            axes.set_yscale("log")
    lows, tops = zip(*(axes.get_ylim() for axes in sheet.axes), strict=True)
    for axes in sheet.axes:
        axes.set_ylim(min(lows) if is_log else 0, max(tops))
    some = f" · {len(lines)} of {n_values} lines" if len(lines) < n_values else ""
    name(over_time, str(first["part"][0]), " × ".join(map(str, first["shape"][0])) + some)
    timeline.label_axis(over_time)
    over_time.set_ylabel("singular value")
    by_rank.set_xlabel("rank")
    by_rank.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    handles = [
        Line2D([], [], color=colour(STOPS[0]), linewidth=1.2, label="singular values"),
        Line2D([], [], color=MUTED, linewidth=0.8, label="at the first checkpoint"),
        Line2D(
            [],
            [],
            color=INK,
            linewidth=0.9,
            linestyle=":",
            label="edge of random weights (Marchenko–Pastur)",
        ),
    ]
    key(sheet, [*handles, *runs_key(timeline.names)])
    return sheet.finish()


def _fit_words(data: Data) -> str:
    """Return the fit, and how much it rests on."""
    sign, length = ("−" if data["length"] > 0 else ""), abs(float(data["length"]))
    n = int(np.isfinite(data["mean_absolute"]).sum())
    how_well = f"R² {data['r_squared']:.2f}, {n} distances" if n > 2 else "of two distances only"
    return f"{data['at_zero']:.3g} exp({sign}d / {length:.3g}); {how_well}"


def _lines(n: int) -> list[int]:
    """Return which singular values have a line."""
    if n <= MOST_LINES:
        return list(range(n))
    half = MOST_LINES // 2
    rest = np.linspace(half, n - 1, MOST_LINES - half).round().astype(int)
    return [*range(half), *rest.tolist()]


def _ranks(by_run: Mapping[str, Data], timeline: Timeline, ax: Any) -> Any:
    sheet = Sheet(ax, list(RANKS), size=(2.4, 2.0))
    parts = [str(part) for part in next(iter(by_run.values()))["part"]]
    for r, (run, data) in enumerate(by_run.items()):
        at = timeline.at(run)
        looks: dict[str, Any] = {"linewidth": 1.0, "linestyle": line_style(r)}
        looks |= {"marker": "o", "markersize": 2.5} if len(at) == 1 else {}
        for axes, rank in zip(sheet.axes, RANKS, strict=True):
            for i in range(len(parts)):
                axes.plot(at, data[rank][i], color=colour(hue_of(i, len(parts))), **looks)
    for axes, rank in zip(sheet.axes, RANKS, strict=True):
        name(axes, rank.replace("_", " "))
        timeline.label_axis(axes)
        axes.set_ylim(bottom=0)
        axes.margins(x=0.01)
    key(sheet, [*parts_key(parts), *runs_key(timeline.names)])
    return sheet.finish()


def _correlation(by_run: Mapping[str, Data], ax: Any) -> Any:
    sheet = Sheet(ax, ["correlation"], size=(3.6, 2.6))
    (axes,) = sheet.axes
    handles: list[Any] = []
    for r, (run, data) in enumerate(by_run.items()):
        distance, hue = data["distance"], colour(STOPS[r % len(STOPS)] if len(by_run) > 1 else STOPS[1])
        axes.plot(distance, data["mean_absolute"], "o", color=hue, markersize=4)
        fit = "no fit: fewer than two distances"
        if np.isfinite(data["at_zero"]):
            fine = np.linspace(0, distance[-1], 100)
            axes.plot(
                fine,
                data["at_zero"] * np.exp(-fine / data["length"]),
                color=hue,
                linewidth=1.0,
                linestyle=line_style(r),
            )
            fit = _fit_words(data)
        label = literal(f"{run}: {fit}" if run else fit)
        handles.append(
            Line2D([], [], color=hue, marker="o", markersize=3.5, linestyle=line_style(r), label=label)
        )
        axes.axhline(float(data["chance"]), color=MUTED, linewidth=0.7, linestyle=":")
    axes.text(
        0.99,
        float(data["chance"]),
        "chance ",
        transform=axes.get_yaxis_transform(),
        ha="right",
        va="bottom",
        fontsize=6.5,
        color=INK,
    )
    axes.set(xlabel="distance of layers", ylabel="mean |r| of weights")
    axes.set_ylim(0, 1.02)
    axes.set_xticks(data["distance"])
    key(sheet, handles)
    return sheet.finish()
