"""The numbers behind the views against numpy and scipy, of histories as people have them."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch

import nnweightviz as nwv
from nnweightviz import views
from studies import Study, dense_history, recurrent_history, recurrent_network, spoilt_history


@pytest.fixture(scope="module")
def dense() -> nwv.History:
    return dense_history()


@pytest.fixture(scope="module")
def recurrent() -> nwv.History:
    return recurrent_history()


@pytest.fixture(scope="module")
def network() -> nwv.Network:
    return recurrent_network()


@pytest.fixture(scope="module")
def viz(recurrent: nwv.History) -> nwv.WeightViz:
    return nwv.WeightViz(Study(), recurrent, example_input=torch.zeros(1, 3, 4))


def row(history: nwv.History, k: int, *names: str) -> np.ndarray:
    return np.concatenate([np.asarray(history[k].state[name], dtype=np.float64).ravel() for name in names])


class TestDistribution:
    def test_counts_are_numpys_on_sixty_bins_to_the_largest_weight(self, dense: nwv.History) -> None:
        found = views.distribution(dense)
        largest = max(np.abs(a).max() for c in dense for a in c.state.values())
        assert found["edges"] == pytest.approx(np.linspace(-largest, largest, 61))
        assert found["part"].tolist() == ["fc1", "fc2"]
        for p, layer in enumerate(found["part"]):
            for k in range(len(dense)):
                weights = row(dense, k, f"{layer}.weight", f"{layer}.bias")
                assert (found["counts"][p, k] == np.histogram(weights, found["edges"])[0]).all()
        assert found["counts"].sum(axis=2).T.tolist() == [found["size"].tolist()] * len(dense)

    def test_runs_share_the_bins_that_the_largest_weight_of_all_needs(self, dense: nwv.History) -> None:
        other = dense_history(4, seed=1)
        found = views.distribution({"a": dense, "b": other})
        largest = max(np.abs(a).max() for h in (dense, other) for c in h for a in c.state.values())
        assert list(found) == ["a", "b"]
        assert (found["a"]["edges"] == found["b"]["edges"]).all()
        assert found["b"]["edges"][-1] == pytest.approx(largest)
        assert found["b"]["counts"].shape == (2, 4, 60)

    def test_what_is_odd_outside_or_not_recorded_is_counted(self) -> None:
        found = views.distribution(spoilt_history(), by="parameter", bins=[-0.2, 0.2, 10])
        assert found["n_odd"][0].tolist() == [0] * 5 + [3] * 4
        outside = found["below"] + found["above"]
        total = found["counts"].sum(axis=2) + outside + found["n_odd"]
        assert (total == np.where(found["recorded"], found["size"][:, None], 0)).all()
        gap = found["part"].tolist().index("fc2.weight")
        assert np.flatnonzero(~found["recorded"][gap]).tolist() == [3]
        assert found["counts"][gap, 3].sum() == 0

    @pytest.mark.parametrize("normalise", ["layer", "total"])
    def test_weights_are_divided_by_the_norm_of_their_checkpoint(
        self, dense: nwv.History, normalise: str
    ) -> None:
        found = views.distribution(dense, "moments", of=["fc1"], by="parameter", normalise=normalise)
        names = ["fc1.weight", "fc1.bias"] + (["fc2.weight", "fc2.bias"] if normalise == "total" else [])
        for k in range(len(dense)):
            scaled = row(dense, k, "fc1.weight") / np.linalg.norm(row(dense, k, *names))
            assert found["variance"][0, k] == pytest.approx(scaled.var())

    def test_a_layers_norm_is_each_weights_own_whatever_is_put_together(self, dense: nwv.History) -> None:
        asked = {"by": "all", "normalise": "layer"}
        spread = views.distribution(dense, "moments", **asked)
        lines = views.trajectory(dense, n_sampled=10_000, **asked)["weights"]
        assert spread["mean"][0] == pytest.approx(lines.mean(axis=0))
        layers = [["fc1.weight", "fc1.bias"], ["fc2.weight", "fc2.bias"]]
        for k in range(len(dense)):
            rows = [row(dense, k, *names) for names in layers]
            own = np.concatenate([weights / np.linalg.norm(weights) for weights in rows])
            assert spread["variance"][0, k] == pytest.approx(own.var())
        assert views.trajectory(dense, "norm", **asked)["norm"] == pytest.approx(2**0.5)

    def test_moments_are_scipys_and_quantiles_are_numpys(self, dense: nwv.History) -> None:
        found = views.distribution(dense, "moments", by="all")
        rows = [row(dense, k, *dense.parameters) for k in range(len(dense))]
        assert found["mean"][0] == pytest.approx([r.mean() for r in rows])
        assert found["variance"][0] == pytest.approx([r.var() for r in rows])
        assert found["skewness"][0] == pytest.approx([scipy.stats.skew(r) for r in rows])
        assert found["excess_kurtosis"][0] == pytest.approx([scipy.stats.kurtosis(r) for r in rows])
        assert found["quantiles"][0] == pytest.approx(np.array([np.quantile(r, found["q"]) for r in rows]))

    def test_a_gate_is_its_rows_of_both_kernels(self, recurrent: nwv.History, network: nwv.Network) -> None:
        found = views.distribution(recurrent, "moments", network=network, by="gate")
        assert found["part"].tolist() == ["rnn.i", "rnn.f", "rnn.g", "rnn.o"]
        for g in range(4):
            rows = [recurrent[f"rnn.weight_{kernel}_l0"][:, 8 * g : 8 * g + 8] for kernel in ("ih", "hh")]
            weights = np.concatenate([r.reshape(len(recurrent), -1) for r in rows], axis=1)
            assert found["mean"][g] == pytest.approx(weights.astype(np.float64).mean(axis=1), abs=1e-12)

    def test_a_gate_can_be_looked_at_beside_a_layer(
        self, recurrent: nwv.History, network: nwv.Network
    ) -> None:
        found = views.distribution(recurrent, network=network, of=["fc", "rnn.g"])
        assert found["part"].tolist() == ["fc", "rnn.g"]
        assert found["size"].tolist() == [18, 8 * 12]

    def test_a_network_without_gates_is_looked_at_by_layer(self, dense: nwv.History) -> None:
        assert views.distribution(dense, by="gate")["part"].tolist() == ["fc1", "fc2"]

    def test_tied_parameters_count_once(self) -> None:
        class Tied(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.a, self.b = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)
                self.b.weight = self.a.weight

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                result: torch.Tensor = self.b(self.a(x))
                return result

        model, history = Tied(), nwv.History()
        history.record(model)
        found = views.distribution(history, by="all", network=nwv.as_network(model, torch.zeros(1, 4)))
        assert found["size"].tolist() == [16 + 4 + 4]

    def test_chosen_checkpoints_are_those_given_or_some_evenly(self, dense: nwv.History) -> None:
        assert views.distribution(dense, "multiples", chosen=[-1, 2])["chosen"].tolist() == [2, 8]
        long = dense_history(61)
        assert views.distribution(long, "multiples")["chosen"].tolist() == list(range(0, 61, 4))

    def test_a_path_is_opened(self, dense: nwv.History, tmp_path: Path) -> None:
        path = dense.save(tmp_path / "run.safetensors")
        assert (views.distribution(path)["counts"] == views.distribution(dense)["counts"]).all()


def drawn_at_random(n: int, size: int, seed: int) -> list[int]:
    """What the browser does, number by number: mulberry32, and Fisher and Yates on a whole list."""
    state, places = seed, list(range(size))
    for i in range(n):
        state = (state + 0x6D2B79F5) % 2**32
        t = (state ^ state >> 15) * (state | 1) % 2**32
        t ^= (t + (t ^ t >> 7) * (t | 61)) % 2**32
        number = (t ^ t >> 14) % 2**32
        other = i + math.floor(number / 2**32 * (size - i))
        places[i], places[other] = places[other], places[i]
    return places[:n]


class TestTrajectory:
    def test_the_strongest_are_those_with_the_largest_size_at_any_checkpoint(
        self, dense: nwv.History
    ) -> None:
        found = views.trajectory(dense, n_sampled=7)
        stacked = np.concatenate([dense[n].reshape(len(dense), -1) for n in dense.parameters], axis=1)
        order = np.argsort(-np.abs(stacked).max(axis=0), kind="stable")[:7]
        assert (found["weights"] == stacked.T[order].astype(np.float64)).all()
        assert found["n_all"] == 57

    def test_each_line_says_where_its_weight_is(self, recurrent: nwv.History, network: nwv.Network) -> None:
        for by in ("layer", "gate"):
            found = views.trajectory(recurrent, network=network, by=by, n_sampled=40)
            for name, entry, values in zip(found["parameter"], found["entry"], found["weights"], strict=True):
                assert (recurrent[str(name)].reshape(7, -1)[:, entry] == values).all()

    @pytest.mark.parametrize("seed", [0, 1, 4_000_000_000])
    def test_random_ones_are_the_browsers(self, dense: nwv.History, seed: int) -> None:
        found = views.trajectory(dense, sample="random", n_sampled=20, seed=seed)
        stacked = np.concatenate([dense[n].reshape(len(dense), -1) for n in dense.parameters], axis=1)
        assert (found["weights"] == stacked.T[drawn_at_random(20, 57, seed)]).all()

    def test_of_fewer_weights_all_are_taken_once(self, dense: nwv.History) -> None:
        for sample in ("strongest", "random"):
            found = views.trajectory(dense, sample=sample, of=["fc2.bias"], n_sampled=100)
            assert sorted(found["entry"].tolist()) == [0, 1, 2]

    def test_given_entries_are_shown_as_they_are_given(self, dense: nwv.History) -> None:
        found = views.trajectory(dense, entries=[("fc2.weight", (2, 1)), ("fc1.bias", 4)])
        assert found["weights"][0] == pytest.approx(dense["fc2.weight"][:, 2, 1])
        assert found["weights"][1] == pytest.approx(dense["fc1.bias"][:, 4])

    def test_a_weight_that_was_not_recorded_is_a_gap(self) -> None:
        found = views.trajectory(spoilt_history(), entries=[("fc2.weight", (0, 0)), ("fc1.weight", (0, 1))])
        assert np.flatnonzero(np.isnan(found["weights"][0])).tolist() == [3]
        assert np.isposinf(found["weights"][1, 5:]).all()

    def test_sizes_are_numpys(self, dense: nwv.History) -> None:
        rows = np.stack([row(dense, k, "fc1.weight", "fc1.bias") for k in range(len(dense))])
        norms = np.linalg.norm(rows, axis=1)
        updates = np.linalg.norm(np.diff(rows, axis=0), axis=1)
        assert views.trajectory(dense, "norm")["norm"][0] == pytest.approx(norms)
        found = views.trajectory(dense, "update_norm")["update_norm"][0]
        assert np.isnan(found[0])
        assert found[1:] == pytest.approx(updates)
        ratio = views.trajectory(dense, "update_ratio")["update_ratio"][0]
        assert ratio[1:] == pytest.approx(updates / norms[:-1])
        assert views.trajectory(dense, "norm", normalise="layer")["norm"] == pytest.approx(1.0)

    def test_sparsity_counts_what_is_smaller_and_not_what_is_equal(self) -> None:
        history = nwv.History()
        history.record({"fc.weight": np.array([[0.0, 0.25, -0.125, 0.5]])})
        for below, share in ((0.25, 0.5), (0.0, 0.0), (0.6, 1.0)):
            assert views.trajectory(history, "sparsity", below=below)["sparsity"].tolist() == [[share]]


class TestSpectrum:
    def test_singular_values_are_numpys_and_padded(self, dense: nwv.History) -> None:
        found = views.spectrum(dense)
        assert found["part"].tolist() == ["fc1.weight", "fc2.weight"]
        assert found["shape"].tolist() == [[6, 5], [3, 6]]
        for p, n in enumerate((5, 3)):
            expected = np.linalg.svd(dense[found["part"][p]].astype(np.float64), compute_uv=False)
            assert found["singular_values"][p, :, :n] == pytest.approx(expected)
            assert np.isnan(found["singular_values"][p, :, n:]).all()
        std = dense["fc2.weight"].astype(np.float64).std(axis=(1, 2))
        assert found["edge"][1] == pytest.approx(std * (math.sqrt(3) + math.sqrt(6)))

    def test_ranks_of_gates_are_of_their_kernels_side_by_side(
        self, recurrent: nwv.History, network: nwv.Network
    ) -> None:
        found = views.spectrum(recurrent, "ranks", network=network, by="gate")
        gate = np.concatenate(
            [recurrent["rnn.weight_ih_l0"][:, 8:16], recurrent["rnn.weight_hh_l0"][:, 8:16]], axis=2
        )
        s = np.linalg.svd(gate.astype(np.float64), compute_uv=False)
        assert found["stable_rank"][1] == pytest.approx((s**2).sum(axis=1) / s[:, 0] ** 2)

    def test_nothing_but_biases_has_no_spectrum(self, dense: nwv.History) -> None:
        with pytest.raises(ValueError, match=r"none of fc1\.bias is a weight matrix"):
            views.spectrum(dense, of=["fc1.bias"])

    def test_correlation_is_of_the_kernels_of_layers(self, dense: nwv.History) -> None:
        found = views.spectrum(dense, "correlation")
        arrays = {layer: dense[f"{layer}.weight"] for layer in ("fc1", "fc2")}
        expected = nwv.measures.layer_correlation(arrays)
        assert found["layer"].tolist() == ["fc1", "fc2"]
        assert found["mean_absolute"] == pytest.approx(expected.mean_absolute)


class TestMatrix:
    def test_a_layer_is_its_biases_and_its_matrices_side_by_side(
        self, recurrent: nwv.History, network: nwv.Network
    ) -> None:
        found = views.matrix(recurrent, "rnn", network=network)
        names = ["bias_ih_l0", "bias_hh_l0", "weight_ih_l0", "weight_hh_l0"]
        blocks = [recurrent[f"rnn.{name}"].reshape(7, 32, -1) for name in names]
        assert (found["values"] == np.concatenate(blocks, axis=2)).all()
        assert found["role"].tolist() == ["bias"] * 2 + ["input"] * 4 + ["recurrent"] * 8
        assert found["row"][9] == "f · 2"
        kernels = np.concatenate([block.ravel() for block in blocks[2:]])
        assert found["domain"][-1] == pytest.approx(np.quantile(np.abs(kernels), 0.995))
        biases = np.concatenate([block.ravel() for block in blocks[:2]])
        assert found["domain"][0] == pytest.approx(np.quantile(np.abs(biases), 0.995))

    def test_a_gate_is_its_rows_of_the_layer(self, recurrent: nwv.History, network: nwv.Network) -> None:
        whole = views.matrix(recurrent, "rnn", network=network)
        gate = views.matrix(recurrent, "rnn.g", network=network)
        by_name = dict(zip(zip(whole["parameter"], whole["column"], strict=True), range(14), strict=True))
        columns = [by_name[key] for key in zip(gate["parameter"], gate["column"], strict=True)]
        assert (gate["values"] == whole["values"][:, 16:24, columns]).all()

    @pytest.mark.parametrize(("shape", "expected"), [((3, 2, 2, 2), (3, 8)), ((3,), (3, 1)), ((), (1, 1))])
    def test_parameters_of_any_number_of_axes_are_a_matrix(
        self, shape: tuple[int, ...], expected: tuple[int, int]
    ) -> None:
        values = np.arange(float(math.prod(shape)), dtype=np.float32).reshape(shape)
        history = nwv.History()
        history.record({"conv.weight": values, "head.weight": np.ones((2, 2), np.float32)})
        found = views.matrix(history, "conv.weight")
        assert (found["values"][0] == values.reshape(expected)).all()
        assert found["column"].shape == expected[1:]

    def test_changes_are_from_a_reference_or_the_checkpoint_before(self, dense: nwv.History) -> None:
        weights = dense["fc1.weight"]
        found = views.matrix(dense, "fc1.weight", quantity="difference", reference=2)
        assert (found["values"] == weights - weights[2]).all()
        updates = views.matrix(dense, "fc1.weight", quantity="update")["values"]
        assert np.isnan(updates[0]).all()
        assert (updates[1:] == np.diff(weights, axis=0)).all()

    def test_what_was_not_recorded_is_nan_and_odd_values_stay(self) -> None:
        history = spoilt_history()
        assert np.isnan(views.matrix(history, "fc2.weight")["values"][3]).all()
        found = views.matrix(history, "fc1.weight")
        assert np.isinf(found["values"][5, 0, 1:3]).all()
        assert np.isfinite(found["domain"]).all()

    def test_links_are_the_matrices_of_bundles(self, recurrent: nwv.History, network: nwv.Network) -> None:
        found = views.links(recurrent, network=network)
        assert list(found) == [bundle.id for bundle in network.bundles]
        for bundle in network.bundles:
            for k in (0, 6):
                assert (found[bundle.id][k] == bundle.matrix(recurrent[k].state)).all()


class TestOverview:
    def test_numbers_are_of_parameters_in_blocks(self) -> None:
        rng, history = np.random.default_rng(0), nwv.History()
        for _ in range(3):
            history.record({f"h.{i}.fc.weight": rng.normal(size=(4, 3)) for i in range(2)})
        found = views.overview(history, "update_ratio")
        assert found["block"].tolist() == ["h.0", "h.1"]
        assert found["rest"].tolist() == ["fc.weight"] * 2
        w = history["h.1.fc.weight"]
        expected = [np.linalg.norm(w[k] - w[k - 1]) / np.linalg.norm(w[k - 1]) for k in (1, 2)]
        assert found["update_ratio"][1, 1:] == pytest.approx(expected)
        s = np.linalg.svd(w, compute_uv=False)
        ranks = views.overview(history, "stable_rank")["stable_rank"][1]
        assert ranks == pytest.approx((s**2).sum(axis=1) / s[:, 0] ** 2)


class TestOfAWidget:
    @pytest.mark.parametrize("view", views.VIEWS)
    def test_every_view_has_numbers_that_can_be_saved(self, viz: nwv.WeightViz, view: str) -> None:
        found, file = viz.data(view), io.BytesIO()
        assert all(isinstance(array, np.ndarray) for array in found.values())
        np.savez(file, **found)
        assert list(np.load(io.BytesIO(file.getvalue()))) == list(found)

    def test_it_is_the_view_and_the_options_that_are_shown_unless_others_are_asked_for(
        self, recurrent: nwv.History
    ) -> None:
        viz = nwv.WeightViz(Study(), recurrent, example_input=torch.zeros(1, 3, 4), view="distribution")
        viz.options |= {"by": "gate", "bins": [-1, 1, 7]}
        assert viz.data()["counts"].shape == (4, 7, 7)
        assert viz.data(bins=[-1, 1, 9], by="all")["counts"].shape == (1, 7, 9)
        assert viz.data("trajectory", trajectory="norm")["norm"].shape == (4, 7)
        assert viz.options["bins"] == [-1, 1, 7]

    def test_what_is_selected_is_shown(self, viz: nwv.WeightViz, recurrent: nwv.History) -> None:
        viz.selection = {"bundle": "rnn.weight_hh_l0[f]", "target": 2, "source": 5}
        found = viz.data("trajectory", sample="selected")
        assert (found["weights"] == recurrent["rnn.weight_hh_l0"][:, 8 + 2, 5]).all()
        assert viz.data("matrix")["values"].shape == (7, 32, 8)
        viz.selection = {"group": "fc", "unit": 1}
        found = viz.data("trajectory", sample="selected")
        expected = {("fc.weight", 8 + i) for i in range(8)} | {("fc.bias", 1)}
        assert set(zip(found["parameter"].tolist(), found["entry"].tolist(), strict=True)) == expected
        viz.selection = None

    def test_runs_are_by_name(self, dense: nwv.History) -> None:
        viz = nwv.WeightViz(None, {"a": dense, "b": dense_history(3, seed=1)})
        assert viz.data("matrix", of=["fc1"])["b"]["values"].shape == (3, 6, 6)
        assert list(viz.data("spectrum")) == ["a", "b"]

    def test_what_is_not_there_is_refused_with_what_is(self, viz: nwv.WeightViz) -> None:
        with pytest.raises(ValueError, match="there is no view 'graf'; the views are graph, matrix, "):
            viz.data("graf")
        with pytest.raises(ValueError, match="there is no option 'binz'"):
            viz.data("distribution", binz=3)
        with pytest.raises(ValueError, match="option 'of' names 'conv'"):
            viz.data("distribution", of=["conv"])


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"kind": "violin"}, "kind is 'violin'; it takes 'histogram' or 'multiples' or"),
        ({"by": "bundle"}, "by is 'bundle'; it takes 'all' or 'layer'"),
        ({"normalise": "max"}, "normalise is 'max'; it takes 'none' or 'layer' or 'total'"),
        (
            {"of": ["fc9"]},
            "of names 'fc9'; there is no such parameter, layer or gate: there are 'fc1', 'fc2'",
        ),
        ({"bins": [1, -1, 3]}, "bins is .*; it takes the first edge, the last edge and the number"),
        (
            {"kind": "multiples", "chosen": [9]},
            "chosen is .9.; it takes numbers of checkpoints, and there are 9",
        ),
    ],
)
def test_what_is_not_accepted_is_refused_with_what_is(
    dense: nwv.History, asked: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        views.distribution(dense, **asked)


def test_other_mistakes_are_told_too(dense: nwv.History) -> None:
    with pytest.raises(TypeError, match="of is 'fc1'; it takes a list of names"):
        views.distribution(dense, of="fc1")
    with pytest.raises(ValueError, match="there are no runs"):
        views.distribution({})
    with pytest.raises(ValueError, match=r"there is no entry \(9, 0\) of 'fc1.weight'"):
        views.trajectory(dense, entries=[("fc1.weight", (9, 0))])
    with pytest.raises(
        ValueError, match="there is no parameter, layer or gate 'fc9' to show; there are: fc1"
    ):
        views.matrix(dense, "fc9")
    with pytest.raises(ValueError, match="reference is 9; there are 9 checkpoints, 0 to 8"):
        views.matrix(dense, quantity="difference", reference=9)
