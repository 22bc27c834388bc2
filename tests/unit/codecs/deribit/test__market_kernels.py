"""Book, Trades, Ticker, Snapshot and Rfq: each record against the oracle, and the rules that matter most."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.deribit import naive
from tests.unit.codecs.deribit.harness import EXAMPLES, decode
from tests.unit.codecs.deribit.naive import (
    FUNDING,
    LAST,
    LEVEL,
    LIQUIDATION,
    MAYBE_BAD_BOOK,
    MBP,
    QUOTE,
    SNAPSHOT,
    STATUS,
    TRADE,
    UNDEF,
    NaiveDecoder,
    Row,
)
from zerofeed.codecs.deribit.decoder import DeribitMulticastDecoder

SMALL = DeribitMulticastDecoder(instruments=64)


def rows_and_oracle(*packets: bytes) -> list[Row]:
    """Decode packets with a new decoder; the rows, after comparing them with the oracle's."""
    decoder, oracle = DeribitMulticastDecoder(instruments=64), NaiveDecoder()
    rows = [row for data in packets for row in decode(decoder, data)]
    assert rows == [row for data in packets for row in oracle.packet(data, 5)]
    assert decoder.counters()["malformed"] == oracle.malformed
    return rows


def one(message: bytes) -> list[Row]:
    return rows_and_oracle(naive.packet(message))


def test_trade_side_is_the_aggressor_s() -> None:
    rows = one(naive.trades(7, naive.trade(0), naive.trade(1), naive.trade(2), naive.trade(255)))
    assert [row.side for row in rows] == ["B", "A", "N", "N"]
    assert {row.action for row in rows} == {"T"}


def test_last_trade_of_a_message_is_flagged() -> None:
    rows = one(naive.trades(7, naive.trade(), naive.trade(), naive.trade()))
    assert [row.flags for row in rows] == [0, 0, LAST]


@pytest.mark.parametrize(
    ("taker", "liquidation", "side"),
    [(0, 1, "A"), (0, 2, "B"), (0, 3, "N"), (1, 1, "B"), (1, 2, "A"), (2, 1, "N"), (2, 2, "N")],
)
def test_liquidation_follows_its_trade_with_the_liquidated_side(
    taker: int, liquidation: int, side: str
) -> None:
    rows = one(naive.trades(7, naive.trade(taker, liquidation=liquidation), naive.trade()))
    assert [row.kind for row in rows] == [TRADE, LIQUIDATION, TRADE]
    assert rows[1].side == side
    assert rows[1].body[:3] == rows[0].body[:3]


def test_last_flag_is_on_the_liquidation_when_it_is_last() -> None:
    rows = one(naive.trades(7, naive.trade(liquidation=2)))
    assert [row.flags for row in rows] == [0, LAST]


def test_null_liquidation_is_none() -> None:
    assert len(one(naive.trades(7, naive.trade(liquidation=255)))) == 1


def test_message_without_trades_gives_no_record() -> None:
    assert one(naive.trades(7)) == []


def test_null_ids_are_undefined() -> None:
    rows = one(naive.trades(7, naive.trade(trade_seq=2**64 - 1, trade_id=2**64 - 1)))
    assert rows[0].body[2:] == (UNDEF, UNDEF)


@pytest.mark.parametrize("direction", [3, 100, 254])
def test_direction_out_of_range_is_malformed(direction: int) -> None:
    assert one(naive.trades(7, naive.trade(), naive.trade(direction))) == []


def test_book_change_becomes_a_level_with_its_chain() -> None:
    rows = one(naive.book(7, [(1, 0, 99.5, 10.0), (0, 1, 100.5, 5.0), (0, 2, 101.0, 3.0)]))
    assert [(row.side, row.action, row.body[1]) for row in rows] == [
        ("B", "A", 1_000_000_000),
        ("A", "M", 500_000_000),
        ("A", "C", 0),
    ]
    assert {row.body[2:] for row in rows} == {(101, 100)}
    assert [row.flags for row in rows] == [MBP, MBP, MBP | LAST]


def test_book_that_goes_on_has_no_last_level() -> None:
    rows = one(naive.book(7, [(1, 0, 99.5, 10.0)], is_last=0))
    assert [row.flags for row in rows] == [MBP]


def test_book_without_changes_still_shows_its_chain() -> None:
    (row,) = one(naive.book(7, [], before=5, change_id=6))
    assert (row.action, row.side, row.flags) == ("N", "N", MBP | LAST)
    assert row.body == (UNDEF, 0, 6, 5)


@pytest.mark.parametrize("change", [(2, 0), (255, 0), (0, 3), (0, 255), (1, 128)])
def test_side_or_change_out_of_range_is_malformed(change: tuple[int, int]) -> None:
    assert one(naive.book(7, [(0, 0, 1.0, 1.0), (*change, 1.0, 1.0)])) == []


@pytest.mark.parametrize("is_last", [2, 255])
def test_is_last_out_of_range_is_malformed(is_last: int) -> None:
    assert one(naive.book(7, [(0, 0, 1.0, 1.0)], is_last=is_last)) == []
    assert one(naive.snapshot(7, [(0, 1.0, 1.0)], is_last=is_last)) == []


def test_level_without_usable_numbers_puts_the_book_in_doubt() -> None:
    rows = one(naive.book(7, [(0, 0, math.nan, 1.0), (0, 0, 1.0, math.inf), (0, 2, 1.0, math.nan)]))
    doubts = [bool(row.flags & MAYBE_BAD_BOOK) for row in rows]
    assert doubts == [True, True, False]


def test_malformed_message_changes_no_instrument() -> None:
    decoder = DeribitMulticastDecoder(instruments=64)
    decode(decoder, naive.packet(naive.book(7, [(0, 9, 1.0, 1.0)])))
    assert len(decoder.instruments) == 1


def test_ticker_becomes_quote_mark_interest_limits() -> None:
    values = {"bid": 99.5, "bid_size": 10.0, "ask": 100.5, "ask_size": 20.0, "mark": 100.0}
    rows = one(naive.ticker(7, **values))
    assert [row.kind for row in rows] == [QUOTE, 6, 8, 9, STATUS]
    assert rows[0].body == (99_500_000_000, 1_000_000_000, 100_500_000_000, 2_000_000_000)
    assert rows[0].flags == LAST | 64
    assert rows[1].body == (100_000_000_000, UNDEF, UNDEF, UNDEF)


def test_funding_is_told_when_either_rate_is_there() -> None:
    both = one(naive.ticker(7, funding=0.0001, funding_8h=-0.000000000001))
    assert [row.body[:2] for row in both if row.kind == FUNDING] == [(100_000_000, -1)]
    single = one(naive.ticker(7, funding_8h=0.0))
    assert [row.body[:2] for row in single if row.kind == FUNDING] == [(UNDEF, 0)]


def test_status_is_told_when_it_changed_or_is_first_seen() -> None:
    packets = [naive.packet(naive.ticker(7, state=state)) for state in (1, 1, 2, 2, 255, 1)]
    rows = rows_and_oracle(*packets)
    told = [row.body[:2] for row in rows if row.kind == STATUS]
    assert told == [(1, UNDEF), (2, 1), (255, 2), (1, 255)]


def test_state_of_an_instrument_is_kept_in_its_row() -> None:
    decoder = DeribitMulticastDecoder(instruments=64)
    decode(decoder, naive.packet(naive.ticker(7, state=3)))
    assert decoder.instruments.row(1).state == 3


def test_empty_side_of_a_quote_has_no_price() -> None:
    rows = one(naive.ticker(7, bid=0.0, bid_size=0.0, ask=-1.5, ask_size=1.0))
    assert rows[0].body == (UNDEF, 0, -1_500_000_000, 100_000_000)


def test_numbers_behind_the_end_of_a_short_block_are_unset() -> None:
    full = naive.ticker(7, interest=5.0, low=1.0, high=2.0)
    decode(SMALL, naive.packet(full))
    for length in range(13, 134):
        body = full[12 : 12 + length]
        padded = body + b"\0\0\0\0\0\0\xf8\x7f" * 16
        if (length - 13) % 8:
            padded = body[: 13 + (length - 13) // 8 * 8] + b"\0\0\0\0\0\0\xf8\x7f" * 16
        whole = naive.message(1003, padded[:133])
        short = naive.message(1003, body)
        assert decode(SMALL, naive.packet(short)) == decode(SMALL, naive.packet(whole))


def test_longer_block_is_stepped_over() -> None:
    plain = naive.ticker(7, mark=5.0)
    longer = naive.message(1003, plain[12:] + b"\x55" * 9)
    data = naive.packet(longer, naive.rfq(7))
    assert rows_and_oracle(data)[:-1] == one(plain)


def test_longer_group_entries_are_stepped_over() -> None:
    entries = [
        naive.struct.pack(naive.CHANGE_ENTRY, 0, 0, price, 1.0) + b"\xaa" * 5
        for price in (1.0, 2.0)
    ]
    body = naive.struct.pack("<IQQQB", 7, 1, 2, 3, 1)
    data = naive.packet(naive.message(1001, body, entries=entries), naive.rfq(7))
    assert [row.body[0] for row in rows_and_oracle(data)][:2] == [10**9, 2 * 10**9]


@pytest.mark.parametrize("template", [1001, 1002, 1003, 1004, 1007, 1008, 1009])
def test_block_shorter_than_its_meaning_is_malformed(template: int) -> None:
    decoder = DeribitMulticastDecoder(instruments=64)
    data = naive.packet(naive.message(template, b"\0\0\0", entries=[], entry_size=83))
    assert decode(decoder, data) == []
    assert decoder.counters()["malformed"] == 1


@pytest.mark.parametrize("template", [1001, 1002, 1004, 1007])
def test_message_without_its_group_is_malformed(template: int) -> None:
    decoder = DeribitMulticastDecoder(instruments=64)
    decode(decoder, naive.packet(naive.message(template, bytes(40))))
    assert decoder.counters()["malformed"] == 1


def test_snapshot_begins_with_a_clear_and_ends_with_last() -> None:
    rows = one(naive.snapshot(7, [(1, 99.0, 1.0), (0, 101.0, 2.0)]))
    assert [(row.action, row.flags) for row in rows] == [
        ("R", SNAPSHOT),
        ("A", SNAPSHOT | MBP),
        ("A", SNAPSHOT | MBP | LAST),
    ]
    assert rows[0].body == (UNDEF, 0, 101, UNDEF)
    assert rows[1].body == (99 * 10**9, 10**8, 101, UNDEF)


def test_snapshot_of_an_empty_book_is_one_clear() -> None:
    (row,) = one(naive.snapshot(7, []))
    assert (row.action, row.flags) == ("R", SNAPSHOT | LAST)


def snapshot_actions(*parts: tuple[int, int, int]) -> str:
    """Actions of snapshot messages, each (levels, change id, is last), of one instrument."""
    packets = [
        naive.packet(naive.snapshot(7, [(1, 9.0, 1.0)] * levels, change_id=change, is_last=is_last))
        for levels, change, is_last in parts
    ]
    return "".join(row.action for row in rows_and_oracle(*packets))


def test_snapshot_in_several_messages_is_cleared_once() -> None:
    assert snapshot_actions((2, 5, 0), (1, 5, 0), (1, 5, 1), (1, 5, 1)) == "RAAAARA"


def test_snapshot_that_lost_its_end_does_not_swallow_the_next() -> None:
    assert snapshot_actions((1, 5, 0), (1, 6, 1)) == "RARA"


def test_last_piece_of_a_snapshot_without_levels_still_says_last() -> None:
    assert snapshot_actions((1, 5, 0), (0, 5, 1)) == "RAN"


def test_snapshots_of_two_instruments_do_not_mix() -> None:
    data = naive.packet(
        naive.snapshot(1, [(0, 1.0, 1.0)], is_last=0),
        naive.snapshot(2, [(0, 1.0, 1.0)], is_last=0),
        naive.snapshot(1, [(0, 2.0, 1.0)]),
        naive.snapshot(2, [(0, 2.0, 1.0)]),
    )
    assert "".join(row.action for row in rows_and_oracle(data)) == "RARAAA"


def test_rfq_tells_state_side_and_size() -> None:
    assert one(naive.rfq(7, state=1, side=0, amount=1.5))[0].body[:2] == (1, 150_000_000)
    assert one(naive.rfq(7, state=0, side=1))[0].side == "A"
    assert one(naive.rfq(7, side=9)) == []


def test_time_beyond_int64_is_undefined() -> None:
    (row,) = one(naive.book(7, [], ms=2**63))
    assert row.ts_event_ns == UNDEF


PRICES = st.integers(-(10**9), 10**12).map(lambda units: units / 10**4) | st.just(math.nan)
AMOUNTS = st.integers(0, 10**12).map(lambda units: units / 10**3)
IDS = st.integers(0, 2**64 - 1)
NUMBERS = st.integers(0, 8)
TIMES = st.integers(0, 2**43)
MESSAGES = st.one_of(
    st.builds(
        naive.book,
        NUMBERS,
        st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), PRICES, AMOUNTS), max_size=4),
        ms=TIMES, before=IDS, change_id=IDS, is_last=st.integers(0, 1),
    ),
    st.builds(
        lambda number, entries: naive.trades(number, *entries),
        NUMBERS,
        st.lists(
            st.builds(
                naive.trade, st.sampled_from([0, 1, 2, 255]), PRICES, AMOUNTS, ms=TIMES,
                trade_seq=IDS, trade_id=IDS, liquidation=st.sampled_from([0, 1, 2, 3, 77, 255]),
            ),
            max_size=4,
        ),
    ),
    st.builds(
        naive.ticker, NUMBERS, state=st.integers(0, 255), ms=TIMES, interest=AMOUNTS, low=PRICES,
        high=PRICES, last=PRICES, index=PRICES, mark=PRICES, bid=PRICES, bid_size=AMOUNTS,
        ask=PRICES, ask_size=AMOUNTS, funding=PRICES.map(lambda x: x / 10**10), settlement=PRICES,
        estimated=PRICES, delivery=PRICES,
    ),
    st.builds(
        naive.snapshot,
        NUMBERS,
        st.lists(st.tuples(st.integers(0, 1), PRICES, AMOUNTS), max_size=4),
        ms=TIMES, change_id=st.integers(0, 2), is_last=st.integers(0, 1),
    ),
    st.builds(naive.rfq, NUMBERS, state=st.integers(0, 255), side=st.sampled_from([0, 1, 2, 255])),
)  # fmt: skip


@settings(max_examples=EXAMPLES)
@given(st.lists(MESSAGES, min_size=1, max_size=6))
def test_any_market_messages_decode_to_the_oracle_s_records(messages: list[bytes]) -> None:
    decoder, oracle = DeribitMulticastDecoder(instruments=64), NaiveDecoder()
    data = naive.packet(*messages)
    rows, wanted = decode(decoder, data), oracle.packet(data, 5)
    assert len(rows) == len(wanted)
    for got, want in zip(rows, wanted, strict=True):
        # A funding rate made here may have more decimals than are kept; then the last may differ.
        slack = 1 if got.kind == FUNDING else 0
        assert np.abs(np.subtract(got.body, want.body, dtype=object)).max() <= slack
        assert got == Row(*(list(vars(want).values())[:7]), got.body)


def test_levels_name_their_instrument() -> None:
    data = naive.packet(naive.book(70, []), naive.book(71, []), naive.book(70, []))
    assert [row.instrument for row in rows_and_oracle(data) if row.kind == LEVEL] == [1, 2, 1]
