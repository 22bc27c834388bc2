"""``zerofeed ls``: the feeds of this machine and who reads them."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from typing import Any

from rich.markup import escape

from zerofeed.apps.render import compact, duration, make_console, plain_table, user_name
from zerofeed.base.errors import FeedNotFoundError, ZerofeedError
from zerofeed.feed.address import list_feeds
from zerofeed.feed.attach import Feed, attach

__all__ = ["ls"]

_LOOK_SECONDS = 0.25
"""Time over which the rate is measured."""


def ls(*, is_json: bool = False) -> int:
    """Print the feeds of all users, with their readers. Takes a quarter of a second.

    Args:
        is_json: one JSON object instead of tables.

    Returns:
        0, also when no feed is running.
    """
    feeds = _look()
    if is_json:
        print(json.dumps({"feeds": feeds}, indent=2))
    else:
        _draw(feeds)
    return 0


@dataclass(slots=True)
class _Found:
    """One feed that listens, attached or with the reason why not."""

    name: str
    uid: int
    feed: Feed | None
    why: str | None
    published: int = 0
    looked_ns: int = 0


def _look() -> list[dict[str, Any]]:
    with contextlib.ExitStack() as attached:
        found = [each for name, uid in list_feeds() if (each := _reach(name, uid, attached))]
        if any(each.feed for each in found):
            time.sleep(_LOOK_SECONDS)
        return [_describe(each) for each in found]


def _reach(name: str, uid: int, attached: contextlib.ExitStack) -> _Found | None:
    """Attach to a feed; None when it ended meanwhile."""
    try:
        feed = attached.enter_context(attach(name, user=uid, program="zerofeed ls"))
    except FeedNotFoundError:
        return None
    except ZerofeedError as error:
        return _Found(name, uid, None, str(error))
    return _Found(name, uid, feed, None, feed.published, time.monotonic_ns())


def _describe(found: _Found) -> dict[str, Any]:
    told: dict[str, Any] = {"name": found.name, "uid": found.uid, "user": user_name(found.uid)}
    feed = found.feed
    status: dict[str, Any] = {}
    if feed is not None:
        try:
            status = feed.status()
        except ZerofeedError as error:
            found.why = str(error)
    if feed is None or found.why is not None:
        return {**told, "is_reachable": False, "why": found.why, "readers": []}
    published = feed.published
    elapsed_ns = time.monotonic_ns() - found.looked_ns
    return {
        **told,
        "is_reachable": True,
        "why": None,
        "protocol": feed.description.protocol,
        "receiver": feed.description.receiver,
        "zerofeed": feed.description.zerofeed,
        "supervisor_pid": feed.description.supervisor_pid,
        "worker_pid": status["worker_pid"],
        "epoch": status["epoch"],
        "started_ns": feed.description.started_ns,
        "published": published,
        "records_per_second": round((published - found.published) * 1e9 / elapsed_ns, 1),
        "instruments": max(len(feed.instruments) - 1, 0),
        "readers": [{**each, "user": user_name(each["uid"])} for each in status["readers"]],
    }


def _draw(feeds: list[dict[str, Any]]) -> None:
    console = make_console()
    if not feeds:
        console.print("no feed is running here; start one with `zerofeed run CONFIG.toml`")
        return
    numbers = ("worker", "epoch", "up", "records", "rate/s")
    table = plain_table("feed", "user", "protocol", *numbers, right=numbers)
    for feed in feeds:
        name, user = escape(feed["name"]), escape(feed["user"])
        if not feed["is_reachable"]:
            table.add_row(f"[red]{name}", user, "[red]not reachable[/]", *[""] * len(numbers))
            continue
        table.add_row(
            f"[bold]{name}",
            user,
            escape(feed["protocol"]),
            str(feed["worker_pid"]),
            str(feed["epoch"]),
            _time_since(feed["started_ns"]),
            compact(feed["published"]),
            compact(feed["records_per_second"]),
        )
    console.print(table)
    for feed in feeds:
        if feed["why"]:
            console.print(f"[red]{escape(feed['why'])}", soft_wrap=True)
    _draw_readers(feeds, console)


def _draw_readers(feeds: list[dict[str, Any]], console: Any) -> None:
    numbers = ("pid", "lag", "lost", "consumed")
    table = plain_table("feed", "reader", "user", "ring", "mode", *numbers, right=numbers)
    for feed in feeds:
        for reader in feed["readers"]:
            mode = reader["mode"]
            lost = compact(reader["lost"])
            table.add_row(
                escape(feed["name"]),
                escape(reader["program"]),
                escape(reader["user"]),
                reader["ring"],
                f"[red]{mode}[/]" if mode == "degraded" else mode,
                str(reader["pid"]),
                compact(reader["lag"]),
                f"[red]{lost}[/]" if reader["lost"] else lost,
                compact(reader["consumed"]),
            )
    if table.row_count:
        console.print()
        console.print(table)


def _time_since(started_ns: int) -> str:
    """Write how long ago something began."""
    seconds = max(0.0, (time.time_ns() - started_ns) / 1e9)
    if seconds < 120:
        return duration(seconds * 1e9)
    minutes = int(seconds // 60)
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"
