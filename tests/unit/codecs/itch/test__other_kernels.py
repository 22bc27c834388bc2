"""The rare messages, and those that need more than a table, say what the page says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.codecs.itch.harness import MIDNIGHT_NS, Messages
from tests.unit.codecs.itch.naive import Row
from zerofeed.codecs.itch.encoder import encode_message
from zerofeed.records import kinds
from zerofeed.records.flags import LAST
from zerofeed.records.units import UNDEF

__all__: list[str] = []


def decoded(kind: str, **values: Any) -> list[Row]:
    """Decode one message, without what is said of its stock at first sight."""
    rows = Messages().decode(encode_message(kind, stock_locate=3, **values))
    return [row for row in rows if row.kind != kinds.INSTRUMENT]


EXECUTION: dict[str, Any] = {
    "order_reference_number": 9,
    "executed_shares": 10,
    "match_number": 77,
    "execution_price": 12_500,
}


def test_an_execution_at_a_price_is_a_trade_at_it_and_a_fill() -> None:
    trade, fill = decoded("C", printable="Y", **EXECUTION)
    assert (trade.kind, trade.body) == (kinds.TRADE, (12_500, 10, 77, UNDEF))
    assert (fill.kind, fill.action, fill.body) == (kinds.ORDER, "F", (UNDEF, 10, 9, UNDEF))
    assert (trade.flags, fill.flags) == (0, LAST)


def test_an_execution_that_is_not_to_be_printed_is_no_trade() -> None:
    (fill,) = decoded("C", printable="N", **EXECUTION)
    assert (fill.kind, fill.action, fill.flags) == (kinds.ORDER, "F", LAST)


@pytest.mark.parametrize(("shares", "records"), [(0, 0), (5_000_000_000, 1)])
def test_a_cross_is_a_trade_when_something_crossed(shares: int, records: int) -> None:
    rows = decoded(
        "Q", shares=shares, stock="A", cross_price=101, match_number=5, cross_type="O"
    )  # fmt: skip
    assert [row.body for row in rows] == [(101, shares, 5, UNDEF)] * records


@pytest.mark.parametrize(
    ("reason", "expected"), [("", UNDEF), ("T1", b"T1"), ("LUDP", b"LUDP"), (" A", b" A")]
)
def test_a_halts_reason_is_its_text(reason: str, expected: Any) -> None:
    (row,) = decoded("H", stock="A", trading_state="H", reserved=" ", reason=reason)
    number = expected if isinstance(expected, int) else int.from_bytes(expected, "little")
    assert (row.kind, row.body) == (kinds.STATUS, (ord("H"), UNDEF, number, UNDEF))


def test_a_state_tells_the_one_before_and_is_in_the_stocks_row() -> None:
    ours = Messages()
    told = {"stock": "A", "reserved": " ", "reason": ""}
    ours.decode(encode_message("H", stock_locate=3, trading_state="T", **told))
    (row,) = ours.decode(encode_message("H", stock_locate=3, trading_state="H", **told))
    assert row.body[:2] == (ord("H"), ord("T"))
    assert ours.instruments.row("A").state == ord("H")


def test_a_halt_of_one_market_is_no_state_of_the_stock() -> None:
    ours = Messages()
    rows = ours.decode(
        encode_message("h", stock_locate=3, stock="A", market_code="X", operational_halt_action="H")
    )
    assert rows[-1].body == (ord("h"), UNDEF, ord("X"), UNDEF)
    assert ours.instruments.row("A").state == 0


@pytest.mark.parametrize(
    ("kind", "field", "letter"), [("S", "event_code", "Q"), ("W", "breached_level", "2")]
)
def test_what_concerns_the_market_is_the_state_of_the_venue(kind, field, letter) -> None:
    ours = Messages()
    (row,) = ours.decode(encode_message(kind, **{field: letter}))
    assert (row.kind, row.instrument, row.body[0]) == (kinds.STATUS, 0, ord(letter))
    assert len(ours.instruments) == 1


@pytest.mark.parametrize(
    ("letter", "side"), [("B", "B"), ("S", "A"), ("N", "N"), ("O", "N"), ("P", "N")]
)
def test_an_imbalance_is_on_the_side_that_has_too_much(letter: str, side: str) -> None:
    imbalance, indicative = decoded(
        "I",
        paired_shares=1000,
        imbalance_shares=50,
        imbalance_direction=letter,
        stock="A",
        far_price=0,
        near_price=101,
        current_reference_price=100,
        cross_type="C",
        price_variation_indicator="L",
    )
    assert (imbalance.side, imbalance.body) == (side, (100, 1000, 50, ord("C")))
    # A price of 0 says that there is none.
    assert indicative.body == (101, UNDEF, UNDEF, ord("C"))
    assert (imbalance.flags, indicative.flags) == (0, LAST)


def test_collars_are_limits_and_the_time_of_an_auction_is_of_the_day() -> None:
    limits, indicative = decoded(
        "O",
        stock="A",
        open_eligibility_status="Y",
        minimum_allowable_price=1,
        maximum_allowable_price=9,
        near_execution_price=5,
        near_execution_time=36_000_000_000_000,
        lower_price_range_collar=4,
        upper_price_range_collar=6,
    )
    assert limits.body == (4, 6, UNDEF, UNDEF)
    assert indicative.body == (5, UNDEF, MIDNIGHT_NS + 36_000_000_000_000, UNDEF)


def test_messages_without_meaning_for_records_only_name_their_stock() -> None:
    assert decoded("Y", stock="A", reg_sho_action="1") == []
    assert decoded("N", stock="A", interest_flag="B") == []
    assert decoded("V", level_1=1, level_2=2, level_3=3) == []
