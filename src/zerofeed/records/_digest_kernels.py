"""A digest over records, for saying that several readers saw the same bytes.

Two 64-bit lanes; each of a record's eight words is mixed in by xor, multiplication by an odd
constant and a rotation, so the result depends on every bit and on the order of the records,
and not on how they were cut into batches. It finds differences; it does not resist somebody
who makes them on purpose.

Arithmetic is int64 and wraps around, as compiled code does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_RO, inlined, int64, kernel

__all__ = ["DIGEST_WORDS", "digest_text", "digest_words", "mix_record"]

_Words = npt.NDArray[np.int64]

DIGEST_WORDS = 2
"""int64 words of a digest; both zero before the first record."""

_FIRST = -7046029254386353131
_SECOND = -4417276706812531889


@inlined
def mix_record(digest: _Words, words: _Words, at: int) -> None:
    """Take one record into a digest.

    Args:
        digest: int64[DIGEST_WORDS], changed in place.
        words: records as int64.
        at: index of the record's first word.
    """
    first = digest[0]
    second = digest[1]
    for index in range(8):
        word = words[at + index]
        first = (first ^ word) * _FIRST
        first = (first << 29) | ((first >> 35) & 0x1FFFFFFF)
        second = ((second << 17) | ((second >> 47) & 0x1FFFF)) + (word ^ first) * _SECOND
    digest[0] = first
    digest[1] = second


@kernel(int64(I64, I64_RO))
def digest_words(digest: _Words, words: _Words) -> int:
    """Take a batch of records into a digest.

    Args:
        digest: int64[DIGEST_WORDS], changed in place.
        words: the records as int64, eight words each.

    Returns:
        How many records were taken.
    """
    count = words.size // 8
    for record in range(count):
        mix_record(digest, words, record * 8)
    return count


def digest_text(digest: _Words) -> str:
    """Write a digest as 32 hexadecimal digits."""
    return "".join(f"{int(word) & 0xFFFFFFFFFFFFFFFF:016x}" for word in digest)
