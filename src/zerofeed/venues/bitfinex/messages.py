"""Bitfinex's messages: arrays on channels that it numbers on each connection.

Sources: docs.bitfinex.com, "WebSocket general", "Books", "Trades", "Ticker", "Derivatives status",
"Liquidations", "Configuration flags", "WS Books checksum".

* A subscription is answered with the number of its channel, and from then on only the number is sent. So a
  capture that does not begin with its connection says nothing.
* What a channel says is one row, ``[5,[65000.1,2,0.5]]``, or all that there is at first, an array of
  rows. Behind it stands a number of the connection's messages, if asked for: one that is missing puts the
  books of its connection in doubt.
* A level has a count of orders, and 0 removes it; the sign of its amount is its side. A book is told one
  level at a time, so between two messages it may be crossed; the checksum that follows proves it.
* Every trade comes twice: at once (``te``), and again when it is settled (``tu``), with the same id and the
  same numbers. The first is taken: it is the earlier by a second or two, and says all that there is to say. The
  trades of before the subscription are not published.
* The sizes of a ticker are sums over 25 levels, so its quote has none.
* A liquidation is told when it begins and when it is executed; the execution is taken, as only that has a price.
"""

from __future__ import annotations

from zerofeed.books.checksums import CHECKSUM_BITFINEX
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import (
    ANY,
    OF_CHANNEL,
    Begins,
    Book,
    Check,
    Condition,
    Emit,
    Message,
    Opened,
    Opens,
    Price,
    Rate,
    SideOfSign,
    Size,
    Symbol,
    SymbolKind,
    Time,
    Whole,
)
from zerofeed.codecs.json.shape import Either, Items, Shape
from zerofeed.records.instruments import PERPETUAL, SPOT
from zerofeed.records.kinds import FUNDING, LEVEL, LIQUIDATION, MARK, OPEN_INTEREST, QUOTE, TRADE
from zerofeed.venues.bitfinex.instruments import PRICE_EXPONENT, SIZE_EXPONENT

__all__ = ["BITFINEX"]

_VALUES = [f"value {place}" for place in range(18)]
"""Of a row that is alone, by position; what each is depends on the channel."""
_COLUMNS = [f"column {place}" for place in range(12)]
"""Of each of several rows, the same."""
_SHAPE = Shape(
    Either(
        {
            "event": "event",
            "channel": "channel",
            "chanId": "chanId",
            "symbol": "symbol",
            "key": "key",
            "version": "version",
        },
        [
            "number",
            Either("word", [*_VALUES], Items("rows", [*_COLUMNS])),
            Either("third", ["trade id", "trade ms", "trade amount", "trade price"]),
            "fourth",
        ],
    )
)


def _level(names: list[str], rows: str | None = None) -> Emit:
    price, count, amount = names if rows is None else [f"{rows}.{name}" for name in names]
    return Emit(
        LEVEL,
        rows=rows,
        side=SideOfSign(amount),
        price=Price(price),
        size=Size(amount, is_signed=True, unless_zero=count),
    )


def _opens(name: str, channel: str, *, key: str = "") -> Message:
    """Make the answer to a subscription; one of ``status`` is told from others by its key."""
    when: dict[str, Condition] = {"event": "subscribed", "channel": channel}
    symbol: tuple[Symbol, ...] = (Symbol("symbol"),)
    if key:
        when["key"] = Begins(key)
        symbol = (Symbol("key", skip=key),) if key.startswith("deriv") else ()
    return Message("subscribed", when=when, symbol=symbol, opens=Opens(name, "chanId"))


BITFINEX = Dialect(
    _SHAPE,
    [
        Message(
            "book",
            when={"number": Opened("book"), _VALUES[0]: ANY},
            symbol=OF_CHANNEL,
            book=Book(),
            emits=[_level(_VALUES[:3])],
            sequence="third",
        ),
        Message(
            "checksum",
            when={"number": Opened("book"), "word": "cs"},
            symbol=OF_CHANNEL,
            book=Book(check=Check(CHECKSUM_BITFINEX, "third")),
            sequence="fourth",
        ),
        Message(
            "trade",
            when={"number": Opened("trades"), "word": "te"},
            symbol=OF_CHANNEL,
            emits=[
                Emit(
                    TRADE,
                    time=Time("trade ms", "ms"),
                    side=SideOfSign("trade amount"),
                    price=Price("trade price"),
                    size=Size("trade amount", is_signed=True),
                    trade_id=Whole("trade id"),
                )
            ],
            sequence="fourth",
        ),
        Message(
            "trade settled", when={"number": Opened("trades"), "word": "tu"}, sequence="fourth"
        ),
        Message(
            "ticker",
            when={"number": Opened("ticker"), _VALUES[0]: ANY},
            symbol=OF_CHANNEL,
            emits=[Emit(QUOTE, bid_price=Price(_VALUES[0]), ask_price=Price(_VALUES[2]))],
            sequence="third",
        ),
        Message(
            "book snapshot",
            when={"number": Opened("book"), "rows": ANY},
            symbol=OF_CHANNEL,
            book=Book(is_snapshot=True),
            emits=[_level(_COLUMNS[:3], "rows")],
            sequence="third",
        ),
        Message(
            "derivative",
            when={"number": Opened("derivative"), _VALUES[0]: ANY},
            symbol=OF_CHANNEL,
            emits=[
                Emit(
                    MARK,
                    time=Time(_VALUES[0], "ms"),
                    mark_price=Price(_VALUES[14]),
                    index_price=Price(_VALUES[3]),
                ),
                Emit(
                    FUNDING,
                    time=Time(_VALUES[0], "ms"),
                    funding_rate=Rate(_VALUES[8]),
                    funding_rate_8h=Rate(_VALUES[11]),
                    next_funding_ns=Time(_VALUES[7], "ms"),
                ),
                Emit(OPEN_INTEREST, time=Time(_VALUES[0], "ms"), open_interest=Size(_VALUES[17])),
            ],
            sequence="third",
        ),
        Message(
            "liquidation",
            when={"number": Opened("liquidations"), "rows": ANY},
            symbol=Symbol(f"rows.{_COLUMNS[4]}"),
            each="rows",
            emits=[
                Emit(
                    LIQUIDATION,
                    needs=f"rows.{_COLUMNS[11]}",
                    time=Time(f"rows.{_COLUMNS[2]}", "ms"),
                    side=SideOfSign(f"rows.{_COLUMNS[5]}", is_position=True),
                    price=Price(f"rows.{_COLUMNS[11]}"),
                    size=Size(f"rows.{_COLUMNS[5]}", is_signed=True),
                    trade_id=Whole(f"rows.{_COLUMNS[1]}"),
                )
            ],
            sequence="third",
        ),
        Message("heartbeat", when={"word": "hb"}, is_heartbeat=True, sequence="third"),
        Message("trade snapshot", when={"number": Opened("trades")}, sequence="third"),
        _opens("book", "book"),
        _opens("trades", "trades"),
        _opens("ticker", "ticker"),
        _opens("derivative", "status", key="deriv:"),
        _opens("liquidations", "status", key="liq:"),
        Message("unsubscribed", when={"event": "unsubscribed"}, closes="chanId"),
        # Others of this event tell of the venue's maintenance.
        Message("opening", when={"event": "info", "version": ANY}, begins=True),
        Message("info", when={"event": "info"}),
        Message("configured", when={"event": "conf"}),
        Message("pong", when={"event": "pong"}, is_heartbeat=True),
        Message("error", when={"event": "error"}),
        # They are counted with the others of their connection.
        Message(
            "channel not known",
            when={"number": ANY, "word": ANY},
            is_unknown=True,
            sequence="fourth",
        ),
        Message("channel not known", when={"number": ANY}, is_unknown=True, sequence="third"),
    ],
    price_exponent=PRICE_EXPONENT,
    size_exponent=SIZE_EXPONENT,
    kinds=[SymbolKind(PERPETUAL, prefix="t", suffix="F0"), SymbolKind(SPOT, prefix="t")],
)
"""Bitfinex, interface v2."""
