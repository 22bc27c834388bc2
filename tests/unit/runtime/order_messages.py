"""A market of a few stocks as messages of ITCH or PITCH, beside books that are lists and dictionaries."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from tests.unit.books.orders.naive_orders import NaiveOrders
from zerofeed.codecs.framing import mold
from zerofeed.codecs.itch.encoder import encode_message as itch
from zerofeed.codecs.pitch.encoder import encode_message as pitch
from zerofeed.codecs.pitch.encoder import encode_unit

__all__ = ["OrderFlow"]

STOCKS = 6
KEEPS = 0x02
"""Bit of a modification that keeps its priority."""


class OrderFlow:
    """Random messages that make sense.

    Attributes:
        naive: the books after the latest message.
        orders: messages made so far that changed an order.
        moves: changes of a best bid or offer so far: stock, best bid and offer.
    """

    def __init__(self, protocol: str, seed: int) -> None:
        self._draw = random.Random(seed)
        self._itch = protocol.startswith("itch")
        self.naive = NaiveOrders()
        self.orders = 0
        self.moves: list[tuple[int, tuple[int, ...]]] = []
        self._number = 1000
        self._time_ns = 36_000_000_000_000

    def message(self) -> bytes:
        """Make one message."""
        draw, naive = self._draw, self.naive
        self._time_ns += draw.randrange(1000)
        kind = draw.choice("AAAAAXXDDEEUUUPC")
        order = draw.choice(list(naive.orders.values())) if naive.orders else None
        if order is None or len(naive.orders) < 20:
            kind = "A"
        stock = draw.randrange(1, STOCKS + 1) if kind in "AP" else order.instrument
        before = naive.best(stock)
        self.orders += kind != "P"
        message = (
            self._itch_message(kind, stock, order)
            if self._itch
            else self._pitch_message(kind, stock, order)
        )
        if naive.best(stock) != before:
            self.moves.append((stock, naive.best(stock)))
        return message

    def packets(self, count: int, first: int = 1) -> list[bytes]:
        """Make packets of some messages each, numbered from ``first`` on."""
        made, seq = [], first
        for _ in range(count):
            messages = [self.message() for _ in range(self._draw.randrange(1, 6))]
            if self._itch:
                made.append(mold.encode_packet("A", seq, messages))
            else:
                made.append(encode_unit(seq, messages))
            seq += len(messages)
        return made

    def _new(self) -> tuple[int, str, int, int]:
        self._number += self._draw.randrange(1, 4)
        side = self._draw.choice("BA")
        price = 1_000_000 + (self._draw.randrange(1, 12) * 100) * (1 if side == "A" else -1)
        return self._number, side, price, self._draw.randrange(1, 9) * 100

    def _itch_message(self, kind: str, stock: int, order: Any) -> bytes:
        head = {"timestamp_ns": self._time_ns, "stock_locate": stock}
        number, side, price, size = self._new()
        name = f"S{stock}"
        if kind == "P":
            return itch(
                "P", **head, order_reference_number=0, buy_sell_indicator="B", shares=size,
                stock=name, price=price, match_number=number,
            )  # fmt: skip
        if kind == "A":
            self.naive.change(stock, "A", side, number, price, size)
            return itch(
                "A", **head, order_reference_number=number, shares=size, stock=name, price=price,
                buy_sell_indicator="B" if side == "B" else "S",
            )  # fmt: skip
        part = self._draw.choice([order.size, max(1, order.size // 2)])
        if kind == "U":
            self.naive.change(stock, "C", "N", order.order_id, _NONE, _NONE, is_last=False)
            self.naive.change(stock, "A", "N", number, price, size)
            return itch(
                "U", **head, original_order_reference_number=order.order_id,
                new_order_reference_number=number, shares=size, price=price,
            )  # fmt: skip
        reference = order.order_id
        if kind == "D":
            self.naive.change(stock, "C", "N", reference, _NONE, _NONE)
            return itch("D", **head, order_reference_number=reference)
        self.naive.change(stock, "F" if kind in "EC" else "C", "N", reference, _NONE, part)
        if kind == "X":
            return itch("X", **head, order_reference_number=reference, cancelled_shares=part)
        values = {
            "order_reference_number": reference,
            "executed_shares": part,
            "match_number": number,
        }
        if kind == "E":
            return itch("E", **head, **values)
        return itch("C", **head, **values, printable="Y", execution_price=price)

    def _pitch_message(self, kind: str, stock: int, order: Any) -> bytes:
        number, side, price, size = self._new()
        name, offset = f"S{stock}", {"time_offset_ns": self._time_ns % 10**9}
        if kind == "P":
            return pitch(
                "trade_long", **offset, order_id=0, side="B", quantity=size, symbol=name,
                price=price, execution_id=number,
            )  # fmt: skip
        if kind == "A":
            self.naive.change(stock, "A", side, number, price, size)
            return pitch(
                "add_order_long", **offset, order_id=number, quantity=size, symbol=name,
                side="B" if side == "B" else "S", price=price, add_flags=0,
            )  # fmt: skip
        reference = {"order_id": order.order_id}
        part = self._draw.choice([order.size, max(1, order.size // 2)])
        if kind == "U":
            keeps = self._draw.random() < 0.5
            if keeps:
                self.naive.change(0, "M", "N", order.order_id, order.price, size)
                price = order.price
            else:
                self.naive.change(0, "C", "N", order.order_id, _NONE, _NONE, is_last=False)
                self.naive.change(0, "A", "N", order.order_id, price, size)
            return pitch(
                "modify_order_long", **offset, **reference, quantity=size, price=price,
                modify_flags=KEEPS if keeps else 0,
            )  # fmt: skip
        if kind == "D":
            self.naive.change(0, "C", "N", order.order_id, _NONE, _NONE)
            return pitch("delete_order", **offset, **reference)
        if kind == "X":
            self.naive.change(0, "C", "N", order.order_id, _NONE, part)
            return pitch("reduce_size_long", **offset, **reference, cancelled_quantity=part)
        if kind == "E":
            self.naive.change(0, "F", "N", order.order_id, _NONE, part)
            return pitch(
                "order_executed", **offset, **reference, executed_quantity=part, execution_id=number
            )
        left = (order.size - part) // 2
        self.naive.change(0, "F", "N", order.order_id, _NONE, part if left else _NONE)
        if left:
            self.naive.change(0, "M", "N", order.order_id, _NONE, left)
        return pitch(
            "order_executed_at_price_size", **offset, **reference, executed_quantity=part,
            remaining_quantity=left, execution_id=number, price=price,
        )  # fmt: skip


_NONE = int(np.iinfo(np.int64).min)
