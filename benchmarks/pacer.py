"""Packets one at a time, for latencies: whoever waits for a packet's record has sent the packet.

The generator lives in the kernel and needs a core for itself. A latency to a reader in another process
then takes three cores: generator, receiver, reader. Here reader and sender are one process. It sends a
packet when it is due, by ``send`` on a raw socket at the outer end of the wire, and looks for records
until the next is. The stamp is taken right before the call, so that the way through the kernel to the
other interface is in the latency, the same for all. Where the handler is in the receiving process, the
sender is a process of its own.

A pace is kept on average: packets that became due while the sender was interrupted follow at once.
"""

from __future__ import annotations

import socket
from typing import Any

import numpy as np

from benchmarks._pacer_kernels import (
    DUE,
    FD,
    NUMBER,
    NUMBER_AT,
    NUMBER_BYTES,
    PACE_WORDS,
    STAMP_AT,
    pace_alone,
    send_when_due,
)
from benchmarks.board import Board
from benchmarks.generator import HEADER_BYTES, Frame

__all__ = ["Pacer"]


class Pacer:
    """Sends what the board says, from the process that uses it.

    Args:
        outlet: a raw socket at the outer end of the wire.
        frame: what is sent.
        board: says how fast, and is told how many.

    Attributes:
        arrays: what ``send_when_due`` takes.
    """

    def __init__(self, outlet: socket.socket, frame: Frame, board: Board) -> None:
        pace = np.zeros(PACE_WORDS, np.int64)
        pace[FD] = outlet.fileno()
        pace[NUMBER_AT] = HEADER_BYTES + frame.number_at
        pace[NUMBER_BYTES] = frame.number_bytes
        pace[STAMP_AT] = HEADER_BYTES + frame.stamp_at
        pace[NUMBER] = frame.first
        pace[DUE] = 0
        data = np.frombuffer(bytearray(frame.ethernet()), np.uint8)
        self.arrays: tuple[Any, Any, Any] = (pace, data, board.words)

    def turn(self) -> None:
        """Send one packet if it is due; for readers in Python."""
        send_when_due(*self.arrays)

    def alone(self) -> None:
        """Send until the board says stop."""
        pace_alone(*self.arrays)
