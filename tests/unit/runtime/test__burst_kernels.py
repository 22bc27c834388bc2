"""One call receives what is there, makes records of it, publishes them, and says why it returned."""

from __future__ import annotations

import socket

import numpy as np
import pytest

from tests.unit.runtime.live import LOCAL
from tests.unit.runtime.rig import BURST, Rig
from tests.unit.runtime.venue_packets import comparable, decode, of_the_venue
from tests.unit.wire.xdp.kernel_side import KernelSide
from zerofeed.base.status import OK, WOULD_BLOCK
from zerofeed.feed.members import degrade, dismiss
from zerofeed.runtime import _burst_kernels as burst
from zerofeed.shm import _ring_kernels as k
from zerofeed.wire._arrival_kernels import CUT_FLAG
from zerofeed.wire.receiver import AF_XDP
from zerofeed.wire.xdp.flows import Flow
from zerofeed.wire.xdp.layout import ArenaPlan
from zerofeed.wire.xdp.source import XdpArrays

__all__: list[str] = []

pytestmark = pytest.mark.compiled


@pytest.fixture
def rig():
    made = Rig()
    yield made
    made.close()


def test_nothing_there_is_nothing_done(rig: Rig) -> None:
    assert rig.turn() == OK
    assert rig.report[burst.TAKEN] == 0
    assert rig.memory.record_ring.published == rig.memory.frame_ring.published == 0


def test_one_call_takes_everything_that_is_there(rig: Rig) -> None:
    packets = of_the_venue(100)
    rig.send(packets)
    assert rig.turn() == OK
    assert rig.report[burst.TAKEN] == len(packets)
    assert rig.memory.frame_ring.published == len(packets)
    records = rig.memory.records[: rig.memory.record_ring.published]
    assert comparable(records).tobytes() == comparable(decode(packets)).tobytes()


def test_frames_hold_the_packets_as_they_came(rig: Rig) -> None:
    packets = of_the_venue(40)
    rig.send(packets)
    rig.turn()
    for number in range(len(packets)):
        frame = rig.memory.frames[number]
        at = int(frame["offset"])
        data = rig.memory.arena[at : at + int(frame["length"])].tobytes()
        assert data == packets.payload(number)
        assert (frame["seq"], frame["channel"], frame["flags"]) == (number, 0, 0)
        assert frame["ts_recv_ns"] > 0


def test_frames_say_which_socket_they_came_from(rig: Rig) -> None:
    packets = of_the_venue(8)
    rig.send(packets.chosen(slice(0, 4)), source=0)
    rig.send(packets.chosen(slice(4, 8)), source=1)
    rig.turn()
    assert rig.memory.metrics["packets_received"] == 8
    assert sorted(rig.memory.frames["channel"][:8].tolist()) == [0] * 4 + [1] * 4


def test_a_packet_longer_than_a_chunk_is_marked_and_counted(rig: Rig) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.sendto(bytes(5000), (LOCAL, rig.receivers[0].port))
    rig.turn()
    frame = rig.memory.frames[0]
    assert (frame["flags"], frame["length"]) == (CUT_FLAG, 2048)
    assert rig.memory.metrics["packets_truncated"] == 1


def test_the_boss_is_heard(rig: Rig) -> None:
    rig.boss.send(b"come")
    assert rig.turn() == OK
    assert rig.report[burst.HAS_ORDERS] == 1
    rig.orders.recv(16)
    rig.turn()
    assert rig.report[burst.HAS_ORDERS] == 0


def test_the_boss_is_heard_in_the_shortest_turn_of_a_busy_af_xdp_worker(rig: Rig) -> None:
    side = KernelSide(ArenaPlan(slots=128, chunks_per_queue=64), [Flow("239.1.1.1", 1000)])
    rig.stage._xdp_arrays = XdpArrays(*side.tables, side.flows)
    rig.stage._ports = np.array([[AF_XDP, 0, 0, 0, 0, -1]], np.int64)
    rig.boss.send(b"come")
    assert rig.stage.turn(0, 0) == OK
    assert rig.report[burst.HAS_ORDERS] == 1


@pytest.fixture
def short():
    """A rig whose ring is soon full."""
    made = Rig(records=1 << 10)
    yield made
    made.close()


def test_a_lossless_reader_in_the_way_stops_it_and_nothing_is_lost(short: Rig) -> None:
    packets = of_the_venue(600)
    member = short.enlist("lossless")
    short.send(packets)
    assert short.turn() == WOULD_BLOCK
    assert short.report[burst.BLOCKED_ON] == burst.RECORDS
    ring, words = short.memory.record_ring, member.page.words
    seen = []
    while short.memory.metrics["packets_received"] < len(packets):
        position, end = int(words[k.POSITION]), ring.published
        assert end - position <= ring.capacity
        seen.append(short.memory.records[np.arange(position, end) % ring.capacity].copy())
        words[k.POSITION] = end
        short.turn()
    numbers = np.concatenate([part["seq"] for part in seen])
    assert np.array_equal(numbers, np.arange(len(numbers)))
    assert short.memory.metrics["packets_decoded"] == len(packets)


@pytest.mark.parametrize("end", [degrade, dismiss])
def test_it_goes_on_once_the_reader_in_the_way_is_lossy_or_gone(short: Rig, end) -> None:
    packets = of_the_venue(600)
    member = short.enlist("lossless")
    short.send(packets)
    while short.turn() != WOULD_BLOCK:
        pass
    end(short.memory.record_ring, member.slot)
    for _ in range(100):
        short.turn()
    assert short.memory.metrics["packets_received"] == len(packets)


def test_readers_are_woken_for_what_a_blocked_turn_left(short: Rig) -> None:
    blocker, sleeper = short.enlist("lossless"), short.enlist("lossy")
    short.send(of_the_venue(600))
    while short.turn() != WOULD_BLOCK:
        pass
    for receiver in short.receivers:
        receiver.socket.setblocking(False)
        while True:
            try:
                receiver.socket.recv(1)
            except BlockingIOError:
                break
    words = sleeper.page.words
    words[k.SLEEPS_ON] = k.BELL
    words[k.WAITING] = 2 * short.memory.record_ring.published + 1
    dismiss(short.memory.record_ring, blocker.slot)
    short.turn()
    assert sleeper.bell[1].recv(16, socket.MSG_DONTWAIT)


def test_a_lossless_reader_of_frames_can_be_in_the_way_too(rig: Rig) -> None:
    packets = of_the_venue(600)
    member = rig.enlist("lossless", "frames")
    rig.send(packets)
    assert rig.turn() == WOULD_BLOCK
    assert rig.report[burst.BLOCKED_ON] == burst.FRAMES
    member.page.words[k.POSITION] = rig.memory.frame_ring.published
    rig.turn()
    rig.turn()
    assert rig.memory.metrics["packets_received"] == len(packets)


def test_a_turn_ends_when_its_time_is_over(rig: Rig) -> None:
    packets = of_the_venue(200)
    rig.send(packets)
    rig.stage.turn(0, 0)
    # One look at the sockets is one burst.
    assert rig.report[burst.TAKEN] == BURST


def test_a_look_that_brings_nothing_is_no_burst(rig: Rig) -> None:
    rig.boss.send(b"come")
    for _ in range(3):
        rig.turn()
    assert rig.memory.metrics.latency("burst")["count"] == 0
    rig.send(of_the_venue(BURST))
    rig.turn()
    assert rig.memory.metrics.latency("burst")["count"] == 1
