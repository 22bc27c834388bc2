"""Of several connections the first arrival wins, against a slow account of what has been told."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.codecs.json._repeat_kernels import RESET_NS, WINDOW
from zerofeed.codecs.json.decoder import JsonDecoder
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import Code, Emit, Message, Price, Symbol, Time, Whole
from zerofeed.codecs.json.scratch import S_IS_LED, S_LEADS, S_LINE, S_OPEN, S_REPEATED
from zerofeed.codecs.json.shape import Items, Shape
from zerofeed.records.kinds import ASK, BID, INSTRUMENT, QUOTE, TRADE

__all__: list[str] = []

_SHAPE = Shape(
    {
        "e": "event",
        "s": "symbol",
        "id": "id",
        "t": "ms",
        "p": "price",
        "rows": Items("rows", {"id": "id", "p": "price"}),
    }
)
DIALECT = Dialect(
    _SHAPE,
    [
        Message(
            "trade",
            when={"event": "trade"},
            symbol=Symbol("symbol"),
            emits=[Emit(TRADE, price=Price("price"), trade_id=Whole("id"))],
            number=(Whole("id"), Time("ms", "ms")),
        ),
        Message(
            "event",
            when={"event": "event"},
            symbol=Symbol("symbol"),
            emits=[Emit(TRADE, price=Price("price"), trade_id=Whole("id"))],
            number=Whole("id"),
            is_event=True,
        ),
        Message(
            "trades",
            when={"event": "trades"},
            symbol=Symbol("symbol"),
            each="rows",
            emits=[Emit(TRADE, price=Price("rows.price"), trade_id=Whole("rows.id"))],
            number=Whole("rows.id"),
        ),
        Message(
            "quote",
            when={"event": "quote"},
            symbol=Symbol("symbol"),
            emits=[
                Emit(QUOTE, side=Code("event", {"quote": BID, "x": ASK}), bid_price=Price("price"))
            ],
        ),
    ],
    price_exponent=0,
)


class Told:
    """A decoder that is told by which connection a message came."""

    def __init__(self) -> None:
        self.decoder = JsonDecoder(DIALECT, instruments=16, longest_bytes=1024, batch=64)
        self.now_ns = 1_750_000_000_000_000_000
        self.open = 0b111

    def say(self, message: dict[str, Any], line: int, *, leads: bool = True) -> list[int]:
        """The prices of the records that a message makes."""
        scratch = self.decoder._scratch
        scratch[S_OPEN] = self.open
        scratch[S_LINE], scratch[S_LEADS] = line, int(leads)
        text = json.dumps(message, separators=(",", ":")).encode()
        data = np.frombuffer(text + bytes(64), np.uint8)
        self.now_ns += 1_000
        at, length, when = (np.array([n], np.int64) for n in (0, len(text), self.now_ns))
        records, taken = self.decoder.decode(data, at, length, when)
        assert taken == 1
        return records[records["kind"] != INSTRUMENT]["price"].tolist()

    @property
    def is_repeated(self) -> bool:
        return bool(self.decoder._scratch[S_REPEATED])

    @property
    def is_led(self) -> bool:
        return bool(self.decoder._scratch[S_IS_LED])


def trade(number: int, symbol: str = "A", price: int | None = None) -> dict[str, Any]:
    return {"e": "trade", "s": symbol, "id": number, "p": number if price is None else price}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from("AB")), min_size=1, max_size=30),
    st.lists(st.integers(0, 2), max_size=80),
)
def test_however_connections_overtake_each_other_each_message_is_taken_once_and_in_order(
    steps: list[tuple[int, str]], turns: list[int]
) -> None:
    number = 0
    messages = []
    for step, symbol in steps:
        number += 1 + step
        messages.append(trade(number, symbol))
    lines = [iter(messages) for _ in range(3)]
    told, got = Told(), []
    for line in [*turns, *([0] * 30), *([1] * 30), *([2] * 30)]:
        message = next(lines[line], None)
        if message is not None:
            got += told.say(message, line)
    assert got == [message["id"] for message in messages]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, WINDOW - 2), min_size=3, max_size=3),
    st.lists(st.integers(0, 2), max_size=150),
)
def test_events_are_each_taken_once_wherever_a_connection_begins(
    begins: list[int], turns: list[int]
) -> None:
    last = WINDOW - 1
    lines = [iter(range(begin, last + 1)) for begin in begins]
    told, got = Told(), []
    for line in [*turns, *([0] * WINDOW), *([1] * WINDOW), *([2] * WINDOW)]:
        number = next(lines[line], None)
        if number is not None:
            got += told.say(trade(number) | {"e": "event"}, line)
    assert sorted(got) == list(range(min(begins), last + 1))


def test_an_event_that_is_too_far_behind_to_be_known_is_a_repetition() -> None:
    told = Told()
    for number in (1, 2 + WINDOW):
        told.say(trade(number) | {"e": "event"}, 0)
    assert told.say(trade(2) | {"e": "event"}, 1) == []
    assert told.say(trade(3) | {"e": "event"}, 1) == [3]
    assert told.say(trade(3) | {"e": "event"}, 1) == []


def test_a_connection_does_not_repeat_itself() -> None:
    told = Told()
    assert told.say(trade(5), 0) == [5]
    assert told.say(trade(5, price=6), 0) == [6]
    assert told.say(trade(4), 0) == [4]
    assert told.say(trade(5), 1) == []
    assert told.is_repeated


def test_numbers_that_begin_anew_are_believed_of_the_connection_that_was_first() -> None:
    told = Told()
    told.say(trade(1_000), 0)
    told.say(trade(1_000), 1)
    assert told.say(trade(1), 0) == [1]
    assert told.say(trade(1), 1) == []
    assert told.say(trade(2), 0) == [2]


def test_a_connection_that_is_late_by_any_time_repeats_all_the_same() -> None:
    told = Told()
    for number in range(1, 4):
        told.say(trade(number), 0)
    told.now_ns += 5 * RESET_NS
    for number in range(1, 4):
        assert told.say(trade(number), 1) == []
    assert told.say(trade(4), 1) == [4]


def test_numbers_that_begin_anew_are_believed_of_another_when_the_first_is_closed() -> None:
    told = Told()
    told.say(trade(1_000), 0)
    assert told.say(trade(1), 1) == []
    told.open = 0b110
    assert told.say(trade(1), 1) == []
    told.now_ns += RESET_NS
    assert told.say(trade(2), 1) == [2]
    assert told.say(trade(3), 1) == [3]
    assert told.say(trade(3), 0) == []


def test_an_alternative_is_the_number_where_the_first_is_not_there() -> None:
    told = Told()
    by_time = {"e": "trade", "s": "A", "t": 1_700_000_000_000, "p": 1}
    assert told.say(by_time, 0) == [1]
    assert told.say(by_time, 1) == []


def test_rows_of_a_message_are_compared_one_by_one() -> None:
    told = Told()
    rows = [{"id": number, "p": number} for number in range(1, 6)]
    assert told.say({"e": "trades", "s": "A", "rows": rows[:3]}, 0) == [1, 2, 3]
    assert told.say({"e": "trades", "s": "A", "rows": rows[1:5]}, 1) == [4, 5]
    assert told.say({"e": "trades", "s": "A", "rows": rows[3:]}, 0) == []


def test_sorts_of_messages_have_numbers_of_their_own() -> None:
    told = Told()
    assert told.say(trade(100), 0) == [100]
    assert told.say({"e": "trades", "s": "A", "rows": [{"id": 1, "p": 7}]}, 1) == [7]


@pytest.mark.parametrize("line", [0, 3])
def test_what_has_no_number_is_taken_from_the_connection_that_leads(line: int) -> None:
    told = Told()
    quote = {"e": "quote", "s": "A", "p": 3}
    assert told.say(quote, line, leads=True) == [3]
    assert told.is_led
    assert told.say(quote, line, leads=False) == []
    assert not told.is_led
    assert told.is_repeated


def test_what_the_worker_publishes_itself_is_never_a_repetition() -> None:
    told = Told()
    told.say(trade(5), 0)
    assert told.say(trade(4), -1) == [4]
    assert told.say({"e": "quote", "s": "A", "p": 3}, -1, leads=False) == [3]
