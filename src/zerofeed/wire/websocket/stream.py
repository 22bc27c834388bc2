"""A stream's words and regions from Python: laid out, taken over from a killed worker, filled by hand.

The words are described in :mod:`zerofeed.wire.websocket._words`, what keeps bytes from being written
over too early in :mod:`zerofeed.wire.websocket._region_kernels`.
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import BugError
from zerofeed.base.status import WOULD_BLOCK
from zerofeed.feed.memory import FeedMemory
from zerofeed.wire._arrival_kernels import LINE_SHIFT
from zerofeed.wire.websocket import _stream_kernels as k
from zerofeed.wire.websocket import _words as w

__all__ = ["REGION_STEP_BYTES", "STREAM_WORDS", "Stream"]

_Words = npt.NDArray[np.int64]

STREAM_WORDS = w.STREAM_WORDS
"""int64 words of one stream."""
REGION_STEP_BYTES = 4096 * w.SEGMENTS
"""A region's size is a multiple of this: its segments are whole pages."""


class Stream:
    """One stream. The writer's process only.

    Args:
        words: int64[STREAM_WORDS] of the feed's private memory, zeroed before the first worker.
        memory: of the feed.
        place: number of the stream within its source, told in each frame's flags.
        at: byte of the arena at which its region begins.
        region_bytes: size of the region, a multiple of REGION_STEP_BYTES.
        longest: bytes that a message may have; ``LEAST_REGIONS`` of them fit into a region.
        inflated_at: byte of the arena at which the region for inflated messages begins, of the
            same size; negative: there is none.
        flags: further frame flags of its messages.
        is_inbox: it has no connection; :meth:`put` alone fills it.

    Attributes:
        words: as given.
        region: uint8, its bytes.
    """

    def __init__(
        self,
        words: _Words,
        memory: FeedMemory,
        *,
        place: int,
        at: int,
        region_bytes: int,
        longest: int,
        inflated_at: int = -1,
        flags: int = 0,
        is_inbox: bool = False,
    ) -> None:
        if region_bytes % REGION_STEP_BYTES or longest * w.LEAST_REGIONS > region_bytes:
            raise BugError(
                "the region of a stream has an impossible size",
                expected=f"a multiple of {REGION_STEP_BYTES}, at least {w.LEAST_REGIONS} messages",
                got=f"{region_bytes} bytes for messages of {longest}",
            )
        self.words = words
        self._memory = memory
        self.region = memory.arena[at : at + region_bytes]
        self._bytes = memoryview(self.region)
        self._take_over()
        self._lay_out(w.REGION, at, region_bytes)
        if inflated_at >= 0:
            self._lay_out(w.INFLATED, inflated_at, region_bytes)
        words[w.LONGEST] = longest
        words[w.FLAGS] = place << LINE_SHIFT | flags
        words[w.MODE] = w.INBOX if is_inbox else w.CLOSED

    def _take_over(self) -> None:
        """Forget a dead worker's connection, and let readers know that it was cut."""
        words = self.words
        if words[w.MODE] in (w.PLAIN, w.TLS):
            words[w.IS_LOSSY] = 1
        words[w.MODE] = w.CLOSED
        # Its z_stream points into memory that died with it.
        words[w.DEFLATE] = 0
        self._forget_bytes()

    def _forget_bytes(self) -> None:
        words = self.words
        words[w.EVENTS] = 0
        words[w.PARSED] = words[w.END]
        words[w.NEEDED : w.IS_COMPLETE + 1] = 0

    def _lay_out(self, region: int, at: int, size: int) -> None:
        words = self.words
        words[region + w.R_AT] = at
        words[region + w.R_BYTES] = size
        words[region + w.R_SEGMENT] = size // w.SEGMENTS
        # A frame that was described and never published: its number belongs to another by now.
        last = words[region + w.R_LAST : region + w.R_LAST + w.SEGMENTS]
        np.minimum(last, self._memory.frame_ring.published, out=last)

    @property
    def mode(self) -> int:
        """CLOSED, PLAIN, TLS or INBOX."""
        return int(self.words[w.MODE])

    @property
    def messages(self) -> int:
        """Messages of this connection that are frames."""
        return int(self.words[w.MESSAGES])

    def begin(self, mode: int) -> None:
        """Expect the bytes of a new connection, behind those of the one before."""
        self._forget_bytes()
        words = self.words
        words[w.MESSAGES] = 0
        words[w.ARRIVAL_NS] = 0
        words[w.READ_NS] = time.monotonic_ns()
        words[w.MODE] = mode

    def end(self, *, is_lossy: bool) -> None:
        """Expect no more bytes.

        Args:
            is_lossy: readers are told that something may be missing, by a frame with LOST_FLAG.
        """
        self._forget_bytes()
        self.words[w.MODE] = w.CLOSED
        if is_lossy:
            self.words[w.IS_LOSSY] = 1

    def room(self) -> memoryview | None:
        """Give the place for the next bytes; None while a lossless reader needs it.

        Only between two turns of the loop that was not stopped by a reader. Say :meth:`grow` for
        what was written there.
        """
        memory = self._memory
        room = int(
            k.room_in(
                self.region,
                self.words,
                memory.frame_ring.control,
                memory.frame_cursors.words,
            )
        )
        if room == WOULD_BLOCK:
            return None
        end = int(self.words[w.END])
        return self._bytes[end : end + room]

    def grow(self, length: int, arrival_ns: int) -> None:
        """Count bytes that were written into :meth:`room`.

        Args:
            length: how many.
            arrival_ns: Unix ns at which the kernel had them; 0: not known.
        """
        words = self.words
        words[w.END] += length
        words[w.ARRIVAL_NS] = arrival_ns
        words[w.READ_NS] = time.monotonic_ns()

    def put(self, payload: bytes) -> bool:
        """Make a whole message of an inbox; it is published by the next turn.

        Returns:
            False when there is another one still, or a lossless reader needs the place.
        """
        words = self.words
        if words[w.IS_COMPLETE]:
            return False
        words[w.PARSED] = words[w.END]
        words[w.NEEDED] = len(payload)
        room = self.room()
        if room is None or len(room) < len(payload):
            return False
        room[: len(payload)] = payload
        words[w.MESSAGE_AT] = words[w.END]
        words[w.MESSAGE_BYTES] = len(payload)
        self.grow(len(payload), 0)
        words[w.PARSED] = words[w.END]
        words[w.IS_COMPRESSED] = 0
        words[w.OPCODE] = 1
        words[w.IS_COMPLETE] = 1
        return True

    def control(self) -> bytes:
        """Copy the payload of the latest control frame."""
        at = int(self.words[w.CONTROL_AT])
        return bytes(self._bytes[at : at + int(self.words[w.CONTROL_BYTES])])
