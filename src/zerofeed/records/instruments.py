"""Instrument definitions: one 256-byte row each, in an append-only table.

A record names its instrument by the row's index, which never changes while the feed lives;
a changed definition is rewritten in place under the row's seqlock and announced by an
INSTRUMENT record. State and definition_seq change by themselves, one word at a time.

======  ====  ================  ===============================================================
offset  size  name              meaning
======  ====  ================  ===============================================================
0       8     version           seqlock: odd while the row is being written
8       8     venue_key         the venue's own id, or a hash of its name where it has none
16      64    symbol            the venue's name, UTF-8, NUL-padded; b"" until it is known
80      1     kind              SPOT, PERPETUAL, FUTURE, OPTION, COMBO, INDEX ... below
81      1     option_type       0 none, 67 'C' call, 80 'P' put
82      1     price_exponent    int8: a price is mantissa * 10**price_exponent
83      1     size_exponent     int8: the same for sizes
84      4     state             the venue's trading state, as in STATUS records
88      8     tick_size         smallest price step, price units; UNDEF when unknown
96      8     min_size          smallest order, size units
104     8     contract_size     size units
112     8     strike_price      price units; UNDEF unless an option
120     8     expiry_ns         Unix ns; UNDEF when it does not expire
128     8     created_ns        Unix ns; UNDEF when unknown
136     12    base              currency or asset, NUL-padded
148     12    quote             currency of the price
160     12    settlement        currency of the margin
172     12    counter           currency that the size counts, where the venue says
184     8     is_inverse        1 when sizes are in the quote currency
192     8     definition_seq    record sequence number of the latest definition; -1 before one
200     8     channel           channel that the instrument's updates come on
208     8     revision          how often the definition was written; grows with each change
216     40    reserved          zero
======  ====  ================  ===============================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "COMBO",
    "FUTURE",
    "INDEX_INSTRUMENT",
    "INSTRUMENT_ROW",
    "INSTRUMENT_ROW_BYTES",
    "INSTRUMENT_TYPES",
    "OPTION",
    "PERPETUAL",
    "SPOT",
    "STOCK",
    "UNKNOWN_INSTRUMENT",
]

UNKNOWN_INSTRUMENT = 0
"""Seen in data, not yet defined by the venue."""
SPOT = 1
PERPETUAL = 2
FUTURE = 3
OPTION = 4
COMBO = 5
INDEX_INSTRUMENT = 6
STOCK = 7
"""A share of a company or a fund."""

INSTRUMENT_TYPES: dict[int, str] = {
    UNKNOWN_INSTRUMENT: "unknown",
    SPOT: "spot",
    PERPETUAL: "perpetual",
    FUTURE: "future",
    OPTION: "option",
    COMBO: "combo",
    INDEX_INSTRUMENT: "index",
    STOCK: "stock",
}

INSTRUMENT_ROW_BYTES = 256

INSTRUMENT_ROW: np.dtype[Any] = np.dtype(
    {
        "names": [
            "version", "venue_key", "symbol", "kind", "option_type", "price_exponent",
            "size_exponent", "state", "tick_size", "min_size", "contract_size", "strike_price",
            "expiry_ns", "created_ns", "base", "quote", "settlement", "counter", "is_inverse",
            "definition_seq", "channel", "revision",
        ],
        "formats": [
            "<i8", "<i8", "S64", "u1", "u1", "i1", "i1", "<u4", "<i8", "<i8", "<i8", "<i8",
            "<i8", "<i8", "S12", "S12", "S12", "S12", "<i8", "<i8", "<i8", "<i8",
        ],
        "offsets": [
            0, 8, 16, 80, 81, 82, 83, 84, 88, 96, 104, 112, 120, 128, 136, 148, 160, 172, 184,
            192, 200, 208,
        ],
        "itemsize": INSTRUMENT_ROW_BYTES,
    }
)  # fmt: skip
"""One row of the instruments table."""
