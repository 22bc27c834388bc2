"""A number is known by what the connection's earlier messages say of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from zerofeed.base.status import UNKNOWN_TEMPLATE
from zerofeed.codecs.json import _numbered_kernels as k
from zerofeed.codecs.json._message_kernels import NUMBERED, open_message
from zerofeed.codecs.json.channels import CHANNELS
from zerofeed.codecs.json.decoder import make_scratch
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import Message, Opened, Opens
from zerofeed.codecs.json.scratch import (
    S_CHANNEL_ROW,
    S_EXPECTED,
    S_MESSAGE,
    S_REFUSED,
    S_SEQUENCE,
    TOO_MANY_CHANNELS,
)
from zerofeed.codecs.json.shape import Either, Shape
from zerofeed.records.units import UNDEF
from zerofeed.shm import journal

__all__: list[str] = []

WANTED: Any = Either({"e": "event", "n": "opened"}, ["number", "word", "count"])
DIALECT = Dialect(
    Shape(WANTED),
    [
        Message("book", when={"number": Opened("book"), "word": "w"}, sequence="count"),
        Message("trades", when={"number": Opened("trades")}, sequence="count"),
        Message("book opens", when={"event": "book"}, opens=Opens("book", "opened")),
        Message("trades open", when={"event": "trades"}, opens=Opens("trades", "opened")),
        Message("closes", when={"event": "close"}, closes="opened"),
        Message("begins", when={"event": "begin"}, begins=True),
    ],
)
BOOK, TRADES, BOOK_OPENS, TRADES_OPEN, CLOSES, BEGINS = range(6)


class Connection:
    """What messages of a source turn out to be."""

    def __init__(self) -> None:
        self.state = np.zeros(journal.DATA + DIALECT.channel_words, np.int64)
        journal.prepare(self.state)
        self.scratch = make_scratch(DIALECT, 1024)

    def take(self, text: str, source: int = 0, row: int = -1) -> int:
        raw = np.frombuffer(text.encode(), np.uint8)
        self.scratch[S_REFUSED] = 0
        assert open_message(raw, 0, raw.size, self.scratch) == NUMBERED
        slot = k.find_numbered(raw, 0, self.state, journal.DATA, source, self.scratch)
        if slot >= 0:
            entry = int(self.scratch[S_MESSAGE])
            k.act_on_channels(raw, 0, entry, row, self.state, self.scratch)
        return int(slot)

    def told(self, place: int) -> int:
        return int(self.scratch[place])


def test_a_number_is_what_it_was_opened_as_and_of_the_instrument_of_then() -> None:
    c = Connection()
    assert c.take("[5]") == UNKNOWN_TEMPLATE
    assert c.take('{"e":"book","n":5}', row=3) == BOOK_OPENS
    assert c.take('{"e":"trades","n":6}', row=4) == TRADES_OPEN
    assert (c.take('[5,"w"]'), c.told(S_CHANNEL_ROW)) == (BOOK, 3)
    assert (c.take("[6,1]"), c.told(S_CHANNEL_ROW)) == (TRADES, 4)
    assert c.take("[5,1]") == UNKNOWN_TEMPLATE
    assert c.take("[7]") == UNKNOWN_TEMPLATE


def test_a_channel_of_no_instrument_is_of_row_0() -> None:
    c = Connection()
    c.take('{"e":"trades","n":6}', row=-1)
    assert (c.take("[6]"), c.told(S_CHANNEL_ROW)) == (TRADES, 0)


def test_sources_have_numbers_of_their_own() -> None:
    c = Connection()
    c.take('{"e":"book","n":5}', source=1)
    c.take('{"e":"trades","n":5}', source=255)
    assert c.take('[5,"w"]', source=0) == UNKNOWN_TEMPLATE
    assert c.take('[5,"w"]', source=1) == BOOK
    assert c.take('[5,"w"]', source=255) == TRADES


def test_a_number_ends_by_its_closing_and_all_by_a_new_connection() -> None:
    c = Connection()
    for number in (5, 6):
        c.take(f'{{"e":"trades","n":{number}}}')
    assert c.take('{"e":"close","n":5}') == CLOSES
    assert (c.take("[5]"), c.take("[6]")) == (UNKNOWN_TEMPLATE, TRADES)
    assert c.take('{"e":"begin"}') == BEGINS
    assert c.take("[6]") == UNKNOWN_TEMPLATE


def test_what_is_no_number_opens_nothing_and_is_no_channel() -> None:
    c = Connection()
    for text in ("-1", "null", '"x"', "4611686018427387904", "1e30"):
        c.take(f'{{"e":"trades","n":{text}}}')
        assert c.take(f"[{text}]") == UNKNOWN_TEMPLATE
    assert not c.state[journal.DATA :].any()


def test_one_channel_more_than_there_can_be_is_refused() -> None:
    c = Connection()
    for number in range(CHANNELS + 1):
        c.take(f'{{"e":"trades","n":{number}}}')
        assert c.told(S_REFUSED) == (TOO_MANY_CHANNELS if number == CHANNELS else 0)


def test_a_message_that_is_not_the_next_of_its_connection_says_which_was_expected() -> None:
    c = Connection()
    c.take('{"e":"trades","n":5}')
    told = []
    for text in ("[5,0,7]", "[5,0,8]", "[5,0]", "[5,0,11]", "[5,0,2]"):
        c.take(text)
        told.append((c.told(S_SEQUENCE), c.told(S_EXPECTED)))
    assert [expected for _, expected in told] == [UNDEF, UNDEF, UNDEF, 9, 12]
    assert [number for number, _ in (told[0], told[1], told[3], told[4])] == [7, 8, 11, 2]
