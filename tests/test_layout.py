"""Where everything stands in print: the numbers that the browser is held to (see layout.print.test.ts)."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fixtures import write
from nnweightviz.scale import PALETTES, buckets_of, domain_of, line_of

ROOT = Path(__file__).parent.parent
FIXTURE = json.loads((Path(__file__).parent / "fixtures" / "layouts.json").read_text())
BOXES = json.loads((Path(__file__).parent / "fixtures" / "boxes.json").read_text())
TWIN = (ROOT / "js" / "src" / "scale.ts").read_text()


@pytest.mark.parametrize("name", write.laid_out())
def test_the_committed_layouts_are_those_of_print(name: str) -> None:
    assert json.loads(json.dumps(write.printed_layout(name))) == FIXTURE[name]


@pytest.mark.parametrize("name", write.deep_nets())
def test_the_committed_boxes_wires_and_frames_are_those_of_print(name: str) -> None:
    network, choices = write.deep_nets()[name]
    assert json.loads(json.dumps(network.to_dict())) == BOXES[name]["network"]
    for expanded, drawn in zip(choices, BOXES[name]["drawn"], strict=True):
        assert json.loads(json.dumps(write.boxes_json(network, expanded))) == drawn


@pytest.mark.parametrize("name", write.strips_nets())
def test_the_committed_strips_are_those_of_print(name: str) -> None:
    found = json.loads(json.dumps(write.strips_json(*write.strips_nets()[name])))
    assert found == json.loads((Path(__file__).parent / "fixtures" / "strips.json").read_text())[name]


def test_the_committed_pictures_of_outputs_are_those_of_print() -> None:
    fixture = json.loads((Path(__file__).parent / "fixtures" / "outputs.json").read_text())
    assert json.loads(json.dumps(write.pictures_json())) == fixture["pictures"]


@pytest.mark.parametrize("theme", PALETTES)
def test_colours_are_those_of_the_browser(theme: str) -> None:
    block = TWIN[TWIN.index(f"  {theme}: {{") :]
    for name in ("positive", "negative", "unsigned", "zero", "odd"):
        found = re.search(rf"{name}: \[(\d+), (\d+), (\d+)\]", block)
        assert found is not None
        assert getattr(PALETTES[theme], name) == tuple(map(int, found.groups()))  # type: ignore[index]
    paper = re.search(rf"PAPERS.*{theme}: \[(\d+), (\d+), (\d+)\]", TWIN)
    assert paper is not None
    assert PALETTES[theme].paper == tuple(map(int, paper.groups()))  # type: ignore[index]


def test_a_domain_is_the_quantile_of_finite_magnitudes() -> None:
    values = np.random.default_rng(0).normal(size=10_000)
    odd = np.array([np.nan, np.inf, -np.inf])
    assert domain_of([values, odd]) == pytest.approx(np.quantile(np.abs(values), 0.995), rel=1e-12)
    assert domain_of([np.array([0.0] * 999 + [3.0])]) == 3.0
    assert domain_of([]) == domain_of([odd]) == 0.0


def test_buckets_tell_sign_and_level() -> None:
    buckets = buckets_of(np.array([-1.0, -0.01, 0.01, 0.5, 9.0, np.nan, np.inf]), 1.0, signed=True)
    levels, kinds = np.divmod(buckets.astype(int) - 1, 4)
    assert kinds.tolist() == [0, 0, 1, 1, 1, 3, 3]
    assert levels.tolist() == [23, 0, 0, 12, 23, 23, 23]
    assert buckets_of(np.array([0.0, 1.0]), 0.0, signed=False).tolist() == [3, 3]


def test_stronger_links_are_wider_and_less_transparent() -> None:
    lines = [line_of(4 * level + 2, PALETTES["light"], 6.5, 2) for level in range(24)]
    for one, next_one in pairwise(lines):
        assert one.width < next_one.width
        assert one.opacity < next_one.opacity
    assert line_of(4 * 23 + 4, PALETTES["light"], 6.5, 2).is_dashed
