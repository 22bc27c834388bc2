"""What real venues sent decodes whole, and their own checksums, chains and tickers agree with our books.

Every figure is counted twice: by the feed, and from the text by Python's own parser.
"""

from __future__ import annotations

import gzip
import json
from bisect import bisect_right
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.runtime.venue_packets import joined
from tests.unit.venues.venue import CAUSES, Venue
from zerofeed.records import kinds
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, SNAPSHOT
from zerofeed.records.units import to_decimal
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []

# Thousands of messages: the plain twins would take minutes.
pytestmark = [pytest.mark.compiled, pytest.mark.slow]

CAPTURES = {
    "binance/btcusdt_20240808.gz": "binance-spot",
    "binance-usdm/btcusdt_20240808.gz": "binance-usdm",
    "binance-coinm/ethusd_perp_20240808.gz": "binance-coinm",
    "bybit/xrpusdt-ob500.data.zip": "bybit",
    "cryptofeed/BINANCE.ws.1.0": "binance-spot",
    "cryptofeed/BINANCE.http.0.0": "binance-spot",
    "cryptofeed/COINBASE.ws.28.0": "coinbase",
    "cryptofeed/DERIBIT.ws.1.0": "deribit-json",
    "cryptofeed/KRAKEN.ws.48.0": "kraken-v1",
    "cryptofeed/KRAKEN.ws.50.0": "kraken-v1",
    "cryptofeed/OKX.ws.1.0": "okx",
}

UNEXPLAINED = ("packets_malformed", "packets_truncated", "messages_unknown", "instruments_refused")

# REST's answers name no instrument: which one was asked about stands in the line before the text.
NAMELESS = {"cryptofeed/BINANCE.http.0.0"}

# Versions of a protocol that its venue has switched off.
RETIRED = {
    "bybit.jsonl": {"messages", "messagesIncludingOrderBook200"},  # v2
    "okx.jsonl": {"messages"},  # v3
    "okx_futures.jsonl": {"messages", "messagesTickByTick"},  # v3
    "okx_options.jsonl": {"messages"},  # v3
    "okx_swap.jsonl": {"messages"},  # v3
}
# What the recorder made itself, of REST's answers: no channel of OKX has this name.
MADE_BY_THE_RECORDER = {"liquidations"}
VENUE_MESSAGES = {
    "binance.jsonl": "binance-spot",
    "binance_futures.jsonl": "binance-usdm",
    "binance_delivery.jsonl": "binance-coinm",
    "bybit.jsonl": "bybit",
    "bybit_options.jsonl": "bybit",
    "coinbase.jsonl": "coinbase",
    "deribit.jsonl": "deribit-json",
    "kraken_v2.jsonl": "kraken-v2",
    "okx.jsonl": "okx",
    "okx_futures.jsonl": "okx",
    "okx_options.jsonl": "okx",
    "okx_swap.jsonl": "okx",
}


def decoded(path: Path, protocol: str) -> tuple[OfflineFeed, Any]:
    """Decode a capture."""
    feed = OfflineFeed(protocol, instruments=1024)
    return feed, joined(feed.read(path))


@pytest.mark.parametrize(("name", "protocol"), CAPTURES.items())
def test_nothing_in_a_capture_is_malformed_or_unknown(
    captures: Path, name: str, protocol: str
) -> None:
    feed, records = decoded(captures / name, protocol)
    metrics = feed.metrics
    assert metrics["packets_received"] > 0
    total = sum(metrics[f"packets_{cause}"] for cause in CAUSES)
    assert total == metrics["packets_received"]
    told = {each: metrics[each] for each in UNEXPLAINED if metrics[each]}
    if name in NAMELESS:
        told.pop("messages_unknown", None)
    assert told == {}
    assert np.array_equal(records["seq"], np.arange(len(records)))


# Checksums


@pytest.mark.parametrize(
    ("name", "protocol", "mark", "books"),
    [
        ("cryptofeed/KRAKEN.ws.50.0", "kraken-v1", b'"c":"', 10),
        ("cryptofeed/OKX.ws.1.0", "okx", b'"checksum":', 3),
    ],
)
def test_every_checksum_of_a_capture_verifies(
    captures: Path, name: str, protocol: str, mark: bytes, books: int
) -> None:
    feed, records = decoded(captures / name, protocol)
    counters = feed.books.counters()
    assert counters["checksums_matched"] == (captures / name).read_bytes().count(mark) > 0
    assert counters["checksums_mismatched"] == 0
    assert [feed.books[row].is_proven for row in range(1, books + 1)] == [True] * books
    assert not (records["flags"] & MAYBE_BAD_BOOK).any()


# Chains


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        ("binance/btcusdt_20240808.gz", "binance-spot"),
        ("binance-usdm/btcusdt_20240808.gz", "binance-usdm"),
        ("binance-coinm/ethusd_perp_20240808.gz", "binance-coinm"),
        ("bybit/xrpusdt-ob500.data.zip", "bybit"),
        ("cryptofeed/DERIBIT.ws.1.0", "deribit-json"),
        ("cryptofeed/BINANCE.ws.1.0", "binance-spot"),
        ("cryptofeed/COINBASE.ws.28.0", "coinbase"),
    ],
)
def test_every_chain_of_a_capture_holds(captures: Path, name: str, protocol: str) -> None:
    feed, _ = decoded(captures / name, protocol)
    counters = feed.books.counters()
    assert counters["transactions"] > 0
    for trouble in ("chain_breaks", "crossings", "malformed_levels", "snapshots_different"):
        assert counters[trouble] == 0, trouble
    doubts = {d for row in range(1, len(feed.instruments)) for d in feed.books[row].doubts}
    # That capture has no snapshot in it; the others begin with one.
    assert doubts == ({"no_snapshot"} if name == "cryptofeed/BINANCE.ws.1.0" else set())


# Tickers


def binance_lines(path: Path) -> list[dict[str, Any]]:
    """The messages of a capture, by Python."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        messages = [json.loads(line.partition(" ")[2], parse_float=Decimal) for line in lines]
    return [message.get("data", message) for message in messages]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        ("binance/btcusdt_20240808.gz", "binance-spot"),
        ("binance-usdm/btcusdt_20240808.gz", "binance-usdm"),
        ("binance-coinm/ethusd_perp_20240808.gz", "binance-coinm"),
    ],
)
def test_the_best_of_a_rebuilt_book_is_what_the_venues_ticker_says(
    captures: Path, name: str, protocol: str
) -> None:
    feed, records = decoded(captures / name, protocol)
    messages = binance_lines(captures / name)
    changes = [m for m in messages if m.get("e") == "depthUpdate"]
    tickers = sorted(
        (m for m in messages if m.get("e") == "bookTicker" or ("B" in m and "e" not in m)),
        key=lambda m: m["u"],
    )
    ids = [m["u"] for m in tickers]
    # One BBO follows each change that was applied, and the snapshot; each change of a proven book is.
    is_level = records["kind"] == kinds.LEVEL
    closing = records[is_level & (records["flags"] & LAST != 0)]
    bests = records[records["kind"] == kinds.BBO]
    assert len(bests) == len(closing)
    row = feed.instruments.row(1)
    compared = 0
    by_id = {m["u"]: m for m in changes}
    for last, best in zip(closing, bests, strict=True):
        place = bisect_right(ids, int(last["change_id"]))
        if last["flags"] & SNAPSHOT or best["flags"] & MAYBE_BAD_BOOK or place == 0:
            continue
        assert int(last["change_id"]) in by_id
        ticker = tickers[place - 1]
        ours = [
            to_decimal(int(best[f"{side}_price"]), row.price_exponent) for side in ("bid", "ask")
        ] + [to_decimal(int(best[f"{side}_size"]), row.size_exponent) for side in ("bid", "ask")]
        theirs = [Decimal(ticker[key]) for key in "baBA"]
        assert ours == theirs, f"change {last['change_id']}, ticker {ticker['u']}"
        compared += 1
    # All but those of before the first ticker, and of before the snapshot.
    assert compared > 0.99 * len(changes)


def test_records_of_a_capture_say_what_its_text_says(captures: Path) -> None:
    """Every trade and every ticker of the spot capture, field by field."""
    path = captures / "binance/btcusdt_20240808.gz"
    feed, records = decoded(path, "binance-spot")
    messages = binance_lines(path)
    row = feed.instruments.row(1)

    def scaled(text: str, exponent: int) -> int:
        return int(Decimal(text).scaleb(-exponent))

    trades = [
        (m["T"] * 10**6, scaled(m["p"], row.price_exponent), scaled(m["q"], row.size_exponent),
         m["t"], "A" if m["m"] else "B")
        for m in messages if m.get("e") == "trade"
    ]  # fmt: skip
    ours = records[records["kind"] == kinds.TRADE]
    names = ("ts_event_ns", "price", "size", "trade_id")
    told = [(*(int(each[name]) for name in names), chr(each["side"])) for each in ours]
    assert told == trades
    quotes = [
        tuple(scaled(m[key], row.price_exponent) for key in "bBaA")
        for m in messages if "B" in m and "e" not in m
    ]  # fmt: skip
    ours = records[records["kind"] == kinds.QUOTE]
    columns = ("bid_price", "bid_size", "ask_price", "ask_size")
    assert row.price_exponent == row.size_exponent
    assert list(zip(*(ours[name].tolist() for name in columns), strict=True)) == quotes


# Single messages


@pytest.mark.parametrize(("name", "protocol"), VENUE_MESSAGES.items())
def test_single_messages_of_current_protocols_are_known(
    captures: Path, name: str, protocol: str
) -> None:
    lines = (captures / "venue-messages" / name).read_text(encoding="utf-8").splitlines()
    venue, groups = Venue(protocol), Counter[str]()
    for line in lines:
        wrapped = json.loads(line, parse_float=lambda text: text)
        groups[wrapped["group"]] += 1
        channel = wrapped["message"].get("arg", {}).get("channel")
        if wrapped["group"] in RETIRED.get(name, set()) or channel in MADE_BY_THE_RECORDER:
            continue
        before = venue.counted()
        venue.say(wrapped["message"])
        after = venue.counted()
        for trouble in ("malformed", "messages_unknown", "instruments_refused"):
            assert after.get(trouble, 0) == before.get(trouble, 0), wrapped["message"]
    assert venue.counted().get("decoded", 0) > 0
    assert RETIRED.get(name, set()) <= set(groups)
