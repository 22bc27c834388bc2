"""Bits of a record's ``flags`` byte, with the values and meaning of Databento's.

They can be combined. A consumer that ignores flags still reads valid records; one that
heeds them knows when a book may be wrong.
"""

from __future__ import annotations

__all__ = [
    "BAD_TS_RECV",
    "FLAG_NAMES",
    "LAST",
    "MAYBE_BAD_BOOK",
    "MBP",
    "SNAPSHOT",
    "TOB",
    "flag_names",
]

LAST = 128
"""Last record of the venue's transaction for this instrument."""
TOB = 64
"""Top of book, not an individual level."""
SNAPSHOT = 32
"""Part of a snapshot or a repetition, not an event of this moment."""
MBP = 16
"""Aggregated by price, not a single order."""
BAD_TS_RECV = 8
"""The arrival time is not to be relied on (no kernel stamp, or the clock was stepped)."""
MAYBE_BAD_BOOK = 4
"""The book of this instrument is in doubt until it is proven again."""

FLAG_NAMES: dict[int, str] = {
    LAST: "last",
    TOB: "tob",
    SNAPSHOT: "snapshot",
    MBP: "mbp",
    BAD_TS_RECV: "bad_ts_recv",
    MAYBE_BAD_BOOK: "maybe_bad_book",
}


def flag_names(flags: int) -> list[str]:
    """List the names of the bits that are set, highest bit first."""
    return [name for bit, name in FLAG_NAMES.items() if flags & bit]
