"""Trains the three nets and writes one page that shows them.

Not for other pages: that is ``nnweightviz.to_html``.
"""

from __future__ import annotations

from pathlib import Path

import torch

from nnweightviz.demo.autoencoder import train_autoencoder
from nnweightviz.demo.digits import train_digits
from nnweightviz.demo.economy import train_economy
from nnweightviz.demo.study import Study
from nnweightviz.export import to_html
from nnweightviz.widget import WeightViz

TITLE = "Weights while they learn"


def train_studies() -> list[Study]:
    """The three trained nets, in the order of the page; all seeds are fixed, and nets this small want one thread."""
    torch.set_num_threads(1)
    return [train_autoencoder(), train_economy(), train_digits()]


def as_widget(study: Study) -> WeightViz:
    """The diagram of a study, under its title."""
    diagram = WeightViz(study.model, study.history, **study.names)
    diagram.title = study.title
    return diagram


def write_page(path: Path) -> None:
    """Train, and write the page: each diagram with its paragraph under it."""
    items = [item for study in train_studies() for item in (as_widget(study), study.text)]
    to_html(items, path, title=TITLE)
