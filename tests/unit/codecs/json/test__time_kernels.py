"""Times in ISO 8601 out of spans."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.kernel import U8_RO, int64, kernel
from zerofeed.codecs.json import _time_kernels as k
from zerofeed.codecs.json._span_kernels import NUMBER, TEXT
from zerofeed.records.units import UNDEF

__all__: list[str] = []

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
NS = 1_000_000_000


@kernel(int64(U8_RO, int64, int64))
def read(buf, base, span) -> int:
    """A time by a span: what kernels alone can call."""
    return k.iso_time(buf, base, span)


def time_of_bytes(text: bytes, kind: int = TEXT) -> int:
    # The buffer ends with the text: a read behind it is caught when bounds are checked.
    return int(read(np.frombuffer(b"###" + text, np.uint8), 3, kind << 28 | len(text)))


def time_of(text: str, kind: int = TEXT) -> int:
    return time_of_bytes(text.encode(), kind)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2023-09-25T07:49:37.708706Z", 1_695_628_177_708_706_000),
        ("2023-09-25 07:49:37", 1_695_628_177 * NS),
        ("2023-09-25T07:49:37.123456789123Z", 1_695_628_177_123_456_789),
        ("2023-09-25T07:49:37+00:00", 1_695_628_177 * NS),
        ("2023-09-25T07:49:37.5+02:30", 1_695_619_177_500_000_000),
        ("2023-09-25T07:49:37-01:00", 1_695_631_777 * NS),
        ("2024-02-29T23:59:60Z", 1_709_251_200 * NS),
    ],
)
def test_a_time_is_nanoseconds(text: str, expected: int) -> None:
    assert time_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2023-09-25", "2023/09/25T07:49:37Z", "2023-9-25T07:49:37Z  ",
        "0001-01-01T00:00:00.000000Z", "1969-12-31T23:59:59Z", "2262-01-01T00:00:00Z",
        "2023-13-01T00:00:00Z", "2023-00-01T00:00:00Z", "2023-01-32T00:00:00Z",
        "2023-01-01T24:00:00Z", "2023-01-01T00:60:00Z", "2023-01-01T00:00:61Z",
        "2023-01-01T0x:00:00Z", "2023-01-01T00:00:00+0100", "2023-01-01T00:00:00+0a:00",
    ],
)  # fmt: skip
def test_what_is_no_time_has_none(text: str) -> None:
    assert time_of(text) == UNDEF


def test_a_number_is_no_time() -> None:
    assert time_of("2023-09-25T07:49:37Z", NUMBER) == UNDEF


@given(
    st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2261, 12, 31)),  # noqa: DTZ001
    st.sampled_from(["Z", "", "+00:00"]),
)
def test_every_time_is_what_python_says(moment: dt.datetime, zone: str) -> None:
    since = moment.replace(tzinfo=dt.UTC) - EPOCH
    expected = (since.days * 86_400 + since.seconds) * NS + since.microseconds * 1000
    assert time_of(moment.isoformat() + zone) == expected


@given(st.binary(max_size=40))
def test_any_bytes_are_a_time_or_none(text: bytes) -> None:
    time_ns = time_of_bytes(text)
    assert time_ns == UNDEF or time_ns >= -16 * 3600 * 10 * NS
