"""The writer's side of the instruments table, compiled: find, add, define, recover.

Two arrays of shared int64 words, both written by the worker alone:

``words``
    the rows of :data:`zerofeed.records.instruments.INSTRUMENT_ROW` seen as int64, 32 words a row.
``lookup``
    a header of 8 words, then an open-addressing map from the venue's key to the row.

======  =====  ====================  ==========================================================
word    count  name                  meaning
======  =====  ====================  ==========================================================
0       1      count                 rows that exist, row 0 included; store-release
1       1      mask                  slots - 1; the number of slots is a power of two
2       6      reserved              zero
8       2 x n  slots                 venue_key, row + 1 (0: the slot is free)
======  =====  ====================  ==========================================================

Row 0 is the venue itself: records that name no instrument carry it, and the map does not.

**A kill at any instruction.** Adding stores the row, then the map entry, then the count. A
successor calls :func:`recover`, which believes the count alone: the map is built again from the
rows below it, so an entry whose row was not yet counted disappears and the row is written
again when the venue next names it. A row that was being redefined (odd version) is brought
back to "not yet defined", never left as a mixture. A definition is written by the packet that
carries it, before that packet's records are published; a successor does such a packet again, so
the new definition follows at once. State and definition_seq change without a definition in the
packet: each is one word, stored whole outside of the seqlock, so that no kill can find the row
open and cost it a definition that nobody is about to repeat.

Each change of a definition raises the row's revision, so a worker that notes the revision it
announced announces a change exactly once, whoever died in between.

Publish and observe: the release store of the count makes every row below it visible to a
process that load-acquires the count. Later changes of a definition go through the row's seqlock.
The map is the writer's own; other processes read rows.

Not thread-safe: one writer. Nothing allocates; the cost of a hit is one probe, about 2 ns.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_RO, always_inlined, inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, NOT_READY, OK
from zerofeed.records.units import UNDEF
from zerofeed.shm._atomics import fence_acquire, load_acquire, store_release
from zerofeed.shm.seqlock import write_begin, write_end

__all__ = [
    "COUNT",
    "LOOKUP_HEADER",
    "MASK",
    "ROW_WORDS",
    "W_BASE",
    "W_CHANNEL",
    "W_CONTRACT_SIZE",
    "W_CREATED_NS",
    "W_DEFINITION_SEQ",
    "W_EXPIRY_NS",
    "W_IS_INVERSE",
    "W_MIN_SIZE",
    "W_REVISION",
    "W_SETTLEMENT",
    "W_STRIKE_PRICE",
    "W_SYMBOL",
    "W_TICK_SIZE",
    "W_TRAITS",
    "W_VENUE_KEY",
    "W_VERSION",
    "add_instrument",
    "copy_table",
    "define",
    "find",
    "find_or_add",
    "initialise",
    "recover",
    "row_count",
    "set_state",
    "stamp_definition",
]

_Words = npt.NDArray[np.int64]

ROW_WORDS = 32
"""Words of one row; the W_ constants are word indices into it."""
W_VERSION = 0
W_VENUE_KEY = 1
W_SYMBOL = 2
W_TRAITS = 10
"""kind, option_type, price_exponent, size_exponent (a byte each), state (the upper half)."""
W_TICK_SIZE = 11
W_MIN_SIZE = 12
W_CONTRACT_SIZE = 13
W_STRIKE_PRICE = 14
W_EXPIRY_NS = 15
W_CREATED_NS = 16
W_BASE = 17
W_SETTLEMENT = 20
W_IS_INVERSE = 23
W_DEFINITION_SEQ = 24
W_CHANNEL = 25
W_REVISION = 26
"""How often the definition was written; 0 before the first."""

COUNT = 0
"""Index of the row count in ``lookup``."""
MASK = 1
"""Index of the slot mask in ``lookup``."""
LOOKUP_HEADER = 8

_LOW_HALF = 0xFFFF_FFFF
_EXPONENTS = 0xFFFF_0000


@always_inlined
def _slot(lookup: _Words, venue_key: int) -> int:
    """Index in ``lookup`` of the key's slot, or of the free slot where it belongs.

    The product stays below 2**63, so the plain Python twin computes the same slot.
    """
    mask = lookup[MASK]
    mixed = (venue_key ^ (venue_key >> 32)) & _LOW_HALF
    place = ((mixed * 0x4F1B_BCDD) >> 24) & mask
    for _ in range(mask + 1):
        at = LOOKUP_HEADER + 2 * place
        if lookup[at + 1] == 0 or lookup[at] == venue_key:
            return at
        place = (place + 1) & mask
    return -1


@always_inlined
def find(lookup: _Words, venue_key: int) -> int:
    """Row of a venue's key, or -1. The writer only."""
    at = _slot(lookup, venue_key)
    return -1 if at < 0 else lookup[at + 1] - 1


@inlined
def _reset_row(words: _Words, base: int) -> None:
    """Bring a row to "not yet defined"; key, exponents, state and revision stay."""
    for index in range(W_SYMBOL, W_TRAITS):
        words[base + index] = 0
    words[base + W_TRAITS] &= ~0xFFFF
    for index in range(W_TICK_SIZE, W_BASE):
        words[base + index] = UNDEF
    for index in range(W_BASE, W_DEFINITION_SEQ):
        words[base + index] = 0
    words[base + W_DEFINITION_SEQ] = -1
    words[base + W_CHANNEL] = -1


@inlined
def _write_new_row(
    words: _Words, row: int, venue_key: int, price_exponent: int, size_exponent: int
) -> None:
    base = row * ROW_WORDS
    write_begin(words, base + W_VERSION)
    words[base + W_VENUE_KEY] = venue_key
    words[base + W_TRAITS] = (price_exponent & 0xFF) << 16 | (size_exponent & 0xFF) << 24
    words[base + W_REVISION] = 0
    _reset_row(words, base)
    write_end(words, base + W_VERSION)


@always_inlined
def find_or_add(
    words: _Words, lookup: _Words, venue_key: int, price_exponent: int, size_exponent: int
) -> int:
    """Row of a venue's key, created undefined when it is new. The writer only.

    Args:
        words: int64 rows.
        lookup: int64 header and map.
        venue_key: the venue's own id, or a hash of its name.
        price_exponent: -128 to 127, used when the row is created.
        size_exponent: likewise.

    Returns:
        The row, at least 1; BUFFER_FULL when the table has no room (nothing was changed).
    """
    at = _slot(lookup, venue_key)
    if at >= 0 and lookup[at + 1] != 0:
        return lookup[at + 1] - 1
    row = lookup[COUNT]
    # Half of the map stays free, so that a probe ends after a slot or two.
    if row < 1 or (row + 1) * ROW_WORDS > words.size or 2 * row > lookup[MASK] + 1:
        return BUFFER_FULL
    _write_new_row(words, row, venue_key, price_exponent, size_exponent)
    lookup[at] = venue_key
    store_release(lookup, at + 1, row + 1)
    # Publish: whoever load-acquires the new count sees the whole row.
    store_release(lookup, COUNT, row + 1)
    return row


@inlined
def define(words: _Words, row: int, definition: _Words, at: int) -> int:
    """Replace a row's definition under its seqlock if it differs. The writer only.

    Args:
        words: int64 rows.
        row: the row; its key, exponents, state and definition_seq are kept.
        definition: int64 array that holds the wanted row.
        at: index of its first word there.

    Returns:
        The row's revision, at least 1; one more than before when something differed.
    """
    base = row * ROW_WORDS
    traits = (words[base + W_TRAITS] & ~0xFFFF) | (definition[at + W_TRAITS] & 0xFFFF)
    differs = traits ^ words[base + W_TRAITS]
    for index in range(W_SYMBOL, W_TRAITS):
        differs |= words[base + index] ^ definition[at + index]
    for index in range(W_TICK_SIZE, W_DEFINITION_SEQ):
        differs |= words[base + index] ^ definition[at + index]
    differs |= words[base + W_CHANNEL] ^ definition[at + W_CHANNEL]
    revision = words[base + W_REVISION]
    if differs == 0 and revision > 0:
        return revision
    write_begin(words, base + W_VERSION)
    for index in range(W_SYMBOL, W_TRAITS):
        words[base + index] = definition[at + index]
    words[base + W_TRAITS] = traits
    for index in range(W_TICK_SIZE, W_DEFINITION_SEQ):
        words[base + index] = definition[at + index]
    words[base + W_CHANNEL] = definition[at + W_CHANNEL]
    words[base + W_REVISION] = revision + 1
    write_end(words, base + W_VERSION)
    return revision + 1


@inlined
def set_state(words: _Words, row: int, state: int) -> None:
    """Store the venue's trading state, 0 to 2**31 - 1, in a row. The writer only.

    One store of one word: a reader's copy has the state before or after it.
    """
    at = row * ROW_WORDS + W_TRAITS
    store_release(words, at, (words[at] & _LOW_HALF) | (state << 32))


@inlined
def stamp_definition(words: _Words, row: int, seq: int) -> None:
    """Note in a row the sequence number of the record that announced its definition.

    One store of one word, like :func:`set_state`.
    """
    store_release(words, row * ROW_WORDS + W_DEFINITION_SEQ, seq)


@kernel(int64(I64, I64))
def initialise(words: _Words, lookup: _Words) -> int:
    """Make row 0, the venue itself, in a zeroed table. The writer only.

    Calling it on a table in use changes nothing, so a successor may call it too.

    Args:
        words: int64, at least one row.
        lookup: int64; of the words behind the header, the largest power of two of slots is used.

    Returns:
        The number of rows; BUFFER_FULL when an array is too small to serve at all.
    """
    room = (lookup.size - LOOKUP_HEADER) // 2
    if words.size < ROW_WORDS or room < 2:
        return BUFFER_FULL
    if lookup[COUNT] == 0:
        slots = 2
        while 2 * slots <= room:
            slots *= 2
        lookup[MASK] = slots - 1
        _write_new_row(words, 0, 0, 0, 0)
        store_release(lookup, COUNT, 1)
    return lookup[COUNT]


@kernel(int64(I64, I64, int64, int64, int64))
def add_instrument(
    words: _Words, lookup: _Words, venue_key: int, price_exponent: int, size_exponent: int
) -> int:
    """:func:`find_or_add` for callers outside compiled code."""
    return find_or_add(words, lookup, venue_key, price_exponent, size_exponent)


@kernel(int64(I64, I64))
def recover(words: _Words, lookup: _Words) -> int:
    """Take over the table from a writer that was killed. May itself be killed and run again.

    Args:
        words: int64 rows.
        lookup: int64 header and map.

    Returns:
        How many rows had been left half written; they are undefined until the venue repeats them.
    """
    for index in range(LOOKUP_HEADER, lookup.size):
        lookup[index] = 0
    torn = 0
    for row in range(lookup[COUNT]):
        base = row * ROW_WORDS
        if words[base + W_VERSION] & 1:
            _reset_row(words, base)
            write_end(words, base + W_VERSION)
            torn += 1
        if row > 0:
            at = _slot(lookup, words[base + W_VENUE_KEY])
            lookup[at] = words[base + W_VENUE_KEY]
            store_release(lookup, at + 1, row + 1)
    return torn


@kernel(int64(I64_RO))
def row_count(lookup: _Words) -> int:
    """Count the rows that exist, row 0 included. Any process."""
    # Observe: rows below this count are whole (publish: find_or_add, initialise).
    return load_acquire(lookup, COUNT)


@kernel(int64(I64_RO, int64, int64, I64, int64))
def copy_table(words: _Words, first: int, count: int, out: _Words, attempts: int) -> int:
    """Copy rows, each of them whole. Any process.

    Args:
        words: int64 rows, read-only.
        first: first row.
        count: rows to copy; the caller has compared ``first + count`` with :func:`row_count`.
        out: int64, at least ``count * ROW_WORDS``.
        attempts: tries per row while the writer is busy with it.

    Returns:
        OK, or NOT_READY when every attempt at one row met a write.
    """
    for row in range(count):
        source = (first + row) * ROW_WORDS
        target = row * ROW_WORDS
        whole = False
        for _ in range(attempts):
            before = load_acquire(words, source)
            if before & 1:
                continue
            for index in range(ROW_WORDS):
                out[target + index] = words[source + index]
            fence_acquire()
            if load_acquire(words, source) == before:
                whole = True
                break
        if not whole:
            return NOT_READY
    return OK
