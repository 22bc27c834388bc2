"""What a STATISTIC record is about, with the numbers of Databento's ``stat_type``.

``price`` or ``size`` has the figure, and ``reference_ns`` the day that it is of, where the venue says one.
"""

from __future__ import annotations

__all__ = [
    "CLEARED_VOLUME",
    "CLOSING_PRICE",
    "FIXING_PRICE",
    "HIGHEST_BID",
    "INDICATIVE_OPENING_PRICE",
    "LOWEST_OFFER",
    "OPENING_PRICE",
    "REFERENCE_PRICE",
    "SESSION_HIGH_PRICE",
    "SESSION_LOW_PRICE",
    "SESSION_VOLUME",
    "SETTLEMENT_PRICE",
    "STATISTIC_NAMES",
    "VWAP",
]

OPENING_PRICE = 1
INDICATIVE_OPENING_PRICE = 2
SETTLEMENT_PRICE = 3
SESSION_LOW_PRICE = 4
SESSION_HIGH_PRICE = 5
CLEARED_VOLUME = 6
LOWEST_OFFER = 7
HIGHEST_BID = 8
FIXING_PRICE = 10
CLOSING_PRICE = 11
VWAP = 13
SESSION_VOLUME = 101
"""Traded since the session began. This and what follows are not Databento's."""
REFERENCE_PRICE = 102

STATISTIC_NAMES: dict[int, str] = {
    OPENING_PRICE: "opening_price",
    INDICATIVE_OPENING_PRICE: "indicative_opening_price",
    SETTLEMENT_PRICE: "settlement_price",
    SESSION_LOW_PRICE: "session_low_price",
    SESSION_HIGH_PRICE: "session_high_price",
    CLEARED_VOLUME: "cleared_volume",
    LOWEST_OFFER: "lowest_offer",
    HIGHEST_BID: "highest_bid",
    FIXING_PRICE: "fixing_price",
    CLOSING_PRICE: "closing_price",
    VWAP: "vwap",
    SESSION_VOLUME: "session_volume",
    REFERENCE_PRICE: "reference_price",
}
"""Name of each number."""
