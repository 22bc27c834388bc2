"""IEX's TOPS and DEEP as protocols of the worker. They share their kernel; books are DEEP's alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from zerofeed.codecs._equity_kernels import SCRATCH_WORDS as CODEC_SCRATCH_WORDS
from zerofeed.codecs._equity_kernels import STATE_WORDS
from zerofeed.codecs.iex._layout import DEEP, TOPS_1_5, TOPS_1_6
from zerofeed.codecs.iex.messages import IEX_MESSAGES
from zerofeed.runtime import _iex_kernels as k
from zerofeed.runtime.protocol import Protocol

__all__ = ["IEX_DEEP", "IEX_TOPS", "most_records", "work_words"]


def most_records(packet_bytes: int) -> int:
    """Bound the records of one segment.

    The densest messages, with their block's length: an event in 12 bytes makes 1 record, a state of a new
    security in 20 makes 2, the first level of a book in 32 makes 5.
    """
    return packet_bytes // 6 + 16


def work_words(instruments: int) -> int:
    """Size what the codec keeps: its scratch, and a few words for each instrument."""
    return CODEC_SCRATCH_WORDS + instruments * STATE_WORDS


def _scratch_for(first: int, last: int) -> Callable[[int], npt.NDArray[np.int64]]:
    """Give what makes the scratch of one segment, for a range of protocol numbers."""

    def make_scratch(_longest_bytes: int) -> npt.NDArray[np.int64]:
        scratch = np.zeros(k.SCRATCH_WORDS, np.int64)
        scratch[k.FIRST_PROTOCOL] = first
        scratch[k.LAST_PROTOCOL] = last
        return scratch

    return make_scratch


_INSTRUMENTS = 16_384
_TEMPLATES = {slot: message.name for slot, message in enumerate(IEX_MESSAGES)}

IEX_TOPS = Protocol(
    name="iex-tops",
    summary="IEX TOPS 1.5 and 1.6 over IEX-TP: best bids and offers, trades, auctions, states",
    templates=_TEMPLATES,
    book_rules=0,
    scratch=_scratch_for(TOPS_1_5, TOPS_1_6),
    work_words=work_words,
    most_records=most_records,
    process=k.process,
    instruments=_INSTRUMENTS,
)
"""What is known as ``iex-tops`` in configurations."""

IEX_DEEP = Protocol(
    name="iex-deep",
    summary="IEX DEEP 1.0 over IEX-TP: price levels, trades, auctions, states",
    templates=_TEMPLATES,
    # Nothing repairs a gap before the next session, so no rule about what comes behind one is needed.
    book_rules=0,
    scratch=_scratch_for(DEEP, DEEP),
    work_words=work_words,
    most_records=most_records,
    process=k.process,
    instruments=_INSTRUMENTS,
)
"""What is known as ``iex-deep`` in configurations."""
