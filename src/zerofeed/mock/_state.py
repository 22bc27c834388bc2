"""Memory of the simulated venue: one record that holds all of it.

Kernels take the venue as one record and reach into it by name (``v.instruments[row].mark``),
which costs them a pointer and no reference counting. The dtypes are ``np.record`` all the way
down, so that the same source also runs as plain Python.

Everything has a fixed capacity; ``*_MAX`` below. Prices are kept in ticks and amounts in lots of
the instrument, marks and indexes as integers over a power of ten.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

__all__ = [
    "ASK",
    "BATCH_MAX",
    "BID",
    "CHANGES_MAX",
    "CHANGES_PER_MESSAGE",
    "COINS_MAX",
    "CYCLES_MAX",
    "DEFINITION_BYTES_MAX",
    "FILLS_MAX",
    "INDEXES_MAX",
    "INSTRUMENTS_MAX",
    "LEVELS_MAX",
    "LEVELS_PER_MESSAGE",
    "NO_PRICE",
    "PACKET_BYTES_MAX",
    "PICKS",
    "ROWS_PER_CHANNEL_MAX",
    "TEMPLATES",
    "TRADES_KEPT",
    "VENUE",
    "VENUE_TYPE",
]

BID = 0
ASK = 1
"""Index of a ladder. On the wire a side is 1 minus this."""

NO_PRICE = -(2**62)
"""Ticks of a price, or key of a level, that is not there."""

INSTRUMENTS_MAX = 256
ROWS_PER_CHANNEL_MAX = 128
INDEXES_MAX = 16
COINS_MAX = 16
CYCLES_MAX = 64
CHANNELS_MAX = 256
LEVELS_MAX = 64
"""Levels of one ladder."""
CHANGES_MAX = 4 * LEVELS_MAX
"""Of one transition: every level of both sides deleted, and as many created."""
FILLS_MAX = 8
TRADES_KEPT = 4096
DEFINITION_BYTES_MAX = 512
"""Of one instrument, all templates together."""
PICKS = 1024
TEMPLATES = 11
"""Templates of the wire: 1000 to 1010."""

PACKET_BYTES_MAX = 1456
"""Longest packet, as in captures of the real venue."""
CHANGES_PER_MESSAGE = 40
LEVELS_PER_MESSAGE = 40
BATCH_MAX = 1024
"""Packets that one call may ask for."""
_STEP_PACKETS_MAX = 4 * ROWS_PER_CHANNEL_MAX + 4
"""Packets of one occurrence: a channel's snapshot, in which an instrument takes under 3 KB and no message
is longer than half a packet."""
_PACKETS_MAX = BATCH_MAX + _STEP_PACKETS_MAX


def _record(*fields: tuple[Any, ...]) -> np.dtype[Any]:
    return np.dtype((np.record, list(fields)))


LEVEL = _record(
    ("key", "i8"),  # ticks of a bid, minus ticks of an ask: the best level has the highest key
    ("lots", "i8"),
)

LADDER = _record(
    ("count", "i8"),
    (
        "levels",
        LEVEL,
        (LEVELS_MAX,),
    ),  # worst first: what happens near the best price moves few levels
)

INSTRUMENT = _record(
    # What the instrument is; never changes.
    ("instrument_id", "i8"),
    ("channel", "i8"),
    ("kind", "i8"),
    ("index", "i8"),  # row of indexes
    ("engine", "i8"),  # row of engines
    ("is_inverse", "i8"),
    ("is_call", "i8"),
    ("is_perpetual", "i8"),
    ("expiry_ms", "i8"),
    ("tick_multiple", "i8"),  # price = ticks * tick_multiple / price_scale
    ("price_scale", "i8"),
    ("step_above", "i8"),  # ticks above which prices are multiples of step_ticks; 0: nowhere
    ("step_ticks", "i8"),
    ("lot_multiple", "i8"),  # amount = lots * lot_multiple / amount_scale
    ("amount_scale", "i8"),
    ("mark_scale", "i8"),
    ("floor_ticks", "i8"),  # lowest price that anybody quotes
    ("typical_lots", "i8"),
    ("opening_levels", "i8"),
    ("legs", "i8", (2,)),  # rows of instruments
    ("leg_sizes", "i8", (2,)),
    (
        "definition_at",
        "i8",
    ),  # in definitions: Instrument, InstrumentV2, ComboLegs back to back, some empty
    ("definition_v2_at", "i8"),
    ("legs_at", "i8"),
    ("legs_end", "i8"),
    ("tick", "f8"),
    ("strike", "f8"),
    ("volatility", "f8"),
    ("carry", "f8"),
    ("wander", "f8"),
    ("half_spread", "f8"),  # ticks
    ("spacing", "f8"),  # ticks
    ("band", "f8"),
    ("settlement", "f8"),
    # Where it stands.
    ("life", "i8"),  # instrumentState of the wire
    ("change_id", "i8"),
    ("mark", "i8"),  # times mark_scale
    ("last_ticks", "i8"),  # of the last trade, or NO_PRICE
    ("tick_direction", "i8"),
    ("trade_seq", "i8"),
    ("open_interest", "i8"),  # lots
    ("rfq_lots", "i8"),  # of the open request for quotes, else 0
    ("rfq_side", "i8"),
    ("premium", "f8"),  # over the index, a fraction
    ("fair", "f8"),  # the mark in ticks, not rounded
    ("funding", "f8"),
    ("funding_8h", "f8"),
    ("sigma", "f8"),  # that an option's mark was computed with
    ("ladders", LADDER, (2,)),
)

COIN = _record(("log_price", "f8"), ("log_anchor", "f8"))

INDEX = _record(
    ("coin", "i8"),
    ("scale", "i8"),
    ("units", "i8"),  # price times scale
    ("offset", "i8"),  # from the coin's latent price, millionths
    ("name", "u1", (16,)),
)

ENGINE = _record(("change_id", "i8"), ("trade_id", "i8"))

CYCLE = _record(
    ("channel", "i8"),
    ("first_row", "i8"),
    ("stop_row", "i8"),
    ("due_ms", "i8"),
    ("phase", "i8"),  # 0: SnapshotStart is next, 1: what follows it
)

CHANGE = _record(("side", "i8"), ("kind", "i8"), ("ticks", "i8"), ("lots", "i8"))

FILL = _record(("ticks", "i8"), ("lots", "i8"))

TRADE = _record(
    ("row", "i8"),
    ("ticks", "i8"),
    ("lots", "i8"),
    ("trade_id", "i8"),
    ("direction", "i8"),
    ("timestamp_ms", "i8"),
)

VENUE = _record(
    ("random", "i8"),
    ("now_ms", "i8"),
    ("instrument_count", "i8"),
    ("index_count", "i8"),
    ("cycle_count", "i8"),
    ("opened", "i8"),  # instruments whose book has opened; the first ones
    ("is_started", "i8"),  # 0 until every channel has had its first snapshot
    ("cycles_due_ms", "i8"),  # soonest due_ms
    ("cycle_ms", "i8"),
    ("delay_ms", "i8"),
    ("trade_count", "i8"),
    ("level_count", "i8"),  # level changes told
    ("block_id", "i8"),
    # The batch, and the packet that is being written.
    ("packets", "i8"),
    ("bytes", "i8"),
    ("packet_at", "i8"),
    ("cursor", "i8"),
    ("packet_channel", "i8"),
    ("offsets", "i8", (_PACKETS_MAX,)),
    ("lengths", "i8", (_PACKETS_MAX,)),
    ("channels", "i8", (_PACKETS_MAX,)),
    # The transition that is being built.
    ("change_count", "i8"),
    ("fill_count", "i8"),
    ("changes", CHANGE, (CHANGES_MAX,)),
    ("fills", FILL, (FILLS_MAX,)),
    # The market.
    ("coins", COIN, (COINS_MAX,)),
    ("indexes", INDEX, (INDEXES_MAX,)),
    ("engines", ENGINE, (COINS_MAX,)),
    ("cycles", CYCLE, (CYCLES_MAX,)),
    ("picks", "i8", (PICKS,)),  # rows, the busy ones often
    ("seqs", "i8", (CHANNELS_MAX,)),  # number of each channel's next packet
    ("counts", "i8", (TEMPLATES,)),  # messages sent
    ("trades", TRADE, (TRADES_KEPT,)),  # a ring of the latest
    ("instruments", INSTRUMENT, (INSTRUMENTS_MAX,)),
    ("definitions", "u1", (INSTRUMENTS_MAX * DEFINITION_BYTES_MAX,)),
    ("out", "u1", (_PACKETS_MAX * PACKET_BYTES_MAX,)),  # packets, each at a multiple of 8
)

VENUE_TYPE: Any = numba.from_dtype(VENUE)
"""Numba's type of the venue, for kernel signatures."""
