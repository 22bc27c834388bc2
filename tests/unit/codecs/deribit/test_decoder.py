"""The offline decoder gives the oracle's records, on real captures and on everything that we can write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.codecs.deribit import naive
from tests.unit.codecs.deribit.harness import capture_packets, decode, rows_of
from tests.unit.codecs.deribit.naive import NaiveDecoder
from zerofeed.base.errors import ConfigurationError
from zerofeed.base.status import MALFORMED, OK, TRUNCATED
from zerofeed.codecs.deribit.decoder import TEMPLATE_NAMES, DeribitMulticastDecoder
from zerofeed.mock.deribit import SimulatedDeribit


@pytest.mark.parametrize(
    ("name", "packets"),
    [
        ("multicast_head_2000", 200),
        pytest.param("multicast_head_2000", 2000, marks=pytest.mark.slow),
        ("combo_legs", 45),
        ("rfq", 2),
    ],
)
def test_capture_decodes_to_the_oracle_s_records(captures: Path, name: str, packets: int) -> None:
    decoder, oracle = DeribitMulticastDecoder(), NaiveDecoder()
    for ts_recv_ns, data in capture_packets(captures / "deribit" / f"{name}.pcapng", packets):
        assert decode(decoder, data, ts_recv_ns) == oracle.packet(data, ts_recv_ns)
    counters = decoder.counters()
    assert counters["messages"] == oracle.messages.total()
    assert counters["malformed"] == counters["unknown"] == counters["refused"] == 0
    assert counters["numbers_out_of_range"] == counters["numbers_rounded"] == 0


def test_capture_has_the_known_messages(captures: Path) -> None:
    decoder = DeribitMulticastDecoder()
    for ts_recv_ns, data in capture_packets(captures / "deribit" / "multicast_head_2000.pcapng"):
        decoder.decode(data, 0, len(data), ts_recv_ns)
    assert decoder.counters()["packets"] == 2000
    assert decoder.messages() == {
        "Ticker": 1755, "PriceIndex": 222, "Book": 119, "Instrument": 84, "InstrumentV2": 84,
        "Snapshot": 84, "Trades": 30, "SnapshotStart": 21, "SnapshotEnd": 21,
    }  # fmt: skip
    table = decoder.instruments
    assert len([each for each in table if each.kind != "index"]) == 84
    option = table.row("BTC_USDC-16JUN23-25800-C")
    assert (option.kind, option.option_type, str(option.strike_price)) == (
        "option",
        "call",
        "25800",
    )
    assert (str(option.contract_size), str(option.min_size)) == ("1", "0.01")


def test_simulated_venue_decodes_to_the_oracle_s_records() -> None:
    start_ns = 1_767_225_600_000_000_000
    venue = SimulatedDeribit(
        7, start_ns=start_ns, snapshot_interval_ns=20_000_000, snapshot_delay_ns=1_000_000
    )
    decoder, oracle = DeribitMulticastDecoder(), NaiveDecoder()
    for turn in range(1, 4):
        for data in venue.advance(start_ns + turn * 10_000_000, 120).packets():
            assert decode(decoder, data) == oracle.packet(data, 5)
    assert decoder.counters()["malformed"] == decoder.counters()["unknown"] == 0
    assert set(decoder.messages()) >= set(TEMPLATE_NAMES) - {"Rfq"}
    assert {each.kind for each in decoder.instruments} >= {
        "spot",
        "perpetual",
        "future",
        "option",
        "combo",
        "index",
    }


def test_many_packets_in_one_call_give_the_same_records_as_one_by_one(captures: Path) -> None:
    packets = capture_packets(captures / "deribit" / "multicast_head_2000.pcapng", 300)
    one_by_one = DeribitMulticastDecoder()
    expected = [row for ts, data in packets for row in decode(one_by_one, data, ts)]
    buffer = np.frombuffer(b"".join(data for _, data in packets), dtype=np.uint8)
    lengths = np.array([len(data) for _, data in packets], dtype=np.int64)
    offsets = np.cumsum(lengths) - lengths
    times_ns = np.array([ts for ts, _ in packets], dtype=np.int64)
    at_once = DeribitMulticastDecoder(records=8_200)
    got = []
    first = 0
    while first < len(packets):
        records, taken = at_once.decode_many(buffer, offsets, lengths, times_ns, first=first)
        assert records["seq"].tolist() == list(range(len(got), len(got) + len(records)))
        got += rows_of(records)
        first += taken
    assert got == expected


def test_decode_many_stops_where_the_next_packet_might_not_fit() -> None:
    packets = [naive.packet(naive.book(1, [(0, 0, 1.0, 1.0)] * 3000))] * 4
    buffer = np.frombuffer(b"".join(packets), dtype=np.uint8)
    lengths = np.array([len(data) for data in packets], dtype=np.int64)
    decoder = DeribitMulticastDecoder(records=10_000)
    times = np.zeros(4, dtype=np.int64)
    records, taken = decoder.decode_many(buffer, np.cumsum(lengths) - lengths, lengths, times)
    assert (len(records), taken) == (3000, 1) or (len(records), taken) == (3000 * taken, taken)
    assert 1 <= taken < 4


def test_records_are_numbered_over_packets() -> None:
    decoder = DeribitMulticastDecoder()
    data = naive.packet(naive.book(1, [(0, 0, 1.0, 1.0), (1, 0, 0.5, 1.0)]))
    decoder.decode(data, 0, len(data), 1)
    assert decoder.decode(data, 0, len(data), 2)["seq"].tolist() == [2, 3]


def test_decode_reads_the_datagram_at_its_offset() -> None:
    data = naive.packet(naive.rfq(9))
    padded = b"\xff" * 13 + data + b"\xff" * 9
    decoder = DeribitMulticastDecoder()
    assert rows_of(decoder.decode(padded, 13, len(data), 5)) == NaiveDecoder().packet(data, 5)


@pytest.mark.parametrize(("offset", "length"), [(-1, 8), (0, 9), (5, 8), (0, -1), (9, 0)])
def test_datagram_outside_the_buffer_is_refused(offset: int, length: int) -> None:
    with pytest.raises(ConfigurationError, match="does not lie inside"):
        DeribitMulticastDecoder().decode(bytes(8), offset, length, 0)


def test_memory_that_cannot_hold_one_packet_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="too small"):
        DeribitMulticastDecoder(records=100)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", TRUNCATED),
        (b"\0" * 7, TRUNCATED),
        (naive.packet(naive.rfq(1))[:-1], TRUNCATED),
        (naive.packet(naive.rfq(1)) + b"\0", MALFORMED),
    ],
)
def test_packet_that_contradicts_its_frame_gives_nothing(data: bytes, status: int) -> None:
    decoder = DeribitMulticastDecoder()
    assert decode(decoder, data) == []
    assert decoder.stopped_by == status
    assert decoder.counters()["malformed_packets"] == 1


def test_packet_without_messages_is_a_heartbeat() -> None:
    decoder = DeribitMulticastDecoder()
    assert decode(decoder, naive.packet()) == []
    assert decoder.stopped_by == OK
    assert decoder.counters()["heartbeats"] == 1


def test_messages_before_a_malformed_one_stand() -> None:
    decoder, oracle = DeribitMulticastDecoder(), NaiveDecoder()
    data = naive.packet(naive.rfq(1), naive.book(1, [(2, 0, 1.0, 1.0)]), naive.rfq(2))
    rows = decode(decoder, data)
    assert rows == oracle.packet(data, 5)
    assert len(rows) == 1
    assert decoder.stopped_by == MALFORMED
    assert (decoder.counters()["messages"], decoder.counters()["malformed"]) == (1, 1)


def test_template_names_follow_their_numbers() -> None:
    decoder = DeribitMulticastDecoder()
    data = naive.packet(naive.message(1006, b""), naive.message(1005, bytes(4)), naive.rfq(1))
    decode(decoder, data)
    assert decoder.messages() == {"SnapshotStart": 1, "SnapshotEnd": 1, "Rfq": 1}
    assert TEMPLATE_NAMES[1010 - 1000] == "InstrumentV2"
    assert int(decoder.template_counts[1009 - 1000]) == 1
