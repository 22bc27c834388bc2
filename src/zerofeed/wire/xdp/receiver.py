"""Open an interface for AF_XDP: sockets for its queues over the feed's arena, program, memberships.

``XdpReceiver`` is made once, by the supervisor, before the worker is forked. Everything that it opens
stays open there, so a killed worker costs nothing: the kernel goes on receiving until the RX rings
are full, and the successor inherits the same maps, recovers and goes on.

**What is tried, in order**, until one works; the reasons why the better ones did not are kept:

==============================  ===========================  =======================================
mode                            copies, wire to reader       needs
==============================  ===========================  =======================================
native zero-copy                none                         a driver with AF_XDP zero-copy
native, one copy                one, by the kernel           a driver with XDP (veth, virtio_net, ...)
SKB mode, one copy              one, by the kernel           nothing; the slowest
==============================  ===========================  =======================================

``mode`` is what the kernel says afterwards, not what was asked for: some drivers fall back in silence.

The program sees all queues of the interface, and a packet for a queue without a socket goes to the
ordinary stack. So every queue gets a socket unless ``queues`` says otherwise, which makes sense only
where the card is told to steer the flows (``ethtool -N``).

Turn GRO and LRO of the interface off: what they have joined together is no packet of the venue's.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import BugError, ConfigurationError, ReceiverError
from zerofeed.wire.interfaces import find_interface
from zerofeed.wire.xdp import abi, bpf, layout
from zerofeed.wire.xdp.btf import find_function
from zerofeed.wire.xdp.channels import count_queues, is_up
from zerofeed.wire.xdp.flows import Flow, check_flows, flow_table
from zerofeed.wire.xdp.layout import ArenaPlan, prepare_words
from zerofeed.wire.xdp.link_addresses import read_link
from zerofeed.wire.xdp.membership import join_groups
from zerofeed.wire.xdp.program import build_filter
from zerofeed.wire.xdp.rings import Rings, RingSizes
from zerofeed.wire.xdp.sockets import XdpSocket, XdpStatistics

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["QueueCounts", "Tables", "XdpReceiver"]

AttachMode = Literal["auto", "native", "skb"]

_HARDWARE_TIME_FUNCTION = "bpf_xdp_metadata_rx_timestamp"
_LEAST_COMPLETIONS = 64
_LINK_HEADER_BYTES = 22
"""Ethernet and two VLAN tags."""


class Tables(NamedTuple):
    """The arrays that the kernels take, in their order."""

    rings: npt.NDArray[np.uint32]
    """Indices and flags of all rings."""
    ring_words: npt.NDArray[np.int64]
    """Entries of all rings."""
    geometry: npt.NDArray[np.int64]
    """Where each ring lies; a row for each queue."""
    blocks: npt.NDArray[np.int64]
    """Receive blocks; a row for each queue."""
    owners: npt.NDArray[np.int64]
    """The chunk of each slot."""


class QueueCounts(NamedTuple):
    """What one queue has received, exact at any time.

    Packets meant for the queue = received + foreign + lost + those still in the RX ring.
    """

    queue: int
    """Number at the interface."""
    received: int
    """Packets published as frames."""
    gathered: int
    """Of those, copied together from several pieces."""
    cut: int
    """Of those, cut short for lack of room."""
    foreign: int
    """Packets that contradicted themselves or belonged to no flow."""
    statistics: XdpStatistics
    """The kernel's own counters; ``statistics.lost`` was lost."""


class XdpReceiver:
    """An interface's AF_XDP sockets, program and memberships.

    Its flows come to these sockets from now on, and no more to the stack.

    Args:
        interface: name, or one of its addresses.
        flows: what to receive; everything else goes to the ordinary stack as before.
        arena: writable uint8 array at a page boundary, at least ``plan.arena_bytes``: shared memory
            that readers may have mapped read-only. It must stay mapped while the receiver is open.
        words: writable int64 array of ``plan.words(batch)`` in memory that outlives a worker.
        plan: how the arena is divided; ``plan.queues`` is the number of queues.
        batch: descriptors in one call of the kernel, at least 64.
        queues: which queues; default: the first ``plan.queues``.
        attach: "native", "skb", or "auto": native where it works.
        asks_zero_copy: try zero-copy first.
        hardware_time: ask the card for arrival times; see ``program`` for what they are worth.
        busy_poll_us: poll the driver from the worker for so long, instead of by interrupts; 0: no.

    Attributes:
        interface: its name.
        interface_index: its number.
        queues: numbers of the queues, in the order of the tables' rows.
        plan: of the arena.
        flows: what is received.
        is_native: the program runs in the driver.
        is_zero_copy: the card writes into the arena itself; on every queue.
        has_hardware_time: the card is asked for its time.
        notes: why better modes did not work, and what else is worth knowing; one line each.
        tables: for the kernels.
        flow_table: for the kernels.

    Raises:
        ConfigurationError: an argument that can never work.
        ReceiverError: the machine refuses: no permission, interface or queue taken, no XDP.
    """

    def __init__(
        self,
        interface: str,
        flows: Sequence[Flow],
        arena: npt.NDArray[np.uint8],
        words: npt.NDArray[np.int64],
        plan: ArenaPlan,
        *,
        batch: int = 64,
        queues: Sequence[int] | None = None,
        attach: AttachMode = "auto",
        asks_zero_copy: bool = True,
        hardware_time: bool = False,
        busy_poll_us: int = 0,
    ) -> None:
        self.flows = check_flows(flows)
        found = find_interface(interface)
        self.interface = found.name
        self.interface_index = found.index
        self.plan = plan
        self.queues = list(range(plan.queues)) if queues is None else list(queues)
        self.is_native = False
        self.is_zero_copy = False
        self.has_hardware_time = False
        self._is_busy_polling = busy_poll_us > 0
        self.notes: list[str] = []
        self.flow_table = flow_table(self.flows)
        self.sockets: list[XdpSocket] = []
        """One a queue."""
        self._rings: Rings | None = None
        self._descriptors: list[int] = []
        self._members: list[socket.socket] = []
        in_use = self._check(arena)
        try:
            blocks, owners = prepare_words(words, plan, batch)
            self._members = join_groups(self.flows, self.interface, self.interface_index)
            map_fd = bpf.create_socket_map(max(self.queues) + 1)
            self._descriptors.append(map_fd)
            self._attach(map_fd, attach, hardware_time=hardware_time)
            rings = self._bind_all(arena, asks_zero_copy=asks_zero_copy)
            self._set_geometry(rings)
            self.tables = Tables(rings.halves, rings.words, rings.geometry, blocks, owners)
            for queue, each in zip(self.queues, self.sockets, strict=True):
                if busy_poll_us:
                    each.prefer_busy_poll(busy_poll_us)
                bpf.put_socket(map_fd, queue, each.fileno())
        except BaseException:
            self.close()
            raise
        if in_use > len(self.queues):
            self.notes.append(
                f"{self.interface} receives on {in_use} queues and {len(self.queues)} have a socket: "
                "packets of the others go to the ordinary stack"
            )

    @property
    def mode(self) -> str:
        """What is true of it, for a person: how packets come and how often they are copied."""
        if self.is_zero_copy:
            return "native zero-copy (no copy)"
        return (
            "native (one copy by the kernel)" if self.is_native else "SKB (one copy by the kernel)"
        )

    def descriptors(self) -> list[int]:
        """Give the sockets' descriptors, for ``epoll``: readable while packets wait."""
        return [each.fileno() for each in self.sockets]

    def counts(self) -> list[QueueCounts]:
        """Count what each queue has received and lost; any process that has the descriptors."""
        result = []
        for queue, block, each in zip(self.queues, self.tables.blocks, self.sockets, strict=True):
            received, gathered, cut, foreign = (
                int(block[counter + layout.LIVE])
                for counter in (layout.RECEIVED, layout.GATHERED, layout.CUT, layout.FOREIGN)
            )
            counts = QueueCounts(queue, received, gathered, cut, foreign, each.statistics())
            result.append(counts)
        return result

    def foreign(self) -> int:
        """Count the packets given back unread, on all queues; asks the kernel nothing."""
        return int(sum(block[layout.FOREIGN + layout.LIVE] for block in self.tables.blocks))

    def lost(self) -> int:
        """Count the packets that the kernel had to drop, on all queues."""
        return sum(each.statistics().lost for each in self.sockets)

    def close(self) -> None:
        """Detach the program, leave the groups, close everything of this process's.

        A forked worker holds the sockets, too: the queues are free when that has ended as well.
        """
        self.leave_to_opener()
        self._close_sockets()

    def leave_to_opener(self) -> None:
        """Close program, link, map of sockets and memberships of this process's.

        In a forked worker, which receives without them: the opener's keep the program attached. Whoever
        takes a worker over could otherwise detach it, or send its packets elsewhere.
        """
        for descriptor in self._descriptors:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._descriptors = []
        for member in self._members:
            member.close()
        self._members = []

    def _close_sockets(self) -> None:
        if self._rings is not None:
            self._rings.close()
            self._rings = None
        for each in self.sockets:
            each.close()
        self.sockets = []

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything."""
        self.close()

    # Opening

    def _check(self, arena: npt.NDArray[np.uint8]) -> int:
        """Refuse what can never work, with a better reason than the kernel's; queues in use."""
        plan = self.plan
        if len(self.queues) != plan.queues or len(set(self.queues)) != plan.queues:
            raise ConfigurationError(
                "the arena is divided for another number of queues",
                where=self.interface,
                expected=plan.queues,
                got=self.queues,
            )
        in_use = count_queues(self.interface)
        if min(self.queues) < 0 or max(self.queues) >= in_use:
            raise ConfigurationError(
                "the interface has no such queue",
                where=self.interface,
                expected=f"0 to {in_use - 1}",
                got=self.queues,
                next_step=f"`ethtool -L {self.interface} combined N` changes how many it has",
            )
        if arena.dtype != np.uint8 or arena.size < plan.arena_bytes or arena.ctypes.data % 4096:
            raise BugError(
                "the arena does not fit its plan",
                expected=f"{plan.arena_bytes} bytes at a page boundary",
                got=f"{arena.size} of {arena.dtype} at {arena.ctypes.data:#x}",
            )
        if not is_up(self.interface):
            raise ReceiverError(
                "the interface is down",
                where=self.interface,
                got=errno.errorcode[errno.ENETDOWN],
                next_step=f"`ip link set dev {self.interface} up`",
            )
        return in_use

    def _attach(self, map_fd: int, mode: AttachMode, *, hardware_time: bool) -> None:
        """Load the program and attach it in the best mode that works."""
        for is_native in (True, False):
            if mode == ("skb" if is_native else "native"):
                continue
            try:
                program = self._load(map_fd, hardware_time=hardware_time and is_native)
                self._descriptors.append(program)
                link = bpf.attach_link(
                    program,
                    self.interface_index,
                    interface=self.interface,
                    is_native=is_native,
                )
            except ReceiverError as error:
                is_hopeless = "EBUSY" in str(error.got) or "EPERM" in str(error.got)
                if mode != "auto" or not is_native or is_hopeless:
                    raise
                self.notes.append(f"no native mode: {error.what} ({error.got})")
                continue
            self._descriptors.append(link)
            self.is_native = is_native
            if hardware_time and not is_native:
                self.notes.append("no time of the card's: SKB mode has none")
            return

    def _load(self, map_fd: int, *, hardware_time: bool) -> int:
        """Load the program, with the card's time if that can be."""
        self.has_hardware_time = False
        if hardware_time:
            # Unknown, it is a call of function 0, which the verifier refuses like any other.
            number = find_function(_HARDWARE_TIME_FUNCTION)
            try:
                code = build_filter(self.flows, map_fd, hardware_time_id=number)
                flags = abi.BPF_F_XDP_HAS_FRAGS | abi.BPF_F_XDP_DEV_BOUND_ONLY
                loaded = bpf.load_program(code, flags=flags, interface_index=self.interface_index)
            except ReceiverError as error:
                self.notes.append(f"no time of the card's: {error.what} ({error.got})")
            else:
                self.has_hardware_time = True
                return loaded
        return bpf.load_program(build_filter(self.flows, map_fd), flags=abi.BPF_F_XDP_HAS_FRAGS)

    def _bind_all(self, arena: npt.NDArray[np.uint8], *, asks_zero_copy: bool) -> Rings:
        """Open and bind a socket for each queue; zero-copy on all of them or on none."""
        flags = abi.XDP_USE_NEED_WAKEUP
        room = self.plan.chunk_bytes - abi.HEADROOM_BYTES
        is_long = read_link(self.interface).mtu + _LINK_HEADER_BYTES > room
        if is_long or self.plan.gather_bytes:
            flags |= abi.XDP_USE_SG
        if is_long and not self.plan.gather_bytes:
            self.notes.append(
                f"packets longer than {room} bytes are cut: the interface allows them and the arena "
                "has no gather places"
            )
        if self.is_native and asks_zero_copy:
            try:
                rings = self._open_sockets(arena, flags | abi.XDP_ZEROCOPY)
            except ReceiverError as error:
                self._close_sockets()
                if "EBUSY" in str(error.got):
                    raise
                self.notes.append(f"no zero-copy: {error.what} ({error.got})")
            else:
                self.is_zero_copy = all(each.is_zero_copy() for each in self.sockets)
                return rings
        return self._open_sockets(arena, flags | abi.XDP_COPY)

    def _open_sockets(self, arena: npt.NDArray[np.uint8], flags: int) -> Rings:
        plan = self.plan
        sizes = RingSizes(receive=plan.rx_entries, fill=plan.fill_entries)
        for queue in self.queues:
            each = XdpSocket(f"{self.interface} queue {queue}")
            self.sockets.append(each)
            if len(self.sockets) == 1:
                each.register_memory(arena.ctypes.data, plan.umem_bytes, plan.chunk_bytes)
            each.make_rings(fill=sizes.fill, completion=_LEAST_COMPLETIONS, receive=sizes.receive)
        rings = self._rings = Rings(self.sockets, sizes)
        # Before binding: some drivers take their first chunks there and never ask again.
        for index, row in enumerate(rings.geometry):
            chunks = plan.queue_chunks(index)
            at = row[layout.FILL_RING]
            rings.words[at : at + chunks.size] = chunks
            rings.halves[row[layout.FILL_PRODUCER]] = chunks.size
        for queue, each in zip(self.queues, self.sockets, strict=True):
            first = self.sockets[0]
            shared_with = None if each is first else first
            each.bind(self.interface_index, queue, flags, shared_with=shared_with)
        return rings

    def _set_geometry(self, rings: Rings) -> None:
        geometry = rings.geometry
        geometry[:, layout.CHUNK_BYTES] = self.plan.chunk_bytes
        geometry[:, layout.UMEM_BYTES] = self.plan.chunks * self.plan.chunk_bytes
        geometry[:, layout.GATHER_AT] = self.plan.umem_bytes
        geometry[:, layout.GATHER_BYTES] = self.plan.gather_bytes
        geometry[:, layout.BUSY_POLL] = int(self._is_busy_polling)
        geometry[:, layout.HARDWARE_TIME] = int(self.has_hardware_time)
