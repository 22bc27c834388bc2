"""Files of blocks behind two bytes of length, big-endian: what exchanges publish, and streams of TCP as they came.

:class:`LengthPrefixedReader` gives the same index as a packet capture's reader, so whatever reads packets reads them: a
*frame* is as many whole blocks as a packet would have, lengths included. It takes a compressed file piece by piece, and a
day of ten gigabytes needs no more memory than an hour.

A length of 0 ends the file. In some test files every length says 0; those are understood when the caller says how
long a block is by its first byte.

Nothing here knows what a block means.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import CaptureError
from zerofeed.records.units import UNDEF
from zerofeed.wire import _length_prefixed_kernels as k
from zerofeed.wire.capture_bytes import read_bytes, read_pieces
from zerofeed.wire.pcap import Capture, CaptureCounts, SkippedFrames
from zerofeed.wire.pcap_index import INDEX_DTYPE

__all__ = [
    "FORMAT",
    "BlockLayout",
    "LengthPrefixedReader",
    "open_length_prefixed",
    "read_length_prefixed",
]

FORMAT = "length-prefixed"
"""What readers call this format."""

_CHUNK_FRAMES = 16_384
_PACKETS = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d",
            b"\n\r\r\n")  # fmt: skip
"""How captures of packets begin."""
_NONE_SKIPPED = SkippedFrames(0, 0, 0, 0, 0, 0)


def _no_lengths() -> npt.NDArray[np.int64]:
    return np.zeros(256, np.int64)


@dataclass(frozen=True, slots=True)
class BlockLayout:
    """What has to be known of blocks.

    Attributes:
        lengths: int64 of 256, bytes of a block by its first byte, for files whose lengths say 0.
        time_at: where in a block its time is: a big-endian number of nanoseconds.
        time_bytes: bytes of that; 0: blocks have no time.
        frame_bytes: bytes of a frame.
    """

    lengths: npt.NDArray[np.int64] = field(default_factory=_no_lengths)
    time_at: int = 0
    time_bytes: int = 0
    frame_bytes: int = 1400


class LengthPrefixedReader:
    """Walks one file and hands out its index in chunks.

    Single use: each chunk continues where the last one ended. Not for several threads.

    Args:
        pieces: the file's bytes, piece by piece; the generator's value says whether it was cut.
        name: what errors call it.
        layout: of its blocks.

    Attributes:
        data: uint8 that the latest chunk's offsets count in; another array for each piece.
        name: as given.
        format: :data:`FORMAT`.
    """

    def __init__(
        self,
        pieces: Generator[npt.NDArray[np.uint8], None, bool],
        name: str,
        layout: BlockLayout,
    ) -> None:
        self.data: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)
        self.name = name
        self.format = FORMAT
        self._pieces = pieces
        self._layout = layout
        self._state = np.zeros(k.STATE_WORDS, np.int64)
        self._is_cut = False

    @property
    def counts(self) -> CaptureCounts:
        """What has been found up to the last chunk."""
        frames = int(self._state[k.FRAMES])
        return CaptureCounts(
            frames=frames,
            packets=frames,
            skipped=_NONE_SKIPPED,
            payload_bytes=int(self._state[k.BYTES]),
            packets_cut=0,
            packets_untimed=frames,
            tail_bytes=self.data.size - int(self._state[k.POSITION]),
            is_gzip_cut=self._is_cut,
            blocks_skipped=0,
            sections=1,
            interfaces=0,
        )

    @property
    def blocks(self) -> int:
        """Blocks found up to the last chunk."""
        return int(self._state[k.BLOCKS])

    def chunks(self, frames: int = _CHUNK_FRAMES) -> Iterator[npt.NDArray[Any]]:
        """Give the rest of the index in arrays of at most ``frames`` rows.

        Each counts in ``data`` as it is when the array is given, and both are valid until the next one.

        Raises:
            CaptureError: the file holds not a single block, or is a capture of packets.
        """
        for index, _ in self.timed_chunks(0, frames):
            yield index

    def timed_chunks(
        self, epoch_ns: int, frames: int = _CHUNK_FRAMES
    ) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.int64]]]:
        """Do as :meth:`chunks`, with the times that blocks say of themselves.

        Args:
            epoch_ns: what they count from, Unix ns.
            frames: rows of an array, at most.

        Yields:
            The index, and int64 Unix ns of each frame's first block, UNDEF where it has none.
        """
        layout = self._layout
        index = np.zeros(frames, INDEX_DTYPE)
        times = np.zeros(frames, np.int64)
        while self._next_piece():
            while True:
                rows = int(
                    k.index_frames(
                        self.data,
                        self._state,
                        layout.lengths,
                        layout.frame_bytes,
                        layout.time_at,
                        layout.time_bytes,
                        epoch_ns,
                        index,
                        times,
                    )
                )
                if rows:
                    yield index[:rows], times[:rows]
                if rows < frames:
                    break
        is_empty = self.data.size == 0 or (self.data.size == 2 and not self.data.any())
        if self._state[k.FRAMES] == 0 and not is_empty and not self._state[k.HAS_ENDED]:
            raise CaptureError(
                "not a file of blocks behind their lengths",
                where=self.name,
                expected="two bytes of length, big-endian, in front of each block",
                got=f"{self.data[:8].tobytes().hex(' ')} at its beginning",
                next_step="check the protocol and the file",
            )

    def _next_piece(self) -> bool:
        """Bring the next piece behind what is left of the one before; False at the end."""
        try:
            piece = next(self._pieces)
        except StopIteration as end:
            self._is_cut = bool(end.value)
            return False
        position = int(self._state[k.POSITION])
        rest = self.data[position:]
        is_first = self.data.size == 0
        self.data = np.concatenate([rest, piece]) if rest.size else piece
        self._state[k.POSITION] = 0
        if is_first and self.data[:4].tobytes() in _PACKETS:
            raise CaptureError(
                "a capture of packets",
                where=self.name,
                expected="a file of blocks behind their lengths",
                next_step="name the protocol that the packets have, such as itch50-mold",
            )
        return True


def open_length_prefixed(path: str | Path, layout: BlockLayout) -> LengthPrefixedReader:
    """Open a file of blocks.

    Args:
        path: of the file, also gzipped, or alone in a zip archive.
        layout: of its blocks.

    Returns:
        A reader at the first block. Damage and missing files show when it is read.
    """
    return LengthPrefixedReader(read_pieces(path), str(path), layout)


def read_length_prefixed(path: str | Path, layout: BlockLayout, epoch_ns: int = 0) -> Capture:
    """Read a file of blocks whole, to be played.

    Args:
        path: of the file, also gzipped, or alone in a zip archive.
        layout: of its blocks.
        epoch_ns: what their times count from, Unix ns.

    Returns:
        The capture; it is paced by the times of its blocks, where they have any, and has no arrival times.

    Raises:
        CaptureError: no such file, not readable, damaged, or of another kind.
    """
    data, is_cut = read_bytes(path)
    reader = LengthPrefixedReader(_whole(data, is_cut=is_cut), str(path), layout)
    chunks = [(index.copy(), times.copy()) for index, times in reader.timed_chunks(epoch_ns)]
    index = np.empty(sum(chunk.size for chunk, _ in chunks), INDEX_DTYPE)
    np.concatenate([index[:0], *(chunk for chunk, _ in chunks)], out=index)
    index.setflags(write=False)
    times = np.concatenate([np.zeros(0, np.int64), *(each for _, each in chunks)])
    is_timed = bool((times != UNDEF).any())
    return Capture(
        reader.name, FORMAT, data, index, reader.counts, paced_by=times if is_timed else None
    )


def _whole(
    data: npt.NDArray[np.uint8], *, is_cut: bool
) -> Generator[npt.NDArray[np.uint8], None, bool]:
    """Give a file as one piece."""
    yield data
    return is_cut
