"""AF_XDP workers are killed over a real interface: every packet comes once and in order.

At each named point of a batch the worker, run as plain Python over the real rings, ends itself with
SIGKILL; at random instants the compiled one is killed from outside. The kernel goes on receiving
into rings that the opener holds, and the successor goes on from what is in memory.
"""

from __future__ import annotations

import os
import random
import signal
import struct
import time

import numpy as np
import pytest

from tests.unit.children import Child
from tests.unit.wire.xdp.dying import Dying, twin
from tests.unit.wire.xdp.packets import HOST, PORT, chain, udp_frame
from tests.unit.wire.xdp.rig import INSIDE, OUTSIDE, Rig, command, private_network
from zerofeed.shm import _ring_kernels as ring
from zerofeed.wire.udp import ReadableWait
from zerofeed.wire.xdp import _xdp_kernels as k
from zerofeed.wire.xdp import layout
from zerofeed.wire.xdp.layout import ArenaPlan

__all__: list[str] = []

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.compiled]

SEED = 77

POINTS = (
    "descriptors read",
    "block opened",
    "published",
    "owners written",
    "rx advanced",
    "fill written",
    "fill advanced",
    "counted",
    "block closed",
)


@pytest.fixture(params=[0, 9216], ids=["whole packets", "packets in pieces"])
def rig(request: pytest.FixtureRequest):
    mtu = 9000 if request.param else 1500
    plan = ArenaPlan(slots=2048, queues=1, chunks_per_queue=2048, gather_bytes=request.param)
    with private_network(queues=1, mtu=mtu), Rig(plan) as made:
        made.open()
        made.longest = 8000 if request.param else 1200
        yield made


class Stream:
    """Numbered packets whose payload follows from their number, and a reader that checks all."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.sent = 0
        self.checked = 0
        self.choose = random.Random(SEED)

    def send(self, count: int) -> None:
        for _ in range(count):
            size = self.rig.longest if self.choose.random() < 0.2 else self.choose.randrange(200)
            self.rig.send(udp_frame(chain(SEED, self.sent, size)))
            self.sent += 1

    def check(self) -> None:
        """Check what was published since the last time: order, numbers, every byte."""
        rig = self.rig
        published = rig.ring.published
        assert published <= self.sent
        assert published - self.checked < rig.plan.slots - 200, "the check fell behind"
        while self.checked < published:
            frame = rig.frames[self.checked & (rig.plan.slots - 1)]
            at, length = int(frame["offset"]), int(frame["length"])
            payload = rig.arena[at : at + length].tobytes()
            assert frame["seq"] == self.checked
            assert struct.unpack_from("<II", payload) == (SEED, self.checked)
            assert payload == chain(SEED, self.checked, length)
            self.checked += 1

    def finish(self) -> None:
        """Take over as the last successor, take what is left, and account for everything."""
        rig = self.rig
        k.recover_queues(*rig.receiver.tables, rig.ring.control)
        deadline = time.monotonic() + 10
        while rig.ring.published < self.sent and time.monotonic() < deadline:
            rig.burst()
            self.check()
        self.check()
        told = rig.receiver.counts()[0]
        assert told.statistics.lost == told.statistics.invalid == told.foreign == told.cut == 0
        assert told.received == self.sent == self.checked
        owners = sorted(rig.receiver.tables.owners.tolist())
        assert len(set(owners)) == rig.plan.slots
        assert set(owners).isdisjoint(in_fill(rig))


def in_fill(rig: Rig) -> list[int]:
    """List the chunks that the kernel has not taken from the FILL ring."""
    row = rig.receiver.tables.geometry[0]
    first = int(rig.receiver.tables.rings[row[layout.FILL_CONSUMER]])
    last = int(rig.receiver.tables.rings[row[layout.FILL_PRODUCER]])
    words = rig.receiver.tables.ring_words
    return [
        int(words[row[layout.FILL_RING] + (first + i & row[layout.FILL_MASK])])
        for i in range(last - first & 0xFFFFFFFF)
    ]


def point_of(rig: Rig, name: str, index: object, value: object) -> str | None:
    """Name the point that a store has reached."""
    row = rig.receiver.tables.geometry[0]
    if name == "blocks":
        if index == layout.OPEN:
            return "block opened" if value else "block closed"
        return {layout.COUNT: "descriptors read", layout.RECEIVED + layout.LIVE: "counted"}.get(
            index
        )
    if name == "control":
        return "published" if index == ring.PUBLISHED else None
    if name == "halves":
        return "rx advanced" if index == row[layout.RX_CONSUMER] else "fill advanced"
    return {"words": "fill written", "owners": "owners written"}.get(name)


@pytest.mark.parametrize("point", POINTS)
def test_worker_killed_at_a_point_is_succeeded_without_a_loss(rig: Rig, point: str) -> None:
    stream = Stream(rig)
    stream.send(30)
    while rig.ring.published < 30:
        rig.burst(7)
    stream.send(12)
    tables = rig.receiver.tables

    def work() -> None:
        python = twin()

        def after(name: str, index: object, value: object) -> None:
            if point_of(rig, name, index, value) == point:
                os.kill(os.getpid(), signal.SIGKILL)

        def dying(array: np.ndarray, name: str) -> Dying:
            return Dying(array, name, after=after)

        assert ring.try_claim(rig.ring.control, rig.cursors.words, 64) == 0
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            python.receive_queue(
                0, dying(tables.rings, "halves"), dying(tables.ring_words, "words"),
                tables.geometry.tolist(), dying(tables.blocks, "blocks"),
                dying(tables.owners, "owners"), rig.receiver.flow_table, rig.arena,
                dying(rig.ring.control, "control"), rig.frames.view(np.recarray), 64,
                time.time_ns(), 0,
            )  # fmt: skip

    with Child(work) as child:
        _, status = os.waitpid(child.pid, 0)
        child._is_reaped = True
        assert os.WIFSIGNALED(status)
        assert os.WTERMSIG(status) == signal.SIGKILL
    is_out = POINTS.index(point) >= POINTS.index("published")
    assert rig.ring.published > 30 if is_out else rig.ring.published == 30
    stream.send(20)
    assert rig.ring.published == (30 if not is_out else rig.ring.published)
    stream.finish()


@pytest.mark.timeout(240)
def test_workers_killed_at_random_lose_and_double_nothing(rig: Rig) -> None:
    stream = Stream(rig)
    choose = random.Random(5)

    def work() -> None:
        k.recover_queues(*rig.receiver.tables, rig.ring.control)
        waiting = ReadableWait(rig.receiver.descriptors())
        while True:
            if not rig.burst(choose.randrange(1, 64)):
                waiting.wait(50_000_000)

    for _ in range(25):
        with Child(work) as child:
            goal = rig.ring.published + choose.randrange(1, 600)
            deadline = time.monotonic() + 30
            while rig.ring.published < goal:
                assert time.monotonic() < deadline
                assert not child.has_ended(), child.result()
                if stream.sent - rig.ring.published < 500:
                    stream.send(choose.randrange(1, 60))
                stream.check()
            child.kill()
        stream.send(choose.randrange(100))
    stream.finish()
    assert rig.receiver.counts()[0].gathered == (
        0 if rig.longest < 2000 else pytest.approx(stream.sent // 5, rel=0.3)
    )


def test_killed_opener_frees_interface_and_queue_for_the_next(rig: Rig) -> None:
    rig.receiver.close()

    def own() -> None:
        rig.open()
        os.kill(os.getpid(), signal.SIGKILL)

    for _ in range(3):
        with Child(own) as child:
            os.waitpid(child.pid, 0)
            child._is_reaped = True
    rig.open()
    rig.send(udp_frame(b"next", port=PORT, destination=HOST))
    assert rig.take(1)[0][0] == b"next"
    assert INSIDE in command(f"ip link show dev {OUTSIDE}")
