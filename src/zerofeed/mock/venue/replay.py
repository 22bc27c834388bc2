"""What a venue has to say, and when: from a capture by its own times, or from a seeded market.

A source is an iterator of :class:`Due`. It knows no clock: ``due_ns`` is counted from the start of
the replay, and whoever plays it waits, or does not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from zerofeed.base.errors import CaptureError
from zerofeed.mock.venue.capture import CapturedLine, Direction, read_lines
from zerofeed.mock.venue.dialect import Dialect, Update
from zerofeed.mock.venue.market import SeededMarket

__all__ = ["Due", "captured", "made_up"]


class Due(NamedTuple):
    """What happens at one instant.

    Attributes:
        due_ns: after the start.
        updates: in their order.
    """

    due_ns: int
    updates: list[Update]


def captured(dialect: Dialect, paths: Sequence[Path], *, speed: float = 1.0) -> Iterator[Due]:
    """Replay captures of one venue, merged by their times.

    The dialect's books are primed with the first snapshot of each symbol before this returns.

    Args:
        dialect: of the venue.
        paths: one or more files, for instance the stream and the answers over REST.
        speed: how much faster than recorded; ``math.inf`` makes everything due at once.

    Returns:
        An iterator over all that carries a stream or changes a book.

    Raises:
        CaptureError: a file cannot be read, or holds nothing of this venue.
    """
    played: list[tuple[int, list[Update]]] = []
    for path in paths:
        for line in read_lines(path):
            updates = _updates_of(dialect, line, path)
            if updates:
                played.append((line.ts_ns, updates))
    if not played:
        raise CaptureError(
            f"has no message of {dialect.name}",
            where=", ".join(map(str, paths)),
            next_step="check the venue's name; `zerofeed mock --help` lists them",
        )
    if len(paths) > 1:
        played.sort(key=lambda entry: entry[0])
    dialect.prime(update for _, updates in played for update in updates)
    return _paced(played, speed)


def _paced(played: list[tuple[int, list[Update]]], speed: float) -> Iterator[Due]:
    start_ns, latest_ns = played[0][0], 0
    for ts_ns, updates in played:
        # Times that run backwards are due with the message before, in the order of the file.
        latest_ns = max(latest_ns, ts_ns - start_ns)
        yield Due(0 if math.isinf(speed) else int(latest_ns / speed), updates)


def _updates_of(dialect: Dialect, line: CapturedLine, path: Path) -> list[Update]:
    try:
        match line.direction:
            case Direction.RECEIVED:
                return dialect.read(line.text)
            case Direction.ANSWER:
                return dialect.read_answer(line.url, line.text)
            case _:
                return []
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise CaptureError(
            f"has a line that is no message of {dialect.name}",
            where=str(path),
            got=f"{line.text[:80]} ({type(error).__name__}: {error})",
            next_step="check the venue's name",
        ) from error


def made_up(
    dialect: Dialect,
    market: SeededMarket,
    now_ns: Callable[[], int],
    *,
    rate: float = 100.0,
    count: int | None = None,
) -> Iterator[Due]:
    """Let a seeded market happen.

    The dialect's books hold the market's before this returns.

    Args:
        dialect: of the venue.
        market: makes the events up.
        now_ns: the venue's time.
        rate: events a second; ``math.inf`` makes everything due at once.
        count: how many events; without end if None.

    Returns:
        An iterator over the events as the venue says them.
    """
    for opening in market.opening(now_ns()):
        for update in dialect.write(opening):
            dialect.publish(update)

    def events() -> Iterator[Due]:
        for k in itertools.count() if count is None else range(count):
            due_ns = 0 if math.isinf(rate) else int(k * 1e9 / rate)
            yield Due(due_ns, dialect.write(market.next(now_ns())))

    return events()
