"""What every receiver is, and how all of them are measured.

==========  ====================================================================================
measure     what it is
==========  ====================================================================================
saturation  packets a second while the generator sends as fast as it can, with every lost packet
            found in some counter of the kernel's
cost        processor time a packet at a set pace, receiver asleep in between: the receiver's threads
            and the kernel's receive thread, both on the receiver's core
latency     time from the sender's stamp until a handler has the packet: in the receiving process,
            or in another one, as the contestant says; that one sends the packets, see ``pacer``
==========  ====================================================================================

A contestant starts a receiver and says how to see what it has received; generator, network and
counters are the same for all.
"""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from benchmarks import network
from benchmarks.board import DISORDER, INTERVAL, SENT, Board
from benchmarks.contest import beside
from benchmarks.distribution import Distribution
from benchmarks.generator import Frame, Generator, Sent, numbered_payload
from benchmarks.network import Napi, Wire
from benchmarks.pacer import Pacer

__all__ = ["Receiver", "Running", "WireMeasure", "WirePlan", "measure_once"]

WireMeasure = Literal["saturation", "cost", "latency"]

_READY_SECONDS = 120.0
_QUIET_SECONDS = 0.3
_LOOK_SECONDS = 0.02
_WARM_UP_SECONDS = 0.5


@dataclass(frozen=True)
class WirePlan:
    """One measurement of one receiver.

    Attributes:
        measure: what is measured.
        sender_core: core of the generator; in a latency run of the pacer and, where a contestant has
            one, of the reader in a process of its own.
        receiver_core: core of the receiver.
        napi: where the kernel's receive work runs.
        is_busy: the receiver looks all the time; otherwise it sleeps until packets come.
        per_second: pace, 0: as fast as the generator can.
        payload_bytes: UDP payload, for contestants that do not need one of their own.
        seconds: measured, after a warm-up.
        batch: most packets in one call, for those that take many.
        chunks: AF_XDP chunks that wait for packets.
        buffer_bytes: socket receive buffer.
    """

    measure: WireMeasure
    sender_core: int = 0
    receiver_core: int = 1
    napi: Napi = "sender"
    is_busy: bool = True
    per_second: int = 0
    payload_bytes: int = 64
    seconds: float = 2.0
    batch: int = 64
    chunks: int = 4096
    buffer_bytes: int = 16 << 20

    @property
    def is_latency(self) -> bool:
        """Stamps are looked at."""
        return self.measure == "latency"


class Running(ABC):
    """A receiver at work."""

    @abstractmethod
    def wait_ready(self, timeout_s: float) -> None:
        """Wait until packets that arrive from now on are counted.

        Raises:
            RuntimeError: it ended, or is not ready in time.
        """

    @abstractmethod
    def received(self) -> int:
        """Count the packets that it has received."""

    @abstractmethod
    def pids(self) -> list[int]:
        """Name the processes that receive, for the cost."""

    @abstractmethod
    def stop(self) -> dict[str, int]:
        """End it.

        Returns:
            What its own sockets counted as lost, by cause; nothing that the network counts, too.

        Raises:
            RuntimeError: it failed.
        """


class Receiver(ABC):
    """One way to receive, used in one way.

    Attributes:
        name: as the tables show it.
        bias: whom the comparison favours, and how.
        measures: what it takes part in.
        payloads: sizes in bytes that saturation is measured with.
        handler: where a latency ends: in the receiving process, or in a reader's own.
    """

    name: ClassVar[str]
    bias: ClassVar[str] = ""
    measures: ClassVar[tuple[WireMeasure, ...]] = ("saturation", "cost", "latency")
    payloads: ClassVar[tuple[int, ...]] = (64, 200)
    handler: ClassVar[Literal["same process", "another process"]] = "same process"

    def missing(self) -> str | None:
        """Say what is not there, or None."""
        return None

    def frame(self, plan: WirePlan) -> Frame:
        """Choose what it is sent."""
        return numbered_payload(plan.payload_bytes)

    @abstractmethod
    def start(self, plan: WirePlan, wire: Wire, board: Board) -> Running:
        """Start receiving, in processes of its own."""


def measure_once(receiver: Receiver, plan: WirePlan) -> dict[str, Any]:
    """Measure one receiver in networks made for it. This process is not used for anything else.

    Raises:
        RuntimeError: the receiver failed.
    """
    network.leave_for_own_network(with_sysfs=True)
    board = Board(int(plan.per_second * (plan.seconds + 3)) if plan.is_latency else 0)
    generator = Generator(plan.sender_core)
    try:
        wire = Wire(generator.pid, plan.napi)
        generator.connect(wire)
        running = receiver.start(plan, wire, board)
        frame = receiver.frame(plan)
        sender: Generator | _Paced = generator
        if plan.is_latency:
            is_apart = receiver.handler == "same process"
            sender = _Paced(board, Pacer(wire.outlet, frame, board) if is_apart else None, plan)
        try:
            running.wait_ready(_READY_SECONDS)
            _come_first()
            result = _observe(frame, plan, wire, sender, running)
        finally:
            own = running.stop()
    finally:
        generator.close()
    lost = {**result.pop("drops"), **own}
    # veth counts what a full AF_XDP socket refuses as its own, too.
    lost["interface"] -= own.get("AF_XDP socket", 0)
    result["lost"] = {cause: count for cause, count in lost.items() if count}
    result["unexplained"] = result["sent"] - result["received"] - sum(lost.values())
    result["disorder"] = int(board.words[DISORDER])
    if plan.is_latency:
        samples = board.samples()
        if not samples:
            raise RuntimeError("no packet arrived")
        skipped = min(len(samples) // 2, int(plan.per_second * _WARM_UP_SECONDS))
        result |= Distribution.of(samples[skipped:]).as_dict()
    return result


class _Paced:
    """Has packets sent one at a time, by a pacer in a process of its own or by the reader.

    Args:
        board: that the pacer looks at.
        pacer: None where the reader has one.
        plan: of the run.
    """

    def __init__(self, board: Board, pacer: Pacer | None, plan: WirePlan) -> None:
        self._words = board.words
        self._began = 0.0
        if pacer is not None:
            beside(pacer.alone, plan.sender_core)

    def begin(self, frame: Frame, wire: Wire, *, per_second: int, seconds: float) -> None:
        """Say how fast; what and where to is the pacer's, and it goes on until :meth:`end`."""
        del frame, wire, seconds
        self._began = time.monotonic()
        self._words[INTERVAL] = 1_000_000_000 // per_second

    def end(self) -> Sent:
        """Say that it is enough."""
        self._words[INTERVAL] = 0
        took = time.monotonic() - self._began
        time.sleep(_LOOK_SECONDS)
        return Sent(int(self._words[SENT]), took)


def _come_first() -> None:
    """Wake up on time beside busy loops: this process looks at counters four times and sleeps."""
    os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))


def _observe(
    frame: Frame, plan: WirePlan, wire: Wire, sender: Generator | _Paced, running: Running
) -> dict[str, Any]:
    """Let packets be sent, and look before and after the measured time."""
    kernel = wire.pin_kernel_threads(plan.receiver_core)
    threads = kernel + running.pids() if plan.measure == "cost" else []
    drops_before = wire.drops()
    received_before = running.received()
    sender.begin(
        frame, wire, per_second=plan.per_second,
        seconds=_WARM_UP_SECONDS + plan.seconds + 2 * _LOOK_SECONDS,
    )  # fmt: skip
    time.sleep(_WARM_UP_SECONDS)
    first_ns, first, first_cpu = time.monotonic_ns(), running.received(), network.cpu_ns(threads)
    kernel_cpu = network.cpu_ns(kernel)
    time.sleep(plan.seconds)
    last_ns, last, last_cpu = time.monotonic_ns(), running.received(), network.cpu_ns(threads)
    kernel_cpu = network.cpu_ns(kernel) - kernel_cpu
    sent = sender.end()
    received = _settled(running) - received_before
    result: dict[str, Any] = {
        "sent": sent.frames,
        "sent_per_second": sent.frames / sent.seconds,
        "received": received,
        "per_second": (last - first) * 1e9 / (last_ns - first_ns),
        "drops": _apart(drops_before, wire.drops()),
    }
    if plan.measure == "cost" and last > first:
        result["ns_per_packet"] = (last_cpu - first_cpu) / (last - first)
        result["kernel_ns_per_packet"] = kernel_cpu / (last - first)
    return result


def _settled(running: Running) -> int:
    """Wait until nothing more is received; what was sent last may still be under way."""
    count, since = running.received(), time.monotonic()
    while time.monotonic() - since < _QUIET_SECONDS:
        time.sleep(_LOOK_SECONDS)
        if (now := running.received()) != count:
            count, since = now, time.monotonic()
    return count


def _apart(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {cause: after[cause] - before[cause] for cause in after}
