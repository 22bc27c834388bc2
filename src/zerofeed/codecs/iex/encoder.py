"""IEX packets from ordinary values: for tests, benchmarks and simulated venues.

A message is a name and values by field, as :mod:`zerofeed.codecs.iex.messages` shows them; a packet is
a header and any messages. Does not check that a message makes sense to a market.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.iex._layout import TOPS_1_6, VERSION
from zerofeed.codecs.iex.messages import IEX_MESSAGES

__all__ = ["encode_message", "encode_packet"]

_HEADER = struct.Struct("<BBHIIHHqqq")
_LENGTH = struct.Struct("<H")


def encode_message(name: str, **values: Any) -> bytes:
    """Write one message, without the length in front of it.

    Args:
        name: of the message.
        values: by field; the type is filled in.

    Returns:
        The bytes of the message.

    Raises:
        SchemaError: there is no such message.
        ConfigurationError: a value is missing, unknown, of the wrong type or out of range.
    """
    return IEX_MESSAGES.encode(name, values, type=bytes([IEX_MESSAGES[name].code]))


def encode_packet(
    seq: int,
    messages: Iterable[bytes] = (),
    *,
    protocol: int = TOPS_1_6,
    channel: int = 1,
    session: int = 1,
    stream_offset: int = 0,
    sent_ns: int = 0,
) -> bytes:
    """Frame messages as one segment; none makes a heartbeat.

    Args:
        seq: number of the first message; of the next one in a heartbeat.
        messages: from :func:`encode_message`.
        protocol: number of the protocol of the messages.
        channel: 0 to 2**32 - 1.
        session: 0 to 2**32 - 1.
        stream_offset: bytes of the stream in front of this segment.
        sent_ns: Unix ns.

    Returns:
        The payload of one UDP datagram.

    Raises:
        ConfigurationError: a number, or the messages together, do not fit the header.
    """
    blocks = list(messages)
    try:
        body = b"".join(_LENGTH.pack(len(each)) + each for each in blocks)
        header = _HEADER.pack(
            VERSION, 0, protocol, channel, session, len(body), len(blocks), stream_offset, seq, sent_ns,
        )  # fmt: skip
    except struct.error as error:
        raise ConfigurationError(
            "segment does not fit its header",
            where=f"channel {channel}, seq {seq}",
            expected="at most 65535 bytes of messages, and numbers of the header's widths",
            got=str(error),
        ) from error
    return header + body
