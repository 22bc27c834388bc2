"""OKX's public channels in SBE: the tables of schema 1, and what its messages mean.

Instruments are numbers here (``instIdCode``), which the venue's list of instruments gives names to. Every
book message has the powers of ten of its prices and sizes; when they change, a message without levels
says so, and is a link of the chain of ids like any other. A keep-alive has equal ids and no levels;
after maintenance the ids start lower, with a ``prevSeqId`` that still fits. A book begins with a snapshot
that is fetched, and which is a message of the same schema.

Source: OKX API v5, "SBE market data", and the schema ``okx_sbe_1_0`` named there.
"""

from __future__ import annotations

from zerofeed.base.errors import VenueError
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.codecs.sbe.meaning import Book, Code, Emit, Message, Price, Size, Time, Whole, levels
from zerofeed.codecs.sbe.tables import enum, group, message, schema
from zerofeed.records.flags import LAST, TOB
from zerofeed.records.kinds import ACTION_NONE, ASK, BID, LEVEL, QUOTE, TRADE

__all__ = ["OKX_SBE", "SCHEMA", "snapshot_frame"]

_SIDE = enum("sideEnum", "int8", {"SELL": 0, "BUY": 1})
_SOURCE = enum("sourceEnum", "int8", {"NORMAL": 0, "ELP": 1})
_EXPONENTS = {"pxExponent": "int8", "szExponent": "int8"}
_HEAD = {"instIdCode": "int64", "tsUs": "int64", "outTime": "int64", "seqId": "int64"}
_CHANGE = {**_HEAD, "prevSeqId": "int64", **_EXPONENTS}
_LEVEL = {"pxMantissa": "int64", "szMantissa": "int64", "ordCount": "int32"}
_SIDES = (group("asks", _LEVEL, number=8), group("bids", _LEVEL, number=9))

SCHEMA = schema(
    "okx public channels",
    1,
    [
        message(
            "BboTbtChannelEvent",
            1000,
            {
                **_HEAD,
                "askPxMantissa": "int64",
                "askSzMantissa": "int64",
                "bidPxMantissa": "int64",
                "bidSzMantissa": "int64",
                "askOrdCount": "int32",
                "bidOrdCount": "int32",
                **_EXPONENTS,
            },
        ),
        message("BooksL2TbtChannelEvent", 1001, _CHANGE, groups=_SIDES),
        message("BooksL2TbtExponentUpdateEvent", 1002, _CHANGE),
        message("BooksL2TbtElpChannelEvent", 1003, _CHANGE, groups=_SIDES),
        message("BooksL2TbtElpExponentUpdateEvent", 1004, _CHANGE),
        message(
            "TradesChannelEvent",
            1005,
            {
                **_HEAD,
                "pxMantissa": "int64",
                "szMantissa": "int64",
                "tradeId": "int64",
                "count": "int16",
                "side": _SIDE,
                **_EXPONENTS,
                "source": _SOURCE,
            },
        ),
        message(
            "SnapshotDepthResponseEvent",
            1006,
            {"instIdCode": "int64", "tsUs": "int64", "seqId": "int64", **_EXPONENTS},
            groups=(group("asks", _LEVEL, number=6), group("bids", _LEVEL, number=7)),
        ),
    ],
)
"""Schema 1, version 0."""

_TIME = Time("tsUs", "us")
_CHANGE_ID = Whole("seqId")


def _price(source: str = "pxMantissa", *, is_zero_none: bool = False) -> Price:
    return Price(source, exponent="pxExponent", is_zero_none=is_zero_none)


def _size(source: str = "szMantissa") -> Size:
    return Size(source, exponent="szExponent")


OKX_SBE = Dialect(
    SCHEMA,
    [
        Message(
            "BboTbtChannelEvent",
            symbol="instIdCode",
            emits=[
                Emit(
                    QUOTE,
                    time=_TIME,
                    flags=TOB | LAST,
                    # A side without orders has neither price nor size.
                    bid_price=_price("bidPxMantissa", is_zero_none=True),
                    bid_size=_size("bidSzMantissa"),
                    ask_price=_price("askPxMantissa", is_zero_none=True),
                    ask_size=_size("askSzMantissa"),
                )
            ],
        ),
        Message(
            "BooksL2TbtChannelEvent",
            symbol="instIdCode",
            book=Book(),
            emits=levels(
                price=_price(),
                size=_size(),
                time=_TIME,
                change_id=_CHANGE_ID,
                previous=Whole("prevSeqId"),
            ),
        ),
        Message(
            "BooksL2TbtExponentUpdateEvent",
            symbol="instIdCode",
            book=Book(),
            emits=[
                Emit(
                    LEVEL,
                    time=_TIME,
                    action=ACTION_NONE,
                    change_id=_CHANGE_ID,
                    prev_change_id=Whole("prevSeqId"),
                )
            ],
        ),
        # Books with the orders of liquidity providers of their own: other books.
        Message("BooksL2TbtElpChannelEvent"),
        Message("BooksL2TbtElpExponentUpdateEvent"),
        Message(
            "TradesChannelEvent",
            symbol="instIdCode",
            emits=[
                Emit(
                    TRADE,
                    time=_TIME,
                    side=Code("side", {"BUY": BID, "SELL": ASK}),
                    price=_price(),
                    size=_size(),
                    trade_id=Whole("tradeId"),
                    trade_seq=_CHANGE_ID,
                )
            ],
        ),
        Message(
            "SnapshotDepthResponseEvent",
            symbol="instIdCode",
            book=Book(is_snapshot=True),
            emits=levels(price=_price(), size=_size(), time=_TIME, change_id=_CHANGE_ID),
        ),
    ],
)
"""OKX, SBE."""


def snapshot_frame(symbol: str, body: bytes) -> bytes:
    """Give the answer of ``books-sbe`` as the message that it is.

    Args:
        symbol: of the instrument, for errors.
        body: of the answer.

    Raises:
        VenueError: it is an error in JSON.
    """
    if not body or body.startswith(b"{"):
        raise VenueError(
            "the venue refuses a snapshot",
            where=f"okx, book of {symbol}",
            expected="SBE",
            got=repr(body[:120]),
        )
    return body
