"""What a protocol says of itself: its kernel, its books, and the memory that it needs.

Receiving, the journal, recovery and publishing are the same for all
(:mod:`zerofeed.runtime.stage`). A new protocol is one module with a :class:`Protocol`, one
compiled function for a packet, and an entry in :mod:`zerofeed.runtime.protocols`; a new venue that
speaks JSON is a table, and shares its function with all the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zerofeed.runtime.packet_views import PacketViews
from zerofeed.wire.length_prefixed import LengthPrefixedReader
from zerofeed.wire.pcap import Capture, CaptureReader, read_capture
from zerofeed.wire.text_capture import TextCapture, open_recording

__all__ = ["DayClock", "Protocol", "Recording"]

Recording = CaptureReader | TextCapture | LengthPrefixedReader
"""What a file is read by."""


@dataclass(frozen=True, slots=True)
class DayClock:
    """How a protocol whose messages say the time of day alone learns the day.

    Attributes:
        set_day: notes it in a scratch.
        is_needed: frames have no arrival times that would tell it.
    """

    set_day: Callable[[npt.NDArray[np.int64], date], None]
    is_needed: bool


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol that ``zerofeed run`` and ``zerofeed decode`` know.

    Attributes:
        name: as in ``feed.protocol``.
        summary: one line for people.
        templates: message template names by slot.
        book_rules: how its books change, RULE bits of :mod:`zerofeed.books.layout`.
        scratch: makes the int64 scratch of its function, by the bytes of the longest packet.
        work_words: int64 words that its codec keeps in the feed's state, by rows of the
            instruments table.
        most_records: bound of the records of one packet, by its bytes.
        process: its kernel, which the loops call for each packet; see
            :mod:`zerofeed.runtime._process_kernels`.
        book_levels: levels a side that its books have at most, or that are worth keeping.
        has_orders: its messages are about single orders, so that there can be books of them.
        order_rules: how those change, RULE bits of :mod:`zerofeed.books.orders.layout`.
        is_of_connection: what its messages mean depends on the connection that they come by, so a source
            has one.
        compares_connections: of equal messages by several connections of a source it takes the first.
        instruments: rows of the instruments table that a capture needs at most.
        open_file: opens a capture to be decoded.
        read_file: reads a capture whole, to be played.
        days: how it learns the day; None: its times have their date.
        ask: makes a request for numbers that are missing: of a packet that came behind them, the first of
            them, how many; None: the protocol has no such requests.
        views: makes what finds the messages of a packet as typed views; None: there is none.
    """

    name: str
    summary: str
    templates: dict[int, str]
    book_rules: int
    scratch: Callable[[int], npt.NDArray[np.int64]]
    work_words: Callable[[int], int]
    most_records: Callable[[int], int]
    process: Callable[..., int]
    book_levels: int = 256
    has_orders: bool = False
    order_rules: int = 0
    is_of_connection: bool = False
    compares_connections: bool = False
    instruments: int = 8192
    open_file: Callable[[str | Path], Recording] = open_recording
    read_file: Callable[[str | Path], Capture] = read_capture
    days: DayClock | None = None
    ask: Callable[[bytes, int, int], bytes] | None = None
    views: Callable[[], PacketViews] | None = None
