"""Watching a training run: what is recorded when, with every way people train, and that training does not notice."""

from __future__ import annotations

import errno
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from torch import nn

import nnweightviz as nwv
from nnweightviz.recorder import Watch, watch
from nnweightviz.storage.directory import Directory

torch.set_num_threads(1)


def net(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 5), nn.Dropout(0.2), nn.Tanh(), nn.Linear(5, 2))


def train(model: nn.Module, optimizer: Any, n_steps: int, each: Callable[[int], object] = int) -> None:
    for k in range(n_steps):
        optimizer.zero_grad()
        model(torch.randn(8, 4)).square().mean().backward()
        optimizer.step()
        each(k)


def sgd(model: nn.Module, lr: float = 0.1) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=lr)


def test_the_first_state_each_nth_step_and_the_last_state_are_recorded() -> None:
    model = net()
    optimizer = sgd(model)
    weights = [model[0].weight.detach().numpy().copy()]
    with watch(model, optimizer, every=3) as history:
        train(model, optimizer, 7, lambda _: weights.append(model[0].weight.detach().numpy().copy()))
    assert history.steps.tolist() == [0, 3, 6, 7]
    np.testing.assert_array_equal(history["0.weight"], [weights[k] for k in (0, 3, 6, 7)])


def test_nothing_is_recorded_after_closing() -> None:
    model = net()
    optimizer = sgd(model)
    watching = watch(model, optimizer, every=1)
    train(model, optimizer, 2)
    assert "recording" in repr(watching)
    watching.close()
    train(model, optimizer, 2)
    assert watching.history.steps.tolist() == [0, 1, 2]
    watching.close()
    assert "closed" in repr(watching)


def test_a_run_ending_on_a_recorded_step_is_not_recorded_twice() -> None:
    model = net()
    optimizer = sgd(model)
    with watch(model, optimizer, every=2) as history:
        train(model, optimizer, 4)
    assert history.steps.tolist() == [0, 2, 4]


@pytest.mark.parametrize("where", ["memory", "disk"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_training_is_bit_identical_with_and_without_watching(where: str, seed: int, tmp_path: Path) -> None:
    def result(is_watched: bool) -> tuple[dict[str, Any], torch.Tensor]:
        model = net(seed)
        optimizer = torch.optim.Adam(model.parameters())
        data = torch.utils.data.TensorDataset(torch.randn(64, 4))
        loader = torch.utils.data.DataLoader(data, batch_size=8, shuffle=True)
        path = tmp_path / "run" if where == "disk" else None
        kinds = ("weights", "gradients", "updates")
        watching = watch(model, optimizer, every=1, path=path, record=kinds) if is_watched else None
        for _ in range(3):
            for (x,) in loader:
                optimizer.zero_grad()
                model(x).square().mean().backward()
                optimizer.step()
        if watching is not None:
            watching.close()
            assert len(watching.history) == 25
        return {n: p.detach().clone() for n, p in model.named_parameters()}, torch.get_rng_state()

    (plain, plain_rng), (watched, watched_rng) = result(False), result(True)
    assert all(torch.equal(plain[name], watched[name]) for name in plain)
    assert torch.equal(plain_rng, watched_rng)


def test_without_an_optimiser_given_the_first_that_updates_the_model_is_counted() -> None:
    model, other = net(), net(1)
    stranger, optimizer = sgd(other), sgd(model)
    with watch(model, every=2) as history:
        train(other, stranger, 3)
        train(model, optimizer, 4)
    assert history.steps.tolist() == [0, 2, 4]


def test_of_several_optimisers_the_steps_of_the_first_are_counted() -> None:
    model = net()
    first = torch.optim.SGD(model[0].parameters(), lr=0.1)
    second = torch.optim.Adam(model[3].parameters())
    with watch(model, [first, second], every=2) as history:
        for _ in range(4):
            model(torch.randn(8, 4)).square().mean().backward()
            second.step()
            first.step()
    assert history.steps.tolist() == [0, 2, 4]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["counted first", "counted last"])
@pytest.mark.parametrize("is_given", [True, False], ids=["given", "found"])
def test_a_checkpoint_is_taken_when_all_optimisers_have_stepped(
    order: tuple[int, int], is_given: bool
) -> None:
    model = net()
    both = [torch.optim.SGD(model[k].parameters(), lr=0.5) for k in (0, 3)]
    states = [model.state_dict()["3.weight"].numpy().copy()]
    gradients = []
    everything = ("weights", "gradients", "updates")
    with watch(model, both if is_given else None, every=2, record=everything) as history:
        for k in range(4):
            for at in order:
                both[at].zero_grad()
                model(torch.randn(8, 4)).square().mean().backward()
                both[at].step()
                if at == 1 and k % 2:
                    gradients.append(model[3].weight.grad.numpy().copy())
            states.append(model[3].weight.detach().numpy().copy())
    assert history.steps.tolist() == [0, 2, 4]
    np.testing.assert_array_equal(history["3.weight"], states[::2])
    np.testing.assert_array_equal(history["gradients/3.weight"][1:], gradients)
    moved = np.diff(states, axis=0)[1::2]
    np.testing.assert_allclose(history["updates/3.weight"][1:], moved, atol=1e-7)
    assert np.abs(history["updates/0.weight"][1:]).min(0).max() > 0


def test_an_optimiser_that_steps_now_and_then_is_not_waited_for_beyond_the_next_round() -> None:
    model = net()
    first, second = (torch.optim.SGD(model[k].parameters(), lr=0.5) for k in (0, 3))
    last: dict[str, float] = {}
    states = [model[3].weight.detach().numpy().copy()]
    with watch(model, [first, second], every=1, metrics=last) as history:
        for k in range(5):
            last["k"] = k
            model(torch.randn(8, 4)).square().mean().backward()
            first.step()
            if k % 3 == 1:
                second.step()
            states.append(model[3].weight.detach().numpy().copy())
    assert history.steps.tolist() == [0, 1, 2, 3, 4, 5]
    np.testing.assert_array_equal(history["3.weight"], states)
    np.testing.assert_array_equal(history.metrics["k"], [np.nan, 0, 1, 2, 3, 4])


def test_steps_that_only_accumulate_gradients_are_not_counted() -> None:
    model = net()
    optimizer = sgd(model)
    with watch(model, optimizer, every=1) as history:
        for k in range(8):
            model(torch.randn(8, 4)).square().mean().backward()
            if k % 4 == 3:
                optimizer.step()
                optimizer.zero_grad()
    assert history.steps.tolist() == [0, 1, 2]


def test_a_closure_that_runs_several_times_is_one_step() -> None:
    model = net()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=5)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = model(torch.ones(8, 4)).square().mean()
        loss.backward()
        return loss

    with watch(model, optimizer, every=1) as history:
        for _ in range(2):
            optimizer.step(closure)
    assert history.steps.tolist() == [0, 1, 2]


def test_a_step_that_the_gradient_scaler_skips_is_not_counted() -> None:
    model = net()
    optimizer = sgd(model)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    with watch(model, optimizer, every=1) as history:
        for k in range(3):
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = model(torch.randn(8, 4)).float().square().mean()
            scaler.scale(loss * (float("inf") if k == 1 else 1.0)).backward()
            scaler.step(optimizer)
            scaler.update()
    assert history.steps.tolist() == [0, 1, 2]
    assert history["0.weight"].dtype == np.float32


def test_compiled_models_and_data_parallel_ones_have_the_names_of_the_model_itself() -> None:
    for wrapped in (torch.compile(net(), backend="eager"), nn.DataParallel(net())):
        optimizer = sgd(wrapped)
        with watch(wrapped, optimizer, every=1) as history:
            train(wrapped, optimizer, 2)
        assert list(history[0].state) == ["0.weight", "0.bias", "3.weight", "3.bias"]
        assert len(history) == 3


def test_a_compiled_step_is_counted() -> None:
    model = net()
    optimizer = sgd(model)
    step = torch.compile(optimizer.step, backend="eager")
    with watch(model, optimizer, every=1) as history:
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.randn(8, 4)).square().mean().backward()
            step()
    assert history.steps.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_parameters_keep_their_dtype(dtype: torch.dtype, tmp_path: Path) -> None:
    model = net().to(dtype)
    optimizer = sgd(model)
    with watch(model, optimizer, every=1, path=tmp_path / "run") as history:
        optimizer.zero_grad()
        model(torch.randn(8, 4, dtype=dtype)).square().mean().backward()
        optimizer.step()
    recorded = history[-1].state["0.weight"]
    expected = np.dtype(ml_dtypes.bfloat16) if dtype == torch.bfloat16 else np.dtype(str(dtype).split(".")[1])
    assert recorded.dtype == expected
    np.testing.assert_array_equal(recorded.astype(np.float64), model[0].weight.detach().double().numpy())


def test_fp8_parameters_are_recorded_beside_those_that_train(tmp_path: Path) -> None:
    model = net()
    model.register_parameter(
        "scale", nn.Parameter(torch.ones(3).to(torch.float8_e4m3fn), requires_grad=False)
    )
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    with watch(model, optimizer, every=1, path=tmp_path / "run") as history:
        train(model, optimizer, 1)
    assert history["scale"].dtype == ml_dtypes.float8_e4m3fn
    assert history["scale"].astype(float).tolist() == [[1, 1, 1]] * 2


def test_frozen_tied_and_parametrised_parameters_are_recorded(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False), nn.Linear(4, 2))
    model[1].weight = model[0].weight
    model[2].bias.requires_grad_(False)
    nn.utils.parametrizations.weight_norm(model[2])
    optimizer = sgd(model)
    with watch(model, optimizer, every=1, path=tmp_path / "run") as history:
        train(model, optimizer, 2)
    reopened = nwv.History(tmp_path / "run")
    for each in (history, reopened):
        np.testing.assert_array_equal(each["0.weight"], each["1.weight"])
        np.testing.assert_array_equal(each["2.weight"][-1], model[2].weight.detach().numpy())
        np.testing.assert_array_equal(each["2.bias"][0], each["2.bias"][2])


def test_gradients_and_updates_are_those_of_the_step() -> None:
    model = net()
    optimizer = sgd(model, lr=0.5)
    gradients = []
    with watch(model, optimizer, every=1, record=("weights", "gradients", "updates")) as history:
        train(model, optimizer, 3, lambda _: gradients.append(model[0].weight.grad.numpy().copy()))
    np.testing.assert_array_equal(history["gradients/0.weight"][1:], gradients)
    np.testing.assert_allclose(history["updates/0.weight"][1:], -0.5 * np.array(gradients), atol=1e-7)
    np.testing.assert_allclose(
        history["0.weight"][1:] - history["0.weight"][:-1], history["updates/0.weight"][1:], atol=1e-7
    )
    assert np.isnan(history["gradients/0.weight"][0]).all()


def test_weights_that_are_computed_have_updates_but_no_gradients() -> None:
    model = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))
    optimizer = sgd(model)
    with watch(model, optimizer, every=1, record=("weights", "gradients", "updates")) as history:
        model(torch.randn(8, 4)).square().mean().backward()
        optimizer.step()
    names = ["bias", "parametrizations.weight.original0", "parametrizations.weight.original1"]
    assert sorted(history[1].quantities["gradients"]) == names
    np.testing.assert_allclose(history["updates/weight"][1], np.diff(history["weight"], axis=0)[0], atol=1e-7)


def test_gradients_on_disk_are_no_parameters_of_the_model(tmp_path: Path) -> None:
    model = net()
    optimizer = sgd(model)
    with watch(model, optimizer, every=1, path=tmp_path / "run", record=("weights", "gradients")) as history:
        train(model, optimizer, 2)
    reopened = nwv.History(tmp_path / "run")
    assert list(reopened[1].state) == list(dict(model.named_parameters()))
    np.testing.assert_array_equal(reopened["gradients/0.bias"], history["gradients/0.bias"])
    reopened.save(tmp_path / "run.safetensors")


def test_the_epoch_is_a_function_or_the_number_of_steps_in_one() -> None:
    for epoch, expected in ((lambda: 7, [7, 7, 7]), (4, [0, 0.5, 1.0])):
        model = net()
        optimizer = sgd(model)
        with watch(model, optimizer, every=2, epoch=epoch) as history:
            train(model, optimizer, 4)
        assert history.epochs.tolist() == expected


def test_metrics_are_read_at_each_checkpoint_from_a_function_or_a_dict() -> None:
    told: dict[str, Any] = {}
    for metrics in (told, lambda: told):
        told.clear()
        model = net()
        optimizer = sgd(model)
        with watch(model, optimizer, every=1, metrics=metrics) as history:
            train(model, optimizer, 3, lambda k: told.update(loss=torch.tensor(float(k), requires_grad=True)))
        np.testing.assert_array_equal(history.metrics["loss"], [np.nan, np.nan, 0, 1])


def test_metrics_between_checkpoints_are_logged_at_the_step() -> None:
    model = net()
    optimizer = sgd(model)
    watching = watch(model, optimizer, every=100)
    train(model, optimizer, 3, lambda k: watching.log(loss=k))
    watching.close()
    x, values = watching.history.log_metrics["loss"]
    assert x.tolist() == [1, 2, 3]
    assert values.tolist() == [0, 1, 2]


def test_what_is_no_metric_is_left_out_and_told_and_training_goes_on() -> None:
    def metrics() -> dict[str, Any]:
        return {"loss": 1.0, "name": "adam", "epoch": 3}

    model = net()
    optimizer = sgd(model)
    with (
        pytest.warns(UserWarning, match="metric") as told,
        watch(model, optimizer, every=1, metrics=metrics) as history,
    ):
        train(model, optimizer, 3)
    assert [str(w.message) for w in told if "metric" in str(w.message)] == [
        "nnweightviz.watch: metric 'name' was left out: could not convert string to float: 'adam'",
        "nnweightviz.watch: metric 'epoch' was left out: the name is taken",
    ]
    assert history.metrics["loss"][1:].tolist() == [1.0] * 3


def test_metrics_that_fail_are_told_once_and_training_goes_on() -> None:
    model = net()
    optimizer = sgd(model)
    with pytest.warns(UserWarning, match="KeyError: 'loss'") as told:  # noqa: SIM117
        with watch(model, optimizer, every=1, metrics=lambda: {"loss": {}["loss"]}) as history:
            train(model, optimizer, 3)
    assert len([w for w in told if "KeyError" in str(w.message)]) == 1
    assert len(history) == 4


def test_an_interrupted_run_keeps_what_was_recorded_but_not_the_state_it_broke_off_in(tmp_path: Path) -> None:
    model = net()
    optimizer = sgd(model)

    def interrupt(k: int) -> None:
        if k == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), watch(model, optimizer, every=2, path=tmp_path / "run"):
        train(model, optimizer, 9, interrupt)
    assert nwv.History(tmp_path / "run").steps.tolist() == [0, 2, 4]
    train(model, optimizer, 2)
    assert nwv.History(tmp_path / "run").steps.tolist() == [0, 2, 4]


def test_a_run_goes_on_where_its_history_ends(tmp_path: Path) -> None:
    model = net()
    optimizer = sgd(model)
    for _ in range(2):
        with watch(model, optimizer, every=2, path=tmp_path / "run"):
            train(model, optimizer, 4)
    assert nwv.History(tmp_path / "run").steps.tolist() == [0, 2, 4, 6, 8]


def test_a_run_goes_back_to_a_step_with_overwrite(tmp_path: Path) -> None:
    model = net()
    optimizer = sgd(model)
    with watch(model, optimizer, every=2, path=tmp_path / "run"):
        train(model, optimizer, 8)
    with watch(model, optimizer, every=2, path=tmp_path / "run", step=4, overwrite=True):
        train(model, optimizer, 3)
    history = nwv.History(tmp_path / "run")
    assert history.steps.tolist() == [0, 2, 4, 6, 7]
    np.testing.assert_array_equal(history["0.weight"][-1], model[0].weight.detach().numpy())


def test_a_run_that_goes_back_without_overwrite_is_told_and_loses_nothing(tmp_path: Path) -> None:
    model = net()
    optimizer = sgd(model)
    with watch(model, optimizer, every=2, path=tmp_path / "run"):
        train(model, optimizer, 4)
    watching = watch(model, optimizer, every=2, path=tmp_path / "run", step=2)
    with pytest.warns(UserWarning, match="step 4 was not recorded: step 4 is there already"):
        train(model, optimizer, 2)
    with pytest.raises(ValueError, match="step 4 is there already"):
        watching.close()
    assert nwv.History(tmp_path / "run").steps.tolist() == [0, 2, 4]


def test_a_full_disk_is_told_while_training_goes_on_and_raised_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = net()
    optimizer = sgd(model)
    watching = watch(model, optimizer, every=1, path=tmp_path / "run")
    train(model, optimizer, 2)
    watching.history.flush()
    write = Directory.write

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Directory, "write", full)

    with pytest.warns(UserWarning, match="No space left on device"):
        train(model, optimizer, 50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(OSError, match="No space left on device"):
            watching.close()
    monkeypatch.setattr(Directory, "write", write)
    assert len(nwv.History(tmp_path / "run")) >= 3


def test_only_the_first_of_several_processes_records(tmp_path: Path) -> None:
    script = """
        import sys, torch, torch.distributed as dist, nnweightviz as nwv
        from torch.nn.parallel import DistributedDataParallel
        rank, path = int(sys.argv[1]), sys.argv[2]
        dist.init_process_group("gloo", init_method=f"file://{path}.sync", rank=rank, world_size=2)
        torch.manual_seed(0)
        model = DistributedDataParallel(torch.nn.Linear(4, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with nwv.watch(model, optimizer, every=2, path=path) as history:
            for _ in range(4):
                optimizer.zero_grad()
                model(torch.randn(8, 4)).square().mean().backward()
                optimizer.step()
        print(rank, len(history), *(history[-1].state if len(history) else ()))
        dist.destroy_process_group()
    """
    run = [sys.executable, "-c", textwrap.dedent(script)]
    processes = [
        subprocess.Popen([*run, str(rank), str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
        for rank in (0, 1)
    ]
    told = sorted(process.communicate(timeout=120)[0].strip() for process in processes)
    assert told == ["0 3 weight bias", "1 0"]
    assert nwv.History(tmp_path / "run").steps.tolist() == [0, 2, 4]


def test_a_policy_bounds_what_is_recorded_and_the_last_state_is_there() -> None:
    model = net()
    optimizer = sgd(model)
    with watch(model, optimizer, every=1, keep=nwv.keep.LogSpaced(1)) as history:
        train(model, optimizer, 25)
    assert history.steps.tolist() == [0, 1, 10, 25]


def test_a_history_that_was_given_stays_open(tmp_path: Path) -> None:
    model = net()
    optimizer = sgd(model)
    history = nwv.History(tmp_path / "run")
    with watch(model, optimizer, every=2, history=history):
        train(model, optimizer, 2)
    history.record(model, step=9)
    history.close()
    assert nwv.History(tmp_path / "run").steps.tolist() == [0, 2, 9]


def test_a_displayed_widget_grows_while_the_loop_runs() -> None:
    model = net()
    optimizer = sgd(model)
    watching = watch(model, optimizer, every=1)
    viz = nwv.WeightViz(model, watching.history)
    train(model, optimizer, 3)
    watching.close()
    viz.checkpoint = -1
    assert viz.checkpoint == 3
    viz.close()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"model": 3}, "watch takes a torch model .* got an int"),
        ({"optimizer": "adam"}, "optimizer is a str; it takes a torch optimiser"),
        ({"every": 0}, "every is 0; it counts optimiser steps"),
        ({"every": True}, "every is True"),
        ({"epoch": 0}, "epoch is 0; it takes a function"),
        ({"epoch": "3"}, "epoch is '3'"),
        ({"metrics": 3}, "metrics is an int; it takes a function that returns a dict, or a dict"),
        ({"record": "weights"}, "record is 'weights'; it takes"),
        ({"record": ("gradients",)}, "record is .* it takes"),
        ({"record": ("weights", "momenta")}, "record is"),
        ({"step": -1}, "step is -1"),
        ({"history": nwv.History(), "path": "x"}, "a history and a path"),
        ({"history": "runs/a"}, "history is a str; it takes a History"),
        ({"path": 3}, "the path is an int; it takes that of a folder or a file"),
        ({"keep": 10}, "keep is an int; it takes a policy, such as nnweightviz.keep.Every"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_recorded(wrong: dict[str, Any], message: str) -> None:
    model = net()
    arguments = {"model": model, "optimizer": sgd(model), **wrong}
    with pytest.raises((TypeError, ValueError), match=message):
        watch(**arguments)


def test_an_optimiser_of_another_model_is_refused() -> None:
    with pytest.raises(ValueError, match="the SGD optimiser updates none of the model's parameters"):
        watch(net(), sgd(net(1)))


def test_a_watch_is_what_is_returned() -> None:
    model = net()
    watching = watch(model, sgd(model))
    assert isinstance(watching, Watch)
    assert watching.step == 0
    watching.close()
