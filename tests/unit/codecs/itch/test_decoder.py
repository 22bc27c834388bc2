"""Real messages, decoded like two independent decoders do, field by field and record by record."""

from __future__ import annotations

import gzip
import os
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.codecs.itch.harness import rows_of
from tests.unit.codecs.itch.naive import LENGTHS, NaiveItch
from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.days import midnight_ns
from zerofeed.codecs.framing.blocks import encode_blocks
from zerofeed.codecs.framing.mold import read_packet
from zerofeed.codecs.itch.decoder import ItchDecoder
from zerofeed.codecs.itch.encoder import encode_message
from zerofeed.codecs.itch.messages import gather, message_at, time_of_day
from zerofeed.records import kinds
from zerofeed.wire.pcap import read_capture

__all__: list[str] = []

DAY = date(2010, 12, 24)
COUNTS = {
    "trade": 5000, "add_order": 4997, "order_delete": 1745, "order_executed": 198,
    "order_cancel": 45, "order_replace": 12, "system_event": 6, "stock_directory": 3,
    "stock_trading_action": 3, "add_order_mpid": 3,
}  # fmt: skip
ITCHFEED = {
    "fin_status_indicator": "financial_status_indicator",
    "financial_status": "financial_status_indicator",
    "authenticity": "authenticity",
    "new_order_reference_number": "new_order_reference_number",
}
"""What itchfeed calls otherwise."""


def split(raw: bytes) -> list[bytes]:
    """Take a file apart whose lengths all say 0."""
    found = []
    at = 0
    while at < len(raw):
        size = LENGTHS[chr(raw[at + 2])]
        found.append(raw[at + 2 : at + 2 + size])
        at += 2 + size
    return found


@pytest.fixture(scope="module")
def raw(captures: Path) -> bytes:
    return gzip.decompress((captures / "itch" / "ex20101224.TEST_ITCH_50.gz").read_bytes())


@pytest.fixture(scope="module")
def packets(captures: Path) -> list[bytes]:
    """Payloads of the captured MoldUDP64 packets."""
    files = sorted((captures / "itch" / "bx-udp").glob("*.pcap"))
    assert len(files) == 12
    return [payload.tobytes() for file in files for payload in read_capture(file).payloads()]


@pytest.fixture(scope="module")
def every(raw: bytes, packets: list[bytes]) -> list[bytes]:
    """Every message of the captures."""
    found = split(raw)
    for packet in packets:
        seen = read_packet(packet)
        assert seen.is_whole
        found += [
            packet[at : at + size]
            for at, size in zip(seen.offsets.tolist(), seen.lengths.tolist(), strict=True)
        ]
    return found


def test_a_real_day_is_counted_by_type(raw: bytes) -> None:
    decoder = ItchDecoder(DAY)
    counted = sum((Counter(batch["kind"].tolist()) for batch in decoder.batches(raw)), Counter())
    assert decoder.messages() == COUNTS
    assert decoder.counters() == {"messages": 12_012, "unknown": 0, "malformed": 0, "refused": 0}
    assert counted == {
        kinds.TRADE: 5198, kinds.ORDER: 7012, kinds.STATUS: 9, kinds.INSTRUMENT: 3,
    }  # fmt: skip
    assert decoder.instruments.symbols() == ["ALC", "BOB", "CHAR"]


def test_real_messages_become_what_the_oracle_says(every: list[bytes]) -> None:
    # Those of every packet, and of the file every fifth: the twins are slow.
    chosen = every[:300] + every[300:12_012:5] + every[12_012:]
    naive = NaiveItch(midnight_ns=midnight_ns(DAY))
    expected = [row for message in chosen for row in naive.message(message, 5)]
    decoder = ItchDecoder(DAY)
    records, _ = decoder.decode(encode_blocks(chosen), ts_recv_ns=5)
    assert rows_of(records) == expected


@pytest.fixture(scope="module")
def itchfeed() -> Any:
    """The parser of itchfeed, in Python even where its C++ is installed."""
    before = os.environ.get("ITCH_NO_CPP")
    os.environ["ITCH_NO_CPP"] = "1"
    messages = pytest.importorskip("itch.messages")
    if before is None:
        del os.environ["ITCH_NO_CPP"]
    return messages


@pytest.mark.slow
def test_every_field_of_every_real_message_is_what_itchfeed_reads(
    every: list[bytes], itchfeed: Any
) -> None:
    compared = Counter[str]()
    for message in every:
        theirs = itchfeed.messages[message[:1]](message)
        ours = message_at(message, 0)
        assert theirs.timestamp == time_of_day(ours)
        for name, value in ours.to_dict().items():
            their_name = ITCHFEED.get(name, name)
            if not hasattr(theirs, their_name):
                continue
            their_value = getattr(theirs, their_name)
            if isinstance(their_value, bytes):
                their_value = their_value.rstrip(b" ")
            assert their_value == value, (ours.name, name)
            compared[ours.name] += 1
    # Prices, sizes, numbers and texts of all types were there to be compared.
    assert {name: n // COUNTS[name] for name, n in compared.items() if name in COUNTS}[
        "add_order"
    ] >= 7
    assert min(compared.values()) > 0
    assert len(compared) >= 13


MEATPY = {
    "A": {"order_ref": "order_reference_number", "bsindicator": "buy_sell_indicator",
          "shares": "shares", "stock": "stock", "price": "price"},
    "F": {"order_ref": "order_reference_number", "shares": "shares", "price": "price",
          "attribution": "attribution"},
    "E": {"order_ref": "order_reference_number", "shares": "executed_shares",
          "match": "match_number"},
    "C": {"order_ref": "order_reference_number", "shares": "executed_shares",
          "match": "match_number", "printable": "printable", "execution_price": "execution_price"},
    "X": {"order_ref": "order_reference_number", "canceled_shares": "cancelled_shares"},
    "D": {"order_ref": "order_reference_number"},
    "U": {"original_ref": "original_order_reference_number",
          "new_ref": "new_order_reference_number", "shares": "shares", "price": "price"},
    "P": {"order_ref": "order_reference_number", "shares": "shares", "stock": "stock",
          "price": "price", "match": "match_number"},
    "R": {"stock": "stock", "category": "market_category", "lotsize": "round_lot_size",
          "lotsonly": "round_lots_only", "issue_class": "issue_classification"},
    "H": {"stock": "stock", "state": "trading_state", "reason": "reason"},
    "S": {"code": "event_code"},
    "Y": {"stock": "stock", "action": "reg_sho_action"},
    "N": {"stock": "stock", "interest": "interest_flag"},
}  # fmt: skip
"""meatpy's names of fields, and ours."""


@pytest.mark.slow
def test_the_fields_of_every_real_message_are_what_meatpy_reads(every: list[bytes]) -> None:
    theirs_of = pytest.importorskip(
        "meatpy.itch50.itch50_market_message"
    ).ITCH50MarketMessage.from_bytes
    seen = Counter[str]()
    for message in every:
        kind = chr(message[0])
        theirs, ours = theirs_of(message), message_at(message, 0)
        assert theirs.timestamp == time_of_day(ours)
        assert theirs.stock_locate == ours["stock_locate"]
        for their_name, name in MEATPY[kind].items():
            value = getattr(theirs, their_name)
            value = value.rstrip(b" ") if isinstance(value, bytes) else value
            assert value == ours[name], (kind, name)
        seen[kind] += 1
    assert set(seen) == set(MEATPY)


def test_all_adds_of_a_real_day_are_one_array(raw: bytes) -> None:
    messages = split(raw)
    lengths = np.array([len(each) for each in messages])
    offsets = np.cumsum(lengths + 2) - lengths
    adds = gather(raw, offsets, "A")
    wanted = [each for each in messages if each[:1] == b"A"]
    assert adds["price"].tolist() == [int.from_bytes(each[32:36], "big") for each in wanted]
    assert adds["stock"].tolist() == [each[24:32] for each in wanted]


def test_prices_have_four_decimals_and_sizes_none() -> None:
    decoder = ItchDecoder(DAY, instruments=8, records=16)
    add = encode_message(
        "A", stock_locate=1, order_reference_number=9, buy_sell_indicator="B", shares=100,
        stock="AAPL", price=1_500_001,
    )  # fmt: skip
    records, _ = decoder.decode(encode_blocks([add]))
    stock = decoder.instruments.row("AAPL")
    price = Decimal(int(records[-1]["price"])).scaleb(stock.price_exponent)
    assert (price, stock.size_exponent) == (Decimal("150.0001"), 0)


def test_memory_that_is_too_small_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="too small"):
        ItchDecoder(DAY, records=2)
    with pytest.raises(ConfigurationError, match="too small"):
        ItchDecoder(DAY, instruments=1)


@pytest.mark.parametrize(("begin", "end"), [(-1, None), (0, 5), (3, 2)])
def test_messages_outside_the_buffer_are_refused(begin: int, end: int | None) -> None:
    with pytest.raises(ConfigurationError, match="inside the buffer"):
        ItchDecoder(DAY, instruments=8, records=16).decode(b"\0\0\0\0", begin, end)
