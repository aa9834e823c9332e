"""Whether a folder or a file is a history of ours; it is read by ``folder`` and ``single``.

Not for checkpoints that others have written (see ``find``).
"""

from __future__ import annotations

from pathlib import Path

from nnweightviz.storage import folder, single
from nnweightviz.storage.stored import Stored
from nnweightviz.storage.tensors import TensorFile


def history_in_folder(path: Path) -> Stored | None:
    """Return the history in a folder of ours, or None if the folder is none."""
    return folder.read(path) if folder.is_history(path) else None


def is_run(file: TensorFile) -> bool:
    """Whether a file is a stacked run of ours, not one checkpoint."""
    return single.is_run(file)


def history_in_file(file: TensorFile) -> Stored | None:
    """Return the run in a stacked file of ours, or None if the file is none."""
    return single.read(file) if is_run(file) else None
