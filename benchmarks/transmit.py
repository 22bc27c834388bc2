#!/usr/bin/env python3
"""How many packets a second one core puts on a wire: by AF_XDP, and by sendmmsg.

Usage (root): python -m benchmarks.transmit [--rounds 5] [--seconds 2]

A veth pair between two networks made for each run; nobody receives, so the far end drops what arrives. Both
senders get the same payloads of 64 and 200 bytes, a batch of 256 at a time, and alternate. What veth's far
end takes off the wire is done in the sender's system call, in both cases.

Bias: against AF_XDP, which copies each payload into its frame in user space and, without a driver of its
own, has the kernel copy that once more; for it, as sendmmsg looks up a route for each packet.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.contest import beside, pin
from zerofeed.apps.demo_network import VENUE_SIDE, PrivateNetworks
from zerofeed.wire.batch_sender import BatchSender, pack_destination
from zerofeed.wire.xdp.transmitter import XdpTransmitter

__all__ = ["main"]

_RESULTS = Path(__file__).resolve().parent / "results"
_BATCH = 256
_SENDERS: dict[str, Callable[[], Any]] = {
    "AF_XDP": lambda: XdpTransmitter(VENUE_SIDE),
    "sendmmsg": lambda: BatchSender(interface=VENUE_SIDE),
}


def rate(name: str, payload_bytes: int, seconds: float) -> float:
    """Send for a while; packets a second."""
    pin(0)
    with PrivateNetworks() as networks, networks.at_the_venue(), _SENDERS[name]() as sender:
        buffer = np.zeros(_BATCH * payload_bytes, np.uint8)
        offsets = np.arange(_BATCH, dtype=np.int64) * payload_bytes
        lengths = np.full(_BATCH, payload_bytes, np.int64)
        destination = pack_destination("239.77.77.77", 7777)
        sent = 0
        began = time.monotonic()
        while (taken := time.monotonic() - began) < seconds:
            sent += sender.send(buffer, offsets, lengths, destination)
        return sent / taken


def _apart(name: str, payload_bytes: int, seconds: float) -> float:
    """Measure in a process of its own."""
    read, write = os.pipe()
    child = beside(lambda: _tell(write, rate(name, payload_bytes, seconds)), 0)
    child.join()
    os.close(write)
    with os.fdopen(read) as answer:
        return float(answer.read())


def _tell(write: int, figure: float) -> None:
    os.write(write, str(figure).encode())


def main() -> int:
    """Measure, print, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    asked = parser.parse_args()
    figures: dict[str, list[float]] = {}
    for _ in range(asked.rounds):
        for payload_bytes in (64, 200):
            for name in _SENDERS:
                key = f"{name}, {payload_bytes} bytes"
                figures.setdefault(key, []).append(_apart(name, payload_bytes, asked.seconds))
    for key, rates in figures.items():
        print(
            f"{key:20} {statistics.median(rates):>12,.0f} packets a second (median of {len(rates)})"
        )
    told = {"machine": machine.describe(), "per_second": figures}
    (_RESULTS / "transmit.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
