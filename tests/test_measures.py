"""Measures of weights against numpy, scipy and torch, and the same numbers however they are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import nnweightviz as nwv
from nnweightviz import measures
from nnweightviz.measures import pieces
from studies import Study, recurrent_network

RNG = np.random.default_rng(0)
WEIGHTS = RNG.standard_t(4, size=(6, 7, 5))
finite = arrays(
    np.float64, array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=6), elements=st.floats(-1e3, 1e3)
)


@pytest.fixture(scope="module")
def network() -> nwv.Network:
    return recurrent_network()


@pytest.fixture(scope="module")
def history() -> nwv.History:
    torch.manual_seed(0)
    model, recorded = Study(), nwv.History()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
    for k in range(9):
        recorded.record(model, step=10 * k)
        optimiser.zero_grad()
        model(torch.randn(16, 3, 4)).square().mean().backward()
        optimiser.step()
    return recorded


class TestDistributions:
    def test_a_histogram_counts_as_numpy_does(self) -> None:
        found = measures.histogram(WEIGHTS, bins=[-2.0, -0.5, 0.0, 1.0, 1.5])
        for k, row in enumerate(WEIGHTS.reshape(6, -1)):
            assert (found["counts"][k] == np.histogram(row, found["edges"][k])[0]).all()
            assert found["counts"][k].sum() + found["below"][k] + found["above"][k] == row.size

    def test_bins_without_limits_reach_from_minus_to_plus_the_largest_weight_of_all_checkpoints(self) -> None:
        found = measures.histogram(WEIGHTS, bins=8)
        assert found["edges"][3, [0, -1]].tolist() == [-np.abs(WEIGHTS).max(), np.abs(WEIGHTS).max()]
        assert found["counts"].sum() == WEIGHTS.size

    def test_bins_of_a_history_are_the_same_for_all_its_parameters(self, history: nwv.History) -> None:
        found = measures.histogram(history, bins=10)
        assert len({tuple(of_it["edges"][k]) for of_it in found.values() for k in range(9)}) == 1

    def test_quantiles_are_numpys(self) -> None:
        found = measures.quantiles(WEIGHTS, [0.1, 0.5, 0.9])
        assert found == pytest.approx(np.quantile(WEIGHTS.reshape(6, -1), [0.1, 0.5, 0.9], axis=1).T)

    @given(values=finite)
    def test_moments_are_scipys(self, values: Any) -> None:
        found = measures.moments(values)
        rows = values.reshape(len(values), -1)
        assert found["mean"] == pytest.approx(rows.mean(axis=1))
        assert found["variance"] == pytest.approx(rows.var(axis=1))
        for k, row in enumerate(rows):
            if np.ptp(row) > 1e-6 * (1 + np.abs(row).max()):
                assert found["skewness"][k] == pytest.approx(scipy.stats.skew(row), rel=1e-6, abs=1e-6)
                assert found["excess_kurtosis"][k] == pytest.approx(
                    scipy.stats.kurtosis(row), rel=1e-6, abs=1e-6
                )

    def test_equal_weights_have_no_skewness(self) -> None:
        found = measures.moments(np.full((2, 5), 0.1))
        assert np.isnan([found["skewness"], found["excess_kurtosis"]]).all()

    def test_sparsity_is_the_share_of_small_weights(self) -> None:
        assert measures.sparsity(np.array([[0.0, 0.5, -0.2, 2.0]]), 0.5).tolist() == [0.75]

    def test_the_tail_of_a_power_law_is_found(self) -> None:
        weights = np.random.default_rng(1).pareto(2.5, size=(3, 100_000)) + 1
        assert measures.tail_index(weights, 0.02) == pytest.approx([2.5] * 3, rel=0.1)

    def test_entries_that_are_not_finite_are_left_out(self) -> None:
        spoiled = WEIGHTS.copy()
        spoiled[2, 0, :3] = np.nan, np.inf, -np.inf
        rest = WEIGHTS[2].ravel()[3:]
        assert measures.moments(spoiled)["mean"][2] == pytest.approx(rest.mean())
        assert measures.quantiles(spoiled, [0.5])[2] == pytest.approx(np.median(rest))
        assert measures.histogram(spoiled)["counts"][2].sum() == rest.size

    def test_a_checkpoint_of_nothing_but_nan_has_nan_and_no_counts(self) -> None:
        nothing = np.full((2, 3), np.nan)
        assert measures.histogram(nothing)["counts"].sum() == 0
        for found in (
            measures.moments(nothing)["mean"],
            measures.quantiles(nothing),
            measures.sparsity(nothing),
        ):
            assert np.isnan(found).all()


class TestSizes:
    def test_norms_are_numpys(self) -> None:
        expected = [np.linalg.norm(w) for w in WEIGHTS]
        assert measures.norm(WEIGHTS) == pytest.approx(expected)

    def test_updates_are_measured_against_the_checkpoint_before(self) -> None:
        updates = measures.update_norm(WEIGHTS)
        assert np.isnan(updates[0])
        expected = [np.linalg.norm(WEIGHTS[k] - WEIGHTS[k - 1]) for k in range(1, 6)]
        assert updates[1:] == pytest.approx(expected)
        before = [np.linalg.norm(w) for w in WEIGHTS[:-1]]
        assert measures.update_ratio(WEIGHTS)[1:] == pytest.approx(np.divide(expected, before))

    def test_distance_and_angle_are_torchs(self) -> None:
        rows = torch.from_numpy(WEIGHTS.reshape(6, -1))
        assert measures.distance(WEIGHTS, 2) == pytest.approx(torch.cdist(rows, rows[2:3])[:, 0].numpy())
        expected = torch.nn.functional.cosine_similarity(rows, rows[-1:], dim=1).numpy()
        assert measures.cosine_similarity(WEIGHTS, -1) == pytest.approx(expected)
        adjacent = torch.nn.functional.cosine_similarity(rows[1:], rows[:-1], dim=1).numpy()
        assert measures.cosine_similarity(WEIGHTS, "previous")[1:] == pytest.approx(adjacent)

    def test_a_checkpoint_with_nan_has_no_size(self) -> None:
        spoiled = WEIGHTS.copy()
        spoiled[2, 0, 0] = np.inf
        assert np.isnan(measures.norm(spoiled)).tolist() == [k == 2 for k in range(6)]
        assert np.isnan(measures.update_norm(spoiled)).tolist() == [k in (0, 2, 3) for k in range(6)]

    def test_a_reference_that_is_not_there_is_named(self, history: nwv.History) -> None:
        for given_ in (WEIGHTS, history):
            with pytest.raises(IndexError, match=r"reference is 9; there are . checkpoints"):
                measures.distance(given_, 9)


class TestSpectra:
    def test_singular_values_are_torchs(self) -> None:
        expected = torch.linalg.svdvals(torch.from_numpy(WEIGHTS)).numpy()
        assert measures.singular_values(WEIGHTS) == pytest.approx(expected)
        assert measures.spectral_norm(WEIGHTS) == pytest.approx(
            torch.linalg.matrix_norm(torch.tensor(WEIGHTS), 2)
        )

    @pytest.mark.parametrize("size", [1.0, 1e-200, 1e200])
    @pytest.mark.parametrize("shape", [(40, 30), (30, 40), (30, 30)])
    @pytest.mark.parametrize("smallest", [1e-2, 1e-4, 1e-7, 1e-11])
    def test_small_singular_values_are_not_lost(
        self, shape: tuple[int, int], smallest: float, size: float
    ) -> None:
        expected = np.geomspace(1, smallest, 30)
        left, right = (np.linalg.qr(RNG.normal(size=(n, 30)))[0] for n in shape)
        matrices = np.stack([(left * expected) @ right.T, RNG.normal(size=shape)]) * size
        found = measures.singular_values(matrices)
        assert found[0] / size == pytest.approx(expected, rel=1e-4, abs=0)
        assert found[1] / size == pytest.approx(np.linalg.svd(matrices[1] / size, compute_uv=False), rel=1e-6)

    def test_singular_values_of_a_net_are_those_of_scipy(self) -> None:
        for shape in ((100, 784), (100, 100), (10, 100)):
            weights = RNG.normal(size=(5, *shape))
            expected = np.stack([scipy.linalg.svdvals(matrix) for matrix in weights])
            assert np.abs(measures.singular_values(weights) - expected).max() <= 1e-5 * expected.max()

    def test_ranks_of_singular_values_are_those_of_the_weights(self) -> None:
        found = measures.ranks(measures.singular_values(WEIGHTS), 7)
        for name, measure in (
            ("stable", measures.stable_rank),
            ("effective", measures.effective_rank),
            ("numerical", measures.numerical_rank),
        ):
            assert found[name].tolist() == measure(WEIGHTS).tolist()

    def test_a_kernel_is_a_matrix_of_its_first_axis_by_the_others(self) -> None:
        kernels = RNG.normal(size=(3, 4, 2, 3, 3))
        expected = np.linalg.svd(kernels.reshape(3, 4, 18), compute_uv=False)
        assert measures.singular_values(kernels) == pytest.approx(expected)

    @pytest.mark.parametrize("rank", [1, 2, 3])
    def test_a_matrix_of_equal_singular_values_has_as_many_ranks_of_every_kind(self, rank: int) -> None:
        left, right = np.linalg.qr(RNG.normal(size=(8, rank)))[0], np.linalg.qr(RNG.normal(size=(5, rank)))[0]
        weights = 3 * (left @ right.T)[np.newaxis]
        for measure in (measures.stable_rank, measures.effective_rank, measures.numerical_rank):
            assert measure(weights) == pytest.approx([rank])

    def test_numerical_rank_is_numpys(self) -> None:
        weights = RNG.normal(size=(4, 30, 6)) @ RNG.normal(size=(4, 6, 20))
        assert (
            measures.numerical_rank(weights, 1e-10).tolist()
            == np.linalg.matrix_rank(weights, rtol=1e-10).tolist()
        )

    def test_effective_rank_is_the_exponential_of_scipys_entropy(self) -> None:
        s = measures.singular_values(WEIGHTS)
        assert measures.effective_rank(WEIGHTS) == pytest.approx(np.exp(scipy.stats.entropy(s, axis=1)))

    def test_random_weights_lie_between_the_edges(self) -> None:
        low, high = measures.marchenko_pastur_edges(600, 200, 0.5)
        s = measures.singular_values(np.random.default_rng(2).normal(0, 0.5, (1, 600, 200)))[0]
        assert s[0] == pytest.approx(high, rel=0.03)
        assert s[-1] == pytest.approx(low, rel=0.05)

    def test_zeros_and_nan_have_no_rank(self) -> None:
        weights = np.zeros((2, 3, 3))
        weights[1, 0, 0] = np.nan
        assert np.isnan(measures.stable_rank(weights)).all()
        assert np.isnan(measures.effective_rank(weights)).all()
        assert measures.numerical_rank(weights) == pytest.approx([0, np.nan], nan_ok=True)

    def test_singular_values_of_several_parameters_together_are_refused(self, history: nwv.History) -> None:
        with pytest.raises(ValueError, match="singular values are of single matrices"):
            measures.singular_values(history, by="all")


class TestCorrelation:
    def test_correlations_are_numpys(self) -> None:
        layers = [RNG.normal(size=(40, 3)), RNG.normal(size=(40, 2, 2)), RNG.normal(size=(40, 5))]
        found = measures.layer_correlation(layers)
        r = np.abs(np.corrcoef(np.hstack([layer.reshape(40, -1) for layer in layers]).T))
        assert found.between[0, 1] == found.between[1, 0] == pytest.approx(r[:3, 3:7].mean())
        assert found.between[0, 0] == pytest.approx(r[:3, :3][np.triu_indices(3, 1)].mean())
        assert found.mean_absolute[2] == pytest.approx(r[:3, 7:].mean())
        assert found.n_pairs.tolist() == [3 + 6 + 10, 12 + 20, 15]

    def test_independent_weights_correlate_by_chance(self) -> None:
        layers = {name: np.random.default_rng(k).normal(size=(500, 60)) for k, name in enumerate("abc")}
        found = measures.layer_correlation(layers)
        assert found.mean_absolute == pytest.approx([found.chance] * 3, rel=0.05)

    def test_a_damped_correlation_is_fitted(self) -> None:
        shared = np.random.default_rng(3).normal(size=(4000, 6))
        layers = [shared[:, :1] * 0.5**d + RNG.normal(0, 0.05, (4000, 1)) for d in range(1)]
        assert measures.layer_correlation(layers + layers).mean[1] > 0.9
        decay = measures.exponential_decay([0, 1, 2, 3], 0.8 * np.exp(-np.arange(4) / 1.7))
        assert (decay.at_zero, decay.length, decay.r_squared) == pytest.approx((0.8, 1.7, 1.0))

    def test_constant_weights_are_left_out(self) -> None:
        layers = [np.hstack([RNG.normal(size=(20, 2)), np.full((20, 3), 0.1)]), RNG.normal(size=(20, 1))]
        assert measures.layer_correlation(layers).n_pairs.tolist() == [1, 2]

    def test_too_few_samples_are_refused(self) -> None:
        with pytest.raises(ValueError, match="the layers have 2 samples"):
            measures.layer_correlation([np.zeros((2, 3))])


MEASURES: list[Callable[..., Any]] = [
    measures.histogram,
    measures.quantiles,
    measures.moments,
    measures.sparsity,
    measures.tail_index,
    measures.norm,
    measures.update_norm,
    measures.update_ratio,
    measures.distance,
    measures.cosine_similarity,
    measures.singular_values,
    measures.spectral_norm,
    measures.stable_rank,
    measures.effective_rank,
    measures.numerical_rank,
]


def same(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name in expected:
            same(found[name], expected[name])
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-10)


class TestHistories:
    @pytest.mark.parametrize("measure", MEASURES, ids=lambda f: f.__name__)
    @pytest.mark.parametrize("window", [1, 100, 10**6])
    def test_a_history_gives_what_its_arrays_give_however_many_checkpoints_are_held(
        self, history: nwv.History, measure: Any, window: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = measure({name: history[name] for name in history.parameters})
        monkeypatch.setattr(pieces, "WINDOW_VALUES", window)
        same(measure(history), whole)

    def test_a_history_on_disk_is_measured_without_being_held(
        self, history: nwv.History, tmp_path: Path
    ) -> None:
        with nwv.History(tmp_path / "run") as stored:
            for checkpoint in history:
                stored.record(checkpoint.state, step=checkpoint.step)
        same(measures.moments(nwv.open(tmp_path / "run")), measures.moments(history))

    def test_layers_and_all_are_taken_as_one(self, history: nwv.History) -> None:
        flat = {n: history[n].reshape(9, -1).astype(float) for n in history.parameters}
        assert measures.norm(history, by="all")["all"] == pytest.approx(
            np.linalg.norm(np.hstack(list(flat.values())), axis=1)
        )
        by_layer = measures.quantiles(history, [0.5], by="layer")
        assert list(by_layer) == ["rnn", "fc"]
        assert by_layer["fc"][:, 0] == pytest.approx(
            np.median(np.hstack([flat["fc.weight"], flat["fc.bias"]]), axis=1)
        )

    def test_a_gate_is_its_kernels_side_by_side(self, history: nwv.History, network: nwv.Network) -> None:
        found = measures.singular_values(history, by="gate", network=network)
        assert list(found) == ["rnn.i", "rnn.f", "rnn.g", "rnn.o"]
        rows = slice(16, 24)  # g is the third of torch's gates
        kernel = np.concatenate([history["rnn.weight_ih_l0"], history["rnn.weight_hh_l0"]], axis=2)[:, rows]
        assert found["rnn.g"] == pytest.approx(
            np.linalg.svd(kernel.astype(float), compute_uv=False), rel=1e-5
        )

    def test_a_bundle_is_its_matrix(self, history: nwv.History, network: nwv.Network) -> None:
        found = measures.norm(history, by="bundle", network=network)
        assert found["rnn.weight_hh_l0[f]"] == pytest.approx(
            np.linalg.norm(history["rnn.weight_hh_l0"][:, 8:16].astype(float), axis=(1, 2))
        )

    def test_weights_are_divided_by_the_norm_of_all_or_of_their_layer(self, history: nwv.History) -> None:
        assert measures.norm(history, by="all", normalise="total")["all"] == pytest.approx([1] * 9)
        assert measures.norm(history, by="layer", normalise="layer")["rnn"] == pytest.approx([1] * 9)
        total = measures.norm(history, by="all")["all"]
        assert measures.norm(history, normalise="total")["fc.weight"] == pytest.approx(
            measures.norm(history)["fc.weight"] / total
        )

    def test_parameters_can_be_chosen(self, history: nwv.History) -> None:
        assert list(measures.norm(history, parameters=["fc.bias"])) == ["fc.bias"]
        with pytest.raises(KeyError, match=r"there is no parameter 'fc\.wait'; there are: rnn"):
            measures.norm(history, parameters=["fc.wait"])

    def test_a_parameter_that_a_checkpoint_lacks_is_nan_there(self) -> None:
        history = nwv.History()
        history.record({"a": np.ones((2, 2))})
        history.record({"a": np.ones((2, 2)), "b": np.ones(3)})
        assert np.isnan(measures.norm(history)["b"]).tolist() == [True, False]

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"by": "unit"}, "by is 'unit'; it is 'parameter', 'layer', 'bundle', 'gate' or 'all'"),
            ({"by": "gate"}, "by='gate' needs network="),
            ({"normalise": "max"}, "normalise is 'max'; it is None, 'total' or 'layer'"),
            ({"by": "all", "normalise": "layer"}, "is of single layers"),
        ],
    )
    def test_what_is_not_accepted_is_told(self, history: nwv.History, wrong: Any, said: str) -> None:
        with pytest.raises(ValueError, match=said.replace("'", ".")):
            measures.norm(history, **wrong)

    def test_words_are_no_weights(self) -> None:
        with pytest.raises(TypeError, match="they are numbers, the first axis"):
            measures.norm(np.array(["a"]))
