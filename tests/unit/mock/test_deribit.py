"""The simulated venue says nothing that is not so: its packets, its books and its counts agree."""

import hashlib
import math
from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.mock.oracle import (
    BUDGET,
    START_NS,
    Listener,
    Packet,
    is_multiple,
    parse,
    run,
    small_listings,
)
from zerofeed.mock.deribit import SimulatedDeribit, destination
from zerofeed.mock.instruments import Index, Kind, Period


def small_venue(seed: int) -> SimulatedDeribit:
    return SimulatedDeribit(
        seed,
        start_ns=START_NS,
        listings=small_listings(),
        snapshot_interval_ns=200_000_000,
        snapshot_delay_ns=30_000_000,
    )


def digest(seed: int, packets: int) -> str:
    hasher = hashlib.sha256()
    venue, now_ns = small_venue(seed), START_NS
    for _ in range(4):
        now_ns += 10_000_000
        for packet in venue.advance(now_ns, packets // 4).packets():
            hasher.update(packet)
    return hasher.hexdigest()


@settings(max_examples=6)
@given(seed=st.integers(0, 2**63))
def test_listener_rebuilds_every_book_exactly(seed: int) -> None:
    run(small_venue(seed), BUDGET // 4)


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    assert digest(5, BUDGET // 4) == digest(5, BUDGET // 4)
    assert digest(5, BUDGET // 4) != digest(6, BUDGET // 4)


@pytest.mark.slow
@pytest.mark.compiled
def test_whole_exchange_sends_every_template() -> None:
    venue = SimulatedDeribit(3, start_ns=START_NS, snapshot_interval_ns=300_000_000)
    run(venue, 12_000, step_ns=20_000_000, size=1000)
    assert all(venue.message_counts().values())
    assert len(venue.listings) == 64


@pytest.fixture(scope="module")
def heard() -> list[Packet]:
    return run(small_venue(11), BUDGET)


def test_definitions_come_before_anything_else(heard: list[Packet]) -> None:
    events = [packet.channel < 100 for packet in heard]
    first = events.index(True)
    defined = {
        m.values["instrumentId"]
        for packet in heard[:first]
        for m in packet.messages
        if m.name in {"Instrument", "InstrumentV2"}
    }
    assert defined == {listing.instrument_id for listing in small_listings()}


def test_every_book_opens_from_change_id_zero(heard: list[Packet]) -> None:
    first: dict[int, int] = {}
    for packet in heard:
        for m in packet.messages:
            if m.name == "Book":
                first.setdefault(m.values["instrumentId"], m.values["prevChangeId"])
    assert set(first.values()) == {0}
    assert len(first) == len(small_listings())


def test_change_ids_rise_within_a_currency(heard: list[Packet]) -> None:
    base = {listing.instrument_id: listing.base for listing in small_listings()}
    last: dict[str, int] = {}
    for packet in heard:
        for m in packet.messages:
            if m.name == "Book":
                coin = base[m.values["instrumentId"]]
                assert m.values["changeId"] >= last.get(coin, 0)
                last[coin] = m.values["changeId"]


def test_prices_and_amounts_stand_on_their_grids(heard: list[Packet]) -> None:
    listing_of = {listing.instrument_id: listing for listing in small_listings()}
    for packet in heard:
        for m in packet.messages:
            if m.name not in {"Book", "Trades", "Snapshot"}:
                continue
            listing = listing_of[m.values["instrumentId"]]
            for entry in m.entries:
                price = entry["price"]
                steps = [step for above, step in listing.tick_steps if Decimal(repr(price)) > above]
                assert is_multiple(price, steps[-1] if steps else listing.tick_size), listing.name
                assert is_multiple(entry["amount"], listing.min_amount), listing.name


def test_nan_stands_where_an_instrument_has_no_such_thing(heard: list[Packet]) -> None:
    listing_of = {listing.instrument_id: listing for listing in small_listings()}
    traded: set[int] = set()
    for packet in heard:
        for m in packet.messages:
            if m.name == "Trades":
                number = m.values["instrumentId"]
                traded.add(number)
                is_option = listing_of[number].kind is Kind.OPTION
                assert all(math.isnan(entry["iv"]) != is_option for entry in m.entries)
            if m.name != "Ticker":
                continue
            listing = listing_of[m.values["instrumentId"]]
            is_spot = listing.kind is Kind.SPOT
            has_funding = listing.period is Period.PERPETUAL
            expected_nan = {
                "openInterest": is_spot,
                "estimatedDeliveryPrice": is_spot,
                "currentFunding": not has_funding,
                "funding8h": not has_funding,
                "deliveryPrice": True,
                "settlementPrice": listing.settlement_price is None,
                "lastPrice": listing.instrument_id not in traded,
            }
            for name, value in m.values.items():
                if isinstance(value, float):
                    assert math.isnan(value) == expected_nan.get(name, False), (listing.name, name)


def test_trades_take_what_the_book_then_loses(heard: list[Packet]) -> None:
    books: dict[int, dict[tuple[int, float], float]] = {}
    for packet in heard:
        taken: Counter[tuple[int, float]] = Counter()
        for m in packet.messages:
            book = books.setdefault(m.values.get("instrumentId", 0), {})
            if m.name == "Trades" and not m.entries[0]["blockTradeId"]:
                for entry in m.entries:
                    taken[entry["direction"], entry["price"]] += entry["amount"]
            if m.name == "Book":
                for entry in m.entries:
                    place = (entry["side"], entry["price"])
                    if taken[place]:
                        lost = book[place] - entry["amount"]
                        assert lost == pytest.approx(taken.pop(place), rel=1e-9)
                    book[place] = entry["amount"]
        assert not taken


def test_trade_numbers_have_no_gaps(heard: list[Packet]) -> None:
    base = {listing.instrument_id: listing.base for listing in small_listings()}
    sequences: dict[int, list[int]] = {}
    ids: dict[str, list[int]] = {}
    for packet in heard:
        for m in packet.messages:
            if m.name == "Trades":
                number = m.values["instrumentId"]
                sequences.setdefault(number, []).extend(e["tradeSeq"] for e in m.entries)
                ids.setdefault(base[number], []).extend(e["tradeId"] for e in m.entries)
    for numbers in (*sequences.values(), *ids.values()):
        assert numbers == list(range(1, len(numbers) + 1))


def test_tick_direction_follows_the_prices(heard: list[Packet]) -> None:
    last: dict[int, tuple[float, int]] = {}
    for packet in heard:
        for m in packet.messages:
            if m.name == "Trades":
                number = m.values["instrumentId"]
                for e in m.entries:
                    price, before = last.get(number, (e["price"], 1))
                    expected = 0 if e["price"] > price else 2 if e["price"] < price else before | 1
                    assert e["tickDirection"] == expected
                    last[number] = (e["price"], expected)


def test_truth_remembers_the_trades_that_were_told() -> None:
    venue, listener, now_ns = small_venue(4), Listener(), START_NS
    told = []
    for _ in range(BUDGET // 200):
        now_ns += 3_000_000
        for packet in listener.hear(venue.advance(now_ns, 200)):
            told += [
                (
                    m.values["instrumentId"],
                    e["price"],
                    e["amount"],
                    e["tradeId"],
                    e["direction"] == 0,
                    e["timestampMs"],
                )
                for m in packet.messages
                if m.name == "Trades"
                for e in m.entries
            ]
    assert venue.trade_count == len(told)
    kept = [
        (t.instrument_id, float(t.price), float(t.amount), t.trade_id, t.is_buy, t.timestamp_ms)
        for t in venue.latest_trades()
    ]
    assert kept == told[-4096:]
    assert kept


def test_time_is_the_callers_and_never_runs_back() -> None:
    venue = small_venue(1)
    times = []
    for now_ns in (START_NS + 5_000_000, START_NS + 9_000_000, START_NS):
        for packet in map(parse, venue.advance(now_ns, BUDGET // 8).packets()):
            times += [m.values["timestampMs"] for m in packet.messages if "timestampMs" in m.values]
    assert times == sorted(times)
    assert times[0] >= START_NS // 1_000_000
    assert times[-1] <= START_NS // 1_000_000 + 9


def test_batch_is_read_only_and_reused() -> None:
    venue = small_venue(1)
    first = venue.advance(START_NS, 20)
    kept = first.packets()
    with pytest.raises(ValueError, match="read-only"):
        first.buffer[0] = 1
    second = venue.advance(START_NS + 1_000_000, 20)
    assert np.shares_memory(first.buffer, second.buffer)
    assert first.packets() != kept


def test_batch_has_what_was_asked_for_or_the_rest_of_an_occurrence() -> None:
    venue = small_venue(1)
    assert [len(venue.advance(START_NS, 1)) for _ in range(4)] == [1, 2, 1, 2]
    with pytest.raises(ValueError, match="1 to 1024"):
        venue.advance(START_NS, 0)
    with pytest.raises(ValueError, match="1 to 1024"):
        venue.advance(START_NS, 1025)


@pytest.mark.parametrize(
    ("channel", "expected"),
    [(0, ("239.111.111.0", 6100)), (21, ("239.111.111.21", 6100)), (121, ("239.111.111.21", 6101))],
)
def test_destination_follows_the_venues_numbering(channel: int, expected: tuple[str, int]) -> None:
    assert destination(channel) == expected


def test_constructor_refuses_a_delay_longer_than_the_interval() -> None:
    with pytest.raises(ValueError, match="snapshot_delay_ns"):
        SimulatedDeribit(1, start_ns=START_NS, snapshot_interval_ns=10**9, snapshot_delay_ns=10**9)


def test_constructor_refuses_a_listing_without_its_index() -> None:
    with pytest.raises(ValueError, match="index"):
        SimulatedDeribit(1, start_ns=START_NS, indexes=[Index("xrp_usd", "XRP", 4, 2.5)])
