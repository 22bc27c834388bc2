"""Runs the compiled message kernels over memory of their own, and turns records into the oracle's rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tests.unit.codecs.iex.naive import Row
from zerofeed.base.status import OK
from zerofeed.codecs._equity_kernels import NEXT, RESULT_WORDS, SCRATCH_WORDS, STATE_WORDS
from zerofeed.codecs.iex._kernels import (
    BODY_BEGIN,
    BODY_END,
    CHANNEL,
    HEADER_WORDS,
    decode_one,
    read_header,
)
from zerofeed.feed.instruments import InstrumentTable, make_table
from zerofeed.shm import journal

__all__ = ["Codec", "rows_of"]

_RECORDS = 64


def rows_of(records: npt.NDArray[Any]) -> list[Row]:
    """Read records as rows of the oracle."""
    words = np.ascontiguousarray(records).view(np.int64).reshape(-1, 8)
    return [row_of(each) for each in words.tolist()]


def row_of(word: list[int]) -> Row:
    """Read a record's eight words."""
    head = word[3] & 0xFFFF_FFFF_FFFF_FFFF
    return Row(
        word[1],
        word[2],
        head & 0xFFFF_FFFF,
        head >> 32 & 0xFF,
        chr(head >> 40 & 0xFF),
        chr(head >> 48 & 0xFF),
        head >> 56,
        (word[4], word[5], word[6], word[7]),
    )


class Codec:
    """The message kernels and all that they keep.

    Attributes:
        codes: what each call for a message returned, records or a status.
        refused: messages that found the instruments table full.
    """

    def __init__(self, instruments: int = 64) -> None:
        rows, lookup = make_table(instruments)
        self.instruments = InstrumentTable(rows, lookup)
        self._words = rows.view(np.int64)
        self._lookup = lookup
        size = journal.DATA + SCRATCH_WORDS + instruments * STATE_WORDS
        self._state = np.zeros(size, np.int64)
        journal.prepare(self._state)
        self._records = np.zeros(8 * _RECORDS, np.int64)
        self.result = np.zeros(RESULT_WORDS, np.int64)
        self.header = np.zeros(HEADER_WORDS, np.int64)
        self.codes: list[int] = []
        self.step = 0

    def at(
        self, data: npt.NDArray[np.uint8], place: int, end: int, recv: int, channel: int, era: int,
        limit: int = _RECORDS,
    ) -> int:  # fmt: skip
        """Decode the message at a place; what it makes begins at record 0."""
        return decode_one(
            data, place, end, recv, channel, era, self._words, self._lookup, self._state,
            journal.DATA, self._records, 0, limit, self.result,
        )  # fmt: skip

    def rows(self, count: int) -> list[Row]:
        """Read the first records."""
        return [row_of(each) for each in self._records.reshape(-1, 8)[:count].tolist()]

    def packet(self, payload: bytes, recv: int = 5, era: int = 1) -> list[Row]:
        """Decode a segment; stops at the first message that cannot be used."""
        journal.begin(self._state, self.step)
        self.step += 1
        data = np.frombuffer(payload, np.uint8)
        if read_header(data, 0, len(data), self.header) != OK:
            return []
        place, end = int(self.header[BODY_BEGIN]), int(self.header[BODY_END])
        found: list[Row] = []
        while place < end:
            code = self.at(data, place, end, recv, int(self.header[CHANNEL]), era)
            self.codes.append(code)
            if code >= 0:
                found += self.rows(code)
            elif self.result[NEXT] == place or code in (-1001, -1002):
                break
            place = int(self.result[NEXT])
        return found
