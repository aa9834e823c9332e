"""Probes: what they take, which items they keep, and what they score, against torch and scikit-learn."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from sklearn.metrics import accuracy_score, confusion_matrix
from torch import Tensor, nn

import nnweightviz as nwv
from nnweightviz.moments import events
from nnweightviz.probe import (
    Outputs,
    Probe,
    ProbeCancelledError,
    ProbeError,
    as_probe,
    outputs_of,
    sample,
    scores,
)

torch.set_num_threads(1)
N, N_TEST = 40, 15


def recorded(model: nn.Module, n: int = 3) -> nwv.History:
    torch.manual_seed(3)
    history = nwv.History()
    for k in range(n):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.3 * torch.randn_like(parameter)
        history.record(model, step=k)
    return history


def net(*last: nn.Module, n_out: int = 1) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, n_out), *last)


def probed(model: nn.Module, probe: Any, n: int = 3, **more: Any) -> Outputs:
    return outputs_of(model, recorded(model, n), nwv.as_network(model), probe, **more)


def data(n_classes: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(5)
    x, x_test = (torch.randn(n, 4, generator=generator) for n in (N, N_TEST))
    if n_classes:
        y, y_test = (torch.randint(n_classes, (n,), generator=generator) for n in (N, N_TEST))
    else:
        y, y_test = (torch.randn(n, generator=generator) for n in (N, N_TEST))
    return x, y, x_test, y_test


def test_real_targets_are_scored_by_the_squared_error_of_each_split() -> None:
    x, y, x_test, y_test = data()
    model = net()
    outputs = probed(model, (x, y, x_test, y_test))
    assert outputs.loss_name == "mean squared error"
    assert any("guessed: mean squared error, as targets are real numbers" in note for note in outputs.notes)
    for split, inputs, targets in (("train", x, y), ("test", x_test, y_test)):
        expected = F.mse_loss(model(inputs)[:, 0], targets).item()
        assert outputs.loss[split].shape == (3,)
        assert outputs.loss[split][-1] == pytest.approx(expected, rel=1e-6)
    assert outputs.accuracy == outputs.confusion == {}
    expected_residuals = torch.cat([y, y_test])[:, None] - model(torch.cat([x, x_test]))
    np.testing.assert_allclose(outputs.residuals[-1], expected_residuals.detach(), atol=1e-6)
    assert outputs.is_test.tolist() == [False] * N + [True] * N_TEST
    assert outputs.probabilities is None


@pytest.mark.parametrize(
    ("last", "form"),
    [
        ([], "logits"),
        ([nn.Softmax(-1)], "probabilities"),
        ([nn.LogSoftmax(-1)], "log-probabilities"),
    ],
)
def test_integer_targets_are_classes_whatever_form_predictions_have(last: list[nn.Module], form: str) -> None:
    x, y, x_test, y_test = data(n_classes=3)
    model = net(*last, n_out=3)
    outputs = probed(model, (x, y, x_test, y_test))
    assert (outputs.task.kind, outputs.task.form) == ("classes", form)
    for split, inputs, targets in (("train", x, y), ("test", x_test, y_test)):
        logits = model[:3](inputs)
        told = logits.argmax(1)
        assert outputs.loss[split][-1] == pytest.approx(F.cross_entropy(logits, targets).item(), rel=1e-5)
        assert outputs.accuracy[split][-1] == pytest.approx(accuracy_score(targets, told))
        expected = confusion_matrix(targets, told, labels=range(3))
        np.testing.assert_array_equal(outputs.confusion[split][-1], expected)
    expected = F.softmax(model[:3](torch.cat([x, x_test])), 1).detach()
    np.testing.assert_allclose(outputs.probabilities[-1], expected, atol=1e-6)
    assert outputs.residuals is None


@pytest.mark.parametrize(("last", "form"), [([], "logits"), ([nn.Sigmoid()], "probabilities")])
@pytest.mark.parametrize("shape", [(N,), (N, 1)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.bool])
def test_one_output_for_targets_of_0_and_1_is_a_yes_or_no(
    last: list[nn.Module], form: str, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    x, y, _, _ = data(n_classes=2)
    model = net(*last)
    outputs = probed(model, (x, y.reshape(shape).to(dtype)))
    logits = model[:3](x)[:, 0]
    assert (outputs.task.kind, outputs.task.form) == ("binary", form)
    expected = F.binary_cross_entropy_with_logits(logits, y.float()).item()
    assert outputs.loss["train"][-1] == pytest.approx(expected, rel=1e-5)
    told = (logits > 0).long()
    assert outputs.accuracy["train"][-1] == pytest.approx(accuracy_score(y, told))
    np.testing.assert_array_equal(outputs.confusion["train"][-1], confusion_matrix(y, told))
    np.testing.assert_allclose(outputs.probabilities[-1][:, 0], logits.sigmoid().detach(), atol=1e-6)


def test_outputs_are_told_in_a_line() -> None:
    outputs = probed(net(), data())
    loss, test_loss = (f"{outputs.loss[split][-1]:.4g}" for split in ("train", "test"))
    assert repr(outputs) == (
        f"Outputs of 0, 2: 3 checkpoints, {N} train and {N_TEST} test items kept; at the last "
        f"mean squared error (train) {loss}, mean squared error (test) {test_loss}"
    )


@pytest.mark.parametrize("loss", [F.mse_loss, nn.L1Loss(), nn.HuberLoss()])
def test_targets_of_0_and_1_are_numbers_if_the_loss_is_one_of_numbers(loss: Any) -> None:
    x, y, _, _ = data(n_classes=2)
    model = net()
    outputs = probed(model, Probe(x, y.float(), loss=loss))
    assert outputs.task.kind == "regression"
    assert outputs.loss["train"][-1] == pytest.approx(loss(model(x)[:, 0], y.float()).item(), rel=1e-5)
    np.testing.assert_allclose(outputs.residuals[-1], (y[:, None] - model(x)).detach(), atol=1e-6)
    assert outputs.accuracy == {}
    assert probed(net(nn.Sigmoid()), Probe(x, y.float(), loss=loss)).task.kind == "binary"


def test_one_hot_targets_of_a_softmax_are_classes_and_of_an_autoencoder_numbers() -> None:
    x, y, _, _ = data(n_classes=3)
    model = net(nn.Softmax(-1), n_out=3)
    outputs = probed(model, (x, F.one_hot(y, 3).float()))
    assert outputs.loss_name == "cross-entropy"
    assert outputs.loss["train"][-1] == pytest.approx(F.cross_entropy(model[:3](x), y).item(), rel=1e-5)
    patterns = torch.eye(4)
    coder = nn.Sequential(nn.Linear(4, 2), nn.Sigmoid(), nn.Linear(2, 4), nn.Sigmoid())
    outputs = probed(coder, (patterns, patterns))
    assert outputs.loss["train"][-1] == pytest.approx(F.mse_loss(coder(patterns), patterns).item(), rel=1e-6)


def test_classes_of_every_time_step_are_scored_wherever_their_axis_is() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(N, 5, 4), torch.randint(3, (N, 5))
    model = net(n_out=3)
    outputs = probed(model, (x, y))
    logits = model(x)
    expected = F.cross_entropy(logits.movedim(2, 1), y).item()
    assert outputs.loss["train"][-1] == pytest.approx(expected, rel=1e-5)
    assert outputs.accuracy["train"][-1] == pytest.approx((logits.argmax(2) == y).float().mean().item())


def test_a_given_loss_is_taken_of_all_items_at_once() -> None:
    x, y, x_test, y_test = data()

    def largest_error(prediction: Tensor, targets: Tensor) -> Tensor:  # no mean over batches
        return (prediction - targets).abs().max()

    model = net()
    probe = Probe(x, y, x_test, y_test, loss=largest_error, batch_size=4)
    outputs = probed(model, probe)
    assert outputs.loss_name == "largest_error"
    for split, inputs, targets in (("train", x, y), ("test", x_test, y_test)):
        expected = (model(inputs)[:, 0] - targets).abs().max().item()
        assert outputs.loss[split][-1] == pytest.approx(expected, rel=1e-6)
    assert not any("guessed" in note for note in outputs.notes)


def test_a_given_loss_of_many_predictions_is_a_mean_of_parts_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scores, "MAX_HELD_BYTES", 16)
    x, y, _, _ = data()
    model = net()
    outputs = probed(model, Probe(x, y, loss=nn.MSELoss(), batch_size=7))
    assert outputs.loss["train"][-1] == pytest.approx(F.mse_loss(model(x)[:, 0], y).item(), rel=1e-6)
    assert any("mean of its values for parts" in note for note in outputs.notes)


def test_a_given_loss_that_fails_is_named_with_what_it_got() -> None:
    x, y, _, _ = data()
    with pytest.raises(ProbeError, match=r"loss that was given failed: .*prediction of shape \(40, 1\)"):
        probed(net(), Probe(x, y, loss=nn.CrossEntropyLoss(weight=torch.ones(3))))


def test_targets_that_do_not_fit_give_no_loss_and_a_note() -> None:
    x, _, _, _ = data()
    outputs = probed(net(), (x, torch.randn(N, 3)))
    assert outputs.loss == {}
    assert any("no loss: predictions of shape (1,) an item" in note for note in outputs.notes)


def test_a_run_that_diverged_has_no_loss_and_no_right_answers() -> None:
    x, y, _, _ = data(n_classes=3)
    model = net(n_out=3)
    history = recorded(model, 2)
    state = {name: np.full_like(array, np.nan) for name, array in history[1].state.items()}
    history.record(state, step=9)
    outputs = outputs_of(model, history, nwv.as_network(model), (x, y))
    assert np.isfinite(outputs.loss["train"][:2]).all()
    assert np.isnan(outputs.loss["train"][2])
    assert outputs.accuracy["train"][2] == 0
    assert outputs.confusion["train"][2].sum() == 0
    assert not outputs.groups["0"].is_dead[2].any()


def test_kept_items_are_stated_evenly_spread_and_the_same_each_time() -> None:
    x, x_test = torch.randn(1000, 4), torch.randn(100, 4)
    y, y_test = torch.randn(1000), torch.randn(100)
    probe = Probe(x, y, x_test, y_test, n_items=60)
    model = net()
    one, two = probed(model, probe), probed(model, probe, n=5)
    for split, n in (("train", 1000), ("test", 100)):
        items = one.items[split]
        np.testing.assert_array_equal(items, two.items[split])
        assert len(set(items.tolist())) == len(items)
        stretches = np.floor(items / n * len(items)).astype(int)
        np.testing.assert_array_equal(stretches, np.arange(len(items)))
    assert (len(one.items["train"]), len(one.items["test"])) == (40, 20)
    assert any("60 of 1100 items (40 of 1000 in training and 20 of 100 in test)" in n for n in one.notes)
    other = probed(model, Probe(x, y, x_test, y_test, n_items=60, seed=1))
    assert other.items["train"].tolist() != one.items["train"].tolist()
    every = torch.cat([x[one.items["train"]], x_test[one.items["test"]]])
    probed(model, probe)
    np.testing.assert_allclose(other.prediction.shape, (3, 60, 1))
    history = recorded(model, 1)
    kept = outputs_of(model, history, nwv.as_network(model), probe)
    np.testing.assert_allclose(kept.prediction[0], model(every).detach(), atol=1e-6)
    np.testing.assert_allclose(kept.groups["0"].values[0, :, 0], model[:2](every).detach(), atol=1e-6)
    np.testing.assert_array_equal(
        kept.targets, np.concatenate([y[one.items["train"]], y_test[one.items["test"]]])
    )


def test_of_many_time_steps_some_are_kept_the_ends_among_them() -> None:
    model = nn.GRU(2, 3, batch_first=True)
    x = torch.randn(5, 100, 2)
    history = recorded(model, 1)
    outputs = outputs_of(model, history, nwv.as_network(model, x[:2]), Probe(x, n_positions=10))
    group = outputs.groups["gru.l0"]
    assert group.positions.tolist() == [0, 11, 22, 33, 44, 55, 66, 77, 88, 99]
    assert group.n_positions == 100
    np.testing.assert_allclose(group.values[0], model(x)[0][:, group.positions].detach(), atol=1e-6)
    np.testing.assert_allclose(group.peaks[0], model(x)[0].abs().amax((0, 1)).detach(), atol=1e-6)
    assert any("of 100 time steps, outputs are kept of 10" in note for note in outputs.notes)


def test_many_outputs_are_kept_as_half_floats_and_too_many_of_fewer_items(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, y, _, _ = data()
    model = net()
    exact = probed(model, (x, y))
    monkeypatch.setattr(sample, "EXACT_BYTES", 100)
    model = net()
    rounded = probed(model, (x, y))
    assert exact.groups["0"].values.dtype == np.float32
    assert rounded.groups["0"].values.dtype == np.float16
    np.testing.assert_allclose(rounded.groups["0"].values, exact.groups["0"].values, rtol=1e-3, atol=1e-6)
    assert any("float16" in note for note in rounded.notes)
    monkeypatch.setattr(sample, "MAX_BYTES", 3 * 24 * 3 * 2)
    model = net()
    few = probed(model, (x, y))
    assert few.n_items == 24
    assert few.groups["0"].values.shape == (3, 24, 0, 6)
    assert any("too large to keep outputs of single items: '0'" in note for note in few.notes)
    np.testing.assert_allclose(few.groups["0"].peaks, exact.groups["0"].peaks, atol=1e-6)


def test_progress_is_told_from_nothing_to_all() -> None:
    told: list[tuple[int, int]] = []
    x, _, _, _ = data()
    probed(net(), Probe(x, batch_size=15), progress=lambda done, total: told.append((done, total)))
    assert told == [(k, 9) for k in range(10)]


def test_a_probe_can_be_cancelled_between_batches() -> None:
    x, _, _, _ = data()
    cancel = threading.Event()
    model = net().train()
    n_threads = torch.get_num_threads()

    def progress(done: int, _total: int) -> None:
        if done == 4:
            cancel.set()

    with pytest.raises(ProbeCancelledError, match="cancelled after 2 of 3 checkpoints"):
        probed(model, Probe(x, batch_size=20), progress=progress, cancel=cancel)
    assert model.training
    assert torch.get_num_threads() == n_threads


def test_an_interrupt_leaves_the_model_as_it_was() -> None:
    x, _, _, _ = data()
    model = net().train()
    network, history = nwv.as_network(model), recorded(model)
    before = torch.get_rng_state()

    def interrupt(done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outputs_of(model, history, network, x, progress=interrupt)
    assert model.training
    assert torch.equal(torch.get_rng_state(), before)
    assert outputs_of(model, history, network, x).n_checkpoints == 3


def test_some_checkpoints_can_be_asked_for() -> None:
    x, y, _, _ = data()
    model = net()
    history, network = recorded(model, 5), nwv.as_network(model)
    whole = outputs_of(model, history, network, (x, y))
    some = outputs_of(model, history, network, (x, y), checkpoints=[1, 4])
    assert some.checkpoints.tolist() == [1, 4]
    np.testing.assert_array_equal(some.groups["0"].values, whole.groups["0"].values[[1, 4]])
    np.testing.assert_array_equal(some.loss["train"], whole.loss["train"][[1, 4]])


def test_units_that_die_become_events() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    history = nwv.History()
    for k in range(4):
        with torch.no_grad():
            model[0].bias[1] = -100.0 if k in (1, 2) else 5.0
        history.record(model, step=k)
    network = nwv.as_network(model)
    outputs = outputs_of(model, history, network, torch.randn(N, 2))
    told = [(e.kind, e.checkpoint) for e in events(history, network, outputs.peaks) if "unit" in e.kind]
    assert told == [("unit dies", 1), ("unit revives", 3)]


def test_arrays_lists_and_frames_are_taken() -> None:
    model = net()
    history, network = recorded(model), nwv.as_network(model)
    x, y, _, _ = data()
    expected = outputs_of(model, history, network, (x, y))
    for given in ((x.numpy(), y.numpy()), (x.double(), y.tolist()), (x.tolist(), y.numpy().astype(">f8"))):
        found = outputs_of(model, history, network, given)
        np.testing.assert_allclose(found.prediction, expected.prediction, atol=1e-6)
        np.testing.assert_allclose(found.loss["train"], expected.loss["train"], rtol=1e-5)


def test_a_probe_of_the_lstm_study_is_fast() -> None:
    class Study(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            sizes = ((7, 16), (16, 16), (16, 12), (12, 12), (12, 8))
            self.layers = nn.ModuleList(nn.LSTM(a, b, batch_first=True) for a, b in sizes)
            self.dense = nn.Sequential(
                nn.Flatten(), nn.Linear(160, 8), nn.ReLU(), nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 1)
            )

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.layers:
                x, _ = layer(x)
            return self.dense(x)  # type: ignore[no-any-return]

    model = Study()
    x, y = torch.randn(400, 20, 7), torch.randn(400, 1)
    history, network = recorded(model, 20), nwv.as_network(model, x[:2])
    start = time.process_time()
    outputs = outputs_of(model, history, network, (x, y))
    assert time.process_time() - start < 3
    assert outputs.groups["layers.0.l0"].values.shape == (20, 200, 20, 16)


REFUSED = [
    (lambda: as_probe(3), TypeError, "probe is an int; it takes"),
    (lambda: as_probe([1, 2]), TypeError, "probe is a list; it takes"),
    (lambda: as_probe((1, 2, 3)), TypeError, "a tuple of 3"),
    (lambda: Probe(None), TypeError, "X is None; it takes a tensor or an array"),
    (lambda: Probe("abc"), TypeError, "X is a str that holds no plain numbers"),
    (lambda: Probe([torch.zeros(2), torch.zeros(3)]), TypeError, "X is a list that holds no plain numbers"),
    (lambda: Probe(()), ValueError, "X is empty"),
    (lambda: Probe(np.float32(3)), ValueError, "X is one number"),
    (lambda: Probe(np.zeros((0, 3))), ValueError, "X has no items"),
    (lambda: Probe(np.zeros((5, 3)), np.zeros(4)), ValueError, "X has 5 items, y has 4 items; give as many"),
    (lambda: Probe((np.zeros((5, 3)), np.zeros((4, 3)))), ValueError, r"X\[0\] has 5 items, X\[1\] has 4"),
    (lambda: Probe(np.zeros((5, 3)), np.zeros(5), np.zeros((2, 3))), ValueError, "X_test and y_test belong"),
    (lambda: Probe(np.zeros((5, 3)), y_test=np.zeros(5)), ValueError, "X_test and y_test belong"),
    (lambda: Probe(np.zeros((5, 3)), X_test=np.zeros(5)), ValueError, "are not alike"),
    (lambda: Probe(np.zeros((5, 3)), loss=F.mse_loss), ValueError, "a loss was given, but no y"),
    (
        lambda: Probe(np.zeros((5, 3)), np.zeros(5), loss="mse"),
        TypeError,
        "loss is a str; it takes a function",
    ),
    (lambda: Probe(np.zeros((5, 3)), n_items=0), ValueError, "n_items is 0; it takes a whole number from 1"),
    (lambda: Probe(np.zeros((5, 3)), n_positions=2.5), ValueError, "n_positions is 2.5"),
    (lambda: Probe(np.zeros((5, 3)), batch_size=-1), ValueError, "batch_size is -1"),
    (lambda: Probe(np.zeros(5), item_axis=1), ValueError, "no axis 1 for the items"),
    (
        lambda: Probe(np.zeros((5, 3)), item_axis=-1),
        ValueError,
        "item_axis is -1; it takes a whole number from 0",
    ),
    (lambda: nwv.Probe(nn.utils.rnn.pack_sequence([torch.zeros(2, 3)])), TypeError, "packed sequence"),
]


@pytest.mark.parametrize(("make", "error", "said"), REFUSED)
def test_what_does_not_fit_is_refused_in_a_sentence(make: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        make()


def test_only_a_model_can_be_run() -> None:
    model = net()
    history, network = recorded(model), nwv.as_network(model)
    for given in (network, model.state_dict()):
        with pytest.raises(TypeError, match="a probe runs the model itself"):
            outputs_of(given, history, network, torch.zeros(3, 4))


def test_checkpoints_of_another_model_are_refused() -> None:
    model, other = net(), nn.Sequential(nn.Linear(4, 7))
    with pytest.raises(ValueError, match="pass the model that the checkpoints were taken from"):
        outputs_of(model, recorded(other), nwv.as_network(model), torch.zeros(3, 4))
