"""Packets that a table frames: numbers of messages, records of Coinbase Derivatives and Starbase, and every kind of lie."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runtime.framed_venues import (
    CB_ID,
    SB_ID,
    any_of,
    cb,
    cb_packet,
    header,
    sb,
    sb_packet,
)
from tests.unit.runtime.wire_packets import Sent, done_twice, kinds_of
from zerofeed.codecs.coinbase_derivatives.schema import SCHEMA as COINBASE
from zerofeed.codecs.deribit_starbase.schema import SCHEMA as STARBASE
from zerofeed.records import kinds
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.kinds import KIND_NAMES
from zerofeed.records.units import UNDEF
from zerofeed.wire.pcap import read_capture

__all__: list[str] = []

# Records have attributes in compiled code alone.
pytestmark = pytest.mark.compiled

PRICE = 12_340_000_000


def put(order: int = 5, **values: Any) -> bytes:
    return cb("OrderPut", orderId=order, price=PRICE, quantity=3, **values)


def defined_starbase() -> Sent:
    sent = Sent("deribit-starbase")
    sent(sb_packet(1, definition()))
    return sent


def definition(**values: Any) -> bytes:
    usual = {"name": "BTC-PERP", "quantityExponent": -2, "tickSize": 500_000_000, "type": "PERP_FUTURE",
             "quantityAsset": "BTC", "priceAsset": "USD"}  # fmt: skip
    return sb("InstrumentDefinition", **usual | values)


def bid(order: int = 5, **values: Any) -> bytes:
    return sb("BidPut", orderId=order, quantityMantissa=7, price=PRICE, sortOrderId=9, **values)


# Coinbase Derivatives


def test_a_put_and_a_deletion_are_orders_and_the_end_of_a_transaction_is_marked() -> None:
    sent = Sent("coinbase-derivatives")
    gone = cb("OrderDelete", orderId=4, instrHeader=header(side="SELL", flags=set()))
    records = sent(cb_packet(10, gone, put()))
    assert kinds_of(records) == ["order", "order"]
    assert (records["action"][0], records["side"][0], records["order_id"][0]) == (
        kinds.ACTION_CANCEL,
        kinds.ASK,
        4,
    )
    assert (records["price"][1], records["size"][1], records["side"][1]) == (PRICE, 3, kinds.BID)
    assert [bool(each & LAST) for each in records["flags"].tolist()] == [False, True]


def test_a_bit_clears_the_book_before_the_order() -> None:
    records = Sent("coinbase-derivatives")(
        cb_packet(1, put(instrHeader=header(flags={"clearBook"})))
    )
    assert records["action"].tolist() == [kinds.ACTION_CLEAR, kinds.ACTION_ADD]


def test_definitions_have_their_versions_fields() -> None:
    sent = Sent("coinbase-derivatives")
    values = {"symbol": "BTC-28NOV", "productCode": "BTC", "currency": "USD", "tickSize": PRICE,
              "lastTradingSessionDate": 20_000, "settlementPrice": PRICE, "limitUpPrice": 9}  # fmt: skip
    records = sent(cb_packet(1, cb("OutrightInstrumentDefinition", version=1, **values)))
    assert kinds_of(records) == ["instrument", "status", "limits", "mark"]
    found = sent.feed.instruments.row("BTC-28NOV")
    assert (found.venue_key, found.kind, found.base, found.quote) == (CB_ID, "future", "BTC", "USD")
    assert found.expiry_ns == 20_000 * 86_400_000_000_000
    option = {"symbol": "BTC-C", "strikePrice": PRICE, "definitionFlags": {"isCall"}}
    sent(cb_packet(2, cb("OptionInstrumentDefinition", **option)))
    assert sent.feed.instruments.row("BTC-C").option_type == "call"


def test_a_trade_its_correction_and_its_bust_are_told() -> None:
    sent = Sent("coinbase-derivatives")
    records = sent(
        cb_packet(
            1,
            cb(
                "Trade", matchId=7, price=PRICE, quantity=2, instrHeader=header(side="SELL", seq=12)
            ),
            cb("TradeAmend", matchId=7, newPrice=9),
            cb("TradeBust", matchId=7),
        )
    )
    assert kinds_of(records) == ["trade", "trade_break", "trade_break"]
    assert (records["side"][0], records["trade_seq"][0]) == (kinds.ASK, 12)
    assert records["price"].tolist() == [PRICE, 9, UNDEF]


def test_a_snapshot_s_messages_are_of_the_packet_s_instrument_and_are_not_numbered() -> None:
    sent = Sent("coinbase-derivatives")
    sent(cb_packet(500, put()))
    start = cb("StartOfOutrightInstrumentSnapshot", symbol="BTC", tickSize=1)
    order = cb("OrderSnapshot", orderId=9, quantity=-4, price=PRICE)
    records = sent(cb_packet(300, start, order, order, cb("EndOfSnapshot"), kind=2, instrument=77))
    assert all(each & SNAPSHOT for each in records["flags"].tolist())
    orders = records[records["kind"] == kinds.ORDER]
    assert orders["action"].tolist() == [
        kinds.ACTION_CLEAR,
        kinds.ACTION_ADD,
        kinds.ACTION_ADD,
        kinds.ACTION_NONE,
    ]
    assert (orders["order_id"][0], orders["side"][1], orders["size"][1]) == (300, kinds.ASK, 4)
    assert orders["flags"][-1] & LAST
    assert sent.feed.instruments.row("BTC").venue_key == 77
    assert sent.count("gaps") == sent.count("resets") == sent.count("packets_stale") == 0


def test_implied_orders_are_levels_of_another_instrument() -> None:
    sent = Sent("coinbase-derivatives")
    values = {"bestPrice": PRICE, "bestQty": 5, "nextPrice": -(2**63), "nextQty": 0}
    records = sent(cb_packet(1, put(), cb("ImpliedOrderUpdate", **values)))
    assert kinds_of(records) == ["order", "level", "level", "bbo"]
    assert len(set(records["instrument"].tolist())) == 2
    best = sent.feed.books[int(records["instrument"][-1])].best()
    assert (best.bid_price, best.bid_size) == (PRICE, 5)


# Starbase


def test_sizes_have_the_exponent_of_the_definition() -> None:
    sent = defined_starbase()
    found = sent.feed.instruments.row("BTC-PERP")
    assert (found.kind, found.size_exponent, found.venue_key, found.base) == (
        "perpetual",
        -2,
        SB_ID,
        "BTC",
    )
    records = sent(sb_packet(2, bid()))
    assert (records["size"][0], records["priority"][0], records["price"][0]) == (7, 9, PRICE)
    assert records["flags"][0] & LAST


def test_messages_of_an_instrument_that_is_not_defined_make_no_records() -> None:
    sent = Sent("deribit-starbase")
    assert len(sent(sb_packet(1, bid()))) == 0
    assert sent.count("messages_unknown") == 1


def test_the_side_of_a_trade_is_the_taker_s_and_flags_are_the_maker_s() -> None:
    sent = defined_starbase()
    values = {"matchId": 3, "fillQtyMantissa": 2, "fillPrice": PRICE}
    records = sent(
        sb_packet(
            2,
            sb("Trade", makerFlags={"isSell", "isLiquidation"}, **values),
            sb("BlockTrade", takerFlags={"isSell"}, **values),
        )
    )
    assert kinds_of(records) == ["trade", "liquidation", "trade", "mark"]
    assert records["side"][[0, 2]].tolist() == [kinds.BID, kinds.ASK]


def test_funding_rates_are_numbers_without_a_scale() -> None:
    sent = defined_starbase()
    records = sent(sb_packet(2, sb("InstrumentRef", currentFunding=0.0001, funding8h=float("nan"))))
    assert (records["funding_rate"][0], records["funding_rate_8h"][0]) == (100_000_000, UNDEF)


def test_options_combos_and_indices_are_defined() -> None:
    sent = defined_starbase()
    records = sent(
        sb_packet(
            2,
            definition(
                name="BTC-P", instrumentId=6, type="OPTION", flags={"isPutOption"}, strikePrice=5
            ),
            definition(
                name="BTC-CS",
                instrumentId=7,
                type="OPTION_COMBO",
                legs=[{"legInstrumentId": 6, "ratio": -1}, {"legInstrumentId": 99, "ratio": 1}],
                largeTickSizes=[{"largeTickSize": 1, "thresholdPrice": 1}],
            ),
            sb("IndexDefinition", indexId=6, name="btc_usd"),
        )
    )
    assert sent.feed.instruments.row("BTC-P").option_type == "put"
    legs = records[records["kind"] == kinds.COMBO_LEG]
    assert legs["leg_instrument"].tolist() == [2, UNDEF]
    assert legs["leg_ratio"].tolist() == [-1, 1]
    assert sent.feed.instruments.row("btc_usd").kind == "index"


def test_records_of_snapshot_packets_say_so() -> None:
    sent = defined_starbase()
    messages = [sb("SnapshotHeader", incrementalSeqNum=88), bid(bits=0), sb("SnapshotTrailer")]
    records = sent(sb_packet(4, *messages, kind=2))
    assert records["action"].tolist() == [kinds.ACTION_CLEAR, kinds.ACTION_ADD, kinds.ACTION_NONE]
    assert all(each & SNAPSHOT for each in records["flags"].tolist())
    assert records["order_id"][0] == 88


# Numbers of messages


def test_packets_that_overlap_bring_each_message_once() -> None:
    sent = Sent("coinbase-derivatives")
    assert sent(cb_packet(1, put(1), put(2)))["order_id"].tolist() == [1, 2]
    assert sent(cb_packet(2, put(2), put(3)))["order_id"].tolist() == [3]
    assert len(sent(cb_packet(1, put(1), put(2), put(3)))) == 0
    assert (sent.count("packets_stale"), sent.count("gaps")) == (1, 0)


def test_a_jump_is_a_gap_of_messages() -> None:
    sent = Sent("coinbase-derivatives")
    sent(cb_packet(1, put(1)))
    records = sent(cb_packet(5, put(2)))
    assert kinds_of(records) == ["gap", "order"]
    assert (records["missing_count"][0], records["channel"][0]) == (3, 49)


def test_a_heartbeat_shows_a_loss_and_uses_nothing_up() -> None:
    sent = defined_starbase()
    for seq in (1, 2):
        assert len(sent(sb_packet(seq))) == 0
    assert kinds_of(sent(sb_packet(4))) == ["gap"]
    assert kinds_of(sent(sb_packet(4, bid()))) == ["order"]
    assert sent.count("packets_heartbeat") == 3


# Lies


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_count_that_lies_is_malformed(count: int) -> None:
    sent = Sent("coinbase-derivatives")
    records = sent(cb_packet(1, put(1), put(2), count=count))
    assert sent.count("packets_malformed") == 1
    assert records["order_id"].tolist() == [1, 2][: {0: 0, 1: 1, 3: 2}[count]]


def test_what_a_bad_message_leaves_is_missing() -> None:
    sent = Sent("coinbase-derivatives")
    lie = bytearray(put(2))
    lie[0:2] = b"\xff\xff"
    assert sent(cb_packet(1, put(1), bytes(lie), put(3)))["order_id"].tolist() == [1]
    records = sent(cb_packet(4, put(4)))
    assert kinds_of(records) == ["gap", "order"]
    assert records["missing_count"][0] == 2


def test_unknown_templates_and_later_versions_are_stepped_over() -> None:
    sent = Sent("coinbase-derivatives")
    unknown = bytearray(put(1))
    unknown[4:6] = b"\xf0\x00"
    newer = bytearray(put(2) + b"\x01" * 8)
    newer[0:2] = len(newer).to_bytes(2, "little")
    newer[8:10] = b"\x09\x00"
    assert sent(cb_packet(1, bytes(unknown), bytes(newer), put(3)))["order_id"].tolist() == [2, 3]
    assert sent.count("messages_unknown") == 1


def test_a_later_version_s_blocks_are_not_guessed_where_groups_follow() -> None:
    sent = defined_starbase()
    later = definition(name="OTHER", instrumentId=9, version=2, extra=b"\x01" * 4)
    records = sent(sb_packet(2, later, bid(version=2, extra=b"\x01" * 4)))
    assert kinds_of(records) == ["order"]
    assert sent.count("messages_unknown") == 1


@pytest.mark.parametrize(
    ("protocol", "schema"), [("coinbase-derivatives", COINBASE), ("deribit-starbase", STARBASE)]
)
def test_every_template_is_decoded(protocol: str, schema: Any) -> None:
    sent = Sent(protocol)
    framed = cb_packet if schema is COINBASE else sb_packet
    for seq, each in enumerate(any_of(schema), 1):
        sent(framed(seq, each))
    sent.assert_every_packet_is_accounted_for()
    assert sent.count("packets_malformed") == 0
    counted = sent.feed.metrics.templates()
    assert {sent.feed.templates[slot] for slot in sent.feed.templates if not counted[slot]} == {
        "text"
    }


@pytest.mark.parametrize(
    ("protocol", "schema"), [("coinbase-derivatives", COINBASE), ("deribit-starbase", STARBASE)]
)
def test_lies_in_packets_are_counted_and_none_is_lost(protocol: str, schema: Any) -> None:
    chance = random.Random(23)
    numbers = [0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF]
    messages = any_of(schema)
    framed = cb_packet if schema is COINBASE else sb_packet
    sent = Sent(protocol)
    for seq in range(1, 900):
        payload = bytearray(framed(seq, *chance.sample(messages, chance.randrange(1, 4))))
        for _ in range(chance.choice([1, 1, 2, 6])):
            at = chance.randrange(16, len(payload))
            sort = chance.randrange(4)
            if sort == 0:
                payload[at] = chance.choice(numbers)
            elif sort == 1:
                payload[min(len(payload) - 1, 24 + chance.randrange(20))] = chance.choice(numbers)
            elif sort == 2:
                payload[at] ^= 1 << chance.randrange(8)
            elif len(payload) > 20:
                del payload[max(17, at) :]
        records = sent(bytes(payload))
        assert set(records["kind"].tolist()) <= set(KIND_NAMES)
        assert records["instrument"].max(initial=0) < len(sent.feed.instruments)
    sent.assert_every_packet_is_accounted_for()
    assert 50 < sent.count("packets_malformed") < 850


@pytest.mark.parametrize(
    ("protocol", "schema"), [("coinbase-derivatives", COINBASE), ("deribit-starbase", STARBASE)]
)
def test_a_packet_that_is_done_again_after_a_kill_makes_the_same_records(
    protocol: str, schema: Any
) -> None:
    framed = cb_packet if schema is COINBASE else sb_packet
    payloads = [framed(seq + (seq > 9), each) for seq, each in enumerate(any_of(schema) * 2, 1)]
    once, again = done_twice(protocol, payloads)
    assert once == again
    assert sum(map(len, once)) > 64 * 20


def test_real_packets_are_whole_and_their_orders_told(captures: Path) -> None:
    told = []
    for path in sorted((captures / "coinbase-derivatives").glob("*.pcap")):
        sent = Sent("coinbase-derivatives")
        for payload in read_capture(path).payloads():
            records = sent(bytes(payload))
            told += [
                (chr(each["action"]), int(each["order_id"]), int(each["price"])) for each in records
            ]
        assert sent.count("packets_decoded") == 1
    assert told == [
        ("C", 43494942, UNDEF),
        ("A", 43508906, 32_230_000_000),
        ("A", 43494987, 91_530_000_000),
    ]
