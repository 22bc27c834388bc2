"""Coinbase Exchange: the market data feed, and REST.

A subscription names products and channels; the answer lists all that is subscribed to now. Books
(``level2_batch``; ``level2`` is for clients that sign) begin with a snapshot, and their changes
have no sequence number, so a lost one cannot be noticed. Trades, tickers and the heartbeat of a
second carry a sequence number of their product. Who has not subscribed within 5 s is hung up on.

Source: docs.cdp.coinbase.com/exchange, "WebSocket overview", "WebSocket channels".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from zerofeed.mock.venue.book import Book, BookChange, Row, rows_of
from zerofeed.mock.venue.connection import Connection, Subscription
from zerofeed.mock.venue.dialect import Answer, Dialect, Update, steps_of
from zerofeed.mock.venue.limits import Limits
from zerofeed.mock.venue.market import Levels, MarketEvent, Trade
from zerofeed.mock.venue.text import dump_json, iso_time, read_json

__all__ = ["Coinbase"]

_CHANNELS = {
    "level2": "level2",
    "level2_batch": "level2",
    "level2_50": "level2",
    "ticker": "ticker",
    "ticker_batch": "ticker",
    "matches": "matches",
    "heartbeat": "heartbeat",
    "full": "full",
    "status": "status",
}
_SIGNED = {"level2", "full"}
_TYPES = {"ticker": "ticker", "match": "matches", "last_match": "matches"}
_ORDER_TYPES = {"received", "open", "done", "change", "activate"}
_HEARTBEAT_NS = 1_000_000_000
_NOBODY = "00000000-0000-4000-8000-000000000000"


class Coinbase(Dialect):
    """Coinbase Exchange."""

    name: ClassVar[str] = "coinbase"
    limits: ClassVar[Limits] = Limits(messages=100, first_ns=5_000_000_000)

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[str, int] = {}
        self._sequences: dict[str, int] = {}
        self._trade_ids: dict[str, int] = {}

    # The market's side.

    def read(self, text: str) -> list[Update]:
        """Take a message of one product apart."""
        message = read_json(text)
        if not isinstance(message, dict) or "product_id" not in message:
            return []
        kind, product = message.get("type"), message["product_id"]
        if kind == "snapshot":
            sides = rows_of(message["bids"]), rows_of(message["asks"])
            change = BookChange(product, *sides, is_snapshot=True)
            return [Update(f"level2:{product}", text, change)]
        if kind == "l2update":
            bids, asks = (
                tuple(Row(price, size) for each, price, size in message["changes"] if each == side)
                for side in ("buy", "sell")
            )
            return [Update(f"level2:{product}", text, BookChange(product, bids, asks))]
        if kind in _TYPES:
            return [Update(f"{_TYPES[kind]}:{product}", text)]
        return [Update(f"full:{product}", text)] if kind in _ORDER_TYPES else []

    def write(self, event: MarketEvent) -> list[Update]:
        """Say an event; contracts have no place here."""
        product, time = event.symbol, iso_time(event.ts_ns, 6)
        match event:
            case Levels():
                bids, asks = (
                    tuple(Row(row.price, row.size) for row in rows)
                    for rows in (event.bids, event.asks)
                )
                change = BookChange(
                    product, bids, asks, is_snapshot=event.is_opening,
                    ts_ms=event.ts_ns // 1_000_000,
                )  # fmt: skip
                if event.is_opening:
                    return [Update(f"level2:{product}", "", change)]
                changes = [["buy", row.price, row.size] for row in bids]
                changes += [["sell", row.price, row.size] for row in asks]
                told = {"type": "l2update", "product_id": product, "changes": changes, "time": time}
                return [Update(f"level2:{product}", dump_json(told), change)]
            case Trade():
                return self._write_trade(event, time)
            case _:
                return []

    def _write_trade(self, event: Trade, time: str) -> list[Update]:
        product = event.symbol
        sequence = self._written[product] = self._written.get(product, 1_000) + 1
        # The side is that of the order that was there.
        side = "sell" if event.is_buy else "buy"
        match_ = {
            "type": "match", "trade_id": event.number, "maker_order_id": _NOBODY,
            "taker_order_id": _NOBODY, "side": side, "size": event.size, "price": event.price,
            "product_id": product, "sequence": sequence, "time": time,
        }  # fmt: skip
        book = self.books[product]
        bid, ask = book.top("bids", 1)[0], book.top("asks", 1)[0]
        ticker = {
            "type": "ticker", "sequence": sequence, "product_id": product, "price": event.price,
            "open_24h": event.price, "volume_24h": "1.0", "low_24h": event.price,
            "high_24h": event.price, "volume_30d": "1.0", "best_bid": bid.price,
            "best_bid_size": bid.size, "best_ask": ask.price, "best_ask_size": ask.size,
            "side": "buy" if event.is_buy else "sell", "time": time, "trade_id": event.number,
            "last_size": event.size,
        }  # fmt: skip
        return [
            Update(f"matches:{product}", dump_json(match_)),
            Update(f"ticker:{product}", dump_json(ticker)),
        ]

    def publish(self, update: Update) -> bool:
        """Also remember the last sequence number of the product, for heartbeats."""
        channel, _, product = update.stream.partition(":")
        if channel in {"matches", "ticker"}:
            message = read_json(update.body)
            if "sequence" in message:
                self._sequences[product] = int(message["sequence"])
            self._trade_ids[product] = int(message.get("trade_id", 0))
        return super().publish(update)

    def is_state(self, stream: str) -> bool:
        """The last trade and ticker are shown to who subscribes."""
        return stream.startswith(("ticker", "matches"))

    # The clients' side.

    def on_text(self, connection: Connection, text: str) -> None:
        """``subscribe`` and ``unsubscribe``."""
        request = read_json(text)
        if request["type"] not in {"subscribe", "unsubscribe"}:
            self.on_nonsense(connection, text)
            return
        wanted = _wanted(request)
        reason = self._refusal(wanted, is_signed="signature" in request)
        if reason:
            told = {"type": "error", "message": "Failed to subscribe", "reason": reason}
            connection.say_json(told)
            return
        joined: list[Subscription] = []
        for channel, product in wanted:
            name = f"{channel}:{product}"
            subscription = Subscription(f"{_CHANNELS[channel]}:{product}", name)
            if request["type"] == "unsubscribe":
                connection.unsubscribe(name)
            elif connection.subscribe(subscription):
                joined.append(subscription)
        channels: dict[str, list[str]] = {}
        for name in connection.by_name:
            channel, _, product = name.partition(":")
            channels.setdefault(channel, []).append(product)
        rows = [{"name": name, "product_ids": ids, "account_ids": None}
                for name, ids in channels.items()]  # fmt: skip
        connection.say_json({"type": "subscriptions", "channels": rows})
        for subscription in joined:
            present = self._present(subscription.key)
            if present:
                connection.say(present)

    def on_nonsense(self, connection: Connection, text: str) -> None:
        """Refuse what is no request."""
        told = {"type": "error", "message": "Malformed JSON", "reason": text[:80]}
        connection.say_json(told)

    def on_tick(self, connection: Connection) -> None:
        """A heartbeat a second for each product that has one."""
        if self.now_ns < connection.state.get("beat_ns", 0) + _HEARTBEAT_NS:
            return
        connection.state["beat_ns"] = self.now_ns
        for name in connection.by_name:
            channel, _, product = name.partition(":")
            if channel == "heartbeat":
                connection.say_json({
                    "type": "heartbeat", "last_trade_id": self._trade_ids.get(product, 0),
                    "product_id": product, "sequence": self._sequences.get(product, 0),
                    "time": iso_time(self.now_ns, 6),
                })  # fmt: skip

    def frame(self, connection: Connection, subscription: Subscription, update: Update) -> str:
        """Messages are the same for everybody."""
        return update.body

    def _refusal(self, wanted: list[tuple[str, str]], *, is_signed: bool) -> str:
        for channel, product in wanted:
            if channel not in _CHANNELS:
                return f"{channel} is not a valid channel"
            if channel in _SIGNED and not is_signed:
                return f"{channel} channel requires authentication"
            if product and product not in self.symbols:
                return f"{product} is not a valid product"
        return ""

    def _present(self, key: str) -> str:
        channel, _, product = key.partition(":")
        if channel == "level2" and product in self.books:
            return _snapshot(self.books[product])
        latest = self.latest.get(key)
        if latest is None:
            return ""
        return latest.body.replace('"type":"match"', '"type":"last_match"')

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Products, their books, the time."""
        parts = path.strip("/").split("/")
        match parts:
            case ["products"]:
                return Answer(200, dump_json([self._listing(each) for each in self.symbols]))
            case ["products", product] if product in self.symbols:
                return Answer(200, dump_json(self._listing(product)))
            case ["products", product, "book"] if product in self.books:
                book = self.books[product]
                depth = 1 if query.get("level", "1") == "1" else None
                told = {
                    "sequence": self._sequences.get(product, 0), "auction_mode": False,
                    "bids": [[row.price, row.size, 1] for row in book.top("bids", depth)],
                    "asks": [[row.price, row.size, 1] for row in book.top("asks", depth)],
                    "time": iso_time(self.now_ns, 6),
                }  # fmt: skip
                return Answer(200, dump_json(told))
            case ["time"]:
                told = {"iso": iso_time(self.now_ns), "epoch": self.now_ns // 1_000_000 / 1_000}
                return Answer(200, dump_json(told))
            case _:
                return Answer(404, dump_json({"message": "NotFound"}))

    def _listing(self, product: str) -> dict[str, object]:
        tick, lot = steps_of(self.books.get(product))
        base, _, quote = product.partition("-")
        return {
            "id": product, "base_currency": base, "quote_currency": quote, "quote_increment": tick,
            "base_increment": lot, "display_name": product.replace("-", "/"),
            "min_market_funds": "1", "post_only": False, "limit_only": False, "status": "online",
            "cancel_only": False, "status_message": "", "trading_disabled": False,
        }  # fmt: skip


def _wanted(request: dict[str, Any]) -> list[tuple[str, str]]:
    """Pairs of channel and product; the list for all counts for channels without their own."""
    pairs: list[tuple[str, str]] = []
    for channel in request["channels"]:
        name = channel if isinstance(channel, str) else channel["name"]
        own = None if isinstance(channel, str) else channel.get("product_ids")
        products = own or request.get("product_ids") or [""]
        pairs += [(name, product) for product in products]
    return pairs


def _snapshot(book: Book) -> str:
    sides = {
        side: [[row.price, row.size] for row in rows]
        for side, rows in (("asks", book.top("asks")), ("bids", book.top("bids")))
    }
    return dump_json({"type": "snapshot", "product_id": book.symbol, **sides})
