"""Send runs of payloads from a buffer to UDP, in as few system calls as possible.

``Payloads`` says where the payloads lie and where each one goes; ``BatchSender`` hands them to
``sendmmsg`` from there, so nothing is copied in user space.

Nothing is dropped in silence. A full socket is waited for; a full device queue, which Linux
hides from UDP senders unless they ask (IP_RECVERR), is reported by the kernel and retried;
packets that a unicast receiver's host refused are counted. What a *receiver* loses because its
own buffer is full no sender can see.

Send block, int64 words, for the c messages of one call: c mmsghdr, then c iovec, then c
sockaddr_in (shapes in ``socket_abi``). Written anew for each call, private to the sender.

IPv4 only.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import time
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import BugError, ConfigurationError, ResourceError
from zerofeed.wire import _udp_kernels as k
from zerofeed.wire.interfaces import find_interface, parse_ipv4, parse_port

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["BatchSender", "Payloads", "pack_destination", "pack_destinations"]

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.int64]

_BATCH = 256
_PATIENCE_NS = 5_000_000_000
_SEND_BUFFER_BYTES = 4 << 20
_IP_RECVERR = 11
_MSG_ERRQUEUE = 0x2000

_FULL = {errno.EAGAIN, errno.ENOBUFS}
_REFUSALS = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN}
_MAX_REFUSALS_IN_A_ROW = 8


def pack_destination(address: str, port: int) -> Words:
    """Give one destination in the form that ``Payloads`` takes.

    Args:
        address: IPv4 in dotted text.
        port: UDP port.

    Returns:
        int64[1].

    Raises:
        ConfigurationError: not an IPv4 address or a UDP port.
    """
    return pack_destinations(
        np.array([parse_ipv4(address)], np.uint32), np.array([parse_port(port)], np.uint16)
    )


def pack_destinations(addresses: npt.NDArray[Any], ports: npt.NDArray[Any]) -> Words:
    """Give destinations in the form that ``Payloads`` takes.

    Args:
        addresses: IPv4 as numbers, a<<24|b<<16|c<<8|d.
        ports: UDP ports.

    Returns:
        int64, the first eight bytes of each ``sockaddr_in``.
    """
    packed = np.zeros(
        addresses.size, np.dtype([("family", "<u2"), ("port", ">u2"), ("address", ">u4")])
    )
    packed["family"] = socket.AF_INET
    packed["port"] = ports
    packed["address"] = addresses
    return packed.view(np.int64)


class Payloads:
    """Payloads in a buffer, checked once so that sending needs no checks.

    Args:
        buffer: contiguous uint8 array that the payloads lie in; read-only is fine. It is kept
            alive, not copied.
        offsets: where each payload begins.
        lengths: its bytes.
        destinations: from ``pack_destination`` (the same for all) or ``pack_destinations``
            (one each).

    Raises:
        BugError: the arrays disagree, or a payload reaches outside the buffer.
    """

    __slots__ = ("buffer", "destinations", "lengths", "offsets")

    def __init__(
        self,
        buffer: Bytes,
        offsets: npt.NDArray[Any],
        lengths: npt.NDArray[Any],
        destinations: Words,
    ) -> None:
        self.buffer = buffer
        self.offsets: Words = np.ascontiguousarray(offsets, np.int64)
        self.lengths: Words = np.ascontiguousarray(lengths, np.int64)
        self.destinations: Words = np.ascontiguousarray(destinations, np.int64)
        if buffer.dtype != np.uint8 or buffer.ndim != 1 or not buffer.flags.c_contiguous:
            msg = "payloads must lie in a contiguous uint8 array"
            raise BugError(msg, got=f"{buffer.dtype}, {buffer.ndim} axes")
        count = self.offsets.size
        if self.lengths.size != count or self.destinations.size not in {1, count}:
            msg = "one length for each offset, and one destination for each or for all"
            raise BugError(
                msg, got=f"{count} offsets, {self.lengths.size}, {self.destinations.size}"
            )
        # Lengths first, so that the differences cannot overflow.
        if count and not (
            self.lengths.min() >= 0
            and self.lengths.max() <= buffer.size
            and self.offsets.min() >= 0
            and (self.offsets <= buffer.size - self.lengths).all()
        ):
            msg = "a payload reaches outside the buffer"
            raise BugError(msg, expected=f"within {buffer.size} bytes")

    def __len__(self) -> int:
        """Payloads."""
        return int(self.offsets.size)


class BatchSender:
    """A UDP socket that sends payloads in batches.

    Not for several threads at once.

    Args:
        interface: name or address of the interface for multicast; without it the routing table
            decides.
        ttl: hops that packets may travel; 0 keeps multicast on this host.
        is_looped: multicast is also delivered to receivers on this host.
        batch: payloads in one system call, 1 to 1024.

    Raises:
        ConfigurationError: an argument out of range.
        ReceiverError: no such interface.
    """

    def __init__(
        self,
        *,
        interface: str | None = None,
        ttl: int = 1,
        is_looped: bool = True,
        batch: int = _BATCH,
    ) -> None:
        if not 0 <= ttl <= 255:
            msg = "not a TTL"
            raise ConfigurationError(msg, expected="0 to 255", got=ttl)
        if not 1 <= batch <= 1024:
            msg = "not a batch size"
            raise ConfigurationError(msg, expected="1 to 1024", got=batch)
        index = find_interface(interface).index if interface is not None else 0
        self.retries = 0
        """Times a call had to be made again."""
        self.refused = 0
        """Datagrams that came back as unreachable."""
        self._block = np.zeros(batch * k.SEND_WORDS, np.int64)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        """The socket; bind it to choose the source address."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        options = {
            _IP_RECVERR: 1,
            socket.IP_MULTICAST_TTL: ttl,
            socket.IP_MULTICAST_LOOP: int(is_looped),
        }
        if ttl:
            options[socket.IP_TTL] = ttl
        for option, value in options.items():
            self.socket.setsockopt(socket.IPPROTO_IP, option, value)
        if index:
            request = struct.pack("=8xi", index)
            self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)

    def send(
        self,
        buffer: Bytes,
        offsets: npt.NDArray[Any],
        lengths: npt.NDArray[Any],
        destinations: Words,
    ) -> int:
        """Send payloads in order and return when the kernel has taken all of them.

        The arguments are those of ``Payloads``; to send the same ones in pieces, make one and
        use ``send_payloads``.

        Returns:
            Payloads sent: all of them.

        Raises:
            BugError: the arrays disagree, or a payload reaches outside the buffer.
            ResourceError: as for ``send_payloads``.
        """
        payloads = Payloads(buffer, offsets, lengths, destinations)
        self.send_payloads(payloads, 0, len(payloads))
        return len(payloads)

    def send_payloads(self, payloads: Payloads, first: int, last: int) -> None:
        """Send payloads ``first`` to ``last`` (exclusive) in order. Blocks while there is no room.

        Raises:
            ResourceError: the system refuses a payload, or has taken none for five seconds;
                those before it, which its ``where`` numbers, were sent.
        """
        refusals = 0
        waiting_since_ns: int | None = None
        while first < last:
            sent = self._send_some(payloads, first, last)
            if sent > 0:
                first += sent
                refusals = 0
                waiting_since_ns = None
                continue
            code = -sent
            self.retries += 1
            if code in _FULL:
                now_ns = time.monotonic_ns()
                waiting_since_ns = waiting_since_ns or now_ns
                if now_ns - waiting_since_ns > _PATIENCE_NS:
                    raise _refusal(first, code)
                self._wait_for_room(code)
            elif code in _REFUSALS and refusals < _MAX_REFUSALS_IN_A_ROW:
                # News of an earlier packet; this one has not been sent yet.
                refusals += 1
                self._take_refusals()
            elif code != errno.EINTR:
                raise _refusal(first, code)

    def close(self) -> None:
        """Count what came back, and close the socket."""
        if self.socket.fileno() >= 0:
            self._take_refusals()
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

    def _send_some(self, payloads: Payloads, first: int, last: int) -> int:
        """Make one system call; payloads taken, or minus errno."""
        return int(
            k.send(
                self.socket.fileno(),
                self._block,
                payloads.buffer.ctypes.data,
                payloads.offsets,
                payloads.lengths,
                payloads.destinations,
                first,
                last - first,
            )
        )

    def _wait_for_room(self, code: int) -> None:
        if code == errno.EAGAIN:
            self._take_refusals()  # or they would end the poll at once
            poll = select.poll()
            poll.register(self.socket, select.POLLOUT)
            poll.poll(100)
        else:
            time.sleep(50e-6)  # a device queue has no readiness to wait for

    def _take_refusals(self) -> None:
        """Empty the socket's error queue, counting."""
        while True:
            try:
                self.socket.recvmsg(1, 0, _MSG_ERRQUEUE | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in _REFUSALS:
                    return
            else:
                self.refused += 1


def _refusal(packet: int, code: int) -> ResourceError:
    """Explain why the system does not send."""
    advice = {
        errno.EMSGSIZE: "a UDP payload has at most 65507 bytes",
        errno.ENETUNREACH: "no route leads there; name the interface to send from",
        errno.EPERM: "a firewall rule forbids it",
        errno.EACCES: "broadcast is not supported; use multicast or a host's address",
        errno.ENOBUFS: "the device takes nothing; is it up?",
    }
    msg = "the system refuses to send"
    return ResourceError(
        msg,
        where=f"payload {packet} of the run",
        got=f"{errno.errorcode.get(code, code)} ({os.strerror(code)})",
        next_step=advice.get(code),
    )
