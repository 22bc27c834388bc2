"""What each message of PITCH says in records."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.codecs.pitch.harness import MIDNIGHT_NS, Codec
from tests.unit.codecs.pitch.naive import (
    IMBALANCE,
    INDICATIVE,
    INSTRUMENT,
    LAST,
    ORDER,
    SNAPSHOT,
    STATUS,
    TRADE,
    TRADE_BREAK,
    UNDEF,
)
from tests.unit.codecs.pitch.vectors import example
from zerofeed.codecs.pitch.encoder import encode_message, encode_unit
from zerofeed.codecs.pitch.messages import SHORT_SALE_STATE

__all__: list[str] = []

ORDER_ID = 0x0B1D_568F_775B_4005
EXECUTION_ID = 0xBB_E046_2B34


def said(*names: str):
    """What examples of the specification become, but for the announcement of a stock."""
    rows = Codec().packet(encode_unit(1, [example(name) for name in names]))
    return [row for row in rows if row.kind != INSTRUMENT]


def test_add_is_a_new_order_at_the_end_of_its_queue() -> None:
    for name, price in (
        ("add_order_long", 9050),
        ("add_order_short", 1_025_000),
        ("add_order_expanded", 9050),
    ):
        (row,) = said(name)
        assert (row.kind, row.side, row.action, row.flags) == (ORDER, "B", "A", LAST)
        assert row.body == (price, 20_000, ORDER_ID, UNDEF)
        assert row.instrument == 1


def test_a_symbol_is_the_same_security_in_every_form() -> None:
    rows = said("add_order_short", "add_order_expanded", "trade_expanded", "trading_status")
    assert {row.instrument for row in rows} == {1}


def test_execution_is_a_trade_and_a_fill_of_an_order_that_knows_the_rest() -> None:
    trade, fill = said("order_executed")
    assert (trade.kind, trade.side, trade.action, trade.flags) == (TRADE, "N", "T", 0)
    assert trade.body == (UNDEF, 100, EXECUTION_ID, UNDEF)
    assert (fill.kind, fill.side, fill.action, fill.flags) == (ORDER, "N", "F", LAST)
    assert fill.body == (UNDEF, 100, ORDER_ID, UNDEF)
    assert trade.instrument == fill.instrument == 0


def test_execution_at_a_price_also_says_what_is_left() -> None:
    trade, fill, rest = said("order_executed_at_price_size")
    assert trade.body == (1_025_000, 100, EXECUTION_ID, UNDEF)
    assert (fill.action, fill.flags, fill.body[:2]) == ("F", 0, (UNDEF, 100))
    assert (rest.action, rest.flags, rest.body) == ("M", LAST, (UNDEF, 19_900, ORDER_ID, UNDEF))


def test_execution_that_leaves_nothing_takes_all_that_is_left() -> None:
    message = encode_message(
        "order_executed_at_price_size", time_offset_ns=0, order_id=1, executed_quantity=100,
        remaining_quantity=0, execution_id=2, price=3,
    )  # fmt: skip
    trade, fill = Codec().packet(encode_unit(1, [message]))
    assert (trade.body[1], fill.body[1], fill.flags) == (100, UNDEF, LAST)


def test_reduction_takes_a_size_off_and_deletion_all() -> None:
    sizes = [said(name)[0] for name in ("reduce_size_long", "reduce_size_short", "delete_order")]
    assert [(row.action, row.flags, row.body[1]) for row in sizes] == [
        ("C", LAST, 75_000),
        ("C", LAST, 100),
        ("C", LAST, UNDEF),
    ]


def test_modification_keeps_its_place_only_when_the_venue_says_so() -> None:
    (long,), (short,) = said("modify_order_long"), said("modify_order_short")
    assert (long.action, long.body) == ("M", (1_025_000, 75_000, ORDER_ID, UNDEF))
    assert (short.action, short.body) == ("M", (1_025_000, 100, ORDER_ID, UNDEF))
    message = bytearray(example("modify_order_short"))
    message[-1] = 1
    gone, new = Codec().packet(encode_unit(1, [bytes(message)]))
    assert (gone.action, gone.flags, gone.body) == ("C", 0, (UNDEF, UNDEF, ORDER_ID, UNDEF))
    assert (new.action, new.flags, new.body) == ("A", LAST, (1_025_000, 100, ORDER_ID, UNDEF))
    assert (new.instrument, new.side) == (0, "N")


def test_trade_of_hidden_orders_touches_no_book() -> None:
    for name, size in (("trade_long", 75_000), ("trade_short", 100), ("trade_expanded", 75_000)):
        (row,) = said(name)
        assert (row.kind, row.side, row.flags) == (TRADE, "N", LAST)
        assert row.body == (1_025_000, size, EXECUTION_ID, UNDEF)


def test_trade_break_names_the_execution() -> None:
    (row,) = said("trade_break")
    assert (row.kind, row.instrument, row.flags) == (TRADE_BREAK, 0, LAST)
    assert row.body == (UNDEF, UNDEF, EXECUTION_ID, UNDEF)


def test_unit_clear_empties_the_books_of_its_unit() -> None:
    (row,) = Codec().packet(encode_unit(1, [example("unit_clear")], unit=7))
    assert (row.kind, row.instrument, row.side, row.action) == (ORDER, 0, "N", "R")
    assert (row.flags, row.body) == (LAST | SNAPSHOT, (UNDEF, UNDEF, UNDEF, 7))


def test_times_count_from_the_latest_time_message() -> None:
    codec = Codec()
    (before,) = codec.packet(encode_unit(1, [example("delete_order")]))
    _, (after,) = (
        codec.packet(encode_unit(1, [example(name)])) for name in ("time", "delete_order")
    )
    assert before.ts_event_ns == UNDEF
    assert after.ts_event_ns == MIDNIGHT_NS + 34_200 * 10**9 + 447_000


def test_trading_status_is_the_state() -> None:
    codec = Codec()
    message = bytearray(example("trading_status"))
    codec.packet(encode_unit(1, [bytes(message)]))
    message[14:16] = b"H1"
    (row,) = codec.packet(encode_unit(1, [bytes(message)]))
    assert (row.kind, row.flags) == (STATUS, LAST)
    assert row.body == (ord("H") | SHORT_SALE_STATE, ord("T"), UNDEF, UNDEF)
    assert codec.instruments.row("ZVZZT").state == ord("H") | SHORT_SALE_STATE


def test_auction_is_an_imbalance_and_where_it_would_clear() -> None:
    first, second = said("auction_update")
    assert (first.kind, first.side, first.flags) == (IMBALANCE, "B", 0)
    assert first.body == (1_025_000, 20_000, 55_000, ord("I"))
    assert (second.kind, second.flags) == (INDICATIVE, LAST)
    assert second.body == (1_025_000, 1_025_000, UNDEF, ord("I"))
    first, _ = said("options_auction_update")
    assert (first.side, first.body[1:3]) == ("A", (100, 100))


def test_symbol_mapping_defines_the_option() -> None:
    codec = Codec()
    (row,) = codec.packet(encode_unit(1, [example("symbol_mapping")], unit=3))
    expiry_ns = int(datetime(2019, 9, 20, tzinfo=UTC).timestamp()) * 10**9
    assert (row.kind, row.action, row.body[3]) == (INSTRUMENT, "A", expiry_ns)
    option = codec.instruments.row("MSFT  190920C00150000")
    assert (option.kind, option.option_type, str(option.strike_price)) == ("option", "call", "150")
    assert (option.base, option.quote, option.channel) == ("MSFT", "USD", 3)
    assert (option.expiry_ns, option.price_exponent) == (expiry_ns, -4)
    (again,) = codec.packet(encode_unit(1, [example("symbol_mapping")], unit=3))
    assert (again.action, again.flags) == ("N", SNAPSHOT)


def test_an_option_met_before_its_mapping_is_redefined() -> None:
    codec = Codec()
    add = encode_message(
        "add_order_short", time_offset_ns=0, order_id=1, side="S", quantity=1, symbol="00mEVO",
        price=1, add_flags=0,
    )  # fmt: skip
    actions = [
        [row.action for row in codec.packet(encode_unit(1, [each])) if row.kind == INSTRUMENT]
        for each in (add, example("symbol_mapping"), add)
    ]
    assert actions == [["A"], ["M"], []]


@pytest.mark.parametrize(
    "name",
    [
        "end_of_session", "auction_summary", "retail_price_improvement", "auction_notification",
        "auction_cancel", "auction_trade", "transaction_begin", "transaction_end", "width_update",
        "soq_strike_range_update", "constituent_symbol_mapping", "login", "gap_response",
        "spin_finished",
    ],
)  # fmt: skip
def test_messages_without_a_record_of_their_own_make_none(name: str) -> None:
    codec = Codec()
    assert codec.packet(encode_unit(1, [example(name)])) == []
    assert (codec.codes, len(codec.instruments)) == ([0], 1)
