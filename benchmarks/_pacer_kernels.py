"""The compiled half of the pacer."""

from __future__ import annotations

import platform
from typing import Any

from benchmarks.board import INTERVAL, SENT, STOP
from zerofeed.base.clock import monotonic_ns
from zerofeed.base.kernel import I64, U8, always_inlined, int64, kernel
from zerofeed.base.libc import c_syscall6
from zerofeed.shm._atomics import load_acquire, pause, store_release

__all__ = [
    "DUE",
    "FD",
    "NUMBER",
    "NUMBER_AT",
    "NUMBER_BYTES",
    "PACE_WORDS",
    "STAMP_AT",
    "look_and_send",
    "pace_alone",
    "send_when_due",
]

FD, NUMBER_AT, NUMBER_BYTES, STAMP_AT, NUMBER, DUE, PACE_WORDS = range(7)
_SENDTO = 206 if platform.machine() == "aarch64" else 44
_MSG_DONTWAIT = 0x40


@always_inlined
def _put(data: Any, at: int, value: int, count: int) -> None:
    for i in range(count):
        data[at + i] = (value >> (8 * i)) & 0xFF


@always_inlined
def look_and_send(pace: Any, data: Any, board: Any) -> None:
    """Send one packet if it is due; the first is when the board says how fast."""
    interval = load_acquire(board, INTERVAL)
    if interval == 0:
        return
    now = monotonic_ns()
    if pace[DUE] == 0:
        pace[DUE] = now
    if now < pace[DUE]:
        return
    pace[DUE] += interval
    _put(data, pace[NUMBER_AT], pace[NUMBER], pace[NUMBER_BYTES])
    _put(data, pace[STAMP_AT], monotonic_ns(), 8)
    if c_syscall6(_SENDTO, pace[FD], data.ctypes.data, data.size, _MSG_DONTWAIT, 0, 0) == data.size:
        pace[NUMBER] += 1
        store_release(board, SENT, board[SENT] + 1)


@kernel(int64(I64, U8, I64))
def send_when_due(pace: Any, data: Any, board: Any) -> int:
    """Send one packet if it is due, from Python."""
    look_and_send(pace, data, board)
    return 0


@kernel(int64(I64, U8, I64))
def pace_alone(pace: Any, data: Any, board: Any) -> int:
    """Send until the board says stop."""
    while load_acquire(board, STOP) == 0:
        look_and_send(pace, data, board)
        pause()
    return 0
