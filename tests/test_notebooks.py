"""Every notebook runs from top to bottom as it is handed out, and is handed out without outputs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import matplotlib.font_manager  # builds its cache here once; in a kernel it would say so on stderr  # noqa: F401
import nbformat
import pytest
from nbclient import NotebookClient

from pages import widgets_on

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
N_WIDGETS = {
    "01_quickstart": 3,
    "02_lstm_study": 1,
    "03_autoencoder_8_3_8": 3,
    "04_regularities": 2,
    "05_weight_experiments": 2,
}
"""How many diagrams each shows, at least."""
SMALLER = {"N_ROUNDS": "300", "N_EPOCHS": "6"}
"""Environment variables for studies that take minutes in full."""


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == list(N_WIDGETS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs_from_top_to_bottom(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SMALLER.items():
        monkeypatch.setenv(name, value)
    shutil.copy(path, tmp_path)
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    data = [output.get("data", {}) for output in outputs]
    views = [each["text/plain"] for each in data if "application/vnd.jupyter.widget-view+json" in each]
    assert len([text for text in views if text.startswith("WeightViz of")]) >= N_WIDGETS[path.stem]
    assert not [output["text"] for output in outputs if output.get("name") == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_handed_out_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell.id for cell in cells if cell.outputs or cell.execution_count]
    assert "widgets" not in notebook.metadata


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_trains_by_hand(path: Path) -> None:
    assert "nnweightviz.demo" not in path.read_text()


def test_the_quickstart_writes_a_page_with_its_three_nets(tmp_path: Path) -> None:
    notebook = nbformat.read(FOLDER / "01_quickstart.ipynb", as_version=4)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    page = (tmp_path / "quickstart.html").read_text()
    assert page.count('<div class="nnweightviz-embed"') == 3
    runs = [widget["state"]["_index"]["runs"] for widget in widgets_on(tmp_path / "quickstart.html")]
    assert [run["n_checkpoints"] for (run,) in runs] == [41, 31, 31]
    assert "8 of 8 codes are different" in page
    assert re.search(r"The test error falls to 0\.6\d at epoch 10 and ends at 0\.7\d", page)
    assert re.search(r"Of the test digits, 9[5-9]% are read correctly", page)
