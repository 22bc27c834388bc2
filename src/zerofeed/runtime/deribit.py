"""Deribit's multicast as a protocol of the worker."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.books.layout import RULE_CLEAR_FIRST, RULE_SPANS_FRAMES
from zerofeed.codecs.deribit._message_kernels import SCRATCH_WORDS as CODEC_SCRATCH_WORDS
from zerofeed.codecs.deribit._message_kernels import STATE_WORDS
from zerofeed.codecs.deribit.decoder import TEMPLATE_NAMES
from zerofeed.runtime import _deribit_kernels as k
from zerofeed.runtime.protocol import Protocol

__all__ = ["DERIBIT", "make_scratch", "most_records", "work_words"]


def most_records(packet_bytes: int) -> int:
    """Bound the records of one packet: a level each 8 bytes, a book's quote each 40, a gap."""
    return packet_bytes // 8 + packet_bytes // 40 + 16


def work_words(instruments: int) -> int:
    """Size what the codec keeps: its scratch, and a few words for each instrument."""
    return CODEC_SCRATCH_WORDS + instruments * STATE_WORDS


def make_scratch(_longest_bytes: int) -> npt.NDArray[np.int64]:
    """Make the scratch of one packet: a header, and what a message says of itself."""
    return np.zeros(k.SCRATCH_WORDS, np.int64)


DERIBIT = Protocol(
    name="deribit-multicast",
    summary="Deribit's multicast of 2023 (SBE schema 1): trades, books, tickers, instruments",
    templates=dict(enumerate(TEMPLATE_NAMES)),
    # Snapshots begin with a clear, and a change may be split over several packets.
    book_rules=RULE_CLEAR_FIRST | RULE_SPANS_FRAMES,
    scratch=make_scratch,
    work_words=work_words,
    most_records=most_records,
    process=k.process,
)
"""What is known as ``deribit-multicast`` in configurations."""
