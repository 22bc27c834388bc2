"""Feeds that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.feed.feeds import name_of_feed, sizes
from zerofeed.feed.attach import Feed, attach
from zerofeed.feed.publisher import Publisher

__all__ = ["attached", "make_publisher", "publisher"]


@pytest.fixture
def make_publisher() -> Iterator[Callable[..., Publisher]]:
    """Make publishers that serve from a thread, and end them behind the test."""
    made: list[Publisher] = []

    def make(name: str | None = None, **options: Any) -> Publisher:
        options.setdefault("sizes", sizes())
        publisher = Publisher(name or name_of_feed(), **options)
        made.append(publisher)
        publisher.start()
        return publisher

    yield make
    for publisher in made:
        publisher.close()


@pytest.fixture
def publisher(make_publisher: Callable[..., Publisher]) -> Publisher:
    """One small feed."""
    return make_publisher()


@pytest.fixture
def attached(publisher: Publisher) -> Iterator[Feed]:
    """The same feed as an attached process sees it."""
    with attach(publisher.name) as feed:
        yield feed
