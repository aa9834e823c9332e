"""The README's code runs as printed, and what it promises is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pages import widgets_on

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def run(code: str, folder: Path) -> None:
    command = [sys.executable, "-W", "error::UserWarning", "-c", code]
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_the_python_code_runs_as_printed(tmp_path: Path) -> None:
    code = "".join(blocks("python"))
    assert code.count("nwv.") == 7
    run(code, tmp_path)
    (widget,) = widgets_on(tmp_path / "xor.html")
    assert "a xor b" in json.dumps(widget["state"])


def test_the_code_on_histories_runs_as_printed(tmp_path: Path) -> None:
    run("".join(blocks("python", (ROOT / "docs" / "histories.md").read_text())), tmp_path)
    assert len(list((tmp_path / "runs" / "a").glob("checkpoint-*.safetensors"))) == 11
    assert (tmp_path / "a.safetensors").exists()


def test_the_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"make (\w+)", README)
    assert {"demo", "test", "lab"} <= set(targets)
    for target in targets:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), f"no target {target}"


def test_continuous_integration_runs_the_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_file_a_document_points_to_is_there(name: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text())
    assert [target for target in targets if "://" not in target and not (ROOT / target).exists()] == []
