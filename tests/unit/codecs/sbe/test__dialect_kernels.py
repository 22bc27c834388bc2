"""Random dialects and messages: the kernels do what the declarations say, as slowly read by Python."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.sbe.dialects import BIG_MARKET, MARKET, Decoder, made_of
from tests.unit.codecs.sbe.naive import NaiveError
from tests.unit.codecs.sbe.slow_dialect import SlowDialect
from tests.unit.codecs.sbe.strategies import block_values
from zerofeed.base.kernel import U8_RO, int64, kernel
from zerofeed.base.status import (
    MALFORMED,
    TRUNCATED,
    UNKNOWN_SCHEMA,
    UNKNOWN_TEMPLATE,
)
from zerofeed.codecs.sbe import meaning as m
from zerofeed.codecs.sbe._dialect_kernels import is_text
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.codecs.sbe.encoder import encode
from zerofeed.records import kinds
from zerofeed.records.dtypes import BODY
from zerofeed.records.flags import LAST, SNAPSHOT, TOB
from zerofeed.records.units import UNDEF

__all__: list[str] = []


@kernel(int64(U8_RO, int64, int64))
def _is_text(buf: np.ndarray, at: int, end: int) -> int:
    return int64(is_text(buf, at, end))


SIDES = m.Code("side", {"buy": kinds.BID, 2: kinds.ASK})
TICK = ["time", "price", "size", "id", "side", "letter", "maybe", "late"]
DEPTH = ["time", "first", "last", "number", "side"]
DEALS = ["time"]
ROWS = {
    "bids": ["price", "qty", "late"],
    "asks": ["price", "qty", "letter"],
    "deals": ["number", "price", "side"],
    "fills": ["qty", "letter"],
    "notes": ["price"],
    "flat": ["number", "price"],
}
EXPONENTS: dict[str, list[Any]] = {
    "Tick": [None, -2, 3, "priceExponent", "maybe", "sizeDecimals"],
    "Depth": [None, -8, "priceExponent", "sizeExponent"],
    "Deals": [None, -5, "priceExponent"],
}


def scaled(chance: random.Random, template: str, sources: list[str], rows: str | None) -> m.Scaled:
    exponents = EXPONENTS[template] + (["exponent"] if rows == "asks" else [])
    source, exponent, decimals = chance.choice(sources), chance.choice(exponents), None
    if template == "Tick" and chance.random() < 0.3:
        source, exponent = chance.choice(["nine", "decimal"]), None
    elif isinstance(exponent, str) and chance.random() < 0.3:
        exponent, decimals = None, exponent
    kind = chance.choice([m.Price, m.Size, m.Rate])
    return kind(source, exponent, decimals, chance.random() < 0.2)


def value(chance: random.Random, template: str, sources: list[str], rows: str | None) -> m.Value:
    kind = chance.randrange(6)
    if kind == 0:
        return m.Constant(chance.randrange(-(2**60), 2**60))
    if kind == 1:
        return m.Whole(chance.choice(sources), chance.choice([0, 0, -1, 5, 2**62, -(2**62)]))
    if kind == 2:
        return m.Time(chance.choice(sources), chance.choice(["s", "ms", "us", "ns"]))
    if kind == 3 and "letter" in sources:
        return m.Code("letter", {"new": 7, "gone": 8, ord("x"): 9})
    return scaled(chance, template, sources, rows)


def emit(chance: random.Random, template: str, groups: list[str], *, is_book: bool) -> m.Emit:
    rows = chance.choice([None, *groups]) if groups else None
    fields = {"Tick": TICK, "Depth": DEPTH, "Deals": DEALS}[template]
    sources = fields + (ROWS[rows] if rows else [])
    kind = kinds.LEVEL if is_book else chance.choice([kinds.TRADE, kinds.LEVEL, kinds.QUOTE])
    body = {
        name: value(chance, template, sources, rows) for name in BODY[kind] if chance.random() < 0.8
    }
    side: Any = chance.choice([kinds.BID, kinds.NO_SIDE])
    if "side" in sources and chance.random() < 0.6:
        side = SIDES
    action: Any = chance.choice([None, None, kinds.ACTION_NONE])
    when: dict[str, Any] = {}
    if "letter" in sources:
        if chance.random() < 0.3:
            action = m.Code("letter", {"new": kinds.ACTION_ADD, "gone": kinds.ACTION_CANCEL})
        if chance.random() < 0.3:
            when = {"letter": chance.choice(["new", ord("D")])}
    time = (
        m.Time("time", chance.choice(["us", "ms", "ms or us"])) if chance.random() < 0.7 else None
    )
    return m.Emit(
        kind, rows=rows, when=when, time=time, side=side, action=action,
        flags=chance.choice([0, TOB]), **body,
    )  # fmt: skip


def declaration(chance: random.Random, place: int) -> m.Message:
    template = chance.choice(["Tick", "Depth", "Deals"])
    each, groups, symbols = None, [], ["symbol", "name", "id"]
    if template == "Depth":
        groups, symbols = ["bids", "asks"], ["symbol", "number"]
    elif template == "Deals":
        each = chance.choice([None, "deals", "flat"])
        groups = {"deals": ["fills", "notes"], "flat": []}.get(each or "", ["deals", "flat"])
        symbols = {"deals": ["symbol", "name", "number"], "flat": ["number"]}.get(each or "", [])
    elif chance.random() < 0.5:
        symbols.append("other")
    symbol = chance.choice(symbols) if symbols and chance.random() < 0.9 else None
    book = None
    if symbol is not None and chance.random() < 0.5:
        book = m.Book(is_snapshot=chance.random() < 0.5)
    when: dict[str, Any] = {}
    if template != "Deals" and chance.random() < 0.3:
        when = {"side": chance.choice(["buy", 2])}
    return m.Message(
        template,
        when=when,
        symbol=symbol,
        each=each,
        emits=[
            emit(chance, template, groups, is_book=book is not None)
            for _ in range(chance.randrange(4))
        ],
        book=book,
        name=f"message {place}",
    )


def without_nul(values: Any) -> Any:
    """The same without NULs in texts: a row of the instruments table shows what is before them."""
    if isinstance(values, dict):
        return {name: without_nul(value) for name, value in values.items()}
    if isinstance(values, list):
        return [without_nul(value) for value in values]
    return values.replace("\0", "0") if isinstance(values, str) else values


@pytest.mark.slow
@settings(max_examples=100)
@given(seed=st.integers(0, 2**48), data=st.data())
def test_a_dialect_means_what_its_declarations_say(seed: int, data: st.DataObject) -> None:
    chance = random.Random(seed)
    schema = chance.choice([MARKET, BIG_MARKET])
    meant = [declaration(chance, place) for place in range(chance.randrange(1, 5))]
    decoder = Decoder(Dialect(schema, meant))
    slow = SlowDialect(schema, meant)
    for _ in range(3):
        definition = schema.message(chance.choice(["Tick", "Depth", "Deals"]))
        values = without_nul(data.draw(block_values(definition)))
        sent = encode(schema, definition.name, values, version=chance.choice([0, 1]))
        slow.out_of_range = 0
        name, expected = slow.take(sent)
        slot, records = decoder.take(b"\xff" * 3 + sent, at=3)
        assert (decoder.dialect.names[slot] if slot >= 0 else "unknown") == name
        assert slot >= 0 or slot == UNKNOWN_TEMPLATE
        assert made_of(records, decoder.instruments) == expected
        assert decoder.out_of_range == slow.out_of_range
    known = [each.symbol or each.venue_key for each in decoder.instruments]
    assert known == list(slow.known)
    exponents = [(each.price_exponent, each.size_exponent) for each in decoder.instruments]
    assert exponents == list(slow.known.values())


@pytest.mark.slow
@settings(max_examples=60)
@given(seed=st.integers(0, 2**48), data=st.data())
def test_damaged_messages_are_read_within_their_bytes_or_refused(
    seed: int, data: st.DataObject
) -> None:
    """With ZEROFEED_BOUNDS_CHECK=1, and without compilation, a read outside of the buffer raises."""
    chance = random.Random(seed)
    meant = [declaration(chance, place) for place in range(3)]
    decoder = Decoder(Dialect(MARKET, meant), longest=2048)
    definition = MARKET.message(chance.choice(["Tick", "Depth", "Deals"]))
    values = data.draw(block_values(definition))
    whole = bytearray(encode(MARKET, definition.name, values, version=chance.choice([0, 1])))
    for _ in range(20):
        sent = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(sent))
            sent[at] = chance.choice([0, 1, 0xFF, chance.randrange(256)])
        del sent[chance.randrange(len(sent)) + 1 :]
        slot, records = decoder.take(bytes(sent))
        assert slot < 0 or len(records) <= decoder.dialect.most_records(len(sent))
        assert slot >= 0 or len(records) == 0
        slow = SlowDialect(MARKET, meant)
        try:
            name, _ = slow.take(bytes(sent))
        except (NaiveError, TypeError):
            continue
        if slot >= 0:
            assert decoder.dialect.names[slot] == name
        else:
            assert slot in {UNKNOWN_TEMPLATE, MALFORMED}


# A few by hand, so that a failure above is not the first to be read


def depth(**values: Any) -> bytes:
    usual: dict[str, Any] = {
        "time": 5, "first": 7, "last": 9, "priceExponent": -2, "sizeExponent": -3, "number": 77,
        "side": "buy", "bids": [], "asks": [], "symbol": "ABC",
    }  # fmt: skip
    return encode(MARKET, "Depth", {**usual, **values})


BIDS = m.Message(
    "Depth",
    symbol="symbol",
    book=m.Book(),
    emits=[
        m.Emit(
            kinds.LEVEL,
            rows="bids",
            side=kinds.BID,
            time=m.Time("time", "us"),
            price=m.Price("price", exponent="priceExponent"),
            size=m.Size("qty", exponent="sizeExponent"),
            change_id=m.Whole("last"),
            prev_change_id=m.Whole("first", plus=-1),
        )
    ],
)


def test_levels_come_at_the_instruments_exponents_and_close_a_transaction() -> None:
    decoder = Decoder(Dialect(MARKET, [BIDS]))
    bids = [{"price": 10050, "qty": 1500, "late": 0}, {"price": 10049, "qty": 0, "late": 0}]
    slot, records = decoder.take(depth(bids=bids))
    assert slot == 0
    assert records["kind"].tolist() == [kinds.INSTRUMENT, kinds.LEVEL, kinds.LEVEL]
    levels = records[1:]
    assert levels["price"].tolist() == [10050_000000, 10049_000000]
    assert levels["size"].tolist() == [1500_00000, 0]
    assert levels["ts_event_ns"].tolist() == [5000, 5000]
    assert levels["change_id"].tolist() == [9, 9]
    assert levels["prev_change_id"].tolist() == [6, 6]
    assert levels["flags"].tolist() == [0, LAST]
    assert bytes(levels["action"]) == b"MC"
    slot, records = decoder.take(depth(bids=bids[:1]))
    assert records["kind"].tolist() == [kinds.LEVEL]


def test_a_change_of_nothing_still_moves_the_books_change_id() -> None:
    decoder = Decoder(Dialect(MARKET, [BIDS]))
    decoder.take(depth())
    _, records = decoder.take(depth(last=12, first=10))
    assert records["kind"].tolist() == [kinds.LEVEL]
    assert (records["price"][0], records["change_id"][0]) == (UNDEF, 12)
    assert (records["prev_change_id"][0], records["flags"][0]) == (9, LAST)


@pytest.mark.parametrize(
    ("time", "expected_ns"),
    [
        (1757497309814, 1757497309814_000000),
        (1757497309814055, 1757497309814055_000),
        (10**14, 10**17),
        (10**14 - 1, UNDEF),
        (UNDEF, UNDEF),
    ],
)
def test_milliseconds_and_microseconds_are_told_apart(time: int, expected_ns: int) -> None:
    emit = m.Emit(kinds.INDEX, time=m.Time("time", "ms or us"))
    _, records = Decoder(Dialect(MARKET, [m.Message("Depth", emits=[emit])])).take(depth(time=time))
    assert records["ts_event_ns"].tolist() == [expected_ns]


def test_a_snapshot_begins_with_a_clear() -> None:
    snapshot = m.Message("Depth", symbol="number", book=m.Book(is_snapshot=True), emits=BIDS.emits)
    decoder = Decoder(Dialect(MARKET, [snapshot]))
    _, records = decoder.take(depth(bids=[{"price": 1, "qty": 2, "late": 0}]))
    assert bytes(records["action"]) == b"RA"
    assert records["flags"].tolist() == [SNAPSHOT, SNAPSHOT | LAST]
    assert records["change_id"].tolist() == [9, 9]
    assert decoder.instruments.row(1).venue_key == 77


def test_a_new_instrument_has_an_exponent_as_fine_as_its_first_message() -> None:
    decoder = Decoder(Dialect(MARKET, [BIDS]))
    decoder.take(depth(symbol="FINE", priceExponent=-11, sizeExponent=-2))
    decoder.take(depth(symbol="HUGE", priceExponent=-100))
    rows = [decoder.instruments.row(row) for row in (1, 2)]
    assert [(each.price_exponent, each.size_exponent) for each in rows] == [(-11, -8), (-18, -8)]


@pytest.mark.parametrize("length", [0, 1, 15])
def test_entries_shorter_than_their_first_version_are_malformed(length: int) -> None:
    sent = bytearray(depth(bids=[{"price": 1, "qty": 2, "late": 0}]))
    head = 8 + MARKET.message("Depth").block_length
    sent[head : head + 2] = length.to_bytes(2, "little")
    assert Decoder(Dialect(MARKET, [BIDS])).take(bytes(sent))[0] == MALFORMED


def test_a_root_block_shorter_than_its_first_version_is_malformed() -> None:
    sent = bytearray(depth())
    sent[0] -= 1
    assert Decoder(Dialect(MARKET, [BIDS])).take(bytes(sent))[0] == MALFORMED


def test_longer_blocks_of_a_newer_version_are_stepped_over() -> None:
    newer = bytearray(depth(bids=[{"price": 10050, "qty": 1500, "late": 3}]))
    length = MARKET.message("Depth").block_length
    newer[8 + length : 8 + length] = b"\xee" * 4
    newer[0] += 4
    newer[6] = 9
    slot, records = Decoder(Dialect(MARKET, [BIDS])).take(bytes(newer))
    assert slot == 0
    assert records["price"][-1] == 10050_000000


def test_a_layout_is_known_by_its_length() -> None:
    trade = m.Emit(kinds.TRADE, price=m.Price("price"))
    quote = m.Emit(kinds.QUOTE, bid_price=m.Price("nine"))
    meant = [
        m.Message("Tick", block_bytes=80, emits=[trade], name="old"),
        m.Message("Tick", emits=[quote], name="new"),
    ]
    decoder = Decoder(Dialect(MARKET, meant))
    tick: dict[str, Any] = {
        "time": 1, "price": 2, "priceExponent": 0, "size": 3, "sizeDecimals": 0, "id": None,
        "side": "buy", "letter": "new", "maybe": None, "nine": {"mantissa": 5},
        "decimal": {"mantissa": 1, "exponent": 0}, "name": "X", "symbol": "S",
    }  # fmt: skip
    sent = encode(MARKET, "Tick", tick)
    assert int.from_bytes(sent[:2], "little") == 80
    assert decoder.dialect.names[decoder.take(sent)[0]] == "old"
    longer = bytearray(sent)
    longer[88:88] = b"\0"
    longer[0] = 81
    slot, records = decoder.take(bytes(longer))
    assert decoder.dialect.names[slot] == "new"
    assert records["kind"].tolist() == [kinds.QUOTE]


def test_what_is_not_of_the_schema_is_told_apart() -> None:
    decoder = Decoder(Dialect(MARKET, [BIDS]))
    sent = depth()
    assert decoder.take(sent[:7])[0] == TRUNCATED
    assert decoder.take(sent[:-1])[0] == TRUNCATED
    other = bytearray(sent)
    other[4] = 30
    assert decoder.take(bytes(other))[0] == UNKNOWN_SCHEMA
    other = bytearray(sent)
    other[2] = 99
    assert decoder.take(bytes(other))[0] == UNKNOWN_TEMPLATE
    assert decoder.take(encode(MARKET, "Deals", {"time": 1, "priceExponent": 0}))[0] == (
        UNKNOWN_TEMPLATE
    )


def test_a_symbol_that_is_empty_or_one_too_many_makes_no_record() -> None:
    decoder = Decoder(Dialect(MARKET, [BIDS]), instruments=3)
    assert len(decoder.take(depth(symbol=""))[1]) == 0
    assert decoder.refused == [1]
    for symbol in ("A", "B", "C"):
        decoder.take(depth(symbol=symbol))
    assert decoder.refused == [2]
    assert [each.symbol for each in decoder.instruments] == ["A", "B"]


def test_each_entry_has_its_own_instrument_and_rows() -> None:
    meant = m.Message(
        "Deals",
        each="deals",
        symbol="symbol",
        emits=[
            m.Emit(
                kinds.TRADE, rows="fills", side=SIDES, price=m.Price("price"), size=m.Size("qty")
            )
        ],
    )
    decoder = Decoder(Dialect(MARKET, [meant]))
    deals = [
        {
            "number": n, "price": 100 + n, "side": side, "name": "", "symbol": symbol, "notes": [],
            "fills": [{"qty": qty, "letter": "new"} for qty in fills],
        }
        for n, side, symbol, fills in ((1, "buy", "X", [5, 6]), (2, "sell", "Y", []), (3, "buy", "X", [7]))
    ]  # fmt: skip
    sent = encode(MARKET, "Deals", {"time": 1, "priceExponent": 0, "deals": deals, "flat": []})
    slot, records = decoder.take(sent)
    trades = records[records["kind"] == kinds.TRADE]
    assert slot == 0
    assert (trades["price"] // 10**8).tolist() == [101, 101, 103]
    assert (trades["size"] // 10**8).tolist() == [5, 6, 7]
    assert trades["instrument"].tolist() == [1, 1, 1]
    assert [each.symbol for each in decoder.instruments] == ["X", "Y"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b'{"result":null,"id":1}', True),
        (b"pong", True),
        ('{"\u00e9": 1}\r\n'.encode(), True),
        (b"", False),
        (b"{\0}", False),
        (depth(), False),
    ],
)
def test_text_has_no_control_characters(message: bytes, expected: bool) -> None:
    buf = np.frombuffer(b"\0" + message + b"\0", np.uint8)
    assert bool(_is_text(buf, 1, 1 + len(message))) is expected
