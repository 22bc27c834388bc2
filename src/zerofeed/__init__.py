"""Market data from the wire to every Python process on the machine, without a copy.

::

    import zerofeed as zf

    feed = zf.attach("deribit")
    for batch in feed.reader():
        trades = zf.of_kind(batch, zf.TRADE)

Everything public is named here and loaded when it is first used, so that importing the
package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zerofeed.base.errors import (
        AttachRefusedError,
        BugError,
        CaptureError,
        ConfigurationError,
        FeedGoneError,
        FeedNotFoundError,
        LayoutMismatchError,
        ReceiverError,
        ResourceError,
        SchemaError,
        VenueError,
        ZerofeedError,
    )
    from zerofeed.feed.attach import BookTop, Feed, attach
    from zerofeed.feed.handler import Handler, handler
    from zerofeed.feed.instruments import Instrument, InstrumentTable
    from zerofeed.feed.memory import MemorySizes
    from zerofeed.feed.publisher import Publisher
    from zerofeed.feed.reader import Reader
    from zerofeed.records.dtypes import KIND_DTYPES, RECORD
    from zerofeed.records.flags import BAD_TS_RECV, LAST, MAYBE_BAD_BOOK, MBP, SNAPSHOT, TOB
    from zerofeed.records.keep import concat, load, save
    from zerofeed.records.kinds import (
        ASK,
        BBO,
        BID,
        COMBO_LEG,
        DISCONNECT,
        EPOCH,
        FUNDING,
        GAP,
        GREEKS,
        IMBALANCE,
        INDEX,
        INDICATIVE,
        INSTRUMENT,
        KIND_NAMES,
        LEVEL,
        LIMITS,
        LIQUIDATION,
        MARK,
        NO_SIDE,
        OPEN_INTEREST,
        ORDER,
        QUOTE,
        RESET,
        RFQ,
        STATISTIC,
        STATUS,
        TRADE,
        TRADE_BREAK,
        VOLATILITY,
    )
    from zerofeed.records.select import of_kind, select
    from zerofeed.records.units import UNDEF, to_decimal, to_float

__all__ = [
    "ASK",
    "BAD_TS_RECV",
    "BBO",
    "BID",
    "COMBO_LEG",
    "DISCONNECT",
    "EPOCH",
    "FUNDING",
    "GAP",
    "GREEKS",
    "IMBALANCE",
    "INDEX",
    "INDICATIVE",
    "INSTRUMENT",
    "KIND_DTYPES",
    "KIND_NAMES",
    "LAST",
    "LEVEL",
    "LIMITS",
    "LIQUIDATION",
    "MARK",
    "MAYBE_BAD_BOOK",
    "MBP",
    "NO_SIDE",
    "OPEN_INTEREST",
    "ORDER",
    "QUOTE",
    "RECORD",
    "RESET",
    "RFQ",
    "SNAPSHOT",
    "STATISTIC",
    "STATUS",
    "TOB",
    "TRADE",
    "TRADE_BREAK",
    "UNDEF",
    "VOLATILITY",
    "AttachRefusedError",
    "BookTop",
    "BugError",
    "CaptureError",
    "ConfigurationError",
    "Feed",
    "FeedGoneError",
    "FeedNotFoundError",
    "Handler",
    "Instrument",
    "InstrumentTable",
    "LayoutMismatchError",
    "MemorySizes",
    "Publisher",
    "Reader",
    "ReceiverError",
    "ResourceError",
    "SchemaError",
    "VenueError",
    "ZerofeedError",
    "attach",
    "concat",
    "handler",
    "load",
    "of_kind",
    "save",
    "select",
    "to_decimal",
    "to_float",
]

_HOMES = {
    "base.errors": (
        "AttachRefusedError",
        "BugError",
        "CaptureError",
        "ConfigurationError",
        "FeedGoneError",
        "FeedNotFoundError",
        "LayoutMismatchError",
        "ReceiverError",
        "ResourceError",
        "SchemaError",
        "VenueError",
        "ZerofeedError",
    ),
    "feed.attach": ("BookTop", "Feed", "attach"),
    "feed.handler": ("Handler", "handler"),
    "feed.instruments": ("Instrument", "InstrumentTable"),
    "feed.memory": ("MemorySizes",),
    "feed.publisher": ("Publisher",),
    "feed.reader": ("Reader",),
    "records.dtypes": ("KIND_DTYPES", "RECORD"),
    "records.flags": ("BAD_TS_RECV", "LAST", "MAYBE_BAD_BOOK", "MBP", "SNAPSHOT", "TOB"),
    "records.keep": ("concat", "load", "save"),
    "records.select": ("of_kind", "select"),
    "records.units": ("UNDEF", "to_decimal", "to_float"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'zerofeed' has no attribute {name!r}")
    home = _HOME_OF.get(name, "records.kinds")
    value = getattr(importlib.import_module(f"zerofeed.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
