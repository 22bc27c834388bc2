"""Deribit: JSON-RPC 2.0 over WebSocket, and the same methods over REST.

A channel is ``book.INSTRUMENT.INTERVAL``; ``raw`` is for clients that have logged in (any
credentials do here). Books begin with a snapshot; every change names the one before it. Channels
``book.INSTRUMENT.GROUP.DEPTH.INTERVAL`` send the whole of a few levels each time. A client that
asked for heartbeats has to answer each ``test_request`` before the next one.

Source: docs.deribit.com, "Subscriptions", "public/set_heartbeat".
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from zerofeed.mock.venue.book import Book, BookChange, Row
from zerofeed.mock.venue.connection import Connection, Subscription
from zerofeed.mock.venue.dialect import Answer, Dialect, Update, steps_of
from zerofeed.mock.venue.greeks import price_option
from zerofeed.mock.venue.limits import Limits
from zerofeed.mock.venue.market import Levels, Liquidation, Mark, MarketEvent, Trade
from zerofeed.mock.venue.text import bare, dump_json, plain_number, read_json

__all__ = ["Deribit"]

_MESSAGE = re.compile(
    r'^\s*\{\s*"jsonrpc"\s*:\s*"2.0"\s*,\s*"method"\s*:\s*"subscription"\s*,\s*"params"\s*:\s*\{'
    r'\s*"channel"\s*:\s*"[^"]+"\s*,\s*"data"\s*:\s*(.*)\}\s*\}\s*$',
    re.DOTALL,
)
_NEVER_MS = 32_503_708_800_000
_NOT_RAW = 13_778


class Deribit(Dialect):
    """Deribit's JSON-RPC."""

    name: ClassVar[str] = "deribit"
    ws_path: ClassVar[str] = "/ws/api/v2"
    limits: ClassVar[Limits] = Limits(messages=100, streams=500)

    def __init__(self) -> None:
        super().__init__()
        self._change_ids: dict[str, int] = {}

    # The market's side.

    def read(self, text: str) -> list[Update]:
        """Take a notification apart."""
        message = read_json(text)
        if not isinstance(message, dict) or message.get("method") != "subscription":
            return []
        channel, data = message["params"]["channel"], message["params"]["data"]
        found = _MESSAGE.match(text)
        body = found[1] if found else dump_json(data)
        parts = channel.split(".")
        if parts[0] != "book" or len(parts) > 3:
            return [Update(_key(channel), body)]
        is_snapshot = data.get("type") == "snapshot" or "prev_change_id" not in data
        bids, asks = (tuple(_row(row) for row in data[side]) for side in ("bids", "asks"))
        change = BookChange(
            parts[1], bids, asks, is_snapshot=is_snapshot, last=int(data["change_id"]),
            previous=None if is_snapshot else int(data["prev_change_id"]),
            ts_ms=int(data["timestamp"]),
        )  # fmt: skip
        return [Update(_key(channel), body, change)]

    def write(self, event: MarketEvent) -> list[Update]:
        """Say an event; a liquidation is a trade that says so."""
        symbol, ts_ms = event.symbol, event.ts_ns // 1_000_000
        match event:
            case Levels():
                return self._write_levels(event, ts_ms)
            case Trade() | Liquidation():
                trade: dict[str, object] = {
                    "trade_seq": event.number, "trade_id": str(event.number), "timestamp": ts_ms,
                    "tick_direction": 0, "price": bare(event.price),
                    "mark_price": bare(event.price), "instrument_name": symbol,
                    "index_price": bare(event.price),
                    "direction": "buy" if event.is_buy else "sell",
                    "contracts": bare(event.size), "amount": bare(event.size),
                }  # fmt: skip
                if isinstance(event, Liquidation):
                    trade["liquidation"] = "T"
                return [Update(f"trades:{symbol}", dump_json([trade]))]
            case Mark():
                return self._write_mark(event, ts_ms)

    def _write_levels(self, event: Levels, ts_ms: int) -> list[Update]:
        symbol = event.symbol
        before = self._change_ids.get(symbol, 1_000)
        last = self._change_ids[symbol] = before + 1 + len(event.bids) + len(event.asks)
        bids, asks = (
            tuple(Row(row.price, row.size) for row in rows) for rows in (event.bids, event.asks)
        )
        change = BookChange(
            symbol, bids, asks, is_snapshot=event.is_opening, last=last,
            previous=None if event.is_opening else before, ts_ms=ts_ms,
        )  # fmt: skip
        had = self.books.get(symbol)
        data = {
            "type": "snapshot" if event.is_opening else "change", "timestamp": ts_ms,
            "prev_change_id": before, "instrument_name": symbol, "change_id": last,
            "bids": [_action(had, "bids", row) for row in bids],
            "asks": [_action(had, "asks", row) for row in asks],
        }  # fmt: skip
        if event.is_opening:
            del data["prev_change_id"]
        updates = [Update(f"book:{symbol}", dump_json(data), change)]
        if event.is_best_changed:
            bid, ask = event.book.top("bids", 1)[0], event.book.top("asks", 1)[0]
            quote = {
                "timestamp": ts_ms, "instrument_name": symbol,
                "best_bid_price": bare(bid.price), "best_bid_amount": bare(bid.size),
                "best_ask_price": bare(ask.price), "best_ask_amount": bare(ask.size),
            }  # fmt: skip
            updates.append(Update(f"quote:{symbol}", dump_json(quote)))
        return updates

    def _write_mark(self, event: Mark, ts_ms: int) -> list[Update]:
        symbol = event.symbol
        book = self.books[symbol]
        bid, ask = book.top("bids", 1)[0], book.top("asks", 1)[0]
        last, index = bare(event.last_price), bare(event.index_price)
        ticker: dict[str, object] = {
            "timestamp": ts_ms,
            "stats": {"volume_usd": None, "volume": None, "price_change": None, "low": last,
                      "high": last},
            "state": "open", "settlement_price": index, "open_interest": bare(event.open_interest),
            "min_price": bare("0.01"), "max_price": bare("9999999.0"),
            "mark_price": bare(event.mark_price), "last_price": last, "instrument_name": symbol,
            "index_price": index, "estimated_delivery_price": index,
            "best_bid_price": bare(bid.price), "best_bid_amount": bare(bid.size),
            "best_ask_price": bare(ask.price), "best_ask_amount": bare(ask.size),
        }  # fmt: skip
        if _is_option(symbol):
            ticker |= _option_figures(symbol, list(self.symbols))
        else:
            ticker |= {"interest_value": bare(event.funding_rate),
                       "funding_8h": bare(event.funding_rate),
                       "current_funding": bare(event.funding_rate)}  # fmt: skip
        index_name = f"{symbol.partition('-')[0].lower().replace('_', '')}_usd"
        told = {"timestamp": ts_ms, "price": index, "index_name": index_name}
        return [
            Update(f"ticker:{symbol}", dump_json(ticker)),
            Update(f"deribit_price_index.{index_name}", dump_json(told)),
        ]

    def is_state(self, stream: str) -> bool:
        """Tickers, quotes and indices are shown to who subscribes."""
        return stream.startswith(("ticker", "quote", "deribit_"))

    # The clients' side.

    def on_text(self, connection: Connection, text: str) -> None:
        """One request of JSON-RPC."""
        request = read_json(text)
        number = plain_number(request.get("id"))
        params = request.get("params") or {}
        match request["method"]:
            case "public/subscribe" | "private/subscribe":
                self._subscribe(connection, params["channels"], number)
            case "public/unsubscribe" | "private/unsubscribe":
                gone = [name for name in params["channels"] if connection.unsubscribe(name)]
                self._reply(connection, number, gone)
            case "public/unsubscribe_all":
                for name in list(connection.by_name):
                    connection.unsubscribe(name)
                self._reply(connection, number, "ok")
            case "public/set_heartbeat":
                interval_s = int(params["interval"])
                if interval_s < 10:
                    self._refuse(connection, number, -32_602, "Invalid params")
                    return
                connection.state |= {"interval_s": interval_s, "asked_ns": self.now_ns}
                self._reply(connection, number, "ok")
            case "public/disable_heartbeat":
                connection.state.pop("interval_s", None)
                self._reply(connection, number, "ok")
            case "public/auth":
                connection.state["is_trusted"] = True
                token = {"access_token": "mock", "expires_in": 31_536_000, "token_type": "bearer",
                         "refresh_token": "mock", "scope": "connection mainaccount"}  # fmt: skip
                self._reply(connection, number, token)
            case method:
                if method == "public/test":
                    connection.state["is_waiting"] = False
                result = self._call(method, params)
                if result is None:
                    self._refuse(connection, number, -32_601, "Method not found")
                else:
                    self._reply(connection, number, result)

    def on_nonsense(self, connection: Connection, text: str) -> None:
        """Refuse what is no request."""
        self._refuse(connection, None, -32_700, "Parse error")

    def on_excess(self, connection: Connection) -> None:
        """Refuse, and hang up."""
        self._refuse(connection, None, 10_028, "too_many_requests")
        connection.close(1008, "too_many_requests")

    def on_tick(self, connection: Connection) -> None:
        """Ask who wanted heartbeats whether it lives, and hang up on who did not answer."""
        interval_s = connection.state.get("interval_s")
        if not interval_s or self.now_ns < connection.state["asked_ns"] + interval_s * 10**9:
            return
        if connection.state.get("is_waiting"):
            connection.close(1000, "test_request was not answered")
            return
        connection.state |= {"asked_ns": self.now_ns, "is_waiting": True}
        for kind in ("heartbeat", "test_request"):
            told = {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": kind}}
            connection.say_json(told)

    def frame(self, connection: Connection, subscription: Subscription, update: Update) -> str:
        """A notification under the client's own name of the channel."""
        body = update.body
        if subscription.depth:
            body = self._grouped(subscription)
        return _notification(subscription.name, body)

    def _subscribe(self, connection: Connection, names: list[str], number: Any) -> None:
        if any(name.endswith(".raw") for name in names) and not connection.state.get("is_trusted"):
            self._refuse(
                connection, number, _NOT_RAW, "raw_subscriptions_not_available_for_unauthorized"
            )
            return
        if len(connection.by_name) + len(names) > self.limits.streams:
            self._refuse(connection, number, 13_777, "subscription_limit_exceeded")
            return
        taken: list[Subscription] = []
        known: list[str] = []
        for name in names:
            key, parts = _key(name), name.split(".")
            symbol = self.symbol_of(key)
            if symbol and symbol not in self.symbols:
                continue
            known.append(name)
            depth = int(parts[3]) if parts[0] == "book" and len(parts) == 5 else 0
            subscription = Subscription(key, name, depth=depth)
            if connection.subscribe(subscription):
                taken.append(subscription)
        self._reply(connection, number, known)
        for subscription in taken:
            body = self._present(subscription)
            if body:
                connection.say(_notification(subscription.name, body))

    def _present(self, subscription: Subscription) -> str:
        symbol = self.symbol_of(subscription.key)
        if subscription.key.startswith("book:") and symbol in self.books:
            if subscription.depth:
                return self._grouped(subscription)
            book = self.books[symbol]
            data = {
                "type": "snapshot", "timestamp": book.ts_ms, "instrument_name": symbol,
                "change_id": book.last,
                "bids": [_action(None, "bids", row) for row in book.top("bids")],
                "asks": [_action(None, "asks", row) for row in book.top("asks")],
            }  # fmt: skip
            return dump_json(data)
        latest = self.latest.get(subscription.key)
        return "" if latest is None else latest.body

    def _grouped(self, subscription: Subscription) -> str:
        book = self.books[self.symbol_of(subscription.key)]
        return dump_json(_levels(book, subscription.depth))

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """The same methods over REST."""
        _, found, method = path.partition("/api/v2/")
        result = self._call(method, query) if found else None
        if result is None:
            error = {"code": -32_601, "message": "Method not found"}
            return Answer(404, dump_json({"jsonrpc": "2.0", "error": error}))
        return Answer(200, dump_json({"jsonrpc": "2.0", "result": result} | self._times()))

    def _call(self, method: str, params: Mapping[str, Any]) -> Any:
        match method:
            case "public/test" | "public/hello":
                return {"version": "1.2.26"}
            case "public/get_time":
                return self.now_ns // 1_000_000
            case "public/get_instruments":
                currency, kind = params.get("currency", "any"), params.get("kind")
                return [
                    self._listing(symbol)
                    for symbol in self.symbols
                    if currency in {"any", symbol.partition("-")[0].partition("_")[0]}
                    and kind in {None, "any", _kind(symbol)}
                ]
            case "public/get_order_book" if params.get("instrument_name") in self.books:
                return _levels(self.books[params["instrument_name"]], int(params.get("depth", 5)))
            case _:
                return None

    def _listing(self, symbol: str) -> dict[str, object]:
        tick, lot = steps_of(self.books.get(symbol))
        parts = symbol.split("-")
        listing: dict[str, object] = {
            "instrument_name": symbol, "kind": _kind(symbol), "is_active": True, "state": "open",
            "base_currency": parts[0].partition("_")[0], "quote_currency": "USD",
            "counter_currency": "USD", "settlement_currency": parts[0].partition("_")[0],
            "instrument_type": "reversed", "price_index": f"{parts[0].lower()}_usd",
            "tick_size": bare(tick), "min_trade_amount": bare(lot), "contract_size": bare(lot),
            "settlement_period": "perpetual" if "PERPETUAL" in symbol else "month",
            "creation_timestamp": 1_600_000_000_000, "expiration_timestamp": _expiry_ms(symbol),
            "instrument_id": list(self.symbols).index(symbol) + 1, "tick_size_steps": [],
        }  # fmt: skip
        if _is_option(symbol):
            listing |= {"strike": bare(_strike(symbol)),
                        "option_type": "call" if parts[-1] == "C" else "put"}  # fmt: skip
        return listing

    def _reply(self, connection: Connection, number: Any, result: object) -> None:
        told = {"jsonrpc": "2.0", "id": number, "result": result}
        connection.say_json(told | self._times())

    def _refuse(self, connection: Connection, number: Any, code: int, reason: str) -> None:
        told = {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": reason}}
        connection.say_json(told | self._times())

    def _times(self) -> dict[str, object]:
        now_us = self.now_ns // 1_000
        return {"usIn": now_us, "usOut": now_us, "usDiff": 0, "testnet": False}


def _key(channel: str) -> str:
    parts = channel.split(".")
    if parts[0] in {"book", "trades", "ticker", "quote"} and len(parts) > 1:
        return f"{parts[0]}:{parts[1]}"
    return channel


def _row(row: list[str]) -> Row:
    action, price, amount = row
    return Row(price, "0" if action == "delete" else amount)


def _action(book: Book | None, side: Any, row: Row) -> list[str]:
    if row.size.strip("0.") == "":
        return ["delete", bare(row.price), bare("0.0")]
    is_there = book is not None and book.row(side, row.price) is not None
    return ["change" if is_there else "new", bare(row.price), bare(row.size)]


def _levels(book: Book, depth: int) -> dict[str, object]:
    return {
        "timestamp": book.ts_ms, "instrument_name": book.symbol, "change_id": book.last,
        "bids": [[bare(row.price), bare(row.size)] for row in book.top("bids", depth)],
        "asks": [[bare(row.price), bare(row.size)] for row in book.top("asks", depth)],
    }  # fmt: skip


def _notification(channel: str, body: str) -> str:
    return f'{{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"{channel}","data":{body}}}}}'


def _kind(symbol: str) -> str:
    if _is_option(symbol):
        return "option"
    return "spot" if "-" not in symbol else "future"


def _is_option(symbol: str) -> bool:
    return symbol.endswith(("-C", "-P"))


def _expiry_ms(symbol: str) -> int:
    """Read the date in a name, at 08:00 UTC; what never expires does so in the year 3000."""
    for part in symbol.split("-")[1:]:
        with contextlib.suppress(ValueError):
            day = datetime.strptime(part, "%d%b%y").replace(hour=8, tzinfo=UTC)
            return int(day.timestamp()) * 1_000
    return _NEVER_MS


def _strike(symbol: str) -> str:
    return symbol.split("-")[2].replace("d", ".")


def _option_figures(symbol: str, symbols: list[str]) -> dict[str, object]:
    currency = symbol.partition("-")[0]
    same = [each for each in symbols if _is_option(each) and each.partition("-")[0] == currency]
    strikes = [float(_strike(each)) for each in same]
    option = price_option(float(_strike(symbol)), strikes, is_call=symbol.endswith("-C"))
    figures = {
        "delta": option.delta, "gamma": option.gamma, "vega": option.vega, "theta": option.theta,
        "rho": 0.0,
    }  # fmt: skip
    percent = option.volatility * 100
    return {
        "underlying_price": bare(f"{option.forward:.2f}"), "underlying_index": "SYN.MOCK",
        "interest_rate": bare("0.0"),
        "greeks": {name: bare(f"{figure:.5f}") for name, figure in figures.items()},
        "mark_iv": bare(f"{percent:.2f}"), "bid_iv": bare(f"{percent - 1:.2f}"),
        "ask_iv": bare(f"{percent + 1:.2f}"),
    }  # fmt: skip
