"""The rooms of the design hold: who imports whom, how large files and functions grow, what is loaded when."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / "nnweightviz"
TYPESCRIPT = ROOT / "js" / "src"

# A room is a module of the package, or a folder of it; imports go to lower ranks, or stay in the room.
PYTHON_RANKS = {
    "words": -1,
    "bundle": -0.5,
    "network": 0,
    "scale": 0,
    "bands": 0.2,
    "portraits": 0.2,
    "hanging": 0.3,
    "columns": 0.4,
    "layout": 0.5,
    "hierarchy": 0.5,
    "collapse": 0.6,
    "legible": 0.6,
    "striped": 0.6,
    "opened": 0.7,
    "routes": 0.8,
    "measures": 0,
    "blocks": 0,
    "options": 0,
    "throttle": 0,
    "written": 0,
    "browser": 0,
    "selection": 1,
    "orders": 1,
    "checkpoint": 1,
    "adapters": 1,
    "memory": 1,
    "storage": 2,
    "keep": 2,
    "points": 2,
    "snapshots": 2.5,
    "checkpoints": 2.7,
    "history": 3,
    "opening": 3.5,
    "gather": 4,
    "matching": 1.5,
    "parameters": 3.5,
    "parts": 3.6,
    "summaries": 3.5,
    "tiles": 3.6,
    "curves": 3.5,
    "recorder": 4,
    "probe": 4,
    "moments": 3.8,
    "spectrum": 3.8,
    "views": 4.2,
    "plots": 4.3,
    "payload": 4,
    "drawn": 4,
    "complete": 4.5,
    "answers": 4.5,
    "heard": 4.6,
    "live": 4.7,
    "runs": 4.8,
    "following": 4.8,
    "looks": 4,
    "probing": 5,
    "shown": 5.25,
    "printing": 5.5,
    "callbacks": 5,
    "template": 4,
    "playhead": 4,
    "export": 5,
    "elsewhere": 5.5,
    "sheet": 5,
    "serving": 6,
    "inventory": 4,
    "widget": 6,
    "": 7,  # nnweightviz/__init__.py
    "demo": 7,
    "cli": 8,  # above the demo that it starts
}
# Pure files may import each other, but not dom, which only knows elements.
TYPESCRIPT_RANKS = {
    **dict.fromkeys(
        (
            "blocks",
            "network",
            "scale",
            "layout",
            "bands",
            "portraits",
            "hanging",
            "raster",
            "options",
            "outputs",
            "history",
            "describe",
            "ticks",
            "events",
            "spectra",
            "tiles",
        ),
        0,
    ),
    **dict.fromkeys(("hierarchy", "collapse", "opening", "summaries", "columns"), 0),
    "connection": 0,
    "host": 0,
    "dom": 0.5,
    "theme": 0.6,
    "hosting": 0.6,
    "images": 0.7,
    "views": 1,
    "player": 2,
    "panel": 2.5,
    "runs": 2.6,
    "session": 2.7,
    "extras": 2.8,
    "speech": 2.9,
    "switcher": 2.9,
    "app": 3,
    "page": 3.5,
    "widget": 4,
    "embed": 4,
}
# Packages that only these files may import.
RESERVED = {
    "torch": r"adapters/torch\w*\.py|demo/\w+\.py",
    "anywidget": r"widget\.py",
    "ipywidgets": r"widget\.py",
    "traitlets": r"widget\.py",
    "matplotlib": r"plots/\w+\.py",
    "h5py": r"storage/hdf5_child\.py",
    "sklearn": r"adapters/sklearn\.py|demo/\w+\.py",
    "keras": r"(adapters|callbacks)/keras\w*\.py",
    "lightning": r"callbacks/lightning\.py",
    "pytorch_lightning": r"callbacks/lightning\.py",
    "transformers": r"callbacks/huggingface\.py",
    "skorch": r"callbacks/skorch\.py",
}
VAGUE = re.compile(r"^_?(utils?|commons?|helpers?|managers?|misc|shared|stuff|core|base)$", re.IGNORECASE)
BUNDLE_BYTES = {"widget.js": 150_000, "nnweightviz.css": 15_000, "page.css": 2_000, "extras.js": 180_000}
MAX_LINES = {".py": 330, ".ts": 320}  # "about" 300 and 250
MAX_FUNCTION_LINES = 60
MAX_POSITIONAL = 5


def python_files() -> list[Path]:
    return sorted(PYTHON.rglob("*.py"))


def typescript_files() -> list[Path]:
    return sorted(TYPESCRIPT.rglob("*.ts"))


def imported_modules(path: Path, package: Path) -> Iterator[str]:
    """Dotted names of all that a file imports, at any depth and under any condition."""
    here = [package.name, *path.relative_to(package).with_suffix("").parts]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(here[: -node.level]) if node.level else ""
            module = ".".join(filter(None, [start, node.module]))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def python_room(dotted: str) -> str:
    """``storage`` for ``nnweightviz.storage.folder``, ``""`` (the front door) for ``nnweightviz.History``."""
    parts = dotted.split(".")[1:]
    is_known = bool(parts) and parts[0] in PYTHON_RANKS
    return parts[0] if is_known else ""


def python_violations(package: Path) -> list[str]:
    """One sentence for every import of ``package`` that goes up, sideways, or to a reserved package."""
    found = []
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        room = name.split("/")[0].removesuffix(".py").replace("__init__", "")
        if room not in PYTHON_RANKS:
            found.append(f"{name} has no rank: add its room to PYTHON_RANKS")
            continue
        for module in imported_modules(path, package):
            top = module.split(".")[0]
            if top in RESERVED and not re.fullmatch(RESERVED[top], name):
                found.append(f"{name} imports {top}")
            if top == package.name:
                other = python_room(module)
                if other != room and PYTHON_RANKS[other] >= PYTHON_RANKS[room] and room:
                    found.append(f"{name} ({PYTHON_RANKS[room]}) imports {module} ({PYTHON_RANKS[other]})")
    return found


def typescript_room(path: Path, source: Path) -> str:
    """``views/graph`` for a view and its own folder, ``views`` for the registry, else the first name."""
    parts = path.relative_to(source).with_suffix("").parts
    if parts[0] == "views":
        return "views" if parts[1:] == ("index",) else "/".join(parts[:2])
    return parts[0]


def typescript_rank(room: str) -> float | None:
    # The registry knows the views; what a view is handed (its context) knows none.
    special = {"views": 1.5, "views/context": 0.7}
    return special.get(room) or TYPESCRIPT_RANKS.get(room.split("/")[0])


def typescript_violations(source: Path) -> list[str]:
    """One sentence for every relative import of ``source`` that goes up or sideways."""
    pattern = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*)["'](\.[^"']*)["']""")
    found = []
    for path in sorted(p for p in source.rglob("*.ts") if not p.name.endswith(".d.ts")):
        name, room = path.relative_to(source).as_posix(), typescript_room(path, source)
        rank = typescript_rank(room)
        if rank is None:
            found.append(f"{name} has no rank: add its room to TYPESCRIPT_RANKS")
            continue
        for target in pattern.findall(path.read_text()):
            if target.endswith((".wasm", ".css")):
                continue  # what the build makes text of; it imports nothing
            other = typescript_room((path.parent / target).resolve(), source.resolve())
            other_rank = typescript_rank(other)
            is_pure = rank == 0 == other_rank
            if other != room and not is_pure and (other_rank is None or other_rank >= rank):
                found.append(f"{name} ({rank}) imports {target} ({other_rank})")
    return found


def test_python_imports_go_to_lower_ranks_only() -> None:
    assert python_violations(PYTHON) == []


def test_typescript_imports_go_to_lower_ranks_only() -> None:
    assert typescript_violations(TYPESCRIPT) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("network.py", "from nnweightviz.history import History"),
        ("network.py", "from .history import History"),
        ("history.py", "def f():\n    from . import widget"),
        ("storage/folder.py", "from ..history import History"),
        ("widget.py", "import nnweightviz"),
        ("network.py", "from nnweightviz import History"),
        ("history.py", "import torch.nn"),
        ("export.py", "import traitlets"),
        ("novelty.py", ""),
    ],
)
def test_the_python_walker_finds_a_wrong_import(tmp_path: Path, name: str, code: str) -> None:
    path = tmp_path / "nnweightviz" / name
    path.parent.mkdir(parents=True)
    path.write_text(code)
    assert len(python_violations(tmp_path / "nnweightviz")) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("network.ts", 'import { App } from "./app";'),
        ("scale.ts", 'import { el } from "./dom";'),
        ("views/graph/links.ts", 'import type { M } from "../matrix";'),
        ("views/graph.ts", 'import { player } from "../player";'),
        ("panel/toolbar.ts", 'import "../app";'),
        ("widget.ts", 'const embed = await import("./embed");'),
        ("novelty.ts", ""),
    ],
)
def test_the_typescript_walker_finds_a_wrong_import(tmp_path: Path, name: str, code: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)
    assert len(typescript_violations(tmp_path)) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("views/graph/links.ts", 'import { layout } from "../../layout";\nimport { a } from "./style";'),
        ("views/index.ts", 'import { graph } from "./graph/index";'),
        ("layout.ts", 'import { Network } from "./network";\nimport { max } from "d3-array";'),
        ("app.ts", 'import { views } from "./views/index";'),
    ],
)
def test_the_typescript_walker_lets_right_imports_pass(tmp_path: Path, name: str, code: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)
    assert typescript_violations(tmp_path) == []


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = [
        "torch",
        "anywidget",
        "ipywidgets",
        "traitlets",
        "matplotlib",
        "sklearn",
        "scipy",
        "pandas",
        "networkx",
    ]
    code = f"import sys, nnweightviz; print([m for m in {heavy} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


@pytest.mark.parametrize(
    "path", python_files() + typescript_files(), ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_a_file_fits_in_a_head(path: Path) -> None:
    n_lines = len(path.read_text().splitlines())
    assert n_lines <= MAX_LINES[path.suffix], (
        f"{path.name} has {n_lines} lines: split it where the ideas part"
    )


@pytest.mark.parametrize("path", python_files(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_functions_are_short_and_take_few_positional_parameters(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            n_lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node):
                n_lines -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
            positional = [
                a.arg for a in node.args.posonlyargs + node.args.args if a.arg not in ("self", "cls")
            ]
            assert n_lines <= MAX_FUNCTION_LINES, f"{node.name} has {n_lines} lines"
            assert len(positional) <= MAX_POSITIONAL, f"{node.name} takes {positional}"


def test_no_file_bears_a_name_that_says_nothing() -> None:
    assert [p.name for p in python_files() + typescript_files() if VAGUE.match(p.stem)] == []


def test_the_bundle_is_within_its_budget() -> None:
    for name, most in BUNDLE_BYTES.items():
        n_bytes = (PYTHON / "static" / name).stat().st_size
        assert n_bytes <= most, f"{name} has {n_bytes} bytes: what can be said once, or not at all?"
