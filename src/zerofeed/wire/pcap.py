"""Capture files, read in place.

``read_capture(path)`` gives every UDP packet of a pcap or pcapng file as one row of an index
and leaves the payloads where they are: in the mapped file, or in the decompressed bytes when
the file is gzipped. ``open_capture(path)`` gives the same in chunks of rows, for files whose
index should not be held at once.

Understood: pcap with microseconds and nanoseconds and Kuznetzov's longer headers; pcapng with
several sections and interfaces, any time resolution and offset, enhanced, simple and obsolete
packet blocks; both byte orders; gzip around any of them, recognised by content and not by name.
Links: Ethernet, Linux cooked 1 and 2, BSD NULL and LOOP, raw IP; VLAN tags; IPv4 with
options, IPv6 with extension headers.

Guarantees:

* ``counts.frames`` equals ``counts.packets`` plus everything in ``counts.skipped``: a frame
  without a row in the index is a number with a cause.
* A file that was cut at its end gives everything that is whole, and the rest in
  ``counts.tail_bytes``. A file that contradicts itself raises ``CaptureError`` with the offset.
* Rows are in file order; times are as recorded, which need not be ascending.

Not done: reassembly of IP fragments (counted), checksums, tunnels. A mapped file must not be
shortened by anyone while it is in use: the system answers that with SIGBUS.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zerofeed.base.errors import CaptureError
from zerofeed.base.status import BUFFER_FULL, OK
from zerofeed.wire import _frame_kernels as frame_k
from zerofeed.wire import _pcap_kernels as k
from zerofeed.wire.capture_bytes import read_bytes
from zerofeed.wire.pcap_index import INDEX_DTYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Capture",
    "CaptureCounts",
    "CaptureReader",
    "SkippedFrames",
    "open_capture",
    "read_capture",
]

Bytes = NDArray[np.uint8]
Index = NDArray[Any]

_CHUNK_PACKETS = 65_536

_PCAP_MAGIC = {
    0xA1B2C3D4: (1000, 16),
    0xA1B23C4D: (1, 16),
    0xA1B2CD34: (1000, 24),
}
"""Magic number to (nanoseconds per unit of the fraction, bytes of a record header)."""

_PCAPNG_MAGIC = 0x0A0D0D0A
_PCAP_HEADER_BYTES = 24
_LINKS = {value for name, value in vars(frame_k).items() if name.startswith("LINK_")}


@dataclass(frozen=True, slots=True)
class SkippedFrames:
    """Frames that are not in the index, by cause."""

    unknown_link: int
    """The interface's link type is not one this reader walks."""
    not_ip: int
    """ARP, IPv6-less control protocols, and so on."""
    not_udp: int
    """IP with another protocol."""
    fragments: int
    """Pieces of fragmented UDP datagrams; they are not put together."""
    cut_header: int
    """The capture stored too little of the frame to see its UDP header."""
    bad_header: int
    """Header lengths that contradict one another."""

    @property
    def total(self) -> int:
        """Sum over the causes."""
        return (
            self.unknown_link
            + self.not_ip
            + self.not_udp
            + self.fragments
            + self.cut_header
            + self.bad_header
        )


@dataclass(frozen=True, slots=True)
class CaptureCounts:
    """What has been found so far; ``frames == packets + skipped.total`` always holds."""

    frames: int
    """Packet records of the file, of any protocol."""
    packets: int
    """Rows of the index: UDP packets."""
    skipped: SkippedFrames
    payload_bytes: int
    """Stored payload bytes of the indexed packets."""
    packets_cut: int
    """Indexed packets whose payload is not wholly stored (flag PACKET_CUT)."""
    packets_untimed: int
    """Indexed packets without a time (flag PACKET_UNTIMED)."""
    tail_bytes: int
    """Bytes of the last, incomplete record; 0 in a whole file."""
    is_gzip_cut: bool
    """The compressed stream ends before its own end."""
    blocks_skipped: int
    """pcapng: blocks that hold neither packets nor interfaces."""
    sections: int
    """pcapng: section headers."""
    interfaces: int
    """pcapng: interface descriptions, over all sections."""


class CaptureReader:
    """Walks one capture and hands out its index in chunks.

    Single use: each chunk continues where the last one ended. Not for several threads.

    Args:
        data: uint8 array with the whole (decompressed) file; it is neither copied nor changed.
        name: what errors call it.
        is_gzip_cut: the decompression ended early; only passed on into the counts.

    Raises:
        CaptureError: the first bytes are of no known format, or of one with an unsupported
            version or link type.
    """

    def __init__(self, data: Bytes, name: str, *, is_gzip_cut: bool = False) -> None:
        self.data = data
        self.name = name
        self._is_gzip_cut = is_gzip_cut
        self._state = np.zeros(k.STATE_SLOTS, np.int64)
        self._counters = np.zeros(k.COUNTERS, np.int64)
        self._found = np.zeros(frame_k.FOUND_SLOTS, np.int64)
        self._interfaces = np.zeros((8, k.INTERFACE_SLOTS), np.int64)
        self._is_finished = False
        if data.size >= 4 and int.from_bytes(data[:4].tobytes(), "little") == _PCAPNG_MAGIC:
            self.format = "pcapng"
        else:
            self.format = "pcap"
            self._read_pcap_header()

    @property
    def counts(self) -> CaptureCounts:
        """What has been found up to the last chunk."""
        c = [int(v) for v in self._counters]
        return CaptureCounts(
            frames=c[k.FRAMES],
            packets=c[frame_k.FOUND],
            skipped=SkippedFrames(
                unknown_link=c[frame_k.UNKNOWN_LINK],
                not_ip=c[frame_k.NOT_IP],
                not_udp=c[frame_k.NOT_UDP],
                fragments=c[frame_k.FRAGMENT],
                cut_header=c[frame_k.CUT_HEADER],
                bad_header=c[frame_k.BAD_HEADER],
            ),
            payload_bytes=c[k.PAYLOAD_BYTES],
            packets_cut=c[k.PACKETS_CUT],
            packets_untimed=c[k.PACKETS_UNTIMED],
            tail_bytes=c[k.TAIL_BYTES],
            is_gzip_cut=self._is_gzip_cut,
            blocks_skipped=c[k.BLOCKS_SKIPPED],
            sections=c[k.SECTIONS],
            interfaces=c[k.INTERFACES_SEEN],
        )

    def scan_into(self, index: Index) -> int:
        """Fill an index with the next packets.

        Args:
            index: array of INDEX_DTYPE, written from row 0.

        Returns:
            Rows filled; fewer than ``index.size`` only at the end, 0 when there is no more.

        Raises:
            CaptureError: the file contradicts itself. What came before it was good: the rows
                that this call had filled are handed out first, and the next call raises.
        """
        if self._is_finished or index.size == 0:
            return 0
        if self._state[k.FAULT]:
            raise self._fault()
        rows = 0
        while True:
            code = self._scan(index[rows:])
            rows += int(self._state[k.ROWS])
            if code != BUFFER_FULL:
                break
            self._interfaces = np.concatenate([self._interfaces, np.zeros_like(self._interfaces)])
        self._is_finished = code == OK
        if self._state[k.FAULT] and rows == 0:
            raise self._fault()
        return rows

    def chunks(self, packets: int = _CHUNK_PACKETS) -> Iterator[Index]:
        """Give the rest of the index in arrays of at most ``packets`` rows, each its own memory.

        Raises:
            CaptureError: the file contradicts itself; raised after the chunk before that place.
        """
        while True:
            index = np.zeros(packets, INDEX_DTYPE)
            rows = self.scan_into(index)
            if rows:
                yield index[:rows]
            if rows < packets and self._is_finished:
                return

    def _scan(self, index: Index) -> int:
        if self.format == "pcap":
            code = k.scan_pcap(self.data, self._state, self._counters, self._found, index)
        else:
            code = k.scan_pcapng(
                self.data, self._state, self._counters, self._found, self._interfaces, index
            )
        return int(code)

    def _read_pcap_header(self) -> None:
        head = self.data[:_PCAP_HEADER_BYTES].tobytes()
        for order in "<>":
            magic = struct.unpack_from(order + "I", head)[0] if len(head) >= 4 else 0
            if magic in _PCAP_MAGIC:
                break
        else:
            raise self._error("not a capture", 0, "a pcap or pcapng magic number", _hex(head[:4]))
        if len(head) < _PCAP_HEADER_BYTES:
            raise self._error(
                "the file header is cut", 0, f"{_PCAP_HEADER_BYTES} bytes", f"{len(head)} bytes"
            )
        major, snap_bytes, link = struct.unpack(order + "4xH10xII", head)
        link &= 0xFFFF  # the upper bits say how long the frame check sequence is
        if major != 2:
            raise self._error("unsupported pcap version", 4, "2", str(major))
        if link not in _LINKS:
            raise self._error("unsupported link type", 20, f"one of {sorted(_LINKS)}", str(link))
        self._state[k.POSITION] = _PCAP_HEADER_BYTES
        self._state[k.BIG_ENDIAN] = order == ">"
        self._state[k.LINK] = link
        self._state[k.TICK_NS], self._state[k.HEADER_BYTES] = _PCAP_MAGIC[magic]
        self._state[k.SNAP_BYTES] = snap_bytes

    def _error(
        self, what: str, at: int, expected: str, got: str, packet: int | None = None
    ) -> CaptureError:
        after = "" if packet is None else f" behind packet {packet:,}"
        return CaptureError(
            what,
            where=f"{self.name}{after}, offset {at}",
            expected=expected,
            got=got,
            next_step="check that the file is a whole, undamaged capture",
        )

    def _fault(self) -> CaptureError:
        fault, at, got = (int(self._state[s]) for s in (k.FAULT, k.FAULT_AT, k.FAULT_GOT))
        what, expected = {
            k.FAULT_PACKET_LENGTH: ("impossible packet length", "a length that fits the record"),
            k.FAULT_BLOCK_LENGTH: (
                "impossible block length",
                f"a multiple of 4 that fits the block's kind, up to {k.MAX_BLOCK_BYTES}",
            ),
            k.FAULT_BLOCK_TRAILER: (
                "the length after a block differs from the one before it",
                "the same number twice",
            ),
            k.FAULT_BYTE_ORDER: ("not a section header", "byte-order magic 0x1a2b3c4d"),
            k.FAULT_INTERFACE: (
                "a packet of an interface that was not described",
                f"an interface below {int(self._state[k.INTERFACES])}",
            ),
            k.FAULT_OPTION: ("an option longer than its block", "an option that ends inside"),
            k.FAULT_VERSION: ("unsupported pcapng version", "1"),
            k.FAULT_NO_SECTION: ("no section header at the start", _hex(b"\n\r\r\n")),
        }[fault]
        packet = int(self._counters[k.FRAMES])
        return self._error(what, at, expected, f"{got} ({got:#x})", packet)


@dataclass(frozen=True, slots=True)
class Capture:
    """A whole capture: its bytes, and where the UDP payloads lie in them.

    ``data[row.offset : row.offset + row.length]`` is a payload; ``payload(i)`` says the same.
    """

    name: str
    format: str
    """``pcap`` or ``pcapng``."""
    data: Bytes
    """The file's bytes (decompressed); read-only."""
    index: Index
    """One row of INDEX_DTYPE per UDP packet, in file order."""
    counts: CaptureCounts
    paced_by: NDArray[np.int64] | None = None
    """Unix ns by which it is played where it has no arrival times; None: by those of the index."""

    def __len__(self) -> int:
        """UDP packets."""
        return int(self.index.size)

    def payload(self, packet: int) -> Bytes:
        """Give one payload as a view of ``data``; no copy."""
        row = self.index[packet]
        start = int(row["offset"])
        return self.data[start : start + int(row["length"])]

    def payloads(self) -> Iterator[Bytes]:
        """Give every payload in file order, as views."""
        return (self.payload(i) for i in range(len(self)))


def open_capture(path: str | Path) -> CaptureReader:
    """Map (or decompress) a capture file and prepare to walk it.

    Args:
        path: a pcap or pcapng file, gzipped or not.

    Returns:
        A reader at the first packet. Cost: none for a plain file; a gzipped one is decompressed
        into memory whole.

    Raises:
        CaptureError: no such file, not readable, not a capture, or damaged gzip.
    """
    data, is_cut = read_bytes(path)
    return CaptureReader(data, str(path), is_gzip_cut=is_cut)


def read_capture(path: str | Path) -> Capture:
    """Read a whole capture file.

    Args:
        path: a pcap or pcapng file, gzipped or not.

    Returns:
        The capture, with 40 bytes of index per UDP packet.

    Raises:
        CaptureError: not a readable capture, or one that contradicts itself.
    """
    reader = open_capture(path)
    chunks = list(reader.chunks())
    # Not by np.concatenate, which would pack the rows and drop the padding at their end.
    index = np.empty(sum(chunk.size for chunk in chunks), INDEX_DTYPE)
    np.concatenate([index[:0], *chunks], out=index)
    index.setflags(write=False)
    return Capture(reader.name, reader.format, reader.data, index, reader.counts)


def _hex(raw: bytes) -> str:
    return raw.hex(" ") or "an empty file"
