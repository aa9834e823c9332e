"""What crosses: the whole of a small history, the ends of a large one, and growth."""

from __future__ import annotations

import json
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from nnweightviz import payload as payload_module
from nnweightviz.blocks import decode
from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.parameters import Parameters
from nnweightviz.payload import Payload

SHAPES = {"fc.weight": (4, 3), "fc.bias": (4,)}


def network(**about: Any) -> Network:
    return Network(parameters=about.pop("parameters", SHAPES), **about)


def state(k: float, shapes: dict[str, tuple[int, ...]] = SHAPES) -> dict[str, NDArray[Any]]:
    return {name: np.full(shape, k, dtype=np.float32) for name, shape in shapes.items()}


def recorded(n: int, **about: Any) -> History:
    history = History()
    for k in range(n):
        history.record(state(k), step=10 * k, loss=1.0 / (k + 1), **about)
    return history


def values(index: dict[str, Any], parts: list[bytes], name: str) -> dict[int, NDArray[np.float64]]:
    """Decode all blocks of a parameter as a browser does: checkpoint -> values."""
    found = {}
    for entry in index["blocks"]:
        if entry["name"] == name:
            data = parts[entry["part"] or 0][entry["offset"] : entry["offset"] + entry["n_bytes"]]
            for k, array in enumerate(decode(entry, data), start=entry["start"]):
                assert k not in found, f"checkpoint {k} of {name} is there twice"
                found[k] = array
    return found


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload_module, "WINDOW_VALUES", 48)  # three checkpoints
    monkeypatch.setattr(payload_module, "STATE_BYTES", 500)
    monkeypatch.setattr(payload_module, "CHUNK_BYTES", 150)


def noisy(n: int, seed: int = 0) -> History:
    rng, history = np.random.default_rng(seed), History()
    for _ in range(n):
        history.record({name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()})
    return history


def test_a_small_history_is_one_block_a_parameter() -> None:
    payload = Payload(network(), recorded(5))
    index = payload.index()
    assert [(b["name"], b["dims"], b["start"], b["stop"]) for b in index["blocks"]] == [
        ("fc.weight", [4, 3], 0, 5),
        ("fc.bias", [4], 0, 5),
    ]
    assert index["window"] is None
    assert index["precision"] == "float32"
    assert len(payload.parts) == 1
    weights = values(index, payload.parts, "fc.weight")
    assert [weights[k][0, 0] for k in range(5)] == [0, 1, 2, 3, 4]


def test_the_index_is_plain_json_even_with_nan_and_infinities() -> None:
    history = History()
    for k, loss in enumerate([0.5, float("nan"), float("inf"), -float("inf")]):
        history.record(state(k), epoch=k if k else None, loss=loss)
    index = Payload(network(), history).index()
    assert json.loads(json.dumps(index, allow_nan=False)) == index
    run = index["runs"][0]
    assert run["metrics"] == {"loss": {"x": [0, 1, 2, 3], "y": [0.5, "NaN", "Infinity", "-Infinity"]}}
    assert run["steps"] is None
    assert run["epochs"] == [None, 1, 2, 3]


def test_tied_parameters_travel_once_under_their_first_name() -> None:
    shapes = {"encoder.weight": (2,), "decoder.weight": (2,)}
    tied = network(parameters=shapes, tied={"decoder.weight": "encoder.weight"})
    history = History()
    history.record(state(1, shapes))
    history.record({"decoder.weight": np.full(2, 7.0, dtype=np.float32)})
    payload = Payload(tied, history)
    index = payload.index()
    assert {b["name"] for b in index["blocks"]} == {"encoder.weight"}
    assert values(index, payload.parts, "encoder.weight")[1].tolist() == [7, 7]
    assert index["notes"] == []
    assert payload.exact("decoder.weight", [1]).tolist() == [[1], [7]]


def test_missing_checkpoints_of_a_parameter_have_no_block() -> None:
    history = History()
    for k in range(5):
        history.record(state(k) if k != 2 else {"fc.weight": state(k)["fc.weight"]})
    payload = Payload(network(), history)
    index = payload.index()
    assert list(values(index, payload.parts, "fc.bias")) == [0, 1, 3, 4]
    assert list(values(index, payload.parts, "fc.weight")) == [0, 1, 2, 3, 4]
    assert index["notes"] == ["not in all checkpoints: fc.bias"]
    np.testing.assert_array_equal(payload.exact("fc.bias", [0])[:, 0], [0, 1, np.nan, 3, 4])


def test_extra_and_unsendable_entries_are_told() -> None:
    shapes = SHAPES | {"counts": (2,), "phases": (2,), "half": (2,)}
    extra = {f"buffer{k}": np.zeros(1) for k in range(6)}
    odd = {"counts": np.array([1, 2]), "phases": np.array([1j, 2])}
    history = History()
    history.record(state(0) | extra | odd | {"half": np.ones(2, dtype=ml_dtypes.bfloat16)})
    index = Payload(network(parameters=shapes), history).index()
    assert {b["name"] for b in index["blocks"]} == {"fc.weight", "fc.bias", "half", "counts"}
    assert index["notes"] == [
        "not parameters of the model, left out: buffer0, buffer1, buffer2, buffer3 and 2 more",
        "not real numbers, not drawn: phases",
    ]


def test_the_precision_can_be_chosen() -> None:
    payload = Payload(network(), recorded(3), precision="int8")
    assert payload.index()["precision"] == "int8"
    assert {b["dtype"] for b in payload.index()["blocks"]} == {"int8"}


def test_the_precision_goes_by_the_size_of_the_whole_history() -> None:
    shapes = {"w": (30_000,)}
    history = History()
    for k in range(20):
        history.record(state(k, shapes))
    assert Payload(network(parameters=shapes), history[:16]).dtype == "float32"
    assert Payload(network(parameters=shapes), history).dtype == "float16"


def test_checkpoints_of_another_model_are_refused() -> None:
    with pytest.raises(ValueError, match="checkpoint 0 seems to be of another model"):
        Payload(network(parameters={"conv.weight": (1,)}), recorded(1))


def test_growth_is_one_message_with_its_part() -> None:
    history = recorded(2)
    payload = Payload(network(), history)
    assert payload.append() is None
    history.record(state(7), step=70, loss=0.1)
    history.log(step=75, loss=0.05)
    grown = payload.append()
    assert grown is not None
    message, buffers = grown
    assert message["type"] == "append"
    assert (message["n_checkpoints"], message["steps"], message["epochs"], message["part"]) == (
        3,
        [70],
        None,
        1,
    )
    assert message["metrics"] == {"loss": {"start": 2, "x": [70, 75], "y": [0.1, 0.05]}}
    assert values(message, [b"", *buffers], "fc.bias")[2].tolist() == [7] * 4
    assert payload.append() is None


def test_a_later_display_reads_what_was_appended() -> None:
    history = recorded(2)
    payload = Payload(network(), history)
    history.record(state(7), step=70, loss=0.1)
    payload.append()
    index = payload.index()
    assert index["runs"][0]["n_checkpoints"] == 3
    assert index["runs"][0]["steps"] == [0, 10, 70]
    assert [v[0] for v in values(index, payload.parts, "fc.bias").values()] == [0, 1, 7]


def test_metrics_alone_are_a_message_without_a_buffer() -> None:
    history = recorded(2)
    payload = Payload(network(), history)
    history.log(step=15, loss=0.3)
    grown = payload.append()
    assert grown is not None
    message, buffers = grown
    assert buffers == []
    assert (message["blocks"], message["part"], message["steps"]) == ([], None, [])
    assert message["metrics"] == {"loss": {"start": 2, "x": [15], "y": [0.3]}}


def test_a_point_in_the_middle_of_a_curve_replaces_its_tail() -> None:
    history = recorded(3)
    payload = Payload(network(), history)
    history.log(step=12, loss=0.4)
    grown = payload.append()
    assert grown is not None
    assert grown[0]["metrics"] == {"loss": {"start": 2, "x": [12, 20], "y": [0.4, 1 / 3]}}


def test_a_curve_with_nan_is_not_sent_again_and_again() -> None:
    history = History()
    history.record(state(0), loss=float("nan"))
    payload = Payload(network(), history)
    assert payload.append() is None


def test_a_later_metric_and_later_epochs_arrive() -> None:
    history = recorded(2)
    payload = Payload(network(), history)
    history.record(state(3), step=30, epoch=1, accuracy=0.9)
    grown = payload.append()
    assert grown is not None
    assert grown[0]["epochs"] == [1]
    assert grown[0]["metrics"] == {"accuracy": {"start": 0, "x": [30], "y": [0.9]}}
    assert payload.index()["runs"][0]["epochs"] == [None, None, 1]


def test_a_checkpoint_that_does_not_fit_is_refused_and_not_counted() -> None:
    history = recorded(2)
    payload = Payload(network(), history)
    history.record({"other.weight": np.zeros(3)}, step=99)
    with pytest.raises(ValueError, match="checkpoint 2 seems to be of another model"):
        payload.append()
    assert payload.n_checkpoints == 2
    assert payload.index()["runs"][0]["n_checkpoints"] == 2


def test_many_small_parts_are_joined_for_a_new_display() -> None:
    history = noisy(1)
    payload = Payload(network(), history)
    for k in range(40):
        history.record(state(k))
        payload.append()
    assert len(payload.parts) == 41
    payload.compact()
    assert len(payload.parts) == 1
    biases = values(payload.index(), payload.parts, "fc.bias")
    assert [biases[k][0] for k in range(1, 41)] == list(range(40))


@pytest.mark.usefixtures("small_limits")
def test_a_large_history_carries_its_beginning_and_its_last_checkpoint() -> None:
    payload = Payload(network(), noisy(30))
    index = payload.index()
    assert index["window"] == 3
    here = list(values(index, payload.parts, "fc.weight"))
    assert here[-1] == 29
    assert here[:-1] == list(range(len(here) - 1))
    assert 3 <= len(here) < 15
    assert (len(here) - 1) % 3 == 0


@pytest.mark.usefixtures("small_limits")
def test_a_history_of_huge_checkpoints_carries_the_last_one_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload_module, "STATE_BYTES", 20)
    payload = Payload(network(), noisy(5))
    assert list(values(payload.index(), payload.parts, "fc.bias")) == [4]
    single = Payload(network(), noisy(1))
    assert single.index()["window"] is None
    assert list(values(single.index(), single.parts, "fc.bias")) == [0]


@pytest.mark.usefixtures("small_limits")
def test_windows_are_fetched_in_chunks() -> None:
    history = noisy(30)
    payload = Payload(network(), history)
    chunks = list(payload.fetch(12, 15))
    assert len(chunks) == 2
    found = {}
    for entries, data in chunks:
        assert all(entry["part"] is None for entry in entries)
        found |= {e["name"]: decode(e, data[e["offset"] : e["offset"] + e["n_bytes"]]) for e in entries}
    for name in SHAPES:
        np.testing.assert_array_equal(found[name], history[name][12:15])


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (2, 2), (3, 6), (4, 3)])
def test_fetching_what_is_not_there_is_refused(start: int, stop: int) -> None:
    payload = Payload(network(), noisy(5))
    with pytest.raises(
        ValueError, match=f"checkpoints {start} to {stop - 1} were asked for; there are 5, 0 to 4"
    ):
        list(payload.fetch(start, stop))


@pytest.mark.usefixtures("small_limits")
def test_a_page_has_every_checkpoint_of_a_large_history() -> None:
    history = noisy(30)
    index, parts = Payload(network(), history).complete()
    assert index["window"] is None
    for name in SHAPES:
        found = values(index, parts, name)
        np.testing.assert_array_equal(np.stack([found[k] for k in range(30)]), history[name])


@pytest.mark.usefixtures("small_limits")
def test_a_history_that_outgrows_the_state_is_fetched_by_later_displays() -> None:
    history, more = noisy(2), noisy(12, seed=1)
    payload = Payload(network(), history)
    assert payload.is_whole
    parts = []
    for checkpoint in more:
        history.append(checkpoint)
        grown = payload.append()
        assert grown is not None
        assert len(grown[1]) == 1
        parts.append(grown[0]["part"])
    assert parts[0] == 1
    assert parts[-1] is None
    assert payload.index()["window"] == 3
    sizes = payload.index()["summaries"]["blocks"]  # a few bytes a checkpoint, always there
    assert sum(map(len, payload.parts)) - sum(entry["n_bytes"] for entry in sizes) <= 500
    index, complete = payload.complete()
    assert list(values(index, complete, "fc.bias")) == list(range(14))


def test_exact_values_are_not_quantised() -> None:
    history = History()
    array = np.random.default_rng(0).normal(size=(4, 3))
    history.record({"fc.weight": array, "fc.bias": np.zeros(4)})
    payload = Payload(network(), history, precision="int8")
    exact = payload.exact("fc.weight", [5, 0])
    assert exact.dtype == np.float64
    assert exact.tolist() == [[array[1, 2], array[0, 0]]]


def test_exact_values_that_are_not_there_are_refused() -> None:
    payload = Payload(network(), recorded(1))
    with pytest.raises(ValueError, match=r"parameter 'fc.bias' has the entries 0 to 3; 4 was asked for"):
        payload.exact("fc.bias", [0, 4])
    with pytest.raises(
        ValueError, match=r"there is no parameter 'fc2' to read; there are: fc.weight, fc.bias"
    ):
        payload.exact("fc2", [0])


def test_a_parameter_that_first_appears_later_is_sent() -> None:
    history = History()
    history.record({"fc.weight": state(0)["fc.weight"]})
    payload = Payload(network(), history)
    history.record(state(5))
    grown = payload.append()
    assert grown is not None
    assert {e["name"] for e in grown[0]["blocks"]} == {"fc.weight", "fc.bias"}


def test_parameters_without_entries_leave_no_empty_part() -> None:
    shapes = {"empty": (0, 3)}
    history = History()
    history.record(state(0, shapes))
    payload = Payload(network(parameters=shapes), history)
    assert all(payload.parts)
    assert Parameters(network(parameters=shapes), history).n_values == 0
