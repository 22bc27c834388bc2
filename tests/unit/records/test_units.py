"""Scaled integers keep every digit or refuse; nothing rounds silently."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.records.units import UNDEF, from_decimal, to_decimal, to_float, to_text

MANTISSAS = st.integers(-(2**63) + 1, 2**63 - 1)
EXPONENTS = st.integers(-18, 6)


def test_undefined_is_the_lowest_int64_and_no_price() -> None:
    assert np.iinfo(np.int64).min == UNDEF


@given(MANTISSAS, EXPONENTS)
def test_decimal_is_exactly_the_mantissa_times_its_power_of_ten(
    mantissa: int, exponent: int
) -> None:
    value = to_decimal(mantissa, exponent)
    assert value is not None
    assert Fraction(value) == mantissa * Fraction(10) ** exponent


@given(MANTISSAS, EXPONENTS)
def test_scaling_gives_back_the_mantissa_it_came_from(mantissa: int, exponent: int) -> None:
    value, text = to_decimal(mantissa, exponent), to_text(mantissa, exponent)
    assert value is not None
    assert text is not None
    assert from_decimal(value, exponent) == from_decimal(text, exponent) == mantissa


@given(MANTISSAS, EXPONENTS)
def test_text_has_no_exponent_and_no_needless_zero(mantissa: int, exponent: int) -> None:
    text = to_text(mantissa, exponent)
    assert text is not None
    assert set(text) <= set("-.0123456789")
    if "." in text:
        assert text[-1] not in "0."


@pytest.mark.parametrize(
    ("mantissa", "exponent", "text"),
    [
        (1, -9, "0.000000001"),
        (-1, -2, "-0.01"),
        (1_250, -3, "1.25"),
        (5_000, -3, "5"),
        (-5, 0, "-5"),
        (12, 3, "12000"),
        (0, -9, "0"),
    ],
)
def test_text_is_plain_decimal(mantissa: int, exponent: int, text: str) -> None:
    assert to_text(mantissa, exponent) == text


def test_undefined_has_neither_text_nor_decimal() -> None:
    assert to_text(UNDEF, -9) is None
    assert to_decimal(UNDEF, -9) is None


@pytest.mark.parametrize(
    "value",
    [
        "0.0000000001",
        # 29 digits, of which the default decimal context would round the last one away.
        "1.0000000000000000000000000001",
        Decimal("1E-999999"),
    ],
)
def test_decimals_that_the_exponent_does_not_keep_are_refused(value: str | Decimal) -> None:
    with pytest.raises(ValueError, match="more decimals than the exponent -9"):
        from_decimal(value, -9)


@pytest.mark.parametrize(
    "value", ["9223372036.854775808", "-9223372036.854775808", "1e30", Decimal("1E+999999")]
)
def test_a_value_beyond_int64_is_refused(value: str | Decimal) -> None:
    with pytest.raises(ValueError, match="does not fit an int64"):
        from_decimal(value, -9)


def test_the_lowest_mantissa_is_not_a_value_because_it_means_undefined() -> None:
    assert from_decimal(-(2**63) + 1, 0) == -(2**63) + 1
    with pytest.raises(ValueError, match="does not fit"):
        from_decimal(-(2**63), 0)


@pytest.mark.parametrize("value", ["", "abc", "1,5", "NaN", "Infinity", "-Infinity"])
def test_what_is_no_finite_number_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        from_decimal(value, -9)


def test_trailing_zeros_are_no_decimals() -> None:
    assert from_decimal("1.50000000000000000000000000000000", -1) == 15
    assert from_decimal("0E+50", -1) == 0


@given(st.lists(st.tuples(st.integers(-(2**53) + 1, 2**53 - 1), st.integers(-15, 3)), min_size=1))
def test_float_is_the_nearest_to_its_decimal(rows: list[tuple[int, int]]) -> None:
    mantissas = np.array([mantissa for mantissa, _ in rows], np.int64)
    exponents = np.array([exponent for _, exponent in rows], np.int8)
    expected = [float(Fraction(m) * Fraction(10) ** e) for m, e in rows]
    assert to_float(mantissas, exponents).tolist() == expected


def test_undefined_becomes_nan_and_the_rest_stays() -> None:
    values = to_float(np.array([UNDEF, 5, 0], np.int64), -1)
    assert np.isnan(values[0])
    assert values[1:].tolist() == [0.5, 0.0]


def test_float_keeps_the_shape() -> None:
    assert to_float(np.zeros((2, 3), np.int64), -2).shape == (2, 3)
    assert to_float(np.zeros(0, np.int64), -2).shape == (0,)
