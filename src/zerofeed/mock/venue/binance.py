"""Binance: spot, USD-M and COIN-M futures.

Clients subscribe by message (``SUBSCRIBE`` with an id), by path (``/ws/btcusdt@trade``) or by
query (``/stream?streams=a/b``); on ``/stream`` messages come in a wrapper that names their stream.
Books begin with an answer over REST. Spot's changes have the first and last update id (``U``,
``u``) and follow each other by one; those of futures also name the last one before (``pu``).

Sources: binance-spot-api-docs, web-socket-streams.md, web-socket-api errors, rest-api.md;
developers.binance.com, derivatives, "How to manage a local order book correctly".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from zerofeed.mock.venue.book import BookChange, Row, rows_of
from zerofeed.mock.venue.connection import Connection, Subscription
from zerofeed.mock.venue.dialect import Answer, Dialect, Update, steps_of
from zerofeed.mock.venue.limits import Limits
from zerofeed.mock.venue.market import Levels, Liquidation, Mark, MarketEvent, Trade
from zerofeed.mock.venue.text import dump_json, plain_number, read_json

__all__ = ["BinanceCoinM", "BinanceSpot", "BinanceUsdM"]

_WRAPPED = re.compile(r'^\s*\{\s*"stream"\s*:\s*"([^"]+)"\s*,\s*"data"\s*:\s*(.*)\}\s*$', re.DOTALL)
_SPEED = re.compile(r"(@depth|@markPrice|@indexPrice)@\d+m?s$")


class BinanceSpot(Dialect):
    """Binance spot."""

    name: ClassVar[str] = "binance-spot"
    ws_path: ClassVar[str] = "/stream"
    limits: ClassVar[Limits] = Limits(
        messages=5, streams=1_024, ping_ns=20_000_000_000, weight=6_000
    )
    has_rest_snapshots: ClassVar[bool] = True
    rest_prefix: ClassVar[str] = "/api/v3"
    is_future: ClassVar[bool] = False
    has_pair: ClassVar[bool] = False
    depth_weights: ClassVar[tuple[tuple[int, int], ...]] = (
        (100, 5), (500, 25), (1_000, 50), (5_000, 250),
    )  # fmt: skip
    """What an answer with so many levels costs; the last is the most there is."""

    def __init__(self) -> None:
        super().__init__()
        self._last_ids: dict[str, int] = {}
        self._symbol_read = ""
        self._nameless: list[Update] = []

    # The market's side.

    def read(self, text: str) -> list[Update]:
        """Take a wrapped or raw message apart; also a bare answer over REST."""
        message = read_json(text)
        if not isinstance(message, dict):
            return []
        if "lastUpdateId" in message:
            return self._snapshot(message, str(message.get("symbol", self._symbol_read)))
        stream, body = "", text
        if found := _WRAPPED.match(text):
            stream, body, message = found[1], found[2], message["data"]
        elif "stream" in message:
            stream, message = message["stream"], message["data"]
            body = dump_json(message)
        if "lastUpdateId" in message:
            return self._snapshot(message, stream.partition("@")[0].upper())
        event = message.get("e")
        key = _key(stream) if stream else self._key_of(message)
        if event == "depthUpdate":
            self._symbol_read = message["s"]
            before = [
                update._replace(change=update.change._replace(symbol=message["s"]))
                for update in self._nameless
                if update.change is not None
            ]
            self._nameless.clear()
            return [*before, Update(key, body, self._change(message))]
        return [Update(key, body)] if key else []

    def read_answer(self, url: str, text: str) -> list[Update]:
        """Take a captured depth snapshot."""
        message = read_json(text)
        found = re.search(r"[?&]symbol=([^&]+)", url)
        if found is None or "lastUpdateId" not in message:
            return []
        return self._snapshot(message, found[1])

    def _snapshot(self, message: dict[str, Any], symbol: str) -> list[Update]:
        bids, asks = rows_of(message["bids"]), rows_of(message["asks"])
        change = BookChange(
            symbol,
            bids,
            asks,
            is_snapshot=True,
            last=int(message["lastUpdateId"]),
            ts_ms=int(message.get("E", 0)),
        )
        if not symbol:
            # It does not say whose it is; the next change does.
            self._nameless.append(Update("", "", change))
            return []
        return [Update("", "", change)]

    def _change(self, message: dict[str, Any]) -> BookChange:
        previous = int(message["pu"] if "pu" in message else int(message["U"]) - 1)
        return BookChange(
            message["s"],
            rows_of(message["b"]),
            rows_of(message["a"]),
            last=int(message["u"]),
            previous=previous,
            ts_ms=int(message["E"]),
        )

    def _key_of(self, message: dict[str, Any]) -> str:
        """Name the stream of a raw message; Binance spot's best prices do not say what they are."""
        suffix = {
            "depthUpdate": "depth",
            "trade": "trade",
            "aggTrade": "aggTrade",
            "bookTicker": "bookTicker",
            "markPriceUpdate": "markPrice",
            "forceOrder": "forceOrder",
            None: "bookTicker" if {"b", "B", "a", "A"} <= message.keys() else "",
        }.get(message.get("e"), "")
        symbol = message.get("s") or message.get("o", {}).get("s", "")
        return f"{symbol.lower()}@{suffix}" if symbol and suffix else ""

    def write(self, event: MarketEvent) -> list[Update]:
        """Say an event as streams of one symbol."""
        symbol, ts_ms = event.symbol, event.ts_ns // 1_000_000
        low = symbol.lower()
        match event:
            case Levels():
                return self._write_levels(event, low, ts_ms)
            case Trade():
                told: dict[str, object] = {"e": "trade", "E": ts_ms}
                if self.is_future:
                    told["T"] = ts_ms
                told |= {"s": symbol, "t": event.number, "p": event.price, "q": event.size}
                if self.is_future:
                    told |= {"X": "MARKET", "m": not event.is_buy}
                else:
                    told |= {"T": ts_ms, "m": not event.is_buy, "M": True}
                merged: dict[str, object] = {
                    "e": "aggTrade", "E": ts_ms, "s": symbol, "a": event.number,
                    "p": event.price, "q": event.size, "f": event.number, "l": event.number,
                    "T": ts_ms, "m": not event.is_buy,
                }  # fmt: skip
                if not self.is_future:
                    merged["M"] = True
                return [
                    Update(f"{low}@trade", dump_json(told)),
                    Update(f"{low}@aggTrade", dump_json(merged)),
                ]
            case Mark() if self.is_future:
                told = {
                    "e": "markPriceUpdate", "E": ts_ms, "s": symbol, "p": event.mark_price,
                    "i": event.index_price, "P": event.index_price, "r": event.funding_rate,
                    "T": event.next_funding_ns // 1_000_000,
                }  # fmt: skip
                return [Update(f"{low}@markPrice", dump_json(told))]
            case Liquidation() if self.is_future:
                order: dict[str, object] = {"s": symbol}
                if self.has_pair:
                    order["ps"] = _pair(symbol)
                order |= {
                    "S": "BUY" if event.is_buy else "SELL", "o": "LIMIT", "f": "IOC",
                    "q": event.size, "p": event.price, "ap": event.price, "X": "FILLED",
                    "l": event.size, "z": event.size, "T": ts_ms,
                }  # fmt: skip
                body = dump_json({"e": "forceOrder", "E": ts_ms, "o": order})
                return [Update(f"{low}@forceOrder", body), Update("!forceOrder@arr", body)]
            case _:
                return []

    def _write_levels(self, event: Levels, low: str, ts_ms: int) -> list[Update]:
        before = self._last_ids.get(event.symbol, 1_000)
        rows = len(event.bids) + len(event.asks)
        last = self._last_ids[event.symbol] = before + max(rows, 1)
        if event.is_opening:
            change = BookChange(
                event.symbol, event.bids, event.asks, is_snapshot=True, last=last, ts_ms=ts_ms
            )
            return [Update("", "", change)]
        told: dict[str, object] = {"e": "depthUpdate", "E": ts_ms}
        if self.is_future:
            told["T"] = ts_ms
        told["s"] = event.symbol
        if self.has_pair:
            told["ps"] = _pair(event.symbol)
        told |= {"U": before + 1, "u": last}
        if self.is_future:
            told["pu"] = before
        told |= {"b": _pairs(event.bids), "a": _pairs(event.asks)}
        updates = [
            Update(
                f"{low}@depth",
                dump_json(told),
                BookChange(
                    event.symbol, event.bids, event.asks, last=last, previous=before, ts_ms=ts_ms
                ),
            )
        ]
        if event.is_best_changed:
            updates.append(self._write_best(event, low, ts_ms, last))
        return updates

    def _write_best(self, event: Levels, low: str, ts_ms: int, last: int) -> Update:
        bid, ask = event.book.top("bids", 1)[0], event.book.top("asks", 1)[0]
        told: dict[str, object] = {"e": "bookTicker"} if self.is_future else {}
        told |= {"u": last, "s": event.symbol}
        if self.has_pair:
            told["ps"] = _pair(event.symbol)
        told |= {"b": bid.price, "B": bid.size, "a": ask.price, "A": ask.size}
        if self.is_future:
            told |= {"T": ts_ms, "E": ts_ms}
        return Update(f"{low}@bookTicker", dump_json(told))

    def symbol_of(self, stream: str) -> str:
        """``btcusdt@trade`` is of BTCUSDT."""
        return "" if stream.startswith("!") else stream.partition("@")[0].upper()

    # The clients' side.

    def accepts(self, path: str) -> bool:
        """``/ws``, ``/ws/NAME/...`` and ``/stream``."""
        return path in {"/ws", "/stream"} or path.startswith("/ws/")

    def on_open(self, connection: Connection, query: Mapping[str, str]) -> None:
        """Take the streams that the address names."""
        connection.state["is_wrapped"] = connection.path.endswith("/stream")
        _, _, in_path = connection.path.partition("/ws/")
        for name in [*in_path.split("/"), *query.get("streams", "").split("/")]:
            if name:
                connection.subscribe(Subscription(self.key_of(name), name))

    def key_of(self, name: str) -> str:
        """Name the stream that a client's name stands for: those of any speed carry the same."""
        return _key(name)

    def on_text(self, connection: Connection, text: str) -> None:
        """``SUBSCRIBE``, ``UNSUBSCRIBE``, ``LIST_SUBSCRIPTIONS``."""
        request = read_json(text)
        number = plain_number(request.get("id"))
        names = [str(name) for name in request.get("params") or ()]
        match request.get("method"):
            case "SUBSCRIBE":
                fresh = [name for name in names if name not in connection.by_name]
                if len(connection.by_name) + len(fresh) > self.limits.streams:
                    _refuse(connection, 2, "Invalid request: too many streams", number)
                    return
                connection.say_json({"result": None, "id": number})
                for name in names:
                    connection.subscribe(Subscription(self.key_of(name), name))
            case "UNSUBSCRIBE":
                for name in names:
                    connection.unsubscribe(name)
                connection.say_json({"result": None, "id": number})
            case "LIST_SUBSCRIPTIONS":
                connection.say_json({"result": list(connection.by_name), "id": number})
            case _:
                _refuse(connection, 2, "Invalid request: unknown method", number)

    def on_nonsense(self, connection: Connection, text: str) -> None:
        """Refuse what is no request."""
        del text
        _refuse(connection, 3, "Invalid JSON: expected value at line 1 column 1", None)

    def frame(
        self, connection: Connection, subscription: Subscription, update: Update
    ) -> str | bytes:
        """Wrap a message on ``/stream``; raw it is the same for everybody."""
        if connection.state.get("is_wrapped"):
            return f'{{"stream":"{subscription.name}","data":{update.body}}}'
        return update.body

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """``depth``, ``exchangeInfo``, ``ping`` and ``time``."""
        if not path.startswith(f"{self.rest_prefix}/"):
            return super().get(path, query)
        match path.removeprefix(f"{self.rest_prefix}/"):
            case "depth":
                return self._depth(query)
            case "exchangeInfo":
                return self.charge(20) or Answer(200, dump_json(self._exchange()))
            case "ping":
                return self.charge(1) or Answer(200, "{}")
            case "time":
                told = {"serverTime": self.now_ns // 1_000_000}
                return self.charge(1) or Answer(200, dump_json(told))
            case _:
                return super().get(path, query)

    def _depth(self, query: Mapping[str, str]) -> Answer:
        try:
            limit = min(int(query.get("limit", "100")), self.depth_weights[-1][0])
        except ValueError:
            return Answer(400, dump_json({"code": -1100, "msg": "Illegal characters in 'limit'."}))
        weight = next(weight for most, weight in self.depth_weights if limit <= most)
        refusal = self.charge(weight)
        if refusal is not None:
            return refusal
        book = self.books.get(query.get("symbol", ""))
        if book is None:
            return Answer(400, dump_json({"code": -1121, "msg": "Invalid symbol."}))
        told: dict[str, object] = {"lastUpdateId": book.last}
        if self.is_future:
            told |= {"E": book.ts_ms, "T": book.ts_ms}
        if self.has_pair:
            told |= {"symbol": query.get("symbol", ""), "pair": _pair(query.get("symbol", ""))}
        told["bids"] = _pairs(tuple(book.top("bids", limit)))
        told["asks"] = _pairs(tuple(book.top("asks", limit)))
        return Answer(200, dump_json(told))

    def _exchange(self) -> dict[str, object]:
        return {
            "timezone": "UTC",
            "serverTime": self.now_ns // 1_000_000,
            "rateLimits": [],
            "symbols": [self._listing(symbol) for symbol in self.symbols if symbol],
        }

    def _listing(self, symbol: str) -> dict[str, object]:
        tick, lot = steps_of(self.books.get(symbol))
        quote = next((q for q in ("USDT", "USDC", "BTC", "USD") if symbol.endswith(q)), symbol[-3:])
        listing: dict[str, object] = {"symbol": symbol}
        if self.is_future:
            kind = "contractStatus" if self.has_pair else "status"
            listing |= {"pair": _pair(symbol), "contractType": "PERPETUAL", kind: "TRADING"}
            quote = "USD" if self.has_pair else quote
            if self.has_pair:
                listing["contractSize"] = 10
        else:
            listing["status"] = "TRADING"
        listing |= {
            "baseAsset": _pair(symbol).removesuffix(quote),
            "quoteAsset": quote,
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00", "tickSize": tick},
                {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": "9000.00", "stepSize": lot},
            ],
        }  # fmt: skip
        return listing


class BinanceUsdM(BinanceSpot):
    """Binance USD-M futures."""

    name: ClassVar[str] = "binance-usdm"
    limits: ClassVar[Limits] = Limits(
        messages=10, streams=1_024, ping_ns=180_000_000_000, pong_ns=600_000_000_000, weight=2_400
    )
    rest_prefix: ClassVar[str] = "/fapi/v1"
    depth_weights: ClassVar[tuple[tuple[int, int], ...]] = (
        (50, 2), (100, 5), (500, 10), (1_000, 20),
    )  # fmt: skip
    is_future: ClassVar[bool] = True
    ws_path: ClassVar[str] = "/public/stream"

    def accepts(self, path: str) -> bool:
        """The routed paths (``/public``, ``/market``), and those of before 2026-04."""
        return super().accepts(re.sub(r"^/(public|market)(?=/)", "", path))


class BinanceCoinM(BinanceUsdM):
    """Binance COIN-M futures."""

    name: ClassVar[str] = "binance-coinm"
    rest_prefix: ClassVar[str] = "/dapi/v1"
    has_pair: ClassVar[bool] = True
    ws_path: ClassVar[str] = "/stream"


def _key(name: str) -> str:
    """Streams of any speed carry the same."""
    return _SPEED.sub(r"\1", name)


def _refuse(connection: Connection, code: int, reason: str, number: int | str | None) -> None:
    connection.say_json({"error": {"code": code, "msg": reason}, "id": number})


def _pairs(rows: tuple[Row, ...]) -> list[list[str]]:
    return [[row.price, row.size] for row in rows]


def _pair(symbol: str) -> str:
    return symbol.partition("_")[0]
