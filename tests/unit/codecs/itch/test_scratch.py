"""The scratch says of each type what the table of messages says."""

from __future__ import annotations

from datetime import date

import numpy as np

from zerofeed.codecs import _day_kernels as d
from zerofeed.codecs.days import midnight_ns
from zerofeed.codecs.itch import _layout as w
from zerofeed.codecs.itch.messages import ITCH_MESSAGES, LENGTHS
from zerofeed.codecs.itch.scratch import make_scratch, set_day
from zerofeed.records.units import UNDEF

__all__: list[str] = []


def table() -> np.ndarray:
    return make_scratch()[w.TABLE : w.COUNTS].reshape(256, w.ENTRY_WORDS)


def test_bytes_that_begin_no_message_are_marked() -> None:
    entries = table()
    known = {message.code for message in ITCH_MESSAGES}
    for code in range(256):
        assert bool(entries[code, w.E_RECORDS] >= 0) is (code in known)
    assert (entries[:, w.E_LENGTH] == LENGTHS).all()


def test_slots_are_the_order_of_the_messages() -> None:
    entries = table()
    assert [int(entries[m.code, w.E_SLOT]) for m in ITCH_MESSAGES] == list(range(23))


def test_every_offset_lies_inside_its_message() -> None:
    for message in ITCH_MESSAGES:
        entry = table()[message.code]
        for at in (w.E_PRICE, w.E_SIZE, w.E_PRICE + w.E_SECOND, w.E_SIZE + w.E_SECOND):
            assert 0 <= entry[at + w.AT] <= message.most_bytes - 4
        for at in (w.E_ID, w.E_ID + w.E_SECOND):
            assert 0 <= entry[at] <= message.most_bytes - 8
        assert entry[w.E_STOCK] <= message.most_bytes - 8


def test_a_day_is_unknown_until_it_is_set() -> None:
    scratch = make_scratch()
    days = scratch[w.DAY : w.OWN]
    assert (days[d.MIDNIGHT], days[d.IS_FIXED]) == (UNDEF, 0)
    set_day(scratch, date(2019, 1, 30))
    assert (days[d.MIDNIGHT], days[d.IS_FIXED]) == (midnight_ns(date(2019, 1, 30)), 1)
