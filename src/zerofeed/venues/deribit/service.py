"""Deribit by JSON-RPC over WebSocket.

Sources: docs.deribit.com (subscriptions, set_heartbeat, get_instruments, connection management).

Without a key, channels are conflated to 100 ms. A book begins with a snapshot and every change names the
one before it. The venue sends heartbeats only when asked, and closes a connection that leaves one of
its test requests without an answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from zerofeed.records.instruments import COMBO, FUTURE, OPTION, PERPETUAL, SPOT
from zerofeed.venues.deribit.instruments import parse
from zerofeed.venues.limits import Limits, Ping
from zerofeed.venues.plan import Topic
from zerofeed.venues.service import Channel, InstrumentSource, Service
from zerofeed.venues.symbol_kinds import SymbolRule

__all__ = ["DERIBIT"]

_HEARTBEAT_S = 10
_HEARTBEAT_ID = 9_001
_TEST_ID = 9_002
_DERIVATIVES = frozenset({PERPETUAL, FUTURE, OPTION})


def _request(method: str, params: str, number: int) -> str:
    return f'{{"jsonrpc":"2.0","id":{number},"method":"public/{method}","params":{params}}}'


def _encode(subscribes: bool, topics: Sequence[Topic], number: int) -> str:  # noqa: FBT001
    channels = ",".join(topic.argument for topic in topics)
    method = "subscribe" if subscribes else "unsubscribe"
    return _request(method, f'{{"channels":[{channels}]}}', number)


def _topic(channel: str, symbol: str) -> Topic:
    name = _index_of(symbol) if channel.startswith("deribit_price_index") else symbol
    return Topic(f'"{channel.format(name)}"', "/ws/api/v2")


def _index_of(symbol: str) -> str:
    """Name the index of an instrument: ``BTC-PERPETUAL`` has btc_usd, ``SOL_USDC-...`` sol_usdc."""
    family = symbol.partition("-")[0].lower()
    return family if "_" in family else f"{family}_usd"


DERIBIT = Service(
    name="deribit",
    title="Deribit",
    venue="deribit",
    protocol="deribit-json",
    ws_url="wss://www.deribit.com",
    rest_url="https://www.deribit.com",
    test_ws_url="wss://test.deribit.com",
    test_rest_url="https://test.deribit.com",
    limits=Limits(
        topics_per_connection=500,
        topics_per_request=100,
        request_bytes=16_000,
        messages_per_second=3,
        connections_per_5min=60,
        rest_weight_per_minute=60,
    ),
    ping=Ping(
        answers=(('"test_request"', _request("test", "{}", _TEST_ID)),),
        server_s=_HEARTBEAT_S,
    ),
    stale_seconds=30,
    keys="channels that are not conflated (.raw)",
    channels={
        "trades": Channel(("trades.{}.100ms",)),
        "book": Channel(("book.{}.100ms",)),
        "bbo": Channel(("quote.{}",)),
        "mark": Channel(("ticker.{}.100ms",), _DERIVATIVES),
        "index": Channel(("deribit_price_index.{}",)),
        "funding": Channel(("ticker.{}.100ms",), frozenset({PERPETUAL})),
        "open_interest": Channel(("ticker.{}.100ms",), _DERIVATIVES),
        "liquidations": Channel(
            ("trades.{}.100ms",), _DERIVATIVES, "trades that say whose position was liquidated"
        ),
        "greeks": Channel(("ticker.{}.100ms",), frozenset({OPTION})),
        "status": Channel(("instrument.state.any.any",), note="of all instruments"),
    },
    book_proof="chain of change ids (prev_change_id is the last change_id)",
    symbol_form=r"[A-Za-z0-9_]+(-[A-Za-z0-9_]+)*",
    symbol_example="BTC-PERPETUAL",
    symbol_rules=(
        SymbolRule(b"", b"ERPETUAL", 1, PERPETUAL),
        SymbolRule(b"", b"-C", 3, OPTION),
        SymbolRule(b"", b"-P", 3, OPTION),
        SymbolRule(b"", b"", 1, FUTURE),
        SymbolRule(b"", b"", 0, SPOT),
        SymbolRule(b"", b"", None, COMBO),
    ),
    topic=_topic,
    encode=_encode,
    opening=(_request("set_heartbeat", f'{{"interval":{_HEARTBEAT_S}}}', _HEARTBEAT_ID),),
    instruments=InstrumentSource(
        paths=("/api/v2/public/get_instruments?currency=any&expired=false",), parse=parse
    ),
)
"""``deribit``: all that Deribit lists, by its instrument name."""
