"""The command line: ``nnweightviz demo``.

Not for computing: each command calls one function of the package.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

NEEDED = ("torch", "sklearn", "statsmodels", "tqdm")


@click.group()
@click.version_option(package_name="nnweightviz")
def main() -> None:
    """Layer-by-layer diagrams of neural-network weights, played back over training."""


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
    from nnweightviz.demo.page import open_page, write_page

    write_page(out)
    click.echo(f"{out} ({out.stat().st_size / 1000:.0f} kB, opens without Python and without a network)")
    if is_opened and not open_page(out):
        click.echo(f"No browser here: open {out.resolve().as_uri()} in yours.")
