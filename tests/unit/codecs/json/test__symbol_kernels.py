"""An instrument is found by its symbol, or made with the little that symbol and message tell of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.unit.venues.venue import encoded
from zerofeed.codecs.json.decoder import JsonDecoder
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import (
    ANY,
    OF_CHANNEL,
    ONLY,
    Begins,
    Emit,
    Message,
    Opened,
    Opens,
    Price,
    Symbol,
    SymbolKind,
)
from zerofeed.codecs.json.shape import Items, Shape
from zerofeed.feed.instruments import Instrument
from zerofeed.records.instruments import (
    FUTURE,
    INDEX_INSTRUMENT,
    OPTION,
    PERPETUAL,
    SPOT,
    UNKNOWN_INSTRUMENT,
)
from zerofeed.records.kinds import INSTRUMENT, TRADE

__all__: list[str] = []

WANTED: Any = {"s": "symbol", "o": "other", "p": "price", "l": Items("rows", ["price", "size"])}
TRADES = [Emit(TRADE, price=Price("price"))]


class Seen:
    """What was made of messages: the instruments, and the rows that the records name."""

    def __init__(self, messages: list[Message], *texts: str, **options: Any) -> None:
        dialect = Dialect(Shape(WANTED), messages, **options)
        decoder = JsonDecoder(dialect, instruments=16, longest_bytes=1024, batch=256)
        data, index = encoded(texts)
        columns = [index[name].astype(np.int64) for name in ("offset", "length", "ts_ns")]
        records, taken = decoder.decode(data, *columns)
        assert taken == len(texts)
        self.instruments: list[Instrument] = list(decoder.instruments)
        self.rows = records[records["kind"] != INSTRUMENT]["instrument"].tolist()
        self.symbols = [each.symbol for each in self.instruments]


def test_a_symbol_is_a_part_of_a_text() -> None:
    symbol = Symbol("symbol", before="@", behind=".", is_upper=True)
    seen = Seen([Message("m", symbol=symbol, emits=TRADES)], '{"s":"book.abc-d@100ms"}')
    assert seen.symbols == ["ABC-D"]


def test_what_a_condition_knows_of_a_text_is_left_out_of_its_symbol() -> None:
    message = Message(
        "m", when={"symbol": Begins("deriv:")}, symbol=Symbol("symbol", skip="deriv:"), emits=TRADES
    )
    seen = Seen([message], '{"s":"deriv:A:B"}', '{"s":"deriv:"}', '{"s":"other:A"}')
    assert seen.symbols == ["A:B", ""]


def test_the_instrument_of_a_channel_is_that_of_the_message_that_opened_it() -> None:
    opens = Message("o", when={"symbol": ANY}, symbol=Symbol("symbol"), opens=Opens("x", "price"))
    trade = Message("t", when={"other": Opened("x")}, symbol=OF_CHANNEL, emits=TRADES)
    seen = Seen(
        [opens, trade], '{"s":"A","p":7}', '{"o":7}', '{"s":"B","p":8}', '{"o":7}', '{"o":8}'
    )
    assert seen.symbols == ["A", "B"]
    assert seen.rows == [1, 1, 2]


def test_the_first_of_several_places_that_is_there_has_the_symbol() -> None:
    message = Message("m", symbol=(Symbol("symbol"), Symbol("other")), emits=TRADES)
    texts = ['{"s":"A","o":"B"}', '{"s":"","o":"B"}', '{"s":null,"o":"B"}', '{"o":"A"}', "{}"]
    seen = Seen([message], *texts)
    assert seen.symbols == ["A", "B"]
    assert seen.rows == [1, 2, 2, 1]


def test_a_message_without_a_symbol_is_of_the_only_instrument() -> None:
    named = Message("named", when={"symbol": "A"}, symbol=Symbol("symbol"), emits=TRADES)
    other = Message("other", when={"symbol": "B"}, symbol=Symbol("symbol"), emits=TRADES)
    bare = Message("bare", symbol=ONLY, emits=TRADES)
    seen = Seen([named, other, bare], "{}", '{"s":"A"}', "{}", '{"s":"B"}', "{}")
    assert seen.rows == [1, 1, 2]


def test_symbols_of_a_kind_of_their_own_are_kept_apart() -> None:
    index = Message(
        "index", when={"other": "x"}, symbol=Symbol("symbol"), emits=TRADES, kind=INDEX_INSTRUMENT
    )
    trade = Message("trade", symbol=Symbol("symbol"), emits=TRADES)
    seen = Seen([index, trade], '{"s":"A"}', '{"s":"A","o":"x"}', '{"s":"A"}', kind=SPOT)
    assert seen.rows == [1, 2, 1]
    assert [each.kind for each in seen.instruments] == ["spot", "index"]


def test_the_kind_is_that_of_the_first_rule_that_fits_the_symbol() -> None:
    rules = [
        SymbolKind(PERPETUAL, suffix="-PERP"),
        SymbolKind(OPTION, dashes=3),
        SymbolKind(FUTURE, prefix="F_", suffix="_Q", dashes=0),
    ]
    symbols = ["A-PERP", "A-1-2-C", "F_A_Q", "F_A-_Q", "F_", "-PERP", "PERP", ""]
    texts = [f'{{"s":"{symbol}"}}' for symbol in symbols]
    message = Message("m", symbol=Symbol("symbol"), emits=TRADES)
    seen = Seen([message], *texts, kinds=rules, kind=UNKNOWN_INSTRUMENT)
    expected = ["perpetual", "option", "future", "unknown", "unknown", "perpetual", "unknown"]
    assert [each.kind for each in seen.instruments] == expected


def test_exponents_are_the_most_decimals_of_the_first_message() -> None:
    message = Message(
        "m", symbol=Symbol("symbol"), emits=TRADES,
        exponents=(("price", "rows.price"), "rows.size"),
    )  # fmt: skip
    texts = [
        '{"s":"A","p":"1.25","l":[["1.5","7"],["1.125","0.1"]]}',
        '{"s":"A","p":"1.0000001"}',
        '{"s":"B","p":0,"l":[]}',
        '{"s":"C","p":"1e-5","l":[["","1.0000000000000000000000"]]}',
    ]
    seen = Seen([message], *texts, price_exponent=-3, size_exponent=-4)
    told = [(each.price_exponent, each.size_exponent) for each in seen.instruments]
    assert told == [(-3, -1), (-3, -4), (0, -18)]


def test_a_message_that_makes_no_records_makes_no_instrument() -> None:
    quiet = Message("quiet", when={"other": "x"}, symbol=Symbol("symbol"))
    loud = Message("loud", symbol=Symbol("symbol"), emits=TRADES)
    assert Seen([quiet, loud], '{"s":"A","o":"x"}', '{"s":"B"}').symbols == ["B"]


def test_a_symbol_longer_than_its_column_is_cut_and_still_found_by_all_of_it() -> None:
    message = Message("m", symbol=Symbol("symbol"), emits=TRADES)
    long = "S" * 70
    seen = Seen([message], f'{{"s":"{long}1"}}', f'{{"s":"{long}2"}}', f'{{"s":"{long}1"}}')
    assert seen.symbols == ["S" * 63] * 2
    assert seen.rows == [1, 2, 1]


def test_an_instrument_that_finds_the_table_full_makes_no_record() -> None:
    message = Message("m", symbol=Symbol("symbol"), emits=TRADES)
    seen = Seen([message], *(f'{{"s":"{number}"}}' for number in range(20)))
    assert seen.rows == list(range(1, len(seen.instruments) + 1))
    assert len(seen.instruments) < 20
