"""CME's market data platform, MDP 3.0, as a protocol of the worker."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.books.layout import (
    RULE_ALLOW_CROSSED,
    RULE_ALLOW_LOCKED,
    RULE_CLEAR_FIRST,
    RULE_KNOWN_DELETE,
    RULE_KNOWN_MODIFY,
)
from zerofeed.codecs.cme._kernels import PACKET_BYTES
from zerofeed.codecs.cme._layout import (
    DIALECT_AT,
    I_WORDS,
    OPEN_WORDS,
    TABLE_AT,
    layout_table,
    template_names,
)
from zerofeed.codecs.cme.messages import CME_OTHERS
from zerofeed.codecs.cme.schema import SCHEMA
from zerofeed.codecs.sbe._dialect_words import STATE_WORDS
from zerofeed.runtime import _cme_kernels as k
from zerofeed.runtime.framing import At, Framing
from zerofeed.runtime.packet_views import PacketViews
from zerofeed.runtime.protocol import Protocol

__all__ = ["CME", "make_scratch", "most_records", "work_words"]

_INSTRUMENTS = 65_536
_BOOK_LEVELS = 24
"""The deepest book has ten levels a side; one transaction adds a few more before it is cut to them."""


_FRAMING = Framing(header_bytes=PACKET_BYTES, sequence=At(0, "uint32"))


def most_records(packet_bytes: int) -> int:
    """Bound the records of one packet.

    An entry of a snapshot, the densest, has 22 bytes and makes a level and a figure; one of 27 a definition's
    record, a level and a quote. What names places alone makes a record for each level that it takes away.
    """
    return packet_bytes // 5 + 1024


def work_words(instruments: int) -> int:
    """Size what the codec keeps: books in an open transaction, and a few words for each instrument."""
    return OPEN_WORDS + instruments * (I_WORDS + STATE_WORDS)


def make_scratch(longest_bytes: int) -> npt.NDArray[np.int64]:
    """Make the scratch of one packet, with the tables that the kernels read."""
    dialect = CME_OTHERS.scratch(longest_bytes)
    scratch = np.zeros(DIALECT_AT + dialect.size, np.int64)
    scratch[TABLE_AT:DIALECT_AT] = layout_table(SCHEMA)
    scratch[DIALECT_AT:] = dialect
    return scratch


CME = Protocol(
    name="cme-mdp3",
    summary="CME's MDP 3.0, schema versions 5 to 13: books, implied books, orders, trades, statistics",
    templates=template_names(SCHEMA),
    # Before the opening books are crossed, and so may they be within an event.
    book_rules=RULE_ALLOW_CROSSED
    | RULE_ALLOW_LOCKED
    | RULE_CLEAR_FIRST
    | RULE_KNOWN_DELETE
    | RULE_KNOWN_MODIFY,
    scratch=make_scratch,
    work_words=work_words,
    most_records=most_records,
    process=k.process,
    book_levels=_BOOK_LEVELS,
    instruments=_INSTRUMENTS,
    views=lambda: PacketViews(SCHEMA, _FRAMING, length_member="MsgSize"),
)
"""What is known as ``cme-mdp3`` in configurations."""
