"""From a descriptor that can be read to published frames, by the kind of its receiver.

A *port* is one descriptor that the loop watches; a receiver has one or several. Its row says what
to do when it can be read:

======  ==================  ================================================================
column  name                meaning
======  ==================  ================================================================
0       PORT_KIND           UDP, CAPTURE, AF_XDP, WEBSOCKET: which function receives
1       PORT_SOURCE         index of the source, in the configuration's order
2       PORT_BLOCK          word of the blocks at which its receive block begins
3       PORT_BLOCK_WORDS    words of its receive block
4       PORT_PLACE          which of its receiver's descriptors it is: for AF_XDP, the queue
5       PORT_DESCRIPTOR     its number, where it does not change; else -1
======  ==================  ================================================================

A kind is one function. It receives at most ``limit`` packets, which are claimed, into the arena,
writes their descriptors, publishes them and settles its block, in an order that lets a
successor find out from the block how far it came. It is chosen by a comparison and not by an
address: that costs a nanosecond a burst, and the function is inlined.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.clock import realtime_ns
from zerofeed.base.kernel import inlined
from zerofeed.wire._capture_source_kernels import take_recorded
from zerofeed.wire._udp_kernels import DROPS, take_datagrams
from zerofeed.wire.receiver import CAPTURE, UDP, WEBSOCKET
from zerofeed.wire.websocket._stream_kernels import take_stream
from zerofeed.wire.xdp._xdp_kernels import receive_queue

__all__ = [
    "PORT_BLOCK",
    "PORT_BLOCK_WORDS",
    "PORT_COLUMNS",
    "PORT_DESCRIPTOR",
    "PORT_KIND",
    "PORT_PLACE",
    "PORT_SOURCE",
    "receive_frames",
]

_Words = npt.NDArray[np.int64]

PORT_KIND = 0
PORT_SOURCE = 1
PORT_BLOCK = 2
PORT_BLOCK_WORDS = 3
PORT_PLACE = 4
PORT_DESCRIPTOR = 5
PORT_COLUMNS = 6


@inlined
def receive_frames(
    kind: int,
    descriptor: int,
    source: int,
    block: _Words,
    place: int,
    rings: npt.NDArray[np.uint32],
    ring_words: _Words,
    geometry: _Words,
    queue_blocks: _Words,
    owners: _Words,
    flows: _Words,
    tai_shift: int,
    results: _Words,
    arena: npt.NDArray[np.uint8],
    chunk_bytes: int,
    frame_control: _Words,
    frame_cursors: _Words,
    frames: Any,
    limit: int,
    report: _Words,
    drops_at: int,
    more_at: int,
    serve_at: int,
) -> int:
    """Receive and publish what a port has. The feed's single writer.

    Args:
        kind: of the receiver.
        descriptor: that can be read; -1 to look at what a WebSocket's stream has already.
        source: index of the source.
        block: the port's receive block.
        place: which of its receiver's descriptors it is.
        rings: AF_XDP's arrays, :class:`zerofeed.wire.xdp.source.XdpArrays`.
        ring_words: the same.
        geometry: the same.
        queue_blocks: the same.
        owners: the same.
        flows: the same.
        tai_shift: CLOCK_TAI less CLOCK_REALTIME in ns, for AF_XDP's arrival times.
        results: scratch, one row a packet of a burst.
        arena: the frames' memory.
        chunk_bytes: size of a chunk.
        frame_control: the frame ring's control page.
        frame_cursors: its readers' pages.
        frames: its descriptors.
        limit: frames that were claimed.
        report: where the receiver's own count of drops goes, 0 when this call did not tell it.
        drops_at: at this word.
        more_at: word of it that a WebSocket sets to 1 when it has more to publish, else to 0.
        serve_at: word of it that a WebSocket sets to 1 when it needs Python.

    Returns:
        Frames published, 0 or more; minus errno; WOULD_BLOCK when a lossless reader is in the way.
    """
    report[drops_at] = 0
    if kind == UDP:
        got = take_datagrams(
            descriptor, source, block, results, arena, chunk_bytes, frame_control, frames, limit
        )
        if got > 0:
            report[drops_at] = results[got - 1, DROPS]
        return got
    if kind == CAPTURE:
        return take_recorded(
            descriptor, source, block, arena, chunk_bytes, frame_control, frames, limit
        )
    if kind == WEBSOCKET:
        return take_stream(
            descriptor, source, block, arena, frame_control, frame_cursors, frames, limit, report,
            more_at, serve_at,
        )  # fmt: skip
    return receive_queue(
        place, rings, ring_words, geometry, queue_blocks, owners, flows, arena, frame_control,
        frames, limit, realtime_ns(), tai_shift,
    )  # fmt: skip
