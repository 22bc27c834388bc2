"""Counters of a feed, in shared memory: what arrived, what was made of it, what was lost.

Counters are slots of 16 words (128 bytes) in the feed's state array, so that the journal can
undo them with the rest of a step and any process can read them at any time without asking.
Each has a number that never changes, a name, a unit and one line of meaning.

The identity that holds whenever the worker is between two packets::

    packets_received = packets_decoded + packets_stale + packets_heartbeat
                     + packets_malformed + packets_truncated + packets_held

and beside it ``packets_dropped_kernel`` counts what never reached this program, and
``packets_foreign`` what reached it and was given back unread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.shm import journal
from zerofeed.shm.histogram import HISTOGRAM_WORDS, percentile

__all__ = [
    "ARBITER_AT",
    "CHANNELS",
    "CHANNELS_AT",
    "CHANNEL_FIELDS",
    "CHANNEL_WORDS",
    "CONNECTIONS_AT",
    "CONNECTION_COUNTS",
    "CONNECTION_WORDS",
    "COUNTERS",
    "COUNTERS_AT",
    "HELD_AT",
    "HELD_SLOTS",
    "HELD_WORDS",
    "HISTOGRAMS",
    "HISTOGRAMS_AT",
    "LEADER",
    "LINE_HISTOGRAMS",
    "LINE_HISTOGRAMS_AT",
    "OPEN_CONNECTIONS",
    "RECENT_AT",
    "RECENT_SLOTS",
    "RECENT_WORDS",
    "SLOT_WORDS",
    "SOURCES",
    "SOURCES_AT",
    "TEMPLATES",
    "TEMPLATES_AT",
    "WORK_AT",
    "Counter",
    "Metrics",
    "counter_word",
    "state_words",
]

SLOT_WORDS = 16
"""Words from one counter to the next."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter's name, unit and meaning."""

    name: str
    unit: str
    meaning: str


COUNTERS: tuple[Counter, ...] = (
    Counter("packets_received", "packets", "taken from the sockets"),
    Counter(
        "packets_decoded", "packets", "well formed and in sequence; their records are published"
    ),
    Counter("packets_stale", "packets", "older than what was seen; filtered"),
    Counter("packets_heartbeat", "packets", "empty; they only carry a sequence number"),
    Counter("packets_malformed", "packets", "contradict their own format"),
    Counter("packets_truncated", "packets", "longer than a frame chunk, or cut by the capture"),
    Counter(
        "packets_dropped_kernel",
        "packets",
        "dropped by the kernel because the socket buffer was full",
    ),
    Counter(
        "packets_missing",
        "packets",
        "missing from a channel's numbering; messages, where the venue numbers those",
    ),
    Counter("gaps", "episodes", "times that a channel's numbering jumped forward"),
    Counter("resets", "episodes", "times that a channel's numbering started again"),
    Counter("messages", "messages", "decoded messages"),
    Counter("messages_unknown", "messages", "messages of a template or schema that is not known"),
    Counter("records_published", "records", "records in the ring"),
    Counter("bytes_received", "bytes", "payload bytes taken from the sockets"),
    Counter("instruments_refused", "instruments", "instruments that found the table full"),
    Counter("books_in_doubt", "books", "books that are not proven now"),
    Counter("readers_degraded", "readers", "lossless readers that ran out of patience"),
    Counter(
        "numbers_out_of_range",
        "numbers",
        "values that fit no scaled integer; published as undefined",
    ),
    Counter("bursts", "bursts", "receive calls that brought something"),
    Counter("channels_refused", "packets", "packets of channels beyond the channel table"),
    Counter("changes_unkept", "changes", "changes that found the undo journal full"),
    Counter("books_unkept", "books", "changes of books that found no room to be undone"),
    Counter(
        "packets_foreign",
        "packets",
        "let through by the AF_XDP program, and of no flow; given back unread",
    ),
    Counter("connections_opened", "connections", "WebSocket connections that were opened"),
    Counter(
        "connections_lost",
        "connections",
        "those that ended when they should not have; readers were told, unless another went on",
    ),
    Counter("connections_failed", "attempts", "attempts to open a connection that failed"),
    Counter(
        "frames_refused", "frames", "WebSocket frames that broke the protocol and their connection"
    ),
    Counter("frames_taken", "frames", "taken from the frame ring, in order; held ones included"),
    Counter("packets_held", "packets", "waiting now for what is missing before them"),
    Counter("packets_recovered", "packets", "of a replay, with something that was missing"),
    Counter("numbers_recovered", "numbers", "missing from a channel, and delivered by a replay"),
    Counter(
        "numbers_rounded",
        "numbers",
        "values with more decimals than are kept; published rounded, half to even",
    ),
)
"""Every counter; the position is its number."""

CHANNELS = 512
CHANNEL_WORDS = 64
CHANNEL_FIELDS = ("expected_seq", "packets", "missing", "gaps", "stale", "resets", "heartbeats")
"""Words of a channel's row behind the first, which is its number plus 1, or 0: not seen yet."""
_LINES, _LINE_WORDS = 32, 8
"""Where a channel's lines begin; see :mod:`zerofeed.sequencing.channels`, which this layer may not import."""
TEMPLATES = 64

HISTOGRAMS: tuple[str, ...] = ("wire_to_record", "burst")
"""Latency histograms in ns: kernel arrival to publication, and time for one burst."""

COUNTERS_AT = journal.DATA
CHANNELS_AT = COUNTERS_AT + 64 * SLOT_WORDS
TEMPLATES_AT = CHANNELS_AT + CHANNELS * CHANNEL_WORDS
HISTOGRAMS_AT = TEMPLATES_AT + TEMPLATES
SOURCES = 256
SOURCES_AT = HISTOGRAMS_AT + 4 * HISTOGRAM_WORDS
"""Word of the first socket's kernel drop counter; one word a socket, at most SOURCES."""
ARBITER_AT = SOURCES_AT + SOURCES
"""Word at which the arbiter's own words begin; see :mod:`zerofeed.sequencing.holding`."""
HELD_SLOTS, HELD_WORDS = 4096, 8
HELD_AT = ARBITER_AT + 32
"""Word of the first slot for a packet that waits for those before it."""
RECENT_SLOTS, RECENT_WORDS = 4096, 4
RECENT_AT = HELD_AT + HELD_SLOTS * HELD_WORDS
"""Word of the first slot that remembers when a packet came first."""
LINE_HISTOGRAMS = 8
LINE_HISTOGRAMS_AT = RECENT_AT + RECENT_SLOTS * RECENT_WORDS
"""Histograms in ns by source, of the first sources: by how much it was later than another line."""
CONNECTION_WORDS = 16
CONNECTIONS_AT = LINE_HISTOGRAMS_AT + LINE_HISTOGRAMS * HISTOGRAM_WORDS
"""Word of the first source's connections, CONNECTION_WORDS a source: see below."""
OPEN_CONNECTIONS, LEADER, CONNECTION_COUNTS = 0, 1, 2
"""Of a source: bits of the connections that are open; the one that leads, plus 1; then two words for each
connection, messages that it brought first and such as another had brought."""
WORK_AT = CONNECTIONS_AT + SOURCES * CONNECTION_WORDS
"""Word at which the venue's own state begins."""

_NUMBER = {counter.name: number for number, counter in enumerate(COUNTERS)}


def counter_word(name: str) -> int:
    """Give the word of a counter in the state array.

    Raises:
        KeyError: there is no such counter.
    """
    return COUNTERS_AT + _NUMBER[name] * SLOT_WORDS


def state_words(work_words: int) -> int:
    """Give the size of a state array with room for a venue's own state.

    Args:
        work_words: int64 words that the venue's codec and books keep.
    """
    return WORK_AT + work_words


class Metrics:
    """Read the counters, channels and latencies of a feed. Any process.

    Args:
        state: the feed's state array, read-only in readers.
    """

    def __init__(self, state: npt.NDArray[np.int64]) -> None:
        self._state = state

    def __getitem__(self, name: str) -> int:
        """Read one counter as it is now."""
        return int(self._state[counter_word(name)])

    def counters(self) -> dict[str, int]:
        """Read all counters."""
        return {counter.name: self[counter.name] for counter in COUNTERS}

    def add(self, name: str, amount: int) -> None:
        """Add to a counter outside a journal step. The feed's writer only."""
        self._state[counter_word(name)] += amount

    def set(self, name: str, value: int) -> None:
        """Set a counter that says how many there are now. The feed's writer only."""
        self._state[counter_word(name)] = value

    def note_drops(self, source: int, drops: int) -> None:
        """Take over a socket's own drop counter. The feed's writer only.

        Args:
            source: index of the socket.
            drops: what the kernel counts since the socket was made.
        """
        before = int(self._state[SOURCES_AT + source])
        new = (drops - before) & 0xFFFFFFFF  # the kernel's counter has 32 bits and wraps
        if 0 < new < 1 << 31:
            self._state[SOURCES_AT + source] = drops
            self.add("packets_dropped_kernel", new)

    def channels(self) -> list[dict[str, int]]:
        """Read the state of every channel seen: number, next sequence, packets, missing ..."""
        names = CHANNEL_FIELDS
        rows: list[dict[str, int]] = []
        for index in range(CHANNELS):
            at = CHANNELS_AT + index * CHANNEL_WORDS
            if self._state[at] == 0:
                continue
            values = self._state[at + 1 : at + 1 + len(names)].tolist()
            rows.append(
                {"channel": int(self._state[at]) - 1, **dict(zip(names, values, strict=True))}
            )
        return rows

    def lines(self) -> list[dict[str, int | None]]:
        """Read what each line did for all channels, by number of its source; none where packets never wait.

        Returns:
            ``source``; ``first``, numbers that it brought first; ``late``, packets that had come by another
            line; ``missed``, numbers that it skipped; ``later_p50_ns``, by how much its late packets were
            later, where that is known.
        """
        sums: dict[int, list[int]] = {}
        for index in range(CHANNELS):
            at = CHANNELS_AT + index * CHANNEL_WORDS
            if self._state[at] == 0:
                continue
            for line in range(at + _LINES, at + CHANNEL_WORDS, _LINE_WORDS):
                key, _, _, *counts = self._state[line : line + 6].tolist()
                if key:
                    total = sums.setdefault(key - 1, [0, 0, 0])
                    total[:] = [a + b for a, b in zip(total, counts, strict=True)]
        return [
            {
                "source": source,
                "first": first,
                "late": late,
                "missed": missed,
                "later_p50_ns": self._later(source),
            }
            for source, (first, late, missed) in sorted(sums.items())
        ]

    def connections(self) -> list[dict[str, int]]:
        """Read what each connection did, of sources that have several at a time.

        Returns:
            ``source``; ``connection``; ``first``, messages that it brought first; ``late``, messages that
            another connection had brought.
        """
        told: list[dict[str, int]] = []
        blocks = self._state[CONNECTIONS_AT:WORK_AT].reshape(SOURCES, CONNECTION_WORDS)
        for source in np.flatnonzero(blocks[:, CONNECTION_COUNTS:].any(axis=1)).tolist():
            counts = blocks[source, CONNECTION_COUNTS : CONNECTION_COUNTS + 8].reshape(-1, 2)
            if counts[:, 1].any():
                told += [
                    {"source": source, "connection": number, "first": first, "late": late}
                    for number, (first, late) in enumerate(counts.tolist())
                    if first or late
                ]
        return told

    def note_connection(self, source: int, number: int, *, is_open: bool) -> None:
        """Say that a connection was opened, or has ended. The feed's writer only.

        Args:
            source: index of the source.
            number: of the connection, 0 to 3.
            is_open: whether it is there now.
        """
        at = CONNECTIONS_AT + source * CONNECTION_WORDS + OPEN_CONNECTIONS
        bit = 1 << number
        self._state[at] = (int(self._state[at]) & ~bit) | (bit if is_open else 0)

    def forget_connections(self, source: int) -> None:
        """Say that a source has no connection. The feed's writer only."""
        self._state[CONNECTIONS_AT + source * CONNECTION_WORDS + OPEN_CONNECTIONS] = 0

    def _later(self, source: int) -> int | None:
        if source >= LINE_HISTOGRAMS:
            return None
        at = LINE_HISTOGRAMS_AT + source * HISTOGRAM_WORDS
        return percentile(self._state[at : at + HISTOGRAM_WORDS].copy(), 0.5)

    def latency(self, name: str) -> dict[str, int | None]:
        """Read a latency histogram's percentiles.

        Args:
            name: one of :data:`HISTOGRAMS`.

        Returns:
            ``p50``, ``p99``, ``p999``, ``max`` in ns (None without samples) and ``count``.
        """
        at = HISTOGRAMS_AT + HISTOGRAMS.index(name) * HISTOGRAM_WORDS
        words: npt.NDArray[Any] = self._state[at : at + HISTOGRAM_WORDS].copy()
        return {
            "p50": percentile(words, 0.5),
            "p99": percentile(words, 0.99),
            "p999": percentile(words, 0.999),
            "max": int(words[2]) if words[0] else None,
            "count": int(words[0]),
        }

    def templates(self) -> list[int]:
        """Read how often each message template came, by the codec's slot number."""
        return self._state[TEMPLATES_AT : TEMPLATES_AT + TEMPLATES].tolist()
