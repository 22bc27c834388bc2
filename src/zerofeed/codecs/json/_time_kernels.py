"""Times in ISO 8601 out of spans."""

from __future__ import annotations

from zerofeed.base.kernel import always_inlined, inlined, int64
from zerofeed.codecs._bytes import Bytes, u8
from zerofeed.codecs.json._span_kernels import TEXT, kind_of, length_of, start_of
from zerofeed.records.units import UNDEF

__all__ = ["iso_time"]

_DAY_NS = 86_400_000_000_000
_LAST_YEAR = 2261


@always_inlined
def _digits(buf: Bytes, at: int, count: int) -> int:
    """Read so many digits; -1 when one is none."""
    number = int64(0)
    for place in range(count):
        digit = u8(buf, at + place) - 0x30
        if digit < 0 or digit > 9:
            return -1
        number = number * 10 + digit
    return number


@inlined
def _days(year: int, month: int, day: int) -> int:
    """Count the days from 1970-01-01 (the civil calendar, from March on)."""
    shifted = year - (1 if month <= 2 else 0)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@inlined
def iso_time(buf: Bytes, base: int, span: int) -> int:
    """Read a time in ISO 8601, such as 2023-09-25T07:49:37.708706Z.

    Args:
        buf: uint8 that holds the message.
        base: its first byte.
        span: of the text. A fraction may have up to nine digits; further ones are cut. The zone is Z,
            none (then it is UTC) or +hh:mm.

    Returns:
        Unix ns, or UNDEF for what is no such time or lies outside of 1970 to 2261.
    """
    if kind_of(span) != TEXT:
        return UNDEF
    at = base + start_of(span)
    end = at + length_of(span)
    if end - at < 19 or u8(buf, at + 4) != 0x2D or u8(buf, at + 7) != 0x2D:
        return UNDEF
    if u8(buf, at + 13) != 0x3A or u8(buf, at + 16) != 0x3A:
        return UNDEF
    year = _digits(buf, at, 4)
    month = _digits(buf, at + 5, 2)
    day = _digits(buf, at + 8, 2)
    hour = _digits(buf, at + 11, 2)
    minute = _digits(buf, at + 14, 2)
    second = _digits(buf, at + 17, 2)
    if year < 1970 or year > _LAST_YEAR or month < 1 or month > 12 or day < 1 or day > 31:
        return UNDEF
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 60:
        return UNDEF
    nanoseconds = int64(0)
    at += 19
    if at < end and u8(buf, at) == 0x2E:
        at += 1
        unit = int64(100_000_000)
        while at < end and 0x30 <= u8(buf, at) <= 0x39:
            nanoseconds += (u8(buf, at) - 0x30) * unit
            unit //= 10
            at += 1
    shift = int64(0)
    if at < end and u8(buf, at) != 0x5A:
        sign = u8(buf, at)
        if end - at < 6 or (sign != 0x2B and sign != 0x2D) or u8(buf, at + 3) != 0x3A:
            return UNDEF
        hours = _digits(buf, at + 1, 2)
        minutes = _digits(buf, at + 4, 2)
        if hours < 0 or minutes < 0:
            return UNDEF
        shift = (hours * 60 + minutes) * (1 if sign == 0x2B else -1)
    seconds = hour * 3600 + (minute - shift) * 60 + second
    return _days(year, month, day) * _DAY_NS + seconds * 1_000_000_000 + nanoseconds
