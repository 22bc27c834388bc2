"""The words of a dialect's table and of its kernels' scratch, by name.

The table is what :mod:`.dialect` writes and the kernels read: HEADER words, then parts that the header
and the entries point to by their position in the table::

    header │ entries by template │ messages │ conditions │ emits │ operations │ codes │ sources

A *source* says how one value of a block is read. Which block is its *space*: the message's root, the
entry of ``each``, the entry of ``rows``, or what stands before the message.

``scratch`` is one int64 array, laid out by :func:`zerofeed.codecs.sbe.dialect.Dialect.scratch`:

=======  ===============  ==================================================================
word     name             meaning
=======  ===============  ==================================================================
0        S_TABLE          where the dialect's table begins in it
1        S_PROGRAM        where the schema's program begins
2        S_STACK          where the walk's stack begins, and the program ends
3        S_SPANS          where its span table begins, and the stack ends
4        S_END            behind the span table
5        S_MESSAGE        word of the table at which the open message's entry begins
6        S_NEXT           span row at which its next part is found; -1: it has no more
7        S_ENTRY          number of the next entry, where entries have no rows of their own
8        S_ROW            instrument of the latest part; -1: none
9        S_REFUSED        of the latest part: 1, it names no instrument; 2, the table is full
10       S_VERSION        of the open message
11       S_PARENT         span row of the latest part
12       S_RESULT         two words: numbers out of range, numbers rounded (of the open message)
14       S_TEXT           two words: where the latest text lies, begin and end
16       S_BLOCKS         by space, two words: where the block lies, its length
24       S_WALK           what the walk reports, RESULT_WORDS of ``_words``
32..39   S_RECORD         the record that is copied for each row
40..71   S_DEFINITION     a row of the instruments table
72..111  S_PLAN           how the entries of a group are read, see ``_emit_kernels``
112      S_DEPTH          levels a side of the book of the latest definition; UNDEF: not told
113      S_HEAD           1: the caller sets the block in front of messages; 0: it is their header
=======  ===============  ==================================================================
"""

from __future__ import annotations

__all__ = [
    "BOOK",
    "CHANGE",
    "CODE_DATA",
    "CODE_PACKED",
    "CONDITIONS",
    "CONDITIONS_AT",
    "CONDITION_WORDS",
    "C_MASK",
    "C_SOURCE",
    "C_VALUE",
    "DEFINES",
    "DEFINITION_WORDS",
    "D_KIND",
    "D_OPS",
    "D_OPS_AT",
    "D_OPTION",
    "D_OP_WORDS",
    "D_PRICE_EXPONENT",
    "D_SIZE_EXPONENT",
    "D_SIZE_SOURCE",
    "D_TEXTS",
    "D_TEXTS_AT",
    "D_TEXT_WORDS",
    "EACH",
    "EMITS",
    "EMITS_AT",
    "EMIT_WORDS",
    "EXACT_BYTES",
    "E_ACTION",
    "E_CONDITIONS",
    "E_CONDITIONS_AT",
    "E_KIND",
    "E_OPS",
    "E_OPS_AT",
    "E_ROWS",
    "E_ROW_OPS",
    "E_SIDE",
    "HEAD",
    "HEADER_WORDS",
    "INNER",
    "INSTRUMENT_KIND",
    "IS_HEARTBEAT",
    "IS_KNOWN",
    "KEY_BITS",
    "LAST_MASK",
    "LAST_SOURCE",
    "LEAST",
    "LEAST_AT",
    "MESSAGES_AT",
    "MESSAGE_WORDS",
    "NOWHERE",
    "N_CODE",
    "N_END",
    "N_HAS_NULL",
    "N_NULL",
    "N_OFFSET",
    "N_SINCE",
    "N_SPACE",
    "OP_CODE",
    "OP_CONSTANT",
    "OP_DAYS",
    "OP_FIXED",
    "OP_MAGNITUDE",
    "OP_MS_OR_US",
    "OP_PRICE",
    "OP_REAL",
    "OP_ROW",
    "OP_SIGN",
    "OP_SIZE",
    "OP_WHOLE",
    "OP_WORDS",
    "ORDER",
    "OUTER",
    "O_ARGUMENT",
    "O_CODE",
    "O_EXPONENT",
    "O_EXPONENT_SOURCE",
    "O_IS_DECIMALS",
    "O_IS_ZERO_NONE",
    "O_SOURCE",
    "O_TARGET",
    "PRICE_EXPONENT",
    "PRICE_OP",
    "ROOT",
    "SCRATCH_HEAD",
    "SIZE_EXPONENT",
    "SIZE_OP",
    "SLOT",
    "SNAPSHOT",
    "SOURCE_WORDS",
    "STATE_WORDS",
    "SYMBOL",
    "S_BLOCKS",
    "S_DEFINITION",
    "S_DEPTH",
    "S_END",
    "S_ENTRY",
    "S_HEAD",
    "S_MESSAGE",
    "S_NEXT",
    "S_PARENT",
    "S_PLAN",
    "S_PROGRAM",
    "S_RECORD",
    "S_REFUSED",
    "S_RESULT",
    "S_ROW",
    "S_SPANS",
    "S_STACK",
    "S_TABLE",
    "S_TEXT",
    "S_VERSION",
    "S_WALK",
    "TABLE_FULL",
    "TEMPLATES_AT",
    "TEXT_SLOT",
    "T_ACTION",
    "T_BODY",
    "T_DEPTH",
    "T_OPTION",
    "T_SIDE",
    "T_TIME",
    "UNNAMED",
]

# Words of the header.
(
    ORDER, TEMPLATES_AT, MESSAGES_AT, LEAST_AT, PRICE_EXPONENT, SIZE_EXPONENT,
    INSTRUMENT_KIND, TEXT_SLOT, HEADER_WORDS,
) = range(9)  # fmt: skip

# Words of a message. Behind the templates, two words for each node of the program that is one: the place
# of its first message, and how many it has.
(
    CONDITIONS_AT, CONDITIONS, EXACT_BYTES, LEAST, EACH, SYMBOL, EMITS_AT, EMITS, BOOK,
    IS_HEARTBEAT, PRICE_OP, SIZE_OP, SLOT, DEFINES, LAST_SOURCE, LAST_MASK, IS_KNOWN, KEY_BITS,
    MESSAGE_WORDS,
) = range(19)  # fmt: skip

# Words of a condition, an emit, an operation, a source.
C_SOURCE, C_VALUE, C_MASK, CONDITION_WORDS = range(4)
(
    E_KIND, E_ROWS, E_CONDITIONS_AT, E_CONDITIONS, E_OPS_AT, E_OPS, E_ROW_OPS, E_SIDE, E_ACTION,
    EMIT_WORDS,
) = range(10)  # fmt: skip
(
    O_TARGET, O_CODE, O_SOURCE, O_ARGUMENT, O_EXPONENT, O_EXPONENT_SOURCE, O_IS_DECIMALS,
    O_IS_ZERO_NONE, OP_WORDS,
) = range(9)  # fmt: skip
N_SPACE, N_OFFSET, N_END, N_CODE, N_SINCE, N_HAS_NULL, N_NULL, SOURCE_WORDS = range(8)

# Words of a definition; of each of its operations, in front of the operation's own: the group from whose first
# true entry it is, or NOWHERE, and the conditions; of a text: its source, the byte of the row, and how many.
(
    D_PRICE_EXPONENT, D_SIZE_EXPONENT, D_SIZE_SOURCE, D_KIND, D_OPTION, D_OPS_AT, D_OPS,
    D_TEXTS_AT, D_TEXTS, DEFINITION_WORDS,
) = range(10)  # fmt: skip
D_OP_WORDS = 3 + OP_WORDS
D_TEXT_WORDS = 3

CODE_DATA = 32
"""Code of a source of variable-length data; its offset is its number among what a block contains."""

CODE_PACKED = 33
"""Code of a source of text that is compared: up to seven bytes, the first the lowest."""

# Spaces of a source: which block it lies in.
ROOT, OUTER, INNER, HEAD = range(4)
NOWHERE = -1

# Targets of an operation: words of a record, and what is packed into one.
T_TIME, T_BODY, T_SIDE, T_ACTION = 1, 4, 8, 9

# Operations.
(
    OP_CONSTANT, OP_PRICE, OP_SIZE, OP_FIXED, OP_WHOLE, OP_CODE, OP_MS_OR_US, OP_REAL, OP_DAYS,
    OP_ROW, OP_SIGN, OP_MAGNITUDE,
) = range(12)  # fmt: skip

CHANGE, SNAPSHOT = 1, 2

S_TABLE = 0
S_PROGRAM = 1
S_STACK = 2
S_SPANS = 3
S_END = 4
S_MESSAGE = 5
S_NEXT = 6
S_ENTRY = 7
S_ROW = 8
S_REFUSED = 9
S_VERSION = 10
S_PARENT = 11
S_RESULT = 12
S_TEXT = 14
S_BLOCKS = 16
S_WALK = 24
S_RECORD = 32
S_DEFINITION = 40
S_PLAN = 72
S_DEPTH = 112
S_HEAD = 113
SCRATCH_HEAD = 120
"""Words of scratch in front of table, program, stack and spans."""

# In a definition a target is a word of the row, or one of these.
T_OPTION, T_DEPTH = 40, S_DEPTH - S_DEFINITION

STATE_WORDS = 1
"""Words of state for each instrument row: the revision of its definition that was announced."""

UNNAMED = 1
TABLE_FULL = 2
