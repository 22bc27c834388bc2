"""The walker finds every part of a message, says why when it cannot, and allocates nothing."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import zerofeed.codecs.sbe._words as w
from tests.unit.codecs.sbe import naive
from tests.unit.codecs.sbe.schemas import COUNTED, EVERYTHING, counted
from zerofeed.base.kernel import F64, I64, I64_2D, I64_RO, U8_RO, int64, kernel
from zerofeed.base.status import (
    BUFFER_FULL,
    MALFORMED,
    OK,
    TRUNCATED,
    UNKNOWN_SCHEMA,
    UNKNOWN_TEMPLATE,
)
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs.sbe import SbeDecoder, compile_program, encode, parse_schema
from zerofeed.codecs.sbe._cell_kernels import read_cells
from zerofeed.codecs.sbe._walk_kernels import walk_body, walk_message

__all__: list[str] = []

PROGRAM = compile_program(parse_schema(EVERYTHING))
LEG = {"leg": -1, "fills": [{"size": 1.5}, {"size": 2.5}], "note": "ab"}
VALUES: dict[str, Any] = {
    "at": 1,
    "flat": [{"price": 10, "side": "ask"}, {"price": 11, "side": "bid"}],
    "deep": [
        {"id": 1, "legs": [LEG], "marks": [], "blob": b"xyz"},
        {"id": 2, "legs": [], "marks": [], "blob": b""},
    ],
    "texts": [],
    "name": "n",
    "raw": b"",
    "ascii": "abc",
}
MESSAGE = encode(PROGRAM.schema, "Groups", VALUES)
CODES = {TRUNCATED, MALFORMED, UNKNOWN_TEMPLATE, UNKNOWN_SCHEMA}


class Walk:
    """The tables of a walk, and the walk itself."""

    def __init__(self, rows: int = 64) -> None:
        self.spans = np.zeros((rows, w.SPAN_WORDS), np.int64)
        self.stack = np.zeros(PROGRAM.stack_words, np.int64)
        self.result = np.zeros(w.RESULT_WORDS, np.int64)

    def __call__(self, data: bytes, at: int = 0, limit: int | None = None) -> int:
        buffer = np.frombuffer(data, np.uint8)
        limit = len(data) if limit is None else limit
        return walk_message(PROGRAM.code, buffer, at, limit, self.spans, self.stack, self.result)


def test_spans_are_those_of_a_message_taken_apart_by_hand() -> None:
    walk = Walk()
    rows = walk(b"??" + MESSAGE, 2)
    names = {number: node.name for node, number in PROGRAM.number.items()}
    columns = [w.S_KIND, w.S_AT, w.S_LENGTH, w.S_COUNT, w.S_PARENT, w.S_NEXT]
    found = [
        (names[row[w.S_NODE]], *(row[column] for column in columns))
        for row in walk.spans[:rows].tolist()
    ]
    root, group, entry, data = w.SPAN_ROOT, w.SPAN_GROUP, w.SPAN_ENTRY, w.SPAN_DATA
    assert found == [
        # name, kind, at, length, count, parent, next
        ("Groups", root, 10, 8, 1, -1, 18),
        ("flat", group, 24, 12, 2, 0, 2),
        ("deep", group, 51, 2, 2, 0, 14),
        ("deep", entry, 51, 2, 1, 2, 10),
        ("legs", group, 61, 2, 1, 3, 8),
        ("legs", entry, 61, 2, 1, 4, 8),
        ("fills", group, 67, 4, 2, 5, 7),
        ("note", data, 76, 2, 1, 5, 8),
        ("marks", group, 81, 24, 0, 3, 9),
        ("blob", data, 83, 3, 1, 3, 10),
        ("deep", entry, 86, 2, 1, 2, 14),
        ("legs", group, 96, 2, 0, 10, 12),
        ("marks", group, 99, 24, 0, 10, 13),
        ("blob", data, 101, 0, 1, 10, 14),
        ("texts", group, 105, 0, 0, 0, 15),
        ("name", data, 106, 1, 1, 0, 16),
        ("raw", data, 109, 0, 1, 0, 17),
        ("ascii", data, 113, 3, 1, 0, 18),
    ]
    assert walk.result[w.R_END] == 2 + len(MESSAGE)
    assert walk.result[w.R_ROWS] == rows


def test_rows_of_parts_nest_and_follow_one_another() -> None:
    walk = Walk()
    rows = walk(MESSAGE)
    for row in range(rows):
        after = int(walk.spans[row, w.S_NEXT])
        assert row < after <= rows
        inside = walk.spans[row + 1 : after, w.S_PARENT]
        assert all(row <= parent < after for parent in inside)
        parent = int(walk.spans[row, w.S_PARENT])
        assert parent == -1 or parent < row < walk.spans[parent, w.S_NEXT]


def test_the_result_repeats_the_header() -> None:
    walk = Walk()
    assert walk(MESSAGE) > 0
    assert walk.result[
        [w.R_TEMPLATE_ID, w.R_SCHEMA_ID, w.R_VERSION, w.R_BLOCK_LENGTH]
    ].tolist() == [
        5,
        77,
        0,
        8,
    ]
    assert PROGRAM.nodes[walk.result[w.R_NODE]] is PROGRAM.schema.message("Groups")


def test_each_failure_has_its_code() -> None:
    walk = Walk()
    assert walk(b"") == TRUNCATED
    assert walk(MESSAGE[:7]) == TRUNCATED
    assert walk(MESSAGE, len(MESSAGE)) == TRUNCATED
    assert walk(MESSAGE, -1) == MALFORMED
    assert walk(MESSAGE, 9, 8) == MALFORMED
    assert walk(b"\x00\x00\x63\x00\x4d\x00\x00\x00") == UNKNOWN_TEMPLATE
    assert walk(b"\x00\x00\x05\x00\x4e\x00\x00\x00") == UNKNOWN_SCHEMA
    assert walk.result[w.R_END] == -1


def test_a_full_span_table_is_reported_at_every_size_that_is_too_small() -> None:
    rows = Walk()(MESSAGE)
    for size in range(rows):
        assert Walk(size)(MESSAGE) == BUFFER_FULL
    assert Walk(rows)(MESSAGE) == rows


def test_a_limit_beyond_the_buffer_is_the_buffer_s_end() -> None:
    walk = Walk()
    assert walk(MESSAGE, 0, 2**62) == Walk()(MESSAGE)
    assert walk(MESSAGE[:-1], 0, 2**62) == TRUNCATED


def test_a_body_needs_a_known_message() -> None:
    walk = Walk()
    buffer = np.frombuffer(MESSAGE, np.uint8)
    tables = (walk.spans, walk.stack, walk.result)
    node = PROGRAM.number[PROGRAM.schema.message("Groups")]
    assert walk_body(PROGRAM.code, buffer, 8, len(buffer), node, -1, 0, *tables) > 0
    assert walk_body(PROGRAM.code, buffer, 8, len(buffer), -1, -1, 0, *tables) == UNKNOWN_TEMPLATE
    assert walk_body(PROGRAM.code, buffer, 8, len(buffer), 99, -1, 0, *tables) == UNKNOWN_TEMPLATE
    assert walk_body(PROGRAM.code, buffer, -8, len(buffer), node, -1, 0, *tables) == MALFORMED


def test_counts_and_lengths_near_the_top_of_their_types_do_not_wrap() -> None:
    walk = Walk()
    data = bytearray(MESSAGE)
    data[16:22] = b"\xff\xff\xff\xff\xff\xff"
    assert walk(bytes(data)) == TRUNCATED
    wide = EVERYTHING.replace(
        '<type name="numInGroup" primitiveType="uint32"/>',
        '<type name="numInGroup" primitiveType="uint64"/>',
    )
    program = compile_program(parse_schema(wide))
    for count in (b"\xff" * 8, b"\xff" * 7 + b"\x7f", b"\0" * 7 + b"\x40"):
        raw = np.frombuffer(bytes(data[:16]) + b"\xff\xff" + count + bytes(64), np.uint8)
        code = walk_message(program.code, raw, 0, len(raw), walk.spans, walk.stack, walk.result)
        assert code in {MALFORMED, TRUNCATED}


@given(st.binary(max_size=60), st.integers(0, 8), st.integers(0, 70))
def test_any_bytes_give_rows_inside_the_buffer_or_a_code(
    body: bytes, template: int, limit: int
) -> None:
    walk = Walk(512)
    data = np.array([8, template, 77, 0], "<u2").tobytes() + body
    rows = walk(data, 0, limit)
    if rows < 0:
        assert rows in CODES
        return
    end = min(limit, len(data))
    for kind, _, at, length, count, *_ in walk.spans[:rows].tolist():
        if at >= 0:
            total = length * count if kind == w.SPAN_GROUP and count == 0 else length
            assert 0 <= at <= at + total <= end
    assert walk.result[w.R_END] <= end


@kernel(int64(int64, I64_RO, U8_RO, I64_2D, I64, I64, I64, F64, I64))
def decode_often(
    times: int,
    program: NDArray[np.int64],
    buffer: Bytes,
    spans: NDArray[np.int64],
    stack: NDArray[np.int64],
    result: NDArray[np.int64],
    ints: NDArray[np.int64],
    floats: NDArray[np.float64],
    states: NDArray[np.int64],
) -> int:
    cells = 0
    for _ in range(times):
        rows = walk_message(program, buffer, 0, len(buffer), spans, stack, result)
        cells += read_cells(program, buffer, spans, rows, result[w.R_VERSION], ints, floats, states)
    return cells


@pytest.mark.compiled
def test_walking_and_reading_allocate_nothing() -> None:
    from numba.core.runtime import _nrt_python, rtsys

    walk = Walk()
    ints, floats, states = np.zeros(99, np.int64), np.zeros(99), np.zeros(99, np.int64)
    tables = (walk.spans, walk.stack, walk.result, ints, floats, states)
    buffer = np.frombuffer(MESSAGE, np.uint8)

    def allocations(times: int) -> tuple[int, int, int]:
        """Count Numba's allocations of a call, and Python's bytes that stay and at the peak."""
        before = rtsys.get_allocation_stats()
        tracemalloc.reset_peak()
        start, _ = tracemalloc.get_traced_memory()
        assert decode_often(times, PROGRAM.code, buffer, *tables) > OK
        after, peak = tracemalloc.get_traced_memory()
        stats = rtsys.get_allocation_stats()
        made = stats.alloc + stats.mi_alloc - before.alloc - before.mi_alloc
        return made, after - start, peak - start

    _nrt_python.memsys_enable_stats()
    tracemalloc.start()
    try:
        allocations(1)
        once, often = allocations(1), allocations(1000)
    finally:
        tracemalloc.stop()
        _nrt_python.memsys_disable_stats()
    # The call itself wraps each array argument once; what is decoded inside it adds nothing.
    assert often[0] == once[0]
    assert max(once[1], often[1]) < 256
    assert max(once[2], often[2]) < 2048


def test_a_counted_header_is_walked_with_its_counts() -> None:
    program = compile_program(parse_schema(COUNTED))
    raw = encode(program.schema, "Book", {"id": 1, "levels": [{"price": 1.0}], "name": "x"})
    walk = Walk()
    buffer = np.frombuffer(raw, np.uint8)
    rows = walk_message(program.code, buffer, 0, len(raw), walk.spans, walk.stack, walk.result)
    assert rows == 3
    assert walk.result[w.R_END] == len(raw)


def decoded(decoder: SbeDecoder, raw: bytes) -> dict[str, Any]:
    """Decode bytes that are one message, to the last of them."""
    message = decoder.message(raw)
    assert message is not None
    assert message.end == len(raw)
    return message.to_dict()


def test_counts_in_the_header_let_an_older_decoder_skip_what_is_new() -> None:
    writer, reader = parse_schema(counted(1)), SbeDecoder(parse_schema(COUNTED))
    inner = [{"i": 1, "note": "abc"}, {"i": 2, "note": ""}]
    values = {
        "id": 7,
        "later": 8,
        "levels": [{"price": 1.5, "inner": inner}, {"price": 2.5, "inner": []}],
        "fresh": [{"f": 1, "under": [{"u": 1}, {"u": 2}]}, {"f": 2, "under": []}],
        "name": "name",
        "more": "more",
    }
    raw = encode(writer, "Book", values)
    assert decoded(SbeDecoder(writer), raw) == values
    known = {"id": 7, "levels": [{"price": 1.5}, {"price": 2.5}], "name": "name"}
    assert decoded(reader, raw) == known
    tick = encode(writer, "Tick", {"t": 3})
    messages = reader.messages(raw + tick + raw)
    assert [message.name for message in messages] == ["Book", "Tick", "Book"]
    assert messages.status == OK
    assert naive.decode(reader.schema, raw) == ("Book", known, len(raw))


def test_counts_below_the_schema_s_say_that_groups_and_data_are_not_sent() -> None:
    schema = parse_schema(COUNTED)
    raw = bytearray(encode(schema, "Book", {"id": 7, "levels": [{"price": 1.0}], "name": "n"}))
    bare = raw[:16]
    bare[8:12] = bytes(4)
    assert decoded(SbeDecoder(schema), bytes(bare)) == {"id": 7, "levels": [], "name": None}


def test_unknown_groups_nested_without_end_are_malformed() -> None:
    schema = parse_schema(COUNTED)
    header = np.array([0, 1002, 5, 0, 1, 0], "<u2").tobytes()
    nest = np.array([0, 1, 1, 0], "<u2").tobytes() * 40
    decoder = SbeDecoder(schema)
    assert decoder.message(header + nest) is None
    assert decoder.status == MALFORMED


def test_unknown_parts_of_unknown_form_are_malformed() -> None:
    text = counted(0).replace('<group name="levels"', '<group name="levels" dimensionType="other"')
    other = """<composite name="other"><type name="blockLength" primitiveType="uint8"/>
      <type name="numInGroup" primitiveType="uint8"/></composite></types>"""
    text = text.replace("groupSizeEncoding", "unused", 1).replace("</types>", other, 1)
    text = text.replace(
        "</ns2:messageSchema>",
        '<ns2:message name="Third" id="3"><group name="g" id="1" dimensionType="unused"/>'
        "</ns2:message></ns2:messageSchema>",
    )
    decoder = SbeDecoder(parse_schema(text))
    assert decoder.schema.default_dimensions is None
    header = np.array([1, 1002, 5, 0, 1, 0], "<u2").tobytes()
    assert decoder.message(header + bytes(20)) is None
    assert decoder.status == MALFORMED


def test_entries_of_no_bytes_are_limited_in_number() -> None:
    decoder = SbeDecoder(parse_schema(EVERYTHING))
    raw = bytearray(encode(decoder.schema, "Groups", {"at": 1}))
    assert raw[16:22] == b"\x0c\x00\x00\x00\x00\x00"
    raw[16:22] = b"\x00\x00\xff\x00\x00\x00"
    message = decoder.message(bytes(raw))
    assert message is not None
    assert len(message.to_dict()["flat"]) == 255
    raw[16:22] = b"\x00\x00\xff\xff\xff\xff"
    assert decoder.message(bytes(raw)) is None
    assert decoder.status == MALFORMED
