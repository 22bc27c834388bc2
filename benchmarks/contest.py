"""What every contestant is, and the measurements that all share.

A contestant moves 64-byte messages from one process to others. Most are *channels*: they say how
to send bytes and how to wait for them, and the loops here do the measuring, the same for all. Those
whose loops are compiled (C, zerofeed's handlers) bring loops of their own with the same outcome.

=========  =====================================================================================
measure    what it is
=========  =====================================================================================
hop        64 bytes there and 64 bytes back, one at a time; half of the round trip in ns
fanout     messages a second to 1, 2 or 4 readers that all get every message
wakeup     one way to a reader that has been asleep for a millisecond, in ns
cost       messages a second of a writer that waits for nobody, beside no reader or one
=========  =====================================================================================

The writer is pinned to one core and all readers to another. Children are forked, so a contestant
opens what must not be shared (sockets, contexts) in `sender` and `receiver`, after the fork.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import struct
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any, ClassVar, Literal

from benchmarks.distribution import Distribution

__all__ = [
    "Channel",
    "ChannelContestant",
    "Contestant",
    "Measure",
    "Plan",
    "Rate",
    "beside",
    "end_with_parent",
    "finish",
    "pin",
    "steady",
]

Measure = Literal["hop", "fanout", "wakeup", "cost"]
MESSAGE_BYTES = 64
# The time of sending is the second word: a zerofeed record's first is its sequence number.
STAMPED = struct.Struct("<8xq48x")

_CONTEXT = multiprocessing.get_context("fork")
_JOIN_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1
_SLEEP_NS = 1_000_000


@dataclass(frozen=True)
class Plan:
    """One measurement of one contestant.

    Attributes:
        writer_core: Core of the writer, and of the side that measures a hop.
        reader_core: Core that all readers share.
        samples: Round trips of a hop, or wake-ups.
        messages: Messages of a fan-out.
        readers: Readers of a fan-out.
        batch: Records in one publication, for contestants that publish many at a time.
        capacity: Records in the ring, for contestants that have one.
        reader: Beside whom the writer's cost is measured: none, idle (asleep) or lossy.
    """

    writer_core: int = 0
    reader_core: int = 1
    samples: int = 20_000
    messages: int = 200_000
    readers: int = 1
    batch: int = 64
    capacity: int = 1 << 14
    reader: Literal["none", "idle", "lossy"] = "none"


@dataclass(frozen=True)
class Rate:
    """Messages over time.

    Attributes:
        messages: How many.
        seconds: From before the first was sent until the last reader had the last.
    """

    messages: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    def as_dict(self) -> dict[str, float]:
        """Give it as plain numbers."""
        return {
            "messages": self.messages,
            "seconds": self.seconds,
            "per_second": self.per_second,
        }


class Contestant(ABC):
    """One system, used in one way.

    Attributes:
        name: As the tables show it.
        policy: What a receiver does while nothing comes: "busy" looks all the time, "sleeping"
            lets the core go.
        bias: Whom the comparison favours, and how.
        measures: What it takes part in.
        samples: Round trips and wake-ups that take about a second.
        messages: Messages of a fan-out that take about a second.
    """

    name: ClassVar[str]
    policy: ClassVar[Literal["busy", "sleeping"]]
    bias: ClassVar[str] = ""
    measures: ClassVar[tuple[Measure, ...]]
    samples: ClassVar[int] = 20_000
    messages: ClassVar[int] = 200_000

    def missing(self) -> str | None:
        """Say what is not installed, or None."""
        return None

    def hop(self, plan: Plan) -> Distribution:
        """Measure half round trips."""
        raise NotImplementedError

    def fanout(self, plan: Plan) -> Rate:
        """Measure throughput to several readers."""
        raise NotImplementedError

    def wakeup(self, plan: Plan) -> Distribution:
        """Measure the way to a sleeping reader."""
        raise NotImplementedError

    def cost(self, plan: Plan) -> Rate:
        """Measure what a reader costs a writer that does not wait for it."""
        raise NotImplementedError


class Channel(ABC):
    """One way from one sender to some receivers; made before the fork."""

    @abstractmethod
    def sender(self) -> Callable[[bytes], object]:
        """Open the sending end; the result sends one frame to every receiver."""

    @abstractmethod
    def receiver(self, index: int) -> Callable[[], Any]:
        """Open a receiving end; the result waits for one frame and returns its bytes."""


class ChannelContestant(Contestant):
    """A contestant that is measured by the loops below.

    Attributes:
        per_frame: Messages of 64 bytes in one frame of a fan-out.
    """

    per_frame: ClassVar[int] = 1

    @abstractmethod
    def channel(self, readers: int) -> Channel:
        """Make what both ends need before the fork."""

    def hop(self, plan: Plan) -> Distribution:
        """Measure half round trips."""
        there, back = self.channel(1), self.channel(1)
        payload = bytes(range(MESSAGE_BYTES))
        rounds = plan.samples + plan.samples // 10

        def echo() -> None:
            receive = there.receiver(0)
            send = back.sender()
            for _ in range(rounds):
                send(bytes(receive()))

        child = beside(echo, plan.reader_core)
        pin(plan.writer_core)
        send = there.sender()
        receive = back.receiver(0)
        taken = [0] * rounds
        with steady():
            before = time.perf_counter_ns()
            for index in range(rounds):
                send(payload)
                receive()
                after = time.perf_counter_ns()
                taken[index] = after - before
                before = after
        finish([child])
        return Distribution.of(taken[-plan.samples :], scale=0.5)

    def fanout(self, plan: Plan) -> Rate:
        """Measure throughput; a reader receives every byte, and looks at none."""
        channel = self.channel(plan.readers)
        frame = bytes(MESSAGE_BYTES * self.per_frame)
        frames = max(1, plan.messages // self.per_frame)
        warm_up = max(1, frames // 10)
        finished_ns = _CONTEXT.RawArray("q", plan.readers)
        is_ready = _CONTEXT.Barrier(plan.readers + 1)

        def read(index: int) -> Callable[[], None]:
            def count() -> None:
                receive = channel.receiver(index)
                is_ready.wait()
                with steady():
                    for _ in range(warm_up):
                        receive()
                    is_ready.wait()
                    for _ in range(frames):
                        receive()
                    finished_ns[index] = time.monotonic_ns()

            return count

        children = [beside(read(index), plan.reader_core) for index in range(plan.readers)]
        pin(plan.writer_core)
        send = channel.sender()
        is_ready.wait()
        with steady():
            for _ in range(warm_up):
                send(frame)
            is_ready.wait()
            from_ns = time.monotonic_ns()
            for _ in range(frames):
                send(frame)
        finish(children)
        return Rate(frames * self.per_frame, (max(finished_ns) - from_ns) / 1e9)

    def wakeup(self, plan: Plan) -> Distribution:
        """Measure one way to a sleeping reader; the stamp travels in the message."""
        channel = self.channel(1)
        taken = _CONTEXT.RawArray("q", plan.samples)
        is_ready = _CONTEXT.Barrier(2)

        def wait() -> None:
            with steady():
                self.collect(channel, taken, is_ready.wait)

        child = beside(wait, plan.reader_core)
        pin(plan.writer_core)
        send = channel.sender()
        is_ready.wait()
        with steady():
            for _ in range(plan.samples):
                pause_ns(_SLEEP_NS)
                send(STAMPED.pack(time.monotonic_ns()))
        finish([child])
        return Distribution.of(list(taken))

    def collect(self, channel: Channel, taken: Any, say_ready: Callable[[], object]) -> None:
        """Receive stamped messages, asleep in between, in the reader's process.

        Args:
            channel: Where they come.
            taken: Gets the time that each took, in ns; its length is how many to expect.
            say_ready: To be called when the receiving end is open.
        """
        receive = channel.receiver(0)
        say_ready()
        for index in range(len(taken)):
            frame = receive()
            now_ns = time.monotonic_ns()
            taken[index] = now_ns - STAMPED.unpack(frame)[0]


def pause_ns(duration_ns: int) -> None:
    """Let time pass without giving the core away, so that the next step starts at full speed."""
    until = time.monotonic_ns() + duration_ns
    while time.monotonic_ns() < until:
        pass


def pin(core: int) -> None:
    """Keep this process, and threads that it starts from now on, on one core."""
    os.sched_setaffinity(0, {core})


def end_with_parent() -> None:
    """Be killed when the parent is gone, whatever happens to it: nothing goes on spinning."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def beside(work: Callable[[], None], core: int) -> BaseProcess:
    """Run a function in a forked process on a core."""

    def run() -> None:
        end_with_parent()
        pin(core)
        work()

    child = _CONTEXT.Process(target=run, daemon=True)
    child.start()
    return child


def finish(children: list[BaseProcess]) -> None:
    """Wait for processes to end.

    Raises:
        RuntimeError: One failed, or did not end within a minute.
    """
    for child in children:
        child.join(_JOIN_SECONDS)
        if child.exitcode != 0:
            child.kill()
            raise RuntimeError(f"a reader did not end well (exit code {child.exitcode})")


class steady:  # noqa: N801 - reads as a statement
    """Measure without the garbage collector."""

    def __enter__(self) -> None:
        """Switch it off."""
        gc.collect()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        """Switch it on."""
        gc.enable()
