"""Lays encoded blocks behind each other in parts, the pieces of bytes that cross as one.

Not for what is in the blocks (see ``blocks``), nor for what is sent (see ``payload``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def in_chunks(coded: Iterable[tuple[Entry, bytes]], most: int) -> Iterator[tuple[list[Entry], bytes]]:
    """Lay blocks behind each other in chunks of at most so many bytes, or one block; each as it is asked for."""
    chunk: list[tuple[Entry, bytes]] = []
    for entry, data in coded:
        if chunk and sum(len(other) for _, other in chunk) + len(data) > most:
            yield joined(chunk, None)
            chunk = []
        chunk.append((entry, data))
    yield joined(chunk, None)


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


OF_RUN = ("revision", "precision", "window", "notes")
"""What an index says once if there is one run, and of each of several."""


def merged(runs: Sequence[tuple[dict[str, Any], Sequence[bytes]]]) -> tuple[dict[str, Any], list[bytes]]:
    """Lay the indexes of several runs, and their parts, behind each other; one alone stays as it is.

    Orders of units are those of the first run that has them.
    """
    first, parts = runs[0][0], list(runs[0][1])
    if len(runs) == 1:
        return first, parts
    index = {
        **first,
        "runs": [],
        "blocks": [],
        "orders": {},
        "summaries": {**first["summaries"], "blocks": []},
        **({"spectra": {"about": [], "blocks": []}} if "spectra" in first else {}),
    }
    parts = []
    for one, pieces in runs:
        index["runs"].append({**one["runs"][0], **{name: one[name] for name in OF_RUN}})
        owners = [(one, index), (one["summaries"], index["summaries"])]
        if "spectra" in index:
            index["spectra"]["about"] += one["spectra"]["about"]
            owners.append((one["spectra"], index["spectra"]))
        for entries, all_entries in ((of["blocks"], to["blocks"]) for of, to in owners):
            all_entries += [{**entry, "part": entry["part"] + len(parts)} for entry in entries]
        index["orders"] = {**one["orders"], **index["orders"]}
        parts += pieces
    return index, parts
