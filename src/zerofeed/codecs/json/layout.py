"""The words of a dialect's table: what :mod:`.dialect` writes and the kernels read.

HEADER words, then parts that the header and the entries point to by their position in the table.
"""

from __future__ import annotations

__all__ = [
    "ACT_BEGIN",
    "ACT_CLOSE",
    "BEGINS",
    "BOOK",
    "BY_LEADER",
    "CHANGE",
    "CHANNEL_AT",
    "CHANNEL_STATE",
    "CHECK_RULE",
    "CHECK_SOURCE",
    "COMPARED",
    "CONDITIONS",
    "CONDITIONS_AT",
    "CONDITION_WORDS",
    "COUNTED_AS",
    "C_KEY",
    "C_SOURCE",
    "C_TEST",
    "DECODED",
    "EACH",
    "EMITS",
    "EMITS_AT",
    "EMIT_WORDS",
    "E_ACTION",
    "E_KIND",
    "E_NEEDS",
    "E_OPS",
    "E_OPS_AT",
    "E_ROWS",
    "E_ROW_OPS",
    "E_SIDE",
    "FIELD",
    "FIELDS",
    "FIRST_ROW",
    "HAS_ROWS",
    "HEADER_WORDS",
    "HEARTBEAT",
    "INDEX_SALT",
    "INNER",
    "INSTRUMENT_KIND",
    "IS_ABSENT",
    "IS_EVENT",
    "IS_OPENED",
    "IS_PRESENT",
    "IS_TEXT",
    "KINDS",
    "KINDS_AT",
    "KIND_WORDS",
    "K_DASHES",
    "K_KIND",
    "K_PREFIX",
    "K_PREFIX_BYTES",
    "K_SUFFIX",
    "K_SUFFIX_BYTES",
    "LIST_SHIFT",
    "MESSAGES",
    "MESSAGES_AT",
    "MESSAGE_ACT",
    "MESSAGE_ACT_SOURCE",
    "MESSAGE_WORDS",
    "NOT_COMPARED",
    "NOWHERE",
    "NUMBERS",
    "NUMBER_AT",
    "NUMBER_SLOT",
    "OF_CHANNEL",
    "OP_CODE",
    "OP_CONSTANT",
    "OP_DECIMAL",
    "OP_ISO",
    "OP_KEY",
    "OP_PRICE",
    "OP_SIGN",
    "OP_SIZE",
    "OP_SIZE_OF",
    "OP_WORDS",
    "OP_ZERO_IF_ZERO",
    "OUTER",
    "OWN_KIND",
    "O_ARGUMENT",
    "O_CODE",
    "O_IS_ELSE",
    "O_SECOND",
    "O_SOURCE",
    "O_TARGET",
    "PLAIN",
    "PLAIN_AT",
    "PRICE_EXPONENT",
    "PRICE_TEXT",
    "ROW_STATE",
    "ROW_WORDS",
    "SEQUENCE",
    "SHAPE_AT",
    "SHAPE_WORDS",
    "SIZE_EXPONENT",
    "SIZE_TEXT",
    "SLOT",
    "SNAPSHOT",
    "SPACE_SHIFT",
    "SYMBOLS",
    "SYMBOLS_AT",
    "SYMBOL_WORDS",
    "T_ACTION",
    "T_BODY",
    "T_SIDE",
    "T_TIME",
    "UNKNOWN",
    "WINDOW_AT",
    "Y_BEFORE",
    "Y_BEHIND",
    "Y_IS_UPPER",
    "Y_SOURCE",
]

# Words of the header.
(
    SHAPE_AT, SHAPE_WORDS, FIELDS, MESSAGES, MESSAGES_AT, KINDS, KINDS_AT, PLAIN, PLAIN_AT,
    PRICE_EXPONENT, SIZE_EXPONENT, INSTRUMENT_KIND, ROW_WORDS, CHANNEL_AT, CHANNEL_STATE, ROW_STATE,
    HEADER_WORDS,
) = range(17)  # fmt: skip
# Words of a message.
(
    CONDITIONS_AT, CONDITIONS, EACH, SYMBOLS_AT, SYMBOLS, EMITS_AT, EMITS, BOOK, CHECK_RULE,
    CHECK_SOURCE, WINDOW_AT, COUNTED_AS, OWN_KIND, PRICE_TEXT, SIZE_TEXT, SLOT, SEQUENCE,
    MESSAGE_ACT, MESSAGE_ACT_SOURCE, NUMBER_AT, NUMBERS, NUMBER_SLOT, IS_EVENT,
    MESSAGE_WORDS,
) = range(24)  # fmt: skip
# Words of a condition, a symbol, an emit, an operation.
C_SOURCE, C_TEST, C_KEY, CONDITION_WORDS = range(4)
# Y_BEHIND below 0: so many bytes are left out.
Y_SOURCE, Y_BEFORE, Y_BEHIND, Y_IS_UPPER, SYMBOL_WORDS = range(5)
E_KIND, E_ROWS, E_NEEDS, E_OPS_AT, E_OPS, E_ROW_OPS, E_SIDE, E_ACTION, EMIT_WORDS = range(9)
O_TARGET, O_CODE, O_SOURCE, O_ARGUMENT, O_SECOND, O_IS_ELSE, OP_WORDS = range(7)
K_PREFIX, K_PREFIX_BYTES, K_SUFFIX, K_SUFFIX_BYTES, K_DASHES, K_KIND, KIND_WORDS = range(7)
# Tests of a condition. Above them: a byte, the text before which has the key; above BEGINS: a number of
# first bytes that have it.
IS_PRESENT, IS_ABSENT, IS_TEXT, HAS_ROWS, IS_OPENED = range(5)
BEGINS = 256
# Spaces of a source: space << SPACE_SHIFT | index; FIRST: list << LIST_SHIFT | index.
FIELD, OUTER, INNER, FIRST_ROW = range(4)
SPACE_SHIFT = 16
LIST_SHIFT = 8
NOWHERE = -1
OF_CHANNEL = -2
"""Source of a symbol: the message's instrument is that of its channel."""
# Targets of an operation: words of a record, and what is packed into one.
T_TIME, T_BODY, T_SIDE, T_ACTION = 1, 4, 8, 9
# Operations.
(
    OP_CONSTANT, OP_PRICE, OP_SIZE, OP_DECIMAL, OP_CODE, OP_KEY, OP_ISO, OP_SIGN, OP_SIZE_OF,
    OP_ZERO_IF_ZERO,
) = range(10)  # fmt: skip
NOT_COMPARED, BY_LEADER = -2, -1
"""Slots of a message that has no number: one that may come twice, and one that is its connection's."""
# What a message is to the book: COMPARED has a checksum and changes nothing.
CHANGE, SNAPSHOT, COMPARED = 1, 2, 3
# What a message does to its connection's channels, if not 0; a code above 0 opens one as that.
ACT_CLOSE, ACT_BEGIN = -1, -2
# How a message is counted.
DECODED, HEARTBEAT, UNKNOWN = range(3)
INDEX_SALT = 0x2BD1_E995
"""Mixed into the keys of symbols of messages with a kind of instrument of their own."""
