"""OKX v5: public WebSocket channels and REST.

Subscriptions name a channel and an instrument in an ``arg``, which every message repeats. Books
begin with a snapshot (``prevSeqId`` -1); each update names the one before it, and the checksum of
what the book is then. A quiet book is confirmed once a minute with both numbers alike. Clients
that say nothing for 30 s (``ping`` counts) are hung up on.

Source: www.okx.com/docs-v5, "Order book channel", "Connect", "Notification".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from zerofeed.mock.venue.book import Book, BookChange, Row, SideName, rows_of
from zerofeed.mock.venue.checksums import okx_checksum
from zerofeed.mock.venue.connection import Connection, Subscription
from zerofeed.mock.venue.dialect import Answer, Dialect, Update, steps_of
from zerofeed.mock.venue.greeks import price_option
from zerofeed.mock.venue.limits import Limits
from zerofeed.mock.venue.market import Levels, Liquidation, Mark, MarketEvent, Trade
from zerofeed.mock.venue.text import dump_json, read_json, shortest

__all__ = ["Okx"]

_ARG = re.compile(r'^\s*\{\s*"arg"\s*:\s*\{[^{}]*\}\s*,\s*(.*)\}\s*$', re.DOTALL)
_DEPTHS = {"books": 400, "books-l2-tbt": 400, "books50-l2-tbt": 50}
_BEST = {"books5": 5, "bbo-tbt": 1}
_KEEP_ALIVE_NS = 60_000_000_000


class Okx(Dialect):
    """OKX v5, public channels."""

    name: ClassVar[str] = "okx"
    ws_path: ClassVar[str] = "/ws/v5/public"
    limits: ClassVar[Limits] = Limits(
        messages=480, messages_per_ns=3_600_000_000_000, idle_ns=30_000_000_000
    )

    def __init__(self) -> None:
        super().__init__()
        self._sequences: dict[str, int] = {}
        self._has_sequences = True
        self._has_checksums = True

    # The market's side.

    def read(self, text: str) -> list[Update]:
        """Take a message with an ``arg`` and ``data`` apart."""
        message = read_json(text)
        if not isinstance(message, dict) or "data" not in message:
            return []
        arg, found = message["arg"], _ARG.match(text)
        body = found[1] if found else dump_json({"data": message["data"]})[1:-1]
        channel = arg["channel"]
        key = f"{channel}:{arg.get('instId') or arg.get('instFamily') or arg.get('instType', '')}"
        if channel not in _DEPTHS:
            return [Update(key, body)]
        row = message["data"][0]
        self._has_sequences = "seqId" in row
        self._has_checksums = "checksum" in row
        is_snapshot = message["action"] == "snapshot"
        change = BookChange(
            arg["instId"],
            rows_of(row["bids"]),
            rows_of(row["asks"]),
            is_snapshot=is_snapshot,
            last=int(row.get("seqId", 0)),
            previous=None if is_snapshot or "prevSeqId" not in row else int(row["prevSeqId"]),
            ts_ms=int(row["ts"]),
        )
        return [Update(key, body, change)]

    def write(self, event: MarketEvent) -> list[Update]:
        """Say an event on all channels that carry it."""
        symbol, ts = event.symbol, str(event.ts_ns // 1_000_000)
        match event:
            case Levels():
                return self._write_levels(event, ts)
            case Trade():
                row: dict[str, object] = {
                    "instId": symbol, "tradeId": str(event.number), "px": event.price,
                    "sz": event.size, "side": "buy" if event.is_buy else "sell", "ts": ts,
                    "count": "1", "seqId": self._sequences.get(symbol, 0),
                }  # fmt: skip
                return [_update("trades", symbol, row), _update("trades-all", symbol, row)]
            case Mark():
                return self._write_mark(event, ts)
            case Liquidation():
                side = "buy" if event.is_buy else "sell"
                details = [{"bkLoss": "0", "bkPx": event.price, "ccy": "", "posSide": "",
                            "side": side, "sz": event.size, "ts": ts}]  # fmt: skip
                kind = _type_of(symbol)
                row = {"details": details, "instFamily": _family(symbol), "instId": symbol,
                       "instType": kind, "uly": _family(symbol)}  # fmt: skip
                return [_update("liquidation-orders", kind, row)] if kind != "SPOT" else []

    def _write_levels(self, event: Levels, ts: str) -> list[Update]:
        symbol = event.symbol
        before = self._sequences.get(symbol, 1_000)
        last = self._sequences[symbol] = before + 1
        bids, asks = (
            tuple(_spelt(row)._replace(more=("0", row.more[0])) for row in rows)
            for rows in (event.bids, event.asks)
        )
        checksum = okx_checksum(_spelt_book(event.book))
        change = BookChange(
            symbol, bids, asks, is_snapshot=event.is_opening, last=last,
            previous=None if event.is_opening else before, ts_ms=int(ts),
        )  # fmt: skip
        body = self._body(
            "snapshot" if event.is_opening else "update",
            bids, asks, ts, checksum, last, -1 if event.is_opening else before,
        )  # fmt: skip
        updates = [Update(f"books:{symbol}", body, change)]
        updates += [
            Update(f"{channel}:{symbol}", f"{updates[0].body}")
            for channel in _DEPTHS
            if channel != "books"
        ]
        for channel, depth in _BEST.items():
            if event.is_best_changed or channel == "books5":
                updates.append(self._write_best(event, channel, depth, ts, last))
        return updates

    def _write_best(self, event: Levels, channel: str, depth: int, ts: str, last: int) -> Update:
        row: dict[str, object] = {
            "asks": [_level(_spelt(each)) for each in event.book.top("asks", depth)],
            "bids": [_level(_spelt(each)) for each in event.book.top("bids", depth)],
        }
        if channel == "books5":
            row["instId"] = event.symbol
        row |= {"ts": ts, "seqId": last}
        return _update(channel, event.symbol, row)

    def _write_mark(self, event: Mark, ts: str) -> list[Update]:
        symbol, kind = event.symbol, _type_of(event.symbol)
        named = {"instId": symbol, "instType": kind}
        ticker = {
            "instType": kind, "instId": symbol, "last": event.last_price, "lastSz": "1",
            "askPx": event.mark_price, "askSz": "1", "bidPx": event.mark_price, "bidSz": "1",
            "open24h": event.last_price, "high24h": event.last_price, "low24h": event.last_price,
            "volCcy24h": "0", "vol24h": "0", "sodUtc0": event.last_price,
            "sodUtc8": event.last_price, "ts": ts,
        }  # fmt: skip
        book = self.books.get(symbol)
        if book is not None:
            bid, ask = book.top("bids", 1)[0], book.top("asks", 1)[0]
            ticker |= {"askPx": ask.price, "askSz": ask.size, "bidPx": bid.price, "bidSz": bid.size}
        index = {"instId": _family(symbol), "idxPx": event.index_price, "ts": ts}
        updates = [
            _update("tickers", symbol, ticker),
            _update("index-tickers", _family(symbol), index),
        ]
        if kind == "SPOT":
            return updates
        updates += [
            _update("mark-price", symbol, named | {"markPx": event.mark_price, "ts": ts}),
            _update(
                "open-interest",
                symbol,
                named | {"oi": event.open_interest, "oiCcy": event.open_interest, "ts": ts},
            ),
        ]
        if kind == "OPTION":
            updates.append(self._write_summary(symbol, ts))
        if kind == "SWAP":
            due = str(event.next_funding_ns // 1_000_000)
            funding = named | {
                "fundingRate": event.funding_rate, "fundingTime": due, "method": "current_period",
                "nextFundingRate": "", "nextFundingTime": str(int(due) + 28_800_000), "ts": ts,
            }  # fmt: skip
            updates.append(_update("funding-rate", symbol, funding))
        return updates

    def _write_summary(self, symbol: str, ts: str) -> Update:
        parts, family = symbol.split("-"), _family(symbol)
        strikes = [
            float(each.split("-")[3])
            for each in self.symbols
            if _type_of(each) == "OPTION" and _family(each) == family
        ]
        option = price_option(float(parts[3]), strikes, is_call=parts[4] == "C")
        row = {
            "instType": "OPTION", "instId": symbol, "uly": family, "instFamily": family,
            "lever": "0", "volLv": f"{option.volatility:.6f}", "realVol": "",
            "markVol": f"{option.volatility:.6f}", "bidVol": f"{option.volatility - 0.01:.6f}",
            "askVol": f"{option.volatility + 0.01:.6f}", "fwdPx": f"{option.forward:.2f}", "ts": ts,
        }  # fmt: skip
        for name in ("delta", "gamma", "vega", "theta"):
            row |= {
                name: f"{getattr(option, name):.10f}",
                f"{name}BS": f"{getattr(option, name):.10f}",
            }
        return _update("opt-summary", family, row)

    def is_state(self, stream: str) -> bool:
        """All but trades and liquidations show their present state to who subscribes."""
        return not stream.startswith(("trades", "liquidation"))

    def symbol_of(self, stream: str) -> str:
        """Indices and kinds of instruments are no symbols."""
        channel, _, symbol = stream.partition(":")
        return "" if channel in {"index-tickers", "liquidation-orders", "opt-summary"} else symbol

    # The clients' side.

    def accepts(self, path: str) -> bool:
        """``/ws/v5/public`` and ``/ws/v5/business``, which are not told apart."""
        return path in {"/ws/v5/public", "/ws/v5/business"}

    def is_counted(self, text: str) -> bool:
        """Subscribing is."""
        return text != "ping"

    def on_excess(self, connection: Connection) -> None:
        """Refuse, without hanging up."""
        connection.say_json({"event": "error", "code": "60014", "msg": "Requests too frequent"})

    def on_nonsense(self, connection: Connection, text: str) -> None:
        """Refuse what is no request."""
        told = {"event": "error", "code": "60012", "msg": f"Invalid request: {text[:200]}"}
        connection.say_json(told)

    def on_text(self, connection: Connection, text: str) -> None:
        """``ping``, ``subscribe``, ``unsubscribe``."""
        if text == "ping":
            connection.say("pong")
            return
        request = read_json(text)
        operation = request["op"]
        if operation not in {"subscribe", "unsubscribe"}:
            self.on_nonsense(connection, text)
            return
        for arg in request["args"]:
            self._serve(connection, operation, arg)

    def _serve(self, connection: Connection, operation: str, arg: dict[str, Any]) -> None:
        target = arg.get("instId") or arg.get("instFamily") or arg.get("instType", "")
        key = f"{arg['channel']}:{target}"
        name = dump_json(arg)
        told: dict[str, object] = {"event": operation, "arg": arg, "connId": _id(connection)}
        if operation == "unsubscribe":
            connection.unsubscribe(name)
            connection.say_json(told)
            return
        if "instId" in arg and arg["channel"] != "index-tickers" and target not in self.symbols:
            reason = f"Wrong URL or channel:{arg['channel']},instId:{target} doesn't exist."
            connection.say_json({"event": "error", "code": "60018", "msg": reason})
            return
        connection.say_json(told)
        if connection.subscribe(Subscription(key, name)):
            if arg["channel"] in _DEPTHS and target in self.books:
                connection.say(f'{{"arg":{name},{self._present(self.books[target])}}}')
                connection.state[name] = self.now_ns
            elif key in self.latest:
                connection.say(f'{{"arg":{name},{self.latest[key].body}}}')

    def frame(self, connection: Connection, subscription: Subscription, update: Update) -> str:
        """Put the client's own ``arg`` before it."""
        if update.change is not None:
            connection.state[subscription.name] = self.now_ns
        return f'{{"arg":{subscription.name},{update.body}}}'

    def on_tick(self, connection: Connection) -> None:
        """Confirm books that were quiet for a minute."""
        for name, subscription in connection.by_name.items():
            said_ns = connection.state.get(name)
            if said_ns is None or self.now_ns - said_ns < _KEEP_ALIVE_NS:
                continue
            connection.state[name] = self.now_ns
            book = self.books.get(subscription.key.partition(":")[2])
            if book is not None and self._has_sequences:
                ts = str(self.now_ns // 1_000_000)
                checksum = okx_checksum(book)
                body = self._body("update", (), (), ts, checksum, book.last, book.last)
                connection.say(f'{{"arg":{name},{body}}}')

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Instruments, books and the time."""
        match path:
            case "/api/v5/public/instruments":
                kind = query.get("instType", "SPOT")
                rows = [self._listing(each) for each in self.symbols if _type_of(each) == kind]
                return _answer(rows)
            case "/api/v5/market/books":
                book = self.books.get(query.get("instId", ""))
                if book is None:
                    told = {"code": "51001", "msg": "Instrument ID does not exist", "data": []}
                    return Answer(200, dump_json(told))
                depth = int(query.get("sz", "1"))
                row = {"asks": [_level(each) for each in book.top("asks", depth)],
                       "bids": [_level(each) for each in book.top("bids", depth)],
                       "ts": str(book.ts_ms), "seqId": book.last}  # fmt: skip
                return _answer([row])
            case "/api/v5/public/time":
                return _answer([{"ts": str(self.now_ns // 1_000_000)}])
            case _:
                return super().get(path, query)

    def _present(self, book: Book) -> str:
        bids, asks = tuple(book.top("bids")), tuple(book.top("asks"))
        checksum = okx_checksum(book)
        return self._body("snapshot", bids, asks, str(book.ts_ms), checksum, book.last, -1)

    def _body(
        self,
        action: str,
        bids: tuple[Row, ...],
        asks: tuple[Row, ...],
        ts: str,
        checksum: int,
        last: int,
        previous: int,
    ) -> str:
        row: dict[str, object] = {
            "asks": [_level(each) for each in asks],
            "bids": [_level(each) for each in bids],
            "ts": ts,
        }
        if self._has_checksums:
            row["checksum"] = checksum
        if self._has_sequences:
            row |= {"prevSeqId": previous, "seqId": last}
        return f'"action":"{action}","data":[{dump_json(row)}]'

    def _listing(self, symbol: str) -> dict[str, object]:
        tick, lot = steps_of(self.books.get(symbol))
        parts = symbol.split("-")
        kind = _type_of(symbol)
        listing: dict[str, object] = {
            "instType": kind, "instId": symbol, "uly": "" if kind == "SPOT" else _family(symbol),
            "instFamily": "" if kind == "SPOT" else _family(symbol),
            "baseCcy": parts[0] if kind == "SPOT" else "",
            "quoteCcy": parts[1] if kind == "SPOT" else "",
            "settleCcy": "" if kind == "SPOT" else parts[1],
            "ctVal": "" if kind == "SPOT" else "0.01", "ctMult": "" if kind == "SPOT" else "1",
            "ctValCcy": "" if kind == "SPOT" else parts[0],
            "ctType": "" if kind == "SPOT" else ("inverse" if parts[1] == "USD" else "linear"),
            "optType": parts[4] if kind == "OPTION" else "",
            "stk": parts[3] if kind == "OPTION" else "", "listTime": "1600000000000",
            "expTime": "", "tickSz": tick, "lotSz": lot, "minSz": lot, "state": "live",
        }  # fmt: skip
        return listing


def _update(channel: str, symbol: str, row: Mapping[str, object]) -> Update:
    return Update(f"{channel}:{symbol}", f'"data":[{dump_json(row)}]')


def _spelt(row: Row) -> Row:
    """Write a made-up level as OKX writes numbers: without zeros at their end."""
    return row._replace(price=shortest(row.price), size=shortest(row.size))


def _spelt_book(book: Book) -> Book:
    spelt = Book(book.symbol)
    sides: tuple[SideName, ...] = ("bids", "asks")
    for side in sides:
        for row in book.top(side):
            spelt.put(side, _spelt(row))
    return spelt


def _level(row: Row) -> list[str]:
    return [row.price, row.size, *(row.more if len(row.more) == 2 else ("0", *row.more))]


def _answer(rows: list[dict[str, object]]) -> Answer:
    return Answer(200, dump_json({"code": "0", "msg": "", "data": rows}))


def _family(symbol: str) -> str:
    return "-".join(symbol.split("-")[:2])


def _type_of(symbol: str) -> str:
    parts = symbol.split("-")
    if len(parts) == 2:
        return "SPOT"
    if parts[2] == "SWAP":
        return "SWAP"
    return "OPTION" if len(parts) == 5 else "FUTURES"


def _id(connection: Connection) -> str:
    return f"{connection.number:08x}"
