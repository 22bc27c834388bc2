"""The command: watch a feed for some seconds, let the judge look at what was seen, show it.

The feed does not notice: the audit is a lossy reader of it, and looks into ``/proc``.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.markup import escape

from zerofeed.apps.audit.evidence import Report, Verdict
from zerofeed.apps.audit.facts import Growth, ObjectFact, ProbeFacts, ProcessFacts
from zerofeed.apps.audit.gather_own import PROGRAM, OwnReader, identify_objects
from zerofeed.apps.audit.gather_probes import (
    COPYING,
    EVERYWHERE,
    Counter,
    ProbesRefusedError,
    calibrate,
)
from zerofeed.apps.audit.gather_process import look_at, own_memory_bytes
from zerofeed.apps.audit.judge import decoding_hop, own_hop, reader_hop, receiver_hops
from zerofeed.apps.copies import copies_line, copies_per_packet
from zerofeed.apps.render import make_console, parse_user
from zerofeed.feed.attach import Feed, attach
from zerofeed.feed.memory import FRAME_BYTES
from zerofeed.records.dtypes import RECORD_BYTES

__all__ = ["audit", "draw", "examine"]

_MARKS = {
    Verdict.HOLDS: ("✓", "green"),
    Verdict.CONTRADICTS: ("✗", "bold red"),
    Verdict.UNKNOWN: ("?", "dim"),
}
_ITEM_BYTES = {"records": RECORD_BYTES, "frames": FRAME_BYTES}
_CONTRADICTED = 1


def audit(
    name: str, *, user: str | None = None, seconds: float = 3.0, is_json: bool = False
) -> int:
    """Print how often bytes are copied between the wire and each reader, and how that is known.

    Args:
        name: of the feed, or the path of its socket.
        user: who runs it, by name or number; default: this user.
        seconds: how long to watch.
        is_json: one JSON object instead of a page.

    Returns:
        0, or 1 when some evidence contradicts what the feed or a reader states.

    Raises:
        FeedNotFoundError: no such feed is running.
        FeedGoneError: it ended.
    """
    uid = parse_user(user)
    objects = identify_objects(name, uid)
    with attach(name, user=uid, program=PROGRAM) as feed:
        report, figures = examine(feed, objects, seconds)
    if is_json:
        print(json.dumps({**report.describe(), "copies_per_packet": figures}, indent=2))
    else:
        draw(make_console(), report, figures)
    return _CONTRADICTED if report.is_contradicted else 0


def examine(feed: Feed, objects: list[ObjectFact], seconds: float) -> tuple[Report, dict[str, Any]]:
    """Watch a feed and judge what was seen.

    Args:
        feed: attached.
        objects: its shared objects.
        seconds: how long to watch.

    Returns:
        The report, and the figures that other screens show.

    Raises:
        FeedGoneError: the feed ended.
    """
    before = feed.status()
    kept = {each["pid"]: _own_memory(each["pid"]) for each in _others(before)}
    worker_pid = before["worker_pid"]
    kept.setdefault(worker_pid, _own_memory(worker_pid))
    counted = feed.metrics.counters()
    published = feed.published
    reader = OwnReader(feed, objects)
    try:
        with _counting(list(kept), before) as probes:
            own = reader.read(seconds)
            probes.take(feed.metrics["packets_received"] - counted["packets_received"])
    finally:
        reader.close()
    after = feed.status()
    watched = own.process.growth.seconds if own.process.growth else seconds
    received = feed.metrics["bytes_received"] - counted["bytes_received"]
    records = feed.published - published
    worker = look_at(worker_pid, "the feed's worker", objects)
    # A program's own feed receives nothing; what passes through its process are records.
    worker = _grown(worker, kept[worker_pid], watched, received)
    hops = receiver_hops(after.get("receivers", []), worker, objects, probes.facts)
    packets = feed.metrics["packets_received"] - counted["packets_received"]
    if packets or any(each["kind"] != "program" for each in after.get("receivers", [])):
        hops.append(decoding_hop(packets, records))
    hops.append(own_hop(own, objects))
    read = _read_bytes(before, after)
    feeds_own = {worker_pid, feed.description.supervisor_pid}
    for each in _others(after):
        pid = each["pid"]
        process = look_at(pid, each["program"], objects)
        process = _grown(process, kept.get(pid), watched, read[pid])
        hops.append(reader_hop(each, process, objects, probes.facts, is_the_feeds=pid in feeds_own))
    figures = copies_per_packet(after, without_pid=os.getpid())
    return Report(feed.name, watched, hops), figures


def _others(status: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in status["readers"] if each["program"] != PROGRAM]


def _place(reader: dict[str, Any]) -> tuple[int, str, int]:
    return reader["pid"], reader["ring"], reader["slot"]


def _read_bytes(before: dict[str, Any], after: dict[str, Any]) -> dict[int, int]:
    """Add up what each process read between two looks, over all its readers."""
    then = {_place(each): each["consumed"] for each in _others(before)}
    read: dict[int, int] = {}
    for each in _others(after):
        items = each["consumed"] - then.get(_place(each), 0)
        read[each["pid"]] = read.get(each["pid"], 0) + items * _ITEM_BYTES[each["ring"]]
    return read


def _own_memory(pid: int) -> int | None:
    try:
        return own_memory_bytes(pid) if pid else None
    except OSError:
        return None


def _grown(process: ProcessFacts, before: int | None, seconds: float, read: int) -> ProcessFacts:
    """Add what became of a process's own memory since then."""
    now = _own_memory(process.pid)
    if before is None or now is None:
        return process
    return replace(process, growth=Growth(seconds, read, now - before))


class _Probes:
    """Counters that are open, and what they said."""

    def __init__(self) -> None:
        self.facts = ProbeFacts("not counted")
        self.calibration = (0, 0)
        self.functions: list[str] = []
        self.by_process: dict[int, list[Counter]] = {}
        self.everywhere: dict[str, Counter] = {}

    def take(self, packets: int) -> None:
        """Read every counter."""
        if self.functions:
            self.facts = ProbeFacts(
                None,
                self.functions,
                self.calibration,
                {pid: sum(c.count() for c in each) for pid, each in self.by_process.items()},
                packets,
                {name: each.count() for name, each in self.everywhere.items()},
            )


@contextlib.contextmanager
def _counting(pids: list[int], status: dict[str, Any]) -> Iterator[_Probes]:
    """Count copying calls of some processes until the block ends, where that is permitted."""
    probes = _Probes()
    with contextlib.ExitStack() as opened:
        try:
            functions, received, counted = calibrate(COPYING)
            for pid in pids:
                with contextlib.suppress(ProbesRefusedError):
                    probes.by_process[pid] = [
                        opened.enter_context(Counter(name, pid)) for name in functions if pid
                    ]
            if any(each["kind"] == "xdp" for each in status.get("receivers", [])):
                for name in EVERYWHERE:
                    probes.everywhere[name] = opened.enter_context(Counter(name, None))
            probes.functions, probes.calibration = functions, (received, counted)
        except ProbesRefusedError as error:
            probes.facts = ProbeFacts(str(error))
        yield probes


def draw(console: Console, report: Report, figures: dict[str, Any]) -> None:
    """Lay a report out for people.

    Args:
        console: where.
        report: what was found.
        figures: from :func:`zerofeed.apps.copies.copies_per_packet`.
    """
    console.print(f"[bold]{escape(report.feed)}[/]  watched for {report.seconds:.1f} s")
    for hop in report.hops:
        mark, style = _MARKS[hop.verdict]
        where = f" [{hop.pid}]" if hop.pid else ""
        console.print(
            f"\n[{style}]{mark}[/] [bold]{escape(hop.name + where)}[/]  "
            f"{_count(hop.kernel_copies)} by the kernel, {_count(hop.user_copies)} in user space"
            + (f"  [dim]{escape(hop.note)}[/]" if hop.note else "")
        )
        for each in hop.evidence:
            mark, style = _MARKS[each.verdict]
            text = each.text if each.verdict is not Verdict.UNKNOWN else f"not known: {each.text}"
            console.print(f"    [{style}]{mark}[/] {each.sort.value:<10} {escape(text)}")
    console.print(f"\n{escape(copies_line(figures))}")
    if report.is_contradicted:
        console.print("[bold red]verdict: contradicted, see the crosses above[/]")
    else:
        console.print("[green]verdict: no copy that is not stated was found[/]")


def _count(count: int | None) -> str:
    return "not known" if count is None else str(count)
