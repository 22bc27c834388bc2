"""BitMEX by its realtime interface.

Sources: bitmex.com/app/wsAPI, bitmex.com/app/restAPI, bitmex.com/api/explorer.

Tables begin with a ``partial``, then come inserts, updates and deletes by a row's key. Books have no sequence
numbers: a change of a row that is not there is the sign that something is missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from zerofeed.records.instruments import FUTURE, PERPETUAL
from zerofeed.venues.bitmex.instruments import SYMBOL_RULES, parse
from zerofeed.venues.limits import Limits, Ping
from zerofeed.venues.plan import Topic
from zerofeed.venues.service import Channel, InstrumentSource, Service

__all__ = ["BITMEX"]

_CONTRACTS = frozenset({PERPETUAL, FUTURE})


def _encode(subscribes: bool, topics: Sequence[Topic], number: int) -> str:  # noqa: ARG001, FBT001
    operation = "subscribe" if subscribes else "unsubscribe"
    args = ",".join(topic.argument for topic in topics)
    return f'{{"op":"{operation}","args":[{args}]}}'


def _topic(table: str, symbol: str) -> Topic:
    return Topic(f'"{table}:{symbol}"', "/realtime")


BITMEX = Service(
    name="bitmex",
    title="BitMEX",
    venue="bitmex",
    protocol="bitmex",
    ws_url="wss://ws.bitmex.com",
    rest_url="https://www.bitmex.com",
    test_ws_url="wss://ws.testnet.bitmex.com",
    test_rest_url="https://testnet.bitmex.com",
    limits=Limits(
        topics_per_connection=200,
        topics_per_request=20,
        request_bytes=4_000,
        messages_per_second=2,
        connections_per_5min=5,
        rest_weight_per_minute=30,
    ),
    ping=Ping(text="ping", idle_s=5, pong="pong"),
    stale_seconds=15,
    channels={
        "trades": Channel(("trade",)),
        "book": Channel(("orderBookL2",), note="all levels"),
        "bbo": Channel(("quote",)),
        "mark": Channel(("instrument",), _CONTRACTS),
        "index": Channel(("instrument",)),
        "funding": Channel(("funding",), frozenset({PERPETUAL})),
        "open_interest": Channel(("instrument",), _CONTRACTS),
        "liquidations": Channel(("liquidation",), _CONTRACTS),
        "status": Channel(("instrument",)),
    },
    book_proof="no sequence numbers: a change of a row that is not there puts a book in doubt",
    symbol_form=r"\.?[A-Z0-9_]+(-[A-Z0-9]+)?",
    symbol_example="XBTUSD",
    symbol_rules=SYMBOL_RULES,
    topic=_topic,
    encode=_encode,
    instruments=InstrumentSource(paths=("/api/v1/instrument/activeAndIndices",), parse=parse),
)
"""``bitmex``: perpetuals, futures, spot."""
