"""Bitfinex by its interface v2.

Sources: docs.bitfinex.com (WebSocket general and public, configuration flags, checksum, status).

Messages carry the number that the venue gave a subscription, not its symbol, and that number ends
it again. Sequence numbers and checksums have to be asked for on every connection.
"""

from __future__ import annotations

from collections.abc import Sequence

from zerofeed.records.instruments import PERPETUAL
from zerofeed.venues.bitfinex.instruments import PATHS, SYMBOL_RULES, parse
from zerofeed.venues.limits import Limits, Ping
from zerofeed.venues.plan import Topic
from zerofeed.venues.service import Channel, InstrumentSource, Service

__all__ = ["BITFINEX"]

_SEQUENCE_NUMBERS = 65_536
_CHECKSUMS = 131_072
_FLAGS = _SEQUENCE_NUMBERS | _CHECKSUMS
_PERPETUALS = frozenset({PERPETUAL})


def _encode(subscribes: bool, topics: Sequence[Topic], number: int) -> str:  # noqa: ARG001, FBT001
    (topic,) = topics
    if subscribes:
        return f'{{"event":"subscribe",{topic.argument}}}'
    return f'{{"event":"unsubscribe","chanId":{topic.argument}}}'


def _topic(channel: str, symbol: str) -> Topic:
    match channel:
        case "book":
            argument = f'"channel":"book","symbol":"{symbol}","prec":"P0","freq":"F0","len":"250"'
        case "status deriv":
            argument = f'"channel":"status","key":"deriv:{symbol}"'
        case "status liq":
            argument = '"channel":"status","key":"liq:global"'
        case _:
            argument = f'"channel":"{channel}","symbol":"{symbol}"'
    return Topic(argument, "/ws/2")


def _spell(symbol: str) -> str:
    return symbol if symbol.startswith(("t", "f")) else f"t{symbol}"


BITFINEX = Service(
    name="bitfinex",
    title="Bitfinex",
    venue="bitfinex",
    protocol="bitfinex",
    ws_url="wss://api-pub.bitfinex.com",
    rest_url="https://api-pub.bitfinex.com",
    limits=Limits(
        topics_per_connection=25,
        topics_per_request=1,
        request_bytes=1_000,
        messages_per_second=5,
        connections_per_5min=100,
        rest_weight_per_minute=30,
    ),
    ping=Ping(text='{"event":"ping"}', idle_s=20, pong='"pong"', server_s=15),
    channels={
        "trades": Channel(("trades",), note="at once (te), and not again when they are settled"),
        "book": Channel(("book",), note="250 levels, five significant digits (P0)"),
        "bbo": Channel(
            ("ticker",), note="prices alone: the ticker's sizes are sums over 25 levels"
        ),
        "mark": Channel(("status deriv",), _PERPETUALS),
        "index": Channel(("status deriv",), _PERPETUALS),
        "funding": Channel(("status deriv",), _PERPETUALS),
        "open_interest": Channel(("status deriv",), _PERPETUALS),
        "liquidations": Channel(("status liq",), _PERPETUALS, "of all instruments"),
    },
    book_proof="sequence numbers of the connection, and CRC32 of the best 25 levels of each side",
    symbol_form=r"t[A-Z0-9]+(:[A-Z0-9]+)?",
    symbol_example="tBTCUSD",
    symbol_rules=SYMBOL_RULES,
    spell=_spell,
    topic=_topic,
    encode=_encode,
    opening=(f'{{"event":"conf","flags":{_FLAGS}}}',),
    ends_by_number=True,
    instruments=InstrumentSource(paths=PATHS, parse=parse),
)
"""``bitfinex``: spot pairs (``tBTCUSD``) and perpetuals (``tBTCF0:USTF0``)."""
