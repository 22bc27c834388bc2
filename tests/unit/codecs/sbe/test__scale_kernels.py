"""Mantissas from one power of ten to another: exactly, or counted."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.codecs.sbe._scale_kernels import OUT_OF_RANGE, ROUNDED, rescale_all
from zerofeed.records.units import UNDEF

__all__: list[str] = []

EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN)
LARGEST = 2**63 - 1
MANTISSAS = st.integers(-LARGEST, LARGEST) | st.builds(
    lambda digits, zeros: digits * 10**zeros, st.integers(-(10**6), 10**6), st.integers(0, 12)
)


def naive(mantissa: int, shift: int) -> tuple[int, int, int]:
    """The mantissa, and whether it was out of range or rounded."""
    exact = EXACT.scaleb(EXACT.create_decimal(mantissa), shift)
    scaled = int(EXACT.to_integral_value(exact))
    if abs(scaled) > LARGEST:
        return UNDEF, 1, 0
    return scaled, 0, int(exact != scaled)


def rescaled(mantissa: int, shift: int) -> tuple[int, int, int]:
    out, result = np.zeros(1, np.int64), np.zeros(2, np.int64)
    rescale_all(np.array([mantissa], np.int64), np.array([shift], np.int64), out, result)
    return int(out[0]), int(result[OUT_OF_RANGE]), int(result[ROUNDED])


@given(mantissa=MANTISSAS, shift=st.integers(-40, 40))
def test_rescaling_is_exact_or_counted(mantissa: int, shift: int) -> None:
    assert rescaled(mantissa, shift) == naive(mantissa, shift)


@pytest.mark.parametrize(
    ("mantissa", "shift", "expected"),
    [
        (10603425, 6, 10603425_000000),
        (LARGEST, 0, LARGEST),
        (-LARGEST, 0, -LARGEST),
        (LARGEST // 10, 1, LARGEST // 10 * 10),
        (LARGEST // 10 + 1, 1, UNDEF),
        (0, 10**9, 0),
        (0, -(10**9), 0),
        (25, -1, 2),
        (35, -1, 4),
        (-25, -1, -2),
        (-26, -1, -3),
        (LARGEST, -18, 9),
        (LARGEST, -19, 1),
        (5 * 10**18, -19, 0),
        (5 * 10**18 + 1, -19, 1),
        (-LARGEST, -19, -1),
        (LARGEST, -20, 0),
        (1, -(10**9), 0),
        (1, 10**9, UNDEF),
    ],
)
def test_the_edges(mantissa: int, shift: int, expected: int) -> None:
    assert rescaled(mantissa, shift)[0] == expected
