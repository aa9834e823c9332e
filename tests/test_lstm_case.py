"""The notebook on the LSTM study tells the truth about its nets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from reference_case import Case, run


@pytest.fixture(scope="module")
def case() -> Iterator[Case]:
    with run("02_lstm_study.ipynb") as case:
        yield case


@pytest.fixture(scope="module")
def last_layer(case: Case) -> NDArray[np.float64]:
    """What the four units of the last layer put out for the training windows, ``(n_checkpoints, n_windows, 4)``.

    Layer by layer, from the recorded weights.
    """
    model, found = case["Forecaster"](), []
    for checkpoint in case["history"]:
        model.load_state_dict({name: torch.tensor(values) for name, values in checkpoint.state.items()})
        with torch.no_grad():
            hidden = model.lstm2(model.lstm1(case["windows"][: case["n_train"]])[0])[0].reshape(-1, 12 * 8)
            found.append(model.dense2(model.dense1(hidden).clamp(min=0)).clamp(min=0).double().numpy())
    return np.stack(found)


def signed(value: float) -> str:
    """As the text writes a number: ``+0.24`` or ``−0.87``."""
    return f"{value:+.2f}".replace("-", "−")


def flips(history: Any) -> NDArray[np.int64]:
    """How many weights and biases change their sign in each epoch, counted one parameter at a time."""
    counts = np.zeros(len(history) - 1, dtype=np.int64)
    for k in range(1, len(history)):
        before, after = history[k - 1].state, history[k].state
        counts[k - 1] = sum((np.sign(before[name]) != np.sign(after[name])).sum() for name in before)
    return counts


def test_the_windows_hold_what_came_before_their_target(case: Case) -> None:
    windows, targets = case["windows"], case["targets"]
    torch.testing.assert_close(windows[1:, -1, case["INTEREST"]], targets[:-1, 0])
    assert windows.shape == (190, 12, 7)
    assert case["n_train"] == int(0.75 * 190)
    rates = case["table"]["tbilrate"].to_numpy()[13:]
    assert np.corrcoef(rates, targets[:, 0])[0, 1] == pytest.approx(1, abs=1e-6)


def test_the_net_has_as_many_weights_and_errors_as_large_as_the_text_says(case: Case) -> None:
    n_parameters = sum(parameter.numel() for parameter in case["model"].parameters())
    assert case.says(f"A net of {n_parameters} weights and biases")
    rates, targets = case["targets"][:, 0].numpy(), case["targets"][case["n_train"] :, 0].numpy()
    as_before = ((rates[case["n_train"] - 1 : -1] - targets) ** 2).mean()
    with torch.no_grad():
        forecasts = case["model"](case["windows"][case["n_train"] :])[:, 0].numpy()
    error = ((forecasts - targets) ** 2).mean()
    assert case.says(f"far better on the test quarters, {as_before:.2f} against {error:.2f}")


def test_both_curves_turn_where_the_text_says(case: Case) -> None:
    loss, test_loss = case["history"].metrics["loss"], case["history"].metrics["test_loss"]
    top = max(range(61), key=lambda epoch: test_loss[epoch])
    assert case.says(f"It begins at epoch {top}, where the test error is highest")
    assert case.says("The test error first rises, for nine epochs")
    assert top == 9
    assert (np.diff(test_loss[: top + 1]) > 0).all()
    fastest = [max(range(1, 61), key=lambda epoch: c[epoch - 1] - c[epoch]) for c in (loss, test_loss)]
    assert case.says(f"in epochs {fastest[0]} and {fastest[1]} the curves fall fastest")
    assert case.says(f"the turn is epochs {top} to {fastest[1]}")


def test_links_thin_out_one_by_one_but_no_layer_does_without_decay(case: Case) -> None:
    first, last = case["history"][0].state, case["history"][-1].state
    kernels = [name for name in first if "weight" in name]
    assert len(kernels) == 7
    is_thinner = {name: np.abs(last[name]) < np.abs(first[name]) for name in kernels}
    share = np.concatenate([each.ravel() for each in is_thinner.values()]).mean()
    of_lstm = [is_thinner[name].mean() for name in kernels if "lstm" in name]
    assert case.says(f"{share * 100:.0f} % of all weights end thinner")
    assert case.says(f"of the LSTM kernels {min(of_lstm) * 100:.0f} to {max(of_lstm) * 100:.0f} %")
    growth = {name: np.linalg.norm(last[name]) / np.linalg.norm(first[name]) for name in kernels}
    assert min(growth.values()) > 1
    assert growth["dense1.weight"] > 2
    decayed = case["decayed"]
    shrink = [np.linalg.norm(decayed[name][-1]) < np.linalg.norm(decayed[name][0]) for name in kernels]
    assert sum(shrink) == 4
    assert case.says("With a strong weight decay of 1.0, four of the seven do thin out.")


def test_a_fan_becomes_all_positive_for_a_while(case: Case) -> None:
    gate = next(b for b in case["viz"].network.bundles if b.id == "lstm1.weight_ih_l0[g]")
    fan = np.stack([gate.matrix(checkpoint.state)[2] for checkpoint in case["history"]])
    negative = [case["series_names"][k] for k in np.flatnonzero(fan[1] < 0)]
    assert negative == ["consumption", "investment"]
    assert case.says("those from consumption (hardly) and from investment")
    assert -0.005 < fan[1, 1] < 0
    positive = np.flatnonzero((fan > 0).all(axis=1))
    np.testing.assert_array_equal(positive, np.arange(15, 20))
    assert case.says("from epoch 15 on, at the end of the turn, the whole fan is")
    assert case.says("at epoch 20 it has a negative weight again, and at the end three")
    assert (fan[-1] < 0).sum() == 3
    told = [(e.checkpoint, e.kind) for e in case["found"] if "unit 3 of lstm1 (gate g)" in e.sentence]
    assert (14, "all positive") in told
    assert (21, "mixed signs") in told


def test_a_unit_wakes_and_its_thick_link_shrinks_while_thin_ones_flip_and_grow(case: Case) -> None:
    fan = case["history"]["dense2.weight"][:, 0]
    assert (fan[:13] == fan[0]).all()
    assert (fan[13] != fan[12]).any()
    assert case.says("Until epoch 12 nothing moves at all.")
    assert fan[0, 0] < fan[20, 0] < fan[60, 0] < 0
    assert abs(fan[60, 0]) < abs(fan[0, 0]) / 2
    for source, turns in ((1, 14), (2, 24)):
        assert (fan[:turns, source] < 0).all()
        assert (fan[turns:, source] > 0).all()
    assert case["turns_blue"] == [14, 24]
    assert abs(fan[0, 1]) < 0.02 < 0.15 < fan[60, 1]


def test_flips_peak_at_the_turn_and_thick_links_shrink_before(case: Case) -> None:
    n_flips = flips(case["history"])
    np.testing.assert_array_equal(n_flips, case["n_flips"])
    assert case.says(f"{n_flips.max()} in epoch {n_flips.argmax() + 1}, between the two epochs")
    assert n_flips.max() > 5 * n_flips[30:].mean()
    assert case["test_top"] < n_flips.argmax() + 1 < case["steepest"]["test_loss"]
    shrunk = case["shrunk"]
    assert shrunk[0] + shrunk[5] > sum(shrunk.values()) / 2
    assert case.says("more than half of them in the first ten epochs")


def test_three_of_four_units_put_out_zero_until_the_turn(case: Case, last_layer: NDArray[np.float64]) -> None:
    np.testing.assert_allclose(case["values"], last_layer, rtol=2e-3, atol=2e-3)
    share = (last_layer == 0).mean(axis=1)  # (checkpoint, unit)
    assert (share[:12, [0, 2, 3]] == 1).all()
    assert case.says("Through epoch 11 three of the four units put out zero for every single window")
    wakes = [int(np.flatnonzero(share[:, unit] < 1)[0]) for unit in (3, 0)]
    assert case.says(f"Units 4 and 1 wake at epochs {wakes[0]} and {wakes[1]}")
    assert (share[:, 2] == 1).all()
    assert (case["history"]["dense2.weight"][:, 2] == case["history"]["dense2.weight"][0, 2]).all()
    assert case.says(f"at the end unit 1 is off for {share[-1, 0] * 100:.0f} % of them")
    revived = {e.sentence for e in case["found"] if e.kind == "unit revives" and e.checkpoint == 12}
    for said in ("unit 2 of dense1", "unit 3 of dense1", "unit 4 of dense2"):
        assert any(sentence.startswith(said) for sentence in revived)


def test_the_aligned_unit_has_the_positive_weight_and_it_is_the_units_that_turn(
    case: Case, last_layer: NDArray[np.float64]
) -> None:
    wanted = case["targets"][: case["n_train"], 0].double().numpy()

    def aligned(epoch: int, unit: int) -> float:
        x, y = last_layer[epoch, :, unit] - last_layer[epoch, :, unit].mean(), wanted - wanted.mean()
        return float((x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum()))

    onward = case["history"]["out.weight"][:, 0]
    assert case.says(f"a correlation of {signed(aligned(60, 1))}")
    assert case.says(f"the only positive weight, {signed(onward[-1, 1])}")
    assert (np.sign(onward[-1]) == [-1, 1, -1, -1]).all()
    opposed = " and ".join(signed(aligned(60, unit)) for unit in (0, 3))
    weights = " and ".join(signed(onward[-1, unit]) for unit in (0, 3))
    assert case.says(f"opposed to it ({opposed}) and have negative weights, {weights}")
    assert (np.sign(onward) == np.sign(onward[0])).all()
    start, later = signed(aligned(0, 1)), signed(aligned(4, 1))
    assert case.says(f"opposed to the target ({start}), four epochs later it is aligned ({later})")


def test_what_is_said_of_other_seeds_holds(case: Case) -> None:
    rows, runs = case["rows"], case["runs"]
    dead = [seed for seed, row in rows.items() if row["alive"] == 0]
    assert len(rows) == 5
    assert case.says(f"Two of the five nets are dead (seeds {dead[0]} and {dead[1]})")
    for seed in dead:
        moving = {name for name in runs[seed].parameters if (runs[seed][name] != runs[seed][name][0]).any()}
        assert moving == {"out.bias"}
    living = [row for seed, row in rows.items() if seed not in dead]
    assert sum(row["agree"] for row in living) == sum(row["alive"] for row in living)
    assert case.says(f"all living units agree, {sum(row['agree'] for row in living)} of 9")
    for seed, row in rows.items():
        if seed in dead:
            continue
        steepest = np.diff(runs[seed].metrics["loss"]).argmin() + 1
        assert abs(flips(runs[seed]).argmax() + 1 - steepest) <= 1
        assert row["highest test error"] <= 2
