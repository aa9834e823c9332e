"""The command line: ``nnweightviz demo | open | export | info``.

Not for computing: each command calls a few functions of the package, and tells what went wrong in a sentence.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnweightviz.words import printable

if TYPE_CHECKING:
    from nnweightviz.history import History

NEEDED = ("torch", "sklearn", "statsmodels", "tqdm")
TITLE = click.option("--title", help="Plain text above the diagram; the model's name by default.")


@click.group()
@click.version_option(package_name="nnweightviz")
def main() -> None:
    """Layer-by-layer diagrams of neural-network weights, played back over training.

    PATH is a folder that a History has recorded, or any other file or folder of checkpoints that nnweightviz.open
    reads. Nothing in a file is ever executed.
    """


@main.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("demo.html"),
    show_default=True,
    help="Where to write the page.",
)
@click.option("--open/--no-open", "is_opened", default=True, help="Open the page in a browser, or not.")
def demo(out: Path, is_opened: bool) -> None:
    """Train three small nets, in under a minute, and write one page that shows how their weights moved."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        raise click.ClickException(
            f"The demo trains real nets and needs {', '.join(absent)}: pip install 'nnweightviz[demo]'"
        )
    if not out.resolve().parent.is_dir():
        raise click.ClickException(
            f"There is no folder {out.parent} to write {out.name} to: create it first."
        )
    from nnweightviz.demo.page import write_page

    write_page(out)
    _say(f"{out} ({out.stat().st_size / 1000:.0f} kB, opens without Python and without a network)")
    if is_opened:
        _show(out.resolve().as_uri())


@main.command("open")
@click.argument("path")
@click.option(
    "--follow", "follows", is_flag=True, help="Serve a page that grows while PATH is recorded into."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Of the page that grows; by default a free one."
)
@TITLE
def open_(path: str, follows: bool, port: int, title: str | None) -> None:
    """Show the checkpoints at PATH in a browser."""
    with _told():
        if follows:
            _follow(path, port, title)
            return
        page = Path(tempfile.mkdtemp(prefix="nnweightviz-")) / "page.html"
        _write(path, page, title)
        _say(f"{page} ({page.stat().st_size / 1000:.0f} kB)")
    _show(page.as_uri())


@main.command()
@click.argument("path")
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the page; by default in this folder, under the name of PATH.",
)
@TITLE
def export(path: str, out: Path | None, title: str | None) -> None:
    """Write the checkpoints at PATH to one page, which opens without Python and without a network."""
    with _told():
        out = Path(f"{Path(path).resolve().stem}.html") if out is None else out
        _write(path, out, title)
    _say(f"{out} ({out.stat().st_size / 1000:.0f} kB, opens without Python and without a network)")


@main.command()
@click.argument("path")
@click.option("--json", "is_json", is_flag=True, help="For machines.")
def info(path: str, is_json: bool) -> None:
    """Say what is at PATH: checkpoints, parameters, metrics, size, and what is odd about them."""
    from nnweightviz.inventory import as_text, inventory

    with _told():
        history = _opened(path)
        with _progress(len(history)) as bar:
            found = inventory(history, path, bar.update)
    click.echo(_for_machines(found) if is_json else as_text(found))


def _for_machines(found: Any) -> str:
    """Return JSON, with what a terminal would obey as escapes."""
    text = json.dumps(found, indent=2, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _opened(path: str) -> History:
    from nnweightviz.opening import open_history

    history = open_history(path)
    if len(history) == 0:
        noted = f" ({'; '.join(history.notes)})" if history.notes else ""
        raise ValueError(
            f"there are no checkpoints at {path}{noted}; to wait for the first: open --follow {path}"
        )
    return history


def _write(path: str, page: Path, title: str | None) -> None:
    from nnweightviz.export import to_html
    from nnweightviz.sheet import Sheet

    history = _opened(path)
    with _progress(len(history)) as bar:
        sheet = Sheet(history, title, bar.update)
    to_html(sheet, page)
    _tell_notes(history)


def _follow(path: str, port: int, title: str | None) -> None:
    from nnweightviz.following import follow
    from nnweightviz.serving import PageServer

    with contextlib.suppress(KeyboardInterrupt), follow(path) as history:
        if not history.wait(0):
            _say(f"Waiting for the first checkpoint in {path}; Ctrl-C ends it.")
            _tell_notes(history)
            history.wait()
        with contextlib.closing(PageServer(history, title, port)) as server:
            _say(f"{server.url} grows while {path} is recorded into; Ctrl-C ends it.")
            _show(server.url)
            server.serve()
    click.echo()
    _say(f"{path} is not followed any more; the page keeps what it has.")


def _say(sentence: str, err: bool = False) -> None:
    """Write a line, in which names and paths give no orders to the terminal."""
    click.echo(printable(sentence), err=err)


def _tell_notes(history: History) -> None:
    for note in history.notes:
        _say(f"Note: {note}", err=True)


def _show(address: str) -> None:
    from nnweightviz.browser import show

    if not show(address):
        _say(f"No browser here: open {address} in yours.")


def _progress(n_checkpoints: int) -> Any:
    """Return a bar that counts checkpoints on a terminal, and nothing elsewhere."""
    bar = click.progressbar(length=n_checkpoints, label="Reading checkpoints", file=sys.stderr, show_pos=True)
    return bar if sys.stderr.isatty() else _Silent()


class _Silent(contextlib.nullcontext[Any]):
    """A bar that nobody sees."""

    def __enter__(self) -> _Silent:
        return self

    def update(self, n: int) -> None:
        """Count on."""


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Tell what is wrong with what was given in a sentence; anything else is a bug of ours, and stays a traceback."""
    try:
        yield
    except (OSError, ValueError, ImportError) as error:
        lines = _sentence(error).split("\n")
        raise click.ClickException("\n".join(map(printable, lines))) from error


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)
