"""Books of single orders for tests, notebooks and replays: the feed's own kernels, a batch at a time.

:class:`L3Books` owns or borrows a store of books and feeds it records; :class:`L3Book` is a view of one of
them. What they show of a book is a copy made at that moment. They belong to the process that writes the
store; others read the published rows (:mod:`zerofeed.records.book_rows`).

    books = L3Books.create(2, orders=1000)
    bbo = books.apply(records)
    books[1].bids["price"][0], books[1].bid_orders[0]
    books.position_of(order_id).orders_ahead
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import BugError, ConfigurationError, LayoutMismatchError
from zerofeed.base.status import OK, describe
from zerofeed.books.l2 import Best
from zerofeed.books.orders import _kernels, _rows_kernels, layout
from zerofeed.records.book_rows import (
    DEFAULT_DEPTH,
    DOUBT_NO_SNAPSHOT,
    PRICE_LEVEL,
    book_row,
    doubt_names,
)
from zerofeed.records.dtypes import RECORD
from zerofeed.records.units import UNDEF

__all__ = ["L3Book", "L3Books", "QueuePosition", "RestingOrder", "zeroed_lines"]

_WORD_BYTES = 8
_LINE_BYTES = 64
_LOW = 0xFFFF_FFFF
_NO_LOG = np.zeros(0, np.int64)


class QueuePosition(NamedTuple):
    """Where an order is in the queue of its price; sizes in the instrument's units."""

    orders_ahead: int
    size_ahead: int
    size: int
    """Of the order itself."""
    level_orders: int
    level_size: int


class RestingOrder(NamedTuple):
    """One order of a queue."""

    order_id: int
    size: int


class L3Book:
    """One book of a store, as it is when asked. Get it by ``books[instrument]``."""

    def __init__(self, words: npt.NDArray[np.int64], instrument: int) -> None:
        self._words = words
        self._at = layout.HEADS_AT + instrument * layout.HEAD_WORDS
        self.instrument = instrument

    def __repr__(self) -> str:
        state = "proven" if self.is_proven else "in doubt: " + ", ".join(self.doubts)
        return f"<L3Book {self.instrument}, {len(self.bids)} bids, {len(self.asks)} asks, {state}>"

    @property
    def bids(self) -> npt.NDArray[Any]:
        """All price levels of the bids as ``PRICE_LEVEL``, best first."""
        return self._levels(0)[0]

    @property
    def asks(self) -> npt.NDArray[Any]:
        """All price levels of the asks as ``PRICE_LEVEL``, best first."""
        return self._levels(1)[0]

    @property
    def bid_orders(self) -> npt.NDArray[np.int64]:
        """How many orders each level of the bids has."""
        return self._levels(0)[1]

    @property
    def ask_orders(self) -> npt.NDArray[np.int64]:
        """How many orders each level of the asks has."""
        return self._levels(1)[1]

    @property
    def doubts(self) -> list[str]:
        """Why the book may be wrong; empty when it is proven."""
        return doubt_names(self._doubts())

    @property
    def is_proven(self) -> bool:
        """True when the book was empty once, as the venue says, and has every change since."""
        return self._doubts() == 0

    @property
    def is_used(self) -> bool:
        """True once there was an order, or the venue said that there is none."""
        return self._word(layout.B_CHANNEL) != 0

    @property
    def change_id(self) -> int:
        """UNDEF: changes of orders have no ids."""
        return UNDEF

    @property
    def ts_event_ns(self) -> int:
        """The venue's time of the last change, Unix ns; 0 before the first."""
        return self._word(layout.B_TS_EVENT_NS)

    def best(self) -> Best:
        """Show the best bid and offer."""
        bids, asks = self.bids, self.asks
        bid = bids[0].item() if len(bids) else (UNDEF, UNDEF)
        ask = asks[0].item() if len(asks) else (UNDEF, UNDEF)
        return Best(*bid, *ask)

    def queue(self, side: str, price: int) -> list[RestingOrder]:
        """List the orders at a price, first in the queue first.

        Args:
            side: ``"bid"`` or ``"ask"``.
            price: in the instrument's units.

        Raises:
            KeyError: the book has no such level.
        """
        words = self._words
        for level in self._level_numbers(["bid", "ask"].index(side)):
            at = int(words[layout.H_LEVELS_AT]) + level * layout.LEVEL_WORDS
            if words[at + layout.L_PRICE] == price:
                return self._orders(int(words[at + layout.L_QUEUE]) >> 32)
        raise KeyError(f"no {side} at {price}")

    def _orders(self, place: int) -> list[RestingOrder]:
        found = []
        while place:
            at = int(self._words[layout.H_ORDERS_AT]) + (place - 1) * layout.ORDER_WORDS
            order_id, size, links = self._words[at : at + 3].tolist()
            found.append(RestingOrder(order_id, size))
            place = links & _LOW
        return found

    def _word(self, offset: int) -> int:
        return int(self._words[self._at + offset])

    def _doubts(self) -> int:
        return self._word(layout.B_DOUBTS) if self.is_used else DOUBT_NO_SNAPSHOT

    def _level_numbers(self, side: int) -> list[int]:
        words = self._words
        found: list[int] = []
        node = self._word(layout.B_TAIL + side * layout.B_SIDE_WORDS)
        while node:
            at = int(words[layout.H_NODES_AT]) + (node - 1) * layout.NODE_WORDS
            first = at + layout.VALUES
            found += words[first : first + int(words[at + layout.N_COUNT])][::-1].tolist()
            node = int(words[at + layout.N_LINKS]) >> 32
        return found

    def _levels(self, side: int) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        numbers = np.array(self._level_numbers(side), np.int64)
        at = self._words[layout.H_LEVELS_AT] + numbers * layout.LEVEL_WORDS
        levels: npt.NDArray[Any] = np.empty(numbers.size, dtype=PRICE_LEVEL)
        levels["price"] = self._words[at + layout.L_PRICE]
        levels["size"] = self._words[at + layout.L_SIZE]
        return levels, self._words[at + layout.L_COUNT]


class L3Books:
    """A store of books of orders, one per instrument. Single writer.

    Args:
        words: int64 array with a store in it; kept, not copied.

    Raises:
        LayoutMismatchError: the array holds no store, or one of another layout.
    """

    def __init__(self, words: npt.NDArray[np.int64]) -> None:
        found = int(words[layout.H_LAYOUT]) if words.size >= layout.HEADER_WORDS else 0
        if found != layout.LAYOUT:
            raise LayoutMismatchError(
                "this memory holds no store of books of orders that this version can use",
                expected=f"layout {layout.LAYOUT:#x}",
                got=f"{found:#x}",
                next_step="make a new one with L3Books.create",
            )
        self.words = words

    @classmethod
    def create(
        cls,
        count: int,
        *,
        orders: int = layout.DEFAULT_ORDERS,
        depth: int = DEFAULT_DEPTH,
        rules: int = 0,
        words: npt.NDArray[np.int64] | None = None,
    ) -> L3Books:
        """Make an empty store.

        Args:
            count: number of books; the instrument of a record is its index, and 0 is none.
            orders: that may rest at once, in all books together.
            depth: levels a side that are published.
            rules: ``layout.RULE_...`` bits of the venue.
            words: zeroed int64 memory to make it in; by default, new memory of this process.

        Raises:
            ConfigurationError: a number is out of range, or the memory is too small.
        """
        is_possible = 0 <= count <= layout.MOST_BOOKS and 0 < orders <= layout.MOST_ORDERS
        if words is None and is_possible:
            words = zeroed_lines(layout.store_words(count, orders))
        if words is None or _kernels.initialize(words, count, orders, rules, depth) != OK:
            raise ConfigurationError(
                "a store of books of orders cannot be made like this",
                expected=f"count >= 0, 1 <= orders <= {layout.MOST_ORDERS}, depth >= 1, enough memory",
                got=f"count {count}, orders {orders}, depth {depth}, "
                f"{0 if words is None else words.size} words",
            )
        return cls(words)

    def __len__(self) -> int:
        return int(self.words[layout.H_BOOKS])

    def __getitem__(self, instrument: int) -> L3Book:
        if not 0 <= instrument < len(self):
            raise IndexError(f"instrument {instrument} of a store of {len(self)} books")
        return L3Book(self.words, instrument)

    @property
    def live_orders(self) -> int:
        """Orders that rest now, in all books."""
        return int(self.words[layout.H_LIVE])

    def apply(self, records: npt.NDArray[Any], channel: int = 0) -> npt.NDArray[Any]:
        """Apply a batch of records.

        Args:
            records: RECORD array, C-contiguous and writable. What order records lack is filled in, and
                MAYBE_BAD_BOOK set where a book is in doubt.
            channel: that they came by.

        Returns:
            A new array of the BBO records that came of it, ``seq`` 0.

        Raises:
            BugError: the kernel refused the call.
        """
        room = np.zeros(2 * len(records), dtype=RECORD)
        room[: len(records)] = records
        written = _kernels.take_batch(
            self.words,
            _NO_LOG,
            room.view(np.int64),
            0,
            len(records),
            len(records),
            len(room),
            channel,
        )
        if written < 0:
            raise BugError(
                "the kernel of the books of orders refused a batch", got=describe(written)
            )
        records[:] = room[: len(records)]
        return room[len(records) : len(records) + written]

    def suspect(self, channel: int = UNDEF) -> int:
        """Note that something of a channel is missing; returns how many books that concerns."""
        return _kernels.suspect(self.words, _NO_LOG, channel)

    def position_of(self, order_id: int, instrument: int = 0) -> QueuePosition:
        """Say what has to trade before an order does.

        Args:
            order_id: the venue's number.
            instrument: of the order, where numbers are an instrument's own.

        Raises:
            KeyError: no such order rests.
        """
        ahead = np.zeros(5, np.int64)
        if _kernels.queue_position(self.words, order_id, instrument, ahead) != OK:
            raise KeyError(f"no order {order_id}")
        return QueuePosition(*ahead.tolist())

    def doubts(self, instrument: int) -> int:
        """Show why a book is in doubt, as ``DOUBT_...`` bits; 0 when it is proven.

        Raises:
            IndexError: there is no such book.
        """
        return self[instrument]._doubts()  # noqa: SLF001 - its own view

    def next_doubtful(self, from_index: int = 0) -> int:
        """Find the first book in doubt, of those with orders so far, from an instrument on; or -1."""
        return _kernels.next_doubtful(self.words, from_index)

    def table(self, record_seq: int = 0) -> npt.NDArray[Any]:
        """Make a table of published rows of all books.

        Args:
            record_seq: sequence number to write into the rows.

        Returns:
            A new array of ``book_row`` with the store's depth.
        """
        rows = np.zeros(len(self), dtype=book_row(int(self.words[layout.H_DEPTH])))
        for instrument in range(len(self)):
            _rows_kernels.publish_book(self.words, rows.view(np.int64), instrument, record_seq)
        return rows

    def counters(self) -> dict[str, int]:
        """Show what happened since the store was made, by the names of ``layout.COUNTERS``."""
        counted = {name: int(self.words[word]) for name, word in layout.COUNTERS.items()}
        return {"changes": int(self.words[layout.H_CHANGES]), **counted}


def zeroed_lines(count: int) -> npt.NDArray[np.int64]:
    """Make zeroed int64 words that begin with a cache line, so that an order is in one.

    Args:
        count: words.
    """
    room = np.zeros(count + _LINE_BYTES // _WORD_BYTES, np.int64)
    skip = -room.ctypes.data % _LINE_BYTES // _WORD_BYTES
    return room[skip : skip + count]
