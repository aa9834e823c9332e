"""A network's structure as JSON: it comes back equal, and one made to harm is refused."""

from __future__ import annotations

import contextlib
import copy
import json
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from adapters.awkward_nets import AWKWARD
from adapters.torch_nets import ZOO
from nnweightviz.adapters import as_network
from nnweightviz.storage.structure import network_json, network_of

torch.set_num_threads(1)
SOUND = json.loads(
    network_json(as_network(nn.Sequential(nn.Linear(4, 3), nn.Conv1d(3, 2, 3), nn.LSTM(3, 2))))
)


@pytest.mark.parametrize("name", ZOO)
def test_a_structure_comes_back_equal(name: str) -> None:
    make, example = ZOO[name]
    network = as_network(make(), example)
    assert network_of(json.loads(network_json(network))) == network


def change(*path: Any, value: Any) -> Callable[[Any], None]:
    def changed(plain: Any) -> None:
        for key in path[:-1]:
            plain = plain[key]
        plain[path[-1]] = value

    changed.__name__ = f"{'-'.join(map(str, path))}={value!r:.20}"
    return changed


HOSTILE = [
    change("bundles", 0, "strides", value=[-4, 1]),
    change("bundles", 0, "strides", value=[2**62, 1]),
    change("bundles", 0, "strides", value=[4]),
    change("bundles", 0, "offset", value=-1),
    change("bundles", 0, "offset", value=1),
    change("bundles", 0, "shape", value=[3, 5]),
    change("bundles", 0, "shape", value=[-3, -4]),
    change("bundles", 0, "shape", value=[]),
    change("bundles", 0, "blocks", value=0),
    change("bundles", 0, "blocks", value=-1),
    change("bundles", 0, "parameter", value="not.there"),
    change("bundles", 0, "source", value="not there"),
    change("bundles", 0, "reduce", value="eval"),
    change("bundles", 0, "role", value="<script>"),
    change("bundles", 0, "index", value=[0]),
    change("groups", 0, "n_units", value=10**12),
    change("groups", 0, "n_units", value=-1),
    change("groups", 0, "n_units", value=4.0),
    change("groups", 0, "n_units", value=True),
    change("groups", 0, "grid", value=[-2, -2]),
    change("groups", 0, "grid", value=[2, 3]),
    change("groups", 0, "unit_names", value=["a"]),
    change("groups", 0, "unit_names", value="abcd"),
    change("groups", 0, "layer", value="not there"),
    change("groups", 0, "delayed_of", value="not there"),
    change("groups", 0, "beside", value="not there"),
    change("groups", 0, "parts", value=["a", "b", "c"]),
    change("groups", 0, "label", value=["<img>"]),
    change("groups", value={}),
    change("groups", value=None),
    change("layers", 0, value=None),
    change("wires", value=[{"source": "a"}]),
    change("parameters", value=[]),
    change("parameters", "0.weight", value=[-3, -4]),
    change("parameters", "0.weight", value="34"),
    change("tied", value=3),
    change("tied", value={"a": "not there"}),
]


@pytest.mark.parametrize("harm", HOSTILE, ids=lambda harm: harm.__name__)
def test_a_structure_that_does_not_fit_itself_is_refused(harm: Callable[[Any], None]) -> None:
    plain = copy.deepcopy(SOUND)
    network_of(plain)
    harm(plain)
    with pytest.raises(ValueError, match=r"."):
        network_of(plain)


def test_a_view_that_repeats_entries_without_end_is_refused() -> None:
    plain = copy.deepcopy(SOUND)
    bundle = next(b for b in plain["bundles"] if len(b["shape"]) > 2)
    bundle["shape"][2:], bundle["strides"][2:] = [10**12], [0]
    with pytest.raises(ValueError, match="lies outside its parameter"):
        network_of(plain)


def paths(plain: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    return [path for key, value in inside for path in [(*at, key), *paths(value, (*at, key))]]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=5,
)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_no_change_does_worse_than_a_refusal(data: st.DataObject) -> None:
    plain = copy.deepcopy(SOUND)
    change(*data.draw(st.sampled_from(paths(plain))), value=data.draw(ANYTHING))(plain)
    try:
        network = network_of(plain)
    except ValueError:
        return
    _ = network.columns
    json.dumps(network.to_dict())


@settings(max_examples=100, deadline=None)
@given(ANYTHING)
def test_any_other_json_is_refused(plain: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        network_of(plain)


def test_awkward_nets_come_back_equal() -> None:
    n_nets = 0
    for make in AWKWARD.values():
        with warnings.catch_warnings(), contextlib.suppress(ValueError):  # of those with nothing to draw
            warnings.simplefilter("ignore")
            plain = network_json(network := as_network(*make()))
            n_nets += network_of(json.loads(plain)) == network
    assert n_nets >= len(AWKWARD) - 3
