"""Recurrent layers, rebuilt from bundles alone in numpy, give torch's own outputs."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from nnweightviz.adapters import as_network, as_state
from nnweightviz.network import Network

torch.set_num_threads(1)
N_IN, HIDDEN, STEPS, BATCH = 3, 4, 5, 2


def sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    return 1 / (1 + np.exp(-x))


def pulled(
    network: Network, state: dict[str, Any], target: str, values: dict[str, NDArray[Any]]
) -> dict[tuple[str | None, bool], NDArray[Any]]:
    """Sum what bundles bring to a group: ``(gate, is it from h(t-1) and its bias) -> (BATCH, n)``."""
    sums: dict[tuple[str | None, bool], Any] = {}
    for bundle in (b for b in network.bundles if b.target == target):
        beside = network.group(bundle.source).beside
        is_recurrent = network.group(beside or bundle.source).delayed_of is not None
        source = np.ones((BATCH, 1)) if bundle.role == "bias" else values[bundle.source]
        key = (bundle.port, is_recurrent)
        sums[key] = sums.get(key, 0) + source @ bundle.matrix(state).T
    return sums


def step(kind: str, sums: dict[tuple[str | None, bool], NDArray[Any]], h: Any, c: Any) -> tuple[Any, Any]:
    def both(port: str | None) -> NDArray[Any]:
        return sums[port, False] + sums[port, True]

    if kind == "LSTM":
        c = sigmoid(both("f")) * c + sigmoid(both("i")) * np.tanh(both("g"))
        return sigmoid(both("o")) * np.tanh(c), c
    if kind == "GRU":
        new = np.tanh(sums["n", False] + sigmoid(both("r")) * sums["n", True])
        z = sigmoid(both("z"))
        return (1 - z) * new + z * h, None
    return (np.tanh(both(None)) if kind == "RNN" else np.maximum(0, both(None))), None


def rebuilt(network: Network, state: dict[str, Any], kind: str, x: NDArray[Any]) -> NDArray[Any]:
    """Run ``x`` (STEPS, BATCH, N_IN) through all recurrent groups; return the last layer's outputs."""
    sequences = {g.id: x for g in network.groups if g.role == "input"}
    outputs = [g for g in network.groups if g.role == "units" and g.delayed_of is None]
    for group in outputs:
        memory = next(
            (b.source for b in network.bundles if b.target == group.id and b.role == "projection"), None
        )
        delayed = next(g.id for g in network.groups if g.delayed_of == group.id)
        h = np.zeros((BATCH, group.n_units))
        c = np.zeros((BATCH, network.group(memory or group.id).n_units))
        order = range(STEPS)[::-1] if "reverse" in group.id else range(STEPS)
        steps = np.zeros((STEPS, BATCH, group.n_units))
        for t in order:
            now = {name: values[t] for name, values in sequences.items()} | {delayed: h}
            h_new, c = step(kind, pulled(network, state, memory or group.id, now), h, c)
            h = pulled(network, state, group.id, {memory: h_new})[None, False] if memory else h_new
            steps[t] = h
        sequences[group.id] = steps
    last = max(network.columns[g.id] for g in outputs)
    return np.concatenate([sequences[g.id] for g in outputs if network.columns[g.id] == last], -1)


FORMS = [
    (kind, num_layers, bidirectional, batch_first, bias, proj_size)
    for kind, num_layers, bidirectional, batch_first, bias in product(
        ("LSTM", "GRU", "RNN", "RNN relu"), (1, 2, 3), (False, True), (False, True), (False, True)
    )
    for proj_size in ((0, 2) if kind == "LSTM" else (0,))
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_outputs_rebuilt_from_bundles_equal_those_of_torch(form: tuple[Any, ...]) -> None:
    kind, num_layers, bidirectional, batch_first, bias, proj_size = form
    more: dict[str, Any] = {"proj_size": proj_size} if proj_size else {}
    if kind == "RNN relu":
        more["nonlinearity"] = "relu"
    torch.manual_seed(0)
    layer = getattr(nn, kind.split()[0])(
        N_IN, HIDDEN, num_layers, bidirectional=bidirectional, batch_first=batch_first, bias=bias, **more
    ).double()
    x = torch.randn(STEPS, BATCH, N_IN, dtype=torch.float64)
    given = x.transpose(0, 1) if batch_first else x
    expected = layer(given)[0].detach()
    expected = expected.transpose(0, 1) if batch_first else expected
    for network in (as_network(layer), as_network(layer, given)):
        assert network.flow == "run"
        ours = rebuilt(network, as_state(layer), "ReLU" if kind == "RNN relu" else kind, x.numpy())
        np.testing.assert_allclose(ours, expected.numpy(), atol=1e-6)


@pytest.mark.parametrize("form", [f for f in FORMS if not f[3] and f[0] != "RNN relu"], ids=str)
def test_a_bare_state_dict_gives_the_same_bundles_as_the_model(form: tuple[Any, ...]) -> None:
    kind, num_layers, bidirectional, _, bias, proj_size = form
    more = {"proj_size": proj_size} if proj_size else {}
    layer = getattr(nn, kind)(N_IN, HIDDEN, num_layers, bidirectional=bidirectional, bias=bias, **more)
    of_model, of_state = as_network(layer), as_network(layer.state_dict())
    assert of_state.bundles == of_model.bundles
    assert of_state.groups == of_model.groups


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("bias", [True, False])
def test_a_cell_in_a_loop_is_one_layer_and_gives_torchs_outputs(kind: str, bias: bool) -> None:
    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = getattr(nn, f"{kind}Cell")(N_IN, HIDDEN, bias=bias)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            state, steps = None, []
            for row in x:
                state = self.cell(row, state)
                steps.append(state[0] if kind == "LSTM" else state)
            return torch.stack(steps)

    torch.manual_seed(1)
    model = Loop().double()
    x = torch.randn(STEPS, BATCH, N_IN, dtype=torch.float64)
    network = as_network(model, x)
    assert [g.id for g in network.groups if g.role != "bias"] == ["input", "cell", "cell.h(t-1)"]
    ours = rebuilt(network, as_state(model), kind, x.numpy())
    np.testing.assert_allclose(ours, model(x).detach().numpy(), atol=1e-6)


def test_groups_ports_and_labels_are_what_the_browser_relies_on() -> None:
    model = nn.Sequential()
    model.add_module("lstm", nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2))
    network = as_network(model, torch.zeros(5, 1, 3))
    assert network.group("input").label == "x(t)"
    assert network.group("lstm.l1.reverse").n_units == 2
    memory = network.group("lstm.l0.memory")
    assert (memory.role, memory.n_units, memory.ports) == ("memory", 4, ("i", "f", "g", "o"))
    delayed = network.group("lstm.l0.h(t-1)")
    assert (delayed.delayed_of, delayed.n_units) == ("lstm.l0", 2)
    assert network.group("lstm.bias_ih_l0").beside == "input"
    assert network.group("lstm.bias_hh_l0").beside == "lstm.l0.h(t-1)"
    bundle = next(b for b in network.bundles if b.id == "lstm.weight_ih_l0[g]")
    assert (bundle.offset, bundle.shape, bundle.strides) == (2 * 4 * 3, (4, 3), (3, 1))
    assert next(b for b in network.bundles if b.parameter == "lstm.weight_hr_l0").role == "projection"
