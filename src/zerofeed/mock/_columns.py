"""Columns of the simulated venue's tables, as plain ints so that kernels see constants.

The tables themselves, their sizes and their dtypes are in ``_arrays.py``. One row of
``terms``, ``params``, ``state`` and ``drift`` is one instrument; rows of one channel stand
together. All int64 but ``params``, ``drift`` and ``coins``, which are float64.
"""

from __future__ import annotations

# terms: what never changes, as integers
INSTRUMENT_ID = 0
CHANNEL = 1
KIND = 2
COIN = 3
"""Row of ``coins``."""
INDEX = 4
"""Row of ``indexes``."""
ENGINE = 5
"""Row of ``engines``: who numbers changes and trades."""
IS_INVERSE = 6
IS_CALL = 7
EXPIRY_MS = 8
TICK_MULTIPLE = 9
"""Tick size times PRICE_SCALE: price = ticks * TICK_MULTIPLE / PRICE_SCALE."""
PRICE_SCALE = 10
STEP_ABOVE = 11
"""Ticks above which prices stand on multiples of STEP_TICKS; 0 for no such step."""
STEP_TICKS = 12
LOT_MULTIPLE = 13
"""Smallest amount times AMOUNT_SCALE: amount = lots * LOT_MULTIPLE / AMOUNT_SCALE."""
AMOUNT_SCALE = 14
MARK_SCALE = 15
FLOOR_TICKS = 16
"""Lowest price anybody quotes, in ticks; far below zero for a combo."""
TYPICAL_LOTS = 17
OPENING_LEVELS = 18
"""Levels a side that the book opens with and is kept near."""
LEG_A = 19
LEG_A_SIZE = 20
LEG_B = 21
LEG_B_SIZE = 22
IS_PERPETUAL = 23
DEFINITION_AT = 24
"""First byte in ``definitions``: [Instrument][InstrumentV2][ComboLegs], any but one may be empty."""
DEFINITION_V2_AT = 25
LEGS_AT = 26
LEGS_END = 27
TERM_COLUMNS = 28

# params: what never changes, as floats
TICK = 0
STRIKE = 1
VOLATILITY = 2
CARRY = 3
"""Yearly rate between index and forward."""
WANDER = 4
"""How far the premium over the index moves in a step, as a fraction."""
HALF_SPREAD = 5
"""In ticks."""
SPACING = 6
"""Typical distance of neighbouring levels, in ticks."""
BAND = 7
"""Half-width of the allowed prices as a fraction of the mark; of the index for options and combos."""
SETTLEMENT = 8
PARAM_COLUMNS = 9

# state: what changes, as integers
LIFE = 0
"""Instrument state as on the wire."""
CHANGE_ID = 1
MARK = 2
"""Mark price times MARK_SCALE."""
LAST = 3
"""Price of the last trade in ticks, or NO_PRICE."""
TICK_DIRECTION = 4
TRADE_SEQ = 5
OPEN_INTEREST = 6
"""In lots."""
RFQ_LOTS = 7
"""Of the request for quotes that is open, else 0."""
RFQ_SIDE = 8
BIDS = 9
ASKS = 10
"""Levels held; BIDS + side is the column of a side's count, see BID_SIDE."""
STATE_COLUMNS = 11

# drift: what changes, as floats
PREMIUM = 0
FAIR = 1
"""Mark price in ticks, not rounded."""
FUNDING = 2
FUNDING_8H = 3
SIGMA = 4
"""Volatility that the mark of an option was computed with."""
DRIFT_COLUMNS = 5

# coins: the latent price of each, float64
LOG_PRICE = 0
LOG_ANCHOR = 1
COIN_COLUMNS = 2

# indexes
INDEX_COIN = 0
INDEX_SCALE = 1
INDEX_UNITS = 2
"""Price times INDEX_SCALE."""
INDEX_OFFSET = 3
"""Distance from the coin's latent price, in millionths; wanders."""
INDEX_COLUMNS = 4

# engines
LAST_CHANGE_ID = 0
LAST_TRADE_ID = 1
ENGINE_COLUMNS = 2

# cycles: one snapshot channel each
CYCLE_CHANNEL = 0
FIRST_ROW = 1
STOP_ROW = 2
DUE_MS = 3
PHASE = 4
"""0: the next step sends SnapshotStart; 1: the next one sends what follows it."""
CYCLE_COLUMNS = 5

# venue: one row of scalars
RANDOM = 0
PACKETS = 1
"""In the batch."""
BYTES = 2
"""Used of the batch's buffer, alignment included."""
PACKET_AT = 3
"""Offset of the packet being written."""
CURSOR = 4
"""Offset of the next message in it."""
PACKET_CHANNEL = 5
NOW_MS = 6
OPENED = 7
"""Rows whose book has opened; the first ones."""
CYCLES_DUE_MS = 8
"""Soonest DUE_MS."""
CYCLE_MS = 9
"""Time from one snapshot of a channel to the next."""
DELAY_MS = 10
"""Time from SnapshotStart to what follows."""
TRADE_COUNT = 11
LEVEL_COUNT = 12
"""Level changes sent in Books."""
BLOCK_ID = 13
IS_STARTED = 14
"""0 until every channel has had its first snapshot."""
NOTED = 15
"""Changes noted by the last sweep."""
VENUE_COLUMNS = 16

# changes: one level of the transition being built
CHANGE_SIDE = 0
CHANGE_KIND = 1
CHANGE_TICKS = 2
CHANGE_LOTS = 3
CHANGE_COLUMNS = 4

# fills: one trade of it
FILL_TICKS = 0
FILL_LOTS = 1
FILL_COLUMNS = 2

# trades: a ring of the latest
TRADE_ROW = 0
TRADE_TICKS = 1
TRADE_LOTS = 2
TRADE_ID = 3
TRADE_DIRECTION = 4
TRADE_MS = 5
TRADE_COLUMNS = 6

# ladders[2 * row + side, level]: worst level first, so that the busy end is the cheap one
KEY = 0
"""Ticks for a bid, minus ticks for an ask: the best level has the highest key."""
LOTS = 1
LADDER_COLUMNS = 2

ASK_SIDE = 1
"""As an offset from BIDS; bookSide on the wire is 1 minus this."""
BID_SIDE = 0

NO_PRICE = -(2**62)

LEVELS_MAX = 64
"""Levels a side of a ladder."""
CHANGES_MAX = 4 * LEVELS_MAX
"""Every level of both sides deleted and created again."""
FILLS_MAX = 8
TRADES_KEPT = 4096
CHANNELS_MAX = 256
TEMPLATES = 11
"""Wire templates 1000 to 1010."""

PACKET_BYTES_MAX = 1456
"""Longest packet, as in captures: what an Ethernet frame takes, less the headers and some room."""
CHANGES_PER_MESSAGE = 40
LEVELS_PER_MESSAGE = 40
PICKS = 1024
"""Entries of the table that says whose turn it is."""
