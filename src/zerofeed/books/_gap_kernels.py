"""What the records that are about a channel, or a definition, do to the books.

Helpers of ``_kernels``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined
from zerofeed.books._change_kernels import cast_doubt, forget, set_doubts
from zerofeed.books.layout import (
    B_BUSY,
    B_CHANNEL,
    B_DIRTY,
    B_DOUBTS,
    B_NEEDS_CLEAR,
    B_SNAP,
    B_SNAP_CHANNEL,
    B_TX,
    B_TX_ID,
    COUNTERS,
    DOUBT_CHAIN_BREAK,
    DOUBT_GAP,
    DOUBT_NO_SNAPSHOT,
    DOUBT_RESET,
    H_BOOKS,
    H_FRAGMENT,
    H_RULES,
    H_STRIDE,
    H_USED,
    HEADER_WORDS,
    RULE_SPANS_FRAMES,
    SNAP_BUILD,
    SNAP_IGNORE,
    SNAP_NONE,
    TX_APPLY,
)
from zerofeed.records.kinds import ACTION_CANCEL, ACTION_CLEAR, GAP, INSTRUMENT
from zerofeed.records.units import UNDEF
from zerofeed.shm._atomics import fence_release, store_release

__all__ = ["apply_control", "note_gap", "use_books"]

_Words = npt.NDArray[np.int64]

_ABANDONED = COUNTERS["snapshots_abandoned"]
_CHAIN_BREAKS = COUNTERS["chain_breaks"]
_GAPS = COUNTERS["gaps"]
_RESETS = COUNTERS["resets"]


@inlined
def use_books(books: _Words, instrument: int) -> None:
    """Take a book, and those before it, into use.

    If anything was lost before, the beginning of its first snapshot may have been.
    """
    needs_clear = 1 if books[_GAPS] + books[_RESETS] > 0 else 0
    for index in range(books[H_USED], instrument + 1):
        books[HEADER_WORDS + index * books[H_STRIDE] + B_NEEDS_CLEAR] |= needs_clear
    books[H_USED] = instrument + 1


@inlined
def _empty(books: _Words, book: int, doubts: int) -> None:
    was_busy = books[book + B_BUSY]
    store_release(books, book + B_BUSY, 1)
    fence_release()
    forget(books, book, doubts)
    books[book + B_NEEDS_CLEAR] = 1
    store_release(books, book + B_BUSY, was_busy)


@inlined
def _carries(bound: int, channel: int) -> bool:
    return bound == UNDEF or channel == UNDEF or bound == channel


@inlined
def note_gap(books: _Words, channel: int) -> int:
    """Suspect the books whose changes the channel carries; give up snapshots it was carrying."""
    suspected = 0
    books[_GAPS] += 1
    if books[H_RULES] & RULE_SPANS_FRAMES:
        books[H_FRAGMENT] = 1
    for index in range(books[H_USED]):
        book = HEADER_WORDS + index * books[H_STRIDE]
        if _carries(books[book + B_CHANNEL], channel):
            if books[book + B_TX] == TX_APPLY:
                cast_doubt(books, book, DOUBT_CHAIN_BREAK, books[book + B_TX_ID])
                books[_CHAIN_BREAKS] += 1
            set_doubts(books, book, books[book + B_DOUBTS] | DOUBT_GAP)
            books[book + B_DIRTY] = 1
            suspected += 1
        if _carries(books[book + B_SNAP_CHANNEL], channel):
            if books[book + B_SNAP] == SNAP_BUILD:
                books[_ABANDONED] += 1
            if books[book + B_SNAP] != SNAP_NONE:
                books[book + B_SNAP] = SNAP_IGNORE
            books[book + B_NEEDS_CLEAR] = 1
    return suspected


@inlined
def _note_reset(books: _Words, channel: int) -> None:
    """Empty the books whose changes the channel carries: its old numbers mean nothing now."""
    books[_RESETS] += 1
    for index in range(books[H_USED]):
        book = HEADER_WORDS + index * books[H_STRIDE]
        if _carries(books[book + B_CHANNEL], channel):
            _empty(books, book, DOUBT_NO_SNAPSHOT | DOUBT_RESET)
        elif _carries(books[book + B_SNAP_CHANNEL], channel):
            if books[book + B_SNAP] == SNAP_BUILD:
                books[_ABANDONED] += 1
            if books[book + B_SNAP] != SNAP_NONE:
                books[book + B_SNAP] = SNAP_IGNORE
            books[book + B_NEEDS_CLEAR] = 1


@inlined
def apply_control(books: _Words, record: Any) -> None:
    """Follow a record that is about a channel or a definition."""
    kind = int(record["kind"])
    if kind == INSTRUMENT:
        instrument = int(record["instrument"])
        action = int(record["action"])
        if instrument < books[H_BOOKS] and (action == ACTION_CANCEL or action == ACTION_CLEAR):
            _empty(books, HEADER_WORDS + instrument * books[H_STRIDE], DOUBT_NO_SNAPSHOT)
    elif kind == GAP:
        note_gap(books, record["channel"])
    else:
        _note_reset(books, record["channel"])
