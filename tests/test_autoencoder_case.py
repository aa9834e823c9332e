"""The notebook on the 8-3-8 autoencoder tells the truth about its nets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from nnweightviz.history import History
from reference_case import Case, run

PLATEAU = ((np.eye(8) - 1 / 8) ** 2).mean()


@pytest.fixture(scope="module")
def case() -> Iterator[Case]:
    with run("03_autoencoder_8_3_8.ipynb") as case:
        yield case


def stands(history: History) -> tuple[int, int | None]:
    """From which step to which the error is within 2 % of the plateau, found one by one."""
    enters = None
    for step, loss in zip(*history.log_metrics["loss"], strict=True):
        if enters is None and loss < 1.02 * PLATEAU:
            enters = int(step)
        if enters is not None and loss < 0.98 * PLATEAU:
            return enters, int(step)
    assert enters is not None
    return enters, None


def hidden_outputs(model: torch.nn.Module) -> NDArray[np.float64]:
    """What the three units put out for each pattern ``(8, 3)``, from the weights alone."""
    state = {name: values.numpy() for name, values in model.state_dict().items()}
    return 1 / (1 + np.exp(-(state["encoder.weight"].T + state["encoder.bias"])))


def test_the_net_begins_as_the_text_says_and_its_error_is_that_of_its_outputs(case: Case) -> None:
    first = case["history"][0].state
    together = np.concatenate([values.ravel() for values in first.values()])
    assert together.size == 59
    assert case.says("all 59 weights and biases begin at normal random numbers with variance 0.01")
    assert abs(together.mean()) < 0.05
    assert together.std() == pytest.approx(0.1, rel=0.25)
    hidden = 1 / (1 + np.exp(-(first["encoder.weight"].T + first["encoder.bias"])))
    answers = 1 / (1 + np.exp(-(hidden @ first["decoder.weight"].T + first["decoder.bias"])))
    assert ((answers - np.eye(8)) ** 2).mean() == pytest.approx(case["history"].metrics["loss"][0], rel=1e-12)


def test_the_plateau_is_at_seven_64ths_and_as_long_as_the_text_says(case: Case) -> None:
    assert pytest.approx(7 / 64) == PLATEAU
    enters, leaves = stands(case["history"])
    assert (enters, leaves) == (case["enters"], case["leaves"])
    assert case.says(f"It enters at step {enters} and leaves at step {leaves}.")
    steps, losses = case["history"].log_metrics["loss"]
    on_it = losses[(steps >= enters) & (steps < leaves)]
    np.testing.assert_allclose(on_it, PLATEAU, rtol=0.02)


def test_on_the_plateau_only_the_hidden_biases_stand_out(case: Case) -> None:
    shares = case["shares"]
    assert shares["encoder.bias"].min() > 1 / 3
    assert max(shares[name].max() for name in ("encoder.weight", "decoder.bias", "decoder.weight")) < 1 / 6
    steps = case["history"].steps
    early = (steps >= 30) & (steps <= 400)
    assert (case["history"]["decoder.weight"][early] < 0).all()
    encoder = case["history"]["encoder.weight"][early]
    assert ((encoder > 0).any(axis=(1, 2)) & (encoder < 0).any(axis=(1, 2))).all()


def test_biases_grow_first_in_both_layers_and_are_overtaken(case: Case) -> None:
    moves = case["moves"]
    state, first = (case["history"][k].state for k in (3, 0))
    assert case["history"].steps[3] == 30
    by_hand = np.linalg.norm(state["decoder.bias"] - first["decoder.bias"]) / np.sqrt(8)
    assert moves[30]["decoder.bias"] == pytest.approx(by_hand, rel=1e-12)
    assert moves[30]["encoder.bias"] > 7 * moves[30]["encoder.weight"]
    assert moves[30]["decoder.bias"] == pytest.approx(2 * moves[30]["decoder.weight"], rel=0.1)
    for step, leads in ((100, True), (450, True), (1200, False)):
        for layer in ("encoder", "decoder"):
            assert (moves[step][f"{layer}.bias"] > moves[step][f"{layer}.weight"]) == leads
    assert moves[6000]["decoder.bias"] == pytest.approx(moves[6000]["decoder.weight"], rel=0.05)
    assert moves[6000]["encoder.bias"] < moves[6000]["encoder.weight"] / 5


def test_the_gradient_of_a_hidden_bias_is_the_sum_over_its_weights(case: Case) -> None:
    encoder = case["fresh"].encoder
    torch.testing.assert_close(encoder.weight.grad.sum(1), encoder.bias.grad)
    assert float(encoder.bias.grad.abs().max()) > 1e-3


def test_the_way_along_the_plateau_hardly_depends_on_the_pace(case: Case) -> None:
    ends = case["ends"]
    ways = [rate * end for (rate, batch_size), end in ends.items() if batch_size == 8]
    assert len(ways) == 4
    assert case.says(f"{min(ways):.0f} to {max(ways):.0f}, from a learning rate of 0.1 to one of 5")
    small, full = ends[0.0625, 1], ends[0.5, 1]
    assert case.says(f"{small} steps are {small // 8} rounds, instead of {ends[0.5, 8]}")
    assert case.says(f"{full * 0.5:.0f}, but walked in {full // 8} rounds")


def test_weight_decay_is_felt_at_the_exit_of_the_plateau(case: Case) -> None:
    found = {decay: stands(run) for decay, run in case["decays"].items()}
    assert found == case["decayed_plateaus"]
    entries = [enters for enters, _ in found.values()]
    assert case.says(f"{min(entries)} to {max(entries)}: decay hardly matters while weights are small")
    exits = [leaves for _, leaves in found.values()]
    assert exits[-1] is None
    assert exits[:-1] == sorted(exits[:-1])
    assert case.says(f"{exits[0]} without decay, {exits[-2]} with 0.003. With 0.01 the net never leaves.")
    kernel = case["decays"][1e-2]["encoder.weight"][-1]
    assert (kernel.round(2) == 0.08).all()
    assert case.says("at the end all 24 of them are 0.08, when rounded")
    last = case["decays"][1e-2][-1].state
    hidden = 1 / (1 + np.exp(-(last["encoder.weight"].T + last["encoder.bias"])))
    answers = 1 / (1 + np.exp(-(hidden @ last["decoder.weight"].T + last["decoder.bias"])))
    assert (answers.round(2) == 0.15).all()
    assert case.says("The answer to everything is 0.15. That is above 1/8")


def test_decoupled_decay_is_that_of_torch_for_plain_gradient_descent(case: Case) -> None:
    assert case["gap"] < 1e-10


def test_thresholds_read_eight_codes_of_three_digits(case: Case) -> None:
    codes = case["codes"]
    assert sorted(codes) == [f"{number:03b}" for number in range(8)]
    swapped = hidden_outputs(case["model"]) < 0.5  # a positive weight says 0
    assert codes == ["".join(str(int(digit)) for digit in row) for row in swapped]
    weakest = np.abs(case["history"]["encoder.weight"][-1]).min()
    assert case.says(f"the weakest weight is {weakest:.2f}")


def test_the_code_can_be_read_long_after_the_patterns_are_right(case: Case) -> None:
    assert case.says(f"The first digit is written at step {case['first_digit']}, soon after the plateau")
    assert case.says(f"the last one only at step {case['readable']}")
    assert case.says(f"All eight patterns are right from step {case['solved']} on")
    assert case["leaves"] < case["first_digit"] < case["solved"] < case["readable"]
    kernels = case["history"]["encoder.weight"]
    is_read = (np.abs(kernels) >= 1).all(axis=(1, 2)) & (case["n_codes"] == 8)
    np.testing.assert_array_equal(is_read, case["history"].steps >= case["readable"])
    told = case["told"][case["history"].steps >= case["solved"]]
    assert (told == np.arange(8)).all()


def test_other_seeds_keep_the_plateau_but_not_the_tidy_code(case: Case) -> None:
    n_undecided, found = [], []
    for model, history in case["others"].values():
        weights = model.encoder.weight.detach().numpy()
        n_undecided.append(int(((weights < 1) & (weights >= -1)).sum()))
        found.append(stands(history))
        with torch.no_grad():
            assert (model(torch.eye(8, dtype=torch.float64)).argmax(1) == torch.arange(8)).all()
    entries, exits = zip(*found, strict=True)
    assert case.says(f"at steps {min(entries)} to {max(entries)} and {min(exits)} to {max(exits)}")
    assert case.says(f"leaves {min(n_undecided)} to {max(n_undecided)} of its 24 digits undecided")
