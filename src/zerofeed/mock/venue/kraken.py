"""Kraken spot: WebSocket v2 (objects), and v1 (arrays) for captures of former years.

A book has the depth that was asked for. Levels that are pushed out of it are not removed by any
message; who keeps a book cuts it after each one. The only proof of a book is its checksum, over
the ten best levels a side.

Sources: docs.kraken.com, "Websocket v2: Book", "Book checksum v2"; "Websocket v1: book".
"""

from __future__ import annotations

import abc
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from zerofeed.mock.venue.book import Book, BookChange, Row
from zerofeed.mock.venue.checksums import kraken_checksum
from zerofeed.mock.venue.connection import Connection, Subscription, top_differing
from zerofeed.mock.venue.dialect import Answer, Dialect, Update, steps_of
from zerofeed.mock.venue.market import Levels, Mark, MarketEvent, Trade
from zerofeed.mock.venue.text import bare, dump_json, iso_time, plain_number, read_json

__all__ = ["Kraken", "KrakenV1", "KrakenV2"]

_DEPTHS = (10, 25, 100, 500, 1000)
_HEARTBEAT_NS = 1_000_000_000
_V1 = re.compile(
    r'^\s*\[\s*\d+\s*,(.*),\s*"([a-z]+)(?:-(\d+))?"\s*,\s*"([^"]+)"\s*\]\s*$', re.DOTALL
)


class Kraken(Dialect):
    """What both versions share: depths, checksums, heartbeats, REST."""

    def __init__(self) -> None:
        super().__init__()
        self._depths: dict[str, int] = {}

    # The market's side.

    def _keep(self, change: BookChange) -> None:
        super()._keep(change)
        depth = self._depths.get(change.symbol)
        if depth:
            self.books[change.symbol].truncate(depth)

    def is_state(self, stream: str) -> bool:
        """Tickers and spreads are shown to who subscribes."""
        return stream.startswith(("ticker", "spread"))

    # The clients' side.

    @abc.abstractmethod
    def body_of(self, book: Book, bids: list[Row], asks: list[Row], *, is_snapshot: bool) -> str:
        """Write rows of a book, with the checksum of it."""

    @abc.abstractmethod
    def heartbeat(self) -> str:
        """What is said when there is nothing to say."""

    def on_tick(self, connection: Connection) -> None:
        """A heartbeat a second, unless something else was said."""
        due_ns = max(connection.said_ns, connection.state.get("heartbeat_ns", 0)) + _HEARTBEAT_NS
        if connection.by_name and self.now_ns >= due_ns:
            connection.state["heartbeat_ns"] = self.now_ns
            connection.say(self.heartbeat())

    def join(self, subscription: Subscription) -> str:
        """The snapshot for a new subscription to a book, or the last ticker; empty for none."""
        channel, _, symbol = subscription.key.partition(":")
        if channel == "book" and symbol in self.books:
            book = self.books[symbol]
            top_differing(subscription, book, names_pushed_out=False)
            return self.body_of(book, *subscription.tops, is_snapshot=True)
        latest = self.latest.get(subscription.key)
        return "" if latest is None else latest.body

    def cut(self, subscription: Subscription, update: Update) -> str:
        """An update as a client with this depth is to see it; empty if it sees no difference."""
        change = update.change
        if change is None or change.is_snapshot or not subscription.depth:
            return update.body
        book = self.books.get(change.symbol)
        if book is None or self._depths.get(change.symbol) == subscription.depth:
            return update.body
        bids, asks = top_differing(subscription, book, names_pushed_out=False)
        return self.body_of(book, bids, asks, is_snapshot=False) if bids or asks else ""

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """``AssetPairs``, ``Depth``, ``Time``."""
        match path:
            case "/0/public/AssetPairs":
                told = {each.replace("/", ""): self._listing(each) for each in self.symbols}
                return _answer(told)
            case "/0/public/Depth":
                pair = query.get("pair", "")
                symbol = next((s for s in self.books if pair in {s, s.replace("/", "")}), None)
                if symbol is None:
                    told_error = {"error": ["EQuery:Unknown asset pair"]}
                    return Answer(200, dump_json(told_error))
                book, depth = self.books[symbol], int(query.get("count", "100"))
                ts = book.ts_ms // 1_000
                sides = {
                    "asks": [[row.price, row.size, ts] for row in book.top("asks", depth)],
                    "bids": [[row.price, row.size, ts] for row in book.top("bids", depth)],
                }
                return _answer({symbol.replace("/", ""): sides})
            case "/0/public/Time":
                return _answer({"unixtime": self.now_ns // 1_000_000_000})
            case _:
                return super().get(path, query)

    def _listing(self, symbol: str) -> dict[str, object]:
        tick, lot = steps_of(self.books.get(symbol))
        base, _, quote = symbol.partition("/")
        return {
            "altname": symbol.replace("/", ""), "wsname": symbol, "base": base, "quote": quote,
            "pair_decimals": _decimals(tick), "lot_decimals": _decimals(lot),
            "ordermin": lot, "tick_size": tick, "status": "online",
        }  # fmt: skip


class KrakenV2(Kraken):
    """Kraken spot, WebSocket v2."""

    name: ClassVar[str] = "kraken-v2"
    ws_path: ClassVar[str] = "/v2"

    def read(self, text: str) -> list[Update]:
        """Take a message of a channel apart; answers tell the depth that was recorded."""
        message = read_json(text)
        if not isinstance(message, dict):
            return []
        result = message.get("result")
        if isinstance(result, dict) and result.get("channel") == "book":
            self._depths[result["symbol"]] = int(result.get("depth", 10))
        channel, data = message.get("channel"), message.get("data")
        if channel not in {"book", "trade", "ticker"} or not data:
            return []
        symbol = data[0]["symbol"]
        if channel != "book":
            return [Update(f"{channel}:{symbol}", text)]
        row = data[0]
        bids, asks = (
            tuple(Row(level["price"], level["qty"]) for level in row.get(side, ()))
            for side in ("bids", "asks")
        )
        change = BookChange(symbol, bids, asks, is_snapshot=message["type"] == "snapshot")
        if change.is_snapshot and symbol not in self._depths:
            levels = max(len(bids), len(asks))
            self._depths[symbol] = next((d for d in _DEPTHS if levels <= d), _DEPTHS[-1])
        return [Update(f"book:{symbol}", text, change)]

    def write(self, event: MarketEvent) -> list[Update]:
        """Say an event; contracts have no place here."""
        symbol, timestamp = event.symbol, iso_time(event.ts_ns, 6)
        match event:
            case Levels():
                bids, asks = _plain(event.bids), _plain(event.asks)
                change = BookChange(
                    symbol, bids, asks, is_snapshot=event.is_opening,
                    ts_ms=event.ts_ns // 1_000_000,
                )  # fmt: skip
                # Every client sees its own depth, so the body is written when it is known.
                updates = [Update(f"book:{symbol}", "", change)]
                if event.is_best_changed:
                    updates.append(self._write_ticker(event, timestamp))
                return updates
            case Trade():
                row = {
                    "symbol": symbol, "side": "buy" if event.is_buy else "sell",
                    "price": bare(event.price), "qty": bare(event.size), "ord_type": "market",
                    "trade_id": event.number, "timestamp": timestamp,
                }  # fmt: skip
                return [_channel("trade", "update", row)]
            case _:
                return []

    def _write_ticker(self, event: Levels, timestamp: str) -> Update:
        bid, ask = event.book.top("bids", 1)[0], event.book.top("asks", 1)[0]
        row = {
            "symbol": event.symbol, "bid": bare(bid.price), "bid_qty": bare(bid.size),
            "ask": bare(ask.price), "ask_qty": bare(ask.size), "last": bare(bid.price),
            "volume": bare("1.0"), "vwap": bare(bid.price), "low": bare(bid.price),
            "high": bare(ask.price), "change": bare("0.0"), "change_pct": bare("0.0"),
            "timestamp": timestamp,
        }  # fmt: skip
        return _channel("ticker", "update", row)

    def on_open(self, connection: Connection, query: Mapping[str, str]) -> None:
        """Say that all is well."""
        row = {"version": "2.0.10", "system": "online", "api_version": "v2",
               "connection_id": connection.number}  # fmt: skip
        connection.say_json({"channel": "status", "type": "update", "data": [row]})

    def on_text(self, connection: Connection, text: str) -> None:
        """``subscribe``, ``unsubscribe``, ``ping``."""
        request = read_json(text)
        method, number = request["method"], plain_number(request.get("req_id"))
        if method == "ping":
            connection.say_json(self._stamped({"method": "pong"}, number))
            return
        if method not in {"subscribe", "unsubscribe"}:
            self.on_nonsense(connection, text)
            return
        params = request["params"]
        if params["channel"] == "instrument":
            self._serve_instruments(connection, method, number)
            return
        for symbol in params["symbol"]:
            self._serve(connection, method, params, symbol, number)

    def on_nonsense(self, connection: Connection, text: str) -> None:
        """Refuse what is no request."""
        connection.say_json({"error": "Malformed request", "success": False})

    def _serve(
        self, connection: Connection, method: str, params: dict[str, Any], symbol: str, number: Any
    ) -> None:
        channel = params["channel"]
        depth = int(params.get("depth", 10)) if channel == "book" else 0
        reason = ""
        if symbol not in self.symbols:
            reason = f"Currency pair not supported {symbol}"
        elif channel not in {"book", "trade", "ticker"}:
            reason = f"Unsupported channel {channel}"
        elif depth and depth not in _DEPTHS:
            reason = f"Subscription depth not supported {depth}"
        name = f"{channel}-{depth}:{symbol}"
        subscription = Subscription(f"{channel}:{symbol}", name, depth=depth)
        if not reason and method == "subscribe" and not connection.subscribe(subscription):
            reason = "Already subscribed"
        if not reason and method == "unsubscribe" and connection.unsubscribe(name) is None:
            reason = "Subscription Not Found"
        if reason:
            told = {"error": reason, "method": method, "success": False, "symbol": symbol}
            connection.say_json(self._stamped(told, number))
            return
        result: dict[str, object] = {"channel": channel, "symbol": symbol}
        if depth:
            result["depth"] = depth
        if method == "subscribe":
            result["snapshot"] = params.get("snapshot", True)
        told_all = {"method": method, "result": result, "success": True}
        connection.say_json(self._stamped(told_all, number))
        if method == "subscribe" and params.get("snapshot", True):
            text = self.join(subscription)
            if text:
                connection.say(text)

    def _serve_instruments(self, connection: Connection, method: str, number: Any) -> None:
        told = {"method": method, "result": {"channel": "instrument"}, "success": True}
        connection.say_json(self._stamped(told, number))
        if method == "subscribe":
            pairs = [self._pair(symbol) for symbol in self.symbols]
            names = {name for symbol in self.symbols for name in symbol.split("/")}
            assets = [{"id": name, "status": "enabled", "precision": 10, "precision_display": 5,
                       "borrowable": False, "collateral_value": bare("0.0")}
                      for name in sorted(names)]  # fmt: skip
            data = {"assets": assets, "pairs": pairs}
            connection.say_json({"channel": "instrument", "type": "snapshot", "data": data})

    def frame(self, connection: Connection, subscription: Subscription, update: Update) -> str:
        """Cut to the client's depth."""
        return self.cut(subscription, update)

    def heartbeat(self) -> str:
        """Of v2."""
        return '{"channel":"heartbeat"}'

    def body_of(self, book: Book, bids: list[Row], asks: list[Row], *, is_snapshot: bool) -> str:
        """A message of channel ``book``."""
        row: dict[str, object] = {
            "symbol": book.symbol,
            "bids": [{"price": bare(each.price), "qty": bare(each.size)} for each in bids],
            "asks": [{"price": bare(each.price), "qty": bare(each.size)} for each in asks],
            "checksum": kraken_checksum(book),
            "timestamp": iso_time(book.ts_ms * 1_000_000 or self.now_ns, 6),
        }
        kind = "snapshot" if is_snapshot else "update"
        return _channel("book", kind, row).body

    def _pair(self, symbol: str) -> dict[str, object]:
        tick, lot = steps_of(self.books.get(symbol))
        base, _, quote = symbol.partition("/")
        return {
            "symbol": symbol, "base": base, "quote": quote, "status": "online",
            "qty_precision": _decimals(lot), "qty_increment": bare(lot),
            "price_precision": _decimals(tick), "price_increment": bare(tick),
            "cost_precision": 5, "cost_min": bare("0.5"), "qty_min": bare(lot),
            "marginable": False, "has_index": True,
        }  # fmt: skip

    def _stamped(self, told: dict[str, Any], number: Any) -> dict[str, Any]:
        now = iso_time(self.now_ns, 6)
        told |= {"time_in": now, "time_out": now}
        return told if number is None else told | {"req_id": number}


class KrakenV1(Kraken):
    """Kraken spot, WebSocket v1."""

    name: ClassVar[str] = "kraken-v1"
    ws_path: ClassVar[str] = "/"

    def read(self, text: str) -> list[Update]:
        """Take an array apart: number, one or two objects, channel, pair."""
        message = read_json(text)
        if not isinstance(message, list):
            return []
        found = _V1.match(text)
        if found is None:
            return []
        body, channel, depth, pair = found.groups()
        if channel != "book":
            return [Update(f"{channel}:{pair}", body)]
        self._depths[pair] = int(depth or 10)
        sides: dict[str, list[list[str]]] = {}
        for part in message[1:-2]:
            sides |= {side: rows for side, rows in part.items() if side != "c"}
        is_snapshot = "as" in sides or "bs" in sides
        bids, asks = (
            tuple(Row(row[0], row[1], (row[2],)) for row in sides.get(side, ()))
            for side in (("bs", "as") if is_snapshot else ("b", "a"))
        )
        return [Update(f"book:{pair}", body, BookChange(pair, bids, asks, is_snapshot=is_snapshot))]

    def write(self, event: MarketEvent) -> list[Update]:
        """Say an event; contracts have no place here."""
        pair, time = event.symbol, _seconds(event.ts_ns)
        match event:
            case Levels():
                bids, asks = (
                    tuple(Row(row.price, row.size, (time,)) for row in rows)
                    for rows in (event.bids, event.asks)
                )
                change = BookChange(
                    pair, bids, asks, is_snapshot=event.is_opening, ts_ms=event.ts_ns // 1_000_000
                )
                updates = [Update(f"book:{pair}", "", change)]
                if event.is_best_changed:
                    bid, ask = event.book.top("bids", 1)[0], event.book.top("asks", 1)[0]
                    body = dump_json([bid.price, ask.price, time, bid.size, ask.size])
                    updates.append(Update(f"spread:{pair}", body))
                return updates
            case Trade():
                row = [event.price, event.size, time, "b" if event.is_buy else "s", "m", ""]
                return [Update(f"trade:{pair}", dump_json([row]))]
            case Mark():
                book = self.books[pair]
                bid, ask = book.top("bids", 1)[0], book.top("asks", 1)[0]
                ticker = {
                    "a": [ask.price, 0, ask.size], "b": [bid.price, 0, bid.size],
                    "c": [event.last_price, "0.1"],
                }  # fmt: skip
                return [Update(f"ticker:{pair}", dump_json(ticker))]
            case _:
                return []

    def on_open(self, connection: Connection, query: Mapping[str, str]) -> None:
        """Say that all is well."""
        told = {"connectionID": connection.number, "event": "systemStatus", "status": "online",
                "version": "1.9.0"}  # fmt: skip
        connection.say_json(told)

    def on_text(self, connection: Connection, text: str) -> None:
        """``subscribe``, ``unsubscribe``, ``ping``."""
        request = read_json(text)
        event, number = request["event"], plain_number(request.get("reqid"))
        if event == "ping":
            told = {"event": "pong"}
            connection.say_json(told if number is None else told | {"reqid": number})
            return
        if event not in {"subscribe", "unsubscribe"}:
            self.on_nonsense(connection, text)
            return
        wanted = request["subscription"]
        for pair in request["pair"]:
            self._serve(connection, event, wanted, pair, number)

    def on_nonsense(self, connection: Connection, text: str) -> None:
        """Refuse what is no request."""
        connection.say_json({"errorMessage": "Malformed request", "event": "error"})

    def _serve(
        self, connection: Connection, event: str, wanted: dict[str, Any], pair: str, number: Any
    ) -> None:
        channel = wanted["name"]
        depth = int(wanted.get("depth", 10)) if channel == "book" else 0
        name = f"{channel}-{depth}" if depth else channel
        told: dict[str, object] = {"event": "subscriptionStatus", "pair": pair}
        told["subscription"] = {"depth": depth, "name": channel} if depth else {"name": channel}
        if number is not None:
            told["reqid"] = number
        if pair not in self.symbols or (depth and depth not in _DEPTHS):
            reason = (
                "Subscription depth not supported"
                if pair in self.symbols
                else (f"Currency pair not supported {pair}")
            )
            connection.say_json({"errorMessage": reason, "status": "error", **told})
            return
        identity = list(self.symbols).index(pair) * 16 + len(channel) * 2 + 336
        told = {"channelID": identity, "channelName": name, **told, "status": f"{event}d"}
        if event == "unsubscribe":
            connection.unsubscribe(f"{name}:{pair}")
            connection.say_json(told)
            return
        subscription = Subscription(f"{channel}:{pair}", f"{name}:{pair}", identity, depth)
        connection.say_json(told)
        if connection.subscribe(subscription):
            body = self.join(subscription)
            if body:
                connection.say(_array(subscription, body))

    def frame(self, connection: Connection, subscription: Subscription, update: Update) -> str:
        """Cut to the client's depth, between its number and its name."""
        body = self.cut(subscription, update)
        return _array(subscription, body) if body else ""

    def heartbeat(self) -> str:
        """Of v1."""
        return '{"event":"heartbeat"}'

    def body_of(self, book: Book, bids: list[Row], asks: list[Row], *, is_snapshot: bool) -> str:
        """One object, or two where both sides change; the last has the checksum."""
        levels = [[[*row[:2], *row.more[:1]] for row in rows] for rows in (asks, bids)]
        if is_snapshot:
            return dump_json({"as": levels[0], "bs": levels[1]})
        parts: list[dict[str, object]] = []
        for side, rows in zip("ab", levels, strict=True):
            stamped = [row if len(row) == 3 else [*row, _seconds(self.now_ns)] for row in rows]
            if stamped:
                parts.append({side: stamped})
        parts[-1]["c"] = str(kraken_checksum(book))
        return ",".join(dump_json(part) for part in parts)


def _channel(channel: str, kind: str, row: dict[str, Any]) -> Update:
    body = dump_json({"channel": channel, "type": kind, "data": [row]})
    return Update(f"{channel}:{row['symbol']}", body)


def _array(subscription: Subscription, body: str) -> str:
    name, _, pair = subscription.name.partition(":")
    return f'[{subscription.number},{body},"{name}","{pair}"]'


def _plain(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    return tuple(Row(row.price, row.size) for row in rows)


def _answer(result: object) -> Answer:
    return Answer(200, dump_json({"error": [], "result": result}))


def _decimals(step: str) -> int:
    return len(step.partition(".")[2])


def _seconds(ts_ns: int) -> str:
    return f"{ts_ns // 1_000_000_000}.{ts_ns % 1_000_000_000 // 1_000:06d}"
