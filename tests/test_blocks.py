"""The codec: what goes in comes out, as exactly as its type can, and the committed bytes are what we write."""

from __future__ import annotations

import json
import math
import time
import zlib
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from nnweightviz.blocks import DTYPES, Dtype, choose_dtype, decode, encode

FIXTURES = Path(__file__).parent / "fixtures"

shapes = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)
float32s = hnp.arrays(np.float32, shapes, elements=st.floats(width=32))
float64s = hnp.arrays(np.float64, shapes, elements=st.floats())


def round_trip(array: NDArray[Any], dtype: Dtype) -> NDArray[np.float64]:
    fields, data = encode(array, dtype)
    assert fields["n_bytes"] == len(data)
    assert fields["dims"] == list(array.shape[1:])
    json.loads(json.dumps(fields, allow_nan=False))
    return decode({**fields, "start": 5, "stop": 5 + len(array)}, data)


def largest(array: NDArray[Any]) -> float:
    finite = np.abs(array[np.isfinite(array)].astype(np.float64))
    return float(finite.max()) if finite.size else 0.0


def assert_same_specials(array: NDArray[Any], back: NDArray[np.float64]) -> None:
    assert back.shape == array.shape
    np.testing.assert_array_equal(np.isnan(back), np.isnan(array))
    np.testing.assert_array_equal(np.isposinf(back), np.isposinf(array))
    np.testing.assert_array_equal(np.isneginf(back), np.isneginf(array))


@given(float32s)
def test_float32_comes_back_to_the_last_bit(array: NDArray[np.float32]) -> None:
    np.testing.assert_array_equal(round_trip(array, "float32"), array.astype(np.float64))


@given(float64s)
def test_float64_of_any_magnitude_comes_back_with_24_bits(array: NDArray[np.float64]) -> None:
    back = round_trip(array, "float32")
    assert_same_specials(array, back)
    finite = np.isfinite(array)
    # What float32 cannot tell from zero, in units of the scale.
    fits = 2.0**-126 <= largest(array) <= np.finfo(np.float32).max.item()
    floor = 2.0**-149 * (1 if fits else largest(array)) + 5e-324
    errors = np.abs(back[finite] - array[finite])
    assert (errors <= np.abs(array[finite]) * 2.0**-24 + floor).all()


@given(float64s)
def test_float16_comes_back_with_11_bits_beside_the_largest(array: NDArray[np.float64]) -> None:
    back = round_trip(array, "float16")
    assert_same_specials(array, back)
    finite = np.isfinite(array)
    errors = np.abs(back[finite] - array[finite])
    floor = largest(array) * 2.0**-38 + 5e-324
    assert (errors <= np.abs(array[finite]) * 2.0**-11 + floor).all()


@given(float64s)
def test_int8_comes_back_within_half_a_step(array: NDArray[np.float64]) -> None:
    back = round_trip(array, "int8")
    assert_same_specials(array, back)
    finite = np.isfinite(array)
    step = largest(array) / 125
    assert (np.abs(back[finite] - array[finite]) <= 0.5001 * step + 5e-324).all()


@given(float32s)
def test_int8_of_float32_comes_back_within_half_a_step(array: NDArray[np.float32]) -> None:
    back = round_trip(array, "int8")
    assert_same_specials(array, back)
    finite = np.isfinite(array)
    step = largest(array) / 125
    assert (np.abs(back[finite] - array[finite]) <= 0.5001 * step + 5e-324).all()


@pytest.mark.parametrize("dtype", DTYPES)
@given(array=float64s)
@settings(max_examples=30)
def test_zero_stays_zero_and_no_sign_flips(dtype: Dtype, array: NDArray[np.float64]) -> None:
    back = round_trip(array, dtype)
    assert (back[array == 0] == 0).all()
    with np.errstate(invalid="ignore"):
        assert not (np.sign(back) * np.sign(array) < 0).any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "given_dtype",
    [np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, np.int32, np.uint8, np.bool_, ">f4"],
)
def test_every_real_type_can_be_given(dtype: Dtype, given_dtype: Any) -> None:
    array = np.array([[0, 1, 1], [1, 0, 1]]).astype(given_dtype)
    np.testing.assert_allclose(round_trip(array, dtype), array.astype(np.float64), rtol=1e-6)


def test_bfloat16_is_exact_in_float32() -> None:
    array = np.array([[1e-30, -3.3895e38, np.nan]], dtype=ml_dtypes.bfloat16)
    np.testing.assert_array_equal(round_trip(array, "float32"), array.astype(np.float64))


@pytest.mark.parametrize("dtype", DTYPES)
def test_encoding_leaves_the_array_as_it_was(dtype: Dtype) -> None:
    array = np.array([[1.0, np.nan, np.inf]], dtype=np.float32)
    before = array.copy()
    encode(array, dtype)
    np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_strided_view_is_encoded_like_its_copy(dtype: Dtype) -> None:
    array = np.random.default_rng(0).normal(size=(4, 6, 5))[::2, :, ::-1]
    assert encode(array, dtype) == encode(array.copy(), dtype)


def test_a_history_that_hardly_moves_is_deflated_and_noise_of_one_value_is_not() -> None:
    still, _ = encode(np.ones((20, 50), dtype=np.float32), "float32")
    assert still["coding"] == "deflate"
    assert still["n_bytes"] < 100
    assert encode(np.full((1, 1), 0.3, dtype=np.float32), "float32")[0]["coding"] == "raw"


def test_the_bytes_are_differenced_planes() -> None:
    fields, data = encode(np.array([[1.0] * 40, [1.5] * 40], dtype=np.float32), "float32")
    assert fields["coding"] == "deflate"
    first, second = b"\0\0\x80\x3f", b"\0\0\x40\0"  # 1.0, and the bits of 1.5 less those of 1.0
    planes = b"".join(bytes([first[k]]) * 40 + bytes([second[k]]) * 40 for k in range(4))
    assert zlib.decompress(data) == planes


def test_a_single_number_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"a block needs an array .n_checkpoints, .dims.; got a single number"
    ):
        encode(np.array(1.0), "float32")


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="a block holds real numbers; got complex64"):
        encode(np.ones((1, 2), dtype=np.complex64), "float32")


@pytest.mark.parametrize("n_values", [3, 400])
def test_cut_bytes_are_refused(n_values: int) -> None:
    fields, data = encode(np.arange(2.0 * n_values, dtype=np.float32).reshape(2, -1), "float32")
    entry = {**fields, "name": "fc.weight", "start": 0, "stop": 3}
    with pytest.raises(ValueError, match=r"block of 'fc.weight' holds .* bytes instead of .*cut or damaged"):
        decode(entry, data)


@pytest.mark.parametrize(
    ("n_values", "expected"),
    [(0, "float32"), (500_000, "float32"), (500_001, "float16"), (2_000_000, "float16"), (2_000_001, "int8")],
)
def test_precision_goes_by_size(n_values: int, expected: str) -> None:
    assert choose_dtype(n_values) == expected
    assert choose_dtype(n_values, "float16") == "float16"


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="precision is 'float64'; it can be 'auto', 'float32', 'float16' or"):
        choose_dtype(3, "float64")


def test_thirty_checkpoints_of_98_000_weights_are_quick_and_small() -> None:
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(scale=3e-3, size=(30, 98_590)), axis=0) + rng.normal(scale=0.1, size=98_590)
    array = walk.astype(np.float32)
    start = time.perf_counter()
    _, data = encode(array, "int8")
    assert time.perf_counter() - start < 2.5  # 0.3 s alone on its machine
    assert len(data) < 1_000_000


def fixture_blocks() -> list[dict[str, Any]]:
    return list(json.loads((FIXTURES / "blocks.json").read_text()))


@pytest.mark.parametrize("entry", fixture_blocks(), ids=lambda entry: entry["name"])
def test_the_committed_bytes_still_mean_the_same(entry: dict[str, Any]) -> None:
    part = (FIXTURES / "blocks.bin").read_bytes()
    values = decode(entry, part[entry["offset"] : entry["offset"] + entry["n_bytes"]]).reshape(-1).tolist()
    expected = [float(value) for value in entry["values"]]
    assert [math.isnan(v) for v in values] == [math.isnan(v) for v in expected]
    assert [v for v in values if not math.isnan(v)] == [v for v in expected if not math.isnan(v)]
