"""What zerofeed's contestants share: a feed made by a publisher, attached to like any other."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import time
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

import zerofeed as zf
from benchmarks.contest import Channel, Plan, Rate, beside, finish, pin
from benchmarks.contestants._zerofeed_kernels import produce
from zerofeed.records.dtypes import RECORD

__all__ = [
    "FeedChannel",
    "WriterEnd",
    "add_words",
    "check",
    "every_word",
    "fan_out",
    "feed_name",
    "open_reader",
]

_CONTEXT = multiprocessing.get_context("fork")
_NUMBERS = itertools.count()
_ATTACH_SECONDS = 30.0


def feed_name() -> str:
    """Choose a name that no other run has."""
    return f"bench-{os.getpid()}-{next(_NUMBERS)}"


def open_reader(name: str, mode: Literal["lossy", "lossless"], **options: Any) -> zf.Reader:
    """Attach to a feed that is about to start, and read it from its first record."""
    return zf.attach(name, wait=_ATTACH_SECONDS).reader(mode, "oldest", **options)


class WriterEnd:
    """A publisher, with its memory as compiled loops want it.

    Args:
        name: Of the feed.
        capacity: Records in its ring.
        batch: Most records in one publication.
    """

    def __init__(self, name: str, capacity: int, batch: int = 64) -> None:
        sizes = zf.MemorySizes(
            records=capacity, max_claim=max(batch, 64), frames=128, instruments=64
        )
        self.publisher = zf.Publisher(name, sizes, patience=60.0)
        ring = self.publisher.memory.record_ring
        self.words = self.publisher.memory.records.view(np.int64)
        self.control = ring.control
        self.bell = np.ones(1, dtype=np.int64)

    @property
    def arrays(self) -> tuple[Any, Any, Any, Any]:
        """Control page, cursor pages, bell word, records: what the kernels take first."""
        return (self.control, self.publisher.memory.record_cursors.words, self.bell, self.words)

    def admit(self, readers: int) -> None:
        """Serve attaching processes until there are so many readers.

        Raises:
            TimeoutError: They did not come.
        """
        deadline = time.monotonic() + _ATTACH_SECONDS
        while len(self.publisher.status()["readers"]) < readers:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{readers} readers did not attach")
            self.publisher.serve(0.01)


def fan_out(plan: Plan, take: Callable[[zf.Reader, int, int, Callable[[], object]], None]) -> Rate:
    """Publish from a compiled writer to lossless readers, each a process.

    Args:
        plan: The measurement.
        take: ``take(reader, warm_up, total, say_warm)`` reads that many records, says when the
            warm-up is over, and ends with :func:`check`.
    """
    name = feed_name()
    warm_up = 2 * plan.capacity
    total = warm_up + plan.messages
    finished_ns = _CONTEXT.RawArray("q", plan.readers)
    is_warm = _CONTEXT.Barrier(plan.readers + 1)

    def read(index: int) -> Callable[[], None]:
        def work() -> None:
            take(open_reader(name, "lossless"), warm_up, total, is_warm.wait)
            finished_ns[index] = time.monotonic_ns()

        return work

    children = [beside(read(index), plan.reader_core) for index in range(plan.readers)]
    pin(plan.writer_core)
    end = WriterEnd(name, plan.capacity, plan.batch)
    end.admit(plan.readers)
    produce(*end.arrays, warm_up, plan.batch)
    is_warm.wait()
    from_ns = time.monotonic_ns()
    produce(*end.arrays, total, plan.batch)
    finish(children)
    return Rate(plan.messages, (max(finished_ns) - from_ns) / 1e9)


def check(summed: int, lost: int, total: int) -> None:
    """End this process unless every byte of every record was read: each word is its record's number."""
    if lost or summed != 8 * (total * (total - 1) // 2):
        raise SystemExit(f"lost {lost} records, or wrong bytes")


class FeedChannel(Channel):
    """A feed between Python processes, one record a frame.

    Args:
        readers: How many, all lossless.
        wait: How a reader waits: "poll" looks all the time, "futex" sleeps.
    """

    def __init__(self, readers: int, wait: Literal["poll", "futex"]) -> None:
        self.name = feed_name()
        self._readers = readers
        self._wait = wait

    def sender(self) -> Callable[[bytes], object]:
        """Publish from Python, once the readers are there."""
        end = WriterEnd(self.name, 1 << 14)
        end.admit(self._readers)
        publish = end.publisher.publish

        def send(frame: bytes, _keep: WriterEnd = end) -> None:
            publish(np.frombuffer(frame, dtype=RECORD))

        return send

    def receiver(self, index: int) -> Callable[[], bytes]:
        """Take one record, as bytes."""
        del index
        reader = open_reader(self.name, "lossless", max_batch=1)
        poll = reader.poll
        if self._wait == "futex":
            batches = iter(reader)
            return lambda: next(batches).tobytes()

        def look() -> bytes:
            while not (batch := poll()).size:
                pass
            return batch.tobytes()

        return look


def add_words(record: Any, state: Any) -> None:
    """Add all eight words of a record to `state[0]`."""
    state[0] += (
        record.seq
        + record.ts_event_ns
        + record.ts_recv_ns
        + (
            np.int64(record.instrument)
            | (np.int64(record.kind) << 32)
            | (np.int64(record.side) << 40)
            | (np.int64(record.action) << 48)
            | (np.int64(record.flags) << 56)
        )
        + record.price
        + record.size
        + record.trade_id
        + record.trade_seq
    )


every_word = zf.handler(add_words)
