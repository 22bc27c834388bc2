"""Compiles a schema into the int64 program that the walker kernel executes.

One kernel walks the messages of every schema, because what differs between schemas is data:
which integers a header holds, what follows what, since which version. The program is one flat
array, so that running it needs no Python object and no allocation:

============  ==================================================================================
words         what
============  ==================================================================================
0 .. 31       fixed part: ``P_*`` in ``_words``; the message header as slots
nodes         ``NODE_WORDS`` each: the messages, then their groups and var data; the children of
              a node lie together, groups first
templates     template id and node, sorted by id, two words each
leaves        ``LEAF_WORDS`` each, those of a node together
============  ==================================================================================

A *slot* is two words that say how to get one integer: a type code and an offset from the
start of the header; code 0 says the integer does not exist, ``CODE_CONSTANT`` that the second
word is its value.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import zerofeed.codecs.sbe._words as w
from zerofeed.base.errors import SchemaError
from zerofeed.codecs.sbe.layout import Leaf, leaves
from zerofeed.codecs.sbe.model import Block, Group, GroupDimensions, Schema, Slot, VarData

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Program", "compile_program"]

_MAX_UNKNOWN_DEPTH = 4
_NEVER = 2**62


@dataclass(frozen=True, eq=False, slots=True)
class Program:
    """A compiled schema.

    Attributes:
        code: int64 words, read-only; the first argument of every kernel.
        nodes: definition of each node by its number; None for the two that stand for
            unknown groups and unknown var data.
        number: node of each message, group and var data.
        leaves: leaves of each node, in cell order.
        stack_words: int64 words of scratch that a walk needs.
    """

    schema: Schema
    code: NDArray[np.int64]
    nodes: tuple[Block | VarData | None, ...]
    number: Mapping[Block | VarData, int]
    leaves: tuple[tuple[Leaf, ...], ...]
    stack_words: int


def compile_program(
    schema: Schema, *, length_member: str | None = None, is_schema_id_checked: bool = True
) -> Program:
    """Compile a schema.

    Args:
        schema: the schema.
        length_member: member of the message header that counts the bytes of the whole
            message, header included, where the venue added one.
        is_schema_id_checked: False decodes messages whatever schema id they carry.

    Returns:
        The program.

    Raises:
        SchemaError: the header has no such length member.
    """
    nodes: list[Block | VarData | None] = list(schema.messages)
    children: list[int] = []
    at = 0
    while at < len(nodes):
        node = nodes[at]
        children.append(len(nodes))
        if isinstance(node, Block):
            nodes.extend(node.groups)
            nodes.extend(node.data)
        at += 1
    unknown_group, unknown_data = len(nodes), len(nodes) + 1
    nodes += [None, None]
    children += [len(nodes), len(nodes)]

    node_leaves = tuple(leaves(node) if isinstance(node, Block) else () for node in nodes)
    nodes_at = w.HEAD_WORDS
    templates_at = nodes_at + w.NODE_WORDS * len(nodes)
    leaves_at = templates_at + 2 * len(schema.messages)
    code = np.zeros(leaves_at + w.LEAF_WORDS * sum(map(len, node_leaves)), np.int64)

    _write_head(code, schema, length_member, is_schema_id_checked=is_schema_id_checked)
    code[w.P_TEMPLATES] = templates_at
    code[w.P_TEMPLATE_COUNT] = len(schema.messages)
    has_dimensions = schema.default_dimensions is not None
    code[w.P_UNKNOWN_GROUP] = unknown_group if has_dimensions else -1
    code[w.P_UNKNOWN_DATA] = unknown_data if schema.default_var_data is not None else -1

    for number, node in enumerate(nodes):
        words = code[nodes_at + w.NODE_WORDS * number :][: w.NODE_WORDS]
        _write_node(words, node, children[number])
        words[w.N_LEAVES] = leaves_at
        words[w.N_LEAF_COUNT] = len(node_leaves[number])
        words[w.N_CELLS] = sum(leaf.cells for leaf in node_leaves[number])
        for leaf in node_leaves[number]:
            _write_leaf(code[leaves_at:][: w.LEAF_WORDS], leaf)
            leaves_at += w.LEAF_WORDS
    _write_unknown(code, schema, unknown_group, unknown_data)

    order = sorted(range(len(schema.messages)), key=lambda i: schema.messages[i].id)
    for position, number in enumerate(order):
        code[templates_at + 2 * position] = schema.messages[number].id
        code[templates_at + 2 * position + 1] = number
    code.setflags(write=False)
    depth = 1 + max((_depth(message) for message in schema.messages), default=0)
    return Program(
        schema=schema,
        code=code,
        nodes=tuple(nodes),
        number={node: number for number, node in enumerate(nodes) if node is not None},
        leaves=node_leaves,
        stack_words=w.FRAME_WORDS * (depth + _MAX_UNKNOWN_DEPTH),
    )


def _depth(block: Block) -> int:
    return max((1 + _depth(group) for group in block.groups), default=0)


def _write_slot(words: NDArray[np.int64], at: int, slot: Slot | None) -> None:
    if slot is None:
        return
    if slot.constant is not None:
        words[at], words[at + 1] = w.CODE_CONSTANT, slot.constant
    else:
        words[at], words[at + 1] = slot.primitive.code, slot.offset


def _write_head(
    code: NDArray[np.int64],
    schema: Schema,
    length_member: str | None,
    *,
    is_schema_id_checked: bool,
) -> None:
    code[w.P_ORDER] = w.BIG_ENDIAN if schema.byte_order == ">" else 0
    code[w.P_VERSION] = schema.version
    code[w.P_SCHEMA_ID] = schema.id if is_schema_id_checked else -1
    header = schema.header
    if header is None:
        return
    code[w.P_HEADER_SIZE] = header.size
    _write_slot(code, w.P_BLOCK_LENGTH, header.block_length)
    _write_slot(code, w.P_TEMPLATE_ID, header.template_id)
    _write_slot(code, w.P_SCHEMA, header.schema_id)
    _write_slot(code, w.P_VERSION_SLOT, header.version)
    _write_slot(code, w.P_NUM_GROUPS, header.num_groups)
    _write_slot(code, w.P_NUM_DATA, header.num_var_data)
    if length_member is not None:
        member = header.composite.member(length_member)
        primitive = getattr(member.type, "primitive", None) if member is not None else None
        if member is None or primitive is None:
            raise SchemaError(
                "the header has no such length member",
                where=f"{schema.source}: header {header.composite.name}",
                expected=[item.name for item in header.composite.members],
                got=length_member,
                next_step="name a member of the header, or none",
            )
        _write_slot(code, w.P_LENGTH, Slot(member.offset, primitive))


def _write_node(words: NDArray[np.int64], node: Block | VarData | None, children: int) -> None:
    words[w.N_CHILDREN] = children
    words[w.N_GROUP_SINCE] = words[w.N_DATA_SINCE] = _NEVER
    if node is None:
        return
    words[w.N_SINCE] = node.since_version
    if isinstance(node, VarData):
        words[w.N_KIND] = w.SPAN_DATA
        _write_data(words, node)
        return
    words[w.N_KIND] = w.SPAN_GROUP if isinstance(node, Group) else w.SPAN_ROOT
    words[w.N_BLOCK_LENGTH] = node.block_length
    words[w.N_GROUPS] = len(node.groups)
    words[w.N_DATA] = len(node.data)
    words[w.N_GROUP_SINCE] = min((group.since_version for group in node.groups), default=_NEVER)
    words[w.N_DATA_SINCE] = min((data.since_version for data in node.data), default=_NEVER)
    if isinstance(node, Group):
        _write_dimensions(words, node.dimensions)


def _write_dimensions(words: NDArray[np.int64], dimensions: GroupDimensions) -> None:
    words[w.N_HEAD_SIZE] = dimensions.size
    _write_slot(words, w.N_LENGTH, dimensions.block_length)
    _write_slot(words, w.N_COUNT, dimensions.num_in_group)
    _write_slot(words, w.N_NUM_GROUPS, dimensions.num_groups)
    _write_slot(words, w.N_NUM_DATA, dimensions.num_var_data)


def _write_data(words: NDArray[np.int64], data: VarData) -> None:
    words[w.N_HEAD_SIZE] = data.size
    _write_slot(words, w.N_LENGTH, data.length)


def _write_unknown(code: NDArray[np.int64], schema: Schema, group: int, data: int) -> None:
    words = code[w.HEAD_WORDS + w.NODE_WORDS * group :][: w.NODE_WORDS]
    words[w.N_KIND] = w.SPAN_UNKNOWN
    if schema.default_dimensions is not None:
        _write_dimensions(words, schema.default_dimensions)
    words = code[w.HEAD_WORDS + w.NODE_WORDS * data :][: w.NODE_WORDS]
    words[w.N_KIND] = w.SPAN_UNKNOWN
    if schema.default_var_data is not None:
        _write_data(words, schema.default_var_data)


def _write_leaf(words: NDArray[np.int64], leaf: Leaf) -> None:
    words[w.L_OFFSET] = leaf.offset
    words[w.L_SIZE] = leaf.size
    words[w.L_CODE] = leaf.code
    words[w.L_CELLS] = leaf.cells
    words[w.L_SINCE] = leaf.since_version
    words[w.L_HAS_NULL] = leaf.null is not None
    if isinstance(leaf.null, float):
        words[w.L_NULL_IS_NAN] = math.isnan(leaf.null)
        packed = struct.pack("<f" if leaf.code == w.CODE_F32 else "<d", leaf.null)
        words[w.L_NULL] = int.from_bytes(packed, "little", signed=leaf.code == w.CODE_F64)
    elif leaf.null is not None:
        words[w.L_NULL] = (leaf.null + 2**63) % 2**64 - 2**63
