"""The tools that readers' pages are made with, each run as its users do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

OFFLINE = ["--HTMLExporter.require_js_url=", "--HTMLExporter.mathjax_url=", "--HTMLExporter.jquery_url="]
"""Without them nbconvert's own pages ask for MathJax and require.js."""
SUFFIX = {"html": ".html", "slides": ".slides.html", "markdown": ".md", "notebook": ".ipynb"}


def run(folder: Path, *command: str, timeout: float = 240) -> str:
    """Run a module of this Python in a folder; return what it said. A tool that fails tells why."""
    env = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=env, capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout + done.stderr


def nbconvert(path: Path, form: str, *more: str) -> Path:
    """Convert a notebook beside itself; ``--output=name`` names it otherwise."""
    run(path.parent, "nbconvert", path.name, "--to", form, "--log-level", "WARN", *more)
    names = [option.partition("=")[2] for option in more if option.startswith("--output=")]
    return path.parent / f"{names[0] if names else path.stem}{SUFFIX[form]}"
