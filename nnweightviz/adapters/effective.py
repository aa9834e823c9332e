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
PARAMETRISED = re.compile(r"(?P<prefix>(?:.*\.)?)parametrizations\.(?P<name>[^.]+)\.original\d*$")


def originals(names: Iterable[str]) -> dict[str, list[str]]:
    """Return what each computed weight is computed from, by the names alone: weight -> what is kept in its place."""
    there = list(names)
    found: dict[str, list[str]] = {}
    for name in there:
        match = PARAMETRISED.match(name)
        if match:
            beside = f"{match['prefix']}parametrizations.{match['name']}."
            found.setdefault(
                match["prefix"] + match["name"], [other for other in there if other.startswith(beside)]
            )
        elif name.endswith("_orig") and len(name) > len("_orig"):
            weight = name.removesuffix("_orig")
            kept = (name, f"{weight}_mask", f"{weight}_u", f"{weight}_v")
            found[weight] = [other for other in kept if other in there]
        elif name.endswith("_g") and f"{name[:-2]}_v" in there and f"{name[:-2]}_orig" not in there:
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
    first: dict[str, str] = {}
    for weight, kept in originals(state).items() if computed else ():
        if weight in computed:
            first[min(kept, key=list(state).index)] = weight
    merged: dict[str, Any] = {}
    for name, value in state.items():
        if name in first:
            merged[first[name]] = computed[first[name]]
        merged[name] = value
    return merged | {name: value for name, value in computed.items() if name not in merged}


def _effective(state: Mapping[str, Array], weight: str, kept: list[str]) -> Array | None:
    short = [name.rpartition(".")[2] if "parametrizations." in name else name[len(weight) :] for name in kept]
    values = dict(zip(short, (state[name] for name in kept), strict=True))
    if set(values) in ({"original0", "original1"}, {"_g", "_v"}):
        g, v = values.values()
        return _weight_norm(g, v)
    if set(values) == {"_orig", "_mask"}:
        original, mask = values.values()
        return np.asarray(original * mask) if mask.shape == original.shape else None
    if set(values) in ({"original", "_u", "_v"}, {"_orig", "_u", "_v"}):
        original = next(values[name] for name in ("original", "_orig") if name in values)
        return _spectral_norm(original, values["_u"], values["_v"])
    return None


def _weight_norm(g: Array, v: Array) -> Array | None:
    if g.ndim not in (0, v.ndim) or any(n not in (1, m) for n, m in zip(g.shape, v.shape, strict=False)):
        return None
    axes = tuple(k for k in range(v.ndim) if g.ndim == 0 or g.shape[k] == 1)
    norm = np.sqrt(np.square(v.astype(np.float64)).sum(axis=axes, keepdims=g.ndim > 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(g.astype(np.float64) * v / norm).astype(v.dtype)


def _spectral_norm(original: Array, u: Array, v: Array) -> Array | None:
    """Divide by u' W v, W being a matrix along the axis that fits: the first one for a plain matrix; for a kernel the
    one that gives the larger value, should two fit (transposed convolutions are normed along their second axis).
    """
    values = [
        float(u.astype(np.float64) @ np.moveaxis(original, k, 0).reshape(len(u), -1).astype(np.float64) @ v)
        for k in range(min(2, original.ndim))
        if (k == 0 or original.ndim > 2 or u.shape != original.shape[:1])
        and u.shape == (original.shape[k],)
        and v.size * u.size == original.size
    ]
    return (original / max(values, key=abs)).astype(original.dtype) if values and any(values) else None
