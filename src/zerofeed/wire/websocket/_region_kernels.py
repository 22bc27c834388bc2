"""A part of the arena that is written round and round by messages of any length (kernels).

Other receivers have chunks of one size, one for each slot of the frame ring, and a slot that is claimed
anew frees exactly its chunk. Messages of a stream have any length, so here the bytes may be needed
again before the ring has turned round. The guarantee is the same: **no byte that a published frame
refers to is written over before that frame is retired**, which readers see in CLAIMED and lossless
readers can prevent.

::

              lap n+1: written again        │ lap n: still kept
    ├──────────────┬────────────────────────┼──────────────────────────────────┤
    0              END ─── may be written ──▶ R_OPEN                    R_BYTES
                                              │ the next segment is opened by retiring
                                              │ the latest frame of lap n that lies in it

The region has SEGMENTS equal segments, and R_LAST says for each the latest frame that has a byte in
it. Before bytes of a segment are written again, :func:`open_until` retires that frame, and with it all
before it: :func:`zerofeed.shm._ring_kernels.retire` claims the ring up to it. So a region keeps frames
for about its size less two segments; with short messages the frame ring is the limit, and nothing is
ever retired here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined
from zerofeed.base.status import NOT_READY, OK
from zerofeed.shm._ring_kernels import PUBLISHED, retire
from zerofeed.wire.websocket._words import R_BYTES, R_LAST, R_OPEN, R_SEGMENT

__all__ = ["mark", "open_from_start", "open_until"]

_Words = npt.NDArray[np.int64]


@inlined
def mark(words: _Words, region: int, at: int, length: int, seq: int) -> None:
    """Note that frame ``seq`` lies in ``at : at + length`` of the region. Before it is published."""
    if length > 0:
        first = at // words[region + R_SEGMENT]
        last = (at + length - 1) // words[region + R_SEGMENT]
        for segment in range(first, last + 1):
            words[region + R_LAST + segment] = seq + 1


@inlined
def _free(words: _Words, region: int, segment: int, control: _Words, cursors: _Words) -> int:
    """Retire what lies in a segment; NOT_READY when that is described and not published yet."""
    below = words[region + R_LAST + segment]
    if below > control[PUBLISHED]:
        return NOT_READY
    return retire(control, cursors, below)


@inlined
def open_until(words: _Words, region: int, upto: int, control: _Words, cursors: _Words) -> int:
    """Make room for writing, behind what is open already.

    Args:
        words: of the stream.
        region: REGION or INFLATED.
        upto: byte of the region up to which it is wanted; at most R_BYTES.
        control: the frame ring's control page; every published frame has become records.
        cursors: its readers' pages.

    Returns:
        OK; WOULD_BLOCK when a lossless reader still needs a frame there; NOT_READY when frames that
        are described there have to be published first.
    """
    while words[region + R_OPEN] < upto:
        segment = words[region + R_OPEN] // words[region + R_SEGMENT]
        status = _free(words, region, segment, control, cursors)
        if status != OK:
            return status
        words[region + R_LAST + segment] = 0
        words[region + R_OPEN] += words[region + R_SEGMENT]
    return OK


@inlined
def open_from_start(words: _Words, region: int, upto: int, control: _Words, cursors: _Words) -> int:
    """Begin another lap with room for ``upto`` bytes; nothing has changed unless the result is OK.

    Arguments and results as for :func:`open_until`.
    """
    segments = (min(upto, words[region + R_BYTES]) - 1) // words[region + R_SEGMENT] + 1
    for segment in range(segments):
        status = _free(words, region, segment, control, cursors)
        if status != OK:
            return status
    for segment in range(segments):
        words[region + R_LAST + segment] = 0
    words[region + R_OPEN] = segments * words[region + R_SEGMENT]
    return OK
