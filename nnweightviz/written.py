"""Bytes as text that can stand in a page: base 85, which takes a quarter more, deflated where that pays.

Four bytes, as a little-endian number, are five digits, the lowest first. Before them stand ``~`` where the bytes are
deflated (else ``-``), and how many of the last bytes are filling. No digit means anything in HTML or JSON. The twin of
this in the browser is in ``js/src/embed.ts``.
"""

from __future__ import annotations

import zlib

import numpy as np

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%()*+-;=?@^_`{|}~,.:"
SAMPLE_BYTES, PAYS = 500_000, 0.95
"""Bytes are deflated if their beginning becomes smaller than this share of itself."""
PIECE_BYTES = 8_000_000
"""How much is written at a time; a multiple of four."""
_LETTERS = np.frombuffer(DIGITS.encode(), np.uint8)


def written(data: bytes) -> str:
    """Return bytes as text."""
    some = data[:SAMPLE_BYTES]
    pays = len(zlib.compress(some, 1)) < PAYS * len(some)
    plain = zlib.compress(data, 9) if pays else data
    pieces = (_digits(plain[at : at + PIECE_BYTES]) for at in range(0, len(plain), PIECE_BYTES))
    return ("~" if pays else "-") + str(-len(plain) % 4) + "".join(pieces)


def _digits(data: bytes) -> str:
    numbers = np.frombuffer(data + bytes(-len(data) % 4), "<u4").copy()
    digits = np.empty((len(numbers), 5), np.uint8)
    for place in range(5):
        numbers, digits[:, place] = np.divmod(numbers, np.uint32(85))
    return _LETTERS[digits].tobytes().decode("ascii")


def read(text: str) -> bytes:
    """Return the bytes that a text stands for."""
    code = np.zeros(128, np.uint8)
    code[_LETTERS] = np.arange(85)
    digits = code[np.frombuffer(text[2:].encode("ascii"), np.uint8)].reshape(-1, 5)
    numbers = (digits.astype(np.uint64) * 85 ** np.arange(5, dtype=np.uint64)).sum(axis=1).astype("<u4")
    data = numbers.tobytes()[: 4 * len(numbers) - int(text[1])]
    return zlib.decompress(data) if text[0] == "~" else data
