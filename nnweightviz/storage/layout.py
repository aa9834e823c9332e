"""How tensors lie side by side in a safetensors file, and the header that says so.

Not for reading (see ``tensors``) nor for the bytes of one file (see ``folder`` and ``single``).
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz.storage.tensors import NAMES, Tensor

Array = NDArray[Any]

METADATA = "__metadata__"
"""What a header holds beside tensors; no tensor can be named so."""


class Layout:
    """Where each tensor lies, in bytes from the beginning of the data: those of the widest dtype first, so that
    each begins at a multiple of its item's size. The names keep their order.
    """

    def __init__(self, tensors: Mapping[str, tuple[np.dtype[Any], tuple[int, ...]]]) -> None:
        at = 0
        places: dict[str, Tensor] = {}
        for name, (dtype, shape) in sorted(tensors.items(), key=lambda item: -item[1][0].itemsize):
            stop = at + math.prod(shape) * dtype.itemsize
            places[name] = Tensor(dtype, shape, at, stop)
            at = stop
        self.tensors = {name: places[name] for name in tensors}
        self.n_bytes = at

    @classmethod
    def of(cls, state: Mapping[str, Array]) -> Layout:
        """Return the layout of arrays by name; those of a dtype that the format lacks must be left out before."""
        return cls({name: (little(array.dtype), np.shape(array)) for name, array in state.items()})

    @cached_property
    def in_order(self) -> list[str]:
        """Names in the order in which they lie in the file."""
        return sorted(self.tensors, key=lambda name: (self.tensors[name].start, self.tensors[name].stop))

    @cached_property
    def _entries(self) -> str:
        entries = {
            name: {"dtype": NAMES[t.dtype], "shape": t.shape, "data_offsets": (t.start, t.stop)}
            for name, t in self.tensors.items()
        }
        return json.dumps(entries, ensure_ascii=False, separators=(",", ":"))[1:-1]

    @cached_property
    def is_storable(self) -> bool:
        """Whether the format has all dtypes."""
        return all(tensor.dtype in NAMES for tensor in self.tensors.values())

    def header(self, metadata: Mapping[str, str]) -> bytes:
        """Return what stands before the data: the header's length, and the header, padded to 8 bytes."""
        about = json.dumps(dict(metadata), ensure_ascii=False, separators=(",", ":"))
        entries = f",{self._entries}" if self.tensors else ""
        header = f'{{"{METADATA}":{about}{entries}}}'.encode(errors="backslashreplace")
        header += b" " * (-len(header) % 8)
        return struct.pack("<Q", len(header)) + header

    def array(self, data: NDArray[np.uint8], name: str) -> Array:
        """Return one tensor as a view of the data."""
        tensor = self.tensors[name]
        return data[tensor.start : tensor.stop].view(tensor.dtype).reshape(tensor.shape)


def little(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a dtype as it lies in a file: little-endian."""
    return dtype if dtype.kind == "V" else dtype.newbyteorder("<")


def is_storable(dtype: np.dtype[Any]) -> bool:
    """Whether the format has a dtype."""
    return little(dtype) in NAMES
