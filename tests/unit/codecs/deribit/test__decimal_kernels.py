"""A double becomes the decimal that it prints as, or is counted."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zerofeed.codecs.deribit._decimal_kernels import OUT_OF_RANGE, ROUNDED, scale_all
from zerofeed.records.units import UNDEF

INT64_MAX = 2**63 - 1


def scale(value: float, places: int) -> tuple[int, int, int]:
    """Scale one value: the mantissa, how many were out of range, how many rounded."""
    out, result = np.zeros(1, np.int64), np.zeros(16, np.int64)
    assert scale_all(np.array([value]), 10**places, out, result) == 1
    return int(out[0]), int(result[OUT_OF_RANGE]), int(result[ROUNDED])


def exact(value: float, places: int) -> Decimal:
    """Scale what ``repr`` prints."""
    return Decimal(repr(value)).scaleb(places)


@st.composite
def decimals(draw: st.DrawFn, places: int) -> float:
    """Doubles that are the nearest to a decimal with at most so many places."""
    mantissa = draw(st.integers(-(10**18), 10**18))
    return float(Decimal(mantissa).scaleb(-draw(st.integers(0, places))))


@given(decimals(9))
@example(25800123.45)
@example(8388608.123456789)
@example(4294967296.0078125)
@example(9199999999.999999)
@example(2251799.813685248)
@example(-0.000000001)
@example(-0.0)
def test_price_is_the_shortest_decimal(value: float) -> None:
    wanted = exact(value, 9)
    mantissa, out_of_range, rounded = scale(value, 9)
    if abs(wanted) >= 9_200_000_000_000_000_000:
        assert (mantissa, out_of_range, rounded) == (UNDEF, 1, 0)
    else:
        assert (mantissa, out_of_range, rounded) == (wanted, 0, 0)


@given(decimals(8))
def test_size_is_the_shortest_decimal(value: float) -> None:
    wanted = exact(value, 8)
    mantissa, out_of_range, rounded = scale(value, 8)
    if abs(wanted) >= 9_200_000_000_000_000_000:
        assert (mantissa, out_of_range, rounded) == (UNDEF, 1, 0)
    else:
        assert (mantissa, out_of_range, rounded) == (wanted, 0, 0)


@given(st.integers(-2 * 10**15, 2 * 10**15))
def test_rate_is_the_shortest_decimal(mantissa: int) -> None:
    value = float(Decimal(mantissa).scaleb(-12))
    assert scale(value, 12) == (mantissa, 0, 0)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([8, 9]))
def test_any_double_is_exact_or_counted(value: float, places: int) -> None:
    wanted = exact(value, places)
    mantissa, out_of_range, rounded = scale(value, places)
    if out_of_range:
        assert mantissa == UNDEF
        assert abs(wanted) >= 9_199_999_999_999_990_000
    elif rounded:
        assert wanted != wanted.to_integral_value()
        assert abs(mantissa - wanted) <= Decimal("0.75")
        if abs(wanted) < 2**48:
            assert abs(mantissa - wanted) < Decimal("0.501")
    else:
        assert mantissa == wanted


def test_shortest_decimals_that_lie_between_two_take_the_even_one() -> None:
    value = 2.0**32 + 2.0**-7
    wanted = exact(value, 9).to_integral_value(ROUND_HALF_EVEN)
    assert scale(value, 9) == (wanted, 0, 0)


def test_nan_is_undefined_and_not_counted() -> None:
    assert scale(math.nan, 9) == (UNDEF, 0, 0)


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e300, -1e300, 9.3e9, -9.3e9])
def test_what_does_not_fit_is_undefined_and_counted(value: float) -> None:
    assert scale(value, 9) == (UNDEF, 1, 0)


def test_whole_numbers_fit_up_to_the_bound() -> None:
    assert scale(9_199_999_999.0, 9) == (9_199_999_999 * 10**9, 0, 0)
    assert scale(5_000_000.0, 12) == (5 * 10**18, 0, 0)


def test_rate_beyond_what_can_be_proven_is_counted() -> None:
    assert scale(3000.5, 12) == (UNDEF, 1, 0)


def test_more_decimals_than_are_kept_are_rounded_and_counted() -> None:
    assert scale(0.1234567894, 9) == (123_456_789, 0, 1)
    assert scale(-0.1234567896, 9) == (-123_456_790, 0, 1)
    assert scale(1e-300, 9) == (0, 0, 1)


def test_counts_add_up_over_an_array() -> None:
    out, result = np.zeros(4, np.int64), np.zeros(16, np.int64)
    scale_all(np.array([math.inf, 1.5, math.inf, 1e-10]), 10**9, out, result)
    assert out.tolist() == [UNDEF, 1_500_000_000, UNDEF, 0]
    assert (result[OUT_OF_RANGE], result[ROUNDED]) == (2, 1)
