"""A Kraken book that is kept the slow way: texts in dicts, cut to its depth, hashed as documented."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.venues.kraken.vectors import checksum

__all__ = ["SlowBook"]


class SlowBook:
    """Keeps a book as Kraken's guide to its checksum says.

    Args:
        depth: levels a side that were subscribed.
    """

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}

    def apply(self, bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> int:
        """Apply a message; the checksum that comes with it."""
        for side, rows in ((self.bids, bids), (self.asks, asks)):
            for price, size in rows:
                if Decimal(size):
                    side[price] = size
                else:
                    side.pop(price, None)
        self.bids = dict(self._best(self.bids, is_bid=True))
        self.asks = dict(self._best(self.asks, is_bid=False))
        return checksum(list(self.bids.items()), list(self.asks.items()))

    def _best(self, side: dict[str, str], *, is_bid: bool) -> list[tuple[str, str]]:
        rows = sorted(side.items(), key=lambda row: Decimal(row[0]), reverse=is_bid)
        return rows[: self.depth]
