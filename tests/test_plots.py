"""Figures for print: all kinds of all plots, headless; what they draw against numpy; colours against the browser's."""

from __future__ import annotations

import io
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

import nnweightviz as nwv
from nnweightviz import plots
from nnweightviz.plots import look
from nnweightviz.scale import PALETTES, shade
from nnweightviz.views.distribution import KINDS as DISTRIBUTION
from nnweightviz.views.overview import KINDS as OVERVIEW
from nnweightviz.views.spectrum import KINDS as SPECTRUM
from nnweightviz.views.trajectory import KINDS as TRAJECTORY
from studies import dense_history, recurrent_history, recurrent_network, spoilt_history

JS = Path(__file__).parent.parent / "js" / "src"
KINDS: list[tuple[Callable[..., Any], str]] = [
    *((plots.distribution, kind) for kind in DISTRIBUTION),
    *((plots.trajectory, kind) for kind in TRAJECTORY),
    *((plots.spectrum, kind) for kind in SPECTRUM),
    *((plots.overview, kind) for kind in OVERVIEW),
    (plots.matrix, "fc1"),
]
CASES: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "dense": (dense_history, {}),
    "runs": (lambda: {"adam": dense_history(), "sgd": dense_history(4, seed=1)}, {}),
    "gates": (recurrent_history, {"by": "gate"}),
    "spoilt": (spoilt_history, {}),
    "one checkpoint": (lambda: dense_history(1), {}),
}


def axes_of(made: Any) -> list[Any]:
    return [ax for ax in np.atleast_1d(np.asarray(made, dtype=object)).ravel() if ax is not None]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("plot", "kind"), KINDS, ids=lambda x: getattr(x, "__name__", x))
def test_every_kind_is_drawn_without_a_display_or_a_warning(
    plot: Callable[..., Any], kind: str, case: str
) -> None:
    make, asked = CASES[case]
    if case == "gates":
        asked = {"network": recurrent_network()}
        asked |= {"by": "gate"} if plot not in (plots.overview, plots.matrix) else {}
        kind = "rnn.f" if plot is plots.matrix else kind
    if case == "one checkpoint" and kind == "correlation":
        with pytest.raises(ValueError, match="samples; each has the same number, at least three"):
            plot(make(), kind, **asked)
        return
    made = plot(make(), kind, **asked)
    figure = axes_of(made)[0].figure
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    assert max(text.get_fontsize() for text in figure.findobj(lambda a: hasattr(a, "get_fontsize"))) < 13


@pytest.mark.parametrize("form", ["pdf", "svg", "png"])
def test_figures_are_saved_in_every_form(form: str) -> None:
    file = io.BytesIO()
    plots.distribution(dense_history(), "density").figure.savefig(file, format=form)
    assert file.getvalue()[:200].find({"pdf": b"%PDF", "svg": b"<svg", "png": b"PNG"}[form]) >= 0


def test_a_notebook_shows_what_a_plot_returns() -> None:
    for made in (plots.trajectory(dense_history()), plots.distribution(dense_history())):
        assert made._repr_png_().startswith(b"\x89PNG")


def test_pyplot_is_left_alone() -> None:
    code = (
        "import sys, numpy, nnweightviz as nwv; h = nwv.History(); h.record({'fc.weight': numpy.ones((2, 3))}); "
        "nwv.plots.distribution(h).figure.savefig('/dev/null', format='png'); "
        "print('matplotlib.pyplot' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"


class TestColours:
    def test_the_palettes_are_the_browsers(self) -> None:
        text = (JS / "scale.ts").read_text()
        papers = re.search(r"PAPERS.*?= (\{.*?\});", text)
        assert papers is not None
        for theme, palette in PALETTES.items():
            found = re.search(rf"{theme}: \{{(.*?)\n  \}}", text, re.DOTALL)
            paper = re.search(rf"{theme}: \[(.*?)\]", papers[1])
            assert found is not None
            assert paper is not None
            colours = re.findall(r"(\w+): \[(\d+), (\d+), (\d+)\]", found[1])
            own = {name: tuple(map(int, rgb)) for name, *rgb in colours}
            assert own | {"paper": tuple(map(int, paper[1].split(",")))} == asdict(palette)

    def test_hues_and_dashes_are_the_browsers(self) -> None:
        text = (JS / "extras" / "hues.ts").read_text()
        light = re.search(r"light: \[(.*?)\n  \],", text, re.DOTALL)
        dashes = re.search(r"DASHES: number\[\]\[\] = (\[.*\]);", text)
        assert light is not None
        assert dashes is not None
        found = re.findall(r"\[(\d+), (\d+), (\d+)\]", light[1])
        assert tuple(tuple(map(int, rgb)) for rgb in found) == look.STOPS
        assert tuple(map(tuple, json.loads(dashes[1]))) == look.DASHES

    def test_shades_and_hues_are_mixed_as_in_the_browser(self) -> None:
        script = (
            "import { build } from 'esbuild'; import { tmpdir } from 'node:os'; import { mkdtempSync } from 'node:fs';"
            "const out = mkdtempSync(tmpdir() + '/nwv-') + '/look.mjs';"
            "await build({ stdin: { contents: \"export * from './src/scale'; export * from './src/extras/hues';\","
            "resolveDir: process.cwd() }, bundle: true, format: 'esm', outfile: out, logLevel: 'error' });"
            "const look = await import(out); const paper = look.PAPERS.light, palette = look.PALETTES.light;"
            "console.log(JSON.stringify({"
            "hues: [1, 2, 3, 7].map((n) => Array.from({ length: n }, (_, i) => look.hueOf(i, n, false))),"
            "shades: Array.from({ length: 81 }, (_, i) => look.shade(palette, (i - 40) / 32, true, paper)),"
            "sizes: Array.from({ length: 33 }, (_, i) => look.shade(palette, i / 32, false, paper)) }));"
        )
        command = ["node", "--input-type=module", "-e", script]
        said = subprocess.run(command, cwd=JS.parent, capture_output=True, text=True, check=True).stdout
        browser = json.loads(said)
        assert browser["hues"] == [[list(look.hue_of(i, n)) for i in range(n)] for n in (1, 2, 3, 7)]
        assert browser["shades"] == [list(shade(look.PALETTE, (i - 40) / 32, signed=True)) for i in range(81)]
        assert browser["sizes"] == [list(shade(look.PALETTE, i / 32, signed=False)) for i in range(33)]

    def test_maps_are_shades(self) -> None:
        assert look.signed_map()(0.0)[:3] == pytest.approx(to_rgb(look.colour(look.PALETTE.negative)))
        assert look.signed_map()(0.5)[:3] == (1.0, 1.0, 1.0)
        assert look.signed_map()(np.nan)[:3] == look.colour(look.PALETTE.odd)
        assert look.sequential_map()(1.0)[:3] == pytest.approx(look.colour(look.PALETTE.unsigned))


class TestDrawn:
    """What stands in the figure is what was recorded."""

    def test_a_histogram_has_numpys_counts_and_the_first_checkpoint_behind_it(self) -> None:
        history = dense_history()
        made = plots.distribution(history, checkpoint=4, bins=[-1, 1, 20])
        assert [ax.get_title(loc="left") for ax in made] == ["fc1", "fc2"]
        for ax, layer in zip(made, ("fc1", "fc2"), strict=True):
            filled, first, now = (patch for patch in ax.patches if isinstance(patch, StepPatch))
            for steps, k in ((filled, 4), (first, 0), (now, 4)):
                weights = np.concatenate(
                    [history[k].state[f"{layer}.{n}"].ravel() for n in ("weight", "bias")]
                )
                counts, edges = np.histogram(weights, np.linspace(-1, 1, 21))
                assert steps.get_data().values.tolist() == counts.tolist()
                assert steps.get_data().edges == pytest.approx(edges)

    def test_a_histogram_tells_what_it_leaves_out(self) -> None:
        (ax,) = axes_of(plots.distribution(spoilt_history(), of=["fc1.weight"], bins=[-0.1, 0.1, 8]))
        (note,) = (text.get_text() for text in ax.texts)
        assert re.fullmatch(r"3 NaN or infinite\n\d+ outside", note)
        (ax,) = axes_of(plots.distribution(spoilt_history(), of=["fc2.weight"], checkpoint=3))
        assert [text.get_text() for text in ax.texts] == ["not recorded"]

    def test_a_density_map_has_all_counts(self) -> None:
        history = dense_history()
        (ax,) = axes_of(plots.distribution(history, "density", by="all"))
        counts = nwv.views.distribution(history, by="all")["counts"][0].T
        drawn = np.asarray([*ax.images, *ax.collections][0].get_array()).reshape(counts.shape)
        assert drawn * counts.max() == pytest.approx(counts.astype(np.float64))
        assert ax.get_title(loc="right") == f"0 to {counts.max()}"

    def test_trajectories_are_the_recorded_weights_at_their_steps(self) -> None:
        history = dense_history()
        ax = plots.trajectory(history, of=["fc2"], n_sampled=5)
        lines = [line for line in ax.lines if len(line.get_xdata()) == 9]
        assert all((line.get_xdata() == history.steps).all() for line in lines)
        expected = nwv.views.trajectory(history, of=["fc2"], n_sampled=5)["weights"]
        assert np.array([line.get_ydata() for line in lines]).tolist() == expected.tolist()
        assert ax.get_title(loc="left") == "5 strongest of 21 weights"
        assert ax.get_xlabel() == "step"

    def test_colours_stand_for_parts_in_the_order_of_the_network(self) -> None:
        history = dense_history()
        for ax in (plots.trajectory(history, n_sampled=57), plots.trajectory(history, "norm")):
            colours = {line.get_color() for line in ax.lines if len(line.get_xdata()) == 9}
            assert colours == {look.colour(look.hue_of(i, 2)) for i in range(2)}

    def test_a_matrix_is_shares_of_its_domain_with_odd_values_marked(self) -> None:
        history = spoilt_history()
        ax = plots.matrix(history, "fc1.weight", checkpoint=6)
        found = nwv.views.matrix(history, "fc1.weight")
        drawn = ax.images[0].get_array()
        assert np.ma.getmaskarray(drawn)[0].tolist() == [True] * 3 + [False] * 2
        expected = found["values"][6, 1:] / found["domain"]
        assert drawn[1:].filled() == pytest.approx(expected)
        told = [text.get_text() for text in ax.figure.axes[1].get_yticklabels()]
        assert told[-1] == f"{found['domain'][0]:.3g}"

    def test_singular_values_are_drawn_over_time_and_by_rank(self) -> None:
        history = dense_history()
        over_time, by_rank = plots.spectrum(history, of=["fc2"], checkpoint=2)
        s = np.linalg.svd(history["fc2.weight"].astype(np.float64), compute_uv=False)
        assert pytest.approx(s) == np.array([line.get_ydata() for line in over_time.lines]).T
        assert by_rank.lines[0].get_ydata() == pytest.approx(s[0])
        assert by_rank.lines[1].get_ydata() == pytest.approx(s[2])

    def test_an_overview_has_a_cell_for_each_parameter(self) -> None:
        history = dense_history()
        made = plots.overview(history)
        assert made.shape == (2, 2)
        norms = np.linalg.norm(history["fc2.bias"].astype(np.float64), axis=1)
        assert made[1, 1].lines[0].get_ydata() == pytest.approx(norms)


class TestAxes:
    def test_axes_that_are_given_are_drawn_into_and_keep_their_looks(self) -> None:
        figure = Figure()
        ax = figure.add_subplot()
        assert plots.distribution(dense_history(), ax=ax) is ax
        assert type(ax) is Axes
        assert ax.spines["top"].get_visible()
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["fc1", "fc2"]

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("layout", [None, "constrained"])
    @pytest.mark.parametrize("place", ["axes", "figure", "subfigure"])
    def test_an_overview_takes_the_place_of_what_is_given(self, place: str, layout: str | None) -> None:
        figure = Figure(figsize=(7, 3), layout=layout)
        right = figure.subfigures(1, 2)[1] if place == "subfigure" else figure
        ax = figure.subplots(1, 2)[1] if place == "axes" else right
        runs = {"adam": dense_history(), "sgd": dense_history(4, seed=1)}
        made = plots.overview(runs, ax=ax)
        figure.draw_without_rendering()
        assert made.shape == (2, 2)
        boxes = [cell.get_window_extent() for cell in made.flat]
        frame = ax.get_window_extent() if place == "axes" else right.bbox
        assert all(frame.x0 - 1 <= box.x0 and box.x1 <= frame.x1 + 1 for box in boxes)
        assert all(frame.y0 - 1 <= box.y0 and box.y1 <= frame.y1 + 1 for box in boxes)
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
        assert {cell.figure for cell in made.flat} == {right if place == "subfigure" else figure}
        norms = np.linalg.norm(runs["sgd"]["fc2.bias"].astype(np.float64), axis=1)
        assert made[1, 1].lines[1].get_ydata() == pytest.approx(norms)

    def test_an_overview_refuses_what_has_no_place(self) -> None:
        with pytest.raises(TypeError, match="ax is a list; it takes a figure, a subfigure or axes"):
            plots.overview(dense_history(), ax=[Figure().add_subplot()])

    def test_several_axes_are_taken_for_several_panels(self) -> None:
        axes = Figure().subplots(1, 2)
        made = plots.distribution(dense_history(), "density", ax=axes)
        assert list(made) == list(axes)

    def test_other_than_as_many_axes_are_refused(self) -> None:
        sentence = r"ax has 1 axes for 2 panels \(fc1, fc2\): pass as many"
        with pytest.raises(ValueError, match=sentence):
            plots.distribution(dense_history(), "ridgeline", ax=Figure().add_subplot())


@pytest.mark.parametrize(
    ("plot", "asked", "sentence"),
    [
        (plots.distribution, {"kind": "violin"}, "kind is 'violin'; it takes 'histogram' or"),
        (plots.distribution, {"counts": "square"}, "counts is 'square'; it takes 'linear' or 'log'"),
        (plots.distribution, {"checkpoint": 9}, "checkpoint is 9; there are 9, 0 to 8"),
        (plots.trajectory, {"kind": "loss"}, "kind is 'loss'; it takes 'weights' or"),
        (plots.trajectory, {"log_axes": ["z"]}, "log_axes names 'z'; it takes a list of some of 'x', 'y'"),
        (plots.trajectory, {"x": "time"}, "x is 'time'; it takes 'step' or 'index'"),
        (plots.spectrum, {"kind": "eigen"}, "kind is 'eigen'; it takes 'singular_values' or"),
        (plots.matrix, {"parameter": "fc9"}, "there is no parameter, layer or gate 'fc9'"),
        (plots.overview, {"of": ["fc9"]}, "of names 'fc9'"),
    ],
)
def test_what_is_not_accepted_is_refused_with_what_is(
    plot: Callable[..., Any], asked: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        plot(dense_history(), **asked)
