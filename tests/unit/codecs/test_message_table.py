"""A table of messages makes dtypes, views and bytes that agree with each other."""

from __future__ import annotations

import numpy as np
import pytest

from zerofeed.base.errors import ConfigurationError, SchemaError
from zerofeed.codecs.message_table import Field, Message, MessageTable, MessageView, as_bytes

__all__: list[str] = []

TRADE = Message(
    7,
    "trade",
    (
        Field("type", "u1", "type"),
        Field("size", "<u2", "shares"),
        Field("price", "<i4", "cents"),
        Field("symbol", "S3", "text"),
        Field("venue", "S1", "letter"),
    ),
    7,
)
TABLE = MessageTable("TOY", (TRADE,))
WHOLE = {"size": 5, "price": -2, "symbol": "AB", "venue": "X"}


def view_of(data: bytes, offset: int = 0) -> MessageView:
    return MessageView(TRADE, as_bytes(data), offset, len(data) - offset)


def test_fields_follow_each_other_without_gaps() -> None:
    assert TRADE.offsets == {"type": 0, "size": 1, "price": 3, "symbol": 7, "venue": 10}
    assert TRADE.most_bytes == 11
    assert TRADE.units["price"] == "cents"


@pytest.mark.parametrize(
    ("length", "names"),
    [
        (7, ["type", "size", "price"]),
        (9, ["type", "size", "price"]),
        (10, ["type", "size", "price", "symbol"]),
        (11, ["type", "size", "price", "symbol", "venue"]),
        (200, ["type", "size", "price", "symbol", "venue"]),
        (None, ["type", "size", "price", "symbol", "venue"]),
    ],
)
def test_dtype_has_the_fields_that_end_within_the_message(length, names) -> None:
    dtype = TRADE.dtype(length)
    assert list(dtype.names) == names
    assert dtype.itemsize == min(11, length or 11)
    assert TRADE.dtype(length) is dtype


def test_message_is_written_and_seen_in_place() -> None:
    data = bytearray(b"--" + TABLE.encode("trade", WHOLE, type=7))
    assert bytes(data) == b"--\7\5\0\xfe\xff\xff\xffAB X"
    view = MessageView(TRADE, as_bytes(data), 2, 11)
    assert view.to_dict() == {
        "type": 7, "size": 5, "price": -2, "symbol": b"AB", "venue": b"X",
    }  # fmt: skip
    data[3] = 6
    assert view["size"] == 6
    assert view.fields.dtype == TRADE.dtype()
    assert repr(view) == "<trade type=7, size=6, price=-2, symbol=b'AB', venue=b'X'>"


def test_fields_that_are_not_there_are_named() -> None:
    short = view_of(TABLE.encode("trade", {"size": 1, "price": 2}, type=7))
    assert list(short.to_dict()) == ["type", "size", "price"]
    for name in ("symbol", "colour"):
        with pytest.raises(KeyError, match=f"a trade of 7 bytes has no field '{name}'"):
            short[name]


def test_optional_fields_may_be_left_out_from_the_end() -> None:
    assert len(TABLE.encode("trade", {"size": 1, "price": 2}, type=7)) == 7
    assert len(TABLE.encode("trade", {"size": 1, "price": 2, "symbol": "A"}, type=7)) == 10


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 1}, "a field is missing; expected price"),
        ({"size": 1, "price": 2, "colour": 3}, "has no such field; .*; got colour"),
        ({"size": 1, "price": 2, "venue": "X"}, "in front of these is missing; got .'venue'."),
        ({**WHOLE, "size": 65_536}, "does not fit its field; expected <u2 .shares.; got 65536"),
        ({**WHOLE, "price": "2"}, "does not fit its field"),
        ({**WHOLE, "symbol": "ABCD"}, "does not fit its field"),
        ({**WHOLE, "symbol": 5}, "does not fit its field"),
    ],
)
def test_values_that_do_not_make_a_message_are_refused(values, message) -> None:
    with pytest.raises(ConfigurationError, match=message):
        TABLE.encode("trade", values, type=7)


def test_numpy_s_integers_are_integers() -> None:
    assert TABLE.encode("trade", {"size": np.uint16(1), "price": np.int64(2)}, type=7)


def test_types_are_found_by_name_and_number() -> None:
    assert TABLE["trade"] is TABLE.by_code[7] is TRADE
    assert list(TABLE) == [TRADE]
    with pytest.raises(SchemaError, match="TOY: no such message; expected one of trade; got quote"):
        TABLE["quote"]


@pytest.mark.parametrize("buffer", [b"", bytearray(), np.zeros(0, np.uint8)])
def test_an_empty_buffer_is_no_bytes(buffer) -> None:
    assert as_bytes(buffer).size == 0


def test_bytes_are_not_copied() -> None:
    data = bytearray(b"abc")
    as_bytes(data)[0] = 0
    assert data == b"\0bc"
