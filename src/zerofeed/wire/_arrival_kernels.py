"""A received packet's descriptor in the frame ring, whatever it was received with (kernels).

Every kind of receiver ends in the same place: payloads lie in the arena, one descriptor for each
says where and when it arrived, and the descriptors are published at once. What differs before
that is in the kind's own module: ``_udp_kernels``, ``_capture_source_kernels``, ``xdp._xdp_kernels``,
``websocket._stream_kernels``.
"""

from __future__ import annotations

from typing import Any

from zerofeed.base.kernel import always_inlined, inlined, record_array
from zerofeed.feed.memory import FRAME

__all__ = [
    "BINARY_FLAG",
    "CUT_FLAG",
    "FRAMES",
    "GATHERED_FLAG",
    "HARDWARE_TIME_FLAG",
    "INJECTED_FLAG",
    "LINES",
    "LINE_SHIFT",
    "LOST_FLAG",
    "NO_STAMP_FLAG",
    "RECORDED_FLAG",
    "describe_frame",
    "line_of",
]

CUT_FLAG = 1
"""Frame flag: the packet was longer than a chunk, or the capture had cut it."""
NO_STAMP_FLAG = 2
"""Frame flag: nobody noted an arrival time; the time is the worker's own."""
RECORDED_FLAG = 4
"""Frame flag: the arrival time is that of a capture, so its distance to now says nothing."""
HARDWARE_TIME_FLAG = 8
"""Frame flag: the arrival time is the card's."""
GATHERED_FLAG = 16
"""Frame flag: the packet came in pieces and was copied together."""

LOST_FLAG = 32
"""Frame flag: no packet, but the news that a connection ended and something may be missing."""
BINARY_FLAG = 64
"""Frame flag: a WebSocket message was sent as binary, not as text."""
INJECTED_FLAG = 128
"""Frame flag: the worker published it itself, for instance an answer of a venue's REST interface."""
LINE_SHIFT = 8
"""Frame flags: the lowest of the bits that say which connection of its source a message came by."""
LINES = 4
"""Connections that these bits tell apart."""

FRAMES = record_array(FRAME)
"""Numba type of the frame ring's descriptors."""


@always_inlined
def line_of(flags: int) -> int:
    """Tell by which connection of its source a frame came; -1 for one that the worker published itself."""
    if flags & INJECTED_FLAG:
        return -1
    return (flags >> LINE_SHIFT) & (LINES - 1)


@inlined
def describe_frame(
    frames: Any,
    at: int,
    seq: int,
    offset: int,
    length: int,
    cut_bytes: int,
    arrival_ns: int,
    now_ns: int,
    source: int,
    flags: int,
) -> None:
    """Write one descriptor; it is not published by this.

    Args:
        frames: the frame ring's descriptors.
        at: index of this one.
        seq: number of the frame.
        offset: byte of the arena at which the payload begins.
        length: its bytes that are there.
        cut_bytes: its bytes that are not.
        arrival_ns: Unix ns; 0 or less where it is not known.
        now_ns: Unix ns, taken instead.
        source: index of the source.
        flags: further flags.
    """
    frame = frames[at]
    frame.seq = seq
    frame.ts_recv_ns = arrival_ns if arrival_ns > 0 else now_ns
    frame.offset = offset
    frame.length = length
    frame.channel = source
    cut = CUT_FLAG if cut_bytes > 0 else 0
    frame.flags = flags | cut | (NO_STAMP_FLAG if arrival_ns <= 0 else 0)
