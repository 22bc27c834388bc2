"""A dialect says what is impossible in it when it is written, and names its messages."""

from __future__ import annotations

from typing import Any

import pytest

from zerofeed.base.errors import BugError
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import (
    ANY,
    NONE,
    Before,
    Book,
    Code,
    Emit,
    Message,
    Opened,
    Opens,
    Price,
    Symbol,
    SymbolKind,
    Window,
)
from zerofeed.codecs.json.shape import Items, Shape
from zerofeed.records.instruments import OPTION
from zerofeed.records.kinds import TRADE

__all__: list[str] = []


def shape() -> Shape:
    return Shape(
        {
            "e": "event",
            "s": "symbol",
            "p": "price",
            "b": Items("bids", ["price", "size"]),
            "d": Items("data", {"s": "symbol"}),
        }
    )


def test_messages_of_one_name_share_a_slot() -> None:
    dialect = Dialect(
        shape(),
        [Message("a", when={"event": "x"}), Message("b"), Message("a", when={"event": "y"})],
    )
    assert dialect.names == {0: "a", 1: "b"}


def emit(**options: Any) -> Message:
    return Message("m", symbol=Symbol("symbol"), emits=[Emit(TRADE, **options)])


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (emit(price=Price("absent")), "no such field; expected event or symbol"),
        (emit(price=Price("bids.price")), "a column of another list"),
        (emit(rows="absent"), "no such list; expected bids or data"),
        (emit(rows="bids", price=Price("bids.third")), "no such column; expected price or size"),
        (emit(price=Price("bids[0].third")), "no such column"),
        (emit(bid_price=Price("price")), "no such column; expected price or size or trade_id"),
        (
            emit(side=(Code("event", {}), Code("symbol", {}))),
            "side and action have no alternatives",
        ),
        (Message("m", when={"data.symbol": ANY}, each="data"), "a column of another list"),
        (Message("m", when={"bids": NONE}), "a list has rows or none; expected ANY; got NONE"),
        (Message("m", when={"event": Before("..", "x")}), "a mark is one byte"),
        (Message("m", book=Book()), "a book of no instrument"),
        (Message("m", window=Window("price")), "a book of no instrument"),
        (Message("m", each="absent"), "no such list"),
    ],
)
def test_what_has_no_meaning_is_refused(message: Message, complaint: str) -> None:
    with pytest.raises(BugError, match=complaint):
        Dialect(shape(), [message])


def test_names_of_channels_are_codes_and_only_those_that_are_opened() -> None:
    dialect = Dialect(
        shape(),
        [
            Message("a", opens=Opens("book", "event")),
            Message("b", opens=Opens("trades", "price")),
            Message("c", opens=Opens("book", "event")),
        ],
    )
    assert dialect.channels == {"book": 1, "trades": 2}
    assert dialect.channel_words > 0
    assert Dialect(shape(), [Message("a")]).channel_words == 0
    assert Dialect(shape(), [Message("a", sequence="price")]).channel_words > 0


def test_a_channel_that_nothing_opens_is_refused() -> None:
    with pytest.raises(BugError, match=r"no such channel.*expected book"):
        Dialect(
            shape(),
            [
                Message("a", opens=Opens("book", "event")),
                Message("b", when={"price": Opened("trades")}),
            ],
        )


def test_numbers_of_channels_stand_in_one_field() -> None:
    opens = Message("a", opens=Opens("book", "event"))
    two = [Message(name, when={name: Opened("book")}) for name in ("price", "event")]
    with pytest.raises(BugError, match="in one field"):
        Dialect(shape(), [opens, *two])


def test_a_rule_of_symbols_has_ends_of_at_most_eight_bytes() -> None:
    Dialect(shape(), [], kinds=[SymbolKind(OPTION, suffix="-OPTIONS")])
    with pytest.raises(BugError, match="too long for the end of a symbol; expected 8"):
        Dialect(shape(), [], kinds=[SymbolKind(OPTION, suffix="-OPTIONS-")])
