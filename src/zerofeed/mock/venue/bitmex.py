"""BitMEX: tables over WebSocket, and REST.

A subscription names a table and a symbol. What comes first is a ``partial`` with the keys of the
table and its rows; then rows are inserted, updated and deleted by their keys. Levels of the book
have an id, and an update leaves the price out. There is no sequence number: an update of a row
that is not there tells that one was lost. ``ping`` is answered by ``pong``.

Source: www.bitmex.com/app/wsAPI.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from zerofeed.mock.venue.book import Book, BookChange, Row, SideName
from zerofeed.mock.venue.connection import Connection, Subscription
from zerofeed.mock.venue.dialect import Answer, Dialect, Update, steps_of
from zerofeed.mock.venue.limits import Limits
from zerofeed.mock.venue.market import Levels, Liquidation, Mark, MarketEvent, Trade
from zerofeed.mock.venue.text import bare, dump_json, iso_time, read_json

__all__ = ["Bitmex"]

_TABLE = re.compile(r'^\s*\{\s*"table"\s*:\s*"[^"]+"\s*,\s*(.*)\}\s*$', re.DOTALL)
_KEYS: dict[str, list[str]] = {
    "orderBookL2": ["symbol", "id", "side"],
    "orderBookL2_25": ["symbol", "id", "side"],
    "orderBook10": ["symbol"],
    "trade": [],
    "quote": [],
    "instrument": ["symbol"],
    "liquidation": ["orderID"],
    "funding": ["timestamp", "symbol"],
}
_SIDES: dict[str, SideName] = {"Buy": "bids", "Sell": "asks"}


class Bitmex(Dialect):
    """BitMEX, public tables."""

    name: ClassVar[str] = "bitmex"
    ws_path: ClassVar[str] = "/realtime"
    limits: ClassVar[Limits] = Limits(messages=720, messages_per_ns=3_600_000_000_000)

    def __init__(self) -> None:
        super().__init__()
        self._ids = 8_800_000_000
        self._written: dict[tuple[str, str, str], str] = {}
        self._read: dict[tuple[str, str, str], Row] = {}
        self._instruments: dict[str, dict[str, Any]] = {}

    # The market's side.

    def read(self, text: str) -> list[Update]:
        """Take a message of a table apart, by symbol."""
        message = read_json(text)
        if not isinstance(message, dict) or not message.get("data") or "table" not in message:
            return []
        table = "orderBookL2" if message["table"].startswith("orderBookL2") else message["table"]
        if table not in _KEYS:
            return []
        symbols = list(dict.fromkeys(row["symbol"] for row in message["data"]))
        found = _TABLE.match(text)
        updates: list[Update] = []
        for symbol in symbols:
            rows = [row for row in message["data"] if row["symbol"] == symbol]
            body = found[1] if found and len(symbols) == 1 else _body(message["action"], rows)
            change = None
            if table == "orderBookL2":
                change = self._change(symbol, message["action"], rows)
            updates.append(Update(f"{table}:{symbol}", body, change))
        return updates

    def _change(self, symbol: str, action: str, rows: list[dict[str, Any]]) -> BookChange:
        """Rows know their price by their id, since inserts and partials only tell it."""
        sides: dict[SideName, list[Row]] = {"bids": [], "asks": []}
        for row in rows:
            key = (symbol, str(row["id"]), row["side"])
            before = self._read.get(key)
            price = row.get("price") or (before.price if before is not None else None)
            if price is None:
                continue
            size = "0" if action == "delete" else row["size"]
            level = self._read[key] = Row(price, size, (str(row["id"]),))
            if action == "delete":
                del self._read[key]
            sides[_SIDES[row["side"]]].append(level)
        is_partial = action == "partial"
        return BookChange(
            symbol, tuple(sides["bids"]), tuple(sides["asks"]), is_snapshot=is_partial
        )

    def write(self, event: MarketEvent) -> list[Update]:
        """Say an event as rows of tables; sizes are whole contracts."""
        symbol, timestamp = event.symbol, iso_time(event.ts_ns)
        match event:
            case Levels():
                return self._write_levels(event, timestamp)
            case Trade():
                row = {
                    "timestamp": timestamp, "symbol": symbol, "side": _side(is_buy=event.is_buy),
                    "size": bare(_contracts(event.size)), "price": bare(event.price),
                    "tickDirection": "PlusTick" if event.is_buy else "MinusTick",
                    "trdMatchID": f"00000000-0000-4000-8000-{event.number:012d}",
                    "grossValue": bare(_contracts(event.size)), "homeNotional": bare("1.0"),
                    "foreignNotional": bare(_contracts(event.size)), "trdType": "Regular",
                }  # fmt: skip
                return [_rows("trade", symbol, "insert", [row])]
            case Mark():
                row = {
                    "symbol": symbol, "markPrice": bare(event.mark_price),
                    "indicativeSettlePrice": bare(event.index_price),
                    "lastPrice": bare(event.last_price), "fundingRate": bare(event.funding_rate),
                    "fundingTimestamp": iso_time(event.next_funding_ns),
                    "openInterest": bare(_contracts(event.open_interest)), "timestamp": timestamp,
                }  # fmt: skip
                return [_rows("instrument", symbol, "update", [row])]
            case Liquidation():
                identity = f"00000000-0000-4000-9000-{event.number:012d}"
                row = {
                    "orderID": identity, "symbol": symbol, "side": _side(is_buy=event.is_buy),
                    "price": bare(event.price), "leavesQty": bare(_contracts(event.size)),
                }  # fmt: skip
                gone = {"orderID": identity, "symbol": symbol}
                return [
                    _rows("liquidation", symbol, "insert", [row]),
                    _rows("liquidation", symbol, "delete", [gone]),
                ]

    def _write_levels(self, event: Levels, timestamp: str) -> list[Update]:
        symbol = event.symbol
        rows: dict[str, list[dict[str, object]]] = {"delete": [], "update": [], "insert": []}
        changed: dict[str, dict[SideName, list[Row]]] = {
            action: {"bids": [], "asks": []} for action in rows
        }
        for side, levels in (("Buy", event.bids), ("Sell", event.asks)):
            for level in levels:
                key = (symbol, side, level.price)
                identity = self._written.get(key)
                row: dict[str, object] = {"symbol": symbol, "side": side}
                if level.size.strip("0.") == "":
                    if identity is None:
                        continue
                    action, size = "delete", "0"
                    del self._written[key]
                else:
                    action = "insert" if identity is None else "update"
                    size = _contracts(level.size)
                    if identity is None:
                        self._ids += 1
                        identity = self._written[key] = str(self._ids)
                    row["size"] = bare(size)
                    if action == "insert":
                        row["price"] = bare(level.price)
                row |= {"id": bare(identity), "timestamp": timestamp}
                rows[action].append(row)
                changed[action][_SIDES[side]].append(Row(level.price, size, (identity,)))
        updates: list[Update] = []
        for action, told in rows.items():
            if told:
                sides = changed[action]
                change = BookChange(
                    symbol,
                    tuple(sides["bids"]),
                    tuple(sides["asks"]),
                    is_snapshot=event.is_opening,
                    ts_ms=event.ts_ns // 1_000_000,
                )
                updates.append(Update(f"orderBookL2:{symbol}", _body(action, told), change))
        if event.is_best_changed:
            updates += self._write_best(event, timestamp)
        return updates

    def _write_best(self, event: Levels, timestamp: str) -> list[Update]:
        bids, asks = event.book.top("bids", 10), event.book.top("asks", 10)
        quote = {
            "timestamp": timestamp, "symbol": event.symbol,
            "bidSize": bare(_contracts(bids[0].size)), "bidPrice": bare(bids[0].price),
            "askPrice": bare(asks[0].price), "askSize": bare(_contracts(asks[0].size)),
        }  # fmt: skip
        ten = {
            "symbol": event.symbol, "timestamp": timestamp,
            "bids": [[bare(row.price), bare(_contracts(row.size))] for row in bids],
            "asks": [[bare(row.price), bare(_contracts(row.size))] for row in asks],
        }  # fmt: skip
        return [
            _rows("quote", event.symbol, "insert", [quote]),
            _rows("orderBook10", event.symbol, "update", [ten]),
        ]

    def publish(self, update: Update) -> bool:
        """Also put instruments together from their updates, for who subscribes later."""
        table, _, symbol = update.stream.partition(":")
        if table == "instrument":
            for row in read_json(f"{{{update.body}}}")["data"]:
                self._instruments.setdefault(symbol, {}).update(row)
        return super().publish(update)

    def is_state(self, stream: str) -> bool:
        """The last rows are the partial of who subscribes."""
        return stream.startswith(("quote", "trade", "orderBook10", "funding"))

    # The clients' side.

    def on_open(self, connection: Connection, query: Mapping[str, str]) -> None:
        """Greet, and take what the address names."""
        told = {
            "info": "Welcome to the BitMEX Realtime API.", "version": "2.0.0",
            "timestamp": iso_time(self.now_ns), "docs": "https://www.bitmex.com/app/wsAPI",
            "heartbeatEnabled": False, "limit": {"remaining": 719},
        }  # fmt: skip
        connection.say_json(told)
        names = [name for name in query.get("subscribe", "").split(",") if name]
        if names:
            self._serve(connection, "subscribe", names)

    def is_counted(self, text: str) -> bool:
        """Subscribing is."""
        return text != "ping"

    def on_excess(self, connection: Connection) -> None:
        """Refuse, without hanging up."""
        told = {"status": 429, "error": "Rate limit exceeded, retry in 1 seconds.",
                "meta": {"retryAfter": 1}}  # fmt: skip
        connection.say_json(told)

    def on_nonsense(self, connection: Connection, text: str) -> None:
        """Refuse what is no request."""
        connection.say_json({"status": 400, "error": "Unrecognized request.", "meta": {}})

    def on_text(self, connection: Connection, text: str) -> None:
        """``ping``, ``subscribe``, ``unsubscribe``."""
        if text == "ping":
            connection.say("pong")
            return
        request = read_json(text)
        if request["op"] not in {"subscribe", "unsubscribe"}:
            self.on_nonsense(connection, text)
            return
        args = request["args"]
        self._serve(connection, request["op"], [args] if isinstance(args, str) else args)

    def _serve(self, connection: Connection, operation: str, names: list[str]) -> None:
        request = {"op": operation, "args": names}
        for name in names:
            table, _, symbol = name.partition(":")
            reason = ""
            if table not in _KEYS:
                reason = f"Unknown table: {table}"
            elif symbol and symbol not in self.symbols:
                reason = f"Unknown symbol: {symbol}"
            if reason:
                told = {"status": 400, "error": reason, "meta": {}, "request": request}
                connection.say_json(told)
                continue
            connection.say_json({"success": True, operation: name, "request": request})
            for each in [symbol] if symbol else list(self.symbols):
                full = f"{table}:{each}"
                if operation == "unsubscribe":
                    connection.unsubscribe(full)
                elif connection.subscribe(Subscription(_key(full), full)):
                    self._say_partial(connection, table, each)

    def _say_partial(self, connection: Connection, table: str, symbol: str) -> None:
        key = _key(f"{table}:{symbol}")
        rows: list[Any] = []
        if key.startswith("orderBookL2:") and symbol in self.books:
            book = self.books[symbol]
            rows = [*self._levels(book, "Sell", "asks"), *self._levels(book, "Buy", "bids")]
        elif table == "instrument" and symbol in self._instruments:
            text = {"symbol", "timestamp", "fundingTimestamp", "state", "rootSymbol", "typ"}
            row = self._instruments[symbol].items()
            rows = [
                {name: value if name in text or not isinstance(value, str) else bare(value)
                 for name, value in row}
            ]  # fmt: skip
        elif key in self.latest:
            _, _, data = self.latest[key].body.partition('"data":')
            connection.say(f'{{"table":"{table}",{_partial(table, symbol, data)}}}')
            return
        connection.say(f'{{"table":"{table}",{_partial(table, symbol, dump_json(rows))}}}')

    def _levels(self, book: Book, side: str, name: SideName) -> list[dict[str, object]]:
        return [
            {"symbol": book.symbol, "id": bare(row.more[0]), "side": side,
             "size": bare(row.size), "price": bare(row.price),
             "timestamp": iso_time(book.ts_ms * 1_000_000)}
            for row in book.top(name)
        ]  # fmt: skip

    def frame(self, connection: Connection, subscription: Subscription, update: Update) -> str:
        """Put the table's name before it, which differs with the depth asked for."""
        table = subscription.name.partition(":")[0]
        return f'{{"table":"{table}",{update.body}}}'

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Instruments and books."""
        match path:
            case "/api/v1/instrument/active" | "/api/v1/instrument":
                wanted = query.get("symbol")
                symbols = [each for each in self.symbols if wanted in {None, each}]
                return Answer(200, dump_json([self._listing(each) for each in symbols]))
            case "/api/v1/orderBook/L2":
                book = self.books.get(query.get("symbol", ""))
                rows: list[dict[str, object]] = []
                if book is not None:
                    rows = [*self._levels(book, "Sell", "asks"), *self._levels(book, "Buy", "bids")]
                return Answer(200, dump_json(rows))
            case _:
                return super().get(path, query)

    def _listing(self, symbol: str) -> dict[str, object]:
        tick, _ = steps_of(self.books.get(symbol))
        return {
            "symbol": symbol, "rootSymbol": symbol[:3], "state": "Open", "typ": "FFWCSX",
            "quoteCurrency": "USD", "underlying": symbol[:3], "settlCurrency": "XBt",
            "tickSize": bare(tick), "lotSize": 1, "multiplier": -100_000_000, "isInverse": True,
            "expiry": None,
        }  # fmt: skip


def _key(name: str) -> str:
    return name.replace("orderBookL2_25:", "orderBookL2:")


def _body(action: str, rows: list[Any]) -> str:
    return dump_json({"action": action, "data": rows})[1:-1]


def _rows(table: str, symbol: str, action: str, rows: list[Any]) -> Update:
    return Update(f"{table}:{symbol}", _body(action, rows))


def _partial(table: str, symbol: str, data: str) -> str:
    head = {"action": "partial", "keys": _KEYS[table], "filter": {"symbol": symbol}}
    return f'{dump_json(head)[1:-1]},"data":{data}'


def _contracts(size: str) -> str:
    return size.replace(".", "").lstrip("0") or "0"


def _side(*, is_buy: bool) -> str:
    return "Buy" if is_buy else "Sell"
