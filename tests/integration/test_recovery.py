"""Two lines that lose packets, and somebody to ask: every message is delivered once, in order, or told as lost."""

from __future__ import annotations

import random

import msgspec
import numpy as np
import pytest

from tests.unit.runtime.live import LOCAL, Live, free_port, make_config, until
from zerofeed.codecs.framing.mold import encode_packet
from zerofeed.codecs.itch.encoder import encode_message
from zerofeed.mock.rerequest import RerequestServer
from zerofeed.records import kinds
from zerofeed.runtime.config import ArbitrationSection, FeedConfig, Source
from zerofeed.wire.batch_sender import BatchSender, Payloads, pack_destination
from zerofeed.wire.faulty_lines import LineFaults, plan_lines

__all__: list[str] = []

pytestmark = [pytest.mark.compiled, pytest.mark.slow, pytest.mark.timeout(120)]

SESSION = "20190130A"
PACKETS = 4_000
CAUSES = ("decoded", "stale", "heartbeat", "malformed", "truncated", "held")


def packets_of(count: int) -> tuple[list[bytes], list[list[bytes]]]:
    """Packets of one to three messages; each adds an order whose number is that of the message."""
    choose = random.Random(11)
    packets, contents, seq = [], [], 1
    for _ in range(count):
        messages = [
            encode_message(
                "A", stock_locate=1, timestamp_ns=10**12 + number, order_reference_number=number,
                buy_sell_indicator="B", shares=100, stock="ZFEED", price=10_000,
            )
            for number in range(seq, seq + choose.randint(1, 3))
        ]  # fmt: skip
        packets.append(encode_packet(SESSION, seq, messages))
        contents.append(messages)
        seq += len(messages)
    return packets, contents


def config_of(server: RerequestServer | None, wait_ms: int) -> FeedConfig:
    base = make_config(records=1 << 16, frames=4096)
    lines = [Source(LOCAL, free_port(), buffer_bytes=4 << 20) for _ in range(2)]
    replay = [] if server is None else [
        Source(role="replay", asks=f"127.0.0.1:{server.port}", buffer_bytes=4 << 20)
    ]  # fmt: skip
    return msgspec.structs.replace(
        base,
        feed=msgspec.structs.replace(base.feed, protocol="itch50-mold"),
        source=[*lines, *replay],
        arbitration=ArbitrationSection(wait_us=wait_ms * 1000),
    )


def send(config: FeedConfig, packets: list[bytes], faults: list[LineFaults], seed: int):
    """Send packets by both lines, 20,000 a second each; what each line did."""
    lengths = np.array([len(packet) for packet in packets])
    offsets = np.cumsum([0, *lengths[:-1]])
    schedule = plan_lines(np.arange(len(packets)) * 50_000, lengths, faults, seed)
    to = [pack_destination(LOCAL, source.port or 0) for source in config.source[:2]]
    payloads = Payloads(
        np.frombuffer(b"".join(packets), np.uint8), offsets[schedule.packet],
        lengths[schedule.packet], np.concatenate(to)[schedule.line],
    )  # fmt: skip
    from zerofeed.wire.sender import send_due

    with BatchSender() as sender:
        send_due(payloads, schedule.due_ns, sender)
    return schedule


def taken(reader, feed) -> np.ndarray:
    """Every record until all that is published was read."""
    parts = []
    until(lambda: feed.metrics["packets_held"] == 0, "nothing waits any more")
    while reader.position < feed.published:
        parts.append(reader.copy(reader.poll()))
    assert reader.lost == 0
    return np.concatenate(parts)


def orders_of(records) -> list[int]:
    """The orders that were added."""
    is_added = (records["kind"] == kinds.ORDER) & (records["action"] == kinds.ACTION_ADD)
    return records[is_added]["order_id"].tolist()


def assert_counted(feed) -> None:
    metrics = feed.metrics
    assert metrics["packets_received"] == sum(metrics[f"packets_{cause}"] for cause in CAUSES)
    (channel,) = metrics.channels()
    assert channel["missing"] == metrics["packets_missing"]


def test_with_one_percent_lost_on_each_line_and_a_server_every_message_is_there_once(
    tmp_path,
) -> None:
    packets, contents = packets_of(PACKETS)
    total = sum(len(each) for each in contents)
    with RerequestServer(drop=0.2, seed=4) as server:
        seq = 1
        for messages in contents:
            server.add(SESSION, seq, messages)
            seq += len(messages)
        config = config_of(server, 5_000)
        with (
            Live(config, tmp_path / "log") as live,
            live.attach() as feed,
            feed.reader("lossless", start="oldest") as reader,
        ):
            lossy = LineFaults(drop=0.05, duplicate=0.01, reorder=0.01)
            schedule = send(
                config, [*packets, encode_packet(SESSION, total + 1)], [lossy, lossy], 9
            )
            until(lambda: feed.metrics.channels()[0]["expected_seq"] == total + 1, "all came")
            records = taken(reader, feed)
            lines = live.lines()
            assert_counted(feed)
            assert feed.metrics["gaps"] == 0
            lost_by_both = schedule.lost_by_all
            assert lost_by_both.size > 0, "otherwise there is nothing to ask for"
            recovered = records[records["kind"] == kinds.RECOVERED]
            assert recovered["missing_count"].sum() == feed.metrics["numbers_recovered"]
            assert feed.metrics["numbers_recovered"] >= sum(
                len(contents[n]) for n in lost_by_both.tolist() if n < PACKETS
            )
            live.stop()
    assert orders_of(records) == list(range(1, total + 1))
    assert not np.isin(records["kind"], (kinds.GAP, kinds.RESET)).any()
    assert any("asked for" in line for line in lines)
    assert any(" 0 lost, after" in line for line in lines)


def test_what_both_lines_lose_and_nobody_has_is_exactly_what_is_told_as_lost(tmp_path) -> None:
    packets, contents = packets_of(PACKETS)
    total = sum(len(each) for each in contents)
    config = config_of(None, 20)
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        feed.reader("lossless", start="oldest") as reader,
    ):
        lossy = LineFaults(drop=0.05)
        schedule = send(config, [*packets, encode_packet(SESSION, total + 1)], [lossy, lossy], 21)
        until(lambda: feed.metrics.channels()[0]["expected_seq"] == total + 1, "all came")
        records = taken(reader, feed)
        assert_counted(feed)
        until(lambda: any(" lost in " in line for line in live.lines()), "it is told")
        live.stop()
    gone = [n for n in schedule.lost_by_all.tolist() if 0 < n < PACKETS]
    firsts = np.cumsum([1, *(len(each) for each in contents)])
    missing = {number for n in gone for number in range(firsts[n], firsts[n + 1])}
    gaps = records[records["kind"] == kinds.GAP]
    told = {
        number
        for gap in gaps
        for number in range(int(gap["expected_seq"]), int(gap["received_seq"]))
    }
    assert told == missing
    orders = orders_of(records)
    first = orders[0]
    assert orders == [n for n in range(first, total + 1) if n not in missing]
