"""Diagrams share a playhead by a step that all have, else by number; else it is said why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnweightviz.export import to_html
from nnweightviz.history import History
from nnweightviz.widget import WeightViz
from widgets import bundle, state, states

__all__ = ["bundle"]
pytestmark = pytest.mark.usefixtures("bundle")


def every(step: int, n: int, first: int = 0) -> WeightViz:
    """A widget of n checkpoints, ``step`` steps apart."""
    history = History()
    for k in range(n):
        history.record(state(k), step=first + step * k)
    return WeightViz(state(), history)


def linked_by(path: Path, *widgets: WeightViz) -> set[str]:
    page = to_html(list(widgets), path / "page.html", linked=True).read_text(encoding="utf-8")
    return {part.split('"')[0] for part in page.split('data-linked="')[1:]}


def test_a_step_that_all_have_links_by_step(tmp_path: Path) -> None:
    assert linked_by(tmp_path, every(100, 11), every(50, 4), every(200, 2)) == {"step"}
    assert linked_by(tmp_path, every(100, 5), every(100, 5, first=300)) == {"step"}


def test_the_same_number_of_checkpoints_links_by_number(tmp_path: Path) -> None:
    assert linked_by(tmp_path, every(100, 5, first=1), every(100, 5)) == {"number"}
    assert linked_by(tmp_path, WeightViz(state(), states(3)), WeightViz(state(), states(3))) == {"number"}


def test_of_several_runs_the_one_that_is_shown_counts(tmp_path: Path) -> None:
    runs = WeightViz(state(), {"a": states(2), "b": states(3)})
    other = WeightViz(state(), states(3))
    with pytest.raises(ValueError, match="cannot be linked"):
        linked_by(tmp_path, runs, other)
    runs.options = {"run": "b"}
    assert linked_by(tmp_path, runs, other) == {"number"}


def test_what_cannot_be_linked_is_told_with_what_each_diagram_has(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be linked") as told:
        linked_by(tmp_path, every(100, 5, first=1), every(100, 3), WeightViz(state(), states(1)))
    assert "diagram 0 has 5 checkpoints, steps 1 to 401; diagram 1 has 3 checkpoints, steps 0 to 200" in str(
        told.value
    )
    assert "diagram 2 has 1 checkpoint" in str(told.value)
    assert "history.thin(n)" in str(told.value)


def test_one_diagram_is_not_linked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two diagrams or more; this page has 1"):
        linked_by(tmp_path, every(1, 3))
    assert "data-linked" not in every(1, 3).to_html(tmp_path / "page.html").read_text(encoding="utf-8")
