"""Entries become records: each of its values, as an independent decoder reads it from real packets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import zerofeed.codecs.cme._layout as c
from tests.unit.codecs.cme.bench import Bench
from tests.unit.codecs.cme.venue import book, entry, message
from zerofeed.codecs.cme.schema import SCHEMA
from zerofeed.codecs.sbe.decoder import SbeDecoder
from zerofeed.records import kinds
from zerofeed.records.flags import LAST, SNAPSHOT, TOB
from zerofeed.records.units import UNDEF
from zerofeed.wire.pcap import read_capture

__all__: list[str] = []

ACTIONS = {"New": kinds.ACTION_ADD, "Change": kinds.ACTION_MODIFY, "Delete": kinds.ACTION_CANCEL}
SIDES = {"Bid": kinds.BID, "Offer": kinds.ASK, "ImpliedBid": kinds.BID, "ImpliedOffer": kinds.ASK}
AGGRESSORS = {"Buy": kinds.BID, "Sell": kinds.ASK, "NoAggressor": kinds.NO_SIDE}


def test_actions_sizes_and_sides_are_those_of_the_entries() -> None:
    records = Bench().decode(
        book(
            entry(100, 5, 1),
            entry(99, 4, 2, action="Change", kind="Offer"),
            entry(98, 3, 3, action="Delete", kind="Offer"),
        )
    )
    assert records["action"].tolist() == list(ACTIONS.values())
    assert records["size"].tolist() == [5, 4, 0]
    assert records["side"].tolist() == [kinds.BID, kinds.ASK, kinds.ASK]
    assert set(records["change_id"].tolist()) == {10}


def test_what_needs_the_book_stops_before_its_entry() -> None:
    bench = Bench()
    for action, price in (("DeleteThru", 5), ("DeleteFrom", 5), ("Overlay", 5), ("Delete", None)):
        records = bench.decode(
            book(entry(100, 1, 1), entry(price, 1, 2, action=action, kind="Offer"))
        )
        assert len(records) == 1
        assert (bench.scratch[c.C_NEXT], bench.scratch[c.C_STOPPED]) == (1, 1)
    bench.decode(book(entry(100, 1, 3), entry(90, 1, 4, action="Delete")))
    assert bench.scratch[c.C_STOPPED] == 1, "a new level may have pushed one out"


def test_a_reset_of_a_book_clears_it_and_best_prices_of_the_market_are_quotes() -> None:
    records = Bench().decode(
        book(
            entry(None, 0, 1, kind="BookReset"),
            entry(100, 3, 2, kind="MarketBestBid"),
            entry(101, 4, 3, kind="MarketBestOffer"),
        )
    )
    assert records["kind"].tolist() == [kinds.LEVEL, kinds.QUOTE, kinds.QUOTE]
    assert (records["action"][0], records["price"][0]) == (kinds.ACTION_CLEAR, UNDEF)
    assert (records["bid_price"][1], records["ask_price"][1]) == (100 * 10**9, UNDEF)
    assert (records["ask_price"][2], records["ask_size"][2]) == (101 * 10**9, 4)
    assert records["flags"][1] == TOB | LAST


def test_a_level_without_a_size_or_of_an_unknown_type_makes_no_record() -> None:
    bench = Bench()
    raw = bytearray(book(entry(100, 2**31 - 1, 1), entry(100, 1, 2), entry(100, 1, 3)))
    first = 24
    raw[first + 32 + 26] = ord("Q")
    raw[first + 64 + 25] = 9
    bench.scratch[c.C_UNKNOWN] = 0
    assert len(bench.decode(bytes(raw))) == 0
    assert bench.scratch[c.C_UNKNOWN] == 3


def test_sizes_of_sixty_four_bits_are_whole_and_larger_ones_are_none() -> None:
    bench = Bench()
    large = entry(1, 0, 1) | {"MDEntrySize": 2**62}
    records = bench.decode(message("MDIncrementalRefreshBookLongQty64", NoMDEntries=[large]))
    assert records["size"][0] == 2**62
    none = entry(1, 0, 2) | {"MDEntrySize": 2**64 - 1}
    assert len(bench.decode(message("MDIncrementalRefreshBookLongQty64", NoMDEntries=[none]))) == 0


def test_a_trade_s_number_is_read_only_in_versions_that_have_it() -> None:
    bench = Bench()
    trade = {"MDEntryPx": 1, "MDEntrySize": 1, "SecurityID": 7, "RptSeq": 1, "MDTradeEntryID": 44}
    for version, number in ((6, UNDEF), (7, 44)):
        raw = message("MDIncrementalRefreshTradeSummary42", version=version, NoMDEntries=[trade])
        assert bench.decode(raw)["trade_id"][0] == number


def test_a_count_of_orders_that_lies_reads_no_more_than_there_are() -> None:
    trade = {"MDEntryPx": 1, "MDEntrySize": 1, "SecurityID": 7, "RptSeq": 1}
    trades = [trade | {"NumberOfOrders": count} for count in (-5, 2**31 - 1, 200)]
    records = Bench().decode(
        message(
            "MDIncrementalRefreshTradeSummary48",
            NoMDEntries=trades,
            NoOrderIDEntries=[{"OrderID": 1}, {"OrderID": 2}],
        )
    )
    assert records["kind"].tolist() == [kinds.TRADE] * 3 + [kinds.ORDER] * 2


def test_a_snapshot_is_cleared_filled_and_marked_and_the_implied_book_is_another() -> None:
    levels = [
        {"MDEntryPx": 5, "MDEntrySize": 1, "MDEntryType": "Bid"},
        {"MDEntryPx": 9, "MDEntrySize": 1, "MDEntryType": "TradingSessionHighPrice"},
        {"MDEntryPx": 6, "MDEntrySize": 2, "MDEntryType": "ImpliedOffer"},
    ]
    values = {"LastMsgSeqNumProcessed": 33, "SecurityID": 7, "NoMDEntries": levels}
    records = Bench().decode(message("SnapshotFullRefresh52", **values))
    assert records["instrument"].tolist() == [1, 1, 2, 2]
    assert records["action"].tolist() == [kinds.ACTION_CLEAR, kinds.ACTION_ADD] * 2
    assert [bool(flags & LAST) for flags in records["flags"].tolist()] == [False, True] * 2
    assert all(flags & SNAPSHOT for flags in records["flags"].tolist())
    assert set(records["change_id"].tolist()) == {33}


def test_top_orders_are_a_snapshot_without_pieces() -> None:
    orders = [{"OrderID": 1, "MDEntryPx": 5, "MDDisplayQty": 2, "MDEntryType": "Offer"}]
    records = Bench().decode(
        message("SnapshotRefreshTopOrders59", SecurityID=7, NoMDEntries=orders)
    )
    assert records["action"].tolist() == [kinds.ACTION_CLEAR, kinds.ACTION_ADD]
    assert records["flags"][1] & LAST


# Real packets


def messages_of(captures: Path) -> Iterator[bytes]:
    for path in sorted((captures / "cme").glob("*.pcap")):
        for payload in read_capture(path).payloads():
            raw = bytes(payload)
            at = 12
            while at < len(raw):
                size = int.from_bytes(raw[at : at + 2], "little")
                yield raw[at : at + size]
                at += size


def oracle(captures: Path, raw: bytes) -> Any:
    """What the package `sbe` makes of a message, by CME's own schema."""
    sbe = pytest.importorskip("sbe", reason="the extra `test`")
    path = captures / "schemas" / "cme" / "Cme.Futures.Mdp3.Sbe.v1.9.xml"
    with path.open() as file:
        schema = sbe.Schema.parse(file)
    return schema.decode(raw[2:])


def expected(told: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Kind, side, action, price, size and number of each record that the oracle's values make."""
    entries = told["NoMDEntries"]
    made: list[tuple[Any, ...]] = []
    orders = list(told.get("NoOrderIDEntries", ()))
    for each in entries:
        price = each["MDEntryPx"]["mantissa"] if "MDEntryPx" in each else None
        if "AggressorSide" in each:
            side = AGGRESSORS[each["AggressorSide"]]
            made.append(
                (
                    kinds.TRADE,
                    side,
                    kinds.ACTION_TRADE,
                    price,
                    each["MDEntrySize"],
                    each["MDTradeEntryID"],
                )
            )
            taken, orders = orders[: each["NumberOfOrders"]], orders[each["NumberOfOrders"] :]
            made += [
                (
                    kinds.ORDER,
                    kinds.NO_SIDE,
                    kinds.ACTION_TRADE,
                    price,
                    order["LastQty"],
                    order["OrderID"],
                )
                for order in taken
            ]
            continue
        action = each["MDUpdateAction"]
        if "MDDisplayQty" in each:
            size = UNDEF if action == "Delete" else each["MDDisplayQty"]
            made.append(
                (
                    kinds.ORDER,
                    SIDES[each["MDEntryType"]],
                    ACTIONS[action],
                    price,
                    size,
                    each["OrderID"],
                )
            )
            continue
        size = 0 if action == "Delete" else each["MDEntrySize"]
        made.append((kinds.LEVEL, SIDES[each["MDEntryType"]], ACTIONS[action], price, size, 10))
    for order in orders:
        of = entries[order["ReferenceID"] - 1]
        action = {"Update": "Change"}.get(order["OrderUpdateAction"], order["OrderUpdateAction"])
        size = UNDEF if action == "Delete" else order["MDDisplayQty"]
        made.append(
            (
                kinds.ORDER,
                SIDES[of["MDEntryType"]],
                ACTIONS[action],
                of["MDEntryPx"]["mantissa"],
                size,
                order["OrderID"],
            )
        )
    return made


def test_records_of_real_packets_are_the_oracle_s(captures: Path) -> None:
    seen = set()
    for raw in messages_of(captures):
        found = oracle(captures, raw)
        if "NoMDEntries" not in found.value or b"Volume" in found.message_name.encode():
            continue
        seen.add(found.message_name)
        records = [each for each in Bench(64).decode(raw) if each["kind"] != kinds.INSTRUMENT]
        told = [
            (
                each["kind"],
                each["side"],
                each["action"],
                each["price"],
                each["size"],
                each["trade_id"],
            )
            for each in records
        ]
        assert told == expected(found.value)
        assert {int(each["ts_event_ns"]) for each in records} <= {found.value["TransactTime"]}
    assert len(seen) == 3


def test_views_of_real_packets_have_the_oracle_s_values(captures: Path) -> None:
    decoder = SbeDecoder(SCHEMA, length_member="MsgSize")
    for raw in messages_of(captures):
        view = decoder.message(raw)
        assert view is not None
        told = oracle(captures, raw)
        assert view.name == told.message_name
        assert_same(view.to_dict(), told.value)


def assert_same(ours: Any, theirs: Any) -> None:
    """Compare what the oracle tells; it leaves constants out, and fields of later versions."""
    if isinstance(theirs, dict):
        for key, value in theirs.items():
            assert_same(ours[key], value)
    elif isinstance(theirs, list) and theirs and isinstance(theirs[0], dict):
        assert len(ours) == len(theirs)
        for mine, value in zip(ours, theirs, strict=True):
            assert_same(mine, value)
    else:
        assert (list(ours) if isinstance(theirs, list) else ours) == theirs
