"""Files that ``torch.save`` writes: state dicts, and what training runs and Lightning keep around one.

Not for models that were pickled whole: to read one is to execute it. Nothing in a file is executed or imported, not
even torch: the pickle is read as inert data (see ``pickles``), and each tensor at its place in the file.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.storage.labels import NESTED, as_number, epoch_in, metrics_in, step_in
from nnweightviz.storage.pickles import Called, Named, Persistent, PickleError, read_pickle
from nnweightviz.storage.pieces import Piece, PieceState
from nnweightviz.storage.stored import UnreadableError, opened, read_bytes, signature
from nnweightviz.storage.torch_contents import Found, parameters_in
from nnweightviz.storage.zips import Entry, read_directory, read_entry

STORAGES = {
    "Double": "<f8", "Float": "<f4", "Half": "<f2", "BFloat16": ml_dtypes.bfloat16, "Long": "<i8", "Int": "<i4",
    "Short": "<i2", "Char": "i1", "Byte": "u1", "Bool": "?", "ComplexFloat": "<c8", "ComplexDouble": "<c16",
    "Untyped": "u1",
}  # fmt: skip
"""torch's name of a storage class, without "Storage" -> dtype of its entries."""
DTYPES = {
    "float64": "<f8", "float32": "<f4", "float16": "<f2", "int64": "<i8", "int32": "<i4", "int16": "<i2",
    "int8": "i1", "uint8": "u1", "uint16": "<u2", "uint32": "<u4", "uint64": "<u8", "bool": "?",
    "complex64": "<c8", "complex128": "<c16", "bfloat16": ml_dtypes.bfloat16,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn, "float8_e5m2": ml_dtypes.float8_e5m2,
    "float8_e4m3fnuz": ml_dtypes.float8_e4m3fnuz, "float8_e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "float8_e8m0fnu": ml_dtypes.float8_e8m0fnu,
}  # fmt: skip
"""torch's name of a dtype -> the dtype of the array."""
MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
"""What files began with, pickled, that torch saved before version 1.6."""
MAX_PICKLE_BYTES = 256_000_000
SAVE = "save the parameters alone, with torch.save(model.state_dict(), path)"


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor as a pickle describes it; offset and strides in entries of its storage."""

    storage: Any
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype_name: str | None = None

    def __post_init__(self) -> None:
        numbers = (self.offset, *self.shape, *self.strides)
        if any(type(n) is not int or not 0 <= n < 2**47 for n in numbers) or len(self.shape) > 64:
            raise PickleError("a tensor's shape, strides or offset are no whole numbers from 0")
        if len(self.shape) != len(self.strides):
            raise PickleError("a tensor has not as many strides as dimensions")


@dataclass(frozen=True)
class Storage:
    """Where a tensor's storage lies: its first byte, how many there are."""

    start: int
    n_bytes: int


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    return Tensor(storage, offset, tuple(_sizes(shape)), tuple(_sizes(strides)))


def _tensor_v3(storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> Tensor:
    dtype = rest[2].name if len(rest) > 2 and isinstance(rest[2], Named) else None
    return Tensor(storage, offset, tuple(_sizes(shape)), tuple(_sizes(strides)), dtype)


def _sizes(sizes: Any) -> Any:
    return sizes.args[0] if isinstance(sizes, Called) and sizes.name == "torch.Size" else sizes


def _typed(function: Any, _: Any, args: Any, *__: Any) -> Any:
    """What a tensor with attributes, or of a subclass, is made from."""
    maker = MAKERS.get(function.name) if isinstance(function, Named) else None
    return Called("torch.Tensor") if maker is None else maker(*args)


def _ordered(pairs: Any = (), *_: Any) -> dict[Any, Any]:
    return {key: value for key, value in pairs if isinstance(key, str)}


MAKERS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _ordered,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": lambda data, *_: data,
    "torch._utils._rebuild_parameter_with_state": lambda data, *_: data,
    "torch._tensor._rebuild_from_type_v2": _typed,
}


def read(path: Path) -> Checkpoint:
    """Return the checkpoint in a file of ``torch.save``; its parameters are read when they are asked for.

    Raises
    ------
    UnreadableError
        If it is no such file, a damaged one, a model pickled whole, or holds no parameters, or several models'.
    """
    with opened(path) as file:
        beginning = file.read(32)
        try:
            if beginning.startswith(b"PK\x03\x04"):
                root, storages = _read_zip(file, path)
            elif MAGIC_NUMBER.to_bytes(10, "little") in beginning:
                root, storages = _read_legacy(file, path)
            else:
                raise UnreadableError(path, "it does not begin as a file that torch.save has written")
        except PickleError as error:
            raise UnreadableError(path, f"its pickle is damaged: {error}") from None
        found = parameters_in(root, Tensor, path)
        pieces = {name: _piece(found.state[name], storages, path) for name in found.state}
        readable = {name: piece for name, piece in pieces.items() if piece is not None}
        if not readable:
            raise UnreadableError(path, "none of its tensors is of a kind that can be read")
        numbers = _numbers(found, storages, file, path)
        state = PieceState(path, signature(file), readable)
    left_out = (*(name for name, piece in pieces.items() if piece is None), *found.left_out)
    return Checkpoint(state, step_in(numbers), epoch_in(numbers), metrics_in(numbers), left_out)


def _read_zip(file: BinaryIO, path: Path) -> tuple[Any, dict[str, Storage]]:
    entries = read_directory(file, path)
    pickles = [name for name in entries if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise UnreadableError(
            path, f"it is a zip file, but not of torch.save: it has {len(pickles)} data.pkl"
        )
    folder = pickles[0].removesuffix("data.pkl")
    if folder + "constants.pkl" in entries or folder + "code/" in "".join(entries):
        raise UnreadableError(path, f"it is a TorchScript module, which is code; load it and {SAVE}")
    order = entries.get(folder + "byteorder")
    if order is not None and read_entry(file, order, path, 8) != b"little":
        raise UnreadableError(path, "it was written on a big-endian machine")
    entry = entries[pickles[0]]
    if entry.n_bytes > MAX_PICKLE_BYTES:
        raise UnreadableError(path, f"its pickle has {entry.n_bytes} bytes; {MAX_PICKLE_BYTES} are accepted")
    root = read_pickle(io.BytesIO(read_entry(file, entry, path)), MAKERS)
    prefix = folder + "data/"
    return root, {
        n.removeprefix(prefix): _stored(n, e, path) for n, e in entries.items() if n.startswith(prefix)
    }


def _stored(name: str, entry: Entry, path: Path) -> Storage:
    if entry.is_deflated:
        raise UnreadableError(path, f"entry {name[:80]!r} is deflated, which torch.save never does")
    return Storage(entry.start, entry.n_stored)


class _Bounded:
    """What a pickle in the middle of a file is read from: never takes memory for more than the file has."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = io.BufferedReader(file, 65536), size  # type: ignore[type-var]

    def read(self, n: int) -> bytes:
        return self._file.read(max(0, min(n, self._size - self._file.tell())))

    def readline(self) -> bytes:
        return self._file.readline()

    def tell(self) -> int:
        return self._file.tell()

    def detach(self) -> None:
        self._file.detach()


def _read_legacy(file: BinaryIO, path: Path) -> tuple[Any, dict[str, Storage]]:
    """Magic number, version, machine, object and keys, pickled one after the other; then each key's storage."""
    file.seek(0)
    source = _Bounded(file, signature(file)[0])
    itemsizes: dict[str, int] = {}

    def refer(about: Any) -> Persistent | Named:
        if isinstance(about, tuple) and about[:1] == ("module",) and isinstance(about[1], Named):
            return about[1]  # a class, with its source code
        key, dtype = _key_and_dtype(about)
        itemsizes[key] = 1 if dtype is None else dtype.itemsize
        return Persistent(about)

    _, version, machine, root, keys = (read_pickle(source, MAKERS, refer) for _ in range(5))
    start = source.tell()
    source.detach()
    if version != 1001 or not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise UnreadableError(path, "it is of an unknown version of torch.save, or of a big-endian machine")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise PickleError("its storages have no names")
    storages = {}
    for key in keys:
        (n,) = struct.unpack("<q", read_bytes(file, start, 8, path))
        storages[key] = Storage(start + 8, n * itemsizes.get(key, 1))
        start += 8 + storages[key].n_bytes
        if n < 0 or start > signature(file)[0]:
            raise UnreadableError(path, f"its storage {key[:40]!r} claims {n} entries, beyond its end")
    return root, storages


def _key_and_dtype(about: Any) -> tuple[str, np.dtype[Any] | None]:
    """Return a storage's key and the dtype of its entries, None if that is not known, from its id."""
    if not isinstance(about, tuple) or len(about) < 5 or not isinstance(about[1], Named):
        raise PickleError("a tensor has no storage")
    if len(about) > 5 and about[5] is not None:
        raise PickleError(
            "its storages are views of each other, as versions before 0.4 wrote them; save it again"
        )
    short = about[1].name.rpartition(".")[2].removesuffix("Storage")
    return str(about[2]), np.dtype(STORAGES[short]) if short in STORAGES else None


def _piece(tensor: Tensor, storages: Mapping[str, Storage], path: Path) -> Piece | None:
    """Return where a tensor lies, checked against its storage; None if its dtype is none that arrays have."""
    key, dtype = _key_and_dtype(tensor.storage.id if isinstance(tensor.storage, Persistent) else None)
    if tensor.dtype_name is not None:
        known = DTYPES.get(tensor.dtype_name.removeprefix("torch."))
        dtype = None if known is None else np.dtype(known)
    if dtype is None:
        return None
    storage = storages.get(key)
    if storage is None:
        raise UnreadableError(path, f"a tensor of shape {tensor.shape} lacks its storage {key[:40]!r}")
    n = math.prod(tensor.shape)
    contiguous = tuple(math.prod(tensor.shape[k + 1 :]) for k in range(len(tensor.shape)))
    strides = None if tensor.strides == contiguous else tensor.strides
    piece = Piece(dtype, tensor.shape, storage.start + tensor.offset * dtype.itemsize, strides)
    end = tensor.offset * dtype.itemsize + piece.n_bytes
    if n and (end > storage.n_bytes or n * dtype.itemsize > storage.n_bytes):
        raise UnreadableError(
            path,
            f"a tensor of shape {tensor.shape} claims more than its storage has: {storage.n_bytes} bytes",
        )
    return piece


def _numbers(found: Found, storages: Mapping[str, Storage], file: BinaryIO, path: Path) -> dict[str, float]:
    """Return the numbers beside the parameters, by name; 0-dimensional tensors among them."""
    numbers: dict[str, float] = {}
    for around in found.around:
        nested = [around[key] for key in NESTED if isinstance(around.get(key), dict)]
        for mapping in (around, *nested):
            for name, value in mapping.items():
                number = _number(value, storages, file, path)
                if isinstance(name, str) and number is not None:
                    numbers.setdefault(name[:80], number)
    return numbers


def _number(value: Any, storages: Mapping[str, Storage], file: BinaryIO, path: Path) -> float | None:
    if isinstance(value, Called) and value.name.endswith("multiarray.scalar"):
        return _numpy_number(value)
    if not isinstance(value, Tensor) or value.shape:
        return as_number(value)
    piece = _piece(value, storages, path)
    if piece is None or piece.dtype.kind == "c":
        return None
    entry = np.frombuffer(read_bytes(file, piece.start, piece.n_bytes, path), piece.dtype)[0]
    return int(entry) if piece.dtype.kind in "iub" else float(entry)


def _numpy_number(scalar: Called) -> float | None:
    """``numpy.float64(0.5)`` as it is pickled: a dtype and its bytes."""
    dtype, data = scalar.args if len(scalar.args) == 2 else (None, None)
    if isinstance(data, Called) and data.name == "_codecs.encode" and isinstance(data.args[0], str):
        data = data.args[0].encode("latin1", "replace")
    code = dtype.args[0] if isinstance(dtype, Called) and dtype.args else None
    if code not in ("f8", "f4", "f2", "i8", "i4") or not isinstance(data, bytes):
        return None
    if len(data) != np.dtype(code).itemsize:
        return None
    value = np.frombuffer(data, code)[0]
    return int(value) if code.startswith("i") else float(value)
