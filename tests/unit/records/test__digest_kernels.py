"""A digest depends on every bit and on the order, and not on how the records were batched."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.records._digest_kernels import DIGEST_WORDS, digest_text, digest_words

# Compiled integers wrap around in silence; NumPy's scalars warn, and a warning is an error here.
pytestmark = pytest.mark.compiled

RECORDS = st.lists(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=8, max_size=8), min_size=1, max_size=5
)
_ALL = 2**64 - 1


def digest(records: list[list[int]]) -> npt.NDArray[np.int64]:
    out = np.zeros(DIGEST_WORDS, np.int64)
    assert digest_words(out, np.array(records, np.int64).reshape(-1)) == len(records)
    return out


def rotated(value: int, bits: int) -> int:
    return (value << bits | value >> (64 - bits)) & _ALL


def naive(records: list[list[int]]) -> str:
    """The same lanes, in numbers that never overflow."""
    first = second = 0
    for record in records:
        for word in record:
            first = rotated((first ^ word & _ALL) * -7046029254386353131 & _ALL, 29)
            mixed = (word & _ALL ^ first) * -4417276706812531889
            second = rotated(second, 17) + mixed & _ALL
    return f"{first:016x}{second:016x}"


@given(RECORDS)
def test_a_digest_is_what_its_two_lanes_say(records: list[list[int]]) -> None:
    assert digest_text(digest(records)) == naive(records)


@given(RECORDS, st.data())
def test_a_digest_does_not_depend_on_how_the_records_were_cut(
    records: list[list[int]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(records)))
    words = np.array(records, np.int64).reshape(-1)
    out = np.zeros(DIGEST_WORDS, np.int64)
    digest_words(out, words[: cut * 8])
    digest_words(out, words[cut * 8 :])
    assert digest_text(out) == digest_text(digest(records))


@settings(max_examples=30)
@given(RECORDS, st.data())
def test_a_digest_depends_on_every_bit(records: list[list[int]], data: st.DataObject) -> None:
    before = digest_text(digest(records))
    record = data.draw(st.integers(0, len(records) - 1))
    word, bit = data.draw(st.integers(0, 7)), data.draw(st.integers(0, 63))
    changed = np.array(records, np.int64)
    changed[record, word] ^= np.array(1 << bit, np.uint64).astype(np.int64)
    assert digest_text(digest(changed.tolist())) != before


def test_a_digest_depends_on_the_order() -> None:
    one, other = list(range(8)), list(range(8, 16))
    assert digest_text(digest([one, other])) != digest_text(digest([other, one]))


def test_a_digest_of_nothing_is_zero() -> None:
    assert digest_text(np.zeros(DIGEST_WORDS, np.int64)) == "0" * 32


def test_a_digest_takes_read_only_memory() -> None:
    words = np.arange(8)
    words.flags.writeable = False
    assert digest_words(np.zeros(DIGEST_WORDS, np.int64), words) == 1
