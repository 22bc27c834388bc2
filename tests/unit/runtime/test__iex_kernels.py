"""A segment goes through sequence, decoder and books in this order, and its outcome is counted."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from pathlib import Path

import dpkt
import numpy as np
import pytest

from tests.unit.codecs.iex.harness import rows_of
from tests.unit.codecs.iex.naive import NaiveIex
from tests.unit.runtime.rig import Rig
from tests.unit.runtime.venue_packets import OPENS_NS, Packets, comparable
from tests.unit.runtime.wire_packets import Sent, done_twice, kinds_of
from zerofeed.base.status import OK
from zerofeed.codecs.iex._layout import DEEP, TOPS_1_5, TOPS_1_6
from zerofeed.codecs.iex.encoder import encode_message, encode_packet
from zerofeed.feed.metrics import CHANNELS
from zerofeed.records import kinds
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK
from zerofeed.records.units import UNDEF
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []

# Records have attributes in compiled code alone.
pytestmark = pytest.mark.compiled


def event(letter: str = "O", timestamp_ns: int = 7) -> bytes:
    """A system event: one record, of no security."""
    return encode_message("system_event", event=letter, timestamp_ns=timestamp_ns)


def level(name: str, price: int, size: int, *, symbol: str = "A", event_flags: int = 1) -> bytes:
    """A price level update."""
    return encode_message(
        f"price_level_update_{name}", event_flags=event_flags, timestamp_ns=7, symbol=symbol,
        price=price, size=size,
    )  # fmt: skip


def deep(seq: int, *messages: bytes, **options) -> bytes:
    """A segment of DEEP; sent in the order of its numbers."""
    return encode_packet(seq, messages, **{"protocol": DEEP, "sent_ns": seq} | options)


def tops(seq: int, *messages: bytes, **options) -> bytes:
    """A segment of TOPS."""
    return encode_packet(seq, messages, **{"protocol": TOPS_1_6, "sent_ns": seq} | options)


def best(record) -> tuple[int, ...]:
    """Best bid and offer of a record."""
    return tuple(int(record[name]) for name in ("bid_price", "bid_size", "ask_price", "ask_size"))


def bbos(records):
    """The best bids and offers among records."""
    return [best(record) for record in records[records["kind"] == kinds.BBO]]


# Numbers


def test_messages_are_numbered_and_an_empty_segment_names_the_next() -> None:
    sent = Sent("iex-tops")
    assert len(sent(tops(1), tops(1, event(), event()), tops(3), tops(3, event()))) == 3
    assert (sent.count("gaps"), sent.count("packets_heartbeat")) == (0, 2)
    assert sent.count("messages") == 3
    sent.assert_every_packet_is_accounted_for()


def test_a_jump_makes_one_gap_record_of_the_missing_messages() -> None:
    sent = Sent("iex-tops")
    records = sent(tops(1, event(), event()), tops(8, event(), channel=1))
    assert kinds_of(records) == ["status", "status", "gap", "status"]
    gap = records[2]
    assert (gap["expected_seq"], gap["received_seq"], gap["missing_count"], gap["channel"]) == (
        3, 8, 5, 1,
    )  # fmt: skip
    assert (gap["instrument"], gap["ts_event_ns"]) == (0, UNDEF)
    assert (sent.count("gaps"), sent.count("packets_missing")) == (1, 5)


def test_a_heartbeat_shows_a_loss_at_the_end_of_a_burst() -> None:
    sent = Sent("iex-tops")
    assert kinds_of(sent(tops(1, event()), tops(4))) == ["status", "gap"]
    assert len(sent(tops(4, event()))) == 1
    sent.assert_every_packet_is_accounted_for()


def test_the_other_line_s_copies_are_stale_however_they_are_packed() -> None:
    """The two lines have the same messages, and may cut them into other segments."""
    sent = Sent("iex-tops")
    messages = [event(timestamp_ns=number) for number in range(1, 11)]
    a_line = [tops(1, *messages[:2]), tops(3, *messages[2:7]), tops(8, *messages[7:])]
    b_line = [tops(1, *messages[:2]), tops(3, *messages[2:4]), tops(5, *messages[4:])]
    records = sent(a_line[0], b_line[0], b_line[1], a_line[1], b_line[2], a_line[2])
    assert records["ts_event_ns"].tolist() == list(range(1, 11))
    assert (sent.count("gaps"), sent.count("resets"), sent.count("packets_stale")) == (0, 0, 2)
    assert sent.count("messages") == 10
    sent.assert_every_packet_is_accounted_for()


def test_a_late_copy_of_the_beginning_is_no_restart() -> None:
    """What was sent before what came cannot be a new beginning."""
    sent = Sent("iex-tops")
    sent(tops(1, event()), tops(2, event()), tops(3, event()))
    assert len(sent(tops(1, event()))) == 0
    assert (sent.count("resets"), sent.count("packets_stale")) == (0, 1)


def test_numbers_that_begin_anew_in_a_session_are_a_restart() -> None:
    sent = Sent("iex-tops")
    sent(tops(1, event(), event(), event()), tops(4, event(), event()))
    later_ns = 2_000_000_000
    records = sent(tops(1, event(), sent_ns=later_ns), tops(2, event(), sent_ns=later_ns + 1))
    assert kinds_of(records) == ["reset", "status", "status"]
    assert (records[0]["expected_seq"], records[0]["received_seq"]) == (6, 1)
    assert (sent.count("resets"), sent.count("gaps")) == (1, 0)


def test_a_late_segment_of_before_a_restart_is_stale() -> None:
    """It was sent before the restart; a channel that follows it would fall back for good."""
    sent = Sent("iex-tops")
    sent(tops(1, event(), event(), event()), tops(1, event(), sent_ns=2_000_000_000))
    records = sent(tops(2, event(), sent_ns=2_000_000_001))
    assert kinds_of(records) == ["status"]
    assert sent.count("resets") == 1


def test_another_session_begins_at_one_and_what_it_began_with_is_missing() -> None:
    sent = Sent("iex-tops")
    sent(tops(500, event(), session=1))
    records = sent(tops(40, event(), session=2, sent_ns=1000))
    assert kinds_of(records) == ["reset", "gap", "status"]
    assert (records[0]["expected_seq"], records[0]["received_seq"]) == (501, 40)
    assert (records[1]["expected_seq"], records[1]["missing_count"]) == (1, 39)


@pytest.mark.parametrize(
    "payload",
    [b"", tops(1, event())[:-1], tops(1, event()) + b"\0", b"\2" + tops(1)[1:],
     tops(1)[:14] + b"\1\0" + tops(1)[16:]],
    ids=["empty", "cut", "longer", "version", "count"],
)  # fmt: skip
def test_a_segment_that_contradicts_itself_is_malformed_and_judged_no_further(payload) -> None:
    sent = Sent("iex-tops")
    assert len(sent(payload)) == 0
    assert sent.count("packets_malformed") == 1
    assert sent.feed.metrics.channels() == []


def test_messages_before_one_that_is_too_short_stand_and_the_rest_is_missing() -> None:
    sent = Sent("iex-tops")
    records = sent(tops(1, event("O"), event("S")[:-1], event("R")), tops(4, event("M")))
    assert kinds_of(records) == ["status", "gap", "status"]
    assert (records[1]["expected_seq"], records[1]["missing_count"]) == (2, 2)
    assert sent.count("packets_malformed") == 1
    sent.assert_every_packet_is_accounted_for()


def test_a_good_copy_fills_what_a_bad_one_left() -> None:
    sent = Sent("iex-tops")
    records = sent(
        tops(1, event("O"), event("S")[:-1]), tops(1, event("O"), event("S")), tops(3, event("R"))
    )
    assert [chr(state) for state in records["state"]] == ["O", "S", "R"]
    assert sent.count("gaps") == 0


def test_an_unknown_message_is_counted_and_has_its_number() -> None:
    sent = Sent("iex-tops")
    assert len(sent(tops(1, b"?", event()), tops(3, event()))) == 2
    assert (sent.count("messages_unknown"), sent.count("gaps")) == (1, 0)


def test_segments_of_another_protocol_are_not_this_feed_s() -> None:
    sent = Sent("iex-tops")
    records = sent(tops(1, event()), deep(900, event(), event()), deep(903), tops(2, event()))
    assert len(records) == 2
    assert (sent.count("messages_unknown"), sent.count("gaps")) == (2, 0)
    sent.assert_every_packet_is_accounted_for()


def test_both_versions_of_tops_are_understood() -> None:
    sent = Sent("iex-tops")
    trade = encode_message(
        "trade_report", sale_flags=0, timestamp_ns=7, symbol="A", size=1, price=2, trade_id=3
    )
    older = tops(1, trade + bytes(4), protocol=TOPS_1_5)
    records = sent(older, tops(2, trade))
    trades = records[records["kind"] == kinds.TRADE]
    assert trades["trade_id"].tolist() == [3, 3]


def test_channels_beyond_the_table_are_decoded_without_gap_detection() -> None:
    sent = Sent("iex-tops")
    records = sent(*(tops(1, event(), channel=channel) for channel in range(CHANNELS + 3)))
    assert len(records) == CHANNELS + 3
    assert sent.count("channels_refused") == 3
    sent.assert_every_packet_is_accounted_for()


def test_securities_beyond_the_table_are_refused_and_counted() -> None:
    sent = Sent("iex-deep", instruments=4)
    messages = [level("buy", 1, 1, symbol=chr(65 + place)) for place in range(6)]
    sent(deep(1, *messages))
    assert len(sent.feed.instruments) == 4
    assert sent.count("instruments_refused") == 3
    assert sent.count("packets_decoded") == 1


def test_packets_that_a_capture_cut_are_truncated_and_not_decoded() -> None:
    sent = Sent("iex-tops")
    payloads = [tops(1, event()), tops(2, event())]
    index = sent.index_of(payloads)
    index["orig_length"][0] += 1
    sent.packets = 2
    assert len(sent.process(payloads, index)) == 1
    assert sent.count("packets_truncated") == 1
    sent.assert_every_packet_is_accounted_for()


# DEEP's books


def test_a_best_bid_and_offer_comes_at_the_end_of_each_event() -> None:
    sent = Sent("iex-deep")
    records = sent(deep(1, level("buy", 99, 5), level("sell", 101, 6)))
    assert kinds_of(records) == ["instrument", "level", "bbo", "level", "bbo", "level", "bbo"]
    assert bbos(records) == [
        (UNDEF, UNDEF, UNDEF, UNDEF), (99, 5, UNDEF, UNDEF), (99, 5, 101, 6),
    ]  # fmt: skip
    assert not (records["flags"] & MAYBE_BAD_BOOK).any()


def test_a_book_in_transition_keeps_its_best_until_the_event_is_processed() -> None:
    """The best bid trades away and the next one takes its place: nobody sees it in between."""
    sent = Sent("iex-deep")
    sent(deep(1, level("buy", 99, 5), level("buy", 98, 7), level("sell", 101, 6)))
    records = sent(
        deep(
            4,
            level("buy", 99, 0, event_flags=0),
            level("buy", 98, 2, event_flags=0),
            level("sell", 101, 9),
        )
    )
    assert kinds_of(records) == ["level", "level", "level", "bbo"]
    assert [bool(flags & LAST) for flags in records["flags"]] == [False, False, True, True]
    assert bbos(records) == [(98, 2, 101, 9)]


def test_a_transition_ends_with_an_update_of_its_own_security_only() -> None:
    sent = Sent("iex-deep")
    sent(deep(1, level("buy", 99, 5), level("buy", 50, 1, symbol="B")))
    records = sent(
        deep(3, level("buy", 99, 6, event_flags=0), level("buy", 51, 1, symbol="B")),
        deep(5, level("buy", 98, 3, event_flags=0), level("buy", 97, 3)),
    )
    assert kinds_of(records) == ["level", "level", "bbo", "level", "level", "bbo"]
    assert bbos(records) == [(51, 1, UNDEF, UNDEF), (99, 6, UNDEF, UNDEF)]


def test_books_are_those_of_a_plain_dictionary() -> None:
    """Any updates of a few securities, in segments of any size."""
    chance = random.Random(5)
    sent = Sent("iex-deep", instruments=16)
    truth: dict[tuple[str, str], dict[int, int]] = {}
    seq = 1
    for _ in range(40):
        messages = []
        for _ in range(chance.randrange(1, 12)):
            name, symbol = chance.choice(["buy", "sell"]), chance.choice("ABC")
            price = chance.randrange(50) + (60 if name == "sell" else 0)
            size = chance.choice([0, 0, 1, 2, 300])
            truth.setdefault((symbol, name), {})[price] = size
            messages.append(
                level(name, price, size, symbol=symbol, event_flags=chance.randrange(2))
            )
        sent(deep(seq, *messages))
        seq += len(messages)
    for symbol in "ABC":
        sent(deep(seq, level("buy", 0, 0, symbol=symbol)))
        truth[symbol, "buy"][0] = 0
        seq += 1
        book = sent.feed.books[sent.feed.instruments.row(symbol).index]
        assert book.is_proven
        for name, side in (("buy", book.bids), ("sell", book.asks)):
            alive = {price: size for price, size in truth[symbol, name].items() if size}
            expected = sorted(alive.items(), reverse=name == "buy")
            assert [(int(price), int(size)) for price, size in side] == expected


def test_a_session_joined_late_proves_no_book() -> None:
    sent = Sent("iex-deep")
    records = sent(deep(700, level("buy", 99, 5)))
    assert kinds_of(records) == ["instrument", "level", "bbo"]
    assert (records[1:]["flags"] & MAYBE_BAD_BOOK).all()


def test_a_gap_leaves_every_book_of_its_channel_in_doubt() -> None:
    sent = Sent("iex-deep")
    sent(deep(1, level("buy", 99, 5)))
    records = sent(deep(5, level("buy", 99, 6), level("buy", 10, 1, symbol="NEW")))
    assert kinds_of(records) == ["gap", "level", "bbo", "instrument", "level", "bbo"]
    assert (records[records["kind"] == kinds.LEVEL]["flags"] & MAYBE_BAD_BOOK).all()


def test_a_gap_of_another_channel_leaves_books_alone() -> None:
    sent = Sent("iex-deep")
    sent(deep(1, level("buy", 99, 5)), deep(1, event(), channel=2), deep(9, event(), channel=2))
    (told, bbo) = sent(deep(2, level("buy", 99, 6)))
    assert not (told["flags"] | bbo["flags"]) & MAYBE_BAD_BOOK


def test_a_new_session_begins_with_empty_and_proven_books() -> None:
    sent = Sent("iex-deep")
    sent(deep(1, level("buy", 99, 5), level("sell", 101, 5)), deep(9, event()))
    records = sent(deep(1, level("buy", 97, 1), session=2, sent_ns=100))
    assert kinds_of(records) == ["reset", "level", "bbo", "level", "bbo"]
    assert bbos(records) == [(UNDEF,) * 4, (97, 1, UNDEF, UNDEF)]
    assert not (records["flags"] & MAYBE_BAD_BOOK).any()


def test_a_segment_that_is_done_again_after_a_kill_makes_the_same_records() -> None:
    chance = random.Random(3)
    payloads, seq = [], 1
    status = encode_message("trading_status", status="T", timestamp_ns=7, symbol="A", reason="T1")
    for place in range(30):
        names = chance.choices("ABC", k=chance.randrange(5))
        messages = [level("buy", chance.randrange(9), 9, symbol=name) for name in names]
        messages += [status, event()]
        seq += chance.choice([0, 0, 0, 2]) if place > 10 else 0
        payloads.append(deep(seq, *messages, session=1 + place // 20))
        seq = 1 if place == 19 else seq + len(messages)
    once, again = done_twice("iex-deep", payloads)
    assert once == again
    assert sum(map(len, once)) > 64 * 100


# A capture


@pytest.fixture(scope="module")
def payloads(captures: Path) -> list[bytes]:
    """Payloads of the capture of TOPS."""
    with gzip.open(captures / "iex" / "TOPS16.pcapng.gz") as file:
        return [
            bytes(dpkt.ethernet.Ethernet(frame).data.data.data)
            for _, frame in dpkt.pcap.UniversalReader(file)
        ]


@pytest.mark.slow
def test_every_record_of_a_capture_is_the_oracle_s(captures: Path, payloads) -> None:
    feed = OfflineFeed("iex-tops", instruments=8192)
    oracle = NaiveIex()
    batches = feed.read(captures / "iex" / "TOPS16.pcapng.gz")
    rows = [row for batch in batches for row in rows_of(batch)]
    times = iter(rows)
    expected = []
    for payload in payloads:
        made = oracle.packet(payload, 0)
        expected += made
    assert len(rows) == len(expected)
    for row, wanted in zip(times, expected, strict=True):
        assert row == type(wanted)(
            wanted.ts_event_ns, row.ts_recv_ns, *list(vars(wanted).values())[2:]
        )
    assert oracle.messages.total() == feed.metrics["messages"] == 57_674


def test_a_capture_decodes_to_its_known_counts(captures: Path) -> None:
    feed = OfflineFeed("iex-tops", instruments=8192)
    found: Counter[str] = Counter()
    for batch in feed.read(captures / "iex" / "TOPS16.pcapng.gz"):
        found.update(kinds_of(batch))
    assert found == {
        "quote": 27_217, "status": 7815, "instrument": 7799, "trade": 6390, "imbalance": 642,
        "indicative": 642, "trade_break": 3,
    }  # fmt: skip
    metrics = feed.metrics
    assert (metrics["packets_decoded"], metrics["packets_heartbeat"]) == (12_785, 237)
    for name in ("gaps", "resets", "packets_malformed", "messages_unknown", "instruments_refused"):
        assert metrics[name] == 0, name
    assert metrics.channels()[0]["expected_seq"] == 57_675


def packets_of(payloads) -> Packets:
    """Payloads that a test's sockets can send."""
    lengths = np.array([len(each) for each in payloads], np.int64)
    data = np.frombuffer(b"".join(payloads), np.uint8)
    return Packets(data, np.cumsum(lengths) - lengths, lengths, np.zeros_like(lengths))


def cut(messages, size: int) -> list[tuple[int, bytes]]:
    """Cut messages into segments of DEEP; each with its first number."""
    return [
        (at + 1, deep(at + 1, *messages[at : at + size])) for at in range(0, len(messages), size)
    ]


def test_two_lines_that_lose_different_segments_and_cut_them_differently_make_a_whole() -> None:
    chance = random.Random(9)
    messages = [
        level(chance.choice(["buy", "sell"]), chance.randrange(9), 5, symbol=chance.choice("ABC"))
        for _ in range(200)
    ]
    coarse, fine = cut(messages, 8), cut(messages, 3)
    lost = {seq for seq, _ in coarse if seq > 1 and chance.random() < 0.4}
    needed = {number for seq in lost for number in range(seq, seq + 8)}
    kept = [(seq, payload, 0) for seq, payload in coarse if seq not in lost]
    for seq, payload in fine:
        if needed & set(range(seq, seq + 3)) or chance.random() < 0.5:
            kept.append((seq + 2, payload, 1))
    assert lost
    assert len(kept) < len(coarse) + len(fine) - 20
    rig = Rig(wait_us=60_000_000, protocol="iex-deep")
    try:
        for _, payload, source in sorted(kept):
            rig.send(packets_of([payload]), source)
            assert rig.turn() == OK
        records = rig.memory.records[: rig.memory.record_ring.published].copy()
        metrics = rig.memory.metrics
        assert metrics["gaps"] == metrics["packets_missing"] == metrics["packets_held"] == 0
        assert metrics["messages"] == 200
    finally:
        rig.close()
    expected = Sent("iex-deep")(*(payload for _, payload in cut(messages, 50)))
    assert comparable(records).tobytes() == comparable(expected).tobytes()


def test_lies_in_segments_are_counted_and_none_is_lost() -> None:
    chance = random.Random(7)
    sent = Sent("iex-deep")
    seq = 1
    for _ in range(300):
        count = chance.randrange(4)
        payload = bytearray(
            deep(seq, *(level("buy", 9, 9, symbol=chance.choice("ABCD")) for _ in range(count)))
        )
        seq += count
        if chance.randrange(4) == 0:
            payload[chance.randrange(len(payload))] = chance.randrange(256)
        if chance.randrange(8) == 0:
            payload = payload[: chance.randrange(len(payload) + 1)]
        sent(bytes(payload))
    sent.assert_every_packet_is_accounted_for()
    assert sent.count("packets_malformed") > 10


def test_times_are_those_of_the_packets() -> None:
    sent = Sent("iex-tops")
    records = sent(tops(1, event(timestamp_ns=123)))
    assert (records["ts_event_ns"][0], records["ts_recv_ns"][0]) == (123, OPENS_NS)
