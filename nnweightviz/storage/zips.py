"""The directory of a zip file, checked against the file's true size: what is in it and where.

Not for what the entries mean. Nothing is unpacked: entries are read at their place (see ``pieces``).
"""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nnweightviz.storage.pieces import inflated
from nnweightviz.storage.stored import UnreadableError, read_bytes, signature

MAX_RATIO = 100
"""Weights deflate to no less than half; what deflates a hundredfold is a bomb, ..."""
ALWAYS_ACCEPTED_BYTES = 64_000_000
"""... unless it is as small as this, such as a layer that begins as zeros."""


@dataclass(frozen=True)
class Entry:
    """One file in a zip: where its data begins, how many bytes are there, and how many once unpacked."""

    start: int
    n_stored: int
    n_bytes: int
    is_deflated: bool


def read_directory(file: BinaryIO, path: Path) -> dict[str, Entry]:
    """Return name -> entry of a zip file.

    Raises
    ------
    UnreadableError
        If it is no zip file, or a damaged one: entries that overlap, leave the file, are encrypted, bear one name,
        or claim more than they can hold.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            found = [info for info in archive.infolist() if not info.is_dir()]
    except Exception as error:  # the library raises whatever its parsing of damaged bytes ends in
        raise UnreadableError(path, f"it is no zip file, or a damaged one: {error}") from None
    size = signature(file)[0]
    entries: dict[str, Entry] = {}
    end = 0
    for info in sorted(found, key=lambda info: info.header_offset):
        if info.filename in entries:
            raise UnreadableError(path, f"entry {info.filename[:80]!r} stands there twice")
        if info.header_offset < end:
            raise UnreadableError(path, f"entry {info.filename[:80]!r} overlaps another")
        entry = _entry(file, info, path)
        end = entry.start + entry.n_stored
        if end > size:
            raise UnreadableError(path, f"entry {info.filename[:80]!r} claims to end beyond the file")
        entries[info.filename] = entry
    _refuse_bombs(entries, size, path)
    return {info.filename: entries[info.filename] for info in found}


def _entry(file: BinaryIO, info: zipfile.ZipInfo, path: Path) -> Entry:
    header = read_bytes(file, info.header_offset, 30, path)
    if header[:4] != b"PK\x03\x04":
        raise UnreadableError(path, f"entry {info.filename[:80]!r} is not where the directory says")
    n_name, n_extra = struct.unpack("<HH", header[26:30])
    is_deflated = info.compress_type == zipfile.ZIP_DEFLATED
    if info.flag_bits & 1 or not (is_deflated or info.compress_type == zipfile.ZIP_STORED):
        raise UnreadableError(
            path, f"entry {info.filename[:80]!r} is encrypted or neither stored nor deflated"
        )
    if not is_deflated and info.file_size != info.compress_size:
        raise UnreadableError(path, f"entry {info.filename[:80]!r} is stored, but with two different sizes")
    start = info.header_offset + 30 + n_name + n_extra
    return Entry(start, info.compress_size, info.file_size, is_deflated)


def _refuse_bombs(entries: dict[str, Entry], size: int, path: Path) -> None:
    claimed = sum(entry.n_bytes for entry in entries.values())
    if claimed > max(ALWAYS_ACCEPTED_BYTES, MAX_RATIO * size):
        raise UnreadableError(
            path, f"it claims to unpack to {claimed} bytes, more than {MAX_RATIO} times its own {size}"
        )


def read_entry(file: BinaryIO, entry: Entry, path: Path, most: int | None = None) -> bytearray:
    """Return an entry's bytes unpacked, or the first ``most`` of them."""
    n_bytes = entry.n_bytes if most is None else min(most, entry.n_bytes)
    if not entry.is_deflated:
        return read_bytes(file, entry.start, n_bytes, path)
    n_stored = entry.n_stored if most is None else min(entry.n_stored, 2 * n_bytes + 1024)
    return inflated(read_bytes(file, entry.start, n_stored, path), n_bytes, path)
