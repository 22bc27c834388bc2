"""Kraken Futures: feeds over WebSocket v1, and REST.

A subscription names a feed and products. A book begins with ``book_snapshot``, then each message
is one level, and its ``seq`` is one more than the one before it of that product.

Source: docs.kraken.com/api/docs/futures-api/websocket/book, trade, ticker, heartbeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from zerofeed.mock.venue.book import Book, BookChange, Row
from zerofeed.mock.venue.connection import Connection, Subscription
from zerofeed.mock.venue.dialect import Answer, Dialect, Update, steps_of
from zerofeed.mock.venue.limits import Limits
from zerofeed.mock.venue.market import Levels, Liquidation, Mark, MarketEvent, Trade
from zerofeed.mock.venue.text import bare, dump_json, iso_time, read_json

__all__ = ["KrakenFutures"]

_FEEDS = ("book", "trade", "ticker", "ticker_lite", "heartbeat")
_HEARTBEAT_NS = 1_000_000_000


class KrakenFutures(Dialect):
    """Kraken Futures, public feeds."""

    name: ClassVar[str] = "kraken-futures"
    ws_path: ClassVar[str] = "/ws/v1"
    limits: ClassVar[Limits] = Limits(messages=100, idle_ns=0)

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[str, int] = {}

    # The market's side.

    def read(self, text: str) -> list[Update]:
        """Take a message of a feed apart."""
        message = read_json(text)
        if not isinstance(message, dict) or "product_id" not in message or "event" in message:
            return []
        feed, product = message["feed"], message["product_id"]
        key = f"{feed.removesuffix('_snapshot')}:{product}"
        if not key.startswith("book:"):
            return [Update(key, text)]
        last = int(message["seq"])
        if feed == "book_snapshot":
            bids, asks = (
                tuple(Row(row["price"], row["qty"]) for row in message[side])
                for side in ("bids", "asks")
            )
            change = BookChange(product, bids, asks, is_snapshot=True, last=last)
        else:
            row = (Row(message["price"], message["qty"]),)
            bids, asks = (row, ()) if message["side"] == "buy" else ((), row)
            change = BookChange(product, bids, asks, last=last, previous=last - 1)
        return [Update(key, text, change._replace(ts_ms=int(message.get("timestamp", 0))))]

    def write(self, event: MarketEvent) -> list[Update]:
        """Say an event, one level a message; a liquidation is a trade of that type."""
        product, ts_ms = event.symbol, event.ts_ns // 1_000_000
        match event:
            case Levels():
                return self._write_levels(event, ts_ms)
            case Trade() | Liquidation():
                trade = {
                    "feed": "trade", "product_id": product,
                    "uid": f"00000000-0000-4000-8000-{event.number:012d}",
                    "side": "buy" if event.is_buy else "sell",
                    "type": "fill" if isinstance(event, Trade) else "liquidation",
                    "seq": event.number, "time": ts_ms, "qty": bare(event.size),
                    "price": bare(event.price),
                }  # fmt: skip
                return [Update(f"trade:{product}", dump_json(trade))]
            case Mark():
                book = self.books[product]
                bid, ask = book.top("bids", 1)[0], book.top("asks", 1)[0]
                ticker = {
                    "time": ts_ms, "product_id": product, "funding_rate": bare(event.funding_rate),
                    "funding_rate_prediction": bare(event.funding_rate),
                    "relative_funding_rate": bare(event.funding_rate),
                    "next_funding_rate_time": event.next_funding_ns // 1_000_000,
                    "feed": "ticker", "bid": bare(bid.price), "ask": bare(ask.price),
                    "bid_size": bare(bid.size), "ask_size": bare(ask.size), "volume": bare("1.0"),
                    "dtm": 0, "leverage": "50x", "index": bare(event.index_price),
                    "premium": bare("0.0"), "last": bare(event.last_price), "change": bare("0.0"),
                    "suspended": False, "tag": "perpetual", "pair": "XBT:USD",
                    "openInterest": bare(event.open_interest),
                    "markPrice": bare(event.mark_price), "maturityTime": 0, "post_only": False,
                    "volumeQuote": bare("1.0"),
                }  # fmt: skip
                return [Update(f"ticker:{product}", dump_json(ticker))]

    def _write_levels(self, event: Levels, ts_ms: int) -> list[Update]:
        product, key = event.symbol, f"book:{event.symbol}"
        last = self._written.get(product, 1_000)
        bids, asks = (
            tuple(Row(row.price, row.size) for row in rows) for rows in (event.bids, event.asks)
        )
        if event.is_opening:
            self._written[product] = last
            change = BookChange(product, bids, asks, is_snapshot=True, last=last, ts_ms=ts_ms)
            return [Update(key, "", change)]
        updates: list[Update] = []
        for side, rows in (("buy", bids), ("sell", asks)):
            for row in rows:
                last += 1
                told = {
                    "feed": "book", "product_id": product, "side": side, "seq": last,
                    "price": bare(row.price), "qty": bare(row.size), "timestamp": ts_ms,
                }  # fmt: skip
                change = BookChange(
                    product,
                    (row,) if side == "buy" else (),
                    (row,) if side == "sell" else (),
                    last=last,
                    previous=last - 1,
                    ts_ms=ts_ms,
                )
                updates.append(Update(key, dump_json(told), change))
        self._written[product] = last
        return updates

    def is_state(self, stream: str) -> bool:
        """Tickers are shown to who subscribes."""
        return stream.startswith("ticker")

    # The clients' side.

    def on_open(self, connection: Connection, query: Mapping[str, str]) -> None:
        """Say the version."""
        connection.say_json({"event": "info", "version": 1})

    def on_text(self, connection: Connection, text: str) -> None:
        """``subscribe`` and ``unsubscribe``."""
        request = read_json(text)
        event, feed = request["event"], request.get("feed")
        if event not in {"subscribe", "unsubscribe"}:
            self.on_nonsense(connection, text)
            return
        products = request.get("product_ids") or []
        reason = ""
        if feed not in _FEEDS:
            reason = "Invalid feed"
        elif any(product not in self.symbols for product in products):
            reason = "Invalid product id"
        if reason:
            connection.say_json({"event": "error", "message": reason})
            return
        told: dict[str, object] = {"event": f"{event}d", "feed": feed}
        connection.say_json(told | {"product_ids": products} if products else told)
        for product in products or [""]:
            name = f"{feed}:{product}"
            if event == "unsubscribe":
                connection.unsubscribe(name)
            elif connection.subscribe(Subscription(name, name)):
                present = self._present(name)
                if present:
                    connection.say(present)

    def on_nonsense(self, connection: Connection, text: str) -> None:
        """Refuse what is no request."""
        connection.say_json({"event": "alert", "message": "Bad request"})

    def on_tick(self, connection: Connection) -> None:
        """A heartbeat a second for who subscribed to it."""
        due_ns = connection.state.get("beat_ns", 0) + _HEARTBEAT_NS
        if "heartbeat:" in connection.by_name and self.now_ns >= due_ns:
            connection.state["beat_ns"] = self.now_ns
            connection.say_json({"feed": "heartbeat", "time": self.now_ns // 1_000_000})

    def frame(self, connection: Connection, subscription: Subscription, update: Update) -> str:
        """Messages are the same for everybody."""
        return update.body

    def _present(self, name: str) -> str:
        feed, _, product = name.partition(":")
        if feed == "book" and product in self.books:
            return _snapshot(self.books[product])
        if feed == "trade" and product:
            return dump_json({"feed": "trade_snapshot", "product_id": product, "trades": []})
        latest = self.latest.get(name)
        return "" if latest is None else latest.body

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Instruments and books."""
        match path:
            case "/derivatives/api/v3/instruments":
                rows = [self._listing(product) for product in self.symbols]
                return self._answer({"instruments": rows})
            case "/derivatives/api/v3/orderbook" if query.get("symbol") in self.books:
                book = self.books[query["symbol"]]
                sides = {
                    "bids": [[bare(row.price), bare(row.size)] for row in book.top("bids")],
                    "asks": [[bare(row.price), bare(row.size)] for row in book.top("asks")],
                }
                return self._answer({"orderBook": sides})
            case _:
                return super().get(path, query)

    def _answer(self, told: dict[str, object]) -> Answer:
        now = iso_time(self.now_ns)
        return Answer(200, dump_json({"result": "success", **told, "serverTime": now}))

    def _listing(self, product: str) -> dict[str, object]:
        tick, _ = steps_of(self.books.get(product))
        kind = "futures_inverse" if product.startswith(("PI_", "FI_")) else "flexible_futures"
        return {
            "symbol": product, "type": kind, "underlying": "rr_xbtusd", "tickSize": bare(tick),
            "contractSize": 1, "tradeable": True, "impactMidSize": 1, "maxPositionSize": 1_000_000,
            "openingDate": "2020-01-01T00:00:00.000Z", "contractValueTradePrecision": 3,
            "postOnly": False, "tags": [],
        }  # fmt: skip


def _snapshot(book: Book) -> str:
    sides = {
        side: [{"price": bare(row.price), "qty": bare(row.size)} for row in rows]
        for side, rows in (("bids", book.top("bids")), ("asks", book.top("asks")))
    }
    head = {"feed": "book_snapshot", "product_id": book.symbol, "timestamp": book.ts_ms,
            "seq": book.last, "tickSize": None}  # fmt: skip
    return dump_json(head | sides)
