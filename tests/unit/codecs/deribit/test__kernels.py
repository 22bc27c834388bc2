"""Frames and messages of every damaged shape: a code, never a record too many, never a byte beyond the packet."""

from __future__ import annotations

import random
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.deribit import naive
from tests.unit.codecs.deribit.harness import EXAMPLES, capture_packets, rows_of
from tests.unit.codecs.deribit.naive import NaiveDecoder
from zerofeed.base.kernel import I64, U8_RO, int64, kernel
from zerofeed.base.status import (
    BUFFER_FULL,
    MALFORMED,
    OK,
    TRUNCATED,
    UNKNOWN_SCHEMA,
    UNKNOWN_TEMPLATE,
)
from zerofeed.codecs.deribit import _kernels as k
from zerofeed.codecs.deribit import _message_kernels as m
from zerofeed.codecs.deribit.decoder import DeribitMulticastDecoder
from zerofeed.feed.instruments import make_table
from zerofeed.records.dtypes import RECORD
from zerofeed.shm import journal

SAMPLES = {
    "Instrument": naive.definition(1),
    "InstrumentV2": naive.definition(1, version=2, steps=[(1.0, 0.5), (2.0, 1.0)]),
    "Book": naive.book(1, [(0, 0, 1.5, 2.0), (1, 2, 1.25, 0.0)]),
    "Trades": naive.trades(1, naive.trade(), naive.trade(1, liquidation=1)),
    "Ticker": naive.ticker(1, bid=1.0, bid_size=2.0, funding=0.001),
    "Snapshot": naive.snapshot(1, [(0, 1.5, 2.0), (1, 1.25, 1.0)]),
    "SnapshotStart": naive.message(1005, bytes(4)),
    "SnapshotEnd": naive.message(1006, b""),
    "ComboLegs": naive.legs(1, (2, 1), (3, -1)),
    "PriceIndex": naive.price_index(b"btc_usd", 1.5),
    "Rfq": naive.rfq(1),
}


class One:
    """Tables for decoding single messages, as a feed's worker has them."""

    def __init__(self, instruments: int = 64) -> None:
        self.rows, self.lookup = make_table(instruments)
        self.words = self.rows.view(np.int64)
        self.state = np.zeros(journal.DATA + 32 + 4 * instruments, np.int64)
        journal.prepare(self.state)
        self.records = np.zeros(64, RECORD)
        self.result = np.zeros(m.RESULT_WORDS, np.int64)

    def decode(self, data: bytes, *, at: int = 0, end: int | None = None, limit: int = 64) -> int:
        """Decode the message at ``data[at:]``."""
        return k.decode_one(
            np.frombuffer(data, np.uint8), at, len(data) if end is None else end, 5, 1, self.words,
            self.lookup, self.state, journal.DATA, self.records.view(np.int64), 0, limit, self.result,
        )  # fmt: skip

    def picture(self) -> tuple[bytes, bytes, bytes]:
        """Everything that outlives a message, scratch and journal entries left out."""
        kept = self.state[journal.DATA + m.SCRATCH_WORDS :]
        return self.rows.tobytes(), self.lookup.tobytes(), kept.tobytes()


@kernel(int64(U8_RO, int64, int64, I64))
def header_of(buf, at, length, header):
    """Call an inlined function."""
    return k.packet_header(buf, at, length, header)


def test_packet_header_gives_channel_number_and_body() -> None:
    data = b"??" + naive.packet(naive.rfq(1), channel=65535, seq=2**32 - 1)
    header = np.zeros(4, np.int64)
    assert header_of(np.frombuffer(data, np.uint8), 2, len(data) - 2, header) == OK
    assert header.tolist() == [65535, 2**32 - 1, 10, len(data)]


@pytest.mark.parametrize(("extra", "status"), [(-1, TRUNCATED), (0, OK), (1, MALFORMED)])
def test_packet_header_compares_its_length_with_the_datagram_s(extra: int, status: int) -> None:
    buffer = np.frombuffer(struct.pack("<HHI", 4, 1, 1) + bytes(8), np.uint8)
    assert header_of(buffer, 0, 12 + extra, np.zeros(4, np.int64)) == status


@pytest.mark.parametrize("length", range(8))
def test_packet_shorter_than_its_frame_is_truncated(length: int) -> None:
    assert header_of(np.zeros(8, np.uint8), 0, length, np.zeros(4, np.int64)) == TRUNCATED


@pytest.mark.parametrize("name", SAMPLES)
def test_message_says_where_the_next_begins(name: str) -> None:
    one = One()
    data = b"#" * 5 + SAMPLES[name] + SAMPLES["Rfq"]
    assert one.decode(data, at=5) >= 0
    assert one.result[m.NEXT] == 5 + len(SAMPLES[name])
    assert one.result[m.TEMPLATE] == struct.unpack_from("<H", SAMPLES[name], 2)[0]


@pytest.mark.parametrize("name", SAMPLES)
def test_message_cut_at_any_byte_is_truncated_and_changes_nothing(name: str) -> None:
    one = One()
    before = one.picture()
    for end in range(len(SAMPLES[name])):
        assert one.decode(SAMPLES[name], end=end) == TRUNCATED
        assert one.result[m.NEXT] == end
    assert one.picture() == before


@pytest.mark.parametrize("name", SAMPLES)
def test_message_without_room_is_left_for_later_and_changes_nothing(name: str) -> None:
    one, roomy = One(), One()
    needed = roomy.decode(SAMPLES[name])
    before = one.picture()
    for limit in range(needed):
        assert one.decode(SAMPLES[name], limit=limit) == BUFFER_FULL
        assert one.result[m.NEXT] == 0
    assert one.picture() == before
    assert not one.records.view(np.int64).any()


def test_unknown_template_is_stepped_over() -> None:
    one = One()
    strange = naive.message(1011, b"12345", entries=[b"abc", b"def"], texts=[b"xy", b""])
    assert one.decode(strange + SAMPLES["Rfq"]) == UNKNOWN_TEMPLATE
    assert one.result[m.NEXT] == len(strange)
    assert one.result[m.TEMPLATE] == 1011


def test_unknown_schema_is_stepped_over() -> None:
    one = One()
    strange = naive.message(1003, bytes(133), schema=2)
    assert one.decode(strange + SAMPLES["Rfq"]) == UNKNOWN_SCHEMA
    assert one.result[m.NEXT] == len(strange)


def nested(template: int) -> bytes:
    """A message whose group entries contain groups."""
    header = struct.pack("<6H", 4, template, 1, 3, 1, 0) + bytes(4)
    return (
        header + struct.pack("<4H", 57, 1, 1, 0) + bytes(57) + struct.pack("<4H", 1, 1, 0, 0) + b"!"
    )


def test_unknown_message_whose_end_cannot_be_known_ends_the_packet() -> None:
    one = One()
    data = nested(2000) + SAMPLES["Rfq"]
    assert one.decode(data) == UNKNOWN_TEMPLATE
    assert one.result[m.NEXT] == len(data)


def test_known_message_with_nested_groups_is_malformed() -> None:
    assert One().decode(nested(1002)) == MALFORMED


def test_unknown_messages_do_not_stop_the_packet() -> None:
    decoder = DeribitMulticastDecoder(instruments=64)
    data = naive.packet(naive.message(3000, b""), naive.message(1, b"x", schema=9), SAMPLES["Rfq"])
    assert len(decoder.decode(data, 0, len(data), 0)) == 1
    assert decoder.counters()["unknown"] == 2


def test_extra_groups_and_texts_of_a_later_version_are_stepped_over() -> None:
    block = SAMPLES["Book"][12:]
    header = struct.pack("<6H", 29, 1001, 1, 9, 2, 1)
    more = struct.pack("<4H", 3, 2, 0, 0) + b"abcdef" + b"\x02hi"
    one = One()
    assert one.decode(header + block + more + SAMPLES["Rfq"]) == 2
    assert one.result[m.NEXT] == len(header + block + more)


def test_out_of_range_numbers_are_reported_with_their_message() -> None:
    one = One()
    one.decode(naive.ticker(1, mark=float("inf"), index=1e11, interest=1e-9))
    assert (one.result[m.OUT_OF_RANGE], one.result[m.ROUNDED]) == (2, 1)
    one.decode(naive.ticker(1))
    assert (one.result[m.OUT_OF_RANGE], one.result[m.ROUNDED]) == (0, 0)


def test_message_names_the_row_that_it_is_about() -> None:
    one = One()
    one.decode(SAMPLES["Rfq"])
    assert one.result[m.ROW] == 1
    one.decode(SAMPLES["PriceIndex"])
    assert one.result[m.ROW] == 2
    one.decode(SAMPLES["SnapshotEnd"])
    assert one.result[m.ROW] == -1


def test_seq_is_left_to_publication() -> None:
    one = One()
    one.records["seq"] = 77
    stored = one.decode(SAMPLES["Ticker"])
    assert one.records["seq"][:stored].tolist() == [77] * stored


def check_like_the_oracle(
    data: bytes, decoder: DeribitMulticastDecoder, oracle: NaiveDecoder
) -> None:
    """Decode a packet twice, with other bytes around it each time, and compare with the oracle."""
    wanted = oracle.packet(data, 5)
    records = decoder.decode(b"\xff" * 3 + data + b"\xff" * 200, 3, len(data), 5)
    rows = rows_of(records)
    assert len(rows) == len(wanted)
    for got, want in zip(rows, wanted, strict=True):
        assert list(vars(got).values())[:7] == list(vars(want).values())[:7]
        for mine, theirs in zip(got.body, want.body, strict=True):
            # A damaged double may have more decimals than are kept: the last one may then differ.
            assert abs(mine - theirs) <= 1
    counters = decoder.counters()
    assert counters["malformed"] == oracle.malformed
    assert counters["unknown"] == oracle.unknown
    assert counters["messages"] == oracle.messages.total()


BODY_OF_ALL = b"".join(SAMPLES.values())


@settings(max_examples=EXAMPLES)
@given(st.lists(st.tuples(st.integers(0, 8 * len(BODY_OF_ALL) - 1)), min_size=1, max_size=4))
def test_flipped_bits_decode_as_the_oracle_says(flips: list[tuple[int]]) -> None:
    body = bytearray(BODY_OF_ALL)
    for (bit,) in flips:
        body[bit // 8] ^= 1 << bit % 8
    decoder = DeribitMulticastDecoder(instruments=64)
    check_like_the_oracle(naive.packet(bytes(body)), decoder, NaiveDecoder())


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=300))
def test_random_bodies_decode_as_the_oracle_says(body: bytes) -> None:
    decoder = DeribitMulticastDecoder(instruments=64)
    check_like_the_oracle(naive.packet(body), decoder, NaiveDecoder())


@settings(max_examples=EXAMPLES)
@given(
    st.sampled_from([*range(999, 1012)]), st.integers(0, 140), st.integers(0, 3),
    st.integers(0, 3), st.binary(max_size=400),
)  # fmt: skip
def test_random_blocks_behind_true_headers_decode_without_harm(
    template: int, length: int, groups: int, texts: int, rest: bytes
) -> None:
    header = struct.pack("<6H", length, template, 1, 3, groups, texts)
    data = naive.packet(header + rest)
    decoder = DeribitMulticastDecoder(instruments=64)
    first = rows_of(decoder.decode(data + b"\x00" * 99, 0, len(data), 5))
    again = DeribitMulticastDecoder(instruments=64)
    assert rows_of(again.decode(data + b"\xff" * 99, 0, len(data), 5)) == first
    assert decoder.counters() == again.counters()


def damaged(packets: list[bytes], count: int) -> list[bytes]:
    """Real packets with bits flipped, bytes cut or replaced, from a fixed seed."""
    source = random.Random(20)
    out = []
    for _ in range(count):
        data = bytearray(source.choice(packets))
        for _ in range(source.randrange(1, 6)):
            data[source.randrange(8, len(data))] ^= 1 << source.randrange(8)
        if source.random() < 0.3:
            del data[source.randrange(8, len(data)) :]
            struct.pack_into("<H", data, 0, len(data) - 8)
        out.append(bytes(data))
    return out


@pytest.mark.slow
def test_damaged_packets_of_a_capture_decode_as_the_oracle_says(captures: Path) -> None:
    path = captures / "deribit" / "multicast_head_2000.pcapng"
    packets = [data for _, data in capture_packets(path)]
    decoder, oracle = DeribitMulticastDecoder(instruments=100_000), NaiveDecoder()
    for data in damaged(packets, 5_000):
        check_like_the_oracle(data, decoder, oracle)


@pytest.mark.compiled
def test_decoding_allocates_nothing() -> None:
    from numba.core.runtime import _nrt_python, rtsys

    data = naive.packet(*SAMPLES.values())
    rows, lookup = make_table(64)
    state = np.zeros(journal.DATA + 32 + 4 * 64, np.int64)
    journal.prepare(state)
    records, result = np.zeros(64_000, RECORD).view(np.int64), np.zeros(16, np.int64)
    counts = np.zeros(k.COUNT_WORDS, np.int64)
    words, buffer = rows.view(np.int64), np.frombuffer(data, np.uint8)

    def allocations(times: int) -> tuple[int, int]:
        offsets, lengths = np.zeros(times, np.int64), np.full(times, len(data))
        before = rtsys.get_allocation_stats()
        tracemalloc.reset_peak()
        start, _ = tracemalloc.get_traced_memory()
        k.decode_packets(
            buffer, offsets, lengths, offsets, 0, words, lookup, state, journal.DATA, records,
            64_000, result, counts,
        )  # fmt: skip
        _, peak = tracemalloc.get_traced_memory()
        after = rtsys.get_allocation_stats()
        assert result[k.PACKETS_DONE] == times
        return after.alloc + after.mi_alloc - before.alloc - before.mi_alloc, peak - start

    _nrt_python.memsys_enable_stats()
    tracemalloc.start()
    try:
        allocations(1)
        once, often = allocations(1), allocations(200)
    finally:
        tracemalloc.stop()
        _nrt_python.memsys_disable_stats()
    assert often[0] == once[0]
    assert max(once[1], often[1]) < 2_048
