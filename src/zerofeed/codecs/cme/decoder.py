"""CME's frequent messages into records, for callers that have messages and need no feed.

::

    decoder = CmeDecoder()
    records, rest = decoder.decode(messages)

Levels, orders and trades are decoded; all other messages are passed over, and so is an entry that names the place of a
level alone, because that needs a book. A feed (:mod:`zerofeed.runtime.cme`) does all of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.codecs.cme import _decoder_kernels as k
from zerofeed.codecs.cme._layout import (
    C_ERA,
    DIALECT_AT,
    I_WORDS,
    OPEN_WORDS,
    TABLE_AT,
    layout_table,
)
from zerofeed.codecs.cme.schema import SCHEMA
from zerofeed.codecs.sbe._dialect_words import SCRATCH_HEAD, STATE_WORDS
from zerofeed.feed.instruments import InstrumentTable, make_table
from zerofeed.records.dtypes import RECORD
from zerofeed.records.units import UNDEF
from zerofeed.shm import journal

__all__ = ["CmeDecoder"]

Bytes = npt.NDArray[np.uint8]


class CmeDecoder:
    """Decode messages one behind the other. Single-threaded.

    Args:
        instruments: rows of the table, row 0 included.
        records: most records of one call.

    Attributes:
        instruments: what was seen; symbols are not known.
        messages: messages decoded.
        passed: messages and entries passed over.
    """

    def __init__(self, *, instruments: int = 16_384, records: int = 65_536) -> None:
        rows, self._lookup = make_table(instruments)
        self._words: npt.NDArray[np.int64] = rows.view(np.int64)
        own = OPEN_WORDS + instruments * (I_WORDS + STATE_WORDS)
        self._state = np.zeros(journal.DATA + own, np.int64)
        journal.prepare(self._state)
        self._scratch = np.zeros(DIALECT_AT + SCRATCH_HEAD, np.int64)
        self._scratch[TABLE_AT:DIALECT_AT] = layout_table(SCHEMA)
        self._scratch[C_ERA] = 1
        self._records = np.zeros(records, RECORD)
        self._result = np.zeros(4, np.int64)
        self._number = 1
        self.instruments = InstrumentTable(rows, self._lookup)

    @property
    def messages(self) -> int:
        """Count the messages that were decoded."""
        return int(self._result[k.MESSAGES])

    @property
    def passed(self) -> int:
        """Count the messages that were passed over, and those of which an entry was."""
        return int(self._result[k.PASSED])

    def forget(self) -> None:
        """Forget the numbers of all instruments, as at the beginning of a week; the instruments stay."""
        self._state[journal.DATA :] = 0

    def decode(
        self, data: Bytes, *, first_number: int | None = None, ts_recv_ns: int = UNDEF
    ) -> tuple[npt.NDArray[Any], int]:
        """Decode messages.

        Args:
            data: uint8, messages behind their sizes.
            first_number: number of the packet of the first; default: one after the last.
            ts_recv_ns: arrival, Unix ns.

        Returns:
            Records, a view that is valid until the next call; and the bytes that were taken: fewer than all where
            a message is cut, or the room ended.
        """
        number = self._number if first_number is None else first_number
        self._state[journal.COUNT] = 0
        count = k.decode_messages(
            data,
            ts_recv_ns,
            number,
            self._words,
            self._lookup,
            self._state,
            journal.DATA,
            self._records.view(np.int64),
            len(self._records),
            self._scratch,
            self._result,
        )
        self._number = int(self._result[k.NUMBER])
        return self._records[:count], int(self._result[k.REST])
