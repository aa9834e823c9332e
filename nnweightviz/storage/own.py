"""Whether a folder or a file is a history of ours; it is read by ``folder`` and ``single``.

Not for checkpoints that others have written (see ``find``).
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from nnweightviz.storage.stored import Stored
from nnweightviz.storage.tensors import TensorFile


def history_in_folder(path: Path) -> Stored | None:
    """Return the history in a folder of ours, or None if the folder is none."""
    folder = _form("folder")
    return folder.read(path) if folder is not None and folder.is_history(path) else None


def is_run(file: TensorFile) -> bool:
    """Whether a file is a stacked run of ours, not one checkpoint."""
    single = _form("single")
    return single is not None and bool(single.is_run(file))


def history_in_file(file: TensorFile) -> Stored | None:
    """Return the run in a stacked file of ours, or None if the file is none."""
    return _form("single").read(file) if is_run(file) else None


# TODO at the merge: import folder and single plainly, and drop this.
def _form(name: str) -> Any:
    try:
        return import_module(f"nnweightviz.storage.{name}")
    except ModuleNotFoundError:
        return None
