"""Runs the code of a notebook in this process, so that tests can compare what it computed with what its text says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import nbformat
import torch

FOLDER = Path(__file__).parent.parent / "notebooks"


@dataclass(frozen=True)
class Case:
    """A notebook after its run: its text in one line, and its variables by name."""

    text: str
    values: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def says(self, sentence: str) -> bool:
        """Whether the text contains a sentence, however its lines are broken and its words stressed."""
        return " ".join(sentence.split()) in self.text


@contextmanager
def run(name: str) -> Iterator[Case]:
    """Run the code cells of a notebook; the number of threads and matplotlib's backend are as before afterwards."""
    n_threads, backend = torch.get_num_threads(), matplotlib.get_backend()
    cells = nbformat.read(FOLDER / name, as_version=4).cells
    text = " ".join(cell.source for cell in cells if cell.cell_type == "markdown")
    values: dict[str, Any] = {}
    matplotlib.use("Agg")
    try:
        for cell in cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, f"{name}:{cell.id}", "exec"), values)
        yield Case(" ".join(text.replace("*", "").split()), values)
    finally:
        values["plt"].close("all")
        matplotlib.use(backend)
        torch.set_num_threads(n_threads)
