"""Kraken's messages, version 1: arrays whose last two elements name channel and pair.

Kraken has replaced it; it is here for captures. A change of both sides may come as two objects in one
message, with the checksum in the last. Source: Kraken, "WebSockets API v1".
"""

from __future__ import annotations

from zerofeed.books.checksums import CHECKSUM_KRAKEN
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import (
    ANY,
    NONE,
    Before,
    Book,
    Check,
    Code,
    Condition,
    Emit,
    Message,
    Price,
    Size,
    Symbol,
    Time,
    Window,
    levels,
)
from zerofeed.codecs.json.shape import Either, Items, Shape, Wanted
from zerofeed.records.instruments import SPOT
from zerofeed.records.kinds import ASK, BID, TRADE

__all__ = ["KRAKEN_V1"]

_ROW: list[Wanted | None] = ["price", "size", "time"]
_BOOK: dict[str, Wanted] = {
    "a": Items("asks", [*_ROW]),
    "b": Items("bids", [*_ROW]),
    "as": Items("all_asks", [*_ROW]),
    "bs": Items("all_bids", [*_ROW]),
    "c": "checksum",
}
_SHAPE = Shape(
    Either(
        {
            "event": "event",
            "pair": "pair",
            "status": "status",
            "channelName": "name",
            "subscription": {"depth": "depth"},
        },
        [
            None,
            Either(_BOOK, Items("trades", [*_ROW, "side"])),
            Either(_BOOK, "third"),
            "fourth",
            "fifth",
        ],
    )
)


def _book(place: str, symbol: str, *, is_snapshot: bool) -> Message:
    """Make the message of a book whose channel and pair stand at these places."""
    bids, asks = ("all_bids", "all_asks") if is_snapshot else ("bids", "asks")
    when: dict[str, Condition] = {place: Before("-", "book")}
    if is_snapshot:
        # Changes have a checksum, snapshots have none; either may lack rows.
        when["checksum"] = NONE
    emits = levels(bids=bids, asks=asks, time=None)
    for emit in emits:
        emit.time = Time(f"{emit.rows}.time", "s")
    return Message(
        "book",
        when=when,
        symbol=Symbol(symbol),
        book=Book(
            is_snapshot=is_snapshot,
            check=None if is_snapshot else Check(CHECKSUM_KRAKEN, "checksum"),
        ),
        emits=emits,
        exponents=((f"{asks}.price", f"{bids}.price"), (f"{asks}.size", f"{bids}.size")),
        window=Window(place, behind="-"),
    )


KRAKEN_V1 = Dialect(
    _SHAPE,
    [
        # A snapshot's keys are its own; a change of both sides has one element more.
        _book("third", "fourth", is_snapshot=True),
        _book("third", "fourth", is_snapshot=False),
        _book("fourth", "fifth", is_snapshot=False),
        Message(
            "trade",
            when={"third": "trade"},
            symbol=Symbol("fourth"),
            emits=[
                Emit(
                    TRADE,
                    rows="trades",
                    time=Time("trades.time", "s"),
                    side=Code("trades.side", {"b": BID, "s": ASK}),
                    price=Price("trades.price"),
                    size=Size("trades.size"),
                )
            ],
            exponents=("trades.price", "trades.size"),
        ),
        Message("heartbeat", when={"event": "heartbeat"}, is_heartbeat=True),
        Message("event", when={"event": ANY}),
        Message("ticker", when={"third": "ticker"}),
        Message("spread", when={"third": "spread"}),
        Message("ohlc", when={"third": Before("-", "ohlc")}),
    ],
    kind=SPOT,
)
"""Kraken spot, WebSocket version 1."""
