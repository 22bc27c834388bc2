"""The simulated venue's tables: one tuple of arrays that every kernel of it takes.

====================  =========  ================================================================
field                 dtype      shape and meaning
====================  =========  ================================================================
``terms``             int64      (instruments, TERM_COLUMNS), never written
``params``            float64    (instruments, PARAM_COLUMNS), never written
``state``             int64      (instruments, STATE_COLUMNS)
``drift``             float64    (instruments, DRIFT_COLUMNS)
``coins``             float64    (coins, COIN_COLUMNS)
``indexes``           int64      (indexes, INDEX_COLUMNS)
``engines``           int64      (engines, ENGINE_COLUMNS)
``ladders``           int64      (2 * instruments, LEVELS_MAX, LADDER_COLUMNS)
``cycles``            int64      (snapshot channels, CYCLE_COLUMNS)
``venue``             int64      (VENUE_COLUMNS,)
``picks``             int64      (PICKS,) rows, the busy ones often
``seqs``              int64      (CHANNELS_MAX,) number of each channel's next packet
``counts``            int64      (TEMPLATES,) messages sent, by template less 1000
``changes``           int64      (CHANGES_MAX, CHANGE_COLUMNS) scratch
``fills``             int64      (FILLS_MAX, FILL_COLUMNS) scratch
``trades``            int64      (TRADES_KEPT, TRADE_COLUMNS) the latest trades
``definitions``       uint8      definitions as they go on the wire
``index_names``       uint8      16 bytes an index
``out``               uint8      packets of the batch, each at a multiple of 8
``offsets``           int64      of each packet in ``out``
``lengths``           int64      of each packet in bytes
``channels``          int64      of each packet
====================  =========  ================================================================
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from zerofeed.base.kernel import I64, I64_2D, U8, array_of, float64, int64

__all__ = ["ARRAYS", "Arrays"]

_F64_2D = array_of(float64, 2)
_I64_3D = array_of(int64, 3)


class Arrays(NamedTuple):
    """Every table of one venue; the module's docstring is their description."""

    terms: NDArray[np.int64]
    params: NDArray[np.float64]
    state: NDArray[np.int64]
    drift: NDArray[np.float64]
    coins: NDArray[np.float64]
    indexes: NDArray[np.int64]
    engines: NDArray[np.int64]
    ladders: NDArray[np.int64]
    cycles: NDArray[np.int64]
    venue: NDArray[np.int64]
    picks: NDArray[np.int64]
    seqs: NDArray[np.int64]
    counts: NDArray[np.int64]
    changes: NDArray[np.int64]
    fills: NDArray[np.int64]
    trades: NDArray[np.int64]
    definitions: NDArray[np.uint8]
    index_names: NDArray[np.uint8]
    out: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    channels: NDArray[np.int64]


ARRAYS: Any = types.NamedTuple(
    (
        I64_2D,
        _F64_2D,
        I64_2D,
        _F64_2D,
        _F64_2D,
        I64_2D,
        I64_2D,
        _I64_3D,
        I64_2D,
        I64,
        I64,
        I64,
        I64,
        I64_2D,
        I64_2D,
        I64_2D,
        U8,
        U8,
        U8,
        I64,
        I64,
        I64,
    ),
    Arrays,
)
"""Numba's type of ``Arrays``, for kernel signatures."""
