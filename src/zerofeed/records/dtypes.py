"""The record: 64 bytes, one cache line, little-endian.

Every record begins with the same 32 bytes; the other 32 are four int64 whose names depend
on the kind. ``RECORD`` has all those names at once, several at the same offset, so one array
serves all kinds: ``batch["price"]`` of a trade and ``batch["bid_price"]`` of a quote are the
same bytes. :data:`KIND_DTYPES` has a dtype with only its own names for each kind.

======  ====  ===================  ==============================================================
offset  size  name                 meaning
======  ====  ===================  ==============================================================
0       8     seq                  position in the feed, 0, 1, 2 ... without holes, set at publication
8       8     ts_event_ns          the venue's time, Unix ns; UNDEF when the venue sends none
16      8     ts_recv_ns           arrival at this machine, Unix ns (kernel stamp)
24      4     instrument           row in the instruments table
28      1     kind                 see :mod:`zerofeed.records.kinds`
29      1     side                 'B', 'A' or 'N'
30      1     action               'A', 'M', 'C', 'F', 'R', 'T' or 'N'
31      1     flags                see :mod:`zerofeed.records.flags`
32      32    four int64           by kind, see :data:`BODY`
======  ====  ===================  ==============================================================

Integers are signed throughout, because compiled code that mixes signed and unsigned 64-bit
values silently turns to floating point.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zerofeed.records import kinds

__all__ = ["BODY", "HEAD", "KIND_DTYPES", "RECORD", "RECORD_BYTES", "kind_dtype"]

RECORD_BYTES = 64

HEAD: tuple[tuple[str, str, int], ...] = (
    ("seq", "<i8", 0),
    ("ts_event_ns", "<i8", 8),
    ("ts_recv_ns", "<i8", 16),
    ("instrument", "<u4", 24),
    ("kind", "u1", 28),
    ("side", "u1", 29),
    ("action", "u1", 30),
    ("flags", "u1", 31),
)
"""Name, format and offset of the columns that every kind has."""

BODY: dict[int, tuple[str, ...]] = {
    kinds.TRADE: ("price", "size", "trade_id", "trade_seq"),
    kinds.LEVEL: ("price", "size", "change_id", "prev_change_id"),
    kinds.ORDER: ("price", "size", "order_id", "priority"),
    kinds.QUOTE: ("bid_price", "bid_size", "ask_price", "ask_size"),
    kinds.BBO: ("bid_price", "bid_size", "ask_price", "ask_size"),
    kinds.MARK: ("mark_price", "index_price", "settlement_price", "estimated_delivery_price"),
    kinds.FUNDING: ("funding_rate", "funding_rate_8h", "next_funding_ns"),
    kinds.OPEN_INTEREST: ("open_interest",),
    kinds.LIMITS: ("min_price", "max_price", "last_price", "delivery_price"),
    kinds.INDEX: ("price",),
    kinds.LIQUIDATION: ("price", "size", "trade_id"),
    kinds.STATUS: ("state", "previous_state", "state_reason"),
    kinds.INSTRUMENT: ("tick_size", "min_size", "contract_size", "expiry_ns"),
    kinds.COMBO_LEG: ("leg_instrument", "leg_ratio", "leg_index", "leg_count"),
    kinds.RFQ: ("state", "size"),
    kinds.GAP: ("expected_seq", "received_seq", "missing_count", "channel"),
    kinds.RESET: ("expected_seq", "received_seq", "missing_count", "channel"),
    kinds.EPOCH: ("epoch", "resumed_frame"),
    kinds.DISCONNECT: ("reason", "reader"),
    kinds.GREEKS: ("delta", "gamma", "vega", "theta"),
    kinds.VOLATILITY: ("mark_iv", "bid_iv", "ask_iv", "underlying_price"),
    kinds.TRADE_BREAK: ("price", "size", "trade_id", "trade_seq"),
    kinds.IMBALANCE: ("reference_price", "paired_size", "imbalance_size", "auction"),
    kinds.INDICATIVE: ("near_price", "far_price", "auction_ns", "auction"),
    kinds.STATISTIC: ("price", "size", "statistic", "reference_ns"),
    kinds.RECOVERED: ("expected_seq", "received_seq", "missing_count", "channel"),
}
"""Names of the four int64 at offsets 32, 40, 48 and 56, by kind; absent ones are undefined."""


def _dtype(columns: list[tuple[str, str, int]]) -> np.dtype[Any]:
    return np.dtype(
        {
            "names": [name for name, _, _ in columns],
            "formats": [form for _, form, _ in columns],
            "offsets": [offset for _, _, offset in columns],
            "itemsize": RECORD_BYTES,
        }
    )


def _body_columns(names: tuple[str, ...]) -> list[tuple[str, str, int]]:
    return [(name, "<i8", 32 + 8 * index) for index, name in enumerate(names)]


def _all_columns() -> list[tuple[str, str, int]]:
    columns = dict.fromkeys(column for names in BODY.values() for column in _body_columns(names))
    return [*HEAD, *columns]


RECORD: np.dtype[Any] = _dtype(_all_columns())
"""One record of any kind."""


def kind_dtype(names: tuple[str, ...]) -> np.dtype[Any]:
    """Give the dtype of a record whose body has these names."""
    return _dtype([*HEAD, *_body_columns(names)])


KIND_DTYPES: dict[int, np.dtype[Any]] = {kind: kind_dtype(names) for kind, names in BODY.items()}
"""For each kind, the same 64 bytes under that kind's names alone."""
