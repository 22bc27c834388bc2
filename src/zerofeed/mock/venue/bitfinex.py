"""Bitfinex v2: arrays on numbered channels, and REST.

Each subscription gets a channel number of its connection, and every message begins with it. A
client may ask (``conf``) for a sequence number behind every message, and for a checksum after each
change of a book. A level is ``[price, count, amount]``: asks have negative amounts, and a count of
0 removes. A silent channel says ``hb`` every 15 s.

Source: docs.bitfinex.com, "WebSocket general", "Books", "WS Books checksum", "Flags".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from zerofeed.mock.venue.book import Book, BookChange, Row
from zerofeed.mock.venue.checksums import bitfinex_checksum
from zerofeed.mock.venue.connection import Connection, Subscription
from zerofeed.mock.venue.dialect import Answer, Dialect, Update
from zerofeed.mock.venue.limits import Limits
from zerofeed.mock.venue.market import Levels, Liquidation, Mark, MarketEvent, Trade
from zerofeed.mock.venue.text import bare, dump_json, plain_number, read_json, shortest

__all__ = ["CHECKSUM", "SEQUENCE", "Bitfinex"]

SEQUENCE = 65_536
"""Flag: a sequence number of the connection behind every message."""
CHECKSUM = 131_072
"""Flag: a checksum after each change of a book."""
_HEARTBEAT_NS = 15_000_000_000
_CHANNELS = ("book", "trades", "ticker", "status")
_LENGTHS = (1, 25, 100, 250)
_ARRAY = re.compile(r"^\s*\[\s*(\d+)\s*,\s*(.*)\]\s*$", re.DOTALL)
_SUM = "cs"


class Bitfinex(Dialect):
    """Bitfinex v2, public channels."""

    name: ClassVar[str] = "bitfinex"
    ws_path: ClassVar[str] = "/ws/2"
    limits: ClassVar[Limits] = Limits(streams=30)

    def __init__(self) -> None:
        super().__init__()
        self._channels_read: dict[str, str] = {}
        self._flags_read = 0

    # The market's side.

    def read(self, text: str) -> list[Update]:
        """Take an array of a channel apart that the capture has the subscription of."""
        message = read_json(text)
        if isinstance(message, dict):
            self._read_event(message)
            return []
        found = _ARRAY.match(text)
        if found is None or message[0] not in self._channels_read:
            return []
        key, body = self._channels_read[message[0]], found[2]
        if self._flags_read & SEQUENCE:
            body = body.rpartition(",")[0]
        payload = message[1]
        if payload == "hb" or payload == _SUM:  # noqa: PLR1714 - it may be a list, which has no hash
            return []
        if not key.startswith("book:"):
            return [Update(key, body)]
        symbol = self.symbol_of(key)
        rows = payload if payload and isinstance(payload[0], list) else [payload]
        is_snapshot = bool(payload) and isinstance(payload[0], list)
        change = _change(symbol, rows, is_snapshot=is_snapshot)
        return [Update(key, body, change), Update(key, _SUM)]

    def _read_event(self, message: dict[str, Any]) -> None:
        if message.get("event") == "conf":
            self._flags_read = int(message.get("flags", 0))
        if message.get("event") == "subscribed":
            target = message.get("symbol") or message.get("key", "")
            self._channels_read[message["chanId"]] = f"{message['channel']}:{target}"

    def write(self, event: MarketEvent) -> list[Update]:
        """Say an event, one level a message."""
        symbol, ts_ms = event.symbol, event.ts_ns // 1_000_000
        match event:
            case Levels():
                return self._write_levels(event, ts_ms)
            case Trade():
                amount = _amount(event.size, is_ask=not event.is_buy)
                row = [event.number, ts_ms, bare(amount), bare(shortest(event.price))]
                body = dump_json(row)
                key = f"trades:{symbol}"
                return [Update(key, f'"te",{body}'), Update(key, f'"tu",{body}')]
            case Mark():
                row = [
                    ts_ms, None, bare(event.last_price), bare(event.index_price), None,
                    bare("1000000"), None, event.next_funding_ns // 1_000_000,
                    bare(event.funding_rate), 0, None, bare(event.funding_rate), None, None,
                    bare(event.mark_price), None, None, bare(event.open_interest), None, None,
                    None, None, None,
                ]  # fmt: skip
                return [Update(f"status:deriv:{symbol}", dump_json(row))]
            case Liquidation():
                # The position's amount: a short one is closed by buying.
                amount = _amount(event.size, is_ask=event.is_buy)
                row = ["pos", event.number, ts_ms, None, symbol, bare(amount),
                       bare(shortest(event.price)), None, 1, 1, None,
                       bare(shortest(event.price))]  # fmt: skip
                return [Update("status:liq:global", dump_json([row]))]

    def _write_levels(self, event: Levels, ts_ms: int) -> list[Update]:
        symbol, key = event.symbol, f"book:{event.symbol}"
        rows = [_level(row, is_ask=False) for row in event.bids]
        rows += [_level(row, is_ask=True) for row in event.asks]
        if event.is_opening:
            change = _change(symbol, rows, is_snapshot=True)._replace(ts_ms=ts_ms)
            return [Update(key, _array(rows), change)]
        updates = [
            Update(
                key, _array(row), _change(symbol, [row], is_snapshot=False)._replace(ts_ms=ts_ms)
            )
            for row in rows
        ]
        updates.append(Update(key, _SUM))
        if event.is_best_changed:
            bid, ask = event.book.top("bids", 1)[0], event.book.top("asks", 1)[0]
            row = [bare(shortest(bid.price)), bare(shortest(bid.size)),
                   bare(shortest(ask.price)), bare(shortest(ask.size)), 0, 0,
                   bare(shortest(bid.price)), 1, bare(shortest(ask.price)),
                   bare(shortest(bid.price))]  # fmt: skip
            updates.append(Update(f"ticker:{symbol}", dump_json(row)))
        return updates

    def is_state(self, stream: str) -> bool:
        """Tickers and the state of contracts are shown to who subscribes."""
        return stream.startswith(("ticker", "status:deriv"))

    def symbol_of(self, stream: str) -> str:
        """``status:deriv:tBTCF0:USTF0`` is of what follows the second colon."""
        channel, _, target = stream.partition(":")
        if channel != "status":
            return target
        kind, _, symbol = target.partition(":")
        return symbol if kind == "deriv" else ""

    # The clients' side.

    def on_open(self, connection: Connection, query: Mapping[str, str]) -> None:
        """Say that all is well."""
        told = {"event": "info", "version": 2, "serverId": "00000000-0000-4000-8000-000000000001",
                "platform": {"status": 1}}  # fmt: skip
        connection.say_json(told)

    def on_text(self, connection: Connection, text: str) -> None:
        """``conf``, ``ping``, ``subscribe``, ``unsubscribe``."""
        request = read_json(text)
        match request["event"]:
            case "conf":
                connection.state["flags"] = int(request.get("flags", 0))
                told = {"event": "conf", "status": "OK", "flags": connection.state["flags"]}
                connection.say_json(told)
            case "ping":
                told = {"event": "pong", "ts": self.now_ns // 1_000_000}
                connection.say_json(told | {"cid": plain_number(request.get("cid"))})
            case "subscribe":
                self._subscribe(connection, request)
            case "unsubscribe":
                number = int(request["chanId"])
                for name, subscription in list(connection.by_name.items()):
                    if subscription.number == number:
                        connection.unsubscribe(name)
                        told = {"event": "unsubscribed", "status": "OK", "chanId": number}
                        connection.say_json(told)
                        return
                _refuse(connection, "unsubscribe: invalid", 10_400, {})
            case _:
                self.on_nonsense(connection, text)

    def on_nonsense(self, connection: Connection, text: str) -> None:
        """Refuse what is no request."""
        _refuse(connection, "unknown event", 10_000, {})

    def _subscribe(self, connection: Connection, request: dict[str, Any]) -> None:
        channel = request["channel"]
        target = request.get("symbol") or request.get("key") or ""
        length = int(request.get("len", 25)) if channel == "book" else 0
        key = f"{channel}:{target}"
        name = f"{key}:{length}" if length else key
        echo = {each: value for each, value in request.items() if each != "event"}
        symbol = self.symbol_of(key)
        if channel not in _CHANNELS or (length and length not in _LENGTHS):
            _refuse(connection, "subscribe: invalid", 10_300, echo)
        elif symbol and symbol not in self.symbols:
            _refuse(connection, "symbol: invalid", 10_300, echo)
        elif name in connection.by_name:
            _refuse(connection, "subscribe: dup", 10_301, echo)
        elif len(connection.by_name) >= self.limits.streams:
            _refuse(connection, "subscribe: limit", 10_305, echo)
        else:
            number = connection.state["channels"] = connection.state.get("channels", 10) + 1
            subscription = Subscription(key, name, number)
            connection.subscribe(subscription)
            told: dict[str, object] = {"event": "subscribed", "channel": channel, "chanId": number}
            if channel == "book":
                told |= {"prec": request.get("prec", "P0"), "freq": request.get("freq", "F0"),
                         "len": str(length)}  # fmt: skip
            told |= {
                each: value for each, value in echo.items() if each in {"symbol", "key", "subId"}
            }
            if symbol:
                told["pair"] = symbol.removeprefix("t")
            connection.say_json(told)
            self._say_present(connection, subscription)

    def _say_present(self, connection: Connection, subscription: Subscription) -> None:
        symbol, key = self.symbol_of(subscription.key), subscription.key
        if key.startswith("book:") and symbol in self.books:
            connection.say(_said(connection, subscription, _array(_rows(self.books[symbol]))))
            if connection.state.get("flags", 0) & CHECKSUM:
                connection.say(self._sum(connection, subscription))
        elif key.startswith("trades:"):
            connection.say(_said(connection, subscription, "[]"))
        elif key in self.latest:
            connection.say(_said(connection, subscription, self.latest[key].body))

    def frame(self, connection: Connection, subscription: Subscription, update: Update) -> str:
        """Put the channel's number before it, and what the client asked for behind."""
        if update.body != _SUM:
            return _said(connection, subscription, update.body)
        if connection.state.get("flags", 0) & CHECKSUM:
            return self._sum(connection, subscription)
        return ""

    def _sum(self, connection: Connection, subscription: Subscription) -> str:
        checksum = bitfinex_checksum(self.books[self.symbol_of(subscription.key)])
        return _said(connection, subscription, f'"{_SUM}",{checksum}')

    def on_tick(self, connection: Connection) -> None:
        """Silent channels show that they live."""
        due_ns = max(connection.said_ns, connection.state.get("beat_ns", 0)) + _HEARTBEAT_NS
        if self.now_ns >= due_ns:
            connection.state["beat_ns"] = self.now_ns
            for subscription in connection.by_name.values():
                connection.say(_said(connection, subscription, '"hb"'))

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Pairs, books, the platform's state."""
        del query
        parts = path.strip("/").split("/")
        match parts:
            case ["v2", "conf", what] if what.startswith("pub:list:pair"):
                pairs = [symbol.removeprefix("t") for symbol in self.symbols]
                return Answer(200, dump_json([pairs]))
            case ["v2", "conf", what] if what.startswith("pub:info:pair"):
                row = [None, None, None, "0.001", "5000", None, None, None, "0.1", "0.05"]
                told = [[symbol.removeprefix("t"), row] for symbol in self.symbols]
                return Answer(200, dump_json([told]))
            case ["v2", "book", symbol, _] if symbol in self.books:
                return Answer(200, _array(_rows(self.books[symbol])))
            case ["v2", "platform", "status"]:
                return Answer(200, "[1]")
            case _:
                return Answer(404, dump_json(["error", 10_020, "not found"]))


def _said(connection: Connection, subscription: Subscription, body: str) -> str:
    if not connection.state.get("flags", 0) & SEQUENCE:
        return f"[{subscription.number},{body}]"
    sequence = connection.state["sequence"] = connection.state.get("sequence", 0) + 1
    return f"[{subscription.number},{body},{sequence}]"


def _refuse(connection: Connection, reason: str, code: int, echo: dict[str, Any]) -> None:
    connection.say_json({**echo, "event": "error", "msg": reason, "code": code})


def _amount(size: str, *, is_ask: bool) -> str:
    return f"-{shortest(size)}" if is_ask else shortest(size)


def _level(row: Row, *, is_ask: bool) -> list[str]:
    """A level as an array's texts; what is gone has count 0 and an amount of its side."""
    size, count = ("1", "0") if row.size.strip("0.") == "" else (row.size, row.more[0])
    return [shortest(row.price), count, _amount(size, is_ask=is_ask)]


def _change(symbol: str, rows: list[list[str]], *, is_snapshot: bool) -> BookChange:
    sides: tuple[list[Row], list[Row]] = ([], [])
    for price, count, amount in rows:
        size = "0" if count == "0" else amount.removeprefix("-")
        sides[amount.startswith("-")].append(Row(price, size, (count,)))
    return BookChange(symbol, tuple(sides[0]), tuple(sides[1]), is_snapshot=is_snapshot)


def _rows(book: Book) -> list[list[str]]:
    rows = [[row.price, row.more[0], row.size] for row in book.top("bids")]
    return rows + [[row.price, row.more[0], f"-{row.size}"] for row in book.top("asks")]


def _array(rows: list[Any]) -> str:
    """Numbers without quotes, one level or many."""
    if rows and isinstance(rows[0], list):
        return f"[{','.join(_array(row) for row in rows)}]"
    return f"[{','.join(rows)}]"
