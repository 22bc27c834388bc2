"""Deribit multicast packets from ordinary values: the slow, readable way.

For tests, tools and what a simulated venue prepares once; the messages that it writes by the
hundred thousand come from ``_encode_kernels``. A message is a mapping from the schema's own
field names to numbers and texts, a group is a list of such mappings, as ``SbeDecoder`` gives
them back.

Does not check that a message makes sense to a market.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.sbe.encoder import encode
from zerofeed.codecs.sbe.schema import load_schema

if TYPE_CHECKING:
    from zerofeed.codecs.sbe.model import Schema

__all__ = ["encode_message", "encode_packet", "multicast_schema"]

_FRAME = struct.Struct("<HHI")
_USUAL_VERSION = 2
"""What the venue says in front of every message that version 2 has; InstrumentV2 says 3."""


@functools.cache
def multicast_schema() -> Schema:
    """Read the schema of the multicast, once."""
    return load_schema(Path(__file__).with_name("multicast.xml"))


def encode_message(name: str, values: Mapping[str, Any]) -> bytes:
    """Write one message, header included.

    Args:
        name: of the template, as in the schema.
        values: by field name; enums by name or number, None for null.

    Returns:
        The bytes of the message.

    Raises:
        SchemaError: no such template.
        ConfigurationError: a value is missing, unknown, of the wrong type or out of range.
    """
    schema = multicast_schema()
    version = max(_USUAL_VERSION, schema.message(name).since_version)
    return encode(schema, name, values, version=version)


def encode_packet(channel: int, seq: int, messages: Iterable[bytes]) -> bytes:
    """Frame messages as one packet.

    Args:
        channel: 0 to 65535.
        seq: number of the packet in its channel, 0 to 2**32 - 1.
        messages: whole messages, from ``encode_message``.

    Returns:
        The payload of one UDP datagram.

    Raises:
        ConfigurationError: a number, or the messages together, do not fit the frame.
    """
    body = b"".join(messages)
    try:
        return _FRAME.pack(len(body), channel, seq) + body
    except struct.error as error:
        raise ConfigurationError(
            "packet does not fit its frame",
            where=f"channel {channel}, seq {seq}",
            expected="at most 65535 bytes of messages, channel to 65535, seq to 2**32 - 1",
            got=f"{len(body)} bytes of messages",
        ) from error
