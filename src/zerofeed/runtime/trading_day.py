"""The trading day of messages that only say the time of day: given, or read from the name of a file.

Packets that arrive bring their day with them. A file without arrival times has it in its name, as exchanges name their
files, or somebody has to say it: a wrong day would be a wrong time in every record.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.days import day_in_name
from zerofeed.runtime.config import FeedConfig
from zerofeed.runtime.protocol import Protocol

__all__ = ["day_of_feed", "day_of_file"]


def day_of_file(protocol: Protocol, path: str | Path, given: date | None, how: str) -> date | None:
    """Find the day of a file.

    Args:
        protocol: what the file has.
        path: of it.
        given: what the caller says, if anything.
        how: what to do about a day that is missing.

    Returns:
        The day; None when arrivals or the messages themselves tell it.

    Raises:
        ConfigurationError: nothing tells it; or the messages do, and a day was given.
    """
    if protocol.days is None:
        if given is not None:
            raise ConfigurationError(
                "the messages of this protocol say their day",
                where=protocol.name,
                got=given,
                next_step="leave the day out",
            )
        return None
    if given is not None or not protocol.days.is_needed:
        return given
    day = day_in_name(Path(path).name)
    if day is None:
        raise ConfigurationError(
            "no message says which day it is of, and neither does the file's name",
            where=str(path),
            next_step=how,
        )
    return day


def day_of_feed(config: FeedConfig, protocol: Protocol) -> date | None:
    """Find the day of a feed's captures; all of its sources are of one day.

    Raises:
        ConfigurationError: as :func:`day_of_file`, or two captures are of two days.
    """
    found = {
        day
        for source in config.source
        if source.capture is not None
        for day in [
            day_of_file(
                protocol,
                source.capture,
                source.day,
                "give the day: `day = 2019-01-30` in [[source]]",
            )
        ]
        if day is not None
    }
    if len(found) > 1:
        raise ConfigurationError(
            "captures of several days in one feed",
            where=f"feed {config.feed.name}",
            expected="one trading day",
            got=", ".join(str(day) for day in sorted(found)),
            next_step="run a feed for each day",
        )
    return found.pop() if found else None
