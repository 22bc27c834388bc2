"""ITCH messages into records, offline: for tests, notebooks and benchmarks.

The same kernels as a feed's worker, over memory of its own. :class:`ItchDecoder` takes messages behind their lengths,
as files and MoldUDP64 packets have them, and gives records as a view that the next call overwrites. It looks
at no sequence numbers and keeps no orders: gaps are the sequencing layer's, and what a record leaves out
(:mod:`zerofeed.codecs.itch`) is the books'.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError
from zerofeed.base.status import BUFFER_FULL
from zerofeed.codecs._equity_kernels import NEXT, STATE_WORDS
from zerofeed.codecs._equity_kernels import SCRATCH_WORDS as OWN_WORDS
from zerofeed.codecs.days import midnight_ns
from zerofeed.codecs.itch import _kernels as k
from zerofeed.codecs.itch._layout import COUNTS, LOCATES
from zerofeed.codecs.itch._message_kernels import MOST_RECORDS
from zerofeed.codecs.itch.messages import ITCH_MESSAGES
from zerofeed.codecs.itch.scratch import make_scratch
from zerofeed.codecs.message_table import Buffer, as_bytes
from zerofeed.feed.instruments import InstrumentTable, make_table
from zerofeed.records.dtypes import RECORD
from zerofeed.records.units import UNDEF
from zerofeed.shm import journal

__all__ = ["ItchDecoder", "state_words"]

_COUNTERS = {
    "messages": k.MESSAGES,
    "unknown": k.UNKNOWN,
    "malformed": k.MALFORMED_MESSAGES,
    "refused": k.REFUSED_MESSAGES,
}


def state_words(instruments: int) -> int:
    """Size this codec's part of a feed's state.

    Args:
        instruments: rows of the instruments table.

    Returns:
        int64 words from ``state_at`` on.
    """
    return LOCATES + OWN_WORDS + instruments * STATE_WORDS


class ItchDecoder:
    """Decode messages one after the other. One thread.

    Args:
        day: the trading day, whose midnight in New York all times count from.
        instruments: rows of the instruments table, row 0 included.
        records: records that one call can give, at least three.

    Attributes:
        instruments: the stocks seen so far.

    Raises:
        ConfigurationError: a size is too small to serve.
        ResourceError: the machine has no time zones.
    """

    def __init__(self, day: date, *, instruments: int = 16_384, records: int = 65_536) -> None:
        if records < MOST_RECORDS or instruments < 2:
            raise ConfigurationError(
                "the decoder's memory is too small",
                expected=f"records of at least {MOST_RECORDS} and instruments of at least 2",
                got=f"records={records}, instruments={instruments}",
                next_step="leave the defaults, or enlarge the smaller one",
            )
        self._midnight_ns = midnight_ns(day)
        self._rows, self._lookup = make_table(instruments)
        self._words: npt.NDArray[np.int64] = self._rows.view(np.int64)
        self._state = np.zeros(journal.DATA + state_words(instruments), dtype=np.int64)
        journal.prepare(self._state)
        self._records = np.zeros(records, dtype=RECORD)
        self._record_words: npt.NDArray[np.int64] = self._records.view(np.int64)
        self._scratch = make_scratch()
        self._next_seq = 0
        self.instruments = InstrumentTable(self._rows, self._lookup)

    def decode(
        self, buffer: Buffer, begin: int = 0, end: int | None = None, *, ts_recv_ns: int = UNDEF
    ) -> tuple[npt.NDArray[Any], int]:
        """Decode as many messages as the record memory has room for, in one compiled call.

        Args:
            buffer: holds messages, each behind two bytes of length.
            begin: where the first length is.
            end: position behind the last message; default: the end of the buffer.
            ts_recv_ns: arrival, Unix ns.

        Returns:
            RECORD array, numbered in ``seq`` from the first call on, valid until the next call; and where
            the next message's length is. The same position again means that what follows is no whole
            message.

        Raises:
            ConfigurationError: begin and end do not lie inside the buffer.
        """
        data = as_bytes(buffer)
        stop = data.size if end is None else end
        if not 0 <= begin <= stop <= data.size:
            raise ConfigurationError(
                "messages do not lie inside the buffer",
                expected=f"0 <= begin <= end <= {data.size}",
                got=f"begin {begin}, end {stop}",
            )
        count = k.decode_blocks(
            data, begin, stop, self._midnight_ns, ts_recv_ns, self._words, self._lookup,
            self._state, journal.DATA, self._record_words, len(self._records), self._next_seq,
            self._scratch,
        )  # fmt: skip
        self._next_seq += count
        return self._records[:count], int(self._scratch[NEXT])

    def batches(self, buffer: Buffer, *, ts_recv_ns: int = UNDEF) -> Iterator[npt.NDArray[Any]]:
        """Decode a whole buffer.

        Args:
            buffer: as in :meth:`decode`.
            ts_recv_ns: arrival, Unix ns.

        Yields:
            Records; a view that is valid until the next batch is asked for. It ends at the end of the
            buffer, or in front of what is no whole message.
        """
        place = 0
        while True:
            records, place = self.decode(buffer, place, ts_recv_ns=ts_recv_ns)
            yield records
            if self.stopped_by != BUFFER_FULL:
                return

    @property
    def stopped_by(self) -> int:
        """Why the latest call ended; OK at the end, see :mod:`zerofeed.base.status`."""
        return int(self._scratch[k.STOPPED_BY])

    def messages(self) -> dict[str, int]:
        """Count the messages decoded so far by name; those that came at all."""
        names = [each.name for each in ITCH_MESSAGES]
        counts = self._scratch[COUNTS : COUNTS + len(names)].tolist()
        return {name: count for name, count in zip(names, counts, strict=True) if count}

    def counters(self) -> dict[str, int]:
        """Count messages and what went wrong with them, so far."""
        return {name: int(self._scratch[word]) for name, word in _COUNTERS.items()}
