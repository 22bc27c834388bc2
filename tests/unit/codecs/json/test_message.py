"""What a venue says of its messages: short ways to say what is said often."""

from __future__ import annotations

from zerofeed.codecs.json.message import (
    ANY,
    NONE,
    ONLY,
    Constant,
    Decimal,
    Rate,
    Symbol,
    Time,
    Whole,
    levels,
)
from zerofeed.records.kinds import ASK, BID, LEVEL
from zerofeed.records.units import RATE_EXPONENT

__all__: list[str] = []


def test_a_book_is_two_emits_that_differ_in_side() -> None:
    bids, asks = levels(bids="bids", asks="asks", time=None)
    assert (bids.kind, bids.rows, bids.side) == (LEVEL, "bids", BID)
    assert (asks.kind, asks.rows, asks.side) == (LEVEL, "asks", ASK)
    assert set(bids.body) == set(asks.body) == {"price", "size"}


def test_ids_and_flags_of_a_book_are_in_both_of_its_emits() -> None:
    ids = {"change_id": Whole("u"), "previous": Whole("pu")}
    for emit in levels(bids="bids", asks="asks", time=Time("t", "ms"), flags=4, **ids):
        assert (emit.time, emit.flags) == (Time("t", "ms"), 4)
        assert (emit.body["change_id"], emit.body["prev_change_id"]) == (Whole("u"), Whole("pu"))


def test_pure_numbers_and_integers_are_decimals_of_fixed_exponents() -> None:
    assert Rate("r") == Decimal("r", RATE_EXPONENT, 0)
    assert Whole("n", plus=-1) == Decimal("n", 0, -1)


def test_whether_a_value_is_there_has_two_answers_that_say_their_names() -> None:
    assert (repr(ANY), repr(NONE)) == ("ANY", "NONE")
    assert ANY is not NONE
    assert Symbol(None) == ONLY
    assert Constant(5).number == 5
