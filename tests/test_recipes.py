"""The programs of the documentation run as printed, each by itself, where the framework that it is for is installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
NEEDS = {"Lightning": "lightning", "Hugging Face’s Trainer": "transformers", "Keras": "keras"}
SECTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
RECIPES = dict(SECTION.findall((DOCS / "recipes.md").read_text(encoding="utf-8")))
PAGES = {
    "A loop of your own, in PyTorch": ["torch.html"],
    "Lightning": ["lightning.html"],
    "Hugging Face’s Trainer": ["huggingface.html"],
    "Keras": ["keras.html"],
    "scikit-learn": ["sklearn.html"],
    "Checkpoints that lie in files": ["files.html", "no-model.html"],
    "A page for a course": ["lesson.html"],
    "A figure for a paper": ["weights.pdf", "spread.pdf", "updates.svg"],
}
"""What each writes."""


def code_in(text: str) -> str:
    return "".join(re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE))


def run(code: str, folder: Path) -> None:
    """Run a program in a folder, as a reader would; warnings for users are errors."""
    assert code
    command = [sys.executable, "-W", "error:::nnweightviz", "-c", code]
    environment = {"KERAS_BACKEND": "torch", **os.environ}
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_every_recipe_is_known() -> None:
    assert set(RECIPES) == set(PAGES)
    assert set(NEEDS) <= set(RECIPES)


@pytest.mark.parametrize("name", [name for name in PAGES if find_spec(NEEDS.get(name, "torch"))])
def test_the_recipe_runs_as_printed(name: str, tmp_path: Path) -> None:
    run(code_in(RECIPES[name]), tmp_path)
    for page in PAGES[name]:
        assert (tmp_path / page).stat().st_size > 5000, page


def test_the_tour_runs_as_printed(tmp_path: Path) -> None:
    run(code_in((DOCS / "tour.md").read_text(encoding="utf-8")), tmp_path)
    assert (tmp_path / "xor.html").exists()
    assert (tmp_path / "xor.pdf").exists()
