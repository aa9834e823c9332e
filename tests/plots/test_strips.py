"""History strips on paper: their colours are those of the weights at each checkpoint, beside the unit and before its
links. What they are held to the browser by is in ``test_layout.py``.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

import nnweightviz as nwv
from nnweightviz.layout import Layout, Place
from nnweightviz.parameters import Parameters
from nnweightviz.plots import graph
from nnweightviz.plots.beside import beside_of
from nnweightviz.plots.boxes import folds_of
from nnweightviz.plots.graph import draw_graph
from nnweightviz.plots.histories import MOST_ROWS
from nnweightviz.plots.links import Links, Shown
from nnweightviz.plots.preview import preview
from nnweightviz.plots.printed import pixels_of
from nnweightviz.plots.strips import blocks_of, track_of
from nnweightviz.scale import PALETTES, Theme, shade
from widgets import bundle

__all__ = ["bundle"]
pytestmark = pytest.mark.usefixtures("bundle")
DPI = 192


def recorded(*sizes: int, n: int = 9) -> nwv.History:
    """Return checkpoints of a dense net with random weights."""
    rng = np.random.default_rng(3)
    history = nwv.History()
    for step in range(n):
        state: dict[str, Any] = {}
        for k, (a, b) in enumerate(pairwise(sizes)):
            state[f"fc{k}.weight"] = rng.normal(size=(b, a)).astype(np.float32)
            state[f"fc{k}.bias"] = rng.normal(size=b).astype(np.float32)
        history.record(state, step=step)
    return history


def drawn(history: nwv.History, k: int = -1, theme: Theme = "light", **shown: Any) -> tuple[Axes, Layout]:
    network = nwv.as_network(history[0].state)
    parameters = Parameters(network, list(history))
    links = Links(network, parameters, Shown(strips=True, **shown))
    ax = Figure(figsize=(9, 6)).add_axes((0, 0, 1, 1))
    folds, beside = folds_of(network, parameters, None), beside_of(links, None)
    return ax, draw_graph(ax, links, k % len(history), folds=folds, beside=beside, theme=theme)


def pixel(ax: Axes, pixels: Any, x: float, y: float) -> tuple[int, ...]:
    """Return the colour of a picture of the axes at a point of the stage."""
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    height, width = pixels.shape[:2]
    row, column = (y - top) / (bottom - top) * height, (x - left) / (right - left) * width
    return tuple(pixels[int(row), int(column)].tolist())


def middle_of(place: Place, unit: int, row: int, n_rows: int, share: float) -> tuple[float, float]:
    """Return where a segment of a strip of a unit without gates is."""
    (block,) = blocks_of(place, unit, [n_rows])
    assert place.strips is not None
    x, width = place.strips
    return x + share * width, block.top + (row + 0.45) * block.height / n_rows


def words(ax: Axes) -> str:
    return " ".join(text.get_text() for text in ax.texts)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_segment_has_the_colour_of_its_weight_at_its_checkpoint(theme: Theme) -> None:
    history = recorded(3, 4, 2)
    ax, layout = drawn(history, 0, theme)
    assert isinstance(ax.figure, Figure)
    pixels = pixels_of(ax.figure, DPI)
    palette = track_of(PALETTES[theme])
    for name, n_source in (("fc0", 3), ("fc1", 4)):
        weights, biases = history[f"{name}.weight"], history[f"{name}.bias"]
        domains = [np.quantile(np.abs(values), 0.995) for values in (weights, biases)]
        for unit in range(weights.shape[1]):
            for row in range(n_source + 1):  # the bias stands below all sources
                values, domain = (
                    (weights[:, unit, row], domains[0]) if row < n_source else (biases[:, unit], domains[1])
                )
                for k in range(1, len(history)):  # the playhead is on the first one
                    at = middle_of(layout.places[name], unit, row, n_source + 1, (k + 0.5) / len(history))
                    expected = shade(palette, np.clip(values[k] / domain, -1, 1), signed=True)
                    assert np.abs(np.subtract(pixel(ax, pixels, *at), expected)).max() <= 3, (
                        name,
                        unit,
                        row,
                        k,
                    )


def test_what_was_not_recorded_is_a_gap_and_what_is_no_number_stands_out() -> None:
    states = [dict(checkpoint.state) for checkpoint in recorded(2, 2, n=4)]
    del states[1]["fc0.weight"]
    states[2]["fc0.weight"] = np.array([[np.nan, np.inf], [1, 2]], np.float32)
    history = nwv.History()
    for state in states:
        history.record(state)
    ax, layout = drawn(history, 0)
    assert isinstance(ax.figure, Figure)
    pixels = pixels_of(ax.figure, DPI)
    found = {
        k: pixel(ax, pixels, *middle_of(layout.places["fc0"], 0, 1, 3, (k + 0.5) / 4)) for k in range(1, 4)
    }
    assert found[1] == (255, 255, 255)
    assert found[2] == PALETTES["light"].odd
    assert found[3] not in (found[1], found[2])


def test_links_leave_behind_the_strips_and_the_playhead_crosses_them() -> None:
    history = recorded(3, 4, 2)
    for k in (0, 5):
        ax, layout = drawn(history, k)
        segments = [s for c in ax.collections if isinstance(c, LineCollection) for s in c.get_segments()]
        for place in (layout.places["fc0"], layout.places["fc1"]):
            assert place.strips is not None
            x = place.strips.x + (k + 0.5) / 9 * place.strips.width
            heads = [s for s in segments if s[0, 0] == s[1, 0] == pytest.approx(x)]
            assert len(heads) == 2  # on a halo of paper
            assert heads[0][:, 1].tolist() == [place.top - 2, place.top + place.height + 2]
        starts = {
            round(float(s[0, 0]), 3) for s in segments if s[1, 0] > layout.places["fc0"].right and len(s) == 2
        }
        assert round(layout.places["fc0"].right, 3) in starts
        assert round(layout.places["fc0"].x + layout.places["fc0"].half_width, 3) not in starts


def test_of_too_many_links_the_strongest_have_strips_and_that_is_said() -> None:
    ax, _ = drawn(recorded(90, 5))
    assert f"only the strongest {MOST_ROWS} of up to 90 links" in words(ax)
    ax, _ = drawn(recorded(3, 130, 2))
    assert "history strips beside fc1: one a link" in words(ax)
    assert "none beside fc0 (too close)" in words(ax)
    assert "no history strips: fc0 (too close)" in words(drawn(recorded(3, 130))[0])


def test_one_image_a_layer_holds_all_strips() -> None:
    ax, layout = drawn(recorded(60, 60, 20, n=40))
    assert (
        len(ax.images) == sum(place.strips is not None for place in layout.places.values()) + 1
    )  # the shading


def test_links_that_are_switched_off_have_no_strips() -> None:
    history = recorded(3, 4)
    assert len(drawn(history, roles=("bias",))[0].images) == 1
    assert not drawn(history, roles=("recurrent",))[0].images


def test_without_strips_a_picture_is_as_it_was() -> None:
    history = recorded(5, 6, 2)
    plain, off = (
        pixels_of(graph(history, **shown).figure, 96)  # type: ignore[arg-type]
        for shown in ({}, {"strips": False, "pictures": "normalised"})
    )
    assert (plain == off).all()
    assert (plain != pixels_of(graph(history, strips=True).figure, 96)).any()  # type: ignore[arg-type]


def test_a_widget_prints_the_strips_that_it_shows(tmp_path: Path) -> None:
    viz = nwv.WeightViz(None, recorded(4, 5, 2))
    before = preview(viz).png
    viz.options = {"strips": True}
    assert preview(viz).png == before  # which is too small for them
    svg = viz.to_svg(tmp_path / "strips.svg").read_text()
    assert "history strips beside fc0, fc1" in svg
    images = [e for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("}image")]
    assert len(images) == 2
    pdf = viz.to_pdf(tmp_path / "strips.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Subtype /Image") >= 2
    assert "history strips" not in viz.to_svg(tmp_path / "off.svg", strips=False).read_text()
    film = viz.to_gif(tmp_path / "film.gif", size=(4.8, 3.4))
    assert film.stat().st_size > 0
