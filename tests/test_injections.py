"""Names, titles and messages that try to be more than text: pictures for print, words on a terminal, reprs, errors.

Not in a browser: that is in ``browser/test_injections.py``.
"""

from __future__ import annotations

import json
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import nnweightviz as nwv
from corpus.injections import INJECTIONS, TWINS
from nnweightviz.cli import main
from nnweightviz.network import Group, Layer, Wire
from nnweightviz.plots.printed import bytes_of
from nnweightviz.probe import GroupOutputs, Outputs
from nnweightviz.probe.scores import Task
from nnweightviz.words import printable
from pages import widgets_on

pytestmark = [
    pytest.mark.filterwarnings("ignore:Glyph"),  # a name may be in letters that the font of print lacks
    pytest.mark.filterwarnings("ignore:constrained_layout"),  # nor has a key of three hundred layers room
]
CHUNK = 24
CHUNKS = [INJECTIONS[at : at + CHUNK] for at in range(0, len(INJECTIONS), CHUNK)]
NAMED = [text for text in INJECTIONS if text]
SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {"svg", "g", "path", "text", "tspan", "defs", "use", "clipPath", "rect", "style", "image", "metadata"}
RDF = (
    "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}",
    "{http://purl.org/dc/elements/1.1/}",
    "{http://creativecommons.org/ns#}",
)
ALLOWED = "\n\u00a0\u2009\u202f\u3000\u200c\u200d"


def recorded(names: Sequence[str], metrics: Sequence[str] = (), seed: int = 0) -> nwv.History:
    """Three checkpoints of a chain of layers with these names, 2 units each."""
    rng = np.random.default_rng(seed)
    history = nwv.History()
    for k in range(3):
        state: dict[str, Any] = {}
        for name in names:
            state[f"{name}.weight"], state[f"{name}.bias"] = rng.normal(size=(2, 2)), rng.normal(size=2)
        history.record(state, step=k, **dict.fromkeys(metrics, 0.5))
    return history


def orders(text: str) -> list[str]:
    """Return the characters of a text that a terminal would obey, or show in another order."""
    return [c for c in text if c not in ALLOWED and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


def read_svg(path: Path) -> list[str]:
    """Parse a picture as the XML that it has to be; return its texts, after looking for what is not a picture."""
    texts = []
    for element in ElementTree.parse(path).iter():
        if not element.tag.startswith(RDF):
            assert element.tag.removeprefix(SVG) in DRAWN, element.tag
        for name, value in element.attrib.items():
            plain = name.rpartition("}")[2].lower()
            assert not plain.startswith("on"), (name, value)
            if plain == "href":
                assert value.startswith(("#", "data:image/png;base64,")), value
        if element.tag == f"{SVG}text":
            texts.append("".join(element.itertext()))
    return texts


def spaced(text: str) -> str:
    return " ".join(text.split())


def test_the_corpus_is_large_and_every_string_has_a_harmless_twin() -> None:
    assert len(INJECTIONS) >= 200
    assert len(set(TWINS)) == len(INJECTIONS)
    assert all(re.fullmatch("n[0-9]{3}x*", harmless) for harmless in TWINS)


def test_what_a_terminal_obeys_is_found() -> None:
    assert orders("\x1b[31m \x9b \u202e \u2028 \ud800") == ["\x1b", "\x9b", "\u202e", "\u2028", "\ud800"]
    assert orders("é 漢字 مرحبا 👩\u200d👧\n") == []


def test_printing_a_text_changes_only_what_is_obeyed_or_not_shown() -> None:
    for text in INJECTIONS:
        shown = printable(text)
        assert orders(shown) == []
        assert "\n" not in shown
        assert shown.isprintable() is False or shown == text or "\\" in shown


@pytest.mark.parametrize("chunk", CHUNKS, ids=range(len(CHUNKS)))
def test_the_printed_diagram_shows_names_as_they_are(chunk: Sequence[str], tmp_path: Path) -> None:
    half = len(chunk) // 2
    inputs, outputs = list(chunk[:half]), list(chunk[half:])
    rng = np.random.default_rng(0)
    state = {f"{chunk[0]}.weight": rng.normal(size=(len(outputs), half))}
    viz = nwv.WeightViz(None, [state], input_names=inputs, output_names=outputs, title=chunk[-1])
    texts = list(map(spaced, read_svg(viz.to_svg(tmp_path / "graph.svg"))))
    for name in (*chunk, chunk[-1]):
        short = name[:10]
        assert any(text.startswith(spaced(printable(short))) for text in texts), (name, texts)


@pytest.mark.parametrize("chunk", CHUNKS, ids=range(len(CHUNKS)))
def test_boxes_of_deep_models_show_names_as_they_are(chunk: Sequence[str], tmp_path: Path) -> None:
    layers = [Layer(f"m{k}{text.replace('.', '')}", "Linear") for k, text in enumerate(chunk)]
    groups = [Group(layer.name, layer.name, 2, label=layer.name) for layer in layers]
    wires = [Wire(a.id, b.id) for a, b in pairwise(groups)]
    state = {f"{layer.name}.weight": np.ones((2, 2)) for layer in layers}
    shapes = {name: array.shape for name, array in state.items()}
    history = nwv.History()
    history.record(state)
    network = nwv.Network(tuple(layers), tuple(groups), (), tuple(wires), shapes, name=chunk[0])
    ax = nwv.plots.graph(history, network, expanded=[])
    (tmp_path / "boxes.svg").write_bytes(bytes_of(ax.figure, "svg"))
    texts = list(map(spaced, read_svg(tmp_path / "boxes.svg")))
    for k in range(len(chunk)):
        assert any(text.startswith(f"m{k}") for text in texts), (k, texts)


@pytest.mark.parametrize("chunk", CHUNKS, ids=range(len(CHUNKS)))
def test_words_on_strips_and_below_pictures_of_outputs_are_shown_as_they_are(
    chunk: Sequence[str], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    history = nwv.History()
    history.record({"a.weight": rng.normal(size=(2, 2))})
    whole = nwv.as_network(history[0].state)
    for text in chunk:
        groups = tuple(replace(g, label=text) if g.role == "units" else g for g in whole.groups)
        network = nwv.Network(whole.layers, groups, whole.bundles, whole.wires, whole.parameters, name="a")
        values, one = rng.normal(size=(1, 3, 1, 2)), np.array([0])
        found = {"a": GroupOutputs(values, one, 1, "units", np.ones((1, 2)))}
        about: dict[str, Any] = {"task": Task("regression"), "loss_name": text, "loss": {"train": np.ones(1)}}
        targets = rng.normal(size=(3, 2))
        outputs = Outputs(one, {"train": np.arange(3)}, found, values[:, :, 0], targets, **about)
        ax = nwv.plots.graph(history, network, strips=True, outputs=outputs)
        (tmp_path / "beside.svg").write_bytes(bytes_of(ax.figure, "svg"))
        texts = list(map(spaced, read_svg(tmp_path / "beside.svg")))
        assert any(found.startswith("history strips beside") for found in texts)
        assert "train 1" in texts
        short = spaced(printable(text[:10]))
        assert any(found.startswith(short) for found in texts[texts.index("train 1") - 1 :]) or not short
        assert not [found for found in texts if orders(found)]


SHORT = [text for text in NAMED if len(text) < 100]
TELLING = [
    *(text for text in SHORT if "$" in text or text.startswith("_")),
    *(
        "<script>ran()</script>",
        "</text><script>ran()</script>",
        "]]><b>",
        "&e; &amp;",
        "{0}",
        "%s",
        "\\input{x}",
    ),
    *("\x1b[31mred\x1b[0m", "a\x00b", "\u202egnp.exe", "\ud800", "\ufffe\uffff", "a\nb", "🙂", '"', " "),
]
VIEWS: dict[str, tuple[list[str], Callable[[Any], Any]]] = {
    "norms": (SHORT, lambda runs: nwv.plots.trajectory(runs, "norm")),
    "ranks": (SHORT, lambda runs: nwv.plots.spectrum(runs, "ranks", by="layer")),
    "histogram": (TELLING, lambda runs: nwv.plots.distribution(runs)),
    "ridgeline": (TELLING, lambda runs: nwv.plots.distribution(runs, "ridgeline")),
    "overview": (TELLING, nwv.plots.overview),
}


@pytest.mark.parametrize("view", VIEWS)
def test_plots_show_names_of_layers_as_they_are(view: str, tmp_path: Path) -> None:
    names, draw = VIEWS[view]
    texts = texts_of(draw(recorded(names)), tmp_path)
    n_found = sum(any(spaced(printable(name)) in text for text in texts) for name in names)
    assert n_found >= min(len(names), 12)  # what has no room is counted by the plot
    assert not [text for text in texts if orders(text)]


@pytest.mark.parametrize("name", TELLING)
def test_plots_show_names_of_runs_and_units_as_they_are(name: str, tmp_path: Path) -> None:
    runs = {name: recorded(["a", "b", "c"]), "other": recorded(["a", "b", "c"], seed=1)}
    shown = spaced(printable(name))
    assert any(shown in text for text in texts_of(nwv.plots.spectrum(runs, "correlation"), tmp_path))
    assert any(shown in text for text in texts_of(nwv.plots.trajectory(runs, "norm"), tmp_path))
    network = nwv.as_network(recorded(["a"])[0].state, input_names=[name, "y"], output_names=[name, "z"])
    texts = texts_of(nwv.plots.matrix(recorded(["a"]), "a.weight", network=network), tmp_path)
    assert sum(shown == text for text in texts) == 2 or not shown


def texts_of(axes: Any, folder: Path) -> list[str]:
    """Write a plot as SVG, its texts as texts, and return them."""
    figure = axes.figure if hasattr(axes, "figure") else axes.flat[0].figure
    (folder / "plot.svg").write_bytes(bytes_of(figure, "svg"))
    return list(map(spaced, read_svg(folder / "plot.svg")))


def test_a_png_holds_no_words_from_names(tmp_path: Path) -> None:
    name = "<script>ran()</script>"
    viz = nwv.WeightViz(None, recorded([name]), title=name)
    with Image.open(viz.to_png(tmp_path / "a.png")) as image:
        assert not [value for value in image.info.values() if name in str(value)]
    assert name.encode() not in (tmp_path / "a.png").read_bytes()


def test_words_about_a_history_and_a_widget_give_no_orders_to_a_terminal() -> None:
    for k, name in enumerate(NAMED):
        history = recorded([name], [name])
        viz = nwv.WeightViz(None, {name: history, "other": history} if k % 2 else history, title=name)
        for about in (viz, viz.network, history):
            assert orders(repr(about)) == [], repr(about)
            assert not any(hasattr(about, method) for method in ("_repr_html_", "_repr_svg_", "_repr_latex_"))
        viz.close()


REFUSED: dict[str, Callable[[str, nwv.History, Path], Any]] = {
    "view": lambda text, history, _: nwv.WeightViz(None, history, view=text),
    "argument": lambda text, history, _: nwv.WeightViz(None, history, **{text: 1}),
    "precision": lambda text, history, _: nwv.WeightViz(None, history, precision=text),
    "metric": lambda text, history, _: nwv.WeightViz(None, history, {text: [1]}),
    "parameter": lambda text, history, _: history[f"no {text}"],
    "value": lambda text, history, _: history.record({"a.weight": np.ones((2, 2))}, **{text or "x": "word"}),
    "shape": lambda text, *_: mixed(text),
    "open": lambda text, _, folder: nwv.open(folder / "none" / text.replace("/", "|")),
    "matrix": lambda text, history, _: nwv.plots.matrix(history, f"no {text}"),
    "kind": lambda text, history, _: nwv.plots.spectrum(history, f"no {text}"),
    "of": lambda text, history, _: nwv.plots.trajectory(history, of=[f"no {text}"]),
    "runs": lambda text, history, _: nwv.WeightViz(None, {text: recorded(["x"]), "b": history}),
}


def mixed(text: str) -> Any:
    """Two runs of different shapes, under a name that is told."""
    states = [{f"{text}.weight": np.ones((2, n))} for n in (2, 3)]
    return nwv.WeightViz(None, states)


@pytest.mark.parametrize("slot", REFUSED)
def test_errors_give_no_orders_to_a_terminal(slot: str, tmp_path: Path) -> None:
    history, n_refused = recorded(["a"]), 0
    for text in INJECTIONS:
        said = ""
        try:
            REFUSED[slot](text, history, tmp_path)
        except Exception as error:
            n_refused, said = n_refused + 1, str(error)
        assert orders(said) == [], said
    assert n_refused > len(INJECTIONS) / 2


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["table", "json"])
def test_info_shows_what_a_terminal_would_obey(options: list[str], tmp_path: Path) -> None:
    names = [text for text in NAMED if not re.search("[\ud800-\udfff]", text)]
    state = {f"{name}.weight": np.full((1, 2), np.nan, np.float32) for name in names}
    with nwv.History(tmp_path / "run") as history:
        history.record(state, step=0, **dict.fromkeys(names, np.nan))
    done = CliRunner().invoke(main, ["info", str(tmp_path / "run"), *options])
    assert done.exit_code == 0, done.output
    assert orders(done.output) == []
    assert "x1b[31mred" in done.output or "u001b[31mred" in done.output
    if options:
        found = json.loads(done.output)
        assert {about["name"] for about in found["parameters"]} == set(state)
    else:
        rows = done.output.partition("parameter  ")[2].partition("\n\n")[0].splitlines()
        assert len(rows) == len(state) + 1  # no name makes a second line


@pytest.mark.parametrize("command", ["info", "export", "open"])
def test_commands_tell_of_strange_paths_without_obeying_them(command: str, tmp_path: Path) -> None:
    for text in INJECTIONS:
        path = tmp_path / text.replace("/", "|").replace("\0", "")[:80]
        done = CliRunner().invoke(main, [command, str(path / "none.pt")])
        assert done.exit_code != 0
        assert isinstance(done.exception, SystemExit), done.exception
        assert orders(done.output) == [], done.output


def test_a_page_is_written_whatever_its_names_are(tmp_path: Path) -> None:
    for name in ("\ud800", "\udc80 other bytes", "a\x00b"):
        viz = nwv.WeightViz(None, recorded([name], [name]), title=name)
        (widget,) = widgets_on(nwv.to_html([viz, name], tmp_path / "page.html", title=name))
        assert widget["state"]["title"] == name
