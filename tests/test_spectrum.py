"""Spectra of a history: the same as scipy's, computed once for each checkpoint, told matrix by matrix."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import nnweightviz as nwv
from nnweightviz import blocks, measures, payload
from nnweightviz.parameters import Parameters
from nnweightviz.spectrum import NUMBERS, Spectra, correlation, spectra, told
from nnweightviz.widget import WeightViz
from studies import Study, recurrent_network
from widgets import Listener, bundle

__all__ = ["bundle"]
N = 6


@pytest.fixture(scope="module")
def network() -> nwv.Network:
    return recurrent_network()


def record(history: nwv.History, n: int, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    shapes = {name: tuple(array.shape) for name, array in Study().state_dict().items()}
    for _ in range(n):
        state = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
        history.record(state, step=10 * len(history))


@pytest.fixture
def history() -> nwv.History:
    recorded = nwv.History()
    record(recorded, N)
    return recorded


def svd(matrices: Any) -> Any:
    return np.stack([scipy.linalg.svdvals(np.asarray(m, np.float64).reshape(len(m), -1)) for m in matrices])


def gate(history: nwv.History, g: int) -> Any:
    both = [history[f"rnn.weight_{which}_l0"][:, 8 * g : 8 * g + 8] for which in ("ih", "hh")]
    return np.concatenate(both, axis=2)


def wait_until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


class TestInPython:
    def test_singular_values_of_parameters_and_gates_are_scipys(
        self, history: nwv.History, network: nwv.Network
    ) -> None:
        found = spectra(history, network)
        kernels = ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "fc.weight"]
        assert list(found) == [*kernels, "rnn.i", "rnn.f", "rnn.g", "rnn.o"]
        for name in kernels:
            assert found[name].singular_values == pytest.approx(svd(history[name]))
        for g, port in enumerate("ifgo"):
            assert found[f"rnn.{port}"].singular_values == pytest.approx(svd(gate(history, g)))
            assert found[f"rnn.{port}"].shape == (8, 12)

    def test_ranks_and_the_edge_are_those_of_the_measures(
        self, history: nwv.History, network: nwv.Network
    ) -> None:
        found = spectra(history, network, ["rnn.weight_hh_l0"])["rnn.weight_hh_l0"]
        weights = history["rnn.weight_hh_l0"].astype(np.float64)
        assert found.stable_rank == pytest.approx(measures.stable_rank(weights))
        assert found.effective_rank == pytest.approx(measures.effective_rank(weights))
        assert found.numerical_rank == pytest.approx(measures.numerical_rank(weights))
        assert found.std == pytest.approx(weights.std(axis=(1, 2)))
        assert found.edge == pytest.approx(weights.std(axis=(1, 2)) * (32**0.5 + 8**0.5))

    def test_a_checkpoint_with_nan_or_without_the_parameter_has_no_spectrum(self) -> None:
        history = nwv.History()
        for k in range(4):
            weights = np.eye(3, dtype=np.float32)
            weights[1, 2] = np.nan if k == 1 else 0
            history.record(
                {"a.weight": np.eye(2, dtype=np.float32)} | ({"b.weight": weights} if k != 2 else {})
            )
        found = spectra(history, nwv.as_network(history[0].state))["b.weight"]
        for numbers in (found.singular_values[:, 0], found.stable_rank, found.numerical_rank, found.edge):
            assert np.isnan(numbers).tolist() == [False, True, True, False]

    def test_what_has_no_spectrum_is_refused_with_what_has_one(
        self, history: nwv.History, network: nwv.Network
    ) -> None:
        with pytest.raises(ValueError, match=r"'fc.bias' has no spectrum; matrices of this network are: rnn"):
            spectra(history, network, ["fc.bias"])

    def test_weights_correlate_as_the_measure_says(self, history: nwv.History, network: nwv.Network) -> None:
        found = correlation(history, network)
        both = [history[f"rnn.weight_{which}_l0"].reshape(N, -1) for which in ("ih", "hh")]
        expected = measures.layer_correlation(
            {"rnn": np.concatenate(both, axis=1), "fc": history["fc.weight"]}
        )
        assert found.layers == ("rnn", "fc")
        assert found.found.mean_absolute == pytest.approx(expected.mean_absolute)
        assert found.decay == measures.exponential_decay(expected.distance, expected.mean_absolute)

    def test_of_large_layers_only_the_chosen_weights_are_read_and_found_the_same(self) -> None:
        rng, history = np.random.default_rng(0), nwv.History()
        for _ in range(4):
            history.record({f"{i}.weight": rng.normal(size=(50, 50)) for i in range(3)})
        found = correlation(history, nwv.as_network(history[0].state))
        expected = measures.layer_correlation({i: history[f"{i}.weight"] for i in range(3)})
        assert found.found.n_pairs.tolist() == expected.n_pairs.tolist()
        assert found.found.mean_absolute == pytest.approx(expected.mean_absolute)

    def test_of_one_layer_there_is_no_decay(self) -> None:
        rng, history = np.random.default_rng(0), nwv.History()
        for _ in range(4):
            history.record({"fc.weight": rng.normal(size=(5, 5))})
        assert correlation(history, nwv.as_network(history[0].state)).decay is None


def read(answer: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Blocks of an answer by quantity."""
    return {
        entry["quantity"]: blocks.decode(entry, data[entry["offset"] : entry["offset"] + entry["n_bytes"]])
        for entry in answer["blocks"]
    }


def ask(browser: Listener, names: list[str], **more: Any) -> list[tuple[dict[str, Any], list[bytes]]]:
    """Ask for spectra and wait for the last answer, or for what went wrong."""
    n = len(browser.heard)
    browser.say(type="spectra", id="s0", names=names, **more)
    wait_until(lambda: any(c.get("done") or c["type"] == "error" for c, _ in browser.heard[n:]))
    return browser.heard[n:]


@pytest.mark.usefixtures("bundle")
class TestTold:
    def test_a_browser_is_told_matrix_by_matrix(self, history: nwv.History, network: nwv.Network) -> None:
        *answers, (last, _) = ask(Listener(WeightViz(network, history)), ["fc.weight", "rnn.i"])
        assert [[part["name"] for part in answer["parts"]] for answer, _ in answers] == [
            ["fc.weight"],
            ["rnn.i"],
        ]
        assert [answer["done"] for answer, _ in answers] == [False, False]
        assert (last["done"], last["correlation"], last["n_checkpoints"]) == (True, None, N)
        expected = spectra(history, network)
        for answer, (data,) in answers:
            (part,) = answer["parts"]
            of = expected[part["name"]]
            found = read(answer, data)
            assert found["singular_values"] == pytest.approx(of.singular_values, rel=1e-6)
            numbers = [of.stable_rank, of.effective_rank, of.numerical_rank, of.std]
            assert found["ranks"] == pytest.approx(np.column_stack(numbers), rel=1e-6)
            assert part["shape"] == list(of.shape)
            assert part["taken"] is None
            json.dumps(answer, allow_nan=False)

    def test_correlations_are_told_when_they_are_asked_for(
        self, history: nwv.History, network: nwv.Network
    ) -> None:
        ((last, _),) = ask(Listener(WeightViz(network, history)), [], correlation=True)
        expected = correlation(history, network)
        found = last["correlation"]
        assert found["mean_absolute"] == pytest.approx(expected.found.mean_absolute)
        assert expected.decay is not None
        assert found["decay"][:2] == pytest.approx([expected.decay.at_zero, expected.decay.length])
        json.dumps(last, allow_nan=False)

    def test_growth_computes_what_is_new_and_nothing_twice(
        self, history: nwv.History, network: nwv.Network, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        computed: list[list[int]] = []
        rows = Spectra.rows

        def counted(self: Spectra, name: str, checkpoints: Any) -> Any:
            computed.append(list(checkpoints))
            return rows(self, name, checkpoints)

        monkeypatch.setattr(Spectra, "rows", counted)
        browser = Listener(viz := WeightViz(network, history))
        ask(browser, ["fc.weight"])
        ask(browser, ["fc.weight"])
        record(history, 2, seed=1)
        viz._live.flush()
        ((answer, (data,)), _) = ask(browser, ["fc.weight"])
        assert computed == [list(range(N)), [], [N, N + 1]]
        assert read(answer, data)["singular_values"] == pytest.approx(svd(history["fc.weight"]), rel=1e-6)

    def test_what_is_known_of_checkpoints_that_stay_is_kept_when_others_are_taken_out(
        self, history: nwv.History, network: nwv.Network, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        browser = Listener(viz := WeightViz(network, history))
        ask(browser, ["fc.weight"])
        state = {name: 2 * array for name, array in history[0].state.items()}
        history.record(state, step=40, overwrite=True)  # instead of the last two
        viz._live.flush()
        asked: list[list[int]] = []
        rows = Spectra.rows
        monkeypatch.setattr(Spectra, "rows", lambda s, n, ks: (asked.append(list(ks)), rows(s, n, ks))[1])
        ((answer, (data,)), _) = ask(browser, ["fc.weight"])
        assert asked == [[N - 2]]
        assert answer["n_checkpoints"] == N - 1
        assert read(answer, data)["singular_values"] == pytest.approx(svd(history["fc.weight"]), rel=1e-6)

    def test_an_answer_that_is_cancelled_ends(
        self, history: nwv.History, network: nwv.Network, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gate, rows, computed = threading.Event(), Spectra.rows, list[str]()

        def slowly(self: Spectra, name: str, checkpoints: Any) -> Any:
            computed.append(name)
            assert gate.wait(10)
            return rows(self, name, checkpoints)

        monkeypatch.setattr(Spectra, "rows", slowly)
        browser = Listener(WeightViz(network, history))
        browser.say(type="spectra", id="s0", names=["fc.weight", "rnn.i", "rnn.f"])
        wait_until(lambda: computed == ["fc.weight"])
        browser.say(type="cancel", id="s0")
        gate.set()
        wait_until(lambda: not [t for t in threading.enumerate() if t.name == "nnweightviz-spectra"])
        assert computed == ["fc.weight"]
        assert not any(answer["done"] for answer, _ in browser.heard)

    def test_what_has_no_spectrum_is_told(self, history: nwv.History, network: nwv.Network) -> None:
        browser = Listener(WeightViz(network, history))
        ((error, _),) = ask(browser, ["fc.bias"])
        assert (error["type"], error["id"]) == ("error", "s0")
        assert "'fc.bias' has no spectrum" in error["message"]

    def test_of_many_singular_values_the_largest_are_told_and_others_evenly(
        self, history: nwv.History, network: nwv.Network, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(told, "ANSWER_VALUES", N * 5)
        monkeypatch.setattr(told, "MOST_IN_PAGE", 4)
        ((answer, (data,)), _) = ask(Listener(WeightViz(network, history)), ["rnn.i"])
        taken = answer["parts"][0]["taken"]
        assert taken == [0, 1, 2, 4, 7]
        expected = svd(gate(history, 0))[:, taken]
        assert read(answer, data)["singular_values"] == pytest.approx(expected, rel=1e-6)

    @pytest.mark.parametrize(("n", "most"), [(5, 8), (8, 8), (784, 128), (129, 128), (4096, 1000)])
    def test_the_ranks_that_are_told_are_different_and_have_both_ends(self, n: int, most: int) -> None:
        ranks = told.told_ranks(n, most)
        assert len(set(ranks)) == len(ranks) == min(n, most)
        assert sorted(ranks) == ranks.tolist()
        assert (ranks[0], ranks[-1]) == (0, n - 1)
        assert ranks[: most // 2].tolist() == list(range(min(n, most // 2)))


@pytest.mark.usefixtures("bundle")
class TestInPages:
    def test_a_page_carries_the_spectra_of_all_checkpoints(
        self, history: nwv.History, network: nwv.Network
    ) -> None:
        state, parts = WeightViz(network, history).page_state()
        index = state["_index"]["spectra"]
        (about,) = index["about"]
        expected = spectra(history, network)
        assert [part["name"] for part in about["parts"]] == list(expected)
        assert about["left_out"] == []
        assert about["correlation"]["n_checkpoints"] == N
        for entry in index["blocks"]:
            data = parts[entry["part"]][entry["offset"] : entry["offset"] + entry["n_bytes"]]
            if entry["quantity"] == "singular_values":
                wanted = expected[entry["name"]].singular_values
                assert blocks.decode(entry, data) == pytest.approx(wanted, rel=1e-6)
            else:
                assert entry["dims"] == [len(NUMBERS)]
        json.dumps(index, allow_nan=False)

    def test_the_most_costly_are_left_out_and_named(
        self, history: nwv.History, network: nwv.Network, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            told.Told, "seconds", lambda *about: 1.0 if about[1] == "rnn.weight_hh_l0" else 0.1
        )
        monkeypatch.setattr(told, "PAGE_SECONDS", 1.5)
        state, _ = WeightViz(network, history).page_state()
        (about,) = state["_index"]["spectra"]["about"]
        assert about["left_out"] == ["rnn.weight_hh_l0"]
        assert len(about["parts"]) == 6

    def test_each_of_several_runs_has_its_own(self, network: nwv.Network) -> None:
        runs = {}
        for seed, name in enumerate(("adam", "sgd")):
            runs[name] = nwv.History()
            record(runs[name], 3 + seed, seed)
        state, parts = WeightViz(network, runs).page_state()
        index = state["_index"]["spectra"]
        assert len(index["about"]) == 2
        for name, history in runs.items():
            (entry,) = [
                e
                for e in index["blocks"]
                if (e["run"], e["name"], e["quantity"]) == (name, "fc.weight", "singular_values")
            ]
            data = parts[entry["part"]][entry["offset"] : entry["offset"] + entry["n_bytes"]]
            assert blocks.decode(entry, data) == pytest.approx(svd(history["fc.weight"]), rel=1e-6)

    def test_a_page_that_lacks_checkpoints_has_the_spectra_of_those_it_has(
        self, history: nwv.History, network: nwv.Network, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from nnweightviz import complete

        viz = WeightViz(network, history)
        monkeypatch.setattr(complete, "PAGE_BYTES", 3 * viz._payload.n_bytes_each)
        state, parts = viz.page_state()
        index = state["_index"]
        assert index["runs"][0]["n_checkpoints"] == 3
        (entry,) = [
            e
            for e in index["spectra"]["blocks"]
            if (e["name"], e["quantity"]) == ("fc.weight", "singular_values")
        ]
        data = parts[entry["part"]][entry["offset"] : entry["offset"] + entry["n_bytes"]]
        assert blocks.decode(entry, data) == pytest.approx(svd(history.thin(3)["fc.weight"]), rel=1e-6)


@pytest.mark.usefixtures("bundle")
def test_of_a_large_history_on_disk_only_what_is_asked_for_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, names = np.random.default_rng(0), [f"h.{i}.fc.weight" for i in range(4)]
    with nwv.History(tmp_path / "run") as recorded:
        for k in range(3):
            recorded.record({name: rng.normal(size=(6, 5)) for name in names}, step=k)
    monkeypatch.setattr(payload, "STATE_BYTES", 100)  # a checkpoint is larger
    viz = WeightViz(None, nwv.open(tmp_path / "run"), view="overview")
    index = viz.get_state()["_index"]
    assert index["blocks"] == []
    assert index["summaries"]["parameters"] == names
    read_names: set[str] = set()
    array = Parameters.array

    def watched(self: Parameters, k: int, name: str) -> Any:
        read_names.add(name)
        return array(self, k, name)

    monkeypatch.setattr(Parameters, "array", watched)
    browser = Listener(viz)
    ask(browser, [names[2]])
    sent = browser.say(type="fetch", id="w0", run="run", start=0, stop=3, names=[names[2]])
    assert [block["name"] for message, _ in sent for block in message["blocks"]] == [names[2]]
    assert read_names == {names[2]}
