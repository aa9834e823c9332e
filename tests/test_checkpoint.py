"""Names of checkpoints and networks: with and without wrappers, of another model, of another shape."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnweightviz.checkpoint import (
    Checkpoint,
    Match,
    as_epoch,
    as_metrics,
    as_step,
    match_names,
    strip_wrappers,
)

PARAMETERS = {"fc.weight": (2, 3), "fc.bias": (2,)}


def state(prefix: str = "", **others: Any) -> dict[str, Any]:
    return {f"{prefix}fc.weight": np.zeros((2, 3)), f"{prefix}fc.bias": np.zeros(2), **others}


def test_a_checkpoint_needs_a_state_only() -> None:
    checkpoint = Checkpoint(state())
    assert (checkpoint.step, checkpoint.epoch, checkpoint.metrics) == (None, None, {})


def test_a_checkpoint_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Checkpoint(state()).step = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("fc.weight", "fc.weight"),
        ("module.fc.weight", "fc.weight"),
        ("_orig_mod.module.fc.weight", "fc.weight"),
        ("module._orig_mod.module.fc.weight", "fc.weight"),
        ("encoder._orig_mod.fc.weight", "encoder.fc.weight"),
        ("submodule.weight", "submodule.weight"),
        ("module", "module"),
    ],
)
def test_wrappers_are_stripped_as_whole_words_only(name: str, bare: str) -> None:
    assert strip_wrappers(name) == bare


@given(st.lists(st.sampled_from(["module.", "_orig_mod."]), max_size=4))
def test_names_match_under_any_nesting_of_wrappers(wrappers: list[str]) -> None:
    prefix = "".join(wrappers)
    expected = {name: prefix + name for name in PARAMETERS}
    assert match_names(PARAMETERS, state(prefix)) == Match(expected, (), ())


def test_a_wrapped_model_matches_bare_checkpoints() -> None:
    wrapped = {f"module.{name}": shape for name, shape in PARAMETERS.items()}
    assert match_names(wrapped, state()).names == {f"module.{name}": name for name in PARAMETERS}


def test_a_layer_that_is_called_module_keeps_its_name() -> None:
    parameters = {"module.weight": (2,), "weight": (3,)}
    arrays = {"module.weight": np.zeros(2), "weight": np.zeros(3)}
    assert match_names(parameters, arrays).names == {name: name for name in parameters}
    without = match_names(parameters, {"weight": np.zeros(3)})
    assert without == Match({"weight": "weight"}, ("module.weight",), ())


def test_an_exact_name_goes_before_a_wrapped_one() -> None:
    match = match_names({"w": (2,)}, {"module.w": np.zeros(2), "w": np.ones(2)})
    assert match == Match({"w": "w"}, (), ("module.w",))


def test_missing_and_extra_entries_are_told() -> None:
    arrays = {"fc.weight": np.zeros((2, 3)), "norm.running_mean": np.zeros(2)}
    assert match_names(PARAMETERS, arrays) == Match(
        {"fc.weight": "fc.weight"}, ("fc.bias",), ("norm.running_mean",)
    )


def test_checkpoints_of_another_model_are_refused_with_names_of_both() -> None:
    arrays = {f"conv{k}.weight": np.zeros(1) for k in range(5)}
    sentence = (
        "checkpoint 4 seems to be of another model: none of its entries ('conv0.weight', 'conv1.weight', "
        "'conv2.weight', …) is a parameter of the model ('fc.weight', 'fc.bias')"
    )
    with pytest.raises(ValueError, match=re.escape(sentence)):
        match_names(PARAMETERS, arrays, checkpoint=4)


def test_another_shape_is_refused_with_both_shapes() -> None:
    arrays = state("module.") | {"module.fc.weight": np.zeros((3, 3))}
    sentence = (
        "checkpoint 2 has 'module.fc.weight' of shape (3, 3), but the model's 'fc.weight' has shape (2, 3)"
    )
    with pytest.raises(ValueError, match=re.escape(sentence)):
        match_names(PARAMETERS, arrays, checkpoint=2)


@pytest.mark.parametrize("step", [0, 7, np.int64(7), 7.0, np.float32(7)])
def test_a_whole_number_is_a_step(step: Any) -> None:
    assert as_step(step) == int(step)
    assert type(as_step(step)) is int


@pytest.mark.parametrize("step", [-1, 1.5, True, "7", float("nan"), [1]])
def test_anything_else_is_no_step(step: Any) -> None:
    sentence = f"step is {step!r}; it counts optimiser steps: a whole number from 0"
    with pytest.raises(ValueError, match=re.escape(sentence)):
        as_step(step)


@pytest.mark.parametrize(
    ("epoch", "expected"), [(None, None), (3, 3), (3.0, 3), (0.25, 0.25), (np.int32(2), 2)]
)
def test_an_epoch_is_a_number(epoch: Any, expected: Any) -> None:
    assert as_epoch(epoch) == expected


@pytest.mark.parametrize("epoch", ["three", float("nan"), float("inf"), [1, 2]])
def test_anything_else_is_no_epoch(epoch: Any) -> None:
    with pytest.raises(ValueError, match=re.escape(f"epoch is {epoch!r}; it counts passes over the data")):
        as_epoch(epoch)


def test_metrics_are_floats_and_nan_is_one() -> None:
    metrics = as_metrics({"loss": np.float32(0.5), "n": 3, "gone": float("nan")})
    assert metrics["loss"] == 0.5
    assert metrics["n"] == 3.0
    assert np.isnan(metrics["gone"])


def test_a_metric_that_is_no_number_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="metric 'loss' is 'low'; a metric is one number"):
        as_metrics({"loss": "low"})
