"""``zerofeed send``: a capture's payloads back on a wire, paced by their times.

By a UDP socket, which any user may do, or by AF_XDP, past the network stack, for root: frames of
this machine's own making, which no socket on this machine hears.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from zerofeed.base.errors import ConfigurationError
from zerofeed.mock.rerequest import RerequestServer
from zerofeed.wire.faulty_lines import LineFaults, Schedule, parse_line_faults
from zerofeed.wire.pacing import parse_speed
from zerofeed.wire.pcap import Capture, read_capture
from zerofeed.wire.sender import PayloadSender, SendReport, send_capture, send_lines
from zerofeed.wire.xdp.transmitter import XdpTransmitter

__all__ = ["parse_destination", "parse_speed", "send"]


def send(
    path: Path,
    *,
    destinations: Sequence[str] = (),
    faults: Sequence[str] = (),
    seed: int = 1,
    rerequest: str | None = None,
    linger_s: float = 5.0,
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
        destinations: ``GROUP:PORT`` for every payload; several are lines that all send it.
        faults: ``drop=0.01,reorder=0.001``: what goes wrong on each line, or on all when there is one.
        seed: of the faults.
        rerequest: ``HOST:PORT`` at which the capture's MoldUDP64 messages can be asked for again.
        linger_s: how long that goes on behind the last packet.
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
    if bool(destinations) is keeps_destinations:
        raise ConfigurationError(
            "say where the payloads go, in one way",
            where="--to or --keep-destinations",
            next_step="for instance --to 239.111.111.1:6100 --interface lo",
        )
    if faults and len(faults) not in {1, len(destinations)}:
        raise ConfigurationError(
            "faults are those of all lines, or of each",
            where="--faults",
            expected=f"1 or {len(destinations)}",
            got=len(faults),
            next_step="give --faults once, or once for each --to, in the same order",
        )
    targets = [parse_destination(each) for each in destinations]
    spoiled = [parse_line_faults(each) for each in faults] or [LineFaults()]
    if len(spoiled) == 1:
        spoiled *= len(targets)
    has_lines = len(targets) > 1 or bool(faults)
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
    schedule: Schedule | None = None
    is_interrupted = False
    try:
        with (
            _rerequests(capture, rerequest, seed) as server,
            _sender(receiver, interface, ttl, destination_mac) as sender,
        ):
            for turn in _rounds(times):
                if has_lines:
                    report, schedule = send_lines(
                        capture,
                        targets,
                        spoiled,
                        seed + turn,
                        factor,
                        max_rate=max_rate,
                        interface=interface,
                        ttl=ttl,
                        sender=sender,
                    )
                else:
                    report = send_capture(
                        capture,
                        targets[0] if targets else None,
                        factor,
                        max_rate=max_rate,
                        interface=interface,
                        ttl=ttl,
                        sender=sender,
                    )
                reports.append(report)
            if server is not None:
                time.sleep(linger_s)
    except KeyboardInterrupt:
        # An endless replay is meant to end like this; a single one was cut short.
        is_interrupted = True
        if times != 0:
            raise
    finally:
        if reports:
            _tell(capture, reports, schedule, is_json=is_json, is_interrupted=is_interrupted)
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


@contextlib.contextmanager
def _rerequests(capture: Capture, where: str | None, seed: int) -> Iterator[RerequestServer | None]:
    """Serve what the capture has to whoever asks for it again."""
    if where is None:
        yield None
        return
    host, port = parse_destination(where)
    server = RerequestServer(host=host, port=port, seed=seed)
    if not server.add_capture(capture):
        server.close()
        raise ConfigurationError(
            "the capture has no MoldUDP64 messages that could be asked for",
            where=capture.name,
            next_step="leave --rerequest out",
        )
    with server:
        yield server
    print(
        f"zerofeed: {server.requests:,} requests, {server.answers:,} answered, "
        f"{server.refused:,} for what the capture does not have",
        file=sys.stderr,
    )


def _rounds(times: int) -> Iterator[int]:
    return iter(range(times)) if times else itertools.count()


def _tell(
    capture: Capture,
    reports: list[SendReport],
    schedule: Schedule | None,
    *,
    is_json: bool,
    is_interrupted: bool,
) -> None:
    packets = sum(report.packets for report in reports)
    payload_bytes = sum(report.payload_bytes for report in reports)
    elapsed_ns = sum(report.elapsed_ns for report in reports)
    late_max_ns = max(report.late_max_ns for report in reports)
    refused = sum(report.refused for report in reports)
    cut = capture.counts.packets_cut * len(reports)
    rate = round(packets * 1e9 / elapsed_ns, 1) if elapsed_ns else None
    if is_json:
        told: dict[str, Any] = {
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
        if schedule is not None:
            told["lines"] = [plan.counts() for plan in schedule.lines]
            told["lost_by_all"] = schedule.lost_by_all.tolist()
        print(json.dumps(told))
        return
    rounds = f" in {len(reports)} rounds" if len(reports) > 1 else ""
    print(
        f"sent {packets:,} packets, {payload_bytes:,} bytes{rounds} in {elapsed_ns / 1e9:.3f} s"
        f"{'' if rate is None else f', {rate:,.0f} packets/s'}; "
        f"at most {late_max_ns / 1e6:.2f} ms late"
    )
    if schedule is not None:
        for number, plan in enumerate(schedule.lines):
            counts = plan.counts()
            done = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
            print(f"line {number}: {done}")
        print(f"{schedule.lost_by_all.size:,} packets come by no line")
    if refused:
        print(f"zerofeed: {refused:,} came back: nobody listens there", file=sys.stderr)
    if cut:
        print(f"zerofeed: {cut:,} were cut by the capture, sent as they are", file=sys.stderr)
