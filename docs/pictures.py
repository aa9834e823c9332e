"""Makes the pictures and the live pages of the documentation from three small nets, which are trained anew each time.

Not for the pages that show them: those are the Markdown files beside it. Nothing made here is kept in the repository.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TQDM_DISABLE"] = "1"

import matplotlib

matplotlib.use("agg")

import nnweightviz as nwv
from nnweightviz.demo.page import as_widget, train_studies

DPI = 110


def make(folder: Path) -> None:
    """Write ``<name>.png`` and ``<name>.html`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    coder, forecaster, reader = map(as_widget, train_studies())
    small = nwv.WeightViz(
        {"fc.weight": [[1.0, -0.5, 0.1], [-1.0, 0.2, 0.6]], "fc.bias": [0.4, -0.4]}, title=""
    )
    for name, viz in {"autoencoder": coder, "lstm": forecaster, "digits": reader}.items():
        viz.to_html(folder / f"{name}.html")
        viz.to_png(folder / f"{name}.png", dpi=DPI)
    small.to_png(folder / "small.png", size=(4.8, 3.0), dpi=DPI)
    coder.contact_sheet(folder / "sheet.png", dpi=80)
    coder.to_png(folder / "difference.png", dpi=DPI, quantity="difference")
    for name, view, looks in (
        ("spread", "distribution", {"distribution": "ridgeline"}),
        ("paths", "trajectory", {}),
        ("ranks", "spectrum", {"spectrum": "ranks"}),
        ("cells", "matrix", {"of": ["decoder.weight"]}),
    ):
        coder.to_png(folder / f"{name}.png", view=view, dpi=DPI, **looks)
    for name, draw in PLOTS.items():
        draw(forecaster.history, forecaster.network).figure.savefig(folder / f"{name}.png", dpi=DPI)


PLOTS: dict[str, Callable[[nwv.History, Any], Any]] = {
    "gates": lambda history, network: nwv.plots.distribution(history, by="gate", network=network)[0],
    "updates": lambda history, _: nwv.plots.trajectory(history, "update_norm", log_axes=["y"]),
    "blocks": lambda history, _: nwv.plots.overview(history)[0, 0],
}

if __name__ == "__main__":
    make(Path(__file__).parent / "_made" / "live")
