"""The front door: public names, loaded on first use."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import nnweightviz as nwv


def printed(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize("name", nwv.__all__)
def test_every_public_name_is_there_and_loads_alone(name: str) -> None:
    assert printed(f"import nnweightviz; print(nnweightviz.{name} is not None)") == "True"


def test_the_names_are_listed() -> None:
    assert dir(nwv) == sorted(nwv.__all__)


def test_the_version_is_that_of_the_installed_package() -> None:
    assert nwv.__version__ == version("nnweightviz")


def test_a_name_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        AttributeError, match="module 'nnweightviz' has no attribute 'Wieght'; it has Checkpoint, "
    ):
        nwv.Wieght  # noqa: B018


def test_importing_takes_no_time() -> None:
    timed = "import time; t = time.perf_counter(); import nnweightviz; print(time.perf_counter() - t)"
    assert min(float(printed(timed)) for _ in range(5)) < 0.15


def test_importing_loads_not_even_numpy() -> None:
    assert printed("import sys, nnweightviz; print('numpy' in sys.modules)") == "False"


def test_recording_needs_neither_jupyter_nor_torch() -> None:
    code = (
        "import sys, numpy, nnweightviz as nwv; h = nwv.History(); h.record({'w': numpy.ones(2)}); "
        "print([m for m in ('torch', 'anywidget', 'ipywidgets', 'traitlets', 'IPython') if m in sys.modules])"
    )
    assert printed(code) == "[]"
