"""Texts that stand for numbers: keys, and parts of a text."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from zerofeed.base.kernel import I64, U8_RO, int64, kernel
from zerofeed.codecs import _text_kernels as k

__all__: list[str] = []


@kernel(int64(U8_RO, int64, I64))
def read(buf, at, out) -> int:
    """The parts of a text that ends with its buffer: what kernels alone can call."""
    end = buf.size
    out[0] = k.before(buf, at, end, 0x2E)
    out[1] = k.behind_last(buf, at, end, 0x2E)
    out[2] = k.key_of(buf, at, end, 1)
    out[3] = k.word_at(buf, at, end, 0)
    out[4] = k.word_at(buf, at, end, 1)
    return 0


def facts(text: bytes, base: int = 3) -> list[int]:
    """What the kernels say of a text behind ``base`` bytes of others."""
    # The buffer ends with the text: a read behind it is caught when bounds are checked.
    buf = np.frombuffer(b"#" * base + text, np.uint8)
    out = np.zeros(5, np.int64)
    read(buf, base, out)
    return out.tolist()


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
    assert len({facts(b"btcusdt", base=base)[2] for base in range(9)}) == 1


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_a_key_of_capitals_is_that_of_the_text_in_capitals(text: str) -> None:
    capitals = "".join(c.upper() if "a" <= c <= "z" else c for c in text)
    assert facts(text.encode())[2] == key_of(capitals)


# Parts


@given(st.binary(max_size=20))
def test_a_part_ends_at_the_first_mark_or_begins_behind_the_last(text: bytes) -> None:
    first, last, *_ = facts(text)
    assert text[: first - 3] == text.partition(b".")[0]
    assert text[last - 3 :] == text.rpartition(b".")[2]


@given(st.binary(max_size=12))
def test_a_word_is_up_to_eight_bytes(text: bytes) -> None:
    *_, word, upper = facts(text)
    padded = text[:8].ljust(8, b"\0")
    assert word == int.from_bytes(padded, "little", signed=True)
    assert upper == int.from_bytes(padded.upper(), "little", signed=True)
