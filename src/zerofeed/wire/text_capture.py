"""Text captures: what a venue sent over a WebSocket, a line for each message.

:class:`TextCapture` gives the same index as a packet capture's reader, so whatever reads packets reads
messages; ``_text_capture_kernels`` says which lines there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import CaptureError
from zerofeed.wire import _text_capture_kernels as k
from zerofeed.wire.capture_bytes import read_bytes
from zerofeed.wire.pcap import CaptureReader
from zerofeed.wire.pcap_index import INDEX_DTYPE

__all__ = ["SkippedLines", "TextCapture", "TextCounts", "open_recording"]

_CHUNK_MESSAGES = 65_536
_FIRST_BYTES = frozenset(b"0123456789{[wh \r\n")
"""A text capture begins with one of these; no capture of packets does."""


@dataclass(frozen=True, slots=True)
class SkippedLines:
    """Lines that are not in the index, by cause."""

    sent: int
    """What the recording side sent."""
    opened: int
    """A connection was opened."""
    not_understood: int
    """None of the known forms."""


@dataclass(frozen=True, slots=True)
class TextCounts:
    """What has been found so far."""

    frames: int
    """Lines that are not empty."""
    packets: int
    """Rows of the index: messages."""
    skipped: SkippedLines
    answers: int
    """Messages that are answers to requests."""
    packets_untimed: int
    """Messages without a time."""
    payload_bytes: int
    """Bytes of the messages."""
    tail_bytes: int
    """Bytes of the last, incomplete record: 0, a line may end with the file."""
    is_gzip_cut: bool
    """The compressed stream ends before its own end."""


class TextCapture:
    """Walks one text capture and hands out its index in chunks.

    Single use: each chunk continues where the last one ended. Not for several threads.

    Args:
        data: uint8 array with the whole text; it is neither copied nor changed.
        name: what errors call it.
        is_gzip_cut: the decompression ended early; only passed on into the counts.

    Attributes:
        data: as given.
        name: as given.
        format: ``text``.
    """

    def __init__(
        self, data: npt.NDArray[np.uint8], name: str, *, is_gzip_cut: bool = False
    ) -> None:
        self.data = data
        self.name = name
        self.format = "text"
        self._is_gzip_cut = is_gzip_cut
        self._state = np.zeros(k.COUNTERS, np.int64)
        self._found = np.zeros(2, np.int64)

    @property
    def counts(self) -> TextCounts:
        """What has been found up to the last chunk."""
        c = self._state.tolist()
        return TextCounts(
            frames=c[k.LINES],
            packets=c[k.PACKETS],
            skipped=SkippedLines(c[k.SENT], c[k.OPENED], c[k.NOT_UNDERSTOOD]),
            answers=c[k.ANSWERS],
            packets_untimed=c[k.UNTIMED],
            payload_bytes=c[k.PAYLOAD_BYTES],
            tail_bytes=0,
            is_gzip_cut=self._is_gzip_cut,
        )

    def chunks(self, messages: int = _CHUNK_MESSAGES) -> Iterator[npt.NDArray[Any]]:
        """Give the rest of the index in arrays of at most ``messages`` rows, each its own memory.

        Raises:
            CaptureError: the file has lines, and none of them is understood.
        """
        while True:
            index = np.zeros(messages, INDEX_DTYPE)
            rows = int(k.index_lines(self.data, self._state, self._found, index))
            if rows:
                yield index[:rows]
            if rows < messages:
                break
        counts = self.counts
        if counts.packets == 0 and counts.skipped.not_understood:
            raise CaptureError(
                "not a capture",
                where=self.name,
                expected="lines of `TIME_NS TEXT`, `SECONDS: TEXT` or JSON",
                got=f"{counts.skipped.not_understood} other lines",
                next_step="check that the file is a capture of text messages",
            )


def open_recording(path: str | Path) -> CaptureReader | TextCapture:
    """Open a capture of packets or of text messages, whichever it is.

    Args:
        path: pcap, pcapng or text; also gzipped, or alone in a zip archive.

    Returns:
        A reader at the first packet or message.

    Raises:
        CaptureError: no such file, not readable, or of no known form.
    """
    data, is_cut = read_bytes(path)
    if data.size and int(data[0]) in _FIRST_BYTES and data[:4].tobytes() != b"\n\r\r\n":
        return TextCapture(data, str(path), is_gzip_cut=is_cut)
    return CaptureReader(data, str(path), is_gzip_cut=is_cut)
