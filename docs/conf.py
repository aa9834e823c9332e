"""How Sphinx builds the documentation: from the repository alone, for readers without a network.

Not for what the pages say. The notebooks are shown as they are handed out, without outputs: none is run here, for they
take minutes; the pictures and the diagrams of the other pages are made by ``pictures.py`` at each build.
"""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))

import pictures

import nnweightviz

pictures.make(HERE / "_made" / "live")
shutil.copytree(HERE.parent / "notebooks", HERE / "notebooks", dirs_exist_ok=True)

project = "nnweightviz"
author = "the authors of nnweightviz"
version = release = nnweightviz.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "_made"]
html_theme = "furo"
html_title = f"nnweightviz {release}"
html_static_path = ["_made"]
html_copy_source = False
html_show_sourcelink = False
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, object] = {}  # by default from a network
myst_enable_extensions = ["deflist", "attrs_block"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say what is taken, and of which shape
autodoc_default_options = {"members": True}
autodoc_mock_imports = [
    name for name in ("keras", "lightning", "transformers", "skorch") if find_spec(name) is None
]
napoleon_google_docstring = False
napoleon_use_ivar = True
suppress_warnings = ["autodoc.mocked_object"]


def plain_bars(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Write |w| in docstrings as it is: bars name substitutions only in reStructuredText of other kinds."""
    for k, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            pieces = line.split("``")
            pieces[::2] = [piece.replace("|", "\\|") for piece in pieces[::2]]
            lines[k] = "``".join(pieces)


def setup(app: Any) -> None:
    """Tell Sphinx of what is done here."""
    app.connect("autodoc-process-docstring", plain_bars)
