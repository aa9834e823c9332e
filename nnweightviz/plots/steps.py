"""Histograms and small multiples of them, and moments over time. Not for ridgelines, densities and surfaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nnweightviz.matching import matches
from nnweightviz.plots.look import FAINT, INK, MUTED, Colour, colour, hue_of
from nnweightviz.plots.moments import Timeline, checked, moment
from nnweightviz.plots.paper import Sheet, key, line_style, name, note, parts_key, runs_key

MOST_PANELS = 12
MOMENTS = {
    "mean": "mean",
    "variance": "variance",
    "skewness": "skewness",
    "excess_kurtosis": "excess kurtosis",
    "quantiles": "quantiles",
}


@dataclass(frozen=True)
class Asked:
    """What is drawn: the numbers of each run, and how."""

    timeline: Timeline
    data: Mapping[str, dict[str, Any]]
    what: str  # is on the axis of values
    is_log: bool
    checkpoint: int
    ax: Any

    @property
    def first(self) -> dict[str, Any]:
        """The numbers of the first run."""
        return next(iter(self.data.values()))

    @property
    def parts(self) -> list[str]:
        """The names of the parts."""
        return [str(part) for part in self.first["part"]]

    @property
    def shown(self) -> list[str]:
        """The parts that have a panel of their own."""
        return self.parts[:MOST_PANELS]

    def hue(self, part: str) -> Colour:
        """Return the colour of a part."""
        return colour(hue_of(self.parts.index(part), len(self.parts)))

    def left_out(self) -> str:
        """Return how many parts have no panel."""
        n = len(self.parts) - len(self.shown)
        return f"and {n} more: name them with of=" if n else ""


def draw_steps(ax: Any, counts: Any, edges: Any, *, is_log: bool, **looks: Any) -> None:
    """Draw counts as steps; on a logarithmic axis, a bin of none is left empty."""
    ax.stairs(np.maximum(counts, 0.5) if is_log else counts, edges, baseline=0.5 if is_log else 0, **looks)


def scale_counts(ax: Any, most: float, *, is_log: bool) -> None:
    """Set the axis of counts, from none to some room above the most."""
    if is_log:
        ax.set_yscale("log")
        ax.set_ylim(0.7, max(2.0, most * 1.6))
    else:
        ax.set_ylim(0, max(1.0, most) * 1.05)


def histogram(asked: Asked) -> Any:
    """Draw the counts of one checkpoint, the first one as an outline; a panel a part, or all in one that is given."""
    is_together = asked.ax is not None and np.size(asked.ax) == 1
    sheet = Sheet(asked.ax, ["all parts"] if is_together else asked.shown, columns=3)
    many_runs, runs = len(asked.data) > 1, asked.timeline.runs
    tops: dict[int, float] = {}
    for r, (run, data) in enumerate(asked.data.items()):
        k = checked(runs[run], asked.checkpoint)
        for i, part in enumerate(asked.parts if is_together else asked.shown):
            at = 0 if is_together else i
            ax, now, before = sheet.axes[at], data["counts"][i, k], data["counts"][i, 0]
            looks: dict[str, Any] = {"is_log": asked.is_log}
            is_filled = not (many_runs or (is_together and len(asked.parts) > 1))
            if is_filled:
                draw_steps(ax, now, data["edges"], fill=True, color=asked.hue(part), alpha=0.4, **looks)
                draw_steps(ax, before, data["edges"], color=MUTED, linewidth=0.8, **looks)
            draw_steps(
                ax, now, data["edges"], color=asked.hue(part), linewidth=1.0, linestyle=line_style(r), **looks
            )
            tops[at] = max(tops.get(at, 0.0), float(now.max()), float(before.max() if is_filled else 0))
            if not many_runs and not is_together:
                note(ax, _told(data, i, k))
    run, history = next(iter(runs.items()))
    for at, ax in enumerate(sheet.axes):
        scale_counts(ax, tops[at], is_log=asked.is_log)
        ax.set_xlim(asked.first["edges"][[0, -1]])
        ax.set_xlabel(asked.what if sheet.is_bottom(at) else "")
        ax.set_ylabel("count" if sheet.is_left(at) else "")
        name(ax, "" if is_together else asked.parts[at])
    told = moment(history, checked(history, asked.checkpoint))
    handles: list[Any] = runs_key(asked.timeline.names)
    if is_together and len(asked.parts) > 1:
        handles = [*parts_key(asked.parts), *handles]
    if not many_runs and not (is_together and len(asked.parts) > 1):
        hue = asked.hue(asked.parts[0]) if len(asked.parts) == 1 else INK
        handles = [Patch(facecolor=(*to_rgb(hue), 0.4), edgecolor=hue, linewidth=0.9, label=told)]
        handles += [Line2D([], [], color=MUTED, linewidth=0.8, label=f"first: {moment(history, 0)}")]
    elif sheet.is_own:
        handles.append(Line2D([], [], linestyle="", label=told))
    if asked.left_out() and not is_together:
        handles.append(Line2D([], [], linestyle="", label=asked.left_out()))
    key(sheet, handles)
    return sheet.finish()


def _told(data: dict[str, Any], i: int, k: int) -> str:
    """Return what a histogram does not show."""
    if not data["recorded"][i, k]:
        return "not recorded"
    n_odd, outside = int(data["n_odd"][i, k]), int(data["below"][i, k] + data["above"][i, k])
    told = [f"{n_odd} NaN or infinite"] if n_odd else []
    return "\n".join([*told, *([f"{outside} outside"] if outside else [])])


def multiples(asked: Asked) -> Any:
    """Draw the counts of some checkpoints, a panel each, all on the same axes."""
    runs = asked.timeline.runs
    history = next(iter(runs.values()))
    chosen = asked.first["chosen"].tolist()
    sheet = Sheet(asked.ax, [moment(history, k) for k in chosen], size=(1.75, 1.35), shares=True)
    top = 0.0
    is_filled = len(asked.data) == 1 and len(asked.parts) == 1
    for r, (run, data) in enumerate(asked.data.items()):
        numbers = matches(list(history), list(runs[run]))
        for ax, k in zip(sheet.axes, chosen, strict=True):
            for i, part in enumerate(asked.parts):
                if not data["recorded"][i, numbers[k]]:
                    continue
                counts = data["counts"][i, numbers[k]]
                looks: dict[str, Any] = {"is_log": asked.is_log, "color": asked.hue(part)}
                if is_filled:
                    draw_steps(ax, counts, data["edges"], fill=True, alpha=0.4, **looks)
                draw_steps(ax, counts, data["edges"], linewidth=0.8, linestyle=line_style(r), **looks)
                top = max(top, float(counts.max()))
            if len(asked.data) == 1:
                odd = int(data["n_odd"][:, k].sum())
                note(ax, f"{odd} NaN or infinite" if odd else "")
    for i, (ax, k) in enumerate(zip(sheet.axes, chosen, strict=True)):
        scale_counts(ax, top, is_log=asked.is_log)
        ax.set_xlim(asked.first["edges"][[0, -1]])
        name(ax, "", moment(history, k))
        ax.set_xlabel(asked.what if sheet.is_bottom(i) else "")
        ax.set_ylabel("count" if sheet.is_left(i) else "")
        if sheet.is_own:
            ax.tick_params(labelbottom=sheet.is_bottom(i), labelleft=sheet.is_left(i))
    key(sheet, [*parts_key(asked.parts), *runs_key(asked.timeline.names)])
    return sheet.finish()


def moments(asked: Asked, is_log: bool = False) -> Any:
    """Draw mean, variance, skewness, excess kurtosis and quantiles over time, a panel each."""
    sheet = Sheet(asked.ax, list(MOMENTS), columns=3, size=(2.4, 1.8))
    for r, (run, data) in enumerate(asked.data.items()):
        at = asked.timeline.at(run)
        looks: dict[str, Any] = {"linestyle": line_style(r), "linewidth": 1.0}
        looks |= {"marker": "o", "markersize": 2.5} if len(at) == 1 else {}
        for i, part in enumerate(asked.parts):
            hue = asked.hue(part)
            for ax, moment_name in zip(sheet.axes[:4], MOMENTS, strict=False):
                ax.plot(at, data[moment_name][i], color=hue, **looks)
            quantiles = data["quantiles"][i]
            sheet.axes[4].plot(at, quantiles[:, 2], color=hue, **looks)
            thin = looks | {"linewidth": 0.5, "alpha": 0.8}
            sheet.axes[4].plot(at, quantiles[:, [0, 4]], color=hue, **thin)
            if len(asked.data) == 1:
                bands = {"color": hue, "alpha": 0.16, "linewidth": 0}
                sheet.axes[4].fill_between(at, quantiles[:, 1], quantiles[:, 3], **bands)
    words_of_quantiles = "5, 25 to 75, 50, 95 %" if len(asked.data) == 1 else "5, 50, 95 %"
    for i, (ax, (moment_name, words)) in enumerate(zip(sheet.axes, MOMENTS.items(), strict=True)):
        name(ax, words, words_of_quantiles if moment_name == "quantiles" else "")
        if is_log and moment_name == "variance":
            ax.set_yscale("log")
        elif moment_name != "variance":
            ax.axhline(0, color=FAINT, linewidth=0.5, zorder=0)
        ax.margins(x=0.01)
        asked.timeline.label_axis(ax, is_named=sheet.is_bottom(i))
        if moment_name in ("mean", "quantiles"):
            ax.set_ylabel(asked.what)
    key(sheet, [*parts_key(asked.parts), *runs_key(asked.timeline.names)])
    return sheet.finish()
