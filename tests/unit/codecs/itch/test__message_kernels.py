"""A message becomes exactly the records that the page says, whatever came before and whatever lies around it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.itch.harness import EXAMPLES, MIDNIGHT_NS, Messages, agree, messages
from tests.unit.codecs.itch.naive import LENGTHS, UNDEF, NaiveItch
from zerofeed.base.status import BUFFER_FULL, MALFORMED, UNKNOWN_TEMPLATE
from zerofeed.codecs.itch._message_kernels import MOST_RECORDS
from zerofeed.codecs.itch.encoder import encode_message
from zerofeed.codecs.itch.messages import MESSAGE_TYPES
from zerofeed.shm import journal

__all__: list[str] = []

ADD = {"order_reference_number": 9, "shares": 100, "stock": "AAPL", "price": 1_500_000}


def add(side: str = "B", locate: int = 4, **changed: object) -> bytes:
    values = {**ADD, **changed}
    return encode_message("A", stock_locate=locate, buy_sell_indicator=side, **values)


def new_oracle(**changed: int) -> NaiveItch:
    return NaiveItch(midnight_ns=MIDNIGHT_NS, **changed)


@settings(max_examples=EXAMPLES)
@given(st.lists(messages(), min_size=1, max_size=40))
def test_any_stream_becomes_what_the_oracle_says(stream: list[bytes]) -> None:
    ours, naive = Messages(), new_oracle()
    for number, message in enumerate(stream):
        agree(ours, naive, message, number)


@pytest.mark.parametrize("kind", MESSAGE_TYPES)
@settings(max_examples=5)
@given(data=st.data())
def test_every_type_becomes_what_the_oracle_says(kind: str, data) -> None:
    ours, naive = Messages(), new_oracle()
    for _ in range(3):
        agree(ours, naive, data.draw(messages(kind)))


@pytest.mark.parametrize("kind", MESSAGE_TYPES)
@settings(max_examples=3)
@given(data=st.data())
def test_a_message_shorter_than_its_type_is_malformed_and_a_longer_one_is_not(
    kind: str, data
) -> None:
    ours, naive = Messages(), new_oracle()
    message = data.draw(messages(kind))
    ours.decode(message[: data.draw(st.integers(1, LENGTHS[kind] - 1))])
    assert ours.status == MALFORMED
    agree(ours, naive, message + b"later")


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=60), messages())
def test_any_bytes_become_what_the_oracle_says_and_nothing_outside_is_read(
    noise: bytes, message: bytes
) -> None:
    ours, naive = Messages(), new_oracle()
    agree(ours, naive, message[:1] + noise)
    agree(ours, naive, noise)


def test_an_unknown_type_changes_nothing() -> None:
    ours = Messages()
    before = ours.state.copy()
    assert ours.decode(b"z" + bytes(40)) == []
    assert ours.status == UNKNOWN_TEMPLATE
    assert (ours.state == before).all()


@pytest.mark.parametrize("side", [b"b", b"N", b"\0", b"\xff"])
def test_an_order_that_is_neither_bought_nor_sold_is_malformed_and_changes_nothing(side) -> None:
    ours = Messages()
    before = ours.state.copy()
    message = bytearray(add())
    message[19:20] = side
    assert ours.decode(bytes(message)) == []
    assert ours.status == MALFORMED
    assert (ours.state == before).all()
    assert len(ours.instruments) == 1


def test_without_room_for_the_most_records_nothing_is_done() -> None:
    ours = Messages()
    ours.decode(add(), limit=MOST_RECORDS - 1)
    assert ours.status == BUFFER_FULL
    assert len(ours.instruments) == 1
    assert len(ours.decode(add(), limit=MOST_RECORDS)) == 2


def test_the_first_message_of_a_stock_announces_it_by_its_symbol() -> None:
    ours = Messages()
    told, order = ours.decode(add())
    assert (told.kind, told.action, order.instrument) == (13, "A", told.instrument)
    stock = ours.instruments.row("AAPL")
    assert (stock.kind, stock.index) == ("stock", 1)
    assert len(ours.decode(add())) == 1


def test_the_directory_completes_a_stock_that_was_met_before() -> None:
    ours = Messages()
    ours.decode(add())
    directory = encode_message("R", stock_locate=4, **dict.fromkeys(
        ("market_category", "financial_status_indicator", "issue_classification", "issue_sub_type",
         "authenticity", "short_sale_threshold_indicator", "ipo_flag", "luld_reference_price_tier",
         "etp_flag", "inverse_indicator"), "N"),
        stock="AAPL", round_lot_size=100, round_lots_only="Y", etp_leverage_factor=0)  # fmt: skip
    (told,) = ours.decode(directory)
    assert (told.kind, told.action, told.instrument) == (13, "M", 1)
    assert told.body == (1, 100, 1, UNDEF)
    assert ours.decode(directory) == []
    assert len(ours.instruments) == 2


def test_an_order_of_a_locate_without_symbol_gets_a_row_and_keeps_its_stocks_own_for_later() -> (
    None
):
    ours = Messages()
    delete = encode_message("D", stock_locate=4, order_reference_number=9)
    (gone,) = ours.decode(delete)
    assert gone.instrument == 1
    assert ours.instruments.row(1).symbol == ""
    assert ours.decode(add())[-1].instrument == 2
    assert ours.decode(delete)[0].instrument == 2


def test_a_symbol_keeps_its_row_when_it_gets_another_locate_the_next_day() -> None:
    ours = Messages()
    ours.decode(add(locate=4))
    ours.decode(add(locate=5, stock="MSFT"))
    assert ours.decode(add(locate=6))[-1].instrument == 1
    assert ours.decode(add(locate=6, stock="IGNORED"))[-1].instrument == 1


def test_a_stock_that_finds_the_table_full_is_refused_and_the_next_is_not_disturbed() -> None:
    ours = Messages(instruments=2)
    ours.decode(add())
    assert ours.decode(add(locate=5, stock="MSFT")) == []
    assert (ours.status, ours.said[2]) == (0, 1)
    assert ours.decode(encode_message("D", stock_locate=6, order_reference_number=1)) == []
    assert ours.said[2] == 1
    assert len(ours.decode(add())) == 1
    assert ours.said[2] == 0


def test_a_step_that_is_undone_and_done_again_makes_the_same_records() -> None:
    ours = Messages()
    journal.begin(ours.state, 0)
    first = ours.decode(add())
    journal.recover(ours.state, 0)
    # The table keeps its row, as it does when a worker dies; the announcement is made again.
    assert ours.decode(add()) == first


def test_a_replacement_is_a_cancel_without_last_and_the_add_that_takes_its_place() -> None:
    ours = Messages()
    ours.decode(add())
    gone, new = ours.decode(
        encode_message(
            "U",
            stock_locate=4,
            original_order_reference_number=9,
            new_order_reference_number=10,
            shares=50,
            price=1_490_000,
        )
    )
    assert (gone.action, gone.flags, gone.body) == ("C", 0, (UNDEF, UNDEF, 9, UNDEF))
    assert (new.action, new.flags, new.body) == ("A", 128, (1_490_000, 50, 10, UNDEF))
    assert (gone.side, new.side) == ("N", "N")
