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
from nnweightviz.adapters.effective import originals
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
        assert all((entries >= 0).all() and (entries < n_entries).all() for entries in corners), bundle.id
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


ONLY_BY_NAMES = {
    "a forward that raises",
    "a parametrisation that raises",
    "lazy",
    "mel-like front end of a three-dimensional convolution",
    "partly quantised",
    "quantised",
    "scripted",
}
NOT_WHOLLY_DRAWN = ONLY_BY_NAMES | {
    "PReLU of every channel and of all",
    "a scripted part",
    "a zero-size side layer",
    "attention with bias_kv and zero_attn",
    "data-dependent control flow",
    "einsum layers",
    "functional_call with other weights",
    "mixture of experts with routing",
    "numbers as parameters",
    "numbers as parameters alone",
    "zero-size layers",
    "only buffers",
}


@pytest.mark.parametrize("name", sorted(set(AWKWARD) - NOT_WHOLLY_DRAWN))
def test_most_awkward_modules_are_followed_and_wholly_drawn_by_link(name: str) -> None:
    network = as_network(*AWKWARD[name]())
    assert network.flow == "run"
    assert network.notes == ()
    assert {g.role for g in network.groups} <= {"input", "units", "memory", "bias"}
    drawn = {network.tied.get(b.parameter, b.parameter) for b in network.bundles}
    left = {p for p in network.parameters if network.tied.get(p, p) not in drawn}
    kept = {name for names in originals(network.parameters).values() for name in names}
    assert left <= kept


@pytest.mark.parametrize("name", sorted(NOT_WHOLLY_DRAWN - ONLY_BY_NAMES - {"only buffers"}))
def test_the_others_are_followed_too_unless_they_cannot_run(name: str) -> None:
    torch.manual_seed(0)
    assert as_network(*AWKWARD[name]()).flow == "run"


@pytest.mark.parametrize("name", sorted(ONLY_BY_NAMES))
def test_what_cannot_run_is_drawn_from_its_names_and_says_so(name: str) -> None:
    network = as_network(*AWKWARD[name]())
    assert network.flow == "order"
    assert network.notes


def test_a_class_token_acts_on_the_units_of_its_sequence() -> None:
    network = as_network(*AWKWARD["vision transformer"]())
    token = next(b for b in network.bundles if b.parameter == "token")
    place = next(b for b in network.bundles if b.parameter == "place")
    assert (token.target, token.role, token.shape) == ("patch", "bias", (8, 1))
    assert (place.target, place.shape, place.rest_name) == ("patch", (8, 1, 5), "position")


def test_a_parameter_that_is_used_as_data_feeds_units_of_its_own() -> None:
    network = as_network(*AWKWARD["a hypernetwork"]())
    code = next(b for b in network.bundles if b.parameter == "code")
    assert (code.target, code.role) == ("code as data", "bias")
    assert next(b for b in network.bundles if b.parameter == "hyper.weight").source == "code as data"


def test_names_of_users_reach_the_network_as_they_are() -> None:
    network = as_network(*AWKWARD["odd names"]())
    assert {"parts.<b>bold</b>", 'parts.q"', "parts.a#2"} <= {g.id for g in network.groups}
