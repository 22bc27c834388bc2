"""A span is where a value stands; a packed number is the value itself."""

from __future__ import annotations

import re
from decimal import Decimal

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from zerofeed.base.kernel import I64, U8_RO, int64, kernel
from zerofeed.codecs.json import _span_kernels as k

__all__: list[str] = []

PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)


@kernel(int64(U8_RO, int64, int64, I64))
def read(buf, at, end, out) -> int:
    """A packed number, and what is in it: what kernels alone can call."""
    word, behind = k.pack(buf, at, end)
    out[0] = word
    out[1] = behind
    out[2] = k.mantissa_of(word)
    out[3] = k.decimals_in(word)
    out[4] = k.kind_of(word)
    out[5] = k.length_of(word)
    out[6] = k.span_of(at, k.TEXT, end - at)
    out[7] = k.start_of(out[6])
    out[8] = k.kind_of(out[6])
    out[9] = k.length_of(out[6])
    return 0


def facts(text: bytes) -> list[int]:
    buf = np.frombuffer(text, np.uint8)
    out = np.zeros(10, np.int64)
    read(buf, 0, buf.size, out)
    return out.tolist()


def packed(text: str) -> tuple[Decimal, int] | None:
    """What is packed of a number that a message goes on behind, and its bytes."""
    word, behind, mantissa, decimals, kind, length, *_ = facts(text.encode() + b'"' * 40)
    if word == 0:
        return None
    assert word < 0
    assert (kind, length) == (k.NUMBER, 1)
    return Decimal(mantissa).scaleb(-decimals), behind


@given(st.integers(0, 10**17 - 1), st.integers(0, 8))
@example(0, 0)
@example(10**17 - 1, 8)
@example(10**16, 0)
def test_a_number_of_the_usual_size_is_packed_as_it_is(digits: int, decimals: int) -> None:
    text = str(digits).zfill(decimals + 1)
    text = f"{text[: len(text) - decimals]}.{text[len(text) - decimals :]}" if decimals else text
    found = packed(text)
    if found is None:
        # Nine digits in front of a point are the most.
        assert len(text.partition(".")[0]) > (9 if decimals else 15)
    else:
        assert found == (Decimal(text), len(text))


@given(st.text("0123456789.eE-+x", max_size=20))
@example("1.")
@example(".5")
@example("1e5")
@example("1.5e5")
@example("1.2.3")
@example("1234567890123456789")
def test_what_is_packed_is_a_plain_number_up_to_what_is_none(text: str) -> None:
    found = packed(text)
    if found is not None:
        value, length = found
        assert PLAIN.fullmatch(text[:length])
        assert value == Decimal(text[:length])


def test_near_the_end_of_a_message_nothing_is_read_ahead() -> None:
    assert facts(b"123")[0] == 0


@given(st.integers(1, 64))
def test_a_span_has_start_kind_and_length(length: int) -> None:
    *_, span, start, kind, told = facts(b"x" * length)
    assert span > 0
    assert (start, kind, told) == (0, k.TEXT, length)


def test_powers_are_those_that_an_int64_holds() -> None:
    assert k.POWERS.tolist() == [10**power for power in range(19)]
