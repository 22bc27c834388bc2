"""A capture of the simulated venue, and a feed published by the test itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.apps.commands import write_capture
from tests.unit.feed.feeds import name_of_feed, sizes
from tests.unit.runtime.venue_packets import Packets, of_the_venue
from zerofeed.feed.publisher import Publisher

__all__ = ["capture", "packets", "publisher"]


@pytest.fixture(scope="session")
def packets() -> Packets:
    """The first packets of a venue: definitions, snapshots, then a market."""
    return of_the_venue(600)


@pytest.fixture(scope="session")
def capture(packets: Packets, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file."""
    return write_capture(tmp_path_factory.mktemp("captures") / "venue.pcapng", packets)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A small feed in this process; it lets readers in from a thread."""
    with Publisher(name_of_feed(), sizes()) as made:
        made.start()
        yield made
