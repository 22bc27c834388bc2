"""Bybit's four services of interface v5: spot, linear, inverse, options.

Sources: bybit-exchange.github.io/docs/v5 (websocket connect, orderbook, trade, ticker, all liquidation;
market/instrument).

Market makers get the topics of all but options in SBE, too, at addresses that are theirs.

A book brings its own snapshot; a new one may come at any time and replaces it. Trades of options are
subscribed to by the coin, all else by the symbol.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from zerofeed.records.instruments import FUTURE, OPTION, PERPETUAL, SPOT
from zerofeed.venues.bybit.instruments import next_page, parse
from zerofeed.venues.limits import Limits, Ping
from zerofeed.venues.plan import Topic
from zerofeed.venues.service import Channel, InstrumentSource, Service
from zerofeed.venues.symbol_kinds import SymbolRule

__all__ = ["BYBIT", "BYBIT_INVERSE", "BYBIT_LINEAR", "BYBIT_OPTION", "OPTION_COINS"]

OPTION_COINS = ("BTC", "ETH", "SOL")
"""Coins whose options are listed; the venue lists them by the coin only."""

_QUARTERS = b"HMUZ"
_PERPETUALS = frozenset({PERPETUAL})
_upper: Callable[[str], str] = str.upper

_LIMITS = Limits(
    topics_per_connection=400,
    topics_per_request=10,
    request_bytes=8_000,
    messages_per_second=10,
    connections_per_5min=500,
    rest_weight_per_minute=600,
)


def _encode(subscribes: bool, topics: Sequence[Topic], number: int) -> str:  # noqa: FBT001
    operation = "subscribe" if subscribes else "unsubscribe"
    args = ",".join(topic.argument for topic in topics)
    return f'{{"req_id":"{number}","op":"{operation}","args":[{args}]}}'


def _topic(category: str, channel: str, symbol: str) -> Topic:
    by_coin = category == "option" and channel == "publicTrade"
    name = symbol.partition("-")[0] if by_coin else symbol
    return Topic(f'"{channel}.{name}"', f"/v5/public/{category}")


def _sbe_topic(category: str, channel: str, symbol: str) -> Topic:
    return Topic(f'"{channel}.{symbol}"', f"/v5/public-sbe/{category}")


def _service(
    category: str,
    *,
    title: str,
    channels: Mapping[str, Channel],
    form: str,
    example: str,
    rules: tuple[SymbolRule, ...],
) -> Service:
    path = f"/v5/market/instruments-info?category={category}&limit=1000"
    paths = [f"{path}&baseCoin={coin}" for coin in OPTION_COINS] if category == "option" else [path]
    service = Service(
        name="bybit" if category == "spot" else f"bybit-{category}",
        title=title,
        venue="bybit",
        protocol="bybit",
        ws_url="wss://stream.bybit.com",
        rest_url="https://api.bybit.com",
        test_ws_url="wss://stream-testnet.bybit.com",
        test_rest_url="https://api-testnet.bybit.com",
        limits=_LIMITS,
        ping=Ping(text='{"op":"ping"}', every_s=20, pong='"pong"'),
        channels=channels,
        book_proof="update ids of each topic, one by one (u), and snapshots in between",
        symbol_form=form,
        symbol_example=example,
        symbol_rules=rules,
        spell=_upper,
        topic=partial(_topic, category),
        encode=_encode,
        instruments=InstrumentSource(paths=tuple(paths), parse=parse, next_page=next_page),
    )
    if category == "option":
        return service
    return dataclasses.replace(service, encodings={"sbe": _in_sbe(category, service)})


def _in_sbe(category: str, service: Service) -> Service:
    return dataclasses.replace(
        service,
        protocol="bybit-sbe",
        # Market makers have hosts of their own.
        ws_url="",
        test_ws_url="wss://stream-testnet.bybits.org",
        keys="connections of market makers, which the venue opens to their addresses",
        channels={
            "trades": Channel(("publicTrade.sbe",)),
            "book": Channel(("ob.50.sbe",), note="50 levels, every 20 ms"),
            "bbo": Channel(("ob.rpi.1.sbe",), note="without orders of retail price improvement"),
        },
        topic=partial(_sbe_topic, category),
    )


_BOOK = Channel(("orderbook.50",), note="50 levels, every 20 ms")
_CONTRACT_CHANNELS = {
    "trades": Channel(("publicTrade",)),
    "book": _BOOK,
    "bbo": Channel(("orderbook.1",)),
    "mark": Channel(("tickers",)),
    "index": Channel(("tickers",)),
    "funding": Channel(("tickers",), _PERPETUALS),
    "open_interest": Channel(("tickers",)),
    "liquidations": Channel(("allLiquidation",)),
}

BYBIT = _service(
    "spot",
    title="Bybit spot",
    channels={
        "trades": Channel(("publicTrade",)),
        "book": _BOOK,
        "bbo": Channel(("orderbook.1",)),
    },
    form=r"[A-Z0-9]{4,}",
    example="BTCUSDT",
    rules=(SymbolRule(b"", b"", None, SPOT),),
)
"""``bybit``: spot pairs."""

BYBIT_LINEAR = _service(
    "linear",
    title="Bybit linear (USDT and USDC)",
    channels=_CONTRACT_CHANNELS,
    form=r"[A-Z0-9]{3,}(-[0-9]{1,2}[A-Z]{3}[0-9]{2})?",
    example="BTCUSDT",
    rules=(SymbolRule(b"", b"", 1, FUTURE), SymbolRule(b"", b"", None, PERPETUAL)),
)
"""``bybit-linear``: perpetuals and futures margined in stable coins."""

BYBIT_INVERSE = _service(
    "inverse",
    title="Bybit inverse",
    channels=_CONTRACT_CHANNELS,
    form=r"[A-Z0-9]{4,}",
    example="BTCUSD",
    rules=(
        *(SymbolRule(b"", b"USD%c##" % code, None, FUTURE) for code in _QUARTERS),
        SymbolRule(b"", b"", None, PERPETUAL),
    ),
)
"""``bybit-inverse``: perpetuals and futures margined in coins; sizes are US dollars."""

BYBIT_OPTION = _service(
    "option",
    title="Bybit options",
    channels={
        "trades": Channel(("publicTrade",), note="of all options of the coin"),
        "book": Channel(("orderbook.100",), note="100 levels, every 100 ms"),
        "bbo": Channel(("tickers",)),
        "mark": Channel(("tickers",)),
        "index": Channel(("tickers",)),
        "open_interest": Channel(("tickers",)),
        "greeks": Channel(("tickers",)),
    },
    form=r"[A-Z0-9]+-[0-9]{1,2}[A-Z]{3}[0-9]{2}-[0-9.]+-[CP](-[A-Z]+)?",
    example="BTC-26DEC25-100000-C-USDT",
    rules=(SymbolRule(b"", b"", None, OPTION),),
)
"""``bybit-option``: options."""
