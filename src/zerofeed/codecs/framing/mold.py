"""MoldUDP64's packets from ordinary values, and back: for tests, tools and simulated venues.

The plain twin of ``_mold_kernels``. A request for messages to be sent again has the same header as a packet, and no
blocks.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.framing.blocks import encode_blocks, find_blocks
from zerofeed.codecs.message_table import Buffer, as_bytes

__all__ = [
    "MoldPacket",
    "ask_again",
    "encode_end",
    "encode_packet",
    "encode_request",
    "read_packet",
]

_HEADER = struct.Struct(">10sQH")
_END_OF_SESSION = 0xFFFF


@dataclass(frozen=True, slots=True, eq=False)
class MoldPacket:
    """What a packet says of itself, and where its messages are.

    Attributes:
        session: its name, without the spaces around it.
        seq: number of its first message; of the next one in a heartbeat.
        count: messages that its header announces; 0 for a heartbeat and at the end of a session.
        is_end: the session has ended.
        offsets: int64, where each message begins in the buffer.
        lengths: int64, the bytes of each.
        is_whole: every announced message is there, and nothing else.
    """

    session: str
    seq: int
    count: int
    is_end: bool
    offsets: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    is_whole: bool

    @property
    def is_heartbeat(self) -> bool:
        """Whether it has no messages and the session goes on."""
        return self.count == 0 and not self.is_end


def read_packet(buffer: Buffer, offset: int = 0, length: int | None = None) -> MoldPacket:
    """Look at a packet, without a copy of its messages.

    Args:
        buffer: any bytes.
        offset: where the packet begins.
        length: its bytes; default: to the end of the buffer.

    Raises:
        ConfigurationError: fewer bytes than a header has.
    """
    data = as_bytes(buffer)
    end = data.size if length is None else min(data.size, offset + length)
    if end - offset < _HEADER.size:
        raise ConfigurationError(
            "shorter than a MoldUDP64 header", expected=_HEADER.size, got=max(0, end - offset)
        )
    session, seq, count = _HEADER.unpack_from(data.data, offset)
    begin = offset + _HEADER.size
    is_end = count == _END_OF_SESSION
    announced = 0 if is_end else count
    offsets, lengths = find_blocks(data, begin, end)
    offsets, lengths = offsets[:announced], lengths[:announced]
    behind = int(offsets[-1] + lengths[-1]) if len(offsets) else begin
    return MoldPacket(
        session=session.decode("ascii", "replace").strip(),
        seq=seq,
        count=announced,
        is_end=is_end,
        offsets=offsets,
        lengths=lengths,
        is_whole=len(offsets) == announced and behind == end,
    )


def encode_packet(session: str, seq: int, messages: Sequence[bytes] = ()) -> bytes:
    """Frame messages as one packet; none makes a heartbeat.

    Args:
        session: up to ten letters; shorter names get spaces in front.
        seq: number of the first message, or of the next one.
        messages: fewer than 65,535.

    Returns:
        The payload of one UDP datagram.

    Raises:
        ConfigurationError: a value does not fit the header, or a message its length.
    """
    if len(messages) >= _END_OF_SESSION:
        raise ConfigurationError(
            "too many messages for a packet", expected="fewer than 65535", got=len(messages)
        )
    return _header(session, seq, len(messages)) + encode_blocks(messages)


def encode_end(session: str, seq: int) -> bytes:
    """Write the packet that ends a session; ``seq`` is that of the message that will never come."""
    return _header(session, seq, _END_OF_SESSION)


def encode_request(session: str, seq: int, count: int) -> bytes:
    """Write a request for messages to be sent again."""
    return _header(session, seq, count)


def ask_again(packet: bytes, seq: int, count: int) -> bytes:
    """Write a request for messages of the session that a packet belongs to.

    Args:
        packet: any of the session.
        seq: number of the first message.
        count: how many; a request names fewer than 65,535, who wants more asks again.
    """
    return packet[:10] + _HEADER.pack(b"", seq, min(count, _END_OF_SESSION - 1))[10:]


def _header(session: str, seq: int, count: int) -> bytes:
    name = session.encode("ascii", "replace")
    if len(name) > 10 or not 0 <= seq < 1 << 64 or not 0 <= count <= _END_OF_SESSION:
        raise ConfigurationError(
            "packet does not fit its header",
            where=f"session {session!r}",
            expected="a session of up to 10 letters, a number of 8 bytes, a count of 2",
            got=f"number {seq}, count {count}",
        )
    return _HEADER.pack(name.rjust(10), seq, count)
