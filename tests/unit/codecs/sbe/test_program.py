"""A program says in int64 words what the schema says."""

from __future__ import annotations

import pytest

import zerofeed.codecs.sbe._words as w
from tests.unit.codecs.sbe.schemas import COUNTED, EVERYTHING, FRAMED, everything
from zerofeed.base.errors import SchemaError
from zerofeed.codecs.sbe import compile_program, parse_schema

__all__: list[str] = []


def test_children_of_a_node_lie_together_groups_first() -> None:
    schema = parse_schema(EVERYTHING)
    program = compile_program(schema)
    for node, number in program.number.items():
        words = program.code[w.HEAD_WORDS + w.NODE_WORDS * number :][: w.NODE_WORDS]
        groups = getattr(node, "groups", ())
        data = getattr(node, "data", ())
        first = int(words[w.N_CHILDREN])
        assert program.nodes[first : first + len(groups) + len(data)] == (*groups, *data)
        assert (words[w.N_GROUPS], words[w.N_DATA]) == (len(groups), len(data))


def test_templates_are_sorted_by_id() -> None:
    text = COUNTED.replace('id="1002"', 'id="7"')
    program = compile_program(parse_schema(text))
    at = int(program.code[w.P_TEMPLATES])
    assert program.code[at : at + 4].tolist() == [7, 1, 1001, 0]


def test_a_program_cannot_be_written() -> None:
    program = compile_program(parse_schema(EVERYTHING))
    with pytest.raises(ValueError, match="read-only"):
        program.code[0] = 1


def test_byte_order_and_schema_id_are_in_the_head() -> None:
    little, big = (
        compile_program(parse_schema(everything(o))) for o in ("littleEndian", "bigEndian")
    )
    assert (little.code[w.P_ORDER], big.code[w.P_ORDER]) == (0, w.BIG_ENDIAN)
    assert little.code[w.P_SCHEMA_ID] == 77
    free = compile_program(parse_schema(EVERYTHING), is_schema_id_checked=False)
    assert free.code[w.P_SCHEMA_ID] == -1


def test_the_length_member_is_found_in_the_header() -> None:
    schema = parse_schema(FRAMED)
    program = compile_program(schema, length_member="frameLength")
    assert program.code[w.P_LENGTH : w.P_LENGTH + 2].tolist() == [w.CODE_U16, 0]
    assert compile_program(schema).code[w.P_LENGTH] == w.CODE_NONE
    with pytest.raises(SchemaError, match="no such length member"):
        compile_program(schema, length_member="length")


def test_scratch_is_deep_enough_for_the_nesting_of_the_schema() -> None:
    flat, deep = (compile_program(parse_schema(text)) for text in (FRAMED, EVERYTHING))
    assert deep.stack_words == flat.stack_words + 3 * w.FRAME_WORDS
