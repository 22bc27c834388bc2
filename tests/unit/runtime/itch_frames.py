"""Frames of ITCH in each framing, and a slow oracle of what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.unit.codecs.itch.naive import BadMessageError, NaiveItch, Row
from zerofeed.records.dtypes import RECORD
from zerofeed.runtime.offline import OfflineFeed
from zerofeed.wire.pcap_index import INDEX_DTYPE

__all__ = ["ARRIVAL_NS", "MIDNIGHT_NS", "UNDEF", "Sequencer", "feed_frames", "new_feed"]

UNDEF = -(2**63)
MIDNIGHT_NS = 1_548_824_400_000_000_000
"""30 January 2019 in New York."""
ARRIVAL_NS = MIDNIGHT_NS + 12 * 3_600_000_000_000
ORDER, GAP, RESET = 3, 16, 17
LAST, SNAPSHOT = 128, 32


def new_feed(protocol: str, **changed: Any) -> OfflineFeed:
    sizes = {"instruments": 64, "batch": 1 << 12, **changed}
    return OfflineFeed(protocol, **sizes)


def feed_frames(
    feed: OfflineFeed, frames: list[bytes], ts_ns: int | list[int] = ARRIVAL_NS
) -> np.ndarray:
    """Give frames to a feed; its records."""
    index = np.zeros(len(frames), INDEX_DTYPE)
    index["length"] = index["orig_length"] = [len(each) for each in frames]
    index["offset"] = np.cumsum([0, *(len(each) for each in frames[:-1])]) if frames else 0
    index["ts_ns"] = ts_ns
    data = np.frombuffer(b"".join(frames) or b"\0", np.uint8)
    parts = [part.copy() for part in feed.process(data, index)]
    words = np.concatenate([np.zeros(0, np.int64), *(part.view(np.int64) for part in parts)])
    return words.view(RECORD)


@dataclass
class Sequencer:
    """What a channel's numbers mean, message by message: the oracle of all three framings."""

    naive: NaiveItch = field(default_factory=lambda: NaiveItch(midnight_ns=MIDNIGHT_NS))
    session: str | None = None
    expected: int | None = None
    rows: list[Row] = field(default_factory=list)
    packets: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("decoded", "stale", "heartbeat", "malformed"), 0)
    )
    unknown: int = 0
    missing: int = 0
    ts_ns: int = ARRIVAL_NS

    def loss(self, kind: int, received: int) -> None:
        assert self.expected is not None
        missing = max(0, received - self.expected)
        self.missing += missing if kind == GAP else 0
        body = (self.expected, received, missing, 0)
        self.rows.append(Row(UNDEF, self.ts_ns, 0, kind, "N", "N", 0, body))

    def open(self, session: str | None, seq: int, count: int) -> str:
        """Judge the numbers of a run; ``new``, or ``stale`` when all of it came before."""
        if session is not None and session != self.session:
            if self.session is not None:
                self.loss(RESET, seq)
                self.expected = 1
            self.session = session
        if self.expected is None:
            self.expected = seq
        elif seq > self.expected:
            self.loss(GAP, seq)
            self.expected = seq
        elif seq + count <= self.expected and seq < self.expected:
            return "stale"
        return "new"

    def run(self, seq: int, messages: list[bytes], announced: int | None = None) -> bool:
        """Decode the messages of a run that is new; False when one of them cannot be used."""
        assert self.expected is not None
        if max(seq, self.expected) == 1:
            nothing = (UNDEF, UNDEF, UNDEF, 0)
            self.rows.append(Row(UNDEF, self.ts_ns, 0, ORDER, "N", "R", LAST | SNAPSHOT, nothing))
        for number, message in enumerate(messages, seq):
            if number < self.expected:
                continue
            if message:
                try:
                    self.rows += self.naive.message(message, self.ts_ns)
                except KeyError:
                    self.unknown += 1
                except BadMessageError:
                    return False
            self.expected = number + 1
        return announced is None or announced == len(messages)
