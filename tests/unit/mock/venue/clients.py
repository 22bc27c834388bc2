"""Plain clients, one a venue: they keep a book by the venue's documented rules, and nothing else.

They share no code with the mock, so that the two can judge each other. A client is handed texts
and hands back what it wants to say; sockets are somebody else's. It asks for a new snapshot of a
symbol when the venue's numbers or checksum tell it that something is missing.
"""

import json
import struct
import zlib
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

__all__ = ["CLIENTS", "Action", "Get", "PlainClient", "client_of"]


class Get(NamedTuple):
    """A request over REST, for a symbol."""

    path: str
    symbol: str


Action = str | Get
Sides = tuple[dict[Decimal, Any], dict[Decimal, Any]]


class PlainClient:
    """What they share: books, and counts of what was noticed."""

    headers: ClassVar[dict[str, str]] = {}
    """Of its handshake."""

    def __init__(self, symbols: list[str]) -> None:
        self.symbols = symbols
        self.sides: dict[str, Sides] = {symbol: ({}, {}) for symbol in symbols}
        self.live: set[str] = set()
        self.last: dict[str, int] = {}
        self.gaps = 0
        self.matched = 0
        self.mismatched = 0
        self.malformed = 0
        self.snapshots = 0
        self.total = 0
        self.others: list[Any] = []

    def opening(self) -> list[Action]:
        return [action for symbol in self.symbols for action in self.ask(symbol)]

    def ask(self, symbol: str) -> list[Action]:
        raise NotImplementedError

    def take(self, message: Any) -> list[Action]:
        raise NotImplementedError

    def again(self, symbol: str) -> list[Action]:
        """Ask for a new snapshot of one symbol."""
        self.live.discard(symbol)
        return self.ask(symbol)

    def reconnect(self) -> list[Action]:
        """Begin anew on another connection."""
        self.live.clear()
        self.total += self.snapshots
        self.snapshots = 0
        return self.opening()

    def lost(self, symbol: str) -> list[Action]:
        if symbol not in self.live:
            return []
        self.gaps += 1
        return self.again(symbol)

    def hear(self, text: str | bytes) -> list[Action]:
        try:
            message = json.loads(text, parse_float=str, parse_int=str)
        except ValueError:
            self.malformed += 1
            return []
        return self.take(message)

    def answer(self, get: Get, text: str) -> list[Action]:
        raise NotImplementedError

    def replace(self, symbol: str, bids: Any, asks: Any) -> None:
        self.sides[symbol] = ({}, {})
        self.snapshots += 1
        self.live.add(symbol)
        self.change(symbol, bids, asks)

    def change(self, symbol: str, bids: Any, asks: Any) -> None:
        for side, rows in zip(self.sides[symbol], (bids, asks), strict=True):
            for price, size in rows:
                if Decimal(size) == 0:
                    side.pop(Decimal(price), None)
                else:
                    side[Decimal(price)] = (price, size)

    def judge(self, symbol: str, wanted: int, got: int) -> list[Action]:
        if wanted == got:
            self.matched += 1
            return []
        self.mismatched += 1
        return self.lost(symbol)

    def values(self, symbol: str) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
        bids, asks = (
            {price: Decimal(row[1]) for price, row in side.items()} for side in self.sides[symbol]
        )
        return bids, asks

    def best(self, symbol: str, count: int) -> tuple[list[Any], list[Any]]:
        bids, asks = self.sides[symbol]
        return (
            [bids[price] for price in sorted(bids, reverse=True)[:count]],
            [asks[price] for price in sorted(asks)[:count]],
        )


def pairs(levels: Any) -> list[tuple[str, str]]:
    return [(level[0], level[1]) for level in levels]


class BinanceClient(PlainClient):
    prefix = "/api/v3"
    is_future = False
    limit = 1_000

    def __init__(self, symbols: list[str]) -> None:
        super().__init__(symbols)
        self.waiting: dict[str, list[Any]] = {symbol: [] for symbol in symbols}
        self.is_first: set[str] = set()

    def reconnect(self) -> list[Action]:
        self.waiting = {symbol: [] for symbol in self.symbols}
        return super().reconnect()

    def opening(self) -> list[Action]:
        names = [f"{symbol.lower()}@depth@100ms" for symbol in self.symbols]
        return [json.dumps({"method": "SUBSCRIBE", "params": names, "id": 1}), *super().opening()]

    def ask(self, symbol: str) -> list[Action]:
        return [Get(f"{self.prefix}/depth?symbol={symbol}&limit={self.limit}", symbol)]

    def answer(self, get: Get, text: str) -> list[Action]:
        told = json.loads(text, parse_float=str, parse_int=str)
        self.replace(get.symbol, pairs(told["bids"]), pairs(told["asks"]))
        self.last[get.symbol] = int(told["lastUpdateId"])
        self.is_first.add(get.symbol)
        actions: list[Action] = []
        for event in self.waiting[get.symbol]:
            actions += self.follow(get.symbol, event)
        self.waiting[get.symbol] = []
        return actions

    def take(self, message: Any) -> list[Action]:
        event = message.get("data", {}) if isinstance(message, dict) else {}
        if event.get("e") != "depthUpdate":
            self.others.append(message)
            return []
        if event["s"] not in self.live:
            self.waiting[event["s"]].append(event)
            return []
        return self.follow(event["s"], event)

    def follow(self, symbol: str, event: Any) -> list[Action]:
        first, last = int(event["U"]), int(event["u"])
        if symbol not in self.live:
            self.waiting[symbol].append(event)
            return []
        if last <= self.last[symbol]:
            return []
        if symbol in self.is_first:
            follows = first <= self.last[symbol] + 1
        elif self.is_future:
            follows = int(event["pu"]) == self.last[symbol]
        else:
            follows = first == self.last[symbol] + 1
        if not follows:
            self.waiting[symbol].append(event)
            return self.lost(symbol)
        self.is_first.discard(symbol)
        self.last[symbol] = last
        self.change(symbol, pairs(event["b"]), pairs(event["a"]))
        return []


class BinanceUsdMClient(BinanceClient):
    prefix = "/fapi/v1"
    is_future = True


class BinanceCoinMClient(BinanceUsdMClient):
    prefix = "/dapi/v1"


class BinanceSbeClient(BinanceClient):
    """Reads the changes of books at the places that the venue documents, and nothing else."""

    headers: ClassVar[dict[str, str]] = {"X-MBX-APIKEY": "any"}

    def opening(self) -> list[Action]:
        return [str(each).replace("@depth@100ms", "@depth") if isinstance(each, str) else each
                for each in super().opening()]  # fmt: skip

    def hear(self, text: str | bytes) -> list[Action]:
        if isinstance(text, str):
            return super().hear(text)
        try:
            length, template, schema, version = struct.unpack_from("<4H", text)
            if (template, schema, version) != (10_003, 1, 0):
                self.others.append(text)
                return []
            _, first, last, price, size = struct.unpack_from("<3q2b", text, 8)
            at, sides = 8 + length, []
            for _ in range(2):
                entry, count = struct.unpack_from("<2H", text, at)
                rows = [struct.unpack_from("<2q", text, at + 4 + k * entry) for k in range(count)]
                sides.append([(self.text(p, price), self.text(q, size)) for p, q in rows])
                at += 4 + count * entry
            symbol = text[at + 1 : at + 1 + text[at]].decode()
            told = {"e": "depthUpdate", "s": symbol, "U": first, "u": last}
        except (struct.error, IndexError, ValueError):
            self.malformed += 1
            return []
        if symbol not in self.sides:
            self.malformed += 1
            return []
        return self.take({"data": {**told, "b": sides[0], "a": sides[1]}})

    @staticmethod
    def text(mantissa: int, exponent: int) -> str:
        return f"{Decimal(mantissa).scaleb(exponent):f}"


class OkxClient(PlainClient):
    def ask(self, symbol: str) -> list[Action]:
        arg = {"channel": "books", "instId": symbol}
        return [
            json.dumps({"op": operation, "args": [arg]})
            for operation in (("unsubscribe", "subscribe") if self.snapshots else ("subscribe",))
        ]

    def take(self, message: Any) -> list[Action]:
        if "action" not in message:
            self.others.append(message)
            return []
        symbol, row = message["arg"]["instId"], message["data"][0]
        if message["action"] == "snapshot":
            assert row.get("prevSeqId", "-1") == "-1"
            self.replace(symbol, pairs(row["bids"]), pairs(row["asks"]))
        elif symbol not in self.live:
            return []
        elif "prevSeqId" in row and int(row["prevSeqId"]) != self.last[symbol]:
            return self.lost(symbol)
        else:
            self.change(symbol, pairs(row["bids"]), pairs(row["asks"]))
        self.last[symbol] = int(row.get("seqId", 0))
        bids, asks = self.best(symbol, 25)
        parts: list[str] = []
        for k in range(25):
            for rows in (bids, asks):
                if k < len(rows):
                    parts += rows[k]
        crc = zlib.crc32(":".join(parts).encode())
        signed = crc - 2**32 if crc & 0x80000000 else crc
        return self.judge(symbol, int(row["checksum"]), signed)


class KrakenClient(PlainClient):
    depth = 10

    def checksum(self, symbol: str) -> int:
        bids, asks = self.best(symbol, 10)
        text = "".join(number.replace(".", "").lstrip("0") for row in asks + bids for number in row)
        return zlib.crc32(text.encode())

    def cut(self, symbol: str) -> None:
        bids, asks = self.sides[symbol]
        for price in sorted(bids, reverse=True)[self.depth :]:
            del bids[price]
        for price in sorted(asks)[self.depth :]:
            del asks[price]


class KrakenV2Client(KrakenClient):
    def ask(self, symbol: str) -> list[Action]:
        params = {"channel": "book", "symbol": [symbol], "depth": self.depth}
        methods = ("unsubscribe", "subscribe") if self.snapshots else ("subscribe",)
        return [json.dumps({"method": method, "params": params}) for method in methods]

    def take(self, message: Any) -> list[Action]:
        if message.get("channel") != "book":
            self.others.append(message)
            return []
        row = message["data"][0]
        symbol = row["symbol"]
        bids, asks = (
            [(level["price"], level["qty"]) for level in row[side]] for side in ("bids", "asks")
        )
        if message["type"] == "snapshot":
            self.replace(symbol, bids, asks)
        elif symbol not in self.live:
            return []
        else:
            self.change(symbol, bids, asks)
        self.cut(symbol)
        return self.judge(symbol, int(row["checksum"]), self.checksum(symbol))


class KrakenV1Client(KrakenClient):
    def ask(self, symbol: str) -> list[Action]:
        wanted = {"name": "book", "depth": self.depth}
        events = ("unsubscribe", "subscribe") if self.snapshots else ("subscribe",)
        return [
            json.dumps({"event": event, "pair": [symbol], "subscription": wanted})
            for event in events
        ]

    def take(self, message: Any) -> list[Action]:
        if isinstance(message, dict):
            self.others.append(message)
            return []
        symbol = message[-1]
        assert message[-2] == f"book-{self.depth}"
        merged: dict[str, Any] = {}
        for part in message[1:-2]:
            merged |= part
        if "as" in merged:
            self.replace(symbol, pairs(merged["bs"]), pairs(merged["as"]))
            return []
        if symbol not in self.live:
            return []
        self.change(symbol, pairs(merged.get("b", ())), pairs(merged.get("a", ())))
        self.cut(symbol)
        return self.judge(symbol, int(merged["c"]), self.checksum(symbol))


class DeribitClient(PlainClient):
    def ask(self, symbol: str) -> list[Action]:
        params = {"channels": [f"book.{symbol}.100ms"]}
        methods = ("unsubscribe", "subscribe") if self.snapshots else ("subscribe",)
        return [
            json.dumps({"jsonrpc": "2.0", "id": 1, "method": f"public/{each}", "params": params})
            for each in methods
        ]

    def take(self, message: Any) -> list[Action]:
        if message.get("method") == "heartbeat":
            self.others.append(message)
            if message["params"]["type"] == "test_request":
                return [json.dumps({"jsonrpc": "2.0", "id": 2, "method": "public/test"})]
            return []
        if message.get("method") != "subscription":
            self.others.append(message)
            return []
        data = message["params"]["data"]
        symbol = data["instrument_name"]
        bids, asks = (
            [(price, "0" if action == "delete" else size) for action, price, size in data[side]]
            for side in ("bids", "asks")
        )
        if data["type"] == "snapshot":
            self.replace(symbol, bids, asks)
        elif symbol not in self.live:
            return []
        elif int(data["prev_change_id"]) != self.last[symbol]:
            return self.lost(symbol)
        else:
            self.change(symbol, bids, asks)
        self.last[symbol] = int(data["change_id"])
        return []


class BybitClient(PlainClient):
    def ask(self, symbol: str) -> list[Action]:
        operations = ("unsubscribe", "subscribe") if self.snapshots else ("subscribe",)
        return [json.dumps({"op": each, "args": [f"orderbook.50.{symbol}"]}) for each in operations]

    def take(self, message: Any) -> list[Action]:
        if not message.get("topic", "").startswith("orderbook.50."):
            self.others.append(message)
            return []
        data = message["data"]
        symbol = data["s"]
        if message["type"] == "snapshot":
            self.replace(symbol, pairs(data["b"]), pairs(data["a"]))
        elif symbol not in self.live:
            return []
        elif int(data["u"]) != self.last[symbol] + 1:
            return self.lost(symbol)
        else:
            self.change(symbol, pairs(data["b"]), pairs(data["a"]))
        self.last[symbol] = int(data["u"])
        return []


class CoinbaseClient(PlainClient):
    def ask(self, symbol: str) -> list[Action]:
        kinds = ("unsubscribe", "subscribe") if self.snapshots else ("subscribe",)
        return [
            json.dumps({"type": kind, "product_ids": [symbol], "channels": ["level2_batch"]})
            for kind in kinds
        ]

    def take(self, message: Any) -> list[Action]:
        match message.get("type"):
            case "snapshot":
                sides = pairs(message["bids"]), pairs(message["asks"])
                self.replace(message["product_id"], *sides)
            case "l2update" if message["product_id"] in self.live:
                bids, asks = (
                    [(price, size) for each, price, size in message["changes"] if each == side]
                    for side in ("buy", "sell")
                )
                self.change(message["product_id"], bids, asks)
            case _:
                self.others.append(message)
        return []


class BitmexClient(PlainClient):
    def __init__(self, symbols: list[str]) -> None:
        super().__init__(symbols)
        self.prices: dict[tuple[str, str, str], str] = {}

    def ask(self, symbol: str) -> list[Action]:
        operations = ("unsubscribe", "subscribe") if self.snapshots else ("subscribe",)
        return [json.dumps({"op": each, "args": [f"orderBookL2:{symbol}"]}) for each in operations]

    def take(self, message: Any) -> list[Action]:
        if message.get("table") != "orderBookL2":
            self.others.append(message)
            return []
        symbol = message["data"][0]["symbol"]
        action = message["action"]
        if action == "partial":
            assert message["keys"] == ["symbol", "id", "side"]
            self.prices = {key: price for key, price in self.prices.items() if key[0] != symbol}
        elif symbol not in self.live:
            return []
        changed: dict[str, list[tuple[str, str]]] = {"Buy": [], "Sell": []}
        for row in message["data"]:
            key = symbol, row["id"], row["side"]
            if action in {"partial", "insert"}:
                self.prices[key] = row["price"]
            elif key not in self.prices:
                return self.lost(symbol)
            size = "0" if action == "delete" else row["size"]
            changed[row["side"]].append((self.prices[key], size))
            if action == "delete":
                del self.prices[key]
        if action == "partial":
            self.replace(symbol, changed["Buy"], changed["Sell"])
        else:
            self.change(symbol, changed["Buy"], changed["Sell"])
        return []


class BitfinexClient(PlainClient):
    def __init__(self, symbols: list[str]) -> None:
        super().__init__(symbols)
        self.channels: dict[str, str] = {}
        self.sequence = 0

    def reconnect(self) -> list[Action]:
        self.channels.clear()
        self.sequence = 0
        return super().reconnect()

    def opening(self) -> list[Action]:
        return [json.dumps({"event": "conf", "flags": 65536 + 131072}), *super().opening()]

    def ask(self, symbol: str) -> list[Action]:
        actions: list[Action] = [
            json.dumps({"event": "unsubscribe", "chanId": int(number)})
            for number, each in self.channels.items()
            if each == symbol
        ]
        self.channels = {n: each for n, each in self.channels.items() if each != symbol}
        wanted = {"event": "subscribe", "channel": "book", "symbol": symbol, "len": "25"}
        return [*actions, json.dumps(wanted)]

    def take(self, message: Any) -> list[Action]:
        if isinstance(message, dict):
            self.others.append(message)
            if message.get("event") == "subscribed":
                self.channels[message["chanId"]] = message["symbol"]
            return []
        sequence, expected = int(message[-1]), self.sequence + 1
        self.sequence = sequence
        if self.sequence != expected:
            return [action for symbol in self.symbols for action in self.lost(symbol)]
        symbol = self.channels.get(message[0])
        if symbol is None:
            return []
        payload = message[1]
        if payload == "hb":
            self.others.append(message)
            return []
        if payload == "cs":
            if symbol not in self.live:
                return []
            return self.judge(symbol, int(message[2]), self.checksum(symbol))
        is_snapshot = isinstance(payload[0], list)
        bids: list[tuple[str, str]] = []
        asks: list[tuple[str, str]] = []
        for price, count, amount in payload if is_snapshot else [payload]:
            side = asks if amount.startswith("-") else bids
            side.append((price, "0" if count == "0" else amount.removeprefix("-")))
        if is_snapshot:
            self.replace(symbol, bids, asks)
        elif symbol in self.live:
            self.change(symbol, bids, asks)
        return []

    def checksum(self, symbol: str) -> int:
        bids, asks = self.best(symbol, 25)
        parts: list[str] = []
        for k in range(25):
            if k < len(bids):
                parts += bids[k]
            if k < len(asks):
                parts += [asks[k][0], f"-{asks[k][1]}"]
        crc = zlib.crc32(":".join(parts).encode())
        return crc - 2**32 if crc & 0x80000000 else crc


class KrakenFuturesClient(PlainClient):
    def ask(self, symbol: str) -> list[Action]:
        events = ("unsubscribe", "subscribe") if self.snapshots else ("subscribe",)
        return [
            json.dumps({"event": each, "feed": "book", "product_ids": [symbol]}) for each in events
        ]

    def take(self, message: Any) -> list[Action]:
        symbol = message.get("product_id", "")
        if message.get("feed") == "book_snapshot":
            bids, asks = (
                [(row["price"], row["qty"]) for row in message[side]] for side in ("bids", "asks")
            )
            self.replace(symbol, bids, asks)
            self.last[symbol] = int(message["seq"])
        elif message.get("feed") == "book" and "event" not in message:
            if symbol not in self.live:
                return []
            if int(message["seq"]) != self.last[symbol] + 1:
                return self.lost(symbol)
            row = [(message["price"], message["qty"])]
            self.change(symbol, *((row, []) if message["side"] == "buy" else ([], row)))
            self.last[symbol] = int(message["seq"])
        else:
            self.others.append(message)
        return []


CLIENTS: dict[str, tuple[type[PlainClient], list[str]]] = {
    "binance-spot": (BinanceClient, ["BTCUSDT", "ETHUSDT"]),
    "binance-usdm": (BinanceUsdMClient, ["BTCUSDT", "ETHUSDT"]),
    "binance-coinm": (BinanceCoinMClient, ["BTCUSD_PERP", "ETHUSD_PERP"]),
    "binance-sbe": (BinanceSbeClient, ["BTCUSDT", "ETHUSDT"]),
    "bitfinex": (BitfinexClient, ["tBTCUSD", "tBTCF0:USTF0"]),
    "bitmex": (BitmexClient, ["XBTUSD", "ETHUSD"]),
    "bybit": (BybitClient, ["BTCUSDT", "ETHUSDT"]),
    "coinbase": (CoinbaseClient, ["BTC-USD", "ETH-USD"]),
    "deribit": (DeribitClient, ["BTC-PERPETUAL", "BTC-27JUN25-50000-C"]),
    "kraken-futures": (KrakenFuturesClient, ["PI_XBTUSD", "PF_ETHUSD"]),
    "kraken-v1": (KrakenV1Client, ["XBT/USD", "ETH/USD"]),
    "kraken-v2": (KrakenV2Client, ["BTC/USD", "ETH/USD"]),
    "okx": (OkxClient, ["BTC-USDT", "BTC-USDT-SWAP"]),
}


def client_of(venue: str) -> PlainClient:
    """A client of a venue, with the symbols of its made-up market."""
    kind, symbols = CLIENTS[venue]
    return kind(symbols)
