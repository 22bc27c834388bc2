"""Kinds of record, and the codes of the one-byte columns ``side`` and ``action``.

Numbers are part of the format and never change meaning; a new kind takes a new number.
Sides and actions are the letters that Databento's formats use.
"""

from __future__ import annotations

__all__ = [
    "ACTION_ADD",
    "ACTION_CANCEL",
    "ACTION_CLEAR",
    "ACTION_FILL",
    "ACTION_MODIFY",
    "ACTION_NONE",
    "ACTION_TRADE",
    "ASK",
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
    "KIND_NAMES",
    "LEVEL",
    "LIMITS",
    "LIQUIDATION",
    "MARK",
    "NO_SIDE",
    "OPEN_INTEREST",
    "ORDER",
    "QUOTE",
    "RECOVERED",
    "RESET",
    "RFQ",
    "STATISTIC",
    "STATUS",
    "TRADE",
    "TRADE_BREAK",
    "VOLATILITY",
    "kind_code",
]

TRADE = 1
"""A trade; ``side`` is the aggressor's."""
LEVEL = 2
"""A price level's new absolute size; 0 means that the level is gone."""
ORDER = 3
"""A single resting order added, changed or gone (order-by-order feeds)."""
QUOTE = 4
"""Best bid and offer as the venue itself states it."""
BBO = 5
"""Best bid and offer of the book that the feed keeps, at the end of a transaction."""
MARK = 6
"""Mark, index, settlement and estimated delivery price."""
FUNDING = 7
"""Funding rates of a perpetual, scaled by 1e12."""
OPEN_INTEREST = 8
"""Contracts or coins outstanding, in size units."""
LIMITS = 9
"""Price band, last traded and delivery price."""
INDEX = 10
"""Value of an index; the instrument is the index."""
LIQUIDATION = 11
"""A trade that a liquidation forced; follows its TRADE record."""
STATUS = 12
"""Trading state of an instrument."""
INSTRUMENT = 13
"""A definition was added or changed; the row is in the instruments table."""
COMBO_LEG = 14
"""One leg of a combination."""
RFQ = 15
"""A request for quotes was opened or closed."""
GAP = 16
"""Messages of a channel are missing; the loss is counted here and only here."""
RESET = 17
"""A channel's numbering restarted; not a loss."""
EPOCH = 18
"""A new worker took over the feed."""
DISCONNECT = 19
"""A source or a reader was dropped, and why."""
GREEKS = 20
"""Greeks of an option as the venue states them (Black and Scholes), scaled by 1e12."""
VOLATILITY = 21
"""Implied volatilities of an option, 1 is 100 % a year, and what its underlying is worth."""
TRADE_BREAK = 22
"""A trade was broken after the fact; ``trade_id`` names it."""
IMBALANCE = 23
"""What an auction has and lacks so far; ``side`` is the one that has too much, ``auction`` the venue's letter."""
INDICATIVE = 24
"""Prices at which an auction would clear now; follows its IMBALANCE where the venue sends both."""
STATISTIC = 25
"""A figure of the session; which one, ``statistic`` says (:mod:`zerofeed.records.statistics`)."""
RECOVERED = 40
"""Messages of a channel that were missing were delivered by a replay; what they say comes next."""

BID = 66
"""``side``: ord('B'), buyer or bid side."""
ASK = 65
"""``side``: ord('A'), seller or ask side."""
NO_SIDE = 78
"""``side``: ord('N'), no side is given."""

ACTION_ADD = 65
"""``action``: ord('A'), new."""
ACTION_MODIFY = 77
"""``action``: ord('M'), changed."""
ACTION_CANCEL = 67
"""``action``: ord('C'), gone. From an ORDER, ``size`` is gone: all of it or a part."""
ACTION_CLEAR = 82
"""``action``: ord('R'), the whole book is cleared."""
ACTION_TRADE = 84
"""``action``: ord('T'), traded."""
ACTION_FILL = 70
"""``action``: ord('F'), a resting order traded: ``size`` is gone from it."""
ACTION_NONE = 78
"""``action``: ord('N'), nothing changed."""

KIND_NAMES: dict[int, str] = {
    TRADE: "trade",
    LEVEL: "level",
    ORDER: "order",
    QUOTE: "quote",
    BBO: "bbo",
    MARK: "mark",
    FUNDING: "funding",
    OPEN_INTEREST: "open_interest",
    LIMITS: "limits",
    INDEX: "index",
    LIQUIDATION: "liquidation",
    STATUS: "status",
    INSTRUMENT: "instrument",
    COMBO_LEG: "combo_leg",
    RFQ: "rfq",
    GAP: "gap",
    RESET: "reset",
    EPOCH: "epoch",
    DISCONNECT: "disconnect",
    GREEKS: "greeks",
    VOLATILITY: "volatility",
    TRADE_BREAK: "trade_break",
    IMBALANCE: "imbalance",
    INDICATIVE: "indicative",
    STATISTIC: "statistic",
    RECOVERED: "recovered",
}
"""Name of each kind, as the command line and the ``kind`` filters spell it."""


def kind_code(name: str) -> int:
    """Look a kind up by its name.

    Args:
        name: as in :data:`KIND_NAMES`, any case, ``-`` or ``_``.

    Raises:
        KeyError: no kind has this name; the message lists those that exist.
    """
    wanted = name.strip().lower().replace("-", "_")
    for code, known in KIND_NAMES.items():
        if known == wanted:
            return code
    raise KeyError(f"unknown record kind {name!r}; the kinds are {', '.join(KIND_NAMES.values())}")
