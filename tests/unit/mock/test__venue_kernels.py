"""What happens at the simulated venue, and how often."""

from collections import Counter
from itertools import pairwise

import pytest

from tests.unit.mock.oracle import START_NS, parse, run
from zerofeed.mock.deribit import SimulatedDeribit

pytestmark = pytest.mark.compiled
"""They count more packets than plain Python makes in a test's time."""


def fresh(seed: int) -> SimulatedDeribit:
    return SimulatedDeribit(seed, start_ns=START_NS)


@pytest.mark.slow
def test_occurrences_have_their_shares() -> None:
    shapes = Counter(
        "trade" if "Trades" in p.names else "order" if "Book" in p.names else p.names[0]
        for p in run(fresh(3), 12_000, step_ns=1_000_000, size=1000)
        if p.channel < 100
    )
    total = shapes.total()
    assert 0.02 < shapes["PriceIndex"] / total < 0.06
    assert 0.1 < shapes["trade"] / total < 0.2
    assert 0.5 < shapes["order"] / total < 0.75
    assert shapes["Rfq"]


@pytest.mark.slow
def test_every_instrument_gets_its_turns_and_perpetuals_more() -> None:
    venue = fresh(4)
    packets = run(venue, 12_000, step_ns=1_000_000, size=1000)
    turns = Counter(
        p.messages[0].values["instrumentId"]
        for p in packets
        if p.channel < 100 and "instrumentId" in p.messages[0].values
    )
    busiest = next(x for x in venue.listings if x.name == "BTC-PERPETUAL")
    assert set(turns) == {x.instrument_id for x in venue.listings}
    assert (
        turns.most_common(1)[0][0] == busiest.instrument_id or turns[busiest.instrument_id] > 1500
    )


@pytest.mark.slow
def test_snapshots_come_round_by_the_venues_clock() -> None:
    venue = SimulatedDeribit(
        2, start_ns=START_NS, snapshot_interval_ns=100_000_000, snapshot_delay_ns=20_000_000
    )
    started: dict[int, list[int]] = {}
    now_ns = START_NS
    for _ in range(500):
        now_ns += 1_000_000
        for packet in map(parse, venue.advance(now_ns, 20).packets()):
            if packet.names == ["SnapshotStart"]:
                started.setdefault(packet.channel, []).append(now_ns // 1_000_000)
    for times in started.values():
        gaps = [b - a for a, b in pairwise(times[1:])]
        assert gaps
        assert all(100 <= gap <= 104 for gap in gaps)


def test_a_clock_that_stands_still_does_not_stop_the_market() -> None:
    venue = fresh(1)
    assert sum(len(venue.advance(START_NS, 1000)) for _ in range(5)) >= 5000
    assert venue.trade_count
