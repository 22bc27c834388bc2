"""The words of a compiled schema, of a span table and of a walk's scratch, by name.

The contract between ``program.py``, which writes programs, and the kernels, which execute
them. A *slot* takes two words: the type code of an integer of a header, and its offset from
the start of that header; code ``CODE_NONE`` says that the header does not have it,
``CODE_CONSTANT`` that the second word is its value.
"""

from __future__ import annotations

__all__ = [
    "BIG_ENDIAN",
    "CELL_ABSENT",
    "CELL_NULL",
    "CELL_VALUE",
    "CODE_CHAR",
    "CODE_CONSTANT",
    "CODE_F32",
    "CODE_F64",
    "CODE_I8",
    "CODE_I16",
    "CODE_I32",
    "CODE_I64",
    "CODE_NONE",
    "CODE_TEXT",
    "CODE_U8",
    "CODE_U16",
    "CODE_U32",
    "CODE_U64",
    "FRAME_WORDS",
    "F_BLOCK",
    "F_CURSOR",
    "F_DATA",
    "F_ENTRIES",
    "F_ENTRY_ROW",
    "F_GROUPS",
    "F_IS_OPEN",
    "F_LEFT_DATA",
    "F_LEFT_GROUPS",
    "F_NODE",
    "F_ROW",
    "HEAD_WORDS",
    "LEAF_WORDS",
    "L_CELLS",
    "L_CODE",
    "L_HAS_NULL",
    "L_NULL",
    "L_NULL_IS_NAN",
    "L_OFFSET",
    "L_SINCE",
    "L_SIZE",
    "MAX_EMPTY_ENTRIES",
    "NODE_WORDS",
    "N_BLOCK_LENGTH",
    "N_CELLS",
    "N_CHILDREN",
    "N_COUNT",
    "N_DATA",
    "N_DATA_SINCE",
    "N_GROUPS",
    "N_GROUP_SINCE",
    "N_HEAD_SIZE",
    "N_KIND",
    "N_LEAF_COUNT",
    "N_LEAVES",
    "N_LENGTH",
    "N_NUM_DATA",
    "N_NUM_GROUPS",
    "N_SINCE",
    "P_BLOCK_LENGTH",
    "P_HEADER_SIZE",
    "P_LENGTH",
    "P_NUM_DATA",
    "P_NUM_GROUPS",
    "P_ORDER",
    "P_SCHEMA",
    "P_SCHEMA_ID",
    "P_TEMPLATES",
    "P_TEMPLATE_COUNT",
    "P_TEMPLATE_ID",
    "P_UNKNOWN_DATA",
    "P_UNKNOWN_GROUP",
    "P_VERSION",
    "P_VERSION_SLOT",
    "RESULT_WORDS",
    "R_BLOCK_LENGTH",
    "R_CELLS",
    "R_END",
    "R_NODE",
    "R_ROWS",
    "R_SCHEMA_ID",
    "R_TEMPLATE_ID",
    "R_VERSION",
    "SPAN_DATA",
    "SPAN_ENTRY",
    "SPAN_GROUP",
    "SPAN_ROOT",
    "SPAN_UNKNOWN",
    "SPAN_WORDS",
    "S_AT",
    "S_CELL",
    "S_COUNT",
    "S_KIND",
    "S_LENGTH",
    "S_NEXT",
    "S_NODE",
    "S_PARENT",
]

HEAD_WORDS = 32
"""Words of a program before its nodes."""

P_ORDER = 0
P_SCHEMA_ID = 1
P_VERSION = 2
P_HEADER_SIZE = 3
P_TEMPLATES = 4
P_TEMPLATE_COUNT = 5
P_UNKNOWN_GROUP = 6
P_UNKNOWN_DATA = 7
P_BLOCK_LENGTH = 8
P_TEMPLATE_ID = 10
P_SCHEMA = 12
P_VERSION_SLOT = 14
P_NUM_GROUPS = 16
P_NUM_DATA = 18
P_LENGTH = 20

BIG_ENDIAN = 1
"""Value of P_ORDER for big-endian schemas; 0 for the others."""

NODE_WORDS = 24
"""Words of one message, group or var data."""

N_KIND = 0
N_SINCE = 1
N_BLOCK_LENGTH = 2
N_CHILDREN = 3
N_GROUPS = 4
N_DATA = 5
N_GROUP_SINCE = 6
N_DATA_SINCE = 7
N_HEAD_SIZE = 8
N_LENGTH = 10
N_COUNT = 12
N_NUM_GROUPS = 14
N_NUM_DATA = 16
N_LEAVES = 18
N_LEAF_COUNT = 19
N_CELLS = 20

LEAF_WORDS = 8
"""Words of one leaf of a block."""

L_OFFSET = 0
L_SIZE = 1
L_CODE = 2
L_CELLS = 3
L_SINCE = 4
L_HAS_NULL = 5
L_NULL = 6
L_NULL_IS_NAN = 7

CODE_NONE = 0
CODE_U8 = 1
CODE_I8 = 2
CODE_U16 = 3
CODE_I16 = 4
CODE_U32 = 5
CODE_I32 = 6
CODE_U64 = 7
CODE_I64 = 8
CODE_F32 = 9
CODE_F64 = 10
CODE_CHAR = 11
CODE_TEXT = 12
CODE_CONSTANT = 13

SPAN_WORDS = 8
"""Columns of a span table; what they mean is told in ``_walk_kernels``."""

S_KIND = 0
S_NODE = 1
S_AT = 2
S_LENGTH = 3
S_COUNT = 4
S_PARENT = 5
S_NEXT = 6
S_CELL = 7

SPAN_ROOT = 1
SPAN_GROUP = 2
SPAN_ENTRY = 3
SPAN_DATA = 4
SPAN_UNKNOWN = 5
"""Kind of a node that stands for what a newer schema appended; never in a span table."""

RESULT_WORDS = 8
"""Words of what a walk reports beside its rows."""

R_END = 0
R_NODE = 1
R_TEMPLATE_ID = 2
R_SCHEMA_ID = 3
R_VERSION = 4
R_BLOCK_LENGTH = 5
R_CELLS = 6
R_ROWS = 7

FRAME_WORDS = 12
"""Words of scratch for each level of nested groups."""

F_NODE = 0
F_ENTRIES = 1
F_BLOCK = 2
F_GROUPS = 3
F_DATA = 4
F_LEFT_GROUPS = 5
F_LEFT_DATA = 6
F_CURSOR = 7
F_ROW = 8
F_ENTRY_ROW = 9
F_IS_OPEN = 10

CELL_ABSENT = 0
CELL_VALUE = 1
CELL_NULL = 2

MAX_EMPTY_ENTRIES = 255
"""Most entries of zero bytes that a group may claim: they cost the sender nothing."""
