"""Replay a capture's payloads to UDP: at their recorded pace, faster, or as fast as possible.

Payloads go out from where they lie in the mapped file, by a UDP socket or by any other
:class:`PayloadSender`, either to the groups that they were recorded from or all to one address. Order is the file's. Packets are due at absolute times
(``pacing``), handed over in one system call when several are due, and never skipped: a replay
that cannot keep up is late, and its report says by how much.

A receiver whose buffer is full loses packets that no sender can see: give ``max_rate`` to a
replay at full speed.
"""

from __future__ import annotations

import contextlib
import math
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from zerofeed.base.errors import ConfigurationError
from zerofeed.wire.batch_sender import BatchSender, Payloads, pack_destination, pack_destinations
from zerofeed.wire.faulty_lines import LineFaults, Schedule, damage, plan_lines
from zerofeed.wire.pacing import due_times, wait_until
from zerofeed.wire.pcap_index import PACKET_IPV6

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from zerofeed.wire.pcap import Capture

__all__ = ["PayloadSender", "SendReport", "send_capture", "send_due", "send_lines"]

_PACED_BURST = 64
"""With a rate limit, a sender that fell behind catches up in bursts of at most this many."""


class PayloadSender(Protocol):
    """What puts payloads on a wire: ``BatchSender``, ``xdp.transmitter.XdpTransmitter``."""

    retries: int
    """Times that there was no room."""
    refused: int
    """Datagrams that came back."""

    def send_payloads(self, payloads: Payloads, first: int, last: int) -> None:
        """Send payloads ``first`` to ``last`` (exclusive) in order, or raise."""


@dataclass(frozen=True, slots=True)
class SendReport:
    """What a replay did."""

    packets: int
    """Datagrams that the kernel took: all of them, or an exception was raised."""
    payload_bytes: int
    """Their payload bytes."""
    elapsed_ns: int
    """From the first packet's due time to the last hand-over."""
    late_max_ns: int
    """The most that any packet was handed over after it was due."""
    retries: int
    """System calls made again because the socket or the device had no room."""
    refused: int
    """Datagrams that came back as unreachable (unicast without a listener)."""

    @property
    def packets_per_second(self) -> float:
        """Mean rate; 0 when nothing took any time."""
        return self.packets * 1e9 / self.elapsed_ns if self.elapsed_ns else 0.0


def send_capture(
    capture: Capture,
    destination: tuple[str, int] | None = None,
    speed: float | Literal["max"] = 1.0,
    *,
    max_rate: float | None = None,
    interface: str | None = None,
    ttl: int = 1,
    is_looped: bool = True,
    sender: PayloadSender | None = None,
    clock: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], Any] = time.sleep,
) -> SendReport:
    """Send a capture's UDP payloads in file order. Blocks until the last one is sent.

    A payload that the capture had cut short (``PACKET_CUT``) is sent as it is.

    Args:
        capture: what to send.
        destination: (address, port) for every packet; None keeps the group and port that each
            was recorded with.
        speed: 1.0 as recorded, 10.0 ten times as fast, ``"max"`` as fast as possible.
        max_rate: packets a second at most.
        interface: name or address of the interface for multicast.
        ttl: hops; 0 keeps multicast on this host.
        is_looped: multicast is also delivered on this host.
        sender: what sends, left open; default: a UDP socket with the three options above.
        clock: monotonic time in ns.
        sleep: blocks for a number of seconds.

    Returns:
        What was done; returning at all means that every packet was sent.

    Raises:
        ConfigurationError: speed or rate out of range, or ``destination`` is None and a packet
            did not go to an IPv4 multicast group.
        ResourceError: the system refuses.
    """
    index = capture.index
    destinations = _recorded(capture) if destination is None else pack_destination(*destination)
    due = due_times(
        index["ts_ns"], speed=math.inf if speed == "max" else float(speed), max_rate=max_rate
    )
    payloads = Payloads(capture.data, index["offset"], index["length"], destinations)
    with contextlib.ExitStack() as opened:
        if sender is None:
            sender = opened.enter_context(
                BatchSender(interface=interface, ttl=ttl, is_looped=is_looped)
            )
        burst = None if max_rate is None else _PACED_BURST
        return send_due(payloads, due, sender, burst=burst, clock=clock, sleep=sleep)


def send_lines(
    capture: Capture,
    destinations: Sequence[tuple[str, int]],
    faults: Sequence[LineFaults],
    seed: int,
    speed: float | Literal["max"] = 1.0,
    *,
    max_rate: float | None = None,
    interface: str | None = None,
    ttl: int = 1,
    sender: PayloadSender | None = None,
    clock: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], Any] = time.sleep,
) -> tuple[SendReport, Schedule]:
    """Send a capture by several lines, each with faults of its own. Blocks until the last is sent.

    Args:
        capture: what to send.
        destinations: (address, port) of each line.
        faults: of each line.
        seed: of all faults.
        speed: as for :func:`send_capture`.
        max_rate: packets of the capture a second at most; each line sends so many.
        interface: as for :func:`send_capture`.
        ttl: the same.
        sender: the same.
        clock: the same.
        sleep: the same.

    Returns:
        What was done, and what was sent when by which line.

    Raises:
        ConfigurationError: as for :func:`send_capture`.
        ResourceError: the system refuses.
    """
    index = capture.index
    due = due_times(
        index["ts_ns"], speed=math.inf if speed == "max" else float(speed), max_rate=max_rate
    )
    lengths = index["length"].astype(np.int64)
    schedule = plan_lines(due, lengths, faults, seed)
    data, offsets = damage(capture.data, index["offset"].astype(np.int64), lengths, schedule)
    packed = np.concatenate([pack_destination(*each) for each in destinations])
    payloads = Payloads(data, offsets, lengths[schedule.packet], packed[schedule.line])
    with contextlib.ExitStack() as opened:
        if sender is None:
            sender = opened.enter_context(BatchSender(interface=interface, ttl=ttl))
        burst = None if max_rate is None else _PACED_BURST
        report = send_due(payloads, schedule.due_ns, sender, burst=burst, clock=clock, sleep=sleep)
    return report, schedule


def send_due(
    payloads: Payloads,
    due: NDArray[np.int64],
    sender: PayloadSender,
    *,
    burst: int | None = None,
    clock: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], Any] = time.sleep,
) -> SendReport:
    """Send payloads when they are due. Blocks until the last one is sent.

    Args:
        payloads: in order.
        due: int64, ns since the beginning, ascending.
        sender: what sends.
        burst: payloads that may be sent at once by one that fell behind; None: all that are due.
        clock: monotonic time in ns.
        sleep: blocks for a number of seconds.

    Returns:
        What was done.

    Raises:
        ResourceError: the system refuses.
    """
    most = len(payloads) if burst is None else burst
    late_max_ns = first = 0
    retries, refused = sender.retries, sender.refused
    start = clock()
    while first < len(payloads):
        now = wait_until(start + int(due[first]), clock=clock, sleep=sleep) - start
        last = min(int(np.searchsorted(due, now, "right")), first + most)
        late_max_ns = max(late_max_ns, now - int(due[first]))
        sender.send_payloads(payloads, first, last)
        first = last
    return SendReport(
        packets=first,
        payload_bytes=int(payloads.lengths.sum()),
        elapsed_ns=clock() - start,
        late_max_ns=late_max_ns,
        retries=sender.retries - retries,
        refused=sender.refused - refused,
    )


def _recorded(capture: Capture) -> NDArray[np.int64]:
    """Give the destination that each packet was recorded with; all must be multicast groups."""
    index = capture.index
    is_v6 = index["flags"] & PACKET_IPV6 != 0
    is_group = (index["dst_ip"] >> 28 == 0xE) & ~is_v6
    if not is_group.all():
        packet = int(np.argmin(is_group))
        address = int(index["dst_ip"][packet]).to_bytes(4, "big")
        msg = "the packet was not sent to an IPv4 multicast group"
        raise ConfigurationError(
            msg,
            where=f"{capture.name}, packet {packet}",
            expected="224.0.0.0/4",
            got="an IPv6 address" if is_v6[packet] else socket.inet_ntoa(address),
            next_step="give a destination for all packets, such as 239.1.2.3:6100",
        )
    return pack_destinations(index["dst_ip"], index["dst_port"])
