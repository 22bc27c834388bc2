"""Whatever comes in, the worker counts it and lives: same process, same epoch, nobody degraded."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.runtime.live import CAUSES, Live, Packeteer, make_config, until
from tests.unit.runtime.venue_packets import Packets, of_the_venue

__all__: list[str] = []

pytestmark = pytest.mark.compiled

CHUNK_BYTES = 2048


@pytest.fixture
def rig(tmp_path):
    """A running feed, an attached process and a sender."""
    config = make_config(chunk_bytes=CHUNK_BYTES)
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        Packeteer(feed, config) as sender,
    ):
        worker = feed.status()["worker_pid"]
        yield feed, sender
        sender.drain()
        metrics = feed.metrics
        until(
            lambda: sum(metrics[f"packets_{cause}"] for cause in CAUSES) == sender.sent,
            "every packet is accounted for",
        )
        assert feed.status()["worker_pid"] == worker
        assert feed.epoch == 1
        assert feed.metrics["packets_dropped_kernel"] == 0


def payloads(count: int, seed: int) -> list[bytes]:
    packets = of_the_venue(count, seed)
    return [packets.payload(k) for k in range(len(packets))]


def test_packets_cut_at_every_length_are_counted(rig) -> None:
    feed, sender = rig
    whole = payloads(40, 1)
    cut = [whole[-1][:length] for length in range(len(whole[-1]))]
    sender.send_bytes(cut)
    sender.drain()
    # A cut packet that ends between two messages, or as its bare header, contradicts itself too:
    # its header names the length.
    assert feed.metrics["packets_decoded"] == 0
    assert feed.metrics["packets_malformed"] + feed.metrics["packets_heartbeat"] == len(cut)


def test_packets_longer_than_a_chunk_are_truncated_and_not_decoded(rig) -> None:
    feed, sender = rig
    base = payloads(5, 2)[0]
    long = [base + bytes(extra) for extra in (CHUNK_BYTES, CHUNK_BYTES + 1, 9000, 60_000)]
    sender.send_bytes(long)
    sender.drain()
    until(lambda: feed.metrics["packets_truncated"] == len(long), "they were counted")


def test_random_packets_are_malformed(rig) -> None:
    feed, sender = rig
    random = np.random.default_rng(3)
    sender.send_bytes([random.bytes(int(random.integers(0, 1472))) for _ in range(3000)])
    sender.drain()
    until(lambda: feed.metrics["packets_malformed"] > 2900, "they were counted")


@pytest.mark.parametrize("flips", [1, 8, 64])
def test_packets_with_flipped_bits_do_no_harm(rig, flips: int) -> None:
    _, sender = rig
    random = np.random.default_rng(flips)
    packets = of_the_venue(3000, 4)
    data = packets.data.copy()
    for _ in range(flips):
        places = packets.offsets + random.integers(0, packets.lengths)
        data[places] ^= (1 << random.integers(0, 8, len(packets))).astype(np.uint8)
    sender.send(Packets(data, packets.offsets, packets.lengths, packets.channels))


def test_what_follows_bad_packets_is_decoded(rig) -> None:
    feed, sender = rig
    random = np.random.default_rng(5)
    good = payloads(200, 5)
    sender.send_bytes([random.bytes(100) for _ in range(200)])
    sender.drain()
    before = feed.metrics["packets_decoded"]
    sender.send_bytes(good)
    sender.drain()
    until(lambda: feed.metrics["packets_decoded"] - before >= len(good) - 20, "most are decoded")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_hundred_thousand_damaged_packets_do_no_harm(rig) -> None:
    _, sender = rig
    random = np.random.default_rng(6)
    packets = of_the_venue(20_000, 6)
    for _ in range(5):
        data = packets.data.copy()
        for _ in range(int(random.integers(1, 20))):
            places = packets.offsets + random.integers(0, packets.lengths)
            data[places] = random.integers(0, 256, len(packets), np.uint8)
        sender.send(Packets(data, packets.offsets, packets.lengths, packets.channels))
