"""Opens what is on disk as a History.

Not for recording (see ``history``), nor for the form of files (see ``storage``).
"""

from __future__ import annotations

import os
from pathlib import Path

from nnweightviz.history import History
from nnweightviz.storage import folder, single
from nnweightviz.storage.stored import UnreadableError
from nnweightviz.storage.tensors import open_tensors


def open_history(path: str | os.PathLike[str]) -> History:
    """Open a folder that a History has recorded, or a file that it has saved; parameters are read when asked for.

    Raises
    ------
    FileNotFoundError
        If there is nothing at ``path``.
    UnreadableError
        If it cannot be read: damaged, hostile or of no known form.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is nothing at {path}; give a folder of checkpoints, or a file")
    if path.is_dir():
        if not folder.is_history(path):
            raise UnreadableError(path, "there is no checkpoint in it")
        return History(path)
    file = open_tensors(path)
    if not single.is_run(file):
        raise UnreadableError(path, "it holds no run that a History has saved")
    return History.of(single.read(file))
