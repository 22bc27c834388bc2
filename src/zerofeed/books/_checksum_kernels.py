"""The checksum of a book, compiled: computed from its levels and compared with what the venue sent.

``checksum``         the number that the venue would send for the book as it is
``check``            compare; a book that differs comes into doubt until a newer snapshot
``flag_doubtful``    mark the records of a transaction that turned out to end in a doubtful book

Call :func:`check` when the transaction that the venue's checksum is about has been applied, before
its records are published. A book that only a snapshot can heal is not compared again: it is known to
be wrong, and one loss counts once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, inlined, int64, kernel, record_array
from zerofeed.base.status import MALFORMED, MISMATCH, NOT_READY, OK
from zerofeed.books._change_kernels import cast_doubt, is_intact, side_at
from zerofeed.books._digit_kernels import BEGIN, put, put_javascript, put_plain, put_scaled
from zerofeed.books._side_kernels import best
from zerofeed.books.checksums import (
    CHECKSUM_BITFINEX,
    CHECKSUM_KRAKEN,
    CHECKSUM_OKX,
    DEEPEST_EXPONENT,
)
from zerofeed.books.layout import (
    B_ASKS,
    B_BIDS,
    B_CHANGE_ID,
    B_DIRTY,
    B_GAPS,
    B_HORIZON,
    B_TX,
    COUNTERS,
    DOUBT_CHECKSUM,
    H_BOOKS,
    H_CAPACITY,
    H_STRIDE,
    HEADER_WORDS,
    TX_APPLY,
)
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import MAYBE_BAD_BOOK
from zerofeed.records.kinds import BBO, LEVEL
from zerofeed.records.units import UNDEF

__all__ = ["KRAKEN_LEVELS", "TURNS", "check", "checksum", "flag_doubtful"]

_Words = npt.NDArray[np.int64]
_Records = npt.NDArray[Any]

_MATCHED = COUNTERS["checksums_matched"]
_MISMATCHED = COUNTERS["checksums_mismatched"]

KRAKEN_LEVELS = 10
"""Levels a side in Kraken's checksum."""
TURNS = 25
"""Levels a side in the checksums of OKX and Bitfinex."""

_COLON = 0x3A


@inlined
def _put_side(books: _Words, book: int, side: int, crc: int) -> int:
    """Take one side's best levels as Kraken does."""
    capacity = books[H_CAPACITY]
    at = side_at(books, book, side)
    index = books[book + B_BIDS + side]
    for _ in range(KRAKEN_LEVELS):
        index = best(books, at, capacity, index)
        if index < 0:
            break
        crc = put_scaled(crc, int(books[at + index]))
        crc = put_scaled(crc, int(books[at + capacity + index]))
    return crc


@inlined
def _put_number(crc: int, rule: int, mantissa: int, exponent: int) -> int:
    if rule == CHECKSUM_BITFINEX:
        return put_javascript(crc, mantissa, exponent)
    return put_plain(crc, mantissa, exponent)


@inlined
def _put_by_turns(
    books: _Words, book: int, rule: int, price_exponent: int, size_exponent: int
) -> int:
    """Take the best levels of both sides by turns, with colons in between."""
    capacity = books[H_CAPACITY]
    bid = int(books[book + B_BIDS])
    ask = int(books[book + B_ASKS])
    crc = BEGIN
    is_first = True
    for turn in range(2 * TURNS):
        side = turn & 1
        at = side_at(books, book, side)
        index = best(books, at, capacity, bid if side == 0 else ask)
        if side == 0:
            bid = index
        else:
            ask = index
        if index < 0:
            continue
        size = int(books[at + capacity + index])
        if side == 1 and rule == CHECKSUM_BITFINEX:
            size = -size
        if not is_first:
            crc = put(crc, _COLON, 1)
        is_first = False
        crc = _put_number(crc, rule, int(books[at + index]), price_exponent)
        crc = put(crc, _COLON, 1)
        crc = _put_number(crc, rule, size, size_exponent)
    return crc


@kernel(int64(I64, int64, int64, int64, int64))
def checksum(
    books: _Words, instrument: int, rule: int, price_exponent: int, size_exponent: int
) -> int:
    """Compute what the venue would send for a book as it is now, whatever its doubts.

    Args:
        books: the store.
        instrument: index of the book.
        rule: ``CHECKSUM_...``.
        price_exponent: power of ten of the prices, -18 to 18; not used by Kraken's rule, whose
            prices and sizes must be scaled by the venue's own numbers of decimals.
        size_exponent: the same of the sizes.

    Returns:
        The CRC32: 0 to 2**32 - 1 for Kraken, signed 32 bits for OKX and Bitfinex; UNDEF when there is
        no such book or rule, or an exponent is out of range.
    """
    if instrument < 0 or instrument >= books[H_BOOKS]:
        return UNDEF
    book = HEADER_WORDS + instrument * books[H_STRIDE]
    if rule == CHECKSUM_KRAKEN:
        return int(_put_side(books, book, 0, _put_side(books, book, 1, BEGIN)) ^ BEGIN)
    if rule != CHECKSUM_OKX and rule != CHECKSUM_BITFINEX:
        return UNDEF
    if min(price_exponent, size_exponent) < DEEPEST_EXPONENT:
        return UNDEF
    if max(price_exponent, size_exponent) > -DEEPEST_EXPONENT:
        return UNDEF
    crc = _put_by_turns(books, book, rule, price_exponent, size_exponent) ^ BEGIN
    return int((crc ^ 0x8000_0000) - 0x8000_0000)


@inlined
def _is_comparable(books: _Words, book: int, levels: int) -> bool:
    """Tell whether the book is held to be right and knows as many levels as the venue looks at."""
    if books[book + B_TX] == TX_APPLY or not is_intact(books, book):
        return False
    for side in range(2):
        alive = books[book + B_BIDS + side] - books[book + B_GAPS + side]
        if books[book + B_HORIZON + side] != UNDEF and alive < levels:
            return False
    return True


@kernel(int64(I64, int64, int64, int64, int64, int64))
def check(
    books: _Words,
    instrument: int,
    rule: int,
    expected: int,
    price_exponent: int,
    size_exponent: int,
) -> int:
    """Compare a book with the checksum that came with its last transaction; count the outcome.

    A book that differs comes into doubt (``DOUBT_CHECKSUM``), and only a snapshot as of its change
    id or later, or one without an id, heals it. Its BBO record is written already:
    :func:`flag_doubtful` marks it.

    Args:
        books: the store.
        instrument: index of the book.
        rule: ``CHECKSUM_...``.
        expected: what the venue sent; UNDEF for nothing. OKX's 0 is nothing, too.
        price_exponent: as for :func:`checksum`.
        size_exponent: as for :func:`checksum`.

    Returns:
        OK; MISMATCH; NOT_READY when nothing was compared, because nothing was sent, a transaction
        is open, or the book waits for a snapshot anyway; MALFORMED when there is no such book or
        rule, or an exponent is out of range.
    """
    if instrument < 0 or instrument >= books[H_BOOKS]:
        return MALFORMED
    if expected == UNDEF or (rule == CHECKSUM_OKX and expected == 0):
        return NOT_READY
    book = HEADER_WORDS + instrument * books[H_STRIDE]
    if not _is_comparable(books, book, KRAKEN_LEVELS if rule == CHECKSUM_KRAKEN else TURNS):
        return NOT_READY
    found = checksum(books, instrument, rule, price_exponent, size_exponent)
    if found == UNDEF:
        return MALFORMED
    if found == expected:
        books[_MATCHED] += 1
        return OK
    books[_MISMATCHED] += 1
    cast_doubt(books, book, DOUBT_CHECKSUM, books[book + B_CHANGE_ID])
    books[book + B_DIRTY] = 1
    return MISMATCH


@kernel(int64(record_array(RECORD), int64, int64, int64))
def flag_doubtful(records: _Records, at: int, count: int, instrument: int) -> int:
    """Set MAYBE_BAD_BOOK in an instrument's LEVEL and BBO records.

    Args:
        records: RECORD array, not yet published.
        at: index of the first record to look at.
        count: how many.
        instrument: whose records are meant.

    Returns:
        How many records were marked.
    """
    marked = 0
    for index in range(at, at + count):
        record = records[index]
        kind = int(record["kind"])
        if (kind == LEVEL or kind == BBO) and int(record["instrument"]) == instrument:
            record["flags"] = int(record["flags"]) | MAYBE_BAD_BOOK
            marked += 1
    return marked
