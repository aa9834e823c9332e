"""Runs the code of a notebook in this process, so that tests can compare what it computed with what its text says."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import matplotlib
import nbformat
import torch

FOLDER = Path(__file__).parent.parent / "notebooks"


@dataclass(frozen=True)
class Case:
    """A notebook after its run: its text in one line, its variables by name, and what its cells end with."""

    text: str
    values: dict[str, Any]
    shown: list[Any] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def says(self, sentence: str) -> bool:
        """Whether the text contains a sentence, however its lines are broken and its words stressed."""
        return " ".join(sentence.split()) in self.text


@contextmanager
def run(name: str, n_cells: int | None = None, **environment: str) -> Iterator[Case]:
    """Run the code cells of a notebook, or of its first cells, with environment variables.

    The number of threads and matplotlib's backend are as before afterwards.
    """
    n_threads, backend = torch.get_num_threads(), matplotlib.get_backend()
    cells = nbformat.read(FOLDER / name, as_version=4).cells[:n_cells]
    text = " ".join(cell.source for cell in cells if cell.cell_type == "markdown")
    values: dict[str, Any] = {}
    matplotlib.use("Agg")
    try:
        with patch.dict(os.environ, environment):
            shown = [_run_cell(c.source, f"{name}:{c.id}", values) for c in cells if c.cell_type == "code"]
        yield Case(
            " ".join(text.replace("*", "").split()), values, [each for each in shown if each is not None]
        )
    finally:
        values["plt"].close("all")
        matplotlib.use(backend)
        torch.set_num_threads(n_threads)


def _run_cell(source: str, where: str, values: dict[str, Any]) -> Any:
    """Run a cell; return what it ends with, as a notebook shows it, or None."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, where, "exec"), values)
    return eval(compile(ast.Expression(last.value), where, "eval"), values) if last else None
