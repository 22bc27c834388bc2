"""The scratch of the ITCH kernels: what they know of each type of message, and of the trading day.

Made once in ordinary Python, from the table in ``messages``. What a type becomes is data here: a kernel that
looked at types one after the other would mispredict a branch for most messages, because their order has
no pattern, and that costs more than the rest of the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from zerofeed.codecs import _day_kernels as d
from zerofeed.codecs.days import first_midnights, midnight_ns
from zerofeed.codecs.itch import _layout as w
from zerofeed.codecs.itch.messages import ITCH_MESSAGES
from zerofeed.codecs.message_table import Message
from zerofeed.records import kinds
from zerofeed.records.flags import LAST
from zerofeed.records.units import UNDEF

__all__ = ["make_scratch", "set_day"]

_Words = npt.NDArray[np.int64]

_FOUR_BYTES = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class _Part:
    """One record of a message: kind, action, and which fields its price, size and number are."""

    kind: int
    action: int
    number: str
    size: str = ""
    price: str = ""


_ORDER = "order_reference_number"
_ADD = _Part(kinds.ORDER, kinds.ACTION_ADD, _ORDER, "shares", "price")
_PARTS: dict[str, tuple[_Part, ...]] = {
    "A": (_ADD,),
    "F": (_ADD,),
    "E": (
        _Part(kinds.TRADE, kinds.ACTION_TRADE, "match_number", "executed_shares"),
        _Part(kinds.ORDER, kinds.ACTION_FILL, _ORDER, "executed_shares"),
    ),
    "X": (_Part(kinds.ORDER, kinds.ACTION_CANCEL, _ORDER, "cancelled_shares"),),
    "D": (_Part(kinds.ORDER, kinds.ACTION_CANCEL, _ORDER),),
    "U": (
        _Part(kinds.ORDER, kinds.ACTION_CANCEL, "original_order_reference_number"),
        _Part(
            kinds.ORDER, kinds.ACTION_ADD, "new_order_reference_number", "shares", "price"
        ),
    ),
    "P": (_Part(kinds.TRADE, kinds.ACTION_TRADE, "match_number", "shares", "price"),),
    "B": (_Part(kinds.TRADE_BREAK, kinds.ACTION_NONE, "match_number"),),
}  # fmt: skip
"""The types whose records follow from the table alone; all others have a function."""
_SIDED = ("A", "F")
"""Types whose record has the side that the message names."""
_ROWLESS = ("S", "V", "W", "R")
"""Types about the whole market; and R, which makes the row by itself."""


def _four_bytes(message: Message, name: str) -> tuple[int, int, int]:
    """Give AT, MASK and NONE of a field of four bytes, or of none."""
    if not name:
        return 0, 0, UNDEF
    return message.offsets[name], _FOUR_BYTES, 0


def _put_part(entry: _Words, at: int, message: Message, part: _Part, *, is_last: bool) -> None:
    flags = LAST - 256 if is_last else 0  # the sign byte of a signed word
    head = part.kind << 32 | kinds.NO_SIDE << 40 | part.action << 48 | flags << 56
    entry[at + w.E_HEAD] = head
    entry[at + w.E_PRICE : at + w.E_PRICE + 3] = _four_bytes(message, part.price)
    entry[at + w.E_SIZE : at + w.E_SIZE + 3] = _four_bytes(message, part.size)
    entry[at + w.E_ID] = message.offsets[part.number]


def _put_table(scratch: _Words) -> None:
    table = scratch[w.TABLE : w.COUNTS].reshape(256, w.ENTRY_WORDS)
    table[:, w.E_RECORDS] = -1
    table[:, w.E_SIDE_NONE] = 256
    for slot, message in enumerate(ITCH_MESSAGES):
        entry = table[message.code]
        parts = _PARTS.get(chr(message.code), ())
        entry[w.E_LENGTH] = message.most_bytes
        entry[w.E_RECORDS] = len(parts)
        entry[w.E_SLOT] = slot
        is_rowless = chr(message.code) in _ROWLESS
        entry[w.E_STOCK] = -1 if is_rowless else message.offsets.get("stock", 0)
        if chr(message.code) in _SIDED:
            entry[w.E_SIDE] = message.offsets["buy_sell_indicator"]
            entry[w.E_SIDE_MASK] = 0xFF
            entry[w.E_SIDE_NONE] = 0
        for place, part in enumerate(parts):
            at = place * w.E_SECOND
            _put_part(entry, at, message, part, is_last=place == len(parts) - 1)


def make_scratch() -> _Words:
    """Make a scratch. No trading day is known yet: arrivals will tell it, or :func:`set_day`.

    Raises:
        ResourceError: the machine has no time zones.
    """
    scratch = np.zeros(w.SCRATCH_WORDS, np.int64)
    _put_table(scratch)
    scratch[w.SIDES : w.SIDES + 256] = -1
    scratch[w.SIDES + ord("B")] = (kinds.NO_SIDE - kinds.BID) << 40
    scratch[w.SIDES + ord("S")] = (kinds.NO_SIDE - kinds.ASK) << 40
    days = scratch[w.DAY : w.OWN]
    midnights = first_midnights()
    days[d.MIDNIGHT] = days[d.NEXT_MIDNIGHT] = UNDEF
    days[d.STRETCHES] = midnights.size
    days[d.STRETCHES_AT : d.STRETCHES_AT + midnights.size] = midnights
    return scratch


def set_day(scratch: _Words, day: date) -> None:
    """Fix the trading day, for messages that come without arrival times.

    Args:
        scratch: from :func:`make_scratch`.
        day: whose midnight in New York all times count from.

    Raises:
        ResourceError: the machine has no time zones.
    """
    days = scratch[w.DAY : w.OWN]
    days[d.MIDNIGHT] = midnight_ns(day)
    days[d.IS_FIXED] = 1
