"""What a widget leaves where it cannot run: a picture in the notebook file, words, a frame."""

from __future__ import annotations

import base64
import io
import re
import time
import warnings
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.transforms import Bbox
from PIL import Image
from torch import nn

from adapters.large_nets import GPT2, Residual, ResNet18
from nnweightviz.elsewhere import Elsewhere
from nnweightviz.history import History
from nnweightviz.plots import preview as previews
from nnweightviz.scale import PALETTES
from nnweightviz.views import VIEWS
from nnweightviz.widget import WeightViz
from widgets import bundle, state, states

__all__ = ["bundle"]
pytestmark = pytest.mark.usefixtures("bundle")
WIDGET = "application/vnd.jupyter.widget-view+json"


def displayed(viz: WeightViz) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a notebook keeps of a display."""
    data, about = viz._repr_mimebundle_()
    return data, about


def picture(viz: WeightViz) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(displayed(viz)[0]["image/png"]))).convert("RGB")


def halves(image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    pixels = np.asarray(image).astype(int)
    return pixels[:, : image.width // 2], pixels[:, image.width // 2 :]


def n_of_hue(pixels: np.ndarray, hue: str) -> int:
    """Count pixels that are clearly blue (positive weights) or red-orange (negative ones)."""
    excess = pixels[..., 2] - pixels[..., 0]
    return int((excess > 60).sum() if hue == "blue" else (excess < -60).sum())


def chain(*sizes: int, n: int = 30) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    shapes = {f"{i}.weight": (b, a) for i, (a, b) in enumerate(pairwise(sizes))}
    shapes |= {f"{i}.bias": (b,) for i, b in enumerate(sizes[1:])}
    first = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return [{name: array * (1 + k / n) for name, array in first.items()} for k in range(n)]


def test_a_display_keeps_the_widget_the_words_and_a_picture_of_twice_the_density() -> None:
    viz = WeightViz(state(), states(3), title="XOR")
    data, about = displayed(viz)
    assert set(data) == {WIDGET, "text/plain", "image/png"}
    assert data["text/plain"] == repr(viz)
    size, kept = picture(viz).size, about["image/png"]
    assert size == (2 * kept["width"], 2 * kept["height"])
    assert kept["alt"] == "Weights of XOR, 26 parameters, at the first and the last of 3 checkpoints"


def test_the_first_checkpoint_is_on_the_left_and_the_last_on_the_right() -> None:
    first, last = state(1.0), state(-1.0)
    left, right = halves(picture(WeightViz(None, [first, state(0.0), last])))
    legend = n_of_hue(right, "blue")  # its sample lines have both hues
    assert n_of_hue(left, "blue") > 10 * legend
    assert n_of_hue(right, "red") > 10 * legend
    other = WeightViz(None, [first, state(0.5), last])
    assert (
        displayed(other)[0]["image/png"]
        == displayed(WeightViz(None, [first, state(0), last]))[0]["image/png"]
    )


def test_one_checkpoint_takes_the_whole_width() -> None:
    viz = WeightViz(state(1.0))
    left, right = halves(picture(viz))
    assert min(n_of_hue(left, "blue"), n_of_hue(right, "blue")) > 500
    assert displayed(viz)[1]["image/png"]["alt"] == "Weights of model, 26 parameters, of 1 checkpoint"


def test_showing_it_again_keeps_the_same_bytes() -> None:
    viz = WeightViz(state(), states(4))
    assert displayed(viz)[0]["image/png"] == displayed(viz)[0]["image/png"]


@pytest.mark.parametrize("sizes", [(3, 4, 2), (64, 16, 10), (784, 124, 10), (200, 200, 200, 200)])
def test_a_picture_has_at_most_a_hundred_kilobytes_whatever_the_net(sizes: tuple[int, ...]) -> None:
    viz = WeightViz(None, chain(*sizes))
    made = previews.preview(viz)
    assert 5_000 < len(made.png) <= 100_000
    assert Image.open(io.BytesIO(made.png)).size == (1440, 640)


def test_few_colours_keep_those_of_both_signs_as_they_are() -> None:
    pixels = halves(picture(WeightViz(None, chain(784, 124, 10))))[1].reshape(-1, 3)
    for sign in (PALETTES["light"].positive, PALETTES["light"].negative):
        assert (pixels == sign).all(-1).sum() > 500


def test_a_net_of_98_590_weights_is_drawn_in_a_few_tenths_of_a_second() -> None:
    viz = WeightViz(None, chain(784, 124, 10))
    previews.preview(viz)  # loads what matplotlib loads late
    before = time.process_time()
    previews.preview(viz)
    assert time.process_time() - before < 0.8  # seconds of the processor


def test_lines_of_a_large_layer_are_its_strongest_links(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = np.full((200, 200), 1e-3, np.float32)
    weights[7, 3] = weights[150, 180] = 1.0
    monkeypatch.setattr(previews, "MANY_LINES", (1500, 2, 2))
    two = picture(WeightViz(None, [{"fc.weight": weights}]))
    weights[7, 3] = weights[150, 180] = -1.0
    other = picture(WeightViz(None, [{"fc.weight": weights}]))
    assert n_of_hue(np.asarray(two).astype(int), "blue") > 1000
    assert n_of_hue(np.asarray(other).astype(int), "red") > 1000


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "graph"])
def test_other_views_are_kept_as_they_are_shown(view: str) -> None:
    viz = WeightViz(None, chain(6, 5, 3, n=5))
    graph = displayed(viz)[0]["image/png"]
    viz.view = view
    data, about = displayed(viz)
    assert data["image/png"] != graph
    assert len(base64.b64decode(data["image/png"])) <= 100_000
    assert about["image/png"]["alt"].startswith(f"{view.capitalize()} of the weights of model")


def deep(n_blocks: int, n_layers: int = 2, n: int = 3) -> WeightViz:
    """Return a widget of a sequence of alike blocks, whose weights are all 1 / n, 2 / n and so on to 1."""
    names = [f"h.{i}.fc{k}.weight" for i in range(n_blocks) for k in range(n_layers)]
    sizes = np.arange(1, n + 1, dtype=np.float32) / n
    return WeightViz(None, [{name: np.full((4, 4), size, np.float32) for name in names} for size in sizes])


class Towers(nn.Module):
    """Two towers of so many layers, on inputs of their own, and a layer that reads both."""

    def __init__(self, n_layers: int = 14) -> None:
        super().__init__()
        self.user, self.item = (nn.Sequential(*[nn.Linear(6, 6) for _ in range(n_layers)]) for _ in range(2))
        self.out = nn.Linear(12, 1)

    def forward(self, user: torch.Tensor, item: torch.Tensor) -> torch.Tensor:
        return self.out(torch.cat([self.user(user), self.item(item)], -1))


class Heads(nn.Module):
    """A trunk and as many heads beside each other."""

    def __init__(self, n_heads: int = 200) -> None:
        super().__init__()
        self.trunk = nn.Linear(4, 8)
        self.heads = nn.ModuleList(nn.Linear(8, 2) for _ in range(n_heads))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [head(self.trunk(x)) for head in self.heads]


class Recurrent(nn.Module):
    """So many LSTM layers upon each other."""

    def __init__(self, n_layers: int = 26) -> None:
        super().__init__()
        self.lstm, self.head = nn.LSTM(4, 4, n_layers, batch_first=True), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(x)[0][:, -1])


def nested() -> nn.Module:
    stages = [nn.Sequential(*[nn.Sequential(nn.Linear(8, 8), nn.ReLU()) for _ in range(4)]) for _ in range(6)]
    return nn.Sequential(*stages)


TOKENS, UNITS = torch.zeros(1, 4, dtype=torch.long), torch.zeros(1, 6)
DEEP: dict[str, tuple[Callable[[], nn.Module], Any]] = {
    "ResNet-18": (ResNet18, torch.zeros(1, 3, 32, 32)),
    "a net of residual blocks": (lambda: Residual(20_001), torch.zeros(1, 3, 8, 8)),
    "GPT-2": (lambda: GPT2(12, 8, 2, 50), TOKENS),
    "nested sequences": (nested, torch.zeros(1, 8)),
    "many heads": (Heads, torch.zeros(1, 4)),
    "two towers": (Towers, (UNITS, UNITS)),
    "a stack of LSTM layers": (Recurrent, torch.zeros(1, 5, 4)),
}


def deep_net(name: str) -> WeightViz:
    """Return a widget of three checkpoints of one of ``DEEP``."""
    torch.manual_seed(0)
    (make, example), history = DEEP[name], History()
    model = make()
    with torch.no_grad():
        for epoch in range(3):
            history.record(model, epoch=epoch, step=12_500 * epoch)
            for parameter in model.parameters():
                parameter *= 1.5
    return WeightViz(model, history, example_input=example, title=f"{name}, {'long ' * 20}")


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that stand beside each other in the last picture."""
    drawn: list[Figure] = []
    beside = previews._beside

    def kept(figures: list[Figure]) -> np.ndarray:
        drawn[:] = figures
        return beside(figures)

    monkeypatch.setattr(previews, "_beside", kept)
    return drawn


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def boxes(figure: Figure) -> list[tuple[Bbox, list[str]]]:
    """Return where the boxes of blocks are, in pixels, and the words in each."""
    found = [p for p in figure.axes[0].patches if isinstance(p, FancyBboxPatch) and p.get_zorder() == 3]
    extents = [(text.get_window_extent(), text.get_text()) for text in figure.axes[0].texts]
    return [
        (box, [word for at, word in extents if box.padded(1).count_contains([at.p0, at.p1]) == 2])
        for box in (patch.get_window_extent() for patch in found)
    ]


@pytest.mark.parametrize(
    ("sizes", "width", "told"),
    [
        ((12,) * 9, 1440, "1248 links"),
        ((6,) * 12, 1440, "462 links"),
        ((4,) * 15, 1920, "280 links"),
        ((12,) * 18, 1920, "the strongest"),
    ],
)
def test_a_picture_of_many_layers_has_fewer_colours_before_it_has_fewer_links_and_is_wider_to_be_read(
    figures: list[Figure], sizes: tuple[int, ...], width: int, told: str
) -> None:
    rng = np.random.default_rng(0)
    names = [(f"{2 * i}", pair) for i, pair in enumerate(pairwise(sizes))]
    shapes = {f"{i}.weight": (b, a) for i, (a, b) in names} | {f"{i}.bias": (b,) for i, (_, b) in names}
    states = [{name: rng.normal(size=shape) for name, shape in shapes.items()} for _ in range(2)]
    made = previews.preview(WeightViz(None, states))
    assert len(made.png) <= 100_000
    assert Image.open(io.BytesIO(made.png)).width == width
    assert any(told in word.replace("\u2009", "") for word in words(figures[0]))


def test_a_deep_net_is_a_picture_of_its_blocks() -> None:
    made = previews.preview(deep(8, 4))
    assert (made.view, made.checkpoints) == ("boxes", [0, 2])
    alt = displayed(deep(8, 4))[1]["image/png"]["alt"]
    assert alt == "Blocks of model, 512 parameters, at the first and the last of 3 checkpoints"


def test_blocks_have_the_first_checkpoint_on_the_left_and_the_last_on_the_right(
    figures: list[Figure],
) -> None:
    left, right = halves(picture(deep(6, 5)))
    for figure, moment, norm in zip(figures, ("checkpoint 1 (1", "checkpoint 3 (3"), (1 / 3, 1), strict=True):
        said = words(figure)
        norms = [value for name, value in pairwise(said) if name == "norm"]
        assert norms == 6 * [f"{np.sqrt(5 * 16) * norm:.3g}"]
        assert "model" in said
        assert any(word.startswith(f"{moment} of 3)") for word in said)
    inks = [(half.sum(axis=2) < 600).mean() for half in (left, right)]
    assert inks[0] == pytest.approx(inks[1], rel=0.1)
    assert min(inks) > 0.01


def test_all_checkpoints_are_in_the_curves_of_both_halves(figures: list[Figure]) -> None:
    previews.preview(deep(6, 5, n=7))
    for k, figure in zip((0, 6), figures, strict=True):
        curves = [line for line in figure.axes[0].lines if len(np.atleast_1d(line.get_xdata())) == 7]
        heads = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
        assert len(curves) == len(heads) == 12  # norms and updates
        assert heads[0].get_xdata()[0] == curves[0].get_xdata()[k]


@pytest.mark.parametrize("name", DEEP)
def test_the_picture_of_a_deep_net_is_small_and_legible(name: str, figures: list[Figure]) -> None:
    viz = deep_net(name)
    made = previews.preview(viz)
    assert (made.view, made.checkpoints) == ("boxes", [0, 2])
    assert 5_000 < len(made.png) <= 100_000
    assert made.width <= 960
    assert made.height <= 560
    assert Image.open(io.BytesIO(made.png)).size == (2 * made.width, 2 * made.height)
    assert len(figures) == 2
    for figure in figures:
        page = figure.bbox.padded(1)
        for text in figure.axes[0].texts:
            extent = text.get_window_extent()
            assert text.get_fontsize() / 0.75 >= 7, text.get_text()  # pixels of the page
            assert page.containsx(extent.x0), text.get_text()
            assert page.containsx(extent.x1), text.get_text()
            assert page.containsy(extent.y0), text.get_text()
            assert page.containsy(extent.y1), text.get_text()
        found = boxes(figure)
        told = [said for _, said in found if said != ["Add"] and not said[-1].endswith(" units")]
        assert told
        assert all({"norm", "update"} < set(said) and len(said) == 7 for said in told)
        assert not any(a.overlaps(b) for (a, _), (b, _) in combinations(found, 2))


def test_blocks_that_are_open_in_the_widget_are_open_in_the_picture_if_they_stay_legible(
    figures: list[Figure],
) -> None:
    viz = deep_net("ResNet-18")
    viz.options = {"expanded": ["layer1"]}
    previews.preview(viz)
    assert {"layer1.0", "layer1.1", "layer2"} <= set(words(figures[0]))
    viz.options = {"expanded": ["layer1", "layer2", "layer3", "layer4"]}
    assert previews.preview(viz).view == "boxes"
    assert {"layer1", "layer2"} <= set(words(figures[0]))
    assert "layer1.0" not in words(figures[0])


def test_one_checkpoint_of_a_deep_net_takes_the_whole_width(figures: list[Figure]) -> None:
    made = previews.preview(deep(16, n=1))
    assert (made.view, made.checkpoints, len(figures)) == ("boxes", [0], 1)
    assert words(figures[0]).count("norm") == 16


def test_a_net_of_too_many_blocks_is_a_table_of_norms() -> None:
    viz = deep(60)
    left, right = halves(picture(viz))
    assert (left.sum(axis=2) < 300).sum() < 0.5 * (right.sum(axis=2) < 300).sum()  # heavier is darker
    assert displayed(viz)[1]["image/png"]["alt"].startswith("Norms of the weights of")


def test_blocks_that_have_room_for_their_names_alone_are_a_table_as_both_halves_would_be_the_same() -> None:
    assert previews.preview(deep(11, 3)).view == "cells"


def test_a_table_of_norms_reads_no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "MOST_VALUES", 51)
    assert previews.preview(deep(60)).view == "cells"


def test_without_a_picture_there_are_words_and_the_widget() -> None:
    viz = WeightViz(state(), picture=False)
    assert set(displayed(viz)[0]) == {WIDGET, "text/plain"}
    viz.picture = True
    assert "image/png" in displayed(viz)[0]


def test_what_is_no_choice_of_a_picture_is_refused() -> None:
    with pytest.raises(TypeError, match=r"picture is a str; it is True, .* or False"):
        WeightViz(state(), picture="yes")  # type: ignore[arg-type]


def test_a_picture_that_cannot_be_drawn_is_told_once_and_the_widget_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(previews, "drawer", lambda *_, **__: 1 / 0)
    viz = WeightViz(state())
    with pytest.warns(UserWarning, match=r"no picture goes into the notebook file: .*picture=False"):
        data, _ = displayed(viz)
    assert set(data) == {WIDGET, "text/plain"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert displayed(viz)[0] == data


@pytest.mark.parametrize(("view", "most"), [("graph", 51), ("distribution", 77)])
def test_a_net_too_large_to_be_drawn_at_once_is_a_table_of_norms_at_first_and_last(
    view: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "MOST_VALUES", most)
    monkeypatch.setattr(previews, "drawer", lambda *_, **__: pytest.fail("it was drawn"))
    made = previews.preview(WeightViz(None, states(3), view=view))
    assert (made.view, made.checkpoints) == ("cells", [0, 2])
    assert 2000 < len(made.png) <= 100_000


def test_of_a_long_history_only_some_checkpoints_are_read_for_domains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(previews, "MOST_VALUES", 26 * 4)
    read: list[Any] = []
    drawer = previews.drawer
    monkeypatch.setattr(
        previews, "drawer", lambda *given, **about: read.append(given[-1]) or drawer(*given, **about)
    )
    previews.preview(WeightViz(None, states(31)))
    assert read == [[0, 10, 20, 30]]


def test_a_history_that_grows_is_kept_as_it_is_when_shown() -> None:
    history = History()
    for k in range(3):
        history.record(state(k), epoch=k)
    viz = WeightViz(None, history)
    before = displayed(viz)[0]["image/png"]
    history.record(state(-3.0), epoch=3)
    assert displayed(viz)[0]["image/png"] != before


def test_the_words_tell_parameters_where_they_are_not_the_links() -> None:
    kernel = {"conv.weight": np.ones((2, 3, 5, 5), np.float32)}
    assert "of 150 parameters" in repr(WeightViz(None, [kernel]))


class Frames(HTMLParser):
    """The frames of a fragment, and all that is around them."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.frames: list[dict[str, str | None]] = []
        self.feed(fragment)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "iframe":
            self.frames.append(dict(attrs))


def test_a_frame_holds_the_whole_page_on_one_line_without_braces(tmp_path: Any) -> None:
    viz = WeightViz(state(), states(3), title='<i>"{{ A & B }}" ${c}')
    fragment = viz.embed(height=500)
    assert "\n" not in fragment
    assert "{" not in fragment
    found = Frames(fragment)
    assert found.tags == ["div", "iframe"]
    (frame,) = found.frames
    assert frame["srcdoc"] == viz.to_html(tmp_path / "a.html").read_text()
    assert frame["sandbox"] == "allow-scripts"
    assert frame["title"] == f"{viz.title}: a diagram of weights"
    assert frame["style"] == "width:100%;height:500px;border:0"
    (other,) = Frames(viz.embed(width="40em", title="mine")).frames
    assert (other["title"], other["style"]) == (
        "mine: a diagram of weights",
        "width:40em;height:860px;border:0",
    )
    assert isinstance(viz, Elsewhere)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"width": "wide"}, ValueError, "width is 'wide'; it is pixels, such as 640, or a CSS length"),
        ({"height": '1px"onload="x'}, ValueError, "height is "),
        ({"height": None}, TypeError, "height is None; it is pixels"),
        ({"width": True}, TypeError, "width is a bool"),
        ({"title": 3}, TypeError, "title is an int; it takes a string"),
    ],
)
def test_what_a_frame_does_not_take_is_said(given: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=re.escape(said)):
        WeightViz(state()).embed(**given)


def test_a_picture_takes_the_order_of_units_that_was_found_before(monkeypatch: pytest.MonkeyPatch) -> None:
    viz = WeightViz(None, chain(6, 8, 3))
    viz.options = {"order": "correlation"}
    for where in ("nnweightviz.payload", "nnweightviz.plots.links"):
        monkeypatch.setattr(f"{where}.unit_orders", lambda *_: 1 / 0)
    assert previews.preview(viz).png
