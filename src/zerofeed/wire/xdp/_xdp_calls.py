"""What compiled code asks of the machine: two clocks, two ways to wake a socket.

Without the compiler (``NUMBA_DISABLE_JIT=1``) Python does the same, slowly.
"""

from __future__ import annotations

import platform
from typing import Any

from zerofeed.base.kernel import JIT, inlined, int64

__all__ = ["kick", "tai_shift_ns", "wake"]

_IS_ARM = platform.machine() in {"aarch64", "arm64"}
_SYS_RECVFROM = 207 if _IS_ARM else 45
_SYS_SENDTO = 206 if _IS_ARM else 44
_MSG_DONTWAIT = 0x40
_SECOND_NS = 1_000_000_000
_CLOCK_REALTIME = 0
_CLOCK_TAI = 11

if JIT:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    from zerofeed.base.libc import c_clock_gettime, c_errno_location, c_syscall6

    def _typed_timespec(_typing: Any) -> Any:
        """Reserve a timespec on the stack; its address."""

        def generate(_context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
            room = cgutils.alloca_once(builder, ir.ArrayType(ir.IntType(64), 2))
            return builder.ptrtoint(room, ir.IntType(64))

        return types.int64(), generate

    def _load(bits: int) -> Any:
        def typed(_typing: Any, address: Any) -> Any:
            def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
                pointer = builder.inttoptr(arguments[0], ir.PointerType(ir.IntType(bits)))
                loaded = builder.load(pointer)
                return loaded if bits == 64 else builder.sext(loaded, ir.IntType(64))

            return types.int64(address), generate

        typed.__name__ = f"_load{bits}"
        return intrinsic(typed)

    _timespec = intrinsic(_typed_timespec)
    _load32 = _load(32)
    _load64 = _load(64)

    @inlined
    def _clock_ns(clock: int) -> int:
        timespec = _timespec()
        c_clock_gettime(clock, timespec)
        return _load64(timespec) * _SECOND_NS + _load64(timespec + 8)

    @inlined
    def wake(descriptor: int) -> None:
        """Tell the kernel that a socket's FILL ring has chunks again."""
        c_syscall6(_SYS_RECVFROM, descriptor, 0, 0, _MSG_DONTWAIT, 0, 0)

    @inlined
    def kick(descriptor: int) -> int:
        """Make the kernel look at a socket's TX ring; 0, or minus errno (EAGAIN: more is left)."""
        result = c_syscall6(_SYS_SENDTO, descriptor, 0, 0, _MSG_DONTWAIT, 0, 0)
        if result < 0:
            result = -_load32(int64(c_errno_location()))
        return result

else:
    import ctypes
    import time

    _libc = ctypes.CDLL(None, use_errno=True)

    def _clock_ns(clock: int) -> int:
        return time.clock_gettime_ns(clock)

    def wake(descriptor: int) -> None:
        """Tell the kernel that a socket's FILL ring has chunks again."""
        _libc.recvfrom(int(descriptor), None, 0, _MSG_DONTWAIT, None, None)

    def kick(descriptor: int) -> int:
        """Make the kernel look at a socket's TX ring; 0, or minus errno (EAGAIN: more is left)."""
        if _libc.sendto(int(descriptor), None, 0, _MSG_DONTWAIT, None, 0) < 0:
            return -ctypes.get_errno()
        return 0


@inlined
def tai_shift_ns() -> int:
    """Give CLOCK_TAI - CLOCK_REALTIME, whole seconds in ns: take it off a stamp of the program's.

    0 on a machine whose clock nobody told of leap seconds, 37 s where a daemon did. Two reads of
    clocks; being interrupted between them does no harm below half a second.
    """
    apart = _clock_ns(_CLOCK_TAI) - _clock_ns(_CLOCK_REALTIME)
    return (apart + _SECOND_NS // 2) // _SECOND_NS * _SECOND_NS
