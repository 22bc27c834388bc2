"""Cboe's multicast PITCH as a protocol of the worker."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from zerofeed.codecs import _day_kernels as d
from zerofeed.codecs._equity_kernels import SCRATCH_WORDS as CODEC_SCRATCH_WORDS
from zerofeed.codecs._equity_kernels import STATE_WORDS
from zerofeed.codecs.days import first_midnights, midnight_ns
from zerofeed.codecs.pitch.messages import PITCH_MESSAGES
from zerofeed.records.units import UNDEF
from zerofeed.runtime import _pitch_kernels as k
from zerofeed.runtime.protocol import DayClock, Protocol

__all__ = ["PITCH", "make_scratch", "most_records", "set_day", "work_words"]

_INSTRUMENTS = 16_384
_BOOK_LEVELS = 24
"""There are no price levels; as few of them as a feed's default depth allows."""


def most_records(packet_bytes: int) -> int:
    """Bound the records of one packet.

    The densest message is a unit's clear, 6 bytes that make a record, and may change a best price; an order's
    end makes as many in 14.
    """
    return packet_bytes // 3 + 16


def work_words(instruments: int) -> int:
    """Size what the codec keeps: its scratch, and a few words for each instrument."""
    return CODEC_SCRATCH_WORDS + instruments * STATE_WORDS


def make_scratch(_longest_bytes: int) -> npt.NDArray[np.int64]:
    """Make the scratch of one packet: a header, what a message says of itself, and New York's midnights.

    Raises:
        ResourceError: the machine has no time zones.
    """
    scratch = np.zeros(k.SCRATCH_WORDS, np.int64)
    days = scratch[k.DAY :]
    midnights = first_midnights()
    days[d.MIDNIGHT] = days[d.NEXT_MIDNIGHT] = UNDEF
    days[d.STRETCHES] = midnights.size
    days[d.STRETCHES_AT : d.STRETCHES_AT + midnights.size] = midnights
    return scratch


def set_day(scratch: npt.NDArray[np.int64], day: date) -> None:
    """Fix the trading day, for a capture whose arrival times are of another.

    Args:
        scratch: from :func:`make_scratch`.
        day: whose midnight in New York all times count from.

    Raises:
        ResourceError: the machine has no time zones.
    """
    days = scratch[k.DAY :]
    days[d.MIDNIGHT] = midnight_ns(day)
    days[d.IS_FIXED] = 1


PITCH = Protocol(
    name="pitch",
    summary="Cboe's multicast PITCH 2.x of US equities and options: orders, trades, auctions",
    templates={slot: message.name for slot, message in enumerate(PITCH_MESSAGES)},
    book_rules=0,
    scratch=make_scratch,
    work_words=work_words,
    most_records=most_records,
    process=k.process,
    book_levels=_BOOK_LEVELS,
    has_orders=True,
    instruments=_INSTRUMENTS,
    days=DayClock(set_day=set_day, is_needed=False),
)
"""What is known as ``pitch`` in configurations."""
