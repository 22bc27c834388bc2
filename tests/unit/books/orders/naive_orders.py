"""Books of orders as lists and dictionaries: slow, and readable enough to be believed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zerofeed.records import kinds
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.units import UNDEF

__all__ = ["NaiveOrders", "order_record", "records_of"]


@dataclass
class _Order:
    order_id: int
    instrument: int
    side: str
    price: int
    size: int


@dataclass
class NaiveOrders:
    """Every book of one channel.

    Attributes:
        queues: orders first to last, by instrument, side and price.
        orders: by number, or by instrument and number.
    """

    increase_loses: bool = False
    is_by_instrument: bool = False
    queues: dict[tuple[int, str, int], list[_Order]] = field(default_factory=dict)
    orders: dict[Any, _Order] = field(default_factory=dict)
    replaced: _Order | None = None
    counts: dict[str, int] = field(default_factory=dict)

    def _key(self, order_id: int, instrument: int) -> Any:
        return (instrument, order_id) if self.is_by_instrument else order_id

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def _leave(self, order: _Order) -> None:
        queue = self.queues[order.instrument, order.side, order.price]
        queue.remove(order)
        if not queue:
            del self.queues[order.instrument, order.side, order.price]
        del self.orders[self._key(order.order_id, order.instrument)]

    def _enter(self, order: _Order) -> None:
        self.queues.setdefault((order.instrument, order.side, order.price), []).append(order)
        self.orders[self._key(order.order_id, order.instrument)] = order

    def clear(self, instrument: int) -> None:
        """Let the orders of a book leave; 0 is all books."""
        for order in list(self.orders.values()):
            if instrument in (0, order.instrument):
                self._leave(order)

    def _add(self, instrument, side, order_id, price, size, found) -> None:
        if side == "N" and self.replaced is not None:
            side = self.replaced.side
            instrument = instrument or self.replaced.instrument
        self.replaced = None
        if instrument == 0:
            self._count("unknown_instruments")
        elif side == "N":
            self._count("unknown_orders")
        elif size <= 0 or price == UNDEF:
            self._count("malformed_orders")
        else:
            if found is not None:
                self._count("duplicate_orders")
                self._leave(found)
            self._enter(_Order(order_id, instrument, side, price, size))

    def change(self, instrument, action, side, order_id, price, size, is_last=True) -> None:
        """Apply one record."""
        found = self.orders.get(self._key(order_id, instrument))
        if action == "R":
            self.clear(instrument)
            return
        if action == "A":
            self._add(instrument, side, order_id, price, size, found)
            return
        if found is None or instrument not in (0, found.instrument):
            self._count("unknown_orders")
            self.replaced = None
            return
        if action == "M":
            size = found.size if size == UNDEF else size
            price = found.price if price == UNDEF else price
            loses = price != found.price or (self.increase_loses and size > found.size)
            if loses or size <= 0:
                self._leave(found)
                if size > 0:
                    self._enter(_Order(order_id, found.instrument, found.side, price, size))
            else:
                found.size = size
            return
        size = found.size if size == UNDEF else size
        if size > found.size:
            self._count("overfilled_orders")
        found.size -= min(size, found.size)
        if found.size == 0:
            self._leave(found)
        if action == "C" and not is_last:
            self.replaced = found

    def levels(self, instrument: int, side: str) -> list[tuple[int, int, int]]:
        """Price, size and number of orders of a side's levels, best first."""
        found = [
            (price, sum(order.size for order in queue), len(queue))
            for (row, of, price), queue in self.queues.items()
            if row == instrument and of == side
        ]
        return sorted(found, reverse=side == "B")

    def best(self, instrument: int) -> tuple[int, int, int, int]:
        """The best bid and offer, as a BBO record has them."""
        bid, ask = (self.levels(instrument, side)[:1] for side in "BA")
        bid_words = bid[0][:2] if bid else (UNDEF, UNDEF)
        return (*bid_words, *(ask[0][:2] if ask else (UNDEF, UNDEF)))

    def ahead(self, order_id: int, instrument: int = 0) -> tuple[int, int]:
        """Orders and size in front of an order."""
        order = self.orders[self._key(order_id, instrument)]
        queue = self.queues[order.instrument, order.side, order.price]
        before = queue[: queue.index(order)]
        return len(before), sum(each.size for each in before)


def order_record(
    instrument, action, side="N", order_id=0, price=UNDEF, size=UNDEF, is_last=True,
    is_snapshot=False, priority=UNDEF,
):  # fmt: skip
    """One ORDER record as a tuple of words."""
    flags = (LAST if is_last else 0) | (SNAPSHOT if is_snapshot else 0)
    return (instrument, action, side, flags, price, size, order_id, priority)


def records_of(rows: list[Any]) -> np.ndarray:
    """Make records of what :func:`order_record` made."""
    records = np.zeros(len(rows), RECORD)
    for record, (instrument, action, side, flags, price, size, order_id, priority) in zip(
        records, rows, strict=True
    ):
        record["kind"] = kinds.ORDER
        record["instrument"] = instrument
        record["action"] = ord(action)
        record["side"] = ord(side)
        record["flags"] = flags
        record["price"], record["size"] = price, size
        record["order_id"], record["priority"] = order_id, priority
        record["ts_event_ns"] = 7
    return records
