"""A feed's stage in this process: sockets to send to, and turns of the compiled loop when a test wants one."""

from __future__ import annotations

import socket

import msgspec

from tests.unit.runtime.live import LOCAL, make_config
from zerofeed.feed.members import Member, enlist
from zerofeed.feed.memory import FeedMemory
from zerofeed.runtime.config import ArbitrationSection, Source
from zerofeed.runtime.protocols import find_protocol
from zerofeed.runtime.stage import Stage, sizes_of
from zerofeed.wire.batch_sender import BatchSender, pack_destination
from zerofeed.wire.udp import open_receiver

__all__ = ["BURST", "Rig"]

BURST = 8


class Rig:
    """A stage with sockets, in this process."""

    def __init__(
        self,
        *,
        records: int = 1 << 14,
        frames: int = 512,
        wait_us: int = 0,
        protocol: str = "deribit-multicast",
    ) -> None:
        config = make_config(burst=BURST, records=records, frames=frames)
        config.source.append(Source(LOCAL, 1))
        config = msgspec.structs.replace(config, arbitration=ArbitrationSection(wait_us))
        found = find_protocol(protocol)
        self.memory = FeedMemory("burst", sizes_of(config, found))
        self.receivers = [open_receiver(LOCAL, 0, buffer_bytes=4 << 20) for _ in range(2)]
        self.sender = BatchSender()
        self.orders, self.boss = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.stage = Stage(config, self.memory, found, list(self.receivers))
        self.stage.recover()
        self.stage.watch(self.orders.fileno())
        self.stage.start_sources()
        self.members: list[Member] = []

    def close(self) -> None:
        for each in (*self.receivers, self.sender, self.orders, self.boss, *self.members):
            each.close()

    def send(self, packets, source: int = 0) -> None:
        destination = pack_destination(LOCAL, self.receivers[source].port)
        self.sender.send(packets.data, packets.offsets, packets.lengths, destination)

    def turn(self) -> int:
        return self.stage.turn(0, 20_000_000)

    def enlist(self, mode: str, ring: str = "records") -> Member:
        member = Member(len(self.members), ring, mode, 0, 0, "test", 0)
        rings = {
            "records": (self.memory.record_ring, self.memory.record_cursors),
            "frames": (self.memory.frame_ring, self.memory.frame_cursors),
        }
        assert enlist(*rings[ring], member.slot, mode, member.fds)
        self.members.append(member)
        return member

    @property
    def report(self):
        return self.stage.report
