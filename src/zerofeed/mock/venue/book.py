"""The book of one symbol in plain Python: slow, readable, and in the venue's own text.

It is what the mock answers snapshots from, and the independent oracle that a feed's books are
compared with. A price is found by its value, so ``1.50`` and ``1.5`` are one level, and is shown
as the text that the venue sent last, because checksums are taken over that text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple

__all__ = ["Book", "BookChange", "Row", "SideName", "rows_of"]

SideName = Literal["bids", "asks"]


class Row(NamedTuple):
    """One price level.

    Attributes:
        price: as sent.
        size: as sent, absolute; a size of zero removes the level.
        more: what else the venue says of a level (count of orders, id), as sent.
    """

    price: str
    size: str
    more: tuple[str, ...] = ()


class BookChange(NamedTuple):
    """What one message does to a book.

    Attributes:
        symbol: whose.
        bids: rows with absolute sizes.
        asks: the same.
        is_snapshot: the rows replace the book.
        last: the venue's number after this change; 0 where it has none.
        previous: the number that it follows; None where the venue does not say.
        ts_ms: the venue's time.
    """

    symbol: str
    bids: tuple[Row, ...] = ()
    asks: tuple[Row, ...] = ()
    is_snapshot: bool = False
    last: int = 0
    previous: int | None = None
    ts_ms: int = 0


@dataclass(slots=True)
class Book:
    """Both sides of one symbol.

    Attributes:
        symbol: as the venue writes it.
        last: the venue's number of the last change applied.
        ts_ms: its time.
        gaps: changes that did not follow the one before, by the venue's own numbers.
    """

    symbol: str
    last: int = 0
    ts_ms: int = 0
    gaps: int = 0
    _bids: dict[Decimal, Row] = field(default_factory=dict)
    _asks: dict[Decimal, Row] = field(default_factory=dict)

    def apply(self, change: BookChange) -> bool:
        """Apply a change, unless the book is already past it.

        Args:
            change: a message's rows and numbers.

        Returns:
            False for a change that is as old as the book or older, which changed nothing.
        """
        if change.is_snapshot:
            self._bids.clear()
            self._asks.clear()
        elif change.last and change.last <= self.last:
            return False
        elif change.previous is not None and change.previous > self.last:
            self.gaps += 1
        for side, rows in ((self._bids, change.bids), (self._asks, change.asks)):
            for row in rows:
                _put(side, row)
        self.last = change.last
        self.ts_ms = change.ts_ms
        return True

    def put(self, side: SideName, row: Row) -> None:
        """Set one level, or remove it with a size of zero."""
        _put(self._side(side), row)

    def row(self, side: SideName, price: str) -> Row | None:
        """The level at a price, if there is one."""
        return self._side(side).get(Decimal(price))

    def top(self, side: SideName, count: int | None = None) -> list[Row]:
        """The best levels of a side, best first.

        Args:
            side: which.
            count: how many at most; all without it.

        Returns:
            Rows in the order of their price.
        """
        rows = self._side(side)
        prices = sorted(rows, reverse=side == "bids")
        return [rows[price] for price in prices[:count]]

    def truncate(self, depth: int) -> None:
        """Forget what is deeper than ``depth`` levels, as clients of some venues must."""
        for name in ("bids", "asks"):
            side = self._side(name)
            if len(side) > depth:
                for price in sorted(side, reverse=name == "bids")[depth:]:
                    del side[price]

    def count(self, side: SideName) -> int:
        """How many levels a side has."""
        return len(self._side(side))

    def is_crossed(self) -> bool:
        """Whether somebody bids at or above the best ask."""
        return bool(self._bids and self._asks) and max(self._bids) >= min(self._asks)

    def values(self) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
        """Bids and asks as price to size, for a comparison that ignores how they are written."""
        bids, asks = (
            {price: Decimal(row.size) for price, row in side.items()}
            for side in (self._bids, self._asks)
        )
        return bids, asks

    def copy(self) -> Book:
        """A book of its own with the same content."""
        return Book(self.symbol, self.last, self.ts_ms, self.gaps, {**self._bids}, {**self._asks})

    def _side(self, name: str) -> dict[Decimal, Row]:
        return self._bids if name == "bids" else self._asks


def rows_of(levels: Iterable[Sequence[str]]) -> tuple[Row, ...]:
    """Rows of ``[price, size, ...]`` as most venues write them."""
    return tuple(Row(level[0], level[1], tuple(level[2:])) for level in levels)


def _put(side: dict[Decimal, Row], row: Row) -> None:
    price = Decimal(row.price)
    if Decimal(row.size) == 0:
        side.pop(price, None)
    else:
        side[price] = row
