"""The ordinary UDP socket of receivers in Python, and the loop of those that call `recv_into`."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from benchmarks.board import DATA, DISORDER, NEXT, RECEIVED, SAMPLES, STOP
from benchmarks.generator import Frame
from benchmarks.network import GROUP, HOST, PORT
from benchmarks.wire_contest import WirePlan

__all__ = ["Counter", "open_socket", "receive_into"]

_SO_RCVBUFFORCE = 33
_FLUSH = 256


def open_socket(plan: WirePlan) -> socket.socket:
    """Bind to the group and join it, with a large buffer; non-blocking."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, plan.buffer_bytes)
    sock.bind((GROUP, PORT))
    membership = socket.inet_aton(GROUP) + socket.inet_aton(HOST)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    sock.settimeout(0)
    return sock


class Counter:
    """What a receiver in Python does with a packet: look at the number, count, note the latency.

    The count goes to the board now and then only, and whenever nothing is there.

    Args:
        words: of the board.
        frame: where number and stamp are.
        is_latency: note latencies.
    """

    def __init__(self, words: Any, frame: Frame, *, is_latency: bool) -> None:
        self._words = words
        self._unpack = struct.Struct("<q").unpack_from
        self._number_at = frame.number_at
        self._stamp_at = frame.stamp_at
        self._is_latency = is_latency
        self._room = words.size - DATA
        self._count = 0
        self._told = 0
        self._next = frame.first
        self._taken: list[int] = []

    def take(self, packet: Any) -> None:
        """Count one packet."""
        if self._is_latency:
            self._taken.append(time.monotonic_ns() - self._unpack(packet, self._stamp_at)[0])
        number = self._unpack(packet, self._number_at)[0]
        if number != self._next:
            self._words[DISORDER] += 1
        self._next = number + 1
        self._count += 1
        if self._count - self._told >= _FLUSH:
            self.tell()

    def tell(self) -> None:
        """Bring the board up to date."""
        if self._count != self._told:
            self._words[RECEIVED] = self._told = self._count
            self._words[NEXT] = self._next

    def keep(self) -> None:
        """Write the latencies to the board, at the end."""
        self.tell()
        taken = self._taken[: self._room]
        self._words[DATA : DATA + len(taken)] = taken
        self._words[SAMPLES] = len(taken)


def receive_into(
    sock: socket.socket,
    plan: WirePlan,
    words: Any,
    take: Callable[[Any], object],
    idle: Callable[[], object],
) -> None:
    """Call `recv_into` on one buffer until the board says stop.

    Args:
        sock: non-blocking.
        plan: busy or sleeping.
        words: of the board.
        take: gets each packet, valid until it returns.
        idle: is called when there is nothing.
    """
    buffer = bytearray(2048)
    view = memoryview(buffer)
    receive = sock.recv_into
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    while not words[STOP]:
        try:
            while True:
                take(view[: receive(buffer)])
        except BlockingIOError:
            idle()
            if not plan.is_busy:
                waiting.poll(50)
