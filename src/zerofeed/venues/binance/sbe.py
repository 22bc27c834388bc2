"""Binance spot's streams in SBE: the tables of schema 1, and what its messages mean.

The binary twin of :mod:`.messages`: the same symbols, ids and book rules. Each message has the powers of
ten of its prices and quantities, and a time in microseconds. ``depth`` has a chain of ids as in JSON; a
snapshot that is fetched becomes the message that ``depth20`` sends (:func:`snapshot_frame`).

Source: developers.binance.com, "SBE Market Data Streams", and the schema ``stream_1_0`` named there.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from zerofeed.base.errors import ConfigurationError, VenueError
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.codecs.sbe.encoder import encode
from zerofeed.codecs.sbe.meaning import Book, Code, Emit, Message, Price, Size, Time, Whole, levels
from zerofeed.codecs.sbe.tables import enum, group, message, schema
from zerofeed.records.flags import LAST, TOB
from zerofeed.records.instruments import SPOT
from zerofeed.records.kinds import ASK, BID, QUOTE, TRADE
from zerofeed.records.units import UNDEF, from_decimal
from zerofeed.venues.definition import decode_answer, exponent_of

__all__ = ["BINANCE_SBE", "SCHEMA", "snapshot_frame"]

_BOOL = enum("boolEnum", "uint8", {"False": 0, "True": 1})
_EXPONENTS = {"priceExponent": "int8", "qtyExponent": "int8"}
_LEVEL = {"price": "int64", "qty": "int64"}
_SIDES = (group("bids", _LEVEL, number=100), group("asks", _LEVEL, number=101))

SCHEMA = schema(
    "binance spot streams",
    1,
    [
        message(
            "TradesStreamEvent",
            10_000,
            {"eventTime": "int64", "transactTime": "int64", **_EXPONENTS},
            groups=[
                group(
                    "trades",
                    {"id": "int64", **_LEVEL, "isBuyerMaker": _BOOL},
                    count="uint32",
                    number=100,
                )
            ],
            data=["symbol"],
        ),
        message(
            "BestBidAskStreamEvent",
            10_001,
            {
                "eventTime": "int64",
                "bookUpdateId": "int64",
                **_EXPONENTS,
                "bidPrice": "int64",
                "bidQty": "int64",
                "askPrice": "int64",
                "askQty": "int64",
            },
            data=["symbol"],
        ),
        message(
            "DepthSnapshotStreamEvent",
            10_002,
            {"eventTime": "int64", "bookUpdateId": "int64", **_EXPONENTS},
            groups=_SIDES,
            data=["symbol"],
        ),
        message(
            "DepthDiffStreamEvent",
            10_003,
            {
                "eventTime": "int64",
                "firstBookUpdateId": "int64",
                "lastBookUpdateId": "int64",
                **_EXPONENTS,
            },
            groups=_SIDES,
            data=["symbol"],
        ),
    ],
)
"""Schema 1, version 0. The constant field ``isBestMatch`` has no bytes, and is left out."""

_TIME = Time("eventTime", "us")


def _price(source: str = "price") -> Price:
    return Price(source, exponent="priceExponent")


def _size(source: str = "qty") -> Size:
    return Size(source, exponent="qtyExponent")


BINANCE_SBE = Dialect(
    SCHEMA,
    [
        Message(
            "TradesStreamEvent",
            symbol="symbol",
            emits=[
                Emit(
                    TRADE,
                    rows="trades",
                    time=Time("transactTime", "us"),
                    # The buyer made the order that was there: the seller came.
                    side=Code("isBuyerMaker", {"True": ASK, "False": BID}),
                    price=_price(),
                    size=_size(),
                    trade_id=Whole("id"),
                )
            ],
        ),
        Message(
            "BestBidAskStreamEvent",
            symbol="symbol",
            emits=[
                Emit(
                    QUOTE,
                    time=_TIME,
                    flags=TOB | LAST,
                    bid_price=_price("bidPrice"),
                    bid_size=_size("bidQty"),
                    ask_price=_price("askPrice"),
                    ask_size=_size("askQty"),
                )
            ],
        ),
        Message(
            "DepthSnapshotStreamEvent",
            symbol="symbol",
            book=Book(is_snapshot=True),
            emits=levels(price=_price(), size=_size(), time=_TIME, change_id=Whole("bookUpdateId")),
        ),
        Message(
            "DepthDiffStreamEvent",
            symbol="symbol",
            book=Book(),
            emits=levels(
                price=_price(),
                size=_size(),
                time=_TIME,
                change_id=Whole("lastBookUpdateId"),
                previous=Whole("firstBookUpdateId", plus=-1),
            ),
        ),
    ],
    kind=SPOT,
)
"""Binance spot, SBE."""


class _Depth(msgspec.Struct, rename="camel"):
    last_update_id: int
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]


def snapshot_frame(symbol: str, body: bytes) -> bytes:
    """Make the message that the decoder reads from a snapshot that was fetched as JSON.

    Args:
        symbol: in the venue's spelling.
        body: the answer of ``/api/v3/depth``.

    Returns:
        A DepthSnapshotStreamEvent. It has no time: the answer has none.

    Raises:
        VenueError: the answer is not of the form that is known, or does not fit into a message.
    """
    answer = decode_answer(body, _Depth, where="binance, depth")
    try:
        return _snapshot(symbol, answer)
    except (ArithmeticError, ValueError, ConfigurationError) as error:
        raise VenueError(
            "the venue's snapshot has a number that no message holds",
            where=f"binance, depth of {symbol}",
            got=str(error),
        ) from error


def _snapshot(symbol: str, answer: _Depth) -> bytes:
    rows = [*answer.bids, *answer.asks]
    price = exponent_of(*(row[0] for row in rows))
    size = exponent_of(*(row[1] for row in rows))

    def side(pairs: Sequence[tuple[Decimal, Decimal]]) -> list[dict[str, int]]:
        return [{"price": from_decimal(p, price), "qty": from_decimal(q, size)} for p, q in pairs]

    values = {
        "eventTime": UNDEF,
        "bookUpdateId": answer.last_update_id,
        "priceExponent": price,
        "qtyExponent": size,
        "bids": side(answer.bids),
        "asks": side(answer.asks),
        "symbol": symbol,
    }
    return encode(SCHEMA, "DepthSnapshotStreamEvent", values)
