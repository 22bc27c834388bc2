"""Payloads of one's own as packets of an offline feed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.unit.runtime.venue_packets import OPENS_NS, PACKET_NS, joined
from zerofeed.base.context import call_at
from zerofeed.base.kernel import int64, kernel
from zerofeed.records.kinds import KIND_NAMES
from zerofeed.runtime import _process_kernels as slots
from zerofeed.runtime._undo_kernels import forget_kept
from zerofeed.runtime.book_store import kept_words, undo_step
from zerofeed.runtime.config import MemorySection
from zerofeed.runtime.offline import OfflineFeed
from zerofeed.runtime.protocol import Protocol
from zerofeed.shm import journal
from zerofeed.wire.pcap_index import INDEX_DTYPE

__all__ = ["Sent", "done_twice", "kinds_of"]

CAUSES = ("decoded", "stale", "heartbeat", "malformed", "truncated")


def kinds_of(records: npt.NDArray[Any]) -> list[str]:
    """Name the kinds of records, in order."""
    return [KIND_NAMES[int(kind)] for kind in records["kind"]]


class Sent:
    """A feed, and what it makes of packets that are sent to it.

    Attributes:
        feed: the feed.
        packets: how many were sent.
    """

    def __init__(self, protocol: str | Protocol, **options: Any) -> None:
        self.feed = OfflineFeed(protocol, **{"instruments": 64, "book_levels": 64} | options)
        self.packets = 0

    def __call__(self, *payloads: bytes, ts_ns: int | None = None) -> npt.NDArray[Any]:
        """Send packets; their records, copied."""
        index = self.index_of(payloads)
        index["ts_ns"] += PACKET_NS * self.packets
        if ts_ns is not None:
            index["ts_ns"] = ts_ns
        self.packets += len(payloads)
        return self.process(payloads, index)

    @staticmethod
    def index_of(payloads: Sequence[bytes]) -> npt.NDArray[Any]:
        """Rows as a capture file's reader makes them."""
        index = np.zeros(len(payloads), INDEX_DTYPE)
        index["length"] = index["orig_length"] = [len(each) for each in payloads]
        index["offset"] = np.cumsum(index["length"]) - index["length"]
        index["ts_ns"] = OPENS_NS + PACKET_NS * np.arange(len(payloads))
        return index

    def process(self, payloads: Sequence[bytes], index: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Decode packets; their records, copied."""
        data = np.frombuffer(b"".join(payloads) or b"\0", np.uint8)
        return joined(self.feed.process(data, index))

    def count(self, name: str) -> int:
        """Read a counter."""
        return self.feed.metrics[name]

    def assert_every_packet_is_accounted_for(self) -> None:
        """Every packet has one fate, and every record is numbered."""
        assert self.count("packets_received") == self.packets
        assert sum(self.count(f"packets_{cause}") for cause in CAUSES) == self.packets
        assert self.count("records_published") == self.feed.seq


@kernel(int64(int64, int64, int64, int64, int64))
def _call(process: int, context: int, length: int, ts_recv_ns: int, limit: int) -> int:
    """Process the packet at the beginning of the context's buffer."""
    return call_at(process, context, 0, length, 0, ts_recv_ns, 0, 0, limit)


def done_twice(
    protocol: str, payloads: Sequence[bytes], **options: Any
) -> tuple[list[bytes], list[bytes]]:
    """Do each packet, undo it as after a kill, and do it again.

    Returns:
        What each packet made the first and the second time, as bytes of records without numbers.
    """
    sent = Sent(protocol, **options)
    feed = sent.feed
    memory = MemorySection(instruments=64, book_levels=64, **options)
    undo = np.zeros(kept_words(memory), np.int64)
    feed._context.put(slots.UNDO, undo)
    once, again = [], []
    for step, payload in enumerate(payloads):
        feed._context.put(slots.BUFFER, np.frombuffer(payload, np.uint8))
        for made in (once, again):
            forget_kept(undo)
            journal.begin(feed._state, step)
            limit = len(feed._records)
            count = _call(feed._process, feed._context.address, len(payload), OPENS_NS, limit)
            made.append(feed._records[:count].tobytes())
            if made is once:
                undo_step(feed._book_words, undo)
                assert journal.recover(feed._state, 0) == step
        journal.seal(feed._state, 1)
        journal.finish(feed._state, step)
    return once, again
