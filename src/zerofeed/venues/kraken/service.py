"""Kraken's spot pairs by the WebSocket interface v2.

Sources: docs.kraken.com (WebSocket v2: book, trade, ticker, ping; book checksum guide; AssetPairs).

A book has no sequence numbers: its checksum, over the best ten levels of each side as text, is its only
proof. So the number of decimals of each pair must be right, and is the venue's own.
"""

from __future__ import annotations

from collections.abc import Sequence

from zerofeed.records.instruments import SPOT
from zerofeed.venues.kraken.instruments import modern_symbol, parse
from zerofeed.venues.limits import Limits, Ping
from zerofeed.venues.plan import Topic
from zerofeed.venues.service import Channel, InstrumentSource, Service
from zerofeed.venues.symbol_kinds import SymbolRule

__all__ = ["KRAKEN", "KRAKEN_DEPTH"]

KRAKEN_DEPTH = 100
"""Levels of each side that are subscribed to; books are cut there, as the checksum demands."""

_EXTRAS = {
    "book": f',"depth":{KRAKEN_DEPTH},"snapshot":true',
    "trade": ',"snapshot":false',
    "ticker": ',"event_trigger":"bbo","snapshot":true',
}
_ENDING_EXTRAS = {"book": f',"depth":{KRAKEN_DEPTH}', "ticker": ',"event_trigger":"bbo"'}


def _encode(subscribes: bool, topics: Sequence[Topic], number: int) -> str:  # noqa: FBT001
    channel = topics[0].group
    method = "subscribe" if subscribes else "unsubscribe"
    symbols = ",".join(topic.argument for topic in topics)
    extra = (_EXTRAS if subscribes else _ENDING_EXTRAS).get(channel, "")
    params = f'{{"channel":"{channel}","symbol":[{symbols}]{extra}}}'
    return f'{{"method":"{method}","params":{params},"req_id":{number}}}'


def _topic(channel: str, symbol: str) -> Topic:
    return Topic(f'"{symbol}"', "/v2", group=channel)


def _spell(symbol: str) -> str:
    # Tokenised shares have a lower-case letter: AAPLx/USD.
    return modern_symbol(symbol.upper() if symbol.islower() else symbol)


KRAKEN = Service(
    name="kraken",
    title="Kraken spot",
    venue="kraken",
    protocol="kraken-v2",
    ws_url="wss://ws.kraken.com",
    rest_url="https://api.kraken.com",
    limits=Limits(
        topics_per_connection=600,
        topics_per_request=100,
        request_bytes=8_000,
        messages_per_second=5,
        connections_per_5min=75,
        rest_weight_per_minute=60,
    ),
    ping=Ping(text='{"method":"ping"}', idle_s=5, pong='"pong"', server_s=1),
    stale_seconds=15,
    keys="orders one by one (level3)",
    channels={
        "trades": Channel(("trade",)),
        "book": Channel(("book",), note=f"{KRAKEN_DEPTH} levels"),
        "bbo": Channel(("ticker",)),
    },
    book_proof="CRC32 of the best ten levels of each side in every message",
    symbol_form=r"[A-Z0-9][A-Za-z0-9.]*/[A-Z0-9][A-Za-z0-9.]*",
    symbol_example="BTC/USD",
    symbol_rules=(SymbolRule(b"", b"", None, SPOT),),
    spell=_spell,
    topic=_topic,
    encode=_encode,
    instruments=InstrumentSource(paths=("/0/public/AssetPairs",), parse=parse),
)
"""``kraken``: spot pairs, spelt ``BTC/USD``."""
