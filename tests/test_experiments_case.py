"""The notebook of experiments with weights concludes what its nets show; here with few epochs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.datasets import make_classification
from torch import nn

from nnweightviz.history import History
from reference_case import Case, run

KERNELS = ["hidden1.weight", "hidden2.weight", "hidden3.weight", "out.weight"]
N_EPOCHS = 8


@pytest.fixture(scope="module")
def case() -> Iterator[Case]:
    with run("05_weight_experiments.ipynb", N_EPOCHS=str(N_EPOCHS)) as case:
        yield case


def verdict_of(holds: list[bool]) -> str:
    n = sum(map(bool, holds))
    return f"holds in {'none' if n == 0 else 'all' if n == len(holds) else n} of {len(holds)}"


def ranged(values: list[float], form: str) -> str:
    return f"{np.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def way_of(history: History, name: str) -> list[float]:
    """How long the update of each epoch is, found one by one."""
    states = [checkpoint.state[name].astype(float) for checkpoint in history]
    return [float(np.sqrt(((b - a) ** 2).sum())) for a, b in pairwise(states)]


def test_without_the_variable_there_are_a_hundred_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("N_EPOCHS", raising=False)
    with run("05_weight_experiments.ipynb", n_cells=2) as case:
        assert case["N_EPOCHS"] == 100


def test_the_points_are_what_the_text_says(case: Case) -> None:
    features, classes = make_classification(
        1000, 12, n_informative=4, n_redundant=2, flip_y=0.1, shuffle=False, random_state=0
    )
    together = np.concatenate([case["train_x"], case["test_x"]])
    wanted = (features[case["order"]] - features[case["order"][:600]].mean(0)) / features[
        case["order"][:600]
    ].std(0, ddof=1)
    np.testing.assert_allclose(together, wanted, atol=1e-4)
    np.testing.assert_array_equal(np.concatenate([case["train_y"], case["test_y"]]), classes[case["order"]])
    assert case["kind_of"].tolist() == ["informative"] * 4 + ["redundant"] * 2 + ["noise"] * 6
    for k in range(4, 6):  # a redundant feature is a mixture of the informative ones
        mixture = np.linalg.lstsq(features[:, :4], features[:, k], rcond=None)
        assert mixture[1] < 1e-6
    labels, counts = np.unique(case["train_y"], return_counts=True)
    assert case["without_looking"] == pytest.approx(
        float((case["test_y"].numpy() == labels[counts.argmax()]).mean())
    )


def test_the_nets_have_the_layers_that_they_are_named_after(case: Case) -> None:
    shapes = case["deep_runs"]["seed 0"].parameters
    assert [shapes[name] for name in KERNELS] == [(50, 12), (50, 50), (50, 50), (2, 50)]
    wide = case["penalised"]["none", 0.0, 0].parameters
    assert [wide[name] for name in case["WIDE_KERNELS"]] == [(50, 12), (50, 50), (2, 50)]
    assert all(len(history) == N_EPOCHS + 1 for history in case["deep_runs"].values())


def test_training_again_gives_the_same_bits(case: Case) -> None:
    _, again = case["train"]((12, 50, 50, 2), 0, "L1", 0.001)
    for name in again.parameters:
        np.testing.assert_array_equal(again[name], case["penalised"]["L1", 0.001, 0][name])


@pytest.mark.parametrize(("penalty", "of_weights"), [("L1", np.sign), ("L2", lambda w: 2 * w)])
def test_a_penalty_pulls_at_the_weights_alone(case: Case, penalty: str, of_weights: np.ufunc) -> None:
    net = case["make_net"]((12, 50, 50, 2), 0)
    total = sum(case["PENALTIES"][penalty](p) for name, p in net.named_parameters() if "weight" in name)
    total.backward()
    for name, parameter in net.named_parameters():
        if "weight" in name:
            np.testing.assert_allclose(parameter.grad, of_weights(parameter.detach().numpy()), rtol=1e-6)
        else:
            assert parameter.grad is None


def test_training_with_a_penalty_is_that_of_torch(case: Case) -> None:
    """L2 of strength λ in the loss is torch's own weight decay of 2 λ, of the weights and not of the biases."""
    net = case["make_net"]((12, 50, 50, 2), 0)
    kernels = [p for name, p in net.named_parameters() if "weight" in name]
    biases = [p for name, p in net.named_parameters() if "bias" in name]
    optimizer = torch.optim.Adam([{"params": kernels, "weight_decay": 0.02}, {"params": biases}], lr=1e-3)
    for batch in torch.randperm(600).split(32):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(case["train_x"][batch]), case["train_y"][batch]).backward()
        optimizer.step()
    epoch1 = case["penalised"]["L2", 0.01, 0][1].state
    for name, parameter in net.named_parameters():
        np.testing.assert_allclose(epoch1[name], parameter.detach().numpy(), atol=1e-5)


def test_updates_are_the_norms_of_what_an_epoch_changes(case: Case) -> None:
    shrunk, rests = [], []
    for k, history in enumerate(case["deep_runs"].values()):
        ways = np.array([way_of(history, name) for name in KERNELS])
        np.testing.assert_allclose(case["updates"][k, :, 1:], ways, rtol=1e-6)
        shrunk.append(bool((ways[:, -1] / ways[:, 0] < 0.5).all()))
        norms = [np.linalg.norm(history[name][-2].astype(float)) for name in KERNELS]
        rests.append(max(ways[:, -1] / norms))
    assert case["verdicts"]["the updates shrink"][0] == verdict_of(shrunk)
    verdict, measured = case["verdicts"]["the layers come to rest"]
    assert verdict == verdict_of([rest < 1e-3 for rest in rests])
    assert ranged(rests, ".1%") in measured


def test_axes_begin_at_zero_or_say_that_they_are_logarithmic(case: Case) -> None:
    figures = [case["plt"].figure(number) for number in case["plt"].get_fignums()]
    axes = [axis for figure in figures for axis in figure.axes if axis.lines]
    bounded = [a for a in axes if a.get_yscale() == "linear" and min(map(lowest, a.lines)) >= 0]
    assert len(bounded) >= 8
    assert all(axis.get_ylim()[0] == 0 for axis in bounded)
    for axis in axes:
        if axis.get_xscale() == "log" or (axis.get_yscale() == "log" and axis.get_title().startswith("‖")):
            assert "logarithmic" in axis.get_xlabel() + axis.get_title()


def lowest(line: object) -> float:
    return float(np.nanmin(np.asarray(line.get_ydata(), dtype=float)))  # type: ignore[attr-defined]


def test_a_layer_has_settled_when_it_stays_within_a_quarter_of_the_way(case: Case) -> None:
    history = History()
    for epoch, place in enumerate((8.0, 1.0, 4.0, 1.0, 0.0)):  # distances from the end: near, far again, near
        history.record({name: np.array([place]) for name in KERNELS}, epoch=epoch)
    np.testing.assert_allclose(
        case["settled"](history), 2 + 2 / 3
    )  # 2 of 8 is between the third and the fourth
    order = [np.diff(case["settled"](each)) > 0 for each in case["deep_runs"].values()]
    verdict = case["verdicts"]["the layers settle from the input to the output"][0]
    assert verdict == verdict_of([bool(each.all()) for each in order])


def test_the_falling_rate_falls_to_nearly_zero(case: Case) -> None:
    assert "with a falling rate the last update is smaller" in case["verdicts"]
    for k, history in enumerate(case["falling"].values()):
        moves = [way_of(history, name)[-1] / np.linalg.norm(history[name][-2]) for name in KERNELS]
        assert case["falling_moves"][k] == pytest.approx(max(moves), rel=1e-5)
    first = case["falling"]["seed 0"][1].state, case["deep_runs"]["seed 0"][1].state
    np.testing.assert_array_equal(
        first[0]["out.weight"], first[1]["out.weight"]
    )  # the first epoch is at full rate


def test_the_ways_of_weights_are_those_of_the_histories(case: Case) -> None:
    stays, keeps, straight = [], [], []
    for history in case["deep_runs"].values():
        first = np.concatenate([history[0].state[name].ravel() for name in KERNELS])
        last = np.concatenate([history[-1].state[name].ravel() for name in KERNELS])
        stays.append(stats.spearmanr(abs(first), abs(last)).statistic)
        keeps.append(((first > 0) == (last > 0)).mean())
        distances = [
            np.linalg.norm(history[-1].state[n].astype(float) - history[0].state[n]) for n in KERNELS
        ]
        straight.append([d / sum(way_of(history, n)) for d, n in zip(distances, KERNELS, strict=True)])
    verdicts = case["verdicts"]
    assert verdicts["weights that begin large end large"][0] == verdict_of([s > 0.5 for s in stays])
    assert ranged(stays, ".2f") in verdicts["weights that begin large end large"][1]
    assert verdicts["weights keep their sign"][0] == verdict_of([s >= 0.9 for s in keeps])
    np.testing.assert_allclose(case["straight"], straight, rtol=1e-5)
    assert verdicts["layers go straight"][0] == verdict_of([min(each) > 0.5 for each in straight])


def test_what_is_told_of_penalties_is_counted_from_the_weights(case: Case) -> None:
    for (penalty, strength), row in case["rows"].items():
        for seed in range(3):
            history, net = (case[name][penalty, strength, seed] for name in ("penalised", "nets"))
            weights = np.concatenate([history[name][-1].ravel() for name in case["WIDE_KERNELS"]])
            assert row["norm"][seed] == pytest.approx(np.sqrt((weights.astype(float) ** 2).sum()), rel=1e-5)
            assert row["small"][seed] == pytest.approx((abs(weights) <= 0.01).sum() / 3200)
            with torch.no_grad():
                right = (net(case["test_x"]).argmax(1) == case["test_y"]).sum() / 400
            assert row["test"][seed] == pytest.approx(float(right))
            into = history["hidden1.weight"][-1]
            sizes = np.sqrt((into**2).sum(axis=0))
            assert row["noise"][seed] == pytest.approx(sizes[6:].mean() / sizes[:4].mean(), rel=1e-5)


def test_conclusions_on_penalties_follow_from_their_criteria(case: Case) -> None:
    rows, verdicts = case["rows"], case["verdicts"]
    none = rows["none", 0.0]
    for strength in (0.1, 1.0):
        more = rows["L1", strength]["small"] > rows["L2", strength]["small"]
        assert verdicts[f"L1 makes more weights small than L2, at {strength:g}"][0] == verdict_of(list(more))
    for penalty in ("L1", "L2"):
        strengths = [1e-4, 1e-3, 1e-2, 0.1, 1.0]
        norms = [none["norm"], *(rows[penalty, strength]["norm"] for strength in strengths)]
        falls = [all(a[k] > b[k] for a, b in pairwise(norms)) for k in range(3)]
        assert verdicts[f"{penalty} makes the norm smaller, the stronger the smaller"][0] == verdict_of(falls)
        for strength in (0.1, 1.0):
            harmless = rows[penalty, strength]["test"] >= none["test"] - 0.02
            assert verdicts[f"{penalty} of {strength:g} does no harm"][0] == verdict_of(list(harmless))
        helps = rows[penalty, 0.001]["test"] >= none["test"] + 0.01
        assert verdicts[f"{penalty} of 0.001 helps"][0] == verdict_of(list(helps))
    verdict, measured = verdicts["L1 of 0.001 silences the noise"]
    assert verdict == verdict_of(list(rows["L1", 0.001]["noise"] < 0.1))
    told = [ranged(rows[key]["noise"], ".2f") for key in (("L1", 0.001), ("L2", 0.001), ("none", 0.0))]
    assert measured == (
        f"A noise feature has {told[0]} of the norm of an informative one, "
        f"with L2 {told[1]}, without penalty {told[2]}."
    )
    assert list(case["histories"]) == [
        "no penalty",
        *(f"{p} {s:g}" for p in ("L1", "L2") for s in (0.001, 0.1, 1)),
    ]


def test_all_conclusions_are_in_the_table_at_the_end(case: Case) -> None:
    table = case.shown[-1].data
    assert all(
        f"| {hypothesis} | **{verdict}** |" in table for hypothesis, (verdict, _) in case["verdicts"].items()
    )
    assert table.count("\n") == len(case["verdicts"]) + 1
