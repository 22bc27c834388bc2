"""Packets of the simulated venue in one buffer, what they decode to, and how two streams differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.mock.deribit import Batch, SimulatedDeribit
from zerofeed.records.dtypes import RECORD
from zerofeed.records.kinds import DISCONNECT, EPOCH
from zerofeed.runtime.offline import OfflineFeed
from zerofeed.wire.pcap_index import INDEX_DTYPE

__all__ = [
    "OPENS_NS",
    "Packets",
    "comparable",
    "decode",
    "fed",
    "joined",
    "make_venue",
    "of_the_venue",
    "venue_packets",
]

OPENS_NS = 1_700_000_000_000_000_000
"""When the simulated venue opens; nothing here depends on the real time."""

PACKET_NS = 20_000
"""From one packet to the next: 50,000 a second."""


@dataclass(frozen=True)
class Packets:
    """Packets that lie in one buffer, in the order in which they are sent.

    Attributes:
        data: uint8.
        offsets: int64, bytes.
        lengths: int64, bytes.
        channels: int64, as in each packet's header.
    """

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    channels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.offsets.size)

    def payload(self, k: int) -> bytes:
        """Copy one packet."""
        at = int(self.offsets[k])
        return self.data[at : at + int(self.lengths[k])].tobytes()

    def index(self) -> npt.NDArray[Any]:
        """Rows as a capture file's reader makes them."""
        rows = np.zeros(len(self), INDEX_DTYPE)
        rows["ts_ns"] = OPENS_NS + PACKET_NS * np.arange(len(self))
        rows["offset"], rows["length"], rows["orig_length"] = (
            self.offsets,
            self.lengths,
            self.lengths,
        )
        return rows

    def chosen(self, places: npt.NDArray[Any] | slice) -> Packets:
        """Some of the packets, in the same buffer."""
        return Packets(self.data, self.offsets[places], self.lengths[places], self.channels[places])

    @classmethod
    def joined(cls, batches: Iterable[Batch]) -> Packets:
        """Copy batches behind each other."""
        buffers, offsets, lengths, channels = [], [], [], []
        end = 0
        for batch in batches:
            used = int((batch.offsets + batch.lengths).max(initial=0))
            buffers.append(batch.buffer[:used].copy())
            offsets.append(batch.offsets + end)
            lengths.append(batch.lengths.copy())
            channels.append(batch.channels.copy())
            end += used
        return cls(*(np.concatenate(part) for part in (buffers, offsets, lengths, channels)))


def make_venue(seed: int = 1, **options: Any) -> SimulatedDeribit:
    """A venue that opens at OPENS_NS."""
    return SimulatedDeribit(seed, start_ns=OPENS_NS, **options)


def venue_packets(venue: SimulatedDeribit, count: int, first: int = 0) -> Iterable[Batch]:
    """Let a venue say ``count`` packets, or a few more; each batch is valid until the next."""
    said = first
    while said < first + count:
        batch = venue.advance(OPENS_NS + PACKET_NS * (said + 512), min(512, first + count - said))
        said += len(batch)
        yield batch


def of_the_venue(count: int, seed: int = 1) -> Packets:
    """The first packets of a venue."""
    return Packets.joined(venue_packets(make_venue(seed), count)).chosen(slice(0, count))


def fed(feed: OfflineFeed, packets: Packets) -> npt.NDArray[Any]:
    """Decode packets; all records, copied."""
    return joined(feed.process(packets.data, packets.index()))


def joined(parts: Iterable[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Copy batches behind each other. NumPy's own way would lay the overlapping columns apart."""
    return np.frombuffer(b"".join(part.tobytes() for part in parts), RECORD).copy()


def decode(packets: Packets) -> npt.NDArray[Any]:
    """Decode packets with a feed of their own."""
    return fed(OfflineFeed("deribit-multicast", instruments=1024), packets)


def comparable(records: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What two runs over the same packets agree on: all but numbering, arrival and the run itself."""
    ours = records[(records["kind"] != EPOCH) & (records["kind"] != DISCONNECT)].copy()
    ours["seq"] = 0
    ours["ts_recv_ns"] = 0
    return ours
