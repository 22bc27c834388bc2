"""CME's packets through all stages: numbers, events, places, implied books, snapshots, and every kind of lie."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from tests.unit.codecs.cme.venue import (
    END,
    NULL_PRICE,
    TIME_NS,
    any_messages,
    book,
    definition,
    entry,
    message,
    packet,
)
from tests.unit.runtime.wire_packets import Sent, done_twice, kinds_of
from zerofeed.records import kinds
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, SNAPSHOT
from zerofeed.records.kinds import KIND_NAMES
from zerofeed.records.units import UNDEF

__all__: list[str] = []

# Records have attributes in compiled code alone.
pytestmark = pytest.mark.compiled

SYMBOLS = {7: "ESZ6", 8: "ESH7"}


def snapshot(processed: int, rpt: int, *levels: dict[str, Any], security: int = 7) -> bytes:
    """A snapshot of a book, in a packet's message."""
    names = ("MDEntryPx", "MDEntrySize", "MDPriceLevel", "MDEntryType")
    return message(
        "SnapshotFullRefresh52",
        LastMsgSeqNumProcessed=processed,
        RptSeq=rpt,
        SecurityID=security,
        TransactTime=TIME_NS,
        MDSecurityTradingStatus="ReadyToTrade",
        HighLimitPrice=NULL_PRICE,
        LowLimitPrice=NULL_PRICE,
        NoMDEntries=[{name: each[name] for name in names} for each in levels],
    )


def sides(sent: Sent, row: int) -> list[list[tuple[int, int]]]:
    """The levels of a book, prices in units."""
    shown = sent.feed.books[row]
    return [
        [(int(each["price"]) // 10**9, int(each["size"])) for each in levels]
        for levels in (shown.bids, shown.asks)
    ]


def row_of(sent: Sent, symbol: str) -> int:
    return sent.feed.instruments.row(symbol).index


def joined() -> Sent:
    """A feed that knows an instrument and has its book at packet 10."""
    sent = Sent("cme-mdp3")
    sent(packet(10, definition()))
    sent(packet(1, snapshot(10, 5, entry(100, 3, 0), entry(101, 4, 0, kind="Offer"))))
    assert sent.feed.books[1].is_proven
    return sent


# Records


def test_a_definition_makes_an_instrument_and_the_depth_of_its_book() -> None:
    sent = Sent("cme-mdp3")
    records = sent(packet(1, definition()))
    found = sent.feed.instruments.row("ESZ6")
    assert (found.venue_key, found.kind, found.price_exponent) == (7, "future", -9)
    assert (found.base, found.quote, found.settlement) == ("ES", "USD", "USD")
    assert (str(found.tick_size), found.expiry_ns, found.created_ns) == ("0.25", TIME_NS, 5)
    assert kinds_of(records) == ["instrument", "status", "limits"]
    assert records["flags"][-1] & LAST


def test_a_level_has_its_packet_as_id_and_the_end_of_the_event_is_marked() -> None:
    sent = joined()
    records = sent(packet(11, book(entry(99, 2, 6, level=2))))
    assert kinds_of(records) == ["level", "bbo"]
    level = records[0]
    assert (level["price"], level["size"], level["change_id"]) == (99 * 10**9, 2, 11)
    assert (level["side"], level["action"]) == (kinds.BID, kinds.ACTION_ADD)
    assert level["flags"] & LAST
    assert sides(sent, 1) == [[(100, 3), (99, 2)], [(101, 4)]]


def test_orders_behind_levels_have_price_and_side_of_the_level_they_name() -> None:
    sent = joined()
    orders = [
        {
            "OrderID": 5,
            "MDOrderPriority": 9,
            "MDDisplayQty": 2,
            "ReferenceID": 2,
            "OrderUpdateAction": "New",
        },
        {
            "OrderID": 6,
            "MDOrderPriority": 8,
            "MDDisplayQty": 1,
            "ReferenceID": 1,
            "OrderUpdateAction": "Delete",
        },
        {
            "OrderID": 7,
            "MDOrderPriority": 8,
            "MDDisplayQty": 1,
            "ReferenceID": 3,
            "OrderUpdateAction": "New",
        },
    ]
    records = sent(
        packet(
            11,
            book(
                entry(100, 2, 6, action="Change"),
                entry(101, 6, 7, kind="Offer", action="Change"),
                orders=orders,
            ),
        )
    )
    assert kinds_of(records) == ["level", "level", "order", "order", "bbo"]
    first, second = records[2], records[3]
    assert (first["order_id"], first["price"], first["size"], first["priority"]) == (
        5,
        101 * 10**9,
        2,
        9,
    )
    assert (first["side"], first["action"]) == (kinds.ASK, kinds.ACTION_ADD)
    assert (second["side"], second["action"], second["size"]) == (
        kinds.BID,
        kinds.ACTION_CANCEL,
        UNDEF,
    )
    assert sent.count("messages_unknown") == 1, "an order that names no level"


def test_a_trade_names_its_aggressor_and_the_orders_in_it() -> None:
    sent = joined()
    trades = [
        {"MDEntryPx": 100 * 10**9, "MDEntrySize": 3, "SecurityID": 7, "RptSeq": 6, "NumberOfOrders": 2,
         "AggressorSide": "Sell", "MDTradeEntryID": 44},
        {"MDEntryPx": 99 * 10**9, "MDEntrySize": 1, "SecurityID": 7, "RptSeq": 7, "NumberOfOrders": 1,
         "AggressorSide": "NoAggressor", "MDTradeEntryID": 45, "MDUpdateAction": "Delete"},
    ]  # fmt: skip
    orders = [{"OrderID": each, "LastQty": 1} for each in (1, 2, 3)]
    records = sent(
        packet(
            11,
            message(
                "MDIncrementalRefreshTradeSummary48",
                MatchEventIndicator=END,
                NoMDEntries=trades,
                NoOrderIDEntries=orders,
            ),
        )
    )
    assert kinds_of(records) == ["trade", "order", "order", "trade_break", "order"]
    assert (records["side"][0], records["trade_id"][0], records["trade_seq"][0]) == (
        kinds.ASK,
        44,
        6,
    )
    assert records["side"][3] == kinds.NO_SIDE
    assert records["order_id"][[1, 2, 4]].tolist() == [1, 2, 3]
    assert records["price"][4] == 99 * 10**9
    assert set(records["action"][[1, 2, 4]].tolist()) == {kinds.ACTION_TRADE}
    assert records["flags"][-1] & LAST


def test_prices_of_old_templates_get_two_more_decimals() -> None:
    sent = Sent("cme-mdp3")
    old = entry(0, 5, 1) | {"MDEntryPx": 1234}
    records = sent(
        packet(
            1,
            message(
                "MDIncrementalRefreshBook32", version=8, MatchEventIndicator=END, NoMDEntries=[old]
            ),
        )
    )
    assert records["price"][0] == 123_400
    huge = old | {"MDEntryPx": 2**62, "RptSeq": 2}
    sent(
        packet(
            2,
            message(
                "MDIncrementalRefreshBook32", version=8, MatchEventIndicator=END, NoMDEntries=[huge]
            ),
        )
    )
    assert sent.count("numbers_out_of_range") == 1


def test_the_state_of_a_group_is_that_of_a_row_of_its_name() -> None:
    sent = Sent("cme-mdp3")
    state = {
        "SecurityGroup": "ES",
        "SecurityTradingStatus": "ReadyToTrade",
        "HaltReason": "Unknown",
    }
    records = sent(packet(1, message("SecurityStatus30", SecurityID=2**31 - 1, **state)))
    assert kinds_of(records)[-1] == "status"
    assert sent.feed.instruments.row("ES").state == 17
    records = sent(packet(2, message("SecurityStatus30", SecurityID=7, **state)))
    assert (records["state"][-1], records["state_reason"][-1]) == (17, 5)


def test_every_template_is_decoded() -> None:
    sent = Sent("cme-mdp3")
    for seq, each in enumerate(any_messages(), 1):
        sent(packet(seq, each))
    sent.assert_every_packet_is_accounted_for()
    assert sent.count("packets_malformed") == 0
    counted = sent.feed.metrics.templates()
    unseen = {name for slot, name in sent.feed.templates.items() if not counted[slot]}
    assert unseen == {"AdminHeartbeat12"}, "which are counted as packets"


# Events and places


def test_an_event_of_several_packets_is_one_transaction() -> None:
    sent = joined()
    first = sent(packet(11, book(entry(102, 1, 6), ends=set())))
    assert kinds_of(first) == ["level"]
    assert not first["flags"][0] & LAST
    second = sent(packet(12, book(entry(101, 0, 7, kind="Offer", action="Delete"))))
    assert kinds_of(second) == ["level", "bbo"]
    assert set(second["change_id"][second["kind"] == kinds.LEVEL].tolist()) == {11}
    assert sides(sent, 1) == [[(102, 1), (100, 3)], []]
    assert sent.feed.books[1].is_proven


def test_a_transaction_that_another_message_ends_is_closed_by_a_record_without_a_level() -> None:
    sent = joined()
    sent(packet(11, book(entry(99, 1, 6), ends=set())))
    records = sent(
        packet(12, message("MDIncrementalRefreshVolume37", MatchEventIndicator={"EndOfEvent"}))
    )
    assert kinds_of(records) == ["level", "bbo"]
    assert (records["action"][0], records["price"][0]) == (kinds.ACTION_NONE, UNDEF)
    assert records["flags"][0] & LAST


class Ladder:
    """A side as the venue tells it: by place, so many levels deep."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.levels: list[tuple[int, int]] = []

    def new(self, place: int, price: int, size: int) -> None:
        self.levels.insert(place - 1, (price, size))
        del self.levels[self.depth :]


def random_change(
    chance: random.Random, ladder: Ladder, sign: int, rpt: int, kind: str, security: int
) -> dict[str, Any]:
    """Change a ladder at random; the entry that tells it."""
    levels = ladder.levels
    roll = chance.random()
    size = chance.randrange(1, 99)
    if not levels or (roll < 0.5):
        place = chance.randrange(1, min(len(levels), ladder.depth - 1) + 2)
        low = levels[place - 1][0] if place <= len(levels) else None
        high = levels[place - 2][0] if place > 1 else None
        if high is None:
            price = (1000 if low is None else low) + sign * chance.randrange(2, 50)
        elif low is None:
            price = high - sign * chance.randrange(2, 50)
        else:
            price = (low + high) // 2
        if price not in (low, high):
            ladder.new(place, price, size)
            return entry(price, size, rpt, kind=kind, level=place, security=security)
    if not levels:
        ladder.new(1, 1000, size)
        return entry(1000, size, rpt, kind=kind, level=1, security=security)
    place = chance.randrange(1, len(levels) + 1)
    price = levels[place - 1][0]
    told = {"kind": kind, "level": place, "security": security}
    if roll < 0.7:
        levels[place - 1] = (price, size)
        return entry(price, size, rpt, action="Change", **told)
    if roll < 0.8:
        levels[place - 1] = (price + sign if place == 1 else price, size)
        return entry(levels[place - 1][0], size, rpt, action="Overlay", **told)
    if roll < 0.95:
        del levels[place - 1]
        return entry(price if roll < 0.93 else None, 0, rpt, action="Delete", **told)
    if roll < 0.975:
        del levels[:place]
        return entry(None, 0, rpt, action="DeleteThru", **told)
    del levels[place - 1 :]
    return entry(None, 0, rpt, action="DeleteFrom", **told)


def test_books_are_those_of_a_ladder_of_places() -> None:
    chance = random.Random(3)
    sent = Sent("cme-mdp3")
    sent(packet(10, *(definition(key, name) for key, name in SYMBOLS.items())))
    sent(packet(1, *(snapshot(10, 0, security=key) for key in SYMBOLS)))
    ladders = {
        (key, kind): Ladder(2 if kind.startswith("Implied") else 10)
        for key in SYMBOLS
        for kind in ("Bid", "Offer", "ImpliedBid", "ImpliedOffer")
    }
    rpt = dict.fromkeys(SYMBOLS, 0)
    for seq in range(11, 900):
        entries = []
        for _ in range(chance.randrange(1, 4)):
            key, kind = chance.choice(list(ladders))
            rpt[key] += 1
            sign = 1 if kind.endswith("Bid") else -1
            entries.append(random_change(chance, ladders[key, kind], sign, rpt[key], kind, key))
        sent(packet(seq, book(*entries)))
        for key, name in SYMBOLS.items():
            for symbol, bid, offer in (
                (name, "Bid", "Offer"),
                (f"{name} implied", "ImpliedBid", "ImpliedOffer"),
            ):
                wanted = [ladders[key, each].levels for each in (bid, offer)]
                if symbol in sent.feed.instruments:
                    assert sides(sent, row_of(sent, symbol)) == wanted, (seq, symbol, entries)
                else:
                    assert wanted == [[], []]
    assert sent.feed.books[1].is_proven
    assert sent.count("messages_unknown") == 0


# Numbers


def test_the_other_line_s_packets_are_stale() -> None:
    sent = joined()
    told = packet(11, book(entry(99, 2, 6, level=2)))
    assert len(sent(told)) == 2
    assert len(sent(told)) == 0
    assert sent.count("packets_stale") == 1


def test_a_gap_is_forgiven_to_a_book_whose_own_numbers_are_whole() -> None:
    sent = joined()
    records = sent(packet(13, book(entry(99, 2, 6, level=2))))
    assert kinds_of(records) == ["gap", "level", "bbo"]
    assert sent.feed.books[1].is_proven
    assert not records["flags"][1] & MAYBE_BAD_BOOK


def test_a_gap_in_a_book_s_own_numbers_leaves_it_in_doubt_until_a_snapshot() -> None:
    sent = joined()
    records = sent(packet(13, book(entry(99, 2, 8, level=2))))
    assert records["flags"][1] & MAYBE_BAD_BOOK
    assert not sent.feed.books[1].is_proven
    stale = sent(packet(1, snapshot(11, 6, entry(98, 1, 0))))
    assert kinds.LEVEL not in stale["kind"], "older than what is missing"
    assert not sent.feed.books[1].is_proven
    sent(packet(1, snapshot(12, 7, entry(98, 1, 0))))
    assert sent.feed.books[1].is_proven
    assert sides(sent, 1) == [[(99, 2), (98, 1)], []], "what came since is kept"
    sent(packet(14, book(entry(97, 2, 9, level=3))))
    assert sent.feed.books[1].is_proven


def test_a_snapshot_that_is_ahead_is_taken_and_what_it_contains_is_passed_over() -> None:
    sent = joined()
    sent(packet(13, book(entry(99, 2, 8, level=2))))
    sent(packet(1, snapshot(20, 9, entry(90, 5, 0))))
    assert sides(sent, 1) == [[(90, 5)], []]
    sent(packet(14, book(entry(80, 1, 9, level=2))))
    assert sides(sent, 1) == [[(90, 5)], []]
    for seq in range(15, 21):
        sent(packet(seq, message("MDIncrementalRefreshVolume37")))
    sent(packet(21, book(entry(91, 1, 10))))
    assert sides(sent, 1) == [[(91, 1), (90, 5)], []]
    assert sent.feed.books[1].is_proven


def test_a_silent_book_is_not_proven_by_a_snapshot_from_before_the_feed_was_joined() -> None:
    sent = Sent("cme-mdp3")
    sent(packet(100, definition()))
    records = sent(packet(1, snapshot(90, 5, entry(100, 3, 0))))
    assert kinds.LEVEL not in records["kind"]
    sent(packet(2, snapshot(99, 5, entry(100, 3, 0))))
    assert sent.feed.books[1].is_proven


def test_rounds_of_snapshots_begin_their_numbers_again_without_a_record() -> None:
    sent = joined()
    for _ in range(3):
        records = sent(packet(1, snapshot(10, 5, entry(100, 3, 0), entry(101, 4, 0, kind="Offer"))))
        assert set(kinds_of(records)) == {"level", "status", "limits"}
        assert records["flags"][0] & SNAPSHOT
    assert sent.count("resets") == sent.count("gaps") == 0


def test_a_reset_of_the_channel_empties_every_book() -> None:
    sent = joined()
    reset = message("ChannelReset4", NoMDEntries=[{"ApplID": 310}], MatchEventIndicator=END)
    records = sent(packet(11, reset))
    assert kinds_of(records) == ["reset", "order"]
    assert records["action"][1] == kinds.ACTION_CLEAR
    assert sides(sent, 1) == [[], []]
    sent(packet(12, book(entry(50, 1, 1))))
    sent(packet(1, snapshot(12, 1, entry(50, 1, 0))))
    assert sent.feed.books[1].is_proven


@pytest.mark.parametrize("uses_one_up", [True, False])
def test_a_heartbeat_costs_nothing_whether_it_has_a_number_of_its_own(uses_one_up: bool) -> None:
    sent = joined()
    assert len(sent(packet(11, message("AdminHeartbeat12")))) == 0
    told = packet(12 if uses_one_up else 11, book(entry(99, 2, 6, level=2)))
    assert kinds_of(sent(told)) == ["level", "bbo"]
    assert len(sent(told)) == 0
    assert (sent.count("gaps"), sent.count("packets_heartbeat"), sent.count("packets_stale")) == (
        0,
        1,
        1,
    )


def test_a_heartbeat_of_a_feed_that_goes_round_is_no_restart() -> None:
    sent = joined()
    sent(packet(3, message("AdminHeartbeat12")))
    assert (sent.count("resets"), sent.count("packets_heartbeat")) == (0, 1)
    assert kinds_of(sent(packet(11, book(entry(99, 2, 6, level=2))))) == ["level", "bbo"]


def test_orders_of_a_snapshot_whose_piece_is_missing_are_not_told() -> None:
    sent = joined()

    def piece(number: int) -> bytes:
        return packet(
            number,
            message(
                "SnapshotFullRefreshOrderBook53",
                LastMsgSeqNumProcessed=10,
                SecurityID=7,
                NoChunks=3,
                CurrentChunk=number,
                NoMDEntries=[
                    {"OrderID": number, "MDEntryPx": 10**9, "MDDisplayQty": 1, "MDEntryType": "Bid"}
                ],
            ),
        )

    whole = [sent(piece(number)) for number in (1, 2, 3)]
    assert [len(each) for each in whole] == [2, 1, 1]
    assert (whole[0]["action"][0], whole[0]["order_id"][0]) == (kinds.ACTION_CLEAR, 10)
    assert [bool(each["flags"][-1] & LAST) for each in whole] == [False, False, True]
    assert [len(sent(piece(number))) for number in (1, 3, 2)] == [2, 0, 0]


# Lies


def test_a_message_that_lies_about_its_size_ends_its_packet_and_shows_as_a_gap() -> None:
    sent = joined()
    good = book(entry(99, 2, 6, level=2))
    lie = bytearray(good)
    lie[0:2] = (len(good) + 1).to_bytes(2, "little")
    records = sent(packet(11, good, bytes(lie)))
    assert kinds_of(records) == ["level", "bbo"], "what came before it stands"
    assert sent.count("packets_malformed") == 1
    assert kinds_of(sent(packet(12, book(entry(98, 2, 7, level=3)))))[0] == "gap"


def test_templates_and_versions_of_later_schemas_are_stepped_over_by_their_size() -> None:
    sent = joined()
    good = book(entry(99, 2, 6, level=2))
    unknown = bytearray(good)
    unknown[4:6] = (99).to_bytes(2, "little")
    foreign = bytearray(good)
    foreign[6:8] = (5).to_bytes(2, "little")
    newer = bytearray(good + b"\x01" * 9)
    newer[0:2] = len(newer).to_bytes(2, "little")
    newer[8:10] = (14).to_bytes(2, "little")
    records = sent(packet(11, bytes(unknown), bytes(foreign), bytes(newer)))
    assert kinds_of(records) == ["level", "bbo"]
    assert (sent.count("messages_unknown"), sent.count("packets_malformed")) == (2, 0)


def test_lies_in_packets_are_counted_and_none_is_lost() -> None:
    chance = random.Random(11)
    numbers = [0, 1, 2, 3, 0x7F, 0x80, 0xFE, 0xFF]
    messages = any_messages()
    sent = Sent("cme-mdp3")
    for seq in range(1, 1500):
        payload = bytearray(packet(seq, *chance.sample(messages, chance.randrange(1, 4))))
        for _ in range(chance.choice([1, 1, 2, 6])):
            at = chance.randrange(12, len(payload))
            sort = chance.randrange(4)
            if sort == 0:
                payload[at] = chance.choice(numbers)
            elif sort == 1:
                payload[min(len(payload) - 1, 12 + chance.randrange(30))] = chance.choice(numbers)
            elif sort == 2:
                payload[at] ^= 1 << chance.randrange(8)
            elif len(payload) > 14:
                del payload[max(13, at) :]
        records = sent(bytes(payload))
        assert set(records["kind"].tolist()) <= set(KIND_NAMES)
        assert records["instrument"].max(initial=0) < len(sent.feed.instruments)
    sent.assert_every_packet_is_accounted_for()
    assert 100 < sent.count("packets_malformed") < 1400


def test_a_packet_that_is_done_again_after_a_kill_makes_the_same_records() -> None:
    chance = random.Random(5)
    payloads = [packet(10, definition()), packet(1, snapshot(10, 0, entry(100, 1, 0)))]
    rpt = 0
    for seq in range(11, 80):
        entries = []
        for _ in range(chance.randrange(1, 4)):
            rpt += 1
            kind = chance.choice(["Bid", "Offer", "ImpliedBid"])
            action = chance.choice(["New", "Change", "Delete", "DeleteFrom", "Overlay"])
            entries.append(entry(chance.randrange(90, 110), 3, rpt, kind=kind, action=action))
        ends = chance.choice([END, set(), {"LastQuoteMsg"}])
        payloads.append(packet(seq + (seq > 40), book(*entries, ends=ends)))
    payloads.append(packet(90, *any_messages()[:20]))
    once, again = done_twice("cme-mdp3", payloads)
    assert once == again
    assert sum(map(len, once)) > 64 * 100


def test_records_of_a_table_that_is_full_are_refused_and_counted() -> None:
    sent = Sent("cme-mdp3", instruments=2)
    records = sent(packet(1, book(entry(1, 1, 1), entry(2, 1, 1, security=8))))
    assert np.unique(records["instrument"]).tolist() == [1]
    assert sent.count("instruments_refused") == 1
