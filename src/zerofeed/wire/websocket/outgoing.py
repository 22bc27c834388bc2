"""Frames that a client sends (RFC 6455, 5.2 and 5.3): few, small, masked as the RFC demands."""

from __future__ import annotations

import os

__all__ = ["BINARY", "CLOSE", "PING", "PONG", "TEXT", "client_frame", "close_payload"]

TEXT = 1
BINARY = 2
CLOSE = 8
PING = 9
PONG = 10

_FINAL = 0x80
_MASKED = 0x80
_LONGEST_REASON = 123


def client_frame(opcode: int, payload: bytes, mask: bytes | None = None) -> bytes:
    """Write one whole message as a masked frame.

    Args:
        opcode: TEXT, BINARY, CLOSE, PING or PONG.
        payload: of any length; 125 bytes at most for the last three.
        mask: 4 bytes; default: random ones, as 5.3 demands.
    """
    if mask is None:
        mask = os.urandom(4)
    length = len(payload)
    if length < 126:
        head = bytes([_FINAL | opcode, _MASKED | length])
    elif length < 1 << 16:
        head = bytes([_FINAL | opcode, _MASKED | 126]) + length.to_bytes(2, "big")
    else:
        head = bytes([_FINAL | opcode, _MASKED | 127]) + length.to_bytes(8, "big")
    pattern = (mask * (length // 4 + 1))[:length]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")
    return head + mask + masked.to_bytes(length, "big")


def close_payload(code: int, reason: str = "") -> bytes:
    """Write the payload of a close frame.

    Args:
        code: RFC 6455, 7.4.
        reason: cut where it would be too long.
    """
    return code.to_bytes(2, "big") + reason.encode()[:_LONGEST_REASON]
