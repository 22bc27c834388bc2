"""A real feed for tests: supervisor and worker in processes of their own, packets from here."""

from __future__ import annotations

import faulthandler
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from tests.unit.children import Child, Gate
from tests.unit.feed.feeds import name_of_feed
from tests.unit.runtime.venue_packets import Packets
from zerofeed.feed.attach import Feed, attach
from zerofeed.runtime.config import (
    FeedConfig,
    FeedSection,
    LogSection,
    MemorySection,
    ReadersSection,
    Source,
    WorkerSection,
)
from zerofeed.runtime.supervisor import Supervisor
from zerofeed.wire.batch_sender import BatchSender, pack_destination
from zerofeed.wire.udp import open_receiver

__all__ = ["CAUSES", "LOCAL", "Live", "Packeteer", "free_port", "make_config", "until"]

LOCAL = "127.0.0.1"
CAUSES = ("decoded", "stale", "heartbeat", "malformed", "truncated")
PATIENCE_S = 20.0
"""How long a test waits for something that takes milliseconds, on a machine that is busy."""

_CHARGED_BYTES = 2304  # what the kernel charges a socket for a datagram of up to 1.5 KiB
_BATCH = 64


def until(condition: Callable[[], object], what: str, *, patience_s: float = PATIENCE_S) -> None:
    """Look until something is so; fails with its name when it never comes about."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"it never came about: {what}"
        os.sched_yield()


def free_port() -> int:
    """A UDP port of this machine that nobody has at the moment."""
    with open_receiver(LOCAL, 0, buffer_bytes=4096) as probe:
        return probe.port


def make_config(
    *,
    name: str | None = None,
    port: int | None = None,
    patience_ms: int | None = 20_000,
    audit: Path | None = None,
    socket: Path | None = None,
    source: Source | None = None,
    limit: int = 16,
    wait_for: int = 0,
    burst: int = 64,
    **memory: Any,
) -> FeedConfig:
    """A small feed: 1 MiB of records, 512 instruments, unicast on loopback."""
    sizes = {"records": 1 << 14, "frames": 512, "instruments": 512, "book_levels": 64} | memory
    return FeedConfig(
        feed=FeedSection(
            name or name_of_feed(),
            "deribit-multicast",
            str(socket) if socket else None,
            receiver="udp",
        ),
        source=[source or Source(LOCAL, port or free_port(), buffer_bytes=4 << 20)],
        memory=MemorySection(**sizes),
        worker=WorkerSection(burst=burst),
        readers=ReadersSection(patience_ms=patience_ms, limit=limit, wait_for=wait_for),
        log=LogSection(str(audit) if audit else None),
    )


class Live:
    """A feed that runs until the block ends. Made in a child process, as ``zerofeed run`` would.

    Args:
        config: of the feed.
        log: file for its lines.
        is_to_crash: its workers will; what Python would print of that is nobody's to read.
    """

    def __init__(self, config: FeedConfig, log: Path, *, is_to_crash: bool = False) -> None:
        self.config = config
        self.name = config.feed.name
        self._log = log
        ready = Gate()
        parent = os.getpid()

        def work() -> str:
            if is_to_crash:
                faulthandler.disable()
            with log.open("a", encoding="utf-8") as file:

                def say(line: str) -> None:
                    file.write(line + "\n")
                    file.flush()

                supervisor = Supervisor(config, say)
                ready.open()
                supervisor.run()
            assert os.getppid() == parent
            return "stopped"

        self.child = Child(work)
        try:
            ready.wait(PATIENCE_S)
        except AssertionError:
            self.child.result()
            raise
        finally:
            ready.close()

    @property
    def supervisor_pid(self) -> int:
        """The child."""
        return self.child.pid

    def attach(self) -> Feed:
        """Attach from this process, once the worker runs."""
        feed = attach(self.name, wait=PATIENCE_S)
        until(lambda: feed.epoch > 0, "the worker started")
        return feed

    def lines(self) -> list[str]:
        """What the feed has said."""
        return self._log.read_text(encoding="utf-8").splitlines()

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop it in order; fails when it does not end well."""
        os.kill(self.child.pid, number)
        assert self.child.result() == "stopped"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.child.__exit__(kind, error, trace)


class Packeteer:
    """Sends packets to a feed, never more at a time than its socket can hold.

    Args:
        feed: attached; its counters say what was taken.
        config: of the feed.
    """

    def __init__(self, feed: Feed, config: FeedConfig) -> None:
        self._metrics = feed.metrics
        source = config.source[0]
        self._destination = pack_destination(source.group, source.port)
        with open_receiver(LOCAL, 0, buffer_bytes=source.buffer_bytes) as probe:
            self.window = max(_BATCH, min(1024, probe.buffer_bytes // (2 * _CHARGED_BYTES)))
        self._sender = BatchSender()
        self.sent = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sender.close()

    def taken(self) -> int:
        """Packets that the feed or its socket's drop counter has accounted for."""
        return self._metrics["packets_received"] + self._metrics["packets_dropped_kernel"]

    def send(self, packets: Packets, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Send packets in order; returns when the kernel has the last of them.

        Args:
            packets: what to send.
            meanwhile: called before each batch and while the feed has too much to do.
        """
        for first in range(0, len(packets), _BATCH):
            meanwhile()
            until(lambda: self._has_room(_BATCH, meanwhile), "the feed took what was sent")
            self.burst(packets.chosen(slice(first, first + _BATCH)))

    def _has_room(self, count: int, meanwhile: Callable[[], object]) -> bool:
        if self.sent + count - self.taken() <= self.window:
            return True
        meanwhile()
        return False

    def burst(self, packets: Packets) -> None:
        """Send packets without waiting for anybody."""
        self._sender.send(packets.data, packets.offsets, packets.lengths, self._destination)
        self.sent += len(packets)

    def send_bytes(self, payloads: list[bytes]) -> None:
        """Send any bytes at all."""
        lengths = np.array([len(payload) for payload in payloads], np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
        data = np.frombuffer(b"".join(payloads) or b"\0", np.uint8)
        self.send(Packets(data, offsets, lengths, np.zeros_like(lengths)))

    def drain(self) -> None:
        """Wait until the feed has taken everything."""
        until(lambda: self.taken() >= self.sent, f"all {self.sent} packets were taken")
