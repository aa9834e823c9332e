"""Pictures of a widget for print: the right checkpoint, in files that open."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
import torch
from PIL import Image

import nnweightviz as nwv
from nnweightviz.views import VIEWS
from widgets import bundle

__all__ = ["bundle"]
pytestmark = pytest.mark.usefixtures("bundle")


@pytest.fixture
def viz() -> nwv.WeightViz:
    torch.manual_seed(0)
    model, history = (
        torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 2)),
        nwv.History(),
    )
    with torch.no_grad():
        for k in range(4):
            history.record(model, step=10 * k, loss=1 / (k + 1))
            for parameter in model.parameters():
                parameter += 0.2 * torch.randn_like(parameter)
    return nwv.WeightViz(model, history, title="A <small> net & more")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_printed_in_every_form_of_file(viz: nwv.WeightViz, view: str, tmp_path: Path) -> None:
    png = viz.to_png(tmp_path / "view.png", 1, view)
    with Image.open(png) as image:
        assert image.size == (1440, 960)
        assert len(set(np.asarray(image.convert("L")).ravel().tolist())) > 10
    svg = viz.to_svg(tmp_path / "view.svg", 1, view).read_text()
    assert "<svg" in svg
    assert "<text" in svg
    pdf = viz.to_pdf(tmp_path / "view.pdf", 1, view).read_bytes()
    assert pdf.startswith(b"%PDF")
    assert b"/FontFile2" in pdf  # TrueType, in the file


def test_the_graph_shows_the_checkpoint_that_is_asked_for(viz: nwv.WeightViz, tmp_path: Path) -> None:
    viz.checkpoint = 2
    said = {k: viz.to_svg(tmp_path / "a.svg", k).read_text() for k in (0, None, -1)}
    assert "step 0 (1 of 4)" in said[0]
    assert "step 20 (3 of 4)" in said[None]
    assert "step 30 (4 of 4)" in said[-1]


def test_names_are_text_in_a_file_and_never_markup(viz: nwv.WeightViz, tmp_path: Path) -> None:
    svg = viz.to_svg(tmp_path / "a.svg").read_text()
    assert "A &lt;small&gt; net &amp; more" in svg
    assert "<small>" not in svg


def test_the_same_picture_is_the_same_file(viz: nwv.WeightViz, tmp_path: Path) -> None:
    one, other = (viz.to_png(tmp_path / name, 0).read_bytes() for name in ("a.png", "b.png"))
    assert one == other


def test_a_film_has_a_picture_for_each_checkpoint(viz: nwv.WeightViz, tmp_path: Path) -> None:
    path = viz.to_gif(tmp_path / "film.gif", speed=5)
    with Image.open(path) as film:
        assert film.size == (900, 600)
        assert film.n_frames == 4  # type: ignore[attr-defined]
        durations, pictures = [], []
        for k in range(4):
            film.seek(k)
            durations.append(film.info["duration"])
            pictures.append(np.asarray(film.convert("RGB")).tobytes())
    assert durations == [200, 200, 200, 2000]
    assert len(set(pictures)) == 4


def test_a_film_of_some_checkpoints_backwards(viz: nwv.WeightViz, tmp_path: Path) -> None:
    path = viz.to_gif(tmp_path / "film.gif", [3, 0], size=(3, 2))
    with Image.open(path) as film:
        assert film.n_frames == 2  # type: ignore[attr-defined]
        assert film.size == (288, 192)


def test_an_mp4_is_read_again_frame_by_frame(viz: nwv.WeightViz, tmp_path: Path) -> None:
    path = viz.to_mp4(tmp_path / "film.mp4", size=(4, 3), speed=2)
    n_frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(path))
    assert (n_frames, round(seconds)) == (4, 2)
    reader = imageio_ffmpeg.read_frames(str(path))
    assert next(reader)["size"] == (384, 288)


def test_a_contact_sheet_shows_checkpoints_beside_each_other(viz: nwv.WeightViz, tmp_path: Path) -> None:
    path = viz.contact_sheet(tmp_path / "sheet.png", [0, 1, 3], columns=2, size=(3, 2), dpi=100)
    with Image.open(path) as sheet:
        assert sheet.size == (600, 400)
        pixels = np.asarray(sheet.convert("L"))
    assert pixels[:200, :300].std() > 5
    assert (pixels[200:, 300:] == 255).all()  # three pictures, four places


def test_nothing_of_pyplot_is_touched(viz: nwv.WeightViz, tmp_path: Path) -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums(), dict(plt.rcParams)
    viz.to_png(tmp_path / "a.png")
    assert (plt.get_fignums(), dict(plt.rcParams)) == before


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda v, p: v.to_png(p / "a.jpg"), ValueError, "it ends in .png"),
        (lambda v, p: v.to_png(p / "none" / "a.png"), FileNotFoundError, "there is no folder"),
        (
            lambda v, p: v.to_png(p / "a.png", 4),
            IndexError,
            "checkpoint is 4; there are 4 checkpoints, 0 to 3",
        ),
        (lambda v, p: v.to_png(p / "a.png", "last"), TypeError, "it is a number, 0 to 3"),
        (
            lambda v, p: v.to_png(p / "a.png", view="tree"),
            ValueError,
            "there is no view 'tree'; the views are graph",
        ),
        (lambda v, p: v.to_png(p / "a.png", colour="red"), ValueError, "there is no option 'colour'"),
        (lambda v, p: v.to_gif(p / "a.gif", []), ValueError, "checkpoints is empty"),
        (lambda v, p: v.to_gif(p / "a.gif", speed=0), ValueError, "speed is 0; it is checkpoints a second"),
        (lambda v, p: v.contact_sheet(p / "a.png", columns=0), ValueError, "columns is 0"),
    ],
)
def test_what_is_not_accepted_is_said(
    viz: nwv.WeightViz, tmp_path: Path, call: Any, error: type[Exception], said: str
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    with pytest.raises(error, match=re.escape(said)):
        call(viz, folder)
    assert list(folder.iterdir()) == []
