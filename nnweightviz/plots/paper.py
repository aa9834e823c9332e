"""Figures for print: panels of their own or the reader's, small type, axes without chart junk. Not for what is drawn.

Nothing here touches pyplot: no figure is shown, or kept, that the reader does not keep.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from mpl_toolkits.mplot3d import Axes3D

from nnweightviz.plots.look import FAINT, INK, MUTED, colour, dashes_of, hue_of
from nnweightviz.words import printable

SMALL, TYPE, TITLE = 7.5, 8.0, 8.5  # points
DPI = 144


class _Shown:
    """What a notebook shows as a picture when it is the last line of a cell."""

    figure: Any

    def _repr_png_(self) -> bytes:
        return _png(self.figure)


class Panel(_Shown, Axes):
    """Axes of a figure that was made here."""


class Panel3D(_Shown, Axes3D):  # type: ignore[misc]  # mpl_toolkits has no types
    """Axes in three dimensions of a figure that was made here."""


class Panels(np.ndarray):
    """Several axes of a figure that was made here; ``figure`` is that figure."""

    @property
    def figure(self) -> Any:
        """The figure that all are of."""
        return next(ax.figure for ax in self.flat if ax is not None)

    def _repr_png_(self) -> bytes | None:
        return _png(self.figure) if self.size else None


def _png(figure: Any) -> bytes:
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=DPI)
    return written.getvalue()


class Sheet:
    """The axes of a plot: those that were given, or panels on a figure of their own.

    Parameters
    ----------
    ax
        Axes, several of them, or None for a figure of its own.
    names
        What each panel shows, for the message.
    columns
        At most so many panels beside each other.
    size
        Of a panel, in inches.
    is_3d
        Whether panels are in three dimensions.

    Raises
    ------
    ValueError
        If other than as many axes are given as there are panels.
    """

    def __init__(
        self,
        ax: Any,
        names: Sequence[str],
        *,
        columns: int = 4,
        size: tuple[float, float] = (2.3, 1.7),
        is_3d: bool = False,
        shares: bool = False,
    ) -> None:
        n = len(names)
        self.is_own = ax is None
        if ax is not None:
            self.axes = list(np.asarray(ax, dtype=object).reshape(-1))
            if len(self.axes) != n:
                raise ValueError(
                    f"ax has {len(self.axes)} axes for {n} panels ({', '.join(names[:8])}): pass as many, or ask for "
                    "less with of= or by='all'"
                )
            self.n_columns = n
            return
        self.n_columns = 2 if n == 4 and columns == 3 else min(n, columns)
        n_rows = math.ceil(n / self.n_columns)
        figure = Figure(
            figsize=(max(3.4, size[0] * self.n_columns), max(2.0, size[1] * n_rows)), layout="constrained"
        )
        self.axes = []
        for i in range(n):
            first = self.axes[0] if shares and self.axes else None
            made = figure.add_subplot(
                n_rows,
                self.n_columns,
                i + 1,
                axes_class=Panel3D if is_3d else Panel,
                **({} if first is None else {"sharex": first, "sharey": first}),
            )
            self.axes.append(made)

    @property
    def figure(self) -> Any:
        """The figure of the first panel."""
        return self.axes[0].figure

    def is_left(self, i: int) -> bool:
        """Whether a panel is the first of its row."""
        return i % self.n_columns == 0

    def is_bottom(self, i: int) -> bool:
        """Whether no panel is below another."""
        return i + self.n_columns >= len(self.axes)

    def finish(self) -> Any:
        """Return the axes, dressed where they are of a figure made here: one, or an array."""
        if self.is_own:
            for ax in self.figure.axes:
                dress(ax)
        if len(self.axes) == 1:
            return self.axes[0]
        array = np.empty(len(self.axes), dtype=object)
        array[:] = self.axes
        return array.view(Panels) if self.is_own else array


def dress(ax: Any) -> None:
    """Give axes small type and thin grey lines."""
    for axis in [axis for axis in (ax.xaxis, ax.yaxis, getattr(ax, "zaxis", None)) if axis is not None]:
        axis.label.set(size=TYPE, color=INK)
        axis.get_offset_text().set(size=SMALL, color=MUTED)
        axis.set_tick_params(
            which="both", labelsize=SMALL, width=0.6, length=2.5, color=MUTED, labelcolor=MUTED
        )
        axis.set_tick_params(which="minor", length=1.5, width=0.4)
    for title in (ax.title, ax._left_title, ax._right_title):
        title.set_size(TITLE)
    if isinstance(ax, Axes3D):
        return
    for side, spine in ax.spines.items():
        spine.set(linewidth=0.6, color=MUTED)
        if side in ("top", "right"):
            spine.set_visible(False)


def literal(text: str) -> str:
    r"""Return a text that matplotlib writes as it is, no formula: names may hold dollars, and what cannot be printed.

    Examples
    --------
    >>> print(literal("loss in $"))
    loss in \$
    """
    return printable(text).replace("$", r"\$")


def name(ax: Any, left: str, right: str = "", below: str = "") -> None:
    """Write above axes what they show, and of when: beside it or below it."""
    ax.set_title(
        "\n".join(map(literal, [left, *filter(None, [below])])), loc="left", color=INK, fontsize=TITLE
    )
    if right:
        ax.set_title(right, loc="right", color=MUTED, fontsize=SMALL)


def note(ax: Any, text: str) -> None:
    """Write small into a corner what is not drawn."""
    if text:
        ax.text(0.98, 0.97, text, transform=ax.transAxes, ha="right", va="top", fontsize=6.5, color=MUTED)


def parts_key(parts: Sequence[str], drawn: Sequence[str] | None = None) -> list[Line2D]:
    """Return entries of a key: a line of each part's colour, of those that are drawn."""
    n = len(parts)
    return [
        Line2D([], [], color=colour(hue_of(i, n)), linewidth=1.4, label=literal(part))
        for i, part in enumerate(parts)
        if drawn is None or part in drawn
    ]


def runs_key(runs: Sequence[str]) -> list[Line2D]:
    """Return entries of a key: a line of each run's dashes; none of a single one."""
    if len(runs) < 2:
        return []
    return [
        Line2D([], [], color=MUTED, linewidth=1.2, linestyle=line_style(i), label=literal(run))
        for i, run in enumerate(runs)
    ]


def line_style(run: int) -> Any:
    """Return the line style of a run's lines."""
    dashes = dashes_of(run)
    return (0, tuple(0.6 * length for length in dashes)) if dashes else "-"


def key(sheet: Sheet, handles: Sequence[Any]) -> None:
    """Write the key of a plot: below the figure that was made here, or into the last axes that were given."""
    if not handles:
        return
    looks: dict[str, Any] = {
        "frameon": False,
        "fontsize": SMALL,
        "labelcolor": INK,
        "handlelength": 1.8,
        "columnspacing": 1.2,
        "borderaxespad": 0.2,
    }
    if not sheet.is_own:
        sheet.axes[-1].legend(handles=list(handles), **looks)
        return
    width = sheet.figure.get_figwidth()
    longest = max(len(str(handle.get_label())) for handle in handles)
    n_columns = max(1, min(len(handles), int(width / (0.42 + 0.062 * longest))))
    sheet.figure.legend(handles=list(handles), loc="outside lower center", ncols=n_columns, **looks)


def bar(sheet: Sheet, image: Any, label: str, axes: Sequence[Any] | None = None, **looks: Any) -> Any:
    """Put a colour bar beside axes."""
    made = sheet.figure.colorbar(
        image, ax=list(sheet.axes if axes is None else axes), pad=0.02, aspect=24, **looks
    )
    made.outline.set_visible(False)
    made.set_label(label, fontsize=TYPE, color=INK)
    made.ax.tick_params(labelsize=SMALL, width=0.6, length=2.5, color=FAINT, labelcolor=MUTED)
    return made
