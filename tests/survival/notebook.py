"""The notebook that all tools are given: a displayed widget, and a frame of one; run by a real kernel."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

SETUP = """
import numpy as np
import nnweightviz as nwv

rng = np.random.default_rng(0)
shapes = {"hidden.weight": (5, 4), "hidden.bias": (5,), "out.weight": (2, 5)}
first = {name: rng.normal(size=shape) for name, shape in shapes.items()}
states = [{name: (1 - k / 3) * w for name, w in first.items()} for k in range(7)]
viz = nwv.WeightViz(None, states, title="Survivor")
"""
DISPLAY = "viz"
FRAME = "from IPython.display import HTML\n\nHTML(viz.embed(height=520))"
WIDGET = "application/vnd.jupyter.widget-view+json"
ALT = "Weights of Survivor, 35 parameters, at the first and the last of 7 checkpoints"


def written(path: Path, *cells: str, has_state: bool = False) -> Any:
    """Run cells in a kernel, write them with what they put out, and return the notebook."""
    code = [nbformat.v4.new_code_cell(source) for source in cells]
    title = nbformat.v4.new_markdown_cell("# Weights\n\nOne widget.")
    notebook = nbformat.v4.new_notebook(cells=[title, *code])
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata["kernelspec"] = spec
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", store_widget_state=has_state)
    client.execute()
    nbformat.write(notebook, path)
    return notebook


def picture_of(notebook: Any) -> bytes:
    """The picture beside the widget."""
    (found,) = [
        output["data"]["image/png"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if WIDGET in output.get("data", {})
    ]
    return base64.b64decode(found)
