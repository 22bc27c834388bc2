"""``zerofeed demo``: the whole path on one machine, with live figures and a verdict.

A venue sends multicast on the loopback interface; a feed receives it; three reader processes
use it at the same time, each in its own way. At the end every identity that must hold is
checked: nothing lost between sender and readers, all readers saw the same bytes, no copy of a
payload in user space.

By AF_XDP, for root, the venue is in a private network of its own and the feed with its readers in
another, joined by a cable (:mod:`~zerofeed.apps.demo_network`).
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Literal

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from zerofeed.apps.audit.evidence import Report
from zerofeed.apps.audit.gather_own import identify_objects
from zerofeed.apps.audit.report import draw, examine
from zerofeed.apps.copies import copies_per_packet, copies_text
from zerofeed.apps.demo_network import FEED_SIDE, PrivateNetworks
from zerofeed.apps.demo_readers import STYLES, read_until_told
from zerofeed.apps.demo_reception import Reception, reception_of
from zerofeed.apps.demo_sources import SendPlan, send_packets
from zerofeed.base.errors import BugError, ZerofeedError
from zerofeed.feed.attach import Feed, attach
from zerofeed.runtime.config import FeedConfig, FeedSection, MemorySection, ReadersSection, Source
from zerofeed.runtime.privileges import die_with
from zerofeed.runtime.protocols import find_protocol
from zerofeed.runtime.supervisor import Supervisor
from zerofeed.wire.pcap import open_capture
from zerofeed.wire.udp import open_receiver

__all__ = ["DemoPlan", "demo"]

_GROUP = "239.111.111.111"
_START_SECONDS = 180.0
_READY_SECONDS = 60.0
_PATIENCE_MS = 5_000
_AUDIT_SECONDS = 1.0
_NAMES = {"udp": "UDP", "afxdp": "AF_XDP"}
_GROWTH_BYTES = 2 << 20
"""What a reader's interpreter may take for itself, whatever it reads."""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What to show.

    Attributes:
        seconds: length of the simulation.
        capture: send this file instead of the simulated venue.
        protocol: of the capture.
        readers: how many; the styles take turns.
        speed: of a capture: 1.0 as recorded, None for as fast as the feed takes it.
        rate: packets a second of the simulated venue; None for as many as the feed takes.
        seed: of the simulation.
        is_afxdp: between two private networks and received by AF_XDP; for root.
    """

    seconds: float = 10.0
    capture: str | None = None
    protocol: str = "deribit-multicast"
    readers: int = 3
    speed: float | None = None
    rate: float | None = 20_000.0
    seed: int = 1
    is_afxdp: bool = False


@dataclass(slots=True)
class _Child:
    process: BaseProcess
    pipe: Connection

    def receive(self, seconds: float, who: str) -> Any:
        """Take its next message.

        Raises:
            BugError: it died or said nothing in time.
        """
        if self.pipe.poll(seconds):
            try:
                return self.pipe.recv()
            except EOFError:
                pass
        raise BugError(
            f"the demonstration's {who} ended early or did not answer",
            got=f"exit status {self.process.exitcode}",
            next_step="look at the lines above for its reason",
        )


def demo(plan: DemoPlan, *, as_json: bool = False, console: Console | None = None) -> int:
    """Run the demonstration.

    Args:
        plan: what to show.
        as_json: print one JSON object instead of the live table.
        console: where to draw; default: standard output.

    Returns:
        Exit status: 0 when every identity holds.

    Raises:
        ZerofeedError: something that the demonstration needs cannot be had here.
    """
    screen = console or Console()
    if plan.capture is not None:
        open_capture(plan.capture)  # says what is wrong with it before anything is started
    find_protocol(plan.protocol)
    if not as_json:
        screen.print("starting a feed, its readers and a venue ...", style="dim")
    with PrivateNetworks() if plan.is_afxdp else contextlib.nullcontext() as networks:
        venue = None if networks is None else networks.venue
        results, report, figures = _show(plan, venue, screen, not as_json)
    if as_json:
        print(json.dumps(results))
    else:
        draw(screen, report, figures)
        screen.print(_verdict(results))
    return 0 if results["ok"] else 1


def _show(
    plan: DemoPlan,
    venue: int | None,
    screen: Console,
    is_live: bool,  # noqa: FBT001 - private, and last
) -> tuple[dict[str, Any], Report, dict[str, Any]]:
    """Start everybody, watch, and end everybody, however it goes.

    Args:
        plan: what to show.
        venue: the network that packets are sent in; None: this one, on loopback.
        screen: where to draw.
        is_live: draw while it runs.

    Returns:
        The results, and the audit's report and figures, which are among them as plain values.
    """
    name = f"demo-{os.getpid()}"
    port = _free_port(plan)
    children: list[_Child] = []
    feed: Feed | None = None
    try:
        feed_child = _spawn(_run_feed, _config(name, port, plan))
        children.append(feed_child)
        reception = _started(feed_child)
        feed = attach(name, wait=5.0)
        readers = []
        for index in range(plan.readers):
            style = list(STYLES)[index % len(STYLES)]
            readers.append(_spawn(read_until_told, name, style))
        children.extend(readers)
        sender = _spawn(send_packets, _send_plan(name, port, plan, reception.window, venue))
        children.append(sender)
        for child in [*readers, sender]:
            child.receive(_READY_SECONDS, "reader or sender")
        return _watch(feed, sender, readers, plan, reception, screen, is_live=is_live)
    finally:
        if feed is not None:
            feed.close()
        _end(children)


def _interface(plan: DemoPlan) -> str:
    return FEED_SIDE if plan.is_afxdp else "lo"


def _free_port(plan: DemoPlan) -> int:
    with open_receiver(_GROUP, 0, interface=_interface(plan), buffer_bytes=4096) as probe:
        return probe.port


def _config(name: str, port: int, plan: DemoPlan) -> FeedConfig:
    receiver: Literal["afxdp", "udp"] = "afxdp" if plan.is_afxdp else "udp"
    return FeedConfig(
        feed=FeedSection(name=name, protocol=plan.protocol, receiver=receiver),
        source=[Source(group=_GROUP, port=port, interface=_interface(plan))],
        memory=MemorySection(records=1 << 20),
        readers=ReadersSection(patience_ms=_PATIENCE_MS),
    )


def _send_plan(
    name: str, port: int, plan: DemoPlan, window: int, network: int | None = None
) -> SendPlan:
    return SendPlan(
        feed=name,
        group=_GROUP,
        port=port,
        window=window,
        seconds=plan.seconds,
        rate=plan.rate,
        seed=plan.seed,
        capture=plan.capture,
        speed=plan.speed,
        network=network,
    )


def _spawn(target: Any, *arguments: Any) -> _Child:
    """Fork a child that runs ``target(*arguments, pipe)`` with everything already loaded."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_enter, args=(target, arguments, theirs, ours, os.getpid()))
    process.start()
    theirs.close()
    return _Child(process, ours)


def _enter(
    target: Any, arguments: tuple[Any, ...], pipe: Connection, other: Connection, parent: int
) -> None:
    """Run in the child: close the parent's end, end with the parent, quietly on an interrupt."""
    other.close()
    die_with(parent)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        target(*arguments, pipe)
    except KeyboardInterrupt:
        os._exit(130)
    except ZerofeedError as error:
        print(f"zerofeed: error: {error}", file=sys.stderr)
        os._exit(error.exit_code)


def _run_feed(config: FeedConfig, pipe: Connection) -> None:
    """Be the feed's supervisor."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        supervisor = Supervisor(config, lambda _line: None)
    except ZerofeedError as error:
        pipe.send(error)
        return
    pipe.send(reception_of(supervisor.receivers[0]))
    supervisor.run()


def _started(child: _Child) -> Reception:
    """Wait until the feed has its memory and sockets; how it receives."""
    answer = child.receive(_START_SECONDS, "feed")
    if isinstance(answer, ZerofeedError):
        raise answer
    assert isinstance(answer, Reception)
    return answer


def _watch(
    feed: Feed,
    sender: _Child,
    readers: list[_Child],
    plan: DemoPlan,
    reception: Reception,
    screen: Console,
    *,
    is_live: bool,
) -> tuple[dict[str, Any], Report, dict[str, Any]]:
    """Start the sender, audit, draw until it is done, tell readers where the end is, collect."""
    sender.pipe.send("go")
    report, figures = examine(feed, identify_objects(feed.name), _AUDIT_SECONDS)
    before = (time.monotonic(), 0, 0)
    with (
        Live(console=screen, auto_refresh=False, transient=False) if is_live else _NoLive() as live
    ):
        while not sender.pipe.poll(0.25):
            if not sender.process.is_alive():
                break
            before = _draw(live, feed, before, plan, reception)
        sent = sender.receive(1.0, "sender")
        target = feed.published
        # While all of them are still there.
        status = feed.status()
        for reader in readers:
            reader.pipe.send(target)
        _draw(live, feed, before, plan, reception)
    reports = [reader.receive(_READY_SECONDS, "reader") for reader in readers]
    results = _results(feed, sent, target, reports, status, reception)
    results["audit"] = report.describe()
    results["identities"][
        "the audit contradicts nothing that is stated"
    ] = not report.is_contradicted
    results["ok"] = all(results["identities"].values())
    return results, report, figures


class _NoLive:
    """Stands in for the live table when only JSON is wanted."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _draw(
    live: Live | None,
    feed: Feed,
    before: tuple[float, int, int],
    plan: DemoPlan,
    reception: Reception,
) -> tuple[float, int, int]:
    now = (time.monotonic(), feed.metrics["packets_received"], feed.published)
    if live is None:
        return now
    span = max(1e-9, now[0] - before[0])
    latency = feed.metrics.latency("wire_to_record")
    table = Table(title=f"feed {feed.name}", title_justify="left", expand=False)
    for column in ("", "rate", "total"):
        table.add_column(column, justify="right" if column else "left")
    table.add_row("receiver", reception.receiver, reception.mode)
    table.add_row("packets", f"{(now[1] - before[1]) / span:,.0f}/s", f"{now[1]:,}")
    table.add_row("messages", "", f"{feed.metrics['messages']:,}")
    table.add_row("records", f"{(now[2] - before[2]) / span:,.0f}/s", f"{now[2]:,}")
    table.add_row("wire to record", _us(latency["p50"]), f"p99 {_us(latency['p99'])}")
    table.add_row("dropped, missing", "", str(_lost_packets(feed)))
    rows = Table(expand=False)
    for column in ("reader", "mode", "consumed", "lag", "lost"):
        rows.add_column(column, justify="left" if column in ("reader", "mode") else "right")
    for number, reader in enumerate(feed.status()["readers"]):
        style = list(STYLES)[number % len(STYLES)] if number < plan.readers else "?"
        rows.add_row(
            f"{reader['pid']} {style}",
            reader["mode"],
            f"{reader['consumed']:,}",
            f"{reader['lag']:,}",
            f"{reader['lost']:,}",
        )
    live.update(Group(table, rows), refresh=True)
    return now


def _lost_packets(feed: Feed) -> int:
    return feed.metrics["packets_dropped_kernel"] + feed.metrics["packets_missing"]


def _us(nanoseconds: int | None) -> str:
    return "-" if nanoseconds is None else f"{nanoseconds / 1000:,.1f} us"


def _results(
    feed: Feed,
    sent: dict[str, Any],
    target: int,
    readers: list[dict[str, Any]],
    status: dict[str, Any],
    reception: Reception,
) -> dict[str, Any]:
    """Put everything together and check every identity."""
    counters = feed.metrics.counters()
    names = feed.description.templates
    messages = {names[slot]: n for slot, n in enumerate(feed.metrics.templates()) if n}
    digests = {reader["digest"] for reader in readers}
    identities = {
        "sent = received + dropped by the kernel": sent["packets"]
        == counters["packets_received"] + counters["packets_dropped_kernel"],
        "received = decoded + stale + heartbeat + malformed + truncated": counters[
            "packets_received"
        ]
        == sum(
            counters[f"packets_{cause}"]
            for cause in ("decoded", "stale", "heartbeat", "malformed", "truncated")
        ),
        "published = consumed + lost + lag for every reader": all(
            reader["consumed"] + reader["lost"] + reader["lag"] == target for reader in readers
        ),
        "no sequence number is missing in any reader": all(r["holes"] == 0 for r in readers),
        "every reader saw every record": all(
            r["seen"] == target and r["lost"] == 0 for r in readers
        ),
        "every reader saw the same bytes": len(digests) <= 1,
        "records counted = records published": counters["records_published"] == target,
        "no packet lost": counters["packets_dropped_kernel"] == 0 and bool(sent["is_drained"]),
        "readers' private memory did not grow with what they read": all(
            r["resident_growth_bytes"] < max(_GROWTH_BYTES, r["seen"] * 64 // 8) for r in readers
        ),
        "readers' data lies in the feed's own read-only memory": all(
            r["is_view"] and r["map"].startswith("r--s") for r in readers
        ),
    }
    if sent["messages"] is not None:
        wanted = {name: count for name, count in sent["messages"].items() if count}
        identities["messages decoded = messages sent"] = wanted == messages
    keys = (
        "seen",
        "lost",
        "digest",
        "latency_ns",
        "style",
        "mode",
        "holes",
        "resident_growth_bytes",
    )
    return {
        "ok": all(identities.values()),
        "packets": {
            "sent": sent["packets"],
            "received": counters["packets_received"],
            "published": counters["packets_decoded"],
            "dropped": counters["packets_dropped_kernel"],
            "missing": counters["packets_missing"],
        },
        "messages": {
            "sent": None if sent["messages"] is None else sum(sent["messages"].values()),
            "received": counters["messages"] + counters["messages_unknown"],
            "published": counters["messages"],
            "by_template": messages,
        },
        "records": {
            "sent": None,
            "received": min((reader["seen"] for reader in readers), default=0),
            "published": target,
        },
        "instruments": len(feed.instruments) - 1,
        "seconds": sent["elapsed_ns"] / 1e9,
        "packets_per_second": sent["packets"] * 1e9 / max(1, sent["elapsed_ns"]),
        "records_per_second": target * 1e9 / max(1, sent["elapsed_ns"]),
        "wire_to_record_ns": feed.metrics.latency("wire_to_record"),
        "readers": [{key: reader[key] for key in keys} for reader in readers],
        "receiver": {"kind": reception.receiver, "mode": reception.mode},
        "copies_per_packet": copies_per_packet(
            status,
            evidence=f"readers' arrays lie in their map of the feed ({readers[0]['map']}) and their "
            "private memory does not grow with what they read"
            if readers
            else "no reader",
            without_pid=os.getpid(),
        ),
        "epoch": status["epoch"],
        "identities": identities,
    }


def _verdict(results: dict[str, Any]) -> Group:
    """Lay out the final report for a person."""
    readers = Table(title="readers", title_justify="left")
    for column in ("reader", "records", "lost", "p50", "p99", "p99.9", "digest"):
        readers.add_column(
            column, justify="right" if column not in ("reader", "digest") else "left"
        )
    for reader in results["readers"]:
        latency = reader["latency_ns"]
        readers.add_row(
            reader["style"],
            f"{reader['seen']:,}",
            f"{reader['lost']:,}",
            _us(latency["p50"]),
            _us(latency["p99"]),
            _us(latency["p999"]),
            reader["digest"][:16],
        )
    checks = Table(title="identities", title_justify="left", show_header=False)
    for name, holds in results["identities"].items():
        checks.add_row(Text("holds" if holds else "BROKEN", "green" if holds else "bold red"), name)
    packets, records = results["packets"], results["records"]
    totals = (
        f"{packets['sent']:,} packets in {results['seconds']:.2f} s "
        f"({results['packets_per_second']:,.0f}/s), {results['messages']['published']:,} messages, "
        f"{records['published']:,} records ({results['records_per_second']:,.0f}/s), "
        f"{results['instruments']} instruments"
    )
    receiver = results["receiver"]
    received = f"received by {_NAMES[receiver['kind']]}: {receiver['mode']}"
    copied = copies_text(results["copies_per_packet"])
    meant = (
        "latency is from the packet's arrival in the kernel to the reader; readers and feed "
        "share this machine's cores with the venue"
    )
    good = results["ok"]
    verdict = Text(
        "verdict: every identity holds" if good else "verdict: BROKEN",
        style="bold green" if good else "bold red",
    )
    return Group(readers, checks, totals, received, copied, meant, verdict)


def _end(children: list[_Child]) -> None:
    """End every child: readers and sender have ended by themselves when all went well."""
    for child in reversed(children):
        child.pipe.close()
        if child.process.is_alive():
            child.process.terminate()
        child.process.join(3.0)
        if child.process.is_alive():
            child.process.kill()
            child.process.join()
