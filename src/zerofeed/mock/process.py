"""The simulated venue as a process of its own, sending to the network.

``serve`` runs in the caller's process until it is done or told to stop, and says what it sent.
``VenueProcess`` runs that in a child: it loads, waits for ``go``, sends, and hands its report
back. A child whose parent has gone stops by itself, since the pipe between them closes.

Run by hand: ``python -m zerofeed.mock.process --seconds 10 --rate 50000``; the report, one
JSON object, goes to standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from types import FrameType, TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from zerofeed.base.errors import ConfigurationError, ResourceError
from zerofeed.mock.deribit import SimulatedDeribit, destination
from zerofeed.mock.faults import Faults
from zerofeed.wire.batch_sender import BatchSender, pack_destinations
from zerofeed.wire.interfaces import parse_ipv4
from zerofeed.wire.pacing import wait_until

__all__ = ["Plan", "Report", "VenueProcess", "main", "serve"]

_BATCH_PACKETS = 512
_PACED_BATCH_NS = 1_000_000
"""With a rate, a batch holds what is due in this time."""
_CHANNELS = 256
_START_PATIENCE_S = 120.0
"""A child may have to compile its kernels first."""
_STOP_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send.

    Attributes:
        seed: of the simulation.
        seconds: how long, or None for as long as nobody stops it.
        packets: how many, or None for any number. The last occurrence is sent whole, so it may
            be a few more.
        rate: packets a second, or None for as many as the kernel takes.
        interface: name or address of the interface for multicast; None leaves it to routing.
        drop: chance of a packet to get lost on the way, 0 to 1.
    """

    seed: int = 1
    seconds: float | None = None
    packets: int | None = None
    rate: float | None = None
    interface: str | None = "lo"
    drop: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What was sent.

    Attributes:
        packets: datagrams that the kernel took.
        bytes: of their payloads.
        messages: that the venue wrote, by name of the template, lost ones included.
        trades: single trades.
        level_changes: levels created, changed and deleted.
        dropped: packets that were lost on purpose.
        channels: packets that the venue wrote, by channel.
        elapsed_ns: from the first packet to the last.
        books: of each instrument by name, the change id and the best price and amount of each
            side as decimal texts ("0" for an empty side), when the last packet was written.
    """

    packets: int = 0
    bytes: int = 0
    messages: dict[str, int] = field(default_factory=dict)
    trades: int = 0
    level_changes: int = 0
    dropped: int = 0
    channels: dict[int, int] = field(default_factory=dict)
    elapsed_ns: int = 0
    books: dict[str, tuple[int, str, str, str, str]] = field(default_factory=dict)

    @property
    def packets_per_second(self) -> float:
        """Mean rate; 0 when nothing took any time."""
        return self.packets * 1e9 / self.elapsed_ns if self.elapsed_ns else 0.0


def serve(plan: Plan, *, is_stopped: Callable[[], bool] = lambda: False) -> Report:
    """Run a venue and send what it says, until the plan is done.

    Args:
        plan: what to send. Without ``seconds`` and ``packets`` only ``is_stopped`` ends it.
        is_stopped: asked before every batch.

    Returns:
        What was sent.

    Raises:
        ConfigurationError: a number of the plan is out of range.
        ReceiverError: no such interface.
        ResourceError: the system refuses to send.
    """
    _check(plan)
    venue = SimulatedDeribit(plan.seed, start_ns=time.time_ns())
    faults = Faults(plan.seed, drop=plan.drop) if plan.drop > 0 else None
    size = _batch_size(plan)
    packed = _packed_destinations(venue)
    sent = sent_bytes = written = 0
    with BatchSender(interface=plan.interface) as sender:
        start_ns = time.monotonic_ns()
        end_ns = None if plan.seconds is None else start_ns + int(plan.seconds * 1e9)
        while not is_stopped():
            if end_ns is not None and time.monotonic_ns() >= end_ns:
                break
            wanted = size if plan.packets is None else min(size, plan.packets - written)
            if wanted <= 0:
                break
            if plan.rate is not None:
                wait_until(start_ns + int(written * 1e9 / plan.rate))
            batch = venue.advance(time.time_ns(), wanted)
            written += len(batch)
            batch = batch if faults is None else faults.apply(batch)
            sent += sender.send(batch.buffer, batch.offsets, batch.lengths, packed[batch.channels])
            sent_bytes += int(batch.lengths.sum())
        elapsed_ns = time.monotonic_ns() - start_ns
    return Report(
        packets=sent,
        bytes=sent_bytes,
        messages=venue.message_counts(),
        trades=venue.trade_count,
        level_changes=venue.level_change_count,
        dropped=written - sent,
        channels=venue.packet_counts(),
        elapsed_ns=elapsed_ns,
        books=_books(venue),
    )


def _check(plan: Plan) -> None:
    for name, value in (("seconds", plan.seconds), ("packets", plan.packets), ("rate", plan.rate)):
        if value is not None and not value > 0:
            raise ConfigurationError(f"not a plan: {name}", expected="more than 0", got=value)
    if not 0 <= plan.drop <= 1:
        raise ConfigurationError("not a plan: drop", expected="0 to 1", got=plan.drop)


def _batch_size(plan: Plan) -> int:
    if plan.rate is None:
        return _BATCH_PACKETS
    return min(max(int(plan.rate * _PACED_BATCH_NS / 1e9), 1), _BATCH_PACKETS)


def _packed_destinations(venue: SimulatedDeribit) -> NDArray[np.int64]:
    """Pack where each channel goes, indexed by channel."""
    addresses = np.zeros(_CHANNELS, np.uint32)
    ports = np.zeros(_CHANNELS, np.uint16)
    for channel in venue.channels:
        group, port = destination(channel)
        addresses[channel] = parse_ipv4(group)
        ports[channel] = port
    return pack_destinations(addresses, ports)


def _books(venue: SimulatedDeribit) -> dict[str, tuple[int, str, str, str, str]]:
    def top(side: Sequence[tuple[Decimal, Decimal]]) -> tuple[str, str]:
        return (f"{side[0][0]:f}", f"{side[0][1]:f}") if side else ("0", "0")

    books = {}
    for listing in venue.listings:
        book = venue.book(listing.instrument_id)
        books[listing.name] = (book.change_id, *top(book.bids), *top(book.asks))
    return books


class VenueProcess:
    """A venue in a child process.

    Loaded and ready when the constructor returns; nothing is sent before ``go``. As a context
    manager it is gone when the block ends, however it ends.

    Args:
        plan: what to send.

    Raises:
        ResourceError: the child did not come up; the message has its last words.
    """

    def __init__(self, plan: Plan) -> None:
        self._child = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
            [sys.executable, "-m", "zerofeed.mock.process", "--wait", *_arguments(plan)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self._line(_START_PATIENCE_S) != _READY:
            raise self._failure("the simulated venue did not start")

    @property
    def pid(self) -> int:
        """Number of the child."""
        return self._child.pid

    def go(self) -> None:
        """Begin to send."""
        assert self._child.stdin is not None
        self._child.stdin.write("go\n")
        self._child.stdin.flush()

    def is_running(self) -> bool:
        """True until the plan is done."""
        return self._child.poll() is None

    def stop(self, *, patience_s: float = _STOP_PATIENCE_S) -> Report:
        """End it if it still runs, and take its report.

        Args:
            patience_s: how long it may take to stop.

        Raises:
            ResourceError: it failed, or did not answer.
        """
        if self.is_running():
            self._child.send_signal(signal.SIGTERM)
        return self.wait(patience_s)

    def wait(self, patience_s: float | None = None) -> Report:
        """Wait until the plan is done, and take the report.

        Raises:
            ResourceError: it failed, or took longer than ``patience_s``.
        """
        try:
            out, errors = self._child.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired as error:
            raise self._failure("the simulated venue did not stop") from error
        if self._child.returncode != 0:
            raise ResourceError("the simulated venue failed", got=errors.strip()[-500:])
        return _report(out)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.is_running():
            self._child.kill()
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()
        self._child.wait()

    def _line(self, patience_s: float) -> str:
        assert self._child.stdout is not None
        ready, _, _ = select.select([self._child.stdout], [], [], patience_s)
        return self._child.stdout.readline().strip() if ready else ""

    def _failure(self, what: str) -> ResourceError:
        self._child.kill()
        _, errors = self._child.communicate()
        return ResourceError(what, got=errors.strip()[-500:] or "no answer")


_READY = "ready"


def _arguments(plan: Plan) -> list[str]:
    return [f"--{name}={value}" for name, value in asdict(plan).items() if value is not None]


def _report(text: str) -> Report:
    values = json.loads(text)
    values["channels"] = {int(channel): count for channel, count in values["channels"].items()}
    values["books"] = {name: tuple(book) for name, book in values["books"].items()}
    return Report(**values)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve as told on the command line; the report goes to standard output as JSON.

    Args:
        arguments: instead of the process's own.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m zerofeed.mock.process")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--packets", type=int)
    parser.add_argument("--rate", type=float, help="packets a second")
    parser.add_argument("--interface", default="lo")
    parser.add_argument("--drop", type=float, default=0.0, help="chance to lose a packet")
    parser.add_argument("--wait", action="store_true", help="begin at a line on standard input")
    options = vars(parser.parse_args(arguments))
    is_waiting = options.pop("wait")
    stop = _Stop(follows_input=is_waiting)
    signal.signal(signal.SIGTERM, stop.on_signal)
    signal.signal(signal.SIGINT, stop.on_signal)
    if is_waiting:
        _say(_READY)
        if not sys.stdin.readline():
            return 0
    report = serve(Plan(**options), is_stopped=stop.is_stopped)
    _say(json.dumps(asdict(report)))
    return 0


class _Stop:
    """Says when to stop: after a signal, or when the parent's end of the pipe is closed."""

    def __init__(self, *, follows_input: bool) -> None:
        self._is_told = False
        self._follows_input = follows_input

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Take note of a signal."""
        del number, frame
        self._is_told = True

    def is_stopped(self) -> bool:
        """True once there is a reason."""
        if self._follows_input and not self._is_told:
            readable, _, _ = select.select([sys.stdin], [], [], 0)
            self._is_told = bool(readable) and not os.read(sys.stdin.fileno(), 64)
        return self._is_told


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
