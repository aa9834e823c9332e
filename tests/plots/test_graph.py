"""The diagram in print: links, colours and words are those of the weights."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import nn

import nnweightviz as nwv
from nnweightviz.layout import Looks, layout_network
from nnweightviz.plots import graph


def recorded(model: nn.Module, n: int = 3) -> nwv.History:
    torch.manual_seed(0)
    history = nwv.History()
    with torch.no_grad():
        for epoch in range(n):
            history.record(model, epoch=epoch)
            for parameter in model.parameters():
                parameter += 0.1 * torch.randn_like(parameter)
    return history


def dense(*sizes: int) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(*[nn.Linear(a, b) for a, b in pairwise(sizes)])


def lines(ax: Axes) -> LineCollection:
    return next(c for c in ax.collections if isinstance(c, LineCollection) and len(c.get_segments()))


def words(ax: Axes) -> str:
    return " | ".join(text.get_text() for text in ax.texts)


def saved(ax: Axes, form: str = "png") -> bytes:
    file = io.BytesIO()
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.savefig(file, format=form)
    return file.getvalue()


def test_every_link_is_a_line_from_its_source_to_its_target() -> None:
    model = dense(4, 3, 2)
    history = recorded(model)
    network = nwv.as_network(model)
    ax = graph(history, network)
    segments = lines(ax).get_segments()
    assert len(segments) == 4 * 3 + 3 + 3 * 2 + 2
    x0, x1 = ax.get_xlim()
    y1, y0 = ax.get_ylim()
    assert all((x0 <= s[:, 0]).all() and (s[:, 0] <= x1).all() for s in segments)
    assert all((y0 <= s[:, 1]).all() and (s[:, 1] <= y1).all() for s in segments)


def test_the_strongest_link_is_drawn_last_in_the_colour_of_its_sign() -> None:
    state = {"fc.weight": np.array([[0.1, -0.2], [0.3, -4.0]], np.float32)}
    history = nwv.History()
    history.record(state)
    collection = lines(graph(history))
    assert collection.get_colors()[-1][:3] == pytest.approx(np.array([208, 69, 20]) / 255, abs=0.01)
    assert collection.get_linewidths()[-1] == max(collection.get_linewidths())


def test_places_are_those_of_the_layout() -> None:
    model = dense(4, 3)
    history, network = recorded(model), nwv.as_network(model)
    ax = graph(history, network, size=(7, 5))
    stage = layout_network(network, Looks(ax.get_xlim()[1], 10_000))
    segments = np.array(lines(ax).get_segments())
    place = stage.places["0"]
    assert segments[:, 1, 0] == pytest.approx(place.x - place.half_width, abs=8)


def test_the_words_tell_moment_domains_and_what_is_not_drawn() -> None:
    history = recorded(dense(4, 3, 2))
    text = words(graph(history, checkpoint=1, threshold=0.5))
    assert "epoch 1 (2 of 3)" in text
    assert "hidden by filters" in text
    weights = np.abs(np.stack([c.state["0.weight"] for c in history])).ravel()
    assert f"0 ±{np.quantile(weights, 0.995):.3g}".replace(" ", "\u00a0") in text


def test_signs_roles_and_gates_choose_what_is_drawn() -> None:
    model = Recurrent(4)
    history, network = recorded(model), nwv.as_network(model, example_input=torch.zeros(1, 4, 3))
    state = history[-1].state
    n_all = len(lines(graph(history, network)).get_segments())
    assert n_all == sum(np.size(array) for array in state.values())
    n_positive = sum(int((array >= 0).sum()) for array in state.values())
    assert len(lines(graph(history, network, signs=["+"])).get_segments()) == n_positive
    n_kernels = sum(np.size(a) for name, a in state.items() if "bias" not in name)
    roles = ["input", "recurrent"]
    assert len(lines(graph(history, network, roles=roles)).get_segments()) == n_kernels
    of_gate = len(lines(graph(history, network, gates=["f"], roles=["recurrent"])).get_segments())
    assert of_gate == 4 * 4


def test_an_update_is_drawn_on_its_own_domain() -> None:
    history = recorded(dense(4, 3))
    steps = np.diff(history["0.weight"].astype(np.float64), axis=0)
    text = words(graph(history, quantity="update"))
    assert f"0 ±{np.quantile(np.abs(steps), 0.995):.3g}".replace(" ", "\u00a0") in text
    assert "no links" in words(graph(history, checkpoint=0, quantity="update"))


def test_nan_and_infinities_are_counted_and_dashed() -> None:
    history = nwv.History()
    history.record({"fc.weight": np.array([[1.0, np.nan], [np.inf, 0.5]], np.float32)})
    ax = graph(history)
    assert "2 NaN or infinite" in words(ax)
    dashed = [c for c in ax.collections if c.get_linestyle()[0][1] is not None and len(c.get_paths())]
    assert sum(len(c.get_paths()) for c in dashed) == 2


def test_a_crowd_is_shaded_and_its_strongest_are_lines() -> None:
    ax = graph(recorded(dense(200, 60), n=1))
    assert len(ax.images) == 1
    n = len(lines(ax).get_segments())
    assert 500 <= n < 1000
    assert f"{n} of 12000 links drawn as lines" in words(ax)


def test_the_shading_is_the_same_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    history = recorded(dense(200, 60), n=1)
    (threaded,) = graph(history).images
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    (alone,) = graph(history).images
    assert np.array_equal(threaded.get_array(), alone.get_array())


class Recurrent(nn.Module):
    def __init__(self, units: int) -> None:
        super().__init__()
        self.rnn, self.out = nn.LSTM(3, units, batch_first=True), nn.Linear(units, 1)

    def forward(self, x: torch.Tensor) -> Any:
        return self.out(self.rnn(x)[0][:, -1])


@pytest.mark.parametrize("units", [8, 40])
@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_recurrent_layers_are_drawn_in_every_form_of_file(units: int, form: str) -> None:
    model = Recurrent(units)
    network = nwv.as_network(model, example_input=torch.zeros(1, 4, 3))
    ax = graph(recorded(model), network, theme="dark" if units == 8 else "light")
    assert len(saved(ax, form)) > 5000
    assert "h(t−1)" in words(ax)


@pytest.mark.parametrize(("inches", "written"), [(7, "LSTM 8 · gates i f g o"), (2.4, "i f g o")])
def test_the_gates_of_a_layer_are_named_in_the_room_that_there_is(inches: float, written: str) -> None:
    model = Recurrent(8)
    network = nwv.as_network(model, example_input=torch.zeros(1, 4, 3))
    told = [text.get_text() for text in graph(recorded(model), network, size=(inches, 4)).texts]
    assert written in told


def test_it_can_be_drawn_on_axes_of_a_figure() -> None:
    figure = Figure(figsize=(12, 4))
    axes = figure.subplots(1, 2)
    history = recorded(dense(4, 3))
    for k, ax in enumerate(axes):
        assert graph(history, checkpoint=k, ax=ax) is ax
    assert len(saved(axes[0])) > 5000


def test_names_are_text_and_never_formulas() -> None:
    history = nwv.History()
    history.record({"$a_b$.weight": np.ones((2, 2), np.float32)})
    ax = graph(history, title="$\\frac{1}{2}$ <b>")
    assert "$\\frac{1}{2}$ <b>" in words(ax)
    assert len(saved(ax, "svg")) > 1000


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"checkpoint": 7}, IndexError, "checkpoint is 7; this history has 3, 0 to 2"),
        (
            {"scale": "net"},
            ValueError,
            "option 'scale' is 'net'; it takes 'layer' or 'global' or 'checkpoint'",
        ),
        ({"theme": "blue"}, ValueError, "theme is 'blue'; it is 'light' or 'dark'"),
        ({"threshold": 2}, ValueError, "option 'threshold' is 2; it takes a number from 0.0 to 1.0"),
        ({"easing": True}, TypeError, "graph\\(\\) does not take 'easing'; of the options it takes scale"),
    ],
)
def test_what_is_not_accepted_is_said(given: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        graph(recorded(dense(2, 2)), **given)


def test_a_history_is_needed_that_is_not_empty() -> None:
    with pytest.raises(TypeError, match="it is a History"):
        graph([{}])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no checkpoints"):
        graph(nwv.History())
