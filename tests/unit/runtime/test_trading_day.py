"""The day of messages that say none is given, or in the name of the file, or an error says what to do."""

from __future__ import annotations

from datetime import date

import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.config import FeedConfig, FeedSection, Source
from zerofeed.runtime.protocols import find_protocol
from zerofeed.runtime.trading_day import day_of_feed, day_of_file

__all__: list[str] = []

DAY = date(2019, 1, 30)
FILES = find_protocol("itch50")
PACKETS = find_protocol("itch50-mold")
DATED = find_protocol("deribit-multicast")


def feed_of(*sources: Source) -> FeedConfig:
    return FeedConfig(feed=FeedSection("x", "itch50"), source=list(sources))


def test_a_file_is_of_the_day_in_its_name_or_of_the_one_that_is_given() -> None:
    assert day_of_file(FILES, "/data/01302019.NASDAQ_ITCH50.gz", None, "") == DAY
    assert day_of_file(FILES, "/data/01302019.NASDAQ_ITCH50.gz", date(2020, 1, 1), "") == date(
        2020, 1, 1
    )


def test_a_file_whose_name_says_nothing_needs_a_day() -> None:
    with pytest.raises(ConfigurationError, match=r"no message says which day.*do this"):
        day_of_file(FILES, "/20190130/day.itch", None, "do this")


def test_packets_bring_their_day() -> None:
    assert day_of_file(PACKETS, "x.pcap", None, "") is None
    assert day_of_file(PACKETS, "x.pcap", DAY, "") == DAY


def test_messages_that_say_their_day_need_none_and_take_none() -> None:
    assert day_of_file(DATED, "01302019.pcap", None, "") is None
    with pytest.raises(ConfigurationError, match="say their day"):
        day_of_file(DATED, "x.pcap", DAY, "")


def test_a_feed_is_of_the_day_of_its_captures() -> None:
    named = Source(capture="01302019.NASDAQ_ITCH50")
    assert day_of_feed(feed_of(named), FILES) == DAY
    assert day_of_feed(feed_of(named, Source(capture="x", day=DAY)), FILES) == DAY
    assert day_of_feed(feed_of(Source("127.0.0.1", 5000)), PACKETS) is None
    with pytest.raises(ConfigurationError, match="`day = 2019-01-30` in"):
        day_of_feed(feed_of(Source(capture="x")), FILES)


def test_captures_of_two_days_are_two_feeds() -> None:
    sources = (Source(capture="01302019.a"), Source(capture="01312019.a"))
    with pytest.raises(ConfigurationError, match=r"several days.*2019-01-30, 2019-01-31"):
        day_of_feed(feed_of(*sources), FILES)
