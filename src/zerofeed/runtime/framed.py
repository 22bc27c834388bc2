"""Venues whose packets of SBE messages a table describes, as protocols of the worker: they share one kernel."""

from __future__ import annotations

import struct
from dataclasses import replace

from zerofeed.books.layout import RULE_ALLOW_CROSSED, RULE_ALLOW_LOCKED
from zerofeed.codecs.coinbase_derivatives.messages import COINBASE_DERIVATIVES
from zerofeed.codecs.deribit_starbase.messages import STARBASE
from zerofeed.codecs.sbe._dialect_words import STATE_WORDS
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.runtime import _framed_kernels as k
from zerofeed.runtime.framing import At, Framing, framed_scratch
from zerofeed.runtime.packet_views import PacketViews
from zerofeed.runtime.protocol import Protocol

__all__ = ["FRAMED", "framed_protocol"]

_SNAPSHOT = 2
_RETRANSMIT = 4
"""Bits of a packet's kind, of both venues."""
_BOOK_LEVELS = 24


_MOST_ASKED = 255
_CHANNEL_AT = 16


def _ask_coinbase(packet: bytes, first: int, count: int) -> bytes:
    """Ask Coinbase Derivatives for messages again: a packet with a RetransmitRequest."""
    (channel,) = struct.unpack_from("<H", packet, _CHANNEL_AT)
    head = struct.pack("<qqHBBi", 0, first, channel, _RETRANSMIT, 1, 0)
    message = struct.pack("<HHHHH", 24, 9, 200, 1201, 7)
    return head + message + struct.pack("<qB5x", first, min(count, _MOST_ASKED))


def _ask_starbase(packet: bytes, first: int, count: int) -> bytes:
    """Ask Starbase for messages again: the same under its headers."""
    (channel,) = struct.unpack_from("<i", packet, _CHANNEL_AT)
    head = struct.pack("<qqiHH", 0, first, channel, _RETRANSMIT, 1)
    message = struct.pack("<HHHHq", 25, 200, 1, 0, 0)
    return head + message + struct.pack("<qB", first, min(count, _MOST_ASKED))


def _work_words(instruments: int) -> int:
    return instruments * STATE_WORDS


def framed_protocol(
    name: str,
    summary: str,
    framing: Framing,
    dialect: Dialect,
    *,
    length_member: str | None = None,
    is_schema_id_checked: bool = True,
) -> Protocol:
    """Make a protocol of a framing and a dialect.

    Args:
        name: as in ``feed.protocol``.
        summary: one line for people.
        framing: of its packets.
        dialect: what its messages mean.
        length_member: as the dialect was made.
        is_schema_id_checked: as the dialect was made.

    Raises:
        ConfigurationError: the framing cannot be.
    """

    def most_records(packet_bytes: int) -> int:
        """Bound the records of one packet: each message is a header at least."""
        header = dialect.schema.header
        least = framing.prefix_bytes + (header.size if header is not None else 0)
        messages = 1 + packet_bytes // max(1, least)
        return dialect.most_records(packet_bytes) + messages * (2 * dialect.most_records(0)) + 16

    return Protocol(
        name=name,
        summary=summary,
        templates=dialect.names,
        # Of implied orders alone, which may cross those that rest.
        book_rules=RULE_ALLOW_CROSSED | RULE_ALLOW_LOCKED,
        scratch=framed_scratch(framing, dialect),
        work_words=_work_words,
        most_records=most_records,
        process=k.process,
        book_levels=_BOOK_LEVELS,
        instruments=16_384,
        views=lambda: PacketViews(
            dialect.schema,
            framing,
            length_member=length_member,
            is_schema_id_checked=is_schema_id_checked,
        ),
    )


_COINBASE = framed_protocol(
    "coinbase-derivatives",
    "Coinbase Derivatives, schema 1201: orders, trades, definitions, snapshots",
    Framing(
        header_bytes=24,
        sequence=At(8, "int64"),
        counts="messages",
        count=At(19, "uint8"),
        channel=At(16, "uint16"),
        kind=At(18, "uint8"),
        loop=_SNAPSHOT,
    ),
    COINBASE_DERIVATIVES,
    length_member="frameLength",
)
_STARBASE = framed_protocol(
    "deribit-starbase",
    "Deribit's Starbase, schema 2102: orders, trades, marks, definitions, snapshots",
    Framing(
        header_bytes=24,
        sequence=At(8, "int64"),
        counts="messages",
        count=At(22, "uint16"),
        channel=At(16, "int32"),
        kind=At(20, "uint16"),
        loop=_SNAPSHOT,
        is_block_known=False,
    ),
    STARBASE,
    length_member="messageLength",
)

FRAMED: tuple[Protocol, ...] = (
    replace(_COINBASE, ask=_ask_coinbase),
    replace(_STARBASE, ask=_ask_starbase),
)
"""What is known as ``coinbase-derivatives`` and ``deribit-starbase`` in configurations."""
