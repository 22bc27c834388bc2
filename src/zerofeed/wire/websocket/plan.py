"""Where in the arena the regions of a WebSocket source lie, and how many words its streams need."""

from __future__ import annotations

from dataclasses import dataclass

from zerofeed.wire._arrival_kernels import LINES
from zerofeed.wire.websocket.stream import STREAM_WORDS

__all__ = ["MOST_LINES", "StreamPlan"]

MOST_LINES = LINES - 1
"""Connections that a source keeps at a time: one number is needed for the one that replaces another."""


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """A source's part of the arena.

    ::

        region of stream 0 │ ... of the last │ of the inbox │ inflated of stream 0 │ ... of the last

    Attributes:
        at: byte of the arena at which it begins.
        lines: connections that the source keeps at a time, MOST_LINES at most.
        region_bytes: size of a region, a multiple of
            :data:`~zerofeed.wire.websocket.stream.REGION_STEP_BYTES`.
        longest: bytes that a message may have.
        inflates: there are regions for inflated messages.
    """

    at: int
    lines: int
    region_bytes: int
    longest: int
    inflates: bool = False

    @property
    def places(self) -> int:
        """Streams for connections: one more than lines, for the one that replaces another."""
        return self.lines + 1

    @property
    def regions(self) -> int:
        """Regions, that of the inbox included."""
        return self.places + 1 + (self.places if self.inflates else 0)

    @property
    def arena_bytes(self) -> int:
        """Bytes of the arena."""
        return self.regions * self.region_bytes

    @property
    def words(self) -> int:
        """int64 words of the receive block."""
        return (self.places + 1) * STREAM_WORDS

    def region_at(self, place: int) -> int:
        """Byte of the arena at which a stream's region begins; the inbox has the last place."""
        return self.at + place * self.region_bytes

    def inflated_at(self, place: int) -> int:
        """Byte at which its region for inflated messages begins; -1: it has none."""
        if not self.inflates or place >= self.places:
            return -1
        return self.at + (self.places + 1 + place) * self.region_bytes
