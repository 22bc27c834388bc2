"""Messages are seen in place under Nasdaq's names, one by one or by the array."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from tests.unit.codecs.itch import naive
from tests.unit.codecs.itch.harness import EXAMPLES, messages
from zerofeed.base.errors import SchemaError
from zerofeed.codecs.framing.blocks import encode_blocks, find_blocks
from zerofeed.codecs.itch.encoder import encode_message
from zerofeed.codecs.itch.messages import (
    HEAD_BYTES,
    ITCH_MESSAGES,
    LENGTHS,
    LONGEST_MESSAGE,
    MESSAGE_TYPES,
    gather,
    message_at,
    time_of_day,
)

__all__: list[str] = []

ADD = encode_message(
    "A", timestamp_ns=34_200_000_000_123, stock_locate=7, order_reference_number=2**63 + 1,
    buy_sell_indicator="S", shares=100, stock="AAPL", price=1_500_000,
)  # fmt: skip


def test_the_types_and_lengths_are_those_of_the_specification() -> None:
    assert {chr(m.code): m.most_bytes for m in ITCH_MESSAGES} == naive.LENGTHS
    assert "".join(MESSAGE_TYPES) == "SRHYLVWKJhAFECXDUPQBINO"
    assert (LONGEST_MESSAGE, LENGTHS.sum()) == (50, sum(naive.LENGTHS.values()))
    assert not LENGTHS.flags.writeable


@settings(max_examples=EXAMPLES)
@given(messages())
def test_a_view_has_the_values_of_the_oracle(message: bytes) -> None:
    view = message_at(b"..." + message, 3)
    names, codes = naive.FORMATS[view["type"].decode()]
    _, locate, tracking, high, low, *values = naive.struct.unpack(">cHHHI" + codes, message)
    assert (view["stock_locate"], view["tracking_number"]) == (locate, tracking)
    assert time_of_day(view) == high << 32 | low
    own = list(view.to_dict().values())[5:]
    expected = [v.rstrip(b" ") if isinstance(v, bytes) else v for v in values]
    assert own == expected
    assert len(own) == len(names.split())


def test_a_view_is_the_bytes_themselves() -> None:
    data = np.frombuffer(bytearray(ADD), np.uint8)
    view = message_at(data, 0)
    assert np.shares_memory(view.fields, data)
    assert (view.name, view["order_reference_number"]) == ("add_order", 2**63 + 1)
    assert ITCH_MESSAGES["add_order"].units["price"] == "0.0001 dollars"
    data[20:24] = 0
    assert view["shares"] == 0


def test_bytes_that_a_later_version_appends_are_passed_over() -> None:
    view = message_at(ADD + b"new", 0, len(ADD) + 3)
    assert (view.length, view.fields.dtype.itemsize) == (39, 36)


@pytest.mark.parametrize(
    ("data", "offset", "length", "complaint"),
    [
        (b"", 0, None, "no message there"),
        (ADD, -1, None, "no message there"),
        (ADD, 36, None, "no message there"),
        (b"z" + ADD, 0, None, "no such type"),
        (ADD[:-1], 0, None, "too few bytes for add_order"),
        (ADD, 0, 35, "too few bytes"),
    ],
)
def test_what_is_no_message_is_refused(data, offset, length, complaint) -> None:
    with pytest.raises(SchemaError, match=complaint):
        message_at(data, offset, length)


def test_all_messages_of_a_type_are_gathered_in_order() -> None:
    delete = encode_message("D", order_reference_number=5)
    other = ADD[:20] + bytes([0, 0, 0, 7]) + ADD[24:]
    data = encode_blocks([ADD, delete, other, ADD[:30]])
    offsets, lengths = find_blocks(data)
    table = gather(data, offsets, "A", lengths=lengths)
    assert table["shares"].tolist() == [100, 7]
    assert table["stock"].tolist() == [b"AAPL    "] * 2
    assert time_of_day(table).tolist() == [34_200_000_000_123] * 2
    assert gather(data, offsets, "D")["order_reference_number"].tolist() == [5]
    assert len(gather(data, offsets, "U")) == 0


@pytest.mark.parametrize("kind", ["z", "AB", ""])
def test_an_unknown_type_cannot_be_gathered(kind: str) -> None:
    with pytest.raises(SchemaError, match="no such type"):
        gather(ADD, np.zeros(1, np.int64), kind)


def test_the_head_is_what_all_have() -> None:
    assert all(sum(f.size for f in m.fields[:5]) == HEAD_BYTES for m in ITCH_MESSAGES)
