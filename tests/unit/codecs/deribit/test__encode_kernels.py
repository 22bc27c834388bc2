"""Messages written by kernels are those of the schema-driven encoder, byte for byte."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.kernel import F64_RO, I64, I64_RO, U8, U8_RO, int64, kernel
from zerofeed.codecs.deribit import _encode_kernels as k
from zerofeed.codecs.deribit.encoder import encode_message, encode_packet

NUMBERS = st.floats(width=64, allow_nan=False) | st.just(math.nan)
NAME = b"btc_usdc".ljust(k.INDEX_NAME_BYTES, b"\0")


@kernel(int64(U8, U8_RO, I64_RO, F64_RO, int64, I64))
def write_one_of_each(out, name, n, x, entries, ends):  # type: ignore[no-untyped-def]
    at = k.open_frame(out, 8, n[0] & 0xFFFF, n[1])
    ends[0] = k.put_ticker(
        out, at, n[1], n[2] & 0xFF, n[3],
        x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10], x[11], x[12], x[13], x[14],
    )  # fmt: skip
    start = ends[0]
    at = k.open_book(out, start, n[1], n[3], n[4], n[5])
    for _ in range(entries):
        at = k.put_book_change(out, at, n[2] & 1, n[0] & 1, x[0], x[1])
    ends[1] = k.close_book(out, start, entries, n[6] & 1)
    start = ends[1]
    at = k.open_trades(out, start, n[1])
    for _ in range(entries):
        at = k.put_trade(
            out,
            at,
            n[2] & 1,
            x[0],
            x[1],
            n[3],
            x[2],
            x[3],
            n[4],
            n[5],
            n[6] & 3,
            n[7] & 3,
            x[4],
            n[0],
            n[3],
        )
    ends[2] = k.close_trades(out, start, entries)
    start = ends[2]
    at = k.open_snapshot(out, start, n[1], n[3], n[4], n[5] & 1)
    for _ in range(entries):
        at = k.put_snapshot_level(out, at, n[2] & 1, x[0], x[1])
    ends[3] = k.close_snapshot(out, start, entries, n[6] & 1)
    ends[4] = k.put_snapshot_start(out, ends[3], n[1])
    ends[5] = k.put_snapshot_end(out, ends[4])
    ends[6] = k.put_price_index(out, ends[5], name, 0, x[0], n[3])
    ends[7] = k.put_rfq(out, ends[6], n[1], n[2] & 1, n[7] & 1, x[1], n[3])
    ends[8] = k.put_bytes(out, ends[7], name, 2, 9)
    return k.close_frame(out, 8, ends[8])


def expected(n: list[int], x: list[float], entries: int) -> tuple[list[bytes], bytes]:
    """Encode the same from mappings."""
    number, time = n[1], n[3]
    ticker: dict[str, Any] = dict(
        zip(
            [
                "openInterest",
                "minSellPrice",
                "maxBuyPrice",
                "lastPrice",
                "indexPrice",
                "markPrice",
                "bestBidPrice",
                "bestBidAmount",
                "bestAskPrice",
                "bestAskAmount",
                "currentFunding",
                "funding8h",
                "estimatedDeliveryPrice",
                "deliveryPrice",
                "settlementPrice",
            ],
            x,
            strict=True,
        )
    )
    change = {"side": n[2] & 1, "change": n[0] & 1, "price": x[0], "amount": x[1]}
    level = {"side": n[2] & 1, "price": x[0], "amount": x[1]}
    trade = {
        "direction": n[2] & 1,
        "price": x[0],
        "amount": x[1],
        "timestampMs": time,
        "markPrice": x[2],
        "indexPrice": x[3],
        "tradeSeq": n[4],
        "tradeId": n[5],
        "tickDirection": n[6] & 3,
        "liquidation": n[7] & 3,
        "iv": x[4],
        "blockTradeId": n[0],
        "comboTradeId": time,
    }
    messages = [
        (
            "Ticker",
            {"instrumentId": number, "instrumentState": n[2] & 0xFF, "timestampMs": time, **ticker},
        ),
        (
            "Book",
            {
                "instrumentId": number,
                "timestampMs": time,
                "prevChangeId": n[4],
                "changeId": n[5],
                "isLast": n[6] & 1,
                "changesList": [change] * entries,
            },
        ),
        ("Trades", {"instrumentId": number, "tradesList": [trade] * entries}),
        (
            "Snapshot",
            {
                "instrumentId": number,
                "timestampMs": time,
                "changeId": n[4],
                "isBookComplete": n[5] & 1,
                "isLastInBook": n[6] & 1,
                "levelsList": [level] * entries,
            },
        ),
        ("SnapshotStart", {"snapshotDelay": number}),
        ("SnapshotEnd", {}),
        ("PriceIndex", {"indexName": "btc_usdc", "price": x[0], "timestampMs": time}),
        (
            "Rfq",
            {
                "instrumentId": number,
                "state": n[2] & 1,
                "side": n[7] & 1,
                "amount": x[1],
                "timestampMs": time,
            },
        ),
    ]
    encoded = [encode_message(name, values) for name, values in messages]
    encoded.append(NAME[2:9])
    return encoded, encode_packet(n[0] & 0xFFFF, number, encoded)


@given(
    n=st.lists(st.integers(0, 2**31 - 1), min_size=8, max_size=8),
    state=st.integers(0, 6),
    x=st.lists(NUMBERS, min_size=15, max_size=15),
    entries=st.integers(0, 5),
)
def test_every_message_equals_the_slow_encoders(
    n: list[int], state: int, x: list[float], entries: int
) -> None:
    n[2] = state
    messages, packet = expected(n, x, entries)
    out = np.full(4096, 0xAA, np.uint8)
    ends = np.zeros(9, np.int64)
    size = write_one_of_each(
        out, np.frombuffer(NAME, np.uint8), np.array(n, np.int64), np.array(x), entries, ends
    )
    assert size == len(packet)
    assert out[8 : 8 + size].tobytes() == packet
    assert ends.tolist() == (16 + np.cumsum([len(message) for message in messages])).tolist()
    assert set(out[:8]) | set(out[8 + size :]) == {0xAA}


@pytest.mark.parametrize(
    ("size", "message", "entries"),
    [
        (k.TICKER_BYTES, 0, 0),
        (k.BOOK_BYTES, 1, 0),
        (k.BOOK_BYTES + 3 * k.BOOK_CHANGE_BYTES, 1, 3),
        (k.TRADES_BYTES, 2, 0),
        (k.TRADES_BYTES + 3 * k.TRADE_BYTES, 2, 3),
        (k.SNAPSHOT_BYTES, 3, 0),
        (k.SNAPSHOT_BYTES + 3 * k.SNAPSHOT_LEVEL_BYTES, 3, 3),
        (k.SNAPSHOT_START_BYTES, 4, 0),
        (k.SNAPSHOT_END_BYTES, 5, 0),
        (k.PRICE_INDEX_BYTES, 6, 0),
        (k.RFQ_BYTES, 7, 0),
    ],
)
def test_sizes_are_those_of_the_messages(size: int, message: int, entries: int) -> None:
    messages, _ = expected([0] * 8, [1.0] * 15, entries)
    assert len(messages[message]) == size
