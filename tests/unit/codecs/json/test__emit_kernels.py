"""The records of an emit: one, or one for each row, each with what belongs to it and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.unit.venues.venue import encoded
from zerofeed.codecs.json.decoder import JsonDecoder
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import (
    ANY,
    Code,
    Constant,
    Emit,
    Message,
    Price,
    SideOfSign,
    Size,
    Symbol,
    Time,
    Whole,
)
from zerofeed.codecs.json.shape import Items, Shape
from zerofeed.records import kinds
from zerofeed.records.units import UNDEF

__all__: list[str] = []

WANTED: Any = {
    "s": "symbol",
    "t": "time",
    "p": "price",
    "q": "size",
    "l": Items("rows", ["price", "size"]),
    "d": Items("parts", {"s": "symbol", "l": Items("inner", ["price"])}),
}


def made(message: Message, *texts: str) -> tuple[Any, JsonDecoder]:
    """The records of messages but for the definitions'."""
    decoder = JsonDecoder(
        Dialect(Shape(WANTED), [message]), instruments=16, longest_bytes=1024, batch=256
    )
    data, index = encoded(texts)
    columns = [index[name].astype(np.int64) for name in ("offset", "length", "ts_ns")]
    records, taken = decoder.decode(data, *columns)
    assert taken == len(texts)
    return records[records["kind"] != kinds.INSTRUMENT], decoder


def of_one(emit: Emit, text: str) -> Any:
    records, _ = made(Message("m", symbol=Symbol("symbol"), emits=[emit]), text)
    return records


def test_what_is_of_no_row_is_in_the_record_of_each() -> None:
    emit = Emit(
        kinds.TRADE, rows="rows", time=Time("time", "ms"), price=Price("rows.price"),
        size=Size("rows.size"), trade_id=Whole("time", plus=1), side=SideOfSign("rows.size"),
    )  # fmt: skip
    records = of_one(emit, '{"l":[["1","2"],["3","-4"],["5"]],"s":"A","t":7}')
    assert records["ts_event_ns"].tolist() == [7_000_000] * 3
    assert records["price"].tolist() == [10**8, 3 * 10**8, 5 * 10**8]
    assert records["size"].tolist() == [2 * 10**8, -4 * 10**8, UNDEF]
    assert records["side"].tolist() == [kinds.BID, kinds.ASK, kinds.NO_SIDE]
    assert records.view(np.int64).reshape(3, 8)[:, 6].tolist() == [8, 8, 8]


def test_the_first_alternative_that_is_there_counts() -> None:
    emit = Emit(kinds.TRADE, price=(Price("price"), Price("size"), Constant(9)))
    texts = ['{"p":"1","q":"2","s":"A"}', '{"q":"2","s":"A"}', '{"s":"A"}']
    records, _ = made(Message("m", symbol=Symbol("symbol"), emits=[emit]), *texts)
    assert records["price"].tolist() == [10**8, 2 * 10**8, 9]


def test_a_position_is_closed_by_the_other_side() -> None:
    for is_position, sides in ((False, "BA"), (True, "AB")):
        emit = Emit(kinds.TRADE, side=SideOfSign("size", is_position=is_position))
        told = [of_one(emit, f'{{"s":"A","q":"{size}"}}')["side"][0] for size in ("1", "-1")]
        assert "".join(map(chr, told)) == sides


def test_what_must_be_there_and_is_not_makes_no_record() -> None:
    emit = Emit(kinds.TRADE, needs="price", price=Price("price"))
    message = Message("m", symbol=Symbol("symbol"), emits=[emit])
    texts = ['{"p":"","s":"A"}', '{"p":null,"s":"A"}', '{"s":"A"}', '{"p":"0","s":"A"}']
    records, _ = made(message, *texts)
    assert records["price"].tolist() == [0]


def test_a_text_that_has_no_code_is_undefined() -> None:
    emit = Emit(kinds.TRADE, side=Code("price", {"buy": kinds.BID}))
    sides = [int(of_one(emit, f'{{"s":"A","p":"{text}"}}')["side"][0]) for text in ("buy", "sell")]
    assert sides == [kinds.BID, kinds.NO_SIDE]


def test_a_row_of_the_outer_list_has_only_its_own_rows() -> None:
    emit = Emit(kinds.TRADE, rows="inner", price=Price("inner.price"))
    message = Message(
        "m", when={"parts": ANY}, symbol=Symbol("parts.symbol"), each="parts", emits=[emit]
    )
    text = '{"d":[{"l":[["1"],["2"]],"s":"A"},{"s":"B","l":[]},{"s":"C","l":[["3"]]}]}'
    records, decoder = made(message, text)
    assert (records["price"] // 10**8).tolist() == [1, 2, 3]
    rows = records["instrument"].tolist()
    assert [decoder.instruments.row(row).symbol for row in rows] == list("AAC")
