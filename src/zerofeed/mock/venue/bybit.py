"""Bybit v5: public topics of spot, linear, inverse and options, and REST.

A topic is ``orderbook.DEPTH.SYMBOL``. A book begins with a snapshot, every delta's ``u`` is one
more than the one before; a level that leaves the depth is removed by the message. Depth 1 sends
only snapshots. Clients ping every 20 s.

Source: bybit-exchange.github.io/docs/v5/websocket/public/orderbook, /ws/connect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from zerofeed.mock.venue.book import BookChange, Row, rows_of
from zerofeed.mock.venue.connection import Connection, Subscription, top_differing
from zerofeed.mock.venue.dialect import Answer, Dialect, Update, steps_of
from zerofeed.mock.venue.greeks import price_option
from zerofeed.mock.venue.limits import Limits
from zerofeed.mock.venue.market import Levels, Liquidation, Mark, MarketEvent, Trade
from zerofeed.mock.venue.text import dump_json, read_json

__all__ = ["Bybit"]

_TOPIC = re.compile(r'^\s*\{\s*"topic"\s*:\s*"[^"]+"\s*,\s*(.*)\}\s*$', re.DOTALL)
_PATH = "/v5/public/"
_KINDS = ("spot", "linear", "inverse", "option")
_DEPTHS = (1, 25, 50, 100, 200, 500, 1000)
_OPTION = re.compile(r"([A-Z]+)-[^-]+-([\d.]+)-([CP])(?:-[A-Z]+)?$")
_GREEKS = ("delta", "gamma", "vega", "theta")
_WHOLE = 25
"""No made-up book has more levels."""


class Bybit(Dialect):
    """Bybit v5, public topics."""

    name: ClassVar[str] = "bybit"
    ws_path: ClassVar[str] = "/v5/public/linear"
    limits: ClassVar[Limits] = Limits(arguments=10, idle_ns=600_000_000_000)

    def __init__(self) -> None:
        super().__init__()
        self._depths: dict[str, int] = {}
        self._updates: dict[str, int] = {}
        self._tickers: dict[str, dict[str, Any]] = {}

    # The market's side.

    def read(self, text: str) -> list[Update]:
        """Take a message of a topic apart."""
        message = read_json(text)
        if not isinstance(message, dict) or "topic" not in message or "data" not in message:
            return []
        topic, data = message["topic"], message["data"]
        found = _TOPIC.match(text)
        body = (
            found[1]
            if found
            else dump_json({k: v for k, v in message.items() if k != "topic"})[1:-1]
        )
        key = _key(topic)
        if not key.startswith("orderbook:"):
            return [Update(key, body)]
        symbol = data["s"]
        self._depths[symbol] = int(topic.split(".")[1])
        last = int(data["u"])
        is_snapshot = message["type"] == "snapshot" or last == 1
        change = BookChange(
            symbol, rows_of(data["b"]), rows_of(data["a"]), is_snapshot=is_snapshot, last=last,
            previous=None if is_snapshot else last - 1, ts_ms=int(message["ts"]),
        )  # fmt: skip
        return [Update(key, body, change)]

    def write(self, event: MarketEvent) -> list[Update]:
        """Say an event on the topics that carry it."""
        symbol, ts_ms = event.symbol, event.ts_ns // 1_000_000
        match event:
            case Levels():
                return self._write_levels(event, ts_ms)
            case Trade():
                row = {
                    "T": ts_ms, "s": symbol, "S": _side(is_buy=event.is_buy), "v": event.size,
                    "p": event.price, "L": "PlusTick" if event.is_buy else "MinusTick",
                    "i": f"00000000-0000-5000-8000-{event.number:012d}", "BT": False, "RPI": False,
                    "seq": str(event.number),
                }  # fmt: skip
                return [_message(f"publicTrade:{symbol}", "snapshot", ts_ms, [row])]
            case Mark():
                row = {
                    "symbol": symbol, "markPrice": event.mark_price,
                    "indexPrice": event.index_price, "lastPrice": event.last_price,
                    "fundingRate": event.funding_rate, "openInterest": event.open_interest,
                    "nextFundingTime": str(event.next_funding_ns // 1_000_000),
                    "openInterestValue": event.open_interest,
                }  # fmt: skip
                if _OPTION.match(symbol):
                    row |= self._option_figures(symbol)
                return [self._write_ticker(symbol, ts_ms, row)]
            case Liquidation():
                row = {"T": ts_ms, "s": symbol, "S": _side(is_buy=event.is_buy), "v": event.size,
                       "p": event.price}  # fmt: skip
                return [_message(f"allLiquidation:{symbol}", "snapshot", ts_ms, [row])]

    def _write_levels(self, event: Levels, ts_ms: int) -> list[Update]:
        symbol = event.symbol
        last = self._updates[symbol] = self._updates.get(symbol, 1_000) + 1
        bids, asks = (
            tuple(Row(row.price, row.size) for row in rows) for rows in (event.bids, event.asks)
        )
        change = BookChange(
            symbol, bids, asks, is_snapshot=event.is_opening, last=last,
            previous=None if event.is_opening else last - 1, ts_ms=ts_ms,
        )  # fmt: skip
        kind = "snapshot" if event.is_opening else "delta"
        updates = [
            Update(f"orderbook:{symbol}", _body(kind, ts_ms, symbol, bids, asks, last), change)
        ]
        if event.is_best_changed:
            bid, ask = event.book.top("bids", 1)[0], event.book.top("asks", 1)[0]
            body = _body("snapshot", ts_ms, symbol, (bid,), (ask,), last)
            updates.append(Update(f"orderbook1:{symbol}", body))
            best = {"symbol": symbol, "bid1Price": bid.price, "bid1Size": bid.size,
                    "ask1Price": ask.price, "ask1Size": ask.size}  # fmt: skip
            updates.append(self._write_ticker(symbol, ts_ms, best))
        return updates

    def _write_ticker(self, symbol: str, ts_ms: int, row: dict[str, Any]) -> Update:
        return _message(f"tickers:{symbol}", "delta", ts_ms, row)

    def _option_figures(self, symbol: str) -> dict[str, str]:
        currency = symbol.partition("-")[0]
        matches = [_OPTION.match(each) for each in self.symbols]
        strikes = [float(each[2]) for each in matches if each and each[1] == currency]
        own = _OPTION.match(symbol)
        assert own is not None
        option = price_option(float(own[2]), strikes, is_call=own[3] == "C")
        figures = {name: f"{getattr(option, name):.8f}" for name in _GREEKS}
        return figures | {
            "underlyingPrice": f"{option.forward:.2f}", "markPriceIv": f"{option.volatility:.4f}",
            "bidIv": f"{option.volatility - 0.01:.4f}", "askIv": f"{option.volatility + 0.01:.4f}",
        }  # fmt: skip

    def publish(self, update: Update) -> bool:
        """Also put a ticker together from its deltas, for who subscribes later."""
        if update.stream.startswith("tickers:"):
            data = read_json(f"{{{update.body}}}")["data"]
            self._tickers.setdefault(update.stream, {}).update(data)
        return super().publish(update)

    def is_state(self, stream: str) -> bool:
        """The best level is shown to who subscribes; tickers are put together for it."""
        return stream.startswith("orderbook1:")

    # The clients' side.

    def accepts(self, path: str) -> bool:
        """One path for each kind of instrument, which are not told apart by symbol."""
        return path.startswith(_PATH) and path.removeprefix(_PATH) in _KINDS

    def on_text(self, connection: Connection, text: str) -> None:
        """``subscribe``, ``unsubscribe``, ``ping``."""
        request = read_json(text)
        operation, number = request["op"], request.get("req_id", "")
        kind = connection.path.removeprefix(_PATH)
        if operation == "ping":
            told: dict[str, object] = {"success": True, "ret_msg": "pong", "op": "ping"}
            if kind == "option":
                told = {"args": [str(self.now_ns // 1_000_000)], "op": "pong"}
            connection.say_json(told | {"req_id": number, "conn_id": _id(connection)})
            return
        if operation not in {"subscribe", "unsubscribe"}:
            self.on_nonsense(connection, text)
            return
        topics = [str(topic) for topic in request["args"]]
        reason = self._refusal(topics, kind)
        told = {"success": not reason, "ret_msg": reason or operation}
        if kind == "option":
            failed = topics if reason else []
            data = {"failTopics": failed, "successTopics": [] if reason else topics}
            told = {"success": not reason, "data": data, "type": "COMMAND_RESP"}
        told |= {"conn_id": _id(connection), "req_id": number, "op": operation}
        connection.say_json(told)
        for topic in topics if not reason else ():
            if operation == "subscribe":
                self._join(connection, topic)
            else:
                connection.unsubscribe(topic)

    def on_nonsense(self, connection: Connection, text: str) -> None:
        """Refuse what is no request."""
        told = {"success": False, "ret_msg": "error:invalid request", "conn_id": _id(connection)}
        connection.say_json(told)

    def _refusal(self, topics: list[str], kind: str) -> str:
        if kind == "spot" and len(topics) > self.limits.arguments:
            return "args size >10"
        for topic in topics:
            parts = topic.split(".")
            is_book = parts[0] == "orderbook" and len(parts) == 3
            if is_book and (not parts[1].isdigit() or int(parts[1]) not in _DEPTHS):
                return f"error:handler not found,topic:{topic}"
            if self.symbol_of(_key(topic)) not in self.symbols:
                return f"error:handler not found,topic:{topic}"
        return ""

    def _join(self, connection: Connection, topic: str) -> None:
        key = _key(topic)
        subscription = Subscription(key, topic)
        symbol = self.symbol_of(key)
        book = self.books.get(symbol)
        if key.startswith("orderbook:") and book is not None:
            wanted = int(topic.split(".")[1])
            native = self._depths.get(symbol, _WHOLE)
            if wanted < native:
                # Deeper changes are not seen, so this topic counts for itself.
                subscription.depth, subscription.number = wanted, 1
        if not connection.subscribe(subscription):
            return
        body = ""
        if key.startswith("orderbook:") and book is not None:
            bids, asks = tuple(book.top("bids")), tuple(book.top("asks"))
            last = book.last
            if subscription.depth:
                top_differing(subscription, book, names_pushed_out=True)
                bids, asks = (tuple(rows) for rows in subscription.tops)
                last = subscription.number
            body = _body("snapshot", book.ts_ms, symbol, bids, asks, last)
        elif key in self._tickers:
            ts_ms = self.now_ns // 1_000_000
            body = _message(key, "snapshot", ts_ms, self._tickers[key]).body
        elif key in self.latest:
            body = self.latest[key].body
        if body:
            connection.say(f'{{"topic":"{topic}",{body}}}')

    def frame(self, connection: Connection, subscription: Subscription, update: Update) -> str:
        """Put the topic before it; cut a book to the depth of the topic."""
        body = update.body
        change = update.change
        if change is not None and subscription.depth and not change.is_snapshot:
            book = self.books[change.symbol]
            bids, asks = top_differing(subscription, book, names_pushed_out=True)
            if not bids and not asks:
                return ""
            subscription.number += 1
            rows = tuple(bids), tuple(asks)
            body = _body("delta", book.ts_ms, change.symbol, *rows, subscription.number)
        return f'{{"topic":"{subscription.name}",{body}}}'

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Instruments, books and the time."""
        match path:
            case "/v5/market/instruments-info":
                rows = [self._listing(symbol) for symbol in self.symbols]
                kind = query.get("category", "linear")
                told: dict[str, object] = {"category": kind, "list": rows, "nextPageCursor": ""}
                return self._answer(told)
            case "/v5/market/orderbook":
                book = self.books.get(query.get("symbol", ""))
                if book is None:
                    told = {
                        "retCode": 10_001,
                        "retMsg": "params error: symbol invalid",
                        "result": {},
                    }
                    return Answer(200, dump_json(told))
                depth = int(query.get("limit", "25"))
                return self._answer({
                    "s": book.symbol, "b": _pairs(book.top("bids", depth)),
                    "a": _pairs(book.top("asks", depth)), "ts": book.ts_ms, "u": book.last,
                    "seq": book.last, "cts": book.ts_ms,
                })  # fmt: skip
            case "/v5/market/time":
                return self._answer({"timeSecond": str(self.now_ns // 10**9),
                                     "timeNano": str(self.now_ns)})  # fmt: skip
            case _:
                return super().get(path, query)

    def _answer(self, result: object) -> Answer:
        told = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {},
                "time": self.now_ns // 1_000_000}  # fmt: skip
        return Answer(200, dump_json(told))

    def _listing(self, symbol: str) -> dict[str, object]:
        tick, lot = steps_of(self.books.get(symbol))
        quote = next((each for each in ("USDT", "USDC", "USD") if symbol.endswith(each)), "USDT")
        return {
            "symbol": symbol, "contractType": "LinearPerpetual", "status": "Trading",
            "baseCoin": symbol.removesuffix(quote), "quoteCoin": quote, "settleCoin": quote,
            "launchTime": "1600000000000", "deliveryTime": "0", "priceScale": "2",
            "priceFilter": {"minPrice": tick, "maxPrice": "9999999", "tickSize": tick},
            "lotSizeFilter": {"minOrderQty": lot, "qtyStep": lot, "basePrecision": lot},
            "fundingInterval": 480,
        }  # fmt: skip


def _key(topic: str) -> str:
    parts = topic.split(".")
    if parts[0] == "orderbook" and len(parts) == 3:
        return f"orderbook1:{parts[2]}" if parts[1] == "1" else f"orderbook:{parts[2]}"
    return f"{parts[0]}:{parts[-1]}"


def _body(
    kind: str, ts_ms: int, symbol: str, bids: tuple[Row, ...], asks: tuple[Row, ...], last: int
) -> str:
    data = {"s": symbol, "b": _pairs(bids), "a": _pairs(asks), "u": last, "seq": last}
    return dump_json({"type": kind, "ts": ts_ms, "data": data, "cts": ts_ms})[1:-1]


def _pairs(rows: tuple[Row, ...] | list[Row]) -> list[list[str]]:
    return [[row.price, row.size] for row in rows]


def _message(key: str, kind: str, ts_ms: int, data: object) -> Update:
    return Update(key, dump_json({"type": kind, "ts": ts_ms, "data": data})[1:-1])


def _side(*, is_buy: bool) -> str:
    return "Buy" if is_buy else "Sell"


def _id(connection: Connection) -> str:
    return f"00000000-0000-4000-8000-{connection.number:012d}"
