"""Counts the books that a feed of a venue was asked for.

Books begin in doubt, and are proven one by one as their snapshots come: at the start of a feed, and again when its
connections were lost. Read from the published books, by any thread of the supervisor; the worker is not asked.
"""

from __future__ import annotations

import msgspec
import numpy as np

from zerofeed.feed.instruments import symbol_of
from zerofeed.records.book_rows import DOUBT_NAMES, DOUBT_NO_SNAPSHOT, book_row
from zerofeed.runtime.book_progress import BookProgress
from zerofeed.runtime.config import FeedConfig
from zerofeed.runtime.stage import Stage
from zerofeed.runtime.venue_config import connections_of

__all__ = ["BookCount"]

_DOUBTS = sum(DOUBT_NAMES)
_MOST_NAMED = 64
"""Books of which those that are not proven are told by name."""


class BookCount:
    """Counts the books of one feed.

    Args:
        config: of the feed.
        stage: its books and instruments.
    """

    def __init__(self, config: FeedConfig, stage: Stage) -> None:
        self._stage = stage
        venue = config.venue
        connections = [] if venue is None else connections_of(msgspec.to_builtins(venue))
        self._symbols = tuple(
            dict.fromkeys(symbol for each in connections for symbol in each.books)
        )

    def look(self) -> BookProgress:
        """Count."""
        expected = len(self._symbols)
        if expected == 0:
            return BookProgress(0, 0, 0, 0)
        rows = self._stage.memory.book_words.view(book_row(self._stage.book_depth))
        is_there = rows["version"] > 0
        doubts = np.where(is_there, rows["flags"] & _DOUBTS, DOUBT_NO_SNAPSHOT)
        is_proven = is_there & (doubts == 0)
        proven = min(expected, int(is_proven.sum()))
        other = int((is_there & (doubts != 0) & (doubts & DOUBT_NO_SNAPSHOT == 0)).sum())
        in_doubt = min(expected - proven, other)
        late: tuple[str, ...] = ()
        if proven < expected <= _MOST_NAMED:
            words = self._stage.words
            told = {symbol_of(words, int(row)) for row in np.flatnonzero(is_proven)}
            late = tuple(symbol for symbol in self._symbols if symbol not in told)
        return BookProgress(expected, proven, expected - proven - in_doubt, in_doubt, late)
