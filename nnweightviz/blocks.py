"""Arrays to blocks of bytes and back: quantise, difference between checkpoints, deflate.

Not for choosing what is sent or when (see ``payload``). The twin of ``js/src/blocks.ts``; the bytes are described in
``docs/boundary.md``.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from typing import Any, Literal, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

Dtype = Literal["float32", "float16", "int8"]
Coding = Literal["raw", "deflate"]

DTYPES: tuple[Dtype, ...] = ("float32", "float16", "int8")
FLOAT32_UP_TO_BYTES = 2_000_000
FLOAT16_UP_TO_BYTES = 8_000_000

_LARGEST_CODE = 125
_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)
_INF, _NEGATIVE_INF, _NAN = 126, -126, -128
_UNSIGNED: dict[int, np.dtype[Any]] = {1: np.dtype("u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}
_CODES: dict[Dtype, np.dtype[Any]] = {
    "float32": np.dtype("<f4"),
    "float16": np.dtype("<f2"),
    "int8": np.dtype("i1"),
}


class Fields(TypedDict):
    """What a block's entry says about its bytes."""

    dims: list[int]
    dtype: Dtype
    scale: float
    coding: Coding
    n_bytes: int


def choose_dtype(n_values: int, precision: str = "auto") -> Dtype:
    """Return the type that ``n_values`` numbers are sent in.

    ``"auto"`` goes by their size as float32: up to 2 MB they are sent as they are, up to 8 MB as float16, beyond as
    int8.

    Raises
    ------
    ValueError
        If ``precision`` is none of ``"auto"``, ``"float32"``, ``"float16"``, ``"int8"``.

    Examples
    --------
    >>> choose_dtype(400), choose_dtype(2_000_000), choose_dtype(3_000_000)
    ('float32', 'float16', 'int8')
    """
    if precision in DTYPES:
        return precision
    if precision != "auto":
        raise ValueError(f"precision is {precision!r}; it can be 'auto', 'float32', 'float16' or 'int8'")
    n_bytes = 4 * n_values
    if n_bytes <= FLOAT32_UP_TO_BYTES:
        return "float32"
    return "float16" if n_bytes <= FLOAT16_UP_TO_BYTES else "int8"


def encode(array: NDArray[Any], dtype: Dtype) -> tuple[Fields, bytes]:
    """Turn one parameter at several checkpoints into bytes.

    Parameters
    ----------
    array
        Real numbers of any type, ``(n_checkpoints, *dims)``.
    dtype
        The type of the codes: ``"float32"``, ``"float16"`` or ``"int8"``.

    Returns
    -------
    fields, bytes
        What the block's entry says about the bytes, and the bytes; :func:`decode` needs both.

    Raises
    ------
    ValueError
        If the array has no axis of checkpoints, or holds complex numbers.
    """
    values = np.asarray(array)
    if values.ndim == 0:
        raise ValueError("a block needs an array (n_checkpoints, *dims); got a single number")
    if values.dtype.kind == "c":
        raise ValueError(f"a block holds real numbers; got {values.dtype}")
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
    scale = _scale(values, dtype)
    codes = _codes(values, dtype, scale)
    coded = _deflate(_planes(codes))
    raw = codes.tobytes() if len(coded) >= codes.nbytes else None
    fields: Fields = {
        "dims": list(values.shape[1:]),
        "dtype": dtype,
        "scale": scale,
        "coding": "deflate" if raw is None else "raw",
        "n_bytes": len(coded if raw is None else raw),
    }
    return fields, coded if raw is None else raw


def _deflate(plain: bytes) -> bytes:
    """Deflate by runs and by how often each byte occurs.

    Weights do not repeat longer patterns: on trained nets, searching for them (zlib's default) took five times as
    long and saved nothing.
    """
    deflater = zlib.compressobj(level=1, memLevel=9, strategy=zlib.Z_RLE)
    return deflater.compress(plain) + deflater.flush()


def pressed(data: bytes) -> bytes:
    """Deflate a block's deflated bytes once more, as small as zlib can: for pages, which are written once.

    It takes ten times as long as the first time, and saves some 5 % of trained weights in int8.
    """
    deflater = zlib.compressobj(level=9, memLevel=9, strategy=zlib.Z_FILTERED)
    smaller = deflater.compress(zlib.decompress(data)) + deflater.flush()
    return min(data, smaller, key=len)


def _scale(values: NDArray[Any], dtype: Dtype) -> float:
    """Return what one code stands for: a power of two for float codes, the largest magnitude / 125 for int8."""
    magnitudes = np.abs(values)
    largest = float(np.max(magnitudes, where=np.isfinite(magnitudes), initial=0.0))
    if largest == 0.0:
        return 1.0
    if dtype == "int8":
        return max(largest / _LARGEST_CODE, math.ulp(0.0))
    if dtype == "float32":
        if 2.0**-126 <= largest <= _LARGEST_FLOAT32 or values.dtype == np.float32:
            return 1.0
        return math.ldexp(1.0, max(math.frexp(largest)[1] - 1, -1074))
    # The largest lies in [2^14, 2^15), so that small values beside it keep their eleven bits as long as they can.
    return math.ldexp(1.0, max(math.frexp(largest)[1] - 15, -1074))


def _codes(values: NDArray[Any], dtype: Dtype, scale: float) -> NDArray[Any]:
    """Return the codes of all values, in the type that is sent."""
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        if dtype == "int8":
            return _int8_codes(values, scale)
        scaled = values if scale == 1.0 else values.astype(np.float64) / scale
        return np.ascontiguousarray(scaled, dtype=_CODES[dtype])


def _int8_codes(values: NDArray[Any], scale: float) -> NDArray[Any]:
    is_normal = np.finfo(np.float32).smallest_normal <= scale
    scaled = np.divide(values, values.dtype.type(scale)) if is_normal else values.astype(np.float64) / scale
    np.rint(scaled, out=scaled)
    # 125.000001 rounds to 125; infinities are clipped to their own codes.
    codes = np.clip(scaled, _NEGATIVE_INF, _INF, out=scaled)
    missing = np.isnan(codes)
    codes[missing] = _NAN
    return codes.astype(np.int8)


def _planes(codes: NDArray[Any]) -> bytes:
    """Difference the codes between checkpoints, modulo their size, and regroup their bytes in planes."""
    unsigned = codes.view(_UNSIGNED[codes.itemsize]).reshape(len(codes), math.prod(codes.shape[1:]))
    differences = unsigned.copy()
    differences[1:] -= unsigned[:-1]
    planes = differences.reshape(-1).view(np.uint8).reshape(-1, codes.itemsize)  # (n, itemsize)
    return bytes(planes.T.tobytes())


def decode(entry: Mapping[str, Any], data: bytes | memoryview) -> NDArray[np.float64]:
    """Return the values of a block, float64 ``(stop - start, *dims)``, from its entry and its bytes.

    The entry needs ``dims``, ``dtype``, ``scale``, ``coding``, ``start`` and ``stop``.

    Raises
    ------
    ValueError
        If the bytes are not those of this entry.
    """
    dims = tuple(entry["dims"])
    n_checkpoints = entry["stop"] - entry["start"]
    stored = _CODES[cast(Dtype, entry["dtype"])]
    deflated = entry["coding"] == "deflate"
    plain = zlib.decompress(data) if deflated else bytes(data)
    expected = n_checkpoints * math.prod(dims) * stored.itemsize
    if len(plain) != expected:
        raise ValueError(
            f"block of {entry.get('name', 'a parameter')!r} holds {len(plain)} bytes instead of {expected}; "
            "the data is cut or damaged"
        )
    if deflated:
        plain = _join_planes(plain, stored.itemsize, n_checkpoints)
    codes = np.frombuffer(plain, dtype=stored).reshape((n_checkpoints, *dims))
    return _values(codes, float(entry["scale"]))


def _join_planes(plain: bytes, itemsize: int, n_checkpoints: int) -> bytes:
    planes = np.frombuffer(plain, dtype=np.uint8).reshape(itemsize, -1)  # (itemsize, n)
    differences = np.ascontiguousarray(planes.T).reshape(-1).view(_UNSIGNED[itemsize])
    n_each = differences.size // n_checkpoints if n_checkpoints else 0
    rows = differences.reshape(n_checkpoints, n_each)
    codes: NDArray[Any] = np.cumsum(rows, axis=0, dtype=rows.dtype)
    return codes.tobytes()


def _values(codes: NDArray[Any], scale: float) -> NDArray[np.float64]:
    values = codes.astype(np.float64)
    if codes.dtype == np.int8:
        values[codes == _NAN] = np.nan
        values[codes == _INF] = np.inf
        values[codes == _NEGATIVE_INF] = -np.inf
    # The largest finite float64 / 125, rounded up, times 125 may overflow by the last bit.
    largest = np.finfo(np.float64).max
    with np.errstate(over="ignore"):
        products = values * scale
    overflowed = np.isinf(products) & np.isfinite(values)
    products[overflowed] = np.copysign(largest, values[overflowed])
    return products
