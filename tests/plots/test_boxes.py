"""Deep networks in print: closed blocks are boxes with the norms of what they hold, open ones have frames."""

from __future__ import annotations

import io
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

import nnweightviz as nwv
from adapters.large_nets import GPT2, Residual
from nnweightviz.opened import opened
from nnweightviz.plots import graph
from nnweightviz.plots.pages import MOST_SCALE, opened_on_paper, scale_of

State = dict[str, np.ndarray[Any, Any]]
IMAGE, TOKENS = torch.zeros(1, 3, 8, 8), torch.zeros(1, 4, dtype=torch.long)


def residual(n: int = 3) -> tuple[nwv.History, nwv.Network]:
    torch.manual_seed(0)
    model, history = Residual(20_001), nwv.History()
    with torch.no_grad():
        for epoch in range(n):
            history.record(model, epoch=epoch)
            for parameter in model.parameters():
                parameter += 0.1
    return history, nwv.as_network(model, example_input=IMAGE)


def chain(n_blocks: int, name: str = "h") -> nwv.History:
    """A sequence of alike blocks of two layers."""
    names = [f"{name}.{i}.{kind}" for i in range(n_blocks) for kind in ("fc.weight", "out.weight")]
    history = nwv.History()
    for size in (1, 2):
        history.record({name: np.full((4, 4), size, np.float32) for name in names})
    return history


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def rectangles(ax: Axes) -> list[tuple[float, float, float, float]]:
    """Left, right, top and bottom of all boxes; frames lie below them."""
    found = [p for p in ax.patches if isinstance(p, FancyBboxPatch) and p.get_zorder() == 3]
    return [(p.get_x(), p.get_x() + p.get_width(), p.get_y(), p.get_y() + p.get_height()) for p in found]


def svg(ax: Axes) -> str:
    file = io.StringIO()
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.savefig(file, format="svg")
    return file.getvalue()


def test_closed_blocks_are_boxes_with_their_names_numbers_of_parameters_and_layers() -> None:
    history, network = residual()
    ax = graph(history, network, expanded=[])
    said = words(ax)
    assert {"input", "conv1", "layer1", "fc"} <= set(said)
    assert {"608 parameters", "4 layers", "Conv2d 4×3×3×3", "Linear 20001×4"} <= set(said)
    assert len(rectangles(ax)) == 4


def test_a_box_has_the_norm_and_the_update_of_all_that_it_holds() -> None:
    history, network = residual()
    names = [name for name in history[-1].state if name.startswith("layer1.") and "running" not in name]
    flat = [
        np.concatenate([np.ravel(c.state[n]) for n in names if n in (network.parameters or {})])
        for c in history
    ]
    said = words(graph(history, network, expanded=[]))
    assert f"{np.linalg.norm(flat[2]):.3g}" in said
    assert f"{np.linalg.norm(flat[2] - flat[1]):.3g}" in said


def test_the_legend_tells_how_much_is_in_boxes() -> None:
    history, network = residual()
    said = words(graph(history, network, expanded=["layer1"]))
    assert "epoch 2 (3 of 3) · 101\u2009k parameters in 4 closed blocks" in said
    assert not any("closed" in text for text in words(graph(history, network, expanded=every(network))))


def every(network: nwv.Network) -> list[str]:
    return [layer.name for layer in network.layers if layer.name != "fc"] + ["fc"]


def test_an_open_block_has_a_frame_with_its_name_around_what_is_in_it() -> None:
    history, network = residual()
    ax = graph(history, network, expanded=["layer1"])
    assert {"layer1", "layer1.0", "layer1.1"} <= set(words(ax))
    frames = [p for p in ax.patches if isinstance(p, FancyBboxPatch) and p.get_zorder() < 1]
    assert len(frames) == 1
    left, top = frames[0].get_x(), frames[0].get_y()
    right, bottom = left + frames[0].get_width(), top + frames[0].get_height()
    inside = [r for r in rectangles(ax) if left < r[0] < r[1] < right and top < r[2] < r[3] < bottom]
    assert len(inside) == 2


def test_links_of_open_layers_are_drawn_among_boxes() -> None:
    history, network = residual()
    said = words(graph(history, network))
    assert any("112 links" in text for text in said)
    assert "100\u2009k parameters in 1 closed block" in " ".join(said)


@pytest.mark.parametrize("size", [(7.2, 4.8), (3.75, 3.4), (12.0, 3.0)])
@pytest.mark.parametrize("n_blocks", [3, 12, 30])
def test_nothing_is_outside_of_the_page_and_boxes_do_not_overlap(
    n_blocks: int, size: tuple[float, float]
) -> None:
    ax = graph(chain(n_blocks, "model.blocks"), expanded=["model.blocks"], size=size)
    figure: Any = ax.figure
    figure.canvas.draw()
    page = figure.bbox.padded(1)
    for text in ax.texts:
        extent = text.get_window_extent()
        assert page.containsx(extent.x0), text.get_text()
        assert page.containsx(extent.x1), text.get_text()
        assert page.containsy(extent.y0), text.get_text()
        assert page.containsy(extent.y1), text.get_text()
    (wires,) = [c for c in ax.collections if c.get_zorder() == 0.8]
    x = np.concatenate([path.vertices[:, 0] for path in wires.get_paths()])
    assert 0 <= x.min() <= x.max() <= ax.get_xlim()[1]
    found = rectangles(ax)
    assert len(found) == n_blocks + 1  # and the input
    for a, b in combinations(found, 2):
        assert a[1] < b[0] or b[1] < a[0] or a[3] < b[2] or b[3] < a[2]


def test_a_long_sequence_is_broken_into_rows_and_every_wire_is_drawn() -> None:
    history = chain(12)
    ax = graph(history, expanded=["h"])
    assert len({round(top) for _, _, top, _ in rectangles(ax) if top}) >= 3
    (wires,) = [c for c in ax.collections if c.get_zorder() == 0.8]
    assert len(wires.get_paths()) == 12


def test_a_page_has_as_many_open_blocks_as_stay_legible() -> None:
    network = nwv.as_network(GPT2(60, 8, 2, 50), example_input=TOKENS)
    shown = opened_on_paper(network, None, 2)
    assert len(opened(network).collapsed.boxes) > 60
    assert len(shown.collapsed.boxes) < 10
    assert scale_of(shown, 2) <= MOST_SCALE
    asked = opened_on_paper(network, ["h"], 2)
    assert len(asked.collapsed.boxes) > 60
    assert asked.is_small


def test_blocks_are_opened_for_the_size_that_is_asked_for() -> None:
    model, history = GPT2(12, 8, 2, 50), nwv.History()
    history.record(model)
    network = nwv.as_network(model, example_input=TOKENS)
    small, large = (set(words(graph(history, network, size=size))) for size in ((3.0, 3.5), (12.0, 8.0)))
    assert "h" in small
    assert "h.0" not in small
    assert {f"h.{k}" for k in range(12)} <= large
    halves = Figure(figsize=(24.0, 8.0)).subplots(1, 2)
    narrow = Figure(figsize=(12.0, 8.0)).subplots(1, 4)
    assert "h.11" in words(graph(history, network, ax=halves[0]))
    assert "h.11" not in words(graph(history, network, ax=narrow[0]))


def test_a_widget_is_printed_with_the_blocks_that_the_size_has_room_for() -> None:
    history, network = residual()
    viz = nwv.WeightViz(network, history)
    small, large = (words(viz.figure(size=size).axes[0]) for size in ((3.0, 4.5), (15.0, 6.0)))
    assert "layer1.0.conv1" not in small
    assert "layer1.0.conv1" in large


def test_a_net_that_the_browser_draws_whole_has_boxes_where_its_layers_were_too_narrow() -> None:
    torch.manual_seed(0)
    stages = [torch.nn.Sequential(*[torch.nn.Linear(4, 4) for _ in range(5)]) for _ in range(4)]
    model, history = torch.nn.Sequential(*stages), nwv.History()
    history.record(model)
    network = nwv.as_network(model, example_input=torch.zeros(1, 4))
    assert not rectangles(graph(history, network))
    assert len(rectangles(graph(history, network, size=(3.75, 4.0)))) == 5  # and the input


def test_boxes_above_each_other_keep_their_height() -> None:
    class Branches(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = torch.nn.Linear(4, 500)
            self.branches = torch.nn.ModuleList(torch.nn.Linear(500, 500) for _ in range(6))

        def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
            return [branch(self.a(x)) for branch in self.branches]

    model, history = Branches(), nwv.History()
    history.record(model)
    network = nwv.as_network(model, example_input=torch.zeros(1, 4))
    ax = graph(history, network, expanded=["branches"])
    heights = [bottom - top for left, right, top, bottom in rectangles(ax) if right - left > 100]
    assert heights == pytest.approx(7 * [60])  # of a box without curves


def test_nan_in_a_block_is_told_and_marked() -> None:
    history, network = residual(1)
    state: State = {name: np.array(array) for name, array in history[0].state.items()}
    state["layer1.0.conv1.weight"][0, 0] = np.nan
    history.record(state)
    assert "9 NaN" in words(graph(history, network, expanded=[]))


def test_one_checkpoint_has_norms_without_curves() -> None:
    history, network = residual(1)
    ax = graph(history, network, expanded=[])
    assert words(ax).count("norm") == 3
    assert "update" not in words(ax)
    assert not ax.lines


def test_names_are_text_and_never_markup() -> None:
    history = chain(3, "<script>$x^2$\x1b")
    said = svg(graph(history, expanded=[]))
    assert "<script>" not in said
    assert "\x1b" not in said
    ax = graph(history, expanded=[])
    assert any(text.startswith("<script>$x^2$") for text in words(ax))


def test_blocks_that_there_are_not_are_refused() -> None:
    history, network = residual(1)
    with pytest.raises(
        ValueError, match="there is no block 'layer9' to expand; blocks are: 'input', 'conv1'"
    ):
        graph(history, network, expanded=["layer9"])
    with pytest.raises(ValueError, match="option 'expanded' is 'layer1'; it takes a list of names"):
        graph(history, network, expanded="layer1")


def test_a_small_network_has_no_boxes_unless_they_are_asked_for() -> None:
    history = nwv.History()
    history.record({"fc.weight": np.ones((2, 3), np.float32)})
    assert not rectangles(graph(history))
    assert len(rectangles(graph(history, expanded=[]))) == 2


def test_many_layers_above_each_other_are_one_box() -> None:
    class Heads(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = torch.nn.Linear(4, 8)
            self.heads = torch.nn.ModuleList(torch.nn.Linear(8, 2) for _ in range(40))

        def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
            return [head(self.a(x)) for head in self.heads]

    model, history = Heads(), nwv.History()
    history.record(model)
    ax = graph(history, nwv.as_network(model, example_input=torch.zeros(1, 4)))
    assert {"heads", "40 layers", "720 parameters"} <= set(words(ax))
    assert len(rectangles(ax)) == 1


def test_a_frame_holds_the_bands_of_a_layer_in_it() -> None:
    torch.manual_seed(0)
    block = torch.nn.Sequential(torch.nn.Linear(8, 500), torch.nn.ReLU(), torch.nn.Linear(500, 8))
    model = torch.nn.Sequential(*[torch.nn.Linear(8, 8) for _ in range(24)], block)
    history = nwv.History()
    history.record(model)
    network = nwv.as_network(model, example_input=torch.zeros(1, 8))
    ax = graph(history, network, expanded=["24", "24.0", "24.2"])
    frame = next(p for p in ax.patches if isinstance(p, FancyBboxPatch) and p.get_zorder() == 0.5)
    names = [text for text in ax.texts if text.get_text() == "24.0"]
    assert len(names) == 1
    x, y = names[0].get_position()
    assert frame.get_x() < x < frame.get_x() + frame.get_width()
    assert frame.get_y() < y < frame.get_y() + frame.get_height()
    assert any("500 units of 24.0 in bands of 20" in word for word in words(ax))
