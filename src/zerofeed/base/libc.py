"""The C library and the kernel, called from compiled code by name.

A kernel that embeds a ctypes pointer cannot be cached on disk, because the address differs
in every process. ``ExternalFunction`` embeds the symbol's name instead and LLVM's linker
finds it in the running process, so these calls cost one indirect jump, hold no interpreter
lock and stay cacheable. They have no plain Python twin: kernels that call them need the
compiler (``NUMBA_DISABLE_JIT=0``).

Addresses travel as int64 (``array.ctypes.data``); the caller keeps the memory alive.
"""

from __future__ import annotations

from numba import types

__all__ = [
    "CLOCK_MONOTONIC",
    "CLOCK_REALTIME",
    "c_clock_gettime",
    "c_errno_location",
    "c_syscall2",
    "c_syscall6",
]

CLOCK_REALTIME = 0
CLOCK_MONOTONIC = 1

c_clock_gettime = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.intp))
"""``clock_gettime(clock, address of struct timespec)``; answered by the vDSO, about 25 ns."""

c_errno_location = types.ExternalFunction("__errno_location", types.intp())
"""Address of this thread's errno, an int32."""

c_syscall6 = types.ExternalFunction(
    "syscall",
    types.int64(
        types.int64, types.int64, types.int64, types.int64, types.int64, types.int64, types.int64
    ),
)
"""``syscall(number, a, b, c, d, e, f)``: minus one and errno on failure."""

c_syscall2 = types.ExternalFunction("syscall", types.int64(types.int64, types.int64, types.int64))
"""``syscall(number, a, b)``; the unused arguments are not set."""
