"""Ordinary UDP sockets, set up for market data.

``open_receiver`` binds a unicast port or joins a multicast group and turns on what the
receive kernel reads: arrival times by the network stack (SO_TIMESTAMPNS) and the socket's own
drop counter (SO_RXQ_OVFL). Datagrams are then taken in batches by ``_udp_kernels.receive``,
straight into an arena: one copy by the kernel, none in user space, no privilege needed.

One socket receives one (group, port). It is bound to the group's address and has
IP_MULTICAST_ALL off, so it gets that group and nothing that another program on the machine
has joined. Several processes may join the same group and port; a unicast port has one owner,
and a second one is refused instead of stealing its packets.

The kernel drops what arrives while the receive buffer is full. Ask for a large one: with
CAP_NET_ADMIN the size is granted whatever ``net.core.rmem_max`` says; without, the kernel
silently gives less, and ``is_buffer_short`` says so. ``drops()`` is exact at any time; the
count that travels with the datagrams is only as new as the last of them.

IPv4 only.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import time
from typing import TYPE_CHECKING, Self

from zerofeed.base.errors import ConfigurationError, ReceiverError
from zerofeed.feed.copies import ReceiverCopies
from zerofeed.wire import _udp_kernels as k
from zerofeed.wire.interfaces import find_interface, is_multicast, parse_ipv4, parse_port
from zerofeed.wire.receive_block import prepare_block, recover_block
from zerofeed.wire.receiver import UDP

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from zerofeed.feed.memory import FeedMemory

__all__ = ["DEFAULT_BUFFER_BYTES", "ReadableWait", "UdpReceiver", "open_receiver", "wait_readable"]

DEFAULT_BUFFER_BYTES = 16 << 20
"""Receive buffer asked for: about 20,000 datagrams of a few hundred bytes as the kernel counts them."""

# Not in the socket module of Python 3.11; asm-generic numbers, the same on x86-64 and arm64.
_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_SO_PROTOCOL = 38
_SO_RXQ_OVFL = 40
_SO_MEMINFO = 55
_IP_MULTICAST_ALL = 49
_MCAST_JOIN_SOURCE_GROUP = 46

_MEMINFO_DROPS = 8
_MEMINFO_COUNT = 9
_SOCKADDR_STORAGE_BYTES = 128


class UdpReceiver:
    """One bound UDP socket.

    Any process that holds the descriptor may receive; a datagram goes to one of them.

    Attributes:
        socket: the socket, non-blocking.
        address: group or local address it is bound to.
        port: UDP port, the one that the system chose when 0 was asked for.
        interface: name of the interface given for multicast, or None.
        source: the only sender accepted by a source-specific join, or None.
        asked_buffer_bytes: receive buffer that was asked for.
    """

    kind = UDP
    how = "udp: one copy by the kernel into the frames, none in user space"
    clock = "CLOCK_REALTIME when the network stack received the packet (SO_TIMESTAMPNS)"

    def __init__(
        self,
        sock: socket.socket,
        *,
        interface: str | None = None,
        source: str | None = None,
        asked_buffer_bytes: int = 0,
    ) -> None:
        self.socket = sock
        self.address: str
        self.port: int
        self.address, self.port = sock.getsockname()
        self.interface = interface
        self.source = source
        self.asked_buffer_bytes = asked_buffer_bytes

    @property
    def name(self) -> str:
        """Address and port."""
        return f"{self.address}:{self.port}"

    @property
    def buffer_bytes(self) -> int:
        """Receive buffer as the kernel counts it.

        Twice what was granted, because each datagram is charged with its bookkeeping too.
        """
        return self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    @property
    def is_buffer_short(self) -> bool:
        """The kernel granted less than was asked for."""
        return self.buffer_bytes < 2 * self.asked_buffer_bytes

    def fileno(self) -> int:
        """Give the descriptor."""
        return self.socket.fileno()

    def filenos(self) -> list[int]:
        """Give the one descriptor, to be watched."""
        return [self.fileno()]

    def take_over(self, block: NDArray[np.int64], memory: FeedMemory, source: int) -> None:
        """Publish what a killed worker had taken off the socket; prepare the block for this one."""
        found = recover_block(block)
        # Published already, when the predecessor died between that and settling its block.
        if len(found) and found.first_chunk == memory.frame_ring.published:
            k.publish_frames(
                memory.frame_ring.control,
                memory.frames,
                found.results,
                len(found),
                memory.sizes.chunk_bytes,
                memory.sizes.chunks,
                source,
                time.time_ns(),
            )
        prepare_block(block, memory.sizes.burst)

    def tell(self, block: NDArray[np.int64]) -> str | None:  # noqa: ARG002
        """Say nothing: a socket has no news of its own."""
        return None

    def has_ended(self, block: NDArray[np.int64]) -> bool:  # noqa: ARG002
        """Tell that a socket never ends."""
        return False

    def drops(self) -> int:
        """Count the datagrams that this socket has lost so far, most of them to a full buffer.

        Returns:
            Drops since the socket was made, modulo 2**32.
        """
        raw = self.socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 4 * _MEMINFO_COUNT)
        count: int = struct.unpack(f"{_MEMINFO_COUNT}I", raw)[_MEMINFO_DROPS]
        return count

    def leave_to_opener(self) -> None:
        """Close nothing: a worker needs all of it."""

    def foreign(self) -> int:
        """Count nothing: a socket gets what it is bound to."""
        return 0

    def tell_copies(self) -> ReceiverCopies:
        """Say how often this socket's packets are copied, by what the kernel says of it now."""
        protocol = self.socket.getsockopt(socket.SOL_SOCKET, _SO_PROTOCOL)
        return ReceiverCopies(
            kind="udp",
            source=f"{self.address}:{self.port}",
            mode="UDP socket, recvmmsg into the frames",
            kernel_copies=1 if protocol == socket.IPPROTO_UDP else None,
            user_copies=0,
            how_known=f"SO_PROTOCOL of the open socket is {protocol} (UDP is 17): the network stack "
            "copies each datagram once, from its own buffer into the frame that recvmmsg was given",
        )

    def close(self) -> None:
        """Close the socket; leaves the group."""
        self.socket.close()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the socket."""
        self.close()


def open_receiver(
    address: str,
    port: int,
    *,
    interface: str | None = None,
    source: str | None = None,
    buffer_bytes: int = DEFAULT_BUFFER_BYTES,
) -> UdpReceiver:
    """Open a socket for one unicast address or multicast group.

    Args:
        address: IPv4 multicast group to join, or local address to bind (``0.0.0.0``: all).
        port: UDP port; 0 lets the system choose one.
        interface: name or address of the interface to join on; without it the routing table
            decides, which is rarely right on a machine with several. Multicast only.
        source: accept datagrams of this sender only (source-specific multicast, RFC 4607).
        buffer_bytes: receive buffer to ask for.

    Returns:
        The receiver, non-blocking, with arrival times and drop counts on.

    Raises:
        ConfigurationError: an argument that can never work.
        ReceiverError: this machine refuses (port taken, no such interface, no permission).
    """
    number = parse_ipv4(address)
    parse_port(port)
    joins = is_multicast(number)
    if not joins and (interface is not None or source is not None):
        msg = "interface and source belong to multicast"
        raise ConfigurationError(
            msg,
            where=f"{address}:{port}",
            expected="a group in 224.0.0.0/4",
            got=address,
            next_step="leave them out for unicast; bind the interface's own address instead",
        )
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        sock.settimeout(0)
        _ask_for_buffer(sock, buffer_bytes)
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
        if joins:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        try:
            sock.bind((address, port))
        except OSError as error:
            raise _refused("bind", address, port, error) from error
        name = None
        if joins:
            name = _join(sock, address, interface, source)
    except BaseException:
        sock.close()
        raise
    return UdpReceiver(sock, interface=name, source=source, asked_buffer_bytes=buffer_bytes)


def _ask_for_buffer(sock: socket.socket, buffer_bytes: int) -> None:
    """Set the receive buffer, past the system's limit where that is allowed."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, buffer_bytes)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)


def _join(sock: socket.socket, group: str, interface: str | None, source: str | None) -> str | None:
    """Join a group; the name of the interface that was asked for."""
    found = find_interface(interface) if interface is not None else None
    index = found.index if found is not None else 0
    port = sock.getsockname()[1]
    try:
        if source is None:
            request = struct.pack("=4s4si", socket.inet_aton(group), bytes(4), index)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        else:
            parse_ipv4(source)
            request = struct.pack("@I4x", index) + _storage(group) + _storage(source)
            sock.setsockopt(socket.IPPROTO_IP, _MCAST_JOIN_SOURCE_GROUP, request)
    except OSError as error:
        raise _refused("join", group, port, error) from error
    return found.name if found is not None else None


def _storage(address: str) -> bytes:
    """Write an address as a ``struct sockaddr_storage``."""
    head = struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(address))
    return head.ljust(_SOCKADDR_STORAGE_BYTES, b"\0")


def _refused(verb: str, address: str, port: int, error: OSError) -> ReceiverError:
    """Explain why the system refuses a socket."""
    advice = {
        errno.EADDRINUSE: f"another program has the port; `ss -lunp sport = :{port}` names it",
        errno.EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE",
        errno.EPERM: "a security policy forbids it; run with more rights or change the policy",
        errno.EADDRNOTAVAIL: "no interface has that address; `ip -br address` lists them",
        errno.ENODEV: "no route leads to the group; name the interface to join on",
        errno.ENOBUFS: "too many groups; raise net.ipv4.igmp_max_memberships",
    }
    msg = f"cannot {verb} the UDP socket"
    return ReceiverError(
        msg,
        where=f"{address}:{port}",
        got=f"{errno.errorcode.get(error.errno or 0, '?')} ({os.strerror(error.errno or 0)})",
        next_step=advice.get(error.errno or 0),
    )


class ReadableWait:
    """Sleep until one of several descriptors can be read; for a worker that may be idle.

    Args:
        descriptors: sockets, eventfds, timers. Closed ones leave by themselves.
    """

    def __init__(self, descriptors: Iterable[int]) -> None:
        self._epoll = select.epoll()
        for descriptor in descriptors:
            self._epoll.register(descriptor, select.EPOLLIN)

    def wait(self, timeout_ns: int) -> list[int]:
        """Block until something can be read.

        Args:
            timeout_ns: at most this long, rounded up to whole milliseconds (what epoll counts
                in); 0 only looks, negative waits for ever.

        Returns:
            Descriptors that can be read or have failed; none after the time-out.
        """
        timeout_s = None if timeout_ns < 0 else timeout_ns / 1e9
        return [descriptor for descriptor, _ in self._epoll.poll(timeout_s)]

    def close(self) -> None:
        """Close the epoll descriptor."""
        self._epoll.close()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the epoll descriptor."""
        self.close()


def wait_readable(descriptors: Iterable[int], timeout_ns: int) -> list[int]:
    """Block once until a descriptor can be read; for repeated waits keep a ``ReadableWait``.

    Args:
        descriptors: what to watch.
        timeout_ns: as in ``ReadableWait.wait``.

    Returns:
        Descriptors that can be read; none after the time-out.
    """
    with ReadableWait(descriptors) as waiting:
        return waiting.wait(timeout_ns)
