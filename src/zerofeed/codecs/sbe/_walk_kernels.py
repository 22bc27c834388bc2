"""Compiled: finds the parts of an SBE message, and reads its fields into flat tables.

``find_message`` and ``walk_body`` execute a program (see ``program.py``) over the bytes of one
message and fill a *span table* the caller owns, one row of eight int64 for each part, in wire
order, a parent before its children:

=======  ======================================================================================
column   meaning
=======  ======================================================================================
S_KIND   SPAN_ROOT, SPAN_GROUP, SPAN_ENTRY or SPAN_DATA
S_NODE   node of the definition in the program
S_AT     byte offset in the buffer: of the block, of the first entry, of the data; -1 for a
         group or data that this version of the message does not send
S_LENGTH bytes: of the block, of one entry's block, of the data; as received, padding included
S_COUNT  entries of a group; 1 otherwise
S_PARENT row of what contains this; -1 for the root
S_NEXT   first row after this part and everything in it
S_CELL   number of the first cell of this block in the cell table
=======  ======================================================================================

A group whose entries hold neither groups nor data is one row however many entries it has: entry
i lies at ``S_AT + i * S_LENGTH``. Other groups have a SPAN_ENTRY row for each entry.

Every length and count comes from outside, so each is compared with what is left of the message
before it is used; a walk ends after at most a few steps for every byte of the message. The walk
keeps its own stack in the caller's scratch array and allocates nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import zerofeed.codecs.sbe._words as w
from zerofeed.base.kernel import I64, I64_2D, I64_RO, U8_RO, inlined, int64, kernel
from zerofeed.base.status import (
    BUFFER_FULL,
    MALFORMED,
    TRUNCATED,
    UNKNOWN_SCHEMA,
    UNKNOWN_TEMPLATE,
)
from zerofeed.codecs.sbe._load_kernels import load_integer

if TYPE_CHECKING:
    from zerofeed.codecs._bytes import Bytes

__all__ = ["find_message", "walk_body", "walk_message"]

_Words = NDArray[np.int64]


@inlined
def _slot(program: _Words, slot: int, buffer: Bytes, head: int) -> int:
    """Get one integer of a header that starts at ``head``; -1 where the header has none."""
    code = program[slot]
    if code == w.CODE_NONE:
        return -1
    if code == w.CODE_CONSTANT:
        constant: int = program[slot + 1]
        return constant
    return load_integer(buffer, head + program[slot + 1], code, program[w.P_ORDER])


@inlined
def _find_template(program: _Words, template_id: int) -> int:
    """Find the node of a template by bisection; -1 where the schema has none."""
    low = 0
    high = program[w.P_TEMPLATE_COUNT]
    table = program[w.P_TEMPLATES]
    while low < high:
        middle = (low + high) >> 1
        found = program[table + 2 * middle]
        if found == template_id:
            node: int = program[table + 2 * middle + 1]
            return node
        if found < template_id:
            low = middle + 1
        else:
            high = middle
    return -1


@inlined
def _put_span(
    spans: _Words,
    row: int,
    kind: int,
    node: int,
    at: int,
    length: int,
    count: int,
    parent: int,
    cell: int,
) -> None:
    base = row * w.SPAN_WORDS
    spans[base + w.S_KIND] = kind
    spans[base + w.S_NODE] = node
    spans[base + w.S_AT] = at
    spans[base + w.S_LENGTH] = length
    spans[base + w.S_COUNT] = count
    spans[base + w.S_PARENT] = parent
    spans[base + w.S_NEXT] = row + 1
    spans[base + w.S_CELL] = cell


@inlined
def _push(
    stack: _Words,
    depth: int,
    node: int,
    entries: int,
    block: int,
    groups: int,
    data: int,
    row: int,
) -> None:
    """Begin a run of entries: their count, block length and declared numbers of children."""
    f = depth * w.FRAME_WORDS
    stack[f + w.F_NODE] = node
    stack[f + w.F_ENTRIES] = entries
    stack[f + w.F_BLOCK] = block
    stack[f + w.F_GROUPS] = groups
    stack[f + w.F_DATA] = data
    stack[f + w.F_ROW] = row
    stack[f + w.F_ENTRY_ROW] = -1
    stack[f + w.F_IS_OPEN] = 0


@inlined
def _next_child(program: _Words, stack: _Words, f: int, version: int) -> tuple[int, int]:
    """Choose what follows in an open entry.

    Groups come before data; those the header counts beyond the known ones stand for
    what a newer schema appended. ``version`` below a child's makes it absent.

    Returns:
        ``(child, is_present)``: a node; -1 when the entry is complete; -2 when something
        follows whose form cannot be told.
    """
    n = w.HEAD_WORDS + w.NODE_WORDS * stack[f + w.F_NODE]
    known_groups = program[n + w.N_GROUPS]
    cursor = stack[f + w.F_CURSOR]
    column = f + w.F_LEFT_GROUPS if cursor < known_groups else f + w.F_LEFT_DATA
    if cursor >= known_groups and stack[f + w.F_LEFT_GROUPS] > 0:
        stack[f + w.F_LEFT_GROUPS] -= 1
        child = program[w.P_UNKNOWN_GROUP]
        return (child if child >= 0 else -2), 1
    left = stack[column]
    if cursor < known_groups + program[n + w.N_DATA]:
        stack[f + w.F_CURSOR] = cursor + 1
        child = program[n + w.N_CHILDREN] + cursor
        if left == 0 or program[w.HEAD_WORDS + w.NODE_WORDS * child + w.N_SINCE] > version:
            return child, 0
        if left > 0:
            stack[column] = left - 1
        return child, 1
    if left > 0:
        stack[column] = left - 1
        child = program[w.P_UNKNOWN_DATA]
        return (child if child >= 0 else -2), 1
    return -1, 1


@inlined
def _walk(
    program: _Words,
    buffer: Bytes,
    at: int,
    limit: int,
    outside: int,
    node: int,
    block: int,
    version: int,
    groups: int,
    data: int,
    spans: _Words,
    stack: _Words,
    result: _Words,
) -> int:
    """Walk one body; ``outside`` is the code for running past ``limit``."""
    capacity = spans.shape[0] // w.SPAN_WORDS
    frames = stack.shape[0] // w.FRAME_WORDS
    if frames < 1:
        return BUFFER_FULL
    rows = 0
    cells = 0
    depth = 0
    _push(stack, depth, node, 1, block, groups, data, -1)
    while depth >= 0:
        f = depth * w.FRAME_WORDS
        n = w.HEAD_WORDS + w.NODE_WORDS * stack[f + w.F_NODE]
        is_known = program[n + w.N_KIND] != w.SPAN_UNKNOWN
        if stack[f + w.F_IS_OPEN] == 0:
            if stack[f + w.F_ENTRIES] == 0:
                if stack[f + w.F_ROW] >= 0:
                    spans[stack[f + w.F_ROW] * w.SPAN_WORDS + w.S_NEXT] = rows
                depth -= 1
                continue
            length = stack[f + w.F_BLOCK]
            if length > limit - at:
                return outside
            if is_known:
                if rows >= capacity:
                    return BUFFER_FULL
                kind = w.SPAN_ENTRY if depth > 0 else w.SPAN_ROOT
                parent = stack[f + w.F_ROW]
                _put_span(spans, rows, kind, stack[f + w.F_NODE], at, length, 1, parent, cells)
                stack[f + w.F_ENTRY_ROW] = rows
                rows += 1
                cells += program[n + w.N_CELLS]
            at += length
            stack[f + w.F_ENTRIES] -= 1
            stack[f + w.F_LEFT_GROUPS] = stack[f + w.F_GROUPS]
            stack[f + w.F_LEFT_DATA] = stack[f + w.F_DATA]
            stack[f + w.F_CURSOR] = 0
            stack[f + w.F_IS_OPEN] = 1
            continue
        child, is_present = _next_child(program, stack, f, version)
        if child == -2:
            return MALFORMED
        if child == -1:
            stack[f + w.F_IS_OPEN] = 0
            if is_known:
                spans[stack[f + w.F_ENTRY_ROW] * w.SPAN_WORDS + w.S_NEXT] = rows
            continue
        c = w.HEAD_WORDS + w.NODE_WORDS * child
        kind = program[c + w.N_KIND]
        is_recorded = is_known and kind != w.SPAN_UNKNOWN
        parent = stack[f + w.F_ENTRY_ROW]
        if is_recorded and rows >= capacity:
            return BUFFER_FULL
        if is_present == 0:
            if is_recorded:
                _put_span(spans, rows, kind, child, -1, 0, 0, parent, cells)
                rows += 1
            continue
        if program[c + w.N_HEAD_SIZE] > limit - at:
            return outside
        length = _slot(program, c + w.N_LENGTH, buffer, at)
        if length < 0:
            return MALFORMED
        count = 1
        child_groups = 0
        child_data = 0
        is_group = program[c + w.N_COUNT] != w.CODE_NONE
        if is_group:
            count = _slot(program, c + w.N_COUNT, buffer, at)
            child_groups = _slot(program, c + w.N_NUM_GROUPS, buffer, at)
            child_data = _slot(program, c + w.N_NUM_DATA, buffer, at)
            if count < 0:
                return MALFORMED
        at += program[c + w.N_HEAD_SIZE]
        if count > 0 and is_group:
            has_groups = child_groups > 0
            if child_groups < 0:
                has_groups = program[c + w.N_GROUP_SINCE] <= version
            has_data = child_data > 0
            if child_data < 0:
                has_data = program[c + w.N_DATA_SINCE] <= version
            if has_groups or has_data:
                depth += 1
                if depth >= frames:
                    return MALFORMED
                row = -1
                if is_recorded:
                    row = rows
                    _put_span(spans, rows, kind, child, at, length, count, parent, cells)
                    rows += 1
                _push(stack, depth, child, count, length, child_groups, child_data, row)
                continue
            if length == 0 and count > w.MAX_EMPTY_ENTRIES:
                return MALFORMED
        if length > 0 and count > (limit - at) // length:
            return outside
        if is_recorded:
            _put_span(spans, rows, kind, child, at, length, count, parent, cells)
            rows += 1
            cells += count * program[c + w.N_CELLS]
        at += count * length
    result[w.R_END] = at
    result[w.R_CELLS] = cells
    result[w.R_ROWS] = rows
    return rows


@inlined
def find_message(
    program: _Words,
    buffer: Bytes,
    at: int,
    limit: int,
    spans: _Words,
    stack: _Words,
    result: _Words,
) -> int:
    """Find the parts of the message whose header starts at ``at``.

    Args:
        program: int64 words of a compiled schema.
        buffer: the bytes.
        at: offset of the message header.
        limit: offset of the first byte that does not belong to the buffer's valid part.
        spans: int64 words of the table, one row behind the other, written.
        stack: int64 scratch of the program's ``stack_words``.
        result: int64 (RESULT_WORDS,), written: the offset after the message (-1 unknown), its
            node, template id, schema id, version, block length, cells and rows. Where the
            header counts the whole message, the offset is right for unknown templates too.

    Returns:
        Rows written, or TRUNCATED (ends before the message does), MALFORMED (contradicts
        itself), UNKNOWN_SCHEMA, UNKNOWN_TEMPLATE, BUFFER_FULL (the span table is too small;
        nothing was consumed).
    """
    for i in range(w.RESULT_WORDS):
        result[i] = -1
    if limit > buffer.shape[0]:
        limit = buffer.shape[0]
    if at < 0 or at > limit:
        return MALFORMED
    if program[w.P_HEADER_SIZE] > limit - at:
        return TRUNCATED
    template_id = _slot(program, w.P_TEMPLATE_ID, buffer, at)
    schema_id = _slot(program, w.P_SCHEMA, buffer, at)
    version = _slot(program, w.P_VERSION_SLOT, buffer, at)
    block = _slot(program, w.P_BLOCK_LENGTH, buffer, at)
    groups = _slot(program, w.P_NUM_GROUPS, buffer, at)
    data = _slot(program, w.P_NUM_DATA, buffer, at)
    outside = TRUNCATED
    if program[w.P_LENGTH] != w.CODE_NONE:
        whole = _slot(program, w.P_LENGTH, buffer, at)
        if whole < program[w.P_HEADER_SIZE]:
            return MALFORMED
        if whole > limit - at:
            return TRUNCATED
        limit = at + whole
        result[w.R_END] = limit
        outside = MALFORMED
    if program[w.P_VERSION_SLOT] == w.CODE_NONE:
        version = program[w.P_VERSION]
    result[w.R_TEMPLATE_ID] = template_id
    result[w.R_SCHEMA_ID] = schema_id
    result[w.R_VERSION] = version
    result[w.R_BLOCK_LENGTH] = block
    if program[w.P_SCHEMA] != w.CODE_NONE and program[w.P_SCHEMA_ID] >= 0:
        if schema_id != program[w.P_SCHEMA_ID]:
            return UNKNOWN_SCHEMA
    node = _find_template(program, template_id)
    if node < 0:
        return UNKNOWN_TEMPLATE
    result[w.R_NODE] = node
    if program[w.P_BLOCK_LENGTH] == w.CODE_NONE:
        block = program[w.HEAD_WORDS + w.NODE_WORDS * node + w.N_BLOCK_LENGTH]
        result[w.R_BLOCK_LENGTH] = block
    if block < 0:
        return MALFORMED
    at += program[w.P_HEADER_SIZE]
    code = _walk(
        program,
        buffer,
        at,
        limit,
        outside,
        node,
        block,
        version,
        groups,
        data,
        spans,
        stack,
        result,
    )
    if program[w.P_LENGTH] != w.CODE_NONE:
        result[w.R_END] = limit
    return code


@kernel(int64(I64_RO, U8_RO, int64, int64, I64_2D, I64, I64))
def walk_message(
    program: _Words,
    buffer: Bytes,
    at: int,
    limit: int,
    spans: _Words,
    stack: _Words,
    result: _Words,
) -> int:
    """Call :func:`find_message` from Python, with a table of two dimensions."""
    return find_message(program, buffer, at, limit, spans.reshape(spans.size), stack, result)


@kernel(int64(I64_RO, U8_RO, int64, int64, int64, int64, int64, I64_2D, I64, I64))
def walk_body(
    program: _Words,
    buffer: Bytes,
    at: int,
    limit: int,
    node: int,
    block: int,
    version: int,
    spans: _Words,
    stack: _Words,
    result: _Words,
) -> int:
    """Find the parts of a message whose header is not SBE's.

    Args:
        program: int64 words of a compiled schema.
        buffer: the bytes.
        at: offset of the root block.
        limit: offset of the first byte that does not belong to the message.
        node: node of the message.
        block: bytes of the root block as received; -1 for what the schema says.
        version: version to decode as.
        spans: int64 (rows, SPAN_WORDS) table, written.
        stack: as in ``find_message``.
        result: as in ``find_message``; the schema id stays -1.

    Returns:
        As ``find_message``.
    """
    for i in range(w.RESULT_WORDS):
        result[i] = -1
    if limit > buffer.shape[0]:
        limit = buffer.shape[0]
    if at < 0 or at > limit:
        return MALFORMED
    if node < 0 or node >= program[w.P_TEMPLATE_COUNT]:
        return UNKNOWN_TEMPLATE
    if block < 0:
        block = program[w.HEAD_WORDS + w.NODE_WORDS * node + w.N_BLOCK_LENGTH]
    result[w.R_NODE] = node
    result[w.R_VERSION] = version
    result[w.R_BLOCK_LENGTH] = block
    return _walk(
        program,
        buffer,
        at,
        limit,
        TRUNCATED,
        node,
        block,
        version,
        -1,
        -1,
        spans.reshape(spans.size),
        stack,
        result,
    )
