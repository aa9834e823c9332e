"""Pictures without a browser: what a notebook file keeps of a widget, and films. Not for drawing in pages."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.nets import N_CHECKPOINTS, trained_net
from benchmarks.pages import timed
from benchmarks.results import Row, Section
from nnweightviz import WeightViz

N_RUNS = 5
TEXT = """\
*For the notebook's file*: the picture of the first and the last checkpoint that a displayed widget leaves in it, each
time of a new widget; matplotlib was imported before. *Film*: a GIF of 900 x 600 pixels, a picture a checkpoint."""


def makers() -> dict[str, Callable[[], WeightViz]]:
    """The widgets that are printed, by name: the demo's and the trained net's."""
    from nnweightviz.demo.page import as_widget, train_studies

    studies = {study.title: lambda study=study: as_widget(study) for study in train_studies()}
    net = trained_net()
    return {**studies, "784-124-10, portraits": net.widget, "98 456 links": lambda: _as_links(net.widget())}


def _as_links(viz: WeightViz) -> WeightViz:
    viz.options = {"portraits": False}
    return viz


def resnet() -> WeightViz:
    """A widget of a model that is printed as boxes."""
    import torch

    from adapters import large_nets  # of the tests

    torch.manual_seed(0)
    models = [large_nets.ResNet18() for _ in range(2)]
    return WeightViz(models[0], models)


def many_layers() -> WeightViz:
    """A widget of a model whose words take longest."""
    import torch

    torch.manual_seed(0)
    models = [torch.nn.Sequential(*(torch.nn.Linear(12, 12) for _ in range(17))) for _ in range(2)]
    return WeightViz(models[0], models)


def printing_section() -> Section:
    """Fallback pictures, and films of some thirty checkpoints."""
    rows = []
    widgets, others = makers(), {"ResNet-18, two checkpoints": resnet, "17 layers of 12 units": many_layers}
    for make in widgets.values():
        make()._repr_mimebundle_()
    for name, make in (widgets | others).items():
        displayed = [make() for _ in range(N_RUNS)]
        times = [timed(viz._repr_mimebundle_) for viz in displayed]
        rows.append(Row(f"for the notebook's file: {name}", "ms", times, goal=400))
    with tempfile.TemporaryDirectory() as temp:
        for name, make in widgets.items():
            viz, path = make(), Path(temp) / "film.gif"
            chosen = range(min(N_CHECKPOINTS, len(viz.history)))
            took = timed(lambda viz=viz, path=path, chosen=chosen: viz.to_gif(path, list(chosen)))
            rows.append(Row(f"film of {len(chosen)} checkpoints: {name}", "s", [took / 1000], goal=15))
    return Section("Pictures without a browser", TEXT, rows)
