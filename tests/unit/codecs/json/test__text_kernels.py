"""Texts that stand for numbers: keys, parts of a text, times in ISO 8601."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zerofeed.base.kernel import I64, U8_RO, int64, kernel
from zerofeed.codecs.json import _text_kernels as k
from zerofeed.codecs.json._span_kernels import NUMBER, TEXT
from zerofeed.records.units import UNDEF

__all__: list[str] = []

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
NS = 1_000_000_000


@kernel(int64(U8_RO, int64, int64, I64))
def read(buf, base, span, out) -> int:
    """A time by a span, and the parts of a text: what kernels alone can call."""
    at, end = base, buf.size
    out[0] = k.iso_time(buf, base, span)
    out[1] = k.before(buf, at, end, 0x2E)
    out[2] = k.behind_last(buf, at, end, 0x2E)
    out[3] = k.key_of(buf, at, end, 1)
    out[4] = k.word_at(buf, at, end, 0)
    out[5] = k.word_at(buf, at, end, 1)
    return 0


def facts(text: bytes, kind: int = TEXT, base: int = 3) -> list[int]:
    """What the kernels say of a text behind ``base`` bytes of others."""
    # The buffer ends with the text: a read behind it is caught when bounds are checked.
    buf = np.frombuffer(b"#" * base + text, np.uint8)
    out = np.zeros(6, np.int64)
    read(buf, base, kind << 28 | len(text), out)
    return out.tolist()


def time_of(text: str, kind: int = TEXT) -> int:
    return facts(text.encode(), kind)[0]


def key_of(text: str) -> int:
    raw = text.encode()
    return int(k.text_key(np.frombuffer(raw, np.uint8), 0, len(raw)))


# Keys


@given(st.text(max_size=40), st.text(max_size=40))
@example("", "\0")
@example("abcdefgh", "abcdefgh\0")
@example("abcdefghijklmnop", "ijklmnopabcdefgh")
def test_a_key_is_of_one_text_alone(one: str, other: str) -> None:
    assert 0 <= key_of(one) < 1 << 62
    assert (key_of(one) == key_of(other)) == (one == other)


def test_short_texts_that_venues_use_have_keys_of_their_own() -> None:
    symbols = [f"{base}{mark}{quote}" for base in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for mark in "-_/"
               for quote in ("USDT", "USDC", "USD", "BTC", "PERP")]  # fmt: skip
    symbols += [str(number) for number in range(20_000)]
    assert len({key_of(symbol) for symbol in symbols}) == len(symbols)


def test_a_key_does_not_depend_on_where_the_text_lies() -> None:
    assert len({facts(b"btcusdt", base=base)[3] for base in range(9)}) == 1


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_a_key_of_capitals_is_that_of_the_text_in_capitals(text: str) -> None:
    capitals = "".join(c.upper() if "a" <= c <= "z" else c for c in text)
    assert facts(text.encode())[3] == key_of(capitals)


# Parts


@given(st.binary(max_size=20))
def test_a_part_ends_at_the_first_mark_or_begins_behind_the_last(text: bytes) -> None:
    _, first, last, *_ = facts(text)
    assert text[: first - 3] == text.partition(b".")[0]
    assert text[last - 3 :] == text.rpartition(b".")[2]


@given(st.binary(max_size=12))
def test_a_word_is_up_to_eight_bytes(text: bytes) -> None:
    *_, word, upper = facts(text)
    padded = text[:8].ljust(8, b"\0")
    assert word == int.from_bytes(padded, "little", signed=True)
    assert upper == int.from_bytes(padded.upper(), "little", signed=True)


# Times


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
    assert facts(text)[0] == UNDEF or facts(text)[0] >= -16 * 3600 * 10 * NS
