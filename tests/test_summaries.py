"""Norms, update sizes and odd entries of parameters, against numpy in float64."""

from __future__ import annotations

import time
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from nnweightviz import History, summaries
from nnweightviz.blocks import decode
from nnweightviz.complete import complete
from nnweightviz.network import Network
from nnweightviz.payload import Payload
from nnweightviz.summaries import QUANTITIES, Summaries


def summarised(
    *checkpoints: dict[str, Any], names: tuple[str, ...] = ("w",)
) -> dict[str, NDArray[np.float64]]:
    summary = Summaries(names)
    for checkpoint in checkpoints:
        summary.record({name: np.asarray(array) for name, array in checkpoint.items()})
    return {quantity: summary.values(quantity) for quantity in QUANTITIES}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.bool_, ml_dtypes.bfloat16])
def test_norms_and_update_sizes_are_those_of_numpy(dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "CHUNK", 7)
    rng = np.random.default_rng(0)
    before, now = (rng.normal(size=(9, 5)) * 3).astype(dtype), (rng.normal(size=(9, 5)) * 3).astype(dtype)
    found = summarised({"w": before}, {"w": now})
    np.testing.assert_allclose(found["norm"][1, 0], np.linalg.norm(now.astype(float)), rtol=1e-5)
    difference = np.linalg.norm(now.astype(float) - before.astype(float))
    np.testing.assert_allclose(found["update_norm"][:, 0], [np.nan, difference], rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-30, 1e25])
def test_numbers_whose_squares_leave_float32_keep_their_norm(scale: float) -> None:
    array = np.full(100, scale, dtype=np.float32)
    assert summarised({"w": array})["norm"][0, 0] == pytest.approx(10 * float(np.float32(scale)), rel=1e-6)


def test_nan_and_infinities_are_counted_and_hidden_in_no_norm() -> None:
    found = summarised({"w": [1.0, np.nan, np.inf]}, {"w": [1.0, np.inf, -np.inf]}, {"w": [3.0, 4.0, 0.0]})
    assert found["n_odd"][:, 0].tolist() == [2, 2, 0]
    assert np.isnan(found["norm"][0, 0])
    assert found["norm"][1:, 0].tolist() == [np.inf, 5.0]


def test_what_a_checkpoint_lacks_is_told_from_zero() -> None:
    found = summarised({"w": [1.0]}, {}, {"w": [1.0]}, {"w": [1.0]})
    assert np.isnan([found[quantity][1, 0] for quantity in QUANTITIES]).all()
    assert np.isnan(found["update_norm"][:3, 0]).all()
    assert found["update_norm"][3, 0] == 0


def test_growth_adds_the_same_numbers_as_a_history_that_was_there() -> None:
    network = Network(parameters={"a": (3,), "b": (2, 2)})
    rng, history, whole = np.random.default_rng(1), History(), History()
    states = [{"a": rng.normal(size=3), "b": rng.normal(size=(2, 2))} for _ in range(5)]
    for state in states:
        whole.record(state)
    history.record(states[0])
    growing, index = Payload(network, history), Payload(network, whole).index()
    for state in states[1:]:
        history.record(state)
        grown = growing.append()
        assert grown is not None
        assert [entry["quantity"] for entry in grown[0]["summaries"]] == list(QUANTITIES)
    later = growing.index()["summaries"]
    assert later["parameters"] == index["summaries"]["parameters"] == ["a", "b"]
    rows = []
    for entry in (entry for entry in later["blocks"] if entry["quantity"] == "update_norm"):
        data = growing.parts[entry["part"]][entry["offset"] : entry["offset"] + entry["n_bytes"]]
        rows.append(decode(entry, data))
    moved = np.linalg.norm(states[4]["b"] - states[3]["b"])
    assert np.concatenate(rows).shape == (5, 2)
    np.testing.assert_allclose(np.concatenate(rows)[4, 1], moved, rtol=1e-6)


def test_a_page_has_the_sizes_of_every_checkpoint_though_the_weights_come_in_windows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nnweightviz.payload.WINDOW_VALUES", 8)
    monkeypatch.setattr("nnweightviz.payload.STATE_BYTES", 50)
    history = History()
    for k in range(6):
        history.record({"a": np.random.default_rng(k).normal(size=4)})
    payload = Payload(Network(parameters={"a": (4,)}), history)
    assert not payload.is_whole
    for index, parts in ((payload.index(), payload.parts), complete(payload)):
        (norm,) = [e for e in index["summaries"]["blocks"] if e["quantity"] == "norm"]
        assert (norm["start"], norm["stop"], norm["dims"]) == (0, 6, [1])
        data = parts[norm["part"]][norm["offset"] : norm["offset"] + norm["n_bytes"]]
        np.testing.assert_allclose(decode(norm, data)[5, 0], np.linalg.norm(history["a"][5]), rtol=1e-6)


def test_ten_million_parameters_take_no_copy_and_little_time() -> None:
    arrays = {"w": np.ones(10_000_000, dtype=np.float32)}
    summary = Summaries(["w"])
    start = time.perf_counter()
    summary.record(arrays)
    assert time.perf_counter() - start < 0.25  # 124 million in 0.03 s where nothing else runs
    assert summary.values("norm")[0, 0] == pytest.approx(np.sqrt(1e7), rel=1e-6)


def test_blocks_have_the_norm_of_all_their_parameters_that_a_checkpoint_holds() -> None:
    summary = Summaries(["a", "b", "other"])
    for checkpoint in ({"a": [3.0]}, {"a": [3.0], "b": [4.0]}, {"a": [6.0], "b": [np.nan]}, {}):
        summary.record({name: np.asarray(array) for name, array in checkpoint.items()})
    np.testing.assert_allclose(summary.over("norm", ["a", "b"])[:2], [3, 5])
    assert np.isnan(summary.over("norm", ["a", "b"])[2:]).all()
    np.testing.assert_allclose(summary.over("update_norm", ["a"]), [np.nan, 0, 3, np.nan])
    np.testing.assert_allclose(summary.over("n_odd", ["a", "b"]), [0, 0, 1, np.nan])
    assert np.isnan(summary.over("norm", ["other", "unknown"])).all()
    assert Summaries(["a"]).over("update_norm", ["a"]).shape == (0,)
