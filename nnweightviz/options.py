"""The looks of a widget: one table of names, accepted values and defaults.

Not for what users observe or link (those are traits, see ``widget``). The table is JSON-ready; ``js/src/options.ts``
is its twin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from numbers import Integral, Real
from typing import Any, NoReturn

from nnweightviz.words import in_a_word

OPTIONS: dict[str, dict[str, Any]] = {
    "scale": {"default": "layer", "type": "choice", "accepted": ["layer", "global", "checkpoint"]},
    "quantity": {"default": "weights", "type": "choice", "accepted": ["weights", "difference", "update"]},
    "reference": {"default": 0, "type": "integer", "accepted": [0, None]},
    "threshold": {"default": 0.0, "type": "number", "accepted": [0.0, 1.0]},
    "signs": {"default": ["+", "-"], "type": "subset", "accepted": ["+", "-"]},
    "gates": {"default": None, "type": "names", "accepted": None},
    "roles": {
        "default": ["input", "recurrent", "bias", "projection", "norm"],
        "type": "subset",
        "accepted": ["input", "recurrent", "bias", "projection", "norm"],
    },
    "reduce": {"default": "l2", "type": "choice", "accepted": ["l2", "sum", "index"]},
    "rest_index": {"default": 0, "type": "integer", "accepted": [0, None]},
    "composite": {"default": "strongest", "type": "choice", "accepted": ["strongest", "sum"]},
    "order": {
        "default": "model",
        "type": "choice",
        "accepted": ["model", "sum", "correlation", "crossings"],
    },
    "x": {"default": "step", "type": "choice", "accepted": ["step", "index"]},
    "y": {"default": "linear", "type": "choice", "accepted": ["linear", "log"]},
    "metrics": {"default": None, "type": "names", "accepted": None},
    "portraits": {"default": True, "type": "boolean", "accepted": None},
    "strips": {"default": False, "type": "boolean", "accepted": None},
    "pictures": {"default": "auto", "type": "choice", "accepted": ["auto", "normalised", "off"]},
    "labels": {"default": True, "type": "boolean", "accepted": None},
    "easing": {"default": True, "type": "boolean", "accepted": None},
    "theme": {"default": "auto", "type": "choice", "accepted": ["auto", "light", "dark"]},
    "height": {"default": 480, "type": "integer", "accepted": [240, 2000]},
    "fold_above": {"default": 400, "type": "integer", "accepted": [16, None]},
    "fold_by": {"default": "index", "type": "choice", "accepted": ["index", "clustering"]},
    "open_bands": {"default": {}, "type": "bands", "accepted": None},
    "unfolded": {"default": {}, "type": "unfolded", "accepted": None},
    "expanded": {"default": None, "type": "blocks", "accepted": None},
    "run": {"default": None, "type": "name", "accepted": None},
    "compare": {"default": "none", "type": "choice", "accepted": ["none", "side", "difference"]},
    "against": {"default": None, "type": "name", "accepted": None},
    "of": {"default": None, "type": "names", "accepted": None},
    "by": {"default": "layer", "type": "choice", "accepted": ["all", "layer", "parameter", "gate"]},
    "normalise": {"default": "none", "type": "choice", "accepted": ["none", "layer", "total"]},
    "matrix": {"default": "values", "type": "choice", "accepted": ["values", "thresholds", "portraits"]},
    "thresholds": {"default": None, "type": "pair", "accepted": None},
    "codes": {"default": "rows", "type": "choice", "accepted": ["rows", "columns"]},
    "distribution": {
        "default": "histogram",
        "type": "choice",
        "accepted": ["histogram", "multiples", "ridgeline", "density", "surface", "moments"],
    },
    "counts": {"default": "linear", "type": "choice", "accepted": ["linear", "log"]},
    "bins": {"default": None, "type": "bins", "accepted": None},
    "chosen": {"default": None, "type": "checkpoints", "accepted": None},
    "trajectory": {
        "default": "weights",
        "type": "choice",
        "accepted": ["weights", "update_norm", "norm", "update_ratio", "sparsity"],
    },
    "sample": {"default": "strongest", "type": "choice", "accepted": ["strongest", "random", "selected"]},
    "n_sampled": {"default": 100, "type": "integer", "accepted": [1, 2000]},
    "seed": {"default": 0, "type": "integer", "accepted": [0, None]},
    "below": {"default": 0.01, "type": "number", "accepted": [0.0, None]},
    "log_axes": {"default": [], "type": "subset", "accepted": ["x", "y"]},
    "spectrum": {
        "default": "singular_values",
        "type": "choice",
        "accepted": ["singular_values", "ranks", "correlation"],
    },
    "overview": {
        "default": "norm",
        "type": "choice",
        "accepted": ["norm", "update_norm", "update_ratio", "stable_rank"],
    },
}
"""Name -> ``default``, ``type`` and ``accepted`` (the choices, or the lowest and highest number)."""


class Options(dict[str, Any]):
    """Options as they are handed out: a plain dict to JSON, but not to be changed in place, where nobody would see it.

    ``viz.options |= {"threshold": 0.25}`` sets some, as ``viz.options = {...}`` sets all.
    """

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Options:
        """Return options as they are handed out, a mapping among them too."""
        return cls({k: cls(value) if isinstance(value, dict) else value for k, value in options.items()})

    def _refuse_change(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(
            "options cannot be changed one by one; set viz.options = {...}, or "
            "viz.options = {**viz.options, 'threshold': 0.25} to keep the others"
        )

    __setitem__ = __delitem__ = _refuse_change
    update = setdefault = pop = popitem = clear = _refuse_change

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]  # a new dict, so that setting it is seen
        return {**self, **other}

    def __reduce__(self) -> Any:
        return dict, (dict(self),)  # copies may be changed


def defaults() -> dict[str, Any]:
    """Return every option at its default."""
    return {name: deepcopy(option["default"]) for name, option in OPTIONS.items()}


def validated(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return all options: those given, checked, and the defaults of the others; None stands for a default.

    Raises
    ------
    TypeError
        If ``options`` is not a mapping.
    ValueError
        If a name is unknown or a value is not accepted; the message says what is.

    Examples
    --------
    >>> validated({"threshold": 0.25})["threshold"]
    0.25
    """
    if options is not None and not isinstance(options, Mapping):
        raise TypeError(f"options is {in_a_word(options)}; it takes a dict such as {{'threshold': 0.25}}")
    merged = defaults()
    for name, value in (options or {}).items():
        if name not in OPTIONS:
            raise ValueError(f"there is no option {name!r}; the options are {', '.join(OPTIONS)}")
        if value is not None:
            merged[name] = _CHECKS[OPTIONS[name]["type"]](name, value, OPTIONS[name]["accepted"])
    return merged


def _refuse(name: str, value: Any, accepted: str) -> ValueError:
    return ValueError(f"option {name!r} is {value!r}; it takes {accepted}")


def _choice(name: str, value: Any, accepted: list[str]) -> str:
    if not isinstance(value, str) or value not in accepted:
        raise _refuse(name, value, " or ".join(map(repr, accepted)))
    return value


def _subset(name: str, value: Any, accepted: list[str]) -> list[str]:
    is_list = isinstance(value, (list, tuple, set, frozenset))
    if not is_list or any(item not in accepted for item in value):
        raise _refuse(name, value, f"a list of some of {', '.join(map(repr, accepted))}")
    return [item for item in accepted if item in value]


def _names(name: str, value: Any, _accepted: None) -> list[str]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise _refuse(name, value, "a list of names, or None for all")
    return list(value)


def _name(name: str, value: Any, _accepted: None) -> str:
    if not isinstance(value, str):
        raise _refuse(name, value, "the name of a run")
    return value


def _blocks(name: str, value: Any, _accepted: None) -> list[str]:
    if not isinstance(value, (list, tuple, set, frozenset)) or not all(isinstance(i, str) for i in value):
        raise _refuse(
            name, value, "a list of names of blocks and layers, or None for as many as stay legible"
        )
    return list(dict.fromkeys(value if isinstance(value, (list, tuple)) else sorted(value)))


def _range(low: float, high: float | None) -> str:
    return f"of at least {low}" if high is None else f"from {low} to {high}"


def _integer(name: str, value: Any, accepted: list[Any]) -> int:
    low, high = accepted
    is_whole = isinstance(value, Integral) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not is_whole or value < low or (high is not None and value > high):
        raise _refuse(name, value, f"a whole number {_range(low, high)}")
    return int(value)


def _number(name: str, value: Any, accepted: list[Any]) -> float:
    low, high = accepted
    is_number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or value < low or (high is not None and value > high):
        raise _refuse(name, value, f"a number {_range(low, high)}")
    return float(value)


def _boolean(name: str, value: Any, _accepted: None) -> bool:
    if not isinstance(value, bool):
        raise _refuse(name, value, "True or False")
    return value


def _pair(name: str, value: Any, _accepted: None) -> list[float]:
    accepted = "two numbers, the lower one first, or None"
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise _refuse(name, value, accepted)
    try:
        low, high = (_number(name, number, [-math.inf, None]) for number in value)
    except ValueError:
        raise _refuse(name, value, accepted) from None
    if low > high:
        raise _refuse(name, value, accepted)
    return [low, high]


def _bins(name: str, value: Any, _accepted: None) -> list[float]:
    accepted = (
        "the first edge, the last edge and the number of bins (1 to 1000), such as [-5, 5, 40], or None"
    )
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        raise _refuse(name, value, accepted)
    try:
        low, high = _pair(name, value[:2], None)
        n = _integer(name, value[2], [1, 1000])
    except ValueError:
        raise _refuse(name, value, accepted) from None
    if low == high:
        raise _refuse(name, value, accepted)
    return [low, high, n]


def _checkpoints(name: str, value: Any, _accepted: None) -> list[int]:
    accepted = "a list of numbers of checkpoints, 0-based, or None"
    if not isinstance(value, (list, tuple)) or not value:
        raise _refuse(name, value, accepted)
    try:
        return sorted({_integer(name, number, [0, None]) for number in value})
    except ValueError:
        raise _refuse(name, value, accepted) from None


def _unfolded(name: str, value: Any, _accepted: None) -> dict[str, str | bool]:
    if not isinstance(value, Mapping) or not all(
        isinstance(group, str) and isinstance(port, (str, bool)) for group, port in value.items()
    ):
        raise _refuse(name, value, "a dict of group id -> gate (or True or False)")
    return dict(value)


def _bands(name: str, value: Any, _accepted: None) -> dict[str, int]:
    if not isinstance(value, Mapping) or not all(
        isinstance(group, str)
        and isinstance(band, Integral)
        and not isinstance(band, bool)
        and int(band) >= 0
        for group, band in value.items()
    ):
        raise _refuse(name, value, "a dict of group id -> number of a band, from 0")
    return {group: int(band) for group, band in value.items()}


_CHECKS: dict[str, Callable[[str, Any, Any], Any]] = {
    "choice": _choice,
    "subset": _subset,
    "name": _name,
    "names": _names,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "unfolded": _unfolded,
    "bands": _bands,
    "pair": _pair,
    "bins": _bins,
    "checkpoints": _checkpoints,
    "blocks": _blocks,
}
