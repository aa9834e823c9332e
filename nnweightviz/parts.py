"""Lays encoded blocks behind each other in parts, the pieces of bytes that cross as one.

Not for what is in the blocks (see ``blocks``), nor for what is sent (see ``payload``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnweightviz import blocks
from nnweightviz.parameters import Entry


@dataclass(frozen=True)
class Attachment:
    """Blocks that ride in the state as one part behind all others, with an entry ``name`` of the index of their own.

    ``entries`` tell of the blocks in ``data``; ``curves`` are metrics that the timeline shows beside the history's,
    ``notes`` what the caption tells.
    """

    name: str
    about: Mapping[str, Any]
    entries: tuple[Entry, ...] = ()
    data: bytes = b""
    curves: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def index(self, run: str, part: int) -> dict[str, Any]:
        """Return the entry of the index, where the data are this part."""
        return {**self.about, "blocks": [{"run": run, **entry, "part": part} for entry in self.entries]}


def attached(
    parts: Sequence[bytes], attachments: Iterable[Attachment], run: str
) -> tuple[dict[str, Any], list[bytes]]:
    """Return the entries of the index by name, and the parts with those of attachments behind them; none is empty."""
    entries, every = {}, list(parts)
    for more in attachments:
        entries[more.name] = more.index(run, len(every))
        every += [more.data] if more.data else []
    return entries, every


def add(entries: list[Entry], parts: list[bytes], coded: Iterable[tuple[Entry, bytes]]) -> None:
    """Append blocks as one part, and their entries."""
    more, part = joined(list(coded), len(parts))
    if part:
        parts.append(part)
    entries += more


def joined(coded: Sequence[tuple[Entry, bytes]], part: int | None) -> tuple[list[Entry], bytes]:
    """Lay blocks behind each other; return their entries, with this number of the part, and the bytes."""
    entries, offset = [], 0
    for entry, data in coded:
        entries.append({**entry, "part": part, "offset": offset})
        offset += len(data)
    return entries, b"".join(data for _, data in coded)


def pressed(entries: Sequence[Entry], parts: Sequence[bytes]) -> tuple[list[Entry], list[bytes]]:
    """Deflate all blocks as small as can be, and lay them behind each other anew, in the parts that they were in."""
    laid: list[list[bytes]] = [[] for _ in parts]
    again = []
    for entry in entries:
        part, start = entry["part"], entry["offset"]
        data = parts[part][start : start + entry["n_bytes"]]
        data = blocks.pressed(data) if entry["coding"] == "deflate" else data
        again.append({**entry, "offset": sum(map(len, laid[part])), "n_bytes": len(data)})
        laid[part].append(data)
    return again, [b"".join(pieces) for pieces in laid]


def onto_last(parts: list[bytes], coded: Sequence[tuple[Entry, bytes]]) -> list[Entry]:
    """Put a few bytes behind those of the last part, or into a first one; return their entries."""
    if not coded:
        return []
    if not parts:
        parts.append(b"")
    entries, more = joined(coded, len(parts) - 1)
    start = len(parts[-1])
    parts[-1] += more
    return [{**entry, "offset": start + entry["offset"]} for entry in entries]
