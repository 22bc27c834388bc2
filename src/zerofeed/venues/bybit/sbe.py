"""Bybit's public topics in SBE: the tables of schema 1, and what its messages mean.

The binary twin of :mod:`.messages`: ``u`` grows by one with each message of a book's topic, and a snapshot
is a new beginning. Where documentation and the documented bytes differ, the bytes count:

* "exponent" is a number of decimals: 2 makes 106034.25 of 10603425;
* times are documented in microseconds and sent in milliseconds in the example: they are told apart by
  their size;
* the example of the best bid and offer has a root block of 82 bytes in another order than the present
  one of 98, with the same template and version: they are told apart by that length.

Orders of retail price improvement have fields of their own, and are left out, as in the JSON topics.
Source: bybit-exchange.github.io/docs/v5/sbe.
"""

from __future__ import annotations

from dataclasses import replace

from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.codecs.sbe.meaning import Book, Code, Emit, Message, Price, Size, Time, Whole, levels
from zerofeed.codecs.sbe.tables import enum, group, message, schema
from zerofeed.records.flags import LAST, TOB
from zerofeed.records.instruments import PERPETUAL
from zerofeed.records.kinds import ASK, BID, QUOTE, TRADE

__all__ = ["BYBIT_SBE", "OLD_BEST_BYTES", "SCHEMA"]

_PACKAGE = enum("pkgTypeEnum", "uint8", {"SNAPSHOT": 0, "DELTA": 1})
_SIDE = enum("SideType", "uint8", {"UNKNOWN": 0, "BUY": 1, "SELL": 2, "NON_REPRESENTABLE": 254})
_BOOL = enum("BoolEnum", "uint8", {"FALSE": 0, "TRUE": 1, "NON_REPRESENTABLE": 254})
_EXPONENTS = {"priceExponent": "int8", "sizeExponent": "int8"}
_LEVEL = {"price": "int64", "size": "int64"}

_BEST = message(
    "BestOBRpiEvent",
    20_000,
    {
        "ts": "int64",
        "seq": "int64",
        "cts": "int64",
        "u": "int64",
        "askNormalPrice": "int64",
        "askNormalSize": "int64",
        "askRpiPrice": "int64",
        "askRpiSize": "int64",
        "bidNormalPrice": "int64",
        "bidNormalSize": "int64",
        "bidRpiPrice": "int64",
        "bidRpiSize": "int64",
        **_EXPONENTS,
    },
    data=["symbol"],
)
_OLD_BEST = message(
    "BestOBRpiEvent",
    20_000,
    {
        "old_seq": "int64",
        "old_cts": "int64",
        "old_priceExponent": "int8",
        "old_sizeExponent": "int8",
        "old_askPrice": "int64",
        "old_askNormalSize": "int64",
        "old_askRpiSize": "int64",
        "old_bidPrice": "int64",
        "old_bidNormalSize": "int64",
        "old_bidRpiSize": "int64",
        "old_u": "int64",
        "old_ts": "int64",
    },
)

OLD_BEST_BYTES = _OLD_BEST.block_length
"""Root block of the older best bid and offer."""


SCHEMA = schema(
    "bybit public topics",
    1,
    [
        # Two layouts of one block over each other, the present one written last: the length says
        # which of them counts.
        replace(_BEST, fields=(*_OLD_BEST.fields, *_BEST.fields)),
        message(
            "OBL50Event",
            20_001,
            {
                "ts": "int64",
                "seq": "int64",
                "cts": "int64",
                "u": "int64",
                **_EXPONENTS,
                "pkgType": _PACKAGE,
            },
            groups=(group("asks", _LEVEL, number=40), group("bids", _LEVEL, number=41)),
            data=["symbol"],
        ),
        message(
            "PublicTradeEvent",
            20_002,
            {"ts": "int64", **_EXPONENTS},
            groups=[
                group(
                    "tradeItems",
                    {
                        "fillTime": "int64",
                        "price": "int64",
                        "size": "int64",
                        "seq": "int64",
                        "side": _SIDE,
                        "isBlockTrade": _BOOL,
                        "isRPI": _BOOL,
                        "execId": "int64",
                    },
                    data=["execIdString"],
                    number=40,
                )
            ],
            data=["symbol"],
        ),
    ],
)
"""Schema 1, version 0."""

_TIME = Time("cts", "ms or us")


def _price(source: str = "price", decimals: str = "priceExponent") -> Price:
    return Price(source, decimals=decimals)


def _size(source: str = "size", decimals: str = "sizeExponent") -> Size:
    return Size(source, decimals=decimals)


def _best(prefix: str, bid: str, ask: str, block_bytes: int | None = None) -> Message:
    """Make the best bid and offer of one layout."""
    decimals = f"{prefix}priceExponent"
    size_decimals = f"{prefix}sizeExponent"
    return Message(
        "BestOBRpiEvent",
        block_bytes=block_bytes,
        symbol="symbol",
        emits=[
            Emit(
                QUOTE,
                time=Time(f"{prefix}cts", "ms or us"),
                flags=TOB | LAST,
                # A side without orders has neither price nor size.
                bid_price=Price(f"{prefix}{bid}", decimals=decimals, is_zero_none=True),
                bid_size=Size(f"{prefix}bidNormalSize", decimals=size_decimals),
                ask_price=Price(f"{prefix}{ask}", decimals=decimals, is_zero_none=True),
                ask_size=Size(f"{prefix}askNormalSize", decimals=size_decimals),
            )
        ],
    )


def _book(package: str) -> Message:
    is_snapshot = package == "SNAPSHOT"
    return Message(
        "OBL50Event",
        when={"pkgType": package},
        symbol="symbol",
        book=Book(is_snapshot=is_snapshot),
        emits=levels(
            price=_price(),
            size=_size(),
            time=_TIME,
            change_id=Whole("u"),
            previous=None if is_snapshot else Whole("u", plus=-1),
        ),
    )


BYBIT_SBE = Dialect(
    SCHEMA,
    [
        _best("old_", "bidPrice", "askPrice", OLD_BEST_BYTES),
        _best("", "bidNormalPrice", "askNormalPrice"),
        _book("DELTA"),
        _book("SNAPSHOT"),
        Message(
            "PublicTradeEvent",
            symbol="symbol",
            emits=[
                Emit(
                    TRADE,
                    rows="tradeItems",
                    time=Time("fillTime", "ms or us"),
                    side=Code("side", {"BUY": BID, "SELL": ASK}),
                    price=_price(),
                    size=_size(),
                    trade_id=Whole("execId"),
                    trade_seq=Whole("seq"),
                )
            ],
        ),
    ],
    kind=PERPETUAL,
)
"""Bybit, all products, SBE."""
