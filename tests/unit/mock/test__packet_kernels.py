"""Packets are laid out as the real venue's: order, sizes, splitting, snapshots."""

import pytest

from tests.unit.mock.oracle import BUDGET, START_NS, Packet, run, small_listings
from zerofeed.mock._state import LEVELS_MAX, PACKET_BYTES_MAX
from zerofeed.mock.deribit import SimulatedDeribit

EVENT_ORDERS = {
    ("Book",),
    ("Ticker",),
    ("Ticker", "Book"),
    ("Trades", "Ticker"),
    ("Trades", "Ticker", "Book"),
    ("PriceIndex",),
    ("Rfq",),
    ("Instrument", "InstrumentV2", "Ticker"),
    ("Instrument", "Ticker"),
    ("InstrumentV2", "Ticker"),
    ("Instrument", "ComboLegs", "Ticker"),
    ("Instrument", "InstrumentV2", "ComboLegs", "Ticker"),
}


def fresh() -> SimulatedDeribit:
    return SimulatedDeribit(
        21,
        start_ns=START_NS,
        listings=small_listings(),
        snapshot_interval_ns=100_000_000,
        snapshot_delay_ns=40_000_000,
    )


@pytest.fixture(scope="module")
def heard() -> list[Packet]:
    return run(fresh(), BUDGET)


def merged(names: list[str]) -> tuple[str, ...]:
    """Take the parts of a split Book as one."""
    return tuple(
        name for k, name in enumerate(names) if k == 0 or name != "Book" or names[k - 1] != "Book"
    )


def test_event_packets_are_about_one_instrument_in_the_venues_order(heard: list[Packet]) -> None:
    for packet in heard:
        if packet.channel < 100:
            assert merged(packet.names) in EVENT_ORDERS
            assert len({m.values.get("instrumentId") for m in packet.messages}) == 1


def test_events_go_to_the_channel_of_their_instrument(heard: list[Packet]) -> None:
    channel_of = {listing.instrument_id: listing.channel for listing in small_listings()}
    for packet in heard:
        for m in packet.messages:
            if "instrumentId" in m.values:
                assert packet.channel % 100 == channel_of[m.values["instrumentId"]]
            if m.name == "PriceIndex":
                assert packet.channel == 0


def test_snapshot_cycles_are_start_then_instruments_then_end(heard: list[Packet]) -> None:
    numbers = {
        channel: sorted(x.instrument_id for x in small_listings() if x.channel == channel)
        for channel in {x.channel for x in small_listings()}
    }
    cycles: dict[int, list[str]] = {}
    complete = 0
    told: dict[int, list[int]] = {}
    for packet in heard:
        if packet.channel < 100:
            continue
        names = cycles.setdefault(packet.channel, [])
        for m in packet.messages:
            if m.name == "SnapshotStart":
                assert packet.names == ["SnapshotStart"]
                assert not names
                told[packet.channel] = []
            elif m.name == "SnapshotEnd":
                assert packet.names == ["SnapshotEnd"]
                assert sorted(told[packet.channel]) == numbers[packet.channel - 100]
                assert names[0] == "SnapshotStart"
                names.clear()
                complete += 1
                continue
            elif m.name == "Snapshot" and m.values["isLastInBook"]:
                told[packet.channel].append(m.values["instrumentId"])
            names.append(m.name)
    assert complete >= len(numbers)


def test_first_cycle_has_no_delay_and_later_ones_say_theirs(heard: list[Packet]) -> None:
    delays = [
        m.values["snapshotDelay"] for p in heard for m in p.messages if m.name == "SnapshotStart"
    ]
    channels = len({x.channel for x in small_listings()})
    assert set(delays[:channels]) == {0}
    assert set(delays[channels:]) <= {40}


def test_packets_are_never_longer_than_the_venues() -> None:
    venue = fresh()
    batch = venue.advance(START_NS, min(BUDGET, 1000))
    assert batch.lengths.max() <= PACKET_BYTES_MAX
    assert (batch.offsets % 8 == 0).all()
    assert (batch.offsets[1:] >= batch.offsets[:-1] + batch.lengths[:-1]).all()


def test_definitions_tell_the_present_state(heard: list[Packet]) -> None:
    for packet in heard:
        states = {
            m.values["instrumentState"] for m in packet.messages if "instrumentState" in m.values
        }
        assert packet.channel >= 100 or len(states) <= 1


@pytest.mark.slow
@pytest.mark.compiled
def test_large_changes_are_split_with_both_change_ids_repeated() -> None:
    packets = run(SimulatedDeribit(5, start_ns=START_NS), 12_000, size=1000)
    unfinished = [
        m for p in packets for m in p.messages if m.name == "Book" and m.values["isLast"] == 0
    ]
    assert unfinished
    assert max(len(m.entries) for m in unfinished) <= 4 * LEVELS_MAX


@pytest.mark.slow
@pytest.mark.compiled
def test_halted_instruments_keep_their_book_until_they_reopen() -> None:
    packets = run(SimulatedDeribit(8, start_ns=START_NS), 12_000, size=1000)
    closed: set[int] = set()
    halts = 0
    for packet in packets:
        if packet.channel >= 100:
            continue
        number = packet.messages[0].values.get("instrumentId", 0)
        state = {
            m.values["instrumentState"] for m in packet.messages if "instrumentState" in m.values
        }
        if "Book" in packet.names or "Trades" in packet.names:
            assert number not in closed
        if state == {2}:
            closed.add(number)
            halts += 1
        elif state == {1}:
            closed.discard(number)
    assert halts
