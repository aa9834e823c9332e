"""A process of its own that looks where the datasets of HDF5 files lie; run by ``keras_files``, never imported.

On damaged files the HDF5 library may run for ever, or break down: both end this process alone. Nothing is read but
groups, attributes and places. One line of JSON comes in: a list of ``[path, start, n_bytes]``; one goes out for each.
"""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Iterator
from typing import Any

import h5py

MAX_OBJECTS = 100_000
MAX_DEPTH = 40
MAX_MEMORY_BYTES = 4_000_000_000
SECONDS = 0.5
BYTES_A_SECOND = 50_000_000


class RefusedError(Exception):
    """What Keras never writes."""


class Window(io.RawIOBase):
    """A stretch of a file, as a file of its own."""

    def __init__(self, file: io.RawIOBase, start: int, n_bytes: int) -> None:
        self._file, self._start, self._n_bytes, self._at = file, start, n_bytes, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        self._at = offset + (0, self._at, self._n_bytes)[whence]
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read at the place."""
        view = memoryview(buffer).cast("B")[: max(0, self._n_bytes - self._at)]
        self._file.seek(self._start + self._at)
        n = self._file.readinto(view) or 0
        self._at += n
        return n


class Walk:
    """Goes through the groups of one file, along hard links alone."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def layers(self, group: Any, names: tuple[str, ...] = (), key: str = "", depth: int = 0) -> Iterator[Any]:
        """Where each group's first variable lies, the names on the way to it, its key, and its variables in order.

        Groups are listed by name; where variables lie tells the order in which the layers were written.
        """
        address = h5py.h5o.get_info(group.id).addr
        if address in self.seen or depth > MAX_DEPTH or len(self.seen) > MAX_OBJECTS:
            raise RefusedError("its groups lead back to each other, or are too deep or too many")
        self.seen.add(address)
        if not depth and ("model_weights" in group or "layer_names" in group.attrs):
            raise RefusedError(
                "it is of Keras 2's HDF5 form; load it and save it with model.save('model.keras')"
            )
        members = dict(self.members(group))
        own = members.pop("vars", None)
        if isinstance(own, h5py.Group):
            given = own.attrs.get("name")
            if "layers" not in members and depth:
                names = (*names, given[:200] if isinstance(given, str) else key)
            variables = [(k, v) for k, v in self.members(own) if isinstance(v, h5py.Dataset)]
            if variables:
                variables.sort(key=lambda named: (len(named[0]), named[0]))
                first = h5py.h5o.get_info(variables[0][1].id).addr
                yield first, names, key, [self.place(variable, k) for k, variable in variables]
        for name, member in members.items():
            if isinstance(member, h5py.Group) and (depth or name != "optimizer"):
                yield from self.layers(member, names, name, depth + 1)

    def members(self, group: Any) -> Iterator[tuple[str, Any]]:
        """Name and object of all that is in a group."""
        if len(group) > MAX_OBJECTS:
            raise RefusedError(f"a group has {len(group)} members")
        for key in group:
            if group.get(key, getlink=True, getclass=True) is not h5py.HardLink:
                raise RefusedError(f"{key[:80]!r} is a link to elsewhere, which Keras never writes")
            yield key, group[key]

    def place(self, dataset: Any, key: str) -> tuple[str, list[int], int, int]:
        """dtype, shape, first byte and number of bytes of a dataset that lies in one stretch."""
        dtype = "bfloat16" if dataset.attrs.get("dtype") == "bfloat16" else dataset.dtype.str
        layout = dataset.id.get_create_plist().get_layout()
        start = dataset.id.get_offset() if dataset.size else 0
        if layout != h5py.h5d.CONTIGUOUS or dataset.external or start is None or dataset.shape is None:
            raise RefusedError(
                f"variable {key[:80]!r} is chunked, compressed or elsewhere, which Keras never writes"
            )
        return dtype, [int(n) for n in dataset.shape], int(start), int(dataset.id.get_storage_size())


def look(path: str, start: int, n_bytes: int) -> dict[str, Any]:
    """Return the layers of one file, or why it cannot be read."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(
            signal.ITIMER_PROF, SECONDS + n_bytes / BYTES_A_SECOND
        )  # its signal ends the process
    try:
        with io.FileIO(path) as whole, h5py.File(Window(whole, start, n_bytes), "r") as file:
            return {"layers": sorted(Walk().layers(file), key=lambda layer: layer[0])}
    except RefusedError as error:
        return {"why": str(error)}
    except Exception as error:  # the library raises whatever its parsing of damaged bytes ends in
        return {"why": f"it is no HDF5 file, or a damaged one: {str(error)[:200]}"}


def main() -> None:
    """Answer one line."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    except (ImportError, ValueError, OSError):
        pass
    for path, start, n_bytes in json.loads(sys.stdin.readline()):
        print(json.dumps(look(path, start, n_bytes)), flush=True)


if __name__ == "__main__":
    main()
