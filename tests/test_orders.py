"""Orders of units: correlated neighbours, fewer crossings, and what stays where it is."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations, product
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_wine

import nnweightviz as nwv
from nnweightviz.network import Bundle, Group, Layer, Network
from nnweightviz.orders import crossing_orders, orders_for, unit_orders, weighted_crossings
from nnweightviz.orders.correlation import (
    MOST_CLUSTERED,
    MOST_OPTIMAL,
    correlation_order,
    correlation_orders,
    incoming_rows,
)
from nnweightviz.orders.crossings import crossings_between
from widgets import Listener, bundle

__all__ = ["bundle"]
State = dict[str, Any]
torch.set_num_threads(1)


def mlp(*sizes: int, seed: int = 0) -> tuple[Network, State]:
    """A dense network with random weights."""
    torch.manual_seed(seed)
    net = torch.nn.Sequential(*(torch.nn.Linear(a, b) for a, b in pairwise(sizes)))
    return nwv.as_network(net), state_of(net)


def state_of(net: torch.nn.Module) -> State:
    return {name: parameter.detach().numpy() for name, parameter in net.state_dict().items()}


def units(network: Network) -> list[Group]:
    return [group for group in network.groups if group.role != "bias"]


def dense(weights: np.ndarray, **source: Any) -> tuple[Network, State]:
    """One layer with these weights ``(n_target, n_source)``."""
    n_target, n_source = weights.shape
    groups = (Group("input", "input", n_source, "input", **source), Group("fc", "fc", n_target))
    bundle = Bundle("fc.weight", "input", "fc", "fc.weight", weights.shape, (n_source, 1))
    layers = (Layer("input", "Input"), Layer("fc", "Linear"))
    parameters = {"fc.weight": weights.shape}
    return Network(layers, groups, (bundle,), parameters=parameters), {"fc.weight": weights}


def clusters(n_units: int, n_clusters: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Rows that belong to clusters, in mixed order, and the cluster of each."""
    rng = np.random.default_rng(1)
    members = rng.permutation(np.arange(n_units) % n_clusters)
    return rng.normal(size=(n_clusters, 40))[members] + 0.05 * rng.normal(size=(n_units, 40)), members


def neighbours(rows: np.ndarray, order: np.ndarray) -> float:
    """Mean correlation of neighbours."""
    centred = rows[order] - rows[order].mean(axis=1, keepdims=True)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    return float((centred[1:] * centred[:-1]).sum(axis=1).mean())


class TestCorrelation:
    def test_units_of_a_cluster_stand_together(self) -> None:
        rows, members = clusters(60)
        ordered = members[correlation_order(rows)]
        assert np.count_nonzero(np.diff(ordered)) == 5

    @pytest.mark.parametrize("seed", range(5))
    def test_no_other_order_of_a_few_units_has_more_correlated_ends_of_branches(self, seed: int) -> None:
        rows = np.random.default_rng(seed).normal(size=(3, 5))  # of three, every order is one of a tree
        best = max(neighbours(rows, np.array(order)) for order in permutations(range(3)))
        joined = min(combinations(range(3), 2), key=lambda pair: -np.corrcoef(rows)[pair])
        order = correlation_order(rows).tolist()
        assert abs(order.index(joined[0]) - order.index(joined[1])) == 1
        assert neighbours(rows, np.array(order)) == pytest.approx(best)

    def test_a_network_of_mixed_clusters_is_unmixed(self) -> None:
        rows, members = clusters(24)
        network, state = dense(rows)
        assert np.count_nonzero(np.diff(members[correlation_orders(network, state)["fc"]])) == 5

    def test_scale_does_not_matter_however_large_or_small(self) -> None:
        rows, _ = clusters(20)
        factors = 10.0 ** np.linspace(-200, 200, 20)[:, None]
        assert correlation_order(rows * factors).tolist() == correlation_order(rows).tolist()

    @pytest.mark.parametrize("odd", [0.0, 3.0, np.nan, np.inf])
    def test_units_without_a_correlation_stand_at_the_end(self, odd: float) -> None:
        rows, _ = clusters(10)
        rows[[2, 5]] = odd
        order = correlation_order(rows)
        assert order[-2:].tolist() == [2, 5]
        assert sorted(order) == list(range(10))

    def test_one_entry_that_is_nan_is_enough(self) -> None:
        rows, _ = clusters(10)
        rows[4, 7] = np.nan
        assert correlation_order(rows)[-1] == 4

    @pytest.mark.parametrize("shape", [(1, 5), (2, 5), (4, 1), (3, 0)])
    def test_where_there_is_nothing_to_compare_the_order_stays(self, shape: tuple[int, int]) -> None:
        rows = np.random.default_rng(0).normal(size=shape)
        assert correlation_order(rows).tolist() == list(range(shape[0]))

    def test_the_direction_is_the_one_nearer_to_the_model(self) -> None:
        rows = np.array([[np.cos(a), np.sin(a), -np.cos(a)] for a in np.linspace(0, 2, 9)])
        assert correlation_order(rows).tolist() == list(range(9))

    @pytest.mark.parametrize("n", [MOST_OPTIMAL + 1, MOST_CLUSTERED + 1])
    def test_large_groups_are_ordered_in_seconds(self, n: int) -> None:
        rows, _ = clusters(n, 3)
        order = correlation_order(rows)
        assert sorted(order) == list(range(n))
        assert neighbours(rows, order) > 0.9 > neighbours(rows, np.arange(n)) + 0.5

    @pytest.mark.parametrize(("n_weights", "least"), [(2, 0.99), (3, 0.99), (4, 0.5)])
    def test_large_groups_with_few_weights_are_ordered(self, n_weights: int, least: float) -> None:
        rows = np.random.default_rng(0).normal(size=(MOST_CLUSTERED + 1, n_weights))
        assert neighbours(rows, correlation_order(rows)) > least

    def test_a_row_holds_all_gates_and_every_entry_of_a_kernel(self) -> None:
        lstm = torch.nn.LSTM(3, 5)
        network, state = nwv.as_network(lstm), state_of(lstm)
        group = next(g.id for g in network.groups if g.ports)
        rows = incoming_rows(network, state, group)
        w = np.concatenate([lstm.weight_ih_l0.detach(), lstm.weight_hh_l0.detach()], axis=1).reshape(4, 5, 8)
        assert np.allclose(np.sort(rows, axis=1), np.sort(w.transpose(1, 0, 2).reshape(5, 32), axis=1))
        kernels = np.random.default_rng(0).normal(size=(4, 2, 3, 3))
        bundle = Bundle("c", "input", "fc", "fc.weight", kernels.shape, (18, 9, 3, 1), reduce="l2")
        conv = Network(
            (Layer("input", "Input"), Layer("fc", "Conv2d")),
            (Group("input", "input", 2, "input"), Group("fc", "fc", 4)),
            (bundle,),
            parameters={"fc.weight": kernels.shape},
        )
        assert np.array_equal(incoming_rows(conv, {"fc.weight": kernels}, "fc"), kernels.reshape(4, 18))


class TestCrossings:
    def test_the_number_is_that_of_all_pairs(self) -> None:
        weights = np.random.default_rng(0).random((4, 5))
        links = list(np.ndindex(weights.shape))
        pairs = sum(
            weights[j, i] * weights[b, a]
            for (j, i), (b, a) in combinations(links, 2)
            if (j - b) * (i - a) < 0
        )
        assert crossings_between(weights) == pytest.approx(pairs)

    @pytest.mark.parametrize("seed", range(12))
    @pytest.mark.parametrize("sizes", [(4, 4), (3, 4, 3), (2, 3, 3, 2)])
    def test_tiny_networks_come_near_the_best_of_all_orders(self, sizes: tuple[int, ...], seed: int) -> None:
        network, state = mlp(*sizes, seed=seed)
        names = [group.id for group in units(network)]
        best = min(
            weighted_crossings(network, state, dict(zip(names, orders, strict=True)))
            for orders in product(*(permutations(range(n)) for n in sizes))
        )
        found = weighted_crossings(network, state, crossing_orders(network, state))
        assert best * (1 - 1e-9) <= found <= best * 1.05

    def test_a_network_without_crossings_is_found(self) -> None:
        rng = np.random.default_rng(2)
        weights = np.eye(8)[rng.permutation(8)]
        network, state = dense(weights)
        assert weighted_crossings(network, state) > 0
        assert weighted_crossings(network, state, crossing_orders(network, state)) == 0

    def test_links_of_a_trained_network_cross_less(self) -> None:
        wine = load_wine()
        x = torch.tensor((wine.data - wine.data.mean(0)) / wine.data.std(0)).float()
        y = torch.tensor(wine.target)
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(13, 12), torch.nn.Tanh(), torch.nn.Linear(12, 3))
        optimizer = torch.optim.Adam(net.parameters(), 1e-2)
        for _ in range(200):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()
        network, state = nwv.as_network(net), state_of(net)
        before = weighted_crossings(network, state)
        assert weighted_crossings(network, state, unit_orders(network, state, "crossings")) < 0.85 * before

    def test_a_grid_stays_and_named_inputs_may_move(self) -> None:
        weights = np.eye(6)[::-1] + np.eye(6)[[1, 0, 2, 3, 4, 5]]
        network, state = dense(weights, grid=(2, 3))
        assert set(crossing_orders(network, state)) == {"fc"}
        network, state = dense(weights, unit_names=tuple("abcdef"))
        assert set(crossing_orders(network, state)) == {"input", "fc"}

    def test_units_without_links_keep_the_number_finite(self) -> None:
        weights = np.random.default_rng(0).normal(size=(5, 4))
        weights[2] = 0
        weights[:, 1] = 0
        network, state = dense(weights)
        orders = crossing_orders(network, state)
        assert weighted_crossings(network, state, orders) < weighted_crossings(network, state)

    @pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
    def test_odd_weights_do_not_count(self, odd: float) -> None:
        weights = np.random.default_rng(0).normal(size=(5, 4))
        weights[1, 2] = 0
        without = weighted_crossings(*dense(weights))
        weights[1, 2] = odd
        network, state = dense(weights)
        assert weighted_crossings(network, state) == pytest.approx(without)
        assert sorted(crossing_orders(network, state)["fc"]) == list(range(5))


@pytest.mark.parametrize("order", ["correlation", "crossings"])
class TestEveryOrder:
    @pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
    def test_the_previous_time_step_follows_its_group(self, kind: str, order: str) -> None:
        torch.manual_seed(3)
        net = getattr(torch.nn, kind)(4, 7, num_layers=2, bidirectional=True)
        network, state = nwv.as_network(net), state_of(net)
        orders = unit_orders(network, state, order)
        delayed = [group for group in network.groups if group.delayed_of]
        assert len(delayed) == 4
        assert all(orders[g.id] == orders[g.delayed_of] for g in delayed if g.delayed_of in orders)
        assert weighted_crossings(network, state) >= weighted_crossings(
            network, state, unit_orders(network, state, "crossings")
        )

    def test_biases_and_single_units_are_left_out(self, order: str) -> None:
        network, state = mlp(5, 6, 1)
        orders = unit_orders(network, state, order)
        assert set(orders) <= {"input", "0", "1"} - {"1"} | {g.id for g in units(network) if g.n_units > 1}
        for group, units_ in orders.items():
            assert sorted(units_) == list(range(network.group(group).n_units))

    def test_tied_parameters_are_read_under_each_name(self, order: str) -> None:
        first, second = torch.nn.Linear(6, 6), torch.nn.Linear(6, 6)
        second.weight = first.weight
        viz = nwv.WeightViz(torch.nn.Sequential(first, torch.nn.Tanh(), second))
        state = viz._payload.parameters.state(0)
        assert state["2.weight"] is state["0.weight"]
        assert viz._payload.order(order)["groups"]

    def test_a_missing_parameter_leaves_its_groups_as_they_are(self, order: str) -> None:
        network, state = mlp(5, 6, 4)
        orders = unit_orders(network, {"0.weight": state["0.weight"]}, order)
        assert "2" not in orders
        assert unit_orders(network, {}, order) == {}

    def test_the_same_weights_give_the_same_order(self, order: str) -> None:
        assert unit_orders(*mlp(5, 9, 4), order) == unit_orders(*mlp(5, 9, 4), order)


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(ValueError, match="no order 'colour' to compute; there are: correlation, crossings"):
        unit_orders(*mlp(2, 2), "colour")


@pytest.mark.usefixtures("bundle")
class TestAWidget:
    """Orders cross when they are asked for, and stay as they are until they are asked for again."""

    @staticmethod
    def widget() -> tuple[nwv.WeightViz, nwv.History, Listener]:
        history = nwv.History()
        for seed in range(2):
            history.record(mlp(4, 6, 3, seed=seed)[1])
        viz = nwv.WeightViz(mlp(4, 6, 3)[0], history)
        return viz, history, Listener(viz)

    def test_sends_no_order_that_was_not_asked_for(self) -> None:
        viz, _, browser = self.widget()
        viz.options = {"order": "sum"}
        viz.options = {"order": "model", "threshold": 0.5}
        assert browser.heard == []
        assert viz.get_state()["_index"]["orders"] == {}

    @pytest.mark.parametrize("order", ["correlation", "crossings"])
    def test_sends_the_order_of_the_last_checkpoint_once(self, order: str) -> None:
        viz, history, browser = self.widget()
        viz.options = {"order": order}
        viz.options |= {"threshold": 0.5}
        ((message, _),) = browser.heard
        groups = unit_orders(viz.network, history[-1].state, order)
        assert message == {"type": "order", "order": order, "checkpoint": 1, "groups": groups}
        assert viz.get_state()["_index"]["orders"] == {order: {"checkpoint": 1, "groups": groups}}

    def test_answers_the_switch_of_the_browser(self) -> None:
        viz, _, browser = self.widget()
        browser.set(options={**viz.options, "order": "correlation"})
        assert [message["order"] for message, _ in browser.heard if message.get("type") == "order"] == [
            "correlation"
        ]

    def test_keeps_an_order_until_it_is_set_again(self) -> None:
        viz, history, browser = self.widget()
        viz.options = {"order": "correlation"}
        history.record(mlp(4, 6, 3, seed=7)[1])
        viz._live.flush()
        viz.options |= {"scale": "global"}
        assert viz.get_state()["_index"]["orders"]["correlation"]["checkpoint"] == 1
        viz.options |= {"order": "model"}
        viz.options |= {"order": "correlation"}
        assert browser.heard[-1][0]["checkpoint"] == 2
        assert browser.heard[-1][0]["groups"] == unit_orders(viz.network, history[2].state, "correlation")

    def test_writes_every_order_to_a_page(self) -> None:
        viz, history, _ = self.widget()
        orders = viz.page_state()[0]["_index"]["orders"]
        assert orders["crossings"]["groups"] == unit_orders(viz.network, history[-1].state, "crossings")
        assert orders["correlation"]["groups"] == unit_orders(viz.network, history[-1].state, "correlation")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, []),
        ({"order": "sum", "fold_by": "index"}, []),
        ({"order": "crossings", "fold_by": "index"}, ["crossings"]),
        ({"order": "model", "fold_by": "clustering"}, ["correlation"]),
        ({"order": "correlation", "fold_by": "clustering"}, ["correlation"]),
        ({"order": "crossings", "fold_by": "clustering"}, ["correlation", "crossings"]),
    ],
)
def test_options_need_the_order_of_units_and_that_of_bands(
    options: dict[str, str], expected: list[str]
) -> None:
    assert orders_for(options) == expected


def test_bands_of_alike_units_ask_for_their_order_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network, state = mlp(5, 9, 4)
    viz = nwv.WeightViz(network, [state])
    sent: list[Any] = []
    monkeypatch.setattr(viz, "send", lambda content, *_: sent.append(content))
    viz.options = {"fold_by": "clustering"}
    viz.options = {"fold_by": "clustering", "order": "correlation"}
    assert [message["order"] for message in sent] == ["correlation"]
    assert sent[0]["groups"] == unit_orders(network, state, "correlation")
    viz.options = {}
    viz.options = {"order": "crossings"}
    assert [message["order"] for message in sent] == ["correlation", "crossings"]


def test_alike_units_are_in_the_same_bands() -> None:
    rng = np.random.default_rng(0)
    kinds = rng.permutation(np.repeat(np.arange(10), 60))
    weights = rng.normal(size=(10, 80))[kinds] + 0.2 * rng.normal(size=(600, 80))
    order = unit_orders(*dense(weights), "correlation")["fc"]
    bands = np.reshape(kinds[order], (30, 20))  # as the browser cuts them: equal parts
    assert (bands == bands[:, :1]).all()
