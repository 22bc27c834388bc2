"""OKX: one service for spot, perpetuals, futures and options.

Sources: OKX API guide v5 (WebSocket, public data), and the note on the checksum field of May 2026.

Every book brings its own snapshot and a chain of sequence numbers. The checksum is 0 since June 2026,
which means that there is none; captures from before have it.

The same channels in SBE are for those who log in, on connections of their own, where instruments are
named by numbers. A book begins with a snapshot by REST there.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence

from zerofeed.records.instruments import FUTURE, OPTION, PERPETUAL, SPOT
from zerofeed.venues.key import KeyUse
from zerofeed.venues.limits import Limits, Ping
from zerofeed.venues.okx.instruments import PATHS, parse
from zerofeed.venues.okx.sbe import snapshot_frame
from zerofeed.venues.plan import Topic
from zerofeed.venues.service import Channel, InstrumentSource, Service, SnapshotSource
from zerofeed.venues.symbol_kinds import SymbolRule

__all__ = ["OKX", "sign"]

_PATH = "/ws/v5/public"
_CONTRACTS = frozenset({PERPETUAL, FUTURE})
_DERIVATIVES = frozenset({PERPETUAL, FUTURE, OPTION})
_upper: Callable[[str], str] = str.upper


def _encode(subscribes: bool, topics: Sequence[Topic], number: int) -> str:  # noqa: ARG001, FBT001
    operation = "subscribe" if subscribes else "unsubscribe"
    args = ",".join(topic.argument for topic in topics)
    return f'{{"op":"{operation}","args":[{args}]}}'


def _topic(channel: str, symbol: str) -> Topic:
    parts = symbol.split("-")
    family = "-".join(parts[:2])
    match channel:
        case "liquidation-orders":
            key, value = "instType", "SWAP" if symbol.endswith("-SWAP") else "FUTURES"
        case "opt-summary":
            key, value = "instFamily", family
        case "index-tickers":
            # BTC-USD_UM is another margin of the same index.
            key, value = "instId", family.removesuffix("_UM")
        case _:
            key, value = "instId", symbol
    return Topic(f'{{"channel":"{channel}","{key}":"{value}"}}', _PATH)


def _numbered_topic(channel: str, number: str) -> Topic:
    return Topic(f'{{"channel":"{channel}","instIdCode":{number}}}', "/ws/v5/public-sbe")


def sign(parts: Mapping[str, str], now_s: float) -> dict[str, str]:
    """Make the headers of a handshake that the venue takes for a login.

    Args:
        parts: key, secret and passphrase.
        now_s: Unix seconds; the venue takes it for half a minute.
    """
    time = str(int(now_s))
    text = f"{time}GET/users/self/verify"
    digest = hmac.new(parts["secret"].encode(), text.encode(), hashlib.sha256).digest()
    return {
        "OK-ACCESS-KEY": parts["key"],
        "OK-ACCESS-SIGN": base64.b64encode(digest).decode(),
        "OK-ACCESS-TIMESTAMP": time,
        "OK-ACCESS-PASSPHRASE": parts["passphrase"],
    }


_OKX = Service(
    name="okx",
    title="OKX",
    venue="okx",
    protocol="okx",
    ws_url="wss://ws.okx.com:8443",
    rest_url="https://www.okx.com",
    test_ws_url="wss://wspap.okx.com:8443",
    test_rest_url="https://www.okx.com",
    limits=Limits(
        topics_per_connection=480,
        topics_per_request=100,
        request_bytes=32_000,
        messages_per_second=3,
        connections_per_5min=300,
        rest_weight_per_minute=300,
    ),
    ping=Ping(text="ping", idle_s=20, pong="pong"),
    keys="tick-by-tick books (books-l2-tbt), by level of fees",
    channels={
        "trades": Channel(("trades",)),
        "book": Channel(("books",), note="400 levels, every 100 ms"),
        "bbo": Channel(("bbo-tbt",)),
        "mark": Channel(("mark-price",), _DERIVATIVES),
        "index": Channel(("index-tickers",)),
        "funding": Channel(("funding-rate",), frozenset({PERPETUAL})),
        "open_interest": Channel(("open-interest",), _DERIVATIVES),
        "liquidations": Channel(
            ("liquidation-orders",), _CONTRACTS, "of all perpetuals, or of all futures"
        ),
        "greeks": Channel(("opt-summary",), frozenset({OPTION}), "of the whole family"),
    },
    book_proof="chain of sequence numbers (prevSeqId is the last seqId); checksum where not 0",
    symbol_form=r"[A-Z0-9]+(-[A-Z0-9_.]+)+",
    symbol_example="BTC-USDT-SWAP",
    symbol_rules=(
        SymbolRule(b"", b"-SWAP", None, PERPETUAL),
        SymbolRule(b"", b"-C", 4, OPTION),
        SymbolRule(b"", b"-P", 4, OPTION),
        SymbolRule(b"", b"", 2, FUTURE),
        SymbolRule(b"", b"", 1, SPOT),
    ),
    spell=_upper,
    topic=_topic,
    encode=_encode,
    instruments=InstrumentSource(paths=PATHS, parse=parse),
)

OKX = dataclasses.replace(
    _OKX,
    encodings={
        "sbe": dataclasses.replace(
            _OKX,
            protocol="okx-sbe",
            # The venue pings; a text is an illegal request here.
            ping=Ping(idle_s=20),
            channels={
                "trades": Channel(("trades",), note="from VIP 6 on"),
                "book": Channel(("books-l2-tbt",), note="400 levels, every change; from VIP 6 on"),
                "bbo": Channel(("bbo-tbt",)),
            },
            limits=dataclasses.replace(_OKX.limits, rest_weight_per_minute=60),
            book_proof="chain of sequence numbers (prevSeqId is the last seqId) from a REST snapshot on",
            topic=_numbered_topic,
            snapshots=SnapshotSource(
                path=lambda number, _: f"/api/v5/market/books-sbe?instIdCode={number}&source=0",
                depths={400: 1},
                make=snapshot_frame,
            ),
            key=KeyUse(("key", "secret", "passphrase"), sign, "a key that may read"),
            is_numbered=True,
        )
    },
)
"""``okx``: all that OKX lists, by its ``instId``."""
