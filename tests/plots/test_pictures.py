"""Portraits and bands in print: their colours are weights, and what is left out is said."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

import nnweightviz as nwv
from nnweightviz.bands import Banded, Run, band_size, fold
from nnweightviz.layout import Place
from nnweightviz.orders import unit_orders
from nnweightviz.parameters import Parameters
from nnweightviz.plots import graph
from nnweightviz.plots.boxes import folds_of
from nnweightviz.plots.graph import draw_graph
from nnweightviz.plots.links import Links, Shown
from nnweightviz.plots.pictures import RATIO
from nnweightviz.scale import PALETTES, shade
from nnweightviz.words import counted

State = dict[str, NDArray[np.float32]]
PALETTE = PALETTES["light"]


def state_of(*sizes: int, seed: int = 0) -> State:
    """Return the weights of a dense net of these layers."""
    rng = np.random.default_rng(seed)
    pairs = list(pairwise(sizes))
    weights = {f"fc{k}.weight": rng.normal(size=(b, a)).astype(np.float32) for k, (a, b) in enumerate(pairs)}
    return weights | {f"fc{k}.bias": rng.normal(size=b).astype(np.float32) for k, (_, b) in enumerate(pairs)}


def history_of(*states: State) -> nwv.History:
    history = nwv.History()
    for state in states:
        history.record(state)
    return history


def drawn(history: nwv.History, network: nwv.Network | None = None) -> tuple[Axes, dict[str, Place]]:
    """Draw the last checkpoint; return where its groups stand as well."""
    network = nwv.as_network(history[0].state) if network is None else network
    parameters = Parameters(network, list(history))
    links, folds = Links(network, parameters, Shown()), folds_of(network, parameters, None)
    ax = Figure(figsize=(7.2, 4.8)).add_axes((0, 0, 1, 1))
    return ax, dict(draw_graph(ax, links, len(history) - 1, folds=folds).places)


def words(ax: Axes) -> str:
    return " | ".join(text.get_text() for text in ax.texts)


def n_lines(ax: Axes) -> int:
    """Return how many links are lines: the first collection but for those behind pictures."""
    return max(len(c.get_segments()) for c in ax.collections if isinstance(c, LineCollection))


def colour_at(ax: Axes, x: float, y: float) -> tuple[int, ...]:
    """Return the colour of the picture at a point of the stage."""
    for image in ax.images:
        left, right, bottom, top = image.get_extent()
        if left <= x <= right and top <= y <= bottom:
            array = np.asarray(image.get_array())
            if array.shape[1] == round((right - left) * RATIO):
                pixel = array[int((y - top) * RATIO), int((x - left) * RATIO)]
                return tuple(int(channel) for channel in pixel[:3])
    raise AssertionError(f"no picture at {x}, {y}")


def test_a_portrait_shows_each_weight_at_its_input() -> None:
    history = history_of(state_of(100, 12, 3))
    ax, places = drawn(history)
    weights = np.asarray(history[0].state["fc0.weight"])
    domain = np.quantile(np.abs(weights), 0.995)
    assert places["fc0"].form == "portraits"
    for picture in places["fc0"].pictures:
        for i in (0, 9, 47, 99):
            x = picture.x + (i % 10 + 0.5) / 10 * picture.width
            y = picture.y + (i // 10 + 0.5) / 10 * picture.height
            share = float(np.clip(weights[picture.unit, i] / domain, -1, 1))
            expected = shade(PALETTE, share, signed=True)
            assert colour_at(ax, x, y) == pytest.approx(expected, abs=2)  # of 255 colours


def test_the_image_is_the_root_mean_square_over_units() -> None:
    history = history_of(state_of(100, 12, 3))
    ax, places = drawn(history)
    weights = np.asarray(history[0].state["fc0.weight"], np.float64)
    rms, domain = np.sqrt((weights**2).mean(axis=0)), np.quantile(np.abs(weights), 0.995)
    (picture,) = places["input"].pictures
    for i in (0, 55, 99):
        x = picture.x + (i % 10 + 0.5) / 10 * picture.width
        y = picture.y + (i // 10 + 0.5) / 10 * picture.height
        expected = shade(PALETTE, rms[i] / domain, signed=False)
        assert colour_at(ax, x, y) == pytest.approx(expected, abs=2)
    assert "grey: root mean square over units" in words(ax)


def test_the_strongest_units_come_first() -> None:
    state = state_of(100, 40, 3)
    _, places = drawn(history_of(state))
    strength = np.linalg.norm(state["fc0.weight"], axis=1) * np.linalg.norm(state["fc1.weight"], axis=0)
    assert [p.unit for p in places["fc0"].pictures] == np.argsort(-strength).tolist()


def test_units_on_the_sheet_have_no_lines_which_is_said() -> None:
    ax, places = drawn(history_of(state_of(100, 60, 3)))
    in_column = int(np.isfinite(places["fc0"].unit_y).sum())
    assert in_column <= 20
    assert n_lines(ax) == in_column * 3 + 3  # with the biases of the last layer
    assert f"+{60 - in_column} more" in words(ax)
    assert f"{(60 - in_column) * 3} of weaker units not drawn" in words(ax)
    assert "fc0: portraits of 60 units, strongest first" in words(ax)


def test_units_that_learned_nothing_are_dashed_and_counted() -> None:
    first, last = state_of(100, 12, 3), state_of(100, 12, 3, seed=1)
    last["fc0.weight"][4], last["fc0.weight"][7] = 0, first["fc0.weight"][7]
    ax = graph(history_of(first, last))
    dashed = [
        c for c in ax.collections if isinstance(c, PolyCollection) and c.get_linestyle()[0][1] is not None
    ]
    assert [len(c.get_paths()) for c in dashed] == [2]
    assert "dashed: 1 dead, 1 unchanged since checkpoint 1" in words(ax)


def test_channels_stand_beside_each_other() -> None:
    state, history = state_of(75, 6, 2), history_of(state_of(75, 6, 2))
    network = nwv.as_network(state, input_grid=(3, 5, 5))
    ax, places = drawn(history, network)
    assert len(places["input"].pictures) == 3
    picture = places["fc0"].pictures[0]
    domain = np.quantile(np.abs(state["fc0.weight"]), 0.995)
    x = picture.x + (2 * 5 + 1.5) / 15 * picture.width  # channel 3, row 4, column 2
    y = picture.y + 3.5 / 5 * picture.height
    weight = float(state["fc0.weight"][picture.unit, 2 * 25 + 3 * 5 + 1])
    expected = shade(PALETTE, float(np.clip(weight / domain, -1, 1)), signed=True)
    assert colour_at(ax, x, y) == pytest.approx(expected, abs=2)
    assert "3 × 5 × 5" in words(ax)


def test_biases_of_portraits_are_ticks_below_them() -> None:
    state = state_of(100, 3, 2)
    ax, places = drawn(history_of(state))
    bars = [c for c in ax.collections if isinstance(c, PolyCollection) and c.get_zorder() == 4]
    corners = np.array([path.vertices[:4] for path in bars[0].get_paths()])  # (unit, corner, xy)
    domain = np.quantile(np.abs(state["fc0.bias"]), 0.995)
    for picture, bar in zip(places["fc0"].pictures, corners, strict=True):
        bias = state["fc0.bias"][picture.unit]
        middle = picture.x + picture.width / 2
        reach = picture.width / 2 * float(np.clip(bias / domain, -1, 1))
        assert sorted({*bar[:, 0]}) == pytest.approx(sorted((middle, middle + reach)), abs=1e-6)
        assert bar[:, 1].min() >= picture.y + picture.height


def test_portraits_can_be_switched_off() -> None:
    ax = graph(history_of(state_of(100, 12, 3)), portraits=False)
    assert n_lines(ax) == 100 * 12 + 12 + 12 * 3 + 3
    assert "portraits" not in words(ax)


def test_a_narrow_page_has_no_sheet() -> None:
    ax = graph(history_of(state_of(100, 60, 3)), size=(3.75, 3.3))
    assert "more" not in words(ax)
    assert "portraits of the strongest of 60 units" in words(ax)


def test_what_was_not_recorded_is_in_the_colour_of_no_number() -> None:
    first = state_of(100, 12, 3)
    without = {name: array for name, array in first.items() if name != "fc0.weight"}
    network = nwv.as_network(first)
    ax, places = drawn(history_of(first, without), network)
    picture = places["fc0"].pictures[0]
    assert colour_at(ax, picture.x + 3, picture.y + 3) == PALETTE.odd


@pytest.mark.parametrize(("n", "size"), [(500, 20), (784, 28), (2048, 64), (401, 17), (4096, 128)])
def test_bands_are_alike_where_a_size_near_the_wanted_one_divides(n: int, size: int) -> None:
    assert band_size(n) == size


def units_of(run: Run | None, row: int) -> NDArray[np.intp]:
    """Return the units of a row of a run, or the unit of a group that is not folded."""
    if run is None:
        return np.array([row])
    units = run.first + row * run.size + np.arange(run.size)
    return units if run.clusters is None else run.clusters[units]


def expect_means(folded: Banded, state: State) -> None:
    """Each link of a network with bands is the root mean square of the weights between their units."""
    for bundle in folded.network.bundles:
        whole = state[bundle.parameter].reshape(len(state[bundle.parameter]), -1).astype(np.float64)
        values = folded.weights(bundle, state[bundle.parameter])
        for j, i in np.ndindex(*bundle.shape[:2]):
            ends = units_of(folded.runs.get(bundle.target), j), units_of(folded.runs.get(bundle.source), i)
            part = whole[np.ix_(*ends)]
            expected = part.item() if part.size == 1 else np.sqrt((part**2).mean())
            assert values[j, i] == pytest.approx(expected, rel=1e-6)


def test_a_link_of_bands_is_the_root_mean_square_of_its_weights() -> None:
    state = state_of(500, 30, 450)
    expect_means(fold(nwv.as_network(state), 400, {"input": 2}, ()), state)


def test_bands_say_what_they_hold() -> None:
    history = history_of(state_of(500, 30, 450))
    ax = graph(history, size=(9, 6))
    assert n_lines(ax) == 25 * 30 + 30 * 25
    assert "500 units of input in bands of 20, 450 units of fc1 in bands of 18" in words(ax).replace(
        "\n", " "
    )
    assert "25 bands of 20" in words(ax)
    assert "1–20" in words(ax)


def test_an_open_band_shows_its_units() -> None:
    history = history_of(state_of(500, 30, 3))
    ax = graph(history, open_bands={"input": 2}, size=(9, 12))
    assert {"41", "60", "1–20", "61–80"} <= {text.get_text() for text in ax.texts}
    assert "480 units of input in bands of 20" in words(ax)


def test_bands_are_not_made_of_layers_below_the_limit() -> None:
    ax = graph(history_of(state_of(500, 4, 3)), fold_above=600)
    assert "bands" not in words(ax)
    assert counted(500 * 4 + 4 + 4 * 3 + 3, "link") in words(ax)


def test_pictures_of_all_checkpoints_rank_units_once() -> None:
    states = [state_of(100, 40, 3, seed=seed) for seed in range(3)]
    history = history_of(*states)
    network = nwv.as_network(states[0])
    parameters = Parameters(network, list(history))
    links, folds = Links(network, parameters, Shown()), folds_of(network, parameters, None)
    for k in range(3):
        draw_graph(Figure().add_subplot(), links, k, folds=folds)
    strength = np.linalg.norm(states[2]["fc0.weight"], axis=1) * np.linalg.norm(
        states[2]["fc1.weight"], axis=0
    )
    assert links.exhibits["fc0"].ranked.tolist() == np.argsort(-strength).tolist()


def test_bands_of_alike_units_are_those_of_the_order_by_correlation() -> None:
    state = state_of(500, 30, 450)
    network = nwv.as_network(state)
    order = np.random.default_rng(3).permutation(450)
    folded = fold(network, 400, {"fc1": 2}, (), {"fc1": order.tolist()})
    expect_means(folded, state)
    names = {name for group in folded.network.groups for name in group.unit_names or ()}
    assert {"band 1, 18 alike units", str(order[36] + 1), str(order[53] + 1)} <= names


def test_alike_bands_are_named_on_paper() -> None:
    ax = graph(history_of(state_of(500, 30, 450)), size=(9, 6), fold_by="clustering")
    said = words(ax)
    assert "450 units of fc1 in bands of 18 alike" in said
    assert "500 units of input in bands of 20," in said  # inputs have no incoming weights
    assert "equal parts of the order by correlation" in said.replace("| ", "")


def test_units_stand_in_the_order_that_is_asked_for() -> None:
    state = state_of(5, 8, 3)
    network = nwv.as_network(state)
    history = history_of(state)
    parameters = Parameters(network, list(history))
    for order in ("sum", "correlation", "crossings"):
        links, folds = Links(network, parameters, Shown(order=order)), folds_of(network, parameters, None)
        ax = Figure(figsize=(7.2, 4.8)).add_axes((0, 0, 1, 1))
        place = draw_graph(ax, links, 0, folds=folds).places["fc0"]
        found = np.argsort(place.unit_y).tolist()
        if order == "sum":
            expected = np.argsort(-state["fc0.weight"].sum(axis=1)).tolist()
        else:
            expected = unit_orders(network, state, order).get("fc0", list(range(8)))
        assert found == expected
        assert "units ordered" in words(ax)
