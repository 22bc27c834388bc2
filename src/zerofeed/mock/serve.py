"""The simulated venue on the network: runs it, sends what it says, reports what was sent.

``serve`` does so in the caller's process. As a program, ``python -m zerofeed.mock.serve --seconds
10 --rate 50000`` writes its report, one JSON object, to standard output. With ``--wait`` it says
"ready" once it is loaded, begins at a line on standard input, and ends when that is closed.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from types import FrameType

import numpy as np
from numpy.typing import NDArray

from zerofeed.mock.deribit import SimulatedDeribit, destination
from zerofeed.mock.faults import Faults
from zerofeed.mock.plan import READY, Plan, Report
from zerofeed.wire.batch_sender import BatchSender, pack_destinations
from zerofeed.wire.interfaces import parse_ipv4
from zerofeed.wire.pacing import wait_until
from zerofeed.wire.xdp.transmitter import XdpTransmitter

__all__ = ["main", "serve"]

_BATCH_PACKETS = 512
_PACED_BATCH_NS = 1_000_000
"""With a rate, a batch holds what is due in this time."""
_CHANNELS = 256


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
    plan.check()
    venue = SimulatedDeribit(plan.seed, start_ns=time.time_ns())
    faults = Faults(plan.seed, drop=plan.drop) if plan.drop > 0 else None
    size = _batch_size(plan)
    packed = _packed_destinations(venue)
    sent = sent_bytes = written = 0
    with _open_sender(plan) as sender:
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


def _open_sender(plan: Plan) -> BatchSender | XdpTransmitter:
    if plan.sender == "afxdp":
        return XdpTransmitter(plan.interface or "")
    return BatchSender(interface=plan.interface)


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve as told on the command line; the report goes to standard output as JSON.

    Args:
        arguments: instead of the process's own.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m zerofeed.mock.serve")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--packets", type=int)
    parser.add_argument("--rate", type=float, help="packets a second")
    parser.add_argument("--interface", default="lo")
    parser.add_argument("--drop", type=float, default=0.0, help="chance to lose a packet")
    parser.add_argument("--sender", choices=["udp", "afxdp"], default="udp")
    parser.add_argument("--wait", action="store_true", help="begin at a line on standard input")
    options = vars(parser.parse_args(arguments))
    is_waiting = options.pop("wait")
    stop = _Stop(follows_input=is_waiting)
    signal.signal(signal.SIGTERM, stop.on_signal)
    signal.signal(signal.SIGINT, stop.on_signal)
    if is_waiting:
        _say(READY)
        if not sys.stdin.readline():
            return 0
    report = serve(Plan(**options), is_stopped=stop.is_stopped)
    _say(report.to_json())
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
