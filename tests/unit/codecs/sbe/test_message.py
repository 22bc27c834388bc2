"""Views show the message where it lies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.unit.codecs.sbe.schemas import everything, evolving
from zerofeed.base.errors import SchemaError
from zerofeed.codecs.sbe import MessageView, SbeDecoder, encode, parse_schema

__all__: list[str] = []

LEG = {"leg": -1, "fills": [{"size": 1.5}, {"size": 2.5}], "note": "ab"}
VALUES: dict[str, Any] = {
    "at": 258,
    "flat": [{"price": 10, "side": "ask"}, {"price": 11, "side": "bid"}],
    "deep": [
        {"id": 1, "legs": [LEG, {**LEG, "leg": 2}], "marks": [], "blob": b"xyz"},
        {"id": 2, "legs": [], "marks": [], "blob": b""},
    ],
    "texts": [{"text": "one"}],
    "name": "é",
    "raw": b"\0\1",
}


def view_of(order: str = "littleEndian") -> tuple[MessageView, bytearray]:
    """Decode a message in a buffer that the test may write."""
    schema = parse_schema(everything(order))
    buffer = bytearray(b"??" + encode(schema, "Groups", VALUES))
    view = SbeDecoder(schema).message(buffer, 2)
    assert view is not None
    return view, buffer


@pytest.mark.parametrize("order", ["littleEndian", "bigEndian"])
def test_fixed_fields_are_read_in_place(order: str) -> None:
    view, buffer = view_of(order)
    assert view.root["at"] == 258
    buffer[view.offset : view.offset + 8] = bytes(8)
    assert view.root["at"] == 0


def test_entries_at_a_stride_are_one_structured_array_over_the_buffer() -> None:
    view, buffer = view_of()
    flat = view.group("flat")
    assert (len(flat), flat.is_strided, flat.block_length) == (2, True, 12)
    assert flat.array["price"].tolist() == [10, 11]
    assert flat.array["side"].tolist() == [1, 0]
    assert flat.array.strides == (12,)
    assert np.shares_memory(flat.array, np.frombuffer(buffer, np.uint8))
    assert [entry.to_dict()["side"] for entry in flat] == ["ask", "bid"]
    assert [int(entry.block["price"]) for entry in flat] == [10, 11]


def test_entries_with_groups_and_data_are_iterated() -> None:
    view, _ = view_of()
    deep = view.group("deep")
    assert not deep.is_strided
    with pytest.raises(ValueError, match="no stride; iterate"):
        _ = deep.array
    first, second = deep
    assert [int(entry.block["id"]) for entry in (first, second)] == [1, 2]
    legs = list(first.group("legs"))
    assert [int(leg.block["leg"]) for leg in legs] == [-1, 2]
    assert legs[1].group("fills").array["size"].tolist() == [1.5, 2.5]
    assert legs[0].text("note") == "ab"
    blob = first.data("blob")
    assert blob is not None
    assert blob.tobytes() == b"xyz"
    assert len(second.group("legs")) == 0
    assert list(second.group("legs")) == []
    assert second.group("legs").is_strided


def test_var_data_is_a_view_of_the_buffer() -> None:
    view, buffer = view_of()
    raw = view.data("raw")
    assert raw is not None
    assert raw.tobytes() == b"\0\1"
    assert np.shares_memory(raw, np.frombuffer(buffer, np.uint8))
    assert (view.text("name"), view.text("ascii")) == ("é", "")


def test_a_view_of_one_entry_becomes_a_dict_of_that_entry() -> None:
    view, _ = view_of()
    whole = view.to_dict()
    assert [entry.to_dict() for entry in view.group("deep")] == whole["deep"]
    assert whole["deep"] == VALUES["deep"]


def test_views_stay_valid_when_the_decoder_goes_on() -> None:
    schema = parse_schema(everything("littleEndian"))
    decoder = SbeDecoder(schema)
    data = b"".join(encode(schema, "Groups", {**VALUES, "at": i}) for i in range(5))
    views = list(decoder.messages(data))
    assert [view.to_dict()["at"] for view in views] == list(range(5))
    assert [int(view.root["at"]) for view in views] == list(range(5))


def test_a_group_or_data_that_was_not_sent_is_empty_or_none() -> None:
    schema = parse_schema(evolving(2))
    view = SbeDecoder(schema).message(encode(schema, "Grown", {"a": 1}, version=0))
    assert view is not None
    assert len(view.group("extra")) == 0
    assert view.group("extra").array.shape == (0,)
    assert view.data("e") is None
    assert view.text("e") is None
    assert view.to_dict()["extra"] == []


def test_wrong_names_are_the_caller_s_error() -> None:
    view, _ = view_of()
    for wrong in (view.group, view.data, view.text):
        with pytest.raises(SchemaError, match=r"no .* is named 'nothing'"):
            wrong("nothing")


def test_a_read_only_buffer_gives_read_only_views() -> None:
    schema = parse_schema(everything("littleEndian"))
    view = SbeDecoder(schema).message(encode(schema, "Groups", VALUES))
    assert view is not None
    with pytest.raises(ValueError, match="read-only"):
        view.group("flat").array["price"][0] = 1
