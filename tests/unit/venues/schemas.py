"""Two schemas compared: what is read of a message by each is the same bytes."""

from __future__ import annotations

import numpy as np

import zerofeed.codecs.sbe._words as w
from zerofeed.codecs.sbe.model import Schema
from zerofeed.codecs.sbe.program import compile_program

__all__ = ["assert_same"]


def _without_unknown(schema: Schema) -> np.ndarray:
    """The program without what it takes groups and data for that its schema does not have."""
    program = compile_program(schema)
    code = program.code.copy()
    first = w.HEAD_WORDS + w.NODE_WORDS * (len(program.nodes) - 2)
    code[first : first + 2 * w.NODE_WORDS] = 0
    code[[w.P_UNKNOWN_GROUP, w.P_UNKNOWN_DATA]] = -1
    return code


def _names(schema: Schema) -> list[tuple[str, list[str]]]:
    program = compile_program(schema)
    return [
        (node.name, [leaf.path for leaf in leaves])
        for node, leaves in zip(program.nodes, program.leaves, strict=True)
        if node is not None
    ]


def _enums(schema: Schema) -> dict[str, dict[str, int]]:
    return {
        f"{block.name}.{field.name}": dict(values)
        for block in schema.blocks()
        for field in block.fields
        if field.presence != "constant"
        and (values := getattr(field.type, "values", None)) is not None
    }


def assert_same(ours: Schema, theirs: Schema) -> None:
    """Compare field by field: names, offsets, types, nulls, versions, headers, groups, enums."""
    assert _names(ours) == _names(theirs)
    assert _enums(ours) == _enums(theirs)
    assert np.array_equal(_without_unknown(ours), _without_unknown(theirs))
