"""SoupBinTCP's packets from ordinary values, and back: for tests, tools and simulated venues.

The plain twin of ``_soup_kernels``. A stream is bytes, and a read of a socket may end in the middle of a packet:
:func:`read_packets` takes what is whole and says where the rest begins.
"""

from __future__ import annotations

from dataclasses import dataclass

from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.framing.blocks import encode_blocks, find_blocks
from zerofeed.codecs.message_table import Buffer, as_bytes

__all__ = [
    "Login",
    "SoupPacket",
    "encode_login",
    "encode_login_accepted",
    "encode_packet",
    "read_login_accepted",
    "read_packets",
]


@dataclass(frozen=True, slots=True)
class SoupPacket:
    """One packet.

    Attributes:
        type: its letter; empty for a packet without even that.
        offset: where its payload begins in the buffer.
        length: bytes of the payload.
    """

    type: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Login:
    """The answer to a login.

    Attributes:
        session: its name, without the spaces around it.
        seq: number of the next sequenced message.
    """

    session: str
    seq: int


def read_packets(buffer: Buffer, begin: int = 0) -> tuple[list[SoupPacket], int]:
    """Take the packets that are whole.

    Args:
        buffer: what came of a stream.
        begin: where the first packet begins.

    Returns:
        The packets, and where the first that is not whole begins.
    """
    data = as_bytes(buffer)
    offsets, lengths = find_blocks(data, begin)
    packets = [
        SoupPacket(chr(data[offset]), offset + 1, length - 1)
        if length
        else SoupPacket("", offset, 0)
        for offset, length in zip(offsets.tolist(), lengths.tolist(), strict=True)
    ]
    behind = packets[-1].offset + packets[-1].length if packets else begin
    return packets, behind


def read_login_accepted(payload: bytes) -> Login | None:
    """Read the payload of a login's answer; None when it is none."""
    number = payload[10:30].strip(b" ")
    if len(payload) < 30 or not number.isdigit() or int(number) > 1 << 62:
        return None
    return Login(payload[:10].decode("ascii", "replace").strip(), int(number))


def encode_packet(kind: str, payload: bytes = b"") -> bytes:
    """Write one packet.

    Args:
        kind: letter of its type.
        payload: at most 65,534 bytes.

    Raises:
        ConfigurationError: the type is no letter, or the payload too long.
    """
    if len(kind) != 1 or not kind.isascii():
        raise ConfigurationError("a type is one ASCII character", got=repr(kind))
    return encode_blocks([kind.encode() + payload])


def encode_login_accepted(session: str, seq: int) -> bytes:
    """Write the answer to a login: the session, and the number of the next message.

    Raises:
        ConfigurationError: a value does not fit.
    """
    return encode_packet(
        "A", _text(session, 10, is_right=True) + _text(str(seq), 20, is_right=True)
    )


def encode_login(user: str, password: str, *, session: str = "", seq: int = 1) -> bytes:
    """Write a login.

    Args:
        user: up to 6 letters.
        password: up to 10 letters.
        session: empty for the one that is open.
        seq: number of the first message that is wanted; 0 for the next one.

    Raises:
        ConfigurationError: a value does not fit.
    """
    payload = (
        _text(user, 6)
        + _text(password, 10)
        + _text(session, 10, is_right=True)
        + _text(str(seq), 20, is_right=True)
    )
    return encode_packet("L", payload)


def _text(value: str, size: int, *, is_right: bool = False) -> bytes:
    text = value.encode("ascii", "replace")
    if len(text) > size:
        raise ConfigurationError("text does not fit", expected=f"up to {size} letters", got=value)
    return text.rjust(size) if is_right else text.ljust(size)
