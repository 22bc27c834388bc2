"""Offsets of what the kernels read, and the words that they share. Plain ints, so that kernels see constants.

A test compares the offsets with the table in ``messages``.

``scratch`` (int64, SCRATCH_WORDS) is made by :func:`zerofeed.codecs.itch.scratch.make_scratch`:

========  ===========  ==========================================================================
word      name         meaning
========  ===========  ==========================================================================
0         (result)     NEXT, SLOT, ROW, REFUSED of ``_equity_kernels``, set by every message
32        TABLE        ENTRY_WORDS for each byte that a message may begin with
8224      COUNTS       how often each slot came, for the caller to take and to clear
8256      SIDES        what a head loses for a side, by its letter: 'N' becomes 'B' or 'A'; -1: no such
                       side; behind all letters 0, for types without a side
8528      DAY          the trading day, see ``_day_kernels``
9056      OWN          32 words of the caller's own
========  ===========  ==========================================================================

An entry of the table says how to make the records of a type without looking at which it is. A price or a size
is the four bytes at ``AT``, masked with ``MASK`` (0 where the message has none), and ``NONE``
(UNDEF where it has none).

=======  =====================  ================================================================
word     name                   meaning
=======  =====================  ================================================================
0        E_LENGTH               bytes of the type; 0 when there is no such type
1        E_RECORDS              1 or 2; 0 when a function of its own decodes it; -1: no such type
2        E_SLOT                 its slot
3        E_STOCK                where the symbol is; 0 when it names none; -1 when no row is to be
                                made for its locate
4        E_SIDE                 where the side is
5        E_SIDE_MASK            255 when it has a side, else 0
6        E_HEAD                 head of the first record, row 0, side 'N'
7-9      E_PRICE                AT, MASK, NONE of its price
10-12    E_SIZE                 of its size
13       E_ID                   where its order or trade number is
14-21    (second record)        the same: head, price, size, number
22       E_SIDE_NONE            256 when it has no side, else 0
=======  =====================  ================================================================
"""

from __future__ import annotations

__all__ = [  # noqa: RUF022 - in the order of the pages
    "LOCATE", "TIME_WORD", "TIME_MASK",
    "SYSTEM_EVENT", "EVENT_CODE", "STOCK_DIRECTORY", "STOCK", "ROUND_LOT_SIZE", "ROUND_LOTS_ONLY",
    "TRADING_ACTION", "TRADING_STATE", "REASON", "OPERATIONAL_HALT", "MARKET_CODE", "HALT_ACTION",
    "MWCB_STATUS", "BREACHED_LEVEL", "COLLAR", "COLLAR_UPPER", "COLLAR_LOWER",
    "EXECUTED_WITH_PRICE", "ORDER_NUMBER", "EXECUTED_SHARES", "EXECUTED_MATCH", "PRINTABLE",
    "EXECUTION_PRICE", "CROSS_TRADE", "CROSS_SHARES", "CROSS_PRICE", "CROSS_MATCH",
    "IMBALANCE_MESSAGE", "PAIRED_SHARES", "IMBALANCE_SHARES", "IMBALANCE_DIRECTION", "FAR_PRICE",
    "NEAR_PRICE", "REFERENCE_PRICE", "CROSS_TYPE", "DIRECT_LISTING", "NEAR_EXECUTION_PRICE",
    "NEAR_EXECUTION_TIME", "LOWER_RANGE_COLLAR", "UPPER_RANGE_COLLAR",
    "TABLE", "ENTRY_WORDS", "COUNTS", "COUNT_WORDS", "SIDES", "DAY", "DAY_WORDS", "OWN", "OWN_WORDS",
    "SCRATCH_WORDS",
    "E_LENGTH", "E_RECORDS", "E_SLOT", "E_STOCK", "E_SIDE", "E_SIDE_MASK", "E_SIDE_NONE", "E_HEAD", "E_PRICE",
    "E_SIZE", "E_ID", "E_SECOND", "AT", "MASK", "NONE",
    "LOCATES",
]  # fmt: skip

LOCATE = 1
TIME_WORD = 3
"""Where eight bytes begin whose last six are the time."""
TIME_MASK = 0xFFFF_FFFF_FFFF

SYSTEM_EVENT = 83
EVENT_CODE = 11

STOCK_DIRECTORY = 82
STOCK = 11
"""Where the symbol of a stock directory is."""
ROUND_LOT_SIZE = 21
ROUND_LOTS_ONLY = 25

TRADING_ACTION = 72
TRADING_STATE = 19
REASON = 21

OPERATIONAL_HALT = 104
MARKET_CODE = 19
HALT_ACTION = 20

MWCB_STATUS = 87
BREACHED_LEVEL = 11

COLLAR = 74
COLLAR_UPPER = 23
COLLAR_LOWER = 27

EXECUTED_WITH_PRICE = 67
ORDER_NUMBER = 11
EXECUTED_SHARES = 19
EXECUTED_MATCH = 23
PRINTABLE = 31
EXECUTION_PRICE = 32

CROSS_TRADE = 81
CROSS_SHARES = 11
CROSS_PRICE = 27
CROSS_MATCH = 31

IMBALANCE_MESSAGE = 73
PAIRED_SHARES = 11
IMBALANCE_SHARES = 19
IMBALANCE_DIRECTION = 27
FAR_PRICE = 36
NEAR_PRICE = 40
REFERENCE_PRICE = 44
CROSS_TYPE = 48

DIRECT_LISTING = 79
NEAR_EXECUTION_PRICE = 28
NEAR_EXECUTION_TIME = 32
LOWER_RANGE_COLLAR = 40
UPPER_RANGE_COLLAR = 44

TABLE = 32
ENTRY_WORDS = 32
COUNTS = TABLE + 256 * ENTRY_WORDS
COUNT_WORDS = 32
SIDES = COUNTS + COUNT_WORDS
DAY = SIDES + 272
DAY_WORDS = 528
OWN = DAY + DAY_WORDS
OWN_WORDS = 32
SCRATCH_WORDS = OWN + OWN_WORDS

E_LENGTH = 0
E_RECORDS = 1
E_SLOT = 2
E_STOCK = 3
E_SIDE = 4
E_SIDE_MASK = 5
E_HEAD = 6
E_PRICE = 7
E_SIZE = 10
E_ID = 13
E_SECOND = 8
"""Words from the first record's part of an entry to the second's."""
E_SIDE_NONE = 22
AT = 0
MASK = 1
NONE = 2

LOCATES = 65_536
"""int64 words in front of the codec's state: the row of each locate; 0: none yet; negative: one without a symbol."""
