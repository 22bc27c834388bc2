"""Where the fields of CME's frequent messages are: a table for kernels, made of the schema.

A row of the table is for one template, ``L_...``. Offsets of the root count from its begin, those of entries from the
begin of an entry; NOWHERE says that there is no such field. Old and new templates differ in nothing but such a row.

The scratch of the kernels, int64:

=========  ===========================================================================
words      meaning
=========  ===========================================================================
0..63      C_...: the open message, and what is true of its packet
64..       TABLE_AT: the table, a row for each template below TEMPLATE_LIMIT
DIALECT_AT scratch of the dialect that reads all other messages
=========  ===========================================================================

For each instrument the codec keeps ``I_WORDS`` words, ``I_...``, in the feed's state:

=====  ==========  ===================================================================
word   name        meaning
=====  ==========  ===================================================================
0      I_ERA       which life of the channel the other words are of
1      I_RPT       latest RptSeq of the instrument; 0: none yet
2      I_LABEL     number of the packet with which its book's latest transaction began
3      I_BROKEN    a RptSeq is missing since then: bit 0, of its book, bit 1, of its implied book
4      I_OPEN      I_LABEL of a transaction that has not ended; 0: there is none
5      I_TAIL      index of its latest level record; of use within a packet
6      I_PREVIOUS  number before I_LABEL, as its records say
7      I_CHUNK     chunks that came of the snapshot of its orders
8      I_EMPTY     latest packet in a snapshot without an implied book, where none was known
9      I_NEWS      sides of the open transaction that got a new level: bit 0, bids, bit 1, asks
=====  ==========  ===================================================================

In front of these are ``OPEN_WORDS`` words with the books whose transactions have not ended: their count, then each
row, with IMPLIED where it is an implied book.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.codecs.sbe.dialect import least_bytes
from zerofeed.codecs.sbe.model import Block, Message, Schema

__all__ = [
    "BOOK",
    "C_COUNT",
    "C_ENDS",
    "C_ERA",
    "C_GROUP",
    "C_LABEL",
    "C_LAYOUT",
    "C_LENGTH",
    "C_NEXT",
    "C_OUT_OF_RANGE",
    "C_REFUSED",
    "C_ROOT",
    "C_SECOND",
    "C_SECOND_COUNT",
    "C_SECOND_LENGTH",
    "C_STOPPED",
    "C_UNKNOWN",
    "C_VERSION",
    "DEFINITION",
    "DIALECT_AT",
    "EVENT_QUOTES",
    "HEARTBEAT",
    "IMPLIED",
    "IMPLIED_BITS",
    "I_BROKEN",
    "I_CHUNK",
    "I_EMPTY",
    "I_ERA",
    "I_LABEL",
    "I_NEWS",
    "I_OPEN",
    "I_PREVIOUS",
    "I_RPT",
    "I_TAIL",
    "I_WORDS",
    "LAYOUT_WORDS",
    "L_ACTION",
    "L_CHUNK",
    "L_CHUNKS",
    "L_COUNT",
    "L_ENTRY_LEAST",
    "L_EVENT",
    "L_ID",
    "L_KIND",
    "L_LEAST",
    "L_LEVEL",
    "L_ORDER",
    "L_PRICE",
    "L_PRIORITY",
    "L_PROCESSED",
    "L_REPORTS",
    "L_ROOT_ID",
    "L_ROOT_RPT",
    "L_RPT",
    "L_SCALE",
    "L_SECOND",
    "L_SECOND_ACTION",
    "L_SECOND_LEAST",
    "L_SECOND_ORDER",
    "L_SECOND_PRIORITY",
    "L_SECOND_REFERENCE",
    "L_SECOND_SIZE",
    "L_SIDE",
    "L_SIZE",
    "L_SIZE_BYTES",
    "L_SLOT",
    "L_TIME",
    "L_TRADE",
    "L_TRADE_SINCE",
    "L_TYPE",
    "MOST_OPEN",
    "NOWHERE",
    "OPEN_WORDS",
    "ORDERS",
    "ORDER_SNAPSHOT",
    "OTHER",
    "PRICE_EXPONENT",
    "RESET",
    "SNAPSHOT",
    "STATISTICS",
    "TABLE_AT",
    "TEMPLATE_LIMIT",
    "TRADES",
    "layout_table",
    "template_names",
]

NOWHERE = -1
PRICE_EXPONENT = -9
"""Of all instruments; before version 9 prices had seven decimals."""
IMPLIED_BITS = 1 << 40
"""Turned in the key of an instrument, which has 32 bits, for that of its implied book."""

# Kinds of template.
(
    NONE, OTHER, BOOK, ORDERS, TRADES, SNAPSHOT, ORDER_SNAPSHOT, STATISTICS, DEFINITION, RESET,
    HEARTBEAT,
) = range(11)  # fmt: skip

(
    L_KIND, L_SLOT, L_LEAST, L_TIME, L_EVENT, L_ENTRY_LEAST, L_PRICE, L_SCALE, L_SIZE,
    L_SIZE_BYTES, L_ID, L_RPT, L_LEVEL, L_ACTION, L_TYPE, L_SIDE, L_TRADE, L_TRADE_SINCE, L_ORDER,
    L_PRIORITY, L_COUNT, L_SECOND, L_SECOND_LEAST, L_SECOND_ORDER, L_SECOND_PRIORITY,
    L_SECOND_SIZE, L_SECOND_REFERENCE, L_SECOND_ACTION, L_ROOT_ID, L_ROOT_RPT, L_PROCESSED,
    L_CHUNK, L_CHUNKS, L_REPORTS,
) = range(34)  # fmt: skip
LAYOUT_WORDS = 40
TEMPLATE_LIMIT = 128

TABLE_AT = 64
DIALECT_AT = TABLE_AT + TEMPLATE_LIMIT * LAYOUT_WORDS

(
    C_LAYOUT, C_ROOT, C_VERSION, C_GROUP, C_LENGTH, C_COUNT, C_SECOND, C_SECOND_LENGTH,
    C_SECOND_COUNT, C_NEXT, C_STOPPED, C_REFUSED, C_UNKNOWN, C_OUT_OF_RANGE, C_LABEL, C_ERA, C_ENDS,
) = range(17)  # fmt: skip

EVENT_QUOTES = 1 << 2
"""Bit of MatchEventIndicator: the last message of the event with levels that are not implied."""

I_WORDS = 10
I_ERA, I_RPT, I_LABEL, I_BROKEN, I_OPEN, I_TAIL, I_PREVIOUS, I_CHUNK, I_EMPTY, I_NEWS = range(10)
IMPLIED = 1 << 32
MOST_OPEN = 79
OPEN_WORDS = 1 + MOST_OPEN

_ENTRIES = "NoMDEntries"
_ORDERS = "NoOrderIDEntries"
_KINDS: dict[str, int] = {
    "MDIncrementalRefreshBook": BOOK,
    "MDIncrementalRefreshBookLongQty": BOOK,
    "MDIncrementalRefreshOrderBook": ORDERS,
    "MDIncrementalRefreshTrade": TRADES,
    "MDIncrementalRefreshTradeSummary": TRADES,
    "MDIncrementalRefreshTradeSummaryLongQty": TRADES,
    "SnapshotFullRefresh": SNAPSHOT,
    "SnapshotFullRefreshLongQty": SNAPSHOT,
    "SnapshotFullRefreshTCP": SNAPSHOT,
    "SnapshotFullRefreshTCPLongQty": SNAPSHOT,
    "SnapshotFullRefreshOrderBook": ORDER_SNAPSHOT,
    "SnapshotRefreshTopOrders": ORDER_SNAPSHOT,
    "ChannelReset": RESET,
    "AdminHeartbeat": HEARTBEAT,
}
"""Kind of template by its name without the number; all others by what they contain."""
_OF_ENTRIES = {
    L_PRICE: "MDEntryPx",
    L_ID: "SecurityID",
    L_RPT: "RptSeq",
    L_LEVEL: "MDPriceLevel",
    L_ACTION: "MDUpdateAction",
    L_TYPE: "MDEntryType",
    L_SIDE: "AggressorSide",
    L_ORDER: "OrderID",
    L_PRIORITY: "MDOrderPriority",
    L_COUNT: "NumberOfOrders",
}
_OF_SECOND = {
    L_SECOND_ORDER: "OrderID",
    L_SECOND_PRIORITY: "MDOrderPriority",
    L_SECOND_REFERENCE: "ReferenceID",
    L_SECOND_ACTION: "OrderUpdateAction",
}
_OF_ROOT = {
    L_TIME: "TransactTime",
    L_EVENT: "MatchEventIndicator",
    L_ROOT_ID: "SecurityID",
    L_ROOT_RPT: "RptSeq",
    L_PROCESSED: "LastMsgSeqNumProcessed",
    L_CHUNK: "CurrentChunk",
    L_CHUNKS: "NoChunks",
    L_REPORTS: "TotNumReports",
}
_SIZES = ("MDEntrySize", "MDDisplayQty")
_SECOND_SIZES = ("MDDisplayQty", "LastQty")
_TRADE_IDS = ("MDTradeEntryID", "TradeID")


def template_names(schema: Schema) -> dict[int, str]:
    """Name the templates by their slot."""
    return {slot: message.name for slot, message in enumerate(schema.messages)}


def layout_table(schema: Schema) -> npt.NDArray[np.int64]:
    """Make the table of a schema.

    Args:
        schema: of MDP 3.0; its header begins with the message's size.

    Returns:
        int64, LAYOUT_WORDS for each template below TEMPLATE_LIMIT.
    """
    table = np.full((TEMPLATE_LIMIT, LAYOUT_WORDS), NOWHERE, np.int64)
    table[:, L_KIND] = NONE
    for slot, message in enumerate(schema.messages):
        row = table[message.id]
        row[L_SLOT] = slot
        row[L_LEAST] = least_bytes(message)
        row[L_KIND] = _kind_of(message)
        _locate(row, message, _OF_ROOT)
        for group in message.groups:
            if group.name == _ENTRIES:
                row[L_ENTRY_LEAST] = least_bytes(group)
                _locate(row, group, _OF_ENTRIES)
                _locate_entry(row, group)
            elif group.name == _ORDERS and message.groups[0].name == _ENTRIES:
                row[L_SECOND] = group.since_version
                row[L_SECOND_LEAST] = least_bytes(group)
                _locate(row, group, _OF_SECOND)
                row[L_SECOND_SIZE] = _first(group, _SECOND_SIZES)
    return table.reshape(-1)


def _kind_of(message: Message) -> int:
    kind = _KINDS.get(message.name.rstrip("0123456789"))
    if kind is not None:
        return kind
    if message.name.startswith("MDInstrumentDefinition"):
        return DEFINITION
    entries = [group for group in message.groups if group.name == _ENTRIES]
    has_numbers = entries and {"SecurityID", "RptSeq"} <= {each.name for each in entries[0].fields}
    return STATISTICS if has_numbers else OTHER


def _locate(row: npt.NDArray[np.int64], block: Block, names: dict[int, str]) -> None:
    for word, name in names.items():
        row[word] = _first(block, (name,))


def _locate_entry(row: npt.NDArray[np.int64], block: Block) -> None:
    """Find what has a form of its own: prices by their decimals, sizes by their length, ids since a version."""
    row[L_SCALE] = 1
    if row[L_PRICE] != NOWHERE:
        exponent = block.field("MDEntryPx.exponent").constant
        assert isinstance(exponent, int)
        row[L_SCALE] = 10 ** (exponent - PRICE_EXPONENT)
    row[L_SIZE] = _first(block, _SIZES)
    row[L_TRADE] = _first(block, _TRADE_IDS)
    for field in block.fields:
        if field.name in _SIZES:
            row[L_SIZE_BYTES] = field.size
        if field.name in _TRADE_IDS:
            row[L_TRADE_SINCE] = field.since_version


def _first(block: Block, names: tuple[str, ...]) -> int:
    """Give the offset of the first of these fields that is sent."""
    for field in block.fields:
        if field.name in names and field.size:
            return field.offset
    return NOWHERE
