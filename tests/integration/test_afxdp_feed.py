"""A whole feed by AF_XDP, between two private networks: what the stack never sees, decoded all the same.

The feed, its worker and its readers are in one network; the venue's packets come by cable from the
other. What readers saw is compared, byte for byte, with what the same packets decode to without a
feed.
"""

from __future__ import annotations

import os
import signal
import statistics
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from tests.fault.killer import Killer
from tests.fault.recording import Recording
from tests.unit.children import Child
from tests.unit.runtime.live import CAUSES, Live, Packeteer, make_config, until
from tests.unit.runtime.venue_packets import comparable, decode, joined, of_the_venue
from tests.unit.wire.xdp.rig import command
from zerofeed.apps.demo_network import FEED_SIDE, VENUE_SIDE, PrivateNetworks
from zerofeed.base.errors import ReceiverError
from zerofeed.records import kinds
from zerofeed.runtime.config import AfxdpSection, FeedConfig, Source
from zerofeed.runtime.supervisor import Supervisor
from zerofeed.wire.batch_sender import BatchSender, pack_destination
from zerofeed.wire.udp import UdpReceiver

__all__: list[str] = []

pytestmark = [
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.compiled,
    pytest.mark.timeout(180),
]

GROUP = "239.111.111.1"
PORT = 6100
PACKETS_A_KILL = 700


@pytest.fixture
def networks() -> Iterator[PrivateNetworks]:
    with PrivateNetworks() as made:
        yield made


def config_of(receiver: str = "afxdp", *, idle: str = "sleep", interface: str = FEED_SIDE,
              **options) -> FeedConfig:  # fmt: skip
    """A small feed on the cable."""
    afxdp = AfxdpSection(chunks_per_queue=options.pop("chunks_per_queue", 4096))
    source = Source(group=GROUP, port=PORT, interface=interface)
    config = make_config(source=source, **options)
    return msgspec.structs.replace(
        config,
        feed=msgspec.structs.replace(config.feed, receiver=receiver),
        worker=msgspec.structs.replace(config.worker, idle=idle),
        afxdp=afxdp,
    )


class Venue(Packeteer):
    """Sends from the other network, never more at a time than the cable holds.

    Args:
        feed: attached; its counters say what was taken.
        networks: both.
    """

    def __init__(self, feed, networks: PrivateNetworks) -> None:
        self._metrics = feed.metrics
        self._destination = pack_destination(GROUP, PORT)
        self.window = 192  # an end of a veth pair queues 256 packets, and drops what is more
        with networks.at_the_venue():
            self._sender = BatchSender(interface=VENUE_SIDE)
        self.sent = 0


def has_program(interface: str = FEED_SIDE) -> bool:
    return "prog/xdp" in command(f"ip -details link show dev {interface}")


def assert_all_is_accounted_for(feed, sent: int) -> None:
    metrics = feed.metrics
    assert metrics["packets_received"] + metrics["packets_dropped_kernel"] == sent
    accounted = sum(metrics[f"packets_{cause}"] for cause in CAUSES)
    assert accounted == metrics["packets_received"]
    assert metrics["records_published"] == feed.published


def settle(feed, venue: Packeteer) -> None:
    """Wait until all that was sent is published, and counted."""
    until(lambda: venue.taken() == venue.sent, "everything was taken or counted as dropped")
    feed.reader().close()  # the worker answers between two turns
    until(lambda: feed.metrics["records_published"] == feed.published, "the last is published")


@pytest.mark.parametrize("idle", ["sleep", "spin"])
def test_what_readers_get_is_what_the_packets_decode_to(
    tmp_path, networks: PrivateNetworks, idle: str
) -> None:
    packets = of_the_venue(3_000)
    expected = decode(packets)
    parts: list[np.ndarray] = []
    payloads: list[bytes] = []
    with (
        Live(config_of(idle=idle), tmp_path / "log") as live,
        live.attach() as feed,
        feed.reader("lossless", start="oldest") as reader,
        feed.frames("lossless", start="oldest") as frames,
        Venue(feed, networks) as venue,
    ):
        arena = feed.memory.arena
        begin, end = arena.ctypes.data, arena.ctypes.data + arena.nbytes

        def take() -> bool:
            while (batch := reader.poll()).size:
                parts.append(reader.copy(batch))
            while (batch := frames.poll()).size:
                for frame in batch:
                    view = feed.payload(frame)
                    assert begin <= view.ctypes.data
                    assert view.ctypes.data + view.nbytes <= end
                    assert not view.flags.writeable
                    payloads.append(view.tobytes())
            return True

        venue.send(packets, take)
        until(lambda: take() and venue.taken() == venue.sent, "everything was taken")
        until(lambda: take() and feed.metrics["records_published"] == reader.position, "all read")
        assert (reader.lost, frames.lost) == (0, 0)
        assert feed.metrics["packets_dropped_kernel"] == 0
        assert_all_is_accounted_for(feed, len(packets))
        assert f"AF_XDP on {FEED_SIDE}, native (one copy" in feed.description.receiver
        # A packet that says nothing new makes no record, and is not measured.
        measured = feed.metrics.latency("wire_to_record")["count"]
        assert 0.9 * len(packets) < measured <= len(packets)
        live.stop()
    assert payloads == [packets.payload(k) for k in range(len(packets))]
    assert comparable(joined(parts)).tobytes() == comparable(expected).tobytes()


def test_left_to_choose_a_feed_takes_a_driver_and_no_loopback(
    tmp_path, networks: PrivateNetworks
) -> None:
    with Live(config_of("auto"), tmp_path / "cable") as live:
        (line,) = [line for line in live.lines() if "receiving by" in line]
        assert line.startswith(f"receiving by AF_XDP on {FEED_SIDE}, 1 queue, native")
        assert "other programs on this machine no longer get these packets" in line
        assert has_program()
        live.stop()
    command("ip link set lo multicast on")
    with Live(config_of("auto", interface="lo"), tmp_path / "loopback") as live:
        (line,) = [line for line in live.lines() if "receiving by" in line]
        assert line == (
            "receiving by UDP sockets; not by AF_XDP, because the loopback interface has no driver"
        )
        assert not has_program("lo")
        live.stop()


@pytest.mark.parametrize(("seed", "idle"), [(1, "sleep"), (2, "spin")])
def test_a_worker_killed_under_load_leaves_no_trace_in_the_stream(
    tmp_path, networks: PrivateNetworks, seed: int, idle: str, record_testsuite_property
) -> None:
    kills = 20
    packets = of_the_venue(kills * PACKETS_A_KILL, seed=seed)
    expected = decode(packets)
    recording = Recording(len(expected) + kills + 8)
    with (
        Live(config_of(idle=idle), tmp_path / "log") as live,
        live.attach() as feed,
        Child(recording.reader_of(live.name, "lossless")) as other,
        Venue(feed, networks) as venue,
    ):
        until(recording.is_reading, "the reader is there")
        killer = Killer(feed, seed, kills, len(packets))
        venue.send(packets, killer.look)

        def is_over() -> bool:
            killer.look()
            return killer.is_done

        until(is_over, "all kills were made")
        settle(feed, venue)
        recording.ask_to_end(feed.published)
        report = other.result()
        assert feed.epoch == kills + 1
        assert feed.metrics["packets_dropped_kernel"] == 0
        assert_all_is_accounted_for(feed, len(packets))
        published = feed.published
        assert has_program()
        live.stop()
    assert not has_program()
    assert (report["lost"], report["mode"]) == (0, "lossless")
    assert report["disordered"] == report["repeated"] == 0
    seen = recording.seen()
    assert np.array_equal(seen["seq"], np.arange(published))
    epochs = seen[seen["kind"] == kinds.EPOCH]["epoch"]
    assert (np.diff(epochs) > 0).all()
    assert comparable(seen).tobytes() == comparable(expected).tobytes()
    record_testsuite_property(f"afxdp_restart_ms_p50_{idle}", statistics.median(killer.restarts_ms))


def test_what_a_stopped_worker_cannot_take_is_counted_to_the_packet(
    tmp_path, networks: PrivateNetworks
) -> None:
    """The kernel drops what no chunk is left for; sent = received + dropped all the same."""
    packets = of_the_venue(3_000)
    with (
        Live(config_of(chunks_per_queue=256), tmp_path / "log") as live,
        live.attach() as feed,
        Venue(feed, networks) as venue,
    ):
        worker = feed.status()["worker_pid"]
        os.kill(worker, signal.SIGSTOP)
        for first in range(0, len(packets), 64):
            venue.burst(packets.chosen(slice(first, first + 64)))
        os.kill(worker, signal.SIGCONT)
        settle(feed, venue)
        assert feed.metrics["packets_dropped_kernel"] > 1_000
        assert feed.metrics["packets_received"] >= 128
        assert_all_is_accounted_for(feed, len(packets))


def test_the_end_of_a_feed_leaves_no_program_however_it_comes(
    tmp_path, networks: PrivateNetworks
) -> None:
    for end in ("in order", "killed"):
        with Live(config_of(), tmp_path / end) as live, live.attach() as feed:
            assert has_program()
            live.stop() if end == "in order" else live.child.kill()
            assert not feed.is_alive()
        until(lambda: not has_program(), "the interface is free")


def test_an_interface_has_one_feed_and_the_second_is_told(
    tmp_path, networks: PrivateNetworks
) -> None:
    with Live(config_of(), tmp_path / "first") as first, first.attach() as feed:
        with pytest.raises(ReceiverError, match="has an XDP program already") as caught:
            Supervisor(config_of(), print)
        assert f"EBUSY; held by process {first.supervisor_pid} (" in str(caught.value.got)
        assert "one feed can have an interface" in str(caught.value.next_step)
        assert "Traceback" not in str(caught.value)

        lines: list[str] = []
        second = Supervisor(config_of("auto"), lines.append)
        try:
            assert [type(receiver) for receiver in second.receivers] == [UdpReceiver]
            (line,) = [line for line in lines if line.startswith("receiving by")]
            assert "receiving by UDP sockets; not by AF_XDP" in line
            assert "EBUSY" in line
            assert "may take packets away from these sockets" in line
            # And so it is: the first has them, these sockets do not.
            packets = of_the_venue(64)
            with Venue(feed, networks) as venue:
                venue.send(packets)
                settle(feed, venue)
            assert_all_is_accounted_for(feed, len(packets))
            with pytest.raises(BlockingIOError):
                os.read(second.receivers[0].filenos()[0], 64)
        finally:
            second.close()
        assert has_program()
