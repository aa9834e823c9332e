"""The tests of each framework are collected where it is installed; `make test-frameworks` installs them all."""

from __future__ import annotations

from importlib.util import find_spec

NEEDED = {"lightning": "lightning", "huggingface": "transformers", "keras": "keras", "skorch": "skorch"}
collect_ignore = [f"test_{name}.py" for name, package in NEEDED.items() if find_spec(package) is None]
