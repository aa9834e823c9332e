"""Small JSON files beside checkpoints: read as data, with a bound on their size.

Not for the configuration of a model.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nnweightviz.storage.stored import UnreadableError, opened, read_bytes, signature

MAX_BYTES = 100_000_000


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises
    ------
    UnreadableError
        If there is no such file, it has more than 100 MB, is no JSON, nested too deep, or no object.
    """
    with opened(path) as file:
        size = signature(file)[0]
        if size > MAX_BYTES:
            raise UnreadableError(path, f"it has {size} bytes; {MAX_BYTES} are accepted")
        text = read_bytes(file, 0, size, path)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(path, f"it is no JSON: {str(error)[:200]}") from None
    if not isinstance(found, dict):
        raise UnreadableError(path, "it is no JSON object")
    return found
