"""CRC32 over digits that are never written down, against zlib over text."""

import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.books.naive_checksum import javascript, plain
from zerofeed.base.kernel import int64, kernel
from zerofeed.books import _digit_kernels as digits

LARGEST = 2**63 - 1
mantissas = st.one_of(
    st.integers(-LARGEST, LARGEST),
    st.integers(0, 10**9),
    st.builds(lambda number, zeros: number * 10**zeros, st.integers(-999, 999), st.integers(0, 15)),
)
exponents = st.integers(-18, 18)
texts = st.text(st.characters(max_codepoint=127), max_size=8).map(str.encode)


@kernel(int64(int64, int64, int64))
def put(crc, word, count):
    return digits.put(crc, word, count)


@kernel(int64(int64))
def spread(number):
    return digits.spread(number)


@kernel(int64(int64, int64))
def put_scaled(crc, number):
    return digits.put_scaled(crc, number)


@kernel(int64(int64, int64, int64))
def put_plain(crc, mantissa, exponent):
    return digits.put_plain(crc, mantissa, exponent)


@kernel(int64(int64, int64, int64))
def put_javascript(crc, mantissa, exponent):
    return digits.put_javascript(crc, mantissa, exponent)


def hashed(text, before=b""):
    return zlib.crc32(before + text.encode()) ^ digits.BEGIN


def begun(before=b""):
    return zlib.crc32(before) ^ digits.BEGIN


@given(st.binary(max_size=20), texts)
def test_word_of_any_length_is_taken_as_its_bytes(before, text):
    found = put(begun(before), int.from_bytes(text, "little"), len(text))
    assert found == zlib.crc32(before + text) ^ digits.BEGIN


@given(st.integers(0, 10**8 - 1))
def test_spread_gives_eight_digits_first_lowest(number):
    assert spread(number).to_bytes(8, "little") == bytes(map(int, f"{number:08d}"))


@given(st.binary(max_size=9), st.integers(0, LARGEST))
@example(b"", 0)
@example(b"", 10**8)
@example(b"", 10**16)
@example(b"", LARGEST)
def test_number_is_taken_without_leading_zeros(before, number):
    assert put_scaled(begun(before), number) == hashed(str(number or ""), before)


@given(st.binary(max_size=9), mantissas, exponents)
@example(b"", 0, -5)
@example(b"", 0, 5)
@example(b"", 1, -18)
@example(b"", -LARGEST, -18)
@example(b"", 7, 18)
def test_plain_text_is_short_and_has_no_exponent(before, mantissa, exponent):
    assert put_plain(begun(before), mantissa, exponent) == hashed(plain(mantissa, exponent), before)


@given(st.binary(max_size=9), mantissas, st.integers(-18, 2))
@example(b"", 1, -6)
@example(b"", 999_999, -12)
@example(b"", 1_000_000, -12)
@example(b"", 0, -18)
def test_javascript_text_has_an_exponent_below_a_millionth(before, mantissa, exponent):
    expected = hashed(javascript(mantissa, exponent), before)
    assert put_javascript(begun(before), mantissa, exponent) == expected


@pytest.mark.parametrize(("mantissa", "exponent", "text"), [
    (56, -8, "5.6e-7"), (5, -7, "5e-7"), (-17, -8, "-1.7e-7"), (82, -7, "0.0000082"),
    (123_456, -18, "1.23456e-13"), (100, -9, "1e-7"), (10, -7, "0.000001"), (1597_70, -2, "1597.7"),
])  # fmt: skip
def test_oracle_writes_numbers_as_javascript_does(mantissa, exponent, text):
    assert javascript(mantissa, exponent) == text
