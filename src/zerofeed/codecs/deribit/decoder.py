"""Deribit multicast packets into records, offline: for tests, notebooks and ``zerofeed decode``.

The same kernels as a feed's worker, over memory of its own. :class:`DeribitMulticastDecoder`
takes packets in the order they were captured and gives each packet's records as a view that the
next call overwrites. It does not look at sequence numbers: gaps are the sequencing layer's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.deribit._kernels import (
    COUNT_WORDS,
    HEARTBEATS,
    MALFORMED_MESSAGES,
    MALFORMED_PACKETS,
    MESSAGES,
    NUMBERS_OUT_OF_RANGE,
    NUMBERS_ROUNDED,
    PACKETS,
    PACKETS_DONE,
    REFUSED_MESSAGES,
    STOPPED_BY,
    TEMPLATE_SLOTS,
    UNKNOWN_MESSAGES,
    decode_packets,
)
from zerofeed.codecs.deribit._message_kernels import RESULT_WORDS, SCRATCH_WORDS, STATE_WORDS
from zerofeed.feed.instruments import InstrumentTable, make_table
from zerofeed.records.dtypes import RECORD
from zerofeed.shm import journal

__all__ = ["TEMPLATE_NAMES", "DeribitMulticastDecoder", "state_words"]

TEMPLATE_NAMES: tuple[str, ...] = (
    "Instrument",
    "Book",
    "Trades",
    "Ticker",
    "Snapshot",
    "SnapshotStart",
    "SnapshotEnd",
    "ComboLegs",
    "PriceIndex",
    "Rfq",
    "InstrumentV2",
)
"""Names of the templates from 1000 on, in the order of their numbers."""

_MOST_BYTES = 65_535
"""Longest UDP datagram."""
_MOST_RECORDS = 8_200
"""What the longest datagram can hold: an entry of 8 bytes is the densest record."""

_COUNTERS = {
    "packets": PACKETS,
    "heartbeats": HEARTBEATS,
    "malformed_packets": MALFORMED_PACKETS,
    "messages": MESSAGES,
    "malformed": MALFORMED_MESSAGES,
    "unknown": UNKNOWN_MESSAGES,
    "refused": REFUSED_MESSAGES,
    "numbers_out_of_range": NUMBERS_OUT_OF_RANGE,
    "numbers_rounded": NUMBERS_ROUNDED,
}


def state_words(instruments: int) -> int:
    """Size this codec's part of a feed's state.

    Args:
        instruments: rows of the instruments table.

    Returns:
        int64 words from ``state_at`` on.
    """
    return SCRATCH_WORDS + instruments * STATE_WORDS


class DeribitMulticastDecoder:
    """Decode captured packets one after the other. One thread.

    Args:
        instruments: rows of the instruments table, row 0 included.
        records: records that one call of :meth:`decode_many` can give; at least 8200, what the
            largest UDP datagram can hold.

    Raises:
        ConfigurationError: a size is too small to serve.
    """

    def __init__(self, *, instruments: int = 16_384, records: int = 65_536) -> None:
        if records < _MOST_RECORDS or instruments < 2:
            raise ConfigurationError(
                "the decoder's memory is too small",
                expected=f"records of at least {_MOST_RECORDS} and instruments of at least 2",
                got=f"records={records}, instruments={instruments}",
                next_step="leave the defaults, or enlarge the smaller one",
            )
        self._rows, self._lookup = make_table(instruments)
        self._words: npt.NDArray[np.int64] = self._rows.view(np.int64)
        self._state = np.zeros(journal.DATA + state_words(instruments), dtype=np.int64)
        journal.prepare(self._state)
        self._records = np.zeros(records, dtype=RECORD)
        self._record_words: npt.NDArray[np.int64] = self._records.view(np.int64)
        self._limit = records
        self._result = np.zeros(RESULT_WORDS, dtype=np.int64)
        self._counts = np.zeros(COUNT_WORDS, dtype=np.int64)
        self._next_seq = 0
        self.instruments = InstrumentTable(self._rows, self._lookup)

    def decode(
        self, buffer: bytes | npt.NDArray[np.uint8], offset: int, length: int, ts_recv_ns: int
    ) -> npt.NDArray[Any]:
        """Decode one datagram.

        Args:
            buffer: bytes-like, or uint8 array, that holds the datagram.
            offset: where it begins.
            length: its bytes.
            ts_recv_ns: arrival, Unix ns.

        Returns:
            RECORD array, numbered in ``seq`` from the first packet on; valid until the next
            call. Empty for a packet that is malformed from its first message on.

        Raises:
            ConfigurationError: offset and length do not lie inside the buffer.
        """
        data = np.frombuffer(buffer, dtype=np.uint8)
        one = np.array([[offset], [length], [ts_recv_ns]], dtype=np.int64)
        records, _ = self.decode_many(data, one[0], one[1], one[2])
        return records

    def decode_many(
        self,
        buffer: npt.NDArray[np.uint8],
        offsets: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        times_ns: npt.NDArray[np.int64],
        *,
        first: int = 0,
    ) -> tuple[npt.NDArray[Any], int]:
        """Decode datagrams in one compiled call, as many as the record memory has room for.

        Args:
            buffer: uint8 that holds them all.
            offsets: int64, where each begins.
            lengths: int64, bytes of each.
            times_ns: int64, arrival of each, Unix ns.
            first: which to begin with.

        Returns:
            RECORD array, valid until the next call, and the number of datagrams taken (at least
            one, unless ``first`` is behind the last).

        Raises:
            ConfigurationError: a datagram does not lie inside the buffer, or is too long for UDP.
        """
        rest = slice(first, None)
        self._check(len(buffer), offsets[rest], lengths[rest])
        count = decode_packets(
            buffer, offsets, lengths, times_ns, first, self._words, self._lookup, self._state,
            journal.DATA, self._record_words, self._limit, self._result, self._counts,
        )  # fmt: skip
        records = self._records[:count]
        records["seq"] = np.arange(self._next_seq, self._next_seq + count)
        self._next_seq += count
        return records, int(self._result[PACKETS_DONE])

    @property
    def stopped_by(self) -> int:
        """Status that ended the latest packet early, or OK; see :mod:`zerofeed.base.status`."""
        return int(self._result[STOPPED_BY])

    @property
    def template_counts(self) -> npt.NDArray[np.int64]:
        """View how often each template was decoded, by its number minus 1000."""
        return self._counts[:TEMPLATE_SLOTS]

    def messages(self) -> dict[str, int]:
        """Count the messages decoded so far by template name; those that came at all."""
        counts = self.template_counts.tolist()
        return {name: count for name, count in zip(TEMPLATE_NAMES, counts, strict=False) if count}

    def counters(self) -> dict[str, int]:
        """Count packets, messages and what went wrong with them, so far."""
        return {name: int(self._counts[index]) for name, index in _COUNTERS.items()}

    @staticmethod
    def _check(size: int, offsets: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> None:
        is_inside = (offsets >= 0) & (lengths >= 0) & (lengths <= _MOST_BYTES)
        is_inside &= offsets <= size - lengths
        if not is_inside.all():
            wrong = int(np.flatnonzero(~is_inside)[0])
            raise ConfigurationError(
                "a datagram does not lie inside the buffer",
                expected=f"an offset and a length (at most {_MOST_BYTES}) within {size} bytes",
                got=f"offset {offsets[wrong]}, length {lengths[wrong]}",
                next_step="check offsets and lengths",
            )
