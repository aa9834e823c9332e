"""The demo: quick, the same at every run, and its paragraphs true of its weights."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from nnweightviz.browser import show
from nnweightviz.cli import main
from nnweightviz.demo.autoencoder import codes
from nnweightviz.demo.digits import reading_task
from nnweightviz.demo.economy import SERIES, forecasting_task
from nnweightviz.demo.page import as_widget, train_studies
from nnweightviz.demo.study import Study
from pages import widgets_on


@pytest.fixture(scope="module")
def studies() -> Iterator[list[Study]]:
    n_threads = torch.get_num_threads()
    yield train_studies()
    torch.set_num_threads(n_threads)


def test_the_demo_trains_in_well_under_a_minute() -> None:
    start = time.perf_counter()
    train_studies()
    assert time.perf_counter() - start < 60


def test_the_autoencoder_finds_a_code_of_three_digits_for_eight_patterns(studies: list[Study]) -> None:
    study = studies[0]
    assert len(study.history) == 41
    assert len(set(codes(study.model))) == 8
    assert study.history.metrics["accuracy"][-1] == 1
    assert "8 of 8 codes are different" in study.text
    assert "24 of the 24 links tell" in study.text


def test_the_autoencoder_stands_on_the_plateau_while_its_text_says_so(studies: list[Study]) -> None:
    found = re.search(r"Within (\d+) steps .* until step (\d+)", studies[0].text)
    assert found
    start, leave = map(int, found.groups())
    steps, losses = studies[0].history.log_metrics["loss"]
    on_plateau = losses[(steps >= start) & (steps < leave)]
    np.testing.assert_allclose(on_plateau, 7 / 64, rtol=0.02)
    biases = studies[0].history["decoder.bias"][studies[0].history.steps > start]
    assert (biases[0] < 0).all()


def test_only_the_hidden_biases_stand_out_on_the_plateau_as_the_text_says(studies: list[Study]) -> None:
    history = studies[0].history
    found = re.search(
        r"Within (\d+) .* until step (\d+).*biases, never far above ([.\d]+), are", studies[0].text
    )
    assert found
    start, leave, bound = map(float, found.groups())
    on_plateau = (history.steps >= start) & (history.steps < leave)
    share = {n: history[n][on_plateau] / np.abs(history[n]).max() for n in history.parameters}
    assert np.abs(history["encoder.bias"]).max() == pytest.approx(bound, abs=0.005)
    assert (share.pop("encoder.bias") > 1 / 3).all()
    assert all((np.abs(values) < 1 / 6).all() for values in share.values())


def test_the_losses_are_logged_more_densely_than_the_checkpoints(studies: list[Study]) -> None:
    steps, _ = studies[0].history.log_metrics["loss"]
    assert len(steps) > 10 * len(studies[0].history)


def test_the_test_quarters_follow_the_training_quarters_and_do_not_set_the_scale() -> None:
    windows, targets, n_train = forecasting_task()
    torch.testing.assert_close(windows[1:, -1, -1:], targets[:-1])
    seen = windows[:n_train, 0]
    assert abs(float(seen.mean())) < 0.1
    assert 100 < n_train < 0.8 * len(windows)


def test_the_lstm_learns_and_its_test_error_turns_where_the_text_says(studies: list[Study]) -> None:
    history = studies[1].history
    test_loss = history.metrics["test_loss"]
    assert len(history) == 31
    assert history.metrics["loss"][-1] < 0.3 < history.metrics["loss"][0]
    turn = int(test_loss.argmin())
    assert 0 < turn < 25
    assert (np.diff(test_loss[: turn + 1]) < 0).all()
    assert f"until epoch {history.epochs[turn]:.0f};" in studies[1].text


def test_the_digits_are_read_and_blank_pixels_keep_their_weights(studies: list[Study]) -> None:
    history = studies[2].history
    images = reading_task()[0].numpy()
    blank = np.flatnonzero(~images.any(axis=0))
    assert history.metrics["accuracy"][-1] > 0.95
    weights = history["hidden.weight"]
    assert (weights[:, :, blank] == weights[:1, :, blank]).all()
    assert f"Pixels {', '.join(str(k + 1) for k in blank)} are blank" in studies[2].text


def test_every_study_becomes_a_widget_with_its_names(studies: list[Study]) -> None:
    diagrams = [as_widget(study) for study in studies]
    assert [diagram.title for diagram in diagrams] == [study.title for study in studies]
    assert SERIES[0] in str(diagrams[1]._network)


def test_the_command_writes_one_page_and_says_where(tmp_path: Path) -> None:
    path = tmp_path / "demo.html"
    result = CliRunner().invoke(main, ["demo", "--no-open", "--out", str(path)])
    assert result.exit_code == 0, result.output
    assert str(path) in result.output
    assert path.stat().st_size <= 600_000
    titles = " · ".join(widget["state"]["title"] for widget in widgets_on(path))
    for title in ("8-3-8 autoencoder", "LSTM study", "handwritten digits"):
        assert title in titles


def test_the_command_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["demo", "--out", str(tmp_path / "absent" / "demo.html")])
    assert result.exit_code != 0
    assert "create it first" in result.output


def test_without_the_demo_extra_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnweightviz.cli.find_spec", lambda name: None if name == "torch" else object())
    result = CliRunner().invoke(main, ["demo"])
    assert result.exit_code != 0
    assert "pip install 'nnweightviz[demo]'" in result.output


def test_without_a_screen_no_browser_is_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("webbrowser.open", lambda _url: pytest.fail("a browser was opened"))
    assert not show((tmp_path / "page.html").as_uri())


def test_with_a_screen_the_page_is_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    assert show((tmp_path / "page.html").as_uri())
    assert opened[0].startswith("file:///")
