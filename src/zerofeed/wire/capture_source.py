"""A capture file as a feed's own source: no socket, no sender, nothing lost on the way.

The supervisor maps the file and makes its index; the worker copies each payload into the arena
when it is due, and from there on it is a packet like any other. Unlike a socket, a file waits:
a lossless reader that is slow holds it back, and a killed worker's successor goes on with the
next packet, exactly.

Receive times are those of the capture. Pace is kept by the monotonic clock from the first packet
on: who falls behind catches up.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError, ResourceError
from zerofeed.feed.copies import ReceiverCopies
from zerofeed.feed.memory import FeedMemory
from zerofeed.wire import _capture_source_kernels as k
from zerofeed.wire.pacing import due_times
from zerofeed.wire.pcap import Capture, read_capture
from zerofeed.wire.pcap_index import INDEX_DTYPE
from zerofeed.wire.receiver import CAPTURE

__all__ = ["BLOCK_WORDS", "CaptureReceiver", "open_capture_source"]

BLOCK_WORDS = k.BLOCK_WORDS
"""int64 words of the receive block."""

_CLOCK_MONOTONIC = 1
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_AT_ONCE_NS = 1

_libc = ctypes.CDLL(None, use_errno=True)


class CaptureReceiver:
    """One capture that is being played.

    Attributes:
        capture: the file.
    """

    kind = CAPTURE
    how = "capture: one copy in user space, from the mapped file into the frames"
    clock = "as recorded in the capture"

    def __init__(self, capture: Capture, speed: float | Literal["max"]) -> None:
        self.capture = capture
        # The kernel reads rows by their address.
        assert capture.index.dtype == INDEX_DTYPE
        assert capture.index.flags.c_contiguous
        times = capture.index["ts_ns"] if capture.paced_by is None else capture.paced_by
        self._due = due_times(times, speed=math.inf if speed == "max" else float(speed))
        self._timer = _libc.timerfd_create(_CLOCK_MONOTONIC, _FLAGS)
        if self._timer < 0:
            code = ctypes.get_errno()
            raise ResourceError(
                f"no timer for the capture ({os.strerror(code)})",
                where=capture.name,
                next_step="allow more open files, with `ulimit -n` or LimitNOFILE=",
            )

    @property
    def name(self) -> str:
        """The file's own name."""
        return Path(self.capture.name).name

    def tell_copies(self) -> ReceiverCopies:
        """Say how often a packet is copied: once, by the worker itself."""
        return ReceiverCopies(
            kind="capture",
            source=self.name,
            mode="a capture's packets, put into the frames by the worker",
            kernel_copies=0,
            user_copies=1,
            how_known="no socket is open: the worker copies each payload from its map of the file, "
            f"{self.capture.data.nbytes:,} bytes, into the frame",
        )

    def filenos(self) -> list[int]:
        """Give its timer."""
        return [self._timer]

    def take_over(self, block: npt.NDArray[np.int64], memory: FeedMemory, source: int) -> None:  # noqa: ARG002
        """Go on behind the last packet that was published."""
        k.recover_recorded(block, memory.frame_ring.published)
        block[k.PACKETS] = len(self.capture)
        block[k.INDEX] = self.capture.index.ctypes.data
        block[k.DUE] = self._due.ctypes.data
        block[k.DATA] = self.capture.data.ctypes.data
        k.set_timer(self._timer, block, _AT_ONCE_NS)

    def drops(self) -> int:
        """Give 0: a file loses nothing."""
        return 0

    def leave_to_opener(self) -> None:
        """Close nothing: a worker needs all of it."""

    def foreign(self) -> int:
        """Count nothing: what belongs to no source of a capture is not looked at."""
        return 0

    def has_ended(self, block: npt.NDArray[np.int64]) -> bool:
        """Tell whether the last packet has been handed over."""
        return bool(block[k.NEXT] >= len(self.capture))

    def tell(self, block: npt.NDArray[np.int64]) -> str | None:
        """Say once that the capture has ended."""
        if block[k.IS_TOLD] or not self.has_ended(block):
            return None
        block[k.IS_TOLD] = 1
        return f"capture {self.capture.name}: ended, all {len(self.capture):,} packets were taken"

    def shortcomings(self) -> list[str]:
        """Say what of the file is not played, a line for each reason."""
        counts = self.capture.counts
        lines = []
        if counts.tail_bytes or counts.is_gzip_cut:
            what = (
                f"{counts.tail_bytes} bytes of the next one are left out"
                if counts.tail_bytes
                else "the compressed stream ends early"
            )
            lines.append(
                f"capture {self.capture.name}: the file is cut behind packet {counts.frames:,}; "
                f"{what}"
            )
        if counts.skipped.total:
            lines.append(
                f"capture {self.capture.name}: {counts.skipped.total:,} of {counts.frames:,} "
                "packets are no whole UDP packets and are left out"
            )
        return lines

    def close(self) -> None:
        """Close the timer; the file's map goes with the last array over it. Idempotent."""
        if self._timer >= 0:
            os.close(self._timer)
            self._timer = -1


def open_capture_source(
    path: str | Path,
    speed: float | Literal["max"] = 1.0,
    read: Callable[[str | Path], Capture] = read_capture,
) -> CaptureReceiver:
    """Map a capture and index it.

    Args:
        path: pcap or pcapng, also gzipped; or what ``read`` reads.
        speed: 1.0 as recorded, 10.0 ten times as fast, ``"max"`` as fast as the feed takes it.
        read: reads the whole file.

    Returns:
        The receiver. Cost: 48 bytes a packet, and a gzipped file decompressed.

    Raises:
        CaptureError: no such file, not a capture, or one that contradicts itself.
        ConfigurationError: the capture has no packets.
        ResourceError: the system refuses a timer.
    """
    capture = read(path)
    if not len(capture):
        raise ConfigurationError(
            "the capture has no UDP packets",
            where=str(path),
            got=f"{capture.counts.frames} packets of other kinds",
            next_step="choose another file",
        )
    return CaptureReceiver(capture, speed)
