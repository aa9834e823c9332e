"""The notebook on regularities counts what it says it counts; here with a fiftieth of its rounds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import nn

from reference_case import Case, run

LAYERS = {"hidden1": (0, 16), "hidden2": (16, 88), "hidden3": (88, 160), "out": (160, 169)}
"""From where to where the parameters of a layer are in a row of the table."""


@pytest.fixture(scope="module")
def case() -> Iterator[Case]:
    with run("04_regularities.ipynb", N_ROUNDS="300") as case:
        yield case


def ends(case: Case) -> list[list[NDArray[np.float64]]]:
    """All parameters of each net, at the first and at the last checkpoint of its history."""
    return [
        [np.concatenate([v.ravel() for v in history[k].state.values()]).astype(float) for k in (0, -1)]
        for history in case["runs"].values()
    ]


def test_the_study_has_the_size_that_its_text_says(case: Case) -> None:
    assert case.says("There are 15 000, and a checkpoint before the first and after every tenth: 1501.")
    assert case["weights"].shape == (31, 5, 169)
    assert case["x"].shape == (5000,)
    assert -3 <= float(case["x"].min()) < -2.99
    assert 2.99 < float(case["x"].max()) <= 3
    for history in case["runs"].values():
        np.testing.assert_array_equal(history.steps, np.arange(0, 301, 10))
        assert history.parameters == {
            "hidden1.weight": (8, 1),
            "hidden1.bias": (8,),
            "hidden2.weight": (8, 8),
            "hidden2.bias": (8,),
            "hidden3.weight": (8, 8),
            "hidden3.bias": (8,),
            "out.weight": (1, 8),
            "out.bias": (1,),
        }


def test_the_target_has_two_steps() -> None:
    with run("04_regularities.ipynb", n_cells=4, N_ROUNDS="300") as case:
        x = torch.tensor([-3, -2.001, -2, -1.001, -1, -0.001, 0, 1.999, 2, 3])
        assert case["steps"](x).tolist() == [0, 0, 1, 1, 0, 0, 1, 1, 0, 0]


def test_without_the_variable_the_study_is_of_full_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("N_ROUNDS", raising=False)
    with run("04_regularities.ipynb", n_cells=2) as case:
        assert (case["N_ROUNDS"], case["SHORT"]) == (15_000, 3_000)


def test_nets_trained_together_are_trained_as_if_alone(case: Case) -> None:
    """The reference is torch's own net and optimiser, one net at a time."""
    x, y = case["x"], case["steps"](case["x"])
    for k in (0, 4):
        torch.manual_seed(k)
        net = nn.Sequential(
            nn.Linear(1, 8),
            nn.ReLU(),
            nn.Linear(8, 8),
            nn.ReLU(),
            nn.Linear(8, 8),
            nn.ReLU(),
            nn.Linear(8, 1),
        )
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
        for n in range(31):
            loss = nn.functional.mse_loss(net(x[:, None])[:, 0], y)
            if n % 10 == 0:
                alone = nn.utils.parameters_to_vector(net.parameters()).detach().numpy()
                np.testing.assert_allclose(case["weights"][n // 10, k], alone, atol=2e-5)
                assert case["losses"][n // 10, k] == pytest.approx(loss.item(), rel=1e-4)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def test_training_again_gives_the_same_bits(case: Case) -> None:
    again, _ = case["train"](case["initial"](5, case["SIZES"]), case["x"], case["steps"](case["x"]), 60)
    np.testing.assert_array_equal(again, case["weights"][:7])


def test_the_histories_have_every_parameter_of_the_table(case: Case) -> None:
    for k, history in enumerate(case["runs"].values()):
        rows = [np.concatenate([v.ravel() for v in checkpoint.state.values()]) for checkpoint in history]
        np.testing.assert_array_equal(np.stack(rows), case["weights"][:, k])
        np.testing.assert_allclose(history.metrics["loss"], case["losses"][:, k], rtol=1e-6)
    with torch.no_grad():
        drawn = case["model"](case["x"][:, None])[:, 0]
    torch.testing.assert_close(drawn, case["answers"](case["final"], case["x"])[0], atol=1e-5, rtol=1e-5)


def test_silent_units_put_out_zero_for_every_x(case: Case) -> None:
    net = case["make_net"](case["SIZES"])
    nn.utils.vector_to_parameters(case["final"][2], net.parameters())
    hidden, counts = case["x"][:, None], []
    for layer in net[:-1]:
        with torch.no_grad():
            hidden = layer(hidden)
        if isinstance(layer, nn.ReLU):
            counts.append(int((hidden.max(0).values == 0).sum()))
    assert case["n_silent"](case["final"])[2].tolist() == counts


def test_a_verdict_counts_the_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with run("04_regularities.ipynb", n_cells=13, N_ROUNDS="20") as case:
        for holds, words in (
            ([0, 1, 1], "holds in 2 of 3"),
            ([1, 1], "holds in all of 2"),
            ([0], "holds in none of 1"),
        ):
            case["judge"]("it is so", np.array(holds) > 0, "A number.")
            assert case["verdicts"] == {"it is so": (words, "A number.")}
            assert f"==> it is so: {words.upper()}. A number." in capsys.readouterr().out


def test_every_claim_of_the_introduction_has_a_verdict(case: Case) -> None:
    claims = " ".join(case["verdicts"])
    for word in (
        "broadens",
        "tails",
        "rank",
        "exponentially",
        "width",
        "depth",
        "nets",
        "target",
        "grid",
        "moved",
    ):
        assert word in claims
    table = case.shown[-1].data
    assert table.count("\n") == len(case["verdicts"]) + 1
    assert all(line.replace(r"\|", "").count("|") == 4 for line in table.split("\n"))


def test_the_variance_and_its_verdict_are_those_of_the_weights(case: Case) -> None:
    factors = np.array([last.var() / first.var() for first, last in ends(case)])
    np.testing.assert_allclose(case["growth"], factors, rtol=1e-6)
    lows = []
    for first, last in ends(case):
        rng, found = np.random.default_rng(1), []
        for _ in range(2000):
            chosen = rng.integers(169, size=169)
            found.append(last[chosen].var() / first[chosen].var())
        lows.append(np.quantile(found, 0.025))
    np.testing.assert_allclose([low for low, _ in case["ratios"]], lows, rtol=0.05)
    verdict, measured = case["verdicts"]["the distribution broadens"]
    n = int((np.array(lows) > 1).sum())
    assert verdict == f"holds in {'all' if n == 5 else n or 'none'} of 5"
    assert f"{np.median(factors):.1f} ({factors.min():.1f} to {factors.max():.1f})" in measured


def test_the_tails_are_those_of_the_weights(case: Case) -> None:
    tails = case["tails"]
    for k, moments in enumerate(ends(case)):
        for at, w in zip((0, -1), moments, strict=True):
            assert tails["share of |w| > 1"][k, at] == pytest.approx((np.abs(w) > 1).mean())
            assert tails["excess kurtosis"][k, at] == pytest.approx(stats.kurtosis(w))
            beyond = (np.abs(w - w.mean()) > 3 * w.std()).mean()
            assert tails["share beyond 3 standard deviations"][k, at] == pytest.approx(beyond)
            sizes = np.sort(np.abs(w))[::-1]
            hill = 1 / np.log(sizes[:16] / sizes[16]).mean()
            assert tails["Hill tail index"][k, at] == pytest.approx(hill, rel=1e-5)


def test_within_layers_means_divided_by_the_layers_own_deviation(case: Case) -> None:
    scaled = case["standardised"](case["ends"])
    for start, stop in LAYERS.values():
        np.testing.assert_allclose(scaled[:, start:stop].mean(1), 0, atol=1e-9)
        np.testing.assert_allclose(scaled[:, start:stop].std(1), 1)
    assert sum(stop - start for start, stop in LAYERS.values()) == scaled.shape[1]
    names = [name for name, (start, stop) in LAYERS.items() for _ in range(start, stop)]
    table = case["layers_of"](np.arange(169))
    for name, values in table.items():
        assert {names[i] for i in np.ravel(values)} == {name.split(".")[0]}


def test_ranks_are_those_of_the_singular_values(case: Case) -> None:
    for k, history in enumerate(case["runs"].values()):
        for i, name in enumerate(("hidden2.weight", "hidden3.weight")):
            s = np.linalg.svd(history[name][-1].astype(float), compute_uv=False)
            p = s / s.sum()
            assert case["ranks"]["stable rank"][k, i, -1] == pytest.approx((s**2).sum() / s[0] ** 2)
            assert case["ranks"]["effective rank"][k, i, -1] == pytest.approx(np.exp(-(p * np.log(p)).sum()))
            assert case["ranks"]["numerical rank (1 %)"][k, i, -1] == (s > 0.01 * s[0]).sum()
    fallen = (
        (case["ranks"]["stable rank"][:, :, -1] < case["ranks"]["stable rank"][:, :, 0]).all(axis=1).sum()
    )
    words = {0: "none", 5: "all"}.get(int(fallen), fallen)
    assert case["verdicts"]["the stable rank falls"][0] == f"holds in {words} of 5"


def test_correlations_are_of_pairs_so_far_apart_in_one_net_or_in_two(case: Case) -> None:
    def pairs(one: int, other: int, distance: int) -> list[float]:
        found = []
        for a, name in enumerate(LAYERS):
            for b, far in enumerate(LAYERS):
                if abs(a - b) != distance or (one == other and b < a):
                    continue
                for i in range(*LAYERS[name]):
                    for j in range(*LAYERS[far]):
                        if one != other or a != b or i < j:
                            r = correlations[one * 169 + i, other * 169 + j]
                            found.append(abs(r))
        return found

    table = np.moveaxis(case["thinned"], 0, 1).reshape(len(case["thinned"][0]), -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = np.corrcoef(table, rowvar=False)
    for distance in (0, 1, 3):
        inside = np.nanmean(pairs(2, 2, distance))
        assert case["inside"][2, distance] == pytest.approx(inside, rel=1e-4)
        others = [r for other in (0, 1, 3, 4) for r in pairs(2, other, distance)]
        assert case["between"][2, distance] == pytest.approx(np.nanmean(others), rel=1e-4)


def test_a_fit_tells_an_exponential_from_a_line(case: Case) -> None:
    exponential, line, length = case["fits"](0.5 * np.exp(-np.arange(4) / 0.8))
    assert (exponential, length) == (pytest.approx(1), pytest.approx(0.8))
    assert line < 0.9
    assert np.isnan(case["fits"](np.array([0.2, 0.1, -0.1, 0.1]))[0])


def test_smaller_studies_vary_one_thing(case: Case) -> None:
    assert list(case["by_width"]) == ["1-4-4-4-1", "1-8-8-8-1", "1-16-16-16-1", "1-32-32-32-1"]
    assert list(case["by_depth"]) == ["1-8-8-1", "1-8-8-8-1", "1-8-8-8-8-1", "1-8-8-8-8-8-1"]
    same = (case["by_width"]["1-8-8-8-1"], case["by_depth"]["1-8-8-8-1"], case["by_target"]["steps"])
    for other in same[1:]:
        for name, values in same[0].items():
            np.testing.assert_array_equal(values, other[name])
    x = torch.linspace(-3, 3, 7)
    assert case["targets"]["|x|"](x).tolist() == pytest.approx([1, 2 / 3, 1 / 3, 0, 1 / 3, 2 / 3, 1])
    assert sorted(case["targets"]["shuffled steps"](x).tolist()) == sorted(case["steps"](x).tolist())


def test_an_ensemble_answers_with_the_mean(case: Case) -> None:
    assert case["many"].shape[1:] == (40, 169)
    answers = case["answers"](torch.tensor(case["many"][-1]), case["x_fresh"])
    together = nn.functional.mse_loss(answers.mean(0), case["steps"](case["x_fresh"]))
    assert case["ensemble_errors"][40] == pytest.approx(float(together), rel=1e-5)
    shuffled = case["by_chance"]
    assert shuffled.shape == (99, 4)
    seen = [d for d in range(4) if case["over_nets"][d] > shuffled[:, d].max()]
    verdict = case["verdicts"]["weights are correlated over nets"][0]
    assert verdict == (f"seen at distance {', '.join(map(str, seen))}" if seen else "not seen")


def test_on_a_grid_values_are_multiples_and_the_gradient_passes(case: Case) -> None:
    table = torch.tensor([[0.30, -0.70, 0.12], [0.30, -0.70, 0.12]], requires_grad=True)
    on_grid = case["on_grid"](torch.tensor([[0.25], [1.0]]))(table)
    torch.testing.assert_close(on_grid, torch.tensor([[0.25, -0.75, 0.0], [0.0, -1.0, 0.0]]))
    (3 * on_grid).sum().backward()
    torch.testing.assert_close(table.grad, torch.full((2, 3), 3.0))


def test_rounded_nets_have_the_errors_of_nets_with_rounded_weights(case: Case) -> None:
    x, y = case["x_small"], case["steps"](case["x_small"])
    control, found = case["grid_errors"]["rounded"]
    for k, spacing in ((0, 0), (3, 1), (4, 2)):
        size = case["SPACINGS"][spacing]
        values = case["layers_of"]((case["final"][k] / size).round() * size)
        hidden = x[:, None]
        for layer in LAYERS:
            hidden = hidden @ values[f"{layer}.weight"].T + values[f"{layer}.bias"]
            hidden = hidden if layer == "out" else hidden.clamp(min=0)
        assert found[spacing, k] == pytest.approx(float(((hidden[:, 0] - y) ** 2).mean()), rel=1e-4)
    tolerated = 0.01 * float(y.var())
    for k, coarsest in enumerate(case["coarsest"](control, found)):
        good = [s for i, s in enumerate(case["SPACINGS"]) if (found[i:, k] <= control[k] + tolerated).all()]
        assert coarsest == max(good, default=0)


def test_so_many_weights_are_perturbed_by_so_much(case: Case) -> None:
    seen = []

    def recorded(tables: torch.Tensor, *_: object) -> torch.Tensor:
        seen.append((tables - case["final"][1]).numpy())
        return torch.zeros(len(tables))

    errors, case.values["errors"] = case["errors"], recorded
    try:
        case["perturbed_errors"](1, 16, 0.1, np.random.default_rng(5))
    finally:
        case.values["errors"] = errors
    (noise,) = seen
    assert noise.shape == (50, 169)
    assert ((noise != 0).sum(axis=1) == 16).all()
    assert noise[noise != 0].std() == pytest.approx(0.1, rel=0.1)
    assert (noise != 0).any(axis=0).sum() > 150  # which ones is chosen anew for each draw


def test_the_edge_is_where_half_of_the_draws_move_the_result(case: Case) -> None:
    shares = (case["rises"] > case["TOLERATED"]).mean(axis=3)
    sizes = case["DEVIATIONS"]
    assert (sizes[0], sizes[-1]) == (pytest.approx(1e-4), pytest.approx(1))
    for k, i in ((0, 8), (3, 5)):
        crosses = np.flatnonzero(shares[k, i] >= 0.5)[0]
        assert sizes[crosses - 1] < case["edges"][k, i] <= sizes[crosses]
    assert np.isnan(case["edge"](np.zeros(13)))
    assert case["slope"](0.3 * np.array(case["NUMBERS"]) ** -0.5) == pytest.approx(-0.5)


def test_single_weights_are_moved_and_removed_one_by_one(case: Case) -> None:
    x, y = case["x_small"], case["steps"](case["x_small"])
    for k, i in ((0, 20), (2, 100), (4, 168)):
        net, rises = case["final"][[k]].clone(), []
        before, kept = case["errors"](net, x, y), float(net[0, i])
        for value in (0.0, kept + 0.01, kept - 0.01):
            net[0, i] = value
            rises.append(float(case["errors"](net, x, y) - before))
        assert case["harm"][k, i] == pytest.approx(rises[0], abs=1e-6)
        assert case["sensitivity"][k, i] == pytest.approx((rises[1] + rises[2]) / 2, abs=1e-6)
