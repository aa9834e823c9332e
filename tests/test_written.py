"""Bytes as text of a page: all of them come back, and no text means anything in HTML or JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnweightviz import written
from nnweightviz.written import DIGITS, read

EMBED = Path(__file__).parent.parent / "js" / "src" / "embed.ts"


@given(st.binary(max_size=300))
def test_all_bytes_come_back(data: bytes) -> None:
    assert read(written.written(data)) == data


@pytest.mark.parametrize("n", range(9))
def test_any_number_of_bytes_is_filled_up(n: int) -> None:
    data = bytes(range(250, 250 + n)) if n < 6 else b"\xff" * n
    text = written.written(data)
    assert read(text) == data
    assert (len(text) - 2) % 5 == 0


def test_what_becomes_smaller_is_deflated() -> None:
    data = b"weights " * 1000
    text = written.written(data)
    assert text[0] == "~"
    assert len(text) < 200
    assert read(text) == data


def test_large_data_are_written_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(i * i % 251 for i in range(1001))
    whole = written.written(data)
    monkeypatch.setattr(written, "PIECE_BYTES", 100)
    assert written.written(data) == whole


def test_digits_mean_nothing_in_html_or_json() -> None:
    assert len(set(DIGITS)) == 85
    assert not set(DIGITS) & set("<>&\"'\\\n")
    assert json.dumps(DIGITS) == f'"{DIGITS}"'


def test_the_browser_has_the_same_digits() -> None:
    found = re.search(r'DIGITS =\s*"(.*)";', EMBED.read_text())
    assert found is not None
    assert found[1] == DIGITS
