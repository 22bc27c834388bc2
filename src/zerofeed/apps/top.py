"""``zerofeed top``: what a running feed does now: rates, latencies, loss, readers.

Everything but the list of readers is read from the feed's shared memory; the feed does not
notice. :class:`Watch` takes *looks* and compares each with the one before: figures of the
last interval come from differences, also of latency histograms, whose buckets only grow.

Two latencies are shown:

* *wire to record*: from the arrival time of a packet to the publication of its records,
  measured by the worker for every packet.
* *record to reader*: from a publication to the moment at which a blocking Python reader has
  noticed it. ``top`` is that reader, a lossy one, some fifty times a second. On a busy machine it
  says as much about the machine as about the feed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from zerofeed.apps.copies import copies_line, copies_per_packet
from zerofeed.apps.render import (
    compact,
    duration,
    make_console,
    parse_user,
    plain_table,
    user_name,
)
from zerofeed.feed.attach import Feed, attach
from zerofeed.feed.metrics import COUNTERS, HISTOGRAMS, HISTOGRAMS_AT
from zerofeed.feed.reader import Reader
from zerofeed.runtime.book_progress import BookProgress
from zerofeed.shm._ring_kernels import PUBLISHED_AT_NS
from zerofeed.shm.histogram import BUCKETS, HISTOGRAM_WORDS, bucket_of, percentile

__all__ = ["Watch", "top"]

_Words = npt.NDArray[np.int64]

_SAMPLE_SECONDS = 0.02
"""Pause between two samples of the latency to a reader."""
_MOST_POLLS = 64
"""Batches skipped before a sample, when records come faster than they can be skipped."""
_NO_LOSS = frozenset(
    {
        "packets_received",
        "packets_decoded",
        "packets_heartbeat",
        "messages",
        "records_published",
        "bytes_received",
        "bursts",
        "connections_opened",
        "frames_taken",
    }
)
"""Counters that grow when all is well; every other one counts a loss or a doubt."""
_HARMLESS = frozenset(
    {
        "packets_stale",
        "resets",
        "packets_held",
        "packets_recovered",
        "numbers_recovered",
        "numbers_rounded",
    }
)
"""Of those, the ones that belong to a feed in good health: second copies, restarts, what waits or came late,
numbers of more decimals than their instrument has."""
_PERCENTILES = (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
_CHANNELS_SHOWN = 4
_FIXED_LINES = 16
"""Lines of a picture beside losses and readers."""


def top(
    name: str,
    *,
    user: str | None = None,
    interval: float = 1.0,
    is_json: bool = False,
    is_once: bool = False,
) -> int:
    """Watch a feed until Ctrl-C, or once.

    Args:
        name: of the feed, or the path of its socket.
        user: who runs it, by name or number; default: this user.
        interval: seconds between two looks.
        is_json: print one JSON object for each look.
        is_once: stop after one interval.

    Returns:
        0.

    Raises:
        FeedNotFoundError: no such feed is running.
        FeedGoneError: it ended.
    """
    uid = parse_user(user)
    with attach(name, user=uid, program="zerofeed top") as feed, feed.reader() as reader:
        watch = Watch(feed, reader)
        if is_json:
            return _repeat(watch, interval, lambda told: print(json.dumps(told)), is_once=is_once)
        console = make_console()
        if is_once or not console.is_terminal:
            return _repeat(
                watch, interval, lambda told: console.print(_draw(told)), is_once=is_once
            )
        with Live(console=console, screen=True, auto_refresh=False) as live:
            live.update(Text(f"looking at feed {feed.name} ..."), refresh=True)

            def show(told: dict[str, Any]) -> None:
                live.update(_draw(told, console.height), refresh=True)

            return _repeat(watch, interval, show, is_once=False)


def _repeat(
    watch: Watch, interval: float, show: Callable[[dict[str, Any]], None], *, is_once: bool
) -> int:
    while True:
        watch.sample_for(interval)
        show(watch.look())
        sys.stdout.flush()
        if is_once:
            return 0


@dataclass(slots=True)
class _Look:
    at_ns: int
    published: int
    counters: dict[str, int]
    histograms: dict[str, _Words]


class Watch:
    """Compare a feed with how it was at the last look. One thread.

    Args:
        feed: attached.
        reader: a lossy reader of its own; what it reads is thrown away.
    """

    def __init__(self, feed: Feed, reader: Reader) -> None:
        self._feed = feed
        self._reader = reader
        self._wakes: _Words = np.zeros(HISTOGRAM_WORDS, dtype=np.int64)
        self._before = self._take()

    def sample_for(self, seconds: float) -> None:
        """Measure the latency to a reader for some time.

        Raises:
            FeedGoneError: the feed ended.
        """
        control = self._feed.memory.record_ring.control
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            for _ in range(_MOST_POLLS):
                if not self._reader.poll().size:
                    break
            if self._reader.wait(left):
                self._note(time.time_ns() - int(control[PUBLISHED_AT_NS]))
                time.sleep(max(0.0, min(_SAMPLE_SECONDS, deadline - time.monotonic())))

    def look(self) -> dict[str, Any]:
        """Describe the feed now and over the time since the last look.

        Raises:
            FeedGoneError: the feed ended.
        """
        feed = self._feed
        before, now = self._before, self._take()
        self._before = now
        status = feed.status()
        seconds = max(1e-9, (now.at_ns - before.at_ns) / 1e9)
        grown = {name: now.counters[name] - before.counters[name] for name in now.counters}
        channels = feed.metrics.channels()
        capacity = feed.memory.record_ring.capacity
        readers = [{**each, "user": user_name(each["uid"])} for each in status["readers"]]
        lags = [each["lag"] for each in readers if each["ring"] == "records"]
        return {
            "feed": feed.name,
            "protocol": feed.description.protocol,
            "epoch": status["epoch"],
            "supervisor_pid": feed.description.supervisor_pid,
            "worker_pid": status["worker_pid"],
            "started_ns": feed.description.started_ns,
            "now_ns": time.time_ns(),
            "interval_seconds": round(seconds, 3),
            "rates": {
                "packets": round(grown["packets_received"] / seconds, 1),
                "messages": round(grown["messages"] / seconds, 1),
                "records": round((now.published - before.published) / seconds, 1),
                "bytes": round(grown["bytes_received"] / seconds, 1),
            },
            "published": now.published,
            "instruments": max(len(feed.instruments) - 1, 0),
            "latency_ns": {
                name: {
                    "interval": _percentiles(words - before.histograms[name]),
                    "since_start": _percentiles(words),
                }
                for name, words in now.histograms.items()
            },
            "counters": now.counters,
            "loss": {
                name: {"interval": grown[name], "since_start": value}
                for name, value in now.counters.items()
                if value and name not in _NO_LOSS
            },
            "channels": len(channels),
            "channels_with_loss": [
                each for each in channels if each["missing"] or each["gaps"] or each["resets"]
            ],
            "lines": feed.metrics.lines(),
            "connections": feed.metrics.connections(),
            "books": status.get("books", {}),
            "ring": {
                "capacity": capacity,
                "kept": min(now.published, capacity),
                "longest_lag": max(lags, default=0),
                "occupancy": round(min(1.0, max(lags, default=0) / capacity), 6),
            },
            "readers": readers,
            "receiver": feed.description.receiver,
            "copies_per_packet": copies_per_packet(status, without_pid=os.getpid()),
        }

    def _take(self) -> _Look:
        feed = self._feed
        state = feed.memory.state
        histograms = {"record_to_reader": self._wakes.copy()}
        for place, name in enumerate(HISTOGRAMS):
            at = HISTOGRAMS_AT + place * HISTOGRAM_WORDS
            histograms[name] = state[at : at + HISTOGRAM_WORDS].copy()
        return _Look(time.monotonic_ns(), feed.published, feed.metrics.counters(), histograms)

    def _note(self, latency_ns: int) -> None:
        words = self._wakes
        words[0] += 1
        words[1] += latency_ns
        words[2] = max(int(words[2]), latency_ns)
        words[3] += latency_ns < 0
        words[4 + min(bucket_of(max(0, latency_ns)), BUCKETS - 1)] += 1


def _percentiles(words: _Words) -> dict[str, int | None]:
    told = {name: percentile(words, fraction) for name, fraction in _PERCENTILES}
    return {**told, "count": int(words[0])}


def _draw(told: dict[str, Any], height: int | None = None) -> RenderableType:
    """Lay a look out for people, in 80 columns.

    Args:
        told: what :meth:`Watch.look` says.
        height: lines of the terminal; readers that do not fit are counted.
    """
    losses = [*_books(told["books"]), *_losses(told), *_lines(told)]
    room = None
    if height is not None:
        spare = max(2, height - _FIXED_LINES)
        losses = _shortened(losses, max(1, spare - 2))
        room = max(1, spare - len(losses))
    return Group(_head(told), "", _latencies(told), "", *losses, "", _readers(told, room))


def _head(told: dict[str, Any]) -> RenderableType:
    rates, ring = told["rates"], told["ring"]
    seconds = (told["now_ns"] - told["started_ns"]) / 1e9
    return Group(
        f"[bold]{escape(told['feed'])}[/]  {escape(told['protocol'])}  epoch {told['epoch']}  "
        f"worker {told['worker_pid']}  up {seconds:,.0f} s  {told['instruments']} instruments",
        f"{compact(rates['packets'])} packets/s   {compact(rates['messages'])} messages/s   "
        f"[bold]{compact(rates['records'])} records/s[/]   {compact(rates['bytes'], 'B/s')}",
        f"[dim]ring of {compact(ring['capacity'])} records, longest lag "
        f"{compact(ring['longest_lag'])} ({ring['occupancy']:.1%}); {compact(told['published'])} "
        f"published[/]",
        f"[dim]{escape(told['receiver'])}[/]",
        f"[dim]{copies_line(told['copies_per_packet'])}[/]",
    )


def _latencies(told: dict[str, Any]) -> RenderableType:
    numbers = ("p50", "p99", "p99.9", "all p50", "all p99", "all p99.9")
    table = plain_table("latency", *numbers, right=numbers)
    for name, title in (
        ("wire_to_record", "wire to record"),
        ("record_to_reader", "record to reader"),
        ("burst", "one burst"),
    ):
        latency = told["latency_ns"][name]
        cells = [
            duration(latency[span][column])
            for span in ("interval", "since_start")
            for column, _ in _PERCENTILES
        ]
        table.add_row(title, *cells[:3], *[f"[dim]{cell}[/]" for cell in cells[3:]])
    return table


def _losses(told: dict[str, Any]) -> list[str]:
    if not told["loss"]:
        return ["[green]nothing lost, nothing in doubt[/]"]
    units = {counter.name: counter.unit for counter in COUNTERS}
    lines = [
        f"[{'yellow' if name in _HARMLESS else 'red'}]{name.replace('_', ' ')}: "
        f"{compact(count['since_start'])} {units[name]}"
        f"{', ' + compact(count['interval']) + ' now' if count['interval'] else ''}[/]"
        for name, count in sorted(told["loss"].items(), key=lambda item: item[0] in _HARMLESS)
    ]
    worst = sorted(told["channels_with_loss"], key=lambda channel: -channel["missing"])
    channels = [
        f"[red]  channel {each['channel']}: {each['missing']:,} missing in {each['gaps']:,} gaps, "
        f"{each['resets']:,} resets[/]"
        for each in worst
    ]
    return [*lines, *_shortened(channels, _CHANNELS_SHOWN + 1)]


def _lines(told: dict[str, Any]) -> list[str]:
    """Say which line is first and what each skipped, where there are several."""
    if len(told["lines"]) < 2:
        return _connections(told["connections"])
    brought = max(1, sum(each["first"] for each in told["lines"]))
    return [
        f"line {each['source']}: first {each['first'] / brought:.1%}, "
        f"skipped {compact(each['missed'])}"
        + (f", else later by {duration(each['later_p50_ns'])} p50" if each["later_p50_ns"] else "")
        for each in told["lines"]
    ]


def _connections(told: list[dict[str, int]]) -> list[str]:
    """Say which connection is first how often, where a source has several."""
    brought: dict[int, int] = {}
    for each in told:
        brought[each["source"]] = brought.get(each["source"], 0) + each["first"]
    return [
        f"source {each['source']}, connection {each['connection']}: "
        f"first {each['first'] / max(1, brought[each['source']]):.1%}, late {compact(each['late'])}"
        for each in told
    ]


def _books(told: dict[str, int]) -> list[str]:
    """Say how far books are, as long as they are not all proven."""
    if not told or told["proven"] == told["expected"]:
        return []
    progress = BookProgress(told["expected"], told["proven"], told["waiting"], told["in_doubt"])
    return [f"[yellow]{progress}[/]"]


def _shortened(lines: list[str], most: int) -> list[str]:
    """Keep the first lines; the last one says how many are not shown."""
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], f"[red]  and {len(lines) - most + 1} more[/]"]


def _readers(told: dict[str, Any], room: int | None) -> RenderableType:
    numbers = ("pid", "lag", "lost", "consumed")
    table = plain_table("reader", "user", "mode", *numbers, right=numbers)
    readers = sorted(told["readers"], key=lambda each: (-each["lost"], -each["lag"]))
    shown = readers if room is None else readers[:room]
    for each in shown:
        mode = each["mode"] if each["ring"] == "records" else f"{each['mode']} {each['ring']}"
        lost = compact(each["lost"])
        table.add_row(
            escape(each["program"][:24]),
            escape(each["user"][:12]),
            f"[red]{mode}[/]" if each["mode"] == "degraded" else mode,
            str(each["pid"]),
            compact(each["lag"]),
            f"[red]{lost}[/]" if each["lost"] else lost,
            compact(each["consumed"]),
        )
    if len(shown) < len(readers):
        return Group(table, f"[dim]and {len(readers) - len(shown)} more readers[/]")
    return table
