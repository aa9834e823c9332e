"""What every adapter promises, as one test class; a subclass per framework names the models to try."""

from __future__ import annotations

import json
from typing import Any

import networkx as nx
import numpy as np
import pytest

from nnweightviz.adapters import as_network, as_state
from nnweightviz.network import Network


class AdapterContract:
    """Subclass, and return from ``models`` a mapping name -> (model, example input or None)."""

    def models(self) -> dict[str, tuple[Any, Any]]:
        raise NotImplementedError

    def networks(self) -> list[tuple[str, Any, Network]]:
        return [(name, model, as_network(model, example)) for name, (model, example) in self.models().items()]

    def test_no_model_raises_and_every_network_is_acyclic(self) -> None:
        for name, _, network in self.networks():
            assert nx.is_directed_acyclic_graph(network.graph), name
            assert network.groups, name

    def test_every_parameter_is_drawn_or_named_in_words(self) -> None:
        for name, _, network in self.networks():
            drawn = {network.tied.get(b.parameter, b.parameter) for b in network.bundles}
            words = " ".join([*(layer.note or "" for layer in network.layers), *network.notes])
            for parameter in network.parameters:
                first = network.tied.get(parameter, parameter)
                is_named = first in words or first.rpartition(".")[2] in words
                assert first in drawn or is_named, f"{name}: {parameter}"

    def test_every_bundle_fits_its_parameter_and_its_groups(self) -> None:
        for name, model, network in self.networks():
            state = as_state(model)
            for bundle in network.bundles:
                ends = network.group(bundle.target).n_units, network.group(bundle.source).n_units
                assert bundle.matrix(state).shape == ends, f"{name}: {bundle.id}"
                assert bundle.weights(state).shape == bundle.shape[:2], f"{name}: {bundle.id}"
                assert (bundle.shape[0], bundle.n_source) == ends, f"{name}: {bundle.id}"

    def test_a_link_maps_back_to_its_parameter_entries(self) -> None:
        for name, model, network in self.networks():
            state = as_state(model)
            for bundle in network.bundles:
                flat, matrix = state[bundle.parameter].ravel(), bundle.matrix(state)
                for j, i in ((0, 0), (bundle.shape[0] - 1, bundle.n_source - 1)):
                    values = flat[bundle.entries(j, i)]
                    expected = np.linalg.norm(values) if bundle.reduce == "l2" else values.sum()
                    assert matrix[j, i] == pytest.approx(expected), f"{name}: {bundle.id}"

    def test_no_two_bundles_of_one_call_read_the_same_entry(self) -> None:
        for name, _, network in self.networks():
            for target in {b.target for b in network.bundles}:
                read: dict[str, list[int]] = {}
                for bundle in (b for b in network.bundles if b.target == target):
                    if network.layer_of(target).kind == "Bilinear":
                        continue  # every entry belongs to a unit of either input
                    for j, i in np.ndindex(*bundle.shape[:2]):
                        entries = bundle.entries(j, bundle.first_source(j) + i).tolist()
                        read.setdefault(bundle.parameter, []).extend(entries)
                assert all(len(e) == len(set(e)) for e in read.values()), f"{name}: {target}"

    def test_the_columns_grow_along_every_link_of_the_data_flow(self) -> None:
        for name, _, network in self.networks():
            aside = {g.id for g in network.groups if g.role == "bias" or g.delayed_of}
            for source, target in network.graph.edges:
                if source not in aside:
                    assert network.columns[source] < network.columns[target], f"{name}: {source} -> {target}"

    def test_the_parameters_are_those_of_the_state_with_their_shapes(self) -> None:
        for name, model, network in self.networks():
            shapes = {key: array.shape for key, array in as_state(model).items()}
            assert dict(network.parameters) == shapes, name

    def test_the_state_is_a_copy(self) -> None:
        for name, (model, _) in self.models().items():
            state = as_state(model)
            before = {key: array.copy() for key, array in state.items()}
            for array in state.values():
                array[...] = 7
            assert all(np.array_equal(as_state(model)[key], before[key]) for key in before), name

    def test_a_network_is_plain_data_for_the_browser(self) -> None:
        for name, _, network in self.networks():
            assert json.loads(json.dumps(network.to_dict()))["groups"], name
