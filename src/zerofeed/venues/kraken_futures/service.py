"""Kraken Futures by its WebSocket interface v1.

Sources: docs.kraken.com (futures: WebSocket book, trade, ticker; instruments).

A book is a snapshot and changes numbered one by one for each product. Nearly all else is in the ticker.
"""

from __future__ import annotations

from collections.abc import Sequence

from zerofeed.records.instruments import PERPETUAL
from zerofeed.venues.kraken_futures.instruments import SYMBOL_RULES, parse
from zerofeed.venues.limits import Limits, Ping
from zerofeed.venues.plan import Topic
from zerofeed.venues.service import Channel, InstrumentSource, Service

__all__ = ["KRAKEN_FUTURES"]


def _encode(subscribes: bool, topics: Sequence[Topic], number: int) -> str:  # noqa: ARG001, FBT001
    event = "subscribe" if subscribes else "unsubscribe"
    products = ",".join(topic.argument for topic in topics)
    return f'{{"event":"{event}","feed":"{topics[0].group}","product_ids":[{products}]}}'


def _topic(feed: str, symbol: str) -> Topic:
    return Topic(f'"{symbol}"', "/ws/v1", group=feed)


def _spell(symbol: str) -> str:
    # Tokenised shares have a lower-case letter: PF_AAPLxUSD.
    return symbol.upper() if symbol.islower() else symbol


KRAKEN_FUTURES = Service(
    name="kraken-futures",
    title="Kraken Futures",
    venue="kraken_futures",
    protocol="kraken-futures",
    ws_url="wss://futures.kraken.com",
    rest_url="https://futures.kraken.com",
    test_ws_url="wss://demo-futures.kraken.com",
    test_rest_url="https://demo-futures.kraken.com",
    limits=Limits(
        topics_per_connection=600,
        topics_per_request=100,
        request_bytes=8_000,
        messages_per_second=20,
        connections_per_5min=100,
        rest_weight_per_minute=60,
    ),
    # The venue hangs up after 60 seconds without a ping of the client's.
    ping=Ping(every_s=30),
    channels={
        "trades": Channel(("trade",)),
        "book": Channel(("book",)),
        "bbo": Channel(("ticker",)),
        "mark": Channel(("ticker",)),
        "index": Channel(("ticker",)),
        "funding": Channel(("ticker",), frozenset({PERPETUAL})),
        "open_interest": Channel(("ticker",)),
        "liquidations": Channel(("trade",), note="trades of the type liquidation"),
    },
    book_proof="sequence numbers of each product, one by one",
    symbol_form=r"[A-Z]{2}_[A-Za-z0-9]+(_[0-9]{6})?",
    symbol_example="PF_XBTUSD",
    symbol_rules=SYMBOL_RULES,
    spell=_spell,
    topic=_topic,
    encode=_encode,
    instruments=InstrumentSource(paths=("/derivatives/api/v3/instruments",), parse=parse),
)
"""``kraken-futures``: perpetuals and dated futures."""
