"""A frame of ITCH, in each framing, becomes the records that its numbers and messages say, and is counted once."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.itch.harness import EXAMPLES, messages, rows_of
from tests.unit.runtime.itch_frames import (
    ARRIVAL_NS,
    MIDNIGHT_NS,
    UNDEF,
    Sequencer,
    feed_frames,
    new_feed,
)
from tests.unit.runtime.rig import Rig
from tests.unit.runtime.venue_packets import Packets
from zerofeed.codecs.framing import mold, soup
from zerofeed.codecs.framing.blocks import encode_blocks
from zerofeed.codecs.itch.encoder import encode_message
from zerofeed.codecs.itch.messages import ITCH_MESSAGES
from zerofeed.records import kinds
from zerofeed.runtime import _itch_kernels as k
from zerofeed.runtime.offline import OfflineFeed
from zerofeed.wire.pcap_index import INDEX_DTYPE

__all__: list[str] = []

# The offline loop sees records as the compiler does.
pytestmark = pytest.mark.compiled

EVENTS = [encode_message("S", event_code=letter, timestamp_ns=5) for letter in "OSQMEC"]
BAD = b"A" + bytes(12)
UNKNOWN = b"z" + bytes(20)

DAY_NS = 24 * 3_600_000_000_000

Frame = dict[str, Any]


def counted(feed: OfflineFeed) -> dict[str, int]:
    names = ("decoded", "stale", "heartbeat", "malformed")
    return {name: feed.metrics[f"packets_{name}"] for name in names}


def agree(feed: OfflineFeed, oracle: Sequencer, records: np.ndarray) -> None:
    """Compare records and counters; the identity of the packets holds."""
    assert rows_of(records) == oracle.rows
    assert counted(feed) == oracle.packets
    metrics = feed.metrics
    assert metrics["packets_received"] == sum(oracle.packets.values())
    assert metrics["messages"] == sum(oracle.naive.messages.values())
    assert metrics["messages_unknown"] == oracle.unknown
    assert metrics["packets_missing"] == oracle.missing
    assert metrics["records_published"] == len(records)
    by_type = {chr(m.code): n for m, n in zip(ITCH_MESSAGES, metrics.templates(), strict=False)}
    assert {kind: n for kind, n in by_type.items() if n} == dict(oracle.naive.messages)


some_messages = st.lists(
    st.sampled_from(EVENTS) | messages(most_ns=DAY_NS - 1) | st.sampled_from([BAD, UNKNOWN, b""]),
    max_size=5,
)


@st.composite
def mold_frames(draw: Any) -> list[Frame]:
    """Draw packets of a session that jump, repeat, overlap, lie and change the session."""
    frames: list[Frame] = []
    seq, session = draw(st.integers(1, 5)), "A"
    for _ in range(draw(st.integers(1, 12))):
        if draw(st.integers(0, 9)) == 0:
            session, seq = draw(st.sampled_from(["A", "B", "C"])), draw(st.integers(1, 3))
        seq = max(1, seq + draw(st.sampled_from([0, 0, 0, 0, 2, -1, -3])))
        sent = draw(some_messages)
        announced = max(0, len(sent) + draw(st.sampled_from([0] * 8 + [1, -1])))
        is_end = draw(st.integers(0, 15)) == 0
        frames.append(
            {"session": session, "seq": seq, "messages": [] if is_end else sent,
             "count": 0 if is_end else announced, "is_end": is_end}
        )  # fmt: skip
        seq += len(sent)
    return frames


def encode_mold(frame: Frame) -> bytes:
    if frame["is_end"]:
        return mold.encode_end(frame["session"], frame["seq"])
    header = mold.encode_request(frame["session"], frame["seq"], frame["count"])
    return header + encode_blocks(frame["messages"])


def naive_mold(oracle: Sequencer, frame: Frame) -> None:
    """Do with a packet what the page about numbers says."""
    seq, count, sent = frame["seq"], frame["count"], frame["messages"]
    verdict = oracle.open(frame["session"], seq, count)
    has_rest = len(sent) > count
    if count == 0:
        outcome = "malformed" if has_rest else "heartbeat"
    elif verdict == "stale":
        outcome = "stale"
    else:
        is_whole = oracle.run(seq, sent[:count], count)
        outcome = "decoded" if is_whole and not has_rest else "malformed"
    oracle.packets[outcome] += 1


@settings(max_examples=3 * EXAMPLES)
@given(mold_frames())
def test_packets_become_what_their_numbers_and_messages_say(frames: list[Frame]) -> None:
    feed, oracle = new_feed("itch50-mold"), Sequencer()
    for frame in frames:
        naive_mold(oracle, frame)
    agree(feed, oracle, feed_frames(feed, [encode_mold(frame) for frame in frames]))


@settings(max_examples=EXAMPLES)
@given(st.lists(some_messages.map(lambda each: [m for m in each if m]), min_size=1, max_size=8))
def test_blocks_of_a_file_are_numbered_from_1_and_one_that_is_bad_leaves_a_gap(frames) -> None:
    feed, oracle, seq = new_feed("itch50"), Sequencer(), 1
    for sent in frames:
        if sent:
            oracle.open(None, seq, len(sent))
            oracle.packets["decoded" if oracle.run(seq, sent) else "malformed"] += 1
        else:
            oracle.packets["malformed"] += 1
        seq += len(sent)
    agree(feed, oracle, feed_frames(feed, [encode_blocks(sent) for sent in frames]))


@st.composite
def soup_packets(draw: Any) -> list[tuple[str, Any]]:
    """Draw a stream: logins, messages, and what is neither."""
    packets: list[tuple[str, Any]] = [("A", ("A", draw(st.integers(1, 3))))]
    for _ in range(draw(st.integers(1, 15))):
        kind = draw(st.sampled_from("SSSSSSHU+AZ"))
        if kind == "A":
            packets.append((kind, (draw(st.sampled_from("AAB")), draw(st.integers(1, 6)))))
        elif kind == "S":
            message = st.sampled_from([*EVENTS, UNKNOWN, b""]) | messages(most_ns=DAY_NS - 1)
            packets.append((kind, draw(message)))
        else:
            packets.append((kind, b"text" if kind in "+U" else b""))
    return packets


def encode_soup(packet: tuple[str, Any]) -> bytes:
    kind, content = packet
    return soup.encode_login_accepted(*content) if kind == "A" else soup.encode_packet(*packet)


def naive_soup(oracle: Sequencer, packets: list[tuple[str, Any]], position: int) -> int:
    """Do with a frame of a stream what the page says; the position behind it."""
    runs: list[list[tuple[str, Any]]] = [[]]
    for packet in packets:
        if packet[0] == "A":
            runs += [[packet], []]
        else:
            runs[-1].append(packet)
    has_new = has_stale = False
    for run in runs:
        if run and run[0][0] == "A":
            session, seq = run[0][1]
            oracle.open(session, seq, 0)
            position = seq - 1
            continue
        sent = [content for kind, content in run if kind == "S"]
        if sent:
            verdict = oracle.open(None, position + 1, len(sent))
            has_stale |= verdict == "stale"
            has_new |= verdict == "new"
            if verdict == "new":
                oracle.run(position + 1, sent)
            position += len(sent)
    outcome = "decoded" if has_new else "stale" if has_stale else "heartbeat"
    oracle.packets[outcome] += 1
    return position


@settings(max_examples=2 * EXAMPLES)
@given(soup_packets(), st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_a_stream_is_numbered_from_its_logins_however_it_is_cut(packets, sizes) -> None:
    feed, oracle = new_feed("itch50-soup"), Sequencer()
    frames, at, position, turn = [], 0, 0, 0
    while at < len(packets):
        part = packets[at : at + sizes[turn % len(sizes)]]
        frames.append(b"".join(encode_soup(packet) for packet in part))
        position = naive_soup(oracle, part, position)
        at += len(part)
        turn += 1
    agree(feed, oracle, feed_frames(feed, frames))


@pytest.mark.parametrize("protocol", ["itch50-mold", "itch50-soup", "itch50"])
@settings(max_examples=EXAMPLES)
@given(st.lists(st.binary(max_size=80), max_size=8))
def test_any_bytes_are_counted_once_and_nothing_else_happens(protocol, frames) -> None:
    feed = new_feed(protocol)
    records = feed_frames(feed, frames)
    assert sum(counted(feed).values()) == feed.metrics["packets_received"] == len(frames)
    assert records["seq"].tolist() == list(range(len(records)))


@pytest.mark.parametrize("protocol", ["itch50-mold", "itch50-soup", "itch50"])
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_a_frame_with_lengths_and_counts_that_lie_is_counted_once(protocol, data) -> None:
    sent = data.draw(st.lists(messages(most_ns=DAY_NS - 1), min_size=1, max_size=4))
    whole = {
        "itch50-mold": mold.encode_packet("A", 1, sent),
        "itch50-soup": b"".join(soup.encode_packet("S", each) for each in sent),
        "itch50": encode_blocks(sent),
    }[protocol]
    frame = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    feed = new_feed(protocol)
    records = feed_frames(feed, [bytes(frame), whole[: data.draw(st.integers(0, len(whole)))]])
    assert sum(counted(feed).values()) == 2
    assert len(records) == feed.metrics["records_published"]


def told(feed: OfflineFeed, frames: list[bytes], times: Any = ARRIVAL_NS) -> np.ndarray:
    """What messages said, and what is missing; without the record that a session begins."""
    records = feed_frames(feed, frames, times)
    return records[records["action"] != kinds.ACTION_CLEAR]


def decoded_day(feed: OfflineFeed, frames: list[bytes], times: list[int]) -> list[int]:
    return told(feed, frames, times)["ts_event_ns"].tolist()


def test_before_the_first_message_of_a_session_all_books_are_empty() -> None:
    feed = new_feed("itch50-mold")
    frames = [mold.encode_packet(name, 1, EVENTS[:1]) for name in "AB"]
    records = feed_frames(feed, frames)
    assert records["kind"].tolist() == [
        kinds.ORDER, kinds.STATUS, kinds.RESET, kinds.ORDER, kinds.STATUS,
    ]  # fmt: skip
    first = records[0]
    assert (first["action"], first["flags"], first["instrument"]) == (ord("R"), 160, 0)
    assert (first["priority"], first["order_id"]) == (0, UNDEF)
    late = feed_frames(new_feed("itch50-mold"), [mold.encode_packet("A", 2, EVENTS[:1])])
    assert late["kind"].tolist() == [kinds.STATUS]


def test_times_count_from_the_midnight_before_the_arrival_in_new_york() -> None:
    frames = [mold.encode_packet("A", n, [EVENTS[0]]) for n in (1, 2)]
    found = decoded_day(new_feed("itch50-mold"), frames, [ARRIVAL_NS, ARRIVAL_NS + DAY_NS])
    assert found == [MIDNIGHT_NS + 5, MIDNIGHT_NS + DAY_NS + 5]


def test_without_arrival_and_without_a_day_no_time_is_known() -> None:
    found = decoded_day(new_feed("itch50"), [encode_blocks(EVENTS[:2])], [UNDEF])
    assert found == [UNDEF, UNDEF]


def test_a_frame_that_was_cut_is_not_looked_at() -> None:
    feed = new_feed("itch50-mold")
    packet = mold.encode_packet("A", 1, EVENTS)
    index = np.zeros(1, INDEX_DTYPE)
    index["length"], index["orig_length"] = len(packet) - 1, len(packet)
    (records,) = feed.process(np.frombuffer(packet, np.uint8), index)
    assert len(records) == 0
    assert feed.metrics["packets_truncated"] == 1
    assert feed.metrics.channels() == []


def test_the_other_lines_copies_of_a_sessions_beginning_are_no_restart() -> None:
    feed = new_feed("itch50-mold")
    first, second = (mold.encode_packet("A", 1, EVENTS[:2]), mold.encode_packet("A", 3, EVENTS[2:]))
    records = told(feed, [first, second, first, second])
    assert set(records["kind"].tolist()) == {kinds.STATUS}
    assert (feed.metrics["packets_stale"], feed.metrics["resets"]) == (2, 0)


def test_a_session_that_starts_again_far_back_is_a_restart() -> None:
    feed = new_feed("itch50-mold")
    late = mold.encode_packet("A", 200_000, EVENTS[:1])
    again = mold.encode_packet("A", 1, EVENTS[:1])
    records = told(feed, [late, again])
    assert records["kind"].tolist() == [kinds.STATUS, kinds.RESET, kinds.STATUS]


def test_a_message_that_is_bad_counts_as_not_come_until_a_good_copy_comes() -> None:
    feed = new_feed("itch50-mold")
    bad = mold.encode_packet("A", 1, [EVENTS[0], BAD, EVENTS[2]])
    good = mold.encode_packet("A", 1, EVENTS[:3])
    records = told(feed, [bad, good])
    assert records["state"].tolist() == [ord(letter) for letter in "OSQ"]
    assert feed.metrics["gaps"] == 0
    (gap,) = told(feed, [mold.encode_packet("A", 4, [BAD]), mold.encode_packet("A", 6)])
    assert (gap["kind"], gap["expected_seq"], gap["missing_count"]) == (kinds.GAP, 4, 2)


def test_a_heartbeat_shows_what_is_missing_and_uses_no_number_up() -> None:
    feed = new_feed("itch50-mold")
    frames = [mold.encode_packet("A", 1, EVENTS[:1]), mold.encode_packet("A", 5)]
    records = told(feed, [*frames, mold.encode_packet("A", 5, EVENTS[:1])])
    assert records["kind"].tolist() == [kinds.STATUS, kinds.GAP, kinds.STATUS]
    assert feed.metrics["packets_missing"] == 3


def test_stocks_that_find_the_table_full_are_counted() -> None:
    feed = new_feed("itch50-mold", instruments=8)
    adds = [
        encode_message("A", stock_locate=n, stock=f"S{n}", order_reference_number=n, shares=1,
                       price=1, buy_sell_indicator="B") for n in range(1, 20)
    ]  # fmt: skip
    feed_frames(feed, [mold.encode_packet("A", 1, adds)])
    assert feed.metrics["instruments_refused"] > 0
    assert feed.metrics["messages"] == 19


def test_every_type_has_a_counter() -> None:
    assert len(list(ITCH_MESSAGES)) == k.TYPES


def packed(payloads: list[bytes]) -> Packets:
    lengths = np.array([len(payload) for payload in payloads], np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    data = np.frombuffer(b"".join(payloads), np.uint8)
    return Packets(data, offsets, lengths, np.zeros_like(lengths))


def test_two_lines_that_pack_and_lose_differently_make_a_whole() -> None:
    """Also the beginning of the session, which the second line brings late."""
    choose = random.Random(5)
    sent = [encode_message("S", event_code="Q", timestamp_ns=n) for n in range(1, 201)]
    lines: list[list[bytes]] = []
    for lost in (0, 1):
        seq, packets = 1, []
        while seq <= len(sent):
            count = choose.randint(1, 9)
            # Neither loses what the other one loses: they are cut at tens.
            if (seq // 10) % 4 != 2 * lost + 1 or seq < 10:
                packets.append(mold.encode_packet("A", seq, sent[seq - 1 : seq - 1 + count]))
            seq += count
        lines.append(packets)
    rig = Rig(wait_us=60_000_000, protocol="itch50-mold")
    try:
        for first in range(0, 60, 5):
            for source, packets in enumerate(lines):
                if packets[first : first + 5]:
                    rig.send(packed(packets[first : first + 5]), source)
            rig.turn()
        while rig.memory.metrics["packets_received"] < sum(len(each) for each in lines):
            rig.turn()
        records = rig.memory.records[1 : rig.memory.record_ring.published]
        metrics = rig.memory.metrics
        assert set(records["kind"].tolist()) == {kinds.STATUS}
        times = records["ts_event_ns"] - records["ts_event_ns"][0] + 1
        assert times.tolist() == list(range(1, len(records) + 1))
        assert len(records) > 190
        assert (metrics["gaps"], metrics["resets"], metrics["packets_held"]) == (0, 0, 0)
        assert metrics["packets_stale"] > 0
        names = ("decoded", "stale", "heartbeat", "malformed")
        assert metrics["packets_received"] == sum(metrics[f"packets_{n}"] for n in names)
    finally:
        rig.close()
