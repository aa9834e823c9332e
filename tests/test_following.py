"""Following a folder that another process records into."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnweightviz.following import Followed, follow
from nnweightviz.history import History
from nnweightviz.widget import WeightViz
from widgets import Listener, bundle, state

__all__ = ["bundle"]

RECORD = """
import sys, time
import numpy as np
from nnweightviz.history import History
with History(sys.argv[1]) as history:
    for k in range(int(sys.argv[2])):
        history.record({"w": np.full((2, 3), k, "float32")}, step=k, loss=1 / (k + 1))
        time.sleep(float(sys.argv[3]))
"""


def wait_until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def n_followers() -> int:
    return sum(thread.name == "nnweightviz-follower" for thread in threading.enumerate())


def test_a_history_grows_as_another_process_records(tmp_path: Path) -> None:
    with follow(tmp_path / "run", interval_s=0.05) as history:
        recorder = subprocess.Popen([sys.executable, "-c", RECORD, str(tmp_path / "run"), "20", "0.05"])
        assert history.wait(30)
        assert len(history) < 20
        wait_until(lambda: len(history) == 20, 30)
        assert recorder.wait() == 0
        np.testing.assert_array_equal(history["w"][:, 1, 2], np.arange(20))
        assert history.metrics["loss"].tolist() == [1 / (k + 1) for k in range(20)]


@pytest.mark.usefixtures("bundle")
def test_a_displayed_widget_grows_with_the_folder(tmp_path: Path) -> None:
    writing = History(tmp_path / "run")
    writing.record(state(0), step=0)
    writing.flush()
    viz = WeightViz(None, follow(tmp_path / "run", interval_s=0.05))
    browser = Listener(viz)
    writing.record(state(1), step=10, loss=0.5)
    writing.flush()
    wait_until(lambda: viz.checkpoint == 1)
    assert browser.heard[0][0]["type"] == "append"
    writing.record(state(2), step=10, overwrite=True)
    writing.flush()
    wait_until(lambda: viz.history.revision > 0)
    viz._live.flush()
    wait_until(lambda: any(message["type"] == "reset" for message, _ in browser.heard))
    wait_until(
        lambda: viz._payload.exact("fc1.bias", [0]).ravel().tolist() == [0, 2]
    )  # in one look, or in two
    viz.close()


def test_a_folder_that_does_not_change_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with History(tmp_path / "run") as writing:
        writing.record(state(0), step=0)
    refreshed: list[int] = []
    monkeypatch.setattr(Followed, "refresh", lambda _: refreshed.append(1) or 0)
    history = follow(tmp_path / "run", interval_s=0.01)
    wait_until(lambda: len(refreshed) == 1)
    time.sleep(0.2)
    assert len(refreshed) == 1
    with History(tmp_path / "run") as writing:
        writing.log(step=5, loss=1.0)
    wait_until(lambda: len(refreshed) == 2)
    history.close()


@pytest.mark.usefixtures("bundle")
def test_following_ends_with_the_last_widget_and_begins_again_with_another(tmp_path: Path) -> None:
    with History(tmp_path / "run") as writing:
        writing.record(state(0), step=0)
    before = n_followers()
    history = follow(tmp_path / "run", interval_s=0.02)
    first, second = WeightViz(None, history), WeightViz(None, history)
    assert n_followers() == before + 1
    first.close()
    time.sleep(0.1)
    assert n_followers() == before + 1
    second.close()
    wait_until(lambda: n_followers() == before)
    third = WeightViz(None, history)
    assert n_followers() == before + 1
    history.close()
    wait_until(lambda: n_followers() == before)
    third.close()


def test_following_ends_with_the_history(tmp_path: Path) -> None:
    before = n_followers()
    history = follow(tmp_path / "run", interval_s=0.02)
    assert n_followers() == before + 1
    del history
    gc.collect()
    wait_until(lambda: n_followers() == before)


def test_a_slice_follows_nothing(tmp_path: Path) -> None:
    with History(tmp_path / "run") as writing:
        for k in range(3):
            writing.record(state(k), step=k)
    with follow(tmp_path / "run") as history:
        before = n_followers()
        part = history[1:]
        assert (len(part), part.path, n_followers()) == (2, None, before)


def test_waiting_for_a_first_checkpoint_ends_in_time(tmp_path: Path) -> None:
    with follow(tmp_path / "not there yet", interval_s=0.01) as history:
        assert not history.wait(0.05)


def test_a_folder_that_cannot_be_read_is_told_once_and_followed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []

    def look(_: Followed) -> int:
        looks.append(1)
        raise OSError("the network is away")

    monkeypatch.setattr(Followed, "look", look)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        history = follow(tmp_path / "run", interval_s=0.01)
        wait_until(lambda: len(looks) > 5)
        history.close()
    assert [str(w.message) for w in said if w.category is UserWarning] == [
        "following goes on, but now: the network is away"
    ]


@pytest.mark.parametrize(
    ("made", "error", "sentence"),
    [
        ("file", NotADirectoryError, "is a file, which does not grow; follow the folder"),
        ("foreign", ValueError, "holds no checkpoints as nnweightviz.History records them"),
    ],
)
def test_what_cannot_be_followed_is_refused(
    tmp_path: Path, made: str, error: type[Exception], sentence: str
) -> None:
    path = tmp_path / "x"
    if made == "file":
        path.write_text("")
    else:
        path.mkdir()
        (path / "model.pt").write_text("")
    with pytest.raises(error, match=re.escape(sentence)):
        follow(path)
    with pytest.raises(ValueError, match="interval_s is 0"):
        follow(os.fspath(tmp_path), interval_s=0)
