"""Coinbase Exchange's spot pairs.

Sources: docs.cdp.coinbase.com (Exchange: WebSocket channels, rate limits, get all products).

A subscription has to be there within five seconds of connecting. Without a key, the book is the batched
one: a snapshot, then absolute sizes, with nothing to prove it by. Matches are numbered, and heartbeats say
which number comes next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zerofeed.records.instruments import SPOT
from zerofeed.venues.coinbase.instruments import parse
from zerofeed.venues.limits import Limits, Ping
from zerofeed.venues.plan import Topic
from zerofeed.venues.service import Channel, InstrumentSource, Service
from zerofeed.venues.symbol_kinds import SymbolRule

__all__ = ["COINBASE"]

_upper: Callable[[str], str] = str.upper


def _encode(subscribes: bool, topics: Sequence[Topic], number: int) -> str:  # noqa: ARG001, FBT001
    what = "subscribe" if subscribes else "unsubscribe"
    products = ",".join(topic.argument for topic in topics)
    return f'{{"type":"{what}","product_ids":[{products}],"channels":["{topics[0].group}"]}}'


def _topic(channel: str, symbol: str) -> Topic:
    return Topic(f'"{symbol}"', group=channel)


COINBASE = Service(
    name="coinbase",
    title="Coinbase Exchange",
    venue="coinbase",
    protocol="coinbase",
    ws_url="wss://ws-feed.exchange.coinbase.com",
    rest_url="https://api.exchange.coinbase.com",
    test_ws_url="wss://ws-feed-public.sandbox.exchange.coinbase.com",
    test_rest_url="https://api-public.sandbox.exchange.coinbase.com",
    limits=Limits(
        topics_per_connection=400,
        topics_per_request=100,
        request_bytes=8_000,
        messages_per_second=8,
        connections_per_5min=300,
        rest_weight_per_minute=300,
    ),
    ping=Ping(idle_s=10),
    stale_seconds=30,
    keys="books that are not batched (level2), all orders (full, level3)",
    channels={
        "trades": Channel(("matches", "heartbeat")),
        "book": Channel(("level2_batch",), note="changes of 50 ms at a time"),
        "bbo": Channel(("ticker",), note="at each match"),
    },
    book_proof="none: the venue gives nothing to check; crossed books are detected",
    symbol_form=r"[A-Z0-9]+-[A-Z0-9]+",
    symbol_example="BTC-USD",
    symbol_rules=(SymbolRule(b"", b"", None, SPOT),),
    spell=_upper,
    topic=_topic,
    encode=_encode,
    instruments=InstrumentSource(paths=("/products",), parse=parse),
)
"""``coinbase``: spot pairs, spelt ``BTC-USD``."""
