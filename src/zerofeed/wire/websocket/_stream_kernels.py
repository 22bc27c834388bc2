"""From a connection's bytes to published frames, for the compiled loop (kernels).

A call does the first of these that there is to do::

    say that something may be lost       one frame without bytes, LOST_FLAG
    parse what is in the region          messages become frames where they lie, or are inflated
    read the socket behind it            PLAIN only; then parse
    ask for Python                       TLS, pings, the end of the connection: EVENTS

Nothing is read while there is something to parse, so when bytes have to be written over, every published
frame has become records. What a killed worker leaves: words, and frames that are published or not.
The connection is gone with it, and the successor says so (:mod:`.stream`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.clock import monotonic_ns, realtime_ns
from zerofeed.base.kernel import I64, U8, inlined, int64, kernel
from zerofeed.base.status import MALFORMED, NOT_READY, OK, WOULD_BLOCK
from zerofeed.shm._ring_kernels import CAPACITY, PUBLISHED, publish
from zerofeed.wire._arrival_kernels import BINARY_FLAG, FRAMES, LOST_FLAG, describe_frame
from zerofeed.wire._batch_calls import receive_batch
from zerofeed.wire.socket_abi import (
    CMSG_DATA,
    CMSG_LENGTH,
    CMSG_LEVEL_TYPE,
    CMSG_TIMESTAMP,
    HDR_CONTROL,
    HDR_CONTROL_BYTES,
    HDR_IOV,
    HDR_IOV_COUNT,
    HDR_LENGTH,
    HDR_WORDS,
    IOV_BASE,
    IOV_LENGTH,
    MSG_DONTWAIT,
)
from zerofeed.wire.websocket._frame_kernels import (
    CLOSE,
    MESSAGE,
    PING,
    PONG,
    TOO_BIG,
    next_event,
)
from zerofeed.wire.websocket._inflate_kernels import inflate_message
from zerofeed.wire.websocket._region_kernels import mark, open_from_start, open_until
from zerofeed.wire.websocket._words import (
    ARRIVAL_NS,
    CLOSED,
    CODE,
    END,
    ERROR,
    EVENTS,
    FLAGS,
    HAS_CLOSE,
    HAS_ENDED,
    HAS_FAILED,
    HAS_INPUT,
    HAS_PING,
    INFLATED,
    IS_COMPLETE,
    IS_COMPRESSED,
    IS_LOSSY,
    LONGEST,
    MESSAGE_AT,
    MESSAGE_BYTES,
    MESSAGES,
    MODE,
    MSGHDR,
    MSGHDR_CONTROL,
    MSGHDR_CONTROL_WORDS,
    MSGHDR_IOVEC,
    NEEDED,
    OPCODE,
    PARSED,
    PLAIN,
    R_AT,
    R_BYTES,
    R_OPEN,
    R_SEGMENT,
    R_WRITTEN,
    READ_NS,
    REGION,
)

__all__ = ["make_room", "room_in", "take", "take_stream"]

_Words = npt.NDArray[np.int64]
_Bytes = npt.NDArray[np.uint8]

_INVALID_DATA = 1007
_BINARY = 2
_EAGAIN = 11
_LOW_HALF = 0xFFFFFFFF
_READ_BYTES = 65536
"""Room that a read is given where the region has it."""
_LEAST_BYTES = 4096
"""With less room than this at its end, the region is begun anew."""
_STOPPED = HAS_PING | HAS_CLOSE | HAS_FAILED
"""Events with which nothing is parsed."""


@inlined
def _begin_anew(region: _Bytes, words: _Words, least: int, control: _Words, cursors: _Words) -> int:
    """Go on at the region's begin, with the bytes that no frame refers to yet."""
    whole = words[MESSAGE_BYTES] if words[OPCODE] else 0
    rest = words[END] - words[PARSED]
    status = open_from_start(words, REGION, whole + rest + least, control, cursors)
    if status != OK:
        return status
    message = words[MESSAGE_AT]
    for place in range(whole):
        region[place] = region[message + place]
    source = words[PARSED]
    for place in range(rest):
        region[whole + place] = region[source + place]
    words[MESSAGE_AT] = 0
    words[PARSED] = whole
    words[END] = whole + rest
    return OK


@inlined
def make_room(region: _Bytes, words: _Words, control: _Words, cursors: _Words) -> int:
    """Make room behind END for the next read.

    Bytes are only moved when the region's end is near: those of the unfinished message and of the
    unfinished frame.

    Args:
        region: bytes of the connection.
        words: of the stream; nothing whole is left to parse.
        control: the frame ring's control page; every published frame has become records.
        cursors: its readers' pages.

    Returns:
        Bytes that may be written at END, at least 1; WOULD_BLOCK when a lossless reader still
        needs a frame there.
    """
    # Of a region begun anew, the message, the frame and this fit: each is a quarter of it at most.
    least = max(_LEAST_BYTES, words[NEEDED] - (words[END] - words[PARSED]))
    if words[REGION + R_BYTES] - words[END] < least:
        status = _begin_anew(region, words, least, control, cursors)
        if status != OK:
            return WOULD_BLOCK
    upto = words[END] + max(least, min(_READ_BYTES, words[REGION + R_SEGMENT]))
    status = open_until(words, REGION, min(upto, words[REGION + R_BYTES]), control, cursors)
    if status != OK and words[REGION + R_OPEN] <= words[END]:
        return WOULD_BLOCK
    return words[REGION + R_OPEN] - words[END]


@inlined
def _stamp(words: _Words) -> int:
    """Read the kernel's arrival time out of the control buffer; 0 when there is none."""
    at = MSGHDR_CONTROL
    end = at + min(words[MSGHDR + HDR_CONTROL_BYTES] >> 3, MSGHDR_CONTROL_WORDS)
    while at + CMSG_DATA + 1 < end:
        if words[at + CMSG_LEVEL_TYPE] == CMSG_TIMESTAMP:
            return words[at + CMSG_DATA] * 1_000_000_000 + words[at + CMSG_DATA + 1]
        at += max((words[at + CMSG_LENGTH] + 7) >> 3, CMSG_DATA)
    return 0


@inlined
def _read(descriptor: int, words: _Words, address: int, room: int) -> int:
    """Read a socket; bytes, 0 at its end, or minus errno."""
    base = words.ctypes.data
    for word in range(HDR_WORDS):
        words[MSGHDR + word] = 0
    words[MSGHDR_IOVEC + IOV_BASE] = address
    words[MSGHDR_IOVEC + IOV_LENGTH] = room
    words[MSGHDR + HDR_IOV] = base + 8 * MSGHDR_IOVEC
    words[MSGHDR + HDR_IOV_COUNT] = 1
    words[MSGHDR + HDR_CONTROL] = base + 8 * MSGHDR_CONTROL
    words[MSGHDR + HDR_CONTROL_BYTES] = 8 * MSGHDR_CONTROL_WORDS
    got = receive_batch(descriptor, base + 8 * MSGHDR, 1, MSG_DONTWAIT)
    if got < 0:
        return got
    return words[MSGHDR + HDR_LENGTH] & _LOW_HALF


@inlined
def _fail(words: _Words, code: int) -> None:
    words[CODE] = code
    words[EVENTS] |= HAS_FAILED


@inlined
def _inflate(region: _Bytes, words: _Words, arena: _Bytes, control: _Words, cursors: _Words) -> int:
    """Inflate the complete message into the other region.

    Returns:
        Its bytes, at R_WRITTEN; NOT_READY or WOULD_BLOCK when there is no room yet, and nothing has
        happened; MALFORMED when the connection has to be closed, which is noted.
    """
    room = words[LONGEST] + 1
    at = words[INFLATED + R_WRITTEN]
    if words[INFLATED + R_BYTES] - at < room:
        status = open_from_start(words, INFLATED, room, control, cursors)
        if status != OK:
            return status
        at = 0
        words[INFLATED + R_WRITTEN] = 0
    status = open_until(words, INFLATED, at + room, control, cursors)
    if status != OK:
        return status
    length = inflate_message(
        words,
        region.ctypes.data + words[MESSAGE_AT],
        words[MESSAGE_BYTES],
        arena.ctypes.data + words[INFLATED + R_AT] + at,
        room,
    )
    if length < 0:
        _fail(words, _INVALID_DATA)
        return MALFORMED
    if length >= room:
        _fail(words, TOO_BIG)
        return MALFORMED
    return length


@inlined
def _publish_messages(
    source: int,
    region: _Bytes,
    words: _Words,
    arena: _Bytes,
    control: _Words,
    cursors: _Words,
    frames: Any,
    limit: int,
    report: _Words,
    more_at: int,
) -> int:
    """Make frames of the messages that are there, and publish them.

    Returns:
        Frames published; WOULD_BLOCK when there are none because a lossless reader is in the way.
    """
    seq = control[PUBLISHED]
    at = seq & (control[CAPACITY] - 1)
    now_ns = 0
    count = 0
    status = int64(OK)
    while count < limit and words[EVENTS] & _STOPPED == 0:
        event = next_event(region, words)
        if event == NOT_READY:
            break
        if event == MESSAGE:
            length = words[MESSAGE_BYTES]
            lies_in = REGION
            lies_at = words[MESSAGE_AT]
            if words[IS_COMPRESSED]:
                length = _inflate(region, words, arena, control, cursors)
                if length < 0:
                    status = length
                    break
                lies_in = INFLATED
                lies_at = words[INFLATED + R_WRITTEN]
                words[INFLATED + R_WRITTEN] = lies_at + length
            if now_ns == 0:
                now_ns = realtime_ns()
            mark(words, lies_in, lies_at, length, seq + count)
            flags = words[FLAGS] | (BINARY_FLAG if words[OPCODE] == _BINARY else 0)
            offset = words[lies_in + R_AT] + lies_at
            describe_frame(
                frames, at + count, seq + count, offset, length, 0, words[ARRIVAL_NS], now_ns,
                source, flags,
            )  # fmt: skip
            words[OPCODE] = 0
            words[IS_COMPLETE] = 0
            count += 1
        elif event == PING:
            words[EVENTS] |= HAS_PING
        elif event == CLOSE:
            words[EVENTS] |= HAS_CLOSE
        elif event != PONG:
            _fail(words, event)
    if count == 0:
        return WOULD_BLOCK if status == WOULD_BLOCK else 0
    if count == limit or status == WOULD_BLOCK or status == NOT_READY:
        report[more_at] = 1
    publish(control, count, now_ns)
    words[MESSAGES] += count
    return count


@inlined
def _publish_loss(source: int, words: _Words, control: _Words, frames: Any) -> int:
    """Publish the frame that says that something may be missing."""
    seq = control[PUBLISHED]
    now_ns = realtime_ns()
    flags = words[FLAGS] | LOST_FLAG
    describe_frame(
        frames, seq & (control[CAPACITY] - 1), seq, words[REGION + R_AT], 0, 0, now_ns, now_ns,
        source, flags,
    )  # fmt: skip
    publish(control, 1, now_ns)
    # Behind it: a successor says it once more rather than never.
    words[IS_LOSSY] = 0
    return 1


@inlined
def take_stream(
    descriptor: int,
    source: int,
    words: _Words,
    arena: _Bytes,
    control: _Words,
    cursors: _Words,
    frames: Any,
    limit: int,
    report: _Words,
    more_at: int,
    serve_at: int,
) -> int:
    """Publish what a stream has, and read what its socket has. The feed's single writer.

    Args:
        descriptor: that can be read; -1 to look only at what is there already.
        source: index of the source.
        words: of the stream.
        arena: the frames' memory.
        control: the frame ring's control page; every published frame has become records.
        cursors: its readers' pages.
        frames: its descriptors.
        limit: frames that were claimed.
        report: of the loop.
        more_at: word of it that is set to 1 when the stream is to be asked again at once, else to 0.
        serve_at: word of it that is set to 1 when Python is needed.

    Returns:
        Frames published, 0 or more; -EAGAIN; WOULD_BLOCK when a lossless reader is in the way.
    """
    report[more_at] = 0
    if words[IS_LOSSY]:
        report[more_at] = 1
        return _publish_loss(source, words, control, frames)
    if words[MODE] == CLOSED:
        return 0
    begin = words[REGION + R_AT]
    region = arena[begin : begin + words[REGION + R_BYTES]]
    got = _publish_messages(
        source, region, words, arena, control, cursors, frames, limit, report, more_at
    )
    if got == 0 and descriptor >= 0 and words[EVENTS] & (_STOPPED | HAS_ENDED) == 0:
        if words[MODE] != PLAIN:
            words[EVENTS] |= HAS_INPUT
        else:
            room = make_room(region, words, control, cursors)
            if room < 0:
                return room
            read = _read(descriptor, words, region.ctypes.data + words[END], room)
            if read == -_EAGAIN:
                return read
            if read <= 0:
                words[ERROR] = -read
                words[EVENTS] |= HAS_ENDED
            else:
                words[END] += read
                words[ARRIVAL_NS] = _stamp(words)
                words[READ_NS] = monotonic_ns()
                got = _publish_messages(
                    source, region, words, arena, control, cursors, frames, limit, report, more_at
                )
    if words[EVENTS]:
        report[serve_at] = 1
    return got


@kernel(int64(int64, int64, I64, U8, I64, I64, FRAMES, int64, I64, int64, int64))
def take(
    descriptor: int,
    source: int,
    words: _Words,
    arena: _Bytes,
    control: _Words,
    cursors: _Words,
    frames: Any,
    limit: int,
    report: _Words,
    more_at: int,
    serve_at: int,
) -> int:
    """Call :func:`take_stream` from Python."""
    return take_stream(
        descriptor, source, words, arena, control, cursors, frames, limit, report, more_at, serve_at
    )


@kernel(int64(U8, I64, I64, I64))
def room_in(region: _Bytes, words: _Words, control: _Words, cursors: _Words) -> int:
    """Call :func:`make_room` from Python."""
    return make_room(region, words, control, cursors)
