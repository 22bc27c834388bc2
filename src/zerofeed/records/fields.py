"""What the four int64 of a record's body measure: the one place that says how to show them.

A body field's name means the same in every kind of record, so its unit goes by its name.

==============  ==============================================================================
unit            a value is
==============  ==============================================================================
``PRICE``       ``mantissa * 10**price_exponent`` of the record's instrument
``SIZE``        ``mantissa * 10**size_exponent`` of the record's instrument
``RATE``        ``mantissa * 10**-12``, a pure number
``TIME``        nanoseconds since the Unix epoch
``ROW``         a row of the instruments table
``NUMBER``      an integer as it stands
==============  ==============================================================================

In each of them ``UNDEF`` means that the venue sent no value.
"""

from __future__ import annotations

from zerofeed.records.dtypes import BODY

__all__ = [
    "NUMBER",
    "PRICE",
    "RATE",
    "ROW",
    "SIZE",
    "TIME",
    "UNITS",
    "UNIT_NAMES",
    "own_fields",
]

PRICE = "price"
SIZE = "size"
RATE = "rate"
TIME = "time"
ROW = "row"
NUMBER = "number"

UNIT_NAMES = (PRICE, SIZE, RATE, TIME, ROW, NUMBER)
"""Every unit."""

UNITS: dict[str, str] = {
    "price": PRICE,
    "size": SIZE,
    "trade_id": NUMBER,
    "trade_seq": NUMBER,
    "change_id": NUMBER,
    "prev_change_id": NUMBER,
    "order_id": NUMBER,
    "priority": NUMBER,
    "bid_price": PRICE,
    "bid_size": SIZE,
    "ask_price": PRICE,
    "ask_size": SIZE,
    "mark_price": PRICE,
    "index_price": PRICE,
    "settlement_price": PRICE,
    "estimated_delivery_price": PRICE,
    "funding_rate": RATE,
    "funding_rate_8h": RATE,
    "next_funding_ns": TIME,
    "open_interest": SIZE,
    "min_price": PRICE,
    "max_price": PRICE,
    "last_price": PRICE,
    "delivery_price": PRICE,
    "state": NUMBER,
    "previous_state": NUMBER,
    "state_reason": NUMBER,
    "tick_size": PRICE,
    "min_size": SIZE,
    "contract_size": SIZE,
    "expiry_ns": TIME,
    "leg_instrument": ROW,
    "leg_ratio": NUMBER,
    "leg_index": NUMBER,
    "leg_count": NUMBER,
    "expected_seq": NUMBER,
    "received_seq": NUMBER,
    "missing_count": NUMBER,
    "channel": NUMBER,
    "epoch": NUMBER,
    "resumed_frame": NUMBER,
    "reason": NUMBER,
    "reader": NUMBER,
    "delta": RATE,
    "gamma": RATE,
    "vega": RATE,
    "theta": RATE,
    "mark_iv": RATE,
    "bid_iv": RATE,
    "ask_iv": RATE,
    "underlying_price": PRICE,
    "reference_price": PRICE,
    "paired_size": SIZE,
    "imbalance_size": SIZE,
    "auction": NUMBER,
    "near_price": PRICE,
    "far_price": PRICE,
    "auction_ns": TIME,
    "statistic": NUMBER,
    "reference_ns": TIME,
}
"""Unit of every body field."""


def own_fields(kind: int) -> tuple[str, ...]:
    """List the body fields of a kind that only some kinds have: all but ``price`` and ``size``.

    Args:
        kind: code of a record kind; one that is not known has none.
    """
    return tuple(name for name in BODY.get(kind, ()) if name not in {"price", "size"})
