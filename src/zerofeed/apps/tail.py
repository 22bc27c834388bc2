"""``zerofeed tail``: follow the records of a running feed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Literal, cast

from zerofeed.apps.record_text import RecordWriter, parse_kinds
from zerofeed.apps.render import parse_user, terminal_style
from zerofeed.base.errors import ConfigurationError
from zerofeed.feed.attach import Feed, attach
from zerofeed.feed.reader import Reader

__all__ = ["parse_start", "tail"]

_MOST_RECORDS = 4096
"""Records that are turned into text at a time."""
_TELL_NS = 1_000_000_000
"""Loss is told at most this often."""


def tail(
    name: str,
    *,
    user: str | None = None,
    kinds: str | None = None,
    symbols: Sequence[str] = (),
    style: str = "table",
    start: str = "now",
    count: int | None = None,
    is_lossless: bool = False,
) -> int:
    """Print a feed's records as they come, until ``count`` or Ctrl-C.

    Args:
        name: of the feed, or the path of its socket.
        user: who runs it, by name or number; default: this user.
        kinds: only these, with commas between them.
        symbols: only instruments that match one of these patterns.
        style: ``table`` or ``ndjson``.
        start: ``now``, ``oldest`` or a sequence number.
        count: stop after so many records.
        is_lossless: hold the feed back rather than miss records.

    Returns:
        0, after ``count`` records.

    Raises:
        FeedNotFoundError: no such feed is running.
        FeedGoneError: the feed ended; everything it published was printed.
        ConfigurationError: a wrong argument.
    """
    place = parse_start(start)
    uid = parse_user(user)
    is_coloured, width = terminal_style(sys.stdout)
    with attach(name, user=uid, program="zerofeed tail") as feed:
        wanted = parse_kinds(kinds)  # some may be the feed's own
        _tell_unmatched(feed, symbols)
        writer = RecordWriter(feed.instruments, is_coloured=is_coloured, width=width)
        reader = feed.reader(
            "lossless" if is_lossless else "lossy",
            place,
            kinds=None if wanted is None else list(wanted),
            symbols=list(symbols) or None,
            max_batch=_MOST_RECORDS,
        )
        if style == "table":
            sys.stdout.write(writer.heading())
            sys.stdout.flush()
        losses = _Losses(reader, is_lossless=is_lossless)
        try:
            _follow(reader, writer.table if style == "table" else writer.ndjson, count, losses)
        finally:
            losses.tell_rest()
    return 0


def parse_start(text: str) -> int | Literal["now", "oldest"]:
    """Read a place to begin at.

    Raises:
        ConfigurationError: it is none.
    """
    if text in {"now", "oldest"}:
        return cast("Literal['now', 'oldest']", text)
    if text.isdecimal():
        return int(text)
    raise ConfigurationError(
        "is no place to begin at", where=text, expected="now, oldest or a sequence number"
    )


def _follow(reader: Reader, write: Callable[..., str], count: int | None, losses: _Losses) -> None:
    left = count
    while left is None or left > 0:
        batch = reader.poll()
        losses.look()
        if not batch.size:
            if reader.lag == 0:
                reader.wait()
            continue
        # What the writer overwrites meanwhile must not be printed: the copy leaves it out.
        kept = reader.copy(batch)[:left]
        sys.stdout.write(write(kept))
        sys.stdout.flush()
        if left is not None:
            left -= len(kept)


class _Losses:
    """Says on standard error what this reader missed, not more than once a second."""

    def __init__(self, reader: Reader, *, is_lossless: bool) -> None:
        self._reader = reader
        self._told = 0
        self._told_ns = 0
        self._is_degradation_due = is_lossless

    def look(self) -> None:
        """See whether there is something to say."""
        if self._reader.lost != self._told and time.monotonic_ns() - self._told_ns > _TELL_NS:
            self.tell_rest()
        if self._is_degradation_due and self._reader.mode == "degraded":
            self._is_degradation_due = False
            _say("the feed waited long enough: this reader is lossy from now on")

    def tell_rest(self) -> None:
        """Say what has not been said yet."""
        missed = self._reader.lost - self._told
        if missed:
            self._told += missed
            self._told_ns = time.monotonic_ns()
            _say(f"{missed:,} records were overwritten before they could be printed")


def _tell_unmatched(feed: Feed, symbols: Sequence[str]) -> None:
    for pattern in symbols:
        if not feed.instruments.find(pattern):
            _say(f"no instrument of feed {feed.name} matches {pattern!r} yet; waiting for one")


def _say(text: str) -> None:
    print(f"zerofeed: {text}", file=sys.stderr, flush=True)
