"""One notebook for all tools of a session, and one browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from survival.notebook import DISPLAY, FRAME, SETUP, picture_of, written


class Given(NamedTuple):
    """A notebook as a file, as an object, and the picture in it."""

    path: Path
    notebook: Any
    png: bytes


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    """The notebook without saved widget state."""
    path = tmp_path_factory.mktemp("survival") / "weights.ipynb"
    notebook = written(path, SETUP, DISPLAY, FRAME)
    assert "widgets" not in notebook.metadata
    return Given(path, notebook, picture_of(notebook))
