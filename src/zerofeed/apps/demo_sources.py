"""What the demonstration sends: an embedded venue, or a capture file.

The sender looks at the feed's own counter of received packets, which is in shared memory, and
never has more packets under way than can wait in front of the receiver, in a socket's buffer or in
a cable's queue. So "max" means as fast as this machine takes it without loss, also where an ordinary
user may not enlarge a buffer; on a real wire nobody slows the venue down.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.apps.demo_network import VENUE_SIDE, inside
from zerofeed.base.errors import BugError
from zerofeed.feed.attach import Feed, attach
from zerofeed.mock.deribit import SimulatedDeribit
from zerofeed.wire.batch_sender import BatchSender, pack_destination
from zerofeed.wire.pacing import due_times
from zerofeed.wire.pcap import read_capture
from zerofeed.wire.xdp.transmitter import XdpTransmitter

__all__ = ["SendPlan", "send_packets"]

_BATCH = 64
_STALL_SECONDS = 20.0

Packets = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class SendPlan:
    """What to send where.

    Attributes:
        feed: the feed that will receive it.
        group: multicast group.
        port: UDP port.
        window: packets that may be under way at a time.
        seconds: length of the simulation.
        rate: packets a second; None for as many as the feed takes.
        seed: of the simulation.
        capture: send this file instead.
        speed: of the capture: 1.0 as recorded; None for as fast as the feed takes it.
        network: descriptor of the network to send in, by its end of a cable; None for the feed's
            own, on loopback.
    """

    feed: str
    group: str
    port: int
    window: int
    seconds: float
    rate: float | None
    seed: int
    capture: str | None = None
    speed: float | None = None
    network: int | None = None


class _Window:
    """How many packets may be under way."""

    def __init__(self, feed: Feed, size: int) -> None:
        self._metrics = feed.metrics
        self._size = size
        self.sent = 0

    def wait(self, count: int) -> None:
        """Wait until ``count`` more packets fit."""
        deadline = time.monotonic() + _STALL_SECONDS
        while self.sent + count - self._taken() > self._size:
            if time.monotonic() > deadline:
                raise BugError(
                    f"the feed has taken nothing for {_STALL_SECONDS:.0f} s",
                    got=f"{self._taken()} of {self.sent} packets",
                    next_step="report this",
                )
            time.sleep(0.00005)

    def drain(self, seconds: float) -> bool:
        """Wait until everything sent has been taken, or the time is over."""
        deadline = time.monotonic() + seconds
        while self._taken() < self.sent:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True

    def _taken(self) -> int:
        return self._metrics["packets_received"] + self._metrics["packets_dropped_kernel"]


def send_packets(plan: SendPlan, pipe: Connection) -> None:
    """Send everything that the plan says; runs in a child process.

    Sends ``"ready"``, waits for ``"go"``, and at last sends a dictionary of what was sent.

    Args:
        plan: what and where.
        pipe: to the parent.
    """
    feed = attach(plan.feed, wait=30.0)
    window = _Window(feed, plan.window)
    source = _Capture(plan) if plan.capture is not None else _Venue(plan)
    destination = pack_destination(plan.group, plan.port)
    with _sender(plan) as sender:
        pipe.send("ready")
        pipe.recv()
        started = time.monotonic_ns()
        payload_bytes = 0
        for buffer, offsets, lengths in source.batches():
            window.wait(len(offsets))
            sender.send(buffer, offsets, lengths, destination)
            window.sent += len(offsets)
            payload_bytes += int(lengths.sum())
        elapsed_ns = time.monotonic_ns() - started
        is_drained = window.drain(5.0)
    pipe.send(
        {
            "packets": window.sent,
            "bytes": payload_bytes,
            "messages": source.messages(),
            "elapsed_ns": elapsed_ns,
            "is_drained": is_drained,
        }
    )
    feed.close()


def _sender(plan: SendPlan) -> BatchSender | XdpTransmitter:
    """Open what sends: a socket on loopback, AF_XDP in the private network."""
    if plan.network is None:
        return BatchSender(interface="lo", ttl=0)
    with inside(plan.network):
        return XdpTransmitter(VENUE_SIDE, ttl=1)


class _Venue:
    """Packets of the simulated venue, paced."""

    def __init__(self, plan: SendPlan) -> None:
        self._plan = plan
        self._venue = SimulatedDeribit(plan.seed, start_ns=time.time_ns())

    def batches(self) -> Iterator[Packets]:
        started = time.monotonic()
        sent = 0
        while (elapsed := time.monotonic() - started) < self._plan.seconds:
            wanted = _BATCH
            if self._plan.rate is not None:
                wanted = min(_BATCH, int(elapsed * self._plan.rate) - sent)
                if wanted < 1:
                    time.sleep(0.0005)
                    continue
            batch = self._venue.advance(time.time_ns(), wanted)
            sent += len(batch)
            yield batch.buffer, batch.offsets, batch.lengths

    def messages(self) -> dict[str, int] | None:
        return self._venue.message_counts()


class _Capture:
    """Packets of a capture file, paced by their times."""

    def __init__(self, plan: SendPlan) -> None:
        self._capture = read_capture(plan.capture or "")
        self._speed = plan.speed

    def batches(self) -> Iterator[Packets]:
        index: Any = self._capture.index
        offsets = index["offset"].astype(np.int64)
        lengths = index["length"].astype(np.int64)
        first = 0
        due = None if self._speed is None else due_times(index["ts_ns"], speed=self._speed)
        started = time.monotonic_ns()
        while first < offsets.size:
            last = min(first + _BATCH, offsets.size)
            if due is not None:
                now = time.monotonic_ns() - started
                last = min(last, int(np.searchsorted(due, now, "right")))
                if last <= first:
                    time.sleep(min(0.005, max(0, int(due[first]) - now) / 1e9))
                    continue
            yield self._capture.data, offsets[first:last], lengths[first:last]
            first = last

    def messages(self) -> dict[str, int] | None:
        """Nobody but the feed has counted a capture's messages."""
        return None
