"""Weights that a model computes from other parameters: weight norm, spectral norm, pruning.

What is kept in a state dict are the originals; what the layer multiplies by is computed here where names and shapes
tell how. Not for live models, which compute their weights themselves (see ``torch_parametrised``).

References
----------
Salimans and Kingma (2016), Weight Normalization, equation 2: w = g v / ||v||. Miyato et al. (2018), Spectral
Normalization, equations 8 and 9: w = W / (u' W v).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
PARAMETRISED = re.compile(r"(?P<prefix>(?:.*\.)?)parametrizations\.(?P<name>[^.]+)\.original(?P<n>\d*)$")


def originals(names: Iterable[str]) -> dict[str, list[str]]:
    """Return what each computed weight is computed from, by the names alone: weight -> parameters kept."""
    there = dict.fromkeys(names)
    found: dict[str, list[str]] = {}
    for name in there:
        match = PARAMETRISED.match(name)
        if match:
            found.setdefault(match["prefix"] + match["name"], []).append(name)
        elif name.endswith("_orig") and name.removesuffix("_orig"):
            found[name.removesuffix("_orig")] = [name]
        elif name.endswith("_g") and f"{name[:-2]}_v" in there:
            found[name[:-2]] = [name, f"{name[:-2]}_v"]
    return found


def with_effective(state: Mapping[str, Array]) -> dict[str, Array]:
    """Return a state with each weight that can be computed from its originals, before the first of them."""
    computed = {
        weight: value
        for weight, kept in originals(state).items()
        if weight not in state and (value := _effective(state, weight, kept)) is not None
    }
    return placed(state, computed)


def placed(state: Mapping[str, Any], computed: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state with computed weights, each before the first of its originals (at the end if it has none)."""
    first = {kept[0]: weight for weight, kept in originals(state).items() if weight in computed}
    merged: dict[str, Any] = {}
    for name, value in state.items():
        if name in first:
            merged[first[name]] = computed[first[name]]
        merged[name] = value
    return merged | {name: value for name, value in computed.items() if name not in merged}


def _effective(state: Mapping[str, Array], weight: str, kept: list[str]) -> Array | None:
    if len(kept) == 2:
        return _weight_norm(*(state[name] for name in kept))
    original = state[kept[0]]
    if kept[0] == f"{weight}_orig":
        mask = state.get(f"{weight}_mask")
        if mask is not None:
            return original * mask if np.shape(mask) == original.shape else None
        vectors = (f"{weight}_u", f"{weight}_v")
    else:
        beside = kept[0].removesuffix("original")
        if f"{beside}1._u" in state:
            return None  # one of several
        vectors = (f"{beside}0._u", f"{beside}0._v")
    u, v = (state.get(name) for name in vectors)
    return None if u is None or v is None else _spectral_norm(original, u, v)


def _weight_norm(g: Array, v: Array) -> Array | None:
    if g.ndim not in (0, v.ndim) or any(n not in (1, m) for n, m in zip(g.shape, v.shape, strict=False)):
        return None
    axes = tuple(k for k in range(v.ndim) if g.ndim == 0 or g.shape[k] == 1)
    norm = np.sqrt(np.square(v.astype(np.float64)).sum(axis=axes, keepdims=g.ndim > 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(g.astype(np.float64) * v / norm).astype(v.dtype)


def _spectral_norm(original: Array, u: Array, v: Array) -> Array | None:
    """Divide by u' W v; W is a matrix along the axis that fits (the larger value, should two fit)."""
    values = [
        float(u.astype(np.float64) @ np.moveaxis(original, k, 0).reshape(len(u), -1).astype(np.float64) @ v)
        for k in range(min(2, original.ndim))
        if u.shape == (original.shape[k],) and v.size * u.size == original.size
    ]
    return (original / max(values, key=abs)).astype(original.dtype) if values and any(values) else None
