"""``zerofeed send``: a capture's payloads back on a wire, paced by their times.

By a UDP socket, which any user may do, or by AF_XDP, past the network stack, for root: frames of
this machine's own making, which no socket on this machine hears.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from zerofeed.base.errors import ConfigurationError
from zerofeed.wire.pacing import parse_speed
from zerofeed.wire.pcap import Capture, read_capture
from zerofeed.wire.sender import PayloadSender, SendReport, send_capture
from zerofeed.wire.xdp.transmitter import XdpTransmitter

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
    receiver: Literal["udp", "afxdp"] = "udp",
    destination_mac: str | None = None,
    is_json: bool = False,
) -> int:
    """Send a capture file and say what was sent. Blocks until all is sent, or Ctrl-C.

    Args:
        path: pcap or pcapng, also gzipped.
        destination: ``GROUP:PORT`` for every payload.
        speed: ``1x``, ``10x``, ``0.5x`` or ``max``.
        interface: name or address of the interface: for multicast, with AF_XDP for everything.
        ttl: hops; with AF_XDP at least 1.
        times: how often; 0 repeats until interrupted.
        max_rate: packets a second at most.
        keeps_destinations: every payload goes to the group it was recorded from.
        receiver: what sends, named like what receives: a ``udp`` socket, or ``afxdp``.
        destination_mac: with AF_XDP, Ethernet address for unicast, in place of the neighbour table.
        is_json: say it as one JSON object.

    Returns:
        0.

    Raises:
        ConfigurationError: a wrong argument or file.
        ReceiverError: with AF_XDP, no rights, the queue is taken, or nobody knows the Ethernet
            address of a destination.
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
        with _sender(receiver, interface, ttl, destination_mac) as sender:
            for _ in _rounds(times):
                report = send_capture(
                    capture,
                    target,
                    factor,
                    max_rate=max_rate,
                    interface=interface,
                    ttl=ttl,
                    sender=sender,
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


def _sender(
    receiver: Literal["udp", "afxdp"], interface: str | None, ttl: int, destination_mac: str | None
) -> contextlib.AbstractContextManager[PayloadSender | None]:
    """Open what sends; None for a UDP socket, which each round opens for itself."""
    if receiver == "udp":
        if destination_mac is not None:
            raise ConfigurationError(
                "a UDP socket finds the Ethernet address by itself",
                where="--destination-mac",
                next_step="leave it out, or add --receiver afxdp",
            )
        return contextlib.nullcontext()
    if interface is None:
        raise ConfigurationError(
            "AF_XDP sends on an interface of your choice",
            where="--interface",
            next_step="name it, for instance --interface eth1",
        )
    return XdpTransmitter(interface, ttl=ttl, destination_mac=destination_mac)


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
