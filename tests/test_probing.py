"""A widget with a probe: what crosses of its outputs, what is told where there are none, what a page has of them."""

from __future__ import annotations

import base64
import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

import nnweightviz as nwv
from fixtures import write as fixtures
from nnweightviz import complete, probing
from nnweightviz.blocks import decode
from nnweightviz.parts import Attachment
from nnweightviz.probe import encode as crossing
from widgets import bundle

__all__ = ["bundle"]

torch.set_num_threads(1)
FIXTURE = Path(__file__).parent / "fixtures" / "outputs.json"

pytestmark = pytest.mark.usefixtures("bundle")


class Recurrent(nn.Module):
    """LSTM 4, Linear 3 with ReLU, Linear 1."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 4, batch_first=True)
        self.dense, self.relu, self.out = nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.out(self.relu(self.dense(self.lstm(x)[0][:, -1])))
        return found


def study(n: int = 4) -> tuple[nn.Module, nwv.History, tuple[torch.Tensor, ...]]:
    torch.manual_seed(1)
    model, history = Recurrent(), nwv.History()
    for k in range(n):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.2 * torch.randn_like(parameter)
        history.record(model, step=10 * k)
    x, y = torch.randn(90, 5, 2), torch.randn(90)
    return model, history, (x[:60], y[:60], x[60:], y[60:])


def values_of(index: dict[str, Any], part: bytes) -> dict[str, NDArray[np.float64]]:
    """What comes out of each block, by quantity and name."""
    found = {}
    for entry in index["blocks"]:
        data = part[entry["offset"] : entry["offset"] + entry["n_bytes"]]
        shape = (entry["stop"] - entry["start"], *entry["dims"])
        found[f"{entry['quantity']} {entry['name']}"] = decode(entry, data).reshape(shape)
    return found


def sent(viz: nwv.WeightViz) -> tuple[dict[str, Any], dict[str, NDArray[np.float64]]]:
    state = viz.get_state()
    index = state["_index"]["outputs"]
    return index, values_of(index, state["_blocks"][index["blocks"][0]["part"]])


def test_the_committed_bytes_hold_the_outputs_that_they_were_made_of() -> None:
    stored = json.loads(FIXTURE.read_text())
    found = values_of(stored["index"], base64.b64decode(stored["part"]))
    outputs = fixtures.outputs()
    for name, group in outputs.groups.items():
        rows = stored["index"]["groups"][name]["rows"]
        expected = group.values if rows is None else group.values[:, rows]
        np.testing.assert_allclose(found[f"outputs {name}"], expected, rtol=1e-3, atol=1e-3)
        np.testing.assert_array_equal(found[f"peaks {name}"], group.peaks)
    np.testing.assert_array_equal(found["prediction out"], outputs.prediction)
    np.testing.assert_array_equal(found["targets *"][0, :, 0], outputs.targets)
    now = crossing.attachment(outputs, fixtures.probed_network(), [0, 10, 20, 30, 40], {})
    told = json.loads(json.dumps({**now.index("run", 0), "blocks": None}))
    assert told == {**stored["index"], "blocks": None}


def test_a_widget_carries_what_the_model_puts_out_on_the_probe() -> None:
    model, history, probe = study()
    viz = nwv.WeightViz(model, history, probe=probe)
    index, found = sent(viz)
    assert viz.outputs is not None
    assert index["checkpoints"] == [0, 1, 2, 3]
    assert index["prediction"] == "out"
    assert [len(index["items"][split]) for split in ("train", "test")] == [60, 30]
    x, y = torch.cat([probe[0], probe[2]]), torch.cat([probe[1], probe[3]])
    for k in range(4):
        model.load_state_dict({name: torch.tensor(w) for name, w in history[k].state.items()})
        with torch.no_grad():
            hidden = model.lstm(x)[0]
            dense = model.relu(model.dense(hidden[:, -1]))
        rows = index["groups"]["lstm.l0"]["rows"]
        np.testing.assert_allclose(found["outputs lstm.l0"][k], hidden[rows], atol=5e-3)
        np.testing.assert_allclose(found["outputs dense"][k][:, 0], dense, atol=1e-2)
        np.testing.assert_allclose(found["prediction out"][k], model(x).detach(), atol=1e-4)
    ordered = y.numpy()[index["groups"]["lstm.l0"]["rows"]]
    assert (np.diff(ordered) >= 0).all()
    assert ordered[0] == y.min()
    assert ordered[-1] == y.max()


def test_scores_of_the_probe_are_curves_unless_the_history_has_them() -> None:
    model, history, probe = study()
    curves = nwv.WeightViz(model, history, probe=probe).get_state()["_index"]["runs"][0]["metrics"]
    assert list(curves) == ["probe loss (train)", "probe loss (test)"]
    assert curves["probe loss (test)"]["x"] == [0, 10, 20, 30]
    with torch.no_grad():
        expected = nn.functional.mse_loss(model(probe[2])[:, 0], probe[3]).item()
    assert curves["probe loss (test)"]["y"][-1] == pytest.approx(expected, rel=1e-5)
    known = {"mse": curves["probe loss (train)"]["y"]}
    again = nwv.WeightViz(model, list(history), metrics=known, probe=probe)
    assert list(again.get_state()["_index"]["runs"][0]["metrics"]) == ["mse", "probe loss (test)"]


def test_a_model_that_fails_on_the_probe_is_drawn_and_says_why() -> None:
    model, history, (x, y, *_) = study()
    with pytest.warns(UserWarning, match="no outputs: .*lstm"):
        viz = nwv.WeightViz(model, history, probe=(x[:, :, :1], y))
    assert viz.outputs is None
    index = viz.get_state()["_index"]
    assert index["outputs"]["checkpoints"] == []
    assert any("no outputs" in note and "lstm" in note for note in index["notes"])
    assert index["blocks"]
    assert all(viz.get_state()["_blocks"]), "hosts stumble over an empty part"


def test_an_interrupt_leaves_the_diagram_and_the_probe_can_be_run_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, history, probe = study()

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(probing, "outputs_of", interrupt)
        with pytest.warns(UserWarning, match="interrupted"):
            viz = nwv.WeightViz(model, history, probe=probe)
    assert viz.outputs is None
    assert "interrupted" in " ".join(viz.get_state()["_index"]["notes"])
    said: list[Any] = []
    viz.send = lambda content, buffers=None: said.append((content, buffers))  # type: ignore[method-assign]
    assert viz.run_probe() is viz.outputs is not None
    assert viz.get_state()["_index"]["notes"] == []
    (content, buffers), *_ = [message for message in said if message[0]["type"] == "reset"]
    assert content["index"]["outputs"]["blocks"][0]["part"] == len(buffers) - 1


def test_outputs_end_where_the_history_ended_until_the_probe_is_run_again() -> None:
    model, history, probe = study()
    viz = nwv.WeightViz(model, history, probe=probe)
    history.record(model, step=100)
    viz._live.flush()
    assert sent(viz)[0]["checkpoints"] == [0, 1, 2, 3]
    viz.run_probe()
    assert sent(viz)[0]["checkpoints"] == [0, 1, 2, 3, 4]
    viz.close()


@pytest.mark.parametrize("probe", [3, "X", (1, 2, 3)])
def test_what_is_no_probe_is_refused(probe: Any) -> None:
    model, history, _ = study()
    with pytest.raises((TypeError, ValueError), match=r"probe|X"):
        nwv.WeightViz(model, history, probe=probe)


def test_a_probe_without_a_model_is_refused_with_what_to_do() -> None:
    _, history, probe = study()
    with pytest.raises(TypeError, match="pass the model beside its checkpoints"):
        nwv.WeightViz(None, history, probe=probe)
    with pytest.raises(TypeError, match=re.escape("viz.run_probe((X, y))")):
        nwv.WeightViz(None, history).run_probe()


def test_without_a_probe_nothing_of_it_crosses() -> None:
    model, history, _ = study()
    viz = nwv.WeightViz(model, history)
    assert viz.outputs is None
    assert "outputs" not in viz.get_state()["_index"]


def test_a_page_has_the_outputs_behind_all_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    model, history, probe = study()
    viz = nwv.WeightViz(model, history, probe=probe, precision="int8")
    state, parts = viz.page_state()
    outputs = state["_index"]["outputs"]
    found = values_of(outputs, parts[outputs["blocks"][0]["part"]])
    np.testing.assert_array_equal(found["outputs dense"], sent(viz)[1]["outputs dense"])
    monkeypatch.setattr(complete, "PAGE_BYTES", 2 * viz._payload.n_bytes_each)  # of the four, two are left
    state, parts = viz.page_state()
    assert state["_index"]["outputs"]["checkpoints"] == [0, None, None, 1]


def test_many_outputs_are_thinned_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    model, history, probe = study()
    monkeypatch.setattr(crossing, "MOST_CODES", 3000)
    viz = nwv.WeightViz(model, history, probe=probe)
    index, found = sent(viz)
    assert sum(values.size for name, values in found.items() if name.startswith("outputs")) <= 3000
    left_out = set(viz.outputs.groups) - set(index["groups"]) if viz.outputs else set()
    assert left_out
    assert all(any(repr(name) in note for note in index["notes"]) for name in left_out)


def test_a_probe_that_takes_long_shows_a_bar_and_a_short_one_none(monkeypatch: pytest.MonkeyPatch) -> None:
    bars: list[Any] = []

    class Bar:
        n = 0

        def update(self, more: int) -> None:
            self.n += more

        def close(self) -> None:
            bars.append(self.n)

    monkeypatch.setattr(probing, "_new_bar", lambda *_: Bar())
    model, history, probe = study()
    nwv.WeightViz(model, history, probe=probe)
    assert bars == []
    monkeypatch.setattr(probing, "SHOWN_AFTER_S", -1.0)
    nwv.WeightViz(model, history, probe=probe)
    assert bars == [8]  # both splits at four checkpoints


def test_classes_cross_as_probabilities() -> None:
    torch.manual_seed(2)
    model, history = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4)), nwv.History()
    history.record(model)
    x, y = torch.randn(30, 3), torch.randint(4, (30,))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        index, found = sent(nwv.WeightViz(model, history, probe=(x, y)))
    assert index["task"] == "classes"
    assert index["prediction"] == "2"
    np.testing.assert_allclose(found["prediction 2"][0], model(x).softmax(1).detach(), atol=1e-6)
    assert list(index["scores"]) == ["loss", "accuracy"]


def test_an_attachment_rides_as_the_last_part_and_replaces_its_namesake() -> None:
    model, history, _ = study()
    viz = nwv.WeightViz(model, history)
    for text in (b"first", b"second"):
        viz._payload.attached["more"] = Attachment("more", {"checkpoints": []}, ({"name": "a"},), text)
    state = viz.get_state()
    part = state["_index"]["more"]["blocks"][0]["part"]
    assert part == len(state["_blocks"]) - 1
    assert state["_blocks"][part] == b"second"
