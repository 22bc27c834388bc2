"""Decoding without a feed: a capture's known figures, and a simulated venue's own truth."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from tests.unit.runtime.venue_packets import (
    Packets,
    decode,
    fed,
    joined,
    make_venue,
    of_the_venue,
    venue_packets,
)
from zerofeed.base.errors import CaptureError, ConfigurationError
from zerofeed.mock.deribit import SNAPSHOT_CHANNELS_FROM
from zerofeed.mock.faults import Faults
from zerofeed.records import kinds
from zerofeed.records.flags import MAYBE_BAD_BOOK
from zerofeed.records.units import UNDEF
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []

# Thousands of packets: the plain twins would take minutes.
pytestmark = pytest.mark.compiled

CAPTURE = "deribit/multicast_head_2000.pcapng"

MESSAGES = {
    "Instrument": 84,
    "Book": 119,
    "Trades": 30,
    "Ticker": 1755,
    "Snapshot": 84,
    "SnapshotStart": 21,
    "SnapshotEnd": 21,
    "PriceIndex": 222,
    "InstrumentV2": 84,
}
RECORDS = {
    "trade": 32,
    "level": 207,
    "quote": 1755,
    "bbo": 203,
    "mark": 1755,
    "funding": 157,
    "open_interest": 1755,
    "limits": 1755,
    "index": 222,
    "status": 84,
    "instrument": 177,
}
CAUSES = ("decoded", "stale", "heartbeat", "malformed", "truncated")


def new_feed() -> OfflineFeed:
    return OfflineFeed("deribit-multicast", instruments=1024)


def by_kind(records):
    """Count records by the name of their kind."""
    codes, counts = np.unique(records["kind"], return_counts=True)
    return {kinds.KIND_NAMES[int(c)]: int(n) for c, n in zip(codes, counts, strict=True)}


def by_template(feed: OfflineFeed):
    """Count messages by name."""
    counts = enumerate(feed.metrics.templates())
    return {feed.templates[slot]: count for slot, count in counts if count}


def assert_every_packet_is_accounted_for(feed: OfflineFeed, packets: int) -> None:
    metrics = feed.metrics
    assert metrics["packets_received"] == packets
    assert sum(metrics[f"packets_{cause}"] for cause in CAUSES) == packets


def true_levels(side, price_exponent, size_exponent):
    """A side of the venue's book as scaled integers."""
    return [
        (int(price.scaleb(-price_exponent)), int(size.scaleb(-size_exponent)))
        for price, size in side
    ]


def is_true(venue, feed, listing) -> bool:
    """Tell whether the rebuilt book of a listing is the venue's own, level by level."""
    truth = venue.book(listing.instrument_id)
    row = feed.instruments.row(listing.name)
    book = feed.books[row.index]
    exponents = (row.price_exponent, row.size_exponent)
    return (
        book.change_id == truth.change_id
        and book.bids.tolist() == true_levels(truth.bids, *exponents)
        and book.asks.tolist() == true_levels(truth.asks, *exponents)
    )


def doubted_listings(venue, feed) -> set[str]:
    """Names of the listings whose book is not proven."""
    names = (listing.name for listing in venue.listings)
    return {name for name in names if not feed.books[feed.instruments.row(name).index].is_proven}


# A capture


@pytest.fixture(scope="module")
def captured(captures):
    """The capture's feed and records."""
    feed = new_feed()
    records = joined(feed.read(captures / CAPTURE))
    return feed, records


def test_a_capture_decodes_to_its_known_counts(captured) -> None:
    feed, records = captured
    assert_every_packet_is_accounted_for(feed, 2000)
    assert feed.metrics["messages"] == 2420
    assert by_template(feed) == MESSAGES
    assert by_kind(records) == RECORDS


def test_a_capture_has_no_gap_and_nothing_unknown(captured) -> None:
    feed, _ = captured
    for name in ("gaps", "resets", "packets_missing", "packets_stale", "packets_malformed",
                 "packets_truncated", "messages_unknown", "numbers_out_of_range",
                 "instruments_refused", "channels_refused"):  # fmt: skip
        assert feed.metrics[name] == 0, name


def test_records_of_a_capture_are_numbered_without_a_hole(captured) -> None:
    feed, records = captured
    assert np.array_equal(records["seq"], np.arange(len(records)))
    assert feed.seq == feed.metrics["records_published"] == len(records)


def test_after_each_book_message_our_best_is_what_the_ticker_of_the_packet_says(captured) -> None:
    _, records = captured
    compared = 0
    # Records of a packet have its arrival time; times in this capture may repeat, so the
    # instrument is part of the key.
    quotes = records[records["kind"] == kinds.QUOTE]
    latest = {(int(q["ts_recv_ns"]), int(q["instrument"])): q for q in quotes}
    for bbo in records[records["kind"] == kinds.BBO]:
        quote = latest.get((int(bbo["ts_recv_ns"]), int(bbo["instrument"])))
        if quote is None or bbo["flags"] & MAYBE_BAD_BOOK:
            continue
        compared += 1
        assert _without_empty(bbo) == _without_empty(quote)
    assert compared > 0


def _without_empty(best):
    """Prices and sizes of a best bid and offer; the venue gives an empty side the size 0."""
    return [
        (int(best[f"{side}_price"]), int(best[f"{side}_size"]))
        for side in ("bid", "ask")
        if best[f"{side}_price"] != UNDEF
    ]


def test_a_capture_decoded_again_gives_the_same_bytes(captured, captures) -> None:
    _, records = captured
    again = joined(new_feed().read(captures / CAPTURE))
    assert again.tobytes() == records.tobytes()


def test_small_batches_give_the_same_records(captured, captures) -> None:
    _, records = captured
    feed = OfflineFeed("deribit-multicast", instruments=1024, batch=1)
    batches = [batch.copy() for batch in feed.read(captures / CAPTURE)]
    assert len(batches) > 1
    assert joined(batches).tobytes() == records.tobytes()


# A simulated venue


def test_books_of_a_simulated_venue_are_its_own() -> None:
    venue, feed = make_venue(3), new_feed()
    fed(feed, Packets.joined(venue_packets(venue, 6000)))
    assert all(is_true(venue, feed, listing) for listing in venue.listings)
    assert not doubted_listings(venue, feed)
    assert by_template(feed) == {n: c for n, c in venue.message_counts().items() if c}


def test_definitions_of_a_simulated_venue_are_known_by_name() -> None:
    venue, feed = make_venue(), new_feed()
    fed(feed, Packets.joined(venue_packets(venue, 2000)))
    assert {row.symbol for row in feed.instruments} >= {each.name for each in venue.listings}
    ticks = {each.name: feed.instruments.row(each.name).tick_size for each in venue.listings}
    assert all(isinstance(tick, Decimal) and tick > 0 for tick in ticks.values())


def lossy_run(seed: int, packets: int = 6000, **chances: float):
    """Decode what is left of a venue's packets; venue, feed, records, ledger, packets sent."""
    venue, feed, faults = make_venue(seed), new_feed(), Faults(seed, **chances)
    sent = Packets.joined(faults.apply(batch) for batch in venue_packets(venue, packets))
    return venue, feed, fed(feed, sent), faults.ledger, sent


def those_that_show(names, sent: Packets):
    """Of dropped packets, those that are between two packets of their channel that came."""
    came: dict[int, list[int]] = {}
    for k in range(len(sent)):
        came.setdefault(int(sent.channels[k]), []).append(
            int.from_bytes(sent.payload(k)[4:8], "little")
        )
    return [
        (channel, seq)
        for channel, seq in names
        if channel in came and came[channel][0] < seq < came[channel][-1]
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_every_dropped_packet_is_in_a_gap_record(seed: int) -> None:
    _, feed, records, ledger, sent = lossy_run(seed, drop=0.01)
    gaps = records[records["kind"] == kinds.GAP]
    told = [
        (int(gap["channel"]), seq)
        for gap in gaps
        for seq in range(int(gap["expected_seq"]), int(gap["received_seq"]))
    ]
    assert sorted(told) == sorted(those_that_show(ledger.dropped, sent))
    assert int(gaps["missing_count"].sum()) == feed.metrics["packets_missing"] == len(told)
    assert len(gaps) == feed.metrics["gaps"]
    assert_every_packet_is_accounted_for(feed, len(sent))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_book_that_missed_something_is_in_doubt_or_right(seed: int) -> None:
    venue, feed, _, ledger, _ = lossy_run(seed, drop=0.01)
    assert ledger.dropped
    wrong = [each for each in venue.listings if not is_true(venue, feed, each)]
    assert {each.name for each in wrong} <= doubted_listings(venue, feed)


def test_a_book_in_doubt_is_proven_by_its_next_snapshot() -> None:
    # One change of one channel is lost; then the venue goes on through a snapshot cycle.
    interval_ns = 60_000_000
    venue = make_venue(5, snapshot_interval_ns=interval_ns, snapshot_delay_ns=1_000_000)
    feed = new_feed()
    fed(feed, Packets.joined(venue_packets(venue, 3000)))
    later = Packets.joined(venue_packets(venue, 200, 3000))
    channel = int(later.channels[later.channels < SNAPSHOT_CHANNELS_FROM].max())
    lost = np.flatnonzero(later.channels == channel)[0]
    kept = np.delete(np.arange(len(later)), lost)
    records = fed(feed, later.chosen(kept))
    (gap,) = records[records["kind"] == kinds.GAP]
    assert (gap["channel"], gap["missing_count"]) == (channel, 1)
    doubted = doubted_listings(venue, feed)
    assert all(feed.instruments.row(name).channel == channel for name in doubted)
    fed(feed, Packets.joined(venue_packets(venue, 9000, 3200)))
    assert not doubted_listings(venue, feed)
    assert all(is_true(venue, feed, listing) for listing in venue.listings)


def test_repeated_packets_are_stale_and_change_nothing() -> None:
    venue, feed, records, ledger, sent = lossy_run(7, duplicate=0.02)
    assert ledger.duplicated
    assert feed.metrics["packets_stale"] == len(ledger.duplicated)
    assert_every_packet_is_accounted_for(feed, len(sent))
    clean = decode(Packets.joined(venue_packets(make_venue(7), 6000)))
    # Times of arrival count packets, and so differ.
    clean["ts_recv_ns"] = records["ts_recv_ns"] = 0
    assert records.tobytes() == clean.tobytes()
    assert all(is_true(venue, feed, listing) for listing in venue.listings)


def test_a_swapped_packet_is_missing_and_then_stale() -> None:
    _, feed, _, ledger, sent = lossy_run(8, swap=0.02)
    assert ledger.swapped
    # A swap within one channel is a jump and a late packet; between channels it is nothing.
    assert feed.metrics["packets_stale"] == feed.metrics["packets_missing"]
    assert_every_packet_is_accounted_for(feed, len(sent))


@pytest.mark.parametrize("seed", [9, 10])
def test_damaged_packets_are_counted_and_none_is_lost(seed: int) -> None:
    _, feed, records, ledger, sent = lossy_run(
        seed, drop=0.005, duplicate=0.005, swap=0.005, corrupt=0.02
    )
    assert ledger.corrupted
    assert feed.metrics["packets_malformed"] + feed.metrics["messages_unknown"] > 0
    assert feed.metrics["packets_malformed"] <= len(ledger.corrupted)
    assert_every_packet_is_accounted_for(feed, len(sent))
    assert np.array_equal(records["seq"], np.arange(len(records)))


def test_packets_that_a_capture_cut_are_truncated_and_not_decoded() -> None:
    packets = of_the_venue(500)
    feed, index = new_feed(), packets.index()
    index["orig_length"][100:200] += 1
    list(feed.process(packets.data, index))
    assert feed.metrics["packets_truncated"] == 100
    assert_every_packet_is_accounted_for(feed, len(packets))


def test_random_bytes_are_malformed() -> None:
    random = np.random.default_rng(1)
    lengths = random.integers(0, 1400, 400)
    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    data = random.integers(0, 256, int(lengths.sum()) + 1, np.uint8)
    feed = new_feed()
    fed(feed, Packets(data, offsets, lengths, np.zeros_like(lengths)))
    assert_every_packet_is_accounted_for(feed, 400)
    assert feed.metrics["packets_malformed"] > 390


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="unknown protocol"):
        OfflineFeed("nasdaq")


def test_a_file_that_is_no_capture_is_refused(tmp_path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no capture at all, but long enough to have a header\n" * 4, encoding="utf-8")
    with pytest.raises(CaptureError):
        list(new_feed().read(path))
