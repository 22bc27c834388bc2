"""PITCH units from ordinary values: for tests, benchmarks and simulated venues.

A message is a name and values by field, as :mod:`zerofeed.codecs.pitch.messages` shows them; a unit is a
header and any messages. Does not check that a message makes sense to a market.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.pitch._layout import HEADER_BYTES
from zerofeed.codecs.pitch.messages import PITCH_MESSAGES

__all__ = ["encode_message", "encode_unit"]

_HEADER = struct.Struct("<HBBI")


def encode_message(name: str, **values: Any) -> bytes:
    """Write one message.

    Args:
        name: of the message.
        values: by field; length and type are filled in. Optional fields may be left out from the end.

    Returns:
        The bytes of the message.

    Raises:
        SchemaError: there is no such message.
        ConfigurationError: a value is missing, unknown, of the wrong type or out of range.
    """
    written = PITCH_MESSAGES.encode(name, values, length=0, type=PITCH_MESSAGES[name].code)
    return bytes([len(written)]) + written[1:]


def encode_unit(seq: int, messages: Iterable[bytes] = (), *, unit: int = 1) -> bytes:
    """Frame messages as one sequenced unit; none makes a heartbeat.

    Args:
        seq: number of the first message, of the next one in a heartbeat, or 0 for none.
        messages: from :func:`encode_message`.
        unit: 0 to 255.

    Returns:
        The payload of one UDP datagram.

    Raises:
        ConfigurationError: a number, or the messages together, do not fit the header.
    """
    blocks = list(messages)
    body = b"".join(blocks)
    try:
        return _HEADER.pack(HEADER_BYTES + len(body), len(blocks), unit, seq) + body
    except struct.error as error:
        raise ConfigurationError(
            "unit does not fit its header",
            where=f"unit {unit}, seq {seq}",
            expected="at most 255 messages of 65527 bytes together, unit to 255, seq to 2**32 - 1",
            got=f"{len(blocks)} messages of {len(body)} bytes",
        ) from error
