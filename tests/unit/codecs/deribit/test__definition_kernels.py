"""Definitions, combo legs and indices: the table's rows, and what is announced when."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.deribit import naive
from tests.unit.codecs.deribit.harness import EXAMPLES, decode
from tests.unit.codecs.deribit.naive import (
    INDEX,
    INSTRUMENT,
    LAST,
    SNAPSHOT,
    STATUS,
    UNDEF,
    NaiveDecoder,
)
from zerofeed.codecs.deribit.decoder import DeribitMulticastDecoder
from zerofeed.feed.instruments import Instrument

CURRENCIES = (b"BTC_____", b"USDC1234", b"USD", b"ETHETHET", b"SOL")


def fresh() -> DeribitMulticastDecoder:
    return DeribitMulticastDecoder(instruments=64)


def defined(message: bytes, *, channel: int = 1) -> Instrument:
    decoder = fresh()
    decode(decoder, naive.packet(message, channel=channel))
    return decoder.instruments.row(1)


def announcements(*messages: bytes) -> list[tuple[str, int]]:
    """Actions and flags of the INSTRUMENT records of packets of one message each."""
    decoder, oracle = fresh(), NaiveDecoder()
    rows = [row for each in messages for row in decode(decoder, naive.packet(each))]
    assert rows == [row for each in messages for row in oracle.packet(naive.packet(each), 5)]
    return [(row.action, row.flags) for row in rows if row.kind == INSTRUMENT]


@pytest.mark.parametrize("version", [1, 2])
def test_definition_fills_every_column(version: int) -> None:
    got = defined(
        naive.definition(
            345, b"BTC-25DEC26-100000-P", version=version, state=1, kind=1, option=2, period=4,
            currencies=CURRENCIES, created=1_600_000_000_001, expiry=1_800_000_000_002,
            strike=100000.0, contract=1.0, minimum=0.1, tick=0.0005,
        ),
        channel=107,
    )  # fmt: skip
    assert got == Instrument(
        index=1, venue_key=345, symbol="BTC-25DEC26-100000-P", kind="option", option_type="put",
        price_exponent=-9, size_exponent=-8, state=1, tick_size=Decimal("0.0005"),
        min_size=Decimal("0.1"), contract_size=Decimal(1), strike_price=Decimal(100000),
        expiry_ns=1_800_000_000_002_000_000, created_ns=1_600_000_000_001_000_000,
        base="BTC_____", quote="USDC1234", settlement="ETHETHET", counter="SOL",
        is_inverse=False, definition_seq=-1, channel=7, revision=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "period", "name"),
    [
        (0, 0, "perpetual"), (0, 4, "future"), (1, 4, "option"), (2, 4, "combo"), (3, 4, "combo"),
        (4, 255, "spot"), (9, 0, "unknown"),
    ],
)  # fmt: skip
def test_kind_follows_the_venue_s_kind_and_period(kind: int, period: int, name: str) -> None:
    assert defined(naive.definition(1, kind=kind, period=period)).kind == name


def test_perpetual_and_spot_do_not_expire() -> None:
    assert defined(naive.definition(1, kind=0, period=0)).expiry_ns is None
    assert defined(naive.definition(1, kind=4, period=255)).expiry_ns is None
    dated = defined(naive.definition(1, kind=0, period=4, expiry=1_800_000_000_000))
    assert dated.expiry_ns == 1_800_000_000_000_000_000


def test_only_options_have_a_strike() -> None:
    assert defined(naive.definition(1, kind=0, strike=5.0)).strike_price is None
    assert defined(naive.definition(1, kind=1, option=1, strike=5.0)).strike_price == 5


@pytest.mark.parametrize(
    ("base", "quote", "size", "is_inverse"),
    [
        (b"BTC", b"USD", b"USD", True),
        (b"BTC", b"BTC", b"BTC", False),
        (b"BTC", b"USDC", b"BTC", False),
    ],
)
def test_inverse_means_that_sizes_are_in_the_quote_currency(
    base: bytes, quote: bytes, size: bytes, *, is_inverse: bool
) -> None:
    got = defined(naive.definition(1, currencies=(base, quote, b"USD", base, size)))
    assert got.is_inverse is is_inverse


@pytest.mark.parametrize(("channel", "kept"), [(0, 0), (11, 11), (100, 0), (121, 21)])
def test_channel_is_that_of_the_events(channel: int, kept: int) -> None:
    assert defined(naive.definition(1), channel=channel).channel == kept


def test_definition_is_announced_new_then_repeated_then_changed() -> None:
    same = naive.definition(1)
    assert announcements(same, same, naive.definition(1, tick=0.1), same) == [
        ("A", 0), ("N", SNAPSHOT), ("M", 0), ("M", 0),
    ]  # fmt: skip


def test_both_versions_of_a_definition_are_the_same_definition() -> None:
    versions = [naive.definition(1, version=version) for version in (1, 2, 1)]
    assert announcements(*versions) == [("A", 0), ("N", SNAPSHOT), ("N", SNAPSHOT)]


def test_tick_steps_are_stepped_over() -> None:
    message = naive.definition(1, version=2, steps=[(0.005, 0.0005), (1.0, 0.1)])
    got = defined(message)
    assert (got.symbol, got.tick_size) == ("BTC-PERPETUAL", Decimal("0.5"))


def test_state_alone_is_told_as_status_and_not_as_a_change() -> None:
    decoder = fresh()
    decode(decoder, naive.packet(naive.definition(1, state=1)))
    rows = decode(decoder, naive.packet(naive.definition(1, state=2)))
    assert [(row.kind, row.action, row.body[:2]) for row in rows][1:] == [(STATUS, "N", (2, 1))]
    assert rows[0].flags == SNAPSHOT
    assert decoder.instruments.row(1).state == 2


def test_ticker_before_the_definition_makes_an_unnamed_row() -> None:
    decoder = fresh()
    decode(decoder, naive.packet(naive.ticker(9, mark=1.0)))
    before = decoder.instruments.row(1)
    assert (before.symbol, before.kind, before.price_exponent) == ("", "unknown", -9)
    rows = decode(decoder, naive.packet(naive.definition(9)))
    assert [(row.instrument, row.action) for row in rows] == [(1, "A")]
    assert decoder.instruments.row("BTC-PERPETUAL").index == 1


@pytest.mark.parametrize("size", [1, 7, 8, 9, 63, 64])
def test_symbol_of_any_length_is_kept(size: int) -> None:
    name = bytes(65 + k % 26 for k in range(size))
    assert defined(naive.definition(1, name)).symbol == name.decode()


def test_symbol_beyond_the_column_is_cut() -> None:
    assert defined(naive.definition(1, b"x" * 255)).symbol == "x" * 64


def test_symbol_is_utf_8() -> None:
    assert defined(naive.definition(1, "ÄÖÜäöüß€".encode())).symbol == "ÄÖÜäöüß€"


def test_definition_without_a_name_is_malformed() -> None:
    decoder = fresh()
    decode(decoder, naive.packet(naive.definition(1, b"")))
    assert decoder.counters()["malformed"] == 1
    assert len(decoder.instruments) == 1


def test_short_definition_leaves_the_rest_unset() -> None:
    body = naive.definition(1)[12 : 12 + 20]
    got = defined(naive.message(1000, body, texts=[b"X"]))
    assert (got.symbol, got.base, got.quote) == ("X", "BTC", "")
    assert (got.tick_size, got.created_ns, got.strike_price) == (None, None, None)


def test_combo_legs_name_the_rows_of_their_instruments() -> None:
    decoder, oracle = fresh(), NaiveDecoder()
    data = naive.packet(naive.definition(8, kind=2), naive.legs(32, (8, -2), (1, 1), (5, 0)))
    rows = decode(decoder, data)
    assert rows == oracle.packet(data, 5)
    legs = rows[2:]
    assert [(row.side, row.body) for row in legs] == [
        ("A", (1, -2, 0, 3)),
        ("B", (3, 1, 1, 3)),
        ("N", (4, 0, 2, 3)),
    ]
    assert [row.flags for row in legs] == [0, 0, LAST]


def test_index_gets_a_row_of_its_own_and_is_announced_once() -> None:
    decoder, oracle = fresh(), NaiveDecoder()
    names = (b"btc_usd", b"eth_usd", b"btc_usd", b"abcdefghijklmnop")
    data = naive.packet(*[naive.price_index(name, 1.5) for name in names], channel=3)
    rows = decode(decoder, data)
    assert rows == oracle.packet(data, 5)
    assert [row.kind for row in rows] == [INSTRUMENT, INDEX] * 2 + [INDEX] + [INSTRUMENT, INDEX]
    index = decoder.instruments.row("btc_usd")
    assert (index.kind, index.price_exponent, index.channel) == ("index", -9, 3)
    assert index.venue_key < 0
    assert index.tick_size is None
    assert decoder.instruments.symbols() == ["btc_usd", "eth_usd", "abcdefghijklmnop"]


@settings(max_examples=EXAMPLES)
@given(st.sets(st.binary(min_size=1, max_size=16), max_size=50))
def test_names_of_indices_do_not_collide(names: set[bytes]) -> None:
    padded = {name.ljust(16, b"\0") for name in names}
    decoder = fresh()
    decode(decoder, naive.packet(*[naive.price_index(name, 1.0) for name in padded]))
    assert len(decoder.instruments) == 1 + len(padded)


def test_full_table_refuses_the_message_and_says_so() -> None:
    decoder = DeribitMulticastDecoder(instruments=3)
    data = naive.packet(*[naive.ticker(number, mark=1.0) for number in range(1, 5)])
    rows = decode(decoder, data)
    assert {row.instrument for row in rows} == {1, 2}
    assert decoder.counters()["refused"] == 2
    assert decoder.counters()["malformed"] == 0
    assert decode(decoder, naive.packet(naive.price_index(b"x", 1.0), naive.legs(1, (99, 1)))) == []


def test_unset_numbers_of_a_definition_are_none() -> None:
    got = defined(
        naive.definition(1, contract=math.nan, minimum=math.nan, tick=math.nan, created=0)
    )
    assert (got.contract_size, got.min_size, got.tick_size, got.created_ns) == (None,) * 4


def test_record_of_a_definition_carries_its_numbers() -> None:
    decoder = fresh()
    rows = decode(decoder, naive.packet(naive.definition(1)))
    assert rows[0].body == (500_000_000, 10**9, 10**9, UNDEF)
    assert rows[0].ts_event_ns == UNDEF
