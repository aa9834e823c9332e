"""Awkward modules: each becomes a network without an error, and whatever is not drawn is named."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import networkx as nx
import numpy as np
import pytest
import torch
from torch import nn

from adapters.awkward_nets import AWKWARD
from nnweightviz.adapters import as_network, as_state
from nnweightviz.network import Network
from nnweightviz.widget import WeightViz

torch.set_num_threads(1)

NOTHING_TO_DRAW = {
    "only buffers": "has no parameters",
    "complex layer alone": "no real numbers",
    "on the meta device": "has a shape but no values",
}


def is_lazy(tensor: torch.Tensor) -> bool:
    return isinstance(tensor, nn.UninitializedParameter | nn.UninitializedBuffer)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def named(network: Network) -> str:
    notes = [layer.note or "" for layer in network.layers]
    return " ".join([*notes, *network.notes])


def test_the_zoo_is_large() -> None:
    assert len(AWKWARD) >= 45


@pytest.mark.parametrize("name", [name for name in AWKWARD if name != "only buffers"])
def test_an_awkward_module_becomes_a_network(name: str) -> None:
    torch.manual_seed(0)
    model, example = AWKWARD[name]()
    before = {k: v.clone() for k, v in model.state_dict().items() if torch.is_tensor(v) and not is_lazy(v)}
    network = as_network(model, example)
    assert nx.is_directed_acyclic_graph(network.graph)
    assert network.groups
    assert network.to_dict()
    drawn = {network.tied.get(b.parameter, b.parameter) for b in network.bundles}
    words = named(network)
    for parameter in network.parameters:
        first = network.tied.get(parameter, parameter)
        assert first in drawn or first in words or f"{first.rpartition('.')[2]} (" in words, parameter
    for bundle in network.bundles:
        ends = network.group(bundle.target).n_units, network.group(bundle.source).n_units
        assert (bundle.shape[0], bundle.n_source) == ends, bundle.id
        n_entries = np.prod(network.parameters[bundle.parameter])
        corners = [bundle.entries(0, 0), bundle.entries(bundle.shape[0] - 1, bundle.n_source - 1)]
        assert all((0 <= entries).all() and (entries < n_entries).all() for entries in corners), bundle.id
    if name not in ("on the meta device",):
        assert {k: v.shape for k, v in as_state(model).items()} == dict(network.parameters)
        assert all(torch.equal(before[k], v) for k, v in model.state_dict().items() if k in before)


@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_module_is_shown_or_refused_in_a_sentence(name: str) -> None:
    model, example = AWKWARD[name]()
    if name in NOTHING_TO_DRAW:
        with pytest.raises(ValueError, match=NOTHING_TO_DRAW[name]):
            WeightViz(model, example_input=example)
    else:
        assert WeightViz(model, example_input=example).close() is None


FOLLOWED = set(AWKWARD) - {"only buffers"}


@pytest.mark.parametrize("name", sorted(FOLLOWED))
def test_print(name: str) -> None:
    model, example = AWKWARD[name]()
    n = as_network(model, example)
    print("@@", name, n.flow, [g.id for g in n.groups if g.role == "box"], n.notes, [(l.name, l.note) for l in n.layers if "not drawn" in (l.note or "") or "no data" in (l.note or "")])
