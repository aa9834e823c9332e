"""What crosses: the whole of a small history, the ends of a large one, and growth."""

from __future__ import annotations

import json
import time
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from nnweightviz import complete as complete_module
from nnweightviz import payload as payload_module
from nnweightviz.adapters import as_network
from nnweightviz.blocks import decode
from nnweightviz.complete import complete
from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.parameters import Parameters, Quantity
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


def test_running_statistics_are_counted_apart_from_what_is_no_part_of_the_model() -> None:
    statistics = {f"{k}.{name}": np.zeros(3) for k in range(2) for name in ("running_mean", "running_var")}
    history = History()
    history.record(state(0) | statistics | {"foreign": np.zeros(1)})
    assert Payload(network(), history).index()["notes"] == [
        "not parameters of the model, left out: foreign",
        "4 running statistics of norms left out",
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


def test_a_page_of_a_large_network_does_not_wait_for_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    history = recorded(1)
    dense = as_network(state(1))
    assert set(complete(Payload(dense, history))[0]["orders"]) == {"correlation", "crossings"}
    monkeypatch.setattr(complete_module, "PAGE_ORDER_LINKS", 10)
    assert complete(Payload(dense, history))[0]["orders"] == {}


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


@pytest.mark.parametrize("n", [1, 5])
def test_checkpoints_beyond_the_state_are_fetched_by_parameter(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payload_module, "STATE_BYTES", 50)
    history = noisy(n)
    payload = Payload(network(), history)
    index = payload.index()
    assert (index["blocks"], payload.is_whole) == ([], False)
    assert {block["quantity"] for block in index["summaries"]["blocks"]} == {"norm", "update_norm", "n_odd"}
    assert index["window"] is not None
    chunks = list(payload.fetch(n - 1, n, names=["fc.bias"]))
    assert [entry["name"] for entries, _ in chunks for entry in entries] == ["fc.bias"]
    history.record(state(7))
    grown = payload.append()
    assert grown is not None
    assert (grown[0]["n_checkpoints"], grown[0]["blocks"]) == (n + 1, [])
    assert len(grown[0]["summaries"]) == 3
    index, parts = complete(payload)
    assert list(values(index, parts, "fc.weight")) == list(range(n + 1))


def test_nothing_of_a_large_model_is_encoded_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = {"wide.weight": (3000, 3000), "bias": (3000,)}
    history = History()
    history.record(state(1, shapes))
    asked: list[str] = []
    encode = Parameters.encode
    monkeypatch.setattr(Parameters, "encode", lambda *args: asked.append("encode") or encode(*args))
    payload = Payload(network(parameters=shapes), history)
    assert asked == []
    ((entries, _),) = payload.fetch(0, 1, names=["bias"])
    assert [entry["name"] for entry in entries] == ["bias"]


def test_thirty_checkpoints_of_a_hundred_thousand_weights_are_encoded_in_a_second() -> None:
    shapes = {"0.weight": (124, 784), "0.bias": (124,), "2.weight": (10, 124), "2.bias": (10,)}
    rng, history = np.random.default_rng(0), History()
    weights = {name: rng.normal(scale=0.05, size=shape).astype(np.float32) for name, shape in shapes.items()}
    for _ in range(30):
        history.record(weights)
        weights = {name: w + np.float32(0.002) * rng.normal(size=w.shape) for name, w in weights.items()}
    start = time.process_time()
    payload = Payload(network(parameters=shapes), history)
    assert time.process_time() - start < 1
    assert payload.dtype == "int8"
    assert sum(map(len, payload.parts)) < 0.5 * 30 * 98_590


def test_names_that_are_not_there_cannot_be_fetched() -> None:
    with pytest.raises(ValueError, match=r"no parameter 'fc2' to fetch; there are: fc.weight, fc.bias"):
        list(Payload(network(), noisy(2)).fetch(0, 1, names=["fc.bias", "fc2"]))


def small_steps(n: int, size: float = 1e-4) -> History:
    """Weights of about 1, whose updates are far smaller than one step of int8."""
    rng, history = np.random.default_rng(0), History()
    weights = {name: rng.normal(size=(64, *shape)).astype(np.float32) for name, shape in SHAPES.items()}
    for _ in range(n):
        history.record(weights)
        weights = {
            w: (v + rng.normal(scale=size, size=v.shape)).astype(np.float32) for w, v in weights.items()
        }
    return history


LARGE = {name: (64, *shape) for name, shape in SHAPES.items()}


@pytest.mark.parametrize("precision", ["int8", "float16"])
@pytest.mark.parametrize("quantity", [Quantity("update"), Quantity("difference", 3)])
def test_changes_far_below_a_step_of_int8_are_told_within_one_percent(
    quantity: Quantity, precision: str
) -> None:
    history = small_steps(8)
    payload = Payload(network(parameters=LARGE), history, precision)
    for entries, data in payload.fetch(0, 8, quantity):
        for entry in entries:
            w = history[entry["name"]].astype(np.float64)
            before = w[:-1] if quantity.name == "update" else w[3]
            true = (w[1:] if quantity.name == "update" else w) - before
            told = decode(entry, data[entry["offset"] : entry["offset"] + entry["n_bytes"]])
            assert entry["quantity"] == quantity.name
            assert entry.get("reference") == quantity.reference
            assert (entry["start"], entry["stop"]) == (1 if quantity.name == "update" else 0, 8)
            assert np.mean(told[true != 0] == 0) < 0.001
            np.testing.assert_allclose(told, true, rtol=0.01, atol=1e-9)


def test_whole_numbers_do_not_wrap_around_when_they_are_subtracted() -> None:
    history = History()
    for k in (3, 1):
        history.record({"fc.weight": np.full((4, 3), k, dtype=np.uint8), "fc.bias": np.zeros(4, dtype=bool)})
    ((entries, data),) = Payload(network(), history).fetch(1, 2, Quantity("update"))
    assert decode(entries[0], data[: entries[0]["n_bytes"]])[0, 0, 0] == -2


def test_no_update_is_made_up_where_a_parameter_was_not_recorded() -> None:
    history = History()
    for k in range(5):
        history.record(state(k) if k != 2 else {"fc.weight": state(k)["fc.weight"]})
    payload = Payload(network(), history)

    def ranges(quantity: Quantity) -> list[tuple[int, int]]:
        entries = [e for chunk, _ in payload.fetch(0, 5, quantity) for e in chunk if e["name"] == "fc.bias"]
        return [(entry["start"], entry["stop"]) for entry in entries]

    assert ranges(Quantity("update")) == [(1, 2), (4, 5)]
    assert ranges(Quantity("difference", 0)) == [(0, 2), (3, 5)]
    assert ranges(Quantity("difference", 2)) == []


@pytest.mark.parametrize(
    ("name", "reference", "sentence"),
    [
        ("gradients", None, "no quantity 'gradients'; there are: weights, update, difference"),
        ("difference", None, "'difference' was asked for with reference None"),
        ("update", 3, "'update' was asked for with reference 3"),
    ],
)
def test_quantities_that_make_no_sense_are_refused(name: str, reference: int | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Quantity(name, reference)


def test_a_reference_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="and 5 as their reference, were asked for; there are 5, 0 to 4"):
        list(Payload(network(), noisy(5)).fetch(0, 2, Quantity("difference", 5)))


def test_a_page_with_rounded_weights_has_updates_of_their_own_scale() -> None:
    history = small_steps(6)
    index, parts = complete(Payload(network(parameters=LARGE), history, "int8"))
    updates = {**index, "blocks": [b for b in index["blocks"] if b["quantity"] == "update"]}
    for name in SHAPES:
        found, w = values(updates, parts, name), history[name].astype(np.float64)
        assert list(found) == [1, 2, 3, 4, 5]
        for k, told in found.items():
            true = w[k] - w[k - 1]
            assert np.abs(told - true).max() <= np.abs(true).max() / 250 * 1.001


@pytest.mark.parametrize(("precision", "limit"), [("float32", 10**6), ("float16", 10**6), ("int8", 100)])
def test_a_page_has_no_updates_where_weights_are_fine_or_it_would_grow_too_large(
    precision: str, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(complete_module, "PAGE_UPDATE_BYTES", limit)
    index, _ = complete(Payload(network(parameters=LARGE), small_steps(4), precision))
    assert {block["quantity"] for block in index["blocks"]} == {"weights"}


def test_a_page_beyond_its_limit_has_fewer_checkpoints_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complete_module, "PAGE_BYTES", 16 * 4 * 10)
    history = recorded(28)
    index, parts = complete(Payload(network(), history))
    assert index["runs"][0]["n_checkpoints"] == 10
    assert index["runs"][0]["steps"] == list(range(0, 280, 30))
    found = values(index, parts, "fc.bias")
    assert [found[k][0] for k in range(10)] == list(range(0, 28, 3))
    assert index["notes"] == ["10 of 28 checkpoints are in this page, evenly spread"]


def test_a_page_with_fewer_checkpoints_has_the_orders_that_were_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(complete_module, "PAGE_BYTES", 16 * 4 * 10)
    monkeypatch.setattr(complete_module, "PAGE_ORDER_LINKS", 10)
    payload = Payload(as_network(state(1)), recorded(28))
    payload.order("correlation")
    index, _ = complete(payload)
    assert {name: order["checkpoint"] for name, order in index["orders"].items()} == {"correlation": 9}


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
    index, parts = complete(Payload(network(), history))
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
    index, all_parts = complete(payload)
    assert list(values(index, all_parts, "fc.bias")) == list(range(14))


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


def test_a_page_has_the_same_numbers_in_fewer_bytes() -> None:
    rng = np.random.default_rng(0)
    history, shapes = History(), {"fc.weight": (60, 50), "fc.bias": (60,)}
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    for step in range(6):
        weights = {
            name: w + rng.laplace(scale=0.02, size=w.shape).astype(np.float32) for name, w in weights.items()
        }
        history.record(weights, step=step)
    payload = Payload(as_network(weights), history, "int8")
    index, parts = complete(payload)
    sizes = [
        sum(entry["n_bytes"] for entry in blocks if entry["quantity"] == "weights")
        for blocks in (index["blocks"], payload.entries)
    ]
    assert sizes[0] < sizes[1]
    for name in shapes:
        told = values(
            {**index, "blocks": [b for b in index["blocks"] if b["quantity"] == "weights"]}, parts, name
        )
        sent = values(payload.index(), payload.parts, name)
        assert {k: v.tolist() for k, v in told.items()} == {k: v.tolist() for k, v in sent.items()}
    for entry in index["summaries"]["blocks"]:
        data = parts[entry["part"]][entry["offset"] : entry["offset"] + entry["n_bytes"]]
        assert np.isfinite(decode(entry, data)).any()
