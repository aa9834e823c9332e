"""The tools that readers' pages are made with, each run as its users do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

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


@contextmanager
def served(folder: Path, *command: str, route: str = "") -> Iterator[str]:
    """Run a module that serves at a port of its own (``{port}`` in the command), and stop it afterwards."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    log = folder / "server.log"
    process = subprocess.Popen(
        [sys.executable, "-m", *(word.format(port=port) for word in command)],
        cwd=folder, stdout=log.open("w"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}/", log)
        yield f"http://127.0.0.1:{port}/{route}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(address: str, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            urlopen(address, timeout=20)
            return
        except HTTPError:
            return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"it did not start:\n{log.read_text()[-2000:]}")


def sphinx(folder: Path, source: Path, *conf: str) -> Path:
    """Build a site of one notebook, or of another source, with these lines in ``conf.py``."""
    import pypandoc

    folder.mkdir()
    (folder / source.name).write_text(source.read_text())
    lines = ('project = "weights"', f'master_doc = "{source.stem}"', *conf)
    (folder / "conf.py").write_text("\n".join(lines))
    os.environ["PATH"] = f"{Path(pypandoc.get_pandoc_path()).parent}{os.pathsep}{os.environ['PATH']}"
    run(folder, "sphinx", "-q", "-b", "html", ".", "out")
    return folder / "out" / f"{source.stem}.html"
