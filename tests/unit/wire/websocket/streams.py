"""A stream in a feed's memory without a feed: a socket pair, the kernel, and every frame it published."""

from __future__ import annotations

import errno
import socket

import numpy as np

from zerofeed.base.status import WOULD_BLOCK
from zerofeed.feed.memory import FeedMemory, MemorySizes
from zerofeed.shm import _ring_kernels as rk
from zerofeed.wire.websocket import _stream_kernels as k
from zerofeed.wire.websocket import _words as w
from zerofeed.wire.websocket.stream import REGION_STEP_BYTES, Stream

__all__ = ["LONGEST", "SERVE", "Bench"]

LONGEST = REGION_STEP_BYTES // 4
BURST = 16
MORE = 0
SERVE = 1


class Bench:
    """One stream and what it published.

    Args:
        frames: slots of the frame ring.
        inflates: with a region for inflated messages.
    """

    def __init__(self, *, frames: int = 256, inflates: bool = False) -> None:
        regions = 2 if inflates else 1
        chunks = regions * REGION_STEP_BYTES // 2048
        sizes = MemorySizes(
            records=256,
            frames=frames,
            burst=BURST,
            max_claim=8,
            instruments=8,
            spare_chunks=max(BURST, chunks - frames),
        )
        self.memory = FeedMemory("stream", sizes)
        self.words = np.zeros(w.STREAM_WORDS, np.int64)
        self.inflates = inflates
        self.stream = self.taken_over()
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.report = np.zeros(8, np.int64)

    def taken_over(self) -> Stream:
        """The stream, laid out by a worker that begins."""
        return Stream(
            self.words,
            self.memory,
            place=1,
            at=0,
            region_bytes=REGION_STEP_BYTES,
            longest=LONGEST,
            inflated_at=REGION_STEP_BYTES if self.inflates else -1,
        )

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()

    def take(self, *, looks_only: bool = False) -> int:
        """One call of the kernel, as the hot loop makes it."""
        ring, table = self.memory.frame_ring, self.memory.frame_cursors
        assert rk.try_claim(ring.control, table.words, BURST) == 0
        return k.take(
            -1 if looks_only else self.ours.fileno(),
            7,
            self.words,
            self.memory.arena,
            ring.control,
            table.words,
            self.memory.frames,
            BURST,
            self.report,
            MORE,
            SERVE,
        )

    def take_all(self) -> int:
        """Calls until the socket is empty, or Python is needed; how many frames."""
        total = 0
        while (got := self.take()) != -errno.EAGAIN:
            assert got != WOULD_BLOCK
            total += got
            if self.report[SERVE]:
                break
        return total

    def oldest_kept(self) -> int:
        """The first frame that readers may still look at."""
        return int(rk.overrun_below(self.memory.frame_ring.control))

    def frame(self, seq: int):
        """A frame's descriptor."""
        ring = self.memory.frame_ring
        return self.memory.frames[seq & (ring.capacity - 1)]

    def payload(self, seq: int) -> bytes:
        """A frame's bytes, as they are now."""
        described = self.frame(seq)
        at = int(described["offset"])
        return self.memory.arena[at : at + int(described["length"])].tobytes()
