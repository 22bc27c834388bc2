"""A private network with a pair of veth interfaces, and the memory of a feed that receives on one."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from tests.unit.wire.xdp.packets import HOST, PORT
from zerofeed.feed.memory import FRAME
from zerofeed.shm.ring import CursorTable, Ring
from zerofeed.shm.segment import Segment
from zerofeed.wire.xdp import _xdp_kernels as k
from zerofeed.wire.xdp.flows import Flow
from zerofeed.wire.xdp.layout import ArenaPlan
from zerofeed.wire.xdp.receiver import XdpReceiver

__all__ = ["INSIDE", "OUTSIDE", "Rig", "command", "private_network"]

INSIDE = "zfx0"
"""The interface that a feed receives on."""
OUTSIDE = "zfx1"
"""Its other end, which frames are sent from."""

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def command(line: str) -> str:
    """Run one command and give what it says."""
    return subprocess.run(line.split(), check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def private_network(*, queues: int = 2, mtu: int = 1500) -> Iterator[None]:
    """Put this process into a network namespace of its own with two veth interfaces, both up."""
    with open("/proc/self/ns/net") as before:  # noqa: PTH123 - a descriptor is what is wanted
        if _libc.unshare(_CLONE_NEWNET) < 0:
            pytest.skip(f"no network namespaces: {os.strerror(ctypes.get_errno())}")
        try:
            try:
                counts = f"numrxqueues {queues} numtxqueues {queues}"
                command("ip link set lo up")
                # No neighbour discovery between the frames that a test counts.
                for scope in ("all", "default"):
                    off = Path(f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6")
                    if off.exists():
                        off.write_text("1", encoding="ascii")
                command(f"ip link add {INSIDE} {counts} type veth peer name {OUTSIDE} {counts}")
            except (OSError, subprocess.CalledProcessError) as error:
                pytest.skip(f"no veth interfaces: {error}")
            command(f"ip addr add {HOST}/24 dev {INSIDE}")
            for name in (INSIDE, OUTSIDE):
                command(f"ip link set {name} mtu {mtu} up")
            yield
        finally:
            assert _libc.setns(before.fileno(), _CLONE_NEWNET) == 0


class Rig:
    """Frame ring, arena and words of a feed, and a socket that injects frames at the other end."""

    def __init__(self, plan: ArenaPlan | None = None, *, batch: int = 64) -> None:
        self.plan = plan or ArenaPlan(slots=256, queues=2, chunks_per_queue=128)
        self.batch = batch
        self.arena_segment = Segment("xdp-arena", self.plan.arena_bytes)
        self.arena = self.arena_segment.mapping.bytes(0, self.plan.arena_bytes)
        self.words_segment = Segment("xdp-words", self.plan.words(batch) * 8)
        self.words = self.words_segment.mapping.view(np.int64, 0, self.plan.words(batch))
        self.ring = Ring("xdp-frames", self.plan.slots, 32, max_claim=64)
        self.frames = self.ring.items(FRAME)
        self.cursors = CursorTable()
        self.one = np.ones(1, np.int64)
        self.receiver: XdpReceiver | None = None
        self.seen = 0
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.wire.bind((OUTSIDE, 0))

    def open(self, flows: list[Flow] | None = None, **options) -> XdpReceiver:
        """Open the inner interface."""
        self.receiver = XdpReceiver(
            INSIDE,
            flows or [Flow(HOST, PORT)],
            self.arena,
            self.words,
            self.plan,
            batch=self.batch,
            **options,
        )
        return self.receiver

    def send(self, *frames: bytes) -> None:
        """Put frames on the wire."""
        for frame in frames:
            self.wire.send(frame)

    def burst(self, limit: int = 64) -> int:
        """Receive once from every queue; frames published."""
        total = 0
        for queue in range(len(self.receiver.queues)):
            count = k.receive_once(
                queue, *self.receiver.tables, self.receiver.flow_table, self.arena,
                self.ring.control, self.cursors.words, self.frames, self.one, limit,
                time.time_ns(), -1,
            )  # fmt: skip
            assert count >= 0
            total += count
        return total

    def take(self, wanted: int, timeout: float = 5.0) -> list[tuple[bytes, np.void]]:
        """Receive until so many frames came; their payloads and descriptors."""
        deadline = time.monotonic() + timeout
        while self.ring.published < self.seen + wanted and time.monotonic() < deadline:
            self.burst()
        out = []
        while self.seen < self.ring.published:
            frame = self.frames[self.seen & (self.plan.slots - 1)].copy()
            at = int(frame["offset"])
            out.append((self.arena[at : at + int(frame["length"])].tobytes(), frame))
            assert frame["seq"] == self.seen
            self.seen += 1
        assert len(out) == wanted, f"{len(out)} of {wanted}; {self.receiver.counts()}"
        return out

    def close(self) -> None:
        self.wire.close()
        if self.receiver is not None:
            self.receiver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
