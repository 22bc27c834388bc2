"""Binance's three services.

Sources: developers.binance.com (spot: web-socket-streams, rest-api; USD-M and COIN-M: websocket market
streams, Important WebSocket Change Notice, exchange information, order book).

All streams are asked for over the combined path, so that every message is wrapped as ``{"stream":
..., "data": ...}``. USD-M has two entries since 2026: ``/public`` for books and trades, ``/market``
for the rest. A book begins with a snapshot by REST, which is wrapped in the same way, as a stream
``<symbol>@depthSnapshot``. ``depth@0ms`` is the futures' unconflated stream.

Spot's streams are also sent in SBE, to those who have a key: under other names, without a wrapping.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from zerofeed.records.instruments import FUTURE, INDEX_INSTRUMENT, PERPETUAL, SPOT
from zerofeed.venues.binance.instruments import parse_coinm, parse_spot, parse_usdm
from zerofeed.venues.binance.sbe import snapshot_frame
from zerofeed.venues.key import KeyUse
from zerofeed.venues.limits import Limits, Ping
from zerofeed.venues.plan import Topic
from zerofeed.venues.service import Channel, InstrumentSource, Service, SnapshotSource
from zerofeed.venues.symbol_kinds import SymbolRule

__all__ = ["BINANCE", "BINANCE_COINM", "BINANCE_USDM"]

_FUTURES = frozenset({PERPETUAL, FUTURE})
_PERPETUALS = frozenset({PERPETUAL})
_SAMPLED = "at most one for each symbol and second"
_USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"

# The client's own ping frame proves a quiet connection alive; the venue's come too seldom on futures.
_IDLE_S = 20.0

_MARKET_STREAMS = frozenset({"markPrice@1s", "indexPrice@1s", "forceOrder"})


def _encode(subscribes: bool, topics: Sequence[Topic], number: int) -> str:  # noqa: FBT001
    method = "SUBSCRIBE" if subscribes else "UNSUBSCRIBE"
    params = ",".join(topic.argument for topic in topics)
    return f'{{"method":"{method}","params":[{params}],"id":{number}}}'


def _topic(stream: str, symbol: str) -> Topic:
    return Topic(f'"{symbol.lower()}@{stream}"', "/stream")


def _usdm_topic(stream: str, symbol: str) -> Topic:
    entry = "market" if stream in _MARKET_STREAMS else "public"
    return Topic(f'"{symbol.lower()}@{stream}"', f"/{entry}/stream")


def _coinm_topic(stream: str, symbol: str) -> Topic:
    # An index belongs to the pair: that of BTCUSD_PERP is BTCUSD.
    name = symbol.partition("_")[0] if stream == "indexPrice@1s" else symbol
    return Topic(f'"{name.lower()}@{stream}"', "/stream")


def _wrapped(symbol: str, body: bytes) -> bytes:
    return b'{"stream":"%b@depthSnapshot","data":%b}' % (symbol.lower().encode(), body)


def _snapshots(
    path: str, depths: dict[int, int], make: Callable[[str, bytes], bytes] = _wrapped
) -> SnapshotSource:
    return SnapshotSource(
        path=lambda symbol, depth: f"{path}?symbol={quote(symbol)}&limit={depth}",
        depths=depths,
        make=make,
    )


def _with_key(parts: Mapping[str, str], now_s: float) -> dict[str, str]:  # noqa: ARG001
    return {"X-MBX-APIKEY": parts["key"]}


_upper: Callable[[str], str] = str.upper
_SPOT_DEPTHS = {100: 5, 500: 25, 1_000: 50, 5_000: 250}
_FUTURES_DEPTHS = {50: 2, 100: 5, 500: 10, 1_000: 20}
_DATED = SymbolRule(b"", b"_######", None, FUTURE)

_SPOT = Service(
    name="binance",
    title="Binance spot",
    venue="binance",
    protocol="binance-spot",
    ws_url="wss://stream.binance.com:9443",
    rest_url="https://api.binance.com",
    test_ws_url="wss://stream.testnet.binance.vision",
    test_rest_url="https://testnet.binance.vision",
    limits=Limits(
        topics_per_connection=1_024,
        topics_per_request=100,
        request_bytes=4_000,
        messages_per_second=5,
        connections_per_5min=300,
        rest_weight_per_minute=6_000,
        rest_weight_header=_USED_WEIGHT,
    ),
    ping=Ping(idle_s=_IDLE_S, server_s=20),
    renew_hours=24,
    channels={
        "trades": Channel(("trade",)),
        "book": Channel(("depth@100ms",)),
        "bbo": Channel(("bookTicker",)),
    },
    book_proof="chain of update ids (U is the last u + 1) from a REST snapshot on",
    symbol_form=r"[^\W_]{4,}",
    symbol_example="BTCUSDT",
    symbol_rules=(SymbolRule(b"", b"", None, SPOT),),
    spell=_upper,
    topic=_topic,
    encode=_encode,
    snapshots=_snapshots("/api/v3/depth", _SPOT_DEPTHS),
    instruments=InstrumentSource(
        paths=("/api/v3/exchangeInfo?showPermissionSets=false",), parse=parse_spot, weight=20
    ),
)

BINANCE = dataclasses.replace(
    _SPOT,
    encodings={
        "sbe": dataclasses.replace(
            _SPOT,
            protocol="binance-sbe",
            ws_url="wss://stream-sbe.binance.com:9443",
            test_ws_url="wss://stream-sbe.testnet.binance.vision:9443",
            channels={
                "trades": Channel(("trade",)),
                "book": Channel(("depth",), note="every 20 ms"),
                "bbo": Channel(("bestBidAsk",), note="old ones are left out under load"),
            },
            snapshots=_snapshots("/api/v3/depth", _SPOT_DEPTHS, snapshot_frame),
            key=KeyUse(("key",), _with_key, "an Ed25519 key; it needs no permission"),
        )
    },
)
"""``binance``: spot pairs."""

BINANCE_USDM = Service(
    name="binance-usdm",
    title="Binance futures, USD-M",
    venue="binance",
    protocol="binance-usdm",
    ws_url="wss://fstream.binance.com",
    rest_url="https://fapi.binance.com",
    test_ws_url="wss://stream.binancefuture.com",
    test_rest_url="https://testnet.binancefuture.com",
    limits=Limits(
        topics_per_connection=1_024,
        topics_per_request=100,
        request_bytes=4_000,
        messages_per_second=10,
        connections_per_5min=300,
        rest_weight_per_minute=2_400,
        rest_weight_header=_USED_WEIGHT,
    ),
    ping=Ping(idle_s=_IDLE_S, server_s=180),
    renew_hours=24,
    channels={
        "trades": Channel(("trade",)),
        "book": Channel(("depth@0ms",)),
        "bbo": Channel(("bookTicker",)),
        "mark": Channel(("markPrice@1s",)),
        "index": Channel(("markPrice@1s",)),
        "funding": Channel(("markPrice@1s",), _PERPETUALS),
        "liquidations": Channel(("forceOrder",), note=_SAMPLED),
    },
    book_proof="chain of update ids (pu is the last u) from a REST snapshot on",
    symbol_form=r"\w{4,}",
    symbol_example="BTCUSDT",
    symbol_rules=(_DATED, SymbolRule(b"", b"", None, PERPETUAL)),
    spell=_upper,
    topic=_usdm_topic,
    encode=_encode,
    snapshots=_snapshots("/fapi/v1/depth", _FUTURES_DEPTHS),
    instruments=InstrumentSource(paths=("/fapi/v1/exchangeInfo",), parse=parse_usdm),
)
"""``binance-usdm``: perpetuals and futures margined in stable coins."""

BINANCE_COINM = Service(
    name="binance-coinm",
    title="Binance futures, COIN-M",
    venue="binance",
    protocol="binance-coinm",
    ws_url="wss://dstream.binance.com",
    rest_url="https://dapi.binance.com",
    test_ws_url="wss://dstream.binancefuture.com",
    test_rest_url="https://testnet.binancefuture.com",
    limits=Limits(
        topics_per_connection=1_024,
        topics_per_request=100,
        request_bytes=4_000,
        messages_per_second=10,
        connections_per_5min=300,
        rest_weight_per_minute=2_400,
        rest_weight_header=_USED_WEIGHT,
    ),
    ping=Ping(idle_s=_IDLE_S, server_s=180),
    renew_hours=24,
    channels={
        "trades": Channel(("trade",)),
        "book": Channel(("depth@0ms",)),
        "bbo": Channel(("bookTicker",)),
        "mark": Channel(("markPrice@1s",), _FUTURES),
        "index": Channel(("indexPrice@1s",)),
        "funding": Channel(("markPrice@1s",), _PERPETUALS),
        "liquidations": Channel(("forceOrder",), _FUTURES, _SAMPLED),
    },
    book_proof="chain of update ids (pu is the last u) from a REST snapshot on",
    symbol_form=r"[A-Z0-9]{5,}(_PERP|_[0-9]{6})?",
    symbol_example="BTCUSD_PERP",
    symbol_rules=(
        SymbolRule(b"", b"_PERP", None, PERPETUAL),
        _DATED,
        # Only the pair is left, which names the index.
        SymbolRule(b"", b"", None, INDEX_INSTRUMENT),
    ),
    spell=_upper,
    topic=_coinm_topic,
    encode=_encode,
    snapshots=_snapshots("/dapi/v1/depth", _FUTURES_DEPTHS),
    instruments=InstrumentSource(paths=("/dapi/v1/exchangeInfo",), parse=parse_coinm),
)
"""``binance-coinm``: perpetuals and futures margined in coins; sizes are contracts."""
