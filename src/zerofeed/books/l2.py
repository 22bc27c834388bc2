"""Price-level books for tests, notebooks and replays: the feed's own kernels, a batch at a time.

:class:`L2Books` owns or borrows a store of books and feeds it records; :class:`L2Book` is a
view of one of them. What they show of a book is a copy made at that moment. They belong to the
process that writes the store; others read the published rows (:mod:`zerofeed.records.book_rows`).

    books = L2Books.create(1)
    bbo = books.apply(records)
    books[0].best().bid_price
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import BugError, ConfigurationError, LayoutMismatchError
from zerofeed.base.status import MALFORMED, OK, describe
from zerofeed.books import _checksum_kernels, _kernels, _rows_kernels, layout
from zerofeed.records.book_rows import PRICE_LEVEL, book_row
from zerofeed.records.dtypes import RECORD
from zerofeed.records.units import UNDEF

__all__ = ["Best", "L2Book", "L2Books"]


class Best(NamedTuple):
    """Best bid and offer in the instrument's units; UNDEF where a side is empty."""

    bid_price: int
    bid_size: int
    ask_price: int
    ask_size: int


class L2Book:
    """One book of a store, as it is when asked. Get it by ``books[instrument]``."""

    def __init__(self, words: npt.NDArray[np.int64], instrument: int) -> None:
        self._words = words
        self._at = layout.HEADER_WORDS + instrument * int(words[layout.H_STRIDE])
        self.instrument = instrument

    def __repr__(self) -> str:
        state = "proven" if self.is_proven else "in doubt: " + ", ".join(self.doubts)
        return f"<L2Book {self.instrument}, {len(self.bids)} bids, {len(self.asks)} asks, {state}>"

    @property
    def bids(self) -> npt.NDArray[Any]:
        """All bids as ``PRICE_LEVEL``, best first."""
        return self._levels(0)

    @property
    def asks(self) -> npt.NDArray[Any]:
        """All asks as ``PRICE_LEVEL``, best first."""
        return self._levels(1)

    @property
    def doubts(self) -> list[str]:
        """Why the book may be wrong, as named in ``layout.DOUBT_NAMES``; empty when it is proven."""
        return layout.doubt_names(self.word(layout.B_DOUBTS))

    @property
    def is_proven(self) -> bool:
        """True when the book is a whole snapshot and every change since."""
        return self.word(layout.B_DOUBTS) == 0

    @property
    def is_used(self) -> bool:
        """True once the book was told of anything."""
        return self.change_id != UNDEF or self.best() != (UNDEF,) * 4

    @property
    def is_in_snapshot(self) -> bool:
        """True while a snapshot is being received, of whatever use it is."""
        return self.word(layout.B_SNAP) != layout.SNAP_NONE

    @property
    def is_truncated(self) -> bool:
        """True when levels had to be thrown away and a side is no longer whole."""
        horizon = self._at + layout.B_HORIZON
        return bool((self._words[horizon : horizon + 2] != UNDEF).any())

    @property
    def change_id(self) -> int:
        """The venue's id of the last transaction; UNDEF when there was none."""
        return self.word(layout.B_CHANGE_ID)

    @property
    def ts_event_ns(self) -> int:
        """The venue's time of the last transaction, Unix ns; 0 before the first."""
        return self.word(layout.B_TS_EVENT_NS)

    def best(self) -> Best:
        """Show the best bid and offer."""
        bids, asks = self.bids, self.asks
        bid = bids[0].item() if len(bids) else (UNDEF, UNDEF)
        ask = asks[0].item() if len(asks) else (UNDEF, UNDEF)
        return Best(*bid, *ask)

    def word(self, offset: int) -> int:
        """Read one word of the book's head.

        Args:
            offset: ``layout.B_...``.
        """
        return int(self._words[self._at + offset])

    def _levels(self, side: int) -> npt.NDArray[Any]:
        capacity = int(self._words[layout.H_CAPACITY])
        count = self.word(layout.B_BIDS + side)
        prices = self.word(layout.B_LEVELS) + 3 * side * capacity
        sizes = prices + capacity
        levels: npt.NDArray[Any] = np.empty(count, dtype=PRICE_LEVEL)
        levels["price"] = self._words[prices : prices + count][::-1]
        levels["size"] = self._words[sizes : sizes + count][::-1]
        alive: npt.NDArray[Any] = levels[levels["size"] != 0]
        return alive


class L2Books:
    """A store of books, one per instrument. Single writer.

    Args:
        words: int64 array with a store in it; kept, not copied.

    Raises:
        LayoutMismatchError: the array holds no store, or one of another layout.
    """

    def __init__(self, words: npt.NDArray[np.int64]) -> None:
        found = int(words[layout.H_LAYOUT]) if words.size >= layout.HEADER_WORDS else 0
        if found != layout.LAYOUT:
            raise LayoutMismatchError(
                "this memory holds no store of books that this version can use",
                expected=f"layout {layout.LAYOUT:#x}",
                got=f"{found:#x}",
                next_step="make a new one with L2Books.create",
            )
        self.words = words

    @classmethod
    def create(
        cls,
        count: int,
        *,
        capacity: int = layout.DEFAULT_CAPACITY,
        depth: int = layout.DEFAULT_DEPTH,
        rules: int = 0,
        words: npt.NDArray[np.int64] | None = None,
    ) -> L2Books:
        """Make an empty store.

        Args:
            count: number of books; the instrument of a record is its index.
            capacity: levels per side, a positive multiple of 8.
            depth: levels per side that are published, at most ``capacity``.
            rules: ``layout.RULE_...`` bits of the venue.
            words: int64 memory to make it in; by default, new memory of this process.

        Raises:
            ConfigurationError: a number is out of range, or the memory is too small.
        """
        if words is None and count >= 0 and capacity > 0 and capacity % 8 == 0:
            words = np.zeros(layout.store_words(count, capacity), dtype=np.int64)
        if words is None or _kernels.initialize(words, count, capacity, rules, depth) != OK:
            raise ConfigurationError(
                "a store of books cannot be made like this",
                expected="count >= 0, capacity a multiple of 8, 1 <= depth <= capacity, enough memory",
                got=f"count {count}, capacity {capacity}, depth {depth}, "
                f"{0 if words is None else words.size} words",
            )
        return cls(words)

    def __len__(self) -> int:
        return int(self.words[layout.H_BOOKS])

    def __getitem__(self, instrument: int) -> L2Book:
        if not 0 <= instrument < len(self):
            raise IndexError(f"instrument {instrument} of a store of {len(self)} books")
        return L2Book(self.words, instrument)

    def apply(self, records: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Apply a batch of records.

        Args:
            records: RECORD array; MAYBE_BAD_BOOK may be set in the flags of its LEVEL records.

        Returns:
            A new array of the BBO records that came of it, ``seq`` 0.

        Raises:
            BugError: the kernel refused the call.
        """
        room = np.zeros(2 * len(records), dtype=RECORD)
        room[: len(records)] = records
        written = _kernels.apply(self.words, room, 0, len(records), len(records), len(room))
        if written < 0:
            raise BugError("the book kernel refused a batch", got=describe(written))
        records["flags"] = room["flags"][: len(records)]
        return room[len(records) : len(records) + written]

    def recover(self) -> int:
        """Empty the books that a killed worker left half changed; returns how many."""
        return _kernels.recover(self.words)

    def suspect(self, channel: int = UNDEF) -> int:
        """Note that something of a channel is missing; returns how many books that concerns."""
        return _kernels.suspect(self.words, channel)

    def bind_channels(
        self, instrument: int, *, channel: int = UNDEF, snapshot_channel: int = UNDEF
    ) -> None:
        """Say on which channels a book's changes and snapshots come; UNDEF for any.

        Raises:
            IndexError: there is no such book.
        """
        if _kernels.bind_channels(self.words, instrument, channel, snapshot_channel) != OK:
            raise IndexError(f"instrument {instrument} of a store of {len(self)} books")

    def set_window(self, instrument: int, levels: int) -> None:
        """Cut a book to its best levels after each transaction, where a venue tells of no more.

        Args:
            instrument: the book.
            levels: levels a side, fewer than the capacity; 0 keeps all.

        Raises:
            ConfigurationError: there is no such book, or no room for such a window.
        """
        if _kernels.set_window(self.words, instrument, levels) != OK:
            raise ConfigurationError(
                "a book cannot have this window",
                expected=f"0 <= instrument < {len(self)}, "
                f"0 <= levels < {int(self.words[layout.H_CAPACITY])}",
                got=f"instrument {instrument}, {levels} levels",
            )

    def checksum(
        self, instrument: int, rule: int, *, price_exponent: int, size_exponent: int
    ) -> int:
        """Compute the checksum that the venue would send for a book as it is now.

        Args:
            instrument: the book.
            rule: ``CHECKSUM_...`` of :mod:`zerofeed.books.checksums`.
            price_exponent: power of ten of the prices.
            size_exponent: power of ten of the sizes.

        Raises:
            BugError: there is no such book or rule, or an exponent is out of range.
        """
        found = _checksum_kernels.checksum(
            self.words, instrument, rule, price_exponent, size_exponent
        )
        if found == UNDEF:
            raise BugError(
                "no checksum is defined for this",
                got=f"instrument {instrument}, rule {rule}, "
                f"exponents {price_exponent} and {size_exponent}",
            )
        return found

    def check(
        self, instrument: int, rule: int, expected: int, *, price_exponent: int, size_exponent: int
    ) -> int:
        """Compare a book with the checksum that the venue sent; one that differs comes into doubt.

        Args:
            instrument: the book.
            rule: ``CHECKSUM_...`` of :mod:`zerofeed.books.checksums`.
            expected: what the venue sent; UNDEF for nothing.
            price_exponent: power of ten of the prices.
            size_exponent: power of ten of the sizes.

        Returns:
            OK, MISMATCH, or NOT_READY when nothing was compared.

        Raises:
            BugError: there is no such book or rule, or an exponent is out of range.
        """
        status = _checksum_kernels.check(
            self.words, instrument, rule, expected, price_exponent, size_exponent
        )
        if status == MALFORMED:
            raise BugError(
                "a checksum cannot be compared like this",
                got=f"instrument {instrument}, rule {rule}, "
                f"exponents {price_exponent} and {size_exponent}",
            )
        return status

    @property
    def doubt_moves(self) -> int:
        """A number that changes whenever the doubts of any book do."""
        return int(self.words[layout.H_DOUBT_MOVES])

    def doubts(self, instrument: int) -> int:
        """Show why a book is in doubt, as ``layout.DOUBT_...`` bits; 0 when it is proven.

        Raises:
            IndexError: there is no such book.
        """
        return self[instrument].word(layout.B_DOUBTS)

    def next_doubtful(self, from_index: int = 0) -> int:
        """Find the first book in doubt from an instrument on; -1 when there is none.

        Books that were never given a record are passed over. While :attr:`doubt_moves` stands still
        the answers do, too.
        """
        return _kernels.next_doubtful(self.words, from_index)

    def table(self, record_seq: int = 0) -> npt.NDArray[Any]:
        """Make a table of published rows of all books.

        Args:
            record_seq: sequence number to write into the rows.

        Returns:
            A new array of ``rows.book_row`` with the store's depth.
        """
        rows = np.zeros(len(self), dtype=book_row(int(self.words[layout.H_DEPTH])))
        for instrument in range(len(self)):
            _rows_kernels.publish_book(self.words, rows.view(np.int64), instrument, record_seq)
        return rows

    def counters(self) -> dict[str, int]:
        """Show what happened since the store was made, by the names of ``layout.COUNTERS``."""
        return {name: int(self.words[word]) for name, word in layout.COUNTERS.items()}
