"""Send at full speed by AF_XDP: frames built in memory of its own, handed over through a ring.

The counterpart of ``wire.batch_sender.BatchSender`` for root, with the same ``send``,
``send_payloads``, ``retries`` and ``close``. What the stack does for a socket happens here: Ethernet
addresses (groups by rule, hosts from the neighbour table), IPv4 header with its checksum, UDP header.
Nothing passes by the stack: no routing, no firewall, no loop back to receivers on this host.

A frame counts as sent when it is in the TX ring; ``flush`` waits until the kernel has given every one
back, which says that it left this machine's memory, not that anyone received it.

Payloads that do not fit one frame (the interface's MTU, at most a chunk) are refused, not fragmented.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError, ResourceError
from zerofeed.shm.segment import Segment
from zerofeed.wire.batch_sender import Payloads
from zerofeed.wire.interfaces import find_interface, parse_ipv4
from zerofeed.wire.xdp import _transmit_kernels as k
from zerofeed.wire.xdp import abi
from zerofeed.wire.xdp.link_addresses import LinkAddresses, neighbour_mac, parse_mac, read_link
from zerofeed.wire.xdp.rings import Rings, RingSizes
from zerofeed.wire.xdp.sockets import XdpSocket, XdpStatistics

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["XdpTransmitter", "make_template"]

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.int64]

_CHUNK_BYTES = 4096
_PATIENCE_NS = 5_000_000_000
_PAUSE_S = 20e-6
_PASSING = {errno.EAGAIN, errno.EBUSY, errno.ENOBUFS, errno.EINTR}
_ETHERNET_BYTES = 14
_VLAN_BYTES = 4
_IPV4_AND_UDP_BYTES = 28
_DONT_FRAGMENT = 0x4000


def make_template(
    link: LinkAddresses, source_address: int, source_port: int, *, ttl: int, vlan: int | None = None
) -> tuple[Bytes, int]:
    """Write the header that all frames share; destination, lengths and checksums are left 0.

    Args:
        link: the interface.
        source_address: IPv4 as a number.
        source_port: UDP port.
        ttl: hops.
        vlan: 802.1Q tag, 0 to 4095, or None.

    Returns:
        The bytes, and the sum of the IPv4 header's 16-bit words.
    """
    ethernet = bytes(6) + link.mac.to_bytes(6, "big")
    if vlan is not None:
        ethernet += struct.pack(">HH", 0x8100, vlan)
    ethernet += b"\x08\x00"
    ip = struct.pack(
        ">BBHHHBBHII",
        0x45,
        0,
        0,
        0,
        _DONT_FRAGMENT,
        ttl,
        socket.IPPROTO_UDP,
        0,
        source_address,
        0,
    )
    udp = struct.pack(">HHHH", source_port, 0, 0, 0)
    return np.frombuffer(ethernet + ip + udp, np.uint8).copy(), sum(struct.unpack(">10H", ip))


class XdpTransmitter:
    """An AF_XDP socket that sends; closed with ``close`` or its process.

    Not for several threads at once.

    Args:
        interface: name, or one of its addresses.
        queue: transmit queue; one that no other AF_XDP socket has.
        ttl: hops that packets may travel.
        source_address: IPv4 that packets come from; default: the interface's own.
        source_port: UDP port that they come from.
        destination_mac: Ethernet address for every unicast packet; default: the neighbour table.
        vlan: 802.1Q tag, or None.
        with_checksums: compute UDP checksums; without, they are left out, as RFC 768 allows.
        frames: frames that may be under way, a power of two.
        clock: monotonic time in ns.
        sleep: blocks for a number of seconds.

    Attributes:
        is_zero_copy: the card reads the frames itself.
        notes: why it does not.
        retries: times that there was no room or the kernel was busy.
        refused: always 0: nobody tells a frame's sender; for the likeness to ``BatchSender``.

    Raises:
        ConfigurationError: an argument out of range.
        ReceiverError: the machine refuses: no permission, queue taken, no such interface.
    """

    def __init__(
        self,
        interface: str,
        *,
        queue: int = 0,
        ttl: int = 1,
        source_address: str | None = None,
        source_port: int = 49_152,
        destination_mac: str | None = None,
        vlan: int | None = None,
        with_checksums: bool = False,
        frames: int = 2048,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], Any] = time.sleep,
    ) -> None:
        for what, low, value, high in (
            ("TTL", 1, ttl, 255),
            ("UDP port", 1, source_port, 65_535),
            ("VLAN", 0, vlan or 0, 4095),
        ):
            if not low <= value <= high:
                raise ConfigurationError(f"not a {what}", expected=f"{low} to {high}", got=value)
        if frames < 2 or frames & (frames - 1):
            raise ConfigurationError(
                "not a number of frames", expected="a power of two", got=frames
            )
        found = find_interface(interface)
        self.interface = found.name
        self.queue = queue
        self.notes: list[str] = []
        self.retries = 0
        self.refused = 0
        self.is_zero_copy = False
        self._clock = clock
        self._sleep = sleep
        self._frames = frames
        self._link = read_link(found.name)
        self._fixed_mac = None if destination_mac is None else parse_mac(destination_mac)
        self._known: dict[int, int] = {}
        self._neighbours: Words = np.zeros((0, 2), np.int64)
        self._state: Words = np.zeros(k.STATE_WORDS, np.int64)
        self._source = parse_ipv4(source_address) if source_address else self._link.address
        self._template, self._state[k.IP_SUM] = make_template(
            self._link, self._source, source_port, ttl=ttl, vlan=vlan
        )
        self._state[k.WITH_CHECKSUM] = int(with_checksums)
        self._no_template: Bytes = np.zeros(0, np.uint8)
        self._memory = Segment("transmit", frames * _CHUNK_BYTES)
        self._bytes = self._memory.mapping.bytes()
        self._free: Words = np.arange(frames, dtype=np.int64) * _CHUNK_BYTES
        self._state[k.FREE] = frames
        self._socket, self._rings = self._open(found.index)

    @property
    def most_payload_bytes(self) -> int:
        """The longest payload that fits one frame."""
        room = _CHUNK_BYTES - self._template.size
        return min(self._link.mtu - _IPV4_AND_UDP_BYTES, room)

    @property
    def sent(self) -> int:
        """Frames put into the TX ring so far."""
        return int(self._state[k.SENT])

    @property
    def completed(self) -> int:
        """Frames that the kernel has given back so far."""
        return int(self._state[k.COMPLETED])

    def statistics(self) -> XdpStatistics:
        """Read the kernel's counters; ``transmit_invalid`` must be 0."""
        return self._socket.statistics()

    def fileno(self) -> int:
        """Give the descriptor."""
        return self._socket.fileno()

    def send(
        self,
        buffer: Bytes,
        offsets: npt.NDArray[Any],
        lengths: npt.NDArray[Any],
        destinations: Words,
    ) -> int:
        """Send payloads in order; the arguments are those of ``batch_sender.Payloads``.

        Returns:
            Payloads sent: all of them.

        Raises:
            BugError: the arrays disagree, or a payload reaches outside the buffer.
            ConfigurationError: a payload does not fit one frame.
            ReceiverError: nobody knows the Ethernet address of a destination.
            ResourceError: the kernel has taken nothing for five seconds.
        """
        payloads = Payloads(buffer, offsets, lengths, destinations)
        self.send_payloads(payloads, 0, len(payloads))
        return len(payloads)

    def send_payloads(self, payloads: Payloads, first: int, last: int) -> None:
        """Send payloads ``first`` to ``last`` (exclusive) in order. Blocks while there is no room.

        Raises:
            ConfigurationError: a payload does not fit one frame, or there is no address to send
                from; none of the run is sent.
            ReceiverError: nobody knows the Ethernet address of a destination; none is sent.
            ResourceError: the kernel has taken nothing for five seconds.
        """
        if self._source == 0:
            raise ConfigurationError(
                "the interface has no IPv4 address to send from",
                where=self.interface,
                next_step="give source_address, or the interface an address; receivers throw away "
                "what comes from 0.0.0.0",
            )
        self._check_lengths(payloads.lengths[first:last], self.most_payload_bytes)
        wanted = payloads.destinations
        self._learn(wanted if wanted.size == 1 else wanted[first:last])
        self._put(payloads, self._template, first, last)

    def send_frames(
        self, buffer: Bytes, offsets: npt.NDArray[Any], lengths: npt.NDArray[Any]
    ) -> int:
        """Send whole Ethernet frames in order, as they are.

        Args:
            buffer: contiguous uint8 array that they lie in.
            offsets: where each begins.
            lengths: its bytes, without the check sequence.

        Returns:
            Frames sent: all of them.

        Raises:
            BugError: the arrays disagree, or a frame reaches outside the buffer.
            ConfigurationError: a frame is too long.
            ResourceError: the kernel has taken nothing for five seconds.
        """
        payloads = Payloads(buffer, offsets, lengths, np.zeros(1, np.int64))
        longest = min(self._link.mtu + _ETHERNET_BYTES + _VLAN_BYTES, _CHUNK_BYTES)
        self._check_lengths(payloads.lengths, longest)
        self._put(payloads, self._no_template, 0, len(payloads))
        return len(payloads)

    def flush(self) -> None:
        """Wait until the kernel has given back every frame.

        Raises:
            ResourceError: some are still under way after five seconds without any progress.
        """
        seen = self.completed
        since_ns = self._clock()
        while self.completed < self.sent:
            status = int(k.reap(*self._tables(), self._free, self._state))
            if self.completed > seen:
                seen = self.completed
                since_ns = self._clock()
            elif self._clock() - since_ns > _PATIENCE_NS:
                raise self._stuck(-status)
            else:
                self._sleep(_PAUSE_S)

    def close(self) -> None:
        """Close the socket. Frames that are still under way may be lost: ``flush`` before."""
        self._rings.close()
        self._socket.close()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Send what is under way, unless something went wrong, and close."""
        try:
            if error is None:
                self.flush()
        finally:
            self.close()

    def _open(self, interface_index: int) -> tuple[XdpSocket, Rings]:
        """Bind in the best mode that works."""
        for mode in (abi.XDP_ZEROCOPY, abi.XDP_COPY):
            opened = XdpSocket(f"{self.interface} queue {self.queue}")
            rings = None
            try:
                opened.register_memory(
                    self._memory.mapping.address, self._frames * _CHUNK_BYTES, _CHUNK_BYTES
                )
                # A FILL ring is obligatory; it stays empty.
                opened.make_rings(fill=64, completion=self._frames, transmit=self._frames)
                sizes = RingSizes(transmit=self._frames, completion=self._frames)
                rings = Rings([opened], sizes)
                opened.bind(interface_index, self.queue, mode | abi.XDP_USE_NEED_WAKEUP)
            except ResourceError as error:
                if rings is not None:
                    rings.close()
                opened.close()
                if mode == abi.XDP_COPY or "EBUSY" in str(error.got) or "EPERM" in str(error.got):
                    raise
                self.notes.append(f"no zero-copy: {error.what} ({error.got})")
            else:
                self.is_zero_copy = opened.is_zero_copy()
                return opened, rings
        raise AssertionError("copy mode either works or raises")

    def _tables(self) -> tuple[npt.NDArray[np.uint32], Words, Words]:
        return self._rings.halves, self._rings.words, self._rings.geometry

    def _check_lengths(self, lengths: Words, longest: int) -> None:
        if lengths.size and lengths.max() > longest:
            packet = int(np.argmax(lengths > longest))
            raise ConfigurationError(
                "does not fit one frame",
                where=f"payload {packet} of the run",
                expected=f"at most {longest} bytes on {self.interface}",
                got=int(lengths[packet]),
                next_step=f"raise the interface's MTU (up to {_CHUNK_BYTES - _ETHERNET_BYTES}), "
                "or send by a UDP socket, which fragments",
            )

    def _learn(self, destinations: Words) -> None:
        """Look up the Ethernet addresses of destinations that are new."""
        addresses = np.unique(destinations.view(np.uint64) >> np.uint64(32)).astype("<u4")
        new = {int(a) for a in addresses.byteswap().tolist()} - self._known.keys()
        for address in new:
            if address >> 28 == 0xE:
                self._known[address] = 0  # by rule, in the kernel
            elif self._fixed_mac is not None:
                self._known[address] = self._fixed_mac
            else:
                dotted = socket.inet_ntoa(address.to_bytes(4, "big"))
                self._known[address] = neighbour_mac(dotted, self.interface)
        if new:
            rows = [row for row in self._known.items() if row[1]]
            self._neighbours = np.array(rows, np.int64).reshape(-1, 2)

    def _put(self, payloads: Payloads, template: Bytes, first: int, last: int) -> None:
        since_ns: int | None = None
        while first < last:
            count = int(
                k.put_frames(
                    *self._tables(),
                    self._free,
                    self._state,
                    self._bytes,
                    _CHUNK_BYTES,
                    template,
                    self._neighbours,
                    payloads.buffer,
                    payloads.offsets,
                    payloads.lengths,
                    payloads.destinations,
                    first,
                    last,
                )
            )
            if count > 0:
                first += count
                since_ns = None
                continue
            self.retries += 1
            now_ns = self._clock()
            since_ns = since_ns or now_ns
            if -count not in _PASSING | {0} or now_ns - since_ns > _PATIENCE_NS:
                raise self._stuck(-count)
            self._sleep(_PAUSE_S)

    def _stuck(self, code: int) -> ResourceError:
        """Explain why nothing leaves."""
        advice = {
            errno.ENETDOWN: "the interface is down; `ip link set dev NAME up`",
            errno.ENXIO: "the interface is gone or has no such queue",
        }
        return ResourceError(
            "the kernel does not take frames",
            where=f"{self.interface} queue {self.queue}, {self.sent} sent, {self.completed} done",
            got=f"{errno.errorcode.get(code, code)} ({os.strerror(code)})" if code else None,
            next_step=advice.get(code, "is the other end of the link up?"),
        )
