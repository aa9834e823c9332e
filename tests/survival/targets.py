"""Every way from a notebook to a reader that is looked at: how the page is made, what must be seen, what line helps."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import nbformat

from browser.jupyter import Jupyter
from survival.notebook import SETUP
from survival.tools import OFFLINE, nbconvert, run, served, sphinx

STATELESS = "--ExecutePreprocessor.store_widget_state=False"
MYST = 'nb_mime_priority_overrides = [("html", "image/png", 0)]'
NBSPHINX = 'nbsphinx.DISPLAY_DATA_PRIORITY_HTML = ("image/png", *nbsphinx.DISPLAY_DATA_PRIORITY_HTML)'
PANEL = """
import panel as pn
{setup}
pn.extension({extension})
pn.Column("# Weights", {shown}){end}
"""
MARIMO = """
import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
{setup}
    viz
    return mo, viz


@app.cell
def _(mo, viz):
    mo.Html(viz.embed(height=520))
    return
"""


@dataclass(frozen=True)
class Target:
    """``made`` gives the address of the page, in a folder of its own; ``expects`` are of ``Seen``;
    ``tries`` is what the page has at all.
    """

    tool: str
    package: str
    how: str
    made: Callable[[Path, Path], AbstractContextManager[str]]
    expects: tuple[str, ...]
    helps: str = ""
    form: str = "page"
    tries: tuple[str, ...] = ("viz", "frame")
    is_drawn_anew: bool = False
    at_hand: str | None = None


def page(make: Callable[[Path, Path], Path]) -> Callable[[Path, Path], AbstractContextManager[str]]:
    """Wrap what makes a file."""
    return lambda folder, notebook: nullcontext(make(folder, notebook).as_uri())


def converted(form: str, *more: str) -> Callable[[Path, Path], AbstractContextManager[str]]:
    """Convert a copy of the notebook."""
    return page(lambda folder, notebook: nbconvert(Path(shutil.copy(notebook, folder)), form, *more))


def site(*conf: str) -> Callable[[Path, Path], AbstractContextManager[str]]:
    """Build a site of the notebook with these lines in ``conf.py``."""
    return page(lambda folder, notebook: sphinx(folder / "site", notebook, *conf))


def raw(suffix: str, words: str, *conf: str) -> Callable[[Path, Path], AbstractContextManager[str]]:
    """Build a site of a page that takes the frame in from a file."""

    def made(folder: Path, notebook: Path) -> Path:
        outputs = [output for cell in nbformat.read(notebook, 4).cells for output in cell.get("outputs", [])]
        (frame,) = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
        (folder / "frame.html").write_text(frame)
        (folder / f"weights{suffix}").write_text(words)
        return sphinx(folder / "site", folder / f"weights{suffix}", *conf)

    return page(made)


def executed(*more: str) -> Callable[[Path, Path], AbstractContextManager[str]]:
    """Run and convert in one go."""
    return converted("html", "--execute", *more, *OFFLINE)


def markdown(folder: Path, notebook: Path) -> Path:
    """Convert to Markdown, and show that as a site generator does that lets HTML through."""
    from markdown_it import MarkdownIt

    text = nbconvert(Path(shutil.copy(notebook, folder)), "markdown").read_text()
    path = folder / "shown.html"
    path.write_text(
        f"<!doctype html><meta charset=utf-8>{MarkdownIt('commonmark', {'html': True}).render(text)}"
    )
    return path


def pandoc(folder: Path, notebook: Path) -> Path:
    """Convert by Pandoc, which Quarto calls, too."""
    import pypandoc

    path = folder / "page.html"
    more = ["--standalone", "--embed-resources", "--metadata=title:weights"]
    pypandoc.convert_file(str(notebook), "html", outputfile=str(path), extra_args=more)
    return path


def panel_page(folder: Path, _: Path) -> Path:
    """Save a page of a frame."""
    shown = 'pn.pane.HTML(viz.embed(height=520), sizing_mode="stretch_width")'
    end = '.save("page.html", resources="inline")'
    (folder / "app.py").write_text(PANEL.format(setup=SETUP, extension="", shown=shown, end=end))
    run(folder, "app")
    return folder / "page.html"


@contextmanager
def panel_served(folder: Path, _: Path) -> Iterator[str]:
    """Serve the widget itself."""
    app = PANEL.format(
        setup=SETUP, extension='"ipywidgets"', shown="pn.pane.IPyWidget(viz)", end=".servable()"
    )
    (folder / "app.py").write_text(app)
    with served(folder, "panel", "serve", "app.py", "--port={port}", route="app") as address:
        yield address


@contextmanager
def voila(folder: Path, notebook: Path) -> Iterator[str]:
    """Serve the notebook."""
    shutil.copy(notebook, folder)
    with served(folder, "voila", notebook.name, "--no-browser", "--port={port}") as address:
        yield address


def _marimo(folder: Path) -> Path:
    setup = "\n".join(f"    {line}" for line in SETUP.strip().splitlines())
    path = folder / "app.py"
    path.write_text(MARIMO.format(setup=setup).strip() + "\n")
    return path


def marimo_page(folder: Path, _: Path) -> Path:
    """Export a page."""
    run(folder, "marimo", "-q", "export", "html", _marimo(folder).name, "-o", "page.html")
    return folder / "page.html"


@contextmanager
def marimo_served(folder: Path, _: Path) -> Iterator[str]:
    """Serve the app."""
    command = ("marimo", "-q", "run", _marimo(folder).name, "--headless", "--no-token", "--port={port}")
    with served(folder, *command) as address:
        yield address


@contextmanager
def lab_opened(folder: Path, notebook: Path, *, is_trusted: bool = False) -> Iterator[str]:
    """Open the notebook in JupyterLab, and run nothing."""
    os.environ["JUPYTER_DATA_DIR"] = str(folder / ".data")  # what is trusted is remembered there
    shutil.copy(notebook, folder)
    if is_trusted:
        run(folder, "jupyter", "trust", notebook.name)
    jupyter = Jupyter("lab", folder)
    try:
        yield f"{jupyter.url}/lab/tree/{notebook.name}"
    finally:
        jupyter.close()
        del os.environ["JUPYTER_DATA_DIR"]


@contextmanager
def lite(folder: Path, notebook: Path) -> Iterator[str]:
    """Build a site of JupyterLite, and open the notebook there; a Python of its own it would take from the network."""
    shutil.copy(notebook, folder)
    site = folder / "site"
    run(folder, "jupyter", "lite", "build", "--contents", notebook.name, "--output-dir", site.name)
    command = ("http.server", "{port}", "--bind", "127.0.0.1")
    with served(site, *command, route=f"lab/index.html?path={notebook.name}") as address:
        yield address


def marimo_files() -> Path:
    """The files that a page of marimo asks the network for, as they were installed."""
    spec = find_spec("marimo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "_static"


FRAME = "`HTML(viz.embed())`"
MYST_NB = ('extensions = ["myst_nb"]', 'nb_execution_mode = "off"')
NB_SPHINX = ('extensions = ["nbsphinx"]', 'nbsphinx_execute = "never"')
TARGETS = (
    Target("nbconvert", "nbconvert", "`--to html`", converted("html"), ("picture", "frame")),
    Target(
        "nbconvert",
        "nbconvert",
        "`--to html` with empty addresses",
        converted("html", *OFFLINE),
        ("picture", "frame"),
        "`" + " ".join(OFFLINE) + "`: nothing is asked from the network",
    ),
    Target(
        "nbconvert",
        "nbconvert",
        "`--to html --execute`, which saves the widget's state",
        executed(),
        ("frame",),
        f"{FRAME}, or the option of the next row",
        is_drawn_anew=True,
    ),
    Target(
        "nbconvert",
        "nbconvert",
        f"`--to html --execute {STATELESS}`",
        executed(STATELESS),
        ("picture", "frame"),
        is_drawn_anew=True,
    ),
    Target("nbconvert", "nbconvert", "`--to slides`", converted("slides"), ("picture", "frame")),
    Target(
        "nbconvert",
        "nbconvert",
        "`--to markdown`, shown with HTML let through",
        page(markdown),
        ("picture", "frame"),
    ),
    Target(
        "nbconvert",
        "nbconvert",
        "PDF by Chromium, of `--to html`",
        converted("html", *OFFLINE),
        ("picture",),
        form="pdf",
        tries=("viz",),
    ),
    Target(
        "Sphinx with myst-nb",
        "myst-nb",
        "as it is",
        page(
            lambda folder, notebook: sphinx(
                folder / "site", notebook, 'extensions = ["myst_nb"]', 'nb_execution_mode = "off"'
            )
        ),
        ("frame",),
        f"{FRAME}, or the line of the next row",
    ),
    Target(
        "Sphinx with myst-nb",
        "myst-nb",
        f"`{MYST}` in `conf.py`",
        page(
            lambda folder, notebook: sphinx(
                folder / "site", notebook, 'extensions = ["myst_nb"]', 'nb_execution_mode = "off"', MYST
            )
        ),
        ("picture", "frame"),
    ),
    Target(
        "Sphinx with nbsphinx",
        "nbsphinx",
        "as it is",
        page(
            lambda folder, notebook: sphinx(
                folder / "site", notebook, 'extensions = ["nbsphinx"]', 'nbsphinx_execute = "never"'
            )
        ),
        ("frame",),
        f"{FRAME}, or the lines of the next row",
    ),
    Target(
        "Sphinx with nbsphinx",
        "nbsphinx",
        f"`import nbsphinx` and `{NBSPHINX}` in `conf.py`",
        page(
            lambda folder, notebook: sphinx(
                folder / "site",
                notebook,
                "import nbsphinx",
                NBSPHINX,
                'extensions = ["nbsphinx"]',
                'nbsphinx_execute = "never"',
            )
        ),
        ("picture", "frame"),
    ),
    Target(
        "Sphinx, reStructuredText",
        "sphinx",
        "`.. raw:: html` with `:file:` of `viz.embed()`",
        raw(".rst", "Weights\n=======\n\n.. raw:: html\n   :file: ../frame.html\n"),
        ("frame",),
        tries=("frame",),
    ),
    Target(
        "Sphinx with myst-parser",
        "myst-parser",
        "`{raw} html` with `:file:` of `viz.embed()`",
        raw(".md", "# Weights\n\n```{raw} html\n:file: ../frame.html\n```\n", 'extensions = ["myst_parser"]'),
        ("frame",),
        tries=("frame",),
    ),
    Target(
        "Pandoc",
        "pypandoc_binary",
        "`pandoc weights.ipynb --embed-resources -o page.html`",
        page(pandoc),
        ("picture", "frame"),
    ),
    Target("Voila", "voila", "the notebook, with its kernel", voila, ("widget", "frame")),
    Target(
        "Panel",
        "panel",
        "`pn.pane.IPyWidget(viz)`, served with its kernel",
        panel_served,
        (),
        "`pn.pane.HTML(viz.embed())`",
        tries=("viz",),
    ),
    Target(
        "Panel",
        "panel",
        '`pn.pane.HTML(viz.embed())`, `.save(path, resources="inline")`',
        page(panel_page),
        ("frame",),
        tries=("frame",),
    ),
    Target("marimo", "marimo", "`marimo run`, with its kernel", marimo_served, ("widget", "frame")),
    Target("marimo", "marimo", "`marimo export html`", page(marimo_page), ()),
    Target(
        "marimo",
        "marimo",
        "`marimo export html`, its own files at hand",
        page(marimo_page),
        ("widget", "frame"),
        at_hand="/dist/",
    ),
    Target(
        "JupyterLab",
        "jupyterlab",
        "opened, not run",
        lab_opened,
        ("picture",),
        "trust the notebook: the frame",
    ),
    Target(
        "JupyterLab",
        "jupyterlab",
        "`jupyter trust`, opened, not run",
        partial(lab_opened, is_trusted=True),
        ("frame",),
        "run the cell",
    ),
    Target(
        "JupyterLite",
        "jupyterlite-core",
        "`jupyter lite build`, without a Python, opened",
        lite,
        ("picture",),
        "a Python for browsers, which brings its own packages; or the frame on a page beside it",
    ),
)
