"""The command line, as people run it: pages, tables, sentences, and a page that grows while a run is recorded."""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, expect

from browser.conftest import Diagram
from nnweightviz.cli import main
from nnweightviz.history import History
from nnweightviz.sheet import Sheet
from nnweightviz.widget import WeightViz
from pages import widgets_on

COMMAND = [sys.executable, "-c", "from nnweightviz.cli import main; main()"]
QUIET = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
RECORD = """
import sys, time
import numpy as np
from nnweightviz.history import History
with History(sys.argv[1]) as history:
    for k in range(int(sys.argv[2]), int(sys.argv[3])):
        state = {"fc.weight": np.full((4, 3), k / 10, "float32"), "fc.bias": np.zeros(4, "float32")}
        history.record(state, step=10 * k, loss=1 / (k + 1), overwrite=True)
        time.sleep(float(sys.argv[4]))
"""


def state(k: float) -> dict[str, Any]:
    return {"fc.weight": np.full((4, 3), k / 10, np.float32), "fc.bias": np.zeros(4, np.float32)}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A recorded run of twelve checkpoints, every ten steps."""
    with History(tmp_path / "run") as history:
        for k in range(12):
            history.record(state(k), step=10 * k, epoch=k, loss=1 / (k + 1))
    return tmp_path / "run"


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


class TestInfo:
    def test_a_table_says_what_is_there(self, run: Path) -> None:
        lines = invoke("info", run).stdout.splitlines()
        assert "checkpoints:  12" in lines
        assert "steps:        0 to 110" in lines
        assert "parameters:   2, with 16 values" in lines
        assert re.fullmatch(r"fc\.weight +4x3 +float32", next(line for line in lines if "fc.weight" in line))
        loss = next(line for line in lines if line.startswith("loss")).split()
        assert loss == ["loss", "12", "1", "0.0833333", "0.0833333", "110", "1", "0"]
        assert "odd:" not in lines

    def test_machines_read_the_same(self, run: Path) -> None:
        found = json.loads(invoke("info", run, "--json").stdout)
        assert (found["n_checkpoints"], found["steps"], found["epochs"]) == (12, [0, 110], [0, 11])
        names = ["fc.weight", "fc.bias"]
        assert [(p["name"], p["shape"]) for p in found["parameters"]] == list(
            zip(names, ([4, 3], [4]), strict=True)
        )
        assert found["n_bytes"] == sum(file.stat().st_size for file in run.iterdir())
        assert found["odd"] == []

    def test_what_is_odd_is_said(self, tmp_path: Path) -> None:
        with History(tmp_path / "run") as history:
            for k in (0, 1, 2, 3, 4, 5, 9, 10, 11, 12):
                odd = {"fc.weight": np.full((4, 3), np.nan)} if k == 4 else {}
                less = {"fc.bias"} if k == 2 else set()
                recorded = {name: array for name, array in (state(k) | odd).items() if name not in less}
                history.record(recorded, step=k, loss=float("inf") if k == 3 else 1)
        (tmp_path / "run" / "checkpoint-0000000020.safetensors").write_bytes(b"\0" * 20)
        text = invoke("info", tmp_path / "run").stdout
        assert "- fc.weight holds NaN or infinite values: 12 in all" in text
        assert "- fc.bias is in 9 of 10 checkpoints only" in text
        assert "- metric loss is NaN or infinite at 1 point" in text
        assert "- no checkpoints from step 5 to 9; most are 1 apart" in text
        assert "- left out checkpoint-0000000020.safetensors" in text

    def test_names_cannot_speak_to_the_terminal(self, tmp_path: Path) -> None:
        with History(tmp_path / "run") as history:
            history.record({"\x1b[31mw": np.zeros((1, 2))}, step=0)
        assert "\x1b" not in invoke("info", tmp_path / "run").stdout


class TestExport:
    def test_a_page_is_that_of_the_widget(self, run: Path, tmp_path: Path) -> None:
        result = invoke("export", run, "-o", tmp_path / "page.html", "--title", "A <run>")
        assert result.exit_code == 0
        page = (tmp_path / "page.html").read_text()
        assert "<title>A &lt;run&gt;</title>" in page
        history = History(run)
        ours, theirs = Sheet(history, "x").page_state(), WeightViz(None, history, title="x").page_state()
        assert json.dumps(ours[0], sort_keys=True) == json.dumps(theirs[0], sort_keys=True)
        assert ours[1] == theirs[1]

    def test_the_page_is_named_after_the_path(
        self, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert invoke("export", run).exit_code == 0
        assert (tmp_path / "run.html").is_file()

    def test_neither_torch_nor_jupyter_is_loaded(self, run: Path, tmp_path: Path) -> None:
        code = f"""
import sys
from click.testing import CliRunner
from nnweightviz.cli import main
for command in (["export", {str(run)!r}, "-o", {str(tmp_path / "page.html")!r}], ["info", {str(run)!r}]):
    assert CliRunner().invoke(main, command).exit_code == 0
print([name for name in ("torch", "anywidget", "ipywidgets", "matplotlib") if name in sys.modules])
"""
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        assert said.strip() == "[]"

    def test_a_page_opens_in_a_browser(self, run: Path, page: Page, tmp_path: Path) -> None:
        subprocess.run(
            [*COMMAND, "export", str(run), "-o", str(tmp_path / "page.html")], check=True, env=QUIET
        )
        page.goto((tmp_path / "page.html").as_uri())
        diagram = Diagram(page)
        assert (diagram.data("n-checkpoints"), diagram.checkpoint) == ("12", 11)
        assert diagram.n_drawn == 12 + 4

    def test_open_writes_a_page_and_says_where(self, run: Path) -> None:
        said = subprocess.run(
            [*COMMAND, "open", str(run)], check=True, env=QUIET, capture_output=True, text=True
        )
        path = re.match(r"(.*page\.html) \(", said.stdout)
        assert path is not None
        (widget,) = widgets_on(Path(path[1]))
        assert widget["state"]["_index"]["runs"][0]["n_checkpoints"] == 12
        assert "No browser here: open file://" in said.stdout


@pytest.mark.parametrize("command", ["info", "export", "open", "open --follow"])
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("nothing", "Error: there is no file or folder .*; give a folder"),
        ("text", "cannot be read|is a file, which does not grow"),
        ("empty", "it is empty. Accepted are"),
        (
            "foreign",
            "it holds no checkpoints, but 1 other file|holds no checkpoints as nnweightviz.History records",
        ),
        ("hostile", r"there are no checkpoints at .*\(left out"),
    ],
)
def test_bad_input_gets_a_sentence(tmp_path: Path, command: str, given: str, sentence: str) -> None:
    path = tmp_path / "x"
    if given == "text":
        path.write_text("hello, world")
    elif given != "nothing":
        path.mkdir()
    if given == "foreign":
        (path / "model.txt").write_text("")
    if given == "hostile":
        (path / "checkpoint-0000000000.safetensors").write_bytes(struct.pack("<Q", 1 << 62) + b"{}")
    if command == "open --follow" and given in ("nothing", "empty", "hostile"):
        return  # it waits for the first checkpoint: see below
    result = invoke(*command.split(), path)
    assert result.exit_code == 1
    assert re.search(sentence, result.stderr), result.stderr
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    "arguments", [["info"], ["open", "--port", "70000", "x"], ["export", "x", "-o", "."]]
)
def test_bad_options_are_refused_with_the_usage(arguments: list[str]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


def test_a_page_that_cannot_be_written_gets_a_sentence(run: Path, tmp_path: Path) -> None:
    result = invoke("export", run, "-o", tmp_path / "absent" / "page.html")
    assert result.exit_code == 1
    assert "is not there; create it first" in result.stderr


class Following:
    """`nnweightviz open --follow`, running."""

    def __init__(self, path: Path) -> None:
        command = [*COMMAND, "open", "--follow", str(path)]
        env = {**QUIET, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def url(self) -> str:
        found = re.match(r"(http://127\.0\.0\.1:\d+/[\w-]{32}/) grows while", self.line())
        assert found is not None
        return found[1]

    def interrupt(self) -> str:
        self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=10)
        return said


@pytest.fixture
def follow() -> Iterator[Callable[[Path], Following]]:
    started: list[Following] = []

    def start(path: Path) -> Following:
        started.append(Following(path))
        return started[-1]

    yield start
    for following in started:
        following.process.kill()
        following.process.wait()


def test_a_followed_page_grows_while_the_run_is_recorded(
    follow: Callable[[Path], Following], tmp_path: Path, page: Page
) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    following = follow(tmp_path / "run")
    assert following.line().startswith("Waiting for the first checkpoint in ")
    record = [sys.executable, "-c", RECORD, str(tmp_path / "run")]
    recorder = subprocess.Popen([*record, "0", "40", "0.1"])
    page.goto(following.url())
    diagram = Diagram(page)
    assert int(diagram.data("n-checkpoints")) < 40
    diagram.wait_for("n-checkpoints", 40)
    diagram.wait_for("checkpoint", 39)
    diagram.hover_link(("input", 1), ("fc", 2))
    expect(diagram.tooltip.locator(".nwv-value")).to_have_text("3.9")
    assert recorder.wait() == 0
    diagram.scrub_to(7)
    subprocess.run([*record, "20", "22", "0"], check=True)  # goes back
    diagram.wait_for("n-checkpoints", 22)
    assert diagram.checkpoint == 7
    diagram.root.get_by_label("order", exact=True).select_option("correlation")
    expect(diagram.root.locator(".nwv-caption")).to_contain_text("ordered by correlation")
    assert errors == []
    assert "is not followed any more" in following.interrupt()
    assert following.process.returncode == 0
    expect(diagram.root).to_contain_text("does not answer; what is here stays")
    diagram.scrub_to(3)
