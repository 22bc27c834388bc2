"""Nasdaq ITCH 5.0 as three protocols of the worker: packets of MoldUDP64, streams of SoupBinTCP, files.

They share one kernel. ITCH sends no date: packets bring it by their arrival, and a file has to be named after its day, or be
given with it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from zerofeed.codecs.framing.mold import ask_again
from zerofeed.codecs.itch._layout import TIME_WORD
from zerofeed.codecs.itch.decoder import state_words
from zerofeed.codecs.itch.messages import ITCH_MESSAGES, LENGTHS
from zerofeed.codecs.itch.scratch import make_scratch, set_day
from zerofeed.runtime import _itch_kernels as k
from zerofeed.runtime.protocol import DayClock, Protocol
from zerofeed.wire.length_prefixed import (
    BlockLayout,
    open_length_prefixed,
    read_length_prefixed,
)

__all__ = ["ITCH", "most_records"]

_TIME_AT = TIME_WORD + 2
_TIME_BYTES = 6
_INSTRUMENTS = 16_384
_BOOK_LEVELS = 24
"""There are no price levels; as few of them as a feed's default depth allows."""
_FILE = BlockLayout(lengths=LENGTHS, time_at=_TIME_AT, time_bytes=_TIME_BYTES)
_STREAM = BlockLayout()


def most_records(packet_bytes: int) -> int:
    """Bound the records of one frame: the densest messages have ten bytes a record, and each run a gap."""
    return packet_bytes // 8 + 16


def _scratch(framing: int, _longest_bytes: int) -> npt.NDArray[np.int64]:
    scratch = make_scratch()
    scratch[k.FRAMING] = framing
    return scratch


def _protocol(name: str, summary: str, framing: int, layout: BlockLayout | None) -> Protocol:
    of_packets = Protocol(
        name=name,
        summary=summary,
        templates={slot: each.name for slot, each in enumerate(ITCH_MESSAGES)},
        book_rules=0,
        scratch=partial(_scratch, framing),
        work_words=state_words,
        most_records=most_records,
        process=k.process,
        book_levels=_BOOK_LEVELS,
        has_orders=True,
        instruments=_INSTRUMENTS,
        days=DayClock(set_day=set_day, is_needed=layout is not None),
    )
    if layout is None:
        return replace(of_packets, ask=ask_again)
    return replace(
        of_packets,
        open_file=partial(open_length_prefixed, layout=layout),
        read_file=partial(read_length_prefixed, layout=layout),
    )


ITCH: tuple[Protocol, ...] = (
    _protocol(
        "itch50-mold", "Nasdaq TotalView-ITCH 5.0 in MoldUDP64 packets: every order", k.MOLD, None
    ),
    _protocol(
        "itch50-soup",
        "the same in a SoupBinTCP stream, as it was written to a file",
        k.SOUP,
        _STREAM,
    ),
    _protocol("itch50", "the same in Nasdaq's files of whole days", k.BLOCKS, _FILE),
)
"""What is known as ``itch50-mold``, ``itch50-soup`` and ``itch50`` in configurations."""
