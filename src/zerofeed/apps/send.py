"""``zerofeed send``: a capture's payloads back on a wire, paced by their times."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from zerofeed.base.errors import ConfigurationError
from zerofeed.wire.pacing import parse_speed
from zerofeed.wire.pcap import Capture, read_capture
from zerofeed.wire.sender import SendReport, send_capture

__all__ = ["parse_destination", "parse_speed", "send"]


def send(
    path: Path,
    *,
    destination: str | None = None,
    speed: str = "1x",
    interface: str | None = None,
    ttl: int = 1,
    times: int = 1,
    max_rate: float | None = None,
    keeps_destinations: bool = False,
    is_json: bool = False,
) -> int:
    """Send a capture file and say what was sent. Blocks until all is sent, or Ctrl-C.

    Args:
        path: pcap or pcapng, also gzipped.
        destination: ``GROUP:PORT`` for every payload.
        speed: ``1x``, ``10x``, ``0.5x`` or ``max``.
        interface: name or address of the interface for multicast.
        ttl: hops.
        times: how often; 0 repeats until interrupted.
        max_rate: packets a second at most.
        keeps_destinations: every payload goes to the group it was recorded from.
        is_json: say it as one JSON object.

    Returns:
        0.

    Raises:
        ConfigurationError: a wrong argument or file.
        ResourceError: the system refuses to send.
    """
    if (destination is None) is not keeps_destinations:
        raise ConfigurationError(
            "say where the payloads go, in one way",
            where="--to or --keep-destinations",
            next_step="for instance --to 239.111.111.1:6100 --interface lo",
        )
    target = None if destination is None else parse_destination(destination)
    factor = parse_speed(speed)
    capture = read_capture(path)
    if not len(capture):
        raise ConfigurationError(
            "the capture has no UDP packets",
            where=str(path),
            got=f"{capture.counts.frames} frames of other kinds",
            next_step="choose another file",
        )
    reports: list[SendReport] = []
    is_interrupted = False
    try:
        for _ in _rounds(times):
            report = send_capture(
                capture, target, factor, max_rate=max_rate, interface=interface, ttl=ttl
            )
            reports.append(report)
    except KeyboardInterrupt:
        # An endless replay is meant to end like this; a single one was cut short.
        is_interrupted = True
        if times != 0:
            raise
    finally:
        if reports:
            _tell(capture, reports, is_json=is_json, is_interrupted=is_interrupted)
    return 0


def parse_destination(text: str) -> tuple[str, int]:
    """Read ``GROUP:PORT``.

    Raises:
        ConfigurationError: it is not an address and a port.
    """
    address, _, port = text.rpartition(":")
    if not address or not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise ConfigurationError(
            "is not a destination",
            where=text,
            expected="GROUP:PORT",
            next_step="for instance 239.111.111.1:6100",
        )
    return address, int(port)


def _rounds(times: int) -> Iterator[int]:
    return iter(range(times)) if times else itertools.count()


def _tell(
    capture: Capture, reports: list[SendReport], *, is_json: bool, is_interrupted: bool
) -> None:
    packets = sum(report.packets for report in reports)
    payload_bytes = sum(report.payload_bytes for report in reports)
    elapsed_ns = sum(report.elapsed_ns for report in reports)
    late_max_ns = max(report.late_max_ns for report in reports)
    refused = sum(report.refused for report in reports)
    cut = capture.counts.packets_cut * len(reports)
    rate = round(packets * 1e9 / elapsed_ns, 1) if elapsed_ns else None
    if is_json:
        told = {
            "file": capture.name,
            "rounds": len(reports),
            "packets": packets,
            "payload_bytes": payload_bytes,
            "elapsed_ns": elapsed_ns,
            "packets_per_second": rate,
            "late_max_ns": late_max_ns,
            "retries": sum(report.retries for report in reports),
            "refused": refused,
            "packets_cut": cut,
            "is_interrupted": is_interrupted,
        }
        print(json.dumps(told))
        return
    rounds = f" in {len(reports)} rounds" if len(reports) > 1 else ""
    print(
        f"sent {packets:,} packets, {payload_bytes:,} bytes{rounds} in {elapsed_ns / 1e9:.3f} s"
        f"{'' if rate is None else f', {rate:,.0f} packets/s'}; "
        f"at most {late_max_ns / 1e6:.2f} ms late"
    )
    if refused:
        print(f"zerofeed: {refused:,} came back: nobody listens there", file=sys.stderr)
    if cut:
        print(f"zerofeed: {cut:,} were cut by the capture, sent as they are", file=sys.stderr)
