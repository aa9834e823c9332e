"""A parameter, a layer or a gate as a heat map, for print. The numbers are those of ``views.matrix``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.plots.look import INK, MUTED, signed_map
from nnweightviz.plots.moments import checked, moment
from nnweightviz.plots.paper import SMALL, Sheet, bar, name
from nnweightviz.views import matrix as numbers
from nnweightviz.views.runs import named_runs

MOST_NAMES = 40
"""Rows, or columns, up to which each is named."""
MOST_NUMBERS = 120
"""Cells up to which each has its number."""
PORT = " · "


def matrix(
    history: Any,
    parameter: str | None = None,
    *,
    checkpoint: int = -1,
    network: Network | None = None,
    quantity: str = "weights",
    reference: int = 0,
    ax: Any = None,
) -> Any:
    """Draw a parameter, a layer or a gate as a matrix: rows are target units, columns source units, biases first.

    Parameters
    ----------
    history, network, quantity, reference
        As for :func:`nnweightviz.views.matrix`. Of several runs there is a panel each, all on one scale.
    parameter
        The name of a parameter, a layer or a gate; by default the first parameter.
    checkpoint
        Its number, 0-based, or negative from the end.
    ax
        The axes to draw into, one a run; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes, or an array of them of several runs

    Raises
    ------
    TypeError, ValueError
        If something is not accepted; the message says what is.
    """
    runs = named_runs(history)
    found = numbers(runs, parameter, network=network, quantity=quantity, reference=reference)
    by_run = found if len(runs) > 1 or "" not in runs else dict.fromkeys(runs, found)
    shown = next(iter(by_run.values()))
    n_rows, n_columns = shown["values"].shape[1:]
    sheet = Sheet(ax, [run or "matrix" for run in runs], columns=3, size=_size(n_rows, n_columns))
    image = None
    for axes, (run, data) in zip(sheet.axes, by_run.items(), strict=True):
        image = _draw(axes, data, checked(runs[run], checkpoint))
        told = parameter or str(data["parameter"][0])
        _name(axes, told, run, runs[run], checked(runs[run], checkpoint))
    scale = bar(sheet, image, _scale_words(shown, quantity), extend="both" if _clips(by_run) else "neither")
    _domain_ticks(scale, shown)
    made = sheet.finish()
    for axes in sheet.axes if sheet.is_own else ():
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
    return made


def _size(n_rows: int, n_columns: int) -> tuple[float, float]:
    """Return the inches of a panel: cells are square up to a shape of one by four."""
    share = min(4.0, max(0.25, n_rows / n_columns))
    return (3.2 + 0.9, max(1.6, 3.2 * share + 0.7)) if share <= 1 else (max(1.3, 3.6 / share) + 1.5, 4.4)


def _draw(axes: Any, data: dict[str, Any], k: int) -> Any:
    values, domain = data["values"][k].astype(np.float64), data["domain"]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(values == 0, 0.0, values / domain)
    shares[~np.isfinite(values)] = np.nan
    image = axes.imshow(
        np.ma.masked_invalid(shares),
        cmap=signed_map(),
        vmin=-1,
        vmax=1,
        interpolation="nearest",
        aspect="equal" if 0.25 <= shares.shape[0] / shares.shape[1] <= 4 else "auto",
    )
    n_rows, n_columns = shares.shape
    _named(axes.yaxis, data["row"].tolist())
    _named(axes.xaxis, data["column"].tolist(), turned=max(map(len, data["column"])) > 2)
    axes.set(xlabel=_columns_words(data), ylabel="target unit")
    _edges(axes, data)
    if n_rows * n_columns <= MOST_NUMBERS:
        _numbers(axes, values, shares)
    return image


def _named(axis: Any, names: Sequence[str], turned: bool = False) -> None:
    """Name rows or columns; of very many, number some, from 1."""
    if len(names) <= MOST_NAMES:
        axis.set_ticks(range(len(names)), names)
        if turned:
            axis.set_tick_params(labelrotation=90)
        return
    ticks = [tick for tick in axis.get_ticklocs() if 0 <= tick < len(names) and tick == int(tick)]
    axis.set_ticks(ticks, [names[int(tick)].rpartition(PORT)[2] for tick in ticks])


def _edges(axes: Any, data: dict[str, Any]) -> None:
    """Part biases, kernels and gates by lines of paper; name gates of many units at the right."""
    parameters, rows = data["parameter"], data["row"].tolist()
    for j in np.flatnonzero(parameters[1:] != parameters[:-1]):
        axes.axvline(j + 0.5, color="white", linewidth=2.5)
    ports = np.array([row.partition(PORT)[0] if PORT in row else "" for row in rows])
    for j in np.flatnonzero(ports[1:] != ports[:-1]):
        axes.axhline(j + 0.5, color="white", linewidth=2.5)
    for port in dict.fromkeys(ports.tolist()) if len(rows) > MOST_NAMES else ():
        if port:
            at = np.flatnonzero(ports == port).mean()
            axes.annotate(
                port,
                (1.01, at),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=SMALL,
                color=INK,
            )


def _columns_words(data: dict[str, Any]) -> str:
    roles = list(dict.fromkeys(data["role"].tolist()))
    names = {"bias": "bias", "input": "source unit", "recurrent": "h(t−1)", "values": "column"}
    return "  |  ".join(dict.fromkeys(names.get(role, role) for role in roles))


def _numbers(axes: Any, values: Any, shares: Any) -> None:
    for (j, i), value in np.ndenumerate(values):
        text = f"{value:.2g}".replace("-", "−") if np.isfinite(value) else str(value)
        strong = not abs(shares[j, i]) < 0.55
        axes.text(i, j, text, ha="center", va="center", fontsize=6.5, color="white" if strong else INK)


def _name(axes: Any, told: str, run: str, history: History, k: int) -> None:
    name(axes, f"{run}: {told}" if run else told, "")
    axes.set_title(moment(history, k), loc="right", color=MUTED, fontsize=SMALL)


def _clips(by_run: dict[str, dict[str, Any]]) -> bool:
    """Whether some value is beyond its domain."""
    return any(bool((np.abs(data["values"]) > data["domain"]).any()) for data in by_run.values())


def _scale_words(data: dict[str, Any], quantity: str) -> str:
    what = {"weights": "weight", "difference": "difference", "update": "update"}[quantity]
    is_bias = data["role"] == "bias"
    if not is_bias.any() or is_bias.all():
        return what
    return f"{what} (biases: ±{data['domain'][is_bias][0]:.3g})"


def _domain_ticks(scale: Any, data: dict[str, Any]) -> None:
    """Print the domain: shares of it are what is coloured."""
    kernels = data["domain"][data["role"] != "bias"]
    domain = float(kernels[0] if kernels.size else data["domain"][0])
    shares = (-1, -0.5, 0, 0.5, 1)
    scale.set_ticks(shares, labels=[f"{share * domain:.3g}".replace("-", "−") for share in shares])
