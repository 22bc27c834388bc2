"""Decimals out of text, against Python's own decimals."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.codecs.json import _number_kernels as n
from zerofeed.codecs.json import _span_kernels as k
from zerofeed.records.units import UNDEF

__all__: list[str] = []

EXACT = Context(prec=2_000, rounding=ROUND_HALF_EVEN, Emax=999_999, Emin=-999_999)


def read(text: str, exponent: int, kind: int = k.TEXT) -> tuple[int, int, int]:
    """The mantissa, and what was counted."""
    buf = np.frombuffer(b"##" + text.encode(), np.uint8)
    span = (1 << 32) | (kind << 28) | len(text)
    out, result = np.zeros(1, np.int64), np.zeros(2, np.int64)
    n.decimals_of(buf, 1, np.array([span]), exponent, out, result)
    return int(out[0]), int(result[n.OUT_OF_RANGE]), int(result[n.ROUNDED])


def twin(text: str, exponent: int) -> tuple[int, int, int]:
    """The same by Python."""
    value = EXACT.scaleb(EXACT.create_decimal(text), -exponent)
    mantissa = EXACT.to_integral_value(value)
    if abs(mantissa) > 9_223_372_036_854_775_807:
        return UNDEF, 1, 0
    return int(mantissa), 0, int(mantissa != value)


@pytest.mark.parametrize(
    ("text", "exponent", "mantissa"),
    [
        ("61737.63000000", -8, 6_173_763_000_000),
        ("0.00000000", -8, 0),
        ("-0.5", -1, -5),
        ("1e-7", -8, 10),
        ("1.5E+3", -2, 150_000),
        ("1723161255208", 0, 1_723_161_255_208),
        ("9223372036854775799", 0, 9_223_372_036_854_775_799),
        ("12000", 3, 12),
        ("007", 0, 7),
    ],
)
def test_what_venues_write_is_read(text: str, exponent: int, mantissa: int) -> None:
    assert read(text, exponent) == (mantissa, 0, 0)
    assert read(text, exponent, k.NUMBER) == (mantissa, 0, 0)


@pytest.mark.parametrize(
    ("text", "exponent", "mantissa"),
    [("0.125", -2, 12), ("0.135", -2, 14), ("-0.125", -2, -12), ("0.1251", -2, 13), ("0.9", 0, 1),
     ("1234567890123456789.5000000000000000000", 0, 1_234_567_890_123_456_790)],
)  # fmt: skip
def test_more_decimals_than_are_kept_are_rounded_half_to_even_and_counted(
    text: str, exponent: int, mantissa: int
) -> None:
    assert read(text, exponent) == (mantissa, 0, 1) == twin(text, exponent)


@pytest.mark.parametrize(
    "text", ["1e30", "92233720368547758070", "1e400", "1.2.3", "-", ".", "1e", "1e+", "abc", "1x", "+1",
             "1e5x", "0x10", " 1"]
)  # fmt: skip
def test_what_does_not_fit_or_is_no_number_is_undefined_and_counted(text: str) -> None:
    assert read(text, -8) == (UNDEF, 1, 0)


def test_no_value_is_undefined_and_not_counted() -> None:
    assert read("", -8) == (UNDEF, 0, 0)
    assert read("null", -8, k.NULL) == (UNDEF, 0, 0)
    assert read("1", -8, 0) == (UNDEF, 0, 0)
    assert read("true", -8, k.TRUE) == (UNDEF, 1, 0)


@settings(max_examples=600)
@given(
    st.integers(0, 10**25), st.integers(0, 24), st.integers(-18, 18), st.booleans(),
    st.one_of(st.none(), st.integers(-40, 40)),
)  # fmt: skip
def test_any_decimal_is_what_python_says(
    digits: int, decimals: int, exponent: int, is_negative: bool, power: int | None
) -> None:
    text = str(digits).rjust(decimals + 1, "0")
    if decimals:
        text = f"{text[:-decimals]}.{text[-decimals:]}"
    text = "-" * is_negative + text + (f"e{power}" if power is not None else "")
    told, wanted = read(text, exponent), twin(text, exponent)
    if told[1] and not wanted[1]:
        # Within a hair of the largest int64: refused a little early, never wrong.
        assert abs(wanted[0]) > 9_223_372_036_854_775_000
        return
    assert told == wanted


def test_whole_is_a_decimal_of_no_decimals() -> None:
    assert Decimal(read("42", 0)[0]) == 42
