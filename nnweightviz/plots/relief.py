"""Counts over value and time: ridgelines, density maps and surfaces. Not for single histograms (see ``steps``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from nnweightviz.plots.look import FAINT, MUTED, STOPS, colour, sequential_map
from nnweightviz.plots.moments import moment
from nnweightviz.plots.paper import SMALL, TYPE, Sheet, bar, name
from nnweightviz.plots.steps import Asked
from nnweightviz.scale import mix

HEIGHT = 3.0
"""How many lines of a ridgeline its highest peak reaches over."""
MOST_TICKS = 6


def _panels(asked: Asked, **looks: Any) -> tuple[Sheet, list[tuple[Any, str, int]]]:
    """Return a panel for each run and part."""
    of_panels = [(run, i) for run in asked.data for i in range(len(asked.shown))]
    titles = [f"{run}: {asked.parts[i]}" if run else asked.parts[i] for run, i in of_panels]
    columns = len(asked.shown) if len(asked.data) > 1 else 3
    sheet = Sheet(asked.ax, titles, columns=min(4, columns), **looks)
    for ax, title in zip(sheet.axes, titles, strict=True):
        name(ax, title)
    if asked.left_out():
        sheet.axes[-1].set_xlabel(asked.left_out())
    return sheet, [(ax, run, i) for ax, (run, i) in zip(sheet.axes, of_panels, strict=True)]


def heights(counts: Any, *, is_log: bool) -> Any:
    """Return counts as heights: log10(1 + n) where they are logarithmic."""
    return np.log10(1.0 + counts) if is_log else counts.astype(np.float64)


def ridgeline(asked: Asked) -> Any:
    """Draw histograms of some checkpoints behind each other, the first at the top."""
    sheet, panels = _panels(asked, size=(2.3, 3.0))
    for p, (ax, run, i) in enumerate(panels):
        data, history = asked.data[run], asked.timeline.runs[run]
        chosen = data["chosen"]
        lines = heights(data["counts"][i, chosen], is_log=asked.is_log)
        top = lines.max() or 1.0
        middles = (data["edges"][1:] + data["edges"][:-1]) / 2
        hue = asked.hue(asked.parts[i])
        fill = tuple(1 - 0.25 * (1 - channel) for channel in hue)
        for row, line in enumerate(lines):
            if not data["recorded"][i, chosen[row]]:
                continue
            base = len(chosen) - 1 - row
            over = base + HEIGHT * line / top
            ax.fill_between(middles, base, over, color=fill, linewidth=0, zorder=row)
            ax.plot(middles, over, color=hue, linewidth=0.7, zorder=row + 0.5)
        named = np.unique(np.linspace(0, len(chosen) - 1, min(len(chosen), MOST_TICKS)).round().astype(int))
        words = [moment(history, int(chosen[row])) if sheet.is_left(p) else "" for row in named]
        ax.set_yticks([len(chosen) - 1 - row for row in named], words)
        ax.set_ylim(-0.2, len(chosen) - 1 + HEIGHT * 1.05)
        ax.set_xlim(data["edges"][[0, -1]])
        ax.set_xlabel(asked.what if sheet.is_bottom(p) else "")
        _title(ax, f"peak {data['counts'][i, chosen].max()}")
    made = sheet.finish()
    for ax in sheet.axes if sheet.is_own else ():
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
    return made


def density(asked: Asked) -> Any:
    """Draw a map of counts: time across, values up, dark is many; all panels on one scale."""
    sheet, panels = _panels(asked, size=(2.5, 2.0))
    for p, (ax, run, i) in enumerate(panels):
        data, edges = asked.data[run], asked.timeline.edges(run)
        most = max(1, int(data["counts"][i].max(initial=0)))
        shares = heights(data["counts"][i].T, is_log=asked.is_log) / heights(
            np.array(most), is_log=asked.is_log
        )
        ax.pcolorfast(edges, data["edges"], shares, cmap=sequential_map(), vmin=0, vmax=1)
        for k in np.flatnonzero(~data["recorded"][i]):
            ax.axvspan(*edges[k : k + 2], facecolor="white", edgecolor=FAINT, hatch="//////", linewidth=0)
        asked.timeline.label_axis(ax, is_named=sheet.is_bottom(p))
        ax.set_ylabel(asked.what if sheet.is_left(p) else "")
        _title(ax, f"0 to {most}")
    how = "log(1 + count)" if asked.is_log else "count"
    scale = bar(sheet, ScalarMappable(Normalize(0, 1), sequential_map()), how)
    scale.set_ticks([0, 0.5, 1], labels=["0", "½ most", "most"])
    return sheet.finish()


def _title(ax: Any, words: str) -> None:
    ax.set_title(words, loc="right", fontsize=SMALL, color=MUTED)


def surface(asked: Asked) -> Any:
    """Draw a surface of counts over value and time."""
    sheet, panels = _panels(asked, size=(2.8, 2.6), is_3d=True)
    for ax, run, i in panels:
        data = asked.data[run]
        chosen, at = data["chosen"], asked.timeline.at(run)
        if len(chosen) < 2:  # a surface needs two lines
            chosen, at = np.array([0, 0]), np.array([at[0] - 0.5, at[0] + 0.5])
            ax.set_yticks([at.mean()])
        else:
            at = at[chosen]
            ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        values = (data["edges"][1:] + data["edges"][:-1]) / 2
        z = heights(data["counts"][i, chosen], is_log=asked.is_log)
        x, y = np.meshgrid(values, at)
        hue = tuple(round(channel * 255) for channel in asked.hue(asked.parts[i]))
        ax.plot_surface(
            x,
            y,
            z,
            rcount=120,
            ccount=1000,
            cmap=sequential_map(hue=(hue[0], hue[1], hue[2])),
            vmin=-0.25 * (z.max() or 1.0),
            edgecolor=(*colour(mix(STOPS[0], (hue[0], hue[1], hue[2]), 0.5)), 0.25),
            linewidth=0.15,
            antialiased=True,
        )
        ax.set_xlabel(asked.what, labelpad=-4)
        ax.set_ylabel(asked.timeline.label, labelpad=0)
        ax.set_zlabel("log₁₀(1 + count)" if asked.is_log else "count", labelpad=-2)
        ax.set_box_aspect(None, zoom=0.85)
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.view_init(elev=28, azim=-58)
        ax.tick_params(pad=-2, labelsize=SMALL)
        for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
            axis.label.set_fontsize(TYPE)
            axis.pane.set_facecolor("white")
            axis.pane.set_edgecolor("#d9dbde")
            axis._axinfo["grid"].update(color="#e6e8ea", linewidth=0.5)
    return sheet.finish()
