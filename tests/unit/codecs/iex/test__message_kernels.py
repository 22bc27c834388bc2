"""What each message of TOPS and DEEP says in a record."""

from __future__ import annotations

import pytest

from tests.unit.codecs.iex.harness import Codec
from tests.unit.codecs.iex.naive import (
    IMBALANCE,
    INDICATIVE,
    INSTRUMENT,
    LAST,
    LEVEL,
    MBP,
    QUOTE,
    SNAPSHOT,
    STATUS,
    TOB,
    TRADE,
    TRADE_BREAK,
    UNDEF,
)
from zerofeed.codecs.iex.encoder import encode_message, encode_packet
from zerofeed.codecs.iex.messages import OPERATIONAL_HALT_STATE, SHORT_SALE_STATE

__all__: list[str] = []

T = ord("T")


class Venue:
    """Sends one message at a time; its security was met before."""

    def __init__(self, era: int = 0) -> None:
        self.codec = Codec()
        self.era = era

    def say(self, name: str, **values):
        """What one message becomes, but for the announcement of its security."""
        message = encode_message(name, **{"timestamp_ns": 7, **values})
        rows = self.codec.packet(encode_packet(1, [message]), era=self.era)
        return [row for row in rows if row.kind != INSTRUMENT or row.action != "A"]

    def level(self, name: str, price: int, size: int, event_flags: int = 1):
        """A price level update."""
        return self.say(
            f"price_level_update_{name}",
            symbol="A",
            event_flags=event_flags,
            price=price,
            size=size,
        )


def test_system_event_is_the_state_of_the_venue() -> None:
    venue = Venue()
    (first,), (second,) = (venue.say("system_event", event=letter) for letter in "OS")
    assert (first.kind, first.instrument, first.flags) == (STATUS, 0, LAST)
    assert first.body == (ord("O"), UNDEF, UNDEF, UNDEF)
    assert second.body == (ord("S"), ord("O"), UNDEF, UNDEF)
    assert (first.ts_event_ns, first.ts_recv_ns) == (7, 5)


def test_first_message_of_a_security_announces_it_and_says_what_its_symbol_tells() -> None:
    codec = Codec()
    trade = encode_message(
        "trade_report", sale_flags=0, timestamp_ns=7, symbol="BRK.A", size=1, price=2, trade_id=3
    )
    first, second = codec.packet(encode_packet(1, [trade], channel=9))
    assert (first.kind, first.action, first.flags) == (INSTRUMENT, "A", 0)
    assert first.body == (UNDEF, UNDEF, UNDEF, UNDEF)
    assert first.instrument == second.instrument == 1
    row = codec.instruments.row("BRK.A")
    assert (row.kind, row.base, row.quote, row.settlement, row.channel) == (
        "stock", "BRK.A", "USD", "USD", 9,
    )  # fmt: skip
    assert (row.price_exponent, row.size_exponent, row.tick_size, row.expiry_ns) == (
        -4, 0, None, None,
    )  # fmt: skip
    assert len(codec.packet(encode_packet(2, [trade]))) == 1


@pytest.mark.parametrize("symbol", ["A", "ABCDEFG", "ABCDEFGH", "A B"])
def test_a_symbol_of_any_length_names_its_row(symbol: str) -> None:
    venue = Venue()
    venue.say("trading_status", status="T", symbol=symbol, reason="")
    assert venue.codec.instruments.row(symbol).symbol == symbol


def test_directory_announces_once_and_repeats_as_a_snapshot() -> None:
    codec = Codec()
    directory = encode_message(
        "security_directory",
        directory_flags=0,
        timestamp_ns=7,
        symbol="A",
        round_lot_size=100,
        adjusted_poc_price=1,
        luld_tier=1,
    )
    rows = [codec.packet(encode_packet(1, [directory])) for _ in range(2)]
    assert [[(row.kind, row.action, row.flags) for row in each] for each in rows] == [
        [(INSTRUMENT, "A", 0)],
        [(INSTRUMENT, "N", SNAPSHOT)],
    ]


def test_trading_status_is_the_state_with_its_reason() -> None:
    venue = Venue()
    (first,) = venue.say("trading_status", status="T", symbol="A", reason="")
    (second,) = venue.say("trading_status", status="H", symbol="A", reason="T1")
    assert first.body == (T, UNDEF, UNDEF, UNDEF)
    assert second.body == (ord("H"), T, int.from_bytes(b"T1", "little"), UNDEF)
    assert venue.codec.instruments.row("A").state == ord("H")


def test_halts_and_short_sale_tests_are_bits_beside_the_trading_status() -> None:
    venue = Venue()
    venue.say("trading_status", status="T", symbol="A", reason="")
    assert venue.say("operational_halt_status", status="N", symbol="A") == []
    assert venue.say("short_sale_price_test_status", status=0, symbol="A", detail="") == []
    states = [
        venue.say(name, symbol="A", **values)[0].body[0]
        for name, values in (
            ("operational_halt_status", {"status": "O"}),
            ("short_sale_price_test_status", {"status": 1, "detail": "A"}),
            ("trading_status", {"status": "H", "reason": ""}),
            ("operational_halt_status", {"status": "N"}),
            ("short_sale_price_test_status", {"status": 0, "detail": "D"}),
        )
    ]
    assert states == [
        T | OPERATIONAL_HALT_STATE,
        T | OPERATIONAL_HALT_STATE | SHORT_SALE_STATE,
        ord("H") | OPERATIONAL_HALT_STATE | SHORT_SALE_STATE,
        ord("H") | SHORT_SALE_STATE,
        ord("H"),
    ]


def test_quote_has_no_price_where_a_side_is_empty() -> None:
    venue = Venue()
    quote = {"quote_flags": 0, "symbol": "A", "bid_price": 0, "ask_price": 99_100}
    (row,) = venue.say("quote_update", **quote, bid_size=0, ask_size=100)
    assert (row.kind, row.side, row.flags) == (QUOTE, "N", LAST | TOB)
    assert row.body == (UNDEF, 0, 99_100, 100)


def test_trade_names_no_aggressor() -> None:
    (row,) = Venue().say(
        "trade_report", sale_flags=0x20, symbol="A", size=5, price=99_000, trade_id=429_974
    )
    assert (row.kind, row.side, row.action, row.flags) == (TRADE, "N", "T", LAST)
    assert row.body == (99_000, 5, 429_974, UNDEF)


def test_trade_break_names_the_trade_and_is_none_itself() -> None:
    (row,) = Venue().say(
        "trade_break", sale_flags=0x20, symbol="A", size=5, price=99_000, trade_id=429_974
    )
    assert (row.kind, row.action, row.flags) == (TRADE_BREAK, "N", LAST)
    assert row.body == (99_000, 5, 429_974, UNDEF)


@pytest.mark.parametrize(("letter", "side"), [("B", "B"), ("S", "A"), ("N", "N")])
def test_auction_is_an_imbalance_and_where_it_would_clear(letter: str, side: str) -> None:
    first, second = Venue().say(
        "auction_information", symbol="A", auction_type="C", paired_shares=700, reference_price=10_000,
        indicative_clearing_price=10_100, imbalance_shares=30, imbalance_side=letter, extension_number=0,
        scheduled_auction_time_s=1_499_716_800, auction_book_clearing_price=0,
        collar_reference_price=1, lower_auction_collar=2, upper_auction_collar=3,
    )  # fmt: skip
    assert (first.kind, first.side, first.flags) == (IMBALANCE, side, 0)
    assert first.body == (10_000, 700, 30, ord("C"))
    assert (second.kind, second.side, second.flags) == (INDICATIVE, "N", LAST)
    assert second.body == (10_100, UNDEF, 1_499_716_800_000_000_000, ord("C"))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("official_price", {"price_type": "M", "official_price": 5}),
        ("security_event", {"event": "O"}),
        ("retail_liquidity_indicator", {"indicator": "A"}),
    ],
)
def test_messages_without_a_record_of_their_own_make_none(name: str, values) -> None:
    venue = Venue()
    assert venue.say(name, symbol="A", **values) == []
    assert venue.codec.codes == [0]
    assert len(venue.codec.instruments) == 1


# The rule of DEEP: an event's levels belong together, and its last one says so.


def test_level_is_the_last_of_its_event_only_when_the_venue_says_so() -> None:
    venue = Venue()
    rows = [
        venue.level(*each)[0]
        for each in (
            ("buy", 99_000, 100, 0),
            ("sell", 99_100, 100, 0x80),
            ("sell", 99_200, 100, 1),
        )
    ]
    assert [(row.kind, row.side, row.flags) for row in rows] == [
        (LEVEL, "B", MBP),
        (LEVEL, "A", MBP),
        (LEVEL, "A", MBP | LAST),
    ]
    assert rows[0].body == (99_000, 100, UNDEF, UNDEF)


def test_level_of_size_zero_is_gone() -> None:
    venue = Venue()
    (row,) = venue.level("buy", 99_000, 0)
    assert (row.action, row.body[:2]) == ("C", (99_000, 0))


def test_book_begins_empty_with_the_first_level_of_a_session_seen_whole() -> None:
    venue = Venue(era=1)
    first, second = venue.level("buy", 99_000, 100)
    assert (first.kind, first.action, first.flags) == (LEVEL, "R", LAST | SNAPSHOT | MBP)
    assert first.body == (UNDEF, 0, UNDEF, UNDEF)
    assert second.action == "M"
    assert len(venue.level("buy", 99_000, 200)) == 1


def test_book_begins_anew_with_each_session() -> None:
    venue = Venue(era=1)
    venue.level("buy", 99_000, 100)
    venue.era = 2
    assert [row.action for row in venue.level("buy", 99_000, 100)] == ["R", "M"]


def test_book_does_not_begin_where_something_is_missing() -> None:
    venue = Venue(era=0)
    assert [row.action for row in venue.level("buy", 99_000, 100)] == ["M"]
