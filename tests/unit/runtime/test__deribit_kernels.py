"""A packet goes through sequence, decoder and books in this order, and its outcome is counted."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from tests.unit.codecs.deribit import naive
from tests.unit.runtime.venue_packets import Packets, fed, joined, of_the_venue
from zerofeed.feed.metrics import CHANNELS
from zerofeed.records import kinds
from zerofeed.records.units import UNDEF
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []

# Thousands of packets: the plain twins would take minutes.
pytestmark = pytest.mark.compiled


def new_feed(instruments: int = 512) -> OfflineFeed:
    return OfflineFeed("deribit-multicast", instruments=instruments, book_levels=64)


def packed(*payloads: bytes) -> Packets:
    """Payloads of one's own as packets."""
    lengths = np.array([len(payload) for payload in payloads], np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    data = np.frombuffer(b"".join(payloads), np.uint8)
    return Packets(data, offsets, lengths, np.zeros_like(lengths))


def packet(seq: int, channel: int = 3, body: bytes = b"") -> bytes:
    """A frame: length of the messages, channel, number; then the messages."""
    return struct.pack("<HHI", len(body), channel, seq) + body


def message(template: int, body: bytes, schema: int = 1) -> bytes:
    """An SBE message with nothing but a root block; groups and data are not counted here."""
    return struct.pack("<HHHHHH", len(body), template, schema, 1, 0, 0) + body


def test_the_frame_is_what_the_simulated_venue_sends() -> None:
    """The helper above and the venue's encoder agree on the header."""
    payload = of_the_venue(1).payload(0)
    length, channel, seq = struct.unpack_from("<HHI", payload)
    assert (length, channel, seq) == (
        struct.unpack_from("<HHI", packet(seq, channel, payload[8:]))[0], channel, seq,
    )  # fmt: skip


def test_a_heartbeat_makes_no_record() -> None:
    feed = new_feed()
    assert len(fed(feed, packed(packet(1), packet(1), packet(1)))) == 0
    assert feed.metrics["packets_heartbeat"] == 3


def test_a_jump_makes_one_gap_record() -> None:
    feed = new_feed()
    (gap,) = fed(feed, packed(packet(10), packet(15)))
    assert (gap["kind"], gap["channel"]) == (kinds.GAP, 3)
    assert (gap["expected_seq"], gap["received_seq"], gap["missing_count"]) == (10, 15, 5)
    assert (gap["instrument"], gap["ts_event_ns"]) == (0, UNDEF)
    assert (feed.metrics["gaps"], feed.metrics["packets_missing"]) == (1, 5)


def test_a_restart_makes_one_reset_record() -> None:
    feed = new_feed()
    (reset,) = fed(feed, packed(packet(500), packet(1)))
    assert (reset["kind"], reset["channel"]) == (kinds.RESET, 3)
    assert (reset["expected_seq"], reset["received_seq"]) == (500, 1)
    assert (feed.metrics["resets"], feed.metrics["packets_missing"]) == (1, 0)


def test_a_stale_packet_makes_nothing() -> None:
    feed = new_feed()
    packets = of_the_venue(300)
    before = fed(feed, packets)
    assert len(before) > 300
    again = packets.chosen(slice(200, 300))
    first_numbers = {int.from_bytes(again.payload(k)[4:8], "little") for k in range(len(again))}
    assert min(first_numbers) >= 0
    records = fed(feed, again.chosen(slice(90, 100)))
    assert feed.metrics["packets_stale"] + feed.metrics["resets"] == 10
    assert len(records[records["kind"] == kinds.GAP]) == 0


@pytest.mark.parametrize("payload", [b"", b"\0", b"\1\2\3\4\5\6\7", packet(1)[:-1],
                                     packet(1) + b"x"], ids=range(5))  # fmt: skip
def test_a_packet_that_contradicts_its_header_is_malformed_and_judged_no_further(payload) -> None:
    feed = new_feed()
    assert len(fed(feed, packed(payload))) == 0
    assert feed.metrics["packets_malformed"] == 1
    assert feed.metrics.channels() == []


@pytest.mark.parametrize(("template", "schema"), [(999, 1), (1001, 77)])
def test_an_unknown_message_is_counted_and_the_rest_of_the_packet_is_decoded(
    template: int, schema: int
) -> None:
    feed = new_feed()
    fed(feed, packed(packet(1, body=message(template, bytes(16), schema))))
    assert feed.metrics["messages_unknown"] == 1
    assert feed.metrics["packets_decoded"] == 1


def test_every_number_that_was_rounded_is_counted() -> None:
    feed = new_feed()
    bodies = (naive.ticker(1, mark=1.5), naive.ticker(1, mark=1.5, interest=1e-9, last=1e-11))
    joined(fed(feed, packed(*(packet(n, body=body) for n, body in enumerate(bodies, 1)))))
    assert feed.metrics["numbers_rounded"] == 2
    assert feed.metrics["packets_decoded"] == 2


def test_channels_beyond_the_table_are_decoded_without_gap_detection() -> None:
    feed = new_feed()
    heartbeats = [packet(1, channel=channel) for channel in range(CHANNELS + 5)]
    fed(feed, packed(*heartbeats))
    assert feed.metrics["channels_refused"] == 5
    assert feed.metrics["packets_heartbeat"] == CHANNELS + 5


def test_instruments_beyond_the_table_are_refused_and_counted() -> None:
    feed = new_feed(instruments=8)
    fed(feed, of_the_venue(300))
    assert len(feed.instruments) <= 8
    assert feed.metrics["instruments_refused"] > 0


def test_a_definition_knows_the_record_that_announced_it() -> None:
    feed = new_feed()
    records = fed(feed, of_the_venue(500))
    for row in feed.instruments:
        if row.definition_seq >= 0:
            told = records[row.definition_seq]
            assert (told["kind"], told["instrument"]) == (kinds.INSTRUMENT, row.index)


def test_numbers_go_on_from_batch_to_batch() -> None:
    feed, packets = new_feed(), of_the_venue(600)
    parts = [fed(feed, packets.chosen(slice(at, at + 100))) for at in range(0, 600, 100)]
    assert np.array_equal(joined(parts)["seq"], np.arange(feed.seq))


def test_every_record_has_the_arrival_time_of_its_packet() -> None:
    feed, packets = new_feed(), of_the_venue(200)
    records = fed(feed, packets)
    assert set(records["ts_recv_ns"].tolist()) <= set(packets.index()["ts_ns"].tolist())
    assert (np.diff(records["ts_recv_ns"]) >= 0).all()
