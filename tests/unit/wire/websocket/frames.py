"""RFC 6455 frames for tests: an encoder, and a slow reader of whole byte sequences as an oracle."""

from __future__ import annotations

from typing import Any

__all__ = ["Oracle", "frame"]

CODES = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bool = False,
    width: int | None = None,
) -> bytes:
    """One frame, right or wrong.

    Args:
        opcode: 0 to 15.
        payload: as it is; not masked even where the header says so.
        fin: last of its message.
        rsv: 0 to 7, RSV1 is 4.
        mask: set the mask bit.
        width: bytes of the length, 1, 2 or 8; default: as few as possible.
    """
    length = len(payload)
    if width is None:
        width = 1 if length < 126 else 2 if length < 1 << 16 else 8
    first = fin << 7 | rsv << 4 | opcode
    marker = {1: length, 2: 126, 8: 127}[width]
    extended = b"" if width == 1 else length.to_bytes(width, "big")
    return bytes([first, mask << 7 | marker]) + extended + payload


class Oracle:
    """What a connection's bytes mean, read slowly and all at once.

    Args:
        deflate: RSV1 may be set.
        longest: bytes of a message.
    """

    def __init__(self, *, deflate: bool, longest: int) -> None:
        self._deflate = deflate
        self._longest = longest

    def events(self, data: bytes) -> list[tuple[Any, ...]]:
        """Every event up to the first that ends the connection, and the bytes that are left."""
        events: list[tuple[Any, ...]] = []
        message: tuple[int, bool, bytes] | None = None
        while True:
            split = self._split(data, None if message is None else len(message[2]))
            if split is None or isinstance(split, int):
                events.append(("missing",) if split is None else ("refused", split))
                return events
            fin, rsv1, opcode, payload, data = split
            if opcode == 8:
                if len(payload) == 1 or (
                    payload and int.from_bytes(payload[:2], "big") not in CODES
                ):
                    events.append(("refused", 1002))
                else:
                    events.append(("close", payload))
                return events
            if opcode in (9, 10):
                events.append(("ping" if opcode == 9 else "pong", payload))
                continue
            if message is None:
                message = (opcode, rsv1, payload)
            else:
                message = (message[0], message[1], message[2] + payload)
            if fin:
                events.append(("message", *message))
                message = None

    def _split(self, data: bytes, have: int | None):
        """A frame and what is behind it; None: bytes are missing; a number: refused."""
        if len(data) < 2:
            return None
        fin, rsv, opcode = data[0] >> 7, data[0] >> 4 & 7, data[0] & 15
        if rsv & 3 or data[1] & 0x80 or opcode > 10 or 2 < opcode < 8:
            return 1002
        length, head = data[1] & 127, 2
        if length > 125:
            head = 4 if length == 126 else 10
            if len(data) < head:
                return None
            length = int.from_bytes(data[2:head], "big")
            if length >= 1 << 63:
                return 1002
        code = self._judge(fin, rsv, opcode, length, have)
        if code:
            return code
        if len(data) < head + length:
            return None
        return bool(fin), bool(rsv), opcode, data[head : head + length], data[head + length :]

    def _judge(self, fin: int, rsv: int, opcode: int, length: int, have: int | None) -> int:
        """The close code that a header deserves, or 0."""
        if opcode >= 8:
            return 1002 if not fin or rsv or length > 125 else 0
        if (opcode == 0) != (have is not None):
            return 1002
        if rsv and (opcode == 0 or not self._deflate):
            return 1002
        return 1009 if length + (have or 0) > self._longest else 0
