"""A feed of ITCH loses and doubles nothing when its worker is killed, from packets and from a file."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.fault.killer import Killer
from tests.fault.recording import Recording
from tests.unit.children import Child
from tests.unit.runtime.itch_frames import ARRIVAL_NS
from tests.unit.runtime.live import Live, make_config, until
from tests.unit.runtime.order_messages import OrderFlow
from zerofeed.codecs.framing.blocks import encode_blocks
from zerofeed.codecs.framing.mold import encode_packet
from zerofeed.codecs.itch.encoder import encode_message
from zerofeed.feed.attach import BookTop
from zerofeed.records import kinds
from zerofeed.records.flags import BAD_TS_RECV
from zerofeed.runtime.config import FeedConfig, Source
from zerofeed.runtime.offline import OfflineFeed
from zerofeed.wire.pcap_write import CaptureWriter

__all__: list[str] = []

pytestmark = [pytest.mark.compiled, pytest.mark.slow, pytest.mark.timeout(180)]

DAY = date(2019, 1, 30)
ENDS = ((0x7F000001, 5000), (0xEF6F6F01, 6100))


def stream(count: int, seed: int) -> list[bytes]:
    """Make messages of a hundred stocks: adds, executions, cancels, replacements."""
    choose = random.Random(seed)
    made = []
    for number in range(count):
        head = {"stock_locate": choose.randint(1, 100), "timestamp_ns": 10**12 + 1000 * number}
        kind = choose.choice("AAAADDEUX")
        if kind == "A":
            values = {"order_reference_number": number, "buy_sell_indicator": choose.choice("BS"),
                      "shares": 100, "stock": f"S{head['stock_locate']}", "price": 10_000}  # fmt: skip
        elif kind == "E":
            values = {"order_reference_number": 1, "executed_shares": 1, "match_number": number}
        elif kind == "U":
            values = {"original_order_reference_number": 1, "new_order_reference_number": number,
                      "shares": 5, "price": 9_000}  # fmt: skip
        elif kind == "X":
            values = {"order_reference_number": number, "cancelled_shares": 1}
        else:
            values = {"order_reference_number": number}
        made.append(encode_message(kind, **head, **values))
    return made


def packets_of(path: Path, messages: list[bytes]) -> int:
    """Write messages as a capture of packets, some of them twice, some missing; how many packets."""
    choose, seq, sent = random.Random(1), 1, 0
    with path.open("wb") as file, CaptureWriter(file) as writer:
        while seq <= len(messages):
            count = choose.randint(1, 30)
            packet = encode_packet("S", seq, messages[seq - 1 : seq - 1 + count])
            for _ in range(choose.choice([1, 1, 1, 1, 0, 2])):
                writer.write_udp(ARRIVAL_NS + sent, packet, source=ENDS[0], destination=ENDS[1])
                sent += 1
            seq += count
    return sent


def config_of(protocol: str, source: Source, **memory: int) -> FeedConfig:
    config = make_config(source=source, records=1 << 13, patience_ms=None, wait_for=1, **memory)
    return msgspec.structs.replace(
        config, feed=msgspec.structs.replace(config.feed, protocol=protocol)
    )


def played(
    config: FeedConfig,
    tmp_path: Path,
    frames: int,
    most: int,
    kills: int,
    tops: list[BookTop] | None = None,
) -> np.ndarray:
    """Play a feed's source to its end; what a lossless reader has seen of the venue, and books if asked."""
    recording = Recording(most + kills + 8)
    with Live(config, tmp_path / "log") as live, live.attach() as feed:
        killer = Killer(feed, 7, kills, frames) if kills else None
        with Child(recording.reader_of(live.name, "lossless")) as other:

            def is_over() -> bool:
                if killer is not None:
                    killer.look()
                    if not killer.is_done:
                        return False
                return feed.metrics["packets_received"] == frames

            until(is_over, "all packets were taken", patience_s=60.0)
            feed.reader().close()
            until(lambda: feed.metrics["records_published"] == feed.published, "all is published")
            recording.ask_to_end(feed.published)
            report = other.result()
        if tops is not None:
            tops += [feed.latest(each.symbol) for each in feed.instruments]
        assert (report["lost"], report["disordered"], report["repeated"]) == (0, 0, 0)
    seen = recording.seen()
    return seen[seen["kind"] != kinds.EPOCH]


def words_of(records: np.ndarray) -> np.ndarray:
    """All words of records but their numbers."""
    return np.ascontiguousarray(records).view(np.int64).reshape(-1, 8)[:, 1:]


def test_workers_killed_over_packets_leave_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "itch.pcap"
    frames = packets_of(path, stream(30_000, 3))
    offline = OfflineFeed("itch50-mold", instruments=512)
    expected = [words_of(batch.copy()) for batch in offline.read(path)]
    assert offline.metrics["gaps"] > 10
    source = Source(capture=str(path), speed="max")
    most = sum(len(each) for each in expected)
    seen = played(config_of("itch50-mold", source), tmp_path, frames, most, kills=4)
    assert np.array_equal(words_of(seen), np.concatenate(expected))


def test_workers_killed_over_books_of_orders_leave_no_trace(tmp_path: Path) -> None:
    """Every record, filled in and best prices among them, is the one of a decoder that never died."""
    path, flow = tmp_path / "orders.pcap", OrderFlow("itch50-mold", seed=8)
    packets = flow.packets(6_000)
    with path.open("wb") as file, CaptureWriter(file) as writer:
        for sent, packet in enumerate(packets):
            writer.write_udp(ARRIVAL_NS + sent, packet, source=ENDS[0], destination=ENDS[1])
    offline = OfflineFeed("itch50-mold", instruments=512, orders=1 << 12)
    expected = np.concatenate([words_of(batch.copy()) for batch in offline.read(path)])
    assert offline.books.live_orders == len(flow.naive.orders)
    config = config_of("itch50-mold", Source(capture=str(path), speed="max"), orders=1 << 12)
    tops: list[BookTop] = []
    seen = played(config, tmp_path, len(packets), len(expected), kills=6, tops=tops)
    assert np.array_equal(words_of(seen), expected)
    assert len(tops) > 3
    for top in tops:
        stock = int(top.symbol.removeprefix("S"))
        assert top.doubts == []
        for side, levels, counts in (
            ("B", top.bids, top.bid_orders),
            ("A", top.asks, top.ask_orders),
        ):
            shown = [(int(p * 10_000), int(s), n) for (p, s), n in zip(levels, counts, strict=True)]
            assert shown == flow.naive.levels(stock, side)[:20]


def test_a_file_of_a_day_is_played_as_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "day.itch"
    path.write_bytes(encode_blocks(stream(20_000, 4)) + b"\0\0")
    offline = OfflineFeed("itch50", day=DAY, instruments=512)
    expected = np.concatenate([words_of(batch.copy()) for batch in offline.read(path)])
    source = Source(capture=str(path), speed="max", day=DAY)
    frames = offline.metrics["packets_received"]
    seen = played(config_of("itch50", source), tmp_path, frames, len(expected), kills=2)
    assert (seen["flags"] & BAD_TS_RECV).all()
    assert (seen["ts_recv_ns"] > ARRIVAL_NS).all()
    words, head = words_of(seen).copy(), 2
    words[:, head] &= ~(BAD_TS_RECV << 56)
    words[:, 1], expected[:, 1] = 0, 0
    assert np.array_equal(words, expected)
