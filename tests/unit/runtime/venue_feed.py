"""A venue's feed for tests: a mock venue in a thread, its feed in other processes, and what readers get."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.unit.feed.feeds import name_of_feed
from tests.unit.runtime.live import Live
from zerofeed.feed.attach import BookTop, Feed
from zerofeed.feed.reader import Reader
from zerofeed.mock.venue.venue import MockVenue
from zerofeed.runtime.config import FeedConfig, parse_tree

__all__ = [
    "KEY_VARIABLE",
    "VENUES",
    "Attached",
    "Venue",
    "feed_of",
    "followed",
    "is_right",
    "ladders",
]

KEY_VARIABLE = "ZEROFEED_TEST_KEY"
"""Where the key is, for those that want one; whoever starts such a feed sets it."""
_LONGEST = 1 << 18


@dataclass(frozen=True, slots=True)
class Venue:
    """A service and the mock that plays it.

    Attributes:
        service: as in ``[venue]``.
        mock: name of the mock venue.
        symbols: of a made-up market.
        keys: further ones of ``[venue]``.
    """

    service: str
    mock: str
    symbols: tuple[str, ...]
    keys: Mapping[str, str] = field(default_factory=dict)


VENUES = {
    each.mock: each
    for each in (
        Venue("binance", "binance-spot", ("BTCUSDT", "ETHUSDT")),
        Venue(
            "binance",
            "binance-sbe",
            ("BTCUSDT", "ETHUSDT"),
            {"encoding": "sbe", "key": f"env:{KEY_VARIABLE}"},
        ),
        Venue("okx", "okx", ("BTC-USDT", "BTC-USDT-SWAP")),
        Venue("kraken", "kraken-v2", ("BTC/USD", "ETH/USD")),
        Venue("deribit", "deribit", ("BTC-PERPETUAL", "BTC-27JUN25-50000-C")),
        Venue("bybit-linear", "bybit", ("BTCUSDT", "ETHUSDT")),
        Venue("coinbase", "coinbase", ("BTC-USD", "ETH-USD")),
        Venue("bitfinex", "bitfinex", ("tBTCUSD", "tETHUSD")),
        Venue("kraken-futures", "kraken-futures", ("PI_XBTUSD", "PF_ETHUSD")),
    )
}
"""By the name of the mock."""


def feed_of(venue: Venue, mock: MockVenue, **overrides: Any) -> FeedConfig:
    """Configure a feed of a mock venue, as a file with ``[venue]`` would.

    Args:
        venue: which.
        mock: started.
        overrides: keys of ``[venue]``.
    """
    keys = {
        "service": venue.service,
        "symbols": list(venue.symbols),
        "ws_url": mock.ws_base,
        "rest_url": mock.rest_url,
        "ca_file": str(mock.ca_file),
        "longest_message_bytes": _LONGEST,
        "region_bytes": 4 * _LONGEST,
    }
    return parse_tree(
        {
            "feed": {"name": name_of_feed()},
            "memory": {"records": 1 << 17, "frames": 1 << 12, "instruments": 64},
            "readers": {"patience_ms": 20_000},
            "venue": keys | dict(venue.keys) | overrides,
        }
    )


@dataclass(slots=True)
class Attached:
    """A feed and one lossless reader of all of it.

    Attributes:
        feed: attached.
        live: its processes.
        records: what was read so far, in order.
    """

    feed: Feed
    live: Live
    reader: Reader
    parts: list[npt.NDArray[Any]] = field(default_factory=list)

    def take(self) -> bool:
        """Read what is there; always True."""
        while (batch := self.reader.poll()).size:
            self.parts.append(self.reader.copy(batch))
        return True

    @property
    def records(self) -> npt.NDArray[Any]:
        self.take()
        return np.concatenate(self.parts)

    def top(self, symbol: str) -> BookTop | None:
        """Show the present book; None before there is one."""
        try:
            return self.feed.latest(symbol)
        except (KeyError, LookupError):
            return None


@contextlib.contextmanager
def followed(config: FeedConfig, folder: Path) -> Iterator[Attached]:
    """Run a feed, and read all of its records."""
    with (
        Live(config, folder / "log") as live,
        live.attach() as feed,
        feed.reader("lossless", start="oldest") as reader,
    ):
        yield Attached(feed, live, reader)


_Ladder = list[tuple[Decimal, Decimal]]


def ladders(mock: MockVenue, symbol: str, depth: int | None = None) -> tuple[_Ladder, _Ladder]:
    """The venue's own book, best first, as readers see one."""
    bids, asks = mock.book(symbol).values()
    return sorted(bids.items(), reverse=True)[:depth], sorted(asks.items())[:depth]


def is_right(attached: Attached, mock: MockVenue, symbol: str) -> bool:
    """Say whether a book is proven and the venue's own, as deep as readers see."""
    top = attached.top(symbol)
    return top is not None and not top.doubts and (top.bids, top.asks) == ladders(mock, symbol, 20)
