"""A parameter, a layer or a gate as a heat map, for print. The numbers are those of ``views.matrix``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnweightviz.network import Network
from nnweightviz.plots.digits import digits_of, draw_codes, legend_of, thresholds_of, tones_of
from nnweightviz.plots.look import INK, signed_map
from nnweightviz.plots.moments import checked, moment
from nnweightviz.plots.paper import SMALL, Sheet, bar, key, literal, name
from nnweightviz.plots.portraits import draw_portraits, grid_of, size_of
from nnweightviz.views import matrix as numbers
from nnweightviz.views.parts import Parts, check_choice
from nnweightviz.views.runs import by_run, named_runs

KINDS = ("values", "thresholds", "portraits")
ROW, CHARACTER = 9.0, 3.9
"""Points that a line of small type needs, and a digit."""
STRIDES = [unit * 10**power for power in range(8) for unit in (1, 2, 5)]
PORT = " · "
NAMED = {"nan": "NaN", "inf": "+Inf", "-inf": "−Inf"}


def matrix(
    history: Any,
    parameter: str | None = None,
    *,
    checkpoint: int = -1,
    network: Network | None = None,
    quantity: str = "weights",
    reference: int = 0,
    kind: str = "values",
    scale: str = "layer",
    thresholds: Sequence[float] | None = None,
    codes: str = "rows",
    ax: Any = None,
) -> Any:
    """Draw a parameter, a layer or a gate as a matrix: rows are target units, columns source units, biases first.

    Parameters
    ----------
    history, network, quantity, reference, scale
        As for :func:`nnweightviz.views.matrix`. Of several runs there is a panel each, all on one scale: with one per
        checkpoint, the largest of those that are drawn.
    parameter
        The name of a parameter, a layer or a gate; by default the first parameter.
    checkpoint
        Its number, 0-based, or negative from the end.
    kind
        ``"values"``; ``"thresholds"``, read as digits; or ``"portraits"``, each row of the first matrix as an image
        with its smallest and largest weight.
    thresholds, codes
        ``[low, high]``: a weight from ``high`` up reads 0, one below ``low`` reads 1, by default half the domain; and
        whether ``"rows"`` or ``"columns"`` are read as codes.
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
    check_choice("kind", kind, KINDS)
    check_choice("codes", codes, ("rows", "columns"))
    runs = named_runs(history)
    found = numbers(runs, parameter, network=network, quantity=quantity, reference=reference, scale=scale)
    at = {run: checked(one, checkpoint) for run, one in runs.items()}
    of_runs = {run: _at(data, at[run]) for run, data in by_run(runs, found).items()}
    domain = np.max([data["domain"] for data in of_runs.values()], axis=0)
    of_runs = {run: {**data, "domain": domain} for run, data in of_runs.items()}
    shown = next(iter(of_runs.values()))
    n_rows, n_columns = shown["values"].shape
    grid = grid_of(Parts(next(iter(runs.values())), network).network, shown) if kind == "portraits" else None
    width, height = _size(n_rows, n_columns)
    longest = max(map(len, shown["column"].tolist()))
    size = (width, height + 0.06 * longest) if grid is None else size_of(grid, n_rows)
    sheet = Sheet(ax, [run or "matrix" for run in runs], columns=3, size=size)
    read = thresholds_of(shown, thresholds) if kind == "thresholds" else None
    image = None
    for axes, (run, data) in zip(sheet.axes, of_runs.items(), strict=True):
        told, when = parameter or str(data["parameter"][0]), moment(runs[run], at[run])
        if grid is not None:
            image, more = draw_portraits(axes, data, grid)
            told = f"{told}: {more}"
        else:
            image = _draw(axes, data, read)
        is_narrow = n_rows > 1.2 * n_columns or grid is not None
        if read:
            told, is_narrow = f"{told}: {draw_codes(axes, data, read, codes)}", True
        _name(axes, f"{run}: {told}" if run else told, when, is_narrow=is_narrow)
    if read:
        key(sheet, legend_of(read))
    else:
        ends = "both" if _clips(of_runs) else "neither"
        _domain_ticks(
            bar(sheet, image, _scale_words(shown, quantity, is_alone=grid is not None), extend=ends), shown
        )
    made = sheet.finish()
    for axes in sheet.axes if sheet.is_own else ():
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
    return made


def _at(data: dict[str, Any], k: int) -> dict[str, Any]:
    """Return what is drawn of a checkpoint: its values, ``(n_rows, n_columns)``, and its domains."""
    domain = data["domain"]
    return {
        **data,
        "values": data["values"][k].astype(np.float64),
        "domain": domain[k] if domain.ndim > 1 else domain,
    }


def _shape(n_rows: int, n_columns: int) -> float:
    """Return how high a panel is for its width: cells are square up to a shape of about one by four."""
    return min(4.0, max(0.3, n_rows / n_columns))


def _sides(n_rows: int, n_columns: int) -> tuple[float, float]:
    """Return the width and height of a matrix, in inches."""
    share = _shape(n_rows, n_columns)
    return (3.2, 3.2 * share) if share <= 1 else (3.6 / share, 3.6)


def _size(n_rows: int, n_columns: int) -> tuple[float, float]:
    """Return the inches of a panel, its names and scale with it."""
    width, height = _sides(n_rows, n_columns)
    return width + (0.9 if n_rows <= n_columns else 1.5), max(1.9, height + 0.9)


def _draw(axes: Any, data: dict[str, Any], thresholds: tuple[float, float] | None) -> Any:
    values, domain = data["values"], data["domain"]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(values == 0, 0.0, values / domain)
    shares[~np.isfinite(values)] = np.nan
    image = axes.imshow(
        np.ma.masked_invalid(shares) if thresholds is None else tones_of(values, thresholds),
        cmap=signed_map(),
        vmin=-1,
        vmax=1,
        interpolation="nearest",
        aspect=_shape(*shares.shape) * shares.shape[1] / shares.shape[0],
    )
    n_rows, n_columns = shares.shape
    width, height = _sides(n_rows, n_columns)
    _named(axes.yaxis, data["row"].tolist(), height)
    _named(axes.xaxis, data["column"].tolist(), width, turned=max(map(len, data["column"])) > 2)
    axes.set(xlabel=_columns_words(data), ylabel="target unit")
    _edges(axes, data)
    if thresholds is None:
        _numbers(axes, values, shares)
    elif min(width * 72 / n_columns / CHARACTER, height * 72 / n_rows / ROW) >= 1:
        for (j, i), digit in np.ndenumerate(digits_of(values, thresholds)):
            axes.text(i, j, digit, ha="center", va="center", fontsize=6, color=INK)
    return image


def _named(axis: Any, names: Sequence[str], room: float, turned: bool = False) -> None:
    """Name rows or columns in a room of so many inches, or number some of them, from 1."""
    n, most = len(names), max(2, int(room * 72 / ROW))
    if n <= most:
        axis.set_ticks(range(n), [literal(name) for name in names])
        if turned:
            axis.set_tick_params(labelrotation=90)
        return
    stride = next(step for step in STRIDES if n / step <= min(most, 12))
    shorts = [name.rpartition(PORT)[2] for name in names]
    some = [i for i, short in enumerate(shorts) if short.isdigit() and int(short) % stride == 0]
    axis.set_ticks(some, [shorts[i] for i in some])


def _edges(axes: Any, data: dict[str, Any]) -> None:
    """Part biases, kernels and gates by lines of paper; name gates of many units at the right."""
    parameters, rows = data["parameter"], data["row"].tolist()
    thickness = min(2.5, 90 / len(parameters))
    for j in np.flatnonzero(parameters[1:] != parameters[:-1]):
        axes.axvline(j + 0.5, color="white", linewidth=thickness)
    ports = np.array([row.partition(PORT)[0] if PORT in row else "" for row in rows])
    for j in np.flatnonzero(ports[1:] != ports[:-1]):
        axes.axhline(j + 0.5, color="white", linewidth=thickness)
    for port in (
        dict.fromkeys(ports.tolist()) if len(rows) * ROW > 72 * _sides(len(rows), len(parameters))[1] else ()
    ):
        if port:
            at = np.flatnonzero(ports == port).mean()
            axes.annotate(
                literal(port),
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
    """Write each value into its cell, with three digits of the largest, or two, if they fit."""
    n_rows, n_columns = values.shape
    width, height = _sides(n_rows, n_columns)
    largest = float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0
    for n_digits in (3, 2):
        n_decimals = max(0, n_digits - 1 - math.floor(math.log10(largest)))
        shortest = n_decimals + 2 if n_decimals else 1
        if shortest * CHARACTER > width * 72 / n_columns or height * 72 / n_rows < ROW:
            continue  # many values are not written out for nothing
        rounded = np.round(values, n_decimals) + 0.0  # no minus before zero
        texts = [
            f"{v:.{n_decimals}f}".replace("-", "−") if np.isfinite(v) else NAMED[str(v)] for v in rounded.flat
        ]
        if max(map(len, texts)) * CHARACTER <= width * 72 / n_columns:
            break
    else:
        return
    for (j, i), text in zip(np.ndindex(values.shape), texts, strict=True):
        ink = INK if abs(shares[j, i]) < 0.55 else "white"
        axes.text(i, j, text, ha="center", va="center", fontsize=6, color=ink)


def _name(axes: Any, told: str, when: str, *, is_narrow: bool) -> None:
    """Write above a matrix what it is, and of when: beside each other where there is room."""
    name(axes, told, **{"below" if is_narrow else "right": when})


def _clips(by_run: dict[str, dict[str, Any]]) -> bool:
    """Whether some value is beyond its domain."""
    return any(bool((np.abs(data["values"]) > data["domain"]).any()) for data in by_run.values())


def _scale_words(data: dict[str, Any], quantity: str, *, is_alone: bool) -> str:
    what = {"weights": "weight", "difference": "difference", "update": "update"}[quantity]
    is_bias = data["role"] == "bias"
    if is_alone or not is_bias.any() or is_bias.all():
        return what
    return f"{what} (biases: ±{data['domain'][is_bias][0]:.3g})"


def _domain_ticks(scale: Any, data: dict[str, Any]) -> None:
    """Print the domain: shares of it are what is coloured."""
    kernels = data["domain"][data["role"] != "bias"]
    domain = float(kernels[0] if kernels.size else data["domain"][0])
    shares = (-1, -0.5, 0, 0.5, 1)
    scale.set_ticks(shares, labels=[f"{share * domain:.3g}".replace("-", "−") for share in shares])
